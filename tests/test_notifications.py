"""The notification client against a real XMPP server, Debian's Prosody, and against servers that mean harm."""

from __future__ import annotations

import asyncio
import base64
import logging
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Literal

import pytest
import websockets
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.asyncio.server import ServerConnection, serve

from callcard.finesse import messages
from callcard.finesse.notifications import NotificationSession, ServerPresence, Told, Unreadable
from callcard.finesse.objects import Update, User
from callcard.finesse.xmpp_websocket import Address, StreamLost
from tests.prosody import Prosody, heard, needs_prosody, prosody

pytestmark = pytest.mark.anyio
Carrier = Literal["websocket", "tcp"]

USER = "/finesse/api/User/1001"
UPDATE = messages.write_update(
    Update(
        event="PUT",
        source=USER,
        request_id="r1",
        objects=(User(login_id="1001", last_name="O'Neil & <Sons>"),),
    )
)


@pytest.fixture(scope="module")
def server() -> Iterator[Prosody]:
    with prosody(["1001", "1002"]) as running:
        yield running


@asynccontextmanager
async def session(
    server: Prosody, carrier: Carrier = "websocket", **told: object
) -> AsyncIterator[NotificationSession]:
    opened = await NotificationSession.open(server.address(carrier), "1001", "callcard", **told)  # type: ignore[arg-type]  # its keywords
    try:
        yield opened
    finally:
        await opened.close()


@needs_prosody
@pytest.mark.parametrize("carrier", ["websocket", "tcp"])
@pytest.mark.parametrize("tls", [True, False])
async def test_an_escaped_event_arrives_as_it_was_published(
    server: Prosody, carrier: Carrier, tls: bool
) -> None:
    opened = await NotificationSession.open(server.address(carrier, tls=tls), "1001", "callcard")
    publisher = await server.publisher()
    try:
        assert opened.jid.startswith("1001@localhost/callcard-")
        await opened.subscribe(USER)
        await publisher.publish(USER, UPDATE)
        told = await heard(opened)
        assert isinstance(told, Told)
        assert (told.node, told.update) == (USER, messages.read_update(UPDATE))
        assert told.update.objects[0].last_name == "O'Neil & <Sons>"
    finally:
        await publisher.close()
        await opened.close()


@needs_prosody
@pytest.mark.parametrize("carrier", ["websocket", "tcp"])
async def test_unsubscribed_is_silent_and_leaving_unsubscribes(
    server: Prosody, carrier: Carrier
) -> None:
    publisher = await server.publisher()
    async with session(server, carrier, resource="one") as opened:
        await opened.subscribe(USER)
        await opened.unsubscribe(USER)
        await publisher.publish(USER, UPDATE)
        with pytest.raises(TimeoutError):
            await heard(opened, 0.3)
        await opened.subscribe(USER)
    async with session(server, carrier, resource="one") as again:
        await publisher.publish(USER, UPDATE)
        with pytest.raises(TimeoutError):  # the subscription did not outlive the session
            await heard(again, 0.3)
    await publisher.close()


@needs_prosody
@pytest.mark.parametrize("carrier", ["websocket", "tcp"])
async def test_a_wrong_password_is_said_to_be_one(server: Prosody, carrier: Carrier) -> None:
    with pytest.raises(StreamLost) as caught:
        await NotificationSession.open(server.address(carrier), "1001", "wrong")
    assert caught.value.reason == "not-authorized"


@needs_prosody
@pytest.mark.parametrize("carrier", ["websocket", "tcp"])
async def test_who_takes_the_resource_ends_the_session_with_conflict(
    server: Prosody, carrier: Carrier
) -> None:
    async with (
        session(server, carrier, resource="same") as first,
        session(server, carrier, resource="same"),
    ):
        with pytest.raises(StreamLost) as caught:
            await heard(first)
        assert caught.value.reason == "conflict"


async def test_the_desktops_resource_is_never_taken() -> None:
    with pytest.raises(ValueError, match="belongs to the Finesse desktop"):
        await NotificationSession.open(
            Address("localhost", 1, "localhost"), "1001", "callcard", resource="desktop"
        )


