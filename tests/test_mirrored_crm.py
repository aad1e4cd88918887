"""A CRM whose contacts are copied: what arrives, what is deleted, and what happens in an outage."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from callcard.crm.base import Contact, ContactNumber, ContactPage, ContactSource, NewContact
from callcard.crm.mirrored_crm import MirroredCrm, MirrorOptions
from callcard.crm.open_sources import check_sources
from callcard.errors import OperatorError, SourceUnavailable
from callcard.telephony import numbers
from tests.harness.clock import AdvancingClock
from tests.harness.ports import free_port
from tests.harness.rest_crm import CONFIGURATION, RestCrm
from tests.harness.secret_files import write_secret
from tests.harness.serving import listening
from tests.harness.settings import settings_in
from tests.test_cli import callcard
from tests.test_crm_check import toml
from tests.test_odata_source import open_odata
from tests.test_rest_source import open_rest
from tests.test_sql_source import execute, open_sql

pytestmark = pytest.mark.anyio

REFRESH_SECONDS = 60.0
ADA = numbers.read("+12125550100", "US")


def contact(index: int, name: str = "") -> Contact:
    e164 = f"+1212555{index:04}"
    return Contact(
        source="crm",
        id=str(index),
        name=name or f"Contact {index}",
        numbers=(ContactNumber(number=e164, e164=e164),),
        updated_at="2026-01-01T00:00:00Z",
    )


class ListingCrm(ContactSource):
    """A CRM that lists its contacts in pages of two, and may fail at one of them."""

    name = "crm"

    def __init__(self, *, lists_changes: bool = True) -> None:
        self.contacts = {each.id: each for each in map(contact, range(100, 107))}
        self.changed: dict[str, Contact] = {}
        self.removed: list[str] = []
        self.asked: list[tuple[str, str]] = []
        self.fails_at = ""
        self.is_down = False
        self._lists_changes = lists_changes

    @property
    def lists_changes(self) -> bool:
        return self._lists_changes

    async def list_contacts(self, since: str, place: str) -> AsyncIterator[ContactPage]:
        listed = list((self.changed if since else self.contacts).values())
        start = int(place or 0)
        while True:
            self.asked.append((since, str(start)))
            if self.fails_at == str(start):
                raise SourceUnavailable("crm responded with 503")
            end = start + 2
            is_last = end >= len(listed)
            yield ContactPage(
                contacts=tuple(listed[start:end]),
                deleted=tuple(self.removed) if since and is_last else (),
                place="" if is_last else str(end),
            )
            if is_last:
                return
            start = end

    async def get(self, id: str) -> Contact | None:
        if self.is_down:
            raise SourceUnavailable("crm responded with 503")
        found = self.contacts.get(id)
        return found and replace(found, company="as the CRM has it now")

    async def create(self, contact: NewContact) -> Contact:
        (number,) = contact.numbers
        shown = ContactNumber(number=number.display, e164=number.e164)
        return Contact(source="crm", id="new", name=contact.name, numbers=(shown,))


@pytest.fixture
def clock() -> AdvancingClock:
    return AdvancingClock()


def mirrored(crm: ContactSource, path: Path, clock: AdvancingClock, **options: Any) -> MirroredCrm:
    given = {"path": str(path / "copy.sqlite"), "refresh_seconds": REFRESH_SECONDS, **options}
    return MirroredCrm(crm, MirrorOptions(**given), "US", clock)


@asynccontextmanager
async def aclosing_source(mirror: MirroredCrm) -> AsyncIterator[MirroredCrm]:
    try:
        yield mirror
    finally:
        await mirror.close()


async def found(mirror: MirroredCrm, index: int) -> list[str]:
    matches = await mirror.by_number(numbers.read(f"+1212555{index:04}", "US"))
    return [match.contact.name for match in matches]


async def test_changes_arrive_and_deletions_too(tmp_path: Path, clock: AdvancingClock) -> None:
    crm = ListingCrm()
    async with aclosing_source(mirrored(crm, tmp_path, clock)) as mirror:
        assert await found(mirror, 100) == ["Contact 100"]
        assert {since for since, _place in crm.asked} == {""}
        crm.contacts["101"] = contact(101, "Renamed")
        crm.changed = {"101": crm.contacts["101"]}
        crm.removed = ["102"]
        clock.advance(REFRESH_SECONDS + 1)
        assert await mirror.update() == 2
        assert await found(mirror, 101) == ["Renamed"]
        assert await found(mirror, 102) == []
        since = crm.asked[-1][0]
        assert since.startswith("2026-"), "only what has changed was asked for"
        assert "7 contacts" not in mirror.description
        assert "6 contacts" in mirror.description


async def test_deletion_that_the_crm_does_not_list_shows_when_all_is_copied_anew(
    tmp_path: Path, clock: AdvancingClock
) -> None:
    crm = ListingCrm()
    async with aclosing_source(mirrored(crm, tmp_path, clock, whole_hours=1)) as mirror:
        await mirror.update()
        del crm.contacts["103"]
        await mirror.update()
        assert await found(mirror, 103) == ["Contact 103"], "nobody said so yet"
        clock.advance(3600)
        await mirror.update()
        assert await found(mirror, 103) == []
        assert await found(mirror, 104) == ["Contact 104"]


async def test_interrupted_copy_goes_on_where_it_was(tmp_path: Path, clock: AdvancingClock) -> None:
    crm = ListingCrm()
    crm.fails_at = "4"
    async with aclosing_source(mirrored(crm, tmp_path, clock)) as mirror:
        with pytest.raises(SourceUnavailable):
            await mirror.update()
        assert mirror.copied_at is None
        assert mirror.count == 4
    crm.asked.clear()
    crm.fails_at = ""
    async with aclosing_source(mirrored(crm, tmp_path, clock)) as mirror:
        await mirror.update()
        assert [place for _since, place in crm.asked] == ["4", "6"]
        assert mirror.count == 7, "and nothing of the first part was taken for deleted"


async def test_source_without_changes_is_copied_whole_each_time(
    tmp_path: Path, clock: AdvancingClock
) -> None:
    crm = ListingCrm(lists_changes=False)
    async with aclosing_source(mirrored(crm, tmp_path, clock)) as mirror:
        await mirror.update()
        del crm.contacts["105"]
        await mirror.update()
        assert await found(mirror, 105) == []
        assert {since for since, _place in crm.asked} == {""}


async def test_caller_is_found_while_the_crm_is_down(tmp_path: Path, clock: AdvancingClock) -> None:
    crm = ListingCrm()
    async with aclosing_source(mirrored(crm, tmp_path, clock)) as mirror:
        (match,) = await mirror.by_number(ADA)
        assert match.contact.company == "as the CRM has it now", "with cases and history"
        crm.is_down, crm.fails_at = True, "0"
        clock.advance(10 * REFRESH_SECONDS)
        (match,) = await mirror.by_number(ADA)
        assert (match.contact.name, match.contact.company) == ("Contact 100", "")
        assert match.contact.updated_at == "2026-01-01T00:00:00Z"
        assert [each.name for each in await mirror.search("conta 106", 5)] == ["Contact 106"]
        assert "600 seconds old" in mirror.description


async def test_contact_that_is_saved_is_found_at_once(
    tmp_path: Path, clock: AdvancingClock
) -> None:
    async with aclosing_source(mirrored(ListingCrm(), tmp_path, clock)) as mirror:
        await mirror.update()
        number = numbers.read("+12125550199", "US")
        new = NewContact(key="k", name="Grace", company="", email="", numbers=(number,))
        await mirror.create(new)
        assert await found(mirror, 199) == ["Grace"]


# ---- what each kind lists


async def listed(source: ContactSource, since: str = "") -> tuple[list[str], list[str]]:
    names: list[str] = []
    gone: list[str] = []
    async for page in source.list_contacts(since, ""):
        names += [each.name for each in page.contacts]
        gone += page.deleted
    await source.close()
    return names, gone


async def test_rest_lists_pages_and_says_what_was_deleted() -> None:
    people = copy.deepcopy(RestCrm().people)
    people[1]["gone"] = True
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(dict(request.url.params))
        offset = int(request.url.params["offset"])
        return httpx.Response(200, json={"data": people[offset : offset + 1]})

    changes = {
        "request": {
            "path": "/people",
            "query": {"offset": "<< offset >>", "since": "<< since >>"},
            "results": "data",
            "page_size": 1,
        },
        "deleted": "gone",
    }
    source = open_rest(httpx.MockTransport(answer), changes=changes)
    assert source.lists_changes
    assert await listed(source, "2026-01-01T00:00:00Z") == (["Ada Lovelace"], ["8"])
    assert asked[-1] == {"offset": "2", "since": "2026-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("request_table", "lists_changes"),
    [
        ({"path": "/since", "query": {"sort": "since"}}, False),
        ({"path": "/all", "query": {"q": "<% if since %>after << since >><% endif %>"}}, True),
        ({"path": "/all", "method": "POST", "body": {"filter": [["after", "<< since >>"]]}}, True),
    ],
)
async def test_only_a_request_with_the_time_lists_changes(
    request_table: dict[str, Any], lists_changes: bool
) -> None:
    source = open_rest(
        httpx.MockTransport(lambda _: httpx.Response(200)), changes={"request": request_table}
    )
    assert source.lists_changes is lists_changes
    await source.close()


async def test_odata_lists_by_the_column_of_changes() -> None:
    filters = []

    def answer(request: httpx.Request) -> httpx.Response:
        filters.append(request.url.params["$filter"])
        return httpx.Response(200, json={"value": []})

    transport = httpx.MockTransport(answer)
    source = open_odata("https://erp.example", transport, updated_column="modifiedon")
    assert source.lists_changes
    assert await listed(source, "2026-01-01T00:00:00Z") == ([], [])
    source = open_odata("https://erp.example", transport, updated_column="modifiedon")
    await listed(source)
    assert filters == [
        "(modifiedon ge 2026-01-01T00:00:00Z) and (statecode eq 0)",
        "(contactid ne null) and (statecode eq 0)",
    ]
    assert not open_odata("https://erp.example", transport).lists_changes


async def test_sql_lists_in_the_order_of_ids(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/crm.sqlite"
    rows = [f"({n}, 'Contact {n:04}', {n % 500 == 0})" for n in range(1, 1201)]
    await execute(
        url,
        "create table person (id integer primary key, name text, gone integer)",
        f"insert into person values {', '.join(rows)}",
    )
    changes = (
        "select id, name, gone as deleted from person"
        " where id > cast('0' || :after as integer) order by id limit :limit"
    )
    source = open_sql(url, changes=changes)
    assert not source.lists_changes
    names, gone = await listed(source)
    assert len(names) == 1198
    assert gone == ["500", "1000"]


# ---- configuration and command


def configure(folder: Path, port: int, **mirror: Any) -> None:
    changes = {"request": {"path": "/people", "query": {"q": ""}, "results": "data"}}
    options = {**CONFIGURATION, "base_url": f"http://127.0.0.1:{port}", "changes": changes}
    options["auth"] = {"type": "bearer", "token_file": "token"}
    write_secret(folder / "token", CONFIGURATION["auth"]["token"])
    table = {"kind": "rest", "name": "engines", **options, "mirror": mirror}
    sources = [table, {"kind": "local"}]
    (folder / "callcard.toml").write_text(f"sources = {toml(sources)}\n")


def test_copy_is_made_by_command_and_used_while_the_crm_is_down(tmp_path: Path) -> None:
    crm, port = RestCrm(), free_port()
    configure(tmp_path, port)
    with listening((crm.app, port)):
        done = callcard("crm", "sync", "engines", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("engines: 2 changes in 0.")
        again = callcard("crm", "sync", "engines", "--whole", cwd=tmp_path)
        assert again.returncode == 0, again.stderr
        crm.is_down = True
        shown = callcard("number", "explain", "(212) 555-0123", cwd=tmp_path)
        down = callcard("crm", "sync", "engines", cwd=tmp_path)
    assert "found      engines/7 Ada Lovelace (whole number, office (212) 555-0123)" in shown.stdout
    assert "state      a copy of 2 contacts, " in shown.stdout
    assert (tmp_path / "engines.sqlite").is_file()
    assert (down.returncode, down.stderr.splitlines()[-1]) == (
        1,
        "callcard: engines responded with 503",
    )


def test_source_without_a_copy_is_named(tmp_path: Path) -> None:
    (tmp_path / "callcard.toml").write_text('sources = [{kind = "local"}]\n')
    done = callcard("crm", "sync", "local", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("callcard: local has no copy; give its table a mirror = ")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mirror": {"refresh_seconds": 0}}, "engines: mirror: Expected `float` >= 1"),
        ({"mirror": {"path": "x", "hours": 1}}, "engines: mirror: .* unknown field `hours`"),
        ({"mirror": True}, "engines: mirror: "),
        ({"mirror": {}, "changes": None}, "engines can't be mirrored: it has no `changes`"),
    ],
)
def test_unusable_mirror_names_the_key(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    listing = {"request": {"path": "/people", "results": "data"}}
    table = {**CONFIGURATION, "kind": "rest", "name": "engines", "changes": listing}
    table |= {"base_url": "http://127.0.0.1:1", **changes}
    given = {key: value for key, value in table.items() if value is not None}
    settings = settings_in(tmp_path, "http://127.0.0.1:1", sources=[given])
    with pytest.raises(OperatorError, match=message):
        check_sources(settings)
