"""XMPP streams to Finesse's notification service: opened, authenticated and bound, over WebSocket or (`tcp`) over TCP.

WebSocket (RFC 7395) at `/ws` is what 12.6 and later prefer; it is small, so it is ours, on the library `websockets`. TCP on 5223
(TLS from the first byte) is slixmpp's. Both authenticate with PLAIN, because Finesse knows nothing else; neither resumes a stream.
What a peer sends is hostile until parsed: stanzas are bounded, document types end the stream, silence is noticed.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import logging
import re
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal, Protocol
from xml.sax.saxutils import escape, quoteattr

import websockets
from lxml import etree
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_websocket

STANZA_LIMIT = 1024 * 1024
"""Bytes of one stanza. A conference of ten with all its variables is about 20 kB."""
OPENING = 10.0
"""Seconds for connecting, authenticating and binding together."""
ASKING = 10.0
"""Seconds for the answer to an iq, as Finesse's own desktop waits."""

CLIENT = "jabber:client"
_STREAM = "http://etherx.jabber.org/streams"
_FRAMING = "urn:ietf:params:xml:ns:xmpp-framing"
_SASL = "urn:ietf:params:xml:ns:xmpp-sasl"
_BIND = "urn:ietf:params:xml:ns:xmpp-bind"
_SESSION = "urn:ietf:params:xml:ns:xmpp-session"
_STREAMS = "urn:ietf:params:xml:ns:xmpp-streams"
_parser = etree.XMLParser(
    encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
)

# At DEBUG the library writes every frame, the one with the password too.
logging.getLogger("websockets").setLevel(logging.INFO)

Reason = Literal[
    "unreachable", "lost", "conflict", "not-authorized", "service-unavailable", "garbled"
]


class StreamLost(Exception):
    """The stream ended, or never began. The reason decides what to do about it:

    unreachable           no connection, or no answer while opening one
    lost                  the connection broke, or the peer fell silent or was shut down
    conflict              somebody else took the resource: do not come back
    not-authorized        the password or token is not accepted: do not try again
    service-unavailable   up, but not for us now: try later, or elsewhere
    garbled               not XMPP, or XMPP that no server sends
    """

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason: Reason = reason


class Refused(Exception):
    """An iq was answered with an error; `condition` is RFC 6120's word."""

    def __init__(self, condition: str) -> None:
        super().__init__(condition)
        self.condition = condition


@dataclass(frozen=True, slots=True)
class Address:
    """Where a node's notification service listens."""

    host: str
    port: int
    domain: str
    """From SystemInfo: each node has its own."""
    carrier: Literal["websocket", "tcp"] = "websocket"
    tls: ssl.SSLContext | None = None
    """One for the process: loading the authorities anew costs 45 ms and 900 kB a connection. None is for a stand-in only."""
    path: str = "/ws"

    @property
    def pubsub(self) -> str:
        return f"pubsub.{self.domain}"


class Stream(Protocol):
    """An open stream. `received` hears every message and presence, `lost` hears once that it is over."""

    jid: str
    received: Callable[[etree._Element], None]
    lost: Callable[[StreamLost], None]

    async def ask(self, kind: Literal["get", "set"], to: str, payload: str) -> etree._Element:
        """The answer to an iq. Raises Refused, or StreamLost if there is none in time."""
        ...

    async def send(self, stanza: str) -> None: ...

    async def close(self) -> None: ...


async def open_stream(address: Address, user: str, password: str, resource: str) -> Stream:
    """A stream bound to `user` with `resource`. `password` may be a single sign-on token. Raises StreamLost."""
    opening = _open_websocket
    if address.carrier == "tcp":
        from callcard.finesse.xmpp_tcp import (
            open_tcp as opening,  # slixmpp takes a tenth of a second to load
        )
    try:
        async with asyncio.timeout(OPENING):
            return await opening(address, user, password, resource)
    except TimeoutError as error:
        raise StreamLost("unreachable", "no answer in time") from error


# ---- WebSocket


