"""The HTTP server's protocol with a bound on what comes before a request is one: bytes of the head, and seconds for it.

uvicorn's httptools parser, the fast one, has neither: a client could send headers until memory ends.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_LIMIT = 65536
"""Bytes of request line and headers together; a Bearer token has about 1,500."""
HEAD_SECONDS = 10.0

_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Type: application/problem+json\r\nCache-Control: no-store\r\n"
    b"Connection: close\r\n\r\n"
    b'{"type":"about:blank","title":"A header is too large","status":431,"code":"header-too-large"}'
)
_UNREADABLE = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/problem+json\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"
    b'{"type":"about:blank","title":"The request can\'t be read","status":400,"code":"malformed-request"}'
)


class BoundedHttp(HttpToolsProtocol):
    _head = 0
    _heads = 0
    """Heads that were read whole."""
    _in_head = True
    _watch: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn narrows it the same way
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._unwatch()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        heads, began_in_head = self._heads, self._in_head
        super().data_received(data)
        # Only what belongs to a head that is not whole yet: the rest is, or ends, a body.
        if began_in_head and self._in_head and heads == self._heads:
            self._head += len(data)
            if self._head > HEAD_LIMIT:
                self._refuse_head()

    def _refuse_head(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(_TOO_LARGE)
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        self.transport.write(_UNREADABLE)
        self.transport.close()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._await_head()

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._heads += 1
        self._unwatch()
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > HEAD_LIMIT:
            return self._refuse_head()
        return super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_head, self._head = True, 0
        super().on_message_complete()

    def _await_head(self) -> None:
        self._in_head, self._head = True, 0
        self._unwatch()
        self._watch = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _unwatch(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
