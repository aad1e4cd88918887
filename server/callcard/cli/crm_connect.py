"""`callcard crm connect`: let a person allow Callcard to use a CRM, by OAuth 2 (RFC 6749, 4.1)."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import click

from callcard.cli.crm import find_source
from callcard.cli.options import config_option
from callcard.crm.authorization_code import AuthorizationCode
from callcard.crm.http_auth import AuthOptions
from callcard.crm.token_file import write_token
from callcard.errors import OperatorError
from callcard.settings import Settings
from callcard.terminal import echo

CALLBACK_PATH = "/callback"
WAIT_SECONDS = 600.0
"""For the person to sign in to the CRM."""
_DONE = "Callcard is connected. You can close this page."
_FAILED = "The CRM did not allow it. The terminal has more."


@click.command()
@click.argument("name")
@config_option
@click.option(
    "--port", type=click.IntRange(1, 65535), default=8447, show_default=True, help="To listen on."
)
@click.option(
    "--paste",
    is_flag=True,
    help="Do not listen, as on a server without a browser: paste the address to which the CRM "
    "sends the browser in the end.",
)
def connect(name: str, config: Path | None, port: int, paste: bool) -> None:
    """Allow Callcard to use the source NAME in the name of a person who signs in to the CRM.

    Its auth needs authorize_url and tokens_file; the token is written there.
    """
    configuration = replace(find_source(Settings.read(config), name), mirror=None)
    source = configuration.open()
    auth = getattr(source, "auth", None)
    if not isinstance(auth, AuthOptions) or not auth.authorize_url or not auth.tokens_file:
        raise OperatorError(
            f"{name} is not connected in this way: its auth has no authorize_url and tokens_file"
        )
    attempt = AuthorizationCode(auth, f"http://127.0.0.1:{port}{CALLBACK_PATH}")
    echo(f"The CRM must know this redirect address: http://127.0.0.1:{port}{CALLBACK_PATH}")
    echo(f"Open this address, and sign in to the CRM:\n{attempt.address}")
    answer = _pasted() if paste else _listen(port, attempt.state)
    write_token(auth.tokens_file, asyncio.run(attempt.refresh_token(answer)))
    echo(f"{name} is connected; the token is in {auth.tokens_file}")


def _pasted() -> dict[str, str]:
    return _query_of(click.prompt("Address at the end"))


def _query_of(address: str) -> dict[str, str]:
    """Return the parameters of an address, each once."""
    return {key: values[0] for key, values in parse_qs(urlsplit(address).query).items()}


def _listen(port: int, state: str) -> dict[str, str]:
    """Return what the CRM sends the browser back with; other requests are answered and ignored."""
    received: list[dict[str, str]] = []

    class Callback(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            answer = _query_of(self.path)
            is_ours = urlsplit(self.path).path == CALLBACK_PATH and answer.get("state") == state
            if is_ours:
                received.append(answer)
            text = (_DONE if "code" in answer else _FAILED) if is_ours else "Not found"
            self.send_response(200 if is_ours else 404)
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: Any) -> None:
            """Log nothing: the address has the code."""

    try:
        server = HTTPServer(("127.0.0.1", port), Callback)
    except OSError as error:
        raise OperatorError(f"port {port} can't be used ({error.strerror}); give --port") from None
    with server:
        ends_at = time.monotonic() + WAIT_SECONDS
        while not received and time.monotonic() < ends_at:
            server.timeout = max(0.1, ends_at - time.monotonic())
            server.handle_request()
    if not received:
        raise OperatorError(f"nobody signed in within {WAIT_SECONDS / 60:.0f} minutes; try again")
    return received[0]
