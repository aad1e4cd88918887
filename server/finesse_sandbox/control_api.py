"""The control API, `/sandbox/…`: ring phones, play the far end, arm faults, list requests."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import asdict
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from finesse_sandbox.api_errors import ApiError
from finesse_sandbox.call_manager import CallManager
from finesse_sandbox.contact_centre import ContactCentre
from finesse_sandbox.control_faults import FaultControl
from finesse_sandbox.http_requests import is_cross_site
from finesse_sandbox.json_http import json_response, read_json
from finesse_sandbox.nodes import Node
from finesse_sandbox.site import PhoneBook, PhoneContact, User, Workflow
from finesse_sandbox.telephony.dialogs import Dialog

Text = Annotated[str, Meta(max_length=1000)]
Address = Annotated[str, Meta(max_length=128)]
WrapUp = Literal["REQUIRED", "REQUIRED_WITH_WRAP_UP_DATA", "OPTIONAL", "NOT_ALLOWED"]

Handler = Callable[[Request], Awaitable[Any]]


class RingRequest(Struct, forbid_unknown_fields=True):
    from_: Address = field(name="from")
    to: Address
    queue: Text = ""
    variables: dict[Text, Text] = {}


class PreviewRequest(Struct, forbid_unknown_fields=True):
    """The dialer reserves the agent at `to` for the customer `number`."""

    to: Address
    number: Address
    campaign: Text = "Campaign"
    direct: bool = False


class TaskRequest(Struct, forbid_unknown_fields=True):
    """A nonvoice task for the user `to`."""

    to: Address
    media: Address = "5000"
    variables: dict[Text, Text] = {}


class UserChange(Struct, forbid_unknown_fields=True):
    wrap_up: WrapUp | UnsetType = UNSET
    wrap_up_seconds: Annotated[int, Meta(ge=1, le=7200)] | UnsetType = UNSET
    team: Address | UnsetType = UNSET
    supervises: tuple[Address, ...] | UnsetType = UNSET
    password: Text | UnsetType = UNSET
    login_name: Text | UnsetType = UNSET
    extension: Address | UnsetType = UNSET
    state: Literal["READY", "NOT_READY", "LOGOUT"] | UnsetType = UNSET


class PhoneBookContact(Struct, forbid_unknown_fields=True):
    first_name: Text
    last_name: Text
    number: Address
    description: Text = ""


class PhoneBookContent(Struct, forbid_unknown_fields=True):
    id: Address
    name: Text
    type: Literal["GLOBAL", "TEAM"]
    contacts: list[PhoneBookContact]


class WorkflowContent(Struct, forbid_unknown_fields=True):
    id: Address
    name: Text
    when: Text
    type: Literal["BROWSER_POP", "HTTP_REQUEST"]
    handled_by: Literal["FINESSE_DESKTOP", "OTHER"]
    params: dict[Text, Text] = {}
    variables: dict[Text, Text] = {}


class SiteChange(Struct, forbid_unknown_fields=True):
    """What an administrator configures where Finesse's REST API has no resource for it."""

    variables: dict[Text, Annotated[int, Meta(ge=1, le=2000)]] | UnsetType = UNSET
    phone_books: list[PhoneBookContent] | UnsetType = UNSET
    workflows: list[WorkflowContent] | UnsetType = UNSET
    notification_format: Literal["12.5", "11"] | UnsetType = UNSET


