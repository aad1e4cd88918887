"""Authentication of contact sources that use HTTP: what is sent, and how tokens are renewed."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import httpx
import msgspec
from msgspec import Meta

from callcard.crm.http_checks import check_secret, check_url
from callcard.crm.token_file import read_token, write_token
from callcard.errors import OperatorError, SourceUnavailable
from callcard.extras import requires_extras
from callcard.secret_files import check_private

log = logging.getLogger(__name__)

RENEWAL_SECONDS = 30.0
"""A token is renewed so long before it ends."""
DEFAULT_LIFETIME_SECONDS = 900.0
"""Of a token whose lifetime the server does not give, as Salesforce."""


class AuthOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The table `auth`. Secrets come from a file or the environment: `token_file`, `token_env`."""

    type: Annotated[
        Literal["none", "basic", "bearer", "header", "oauth2"],
        Meta(description="oauth2: client credentials, or a refresh token if one is given"),
    ] = "none"
    username: str = ""
    password: Annotated[str, Meta(extra={"secret": True})] = ""
    token: Annotated[str, Meta(description="for bearer and header")] = ""
    header: Annotated[str, Meta(description="the header's name, for header")] = "X-Api-Key"
    token_url: str = ""
    client_id: str = ""
    client_secret: Annotated[str, Meta(extra={"secret": True})] = ""
    refresh_token: Annotated[str, Meta(extra={"secret": True})] = ""
    authorize_url: Annotated[
        str,
        Meta(description="where a person signs in, for `callcard crm connect`: authorization code"),
    ] = ""
    tokens_file: Annotated[
        str,
        Meta(description="where the refresh token is that `callcard crm connect` gets; oauth2"),
    ] = ""
    scope: str = ""
    scheme: Annotated[
        str, Meta(pattern="^[A-Za-z0-9-]+$", description="before the token of oauth2")
    ] = "Bearer"
    certificate_file: Annotated[
        str, Meta(description="client certificate (PEM), for mutual TLS")
    ] = ""
    key_file: str = ""

    def __repr__(self) -> str:
        return f"AuthOptions(type={self.type!r}, …)"


_REQUIRED = {
    "none": (),
    "basic": ("username",),
    "bearer": ("token",),
    "header": ("token",),
    "oauth2": ("token_url", "client_id"),
}


def open_auth(
    name: str,
    options: AuthOptions,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    clock: Callable[[], float] = time.time,
) -> httpx.Auth | None:
    """Return what authenticates requests of the source `name`. Raises OperatorError."""
    for key in _REQUIRED[options.type]:
        if not getattr(options, key):
            raise OperatorError(f"{name}: auth.{key} is missing, for type = {options.type!r}")
    for key in ("password", "token", "client_secret", "refresh_token"):
        check_secret(name, f"auth.{key}", getattr(options, key))
    if options.key_file:
        check_private(Path(options.key_file), f"{name}: auth.key_file")
    match options.type:
        case "basic":
            return httpx.BasicAuth(options.username, options.password)
        case "bearer":
            return _HeaderAuth("Authorization", f"Bearer {options.token}")
        case "header":
            return _HeaderAuth(options.header, options.token)
        case "oauth2":
            check_url(name, "auth.token_url", options.token_url)
            if options.authorize_url:
                check_url(name, "auth.authorize_url", options.authorize_url)
            return OAuth2(name, options, transport=transport, clock=clock)
    return None


class _HeaderAuth(httpx.Auth):
    def __init__(self, header: str, value: str) -> None:
        self._header = header
        self._value = value

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        request.headers[self._header] = self._value
        yield request


class OAuth2(httpx.Auth):
    """Client credentials (RFC 6749, 4.4) or a refresh token (6): one token for all requests.

    It is asked for when it is needed, and once more when the CRM answers 401: a server may end a
    token earlier than it said.
    """

    def __init__(
        self,
        name: str,
        options: AuthOptions,
        *,
        transport: httpx.AsyncBaseTransport | None,
        clock: Callable[[], float],
    ) -> None:
        self._name = name
        self._options = options
        self._transport = transport
        self._clock = clock
        self._token = ""
        self._ends_at = 0.0
        self._refresh_token = options.refresh_token
        self._renewal = asyncio.Lock()

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        token = await self._current("")
        request.headers["Authorization"] = f"{self._options.scheme} {token}"
        response = yield request
        if response.status_code == httpx.codes.UNAUTHORIZED:
            renewed = await self._current(token)
            request.headers["Authorization"] = f"{self._options.scheme} {renewed}"
            yield request

    async def _current(self, rejected: str) -> str:
        """Return a token that is not `rejected`."""
        async with self._renewal:
            if self._token in ("", rejected) or self._clock() >= self._ends_at - RENEWAL_SECONDS:
                await self._renew()
            return self._token

    def _read_token(self) -> None:
        """Take the refresh token that a person, or another worker, has put into the file."""
        path = self._options.tokens_file
        if not path:
            return
        try:
            self._refresh_token = read_token(path)
        except (OSError, UnicodeDecodeError) as error:
            raise SourceUnavailable(
                f"{self._name}: auth.tokens_file can't be read ({type(error).__name__})"
            ) from None
        if not self._refresh_token:
            raise SourceUnavailable(
                f"{self._name} is not connected; run: callcard crm connect {self._name}"
            )

    def _keep_token(self, token: str) -> None:
        if self._options.tokens_file and token != self._refresh_token:
            try:
                write_token(self._options.tokens_file, token)
            except OSError as error:
                log.error("%s: the new refresh token can't be written: %s", self._name, error)
        self._refresh_token = token

    async def _renew(self) -> None:
        with requires_extras("rest"):
            from authlib.integrations.base_client import OAuthError
            from authlib.integrations.httpx_client import AsyncOAuth2Client
        options = self._options
        self._read_token()
        grant: dict[str, Any] = {"grant_type": "client_credentials"}
        if self._refresh_token:
            grant = {"grant_type": "refresh_token", "refresh_token": self._refresh_token}
        client = AsyncOAuth2Client(
            options.client_id,
            options.client_secret,
            scope=options.scope or None,
            transport=self._transport,
        )
        try:
            async with client:
                token = await client.fetch_token(options.token_url, **grant)
        except OAuthError as error:
            raise SourceUnavailable(
                f"{self._name}: its token address refused the credentials ({error.error}); "
                "check auth.client_id and the secret"
            ) from None
        except (httpx.HTTPError, ValueError, OSError) as error:
            raise SourceUnavailable(
                f"{self._name} gives no access token ({type(error).__name__}); check auth.token_url"
            ) from None
        access_token = token.get("access_token")
        if not isinstance(access_token, str) or not access_token:
            raise SourceUnavailable(f"{self._name} gives no access token; check auth.token_url")
        self._token = access_token
        # Servers may replace the refresh token at each use.
        self._keep_token(str(token.get("refresh_token") or self._refresh_token))
        self._ends_at = float(token.get("expires_at") or self._clock() + DEFAULT_LIFETIME_SECONDS)
