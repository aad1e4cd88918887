"""A Radicale server (CardDAV) of its own for tests, with one address book."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from tests.harness.server_process import ServerProcess

HOW_TO_GET = "no Radicale: pip install radicale"
USER, PASSWORD = "ana", "s3cret"

_BOOK = """<?xml version="1.0"?>
<mkcol xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"><set><prop>
<resourcetype><collection/><C:addressbook/></resourcetype><displayname>Book</displayname>
</prop></set></mkcol>"""


def find_program() -> str | None:
    beside = Path(sys.executable).with_name("radicale")
    return str(beside) if beside.is_file() else shutil.which("radicale")


class RadicaleServer(ServerProcess):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.url = f"http://127.0.0.1:{self.port}/{USER}/book/"
        (folder / "users").write_text(f"{USER}:{PASSWORD}\n")
        (folder / "config").write_text(
            f"[server]\nhosts = 127.0.0.1:{self.port}\n"
            f"[auth]\ntype = htpasswd\nhtpasswd_filename = {folder}/users\n"
            "htpasswd_encryption = plain\ndelay = 0\n"
            f"[storage]\nfilesystem_folder = {folder}/data\n"
        )
        self.http = httpx.Client(auth=(USER, PASSWORD))

    def command(self) -> list[str]:
        program = find_program()
        assert program, HOW_TO_GET
        return [program, "--config", str(self.folder / "config")]

    def is_ready(self) -> bool:
        with suppress(httpx.HTTPError):
            self.http.get(f"http://127.0.0.1:{self.port}/")
            return True
        return False

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
