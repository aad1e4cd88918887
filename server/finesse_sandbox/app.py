"""Wire the sandbox: one ASGI application per node."""

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
from starlette.websockets import WebSocket

from callcard.bundle import layout as layouts
from finesse_sandbox.accounts import Accounts
from finesse_sandbox.api_errors import ApiError
from finesse_sandbox.call_manager import CallManager
from finesse_sandbox.contact_centre import ContactCentre
from finesse_sandbox.container.container import FILES, Container
from finesse_sandbox.container.proxy import MAKE_REQUEST, GadgetProxy
from finesse_sandbox.control_api import ControlApi
from finesse_sandbox.desktop.event_stream import EventStream
from finesse_sandbox.desktop.pages import STATIC, Caller, DesktopPages, HubSettings
from finesse_sandbox.desktop.single_sign_on import SingleSignOn
from finesse_sandbox.faults import Faults
from finesse_sandbox.middleware import NodeOutage, RequestLog
from finesse_sandbox.nodes import Node, NodeAddress, create_nodes
from finesse_sandbox.notifications.bosh import BoshEndpoint
from finesse_sandbox.notifications.event_publisher import EventPublisher
from finesse_sandbox.notifications.pubsub import PubSub
from finesse_sandbox.notifications.tcp import TcpServer
from finesse_sandbox.notifications.websocket import serve_websocket
from finesse_sandbox.rest.routes import rest_routes
from finesse_sandbox.site import Platform, SiteConfiguration
from finesse_sandbox.telephony.agents import Agents
from finesse_sandbox.telephony.switch import Switch
from finesse_sandbox.xml.document import API, api_errors_element, serialize

SECOND_NODE_PORT_OFFSET = 10
SPEC_CACHE_SECONDS = 300.0
MAX_LISTED_REQUESTS = 1000
"""Requests that `GET /sandbox/requests` lists."""


@dataclass(frozen=True, kw_only=True)
class SandboxSettings:
    gadgets: tuple[Path, ...] = ()
    layout: bytes | None = None
    """A finesseLayout; None makes a tab for each gadget."""
    finesse_js: Path | None = None
    """The vendor's library; None serves the sandbox's own."""
    platform: Platform = "ucce"
    proxy_cache: bool = False
    host: str = "localhost"
    nodes: Literal[1, 2] = 1
    ports: tuple[int, int] = (8445, 8447)
    """Of node A and node B, as SystemInfo lists them."""
    xmpp_ports: tuple[int, int] | None = None
    """For XMPP over TCP on node A, in the clear and with TLS.

    None leaves them closed, 0 lets the system choose. Node B's are ten higher.
    """
    presence_timeout_seconds: float = 60.0
    """From the loss of a user's presence to their forced sign-out."""
    more_agents: int = 0
    sso: bool = False
    no_reasons: bool = False
    """Configure no reason codes, so that states can be set without one."""
    hub: HubSettings = field(default_factory=HubSettings)
    spec_cache: bool = False
    """Cache gadget specifications for five minutes, as the real container does.

    A desktop opened with ?nocache bypasses the cache.
    """
    answer_after_seconds: float | None = None
    """Seconds after which external numbers answer; None leaves that to the control API."""
    callers: tuple[Caller, ...] = (
        Caller("A caller", "+1 202-555-0123", "Support"),
        Caller("A caller from Germany", "+49 30 23125 123", "Support"),
        Caller("A caller who withholds the number", "anonymous", "Support"),
    )
    curri_url: str = ""
    """Where the call manager asks before it routes a call from outside; empty: it does not ask."""
    decision_url: str = ""
    """Where a routing script asks for a decision, likewise."""
    extra_routes: tuple[BaseRoute, ...] = ()
    """More routes of this origin: the demo's sample CRM."""


def proxy_client(verify: ssl.SSLContext | bool = True) -> httpx.AsyncClient:
    """Return the gadget proxy's HTTP client.

    It follows redirects, as the real proxy does, and keeps no cookies.
    """
    no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    return httpx.AsyncClient(
        follow_redirects=True,
        trust_env=False,
        timeout=10,
        verify=verify,
        cookies=no_cookies,
        # Sooner than servers close idle connections (uvicorn: 5 s): a request that meets the close
        # would fail.
        limits=httpx.Limits(keepalive_expiry=2.0),
    )


