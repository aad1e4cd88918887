"""The back door, `/sandbox/…`: make phones ring, play the far end, break things, see what was asked, start over. JSON."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any, Literal, TypeVar, get_args

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from finesse_sandbox import xml
from finesse_sandbox.contact_centre import Centre
from finesse_sandbox.faults import KINDS
from finesse_sandbox.nodes import NodeStatus
from finesse_sandbox.notifications.events import EventFault
from finesse_sandbox.rest.rest import read_body
from finesse_sandbox.site import Refusal, User
from finesse_sandbox.telephony.calls import Dialog
from finesse_sandbox.xml import API

_T = TypeVar("_T")

EVENT_KINDS: tuple[str, ...] = get_args(EventFault)
OTHER_KINDS = ("events", "conflict", "expired", "node", "skew", "busy")
_XML = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]*$"
"""What can be said in XML at all."""
Text = Annotated[str, Meta(max_length=1000, pattern=_XML)]
Address = Annotated[str, Meta(max_length=128, pattern=_XML)]


class Ring(msgspec.Struct, forbid_unknown_fields=True):
    from_: Address = msgspec.field(name="from")
    to: Address
    queue: Text = ""
    variables: dict[Text, Text] = {}


class Preview(msgspec.Struct, forbid_unknown_fields=True):
    """The dialer reserves the agent at `to` for the customer `number`."""

    to: Address
    number: Address
    campaign: Text = "Campaign"
    direct: bool = False


class Offer(msgspec.Struct, forbid_unknown_fields=True):
    """A task of another medium for the user `to`."""

    to: Address
    media: Address = "5000"
    variables: dict[Text, Text] = {}


class Person(msgspec.Struct, forbid_unknown_fields=True):
    wrap_up: Literal["REQUIRED", "REQUIRED_WITH_WRAP_UP_DATA", "OPTIONAL", "NOT_ALLOWED"] | None = (
        None
    )
    wrap_up_seconds: Annotated[int, Meta(ge=1, le=7200)] | None = None


class ArmFault(msgspec.Struct, forbid_unknown_fields=True):
    """`kind` is one of the answers' faults (for `times` answers to `method` on `path`), of the events' (whose node begins so), or

    `events`: the notification service goes down, or, with `times` 0, comes back; `node`: node A or B is taken down, or up with 0;
    `conflict`: somebody takes the place of every connection of `user`; `expired`: the access tokens of `user` end;
    `skew`: the node's clock is `seconds` ahead; `busy`: the next `times` dialled calls find the line busy."""

    kind: str
    times: Annotated[int, Meta(ge=0, le=1000)] = 1
    path: str = f"{API}/"
    method: str = ""
    seconds: Annotated[float, Meta(ge=-86400, le=86400)] = 10.0
    user: Address = ""
    node: Literal["A", "B"] = "A"


