"""The sandbox's notifications over XMPP: WebSocket, TCP and TLS, with Callcard's own client."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from callcard.finesse.notifications import NotificationSession, ServerPresence
from callcard.finesse.xmpp_base import StanzaError, StreamLost
from finesse_sandbox.notifications.xmpp_xml import (
    STANZA_LIMIT_BYTES,
    StanzaReader,
    StreamError,
    parse_stanza,
)
from tests.harness.finesse import API, SandboxServer, XmppSession, sandbox_with_sockets

pytestmark = pytest.mark.anyio
TRANSPORTS = ["websocket", "tcp", "tls"]
HEADER = (
    b"<stream:stream to='localhost' xmlns='jabber:client'"
    b" xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"
)


@pytest.fixture
async def server() -> AsyncIterator[SandboxServer]:
    async with sandbox_with_sockets() as opened:
        yield opened


class RawSocket:
    """A WebSocket client that sends and returns frames as they are."""

    def __init__(self, server: SandboxServer) -> None:
        self._connecting = connect(
            f"ws://localhost:{server.port}/ws", subprotocols=[Subprotocol("xmpp")]
        )

    async def __aenter__(self) -> RawSocket:
        self._socket = await self._connecting
        return self

    async def __aexit__(self, *_details: object) -> None:
        await self._socket.close()

    async def send(self, frame: str) -> None:
        await self._socket.send(frame)

    async def receive(self) -> str:
        async with asyncio.timeout(5):
            return str(await self._socket.recv())

    async def sign_in(self, user: str) -> None:
        """Authenticate and bind; the session gets events once it has sent presence."""
        secret = base64.b64encode(f"\0{user}\0callcard".encode()).decode()
        opening = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='localhost'/>"
        bind = "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"
        sasl = "urn:ietf:params:xml:ns:xmpp-sasl"
        for frame, answers in [
            (opening, 2),
            (f"<auth xmlns='{sasl}' mechanism='PLAIN'>{secret}</auth>", 1),
            (opening, 2),
            (bind, 1),
        ]:
            await self.send(frame)
            for _ in range(answers):
                await self.receive()

    @classmethod
    async def events_of(cls, server: SandboxServer, user: str) -> list[str]:
        """Return the frames of two state changes of a user."""
        async with cls(server) as socket:
            await socket.sign_in(user)
            await socket.send("<presence><priority>1</priority></presence>")
            await socket.receive()
            for state in ("READY", "NOT_READY"):
                await server.control("PUT", f"users/{user}", {"state": state})
            return [await socket.receive() for _ in range(2)]


# ---- sessions and events


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_sign_in_is_confirmed_by_event(server: SandboxServer, transport: str) -> None:
    async with await XmppSession.open(server, "1003", transport) as session:
        command = await server.client.sign_in(server.credential("1003"), "1003", "1003")
        event = await session.outcome(command)
    (user,) = event.update.objects
    assert event.node == f"{API}/User/1003"
    assert event.update.event == "PUT"
    assert user.state == "NOT_READY"


@pytest.mark.parametrize("format", ["12.5", "11"])
async def test_events_are_wrapped_as_each_release_was_recorded(
    server: SandboxServer, format: str
) -> None:
    await server.control("PUT", "site", {"notification_format": format})
    frames = await RawSocket.events_of(server, "1001")
    message = etree.fromstring(frames[0])
    assert message.get("type") is None
    assert message.get("to") == "1001@localhost", "the bare JID"
    notification = next(message.iter("{*}notification"))
    namespace = etree.QName(notification).namespace
    id = message.get("id", "")
    if format == "12.5":
        assert (namespace, len(id)) == ("urn:xmpp:push:0", 8)
    else:
        assert namespace == "http://jabber.org/protocol/pubsub"
        assert id.startswith("/finesse/api/User/1001__1001@localhost__")
    items = [next(etree.fromstring(frame).iter("{*}item")).get("id", "") for frame in frames]
    runs = {item[:36] for item in items}
    counters = [int(item[36:]) for item in items]
    assert len(runs) == 1
    assert counters == sorted(set(counters))
    assert "\n  <data>" in (notification.text or ""), "users come in lines"


async def test_stanzas_without_their_namespace_are_accepted(server: SandboxServer) -> None:
    async with RawSocket(server) as socket:
        await socket.sign_in("1001")
        await socket.send("<iq type='get' id='p1'><ping xmlns='urn:xmpp:ping'/></iq>")
        assert 'id="p1"' in await socket.receive()


async def test_plain_without_an_initial_response_is_challenged(server: SandboxServer) -> None:
    secret = base64.b64encode(b"\0001001\0callcard").decode()
    sasl = "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'"
    async with RawSocket(server) as socket:
        await socket.send("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='localhost'/>")
        await socket.receive()
        await socket.receive()
        await socket.send(f"<auth {sasl} mechanism='PLAIN'/>")
        assert (await socket.receive()).startswith("<challenge")
        await socket.send(f"<response {sasl}>{secret}</response>")
        assert (await socket.receive()).startswith("<success")


async def test_tcp_header_comes_first_and_speaks_the_clients_language(
    server: SandboxServer,
) -> None:
    reader, writer = await asyncio.open_connection("localhost", server.xmpp_ports[0])
    writer.write(HEADER.replace(b"version", b"xml:lang='de-AT' version"))
    async with asyncio.timeout(5):
        header = await reader.readuntil(b'version="1.0">')
        features = await reader.readuntil(b"</stream:features>")
    assert header.startswith(b'<?xml version="1.0"')
    assert b'xml:lang="de-AT"' in header
    assert features.startswith(b"<stream:features")
    writer.close()


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_wrong_password_and_resource_conflict_end_the_stream(
    server: SandboxServer, transport: str
) -> None:
    address = server.address(transport)
    with pytest.raises(StreamLost) as caught:
        await NotificationSession.open(address, "1001", "wrong")
    assert caught.value.reason == "not-authorized"
    first = await NotificationSession.open(address, "1001", "callcard", resource="same")
    second = await NotificationSession.open(address, "1001", "callcard", resource="same")
    with pytest.raises(StreamLost) as caught:
        await XmppSession(first).read_to_the_end()
    assert caught.value.reason == "conflict"
    await first.close()
    await second.close()


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_team_node_is_for_supervisors_only(server: SandboxServer, transport: str) -> None:
    node = f"{API}/Team/1/Users"
    async with (
        await XmppSession.open(server, "1001", transport) as agent,
        await XmppSession.open(server, "2001", transport) as supervisor,
    ):
        with pytest.raises(StanzaError, match="forbidden"):
            await agent.session.subscribe(node)
        with pytest.raises(StanzaError, match="item-not-found"):
            await agent.session.subscribe(f"{API}/Nonsense/1")
        await supervisor.session.subscribe(node)
        await server.client.set_state(server.credential(), "1001", "READY", None)
        event = await supervisor.next()
    assert event.node == node
    assert event.update.event == "PUT"
    assert event.update.request_id == ""
    assert event.update.objects[0].state == "READY"


async def test_queue_event_reports_waiting_calls(server: SandboxServer) -> None:
    async with await XmppSession.open(server) as agent:
        await agent.session.subscribe(f"{API}/Queue/10")
        server.ring()
        event = await agent.next_on(f"{API}/Queue/10")
    (queue,) = event.update.objects
    assert queue.statistics.calls_in_queue == "1"


async def test_presence_of_user_finesse_shows_the_server_status(server: SandboxServer) -> None:
    session = await NotificationSession.open(server.address(), "1001", "callcard")
    assert await session.next() == ServerPresence(True)
    await server.control("POST", "faults", {"kind": "events"})
    assert await session.next() == ServerPresence(False)
    await session.close()


PUBSUB = (
    "<iq xmlns='jabber:client' type='set' id='1'>"
    "<pubsub xmlns='http://jabber.org/protocol/pubsub'>{}</pubsub></iq>"
)
GET = "<iq xmlns='jabber:client' type='get' id='1'>{}</iq>"


@pytest.mark.parametrize(
    "stanza",
    [
        GET.format(""),
        PUBSUB.format(""),
        PUBSUB.format("<subscribe node='/x'/>"),
        PUBSUB.format("<publish node='/x'/>"),
        GET.format("<vCard xmlns='vcard-temp'/>"),
        GET.format("<query xmlns='http://jabber.org/protocol/disco#info'/>"),
        "<message xmlns='jabber:client' to='1002@localhost'><body>hello</body></message>",
        "<presence xmlns='jabber:client'><priority>high</priority></presence>",
    ],
)
async def test_session_survives_a_stanza_that_is_not_supported(
    server: SandboxServer, stanza: str
) -> None:
    session = await NotificationSession.open(server.address(), "1001", "callcard")
    await session._stream.send(stanza)
    await session.subscribe(f"{API}/SystemInfo")
    await session.close()


# ---- malformed input: the service keeps serving others


async def _send_tcp(server: SandboxServer, *pieces: bytes) -> bytes:
    """Send raw bytes and return what comes until the server closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.xmpp_ports[0])
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        async with asyncio.timeout(3):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize(
    ("pieces", "condition"),
    [
        ([b"GET / HTTP/1.1\r\n\r\n"], b"not-well-formed"),
        ([b"<!DOCTYPE x [<!ENTITY a 'aaaa'>]>" + HEADER], b"restricted-xml"),
        ([b"<other xmlns='urn:x'>"], b"invalid-namespace"),
        ([HEADER + b"<a>" * 40], b"policy-violation"),
        ([HEADER, b"<message>" + b"x" * 70_000], b"policy-violation"),
        ([HEADER + b"<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>"], b"not-authorized"),
        ([HEADER + b"<!-- hello -->"], b"restricted-xml"),
    ],
)
async def test_malformed_stream_ends_with_a_stream_error(
    server: SandboxServer, pieces: list[bytes], condition: bytes
) -> None:
    response = await _send_tcp(server, *pieces)
    assert condition in response
    async with await XmppSession.open(server, transport="tcp"):
        pass  # the next client is served


