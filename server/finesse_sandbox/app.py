"""The stand-in put together: one origin with the desktop, the gadget container, the REST API and the back door. Wiring only."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Any, Literal

import httpx
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from callcard.bundle import layout as layouts
from finesse_sandbox import xml
from finesse_sandbox.accounts import Accounts
from finesse_sandbox.contact_centre import Centre
from finesse_sandbox.container.container import FILES, Container
from finesse_sandbox.container.proxy import Proxy
from finesse_sandbox.control_api import BackDoor
from finesse_sandbox.desktop.pages import Caller, HubSettings, Pages
from finesse_sandbox.faults import Faults
from finesse_sandbox.nodes import NodeStatus, Place, name_nodes
from finesse_sandbox.notifications.events import Notifications, Outlet
from finesse_sandbox.notifications.transports import Bosh, Tcp, websocket
from finesse_sandbox.rest.reason_codes import Configuration
from finesse_sandbox.rest.resources import Resources, Shared
from finesse_sandbox.rest.rest import Door, Rest
from finesse_sandbox.site import Platform, Refusal, Site
from finesse_sandbox.telephony.agents import Agents
from finesse_sandbox.telephony.switch import Switch
from finesse_sandbox.xml import API

STATIC = Path(__file__).parent / "static"
SECOND = 10
SPEC_SECONDS = 300.0
REQUESTS = 1000
"""Requests that `/sandbox/requests` remembers."""


@dataclass(frozen=True, kw_only=True)
class SandboxSettings:
    gadgets: tuple[Path, ...] = ()
    layout: bytes | None = None
    """A finesseLayout; None makes a tab for each gadget."""
    finesse_js: Path = STATIC / "finesse.js"
    platform: Platform = "ucce"
    proxy_cache: bool = False
    host: str = "localhost"
    nodes: Literal[1, 2] = 1
    ports: tuple[int, int] = (8445, 8447)
    """Of node A and node B, as SystemInfo tells them."""
    tcp_ports: tuple[int, int] | None = None
    """For XMPP over TCP on node A, in the clear and with TLS; None leaves them closed, 0 is the system's choice. Node B's are ten
    further."""
    presence_seconds: float = 60.0
    """From the loss of a user's presence to their forced sign-out."""
    more_agents: int = 0
    sso: bool = False
    no_reasons: bool = False
    """No reason codes are configured, so that states can be set without."""
    hub: HubSettings = field(default_factory=HubSettings)
    spec_cache: bool = False
    """Keep gadget specifications for five minutes, as the real container does, unless the desktop is opened with ?nocache."""
    answer_after: float | None = None
    """Seconds after which people outside pick up; None leaves that to the back door."""
    callers: tuple[Caller, ...] = (
        Caller("A caller", "+1 202-555-0123", "Support"),
        Caller("A caller from Germany", "+49 30 23125 123", "Support"),
        Caller("A caller who withholds the number", "anonymous", "Support"),
    )
    extra: tuple[BaseRoute, ...] = ()
    """More to serve from this origin: the demo's sample CRM."""


def proxy_client(verify: ssl.SSLContext | bool = True) -> httpx.AsyncClient:
    """What the gadget proxy reaches backends with: redirects are followed, as the real one does; no cookie is kept."""
    jar = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    return httpx.AsyncClient(
        follow_redirects=True, trust_env=False, timeout=10, verify=verify, cookies=jar
    )


