"""Run Debian's Prosody, an independent XMPP server, configured like Finesse's notifications."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Literal
from xml.sax.saxutils import escape, quoteattr

import pytest
import trustme

from callcard.finesse.notifications import Notice, NotificationSession, open_stream
from callcard.finesse.xmpp_base import Address, Stream
from tests.harness.ports import free_port
from tests.harness.waiting import wait_until

needs_prosody = pytest.mark.skipif(
    not shutil.which("prosody"), reason="Prosody is missing: apt install prosody"
)

PUBSUB = "http://jabber.org/protocol/pubsub"

_CONFIG = """
run_as_root = true
pidfile = "{folder}/prosody.pid"
data_path = "{folder}/data"
certificates = "{folder}"
log = {{ warn = "{folder}/prosody.log" }}
interfaces = {{ "127.0.0.1" }}
modules_enabled = {{ "roster", "saslauth", "disco", "ping", "bosh", "websocket", "limits" }}
modules_disabled = {{ "s2s", "tls" }}
c2s_ports = {{ {tcp} }}
c2s_direct_tls_ports = {{ {tls} }}
http_ports = {{ {ws} }}
https_ports = {{ {wss} }}
https_ssl = {{ certificate = "{folder}/chain.pem", key = "{folder}/key.pem" }}
c2s_direct_tls_ssl = {{ certificate = "{folder}/chain.pem", key = "{folder}/key.pem" }}
http_host = "localhost"
http_paths = {{ websocket = "/ws", bosh = "/http-bind" }}
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
consider_websocket_secure = true
authentication = "internal_plain"
disable_sasl_mechanisms = {{
  "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS"
}}
storage = "internal"
VirtualHost "localhost"
Component "pubsub.localhost" "pubsub"
  storage = "memory"
  admins = {{ "finesse@localhost" }}
  autocreate_on_publish = true
  autocreate_on_subscribe = true
"""


@dataclass(frozen=True)
class Ports:
    tcp: int
    tls: int
    ws: int
    wss: int


@dataclass
class Prosody:
    folder: Path
    ports: Ports
    tls: ssl.SSLContext
    """For clients: it trusts the server's certificate."""
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            ["prosody", "--config", str(self.folder / "prosody.cfg.lua"), "-F"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for port in asdict(self.ports).values():
            wait_until(partial(_accepts, port))

    def kill(self) -> None:
        assert self.process
        self.process.kill()
        self.process.wait()

    def add_accounts(self, names: list[str]) -> None:
        folder = self.folder / "data" / "localhost" / "accounts"
        folder.mkdir(parents=True, exist_ok=True)
        for name in names:
            (folder / f"{name}.dat").write_text('return { ["password"] = "callcard"; };\n')

    def address(
        self, transport: Literal["websocket", "tcp"] = "websocket", *, tls: bool = True
    ) -> Address:
        if transport == "websocket":
            port = self.ports.wss if tls else self.ports.ws
        else:
            port = self.ports.tls if tls else self.ports.tcp
        return Address("localhost", port, "localhost", transport, self.tls if tls else None)

    async def publisher(self) -> Publisher:
        return Publisher(await open_stream(self.address(), "finesse", "callcard", "server"))


@dataclass
class Publisher:
    """Publishes as the user `finesse`, the only one that may."""

    stream: Stream

    async def publish(self, node: str, update: str) -> None:
        text = escape(update)
        notification = f"<notification xmlns='{PUBSUB}'>{text}</notification>"
        publish = f"<publish node={quoteattr(node)}><item>{notification}</item></publish>"
        payload = f"<pubsub xmlns='{PUBSUB}'>{publish}</pubsub>"
        await self.stream.request("set", "pubsub.localhost", payload)

    async def close(self) -> None:
        await self.stream.close()


@contextmanager
def prosody(accounts: list[str]) -> Iterator[Prosody]:
    """Run a server with these accounts; each has the password `callcard`."""
    with tempfile.TemporaryDirectory(prefix="callcard-prosody-") as name:
        folder = Path(name)
        ports = Ports(tcp=free_port(), tls=free_port(), ws=free_port(), wss=free_port())
        config = _CONFIG.format(folder=folder, **asdict(ports))
        (folder / "prosody.cfg.lua").write_text(config)
        server = Prosody(folder, ports, _make_certificates(folder))
        server.add_accounts(["finesse", *accounts])
        server.start()
        try:
            yield server
        finally:
            server.kill()


def _make_certificates(folder: Path) -> ssl.SSLContext:
    """Write the server's certificate to `folder` and return a context that trusts it."""
    authority = trustme.CA()
    issued = authority.issue_cert("localhost", "127.0.0.1")
    issued.private_key_pem.write_to_path(str(folder / "key.pem"))
    chain = b"".join(part.bytes() for part in issued.cert_chain_pems)
    (folder / "chain.pem").write_bytes(chain)
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    return trusting


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def next_notice(session: NotificationSession, seconds: float = 5) -> Notice:
    async with asyncio.timeout(seconds):
        return await session.next()
