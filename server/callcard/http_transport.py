"""HTTP/1.1 connections below httpx, in all clients of the service.

httptools, the parser of the server, reads the responses. A client library below httpx costs more
than all that the service does with a request itself (tests/bench, `relay`).
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections import deque
from collections.abc import AsyncIterator
from functools import lru_cache

import httptools
import httpx

KEEP_ALIVE_SECONDS = 4.0
"""How long an idle connection is reused. Less than servers keep theirs: a request that meets a
connection that is being closed is lost, and must not be sent twice."""
HEAD_LIMIT_BYTES = 65536
"""Of the status line and the headers of a response."""
BUFFER_BYTES = 262144
"""Of a body that nobody has read yet; then the sender waits."""

_TARGET = re.compile(rb"[\x21-\x7e]+")


@lru_cache(maxsize=4)
def tls_context(ca_file: str) -> ssl.SSLContext:
    """Load the system's authorities, or a file's, once: it takes 45 ms and 900 kB."""
    return ssl.create_default_context(cafile=ca_file or None)


@lru_cache(maxsize=1)
def public_tls_context() -> ssl.SSLContext:
    """Load the authorities of public servers once, as httpx has them."""
    return httpx.create_ssl_context()


class HttpTransport(httpx.AsyncBaseTransport):
    """Sends requests over at most `connections` at a time; others wait for one.

    With `socket_path` all go to that Unix socket, without TLS. It knows no proxy, stores no
    cookies, and never sends a request twice. Bodies are sent as a whole. Raises the errors of
    httpx; their messages quote nothing of a response.
    """

    def __init__(
        self, tls: ssl.SSLContext | None, *, connections: int, socket_path: str = ""
    ) -> None:
        self._tls = tls
        self._socket_path = socket_path
        self._free = connections
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._idle: dict[tuple[str, str, int], list[_Connection]] = {}
        self._open: set[_Connection] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        message = _serialise(request)
        timeouts = request.extensions.get("timeout", {})
        await self._begin(timeouts.get("pool"))
        connection: _Connection | None = None
        try:
            connection = await self._connection_to(request.url, timeouts.get("connect"))
            await connection.send(message, request.method == "HEAD", timeouts.get("read"))
        except BaseException:
            self.end(connection)
            raise
        return httpx.Response(
            connection.status,
            headers=connection.headers,
            stream=_Body(self, connection),
            request=request,
            extensions={"http_version": b"HTTP/1.1"},
        )

    async def aclose(self) -> None:
        for connection in tuple(self._open):
            connection.close()

    async def _begin(self, seconds: float | None) -> None:
        """Wait until fewer than the permitted requests are under way."""
        if self._free > 0 and not self._waiting:
            self._free -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(seconds):
                await turn
        except TimeoutError:
            self._give_up(turn)
            raise httpx.PoolTimeout("all connections are in use") from None
        except asyncio.CancelledError:
            self._give_up(turn)
            raise

    def _give_up(self, turn: asyncio.Future[None]) -> None:
        """Leave the queue, or pass on a turn that came at the last moment."""
        if turn.done() and not turn.cancelled():
            self._next()
        elif turn in self._waiting:
            self._waiting.remove(turn)

    def _next(self) -> None:
        """Let the next request begin."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1

    async def _connection_to(self, url: httpx.URL, seconds: float | None) -> _Connection:
        is_secure = url.scheme == "https"
        origin = (url.scheme, url.host, url.port or (443 if is_secure else 80))
        idle = self._idle.setdefault(origin, [])
        while idle:
            connection = idle.pop()
            if connection.reuse():
                return connection
        loop = asyncio.get_running_loop()

        def make() -> _Connection:
            return _Connection(loop, idle, self._open)

        try:
            async with asyncio.timeout(seconds):
                if self._socket_path:
                    _, connection = await loop.create_unix_connection(make, self._socket_path)
                else:
                    tls = self._tls if is_secure else None
                    _, connection = await loop.create_connection(make, *origin[1:], ssl=tls)
        except TimeoutError:
            raise httpx.ConnectTimeout("no connection in time") from None
        except (OSError, UnicodeError) as error:
            raise httpx.ConnectError(f"no connection ({type(error).__name__})") from error
        return connection

    def end(self, connection: _Connection | None) -> None:
        """End a request; its connection is kept if the response was read to its end."""
        if connection is not None:
            connection.finish()
        self._next()


