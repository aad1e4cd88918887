"""The faults of the control API, `POST /sandbox/faults`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct
from starlette.requests import Request

from finesse_sandbox.api_errors import ApiError
from finesse_sandbox.contact_centre import ContactCentre
from finesse_sandbox.container.proxy import MAKE_REQUEST
from finesse_sandbox.faults import ALTERING_FAULTS, RESPONSE_FAULTS
from finesse_sandbox.json_http import read_json
from finesse_sandbox.nodes import Node, NodeName
from finesse_sandbox.notifications.event_faults import EVENT_FAULTS
from finesse_sandbox.site import User
from finesse_sandbox.xml.document import API
from finesse_sandbox.xml.system_info import system_info_element

MAX_DELAY_SECONDS = 60
DEFAULT_SECONDS = {
    "slow": 10.0,
    "gateway-timeout": 5.0,
    "stalled-body": 10.0,
    "event-before-response": 10.0,
    "event-delayed": 10.0,
    "skew": 10.0,
}
"""`seconds` of the faults that have it."""


class FaultRequest(Struct, forbid_unknown_fields=True):
    kind: str
    times: Annotated[int, Meta(ge=0, le=1000)] = 1
    path: str = f"{API}/"
    method: Literal["", "GET", "PUT", "POST", "DELETE"] = ""
    seconds: Annotated[float, Meta(ge=-86400, le=86400)] | None = None
    user: Annotated[str, Meta(max_length=128)] = ""
    node: NodeName = "A"


class FaultControl:
    def __init__(self, contact_centre: ContactCentre, nodes: list[Node]) -> None:
        self._contact_centre = contact_centre
        self._nodes = nodes

    async def arm(self, request: Request) -> Any:
        sent = await read_json(request, FaultRequest)
        if sent.kind not in FAULT_KINDS:
            message = f"kind must be one of {', '.join(FAULT_KINDS)}"
            raise ApiError(400, "Invalid Input", message, sent.kind)
        if sent.times == 0 and sent.kind not in _ENDED_BY_TIMES_0:
            message = f"times must be at least 1; 0 ends only {', '.join(_ENDED_BY_TIMES_0)}"
            raise ApiError(400, "Invalid Input", message, sent.kind)
        seconds = _seconds(sent)
        for response_fault in RESPONSE_FAULTS:
            if sent.kind == response_fault:
                _check_delay(seconds)
                _check_path(sent)
                self._contact_centre.faults.arm(
                    response_fault,
                    times=sent.times,
                    path=sent.path,
                    method=sent.method,
                    seconds=seconds,
                )
                return self._status()
        for event_fault in EVENT_FAULTS:
            if sent.kind == event_fault:
                _check_delay(seconds)
                for _ in range(sent.times):
                    self._contact_centre.events.arm(event_fault, sent.path, seconds)
                return self._status()
        _SYSTEM_FAULTS[sent.kind](self, sent)
        return self._status()

    async def list(self, request: Request) -> Any:
        return self._status()

    async def disarm(self, request: Request) -> Any:
        """End every fault, of responses, events and the whole system."""
        self._contact_centre.faults.disarm()
        self._contact_centre.events.reset()
        self._contact_centre.switch.set_busy(0)
        for node in self._nodes:
            node.bring_up()
            node.clock_skew_seconds = 0.0
        return self._status()

    def _status(self) -> dict[str, Any]:
        """Return what is armed or down now."""
        return {
            "kinds": FAULT_KINDS,
            "armed": [asdict(fault) for fault in self._contact_centre.faults.armed],
            "events_armed": [asdict(fault) for fault in self._contact_centre.events.faults],
            "busy": self._contact_centre.switch.busy_calls_left,
            "events_down": any(node.pubsub.down for node in self._nodes),
            "nodes": {
                node.name: {"in_service": node.in_service, "skew": node.clock_skew_seconds}
                for node in self._nodes
            },
        }

    # ---- faults of the whole system

    def _set_notifications_down(self, sent: FaultRequest) -> None:
        """Take the notification services down (`events`), or up with `times` 0."""
        for node in self._nodes:
            if sent.times:
                node.pubsub.take_down()
            else:
                node.pubsub.bring_up()

    def _take_resources(self, sent: FaultRequest) -> None:
        """End a user's XMPP sessions as if others had taken their resources (`conflict`)."""
        if not sent.user:
            raise ApiError(400, "Invalid Input", "user is needed", "user")
        user = self._user(sent)
        for node in self._nodes:
            node.pubsub.end_sessions_of(user.id)

    def _expire_tokens(self, sent: FaultRequest) -> None:
        """Expire the access tokens of a user, or of all users (`expired`)."""
        user = self._user(sent).id if sent.user else ""
        self._contact_centre.accounts.expire_tokens(user)

    def _set_busy(self, sent: FaultRequest) -> None:
        """Let the next `times` dialled calls find the line busy (`busy`)."""
        self._contact_centre.switch.set_busy(sent.times)

    def _restart_ids(self, sent: FaultRequest) -> None:
        """Give dialogs the first ids again, as after a restart of Finesse (`ids`)."""
        self._contact_centre.switch.restart_ids()

    def _skew_clock(self, sent: FaultRequest) -> None:
        """Set a node's clock `seconds` ahead (`skew`)."""
        self._node(sent).clock_skew_seconds = _seconds(sent)

    def _set_node_down(self, sent: FaultRequest) -> None:
        """Take a node out of service (`node`), or bring it back with `times` 0."""
        node = self._node(sent)
        if sent.times == 0:
            node.bring_up()
            return
        node.in_service = False
        if self._contact_centre.platform == "uccx":
            # After a failover UCCX no longer knows what kind of call each was.
            for dialog in self._contact_centre.switch.dialogs.values():
                dialog.call_type = "NULL"
                dialog.variables.pop("BAStatus", None)
        # The node reports its status while it still can.
        info = system_info_element(self._contact_centre.agents, node, "systemInfo")
        self._contact_centre.events.system_changed(node.pubsub, info)
        node.take_down()

    def _user(self, sent: FaultRequest) -> User:
        user = self._contact_centre.agents.by_login(sent.user)
        if user is None:
            raise ApiError(404, "Not Found", "There is no such user", sent.user)
        return user

    def _node(self, sent: FaultRequest) -> Node:
        for node in self._nodes:
            if node.name == sent.node:
                return node
        message = f"there is no node {sent.node}; start with --nodes 2"
        raise ApiError(400, "Invalid Input", message, sent.node)


