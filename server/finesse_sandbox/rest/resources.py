"""The rest of the REST API: what an administrator has configured, queues, media, team messages, layouts, the client log."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree
from lxml.builder import E
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from callcard.bundle.layout import LayoutError
from callcard.bundle.layout import read as read_layout
from finesse_sandbox import xml
from finesse_sandbox.rest.rest import Door, accepted, answer_xml, read_body, request_id
from finesse_sandbox.site import PhoneBook, Refusal, User
from finesse_sandbox.xml import API

CONTACTS = 6000
MESSAGE_CHARACTERS = 255
_RESOURCES = (
    "ReasonCodes",
    "WrapUpReasons",
    "MediaPropertiesLayout",
    "MediaPropertiesLayouts",
    "PhoneBooks",
    "Workflows",
)
LOGS = 200
"""Client logs that are kept."""


@dataclass
class TeamMessage:
    id: str
    creator: str
    at: str
    until: float
    seconds: int
    content: str
    teams: tuple[str, ...]


@dataclass
class Shared:
    """What the nodes have in common here."""

    messages: dict[str, TeamMessage] = field(default_factory=dict)
    logs: list[dict[str, str]] = field(default_factory=list)
    ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))


class Resources:
    def __init__(self, door: Door, shared: Shared) -> None:
        self.door, self.centre, self.site, self.shared = door, door.centre, door.centre.site, shared

    def routes(self) -> list[BaseRoute]:
        route = self.door.route
        return [
            Route(f"{API}/UserAuthMode/{{id}}", self.door.open(self.auth_mode)),
            route("/ReasonCode/{id}", self.reason_code),
            route("/User/{id}/ReasonCode/{code}", self.reason_code),
            route("/Team/{team}/LayoutConfig", self.get_team_layout),
            route("/Team/{team}/LayoutConfig", self.put_team_layout, "PUT"),
            route("/LayoutConfig/default", self.get_layout),
            route("/LayoutConfig/default", self.put_layout, "PUT"),
            route("/PhoneBooks", self.phone_books),
            route("/PhoneBook/{book}/Contacts", self.contacts),
            route("/Queue/{queue}", self.queue),
            route("/User/{id}/Queues", self.queues),
            route("/User/{id}/ClientLog", self.client_log, "POST"),
            route("/User/{id}/Media", self.media),
            route("/User/{id}/Media/{media}", self.medium),
            route("/User/{id}/Media/{media}", self.put_medium, "PUT"),
            route("/TeamMessage", self.send_message, "POST"),
            route("/TeamMessages", self.send_message, "POST"),
            route("/TeamMessage/{message}", self.delete_message, "DELETE"),
            *(route(f"/User/{{id}}/{name}", self.of_user) for name in _RESOURCES),
            *(route(f"/TeamResource/{{team}}/{name}", self.of_team) for name in _RESOURCES),
            *(route(f"/Team/{{team}}/{name}", self.of_team_configured) for name in _RESOURCES),
        ]

    # ---- what a team is given, by its own path, by the user's, or by TeamResource

    async def of_user(self, request: Request, asker: User) -> Response:
        self.door.user(request, asker)
        return self._resource(request)

    async def of_team(self, request: Request, asker: User) -> Response:
        """For agents and supervisors of the team."""
        id = request.path_params["team"]
        if id != self.site.team:
            raise Refusal(404, "TeamId Not Found", "There is no such team", id)
        if asker.team != id and id not in asker.supervises and "Admin" not in asker.roles:
            raise Refusal(401, "Authorization Failure", "UNAUTHORIZED", asker.id)
        return self._resource(request)

    async def of_team_configured(self, request: Request, asker: User) -> Response:
        self.door.administrator(asker, writing=False)
        if request.path_params["team"] != self.site.team:
            raise Refusal(404, "Not Found", "There is no such team", request.path_params["team"])
        return self._resource(request)

    def _resource(self, request: Request) -> Response:
        match request.url.path.rpartition("/")[2]:
            case "ReasonCodes":
                category = request.query_params.get("category", "")
                if category not in ("NOT_READY", "LOGOUT"):
                    raise Refusal(
                        400, "Parameter Missing", "category must be NOT_READY or LOGOUT", "category"
                    )
                return answer_xml(xml.reason_codes(self.site, category))
            case "WrapUpReasons":
                return answer_xml(xml.wrap_up_reasons(self.site))
            case "MediaPropertiesLayout":
                return answer_xml(xml.layout(self.site))
            case "MediaPropertiesLayouts":
                return answer_xml(xml.layouts(self.site))
            case "Workflows":
                return answer_xml(xml.workflows(self.site))
            case _:
                return self._phone_books(request)

    def _phone_books(self, request: Request) -> Response:
        """The contacts that the Range header asks for, of all books together: the global ones first."""
        books = sorted(self.site.phone_books, key=lambda book: book.type)
        everything = [(book, place) for book in books for place in range(len(book.contacts))][
            :CONTACTS
        ]
        asked = request.headers.get("range")
        first, last = 1, CONTACTS
        if asked is not None:
            found = re.fullmatch(r"objects=(\d{1,6})-(\d{1,6})", asked.strip())
            first, last = (int(found[1]), int(found[2])) if found else (0, 0)
            if not 1 <= first <= last <= CONTACTS:
                raise Refusal(
                    416, "Range Not Satisfiable", f"Range must be objects=1-{CONTACTS}", asked[:40]
                )
        given = everything[first - 1 : last]
        partly = asked is not None and (first > 1 or last < len(everything))
        held: dict[str, tuple[PhoneBook, list[int]]] = (
            {} if partly else {book.id: (book, []) for book in books}
        )
        for book, place in given:
            held.setdefault(book.id, (book, []))[1].append(place)
        headers = (
            {"Content-Range": f"objects {first}-{first + len(given) - 1}/{len(everything)}"}
            if asked is not None
            else {}
        )
        answer = xml.phone_books(held.values())
        if "/User/" in request.url.path:  # spelt so there, and not in TeamResource
            for contacts in answer.iterfind("PhoneBook/Contacts"):
                contacts.tag = "contacts"
        return answer_xml(answer, 206 if partly else 200, headers)

    async def reason_code(self, request: Request, asker: User) -> Response:
        id = request.path_params.get("code", request.path_params["id"])
        if "code" in request.path_params:
            self.door.user(request, asker)
        found = next((code for code in self.site.reasons if code.id == id), None)
        if found is None:
            raise Refusal(404, "Not Found", "There is no such reason code", id)
        return answer_xml(xml.reason_code(found))

    async def phone_books(self, request: Request, asker: User) -> Response:
        self.door.administrator(asker, writing=False)
        return answer_xml(xml.phone_books((book, ()) for book in self.site.phone_books))

    async def contacts(self, request: Request, asker: User) -> Response:
        id = request.path_params["book"]
        book = next((book for book in self.site.phone_books if book.id == id), None)
        if book is None:
            raise Refusal(404, "Not Found", "There is no such phone book", id)
        (contacts,) = xml.phone_book(book, range(len(book.contacts))).iterfind("Contacts")
        return answer_xml(contacts)

    # ---- layouts

    async def get_layout(self, request: Request, asker: User) -> Response:
        self.door.administrator(asker, writing=False)
        return answer_xml(E.LayoutConfig(E.layoutxml(self.site.layout)))

    async def put_layout(self, request: Request, asker: User) -> Response:
        self.door.administrator(asker, writing=True)
        self.site.layout = _layout(xml.read(await read_body(request), "LayoutConfig"))
        return Response(status_code=200)

    async def get_team_layout(self, request: Request, asker: User) -> Response:
        self.door.administrator(asker, writing=False)
        own = self.site.team_layout
        return answer_xml(
            E.TeamLayoutConfig(
                E.useDefault(str(own is None).lower()),
                E.layoutxml(self.site.layout if own is None else own),
            )
        )

    async def put_team_layout(self, request: Request, asker: User) -> Response:
        self.door.administrator(asker, writing=True)
        root = xml.read(await read_body(request), "TeamLayoutConfig")
        self.site.team_layout = (
            None if root.findtext("useDefault", "").strip() == "true" else _layout(root)
        )
        return Response(status_code=200)

    # ---- queues

    async def queue(self, request: Request, asker: User) -> Response:
        found = next((q for q in self.site.queues if q.id == request.path_params["queue"]), None)
        if found is None or self.centre.platform == "uccx":
            raise Refusal(404, "Not Found", "There is no such queue", request.path_params["queue"])
        return answer_xml(xml.queue(found, self.centre.waiting()[found.name], self.centre.platform))

    async def queues(self, request: Request, asker: User) -> Response:
        if self.centre.agents.by_login(request.path_params["id"]) is None:
            raise Refusal(404, "User Not Found", "UNKNOWN_USER", request.path_params["id"])
        return answer_xml(xml.queues(self.site.queues, self.centre.waiting(), self.centre.platform))

    # ---- media

    async def media(self, request: Request, asker: User) -> Response:
        return answer_xml(
            xml.media(self.site, self.centre.tasks.of(self.door.user(request, asker)))
        )

    async def medium(self, request: Request, asker: User) -> Response:
        user = self.door.user(request, asker)
        return answer_xml(
            xml.medium(self.site, self.centre.tasks.one(user, request.path_params["media"]))
        )

    async def put_medium(self, request: Request, asker: User) -> Response:
        user = self.door.user(request, asker)
        tasks = self.centre.tasks
        standing = tasks.one(user, request.path_params["media"])
        sent = xml.texts(xml.read(await read_body(request), "Media"))
        state, routable = sent.get("state", ""), sent.get("routable", "")
        if state == "LOGIN":
            limit = sent.get("maxDialogLimit", "")
            if not re.fullmatch(r"[1-9]|10", limit):
                raise Refusal(
                    400,
                    "Invalid Input" if limit else "Parameter Missing",
                    "maxDialogLimit must be from 1 to 10",
                    "maxDialogLimit",
                )
            interrupt, logout = (
                sent.get("interruptAction", "ACCEPT"),
                sent.get("dialogLogoutAction", "CLOSE"),
            )
            if interrupt not in ("ACCEPT", "IGNORE") or logout not in ("CLOSE", "TRANSFER"):
                raise Refusal(
                    400, "Invalid Input", "Invalid interruptAction or dialogLogoutAction", interrupt
                )
            tasks.sign_in(
                user,
                standing,
                limit=int(limit),
                interrupt=interrupt,
                logout=logout,
                request_id=request_id(request),
            )
        elif state in ("READY", "NOT_READY", "LOGOUT"):
            tasks.set_state(
                user, standing, state, sent.get("reasonCodeId", ""), request_id(request)
            )
        elif not state and routable in ("true", "false"):
            tasks.set_routable(user, standing, routable == "true", request_id(request))
        else:
            raise Refusal(
                400,
                "Parameter Missing" if not state else "Invalid Input",
                "Invalid State specified for media",
                state or "state",
            )
        return accepted(request)

    # ---- the log, team messages, sign-on

    async def client_log(self, request: Request, asker: User) -> Response:
        user = self.door.user(request, asker)
        sent = xml.texts(xml.read(await read_body(request), "ClientLog"))
        if "logData" not in sent:
            raise Refusal(400, "Parameter Missing", "logData parameter missing", "logData")
        self.shared.logs.append({"user": user.id, "log": sent["logData"]})
        del self.shared.logs[:-LOGS]
        return accepted(request)

    async def send_message(self, request: Request, asker: User) -> Response:
        if not asker.supervises and "Admin" not in asker.roles:
            raise Refusal(401, "Authorization Failure", "UNAUTHORIZED", asker.id)
        root = xml.read(await read_body(request), "TeamMessage")
        content, duration = root.findtext("content", ""), root.findtext("duration", "").strip()
        teams = tuple(node.text or "" for node in root.iterfind("teams/team"))
        if not content or not re.fullmatch(r"[0-9]{1,9}", duration) or not teams:
            raise Refusal(
                400, "Parameter Missing", "duration, content and teams are needed", "content"
            )
        if len(content) > MESSAGE_CHARACTERS:
            raise Refusal(
                400,
                "Invalid Input",
                f"content has more than {MESSAGE_CHARACTERS} characters",
                "content",
            )
        if unknown := [
            team for team in teams if team not in asker.supervises and "Admin" not in asker.roles
        ]:
            raise Refusal(401, "Authorization Failure", "UNAUTHORIZED", unknown[0])
        seconds = int(duration)
        now = self.centre.agents.now()
        message = TeamMessage(
            str(next(self.shared.ids)),
            asker.id,
            now,
            time.time() + seconds,
            seconds,
            content,
            teams,
        )
        self.shared.messages[message.id] = message
        self._tell(message, "POST")
        return answer_xml(_message(message))

    async def delete_message(self, request: Request, asker: User) -> Response:
        message = self.shared.messages.get(request.path_params["message"])
        if message is None or message.until < time.time():
            raise Refusal(
                404, "Not Found", "There is no such message", request.path_params["message"]
            )
        if message.creator != asker.id and "Admin" not in asker.roles:
            raise Refusal(401, "Authorization Failure", "UNAUTHORIZED", asker.id)
        del self.shared.messages[message.id]
        self._tell(message, "DELETE")
        return Response(status_code=200)

    def _tell(self, message: TeamMessage, event: str) -> None:
        # The node's name is uncertain.
        for team in message.teams:
            node = f"{API}/TeamMessage/Team/{team}"
            self.centre.notifications.publish(
                node, xml.update(event, node, "", _message(message, "teamMessage"))
            )

    async def auth_mode(self, request: Request) -> Response:
        if self.centre.agents.by_login(request.path_params["id"]) is None:
            raise Refusal(404, "User Not Found", "UNKNOWN_USER", request.path_params["id"])
        return answer_xml(E.UserAuthMode(E.authMode("SSO" if self.site.sso else "NON_SSO")))


def _layout(root: etree._Element) -> str:
    text = root.findtext("layoutxml") or ""
    try:
        read_layout(text.encode())
    except LayoutError as error:
        raise Refusal(400, "Invalid Input", f"layoutxml: {error}", "layoutxml") from error
    return text


def _message(message: TeamMessage, tag: str = "TeamMessage") -> etree._Element:
    return E(
        tag, E.uri(f"{API}/TeamMessage/{message.id}"), E.id(message.id), E.createdBy(message.creator), E.createdAt(message.at),
        E.duration(str(message.seconds)), E.content(message.content), E.teams(*(E.team(team) for team in message.teams)),
    )  # fmt: skip
