"""The CardDAV source on Radicale: a mirrored address book, its changes, servers that misbehave."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from callcard.crm.base import ContactSource
from callcard.crm.carddav import AddressBook, CardDav, CardDavOptions
from callcard.crm.registry import parse_options
from callcard.errors import OperatorError, SourceUnavailable
from callcard.telephony import numbers
from tests.contracts.crm import GetContract, SearchContract
from tests.harness.radicale import (
    HOW_TO_GET,
    PASSWORD,
    USER,
    RadicaleServer,
    find_program,
    running_radicale,
)

pytestmark = pytest.mark.anyio


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def running() -> Iterator[RadicaleServer]:
    if find_program() is None:
        pytest.skip(HOW_TO_GET)
    with running_radicale() as server:
        yield server


@pytest.fixture
def server(running: RadicaleServer) -> RadicaleServer:
    running.clear()
    running.put(
        "ada",
        "FN:Ada Lovelace",
        "ORG:Analytical Engines",
        "TEL;TYPE=work:(212) 555-0123",
        "TEL;TYPE=cell:+44 (0)20 7946 0958",
        "EMAIL:ada@engines.example",
        "CATEGORIES:VIP",
    )
    running.put("paris", "FN:Amélie", "TEL:+33 6 00 00 00 01")
    return running


@pytest.fixture
def clock() -> Clock:
    return Clock()


OpenBook = Callable[..., CardDav]


@pytest.fixture
async def open_book(anyio_backend: str, tmp_path: Path, clock: Clock) -> AsyncIterator[OpenBook]:
    opened: list[CardDav] = []

    def open_(url: str, transport: httpx.AsyncBaseTransport | None = None, **more: Any) -> CardDav:
        given = {"url": url, "country": "US", "username": USER, "password": PASSWORD, **more}
        options = parse_options("carddav", {"path": str(tmp_path / "book.sqlite"), **given})
        assert isinstance(options, CardDavOptions)
        book = AddressBook(options, "carddav", transport=transport)
        source = CardDav(book, options.path, country="US", refresh_seconds=60, clock=clock)
        opened.append(source)
        return source

    yield open_
    for source in opened:
        await source.close()


class TestCardDav(SearchContract, GetContract):
    @pytest.fixture
    def source(self, server: RadicaleServer, open_book: OpenBook) -> ContactSource:
        return open_book(server.url)


async def names(source: ContactSource, number: str) -> list[str]:
    return [match.contact.name for match in await source.by_number(numbers.read(number, "US"))]


async def test_caller_is_found_however_the_number_is_written(
    server: RadicaleServer, open_book: OpenBook
) -> None:
    book = open_book(server.url)
    assert await names(book, "+33600000001") == ["Amélie"]
    assert await names(book, "+442079460958") == ["Ada Lovelace"]
    (match,) = await book.by_number(numbers.read("2125550123", "US"))
    contact = match.contact
    assert (contact.source, contact.id, contact.company) == (
        "carddav",
        "ada.vcf",
        "Analytical Engines",
    )
    assert (contact.email, contact.flags) == ("ada@engines.example", ("VIP",))
    assert [(each.e164, each.label) for each in contact.numbers] == [
        ("+12125550123", "work"),
        ("+442079460958", "cell"),
    ]


async def test_changes_and_deletions_arrive(
    server: RadicaleServer, open_book: OpenBook, clock: Clock
) -> None:
    book = open_book(server.url)
    assert await names(book, "+33600000001") == ["Amélie"]
    server.put("paris", "FN:Amélie Poulain", "TEL:+33 6 00 00 00 02")
    server.delete("ada")
    for n in range(120):
        server.put(f"new-{n}", f"FN:New {n}", "TEL:+1 646 555 0100")
    assert await names(book, "+33600000001") == ["Amélie"], "the copy is new enough"
    assert await book.update() == 122
    assert await names(book, "+33600000001") == []
    assert await names(book, "+33600000002") == ["Amélie Poulain"]
    assert await names(book, "2125550123") == []
    assert await book.get("ada.vcf") is None
    assert len(await names(book, "+16465550100")) == 20
    assert await book.update() == 0
    clock.now += 90
    assert book.description == "a copy of 121 contacts, 90 seconds old"


async def test_old_copy_answers_while_it_is_brought_up_to_date(
    server: RadicaleServer, open_book: OpenBook, clock: Clock
) -> None:
    book = open_book(server.url)
    await book.update()
    server.kill()
    clock.now += 1e6
    assert await names(book, "+33600000001") == ["Amélie"]
    with pytest.raises(SourceUnavailable):
        await book.update()
    server.start()
    server.put("paris", "FN:Amélie Poulain", "TEL:+33 6 00 00 00 01")
    await book.update()
    assert await names(book, "+33600000001") == ["Amélie Poulain"]


async def test_forgotten_sync_token_copies_everything_again(
    server: RadicaleServer, open_book: OpenBook
) -> None:
    first = open_book(server.url)
    await first.update()
    server.clear()  # the token is of a book that is there no more
    server.put("grace", "FN:Grace Hopper", "TEL:+1 212 555 0177")
    again = open_book(server.url)
    await again.update()
    assert await names(again, "+12125550177") == ["Grace Hopper"]
    assert await names(again, "2125550123") == [], "gone with the old book"


async def test_second_process_uses_the_same_copy(
    server: RadicaleServer, open_book: OpenBook
) -> None:
    await open_book(server.url).update()
    server.kill()
    assert await names(open_book(server.url), "+33600000001") == ["Amélie"]
    server.start()


async def test_wrong_password_is_named(server: RadicaleServer, open_book: OpenBook) -> None:
    book = open_book(server.url, password="wrong")
    with pytest.raises(SourceUnavailable, match="401"):
        await names(book, "+33600000001")
    assert book.description == "no copy yet"


async def test_source_that_fails_is_not_asked_at_every_call(
    open_book: OpenBook, clock: Clock
) -> None:
    asked: list[httpx.Request] = []

    def fail(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(503)

    book = open_book("https://dav.example/b/", httpx.MockTransport(fail))
    for _ in range(3):
        with pytest.raises(SourceUnavailable):
            await names(book, "+33600000001")
    assert len(asked) == 1
    clock.now += 11
    with pytest.raises(SourceUnavailable):
        await names(book, "+33600000001")
    assert len(asked) == 2


ENTITY = b"""<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>
<multistatus xmlns="DAV:"><response><href>/b/&a;</href></response></multistatus>"""


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"<html>Sign in</html>", "no address book"),
        (b"", "no address book"),
        (b"<multistatus", "no address book"),
        (b'<multistatus xmlns="DAV:"/>', "no new sync token"),
        (ENTITY, "no new sync token"),
    ],
)
async def test_answer_that_is_none_is_named(open_book: OpenBook, body: bytes, message: str) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(207, content=body))
    book = open_book("https://dav.example/b/", transport)
    with pytest.raises(SourceUnavailable, match=message):
        await names(book, "+33600000001")


async def test_cut_answer_is_continued_and_other_servers_are_not_asked(
    open_book: OpenBook,
) -> None:
    parts = iter(
        (
            "<response><href>/b/ada.vcf</href><propstat/></response>"
            "<response><href>https://thief.example/b/x.vcf</href></response>"
            "<response><href>/b/</href><status>HTTP/1.1 507 Insufficient Storage</status>"
            "</response><sync-token>1</sync-token>",
            "<response><href>/b/gone.vcf</href><status>HTTP/1.1 404 Not Found</status></response>"
            "<sync-token>2</sync-token>",
        )
    )
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        text = request.content.decode()
        asked.append(text)
        if "sync-collection" in text:
            content = next(parts)
        else:
            card = "BEGIN:VCARD\nFN:Ada\nTEL:+12125550123\nEND:VCARD"
            data = f'<address-data xmlns="urn:ietf:params:xml:ns:carddav">{card}</address-data>'
            content = f"<response><href>/b/ada.vcf</href><propstat>{data}</propstat></response>"
        return httpx.Response(207, text=f'<multistatus xmlns="DAV:">{content}</multistatus>')

    book = open_book("https://dav.example/b/", httpx.MockTransport(answer))
    assert await names(book, "+12125550123") == ["Ada"]
    assert "<sync-token>1</sync-token>" in asked[-1]
    assert not any("thief" in each for each in asked)


def test_unusable_address_is_named() -> None:
    options = CardDavOptions(url="dav.example", country="US")
    with pytest.raises(OperatorError, match="url must be"):
        CardDav.check(options, "book")