class _Body(httpx.AsyncByteStream):
    """The body of a response. Closing it ends the exchange."""

    def __init__(self, transport: HttpTransport, connection: _Connection) -> None:
        self._transport = transport
        self._connection: _Connection | None = connection

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while self._connection is not None and (data := await self._connection.read()):
            yield data

    async def aclose(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            self._transport.end(connection)


class _Connection(asyncio.Protocol):
    """One connection to a server: one request and its response after the other.

    After an exchange it puts itself into `idle`, if the server can take another request.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        idle: list[_Connection],
        open_connections: set[_Connection],
    ) -> None:
        self._loop = loop
        self._idle = idle
        self._open = open_connections
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport
        self._timer: asyncio.TimerHandle | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._is_lost = False
        self._begin_exchange(is_head=False)
        self._is_complete = True

    def _begin_exchange(self, *, is_head: bool) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self._is_head = is_head
        self._has_head = False
        self._head_bytes = 0
        self._chunks: list[bytes] = []
        self._buffered = 0
        self._is_complete = False
        self._is_reusable = True
        self._error: httpx.TransportError | None = None

    # ---- for the transport

    async def send(self, message: bytes, is_head: bool, read_seconds: float | None) -> None:
        """Send a request, and wait for the head of its response.

        No part of the response may be later than the one before by more than `read_seconds`.
        """
        self._begin_exchange(is_head=is_head)
        self._read_seconds = read_seconds
        if self._is_lost:
            raise httpx.ReadError("the connection broke")
        self._transport.write(message)
        while not self._has_head:
            await self._wait()

    async def read(self) -> bytes:
        """Return the next part of the body, empty at its end."""
        while not self._chunks:
            if self._is_complete:
                return b""
            await self._wait()
        data = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks.clear()
        if self._buffered > BUFFER_BYTES and not self._is_lost:
            self._transport.resume_reading()
        self._buffered = 0
        return data

    def finish(self) -> None:
        """End an exchange: wait for another one, or close."""
        is_sent = not self._is_lost and self._transport.get_write_buffer_size() == 0
        if not (is_sent and self._is_complete and self._is_reusable and not self._chunks):
            self.close()
            return
        self._timer = self._loop.call_later(KEEP_ALIVE_SECONDS, self.close)
        self._idle.append(self)

    def reuse(self) -> bool:
        """Return whether an idle connection can take a request."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        return not (self._is_lost or self._transport.is_closing())

    def close(self) -> None:
        self._transport.abort()

    async def _wait(self) -> None:
        """Wait until something arrives. Raises what ended the exchange."""
        if self._error is not None:
            raise self._error
        self._waiter = self._loop.create_future()
        timer = None
        if self._read_seconds is not None:
            timer = self._loop.call_later(
                self._read_seconds, self._fail, httpx.ReadTimeout("no response in time")
            )
        try:
            await self._waiter
        finally:
            self._waiter = None
            if timer is not None:
                timer.cancel()
        if self._error is not None:
            raise self._error

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _fail(self, error: httpx.TransportError) -> None:
        if self._error is None and not self._is_complete:
            self._error = error
        self._is_reusable = False
        self._wake()

    # ---- what arrives

    def connection_made(
        self,
        transport: asyncio.Transport,  # type: ignore[override]  # of a TCP connection
    ) -> None:
        self._transport = transport
        self._open.add(self)

    def data_received(self, data: bytes) -> None:
        if self._is_complete:  # nothing was asked
            self.close()
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._fail(httpx.RemoteProtocolError("the response is not HTTP"))
            return
        if not self._has_head:
            self._count_head(len(data))
        elif self._buffered > BUFFER_BYTES:
            self._transport.pause_reading()
        if self._has_head:
            self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_lost = True
        self._open.discard(self)
        if self._timer is not None:
            self._timer.cancel()
        if self in self._idle:
            self._idle.remove(self)
        if exc is None and self._has_head and self._ends_with_connection():
            self._is_complete = True
        self._fail(httpx.ReadError("the connection broke"))

    def _ends_with_connection(self) -> bool:
        fields = {name.lower(): value.lower() for name, value in self.headers}
        is_chunked = b"chunked" in fields.get(b"transfer-encoding", b"")
        return not is_chunked and b"content-length" not in fields

    def _count_head(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > HEAD_LIMIT_BYTES:
            self._fail(httpx.RemoteProtocolError("the head of the response is too large"))

    # ---- callbacks of the parser

    def on_message_begin(self) -> None:
        if self._is_complete:  # a second response
            self._is_reusable = False

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._has_head:
            self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < 200:  # a preliminary response; 101 was not asked for and ends the parsing
            self.headers = []
            return
        if self._is_complete:
            return
        if sum(len(name) + len(value) for name, value in self.headers) > HEAD_LIMIT_BYTES:
            self._fail(httpx.RemoteProtocolError("the head of the response is too large"))
            return
        self.status = status
        self._has_head = True
        if self._is_head:  # the parser would wait for the body that the headers describe
            self._is_complete = True
            self._is_reusable = False

    def on_body(self, data: bytes) -> None:
        if not self._is_complete:
            self._chunks.append(data)
            self._buffered += len(data)

    def on_message_complete(self) -> None:
        if self._has_head and not self._is_complete:
            self._is_complete = True
            self._is_reusable = self._parser.should_keep_alive()


def _serialise(request: httpx.Request) -> bytes:
    """Return a request as it is sent. Raises LocalProtocolError if a part of it can't be."""
    try:
        body = request.content
    except httpx.RequestNotRead:
        raise httpx.LocalProtocolError("a body must be bytes, not a stream") from None
    fields = request.headers.raw
    target = request.extensions.get("target") or request.url.raw_path
    if not _TARGET.fullmatch(target):
        raise httpx.LocalProtocolError("the address has characters that need encoding")
    lines = [b"%b %b HTTP/1.1" % (request.method.encode(), target)]
    lines += [b"%b: %b" % field for field in fields]
    head = b"\r\n".join(lines)
    breaks = len(fields)
    if head.count(b"\r") != breaks or head.count(b"\n") != breaks or b"\0" in head:
        raise httpx.LocalProtocolError("a header must not contain line breaks")
    return b"%b\r\n\r\n%b" % (head, body)
