"""uvicorn's fast HTTP protocol with limits on what one client can make the service hold.

uvicorn bounds neither the head of a request, the time that a request takes to arrive, the requests
that wait behind another on one connection, nor how long a response waits to be read. Anyone who
reaches the port can use these without credentials.
"""

from __future__ import annotations

import asyncio
import http
import logging
import os
from collections import Counter

import msgspec
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from callcard.api.endpoint import NO_STORE
from callcard.api.middleware import SECURITY_HEADERS
from callcard.errors import (
    CallcardError,
    HeaderTooLarge,
    MalformedRequest,
    SettingsError,
    TooManyConnections,
)
from callcard.settings_sections import ApiSettings

HEAD_LIMIT_BYTES = 65536
"""Of request line and headers together; a Bearer token has about 1,500."""
MESSAGE_LIMIT_BYTES = 2 * 1024 * 1024
"""Of a whole request, with a body that is read and discarded."""
HEAD_TIMEOUT_SECONDS = 10.0
BODY_TIMEOUT_SECONDS = 10.0
"""From the end of the head, whether or not a handler reads the body."""
UNREAD_TIMEOUT_SECONDS = 20.0
"""How long a client may leave a response unread."""
KEEP_ALIVE_SECONDS = {(b"POST", b"/curri"): 600, (b"HEAD", b"/curri"): 600}
"""How long an idle connection is kept after requests of clients that hold theirs; others for
uvicorn's 5 s. A stranger's request of these is answered with Connection: close."""
MAX_WAITING_REQUESTS = 8
"""Sent on one connection before the first is answered; browsers and proxies send none."""
OTHER_FILES = 200
"""Files and connections that a worker has open besides its clients': to Finesse, CRMs, its data."""


def _closing_response(error: CallcardError) -> bytes:
    """Return an error as the last response of a connection."""
    phrase = http.HTTPStatus(error.status).phrase
    headers = {
        "Content-Type": "application/problem+json",
        **NO_STORE,
        **SECURITY_HEADERS,
        "Connection": "close",
        **error.headers,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    body = msgspec.json.encode(error.problem())
    return f"HTTP/1.1 {error.status} {phrase}\r\n{head}\r\n".encode() + body


_HEADER_TOO_LARGE = _closing_response(HeaderTooLarge())
_MALFORMED = _closing_response(MalformedRequest())
_TOO_MANY_CONNECTIONS = _closing_response(TooManyConnections())

_connections_by_peer: Counter[str] = Counter()
_limits = ApiSettings()
"""Of connections: uvicorn makes the protocol, and has nothing to give it."""


def limit_connections(settings: ApiSettings) -> None:
    """Set how many connections this process accepts, and let the system open so many files.

    Raises SettingsError if the system does not permit it.
    """
    global _limits
    _limits = settings
    if os.name != "posix":  # developers' machines only
        return
    import resource

    needed = settings.connections + OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise SettingsError(
            f"api.connections {settings.connections} needs {needed} open files, and this process "
            f"may have {hard}: raise it (LimitNOFILE of systemd, ulimit -n) or use more --workers"
        )
    if soft != resource.RLIM_INFINITY and soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


class _LimitExceeded(Exception):
    """Ends the parsing of what a connection sent; the connection is closing already."""


class LimitedHttpProtocol(HttpToolsProtocol):
    _head_bytes = 0
    _message_bytes = 0
    _complete_heads = 0
    _in_head = True
    _peer: str | None = None
    _arrival_timeout: asyncio.TimerHandle | None = None
    _unread_timeout: asyncio.TimerHandle | None = None

    # ---- connections

    def connection_made(
        self,
        transport: asyncio.Transport,  # type: ignore[override]  # as uvicorn narrows it
    ) -> None:
        super().connection_made(transport)
        # Strangers decide how often its warning "Invalid HTTP request" comes.
        self.logger = logging.getLogger("callcard.http")
        # From the first unread byte on, the client has UNREAD_TIMEOUT_SECONDS to read on; also
        # after close(), which waits until everything is read. Not 0: with that, a TLS transport
        # takes an empty buffer for a full one, and responses wait for ever.
        transport.set_write_buffer_limits(high=1, low=0)
        peer = self.client[0] if self.client else ""
        if (
            len(self.connections) > _limits.connections
            or _connections_by_peer[peer] >= _limits.connections_per_address
        ):
            self._reject(_TOO_MANY_CONNECTIONS)
            return
        self._peer = peer
        _connections_by_peer[peer] += 1
        self._begin_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._release()
        self.pipeline.clear()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self) -> None:
        self._release()  # from here on, the connection is another protocol's
        super().handle_websocket_upgrade()

    def _release(self) -> None:
        """Stop counting and timing the connection."""
        if self._peer is not None:
            _connections_by_peer[self._peer] -= 1
            if not _connections_by_peer[self._peer]:
                del _connections_by_peer[self._peer]
            self._peer = None
        self._cancel_arrival_timeout()
        self._cancel_unread_timeout()

    # ---- what arrives

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        self._message_bytes += len(data)
        if self._message_bytes > MESSAGE_LIMIT_BYTES:
            self.transport.abort()
            return
        heads_before = self._complete_heads
        was_in_head = self._in_head
        super().data_received(data)
        # Count only the bytes of a head that is still incomplete; others belong to a body.
        if was_in_head and self._in_head and heads_before == self._complete_heads:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_LIMIT_BYTES:
                self._reject(_HEADER_TOO_LARGE)

    def send_400_response(self, msg: str) -> None:
        self._reject(_MALFORMED)

    def _reject(self, response: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(response)
            self.transport.close()

    def on_message_begin(self) -> None:
        if len(self.pipeline) >= MAX_WAITING_REQUESTS:
            self.transport.abort()
            raise _LimitExceeded
        super().on_message_begin()
        self._begin_head()

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_head:  # a trailer: nobody needs one, and each would be stored
            self.transport.abort()
            raise _LimitExceeded
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._complete_heads += 1
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if size > HEAD_LIMIT_BYTES:
            self._reject(_HEADER_TOO_LARGE)
            raise _LimitExceeded
        self._start_arrival_timeout(BODY_TIMEOUT_SECONDS)
        request = (self.parser.get_method(), self.url.partition(b"?")[0])
        self.timeout_keep_alive = KEEP_ALIVE_SECONDS.get(request, self.config.timeout_keep_alive)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_head = True
        self._head_bytes = 0
        self._message_bytes = 0
        self._cancel_arrival_timeout()
        super().on_message_complete()

    def _begin_head(self) -> None:
        self._in_head = True
        self._head_bytes = 0
        self._start_arrival_timeout(HEAD_TIMEOUT_SECONDS)

    def _start_arrival_timeout(self, seconds: float) -> None:
        self._cancel_arrival_timeout()
        self._arrival_timeout = self.loop.call_later(seconds, self.transport.abort)

    def _cancel_arrival_timeout(self) -> None:
        if self._arrival_timeout is not None:
            self._arrival_timeout.cancel()
            self._arrival_timeout = None

    # ---- what the client does not read

    def pause_writing(self) -> None:
        super().pause_writing()
        self._cancel_unread_timeout()
        self._unread_timeout = self.loop.call_later(UNREAD_TIMEOUT_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        self._cancel_unread_timeout()
        super().resume_writing()

    def _cancel_unread_timeout(self) -> None:
        if self._unread_timeout is not None:
            self._unread_timeout.cancel()
            self._unread_timeout = None
