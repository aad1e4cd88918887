"""ASGI middleware: request log, unexpected errors, security headers, assets for any origin."""

from __future__ import annotations

import asyncio
import logging
import time
import traceback
from collections.abc import Mapping

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from callcard.api.endpoint import problem_response
from callcard.errors import (
    CallcardError,
    InternalError,
    MalformedRequest,
    MethodNotAllowed,
    NotFound,
)

log = logging.getLogger("callcard")

LOGGED_PATHS = ("/healthz", "/readyz", "/openapi.json", "/asyncapi.json", "/docs")
"""Paths outside the API that are logged as they are; others may contain anything."""
CLIENT_HUNG_UP = 499
"""Logged instead of a status that nobody received; nginx's number for it."""

_NO_FRAMES = "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
SECURITY_HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; {_NO_FRAMES}",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_DOCS_POLICY = f"default-src 'self'; {_NO_FRAMES}"


def _raw(headers: Mapping[str, str]) -> tuple[tuple[bytes, bytes], ...]:
    """Return headers as ASGI has them."""
    return tuple((name.lower().encode(), value.encode()) for name, value in headers.items())


_HEADERS = _raw(SECURITY_HEADERS)
_DOCS_HEADERS = _raw({**SECURITY_HEADERS, "Content-Security-Policy": _DOCS_POLICY})
_ONLY_HTTPS = (b"strict-transport-security", b"max-age=31536000")


class _ClientHungUp(Exception):
    """The connection is gone: nobody reads the response."""


class RequestLog:
    """Log one line for each request, with the route's pattern instead of its path.

    Paths and queries contain what callers and strangers sent. An unexpected error is answered here,
    and logged by its place in the code, because messages may quote secrets.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 0

        async def send_and_note_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            try:
                await send(message)
            except (OSError, RuntimeError) as error:
                # uvloop raises it for a connection that has just been closed.
                if isinstance(error, RuntimeError) and "closed" not in str(error):
                    raise
                raise _ClientHungUp from None

        try:
            await self._app(scope, receive, send_and_note_status)
        except _ClientHungUp:
            status = CLIENT_HUNG_UP
            await asyncio.sleep(0)  # lets the server notice, or it logs an error
        except Exception as error:
            place = "".join(traceback.format_tb(error.__traceback__))
            log.error("%s in %s\n%s", type(error).__name__, _route(scope), place)
            if status:
                raise RuntimeError("failed in the middle of a response") from None
            response = problem_response(
                InternalError(
                    "The error was logged. Try again; if it persists, contact your administrator."
                ),
                as_xml=scope.get("state", {}).get("as_xml", False),
            )
            await response(scope, receive, send_and_note_status)
        finally:
            milliseconds = (time.perf_counter() - started) * 1000
            agent = scope.get("state", {}).get("agent", "-")
            log.info(
                "%s %s %d %.1f ms %s", scope["method"], _route(scope), status, milliseconds, agent
            )


def _route(scope: Scope) -> str:
    route: str = scope.get("state", {}).get("route", "")
    return route or (scope["path"] if scope["path"] in LOGGED_PATHS else "-")


class SecurityHeaders:
    """Limit what browsers do with these responses."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_docs = scope["path"] == "/docs" or scope["path"].startswith("/docs/")
        headers = _DOCS_HEADERS if is_docs else _HEADERS
        if scope["scheme"] == "https":
            headers = (*headers, _ONLY_HTTPS)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *headers]
            await send(message)

        await self._app(scope, receive, send_with_headers)


class AnyOrigin:
    """Let desktops of any origin load module scripts: browsers require CORS for them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_header(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Access-Control-Allow-Origin"] = "*"
            await send(message)

        await self._app(scope, receive, send_with_header)


async def callcard_error(request: Request, error: Exception) -> Response:
    """Answer an error of the product."""
    assert isinstance(error, CallcardError)
    return problem_response(error, as_xml=getattr(request.state, "as_xml", False))


async def http_error(request: Request, error: Exception) -> Response:
    """Answer an error of Starlette's as a problem document."""
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    ours: CallcardError
    match error.status_code:
        case 404:
            ours = NotFound("There is nothing at this address; see /openapi.json")
        case 405:
            allowed = headers.get("Allow", "GET")
            ours = MethodNotAllowed(f"{request.method} is not allowed here; use {allowed}")
        case _:
            ours = MalformedRequest(error.detail)
    ours.headers = headers
    return problem_response(ours)