async def _open_websocket(address: Address, user: str, password: str, resource: str) -> Stream:
    scheme = "wss" if address.tls else "ws"
    url = f"{scheme}://{address.host}:{address.port}{address.path}"
    try:
        socket = await _Connect(
            url,
            subprotocols=[websockets.Subprotocol("xmpp")],
            ssl=address.tls,
            max_size=STANZA_LIMIT,
            max_queue=64,
            compression=None,  # a small frame must not unfold into a large one
            ping_interval=None,  # XMPP's own ping shows that the server behind the proxy lives
            open_timeout=None,
            close_timeout=2,
            proxy=None,
        )
    except websockets.InvalidStatus as error:
        reason: Reason = (
            "service-unavailable" if error.response.status_code == 503 else "unreachable"
        )
        raise StreamLost(reason, f"HTTP {error.response.status_code}") from error
    except (OSError, websockets.InvalidHandshake, websockets.InvalidURI, EOFError) as error:
        raise StreamLost("unreachable", type(error).__name__) from error
    stream = _WebSocketStream(socket, address)
    try:
        await stream.begin(user, password, resource)
    except BaseException:
        await stream.abandon()
        raise
    return stream


class _Connect(open_websocket):
    """Redirects are not followed: the password would go wherever they point."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


class _WebSocketStream:
    def __init__(self, socket: ClientConnection, address: Address) -> None:
        self._socket, self._address = socket, address
        self.jid = ""
        self.received: Callable[[etree._Element], None] = lambda stanza: None
        self.lost: Callable[[StreamLost], None] = lambda lost: None
        self._asked: dict[str, asyncio.Future[etree._Element]] = {}
        self._ids = itertools.count(1)
        self._reading: asyncio.Task[None] | None = None
        self._over: StreamLost | None = None

    async def begin(self, user: str, password: str, resource: str) -> None:
        await self._open()
        secret = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
        await self.send(f"<auth xmlns='{_SASL}' mechanism='PLAIN'>{secret}</auth>")
        answer = await self._next()
        if answer.tag != f"{{{_SASL}}}success":
            condition = etree.QName(answer[0]).localname if len(answer) else "failure"
            temporary = condition in ("temporary-auth-failure", "system-shutdown")
            raise StreamLost("service-unavailable" if temporary else "not-authorized", condition)
        features = await self._open()
        self._reading = asyncio.create_task(self._read())
        try:
            bound = await self.ask(
                "set", "", f"<bind xmlns='{_BIND}'><resource>{escape(resource)}</resource></bind>"
            )
            self.jid = bound.findtext(f"{{{_BIND}}}bind/{{{_BIND}}}jid", "")
            session = features.find(f"{{{_SESSION}}}session")
            if session is not None and session.find(f"{{{_SESSION}}}optional") is None:
                await self.ask("set", "", f"<session xmlns='{_SESSION}'/>")
        except Refused as error:
            raise StreamLost(
                "conflict" if error.condition == "conflict" else "service-unavailable",
                error.condition,
            ) from error
        if not self.jid:
            raise StreamLost("garbled", "bound to nothing")

    async def _open(self) -> etree._Element:
        """A new stream on this connection; answers its features."""
        await self.send(
            f"<open xmlns='{_FRAMING}' to={quoteattr(self._address.domain)} version='1.0'/>"
        )
        opened = await self._next()
        if opened.tag != f"{{{_FRAMING}}}open":
            raise StreamLost("garbled", "the stream was not opened")
        features = await self._next()
        if features.tag != f"{{{_STREAM}}}features":
            raise StreamLost("garbled", "no stream features")
        return features

    async def ask(self, kind: Literal["get", "set"], to: str, payload: str) -> etree._Element:
        id = f"c{next(self._ids)}"
        answer: asyncio.Future[etree._Element] = asyncio.get_running_loop().create_future()
        self._asked[id] = answer
        try:
            addressed = f" to={quoteattr(to)}" if to else ""
            await self.send(
                f"<iq xmlns='{CLIENT}' type='{kind}' id='{id}'{addressed}>{payload}</iq>"
            )
            async with asyncio.timeout(ASKING):
                iq = await answer
        except TimeoutError as error:
            raise StreamLost("lost", "an iq was not answered") from error
        finally:
            self._asked.pop(id, None)
        if iq.get("type") != "result":
            raise Refused(_condition(iq))
        return iq

    async def send(self, stanza: str) -> None:
        if self._over:
            raise self._over
        try:
            await self._socket.send(stanza)
        except (websockets.ConnectionClosed, OSError) as error:
            raise StreamLost("lost", type(error).__name__) from error

    async def close(self) -> None:
        """Say good-bye and go. `lost` is not called for it."""
        self.lost = lambda lost: None
        with suppress(StreamLost):
            await self.send(f"<close xmlns='{_FRAMING}'/>")
        await self.abandon()

    async def abandon(self) -> None:
        if self._reading is not None and self._reading is not asyncio.current_task():
            self._reading.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await self._reading
        with suppress(Exception):
            async with asyncio.timeout(2):
                await self._socket.close()

    async def _next(self) -> etree._Element:
        """The next stanza, or StreamLost."""
        try:
            frame = await self._socket.recv()
        except websockets.ConnectionClosed as error:
            sent = error.sent or error.rcvd
            too_big = sent is not None and sent.code == 1009
            raise StreamLost(
                "garbled" if too_big else "lost", f"closed with {sent.code if sent else 'no word'}"
            ) from error
        stanza = _parse(frame)
        if stanza.tag == f"{{{_STREAM}}}error":
            raise _stream_error(stanza)
        if stanza.tag == f"{{{_FRAMING}}}close":
            raise StreamLost("lost", "the server closed the stream")
        return stanza

    async def _read(self) -> None:
        try:
            while True:
                stanza = await self._next()
                if stanza.tag == f"{{{CLIENT}}}iq":
                    await self._iq(stanza)
                else:
                    self.received(stanza)
        except StreamLost as lost:
            self._end(lost)

    async def _iq(self, iq: etree._Element) -> None:
        asked = self._asked.get(iq.get("id", ""))
        if iq.get("type") in ("result", "error"):
            if asked and not asked.done():
                asked.set_result(iq)
            return
        ping = len(iq) == 1 and iq[0].tag == "{urn:xmpp:ping}ping"
        told = f" to={quoteattr(iq.get('from', ''))}" if iq.get("from") else ""
        head = f"<iq xmlns='{CLIENT}' id={quoteattr(iq.get('id', ''))}{told}"
        unknown = "<error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
        await self.send(
            f"{head} type='result'/>" if ping else f"{head} type='error'>{unknown}</iq>"
        )

    def _end(self, lost: StreamLost) -> None:
        self._over = lost
        for answer in self._asked.values():
            if not answer.done():
                answer.set_exception(lost)
                answer.exception()  # whoever waits gets it; whoever does not any more need not be warned
        self.lost(lost)


def _parse(frame: str | bytes) -> etree._Element:
    text = frame if isinstance(frame, str) else frame.decode("utf-8", "replace")
    if _FORBIDDEN.search(text):
        raise StreamLost("garbled", "a document type, a comment or an instruction")
    try:
        return etree.fromstring(text.encode(), _parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise StreamLost("garbled", "not well-formed") from error


_FORBIDDEN = re.compile(r"<!(?!\[CDATA\[)|<\?(?!xml\s)")


def _stream_error(error: etree._Element) -> StreamLost:
    names = [
        etree.QName(child).localname for child in error if etree.QName(child).namespace == _STREAMS
    ]
    return lost_by(next((name for name in names if name != "text"), "undefined-condition"))


def lost_by(condition: str) -> StreamLost:
    match condition:
        case "conflict":
            return StreamLost("conflict", condition)
        case "not-authorized":
            return StreamLost("not-authorized", condition)
        case "service-unavailable" | "remote-server-timeout" | "resource-constraint":
            return StreamLost("service-unavailable", condition)
        case _:
            return StreamLost("lost", condition)


def _condition(iq: etree._Element) -> str:
    error = iq.find(f"{{{CLIENT}}}error")
    names = [etree.QName(child).localname for child in error] if error is not None else []
    return next((name for name in names if name != "text"), "undefined-condition")
