"""XMPP over WebSocket (RFC 7395): Finesse's `/ws`, preferred from 12.6 on.

Written here because the protocol is small and no maintained library has it. Finesse accepts only
SASL PLAIN and does not resume streams.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Literal
from xml.sax.saxutils import escape, quoteattr

import websockets
from lxml import etree
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_websocket

from callcard.finesse import codec
from callcard.finesse.xmpp_base import (
    CLIENT,
    IQ_TIMEOUT_SECONDS,
    MAX_STANZA_BYTES,
    STREAM,
    Address,
    StanzaError,
    Stream,
    StreamLost,
    authentication_failed,
    parse_stanza,
    stanza_error,
    stream_error,
)

_FRAMING = "urn:ietf:params:xml:ns:xmpp-framing"
_SASL = "urn:ietf:params:xml:ns:xmpp-sasl"
_BIND = "urn:ietf:params:xml:ns:xmpp-bind"
_SESSION = "urn:ietf:params:xml:ns:xmpp-session"
_STANZA_ERRORS = "urn:ietf:params:xml:ns:xmpp-stanzas"
_PING = "{urn:xmpp:ping}ping"
_CLOSE_TIMEOUT_SECONDS = 2
_MESSAGE_TOO_BIG = 1009
"""The WebSocket close code after a frame larger than MAX_STANZA_BYTES."""

# At DEBUG the library logs every frame, including the one with the password.
logging.getLogger("websockets").setLevel(logging.INFO)


async def open_websocket_stream(
    address: Address, user: str, password: str, resource: str
) -> Stream:
    """Open, authenticate and bind a stream. Raises StreamLost."""
    scheme = "wss" if address.tls else "ws"
    try:
        socket = await _Connect(
            f"{scheme}://{address.host}:{address.port}{address.path}",
            subprotocols=[websockets.Subprotocol("xmpp")],
            ssl=address.tls,
            max_size=MAX_STANZA_BYTES,
            max_queue=64,
            compression=None,  # a small frame must not inflate into a large one
            ping_interval=None,  # XMPP pings also reach the server behind a proxy
            open_timeout=None,
            close_timeout=_CLOSE_TIMEOUT_SECONDS,
            proxy=None,
        )
    except websockets.InvalidStatus as error:
        status = error.response.status_code
        raise StreamLost(
            "service-unavailable" if status == 503 else "unreachable", f"HTTP {status}"
        ) from error
    except (OSError, websockets.InvalidHandshake, websockets.InvalidURI, EOFError) as error:
        raise StreamLost("unreachable", type(error).__name__) from error
    stream = _WebSocketStream(socket, address)
    try:
        await stream.negotiate(user, password, resource)
    except BaseException:
        await stream.disconnect()
        raise
    return stream


class _Connect(open_websocket):
    """Connects without following redirects, which would send the password to another server."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


