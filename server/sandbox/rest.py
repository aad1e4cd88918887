"""The stand-in's REST API under /finesse/api: User, Dialogs, Dialog, ReasonCodes, SystemInfo and Team, with Finesse's own refusals.

Reads answer 200 at once; orders answer 202 without a body and are told by event. The header requestId is echoed on the answer and
in the event. Unknown query parameters are ignored: the vendor's library sends `nocache`.
"""

from __future__ import annotations

import base64
import hmac
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from lxml import etree
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from server.sandbox import xml
from server.sandbox.faults import Faults
from server.sandbox.switch import Dialog, Refusal, Switch, User

BODY_LIMIT = 1024 * 1024
WRONG_PASSWORDS = 5
LOCKED_SECONDS = 300.0

_ACTIONS = ("ANSWER", "HOLD", "RETRIEVE", "DROP")

_Handler = Callable[[Request, User], Awaitable[Response]]


@dataclass
class Accounts:
    """Passwords and the lockout: five wrong ones in a row, then five minutes of nothing."""

    switch: Switch
    clock: Callable[[], float] = time.monotonic
    _wrong: dict[str, tuple[int, float]] = field(default_factory=dict)

    def admit(self, authorization: str) -> User:
        """Whose credentials these are. Raises Refusal 401."""
        scheme, _, value = authorization.partition(" ")
        try:
            id, _, password = base64.b64decode(value, validate=True).decode().partition(":")
        except ValueError:
            id = password = ""
        user = self.switch.users.get(id) if scheme.lower() == "basic" else None
        count, since = self._wrong.get(id, (0, 0.0))
        locked = count >= WRONG_PASSWORDS and self.clock() - since < LOCKED_SECONDS
        if user is None or locked or not hmac.compare_digest(user.password.encode(), password.encode()):
            if user is not None and not locked:
                self._wrong[id] = (count % WRONG_PASSWORDS + 1, self.clock())
            raise Refusal(401, "Authorization Failure", "UNAUTHORIZED", id)
        self._wrong.pop(id, None)
        return user

    def reset(self) -> None:
        self._wrong.clear()