async def test_unfinished_stanza_does_not_block_others(server: SandboxServer) -> None:
    _reader, writer = await asyncio.open_connection("127.0.0.1", server.xmpp_ports[0])
    writer.write(HEADER + b"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechan")
    await writer.drain()
    async with await XmppSession.open(server, transport="tcp"):
        pass
    writer.close()


async def test_websocket_without_the_xmpp_subprotocol_is_closed(server: SandboxServer) -> None:
    with pytest.raises(Exception, match=r"403|1002|subprotocol"):
        async with connect(f"ws://localhost:{server.port}/ws", proxy=None) as websocket:
            await websocket.recv()


async def test_binary_websocket_frame_ends_the_stream(server: SandboxServer) -> None:
    address = f"ws://localhost:{server.port}/ws"
    async with connect(address, subprotocols=[Subprotocol("xmpp")], proxy=None) as websocket:
        await websocket.send(b"<open/>")
        async with asyncio.timeout(3):
            assert "<close" in str(await websocket.recv())


def test_stanza_limit_counts_bytes() -> None:
    with pytest.raises(StreamError, match="policy-violation"):
        parse_stanza(f"<a>{'字' * (STANZA_LIMIT_BYTES // 2)}</a>")


PIECES = st.binary(max_size=80) | st.sampled_from(
    [HEADER, b"<presence/>", b"</stream:stream>", b"<iq id='"]
)
FRAMES = st.text(max_size=200) | st.sampled_from(
    ["<a>" * 500, "<!DOCTYPE a>", "<?pi?><a/>", "<a xmlns='urn:x'/>", "x" * 70_000]
)


@settings(max_examples=60)
@given(st.lists(PIECES, max_size=5))
def test_no_bytes_raise_more_than_a_stream_error(pieces: list[bytes]) -> None:
    reader = StanzaReader()
    with suppress(StreamError):
        for piece in pieces:
            reader.feed(piece)


@settings(max_examples=60)
@given(FRAMES)
def test_no_frame_raises_more_than_a_stream_error(frame: str) -> None:
    with suppress(StreamError):
        assert parse_stanza(frame) is not None
