"""Contacts through the API: look-up by number, search, creation."""

from __future__ import annotations

import sqlite3

import httpx
import pytest

from callcard.crm.local import LocalContacts
from callcard.crm.local_writes import ContactEntry
from callcard.settings import Settings
from callcard.telephony.numbers import read
from tests.harness.problems import problem_code

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def ada(contacts: LocalContacts) -> None:
    entry = ContactEntry(
        key="id:1",
        name="Ada Lovelace",
        company="Analytical Engines",
        numbers=[(read("+1 212 555 0123", "US"), "office")],
        flags=["VIP"],
    )
    contacts.write_contacts([entry])


async def test_number_finds_its_contact(ana: httpx.AsyncClient) -> None:
    found = (await ana.get("/contacts", params={"number": "212-555-0123"})).json()
    assert found["number"] == {
        "given": "212-555-0123",
        "kind": "public",
        "e164": "+12125550123",
        "display": "(212) 555-0123",
        "country": "US",
        "time_zone": "America/New_York",
    }
    (match,) = found["matches"]
    assert match["how"] == "exact"
    assert match["contact"]["name"] == "Ada Lovelace"
    assert match["contact"]["flags"] == ["VIP"]
    assert found["sources"] == {"local": "ok"}
    contact = await ana.get(f"/contacts/local/{match['contact']['id']}")
    assert contact.json() == match["contact"]


@pytest.mark.parametrize(
    ("number", "kind"),
    [("", "withheld"), ("anonymous", "withheld"), ("1003", "internal"), ("?!", "unreadable")],
)
async def test_number_without_a_contact_is_no_error(
    ana: httpx.AsyncClient, number: str, kind: str
) -> None:
    found = (await ana.get("/contacts", params={"number": number})).json()
    assert found["number"]["kind"] == kind
    assert found["matches"] == []


async def test_repeated_request_id_creates_one_contact(ana: httpx.AsyncClient) -> None:
    contact = {
        "name": " Grace Hopper ",
        "numbers": ["+1 212 555 0177"],
        "request_id": "r1",
    }
    first = await ana.post("/contacts", json=contact)
    second = await ana.post("/contacts", json=contact)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] == second.json()["id"]
    assert first.json()["name"] == "Grace Hopper"
    found = (await ana.get("/contacts", params={"q": "hopper"})).json()
    assert [contact["name"] for contact in found["contacts"]] == ["Grace Hopper"]


@pytest.mark.parametrize(
    "path",
    [
        "/contacts/local/999999",
        "/contacts/local/x",
        "/contacts/local/" + "9" * 40,
        "/contacts/hubspot/1",
    ],
)
async def test_unknown_contact_is_not_found(ana: httpx.AsyncClient, path: str) -> None:
    assert problem_code(await ana.get(path), 404) == "not-found"


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 400),
        ("?number=1&q=x", 400),
        ("?q=x&limit=0", 422),
        ("?q=x&limit=many", 422),
        ("?number=" + "1" * 300, 422),
        ("?number=%FF%FE", 400),
    ],
)
async def test_unusable_query_is_a_problem(ana: httpx.AsyncClient, query: str, status: int) -> None:
    problem_code(await ana.get("/contacts" + query), status)


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ("{", 400, "malformed-request", None),
        ("", 400, "malformed-request", None),
        (b"\xff\xfe", 400, "malformed-request", None),
        ('{"name":' + "[" * 5000, 422, "invalid-field", "name"),
        ("[]", 422, "invalid-field", "body"),
        ('{"name": 1}', 422, "invalid-field", "name"),
        ('{"name": "x", "nmae": "y"}', 422, "invalid-field", "nmae"),
        ('{"name": "x", "numbers": ["call me"]}', 422, "invalid-field", "numbers[0]"),
        ('{"name": "x", "numbers": [1]}', 422, "invalid-field", "numbers[0]"),
        ('{"name": "  "}', 422, "invalid-field", "name"),
        ('{"name": "' + "x" * 201 + '"}', 422, "invalid-field", "name"),
        ('{"name": "' + "x" * 70000 + '"}', 413, "too-large", None),
    ],
)
async def test_unusable_body_is_a_problem(
    ana: httpx.AsyncClient, body: str | bytes, status: int, code: str, field: str | None
) -> None:
    response = await ana.post("/contacts", content=body)
    assert problem_code(response, status) == code
    assert response.json().get("field") == field


async def test_unreadable_contact_source_is_unavailable(
    ana: httpx.AsyncClient, settings: Settings
) -> None:
    database = sqlite3.connect(settings.contacts_path)
    database.execute("drop table contact_number")
    database.close()
    response = await ana.get("/contacts", params={"number": "+12125550123"})
    assert problem_code(response, 503) == "source-unavailable"
    assert response.json()["sources"] == {"local": "failed"}


async def test_number_and_case_are_added_to_a_contact(ana: httpx.AsyncClient) -> None:
    created = (await ana.post("/contacts", json={"name": "Grace", "request_id": "g"})).json()
    path = f"/contacts/{created['source']}/{created['id']}"
    changed = await ana.post(f"{path}/numbers", json={"number": "+1 212 555 0178"})
    assert [each["e164"] for each in changed.json()["numbers"]] == ["+12125550178"]
    case = {"subject": " Leak ", "notes": "in the cellar", "request_id": "c1"}
    first = await ana.post(f"{path}/cases", json=case)
    assert first.status_code == 201
    assert (first.json()["subject"], first.json()["status"]) == ("Leak", "new")
    assert (await ana.post(f"{path}/cases", json=case)).json()["id"] == first.json()["id"]
    contact = (await ana.get(path)).json()
    assert [(each["subject"], each["notes"]) for each in contact["cases"]] == [
        ("Leak", "in the cellar")
    ]
    writable = (await ana.get("/me")).json()["writable_sources"]
    assert writable == {"contacts": ["local"], "numbers": ["local"], "cases": ["local"]}


@pytest.mark.parametrize(
    ("path", "body", "code", "field"),
    [
        ("local/1/numbers", {"number": "reception"}, "invalid-field", "number"),
        ("local/999999/numbers", {"number": "+12125550178"}, "not-found", None),
        ("nope/1/numbers", {"number": "+12125550178"}, "not-found", None),
        ("local/1/cases", {"subject": "   "}, "invalid-field", "subject"),
        ("local/1/cases", {"subject": "x" * 201}, "invalid-field", "subject"),
        ("local/999999/cases", {"subject": "x"}, "not-found", None),
    ],
)
async def test_unusable_addition_to_a_contact_is_rejected(
    ana: httpx.AsyncClient, path: str, body: dict[str, str], code: str, field: str | None
) -> None:
    problem = (await ana.post(f"/contacts/{path}", json=body)).json()
    assert (problem["code"], problem.get("field")) == (code, field)
