"""A real XMPP server for the tests: Debian's Prosody, on free ports, set up as Finesse's notification service is."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal
from xml.sax.saxutils import escape, quoteattr

import pytest
import trustme

from callcard.finesse.notifications import NotificationSession
from callcard.finesse.xmpp_websocket import Address, Stream, open_stream
from tests.conftest import free_port, until

needs_prosody = pytest.mark.skipif(
    not shutil.which("prosody"), reason="Prosody is missing: apt install prosody"
)

_CONFIG = """
run_as_root = true
pidfile = "{folder}/prosody.pid"
data_path = "{folder}/data"
certificates = "{folder}"
log = {{ warn = "{folder}/prosody.log" }}
interfaces = {{ "127.0.0.1" }}
modules_enabled = {{ "roster", "saslauth", "disco", "ping", "bosh", "websocket", "limits" }}
modules_disabled = {{ "s2s", "tls" }}
c2s_ports = {{ {clear} }}
c2s_direct_tls_ports = {{ {secure} }}
http_ports = {{ {http} }}
https_ports = {{ {https} }}
https_ssl = {{ certificate = "{folder}/chain.pem", key = "{folder}/key.pem" }}
c2s_direct_tls_ssl = {{ certificate = "{folder}/chain.pem", key = "{folder}/key.pem" }}
http_host = "localhost"
http_paths = {{ websocket = "/ws", bosh = "/http-bind" }}
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
consider_websocket_secure = true
authentication = "internal_plain"
disable_sasl_mechanisms = {{ "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS" }}
storage = "internal"
VirtualHost "localhost"
Component "pubsub.localhost" "pubsub"
  storage = "memory"
  admins = {{ "finesse@localhost" }}
  autocreate_on_publish = true
  autocreate_on_subscribe = true
"""


@dataclass
class Prosody:
    folder: Path
    clear: int
    secure: int
    http: int
    https: int
    tls: ssl.SSLContext
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            ["prosody", "--config", str(self.folder / "prosody.cfg.lua"), "-F"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for port in (self.clear, self.secure, self.http, self.https):
            until(partial(_answers, port))

    def kill(self) -> None:
        assert self.process
        self.process.kill()
        self.process.wait()

    def accounts(self, names: list[str]) -> None:
        folder = self.folder / "data" / "localhost" / "accounts"
        folder.mkdir(parents=True, exist_ok=True)
        for name in names:
            (folder / f"{name}.dat").write_text('return { ["password"] = "callcard"; };\n')

    def address(
        self, carrier: Literal["websocket", "tcp"] = "websocket", *, tls: bool = True
    ) -> Address:
        ports = {"websocket": (self.http, self.https), "tcp": (self.clear, self.secure)}[carrier]
        return Address("localhost", ports[tls], "localhost", carrier, self.tls if tls else None)

    async def publisher(self) -> Publisher:
        return Publisher(await open_stream(self.address(), "finesse", "callcard", "server"))


@dataclass
class Publisher:
    """Finesse's part: it alone publishes."""

    stream: Stream

    async def publish(self, node: str, update: str) -> None:
        notification = f"<notification xmlns='http://jabber.org/protocol/pubsub'>{escape(update)}</notification>"
        item = f"<publish node={quoteattr(node)}><item>{notification}</item></publish>"
        await self.stream.ask(
            "set",
            "pubsub.localhost",
            f"<pubsub xmlns='http://jabber.org/protocol/pubsub'>{item}</pubsub>",
        )

    async def close(self) -> None:
        await self.stream.close()


@contextmanager
def prosody(accounts: list[str]) -> Iterator[Prosody]:
    with tempfile.TemporaryDirectory(prefix="callcard-prosody-") as name:
        folder = Path(name)
        authority = trustme.CA()
        issued = authority.issue_cert("localhost", "127.0.0.1")
        issued.private_key_pem.write_to_path(str(folder / "key.pem"))
        (folder / "chain.pem").write_bytes(
            b"".join(part.bytes() for part in issued.cert_chain_pems)
        )
        tls = ssl.create_default_context()
        authority.configure_trust(tls)
        authority.cert_pem.write_to_path(str(folder / "ca.pem"))
        server = Prosody(folder, free_port(), free_port(), free_port(), free_port(), tls)
        ports = {
            "clear": server.clear,
            "secure": server.secure,
            "http": server.http,
            "https": server.https,
        }
        (folder / "prosody.cfg.lua").write_text(_CONFIG.format(folder=folder, **ports))
        server.accounts(["finesse", *accounts])
        server.start()
        try:
            yield server
        finally:
            server.kill()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def heard(session: NotificationSession, seconds: float = 5) -> object:
    async with asyncio.timeout(seconds):
        return await session.next()
