"""The service put together: settings in, an ASGI application out. Wiring only; what it does is in `routes` and `actions`."""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from callcard import errors
from callcard.actions.callbacks import Callbacks
from callcard.actions.calls import Phone
from callcard.actions.interactions import Interactions
from callcard.actions.number_lists import Lists
from callcard.actions.sessions import Sessions
from callcard.actions.transfer_targets import Switchboard
from callcard.api import openapi
from callcard.api.auth import Door
from callcard.api.endpoint import Services, json, problem
from callcard.api.health import healthz, readyz
from callcard.api.lockout import Shared
from callcard.api.routes import api_routes
from callcard.crm.directory import Directory
from callcard.crm.local import LocalContacts
from callcard.crm.webhook import WebLog
from callcard.errors import CallcardError, InternalError, MethodNotAllowed, NotFound
from callcard.finesse.client import FinesseClient
from callcard.finesse.cluster import Cluster, Node
from callcard.finesse.xmpp_websocket import Address
from callcard.journal.delivery import Outbox
from callcard.journal.journal import Log
from callcard.settings import Settings
from callcard.store.sqlite_store import Store
from callcard.telephony import numbers
from callcard.telephony.dial_plan import Dialplan

log = logging.getLogger("callcard")

_OPEN = ("/healthz", "/readyz", "/openapi.json", "/docs")

WEB_DEADLINE = 10.0
"""Seconds that log_url may take for one call; nobody waits for it."""
KEEP_ALIVE = 4.0
"""Seconds for which an idle connection to Finesse is used again. Less than servers keep theirs: an order that meets a connection
which is just being closed is lost, and must not be sent twice."""
CONNECTIONS = 256
"""To Finesse at once. More than a pair of nodes serves 2,000 users with; the rest waits its turn within its deadline."""


def create_app(
    settings: Settings, *, http: httpx.AsyncClient | None = None, shared: Shared | None = None
) -> Starlette:
    """The service for `settings`. `http`, if given, is the client that reaches Finesse and stays its giver's to close;
    `shared` is what several workers have in common."""
    contacts = LocalContacts(
        settings.database, home=settings.country, suffix_digits=settings.suffix_digits
    )
    own = [open_finesse(settings, url) for url in settings.finesse_urls] if http is None else []
    clients = own or ([http] if http else [])
    tls = ssl.create_default_context(cafile=settings.finesse_ca or None)
    cluster = Cluster(
        [
            Node(_place(url), FinesseClient(each), _notifications(settings, url, tls))
            for url, each in zip(settings.finesse_urls, clients, strict=False)
        ]
    )
    door = Door(
        cluster,
        remember=settings.credential_seconds,
        lockout=settings.lockout_seconds,
        deadline=settings.finesse_deadline,
        shared=shared or Shared(),
    )
    store = Store(settings.store)
    directory = Directory([contacts], settings.country, settings.source_deadline)
    lists = Lists(store, settings.country)
    phone = Phone(
        Dialplan(settings.country, numbers.read_rules(settings.dial_rules), lists), cluster
    )
    callbacks = Callbacks(store, phone, settings.country)
    interactions = Interactions(store, directory, settings)
    calls = Log(store, directory, lists, callbacks, interactions, settings)
    sessions = Sessions(cluster, calls.tell, settings.finesse_deadline)
    web = httpx.AsyncClient(follow_redirects=False) if settings.log_url else None
    crm = WebLog(web, settings.log_url, settings.log_token, WEB_DEADLINE) if web else contacts
    outbox = Outbox(store, crm, settings)
    services = Services(
        settings, cluster, sessions, door, directory, store, calls, interactions, lists, phone,
        callbacks, Switchboard(directory, door),
    )  # fmt: skip

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        keeping = [asyncio.create_task(outbox.deliver()), asyncio.create_task(calls.sweep())]
        try:
            yield
        finally:
            for task in keeping:
                task.cancel()
            await asyncio.gather(*keeping, return_exceptions=True)
            await sessions.close_all()
            if web:
                await web.aclose()
            store.close()
            for each in own:
                await each.aclose()
            door.close()
            contacts.close()

    described = openapi.document()

    async def openapi_json(request: Request) -> Response:
        return json(described)

    async def docs(request: Request) -> Response:
        return FileResponse(
            _DOCS / "docs.html", headers={"Content-Security-Policy": "default-src 'self'"}
        )

    routes: list[Route | Mount] = [
        *api_routes(services),
        Route("/healthz", healthz),
        Route("/readyz", readyz(services)),
        Route("/openapi.json", openapi_json),
        Route("/docs", docs),
        Mount("/docs", StaticFiles(directory=_DOCS)),
    ]
    bundle = Path(settings.bundle)
    if bundle.is_dir():
        routes.append(Mount("/gadget", _AnyOrigin(StaticFiles(directory=bundle))))
    app = Starlette(
        routes=routes,
        middleware=[Middleware(_OneLine)],
        exception_handlers={CallcardError: _answer, HTTPException: _answer_http},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = (
        False  # a redirect would repeat the query, and the number in it, for anybody to keep
    )
    return app


def from_environment() -> Starlette:
    """The service for the settings of this directory and environment: what each worker process of `callcard serve` starts."""
    return create_app(Settings.read(), shared=Shared.told())


def open_finesse(settings: Settings, url: str) -> httpx.AsyncClient:
    """The client for the node at `url`. aiohttp carries it behind httpx's transport seam, the only place that knows."""
    tls = ssl.create_default_context(cafile=settings.finesse_ca or None)

    def session() -> aiohttp.ClientSession:
        # No cookies: a JSESSIONID of one agent must not travel with another's request.
        connector = aiohttp.TCPConnector(ssl=tls, limit=CONNECTIONS, keepalive_timeout=KEEP_ALIVE)
        opened = aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
        )
        # aiohttp would send a PUT again when a kept-alive connection ends under it; to Finesse that is a second order.
        opened._retry_connection = False
        return opened

    timeout = httpx.Timeout(settings.finesse_deadline)
    return httpx.AsyncClient(
        transport=_Transport(client=session),
        base_url=url,
        timeout=timeout,
        follow_redirects=False,
    )


