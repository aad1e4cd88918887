"""Serves the sandbox on this machine's sockets: ports, TLS certificate and the serve loop.

The demo serves its own applications beside the sandbox with the same functions.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import ssl
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import trustme
import uvicorn
from starlette.types import ASGIApp

from finesse_sandbox.app import Sandbox, SandboxSettings, proxy_client
from finesse_sandbox.container.container import gadget_files

HOST = "127.0.0.1"
WEBSOCKET_LIMIT_BYTES = 128 * 1024
"""Limit of a frame. Twice the stanza limit, so that XMPP reports the error."""
SHUTDOWN_SECONDS = 3
"""Wait for open connections at the stop; desktops never close theirs."""

HttpProtocol = type[asyncio.Protocol]


class SandboxRunError(Exception):
    """The sandbox can't run on this machine; the message says what to change."""


@dataclass(frozen=True, slots=True)
class TlsSettings:
    enabled: bool = False
    authority_file: Path | None = None
    """Where the certificate authority is written, as PEM, for clients that are to trust it."""
    trusted: tuple[Path, ...] = ()
    """PEM files of authorities that the gadget proxy trusts besides the system's."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate for localhost that lives as long as the process."""

    authority: bytes
    """The certificate authority as PEM; its key is never written."""
    key: Path
    chain: Path


def run_sandbox(
    settings: SandboxSettings,
    *,
    tls: TlsSettings,
    http_protocol: HttpProtocol,
    announce: Callable[[str], None],
) -> None:
    """Serve the sandbox until SIGINT or SIGTERM. Raises SandboxRunError.

    `announce` gets the text with the addresses; `http_protocol` is uvicorn's HTTP protocol class.
    """
    with tls_certificate(tls) as certificate:
        sockets = listen_nodes(settings)
        sandbox = open_sandbox(settings, certificate, tls.trusted)
        address = desktop_url(settings.ports[0], tls.enabled)
        announce(f"Finesse sandbox: {address}\n{start_notes(settings, tls.enabled)}")
        if not settings.gadgets:
            announce("No gadgets: give a folder of gadgets with --gadgets DIR")
        apps = list(zip(sandbox.apps, sockets, strict=True))
        serve(apps, sandbox, certificate, http_protocol)


def open_sandbox(
    settings: SandboxSettings, certificate: Certificate | None, trusted: Iterable[Path] = ()
) -> Sandbox:
    """Make a sandbox whose gadget proxy trusts `certificate` and the authorities in files.

    Raises SandboxRunError.
    """
    trust = ssl.create_default_context()
    if certificate:
        trust.load_verify_locations(cadata=certificate.authority.decode())
    for file in trusted:
        try:
            trust.load_verify_locations(file)
        except OSError as error:
            message = f"--trust {file}: there is no PEM certificate in it that can be read"
            raise SandboxRunError(message) from error
    proxy: httpx.AsyncClient = proxy_client(trust)
    return Sandbox(settings, http=proxy)


def desktop_url(port: int, tls: bool) -> str:
    scheme = "https" if tls else "http"
    return f"{scheme}://localhost:{port}/desktop"


def start_notes(settings: SandboxSettings, tls: bool) -> str:
    """Return lines about the second node, the users, and folders without gadgets."""
    lines = []
    if settings.nodes == 2:
        lines.append(f"  Node B    {desktop_url(settings.ports[1], tls)}")
    lines.append(
        "  Sign in   1001, 1002 or 1003 (agents) or 2001 (supervisor);"
        " password callcard; the extension is the id"
    )
    console = desktop_url(settings.ports[0], tls).removesuffix("/desktop") + "/sandbox/console"
    lines.append(f"  Console   {console}: three desktops, events, requests, faults")
    for folder in settings.gadgets:
        if not gadget_files(folder):
            lines.append(f"No gadget XML in {folder}; run `python build.py` and give dist/callcard")
    return "\n".join(lines)


# ---- sockets and certificate


