"""The OData source on SAP CAP: the contract, awkward numbers, pages, a server that is killed."""

from __future__ import annotations

import asyncio
import urllib.parse
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar
from uuid import UUID

import httpx
import msgspec
import pytest

from callcard.crm.base import ContactSource, InteractionRecord
from callcard.crm.odata import OData, ODataOptions
from callcard.crm.registry import parse_options
from callcard.errors import OperatorError, SourceRejected, SourceUnavailable
from callcard.telephony import numbers
from tests.contracts.crm import (
    INTERACTION,
    ByReferenceContract,
    CreateCaseContract,
    CreateContract,
    GetContract,
    LogContract,
    RemoveWrittenContract,
    SearchContract,
)
from tests.harness.cap import HOW_TO_GET, PASSWORD, USER, CapServer, find_modules, running_cap

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

CONFIGURATION: dict[str, Any] = {
    "country": "US",
    "auth": {"type": "basic", "username": USER, "password": PASSWORD},
    "entity": "contacts",
    "key": "contactid",
    "key_type": "guid",
    "number_columns": ["telephone1", "mobilephone"],
    "number_search": "pattern",
    "search_columns": ["fullname", "company"],
    "reference_column": "code",
    "filter": "statecode eq 0",
    "contact": {
        "id": "contactid",
        "name": "fullname",
        "company": "company",
        "email": "email",
        "numbers": "[{number: telephone1, label: 'office'}, {number: mobilephone}]",
    },
    "cases": {
        "request": {
            "path": "/incidents",
            "query": {"$filter": "customer eq << id >>"},
            "results": "value",
        },
        "mapping": {
            "id": "ticketnumber",
            "subject": "title",
            "notes": "description",
            "opened_at": "createdon",
        },
    },
    "history": {
        "request": {
            "path": "/phonecalls",
            "query": {"$filter": "customer eq << id >>", "$orderby": "actualstart desc"},
            "results": "value",
        },
        "mapping": {"started_at": "actualstart", "duration_seconds": "seconds"},
    },
    "create": {
        "request": {
            "method": "PUT",
            "path": "/contacts(<< key | uuid >>)",
            "body": {
                "fullname": "<< contact.name >>",
                "company": "<< contact.company >>",
                "email": "<< contact.email >>",
                "telephone1": "<< contact.numbers[0] >>",
                "statecode": 0,
            },
        },
        "cleanup": {"method": "DELETE", "path": "/contacts(<< id >>)"},
    },
    "create_case": {
        "request": {
            "method": "PUT",
            "path": "/incidents('<< key | uuid >>')",
            "body": {
                "customer": "<< id >>",
                "title": "<< case.subject >>",
                "description": "<< case.notes >>",
                "createdon": "<< case.opened_at >>",
            },
        },
        "cleanup": {"method": "DELETE", "path": "/incidents('<< key | uuid >>')"},
    },
    # A call's own id makes a repeated request an update.
    "log": {
        "request": {
            "method": "PUT",
            "path": "/phonecalls('<< key | odata >>')",
            "body": {
                "customer": "<< interaction.contact_id or none >>",
                "record": "<< interaction.record | tojson >>",
                "actualstart": "<< interaction.started_at >>",
                "seconds": "<< interaction.duration_seconds >>",
            },
        },
        "cleanup": {"method": "DELETE", "path": "/phonecalls('<< key | odata >>')"},
    },
}
CONTACTS = (
    ("Ada Lovelace", "Analytical Engines", "(212) 555-0123", "+44 (0)20 7946 0958", "C-1", 0),
    ("O'Brien & Söhne", "", "+33 6 00 00 00 01", "", "C-2", 0),
    ("Blocked Benny", "", "+1 303 555 0000", "", "C-3", 1),
    *((f"Branch {n}", "Analytical Chain", "+1 646 555 0100", "", "", 0) for n in range(5)),
)


def open_odata(
    url: str, transport: httpx.AsyncBaseTransport | None = None, **changes: Any
) -> OData:
    options = parse_options("odata", {**CONFIGURATION, "base_url": url, **changes})
    assert isinstance(options, ODataOptions)
    return OData(options, transport=transport)


@pytest.fixture(scope="module")
def server() -> Iterator[CapServer]:
    if find_modules() is None:
        pytest.skip(HOW_TO_GET)
    with running_cap() as running:
        yield running


@pytest.fixture
def peer(server: CapServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, auth=(USER, PASSWORD)) as client:
        for entity, key, quote in (
            ("contacts", "contactid", ""),
            ("incidents", "ticketnumber", "'"),
            ("phonecalls", "id", "'"),
        ):
            while records := client.get(f"/{entity}").json()["value"]:
                for record in records:
                    id = urllib.parse.quote(record[key].replace("'", "''"), safe="")
                    client.delete(f"/{entity}({quote}{id}{quote})").raise_for_status()
        for index, (name, company, phone, mobile, code, state) in enumerate(CONTACTS):
            contact = {
                "contactid": str(UUID(int=index + 1)),
                "fullname": name,
                "company": company,
                "telephone1": phone,
                "mobilephone": mobile,
                "code": code,
                "statecode": state,
            }
            client.post("/contacts", json=contact).raise_for_status()
        yield client


