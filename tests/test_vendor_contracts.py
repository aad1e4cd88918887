"""Presets against what the vendors publish for machines: every request and every answer."""

from __future__ import annotations

import importlib.util
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from callcard.crm.base import NewCase, NewContact
from callcard.crm.rest import Rest
from callcard.telephony import numbers
from tests.contracts.crm import INTERACTION
from tests.harness.vendor_contracts import (
    HUBSPOT_HOW_TO_GET,
    ZENDESK_HOW_TO_GET,
    HubSpot,
    Zendesk,
)
from tests.test_presets import open_preset

pytestmark = pytest.mark.anyio

CALLER = numbers.read("+4930123456", "DE")
NEW = NewContact(
    key="request-1",
    name="Grace Hopper",
    company="Navy",
    email="grace@example.org",
    numbers=(numbers.read("+4930123457", "DE"),),
)


@pytest.fixture
async def hubspot(anyio_backend: str) -> AsyncIterator[Rest]:
    if importlib.util.find_spec("hubspot") is None:
        pytest.skip(HUBSPOT_HOW_TO_GET)
    vendor = HubSpot(
        firstname="Ada", lastname="Lovelace", company="Nordlicht", phone="030 / 12 34 56"
    )
    source = open_preset("hubspot", vendor)
    yield source
    await source.close()


@pytest.fixture
def zendesk_vendor() -> Zendesk:
    if importlib.util.find_spec("zendesk") is None:
        pytest.skip(ZENDESK_HOW_TO_GET)
    return Zendesk(name="Ada Lovelace", phone="+49 30 12 34 56", locale="de", tags=["vip"])


@pytest.fixture
async def zendesk(anyio_backend: str, zendesk_vendor: Zendesk) -> AsyncIterator[Rest]:
    source = open_preset("zendesk", zendesk_vendor)
    yield source
    await source.close()


async def test_hubspot_is_asked_as_its_contract_says(hubspot: Rest) -> None:
    (match,) = await hubspot.by_number(CALLER)
    assert (match.contact.name, match.contact.company) == ("Ada Lovelace", "Nordlicht")
    assert await hubspot.by_number(numbers.read("+33600000001", "DE")) == []
    (found,) = await hubspot.search("ada", 5)
    assert found.id == match.contact.id
    assert (await hubspot.get("501")) is not None
    assert await hubspot.get("999") is None
    created = await hubspot.create(NEW)
    assert (created.name, created.company) == ("Grace Hopper", "Navy")
    (match,) = await hubspot.by_number(NEW.numbers[0])
    assert match.contact.id == created.id
    unnamed = replace(NEW, name="", email="", numbers=())
    assert (await hubspot.create(unnamed)).company == "Navy"


async def test_zendesk_is_asked_as_its_contract_says(zendesk: Rest) -> None:
    (match,) = await zendesk.by_number(CALLER)
    assert (match.contact.name, match.contact.flags) == ("Ada Lovelace", ("vip",))
    assert await zendesk.by_number(numbers.read("+33600000001", "DE")) == []
    (found,) = await zendesk.search("ada love", 5)
    assert found.id == match.contact.id == "501"
    assert (await zendesk.get("501")) is not None
    assert await zendesk.get("999") is None
    created = await zendesk.create(NEW)
    assert (created.id, created.name) == ("502", "Grace Hopper")
    assert (await zendesk.create(replace(NEW, email="", numbers=()))).id == "502"


async def test_zendesk_gets_cases_and_calls_once(zendesk: Rest, zendesk_vendor: Zendesk) -> None:
    new = NewCase(key="k", contact="501", subject="Leak", notes="", opened_at="")
    for _ in range(2):
        case = await zendesk.create_case(new)
        assert case is not None
        assert case.subject == "Leak"
    (match,) = await zendesk.by_number(CALLER)
    assert [each.subject for each in match.contact.cases] == ["Leak"]
    for contact in ("", "501"):
        call = replace(INTERACTION, id=f"c{contact}", contact=contact, contact_source="zendesk")
        await zendesk.log(call)
        await zendesk.log(call)
    assert [each["status"] for each in zendesk_vendor.tickets.values()] == ["new", *["solved"] * 2]
    assert zendesk_vendor.tickets[3]["requester_id"] == 501