@dataclass
class Rest:
    switch: Switch
    accounts: Accounts
    faults: Faults
    host: str

    def routes(self) -> list[BaseRoute]:
        api = "/finesse/api"
        return [
            Route(f"{api}/SystemInfo", self._open(self.system_info)),
            Route(f"{api}/User/{{id}}", self._for_user(self.get_user), methods=["GET"]),
            Route(f"{api}/User/{{id}}", self._for_user(self.put_user), methods=["PUT"]),
            Route(f"{api}/User/{{id}}/ReasonCodes", self._for_user(self.get_reason_codes), methods=["GET"]),
            Route(f"{api}/User/{{id}}/Dialogs", self._for_user(self.get_dialogs), methods=["GET"]),
            Route(f"{api}/User/{{id}}/Dialogs", self._for_user(self.post_dialogs), methods=["POST"]),
            Route(f"{api}/Dialog/{{id}}", self._for_user(self.get_dialog), methods=["GET"]),
            Route(f"{api}/Dialog/{{id}}", self._for_user(self.put_dialog), methods=["PUT"]),
            Route(f"{api}/Team/{{id}}", self._for_user(self.get_team), methods=["GET"]),
        ]

    # ---- objects

    async def system_info(self, request: Request) -> Response:
        return _xml(xml.system_info(self.switch, self.host, "IN_SERVICE"))

    async def get_user(self, request: Request, asker: User) -> Response:
        return _xml(xml.user(self.switch, self._own(request, asker)))

    async def put_user(self, request: Request, asker: User) -> Response:
        user = self._own(request, asker)
        sent = xml.read(await _body(request), "User")
        state = sent.get("state", "")
        if not state:
            raise Refusal(400, "Parameter Missing", "State Parameter missing", "state")
        if state == "LOGIN":
            if not sent.get("extension"):
                raise Refusal(400, "Parameter Missing", "Extension parameter missing", "extension")
            self.switch.sign_in(user, sent["extension"], _request_id(request))
        elif state in ("READY", "NOT_READY", "LOGOUT"):
            self.switch.set_state(user, state, sent.get("reasonCodeId", ""), _request_id(request))
        else:
            raise Refusal(400, "Invalid Input", "Invalid State specified for user", state)
        return _accepted(request)

    async def get_reason_codes(self, request: Request, asker: User) -> Response:
        self._own(request, asker)
        category = request.query_params.get("category", "")
        if category not in ("NOT_READY", "LOGOUT"):
            raise Refusal(400, "Parameter Missing", "category must be NOT_READY or LOGOUT", "category")
        return _xml(xml.reason_codes(category))

    async def get_dialogs(self, request: Request, asker: User) -> Response:
        return _xml(xml.dialogs(self.switch.dialogs_of(self._own(request, asker))))

    async def post_dialogs(self, request: Request, asker: User) -> Response:
        user = self._own(request, asker, only_self=True)
        sent = xml.read(await _body(request), "Dialog")
        for name in ("requestedAction", "fromAddress", "toAddress"):
            if not sent.get(name):
                raise Refusal(400, "Parameter Missing", f"{name} parameter missing", name)
        if sent["requestedAction"] != "MAKE_CALL":
            raise Refusal(400, "Invalid Input", "Invalid action specified for dialog", sent["requestedAction"])
        if sent["fromAddress"] != user.extension:
            raise Refusal(400, "Invalid Input", "Invalid fromAddress specified for dialog", sent["fromAddress"])
        if sent["toAddress"] == user.extension:
            raise Refusal(400, "Invalid Destination", "toAddress is the same as fromAddress", sent["toAddress"])
        self.switch.make_call(user, sent["toAddress"], _request_id(request))
        return _accepted(request)

    async def get_dialog(self, request: Request, asker: User) -> Response:
        dialog = self._dialog(request)
        if "Agent" in asker.roles and len(asker.roles) == 1 and dialog.participant(asker.extension) is None:
            raise Refusal(401, "Authorization Failure", "UNAUTHORIZED", asker.id)
        return _xml(xml.dialog(dialog))

    async def put_dialog(self, request: Request, asker: User) -> Response:
        dialog = self._dialog(request)
        sent = xml.read(await _body(request), "Dialog")
        for name in ("requestedAction", "targetMediaAddress"):
            if not sent.get(name):
                raise Refusal(400, "Parameter Missing", f"{name} parameter missing", name)
        if sent["requestedAction"] not in _ACTIONS:
            raise Refusal(400, "Invalid Input", "Invalid action specified for dialog", sent["requestedAction"])
        target = sent["targetMediaAddress"]
        if target != asker.extension:
            message = "The user specified in the authentication credentials and the uri don't match"
            raise Refusal(401, "Invalid Authorization User Specified", message, asker.id)
        self.switch.act(dialog, target, sent["requestedAction"], _request_id(request))
        return _accepted(request)

    async def get_team(self, request: Request, asker: User) -> Response:
        id = request.path_params["id"]
        if "Admin" not in asker.roles and id not in asker.supervises:
            raise Refusal(401, "Authorization Failure", "UNAUTHORIZED", asker.id)
        members = [u for u in self.switch.users.values() if u.team == id and "Agent" in u.roles]
        if not members:
            raise Refusal(404, "Not Found", "Team not found", id)
        wanted = request.query_params.get("includeLoggedOutAgents") == "true"
        return _xml(xml.team(self.switch, id, [u for u in members if wanted or u.state != "LOGOUT"]))

    # ---- beneath

    def _own(self, request: Request, asker: User, *, only_self: bool = False) -> User:
        """The user of the path, if the asker may act for them: they themselves, or for reading an administrator."""
        id = request.path_params["id"]
        user = self.switch.users.get(id)
        if user is None:
            raise Refusal(404, "User Not Found", "UNKNOWN_USER", id)
        if user is not asker and (only_self or request.method != "GET" or "Admin" not in asker.roles):
            message = "The user specified in the authentication credentials and the uri don't match"
            raise Refusal(401, "Invalid Authorization User Specified", message, asker.id)
        return user

    def _dialog(self, request: Request) -> Dialog:
        id = request.path_params["id"]
        dialog = self.switch.dialogs.get(id)
        if dialog is None:
            raise Refusal(404, "Dialog Not Found", "Invalid dialogId specified for dialog", id)
        return dialog

    def _for_user(self, handler: _Handler) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            user = self.accounts.admit(request.headers.get("authorization", ""))
            request.state.user = user.id
            return await handler(request, user)

        return self._open(answer)

    def _open(self, handler: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            if fault := self.faults.take(request.method, request.url.path):
                return await fault.answer()
            try:
                return await handler(request)
            except Refusal as error:
                return _xml(xml.refusal(error), error.status, _echo(request))

        return answer


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_LIMIT:
            raise Refusal(400, "Bad Request", "The body is too large")
    return bytes(body)


def _request_id(request: Request) -> str:
    return request.headers.get("requestid", "")


def _echo(request: Request) -> dict[str, str]:
    id = _request_id(request)
    return {"requestId": id} if id else {}


def _accepted(request: Request) -> Response:
    return Response(status_code=202, headers=_echo(request))


def _xml(element: etree._Element, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(xml.document(element), status, headers, "application/xml")
