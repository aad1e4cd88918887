"""Delivery to a CRM's web address: outages, order, rejected calls."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.harness.contact_centre import ContactCentre, open_contact_centre
from tests.harness.crm import UnreliableCrm
from tests.harness.ports import free_port
from tests.harness.serving import serving

pytestmark = pytest.mark.anyio

REJECTED = "+12125550666"


@pytest.fixture
def crm() -> UnreliableCrm:
    return UnreliableCrm()


@pytest.fixture
async def centre(tmp_path: Path, crm: UnreliableCrm) -> AsyncIterator[ContactCentre]:
    port = free_port()
    delivery = {"url": f"http://localhost:{port}/calls/{{id}}", "concurrency": 1}
    async with serving(crm.app, port), open_contact_centre(tmp_path, delivery=delivery) as opened:
        await opened.open_desktop()
        yield opened


async def take_call(centre: ContactCentre, number: str) -> None:
    call = await centre.ring(from_address=number)
    await centre.act(call, "1001", "ANSWER")
    await centre.hang_up(call)


async def test_calls_of_an_outage_are_delivered_in_order_after_it(
    centre: ContactCentre, crm: UnreliableCrm
) -> None:
    crm.unreachable = True
    for number in ("+12125550001", "+12125550002", "+12125550003"):
        await take_call(centre, number)
    await centre.deliver()
    assert crm.interactions == {}
    crm.unreachable = False
    await centre.run_jobs()
    delivered = [interaction.number for interaction in crm.interactions.values()]
    assert delivered == ["+12125550001", "+12125550002", "+12125550003"]
    assert set(crm.deliveries.values()) == {1}


async def test_rejected_call_is_parked_until_somebody_retries_it(
    centre: ContactCentre, crm: UnreliableCrm
) -> None:
    crm.unreachable = True
    for number in ("+12125550001", REJECTED, "+12125550002"):
        await take_call(centre, number)
    await centre.deliver()
    crm.rejected_number = REJECTED
    crm.unreachable = False
    await centre.run_jobs()
    delivered = [interaction.number for interaction in crm.interactions.values()]
    assert delivered == ["+12125550001", "+12125550002"]

    async with (
        centre.api("1001") as ana,
        centre.api("1002") as bilal,
        centre.api("2001") as supervisor,
    ):
        (parked,) = (await ana.get("/interactions")).json()["interactions"]
        assert parked["number"] == REJECTED
        assert parked["status"] == "parked"
        assert parked["problem"] == "webhook responded with 422"
        retry = f"/interactions/{parked['id']}/retry"
        assert (await bilal.get("/interactions")).json()["interactions"] == []
        assert (await bilal.post(retry)).status_code == 404
        (of_team,) = (await supervisor.get("/interactions")).json()["interactions"]
        assert of_team["id"] == parked["id"]
        crm.rejected_number = ""
        assert (await supervisor.post(retry)).json()["status"] == "due"
        await centre.run_jobs()
        assert len(crm.interactions) == 3
        assert (await ana.get("/interactions")).json()["interactions"] == []
    assert set(crm.deliveries.values()) == {1}
