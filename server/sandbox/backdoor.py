"""The back door, `/sandbox/…`: make phones ring, play the far end, break things, see what was asked, start over. JSON."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from server.sandbox.events import Notifications
from server.sandbox.faults import KINDS, Faults, Kind
from server.sandbox.rest import Accounts
from server.sandbox.switch import Dialog, Refusal, Switch, people

_T = TypeVar("_T")

_XML = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]*$"
"""What can be said in XML at all."""
Text = Annotated[str, Meta(max_length=1000, pattern=_XML)]
Address = Annotated[str, Meta(max_length=128, pattern=_XML)]


class Ring(msgspec.Struct, forbid_unknown_fields=True):
    from_: Address = msgspec.field(name="from")
    to: Address
    queue: Text = ""
    variables: dict[Text, Text] = {}


class ArmFault(msgspec.Struct, forbid_unknown_fields=True):
    """`kind` is one of the REST faults, or `events`: the notification service goes down, or, with `times` 0, comes back."""

    kind: str
    times: Annotated[int, Meta(ge=0, le=1000)] = 1
    path: str = "/finesse/api/"
    method: str = ""
    seconds: Annotated[float, Meta(ge=0, le=60)] = 10.0


class BackDoor:
    def __init__(
        self, switch: Switch, faults: Faults, notifications: Notifications, accounts: Accounts, requests: deque[dict[str, Any]]
    ) -> None:
        self._switch, self._faults, self._notifications = switch, faults, notifications
        self._accounts, self._requests = accounts, requests

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/sandbox/calls", self._answering(self.list_calls), methods=["GET"]),
            Route("/sandbox/calls", self._answering(self.ring), methods=["POST"]),
            Route("/sandbox/calls/{id}/{action}", self._answering(self.act), methods=["POST"]),
            Route("/sandbox/faults", self._answering(self.arm), methods=["POST"]),
            Route("/sandbox/requests", self._answering(self.list_requests), methods=["GET"]),
            Route("/sandbox/reset", self._answering(self.reset), methods=["POST"]),
        ]

    async def list_calls(self, request: Request) -> Any:
        return [_call(dialog) for dialog in self._switch.dialogs.values()]

    async def ring(self, request: Request) -> Any:
        sent = await _read(request, Ring)
        return _call(self._switch.ring(sent.from_, sent.to, sent.queue, sent.variables))

    async def act(self, request: Request) -> Any:
        dialog = self._switch.dialogs.get(request.path_params["id"])
        if dialog is None:
            raise Refusal(404, "Not Found", "There is no such call", request.path_params["id"])
        match request.path_params["action"]:
            case "answer":
                self._switch.answer_outside(dialog)
            case "drop":
                self._switch.drop_outside(dialog)
            case other:
                raise Refusal(404, "Not Found", "The far end can answer or drop", other)
        return _call(dialog)

    async def arm(self, request: Request) -> Any:
        sent = await _read(request, ArmFault)
        if sent.kind == "events":
            self._notifications.cut(down=sent.times > 0)
        elif sent.kind in KINDS:
            kind: Kind = sent.kind
            self._faults.arm(kind, times=sent.times, path=sent.path, method=sent.method, seconds=sent.seconds)
        else:
            raise Refusal(400, "Invalid Input", f"kind must be one of {', '.join((*KINDS, 'events'))}", sent.kind)
        return {"armed": [asdict(fault) for fault in self._faults.armed], "events_down": self._notifications.down}

    async def list_requests(self, request: Request) -> Any:
        return list(self._requests)

    async def reset(self, request: Request) -> Any:
        """As on the first day: nobody signed in, no calls, no faults, nothing asked."""
        for dialog in list(self._switch.dialogs.values()):
            self._switch.drop_outside(dialog)
        fresh = {user.id: user for user in people()}
        for id, user in self._switch.users.items():
            first = fresh[id]
            changed = user.state != "LOGOUT"
            user.state, user.since, user.extension, user.reason, user.reason_id = "LOGOUT", "", "", None, ""
            user.pending, user.password = "", first.password
            if changed:
                self._notifications.user_changed(user, "")
        self._faults.armed.clear()
        self._notifications.cut(down=False)
        self._accounts.reset()
        self._requests.clear()
        return {"status": "as on the first day"}

    def _answering(self, handler: Callable[[Request], Any]) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            # Only pages of this origin and programs: another web site must not make a developer's phones ring.
            if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
                return _json({"error": "the back door is for pages of this origin"}, 403)
            try:
                return _json(await handler(request), 201 if handler == self.ring else 200)
            except Refusal as error:
                return _json({"error": error.message, "about": error.data}, error.status)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                return _json({"error": str(error)}, 400)

        return answer


async def _read(request: Request, kind: type[_T]) -> _T:
    return msgspec.json.decode(await request.body(), type=kind)


def _json(content: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(content), status, {"Cache-Control": "no-store"}, "application/json")


def _call(dialog: Dialog) -> dict[str, Any]:
    return {
        "id": dialog.id,
        "state": dialog.state,
        "from": dialog.from_address,
        "to": dialog.to_address,
        "participants": [{"address": p.address, "state": p.state, "since": p.since} for p in dialog.participants],
    }
