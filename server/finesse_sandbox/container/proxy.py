"""The gadget container's proxy, `/gadgets/makeRequest`, with the real wire format and limits.

It gives up after five seconds, carries no cookies, drops Host and Accept-Encoding, has no PATCH,
and drops the body of a DELETE. With the cache on it serves a cached GET to anybody, whatever their
Authorization. Sources: Apache Shindig 2.0.2, MakeRequestHandler and ProxyBase.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote_plus, urlsplit

import httpx
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from finesse_sandbox.api_errors import ApiError
from finesse_sandbox.faults import Faults
from finesse_sandbox.http_requests import CROSS_SITE_MESSAGE, is_cross_site, read_body

MAKE_REQUEST = "/gadgets/makeRequest"
PREFIX = "throw 1; < don't be evil' >"
"""Makes the response useless to a script element; the client's library removes it."""
TIMEOUT_SECONDS = 5.0
REQUEST_LIMIT_BYTES = 5 * 1024 * 1024
RESPONSE_LIMIT_BYTES = 32 * 1024 * 1024
"""The real proxy has none by default; this one protects the developer's machine."""
CACHE_SECONDS = 3600.0
ERROR_CACHE_SECONDS = 60.0
METHODS = ("GET", "POST", "PUT", "DELETE", "HEAD")
_DROPPED_HEADERS = ("host", "accept-encoding", "content-length", "transfer-encoding", "connection")
_SAFE_TYPES = ("image/", "font/", "audio/", "video/", "text/css", "text/plain")
_FETCH_ERRORS = (TimeoutError, httpx.HTTPError, httpx.InvalidURL, ValueError)


@dataclass(slots=True)
class _BackendResponse:
    status: int
    body: str
    headers: dict[str, list[str]]
    expires_at: float = 0.0


