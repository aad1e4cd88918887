"""The desktop page, its libraries, and the session that it reads at sign-in."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from xstatic.pkg import jquery

from callcard.bundle import layout as layouts
from callcard.bundle.layout import Layout
from finesse_sandbox.api_errors import ApiError
from finesse_sandbox.contact_centre import ContactCentre
from finesse_sandbox.json_http import json_response, read_json
from finesse_sandbox.nodes import Node
from finesse_sandbox.site import User

STATIC = Path(__file__).parents[1] / "static"
LIBRARY_FILES = (
    "config.js",
    "utilities.js",
    "times.js",
    "desktop-cache.js",
    "clientservices.js",
    "rest.js",
    "dialogs.js",
    "media.js",
    "queues-and-teams.js",
    "phone-books.js",
    "system.js",
    "user.js",
    "container-events.js",
    "containerservices.js",
    "notifications.js",
    "shortcut-keys.js",
    "channels.js",
)
"""The sandbox's own finesse.js, in files that are served as one script in this order."""
CONSOLE_HOST = "sandbox.localhost"
TICKET_SECONDS = 12 * 3600.0
"""For a shift, a desktop may move to the other node without signing in again."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A caller in the desktop's sandbox panel."""

    label: str
    number: str
    queue: str = ""
    variables: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class HubSettings:
    """How the hub between the desktop and its gadgets behaves."""

    copy_as_json: bool = False
    """Copy messages as JSON, as between origins; otherwise all receive the same object."""
    show_errors: bool = False
    """Show on the page what a gadget throws in the hub; a real desktop swallows it."""
    connect_delay_seconds: float = 0.0
    """From the load of a gadget to its connection to the hub."""


class TicketRequest(msgspec.Struct, forbid_unknown_fields=True):
    ticket: str


@dataclass(frozen=True, slots=True)
class _Ticket:
    authorization: str
    expires_at: float


class DesktopPages:
    """The desktop of all nodes: a ticket of one node opens a session on the other."""

    def __init__(
        self,
        callers: tuple[Caller, ...],
        finesse_js: Path | None,
        contact_centre: ContactCentre,
        nodes: list[Node],
        hub: HubSettings,
    ) -> None:
        self._callers = callers
        self._finesse_js = finesse_js
        self._contact_centre = contact_centre
        self._nodes = nodes
        self._hub = hub
        self._tickets: dict[str, _Ticket] = {}

    def routes(self, node: Node) -> list[BaseRoute]:
        async def session(request: Request) -> Response:
            return self._session(request, node)

        assets = "/desktop/assets/js"
        bootstrap = "/desktop/thirdparty/bootstrap/{version}/{kind}/{file}"
        return [
            Route("/", lambda request: RedirectResponse("/desktop")),
            Route("/desktop", self._page),
            Route("/sandbox/console", self._console),
            Route("/desktop/container", self._page),
            Route("/desktop/session", session),
            Route("/desktop/ticket", self._exchange_ticket, methods=["POST"]),
            Route(f"{assets}/finesse.js", self._finesse_library),
            Route(f"{assets}/finesse.min.js", self._finesse_library),
            Route(f"{assets}/jquery.min.js", self._jquery),
            Route("/desktop/js/utilities/MessageDisplay.js", self._message_display),
            Route(bootstrap, self._bootstrap),
        ]

    # ---- page and libraries

    async def _page(self, request: Request) -> Response:
        return FileResponse(STATIC / "desktop.html", headers={"Cache-Control": "no-cache"})

    async def _console(self, request: Request) -> Response:
        """Serve the console, on this machine under a name below which its desktops have others.

        Browsers give frames of another site no storage.
        """
        if request.url.scheme == "http" and request.url.hostname in ("localhost", "127.0.0.1"):
            return RedirectResponse(str(request.url.replace(hostname=CONSOLE_HOST)))
        return FileResponse(STATIC / "console.html", headers={"Cache-Control": "no-cache"})

    async def _finesse_library(self, request: Request) -> Response:
        """Serve the sandbox's library, or the vendor's with what later servers add to it."""
        if self._finesse_js is None:
            files = [STATIC / "finesse" / name for name in LIBRARY_FILES]
            text = b"".join(file.read_bytes() for file in files)
        else:
            text = self._finesse_js.read_bytes()
        if b"getAuthHeaderString" not in text:
            text += b"\n;" + (STATIC / "finesse-before-11.js").read_bytes()
        return Response(text, media_type="text/javascript", headers={"Cache-Control": "no-cache"})

    async def _message_display(self, request: Request) -> Response:
        return FileResponse(STATIC / "MessageDisplay.js", media_type="text/javascript")

    async def _bootstrap(self, request: Request) -> Response:
        if request.path_params["file"].endswith(".css"):
            return Response("", media_type="text/css")
        return FileResponse(STATIC / "bootstrap-stub.js", media_type="text/javascript")

    async def _jquery(self, request: Request) -> Response:
        return FileResponse(Path(jquery.BASE_DIR) / "jquery.min.js", media_type="text/javascript")

    # ---- session

    def _session(self, request: Request, node: Node) -> Response:
        """Return what the page needs to know of the user who signs in."""
        authorization = request.headers.get("authorization", "")
        user = self._contact_centre.accounts.authenticate(authorization)
        content = {
            "id": user.id,
            "name": f"{user.first_name} {user.last_name}".strip(),
            "team": {"id": user.team, "name": self._contact_centre.site.teams.get(user.team, "")},
            "extension": user.assigned_extension,
            "layout": self._layout(user).as_dict(),
            "callers": self._callers,
            "xmppDomain": node.domain,
            "platform": self._contact_centre.platform,
            "node": node.name,
            "hub": self._hub,
            "other_node": None,
        }
        for other in self._nodes:
            if other is not node:
                address = other.address
                content["other_node"] = {
                    "origin": f"{request.url.scheme}://{address.host}:{address.port}",
                    "ticket": self._issue_ticket(authorization),
                }
        return json_response(content)

    def _layout(self, user: User) -> Layout:
        site = self._contact_centre.site
        text = site.layout if site.team_layout is None else site.team_layout
        by_role = layouts.read(text.encode())
        for role in ("Supervisor", "Admin", "Agent"):
            if role in user.roles:
                return by_role.get(role) or by_role.get("Agent") or Layout((), ())
        return by_role.get("Agent") or Layout((), ())

    # ---- failover

    def _issue_ticket(self, authorization: str) -> str:
        """Return a ticket that opens this session on the other node, once.

        A session has one ticket: a new page's ticket makes the old page's worthless.
        """
        now = time.monotonic()
        self._tickets = {
            id: ticket
            for id, ticket in self._tickets.items()
            if ticket.expires_at > now and ticket.authorization != authorization
        }
        id = secrets.token_urlsafe(24)
        self._tickets[id] = _Ticket(authorization, now + TICKET_SECONDS)
        return id

    async def _exchange_ticket(self, request: Request) -> Response:
        sent = await read_json(request, TicketRequest)
        ticket = self._tickets.pop(sent.ticket, None)
        if ticket is None or ticket.expires_at < time.monotonic():
            message = "The ticket is not valid. Sign in again."
            raise ApiError(401, "Authorization Failure", message)
        user = self._contact_centre.accounts.authenticate(ticket.authorization)
        credentials = ticket.authorization.partition(" ")[2]
        return json_response({"id": user.id, "authorization": credentials})
