"""Local contacts: contracts, ranking, full-text search and concurrency."""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from callcard.crm.base import ContactSource, InteractionRecord, NewContact
from callcard.crm.local import LocalContacts
from callcard.crm.local_schema import MIGRATIONS
from callcard.crm.local_writes import ContactEntry
from callcard.errors import OperatorError, SourceUnavailable
from callcard.settings import Settings
from callcard.telephony import numbers
from tests.contact_files import CSV, found, load
from tests.contracts.crm import (
    INTERACTION,
    AddNumberContract,
    ByReferenceContract,
    CreateCaseContract,
    GetContract,
    LogContract,
    RemoveWrittenContract,
    SearchContract,
)

pytestmark = pytest.mark.anyio


class TestLocalContacts(
    SearchContract,
    GetContract,
    ByReferenceContract,
    AddNumberContract,
    CreateCaseContract,
    LogContract,
    RemoveWrittenContract,
):
    reference = "4711"

    @pytest.fixture
    def source(self, contacts: LocalContacts) -> ContactSource:
        ada = ContactEntry(
            key="id:4711",
            name="Ada Lovelace",
            company="Analytical Engines",
            numbers=[(numbers.read("+12125550123", "US"), "work")],
        )
        contacts.write_contacts([ada])
        return contacts

    @pytest.fixture
    def logged(self, contacts: LocalContacts) -> Callable[[], Mapping[str, InteractionRecord]]:
        return lambda: {each.id: each for each in contacts.interactions()}


async def test_shared_switchboard_number_matches_every_contact(
    contacts: LocalContacts, tmp_path: Path
) -> None:
    load(contacts, tmp_path / "kunden.csv", CSV)
    assert sorted(await found(contacts, "030 23125100")) == [
        ("exact", "Jürgen Weiß"),
        ("exact", "Nordlicht GmbH"),
    ]


async def test_suffix_match_is_the_fallback_for_exact_match(
    contacts: LocalContacts, tmp_path: Path
) -> None:
    load(contacts, tmp_path / "a.csv", "name,phone\nKnown,+49 30 23125100\n")
    assert await found(contacts, "+43 30 23125100") == [("suffix", "Known")]
    assert await found(contacts, "+49 30 99925100") == [], "seven digits are not enough"


@pytest.mark.parametrize(
    ("stored", "called"),
    [
        ("+1 212 555 0123", "+13125550123"),
        ("+49 30 23125100", "+49 40 23125100"),
        ("030 23125100", "04323 125100"),
    ],
)
async def test_two_complete_numbers_of_one_country_are_two_lines(
    contacts: LocalContacts, tmp_path: Path, stored: str, called: str
) -> None:
    load(contacts, tmp_path / "a.csv", f"name,phone\nKnown,{stored}\n")
    assert await found(contacts, called) == []


@pytest.mark.parametrize(
    ("stored", "called"),
    [
        ("+5215512345678", "+525512345678"),
        ("+5491112345678", "+541112345678"),
        ("+541112345678", "+5491112345678"),
        ("+551181234567", "+5511981234567"),
        ("+4915112345678", "4915112345678"),
        ("4915112345678", "+4915112345678"),
        ("04915 112345678", "4915112345678"),
    ],
)
async def test_readings_of_one_number_match(
    contacts: LocalContacts, tmp_path: Path, stored: str, called: str
) -> None:
    load(contacts, tmp_path / "a.csv", f"name,phone\nKnown,{stored}\n")
    assert await found(contacts, called) == [("exact", "Known")]


async def test_latest_interaction_ranks_first(contacts: LocalContacts, tmp_path: Path) -> None:
    load(contacts, tmp_path / "kunden.csv", CSV)
    rows = (
        "contact,started_at,subject",
        "9,2026-03-01T10:00:00Z,Second",
        "7,2026-02-01,First",
        "nobody,2026-01-01,Lost",
        "9,soon,Vague",
    )
    history = "\n".join(rows)
    report, problems = load(contacts, tmp_path / "past.csv", history, kind="interactions")
    assert report.added == 2
    assert [(p.field, p.reason) for p in problems] == [
        ("started_at", "not a date as in 2026-03-01T09:30:00Z"),
        ("contact", "no contact was imported with this id"),
    ]
    assert [name for _how, name in await found(contacts, "030 23125100")] == [
        "Nordlicht GmbH",
        "Jürgen Weiß",
    ]
    again, _ = load(contacts, tmp_path / "past.csv", history, kind="interactions")
    assert (again.added, again.updated, again.unchanged) == (0, 0, 2)
    (match, _other) = await contacts.by_number(numbers.read("030 23125100", "DE"))
    assert [i.subject for i in match.contact.interactions] == ["Second"], (
        "imported twice, there once"
    )


