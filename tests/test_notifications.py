"""The notification client with an independent server, Prosody, and with invalid servers."""

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
from hypothesis import given, settings
from hypothesis import strategies as st

from callcard.finesse import messages
from callcard.finesse.notifications import NotificationSession, UpdateEvent
from callcard.finesse.xmpp_base import Address, StreamLost
from tests.harness.scripted_xmpp import BOUND, GOOD, OPEN, scripted_server
from tests.prosody import Prosody, needs_prosody, next_notice, prosody

pytestmark = pytest.mark.anyio
Transport = Literal["websocket", "tcp"]

USER = "/finesse/api/User/1001"
UPDATE = f"""<Update>
  <data><user><lastName>O'Neil &amp; &lt;Sons&gt;</lastName><loginId>1001</loginId></user></data>
  <event>PUT</event>
  <requestId>r1</requestId>
  <source>{USER}</source>
</Update>"""


@pytest.fixture(scope="module")
def server() -> Iterator[Prosody]:
    with prosody(["1001", "1002"]) as running:
        yield running


@asynccontextmanager
async def session(
    server: Prosody, transport: Transport = "websocket", resource: str = ""
) -> AsyncIterator[NotificationSession]:
    address = server.address(transport)
    opened = await NotificationSession.open(address, "1001", "callcard", resource=resource)
    try:
        yield opened
    finally:
        await opened.close()


@needs_prosody
@pytest.mark.parametrize("transport", ["websocket", "tcp"])
@pytest.mark.parametrize("tls", [True, False])
async def test_event_round_trip(server: Prosody, transport: Transport, tls: bool) -> None:
    opened = await NotificationSession.open(server.address(transport, tls=tls), "1001", "callcard")
    publisher = await server.publisher()
    try:
        assert opened.jid.startswith("1001@localhost/callcard-")
        await opened.subscribe(USER)
        await publisher.publish(USER, UPDATE)
        event = await next_notice(opened)
        assert event == UpdateEvent(USER, messages.read_update(UPDATE))
        assert event.update.objects[0].last_name == "O'Neil & <Sons>"
    finally:
        await publisher.close()
        await opened.close()


@needs_prosody
@pytest.mark.parametrize("transport", ["websocket", "tcp"])
async def test_unsubscribe_and_close_end_subscriptions(
    server: Prosody, transport: Transport
) -> None:
    publisher = await server.publisher()
    async with session(server, transport, resource="one") as opened:
        await opened.subscribe(USER)
        await opened.unsubscribe(USER)
        await publisher.publish(USER, UPDATE)
        with pytest.raises(TimeoutError):
            await next_notice(opened, 0.3)
        await opened.subscribe(USER)
    async with session(server, transport, resource="one") as again:
        await publisher.publish(USER, UPDATE)
        with pytest.raises(TimeoutError):  # the subscription has ended with the session
            await next_notice(again, 0.3)
    await publisher.close()


@needs_prosody
@pytest.mark.parametrize("transport", ["websocket", "tcp"])
async def test_wrong_password(server: Prosody, transport: Transport) -> None:
    with pytest.raises(StreamLost) as caught:
        await NotificationSession.open(server.address(transport), "1001", "wrong")
    assert caught.value.reason == "not-authorized"


@needs_prosody
@pytest.mark.parametrize("transport", ["websocket", "tcp"])
async def test_conflict_when_another_session_takes_the_resource(
    server: Prosody, transport: Transport
) -> None:
    async with (
        session(server, transport, resource="same") as first,
        session(server, transport, resource="same"),
    ):
        with pytest.raises(StreamLost) as caught:
            await next_notice(first)
        assert caught.value.reason == "conflict"


async def test_desktop_resource_is_never_used() -> None:
    with pytest.raises(ValueError, match="belongs to the Finesse desktop"):
        await NotificationSession.open(
            Address("localhost", 1, "localhost"), "1001", "callcard", resource="desktop"
        )


@needs_prosody
@pytest.mark.parametrize("transport", ["websocket", "tcp"])
async def test_killed_server_is_lost_and_reachable_after_restart(
    transport: Transport,
) -> None:
    with prosody(["1001"]) as server:
        opened = await NotificationSession.open(server.address(transport), "1001", "callcard")
        await opened.subscribe(USER)
        server.kill()
        with pytest.raises(StreamLost) as caught:
            await next_notice(opened)
        assert caught.value.reason == "lost"
        with pytest.raises(StreamLost) as caught:
            await NotificationSession.open(server.address(transport), "1001", "callcard")
        assert caught.value.reason == "unreachable"
        await opened.close()
        server.start()
        async with session(server, transport) as again:
            publisher = await server.publisher()
            await again.subscribe(USER)
            await publisher.publish(USER, UPDATE)
            assert isinstance(await next_notice(again), UpdateEvent)
            await publisher.close()


