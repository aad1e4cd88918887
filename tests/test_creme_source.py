"""The preset `creme` on the database of a real Creme CRM."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from callcard.crm import presets
from callcard.crm.base import ContactSource
from callcard.crm.registry import parse_options
from callcard.crm.sql import Sql
from callcard.crm.sql_options import SqlOptions
from callcard.telephony import numbers
from tests.contracts.crm import GetContract, SearchContract
from tests.harness.creme import HOW_TO_GET, CremeDatabase, creme_database, find_program

pytestmark = pytest.mark.anyio

SITE = "https://creme.example.com"


@pytest.fixture(scope="module")
def database() -> Iterator[CremeDatabase]:
    if find_program() is None:
        pytest.skip(HOW_TO_GET)
    with creme_database() as made:
        made.add(
            {
                "first_name": "Ada",
                "last_name": "Lovelace",
                "company": "Analytical Engines",
                "phone": "+1 (212) 555-0123",
                "mobile": "+44 (0)20 7946 0958",
                "email": "ada@example.org",
                "meeting": "Yearly review",
            },
            {"last_name": "O'Brien", "mobile": "+33.6/00-00 00 01"},
            {"last_name": "Gone", "phone": "+1 212 555 0199", "deleted": True},
            {"name": "Nordlicht GmbH", "phone": "030 23125100"},
        )
        yield made


@pytest.fixture
async def creme(anyio_backend: str, database: CremeDatabase) -> AsyncIterator[Sql]:
    table = {"database": database.url, "site": SITE, "country": "US"}
    kind, options = presets.expand("creme", table)
    parsed = parse_options(kind, options)
    assert isinstance(parsed, SqlOptions)
    source = Sql(parsed, "creme")
    yield source
    await source.close()


class TestCreme(SearchContract, GetContract):
    @pytest.fixture
    def source(self, creme: Sql) -> ContactSource:
        return creme


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("+12125550123", "Ada Lovelace"),
        ("+442079460958", "Ada Lovelace"),
        ("+33600000001", "O'Brien"),
        ("+493023125100", "Nordlicht GmbH"),
    ],
)
async def test_creme_finds_the_caller_by_the_number_as_it_rings(
    creme: Sql, given: str, name: str
) -> None:
    (match,) = await creme.by_number(numbers.read(given, "DE"))
    assert (match.contact.name or match.contact.company) == name


async def test_creme_contact_has_employer_link_and_activities(creme: Sql) -> None:
    (match,) = await creme.by_number(numbers.read("+12125550123", "US"))
    ada = match.contact
    assert (ada.company, ada.email) == ("Analytical Engines", "ada@example.org")
    assert ada.url == f"{SITE}/persons/contact/{ada.id}"
    assert [each.label for each in ada.numbers] == ["phone", "mobile"]
    (entry,) = ada.interactions
    assert (entry.subject, entry.started_at) == ("Yearly review", "2026-03-01T09:30:00Z")


async def test_trashed_contact_is_not_found(creme: Sql) -> None:
    assert await creme.by_number(numbers.read("+12125550199", "US")) == []
    assert await creme.search("gone", 5) == []
