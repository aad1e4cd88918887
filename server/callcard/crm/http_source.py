"""The base of contact sources that are reached by HTTP: deadlines, size limits, retries and errors.

It knows no CRM. An adapter builds requests, calls `request()` and reads the response.
"""

from __future__ import annotations

import asyncio
import email.utils
import math
import ssl
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar
from urllib.parse import unquote, unquote_plus, urlsplit
from urllib.request import getproxies

import httpx

from callcard.crm.base import ContactSource
from callcard.crm.lookup_trace import note_request
from callcard.errors import SourceRejected, SourceUnavailable
from callcard.http_transport import HttpTransport, public_tls_context

MAX_CONNECTIONS = 256
"""To one source; how many look-ups it gets at a time is set elsewhere (`concurrency`)."""
MAX_RESPONSE_BYTES = 1024 * 1024
MAX_RETRY_AFTER_SECONDS = 3600.0
"""The longest pause that is accepted: a wrong clock must not stop delivery."""

RETRYABLE_CLIENT_ERRORS = frozenset({401, 403, 404, 405, 407, 408, 423, 425, 429})
"""4xx that end by themselves or with a corrected configuration. RFC 9110 and 6585."""


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A successful (2xx) response, read whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpSource(ContactSource):
    """Sends an adapter's requests; a failure is SourceUnavailable or SourceRejected.

    Error texts name the source and the status, never addresses, headers or the CRM's response:
    these may hold secrets or a customer's data, and error texts reach logs and agents.
    """

    retryable_client_errors: ClassVar[frozenset[int]] = RETRYABLE_CLIENT_ERRORS
    """Override it where a CRM gives a status another meaning; other 4xx are permanent."""
    max_response_bytes: ClassVar[int] = MAX_RESPONSE_BYTES

    def __init__(
        self,
        *,
        timeout_seconds: float,
        headers: Mapping[str, str] | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        auth: httpx.Auth | None = None,
        certificate: tuple[str, str] | None = None,
    ) -> None:
        """`timeout_seconds` bounds a whole request. `headers` go with every request.

        `certificate` is the client's, for mutual TLS: the files of certificate and key (PEM).
        Raises OSError or ssl.SSLError if they can't be read.
        """
        tls = public_tls_context()
        if certificate:
            tls = ssl.create_default_context()
            tls.load_cert_chain(*certificate)
        # httpx's own transport costs more, but knows what NO_PROXY leaves out.
        if transport is None and not {"http", "https", "all"} & getproxies().keys():
            transport = HttpTransport(tls, connections=MAX_CONNECTIONS)
        self._timeout_seconds = timeout_seconds
        # Redirects are not followed: the credentials and the call would go to an unknown address.
        self._http = httpx.AsyncClient(
            headers=headers,
            transport=transport,
            auth=auth,
            verify=tls,
            follow_redirects=False,
            timeout=timeout_seconds,
        )

    async def close(self) -> None:
        await self._http.aclose()

    async def request(
        self,
        method: str,
        url: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        read_body: bool = True,
        accepted: Collection[int] = (),
    ) -> HttpResponse:
        """Return the response to one request, if it succeeded or its status is `accepted`.

        With `read_body=False` the status alone decides, and what follows it is not read.
        """
        note_request(lambda: _describe(method, url, body))
        try:
            async with (
                asyncio.timeout(self._timeout_seconds),
                self._http.stream(method, url, content=body, headers=headers) as response,
            ):
                if response.status_code not in accepted:
                    self._raise_for_status(response)
                content = await self._read(response) if read_body else b""
                return HttpResponse(response.status_code, response.headers, content)
        # Not chained: the messages of these errors may quote the address and what was received.
        except (TimeoutError, httpx.TimeoutException):
            raise SourceUnavailable(
                f"{self.name} did not respond within {self._timeout_seconds:g} seconds"
            ) from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            kind = type(error).__name__
            raise SourceUnavailable(
                f"{self.name} can't be reached ({kind}); check its address and the network"
            ) from None

    def _raise_for_status(self, response: httpx.Response) -> None:
        status = response.status_code
        if response.is_success:
            return
        if response.is_redirect:
            raise SourceUnavailable(
                f"{self.name} responded with {status}, a redirect, which is not followed;"
                " correct its address"
            )
        if response.is_client_error and status not in self.retryable_client_errors:
            raise SourceRejected(f"{self.name} responded with {status}")
        retry_after = retry_after_seconds(response.headers.get("Retry-After"), datetime.now(UTC))
        raise SourceUnavailable(f"{self.name} responded with {status}", retry_after=retry_after)

    async def _read(self, response: httpx.Response) -> bytes:
        content = bytearray()
        async for chunk in response.aiter_bytes():
            content += chunk
            if len(content) > self.max_response_bytes:
                limit = f"{self.max_response_bytes:,}"
                raise SourceUnavailable(f"{self.name} sent more than {limit} bytes")
        return bytes(content)


def _describe(method: str, url: str, body: bytes | None) -> str:
    """Return a request as a line, decoded so that a person can read what was searched."""
    parts = urlsplit(url)
    query = f"?{unquote_plus(parts.query)}" if parts.query else ""
    content = (body or b"").decode(errors="replace")
    return f"{method} {parts.hostname}{unquote(parts.path)}{query} {content}"


def retry_after_seconds(value: str | None, now: datetime) -> float | None:
    """Return the pause of a Retry-After header: seconds or an HTTP date (RFC 9110, 10.2.3).

    None if there is no header, or none that can be understood.
    """
    if value is None:
        return None
    seconds: float | None = None
    if value.strip().isascii() and value.strip().isdigit():
        seconds = float(value)
    else:
        with suppress(ValueError, TypeError, OverflowError):
            date = email.utils.parsedate_to_datetime(value)
            # RFC 5322 "-0000" gives a time without a zone, which means UTC.
            date = date.replace(tzinfo=UTC) if date.tzinfo is None else date
            seconds = (date - now).total_seconds()
    if seconds is None or math.isnan(seconds):
        return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_SECONDS)
