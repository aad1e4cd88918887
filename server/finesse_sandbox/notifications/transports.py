"""What carries XMPP to the stand-in: WebSocket (RFC 7395) on `/ws`, BOSH (XEP-0124, 0206) on `/http-bind`, TCP with TLS or without.

Each reads whole stanzas, within bounds: a document type, a stanza of a megabyte or nesting without end closes the connection with
RFC 6120's word for it, and so does silence for longer than a client may be silent.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import secrets
import ssl
from collections import deque
from contextlib import suppress
from xml.parsers import expat

from lxml import etree
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from finesse_sandbox.accounts import Accounts
from finesse_sandbox.notifications.events import Outlet
from finesse_sandbox.notifications.xmpp import CLIENT, STREAM, Stream, StreamFault

FRAMING = "urn:ietf:params:xml:ns:xmpp-framing"
BOSH = "http://jabber.org/protocol/httpbind"
XBOSH = "urn:xmpp:xbosh"
STANZA_LIMIT = 64 * 1024
DEPTH_LIMIT = 32
IDLE = 60.0
"""Seconds without a word from a client, three times the documented interval of its pings, after which it counts as gone."""
WAITING = 1024
"""Texts that wait for a client that does not read; then it is gone."""
CONNECTIONS = 4000
"""At once, on TCP; twice the users of a Finesse pair."""

_parser = etree.XMLParser(
    encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
)


def parse(text: str) -> etree._Element:
    """One whole document. Raises StreamFault."""
    if len(text) > STANZA_LIMIT:
        raise StreamFault("policy-violation")
    if re.search(r"<!(?!\[CDATA\[)|<\?(?!xml\s)", text):
        raise StreamFault("restricted-xml")
    try:
        return etree.fromstring(text.encode(), _parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise StreamFault("not-well-formed") from error


class _Outbox:
    """A carrier that keeps what is to be written until somebody takes it; `last` goes out at the end."""

    def __init__(self, last: str = "") -> None:
        self._last = last
        self._texts: deque[str] = deque()
        self._wake = asyncio.Event()
        self.ended = False

    def write(self, text: str) -> None:
        if not self.ended:
            self._texts.append(text)
            if len(self._texts) > WAITING:
                self.ended = True
        self._wake.set()

    def end(self) -> None:
        if not self.ended and self._last:
            self._texts.append(self._last)
        self.ended = True
        self._wake.set()

    async def take(self, seconds: float | None = None) -> str | None:
        """Everything that waits, as soon as something does; "" when nothing came in time, None at the end."""
        if not self._texts and not self.ended:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._wake.wait()
        self._wake.clear()
        taken = "".join(self._texts)
        self._texts.clear()
        return taken or (None if self.ended else "")

    async def take_one(self) -> str | None:
        while not self._texts and not self.ended:
            await self._wake.wait()
            self._wake.clear()
        return self._texts.popleft() if self._texts else None


# ---- WebSocket


async def websocket(socket: WebSocket, accounts: Accounts, outlet: Outlet) -> None:
    """One RFC 7395 connection: every frame is a document of its own."""
    if "xmpp" not in socket.scope.get("subprotocols", []) or outlet.down:
        await socket.close(1002 if not outlet.down else 1013)
        return
    await socket.accept("xmpp")
    outbox = _Outbox(f"<close xmlns='{FRAMING}'/>")
    stream = Stream(accounts, outlet, outbox)
    writing = asyncio.create_task(_write_frames(socket, outbox))
    try:
        while not outbox.ended:
            async with asyncio.timeout(IDLE):
                text = await socket.receive_text()
            if not text.strip():
                continue
            root = parse(text)
            match root.tag:
                case tag if tag == f"{{{FRAMING}}}open":
                    outbox.write(
                        f"<open xmlns='{FRAMING}' from='{stream.domain}' id='{stream.id}' version='1.0' xml:lang='en'/>"
                    )
                    outbox.write(stream.features())
                case tag if tag == f"{{{FRAMING}}}close":
                    break
                case _:
                    stream.handle(root)
    except StreamFault as fault:
        stream.fail(fault.condition)
    except TimeoutError:
        stream.fail("connection-timeout")
    except (WebSocketDisconnect, KeyError, RuntimeError):
        pass  # gone, or a binary frame
    finally:
        stream.close()
        outbox.end()
        with suppress(Exception):
            async with asyncio.timeout(5):
                await writing


async def _write_frames(socket: WebSocket, outbox: _Outbox) -> None:
    while (text := await outbox.take_one()) is not None:
        await socket.send_text(text)
    await socket.close()


# ---- BOSH


class _BoshSession:
    def __init__(self, accounts: Accounts, outlet: Outlet, rid: int, wait: float) -> None:
        self.id = secrets.token_hex(16)
        self.outbox = _Outbox()
        self.stream = Stream(accounts, outlet, self.outbox)
        self.rid, self.wait = rid, wait
        self.answers: dict[int, str] = {}
        self.turn = asyncio.Lock()
        self.holding: asyncio.Event | None = None
        self.going: asyncio.TimerHandle | None = None


class Bosh:
    """`/http-bind` of one node. One request is held; a second one lets the first go."""

    def __init__(self, accounts: Accounts, outlet: Outlet) -> None:
        self._accounts, self._outlet = accounts, outlet
        self._sessions: dict[str, _BoshSession] = {}

    async def answer(self, request: Request) -> Response:
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > 2 * STANZA_LIMIT:
                return _terminate("policy-violation")
        try:
            root = parse(body.decode("utf-8", "replace"))
            rid = int(root.get("rid", "")[:16])
            wait = min(max(float(root.get("wait") or 30), 1.0), 60.0)
            if wait != wait:  # nan
                raise ValueError("wait")
        except (StreamFault, ValueError):
            return _terminate("bad-request")
        if root.tag != f"{{{BOSH}}}body":
            return _terminate("bad-request")
        sid = root.get("sid")
        if sid is None:
            return self._begin(rid, wait)
        session = self._sessions.get(sid)
        if session is None:
            return _terminate("item-not-found")
        if (
            kept := session.answers.get(rid)
        ) is not None:  # asked again because the answer got lost
            return _body(kept)
        if not session.rid < rid <= session.rid + 2:
            return _terminate("item-not-found")
        self._seen(session)
        if session.holding:
            session.holding.set()
        session.holding = asyncio.Event()
        return await self._exchange(session, root, rid, session.holding)

    def _begin(self, rid: int, wait: float) -> Response:
        if self._outlet.down or len(self._sessions) >= CONNECTIONS:
            return _terminate("system-shutdown")
        session = _BoshSession(self._accounts, self._outlet, rid, wait)
        self._sessions[session.id] = session
        self._seen(session)
        told = (
            f"<body xmlns='{BOSH}' xmlns:stream='{STREAM}' xmlns:xmpp='{XBOSH}' sid='{session.id}' wait='{int(wait)}' hold='1'"
            f" requests='2' inactivity='60' polling='2' ver='1.6' from='{self._outlet.domain}' authid='{session.stream.id}'"
            f" xmpp:version='1.0' xmpp:restartlogic='true'>{session.stream.features()}</body>"
        )
        session.answers[rid] = told
        return _body(told)

    async def _exchange(
        self, session: _BoshSession, root: etree._Element, rid: int, released: asyncio.Event
    ) -> Response:
        ending = root.get("type") == "terminate"
        async with session.turn:
            session.rid = rid
            if root.get(f"{{{XBOSH}}}restart") == "true":
                session.outbox.write(session.stream.features())
            try:
                for stanza in root:
                    session.stream.handle(stanza)
            except StreamFault as fault:
                session.stream.fail(fault.condition)
        if ending:
            self._drop(session)
            return _body(f"<body xmlns='{BOSH}' type='terminate'/>")
        taking = asyncio.ensure_future(session.outbox.take(session.wait))
        giving_way = asyncio.ensure_future(released.wait())
        try:
            await asyncio.wait([taking, giving_way], return_when=asyncio.FIRST_COMPLETED)
        finally:
            giving_way.cancel()
            if not taking.done():
                taking.cancel()
        taken = taking.result() if taking.done() and not taking.cancelled() else ""
        ended = taken is None or (session.outbox.ended and not taken)
        kind = " type='terminate'" if ended else ""
        told = f"<body xmlns='{BOSH}' xmlns:stream='{STREAM}'{kind}>{taken or ''}</body>"
        session.answers[rid] = told
        for old in [each for each in session.answers if each < rid - 3]:
            del session.answers[old]
        if ended:
            self._drop(session)
        return _body(told)

    def _seen(self, session: _BoshSession) -> None:
        """Whoever says nothing for longer than a request is held is gone, and so is their presence."""
        if session.going:
            session.going.cancel()
        session.going = asyncio.get_running_loop().call_later(
            session.wait + IDLE, self._drop, session
        )

    def _drop(self, session: _BoshSession) -> None:
        if session.going:
            session.going.cancel()
        self._sessions.pop(session.id, None)
        session.stream.close()


def _body(text: str) -> Response:
    return Response(text, media_type="text/xml", headers={"Cache-Control": "no-store"})


def _terminate(condition: str) -> Response:
    return _body(f"<body xmlns='{BOSH}' type='terminate' condition='{condition}'/>")


# ---- TCP


class _Reader:
    """Bytes of a stream into whole stanzas. expat, because it tells of a document type before it believes it."""

    def __init__(self) -> None:
        self.stanzas: list[etree._Element] = []
        self.opened = False
        self.closed = False
        self._bytes = 0
        self._depth = 0
        self._builder = etree.TreeBuilder()
        self._parser = expat.ParserCreate("UTF-8", "\n")
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.StartDoctypeDeclHandler = self._restricted
        self._parser.CommentHandler = self._restricted
        self._parser.ProcessingInstructionHandler = self._restricted

    def feed(self, data: bytes) -> None:
        """Raises StreamFault."""
        self._bytes += len(data)
        if self._bytes > STANZA_LIMIT:
            raise StreamFault("policy-violation")
        try:
            self._parser.Parse(data, False)
        except (
            expat.ExpatError,
            ValueError,
        ) as error:  # lxml refuses names that expat lets through
            raise StreamFault("not-well-formed") from error
        if self._depth == 1:
            self._bytes = 0

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > DEPTH_LIMIT:
            raise StreamFault("policy-violation")
        if self._depth == 1:
            if _clark(name) != f"{{{STREAM}}}stream":
                raise StreamFault("invalid-namespace")
            self.opened = True
            return
        if self._depth == 2:
            self._builder = etree.TreeBuilder()
        self._builder.start(_clark(name), {_clark(key): value for key, value in attributes.items()})

    def _end(self, name: str) -> None:
        self._depth -= 1
        if self._depth == 0:
            self.closed = True
            return
        self._builder.end(_clark(name))
        if self._depth == 1:
            self.stanzas.append(self._builder.close())

    def _text(self, text: str) -> None:
        if self._depth > 1:
            self._builder.data(text)

    def _restricted(self, *told: object) -> None:
        raise StreamFault("restricted-xml")


def _clark(name: str) -> str:
    namespace, newline, local = name.partition("\n")
    return f"{{{namespace}}}{local}" if newline else name


class Tcp:
    """The two ports of a node: 5222 in the clear and 5223 with TLS from the first byte."""

    def __init__(self, accounts: Accounts, outlet: Outlet) -> None:
        self._accounts, self._outlet = accounts, outlet
        self._open: set[asyncio.Task[None]] = set()
        self._servers: list[asyncio.Server] = []

    async def listen(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> int:
        """Answers the port, which is the system's choice if `port` is 0."""
        server = await asyncio.start_server(
            self._connected, host, port, ssl=tls, limit=STANZA_LIMIT
        )
        self._servers.append(server)
        bound: int = server.sockets[0].getsockname()[1]
        return bound

    async def close(self) -> None:
        for server in self._servers:
            server.close()
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            if len(self._open) <= CONNECTIONS and not self._outlet.down:
                await self._serve(reader, writer)
        except (ConnectionError, ssl.SSLError, asyncio.CancelledError):
            pass
        finally:
            self._open.discard(task)
            writer.close()
            with suppress(Exception):
                await writer.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        outbox = _Outbox("</stream:stream>")
        stream = Stream(self._accounts, self._outlet, outbox)
        writing = asyncio.create_task(_write_bytes(writer, outbox))
        parser = _Reader()
        try:
            while not outbox.ended and not parser.closed:
                async with asyncio.timeout(IDLE):
                    data = await reader.read(16 * 1024)
                if not data:
                    break
                fresh = not parser.opened
                parser.feed(data)
                if fresh and parser.opened:
                    outbox.write(_header(stream) + stream.features())
                stanzas, parser.stanzas = parser.stanzas, []
                for stanza in stanzas:
                    stream.handle(stanza)
                    if etree.QName(stanza).localname == "auth" and stream.authenticated:
                        parser = _Reader()  # the stream begins anew
        except StreamFault as fault:
            if not parser.opened:
                outbox.write(_header(stream))
            stream.fail(fault.condition)
        except TimeoutError:
            stream.fail("connection-timeout")
        finally:
            stream.close()
            outbox.end()
            with suppress(Exception):
                async with asyncio.timeout(5):
                    await writing
            writing.cancel()


_streams = itertools.count(1)


def _header(stream: Stream) -> str:
    return (
        f"<?xml version='1.0'?><stream:stream xmlns='{CLIENT}' xmlns:stream='{STREAM}'"
        f" id='{stream.id}-{next(_streams)}' from='{stream.domain}' version='1.0' xml:lang='en'>"
    )


async def _write_bytes(writer: asyncio.StreamWriter, outbox: _Outbox) -> None:
    while (text := await outbox.take()) is not None:
        if text:
            writer.write(text.encode())
            await writer.drain()
    writer.close()  # whoever reads finds the end
