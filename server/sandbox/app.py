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
from typing import Any

import httpx
import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from xstatic.pkg import jquery

from server.sandbox import layout as layouts
from server.sandbox.backdoor import BackDoor
from server.sandbox.container import FILES, Container
from server.sandbox.events import Notifications
from server.sandbox.faults import Faults
from server.sandbox.layout import Layout
from server.sandbox.proxy import Proxy
from server.sandbox.rest import Accounts, Rest
from server.sandbox.switch import Platform, Refusal, Switch, User

STATIC = Path(__file__).parent / "static"
HEARTBEAT = 5.0
"""Seconds between signs of life on a desktop's event stream."""
REQUESTS = 1000
"""Requests that `/sandbox/requests` remembers."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody whom the desktop's sandbox panel can make ring."""

    label: str
    number: str
    queue: str = ""
    variables: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class SandboxSettings:
    gadgets: tuple[Path, ...] = ()
    layout: bytes | None = None
    """A finesseLayout; None makes a tab for each gadget."""
    finesse_js: Path = STATIC / "finesse.js"
    platform: Platform = "ucce"
    proxy_cache: bool = False
    host: str = "localhost"
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
    return httpx.AsyncClient(follow_redirects=True, trust_env=False, timeout=10, verify=verify, cookies=jar)


class Sandbox:
    """The stand-in. `app` is its ASGI application; `switch` and `faults` are there for tests in the same process."""

    def __init__(self, settings: SandboxSettings, *, http: httpx.AsyncClient | None = None) -> None:
        self._settings = settings
        self.notifications = Notifications()
        self.switch = Switch(self.notifications, settings.platform)
        self.notifications.switch = self.switch
        self.faults = Faults()
        self.requests: deque[dict[str, Any]] = deque(maxlen=REQUESTS)
        self.accounts = Accounts(self.switch)
        self._http = http or proxy_client()
        self.proxy = Proxy(self._http, settings.proxy_cache)
        self._container = Container(settings.gadgets, self._http)
        layout = layouts.of_gadgets(self._container.gadgets()) if settings.layout is None else settings.layout
        self._layouts = layouts.read(layout)
        rest = Rest(self.switch, self.accounts, self.faults, settings.host)
        back = BackDoor(self.switch, self.faults, self.notifications, self.accounts, self.requests)
        self.app = Starlette(
            routes=[
                Route("/", lambda request: RedirectResponse("/desktop")),
                Route("/desktop", self._desktop),
                Route("/desktop/session", self._session),
                Route("/desktop/events", self._events),
                Route("/desktop/assets/js/finesse.js", self._finesse_js),
                Route("/desktop/assets/js/jquery.min.js", self._jquery),
                Mount("/desktop/static", StaticFiles(directory=STATIC)),
                Route("/gadgets/ifr", self._container.ifr),
                Route("/gadgets/makeRequest", self.proxy.answer, methods=["GET", "POST"]),
                Route("/gadgets/js/gadgets.js", self._gadgets_js),
                Route(FILES + "{path:path}", self._file),
                *rest.routes(),
                *back.routes(),
                *settings.extra,
            ],
            middleware=[
                # By any other name it is a web site that points its own name here.
                Middleware(TrustedHostMiddleware, allowed_hosts=["localhost", "127.0.0.1", settings.host]),
                Middleware(_Noting, requests=self.requests),
            ],
            exception_handlers={Refusal: _refuse, HTTPException: _refuse_http},
            lifespan=self._lifespan,
        )

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        picking_up = asyncio.create_task(self._pick_up()) if self._settings.answer_after is not None else None
        try:
            yield
        finally:
            self.notifications.cut(down=True)
            if picking_up:
                picking_up.cancel()
            await self._http.aclose()

    async def _pick_up(self) -> None:
        """Whoever is called outside answers after a while."""
        seen: dict[str, float] = {}
        while True:
            await asyncio.sleep(0.25)
            for dialog in list(self.switch.dialogs.values()):
                ringing = any(not p.is_agent and p.state == "ALERTING" for p in dialog.participants)
                if ringing and time.monotonic() - seen.setdefault(dialog.id, time.monotonic()) > (self._settings.answer_after or 0):
                    self.switch.answer_outside(dialog)

    # ---- the desktop

    async def _desktop(self, request: Request) -> Response:
        return FileResponse(STATIC / "desktop.html", headers={"Cache-Control": "no-cache"})

    async def _session(self, request: Request) -> Response:
        """What the desktop page must know of the user who signs in."""
        user = self.accounts.admit(request.headers.get("authorization", ""))
        role = "Supervisor" if "Supervisor" in user.roles else "Admin" if "Admin" in user.roles else "Agent"
        layout = self._layouts.get(role) or self._layouts.get("Agent") or Layout((), ())
        told = {
            "id": user.id,
            "name": f"{user.first_name} {user.last_name}".strip(),
            "team": {"id": user.team, "name": self.switch.team_name},
            "extension": user.extension_of,
            "layout": layout.told(),
            "callers": self._settings.callers,
        }
        return Response(msgspec.json.encode(told), headers={"Cache-Control": "no-store"}, media_type="application/json")

    async def _events(self, request: Request) -> Response:
        """The user's notifications, a JSON object a line, for as long as the page listens."""
        user = self.accounts.admit(request.headers.get("authorization", ""))
        if self.notifications.down:
            raise Refusal(503, "Service Unavailable", "SERVER_OUT_OF_SERVICE")
        return StreamingResponse(self._lines(user), headers={"Cache-Control": "no-store"}, media_type="application/x-ndjson")

    async def _lines(self, user: User) -> AsyncIterator[bytes]:
        stream = self.notifications.listen(user)
        upcoming: asyncio.Task[Any] = asyncio.ensure_future(anext(stream, None))
        yield b"\n"
        try:
            while True:
                done, _ = await asyncio.wait([upcoming], timeout=HEARTBEAT)
                if not done:
                    yield b"\n"
                    continue
                notification = upcoming.result()
                if notification is None:
                    return
                yield msgspec.json.encode(notification) + b"\n"
                upcoming = asyncio.ensure_future(anext(stream, None))
        finally:
            upcoming.cancel()

    async def _finesse_js(self, request: Request) -> Response:
        return FileResponse(self._settings.finesse_js, media_type="text/javascript", headers={"Cache-Control": "no-cache"})

    async def _jquery(self, request: Request) -> Response:
        return FileResponse(Path(jquery.BASE_DIR) / "jquery.min.js", media_type="text/javascript")

    async def _gadgets_js(self, request: Request) -> Response:
        return FileResponse(STATIC / "gadgets.js", media_type="text/javascript", headers={"Cache-Control": "no-cache"})

    async def _file(self, request: Request) -> Response:
        file = self._container.file(request.path_params["path"])
        if file is None:
            raise HTTPException(404)
        return FileResponse(file, headers={"Cache-Control": "no-cache"})


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return JSONResponse({"error": error.message}, error.status)


async def _refuse_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
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