class BackDoor:
    def __init__(
        self,
        centre: Centre,
        nodes: list[NodeStatus],
        requests: deque[dict[str, Any]],
        logs: list[dict[str, str]],
    ) -> None:
        self._centre, self._nodes, self._requests, self._logs = centre, nodes, requests, logs

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/sandbox/calls", self._answering(self.list_calls), methods=["GET"]),
            Route("/sandbox/calls", self._answering(self.ring), methods=["POST"]),
            Route("/sandbox/calls/{id}/{action}", self._answering(self.act), methods=["POST"]),
            Route("/sandbox/previews", self._answering(self.preview), methods=["POST"]),
            Route("/sandbox/tasks", self._answering(self.offer), methods=["POST"]),
            Route("/sandbox/users/{id}", self._answering(self.change_user), methods=["PUT"]),
            Route("/sandbox/faults", self._answering(self.arm), methods=["POST"]),
            Route("/sandbox/requests", self._answering(self.list_requests), methods=["GET"]),
            Route("/sandbox/logs", self._answering(self.list_logs), methods=["GET"]),
            Route("/sandbox/reset", self._answering(self.reset), methods=["POST"]),
        ]

    async def list_calls(self, request: Request) -> Any:
        return [_call(dialog) for dialog in self._centre.switch.dialogs.values()]

    async def ring(self, request: Request) -> Any:
        sent = await _read(request, Ring)
        return _call(self._centre.switch.ring(sent.from_, sent.to, sent.queue, sent.variables))

    async def preview(self, request: Request) -> Any:
        sent = await _read(request, Preview)
        return _call(
            self._centre.switch.preview(sent.to, sent.number, sent.campaign, direct=sent.direct)
        )

    async def offer(self, request: Request) -> Any:
        sent = await _read(request, Offer)
        task = self._centre.tasks.offer(self._user(sent.to), sent.media, sent.variables)
        return {"id": task.id, "state": task.state, "user": task.user, "media": task.media}

    async def change_user(self, request: Request) -> Any:
        sent, user = await _read(request, Person), self._user(request.path_params["id"])
        user.wrap_up = sent.wrap_up or user.wrap_up
        user.wrap_up_seconds = sent.wrap_up_seconds or user.wrap_up_seconds
        return {
            "id": user.id,
            "state": user.state,
            "wrap_up": user.wrap_up,
            "wrap_up_seconds": user.wrap_up_seconds,
        }

    async def act(self, request: Request) -> Any:
        dialog = self._centre.switch.dialogs.get(request.path_params["id"])
        if dialog is None:
            raise Refusal(404, "Not Found", "There is no such call", request.path_params["id"])
        match request.path_params["action"]:
            case "answer":
                self._centre.switch.answer_outside(dialog)
            case "drop":
                self._centre.switch.drop_outside(dialog)
            case other:
                raise Refusal(404, "Not Found", "The far end can answer or drop", other)
        return _call(dialog)

    async def arm(self, request: Request) -> Any:
        sent = await _read(request, ArmFault)
        node = next((each for each in self._nodes if each.name == sent.node), None)
        kind: Any = sent.kind
        if kind in KINDS:
            if not 0 <= sent.seconds <= 60:
                raise Refusal(
                    400, "Invalid Input", "seconds must be from 0 to 60 here", str(sent.seconds)
                )
            self._centre.faults.arm(
                kind, times=sent.times, path=sent.path, method=sent.method, seconds=sent.seconds
            )
        elif kind in EVENT_KINDS:
            self._centre.notifications.faults += itertools.repeat(
                (kind, sent.path, max(0.0, sent.seconds)), sent.times
            )
        elif kind == "events":
            for each in self._nodes:
                each.outlet.cut(down=sent.times > 0)
        elif kind == "conflict":
            for each in self._nodes:
                each.outlet.conflict(self._user(sent.user).id)
        elif kind == "busy":
            self._centre.switch.busy = sent.times
        elif kind == "expired":
            self._centre.accounts.expire(sent.user)
        elif kind in ("node", "skew") and node is None:
            raise Refusal(
                400, "Invalid Input", "there is no node B; start with --nodes 2", sent.node
            )
        elif kind == "node" and node:
            self._turn(node, up=sent.times == 0)
        elif kind == "skew" and node:
            node.skew = sent.seconds
        else:
            raise Refusal(
                400,
                "Invalid Input",
                f"kind must be one of {', '.join((*KINDS, *EVENT_KINDS, *OTHER_KINDS))}",
                sent.kind,
            )
        return {
            "armed": [asdict(fault) for fault in self._centre.faults.armed],
            "events_armed": [armed[0] for armed in self._centre.notifications.faults],
            "events_down": any(each.outlet.down for each in self._nodes),
            "nodes": {
                each.name: {"in_service": each.in_service, "skew": each.skew}
                for each in self._nodes
            },
        }

    async def list_requests(self, request: Request) -> Any:
        return list(self._requests)

    async def list_logs(self, request: Request) -> Any:
        """What clients have left in the client log, the last 200."""
        return self._logs

    async def reset(self, request: Request) -> Any:
        """As on the first day: nobody signed in, no calls, no faults, nothing asked."""
        self._centre.reset()
        for node in self._nodes:
            node.bring_up()
            node.skew = 0.0
        self._requests.clear()
        self._logs.clear()
        return {"status": "as on the first day"}

    def _turn(self, node: NodeStatus, *, up: bool) -> None:
        """A node goes out of service, telling it while it still can, or comes back."""
        if up:
            node.bring_up()
        else:
            node.in_service = False
            if self._centre.platform == "uccx":  # which forgets what kind of call each was
                for dialog in self._centre.switch.dialogs.values():
                    dialog.call_type = "NULL"
                    dialog.variables.pop("BAStatus", None)
            self._centre.notifications.system_changed(
                node.outlet, xml.system_info(self._centre.agents, node, "systemInfo")
            )
            node.take_down()

    def _user(self, id: str) -> User:
        user = self._centre.agents.by_login(id)
        if user is None:
            raise Refusal(404, "Not Found", "There is no such user", id)
        return user

    def _answering(self, handler: Callable[[Request], Any]) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            # Only pages of this origin and programs: another web site must not make a developer's phones ring.
            if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
                return _json({"error": "the back door is for pages of this origin"}, 403)
            made = handler in (self.ring, self.preview, self.offer)
            try:
                return _json(await handler(request), 201 if made else 200)
            except Refusal as error:
                return _json({"error": error.message, "about": error.data}, error.status)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                return _json({"error": str(error)}, 400)

        return answer


async def _read(request: Request, kind: type[_T]) -> _T:
    return msgspec.json.decode(await read_body(request), type=kind)


def _json(content: Any, status: int = 200) -> Response:
    return Response(
        msgspec.json.encode(content), status, {"Cache-Control": "no-store"}, "application/json"
    )


def _call(dialog: Dialog) -> dict[str, Any]:
    return {
        "id": dialog.id,
        "state": dialog.state,
        "from": dialog.from_address,
        "to": dialog.to_address,
        "participants": [
            {"address": p.address, "state": p.state, "since": p.since} for p in dialog.participants
        ],
        "dtmf": dialog.dtmf,
        "recording": dialog.recording,
        "variables": dialog.variables,
        "wrap_up": list(dialog.wrap_up),
    }
