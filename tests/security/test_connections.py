"""Strangers without credentials: pipelined requests, dripping bodies, unread responses."""

from __future__ import annotations

import socket
import struct
import time
from contextlib import ExitStack, suppress

import pytest

from callcard.api import http_limits
from callcard.settings_sections import ApiSettings
from tests.security.attacked import AttackedService

MEGABYTE = 1024 * 1024


def sent_until_closed(connection: socket.socket, data: bytes) -> None:
    """Send without reading, until everything is sent or the service closes or stops reading."""
    connection.settimeout(1)
    with suppress(OSError):
        connection.sendall(data)


def is_closed(connection: socket.socket, seconds: float) -> bool:
    """Read what there is; return whether the service closed the connection in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        connection.settimeout(max(0.01, deadline - time.monotonic()))
        try:
            if not connection.recv(65536):
                return True
        except TimeoutError:
            return False
        except OSError:
            return True
    return False


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
        b"GET /api/v1/me HTTP/1.1\r\nAuthorization: Basic eDp5\r\n\r\n",
    ],
)
def test_pipelined_requests_are_not_stored(service: AttackedService, request_bytes: bytes) -> None:
    before = service.memory_bytes
    with ExitStack() as stack:
        for _ in range(40):
            connection = stack.enter_context(service.connect())
            sent_until_closed(connection, request_bytes * (240_000 // len(request_bytes)))
        assert service.is_responsive()
    assert service.memory_bytes - before < 60 * MEGABYTE


def test_a_few_requests_on_one_connection_are_all_answered(service: AttackedService) -> None:
    with service.connect() as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 5)
        received = b""
        while received.count(b"200 OK") < 5:
            received += connection.recv(65536)


def test_dripping_bodies_that_no_handler_reads_are_cut_off(service: AttackedService) -> None:
    heads = [
        b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n",
        b"POST /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n",
    ]
    with ExitStack() as stack:
        dripping = {head: stack.enter_context(service.connect()) for head in heads}
        for head, connection in dripping.items():
            connection.sendall(head)
        deadline = time.monotonic() + http_limits.BODY_TIMEOUT_SECONDS + 5
        while dripping and time.monotonic() < deadline:
            for head, connection in list(dripping.items()):
                with suppress(OSError):
                    connection.sendall(b"1\r\nx\r\n" if b"chunked" in head else b"x")
                if is_closed(connection, 0.2):
                    del dripping[head]
        assert not dripping, "connections are still open"


def test_connections_of_one_peer_are_bounded(service: AttackedService) -> None:
    with ExitStack() as stack:
        connections = [
            stack.enter_context(service.connect())
            for _ in range(ApiSettings().connections_per_address + 20)
        ]
        refused = connections[-1].recv(4096)
        assert refused.startswith(b"HTTP/1.1 503")
        assert b"too-many-connections" in refused
    time.sleep(0.2)
    assert service.is_responsive()


def test_upgrade_to_websocket_is_no_way_around_the_limits(service: AttackedService) -> None:
    with service.connect() as connection:
        connection.sendall(
            b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        assert is_closed(connection, http_limits.HEAD_TIMEOUT_SECONDS + 8)


def test_client_that_hangs_up_is_one_log_line(service: AttackedService) -> None:
    body = b"{" + b" " * 200_000
    heads = [
        b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /api/v1/interactions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b"Authorization: Basic MTAwMTpjYWxsY2FyZA==\r\nContent-Length: 900000\r\n\r\n" + body,
        b"GET /api/v1/me HTTP/1.1\r\nHost: x\r\nAuthorization: Basic MTAwMTpjYWxsY2FyZA==\r\n\r\n",
    ]
    for head in heads:
        for delay in (0, 0.001, 0.05):
            lines_before = len(service.log.splitlines())
            connection = service.connect()
            connection.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )  # a reset instead of an end
            connection.sendall(head)
            time.sleep(delay)
            connection.close()
            assert service.is_responsive()
            time.sleep(0.1)
            new = service.log.splitlines()[lines_before:]
            assert len([line for line in new if "healthz" not in line]) <= 1, new


@pytest.mark.parametrize("trailer", [b"a: b\r\n", b"x" * 1000], ids=["many", "endless"])
def test_trailers_are_not_stored(service: AttackedService, trailer: bytes) -> None:
    before = service.memory_bytes
    head = b"POST /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
    with service.connect() as connection:
        connection.sendall(head if len(trailer) < 1000 else head + b"a: ")
        sent_until_closed(connection, trailer * (20 * MEGABYTE // len(trailer)))
        assert is_closed(connection, 5)
    assert service.is_responsive()
    assert service.memory_bytes - before < 20 * MEGABYTE
