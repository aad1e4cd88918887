"""The desktop page and what it asks of its node: the session, the event stream, subscriptions, the other node, single sign-on."""

from __future__ import annotations

import asyncio
import html
import itertools
import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import (
    FileResponse,
    HTMLResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import BaseRoute, Route
from xstatic.pkg import jquery

from callcard.bundle import layout as layouts
from callcard.bundle.layout import Layout
from finesse_sandbox.accounts import Token
from finesse_sandbox.contact_centre import Centre
from finesse_sandbox.nodes import NodeStatus
from finesse_sandbox.notifications.events import Notification, Session, Waiting
from finesse_sandbox.rest.rest import read_body
from finesse_sandbox.site import Refusal, User

STATIC = Path(__file__).parents[1] / "static"
HEARTBEAT = 5.0
"""Seconds between signs of life on a desktop's event stream."""
TICKET_SECONDS = 12 * 3600.0
"""How long a desktop may move to the other node without signing in anew: a shift."""
_SSO = "standin_sso"


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody whom the desktop's sandbox panel can make ring."""

    label: str
    number: str
    queue: str = ""
    variables: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class HubSettings:
    """How the hub between the desktop and its gadgets behaves."""

    json: bool = False
    """Messages are copied as JSON, as between origins; else they are the same object for everybody."""
    strict: bool = False
    """What a gadget throws in the hub is shown on the page; else it is swallowed, as a real one does."""
    late: float = 0.0
    """Seconds after which gadgets are connected."""


class Subscribing(msgspec.Struct, forbid_unknown_fields=True):
    jid: str
    node: str
    subscribe: bool = True


class Exchanging(msgspec.Struct, forbid_unknown_fields=True):
    ticket: str


class Pages:
    def __init__(
        self,
        callers: tuple[Caller, ...],
        finesse_js: Path,
        centre: Centre,
        nodes: list[NodeStatus],
        hub: HubSettings,
    ) -> None:
        self._hub = hub
        self._callers, self._finesse_js, self._centre, self._nodes = (
            callers,
            finesse_js,
            centre,
            nodes,
        )
        self._numbers = itertools.count(1)
        self._tickets: dict[str, tuple[str, float]] = {}
        self._signed_on: dict[str, str] = {}
        """Who the browser behind a single sign-on cookie is."""

    def routes(self, node: NodeStatus) -> list[BaseRoute]:
        async def session(request: Request) -> Response:
            return self._session(request, node)

        async def events(request: Request) -> Response:
            return self._events(request, node)

        async def subscriptions(request: Request) -> Response:
            return await self._subscribe(request, node)

        return [
            Route("/", lambda request: RedirectResponse("/desktop")),
            Route("/desktop", self._page),
            Route("/desktop/container", self._page),
            Route("/desktop/session", session),
            Route("/desktop/events", events),
            Route("/desktop/subscriptions", subscriptions, methods=["POST"]),
            Route("/desktop/ticket", self._exchange, methods=["POST"]),
            Route("/desktop/sso/token", self._token, methods=["GET", "POST"]),
            Route("/desktop/sso/test", self._sso_test),
            Route("/desktop/sso/login", self._login, methods=["GET", "POST"]),
            *[
                Route(f"/desktop/assets/js/{name}", self._library)
                for name in ("finesse.js", "finesse.min.js")
            ],
            Route("/desktop/assets/js/jquery.min.js", self._jquery),
            Route("/desktop/js/utilities/MessageDisplay.js", self._message_display),
            Route("/desktop/thirdparty/bootstrap/{version}/{kind}/{file}", self._bootstrap),
        ]

    async def _page(self, request: Request) -> Response:
        return FileResponse(STATIC / "desktop.html", headers={"Cache-Control": "no-cache"})

    async def _library(self, request: Request) -> Response:
        """Ours, or the vendor's with what a later server would add to an older one."""
        text = self._finesse_js.read_bytes()
        if self._finesse_js.parent == STATIC:
            text += b"".join(
                (STATIC / name).read_bytes() for name in ("finesse-more.js", "finesse-services.js")
            )
        if b"getAuthHeaderString" not in text:
            text += b"\n;" + (STATIC / "older.js").read_bytes()
        return Response(text, media_type="text/javascript", headers={"Cache-Control": "no-cache"})

    async def _message_display(self, request: Request) -> Response:
        return FileResponse(STATIC / "MessageDisplay.js", media_type="text/javascript")

    async def _bootstrap(self, request: Request) -> Response:
        if request.path_params["file"].endswith(".css"):
            return Response("", media_type="text/css")
        return FileResponse(STATIC / "bootstrap.js", media_type="text/javascript")

    async def _jquery(self, request: Request) -> Response:
        return FileResponse(Path(jquery.BASE_DIR) / "jquery.min.js", media_type="text/javascript")

    def _session(self, request: Request, node: NodeStatus) -> Response:
        """What the desktop page must know of the user who signs in."""
        authorization = request.headers.get("authorization", "")
        user = self._centre.accounts.admit(authorization)
        site = self._centre.site
        role = (
            "Supervisor"
            if "Supervisor" in user.roles
            else "Admin"
            if "Admin" in user.roles
            else "Agent"
        )
        roles = layouts.read(
            (site.layout if site.team_layout is None else site.team_layout).encode()
        )
        layout = roles.get(role) or roles.get("Agent") or Layout((), ())
        other = next((each for each in self._nodes if each is not node), None)
        told = {
            "id": user.id,
            "name": f"{user.first_name} {user.last_name}".strip(),
            "team": {"id": user.team, "name": site.team_name},
            "extension": user.extension_of,
            "layout": layout.told(),
            "callers": self._callers,
            "xmppDomain": node.domain,
            "platform": self._centre.platform,
            "node": node.name,
            "hub": self._hub,
            "other": self._other(request, other, authorization) if other else None,
        }
        return _json(told)

    def _other(self, request: Request, node: NodeStatus, authorization: str) -> dict[str, str]:
        """Where the desktop goes when this node is lost, and the ticket that stands for its session there, once."""
        now = time.monotonic()
        # One for each session: a new page's makes the old page's worthless.
        self._tickets = {
            t: kept
            for t, kept in self._tickets.items()
            if kept[1] > now and kept[0] != authorization
        }
        ticket = secrets.token_urlsafe(24)
        self._tickets[ticket] = (authorization, now + TICKET_SECONDS)
        return {
            "origin": f"{request.url.scheme}://{node.place.host}:{node.place.port}",
            "ticket": ticket,
        }

    async def _exchange(self, request: Request) -> Response:
        sent = await _read(request, Exchanging)
        authorization, until = self._tickets.pop(sent.ticket, ("", 0.0))
        if until < time.monotonic():
            raise Refusal(
                401, "Authorization Failure", "This ticket is not good any more; sign in again"
            )
        return _json(
            {
                "id": self._centre.accounts.admit(authorization).id,
                "authorization": authorization.partition(" ")[2],
            }
        )

    # ---- notifications, as the page hears them: a JSON object a line

    def _events(self, request: Request, node: NodeStatus) -> Response:
        """The user's notifications for as long as the page listens. The first line is the session's JID."""
        user = self._centre.accounts.admit(request.headers.get("authorization", ""))
        if node.outlet.down:
            raise Refusal(503, "Service Unavailable", "SERVER_OUT_OF_SERVICE")
        jid = f"{user.id}@{node.domain}/desktop{next(self._numbers)}"
        return StreamingResponse(
            self._lines(user, jid, node),
            headers={"Cache-Control": "no-store"},
            media_type="application/x-ndjson",
        )

    async def _lines(self, user: User, jid: str, node: NodeStatus) -> AsyncIterator[bytes]:
        waiting = Waiting()
        session = Session(user, jid, waiting.put, waiting.end)
        node.outlet.join(session)
        node.outlet.available(session, True)
        upcoming: asyncio.Task[Notification | None] = asyncio.ensure_future(waiting.get())
        try:
            yield msgspec.json.encode({"jid": jid}) + b"\n"
            while True:
                done, _ = await asyncio.wait([upcoming], timeout=HEARTBEAT)
                if not done:
                    yield b"\n"
                    continue
                notification = upcoming.result()
                if notification is None:
                    return
                yield msgspec.json.encode(notification) + b"\n"
                upcoming = asyncio.ensure_future(waiting.get())
        finally:
            upcoming.cancel()
            node.outlet.subscriptions.pop(jid, None)
            node.outlet.leave(session)

    async def _subscribe(self, request: Request, node: NodeStatus) -> Response:
        """A gadget asks for a node, or does without it again."""
        user = self._centre.accounts.admit(request.headers.get("authorization", ""))
        sent = await _read(request, Subscribing)
        if not any(
            session.jid == sent.jid and session.user is user for session in node.outlet.sessions
        ):
            raise Refusal(404, "Not Found", "There is no such event stream", sent.jid)
        if sent.subscribe:
            return _json({"subid": node.outlet.subscribe(user, sent.jid, sent.node)})
        node.outlet.unsubscribe(sent.jid, sent.node)
        return _json({})

    # ---- single sign-on: the browser's flow, with a page of our own where the identity provider's would be

    async def _token(self, request: Request) -> Response:
        accounts = self._centre.accounts
        if request.method == "POST":
            form = {
                name: values[0]
                for name, values in parse_qs(
                    (await read_body(request)).decode("utf-8", "replace")
                ).items()
            }
            token = accounts.refresh(form.get("refresh-token", ""))
            if token is None:
                return _json(
                    {"error": "the refresh token is not good any more; sign in again"}, 401
                )
            return self._told(token, refresh=True)
        user = self._centre.agents.users.get(self._signed_on.get(request.cookies.get(_SSO, ""), ""))
        if user is None:
            back = (
                f"/desktop/sso/token?{request.url.query}"
                if request.url.query
                else "/desktop/sso/token"
            )
            named = request.query_params.get("cc_username", request.cookies.get("cc_username", ""))
            return RedirectResponse(
                f"/desktop/sso/login?{urlencode({'back': back, 'user': named})}", 302
            )
        return self._told(
            accounts.issue(user), refresh=request.query_params.get("return_refresh_token") == "true"
        )

    def _told(self, token: Token, *, refresh: bool) -> Response:
        told: dict[str, Any] = {
            "token": token.access,
            "expires_in": int(self._centre.accounts.token_seconds),
        }
        told |= {
            "user_id": token.user,
            "realm": "finesse.example",
            "user_principal": f"{token.user}@finesse.example",
        }
        return _json(told | ({"refresh_token": token.refresh} if refresh else {}))

    async def _login(self, request: Request) -> Response:
        if request.method == "GET":
            return HTMLResponse(
                _login_page(
                    request.query_params.get("back", ""), request.query_params.get("user", "")
                )
            )
        form = {
            name: values[0]
            for name, values in parse_qs(
                (await read_body(request)).decode("utf-8", "replace")
            ).items()
        }
        back = form.get("back", "")
        try:
            user = self._centre.accounts.check(form.get("user", ""), form.get("password", ""))
        except Refusal:
            return HTMLResponse(
                _login_page(back, form.get("user", ""), "This name and password are not known."),
                401,
            )
        cookie = secrets.token_urlsafe(24)
        self._signed_on = {c: id for c, id in self._signed_on.items() if id != user.id} | {
            cookie: user.id
        }
        answer = RedirectResponse(back if back.startswith("/desktop/sso/") else "/desktop", 302)
        answer.set_cookie(_SSO, cookie, httponly=True, samesite="lax")
        return answer

    async def _sso_test(self, request: Request) -> Response:
        known = request.cookies.get(_SSO, "") in self._signed_on
        status, error = ("true", "") if known else ("false", "NO TOKEN")
        told = msgspec.json.encode({"status": status, "errorMessage": error}).decode()
        answer = HTMLResponse(
            f"<!DOCTYPE html><script>parent.postMessage({told}, location.origin)</script>"
        )
        answer.set_cookie("ssotest", status, samesite="lax")
        return answer


def _login_page(back: str, user: str, error: str = "") -> str:
    return (
        "<!DOCTYPE html><html lang=en><title>Sign in</title><body style='font:14px sans-serif;padding:2em'><h1>Single sign-on</h1>"
        f"<p role=alert>{html.escape(error)}</p><form method=post action='/desktop/sso/login'>"
        f'<input type=hidden name=back value="{html.escape(back)}">'
        f'<p><label>Name <input name=user value="{html.escape(user)}"></label></p>'
        "<p><label>Password <input name=password type=password></label></p><button>Sign in</button></form></body></html>"
    )


async def _read(request: Request, kind: type[Any]) -> Any:
    try:
        return msgspec.json.decode(await read_body(request), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refusal(400, "Bad Request", str(error)) from error


def _json(content: Any, status: int = 200) -> Response:
    return Response(
        msgspec.json.encode(content), status, {"Cache-Control": "no-store"}, "application/json"
    )