class _WebSocketStream:
    def __init__(self, socket: ClientConnection, address: Address) -> None:
        self.jid = ""
        self.on_stanza: Callable[[etree._Element], None] = lambda stanza: None
        self.on_lost: Callable[[StreamLost], None] = lambda lost: None
        self._socket = socket
        self._domain = address.domain
        self._pending: dict[str, asyncio.Future[etree._Element]] = {}
        self._ids = itertools.count(1)
        self._reader: asyncio.Task[None] | None = None
        self._lost: StreamLost | None = None

    async def negotiate(self, user: str, password: str, resource: str) -> None:
        """Authenticate and bind the resource. Raises StreamLost."""
        await self._open_stream()
        await self._authenticate(user, password)
        features = await self._open_stream()
        self._reader = asyncio.create_task(self._read())
        try:
            await self._bind(resource)
            if _requires_session(features):
                await self.request("set", "", f"<session xmlns='{_SESSION}'/>")
        except StanzaError as error:
            reason = error.condition
            raise StreamLost(
                "conflict" if reason == "conflict" else "service-unavailable", reason
            ) from error

    async def _open_stream(self) -> etree._Element:
        """Open a new XMPP stream on this connection and return its features."""
        domain = quoteattr(self._domain)
        await self.send(f"<open xmlns='{_FRAMING}' to={domain} version='1.0'/>")
        opened = await self._next_stanza()
        if opened.tag != f"{{{_FRAMING}}}open":
            raise StreamLost("invalid", "the stream was not opened")
        features = await self._next_stanza()
        if features.tag != f"{{{STREAM}}}features":
            raise StreamLost("invalid", "no stream features")
        return features

    async def _authenticate(self, user: str, password: str) -> None:
        secret = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
        await self.send(f"<auth xmlns='{_SASL}' mechanism='PLAIN'>{secret}</auth>")
        response = await self._next_stanza()
        if response.tag != f"{{{_SASL}}}success":
            condition = etree.QName(response[0]).localname if len(response) else "failure"
            raise authentication_failed(condition)

    async def _bind(self, resource: str) -> None:
        bind = f"<bind xmlns='{_BIND}'><resource>{escape(resource)}</resource></bind>"
        response = await self.request("set", "", bind)
        self.jid = response.findtext(f"{{{_BIND}}}bind/{{{_BIND}}}jid", "")
        if not self.jid:
            raise StreamLost("invalid", "the server bound no address")

    async def request(self, kind: Literal["get", "set"], to: str, payload: str) -> etree._Element:
        id = f"c{next(self._ids)}"
        response: asyncio.Future[etree._Element] = asyncio.get_running_loop().create_future()
        self._pending[id] = response
        recipient = f" to={quoteattr(to)}" if to else ""
        try:
            await self.send(
                f"<iq xmlns='{CLIENT}' type='{kind}' id='{id}'{recipient}>{payload}</iq>"
            )
            async with asyncio.timeout(IQ_TIMEOUT_SECONDS):
                iq = await response
        except TimeoutError as error:
            raise StreamLost("lost", "no response to an iq") from error
        finally:
            self._pending.pop(id, None)
        if iq.get("type") != "result":
            raise stanza_error(iq)
        return iq

    async def send(self, stanza: str) -> None:
        if self._lost:
            raise self._lost
        try:
            await self._socket.send(stanza)
        except (websockets.ConnectionClosed, OSError) as error:
            raise StreamLost("lost", type(error).__name__) from error

    async def close(self) -> None:
        """Close the stream and the connection, without a call of `on_lost`."""
        self.on_lost = lambda lost: None
        with suppress(StreamLost):
            await self.send(f"<close xmlns='{_FRAMING}'/>")
        await self.disconnect()

    async def disconnect(self) -> None:
        """Close the connection without closing the XMPP stream."""
        if self._reader is not None and self._reader is not asyncio.current_task():
            self._reader.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await self._reader
        with suppress(Exception):
            async with asyncio.timeout(_CLOSE_TIMEOUT_SECONDS):
                await self._socket.close()

    async def _next_stanza(self) -> etree._Element:
        """Return the next stanza. Raises StreamLost."""
        try:
            frame = await self._socket.recv()
        except websockets.ConnectionClosed as error:
            close = error.sent or error.rcvd
            code = close.code if close is not None else None
            raise StreamLost(
                "invalid" if code == _MESSAGE_TOO_BIG else "lost",
                f"closed with {code or 'no code'}",
            ) from error
        stanza = parse_stanza(frame)
        if stanza.tag == f"{{{STREAM}}}error":
            raise stream_error(stanza)
        if stanza.tag == f"{{{_FRAMING}}}close":
            raise StreamLost("lost", "the server closed the stream")
        return stanza

    async def _read(self) -> None:
        try:
            while True:
                stanza = await self._next_stanza()
                if codec.name(stanza) == "iq":
                    await self._handle_iq(stanza)
                else:
                    self.on_stanza(stanza)
        except StreamLost as lost:
            self._end(lost)

    async def _handle_iq(self, iq: etree._Element) -> None:
        """Resolve a response, or respond to a request of the server: a ping, else an error."""
        if iq.get("type") in ("result", "error"):
            response = self._pending.get(iq.get("id", ""))
            if response and not response.done():
                response.set_result(iq)
            return
        id = quoteattr(iq.get("id", ""))
        sender = iq.get("from")
        recipient = f" to={quoteattr(sender)}" if sender else ""
        head = f"<iq xmlns='{CLIENT}' id={id}{recipient}"
        if len(iq) == 1 and iq[0].tag == _PING:
            await self.send(f"{head} type='result'/>")
        else:
            condition = f"<service-unavailable xmlns='{_STANZA_ERRORS}'/>"
            await self.send(f"{head} type='error'><error type='cancel'>{condition}</error></iq>")

    def _end(self, lost: StreamLost) -> None:
        self._lost = lost
        for response in self._pending.values():
            if not response.done():
                response.set_exception(lost)
                response.exception()  # marks it as retrieved: asyncio must not warn if nobody waits
        self.on_lost(lost)


def _requires_session(features: etree._Element) -> bool:
    """Return whether the server wants RFC 3921's session, which RFC 6121 dropped."""
    session = features.find(f"{{{_SESSION}}}session")
    return session is not None and session.find(f"{{{_SESSION}}}optional") is None
