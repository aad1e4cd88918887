"""The stand-in's REST API under /finesse/api: User, Dialogs, Dialog, Team, SystemInfo, with Finesse's own refusals.

Reads answer 200 at once; orders answer 202 without a body and are told by event. The header requestId is echoed on the answer and
in the event. Unknown query parameters are ignored: the vendor's library sends `nocache`. What is configured is in `resources`.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from lxml import etree
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from finesse_sandbox import xml
from finesse_sandbox.contact_centre import Centre
from finesse_sandbox.nodes import NodeStatus
from finesse_sandbox.site import Refusal, User
from finesse_sandbox.telephony import call_data
from finesse_sandbox.telephony.calls import Dialog
from finesse_sandbox.telephony.tasks import Task
from finesse_sandbox.xml import API

BODY_LIMIT = 1024 * 1024
_TOLD = ("toAddress", "dtmfString", "outboundClassification", "callbackTime", "callbackNumber")
_ACTIONS = (
    "ANSWER", "HOLD", "RETRIEVE", "DROP", "UPDATE_CALL_DATA", "SEND_DTMF", "CONSULT_CALL", "CONFERENCE", "TRANSFER", "TRANSFER_SST",
    "PARTICIPANT_DROP", "START_RECORDING", "ACCEPT", "REJECT", "CLOSE", "RECLASSIFY", "UPDATE_SCHEDULED_CALLBACK",
    "CANCEL_SCHEDULED_CALLBACK",
)  # fmt: skip
_TASK_ACTIONS = ("ACCEPT", "START", "PAUSE", "RESUME", "WRAP_UP", "TRANSFER", "CLOSE")
_CLASSIFICATIONS = ("VOICE", "FAX", "ANS_MACHINE", "INVALID", "DO_NOT_CALL", "BUSY")
_NOT_YOU = "The user specified in the authentication credentials and the uri don't match"

Handler = Callable[[Request, User], Awaitable[Response]]


class Door:
    """What every part of the API shares: who asks, what they may, how it is answered; on one node."""

    def __init__(self, centre: Centre, node: NodeStatus) -> None:
        self.centre, self.node = centre, node

    def route(self, path: str, handler: Handler, method: str = "GET") -> BaseRoute:
        return Route(API + path, self.open(self._with_user(handler)), methods=[method])

    def open(
        self, handler: Callable[[Request], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            fault = self.centre.faults.take(request.method, request.url.path)
            if fault and fault.replaces:
                return await fault.answer()
            try:
                response = await handler(request)
            except Refusal as error:
                response = answer_xml(xml.refusal(error), error.status, echo(request))
            return await fault.spoil(response) if fault else response

        return answer

    def _with_user(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            if not self.node.in_service:
                raise Refusal(503, "Service Unavailable", "SERVER_OUT_OF_SERVICE")
            user = self.centre.accounts.admit(request.headers.get("authorization", ""))
            request.state.user = user.id
            return await handler(request, user)

        return answer

    def user(self, request: Request, asker: User, *, supervisor: bool = False) -> User:
        """The user of the path, if the asker may act for them: they themselves, for reading an administrator, and, where
        `supervisor` says so, who supervises their team."""
        id = request.path_params["id"]
        user = self.centre.agents.by_login(id)
        if user is None:
            raise Refusal(404, "User Not Found", "UNKNOWN_USER", id)
        reading = request.method == "GET" and "Admin" in asker.roles
        if user is asker or reading or (supervisor and user.team in asker.supervises):
            return user
        if supervisor and asker.supervises:
            raise Refusal(
                401, "Invalid Supervisor", "The user is not on a team of this supervisor", id
            )
        raise Refusal(401, "Invalid Authorization User Specified", _NOT_YOU, asker.id)

    def administrator(self, asker: User, *, writing: bool) -> None:
        """Configuration is the administrator's, and on UCCE the primary node's; on UCCX the secondary can be read."""
        if "Admin" not in asker.roles:
            raise Refusal(401, "Authorization Failure", "UNAUTHORIZED", asker.id)
        if not self.node.primary and (writing or self.centre.platform == "ucce"):
            raise Refusal(403, "Forbidden", "Configuration is done on the primary node")


@dataclass
class Rest:
    door: Door

    def __post_init__(self) -> None:
        self.centre = self.door.centre

    def routes(self) -> list[BaseRoute]:
        route = self.door.route
        return [
            Route(f"{API}/SystemInfo", self.door.open(self.system_info)),
            route("/Users", self.list_users),
            route("/User/{id}", self.get_user),
            route("/User/{id}", self.put_user, "PUT"),
            route("/User/{id}/Dialogs", self.get_dialogs),
            route("/User/{id}/Dialogs", self.post_dialogs, "POST"),
            route("/User/{id}/Dialogs/Media", self.get_tasks),
            route("/Dialog/{id}", self.get_dialog),
            route("/Dialog/{id}", self.put_dialog, "PUT"),
            route("/Team/{id}", self.get_team),
        ]

    # ---- people

    async def system_info(self, request: Request) -> Response:
        # Whether a 12.6 or later node wants credentials here is uncertain; this one does not.
        # The desktop page of either node may look how the other one is.
        origin = request.headers.get("origin", "")
        ours = {
            f"{request.url.scheme}://{place.host}:{place.port}"
            for place in self.door.node.places
            if place
        }
        headers = {"Access-Control-Allow-Origin": origin} if origin in ours else {}
        return answer_xml(xml.system_info(self.centre.agents, self.door.node), headers=headers)

    async def list_users(self, request: Request, asker: User) -> Response:
        self.door.administrator(asker, writing=False)
        return answer_xml(xml.users(self.centre.site, self.centre.agents.users.values()))

    async def get_user(self, request: Request, asker: User) -> Response:
        return answer_xml(xml.user(self.centre.site, self.door.user(request, asker)))

    async def put_user(self, request: Request, asker: User) -> Response:
        user = self.door.user(request, asker, supervisor=True)
        root = xml.read(await read_body(request), "User")
        sent = xml.texts(root)
        state = sent.get("state", "")
        if not state:
            raise Refusal(400, "Parameter Missing", "State Parameter missing", "state")
        if state == "LOGIN":
            if user is not asker:
                raise Refusal(401, "Invalid Authorization User Specified", _NOT_YOU, asker.id)
            if not sent.get("extension"):
                raise Refusal(400, "Parameter Missing", "Extension parameter missing", "extension")
            self.centre.agents.sign_in(user, sent["extension"], request_id(request), _mobile(root))
        elif state in ("READY", "NOT_READY", "LOGOUT", "WORK"):
            self.centre.set_state(
                asker, user, state, sent.get("reasonCodeId", ""), request_id(request)
            )
            if state == "LOGOUT" and sent.get("logoutAllMedia") == "true":
                for standing in self.centre.tasks.of(user):
                    if standing.state != "LOGOUT":
                        self.centre.tasks.set_state(
                            user, standing, "LOGOUT", sent.get("reasonCodeId", ""), ""
                        )
        else:
            raise Refusal(400, "Invalid Input", "Invalid State specified for user", state)
        return accepted(request)

    async def get_team(self, request: Request, asker: User) -> Response:
        id = request.path_params["id"]
        if "Admin" not in asker.roles and id not in asker.supervises:
            raise Refusal(401, "Authorization Failure", "UNAUTHORIZED", asker.id)
        members = list(self.centre.agents.team(id))
        if not members:
            raise Refusal(404, "Not Found", "Team not found", id)
        # Which of the two is the default is uncertain.
        wanted = request.query_params.get("includeLoggedOutAgents") == "true"
        return answer_xml(
            xml.team(self.centre.site, id, [u for u in members if wanted or u.state != "LOGOUT"])
        )

    # ---- calls

    async def get_dialogs(self, request: Request, asker: User) -> Response:
        user = self.door.user(request, asker, supervisor=True)
        return answer_xml(xml.dialogs(self.centre.switch.dialogs_of(user)))

    async def post_dialogs(self, request: Request, asker: User) -> Response:
        user = self.door.user(request, asker)
        root = xml.read(await read_body(request), "Dialog")
        sent = xml.texts(root)
        for name in ("requestedAction", "fromAddress", "toAddress"):
            if not sent.get(name):
                raise Refusal(400, "Parameter Missing", f"{name} parameter missing", name)
        action, to = sent["requestedAction"], sent["toAddress"]
        if action not in ("MAKE_CALL", "SILENT_MONITOR", "BARGE_CALL"):
            raise Refusal(400, "Invalid Input", "Invalid action specified for dialog", action)
        if sent["fromAddress"] != user.extension:
            raise Refusal(
                400,
                "Invalid Input",
                "Invalid fromAddress specified for dialog",
                sent["fromAddress"],
            )
        if to == user.extension:
            raise Refusal(400, "Invalid Destination", "toAddress is the same as fromAddress", to)
        if action == "MAKE_CALL":
            properties = root.find("mediaProperties")
            if properties is not None and self.centre.platform == "uccx":
                raise Refusal(
                    400, "Invalid Input", "mediaProperties are not supported", "mediaProperties"
                )
            variables = call_data.read(properties, self.centre.site, {})
            kept, error = call_data.judge(variables, {}, self.centre.site, self.centre.platform)
            if error:
                self.centre.notifications.dialog_refused(user, None, error, request_id(request))
            else:
                self.centre.switch.make_call(user, to, request_id(request), kept)
            return accepted(request)
        if not user.supervises:
            raise Refusal(401, "Authorization Failure", "UNAUTHORIZED", user.id)
        if action == "SILENT_MONITOR":
            self.centre.switch.monitor(user, to, request_id(request))
        else:
            id = sent.get("associatedDialogUri", "").rpartition("/")[2]
            monitoring = self.centre.switch.dialogs.get(id)
            if (
                monitoring is None
                or monitoring.kind != "monitor"
                or monitoring.from_address != user.extension
            ):
                raise Refusal(
                    400, "Invalid State", "The supervisor is not monitoring this agent", id
                )
            self.centre.switch.barge(user, monitoring, request_id(request))
        return accepted(request)

    async def get_tasks(self, request: Request, asker: User) -> Response:
        return answer_xml(xml.tasks(self.centre.tasks.tasks_of(self.door.user(request, asker))))

    async def get_dialog(self, request: Request, asker: User) -> Response:
        found = self._dialog(request)
        if isinstance(found, Task):
            if found.user != asker.id and "Admin" not in asker.roles:
                raise Refusal(401, "Authorization Failure", "UNAUTHORIZED", asker.id)
            return answer_xml(xml.task(found))
        self._may(found, asker)
        return answer_xml(xml.dialog(found))

    async def put_dialog(self, request: Request, asker: User) -> Response:
        found = self._dialog(request)
        root = xml.read(await read_body(request), "Dialog")
        sent = xml.texts(root)
        action, target = sent.get("requestedAction", ""), sent.get("targetMediaAddress", "")
        if not action:
            raise Refusal(
                400, "Parameter Missing", "requestedAction parameter missing", "requestedAction"
            )
        if isinstance(found, Task):
            if found.user != asker.id:
                raise Refusal(401, "Invalid Authorization User Specified", _NOT_YOU, asker.id)
            if action not in _TASK_ACTIONS:
                raise Refusal(400, "Invalid Input", "Invalid action specified for dialog", action)
            self.centre.tasks.act(asker, found, action, request_id(request))
            return accepted(request)
        if action not in _ACTIONS:
            raise Refusal(400, "Invalid Input", "Invalid action specified for dialog", action)
        if action == "UPDATE_CALL_DATA":  # without a target, as the vendor's library sends it
            return self._update(request, asker, found, root)
        if not target:
            raise Refusal(
                400,
                "Parameter Missing",
                "targetMediaAddress parameter missing",
                "targetMediaAddress",
            )
        if action == "PARTICIPANT_DROP":
            self.centre.switch.drop_participant(found, asker, target, request_id(request))
            return accepted(request)
        if target != asker.extension:
            raise Refusal(401, "Invalid Authorization User Specified", _NOT_YOU, asker.id)
        told = sent | {
            p.findtext("name", ""): p.findtext("value") or ""
            for p in root.iterfind("actionParams/ActionParam")
        }
        self._check(action, told, asker, found)
        self.centre.switch.act(
            found,
            target,
            action,
            request_id(request),
            **{name: told[name] for name in _TOLD if name in told},
        )
        return accepted(request)

    # ---- beneath

    def _check(self, action: str, told: dict[str, str], asker: User, dialog: Dialog) -> None:
        """What must come with an action, and whether this platform has it."""
        if action in ("CONSULT_CALL", "TRANSFER_SST"):
            if not told.get("toAddress"):
                raise Refusal(400, "Parameter Missing", "toAddress parameter missing", "toAddress")
            if told["toAddress"] == asker.extension:
                raise Refusal(
                    400,
                    "Invalid Destination",
                    "toAddress is the same as the agent's",
                    told["toAddress"],
                )
        if action == "SEND_DTMF":
            tones = told.get("dtmfString", "")
            if not re.fullmatch(
                r"[0-9*#A-D]+" if self.centre.platform == "ucce" else r"[0-9*#]+", tones
            ):
                raise Refusal(400, "Invalid Input", "Invalid dtmfString", tones[:40])
        if action == "RECLASSIFY" and told.get("outboundClassification") not in _CLASSIFICATIONS:
            raise Refusal(
                400,
                "Finesse API Error",
                "Invalid outboundClassification",
                told.get("outboundClassification", ""),
            )
        if action == "UPDATE_SCHEDULED_CALLBACK" and not (
            told.get("callbackTime") or told.get("callbackNumber")
        ):
            raise Refusal(
                400,
                "Parameter Missing",
                "callbackTime or callbackNumber parameter missing",
                "callbackTime",
            )
        if told.get("callbackTime") and not re.fullmatch(
            r"\d{4}-\d\d-\d\dT\d\d:\d\d", told["callbackTime"]
        ):
            raise Refusal(
                400,
                "Invalid Input",
                "callbackTime must be YYYY-MM-DDTHH:MM",
                told["callbackTime"][:40],
            )
        if action in ("ACCEPT", "REJECT", "CLOSE"):
            other = "preview" if self.centre.platform == "uccx" else "direct_preview"
            if dialog.kind == other:
                raise Refusal(
                    501,
                    "Not Implemented",
                    f"{action} of this kind of call is not for this platform",
                    action,
                )

    def _update(
        self, request: Request, asker: User, dialog: Dialog, root: etree._Element
    ) -> Response:
        self._may(dialog, asker)
        properties = root.find("mediaProperties")
        if properties is None:
            raise Refusal(
                400, "Parameter Missing", "mediaProperties parameter missing", "mediaProperties"
            )
        found = call_data.read(properties, self.centre.site, dialog.variables)
        items = tuple(node.text or "" for node in properties.iterfind("wrapUpItems/wrapUpItem"))
        if items and self.centre.platform == "ucce":
            raise Refusal(400, "Invalid Input", "wrapUpItems are not supported", "wrapUpItems")
        reason = properties.findtext("wrapUpReason") or ""
        kept, error = call_data.judge(
            found, dialog.variables, self.centre.site, self.centre.platform
        )
        if error:
            self.centre.notifications.dialog_refused(asker, dialog, error, request_id(request))
        else:
            self.centre.switch.update(
                dialog, kept, items or ((reason,) if reason else ()), request_id(request)
            )
        return accepted(request)

    def _may(self, dialog: Dialog, asker: User) -> None:
        """Participants, and who supervises one of them, or administers."""
        agents = [
            self.centre.agents.by_extension(p.address) for p in dialog.participants if p.is_agent
        ]
        if (
            asker in agents
            or "Admin" in asker.roles
            or any(a and a.team in asker.supervises for a in agents)
        ):
            return
        raise Refusal(401, "Authorization Failure", "UNAUTHORIZED", asker.id)

    def _dialog(self, request: Request) -> Dialog | Task:
        id = request.path_params["id"]
        found = self.centre.switch.dialogs.get(id) or self.centre.tasks.tasks.get(id)
        if found is None:
            raise Refusal(404, "Dialog Not Found", "Invalid dialogId specified for dialog", id)
        return found


def _mobile(root: etree._Element) -> tuple[str, str] | None:
    node = root.find("mobileAgent")
    if node is None:
        return None
    mode, number = node.findtext("mode", ""), node.findtext("dialNumber", "")
    if mode not in ("CALL_BY_CALL", "NAILED_CONNECTION"):
        raise Refusal(400, "Invalid Input", "Invalid mode specified", mode)
    if not number:
        raise Refusal(400, "Parameter Missing", "dialNumber parameter missing", "dialNumber")
    return mode, number


async def read_body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_LIMIT:
            raise Refusal(400, "Bad Request", "The body is too large")
    return bytes(body)


def request_id(request: Request) -> str:
    """Any text; what XML can't carry is left out of the echo."""
    return "".join(c for c in request.headers.get("requestid", "") if c.isprintable())[:200]


def echo(request: Request) -> dict[str, str]:
    id = request_id(request)
    return {"requestId": id} if id else {}


def accepted(request: Request) -> Response:
    # With a type although there is no body: the oldest clients read one.
    return Response(status_code=202, headers=echo(request), media_type="application/xml")


def answer_xml(
    element: etree._Element, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    return Response(xml.document(element), status, headers, "application/xml")