def _place(url: str) -> str:
    """A node's name: its host and port, as the address of a desktop page has them."""
    parts = urlsplit(url)
    return (
        f"{(parts.hostname or '').lower()}:{parts.port or (443 if parts.scheme == 'https' else 80)}"
    )


def _notifications(settings: Settings, url: str, tls: ssl.SSLContext) -> Address:
    """Where the node at `url` tells of events; its XMPP domain is asked of SystemInfo."""
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    carrier: Literal["websocket", "tcp"] = "tcp" if settings.notifications == "tcp" else "websocket"
    usual = (
        (5223 if secure else 5222) if carrier == "tcp" else parts.port or (443 if secure else 80)
    )
    return Address(
        parts.hostname or "",
        settings.notifications_port or usual,
        "",
        carrier,
        tls if secure else None,
    )


class _Transport(AiohttpTransport):
    """aiohttp under httpx, with the errors that the binding does not translate: an answer that is not HTTP."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return await super().handle_async_request(request)
        except aiohttp.ClientError:
            # Not chained: aiohttp's message quotes what was received, which may be somebody's call.
            raise httpx.RemoteProtocolError("the answer is not HTTP") from None


_DOCS = Path(__file__).parent / "api" / "docs"


async def _answer(request: Request, error: Exception) -> Response:
    assert isinstance(error, CallcardError)
    return problem(error)


async def _answer_http(request: Request, error: Exception) -> Response:
    """Starlette's own refusals, in our shape."""
    assert isinstance(error, HTTPException)
    ours: CallcardError
    match error.status_code:
        case 404:
            ours = NotFound("There is nothing at this address; /openapi.json has them all")
        case 405:
            ours = MethodNotAllowed(
                f"{request.method} is not for this address; use {(error.headers or {}).get('Allow', 'GET')}"
            )
        case _:
            ours = errors.MalformedRequest(error.detail)
    ours.headers = dict(error.headers or {})
    return problem(ours)


class _OneLine:
    """One log line a request: by the route's pattern, because paths and queries hold what callers and strangers sent.

    What breaks below is answered here as a problem, and logged by its place in the code: messages may quote secrets.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        begun, status = time.perf_counter(), 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except Exception as error:
            place = "".join(traceback.format_tb(error.__traceback__))
            log.error("%s in %s\n%s", type(error).__name__, self._route(scope), place)
            if status:
                raise RuntimeError("broke in the middle of an answer") from None
            sorry = problem(
                InternalError(
                    "It was written to the log; try again, and tell your administrator if it stays"
                )
            )
            await sorry(scope, receive, noting)
        finally:
            took = (time.perf_counter() - begun) * 1000
            agent = scope.get("state", {}).get("agent", "-")
            log.info(
                "%s %s %d %.1f ms %s", scope["method"], self._route(scope), status, took, agent
            )

    @staticmethod
    def _route(scope: Scope) -> str:
        known: str = scope.get("state", {}).get("route", "")
        return known or (scope["path"] if scope["path"] in _OPEN else "-")


class _AnyOrigin:
    """Module scripts of a gadget that is hosted here are fetched across origins by the desktop."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def opened(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Access-Control-Allow-Origin"] = "*"
            await send(message)

        await self._app(scope, receive, opened)
