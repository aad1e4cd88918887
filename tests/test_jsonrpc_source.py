"""The JSON-RPC source: the Tryton preset on a real Tryton, and Odoo's way to sign in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any, ClassVar

import httpx
import msgspec
import pytest

from callcard.crm import presets
from callcard.crm.base import ContactSource
from callcard.crm.jsonrpc import JsonRpc, JsonRpcOptions
from callcard.crm.registry import parse_options
from callcard.errors import SourceRejected, SourceUnavailable
from callcard.telephony import numbers
from tests.contracts.crm import (
    INTERACTION,
    ByReferenceContract,
    CreateContract,
    GetContract,
    RemoveWrittenContract,
    SearchContract,
)
from tests.harness.tryton import (
    DATABASE,
    HOW_TO_GET,
    PASSWORD,
    USER,
    TrytonServer,
    find_program,
    running_tryton,
)

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


def open_source(kind: str, options: dict[str, Any], **transport: Any) -> JsonRpc:
    parsed = parse_options(kind, options)
    assert isinstance(parsed, JsonRpcOptions)
    return JsonRpc(parsed, **transport)


@pytest.fixture(scope="module")
def server() -> Iterator[TrytonServer]:
    if find_program("trytond") is None:
        pytest.skip(HOW_TO_GET)
    with running_tryton() as running:
        add_party(running, "Ada Lovelace", "+1 212 555 0123", "+44 (0)20 7946 0958", code="C-1")
        add_party(running, "O'Brien 100%", "+33 6 00 00 00 01")
        add_party(running, "Unknown callers", code="C-0")
        yield running


def add_party(server: TrytonServer, name: str, *phones: str, code: str = "") -> int:
    mechanisms: list[dict[str, str]] = [{"type": "phone", "value": each} for each in phones]
    if phones:
        mechanisms.append({"type": "other", "name": "company", "value": "Analytical Engines"})
    party = {"name": name, "contact_mechanisms": [["create", mechanisms]]}
    (id,) = server.call("model.party.party.create", [party | ({"code": code} if code else {})])
    return int(id)


def tryton_options(server: TrytonServer, **changes: Any) -> dict[str, Any]:
    (party,) = server.call("model.party.party.search", [["code", "=", "C-0"]])
    table = {
        "site": server.url,
        "database": DATABASE,
        "username": USER,
        "password": PASSWORD,
        "unknown_party": str(party),
        "country": "US",
        **changes,
    }
    kind, options = presets.expand("tryton", table)
    assert kind == "jsonrpc"
    return options


@pytest.fixture
async def tryton(anyio_backend: str, server: TrytonServer) -> AsyncIterator[JsonRpc]:
    source = open_source("jsonrpc", tryton_options(server))
    yield source
    await source.close()
    server.call("model.ir.note.delete", server.call("model.ir.note.search", []))
    parties = server.call("model.party.party.search", [["name", "like", "Grace%"]])
    if parties:
        server.call("model.party.party.delete", parties)


class TestTryton(
    SearchContract, GetContract, ByReferenceContract, CreateContract, RemoveWrittenContract
):
    reference: ClassVar[str] = "C-1"

    @pytest.fixture
    def source(self, tryton: JsonRpc) -> ContactSource:
        return tryton

    # LogContract asks for the whole record, which a note does not hold: see below.
    def test_contract_of_each_capability_is_tested(self, source: ContactSource) -> None:
        reads = {"by_number", "search", "get", "by_reference"}
        assert source.capabilities == {*reads, "create", "log"}


@pytest.mark.parametrize(
    ("given", "name"), [("+33600000001", "O'Brien 100%"), ("+442079460958", "Ada Lovelace")]
)
async def test_tryton_finds_the_caller_by_the_number_as_it_rings(
    tryton: JsonRpc, given: str, name: str
) -> None:
    (match,) = await tryton.by_number(numbers.read(given, "US"))
    assert (match.how, match.contact.name) == ("exact", name)
    assert match.contact.company == "Analytical Engines"


async def test_tryton_lists_its_parties_for_a_mirror(server: TrytonServer) -> None:
    fields = ["name", "contact_mechanisms.type", "contact_mechanisms.value", "write_date"]
    listing = {
        "method": "model.party.party.search_read",
        "params": [
            [["id", ">", 0]],
            "<< offset >>",
            2,
            [["id", "ASC"]],
            fields,
            {},
        ],
        "page_size": 2,
    }
    source = open_source("jsonrpc", tryton_options(server, changes={"request": listing}))
    pages = [page async for page in source.list_contacts("", "")]
    await source.close()
    names = [each.name for page in pages for each in page.contacts]
    assert names == ["Ada Lovelace", "O'Brien 100%", "Unknown callers"]
    assert "+12125550123" in [each.e164 for each in pages[0].contacts[0].numbers]


async def test_percent_sign_is_no_wildcard(tryton: JsonRpc) -> None:
    assert [each.name for each in await tryton.search("100%", 5)] == ["O'Brien 100%"]
    assert await tryton.search("%da", 5) == []


async def test_call_is_one_note_of_its_contact(server: TrytonServer, tryton: JsonRpc) -> None:
    (match,) = await tryton.by_number(numbers.read("+12125550123", "US"))
    known = replace(INTERACTION, contact=match.contact.id, contact_source="jsonrpc")
    await tryton.log(known)
    await tryton.log(replace(known, wrap_up_reasons=("Complaint",)))
    await tryton.log(replace(INTERACTION, id="call_2", contact="", contact_source=""))
    await tryton.log(replace(INTERACTION, id="call%2", contact="", contact_source=""))
    notes = server.call("model.ir.note.search_read", [], 0, 10, None, ["resource", "message"])
    assert len(notes) == 3
    (note,) = [each for each in notes if each["resource"] == f"party.party,{match.contact.id}"]
    assert note["message"].startswith("+12125550123 Complaint\nWants a callback.")
    contact = await tryton.get(match.contact.id)
    assert contact is not None
    (entry,) = contact.interactions
    assert entry.agent
    assert entry.started_at > "2026"


async def test_calls_reach_a_server_that_was_killed_once(
    server: TrytonServer, tryton: JsonRpc
) -> None:
    server.kill()
    with pytest.raises(SourceUnavailable):
        await tryton.log(INTERACTION)
    server.start()
    await tryton.log(INTERACTION)
    await tryton.log(INTERACTION)
    assert len(server.call("model.ir.note.search", [])) == 1


async def test_errors_with_status_200_are_named(server: TrytonServer, tryton: JsonRpc) -> None:
    wrong = open_source("jsonrpc", tryton_options(server, unknown_party="99999"))
    with pytest.raises(SourceRejected, match="UserError"):
        await wrong.log(replace(INTERACTION, contact="", contact_source=""))
    password = open_source("jsonrpc", tryton_options(server, password="wrong"))
    with pytest.raises(SourceUnavailable, match="401"):
        await password.get("1")
    await wrong.close()
    await password.close()


class Odoo:
    """Odoo 18's /jsonrpc: the user's number comes from `authenticate`."""

    def __init__(self) -> None:
        self.signed_in = 0
        self.error: dict[str, Any] | None = None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body = msgspec.json.decode(request.content)
        params = body["params"]
        result: Any = 7
        if params["service"] == "common":
            self.signed_in += 1
            assert params["args"] == ["acme", "bot", "api-key", {}]
        else:
            assert params["args"][:3] == ["acme", 7, "api-key"]
            result = [{"id": 3, "name": "Ada Lovelace", "phone": "+1 212 555 0123"}]
        answer = {"error": self.error} if self.error else {"result": result}
        return httpx.Response(200, json={"jsonrpc": "2.0", "id": 1, **answer})


ODOO: dict[str, Any] = {
    "base_url": "https://acme.example",
    "country": "US",
    "session": {
        "method": "call",
        "params": {
            "service": "common",
            "method": "authenticate",
            "args": ["acme", "bot", "api-key", {}],
        },
    },
    "by_number": {
        "method": "call",
        "params": {
            "service": "object",
            "method": "execute_kw",
            "args": ["acme", "<< session >>", "api-key", "res.partner", "search_read", []],
        },
    },
    "contact": {"id": "id", "name": "name", "numbers": "[phone]"},
}


async def test_session_is_asked_for_once_and_again_after_an_error() -> None:
    odoo = Odoo()
    source = open_source("jsonrpc", ODOO, transport=httpx.MockTransport(odoo))
    caller = numbers.read("+12125550123", "US")
    for _ in range(2):
        (match,) = await source.by_number(caller)
        assert match.contact.name == "Ada Lovelace"
    assert odoo.signed_in == 1
    odoo.error = {"code": 100, "message": "Session of Ada expired", "data": {"name": "odoo.X"}}
    with pytest.raises(SourceRejected) as raised:
        await source.by_number(caller)
    assert "Ada" not in str(raised.value), "a CRM's text may hold a customer's data"
    odoo.error = None
    await source.by_number(caller)
    assert odoo.signed_in == 2
    await source.close()


async def test_listing_signs_in_again_after_an_error() -> None:
    odoo = Odoo()
    changes = {"request": ODOO["by_number"]}
    source = open_source(
        "jsonrpc", {**ODOO, "changes": changes}, transport=httpx.MockTransport(odoo)
    )

    async def names() -> list[str]:
        return [
            contact.name async for page in source.list_contacts("", "") for contact in page.contacts
        ]

    assert await names() == ["Ada Lovelace"]
    odoo.error = {"code": 100, "message": "Session expired", "data": {"name": "odoo.X"}}
    with pytest.raises(SourceRejected):
        await names()
    odoo.error = None
    assert await names() == ["Ada Lovelace"]
    assert odoo.signed_in == 2
    await source.close()