@needs_prosody
@pytest.mark.parametrize("carrier", ["websocket", "tcp"])
async def test_a_server_that_is_killed_is_lost_and_one_that_is_back_is_found(
    carrier: Carrier,
) -> None:
    with prosody(["1001"]) as server:
        opened = await NotificationSession.open(server.address(carrier), "1001", "callcard")
        await opened.subscribe(USER)
        server.kill()
        with pytest.raises(StreamLost) as caught:
            await heard(opened)
        assert caught.value.reason == "lost"
        with pytest.raises(StreamLost) as caught:
            await NotificationSession.open(server.address(carrier), "1001", "callcard")
        assert caught.value.reason == "unreachable"
        await opened.close()
        server.start()
        async with session(server, carrier) as again:
            publisher = await server.publisher()
            await again.subscribe(USER)
            await publisher.publish(USER, UPDATE)
            assert isinstance(await heard(again), Told)
            await publisher.close()


@needs_prosody
async def test_a_server_that_stops_answering_is_lost_after_three_pings() -> None:
    with prosody(["1001"]) as server:
        opened = await NotificationSession.open(server.address(), "1001", "callcard", ping=0.2)
        assert server.process
        os.kill(server.process.pid, signal.SIGSTOP)
        try:
            with pytest.raises(StreamLost) as caught:
                await heard(opened)
            assert "3 pings" in str(caught.value)
        finally:
            os.kill(server.process.pid, signal.SIGCONT)
            await opened.close()


# ---- servers that mean harm

OPEN = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' from='localhost' id='1' version='1.0'/>"
FEATURES = "<stream:features xmlns:stream='http://etherx.jabber.org/streams'><x/></stream:features>"
SUCCESS = "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"
BOUND = (
    "<iq xmlns='jabber:client' type='result' id='c1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
    "<jid>1001@localhost/x</jid></bind></iq>"
)
ROSTER = "<iq xmlns='jabber:client' type='result' id='c2'/>"
GOOD = [OPEN, FEATURES, SUCCESS, OPEN, FEATURES, BOUND, ROSTER]


@asynccontextmanager
async def impostor(*frames: str | bytes) -> AsyncIterator[Address]:
    """A WebSocket that says `frames`, the first seven as its client asks for them, the rest at once, and then waits."""

    async def say(connection: ServerConnection) -> None:
        try:
            for place, frame in enumerate(frames):
                if place in (0, 2, 3, 5, 6, 7):  # features follow the opening unasked
                    await connection.recv()
                await connection.send(frame)
            await connection.wait_closed()
        except websockets.ConnectionClosed:
            pass

    async with serve(
        say, "127.0.0.1", 0, subprotocols=[websockets.Subprotocol("xmpp")], max_size=None
    ) as server:
        yield Address("127.0.0.1", next(iter(server.sockets)).getsockname()[1], "localhost")


async def hear_to_the_end(address: Address) -> None:
    opened = await NotificationSession.open(address, "1001", "callcard")
    try:
        while True:
            await heard(opened)
    finally:
        await opened.close()


def event(inner: str, sender: str = "pubsub.localhost") -> str:
    return (
        f"<message xmlns='jabber:client' from='{sender}'><event xmlns='http://jabber.org/protocol/pubsub#event'>"
        f"<items node='/n'><item><notification xmlns='http://jabber.org/protocol/pubsub'>{inner}</notification></item></items>"
        "</event></message>"
    )


ESCAPED = (
    "&lt;Update&gt;&lt;event&gt;put&lt;/event&gt;&lt;source&gt;/s&lt;/source&gt;&lt;/Update&gt;"
)


async def test_what_can_be_read_is_read_and_what_can_not_is_said_to_have_happened() -> None:
    frames = [
        "<presence xmlns='jabber:client' from='finesse@localhost/a'/>",
        "<presence xmlns='jabber:client' from='somebody@localhost/a'/>",
        event(ESCAPED),
        event("<Update xmlns=''><event>PUT</event><source>/s</source></Update>"),
        event("&lt;Update&gt;"),
        event(ESCAPED, sender="1002@localhost"),
        "<message xmlns='urn:other' from='pubsub.localhost'/>",
        "<presence xmlns='jabber:client' from='finesse@localhost/a' type='unavailable'/>",
    ]
    async with impostor(*GOOD, *frames) as address:
        opened = await NotificationSession.open(address, "1001", "callcard")
        update = Update(event="PUT", source="/s")
        told = [await heard(opened) for _ in range(5)]
        assert told == [
            ServerPresence(True),
            Told("/n", update),
            Told("/n", update),
            Unreadable("/n"),
            ServerPresence(False),
        ]
        await opened.close()