@dataclass
class GadgetProxy:
    """`http` reaches the backends; `cache` switches the GET cache on."""

    http: httpx.AsyncClient
    cache: bool = False
    timeout_seconds: float = TIMEOUT_SECONDS
    faults: Faults = field(default_factory=Faults)
    _cached: dict[str, _BackendResponse] = field(default_factory=dict)

    def clear_cache(self) -> None:
        self._cached.clear()

    async def make_request(self, request: Request) -> Response:
        """Send a gadget's request to its backend and return the response as JSON."""
        # A page of another origin must not reach through a developer's browser what this machine
        # can reach.
        if is_cross_site(request):
            return PlainTextResponse(CROSS_SITE_MESSAGE, 403)
        fault = self.faults.take(request.method, request.url.path)
        if fault and fault.replaces_response:
            return await fault.respond()
        try:
            body = await read_body(request, REQUEST_LIMIT_BYTES)
        except ApiError as error:
            return PlainTextResponse(error.message, 413)
        form = dict(request.query_params)
        form.update(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
        url = form.get("url", "")
        method = form.get("httpMethod", "GET").upper()
        if not _is_http(url):
            return PlainTextResponse("url must be an absolute http or https address", 400)
        if method not in METHODS:
            return PlainTextResponse(f"{method[:20]} is not supported", 400)
        headers = _read_headers(form.get("headers", ""))
        if headers is None:
            return PlainTextResponse("Malformed header param specified", 400)
        headers["X-Forwarded-For"] = request.client.host if request.client else ""
        backend = await self._request(method, url, headers, form)
        all_headers = form.get("getFullHeaders", "").lower() == "true"
        returned_headers = {
            name: values
            for name, values in backend.headers.items()
            if all_headers or name in ("set-cookie", "location")
        }
        content = {url: {"body": backend.body, "rc": backend.status, "headers": returned_headers}}
        return Response(
            PREFIX + json.dumps(content),
            media_type="application/json",
            headers={
                "Content-Disposition": "attachment;filename=p.txt",
                "Cache-Control": "no-cache",
            },
        )

    async def fetch(self, request: Request) -> Response:
        """`/gadgets/proxy`: return images and the like from `url` unchanged."""
        if is_cross_site(request):
            return PlainTextResponse(CROSS_SITE_MESSAGE, 403)
        url = request.query_params.get("url", "")
        if not _is_http(url):
            return PlainTextResponse("url must be an absolute http or https address", 400)
        try:
            async with (
                asyncio.timeout(self.timeout_seconds),
                self.http.stream("GET", url, headers={"Accept-Encoding": "identity"}) as response,
            ):
                body = await _read_content(response)
        except _FETCH_ERRORS:
            message = f"{url} cannot be reached; check that its server runs"
            return PlainTextResponse(message, 504)
        media_type = response.headers.get("content-type", "application/octet-stream")
        # Never a page or a script of this origin: everything here would be open to it.
        if not media_type.startswith(_SAFE_TYPES):
            media_type = "application/octet-stream"
        headers = {
            "Cache-Control": "public, max-age=86400",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox",
        }
        return Response(body, response.status_code, headers, media_type)

    async def _request(
        self, method: str, url: str, headers: dict[str, str], form: Mapping[str, str]
    ) -> _BackendResponse:
        use_cache = self.cache and method == "GET"
        if use_cache:
            cached = self._cached.get(url)
            if cached is not None and cached.expires_at > time.monotonic():
                return cached
        body = ""
        if method in ("POST", "PUT"):
            body = form.get("postData", "")
            if "content-type" not in {name.lower() for name in headers}:
                headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            async with asyncio.timeout(self.timeout_seconds):
                response = await self._exchange(method, url, headers, body.encode())
        except _FETCH_ERRORS:
            # A refused connection looks the same to the gadget as a timeout.
            return _BackendResponse(504, "", {})
        if use_cache:
            seconds = _cache_seconds(response, form)
            if seconds:
                response.expires_at = time.monotonic() + seconds
                self._cached[url] = response
        return response

    async def _exchange(
        self, method: str, url: str, headers: dict[str, str], body: bytes
    ) -> _BackendResponse:
        # No compression: a small response must not expand to gigabytes.
        headers["Accept-Encoding"] = "identity"
        async with self.http.stream(method, url, headers=headers, content=body) as response:
            content = await _read_content(response)
        try:
            text = content.decode(response.charset_encoding or "utf-8", "replace")
        except (LookupError, ValueError):
            text = content.decode("utf-8", "replace")
        response_headers: dict[str, list[str]] = {}
        for name, value in response.headers.multi_items():
            response_headers.setdefault(name.lower(), []).append(value)
        return _BackendResponse(response.status_code, text, response_headers)


async def _read_content(response: httpx.Response) -> bytes:
    """Return a response's body. Raises ValueError if it is too large."""
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > RESPONSE_LIMIT_BYTES:
            raise ValueError(f"the response has more than {RESPONSE_LIMIT_BYTES} bytes")
    return bytes(body)


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def _read_headers(sent: str) -> dict[str, str] | None:
    """Return the headers of a request, or None if a pair is not `name=value`."""
    headers: dict[str, str] = {}
    for pair in filter(None, sent.split("&")):
        parts = pair.split("=")
        if len(parts) != 2:
            return None
        name = unquote_plus(parts[0])
        value = unquote_plus(parts[1])
        is_safe = name.isascii() and "\n" not in value and "\r" not in value
        if is_safe and name.lower() not in _DROPPED_HEADERS:
            headers[name] = value
    return headers


def _cache_seconds(response: _BackendResponse, form: Mapping[str, str]) -> float:
    """Return how long the proxy caches a response.

    `refresh` overrides what the backend says; without either it is an hour.
    """
    if response.status in (401, 403):
        return 0.0
    if response.status >= 400:
        return ERROR_CACHE_SECONDS
    refresh = form.get("refresh", "")
    if refresh.isdigit():
        return float(refresh)
    control = ",".join(response.headers.get("cache-control", [])).lower()
    if any(directive in control for directive in ("no-store", "no-cache", "private")):
        return 0.0
    return CACHE_SECONDS