class Sandbox:
    """The sandbox. `apps` are its nodes' ASGI applications; the first one runs the timers."""

    def __init__(self, settings: SandboxSettings, *, http: httpx.AsyncClient | None = None) -> None:
        self._settings = settings
        self._http = http or proxy_client()
        cache_seconds = SPEC_CACHE_SECONDS if settings.spec_cache else 0.0
        self.container = Container(settings.gadgets, self._http, cache_seconds)
        self.contact_centre = ContactCentre(settings.platform, self._configure_site())
        self.nodes = self._create_nodes()
        self.events.pubsubs.extend(node.pubsub for node in self.nodes)
        self.requests: deque[dict[str, Any]] = deque(maxlen=MAX_LISTED_REQUESTS)
        self.proxy = GadgetProxy(
            self._http, settings.proxy_cache, faults=self.contact_centre.faults
        )
        self._tcp_servers = [TcpServer(self.accounts, node.pubsub) for node in self.nodes]
        self._pages = DesktopPages(
            settings.callers, settings.finesse_js, self.contact_centre, self.nodes, settings.hub
        )
        self._single_sign_on = SingleSignOn(self.contact_centre)
        self.apps = [self._create_app(node) for node in self.nodes]
        self.app = self.apps[0]

    @property
    def agents(self) -> Agents:
        return self.contact_centre.agents

    @property
    def switch(self) -> Switch:
        return self.contact_centre.switch

    @property
    def events(self) -> EventPublisher:
        return self.contact_centre.events

    @property
    def faults(self) -> Faults:
        return self.contact_centre.faults

    @property
    def accounts(self) -> Accounts:
        return self.contact_centre.accounts

    async def listen(self, tls: ssl.SSLContext | None = None) -> list[int]:
        """Open the TCP ports for XMPP, with TLS only if there is a certificate; return them."""
        ports = []
        for node, server in zip(self.nodes, self._tcp_servers, strict=True):
            if node.address.xmpp_port is not None:
                ports.append(await server.listen("127.0.0.1", node.address.xmpp_port))
            if node.address.xmpp_secure_port is not None and tls:
                port = node.address.xmpp_secure_port
                ports.append(await server.listen("127.0.0.1", port, tls))
        return ports

    def close_streams(self) -> None:
        """End every event stream, so that the server can stop."""
        for node in self.nodes:
            node.pubsub.take_down()

    # ---- creation

    def _create_nodes(self) -> list[Node]:
        settings = self._settings
        domain = settings.host  # a single node has its host's domain, as gadgets expect
        pubsubs = (
            PubSub(domain, self.contact_centre.presence, self.agents),
            PubSub(f"b.{domain}", self.contact_centre.presence, self.agents),
        )
        xmpp_port, xmpp_secure_port = settings.xmpp_ports or (None, None)
        first = NodeAddress(settings.host, settings.ports[0], xmpp_port, xmpp_secure_port)
        second = NodeAddress(
            settings.host,
            settings.ports[1],
            _second_node_port(xmpp_port),
            _second_node_port(xmpp_secure_port),
        )
        return create_nodes(settings.nodes, first, second, pubsubs)

    def _configure_site(self) -> SiteConfiguration:
        """Return the configuration at the start. Raises LayoutError."""
        settings = self._settings
        layout = settings.layout
        if layout is None:
            layout = layouts.from_gadgets(self.container.gadgets())
        layouts.read(layout)
        site = SiteConfiguration(
            layout=layout.decode("utf-8"),
            presence_timeout_seconds=settings.presence_timeout_seconds,
            sso=settings.sso,
            more_agents=settings.more_agents,
        )
        if settings.no_reasons:
            site.reasons = ()
        return site

    def _create_app(self, node: Node) -> Starlette:
        bosh = BoshEndpoint(self.accounts, node.pubsub)

        async def websocket(socket: WebSocket) -> None:
            await serve_websocket(socket, self.accounts, node.pubsub)

        control_api = ControlApi(
            self.contact_centre,
            self.nodes,
            self.requests,
            self._clear_caches,
            CallManager(self._http, self._settings.curri_url, self._settings.decision_url),
        )
        routes: list[BaseRoute] = [
            *self._pages.routes(node),
            *EventStream(self.accounts, node).routes(),
            *self._single_sign_on.routes(),
            Mount("/desktop/static", StaticFiles(directory=STATIC)),
            Route("/gadgets/ifr", self.container.render_gadget),
            Route(MAKE_REQUEST, self.proxy.make_request, methods=["GET", "POST"]),
            Route("/gadgets/proxy", self.proxy.fetch),
            Route("/gadgets/concat", self.container.concat),
            Route("/gadgets/js/gadgets.js", self._gadgets_js),
            Route(FILES + "{path:path}", self._gadget_file),
            *rest_routes(self.contact_centre, node),
            WebSocketRoute("/ws", websocket),
            WebSocketRoute("/ws/", websocket),
            Route("/http-bind", bosh.handle, methods=["POST", "OPTIONS"]),
            Route("/http-bind/", bosh.handle, methods=["POST", "OPTIONS"]),
            *control_api.routes(),
            *self._settings.extra_routes,
        ]
        # A request for any other host comes from a web site that points its own name here. No web
        # site is below localhost (RFC 6761); the console's desktops are.
        hosts = ["localhost", "*.localhost", "127.0.0.1", self._settings.host]
        return Starlette(
            routes=routes,
            middleware=[
                Middleware(TrustedHostMiddleware, allowed_hosts=hosts),
                Middleware(RequestLog, requests=self.requests),
                Middleware(NodeOutage, node=node),
            ],
            exception_handlers={ApiError: _respond_to_api_error, HTTPException: _respond_to_http},
            lifespan=self._lifespan if node.primary else None,
        )

    # ---- runtime

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(self.contact_centre.run_timers())]
        if self._settings.answer_after_seconds is not None:
            seconds = self._settings.answer_after_seconds
            tasks.append(asyncio.create_task(self._answer_calls(seconds)))
        try:
            yield
        finally:
            self.close_streams()
            self.contact_centre.presence.cancel_sign_outs()
            for task in tasks:
                task.cancel()
            for server in self._tcp_servers:
                await server.close()
            await self._http.aclose()

    async def _answer_calls(self, seconds: float) -> None:
        """Answer the external numbers that agents dial after some seconds."""
        ringing_since: dict[str, float] = {}
        while True:
            await asyncio.sleep(0.25)
            now = time.monotonic()
            for dialog in list(self.switch.dialogs.values()):
                if any(not p.is_agent and p.state == "ALERTING" for p in dialog.participants):
                    ringing_since.setdefault(dialog.id, now)
                    if now - ringing_since[dialog.id] > seconds:
                        self.switch.answer_outside(dialog)

    def _clear_caches(self) -> None:
        self.proxy.clear_cache()
        self.container.clear_cache()

    async def _gadgets_js(self, request: Request) -> Response:
        headers = {"Cache-Control": "no-cache"}
        return FileResponse(STATIC / "gadgets.js", media_type="text/javascript", headers=headers)

    async def _gadget_file(self, request: Request) -> Response:
        file = self.container.file(request.path_params["path"])
        if file is None:
            raise HTTPException(404)
        return FileResponse(file, headers={"Cache-Control": "no-cache"})


def _second_node_port(port: int | None) -> int | None:
    """Return node B's port for a port of node A; 0 lets the system choose both."""
    if port is None or port == 0:
        return port
    return port + SECOND_NODE_PORT_OFFSET


async def _respond_to_api_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return JSONResponse({"error": error.message, "about": error.data}, error.status)


async def _respond_to_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if request.url.path.startswith(f"{API}/"):
        # Always XML: the vendor's library can loop for ever on anything else.
        types = {404: "Not Found", 405: "Method Not Allowed"}
        type = types.get(error.status_code, "Generic Error")
        rejection = ApiError(error.status_code, type, error.detail, request.url.path)
        body = serialize(api_errors_element(rejection))
        return Response(body, error.status_code, error.headers, "application/xml")
    if request.url.path.startswith("/sandbox/"):
        content = {"error": error.detail, "about": request.url.path}
        return JSONResponse(content, error.status_code, error.headers)
    return Response(error.detail, error.status_code, error.headers, "text/plain")
