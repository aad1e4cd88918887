"""uvicorn's fast HTTP protocol with limits on the request head: its size, and the time it may take.

uvicorn's httptools parser has neither: a client could send headers until memory is exhausted.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_LIMIT_BYTES = 65536
"""Of request line and headers together; a Bearer token has about 1,500."""
HEAD_TIMEOUT_SECONDS = 10.0

_HEADERS = (
    b"Content-Type: application/problem+json\r\nCache-Control: no-store\r\n"
    b"Connection: close\r\n\r\n"
)
_HEADER_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n" + _HEADERS + b'{"type":"about:blank",'
    b'"title":"A header is too large","status":431,"code":"header-too-large"}'
)
_MALFORMED = (
    b"HTTP/1.1 400 Bad Request\r\n" + _HEADERS + b'{"type":"about:blank",'
    b'"title":"The request is malformed","status":400,"code":"malformed-request"}'
)


class LimitedHttpProtocol(HttpToolsProtocol):
    _head_bytes = 0
    _complete_heads = 0
    _in_head = True
    _timeout: asyncio.TimerHandle | None = None

    def connection_made(
        self,
        transport: asyncio.Transport,  # type: ignore[override]  # as uvicorn narrows it
    ) -> None:
        super().connection_made(transport)
        self._begin_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel_timeout()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        heads_before = self._complete_heads
        was_in_head = self._in_head
        super().data_received(data)
        # Count only the bytes of a head that is still incomplete; others belong to a body.
        if was_in_head and self._in_head and heads_before == self._complete_heads:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_LIMIT_BYTES:
                self._reject_head()

    def _reject_head(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(_HEADER_TOO_LARGE)
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        self.transport.write(_MALFORMED)
        self.transport.close()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._begin_head()

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._complete_heads += 1
        self._cancel_timeout()
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if size > HEAD_LIMIT_BYTES:
            self._reject_head()
            return
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_head = True
        self._head_bytes = 0
        super().on_message_complete()

    def _begin_head(self) -> None:
        self._in_head = True
        self._head_bytes = 0
        self._cancel_timeout()
        self._timeout = self.loop.call_later(HEAD_TIMEOUT_SECONDS, self.transport.close)

    def _cancel_timeout(self) -> None:
        if self._timeout is not None:
            self._timeout.cancel()
            self._timeout = None
