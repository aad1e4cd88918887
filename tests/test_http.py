"""HTTP on real sockets: a Finesse that sends garbage, and clients that break the protocol."""

from __future__ import annotations

import base64
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
import uvicorn
from websockets.protocol import State
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from callcard.api import http_limits
from callcard.api.http_limits import HEAD_LIMIT_BYTES, LimitedHttpProtocol
from callcard.app import create_app
from finesse_sandbox.app import SandboxSettings
from tests.conftest import AGENT
from tests.harness.ports import free_port
from tests.harness.sandbox import new_sandbox
from tests.harness.serving import listening
from tests.harness.settings import settings_in
from tests.harness.waiting import wait_until

USER_XML = b"<User><loginId>1001</loginId><extension>1001</extension></User>"
SLOW = b"slow"
"""Makes RawFinesse send single bytes for longer than the service waits."""


class RawFinesse:
    """A Finesse that sends the same bytes on every connection."""

    def __init__(self) -> None:
        self.response = b""
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def respond_with_user(self) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(USER_XML)}\r\nConnection: close\r\n\r\n"
        self.response = head.encode() + USER_XML

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                connection.settimeout(5)
                connection.recv(65536)
                self._respond(connection)

    def _respond(self, connection: socket.socket) -> None:
        if self.response != SLOW:
            connection.sendall(self.response)
            return
        for _ in range(40):
            connection.sendall(b"x")
            time.sleep(0.05)

    def close(self) -> None:
        self._server.close()


@pytest.fixture(scope="module")
def finesse() -> Iterator[RawFinesse]:
    raw_finesse = RawFinesse()
    yield raw_finesse
    raw_finesse.close()


@pytest.fixture(scope="module")
def port(finesse: RawFinesse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    settings = settings_in(
        tmp_path_factory.mktemp("http"),
        f"http://127.0.0.1:{finesse.port}",
        finesse={"deadline_seconds": 0.7},
    )
    app = create_app(settings)
    port = free_port()
    config = uvicorn.Config(
        app, port=port, http=LimitedHttpProtocol, log_level="critical", access_log=False
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_until(lambda: server.started)
    yield port
    server.should_exit = True
    thread.join(10)


@pytest.mark.parametrize(
    ("response", "code"),
    [
        (b"nonsense\r\n\r\n", "finesse-invalid-response"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\n", "finesse-invalid-response"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "finesse-"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n" + USER_XML, "finesse-"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n", "finesse-invalid-response"),
        (
            b"HTTP/1.1 302 Found\r\nLocation: /cfadmin\r\nContent-Length: 0\r\n\r\n",
            "finesse-invalid-response",
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nxx",
            "finesse-invalid-response",
        ),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "finesse-invalid-response"),
        (SLOW, "finesse-"),
        (b"", "finesse-unreachable"),
    ],
)
def test_invalid_response_of_finesse_is_a_problem(
    finesse: RawFinesse, port: int, response: bytes, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    finesse.response = response
    started_at = time.monotonic()
    answer = httpx.get(f"http://127.0.0.1:{port}/api/v1/me", auth=AGENT)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"].startswith(code)
    assert answer.status_code in (502, 504)
    assert time.monotonic() - started_at < 3
    assert "1001</loginId>" not in caplog.text


def test_endless_request_head_is_cut_off(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: ")
        is_cut_off = False
        for _ in range(10_000):
            try:
                client.sendall(b"a" * 65536)
            except OSError:
                is_cut_off = True
                break
        assert is_cut_off


def test_too_large_request_head_is_a_problem(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"a" * (HEAD_LIMIT_BYTES + 10))
        assert _problem(client)["code"] == "header-too-large"


@pytest.mark.parametrize(
    "request_bytes", [b"rubbish\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET /\x00 HTTP/1.1\r\n\r\n"]
)
def test_request_that_is_not_http_is_a_problem(port: int, request_bytes: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(request_bytes)
        assert _problem(client)["code"] == "malformed-request"


def test_large_body_after_a_small_head_is_too_large(finesse: RawFinesse, port: int) -> None:
    finesse.respond_with_user()
    url = f"http://127.0.0.1:{port}/api/v1/contacts"
    response = httpx.post(url, content=b"x" * 300_000, auth=AGENT)
    assert response.json()["code"] == "too-large"


@pytest.mark.parametrize("size", [70_000, 200_000, 1_000_000])
def test_large_body_in_one_segment_with_its_head_is_too_large(
    finesse: RawFinesse, port: int, size: int
) -> None:
    finesse.respond_with_user()
    credential = base64.b64encode(":".join(AGENT).encode()).decode()
    head = (
        "POST /api/v1/contacts HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        f"Authorization: Basic {credential}\r\nContent-Length: {size}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(head.encode() + b" " * size)
        assert _receive_all(client).startswith(b"HTTP/1.1 413")


def test_body_that_arrives_too_slowly_is_a_problem(finesse: RawFinesse, port: int) -> None:
    finesse.respond_with_user()

    def slow_body() -> Iterator[bytes]:
        for _ in range(30):
            time.sleep(0.05)
            yield b" "

    url = f"http://127.0.0.1:{port}/api/v1/contacts"
    response = httpx.post(url, content=slow_body(), auth=AGENT)
    assert response.status_code == 400
    assert response.json()["code"] == "malformed-request"


def test_contacts_are_stored_where_the_settings_say(tmp_path: Path) -> None:
    assert create_app(settings_in(tmp_path, "http://finesse"), http=httpx.AsyncClient())
    assert (tmp_path / "contacts.sqlite").exists()


def _problem(client: socket.socket) -> dict[str, object]:
    _head, _, body = _receive_all(client).partition(b"\r\n\r\n")
    problem: dict[str, object] = json.loads(body)
    return problem


def _receive_all(client: socket.socket) -> bytes:
    received = b""
    while chunk := client.recv(65536):
        received += chunk
    return received


def test_websocket_is_not_cut_off_by_the_limits_of_http(tmp_path: Path) -> None:
    """The demo serves the sandbox, which speaks XMPP over WebSocket, with the same protocol."""
    port = free_port()
    sandbox = new_sandbox(SandboxSettings(ports=(port, 0)))
    before = dict(http_limits._connections_by_peer)
    with (
        pytest.MonkeyPatch.context() as patch,
        listening((sandbox.app, port)),
    ):
        patch.setattr(http_limits, "BODY_TIMEOUT_SECONDS", 0.2)
        patch.setattr(http_limits, "HEAD_TIMEOUT_SECONDS", 0.2)
        with connect(f"ws://127.0.0.1:{port}/ws", subprotocols=[Subprotocol("xmpp")]) as websocket:
            with pytest.raises(TimeoutError):
                websocket.recv(timeout=0.6)
            websocket.ping().wait(2)
            assert websocket.state is State.OPEN
        assert dict(http_limits._connections_by_peer) == before