def _seconds(sent: FaultRequest) -> float:
    return DEFAULT_SECONDS.get(sent.kind, 0.0) if sent.seconds is None else sent.seconds


def _check_path(sent: FaultRequest) -> None:
    """Refuse a path at which the fault would never happen."""
    if sent.path.startswith(API):
        return
    if not sent.path.startswith(MAKE_REQUEST):
        message = f"path must begin with {API} or {MAKE_REQUEST}"
        raise ApiError(400, "Invalid Input", message, sent.path[:100])
    if sent.kind in ALTERING_FAULTS:
        message = f"{sent.kind} happens below {API} only"
        raise ApiError(400, "Invalid Input", message, sent.path)


def _check_delay(seconds: float) -> None:
    if not 0 <= seconds <= MAX_DELAY_SECONDS:
        message = f"seconds must be from 0 to {MAX_DELAY_SECONDS} here"
        raise ApiError(400, "Invalid Input", message, str(seconds))


_SYSTEM_FAULTS: dict[str, Callable[[FaultControl, FaultRequest], None]] = {
    "events": FaultControl._set_notifications_down,
    "conflict": FaultControl._take_resources,
    "expired": FaultControl._expire_tokens,
    "node": FaultControl._set_node_down,
    "skew": FaultControl._skew_clock,
    "busy": FaultControl._set_busy,
    "ids": FaultControl._restart_ids,
}
SYSTEM_FAULTS = tuple(_SYSTEM_FAULTS)
_ENDED_BY_TIMES_0 = ("events", "node", "busy")
FAULT_KINDS = (*RESPONSE_FAULTS, *EVENT_FAULTS, *SYSTEM_FAULTS)