class ControlApi:
    def __init__(
        self,
        contact_centre: ContactCentre,
        nodes: list[Node],
        requests: deque[dict[str, Any]],
        clear_caches: Callable[[], None],
        call_manager: CallManager,
    ) -> None:
        self._contact_centre = contact_centre
        self._nodes = nodes
        self._requests = requests
        self._clear_caches = clear_caches
        self._call_manager = call_manager
        self._faults = FaultControl(contact_centre, nodes)

    def routes(self) -> list[BaseRoute]:
        return [
            _route("/sandbox/calls", self.list_calls),
            _route("/sandbox/calls", self.ring, "POST", created=True),
            _route("/sandbox/calls/{id}/{action}", self.act_on_call, "POST"),
            _route("/sandbox/previews", self.preview, "POST", created=True),
            _route("/sandbox/tasks", self.offer_task, "POST", created=True),
            _route("/sandbox/users", self.list_users),
            _route("/sandbox/users/{id}", self.change_user, "PUT"),
            _route("/sandbox/site", self.change_site, "PUT"),
            _route("/sandbox/faults", self._faults.list),
            _route("/sandbox/faults", self._faults.arm, "POST"),
            _route("/sandbox/faults", self._faults.disarm, "DELETE"),
            _route("/sandbox/events", self.list_events),
            _route("/sandbox/requests", self.list_requests),
            _route("/sandbox/logs", self.list_logs),
            _route("/sandbox/reset", self.reset, "POST"),
        ]

    # ---- calls and tasks

    async def list_calls(self, request: Request) -> Any:
        return [_call(dialog) for dialog in self._contact_centre.switch.dialogs.values()]

    async def ring(self, request: Request) -> Any:
        """Let a customer call: the call manager and the script decide first, if there are any."""
        sent = await read_json(request, RingRequest)
        centre = self._contact_centre
        queues = {queue.name: queue.route_point for queue in centre.site.queues}
        dialled = queues.get(sent.queue) or sent.to
        routing = await self._call_manager.route(sent.from_, dialled, sent.to)
        if routing.outcome == "reject":
            rejected = {"id": "", "state": "REJECTED", "from": sent.from_, "to": sent.to}
            return {**rejected, "routing": routing.steps}
        # Who is diverted to a queue rings at the phone that was asked for: the next agent's.
        to = sent.to if routing.to in queues.values() else routing.to
        queue = next((n for n, point in queues.items() if point == routing.to), sent.queue)
        dialog = centre.switch.ring(sent.from_, to, queue, sent.variables)
        dialog.caller_name = routing.caller_name
        asked = {"routing": routing.steps} if routing.steps else {}
        return {**_call(dialog), **asked}

    async def act_on_call(self, request: Request) -> Any:
        """Play the far end of a call."""
        id = request.path_params["id"]
        switch = self._contact_centre.switch
        dialog = switch.dialogs.get(id)
        if dialog is None:
            raise ApiError(404, "Not Found", "There is no such call", id)
        match request.path_params["action"]:
            case "answer":
                switch.answer_outside(dialog)
            case "drop":
                switch.drop_outside(dialog)
            case other:
                raise ApiError(404, "Not Found", "The far end can answer or drop", other)
        return _call(dialog)

    async def preview(self, request: Request) -> Any:
        sent = await read_json(request, PreviewRequest)
        switch = self._contact_centre.switch
        return _call(switch.preview(sent.to, sent.number, sent.campaign, direct=sent.direct))

    async def offer_task(self, request: Request) -> Any:
        sent = await read_json(request, TaskRequest)
        user = _user(self._contact_centre, sent.to)
        task = self._contact_centre.tasks.offer(user, sent.media, sent.variables)
        return {"id": task.id, "state": task.state, "user": task.user, "media": task.media}

    # ---- users and configuration

    async def list_users(self, request: Request) -> Any:
        return [_user_content(user) for user in self._contact_centre.agents.users.values()]

    async def change_user(self, request: Request) -> Any:
        sent = await read_json(request, UserChange)
        user = _user(self._contact_centre, request.path_params["id"])
        # These two can be rejected, and then nothing is changed.
        if sent.extension is not UNSET:
            self._contact_centre.set_assigned_extension(user, sent.extension)
        if sent.state is not UNSET:
            self._contact_centre.force_state(user, sent.state)
        if sent.wrap_up is not UNSET:
            user.wrap_up = sent.wrap_up
        if sent.wrap_up_seconds is not UNSET:
            user.wrap_up_seconds = sent.wrap_up_seconds
        if sent.team is not UNSET:
            user.team = sent.team
        if sent.supervises is not UNSET:
            user.supervises = sent.supervises
        if sent.password is not UNSET:
            user.password = sent.password
        if sent.login_name is not UNSET:
            user.login_name = sent.login_name
        return _user_content(user)

    async def change_site(self, request: Request) -> Any:
        sent = await read_json(request, SiteChange)
        site = self._contact_centre.site
        if sent.phone_books is not UNSET:
            _check_unique("phone_books", (book.id for book in sent.phone_books))
        if sent.workflows is not UNSET:
            _check_unique("workflows", (workflow.id for workflow in sent.workflows))
        if sent.variables is not UNSET:
            site.variables = dict(sent.variables)
        if sent.phone_books is not UNSET:
            site.phone_books = tuple(_phone_book(book) for book in sent.phone_books)
        if sent.workflows is not UNSET:
            site.workflows = tuple(_workflow(workflow) for workflow in sent.workflows)
        if sent.notification_format is not UNSET:
            site.notification_format = sent.notification_format
        return {
            "notification_format": site.notification_format,
            "variables": site.variables,
            "phone_books": [asdict(book) for book in site.phone_books],
            "workflows": [_workflow_content(workflow) for workflow in site.workflows],
        }

    # ---- requests and reset

    async def list_requests(self, request: Request) -> Any:
        return list(self._requests)

    async def list_events(self, request: Request) -> Any:
        """Return the last events with their XML; only those after the id `after`, if given."""
        after = request.query_params.get("after", "0")
        if not after.isdecimal():
            raise ApiError(400, "Invalid Input", "after must be the id of an event", after[:100])
        events = self._contact_centre.events.logged
        return [asdict(event) for event in events if event.id > int(after[:18])]

    async def list_logs(self, request: Request) -> Any:
        """Return what clients wrote to the client log, the last 200 entries."""
        return list(self._contact_centre.client_logs)

    async def reset(self, request: Request) -> Any:
        """Return to the start: sign everybody out; end calls, faults and the request log.

        Restore the configuration and clear the caches. Connections stay.
        """
        self._contact_centre.reset()
        for node in self._nodes:
            node.bring_up()
            node.clock_skew_seconds = 0.0
        self._requests.clear()
        self._contact_centre.events.forget()
        self._clear_caches()
        return {"status": "reset"}


