"""A Radicale server (CardDAV) of its own for tests, with one address book."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from tests.harness.ports import free_port

HOW_TO_GET = "no Radicale: pip install radicale"
USER, PASSWORD = "ana", "s3cret"

_BOOK = """<?xml version="1.0"?>
<mkcol xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"><set><prop>
<resourcetype><collection/><C:addressbook/></resourcetype><displayname>Book</displayname>
</prop></set></mkcol>"""


def find_program() -> str | None:
    beside = Path(sys.executable).with_name("radicale")
    return str(beside) if beside.is_file() else shutil.which("radicale")


class RadicaleServer:
    """A server that can be killed and started again on its port, with the same cards."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/{USER}/book/"
        self._configuration = folder / "config"
        (folder / "users").write_text(f"{USER}:{PASSWORD}\n")
        self._configuration.write_text(
            f"[server]\nhosts = 127.0.0.1:{self.port}\n"
            f"[auth]\ntype = htpasswd\nhtpasswd_filename = {folder}/users\n"
            "htpasswd_encryption = plain\ndelay = 0\n"
            f"[storage]\nfilesystem_folder = {folder}/data\n"
        )
        self.http = httpx.Client(auth=(USER, PASSWORD))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        program = find_program()
        assert program, HOW_TO_GET
        self._process = subprocess.Popen(
            [program, "--config", str(self._configuration)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(200):
            with suppress(httpx.HTTPError):
                self.http.get(f"http://127.0.0.1:{self.port}/")
                return
            time.sleep(0.05)
        raise AssertionError("Radicale did not start")

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)

    def clear(self) -> None:
        """Make the book anew, without cards."""
        self.http.delete(self.url)
        self.http.request("MKCOL", self.url, content=_BOOK).raise_for_status()

    def put(self, id: str, *lines: str) -> None:
        """Save a card with lines as FN:Ada."""
        card = ["BEGIN:VCARD", "VERSION:3.0", f"UID:{id}", *lines, "END:VCARD", ""]
        headers = {"Content-Type": "text/vcard; charset=utf-8"}
        content = "\r\n".join(card).encode()
        self.http.put(f"{self.url}{id}.vcf", content=content, headers=headers).raise_for_status()

    def delete(self, id: str) -> None:
        self.http.delete(f"{self.url}{id}.vcf").raise_for_status()


@contextmanager
def running_radicale() -> Iterator[RadicaleServer]:
    with TemporaryDirectory(prefix="callcard-radicale-") as name:
        server = RadicaleServer(Path(name))
        try:
            server.start()
            yield server
        finally:
            server.http.close()
            server.kill()
