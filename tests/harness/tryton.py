"""A Tryton server of its own for tests, with its database in a temporary folder."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from tests.harness.ports import free_port

HOW_TO_GET = "no Tryton: pip install trytond trytond-party phonenumbers"
USER, PASSWORD, DATABASE = "admin", "pw-for-tests", "crm"


def find_program(name: str) -> str | None:
    """Return a program of Tryton, beside this Python or in the search path."""
    beside = Path(sys.executable).with_name(name)
    return str(beside) if beside.is_file() else shutil.which(name)


class TrytonServer:
    """A server that can be killed and started again on its port, with the same data."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._folder = folder
        self._configuration = folder / "trytond.conf"
        self._configuration.write_text(
            f"[database]\nuri = sqlite://\npath = {folder}\n[web]\nlisten = 127.0.0.1:{self.port}\n"
        )
        self._process: subprocess.Popen[bytes] | None = None

    def create_database(self) -> None:
        admin = find_program("trytond-admin")
        assert admin, HOW_TO_GET
        (self._folder / f"{DATABASE}.sqlite").touch()
        password = self._folder / "password"
        password.write_text(PASSWORD)
        command = [admin, "-c", str(self._configuration), "-d", DATABASE]
        command += ["--email", "a@example.org", "-u", "party", "--activate-dependencies"]
        environment = {"TRYTONPASSFILE": str(password)}
        subprocess.run(command, check=True, capture_output=True, env=environment)

    def start(self) -> None:
        server = find_program("trytond")
        assert server, HOW_TO_GET
        self._process = subprocess.Popen(
            [server, "-c", str(self._configuration), "-d", DATABASE],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(300):
            with suppress(httpx.HTTPError, KeyError):
                self.call("model.party.party.search", [])
                return
            time.sleep(0.1)
        raise AssertionError("Tryton did not start")

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)

    def call(self, method: str, *params: Any) -> Any:
        """Return the result of a method."""
        body = {"id": 1, "method": method, "params": [*params, {}]}
        url = f"{self.url}/{DATABASE}/rpc/"
        response = httpx.post(url, json=body, auth=(USER, PASSWORD)).raise_for_status()
        return response.json()["result"]


@contextmanager
def running_tryton() -> Iterator[TrytonServer]:
    with TemporaryDirectory(prefix="callcard-tryton-") as name:
        server = TrytonServer(Path(name))
        server.create_database()
        try:
            server.start()
            yield server
        finally:
            server.kill()