async def test_contact_has_last_ten_history_entries_and_open_cases(
    contacts: LocalContacts, tmp_path: Path
) -> None:
    load(contacts, tmp_path / "kunden.csv", CSV)
    load(
        contacts,
        tmp_path / "p.csv",
        "contact,started_at,subject\n" + "".join(f"7,2026-01-{d:02},S{d}\n" for d in range(1, 14)),
        kind="interactions",
    )
    load(
        contacts,
        tmp_path / "c.csv",
        "id,contact,subject,open,opened_at\nA,7,Leak,yes,2026-01-01\nB,7,Done,no,2026-01-02\n",
        kind="cases",
    )
    (match,) = await contacts.by_number(numbers.read("0171 3900001", "DE"))
    assert [i.subject for i in match.contact.interactions] == [f"S{d}" for d in range(13, 3, -1)]
    assert [c.subject for c in match.contact.cases] == ["Leak"]


async def test_create_times_out_while_another_process_writes(
    contacts: LocalContacts, settings: Settings
) -> None:
    other = sqlite3.connect(settings.contacts_path, isolation_level=None)
    other.execute("begin immediate")
    new = NewContact(key="k", name="N", company="", email="", numbers=())
    started = time.monotonic()
    answers = await asyncio.gather(
        *(contacts.create(new) for _ in range(6)), return_exceptions=True
    )
    assert {type(answer) for answer in answers} == {SourceUnavailable}
    assert time.monotonic() - started < 3
    other.execute("rollback")
    other.close()
    assert (await contacts.create(new)).name == "N"


def test_file_of_earlier_schema_gives_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "earlier.sqlite"
    with closing(sqlite3.connect(path)) as earlier:
        earlier.execute("create table interaction (key text primary key, at text not null)")
        earlier.execute("pragma user_version = 2")
        earlier.commit()
    with pytest.raises(OperatorError, match="Delete it, or choose a new file, and import"):
        LocalContacts(path, country="US", suffix_digits=8)


async def test_file_of_the_release_before_is_upgraded(tmp_path: Path) -> None:
    path = tmp_path / "before.sqlite"
    with closing(sqlite3.connect(path)) as before:
        before.executescript(MIGRATIONS[0])
        before.execute("insert into contact (key, name) values ('k', 'Ada Lovelace')")
        logged = replace(INTERACTION, variables={"callVariable1": " A-4711 ", "user.b": "gold"})
        before.execute(
            "insert into interaction values ('i', 1, '', '2026-01-01', 'in', '', '', ?)",
            (msgspec.json.encode(logged).decode(),),
        )
        before.execute("pragma user_version = 1")
        before.commit()
    contacts = LocalContacts(path, country="US", suffix_digits=8)
    stored = await contacts.get("1")
    assert stored is not None
    assert (stored.name, stored.language) == ("Ada Lovelace", "")
    assert [each.id for each in await contacts.search("A-4711", 5)] == ["1"]
    contacts.close_blocking()


def test_file_of_newer_release_is_an_operator_error(tmp_path: Path) -> None:
    path = tmp_path / "newer.sqlite"
    with closing(sqlite3.connect(path)) as newer:
        newer.execute("pragma user_version = 99")
    with pytest.raises(OperatorError, match="was written by a newer release of Callcard"):
        LocalContacts(path, country="US", suffix_digits=8)


def test_file_that_is_no_database_is_an_operator_error(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database\n" * 100)
    with pytest.raises(OperatorError, match="is not an SQLite database"):
        LocalContacts(path, country="US", suffix_digits=8)
    assert path.read_text().startswith("not a database")