@pytest.mark.parametrize(
    "frames",
    [
        ["nonsense"],
        ["<!DOCTYPE x [<!ENTITY a 'b'>]><open>&a;</open>"],
        [OPEN, "<stream:features xmlns:stream='urn:other'/>"],
        [*GOOD[:5], BOUND.replace("1001@localhost/x", "")],
        [*GOOD, "<a>" * 400],
        [*GOOD, "<message>" + "x" * 2_000_000 + "</message>"],
        [*GOOD, b"\xff\xfe\x00"],
        [*GOOD, "<!-- hello --><message xmlns='jabber:client'/>"],
    ],
)
async def test_a_server_that_talks_nonsense_is_left_with_a_reason(
    frames: list[str | bytes],
) -> None:
    async with impostor(*frames) as address:
        with pytest.raises(StreamLost) as caught:
            await hear_to_the_end(address)
        assert caught.value.reason == "garbled"
        assert "callcard" not in str(caught.value)


CONDITIONS = {
    "conflict": "conflict",
    "not-authorized": "not-authorized",
    "service-unavailable": "service-unavailable",
    "remote-server-timeout": "service-unavailable",
    "system-shutdown": "lost",
}


@pytest.mark.parametrize(("condition", "reason"), CONDITIONS.items())
async def test_stream_errors_are_taken_for_what_they_are(condition: str, reason: str) -> None:
    error = (
        "<stream:error xmlns:stream='http://etherx.jabber.org/streams'>"
        f"<{condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>"
    )
    async with impostor(*GOOD, error) as address:
        opened = await NotificationSession.open(address, "1001", "callcard")
        with pytest.raises(StreamLost) as caught:
            await heard(opened)
        assert caught.value.reason == reason
        await opened.close()


@settings(max_examples=25)
@given(st.lists(st.text(max_size=60) | st.binary(max_size=60) | st.sampled_from(GOOD), max_size=6))
def test_no_sequence_of_frames_does_worse_than_end_the_stream(frames: list[str | bytes]) -> None:
    async def meet() -> None:
        async with impostor(*GOOD, *frames, "</") as address:
            with pytest.raises(StreamLost):
                await hear_to_the_end(address)

    asyncio.run(meet())


async def test_the_password_does_not_follow_a_redirect() -> None:
    asked: list[bytes] = []

    async def redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(
            f"HTTP/1.1 302 Found\r\nLocation: ws://localhost:{other}/ws\r\nContent-Length: 0\r\n\r\n".encode()
        )
        await writer.drain()
        writer.close()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.read(100))
        writer.close()

    elsewhere = await asyncio.start_server(listen, "127.0.0.1", 0)
    other = elsewhere.sockets[0].getsockname()[1]
    server = await asyncio.start_server(redirect, "127.0.0.1", 0)
    async with elsewhere, server:
        with pytest.raises(StreamLost) as caught:
            await NotificationSession.open(
                Address("127.0.0.1", server.sockets[0].getsockname()[1], "localhost"),
                "1001",
                "secret",
            )
        assert caught.value.reason == "unreachable"
    assert asked == []


async def test_the_password_is_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with impostor(*GOOD) as address:
        opened = await NotificationSession.open(address, "1001", "s3cretpw")
        await opened.close()
    assert base64.b64encode(b"\0" + b"1001\0s3cretpw").decode()[4:20] not in caplog.text


# ---- the same over TCP


@asynccontextmanager
async def tcp_impostor(*pieces: bytes) -> AsyncIterator[Address]:
    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        for piece in pieces:
            writer.write(piece)
        try:
            await writer.drain()
            await reader.read()
        except ConnectionError:
            pass
        writer.close()

    server = await asyncio.start_server(say, "127.0.0.1", 0)
    async with server:
        yield Address("127.0.0.1", server.sockets[0].getsockname()[1], "localhost", "tcp")


HEADER = b"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' id='1' version='1.0'>"


@pytest.mark.parametrize(
    "pieces",
    [
        [b"\x00\x01nonsense"],
        [b"<!DOCTYPE x [<!ENTITY a 'aaaa'>]>" + HEADER],
        [HEADER, b"<message>" + b"x" * 2_000_000],
        [HEADER, b"</wrong>"],
    ],
)
async def test_over_tcp_too(pieces: list[bytes]) -> None:
    async with tcp_impostor(*pieces) as address:
        with pytest.raises(StreamLost) as caught:
            await NotificationSession.open(address, "1001", "callcard")
        assert caught.value.reason in ("garbled", "unreachable")