def listen_nodes(settings: SandboxSettings) -> list[socket.socket]:
    """Listen on the port of each node. Raises SandboxRunError."""
    first_port, second_port = settings.ports
    if settings.nodes == 2 and first_port == second_port:
        message = f"--port and --second-port are both {first_port}; give different ports"
        raise SandboxRunError(message)
    sockets = [listen(first_port, "--port")]
    if settings.nodes == 2:
        sockets.append(listen(second_port, "--second-port"))
    return sockets


def listen(port: int, option: str) -> socket.socket:
    """Listen on a port. Raises SandboxRunError that names the command-line option to change."""
    try:
        return socket.create_server((HOST, port))
    except OSError as error:
        raise SandboxRunError(
            f"port {port} can't be used ({_reason(error)}); give another with {option}"
        ) from error


def _reason(error: OSError) -> str:
    """Return the system's text; `strerror` of asyncio and of create_server repeats the address."""
    return os.strerror(error.errno) if error.errno else str(error)


@contextmanager
def tls_certificate(tls: TlsSettings) -> Iterator[Certificate | None]:
    """Issue a certificate for localhost, and delete its files at the end; None without TLS.

    The file of the authority stays. Raises SandboxRunError.
    """
    if not tls.enabled:
        yield None
        return
    authority = trustme.CA(organization_name="Finesse sandbox")
    issued = authority.issue_cert("localhost", HOST)
    if tls.authority_file:
        try:
            tls.authority_file.write_bytes(authority.cert_pem.bytes())
        except OSError as error:
            message = f"--ca-out {tls.authority_file} can't be written ({_reason(error)})"
            raise SandboxRunError(message) from error
    with tempfile.TemporaryDirectory(prefix="callcard-tls-") as folder:
        key = Path(folder) / "key.pem"
        chain = Path(folder) / "chain.pem"
        issued.private_key_pem.write_to_path(str(key))
        key.chmod(0o600)
        chain.write_bytes(b"".join(part.bytes() for part in issued.cert_chain_pems))
        yield Certificate(authority.cert_pem.bytes(), key, chain)


# ---- serving


def serve(
    apps: Sequence[tuple[ASGIApp, socket.socket]],
    sandbox: Sandbox,
    certificate: Certificate | None,
    http_protocol: HttpProtocol,
) -> None:
    """Serve each application on its socket until SIGINT or SIGTERM. Raises SandboxRunError."""
    servers = [_server(app, certificate, http_protocol) for app, _socket in apps]
    sockets = [socket for _app, socket in apps]
    tls: ssl.SSLContext | None = None
    if certificate:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate.chain, certificate.key)
    with asyncio.Runner(loop_factory=servers[0].config.get_loop_factory()) as runner:
        runner.run(_serve(servers, sockets, sandbox, tls))


def _server(
    app: ASGIApp, certificate: Certificate | None, http_protocol: HttpProtocol
) -> uvicorn.Server:
    config = uvicorn.Config(
        app,
        http=http_protocol,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        # uvicorn's other implementation uses an interface that the websockets library deprecates.
        ws="websockets-sansio",
        ws_max_size=WEBSOCKET_LIMIT_BYTES,
        # The library would send parameters that a client did not offer, and Go's clients refuse.
        ws_per_message_deflate=False,
        ssl_keyfile=str(certificate.key) if certificate else None,
        ssl_certfile=str(certificate.chain) if certificate else None,
    )
    return uvicorn.Server(config)


async def _serve(
    servers: list[uvicorn.Server],
    sockets: list[socket.socket],
    sandbox: Sandbox,
    tls: ssl.SSLContext | None,
) -> None:
    """Run all servers until a signal.

    uvicorn's own signal handlers would stop only the last server, and wait for open event streams.
    """
    loop = asyncio.get_running_loop()

    def stop() -> None:
        sandbox.close_streams()
        for server in servers:
            server.should_exit = True

    try:
        await sandbox.listen(tls)
    except OSError as error:
        raise SandboxRunError(
            "the ports for XMPP (5222 and 5223, node B 5232 and 5233) can't be used"
            f" ({_reason(error)}); leave --xmpp out"
        ) from error
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    serving = [server._serve([socket]) for server, socket in zip(servers, sockets, strict=True)]
    await asyncio.gather(*serving)
