"""Running the stand-in, alone or as the whole demo: stand-in Finesse, service and sample CRM in one process, on loopback."""

from __future__ import annotations

import asyncio
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import click
import httpx
import trustme
import uvicorn
from starlette.types import ASGIApp

from callcard.api.http_limits import BoundedHttp
from callcard.app import create_app
from callcard.crm.local import LocalContacts
from callcard.demo import crm_pages, sample_contacts
from callcard.errors import OperatorError
from callcard.settings import Settings
from finesse_sandbox.app import Sandbox, SandboxSettings, proxy_client

HOST = "127.0.0.1"
WEBSOCKET_LIMIT = 128 * 1024
"""Bytes of a frame; the stand-in itself refuses half of that, with XMPP's word for it."""
GRACE = 3
"""Seconds that open connections get when the process is told to stop; desktops listen for ever."""


class PortTaken(OperatorError):
    """Somebody else listens there; the message says how to take another."""


class NotBuilt(OperatorError):
    """The gadget bundle can't be built; the message is build.py's."""


def sandbox(settings: SandboxSettings, port: int, *, tls: bool) -> None:
    """The stand-in alone, until it is told to stop."""
    with ExitStack() as stack:
        certificate = _certificate(stack) if tls else None
        scheme = "https" if tls else "http"
        stand_in = Sandbox(settings, http=_proxy_client(certificate))
        listening = _listen_nodes(settings)
        click.echo(
            f"Stand-in Finesse: {scheme}://localhost:{port}/desktop\n{_second(settings, scheme)}{_people()}"
        )
        if not settings.gadgets:
            click.echo("No gadgets: give a folder of them with --gadgets DIR")
        _run(list(zip(stand_in.apps, listening, strict=True)), certificate, stand_in)


def demo(
    settings: SandboxSettings, port: int, service_port: int, *, country: str, tls: bool
) -> None:
    """Everything at once, with 500 sample contacts in a folder that goes away with the process."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="callcard-demo-")))
        certificate = _certificate(stack) if tls else None
        scheme = "https" if tls else "http"
        listening = [*_listen_nodes(settings), _listen(service_port, "--service-port")]
        finesse, service = f"{scheme}://localhost:{port}", f"{scheme}://localhost:{service_port}"

        _build(folder / "dist", service)
        own = Settings.read(
            finesse_url=finesse,
            finesse_second_url=f"{scheme}://localhost:{settings.ports[1]}"
            if settings.nodes == 2
            else "",
            finesse_ca=str(folder / "ca.pem") if certificate else "",
            database=str(folder / "contacts.sqlite"),
            bundle=str(folder / "dist"),
            country=country,
        )
        if certificate:
            (folder / "ca.pem").write_bytes(certificate.ca)
        contacts = LocalContacts(own.database, home=own.country, suffix_digits=own.suffix_digits)
        stack.callback(contacts.close)
        count = sample_contacts.fill(contacts, folder, f"{finesse}/crm/contacts", own.country)
        told = replace(
            settings,
            gadgets=(folder / "dist" / "callcard", *settings.gadgets),
            callers=sample_contacts.callers(),
            extra=tuple(crm_pages.routes(contacts)),
            answer_after=3.0,
        )
        stand_in = Sandbox(told, http=_proxy_client(certificate))
        apps = list(zip([*stand_in.apps, create_app(own)], listening, strict=True))
        click.echo(
            f"Callcard demo\n\n"
            f"  Open      {finesse}/desktop\n{_second(settings, scheme)}{_people()}\n"
            f"  Then      press Ring in the sandbox panel\n\n"
            f"  Service   {service}/docs\n"
            f"  Contacts  {count} samples in six countries, gone when this stops\n"
            f"  Stop      Ctrl-C",
        )
        _run(apps, certificate, stand_in)


def _listen_nodes(settings: SandboxSettings) -> list[socket.socket]:
    first, second = settings.ports
    return [
        _listen(first, "--port"),
        *([_listen(second, "--second-port")] if settings.nodes == 2 else []),
    ]


def _second(settings: SandboxSettings, scheme: str) -> str:
    return (
        f"  Node B    {scheme}://localhost:{settings.ports[1]}/desktop\n"
        if settings.nodes == 2
        else ""
    )


def _people() -> str:
    return "  Sign in   1001, 1002 or 1003 (agents) or 2001 (supervisor); password callcard; the extension is the id"


def _build(out: Path, service_url: str) -> None:
    """Run build.py: beside this package in a checkout, inside it when installed."""
    here = Path(__file__).resolve()
    script = next(
        p
        for p in (here.parents[3] / "build.py", here.parent / "bundle_source" / "build.py")
        if p.is_file()
    )
    command = [sys.executable, str(script), "--service-url", service_url, "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own script and interpreter
    if done.returncode:
        raise NotBuilt(done.stderr.strip())


def _listen(port: int, option: str) -> socket.socket:
    try:
        return socket.create_server((HOST, port))
    except OSError as error:
        raise PortTaken(
            f"port {port} can't be used ({error.strerror}); give another with {option}"
        ) from error


class _Certificate:
    """For localhost, valid while the process runs; its authority is trusted by this process alone."""

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA(organization_name="Stand-in Finesse")
        issued = authority.issue_cert("localhost", HOST)
        self.ca = authority.cert_pem.bytes()
        self.key, self.chain = folder / "key.pem", folder / "chain.pem"
        issued.private_key_pem.write_to_path(str(self.key))
        self.chain.write_bytes(b"".join(part.bytes() for part in issued.cert_chain_pems))
        self.key.chmod(0o600)


def _certificate(stack: ExitStack) -> _Certificate:
    return _Certificate(
        Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="callcard-tls-")))
    )


def _proxy_client(certificate: _Certificate | None) -> httpx.AsyncClient:
    verify = ssl.create_default_context()
    if certificate:
        verify.load_verify_locations(cadata=certificate.ca.decode())
    return proxy_client(verify)


def _run(
    apps: Sequence[tuple[ASGIApp, socket.socket]],
    certificate: _Certificate | None,
    stand_in: Sandbox,
) -> None:
    servers = []
    for app, _listening in apps:
        config = uvicorn.Config(
            app,
            http=BoundedHttp,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=GRACE,
            ws="websockets-sansio",  # uvicorn's other one is on an interface that the library has left behind
            ws_max_size=WEBSOCKET_LIMIT,
            ssl_keyfile=str(certificate.key) if certificate else None,
            ssl_certfile=str(certificate.chain) if certificate else None,
        )
        servers.append(uvicorn.Server(config))
    runner = asyncio.Runner(loop_factory=servers[0].config.get_loop_factory())
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if certificate else None
    if tls and certificate:
        tls.load_cert_chain(certificate.chain, certificate.key)
    with runner:
        runner.run(_serve(servers, [listening for _app, listening in apps], stand_in, tls))


async def _serve(
    servers: list[uvicorn.Server],
    sockets: list[socket.socket],
    stand_in: Sandbox,
    tls: ssl.SSLContext | None,
) -> None:
    """All of `servers` until a signal: uvicorn's own handlers would stop only the last one, and wait for listening desktops."""
    loop = asyncio.get_running_loop()

    def stop() -> None:
        stand_in.close_streams()
        for server in servers:
            server.should_exit = True

    try:
        await stand_in.listen(tls)
    except OSError as error:
        raise PortTaken(
            f"the ports for XMPP (5222 and 5223, node B 5232 and 5233) can't be used ({error.strerror}); leave --xmpp out"
        ) from error
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    await asyncio.gather(
        *(s._serve([listening]) for s, listening in zip(servers, sockets, strict=True))
    )
