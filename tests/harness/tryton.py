"""A Tryton server of its own for tests, with its database in a temporary folder."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from tests.harness.server_process import ServerProcess

HOW_TO_GET = "no Tryton: pip install trytond trytond-party phonenumbers"
USER, PASSWORD, DATABASE = "admin", "pw-for-tests", "crm"


def find_program(name: str) -> str | None:
    """Return a program of Tryton, beside this Python or in the search path."""
    beside = Path(sys.executable).with_name(name)
    return str(beside) if beside.is_file() else shutil.which(name)


class TrytonServer(ServerProcess):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.url = f"http://127.0.0.1:{self.port}"
        self._configuration = folder / "trytond.conf"
        self._configuration.write_text(
            f"[database]\nuri = sqlite://\npath = {folder}\n[web]\nlisten = 127.0.0.1:{self.port}\n"
        )

    def create_database(self) -> None:
        admin = find_program("trytond-admin")
        assert admin, HOW_TO_GET
        (self.folder / f"{DATABASE}.sqlite").touch()
        password = self.folder / "password"
        password.write_text(PASSWORD)
        command = [admin, "-c", str(self._configuration), "-d", DATABASE]
        command += ["--email", "a@example.org", "-u", "party", "--activate-dependencies"]
        environment = {"TRYTONPASSFILE": str(password)}
        subprocess.run(command, check=True, capture_output=True, env=environment)

    def command(self) -> list[str]:
        server = find_program("trytond")
        assert server, HOW_TO_GET
        return [server, "-c", str(self._configuration), "-d", DATABASE]

    def is_ready(self) -> bool:
        with suppress(httpx.HTTPError, KeyError):
            self.call("model.party.party.search", [])
            return True
        return False

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
