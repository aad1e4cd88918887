"""`callcard crm connect`: let a person allow Callcard to use a CRM, by OAuth 2 (RFC 6749, 4.1)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import click
import httpx

from callcard.cli.crm import find_source
from callcard.cli.options import config_option
from callcard.crm.http_auth import AuthOptions
from callcard.crm.token_file import write_token
from callcard.errors import OperatorError
from callcard.extras import requires_extras
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
    redirect = f"http://127.0.0.1:{port}{CALLBACK_PATH}"
    asyncio.run(_connect(name, auth, redirect, None if paste else port))
    echo(f"{name} is connected; the token is in {auth.tokens_file}")


async def _connect(name: str, auth: AuthOptions, redirect: str, port: int | None) -> None:
    with requires_extras("rest"):
        from authlib.common.security import generate_token
        from authlib.integrations.base_client import OAuthError
        from authlib.integrations.httpx_client import AsyncOAuth2Client
    client = AsyncOAuth2Client(
        auth.client_id,
        auth.client_secret or None,
        scope=auth.scope or None,
        redirect_uri=redirect,
        code_challenge_method="S256",
        token_endpoint_auth_method="client_secret_post" if auth.client_secret else "none",
    )
    verifier = generate_token(48)
    address, state = client.create_authorization_url(auth.authorize_url, code_verifier=verifier)
    echo(f"The CRM must know this redirect address: {redirect}")
    echo(f"Open this address, and sign in to the CRM:\n{address}")
    answer = _pasted() if port is None else _listen(port, state)
    if answer.get("state") != state:
        raise OperatorError(f"the address does not belong to this connection of {name}; try again")
    if "code" not in answer:
        raise OperatorError(f"the CRM did not allow it ({answer.get('error', 'no code')[:80]})")
    try:
        async with client:
            token: Mapping[str, Any] = await client.fetch_token(
                auth.token_url, code=answer["code"], code_verifier=verifier
            )
    except OAuthError as error:
        raise OperatorError(f"the CRM gives no token ({error.error}); check client_id") from None
    except (httpx.HTTPError, ValueError) as error:
        kind = type(error).__name__
        raise OperatorError(f"the CRM gives no token ({kind}); check auth.token_url") from None
    refresh_token = token.get("refresh_token")
    if not isinstance(refresh_token, str) or not refresh_token:
        raise OperatorError(
            "the CRM gives no refresh token; ask for one by scope (offline_access) or in "
            "authorize_url (access_type=offline), as its documentation says"
        )
    write_token(auth.tokens_file, refresh_token)


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