def _route(path: str, handler: Handler, method: str = "GET", *, created: bool = False) -> Route:
    async def respond(request: Request) -> Response:
        # Another web site must not make a developer's phones ring.
        if is_cross_site(request):
            error = "the control API is for pages of this origin"
            return json_response({"error": error, "about": request.url.path}, 403)
        try:
            return json_response(await handler(request), 201 if created else 200)
        except ApiError as error:
            return json_response({"error": error.message, "about": error.data}, error.status)

    return Route(path, respond, methods=[method])


def _user(contact_centre: ContactCentre, id: str) -> User:
    user = contact_centre.agents.by_login(id)
    if user is None:
        raise ApiError(404, "Not Found", "There is no such user", id)
    return user


def _call(dialog: Dialog) -> dict[str, Any]:
    return {
        "id": dialog.id,
        "state": dialog.state,
        "from": dialog.from_address,
        "to": dialog.to_address,
        "participants": [
            {"address": each.address, "state": each.state, "since": each.state_since}
            for each in dialog.participants
        ],
        "dtmf": dialog.dtmf,
        "recording": dialog.recording,
        "caller_name": dialog.caller_name,
        "variables": dialog.variables,
        "wrap_up": list(dialog.wrap_up),
    }


def _user_content(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "state": user.state,
        "state_since": user.state_since,
        "reason_id": user.reason_id,
        "reason_code": user.reason.code if user.reason else None,
        "pending_state": user.pending_state,
        "extension": user.extension,
        "assigned_extension": user.assigned_extension,
        "team": user.team,
        "supervises": user.supervises,
        "wrap_up": user.wrap_up,
        "wrap_up_seconds": user.wrap_up_seconds,
    }


def _workflow_content(workflow: Workflow) -> dict[str, Any]:
    pairs = {"params": dict(workflow.params), "variables": dict(workflow.variables)}
    return asdict(workflow) | pairs


def _check_unique(name: str, ids: Iterable[str]) -> None:
    """Raise ApiError if two of the configured objects have the same id."""
    for id, count in Counter(ids).items():
        if count > 1:
            raise ApiError(400, "Invalid Input", f"{name} has the id {id} {count} times", id)


def _phone_book(sent: PhoneBookContent) -> PhoneBook:
    contacts = tuple(
        PhoneContact(each.first_name, each.last_name, each.number, each.description)
        for each in sent.contacts
    )
    return PhoneBook(sent.id, sent.name, sent.type, contacts)


def _workflow(sent: WorkflowContent) -> Workflow:
    return Workflow(
        id=sent.id,
        name=sent.name,
        when=sent.when,
        type=sent.type,
        handled_by=sent.handled_by,
        params=tuple(sent.params.items()),
        variables=tuple(sent.variables.items()),
    )
