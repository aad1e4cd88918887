"""A CRM that never finishes a response: other calls are delivered meanwhile."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.harness.waiting import wait_until
from tests.security.attacked import attacked_service

SLOW_CUSTOMER = "+12125550123"


class DrippingCrm:
    """Answers every call but the slow customer's at once; that one it never answers in full."""

    def __init__(self, drip: bytes) -> None:
        self.accepted: list[float] = []
        self.dripping = 0
        self._drip = drip
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._is_open = True
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._is_open = False
        self._server.close()

    def _serve(self) -> None:
        while self._is_open:
            with suppress(OSError):
                connection, _ = self._server.accept()
                threading.Thread(target=self._respond, args=(connection,), daemon=True).start()

    def _respond(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            received = connection.recv(65536)
            while b"call_key" not in received:
                received += connection.recv(65536)
            if SLOW_CUSTOMER.encode() not in received:
                connection.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
                self.accepted.append(time.monotonic())
                return
            self.dripping += 1
            if not self._drip.startswith(b"HTTP"):
                connection.sendall(b"HTTP/1.1 200 OK\r\n")
            while self._is_open:
                connection.sendall(self._drip)
                time.sleep(0.2)


@contextmanager
def dripping_crm(drip: bytes) -> Iterator[DrippingCrm]:
    crm = DrippingCrm(drip)
    try:
        yield crm
    finally:
        crm.close()


@pytest.mark.parametrize(
    "drip", [b"X-A: b\r\n", b"HTTP/1.1 103 Early Hints\r\n\r\n"], ids=["headers", "103"]
)
def test_dripping_crm_holds_up_its_own_call_only(tmp_path: Path, drip: bytes) -> None:
    with dripping_crm(drip) as crm:
        url = f"http://127.0.0.1:{crm.port}/calls/{{id}}"
        with attacked_service(tmp_path, delivery={"url": url}) as service:
            service.take_call(SLOW_CUSTOMER)
            wait_until(lambda: crm.dripping > 0, 10)
            for number in range(5):
                service.take_call(f"+1212555020{number}")
            start = time.monotonic()
            wait_until(lambda: len(crm.accepted) == 5, 10)
            assert time.monotonic() - start < 8
