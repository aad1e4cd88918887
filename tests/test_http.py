"""The service on a real socket, with a Finesse that speaks nonsense and askers who don't behave."""

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

from callcard.api.http_limits import HEAD_LIMIT, BoundedHttp
from callcard.app import create_app
from callcard.settings import Settings
from tests.conftest import AGENT, free_port, until


class Nonsense:
    """A Finesse that answers each connection with the same bytes."""

    def __init__(self) -> None:
        self.answer = b""
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                connection.settimeout(5)
                connection.recv(65536)
                for byte in [self.answer] if not self.answer.startswith(b"slowly") else [b"x"] * 40:
                    connection.sendall(byte)
                    time.sleep(0.05 if byte == b"x" else 0)

    def close(self) -> None:
        self._listening.close()


@pytest.fixture(scope="module")
def nonsense() -> Iterator[Nonsense]:
    finesse = Nonsense()
    yield finesse
    finesse.close()


@pytest.fixture(scope="module")
def port(nonsense: Nonsense, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    database = str(tmp_path_factory.mktemp("http") / "contacts.sqlite")
    app = create_app(
        Settings(
            finesse_url=f"http://127.0.0.1:{nonsense.port}", database=database, finesse_deadline=0.7
        )
    )
    port = free_port()
    server = uvicorn.Server(
        uvicorn.Config(app, port=port, http=BoundedHttp, log_level="critical", access_log=False)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until(lambda: server.started)
    yield port
    server.should_exit = True
    thread.join(10)


XML = b"<User><loginId>1001</loginId><extension>1001</extension></User>"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"nonsense\r\n\r\n", "finesse-invalid-response"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\n", "finesse-invalid-response"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "finesse-"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n" + XML, "finesse-"),
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
        (b"slowly", "finesse-"),
        (b"", "finesse-unreachable"),
    ],
)
def test_whatever_finesse_sends_is_an_error_of_its_own(
    nonsense: Nonsense, port: int, answer: bytes, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    nonsense.answer = answer
    begun = time.monotonic()
    told = httpx.get(f"http://127.0.0.1:{port}/api/v1/me", auth=AGENT)
    assert told.headers["content-type"] == "application/problem+json"
    assert told.json()["code"].startswith(code)
    assert told.status_code in (502, 504)
    assert time.monotonic() - begun < 3
    assert "1001</loginId>" not in caplog.text


def test_an_endless_head_ends(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as asker:
        asker.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: ")
        cut = False
        for _ in range(10_000):
            try:
                asker.sendall(b"a" * 65536)
            except OSError:
                cut = True
                break
        assert cut
    with socket.create_connection(("127.0.0.1", port), timeout=10) as asker:
        asker.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"a" * (HEAD_LIMIT + 10))
        assert json.loads(_whole(asker).partition(b"\r\n\r\n")[2])["code"] == "header-too-large"


@pytest.mark.parametrize(
    "rubbish", [b"rubbish\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET /\x00 HTTP/1.1\r\n\r\n"]
)
def test_what_is_not_http_is_a_problem_too(port: int, rubbish: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as asker:
        asker.sendall(rubbish)
        assert json.loads(_whole(asker).partition(b"\r\n\r\n")[2])["code"] == "malformed-request"


def test_a_large_body_after_a_small_head_is_no_large_head(nonsense: Nonsense, port: int) -> None:
    nonsense.answer = (
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(XML) + XML
    )
    told = httpx.post(
        f"http://127.0.0.1:{port}/api/v1/contacts", content=b"x" * 300_000, auth=AGENT
    )
    assert told.json()["code"] == "too-large"


@pytest.mark.parametrize("size", [70_000, 200_000, 1_000_000])
def test_a_large_body_in_one_piece_is_told_to_be_one(
    nonsense: Nonsense, port: int, size: int
) -> None:
    nonsense.answer = (
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(XML) + XML
    )
    agent = base64.b64encode(":".join(AGENT).encode()).decode()
    head = f"POST /api/v1/contacts HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {agent}\r\nContent-Length: {size}\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=10) as asker:
        asker.sendall(head.encode() + b"Connection: close\r\n\r\n" + b" " * size)
        assert _whole(asker).startswith(b"HTTP/1.1 413")


def test_a_body_that_trickles_is_cut_short(nonsense: Nonsense, port: int) -> None:
    def trickle() -> Iterator[bytes]:
        for _ in range(60):
            time.sleep(0.05)
            yield b" "

    told = httpx.post(f"http://127.0.0.1:{port}/api/v1/contacts", content=trickle(), auth=AGENT)
    assert (told.status_code, told.json()["code"]) == (400, "malformed-request")


def _whole(asker: socket.socket) -> bytes:
    received = b""
    while chunk := asker.recv(65536):
        received += chunk
    return received


def test_the_database_is_where_it_was_told_to_be(tmp_path: Path) -> None:
    app = create_app(Settings(database=str(tmp_path / "here.sqlite")), http=httpx.AsyncClient())
    assert app
    assert (tmp_path / "here.sqlite").exists()