@needs_prosody
async def test_three_missed_pings_end_the_session() -> None:
    with prosody(["1001"]) as server:
        opened = await NotificationSession.open(
            server.address(), "1001", "callcard", ping_seconds=0.2
        )
        assert server.process
        os.kill(server.process.pid, signal.SIGSTOP)
        try:
            with pytest.raises(StreamLost) as caught:
                await next_notice(opened)
            assert "3 pings" in str(caught.value)
        finally:
            os.kill(server.process.pid, signal.SIGCONT)
            await opened.close()


# ---- invalid servers


async def read_to_the_end(address: Address) -> None:
    opened = await NotificationSession.open(address, "1001", "callcard")
    try:
        while True:
            await next_notice(opened)
    finally:
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
async def test_invalid_server_ends_the_session(
    frames: list[str | bytes],
) -> None:
    async with scripted_server(*frames) as address:
        with pytest.raises(StreamLost) as caught:
            await read_to_the_end(address)
        assert caught.value.reason == "invalid"
        assert "callcard" not in str(caught.value)


CONDITIONS = {
    "conflict": "conflict",
    "not-authorized": "not-authorized",
    "service-unavailable": "service-unavailable",
    "remote-server-timeout": "service-unavailable",
    "system-shutdown": "lost",
}


@pytest.mark.parametrize(("condition", "reason"), CONDITIONS.items())
async def test_stream_error_conditions(condition: str, reason: str) -> None:
    error = (
        "<stream:error xmlns:stream='http://etherx.jabber.org/streams'>"
        f"<{condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>"
    )
    async with scripted_server(*GOOD, error) as address:
        opened = await NotificationSession.open(address, "1001", "callcard")
        with pytest.raises(StreamLost) as caught:
            await next_notice(opened)
        assert caught.value.reason == reason
        await opened.close()


@settings(max_examples=25)
@given(st.lists(st.text(max_size=60) | st.binary(max_size=60) | st.sampled_from(GOOD), max_size=6))
def test_any_frames_only_end_the_stream(frames: list[str | bytes]) -> None:
    async def meet() -> None:
        async with scripted_server(*GOOD, *frames, "</") as address:
            with pytest.raises(StreamLost):
                await read_to_the_end(address)

    asyncio.run(meet())


async def test_password_is_not_sent_after_a_redirect() -> None:
    received: list[bytes] = []

    async def redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(
            b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n"
            b"Location: ws://localhost:%d/ws\r\n\r\n" % other
        )
        await writer.drain()
        writer.close()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append(await reader.read(100))
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
    assert received == []


async def test_password_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with scripted_server(*GOOD) as address:
        opened = await NotificationSession.open(address, "1001", "s3cretpw")
        await opened.close()
    assert base64.b64encode(b"\0" + b"1001\0s3cretpw").decode()[4:20] not in caplog.text


# ---- invalid servers over TCP


@asynccontextmanager
async def invalid_tcp_server(*pieces: bytes) -> AsyncIterator[Address]:
    async def serve_pieces(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        for piece in pieces:
            writer.write(piece)
        try:
            await writer.drain()
            await reader.read()
        except ConnectionError:
            pass
        writer.close()

    server = await asyncio.start_server(serve_pieces, "127.0.0.1", 0)
    async with server:
        yield Address("127.0.0.1", server.sockets[0].getsockname()[1], "localhost", "tcp")


HEADER = (
    b"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' "
    b"id='1' version='1.0'>"
)


@pytest.mark.parametrize(
    "pieces",
    [
        [b"\x00\x01nonsense"],
        [b"<!DOCTYPE x [<!ENTITY a 'aaaa'>]>" + HEADER],
        [HEADER, b"<message>" + b"x" * 2_000_000],
        [HEADER, b"</wrong>"],
    ],
)
async def test_invalid_tcp_server_ends_the_session(pieces: list[bytes]) -> None:
    async with invalid_tcp_server(*pieces) as address:
        with pytest.raises(StreamLost) as caught:
            await NotificationSession.open(address, "1001", "callcard")
        assert caught.value.reason in ("invalid", "unreachable")
