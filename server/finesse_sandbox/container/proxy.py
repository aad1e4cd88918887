"""The gadget container's proxy, `/gadgets/makeRequest`, with the real wire format and the real one's manners.

It gives up after five seconds, carries no cookies, drops Host and Accept-Encoding, has no PATCH, drops the body of a DELETE,
and, when asked to, caches GETs for anybody whatever their Authorization.
Sources: Apache Shindig 2.0.2, MakeRequestHandler and ProxyBase.
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

PREFIX = "throw 1; < don't be evil' >"
"""Makes the answer useless to a script element; the client's library takes it off."""
SECONDS = 5.0
REQUEST_LIMIT = 5 * 1024 * 1024
ANSWER_LIMIT = 32 * 1024 * 1024
"""The real one's is off by default; this one protects the machine that it runs on."""
METHODS = ("GET", "POST", "PUT", "DELETE", "HEAD")
_DROPPED = ("host", "accept-encoding", "content-length", "transfer-encoding", "connection")
_CACHE_SECONDS, _ERROR_CACHE_SECONDS = 3600.0, 60.0


@dataclass(slots=True)
class _Answer:
    status: int
    body: str
    headers: dict[str, list[str]]
    until: float = 0.0


@dataclass
class Proxy:
    """`http` reaches anything; `cache` switches the GET cache on."""

    http: httpx.AsyncClient
    cache: bool = False
    seconds: float = SECONDS
    _kept: dict[str, _Answer] = field(default_factory=dict)

    async def answer(self, request: Request) -> Response:
        # A page of another origin must not reach through a developer's browser into what this machine can reach.
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return PlainTextResponse("makeRequest is for gadgets of this origin", 403)
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > REQUEST_LIMIT:
                return PlainTextResponse("The request is too large", 413)
        form = dict(request.query_params) | dict(
            parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
        )
        url, method = form.get("url", ""), form.get("httpMethod", "GET").upper()
        if not _is_web(url):
            return PlainTextResponse("url must be an absolute http or https address", 400)
        if method not in METHODS:
            return PlainTextResponse(f"{method[:20]} is not supported", 400)
        headers = _headers(form.get("headers", ""))
        if headers is None:
            return PlainTextResponse("Malformed header param specified", 400)
        client = request.client.host if request.client else ""
        headers["X-Forwarded-For"] = client
        answer = await self._ask(method, url, headers, form)
        full = form.get("getFullHeaders", "").lower() == "true"
        shown = {
            name: values
            for name, values in answer.headers.items()
            if full or name in ("set-cookie", "location")
        }
        told = {url: {"body": answer.body, "rc": answer.status, "headers": shown}}
        return Response(
            PREFIX + json.dumps(told),
            media_type="application/json",
            headers={
                "Content-Disposition": "attachment;filename=p.txt",
                "Cache-Control": "no-cache",
            },
        )

    async def fetch(self, request: Request) -> Response:
        """`/gadgets/proxy`: what lies at `url`, as it is; for images and the like."""
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return PlainTextResponse("the proxy is for gadgets of this origin", 403)
        url = request.query_params.get("url", "")
        if not _is_web(url):
            return PlainTextResponse("url must be an absolute http or https address", 400)
        try:
            async with (
                asyncio.timeout(self.seconds),
                self.http.stream("GET", url, headers={"Accept-Encoding": "identity"}) as response,
            ):
                body = bytearray()
                async for chunk in response.aiter_raw():
                    body += chunk
                    if len(body) > ANSWER_LIMIT:
                        raise ValueError("the answer is too large")
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL, ValueError):
            return PlainTextResponse("", 504)
        kind = response.headers.get("content-type", "application/octet-stream")
        # Never a page or a script of this origin: it would run with everything that is open here.
        if not kind.startswith(("image/", "font/", "audio/", "video/", "text/css", "text/plain")):
            kind = "application/octet-stream"
        headers = {
            "Cache-Control": "public, max-age=86400",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox",
        }
        return Response(bytes(body), response.status_code, headers, kind)

    async def _ask(
        self, method: str, url: str, headers: dict[str, str], form: Mapping[str, str]
    ) -> _Answer:
        cached = self.cache and method == "GET"
        if cached and (kept := self._kept.get(url)) and kept.until > time.monotonic():
            return kept
        body = form.get("postData", "") if method in ("POST", "PUT") else ""
        if method in ("POST", "PUT") and not any(
            name.lower() == "content-type" for name in headers
        ):
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            async with asyncio.timeout(self.seconds):
                response, text = await self._exchange(method, url, headers, body.encode())
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL, ValueError):
            return _Answer(504, "", {})  # a refused connection looks the same as a slow one
        told: dict[str, list[str]] = {}
        for name, value in response.headers.multi_items():
            told.setdefault(name.lower(), []).append(value)
        answer = _Answer(response.status_code, text, told)
        if cached and (seconds := _cache_seconds(answer, form)):
            answer.until = time.monotonic() + seconds
            self._kept[url] = answer
        return answer

    async def _exchange(
        self, method: str, url: str, headers: dict[str, str], body: bytes
    ) -> tuple[httpx.Response, str]:
        headers["Accept-Encoding"] = "identity"  # a small answer must not unfold into gigabytes
        async with self.http.stream(method, url, headers=headers, content=body) as response:
            read = bytearray()
            async for chunk in response.aiter_raw():
                read += chunk
                if len(read) > ANSWER_LIMIT:
                    raise ValueError("the answer is too large")
        try:
            return response, bytes(read).decode(response.charset_encoding or "utf-8", "replace")
        except (LookupError, ValueError):
            return response, bytes(read).decode("utf-8", "replace")


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def _headers(sent: str) -> dict[str, str] | None:
    """The header pairs, or None if one of them is not `name=value`: then the whole request is refused."""
    headers: dict[str, str] = {}
    for pair in filter(None, sent.split("&")):
        parts = pair.split("=")
        if len(parts) != 2:
            return None
        name, value = unquote_plus(parts[0]), unquote_plus(parts[1])
        if (
            name.lower() not in _DROPPED
            and name.isascii()
            and "\n" not in value
            and "\r" not in value
        ):
            headers[name] = value
    return headers


def _cache_seconds(answer: _Answer, form: Mapping[str, str]) -> float:
    """`refresh` overrides what the backend says; without it the backend's word counts, and its silence means an hour."""
    if answer.status in (401, 403):
        return 0.0
    if answer.status >= 400:
        return _ERROR_CACHE_SECONDS
    if (refresh := form.get("refresh", "")).isdigit():
        return float(refresh)
    control = ",".join(answer.headers.get("cache-control", [])).lower()
    return (
        0.0
        if "no-store" in control or "no-cache" in control or "private" in control
        else _CACHE_SECONDS
    )