class Sandbox:
    """The stand-in. `apps` are its nodes' ASGI applications, the first of which keeps time; `centre` is what they share."""

    def __init__(self, settings: SandboxSettings, *, http: httpx.AsyncClient | None = None) -> None:
        self._settings = settings
        site = Site(
            presence_seconds=settings.presence_seconds,
            sso=settings.sso,
            more_agents=settings.more_agents,
        )
        if settings.no_reasons:
            site.reasons = ()
        self.centre = Centre(settings.platform, site)
        outlets = [
            Outlet(domain, self.centre.presence, self.centre.agents)
            for domain in _domains(settings)
        ]
        clear, secure = settings.tcp_ports or (None, None)
        first = Place(settings.host, settings.ports[0], clear, secure)
        # The second node's ports are ten further, unless the system chooses.
        second = Place(
            settings.host, settings.ports[1], clear and clear + SECOND, secure and secure + SECOND
        )
        self.nodes = name_nodes(settings.nodes, first, second, (outlets[0], outlets[1]))
        self.notifications.outlets += [node.outlet for node in self.nodes]
        self.requests: deque[dict[str, Any]] = deque(maxlen=REQUESTS)
        self._http = http or proxy_client()
        self.proxy = Proxy(self._http, settings.proxy_cache)
        self.container = Container(
            settings.gadgets, self._http, keep=SPEC_SECONDS if settings.spec_cache else 0.0
        )
        layout = (
            layouts.of_gadgets(self.container.gadgets())
            if settings.layout is None
            else settings.layout
        )
        layouts.read(layout)
        self.centre.site.layout = layout.decode("utf-8")
        self._shared = Shared()
        self._tcp = [Tcp(self.accounts, node.outlet) for node in self.nodes]
        self._pages = Pages(
            settings.callers, settings.finesse_js, self.centre, self.nodes, settings.hub
        )
        self.apps = [self._node_app(node) for node in self.nodes]
        self.app = self.apps[0]

    @property
    def agents(self) -> Agents:
        return self.centre.agents

    @property
    def switch(self) -> Switch:
        return self.centre.switch

    @property
    def notifications(self) -> Notifications:
        return self.centre.notifications

    @property
    def faults(self) -> Faults:
        return self.centre.faults

    @property
    def accounts(self) -> Accounts:
        return self.centre.accounts

    def _node_app(self, node: NodeStatus) -> Starlette:
        door = Door(self.centre, node)
        bosh = Bosh(self.accounts, node.outlet)
        back = BackDoor(self.centre, self.nodes, self.requests, self._shared.logs)

        async def ws(socket: WebSocket) -> None:
            await websocket(socket, self.accounts, node.outlet)

        routes: list[BaseRoute] = [
            *self._pages.routes(node),
            Mount("/desktop/static", StaticFiles(directory=STATIC)),
            Route("/gadgets/ifr", self.container.ifr),
            Route("/gadgets/makeRequest", self.proxy.answer, methods=["GET", "POST"]),
            Route("/gadgets/proxy", self.proxy.fetch),
            Route("/gadgets/concat", self.container.concat),
            Route("/gadgets/js/gadgets.js", self._gadgets_js),
            Route(FILES + "{path:path}", self._file),
            *Rest(door).routes(),
            *Resources(door, self._shared).routes(),
            *Configuration(door).routes(),
            *[WebSocketRoute(path, ws) for path in ("/ws", "/ws/")],
            *[Route(path, bosh.answer, methods=["POST"]) for path in ("/http-bind", "/http-bind/")],
            *back.routes(),
            *self._settings.extra,
        ]
        return Starlette(
            routes=routes,
            middleware=[
                # By any other name it is a web site that points its own name here.
                Middleware(
                    TrustedHostMiddleware,
                    allowed_hosts=["localhost", "127.0.0.1", self._settings.host],
                ),
                Middleware(_Noting, requests=self.requests),
                Middleware(_Down, node=node),
            ],
            exception_handlers={Refusal: _refuse, HTTPException: _refuse_http},
            lifespan=self._lifespan if node.primary else None,
        )

    async def listen(self, tls: ssl.SSLContext | None = None) -> list[int]:
        """Open the TCP ports for XMPP; answers which they are. With TLS only if there is a certificate."""
        opened = []
        for node, tcp in zip(self.nodes, self._tcp, strict=True):
            if node.place.xmpp is not None:
                opened.append(await tcp.listen("127.0.0.1", node.place.xmpp))
            if node.place.xmpp_secure is not None and tls:
                opened.append(await tcp.listen("127.0.0.1", node.place.xmpp_secure, tls))
        return opened

    def close_streams(self) -> None:
        """Every open event stream and connection ends: what a server that stops would otherwise wait for."""
        for node in self.nodes:
            node.outlet.cut(down=True)

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(self.centre.keep_time())]
        if self._settings.answer_after is not None:
            tasks.append(asyncio.create_task(self._pick_up()))
        try:
            yield
        finally:
            self.close_streams()
            self.centre.presence.close()
            for task in tasks:
                task.cancel()
            for tcp in self._tcp:
                await tcp.close()
            await self._http.aclose()

    async def _pick_up(self) -> None:
        """Whoever is called outside answers after a while."""
        seen: dict[str, float] = {}
        while True:
            await asyncio.sleep(0.25)
            for dialog in list(self.switch.dialogs.values()):
                ringing = any(not p.is_agent and p.state == "ALERTING" for p in dialog.participants)
                if ringing and time.monotonic() - seen.setdefault(dialog.id, time.monotonic()) > (
                    self._settings.answer_after or 0
                ):
                    self.switch.answer_outside(dialog)

    async def _gadgets_js(self, request: Request) -> Response:
        return FileResponse(
            STATIC / "gadgets.js",
            media_type="text/javascript",
            headers={"Cache-Control": "no-cache"},
        )

    async def _file(self, request: Request) -> Response:
        file = self.container.file(request.path_params["path"])
        if file is None:
            raise HTTPException(404)
        return FileResponse(file, headers={"Cache-Control": "no-cache"})


def _domains(settings: SandboxSettings) -> tuple[str, str]:
    """Of the nodes' notification services. A single node has its host's, as gadgets expect."""
    return (settings.host, f"b.{settings.host}")


class _Down:
    """A node that was taken down answers 503 to everything but the back door and SystemInfo, which says why."""

    def __init__(self, app: ASGIApp, node: NodeStatus) -> None:
        self._app, self._node = app, node

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        api = path.startswith(("/sandbox/", f"{API}/"))  # which refuses in its own words
        if self._node.in_service or api or scope["type"] != "http":
            return await self._app(scope, receive, send)
        return await Response("This node is out of service", 503, media_type="text/plain")(
            scope, receive, send
        )


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return JSONResponse({"error": error.message}, error.status)


async def _refuse_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if request.url.path.startswith(f"{API}/"):
        # In XML, whatever was asked: on anything else the vendor's library can loop for ever.
        kind = {404: "Not Found", 405: "Method Not Allowed"}.get(error.status_code, "Generic Error")
        refused = xml.document(
            xml.refusal(Refusal(error.status_code, kind, error.detail, request.url.path))
        )
        return Response(refused, error.status_code, error.headers, "application/xml")
    return Response(error.detail, error.status_code, error.headers, "text/plain")


class _Noting:
    """Remembers what was asked of the stand-in, for `/sandbox/requests`: who, what and the outcome; no secrets, no queries."""

    def __init__(self, app: ASGIApp, requests: deque[dict[str, Any]]) -> None:
        self._app, self._requests = app, requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] != "http" or path.startswith(("/sandbox/", "/desktop/static/")):
            return await self._app(scope, receive, send)

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                user = scope.get("state", {}).get("user", "")
                asked = {"time": time.time(), "method": scope["method"], "path": path, "user": user}
                self._requests.append({**asked, "status": message["status"]})
            await send(message)

        return await self._app(scope, receive, noting)