@pytest.fixture
async def odata(anyio_backend: str, server: CapServer, peer: httpx.Client) -> AsyncIterator[OData]:
    source = open_odata(server.url)
    yield source
    await source.close()


class TestOData(
    SearchContract,
    GetContract,
    ByReferenceContract,
    CreateContract,
    CreateCaseContract,
    LogContract,
    RemoveWrittenContract,
):
    reference: ClassVar[str] = "C-1"

    @pytest.fixture
    def source(self, odata: OData) -> ContactSource:
        return odata

    @pytest.fixture
    def logged(self, peer: httpx.Client) -> Callable[[], Mapping[str, InteractionRecord]]:
        def read() -> Mapping[str, InteractionRecord]:
            calls = peer.get("/phonecalls").json()["value"]
            return {
                call["id"]: msgspec.json.decode(call["record"], type=InteractionRecord)
                for call in calls
            }

        return read


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("+33600000001", "O'Brien & Söhne"),
        ("+442079460958", "Ada Lovelace"),
        ("2125550123", "Ada Lovelace"),
        ("+13035550000", None),
    ],
)
async def test_caller_is_found_however_the_number_is_written(
    odata: OData, given: str, name: str | None
) -> None:
    matches = await odata.by_number(numbers.read(given, "US"))
    assert [match.contact.name for match in matches] == ([name] if name else [])


async def test_all_pages_of_a_switchboard_are_read(odata: OData) -> None:
    matches = await odata.by_number(numbers.read("+16465550100", "US"))
    assert len(matches) == 5, "the server sends two at a time"
    assert len(await odata.search("chain", 3)) == 3


async def test_all_contacts_are_listed_for_a_mirror(odata: OData) -> None:
    pages = [page async for page in odata.list_contacts("", "")]
    assert [len(page.contacts) for page in pages] == [2, 2, 2, 1]
    names = {each.name for page in pages for each in page.contacts}
    assert names == {name for name, *_rest, state in CONTACTS if not state}
    rest = [page async for page in odata.list_contacts("", pages[1].place)]
    assert rest == pages[2:], "from where an earlier listing was interrupted"


async def test_contains_finds_the_usual_spellings(server: CapServer, peer: httpx.Client) -> None:
    source = open_odata(server.url, number_search="contains")
    (match,) = await source.by_number(numbers.read("+33600000001", "US"))
    assert match.contact.name == "O'Brien & Söhne"
    await source.close()


async def test_calls_reach_a_server_that_was_killed_once(
    server: CapServer, peer: httpx.Client, odata: OData
) -> None:
    await odata.log(INTERACTION)
    server.kill()
    with pytest.raises(SourceUnavailable):
        await odata.log(replace(INTERACTION, id="call-2"))
    server.start()
    await odata.log(replace(INTERACTION, id="call-2"))
    await odata.log(replace(INTERACTION, id="call-2"))
    calls = await asyncio.to_thread(lambda: peer.get("/phonecalls").json()["value"])
    assert [call["id"] for call in calls] == ["call-1", "call-2"]


async def test_wrong_password_and_column_are_named(server: CapServer, peer: httpx.Client) -> None:
    wrong = open_odata(server.url, auth={"type": "basic", "username": USER, "password": "x"})
    with pytest.raises(SourceUnavailable, match="401"):
        await wrong.by_number(numbers.read("+33600000001", "US"))
    column = open_odata(server.url, number_columns=["fax"])
    with pytest.raises(SourceRejected, match="400"):
        await column.by_number(numbers.read("+33600000001", "US"))
    await wrong.close()
    await column.close()


def test_columns_must_be_names() -> None:
    with pytest.raises(OperatorError, match="number_columns"):
        open_odata("https://erp.example", number_columns=["a') or true"])
    with pytest.raises(OperatorError, match="number_columns"):
        open_odata("https://erp.example", number_columns=[])


@pytest.mark.parametrize(
    ("next_link", "message"),
    [
        ("https://thief.example/contacts?$skiptoken=2", "another server"),
        ("contacts?$skiptoken=1", "do not end"),
        ("//thief.example/contacts", "another server"),
        ("/contacts?page=1", "do not end"),
    ],
)
async def test_next_page_is_followed_with_care(next_link: str, message: str) -> None:
    hosts = []

    def answer(request: httpx.Request) -> httpx.Response:
        hosts.append(request.url.host)
        return httpx.Response(200, json={"value": [], "@odata.nextLink": next_link})

    source = open_odata("https://erp.example", httpx.MockTransport(answer))
    with pytest.raises(SourceUnavailable, match=message):
        await source.by_number(numbers.read("+33600000001", "US"))
    assert set(hosts) == {"erp.example"}
    await source.close()
