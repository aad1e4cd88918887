"""Dialog and Dialogs: making calls and acting on calls and nonvoice tasks."""

from __future__ import annotations

import re

from lxml import etree
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from finesse_sandbox.api_errors import ApiError
from finesse_sandbox.rest.access import ApiAccess, unauthorized, user_mismatch
from finesse_sandbox.rest.responses import accepted, read_xml, request_id, xml_response
from finesse_sandbox.site import Platform, User
from finesse_sandbox.telephony.call_variables import fit_variables, read_variables
from finesse_sandbox.telephony.dialogs import Dialog
from finesse_sandbox.telephony.media_tasks import Task
from finesse_sandbox.xml.dialogs import (
    dialog_element,
    dialogs_element,
    task_element,
    tasks_element,
)
from finesse_sandbox.xml.document import child_texts

_PARAMETERS = (
    "toAddress",
    "dtmfString",
    "outboundClassification",
    "callbackTime",
    "callbackNumber",
)
_CALL_ACTIONS = (
    "ANSWER",
    "HOLD",
    "RETRIEVE",
    "DROP",
    "UPDATE_CALL_DATA",
    "SEND_DTMF",
    "CONSULT_CALL",
    "CONFERENCE",
    "TRANSFER",
    "TRANSFER_SST",
    "PARTICIPANT_DROP",
    "START_RECORDING",
    "ACCEPT",
    "REJECT",
    "CLOSE",
    "RECLASSIFY",
    "UPDATE_SCHEDULED_CALLBACK",
    "CANCEL_SCHEDULED_CALLBACK",
)
_TASK_ACTIONS = ("ACCEPT", "START", "PAUSE", "RESUME", "WRAP_UP", "TRANSFER", "CLOSE")
_CLASSIFICATIONS = ("VOICE", "FAX", "ANS_MACHINE", "INVALID", "DO_NOT_CALL", "BUSY")
_CALLBACK_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
_DTMF = {"ucce": re.compile(r"[0-9*#A-D]+"), "uccx": re.compile(r"[0-9*#]+")}


class DialogResource:
    def __init__(self, access: ApiAccess) -> None:
        self._access = access
        self._contact_centre = access.contact_centre
        self._switch = access.contact_centre.switch

    def routes(self) -> list[BaseRoute]:
        route = self._access.route
        return [
            route("/User/{id}/Dialogs", self.list_dialogs),
            route("/User/{id}/Dialogs", self.create_dialog, "POST"),
            route("/User/{id}/Dialogs/Media", self.list_tasks),
            route("/Dialog/{id}", self.get_dialog),
            route("/Dialog/{id}", self.put_dialog, "PUT"),
        ]

    # ---- reading

    async def list_dialogs(self, request: Request, user: User) -> Response:
        target = self._access.user_in_path(request, user, supervisor=True)
        return xml_response(dialogs_element(self._switch.dialogs_of(target)))

    async def list_tasks(self, request: Request, user: User) -> Response:
        target = self._access.user_in_path(request, user)
        return xml_response(tasks_element(self._contact_centre.tasks.tasks_of(target)))

    async def get_dialog(self, request: Request, user: User) -> Response:
        found = self._dialog_in_path(request)
        if isinstance(found, Task):
            if found.user != user.id and "Admin" not in user.roles:
                raise unauthorized(user.id)
            return xml_response(task_element(found))
        self._check_may_read(found, user)
        return xml_response(dialog_element(found))

    # ---- new calls

    async def create_dialog(self, request: Request, user: User) -> Response:
        self._access.user_in_path(request, user)
        root = await read_xml(request, "Dialog")
        sent = child_texts(root)
        for name in ("requestedAction", "fromAddress", "toAddress"):
            if not sent.get(name):
                raise ApiError(400, "Parameter Missing", f"{name} parameter missing", name)
        action = sent["requestedAction"]
        if action not in ("MAKE_CALL", "SILENT_MONITOR", "BARGE_CALL"):
            raise ApiError(400, "Invalid Input", "Invalid action specified for dialog", action)
        if sent["fromAddress"] != user.extension:
            message = "Invalid fromAddress specified for dialog"
            raise ApiError(400, "Invalid Input", message, sent["fromAddress"])
        to = sent["toAddress"]
        if to == user.extension:
            raise ApiError(400, "Invalid Destination", "toAddress is the same as fromAddress", to)
        if action == "MAKE_CALL":
            self._make_call(request, user, to, root)
            return accepted(request)
        if not user.supervises:
            raise unauthorized(user.id)
        if action == "SILENT_MONITOR":
            self._switch.monitor(user, to, request_id(request))
        else:
            self._barge(request, user, sent.get("associatedDialogUri", ""))
        return accepted(request)

    def _make_call(self, request: Request, user: User, to: str, root: etree._Element) -> None:
        site = self._contact_centre.site
        platform = self._contact_centre.platform
        properties = root.find("mediaProperties")
        if properties is not None and platform == "uccx":
            message = "mediaProperties are not supported"
            raise ApiError(400, "Invalid Input", message, "mediaProperties")
        variables = read_variables(properties, site, {})
        stored, error = fit_variables(variables, {}, site, platform)
        if error:
            events = self._contact_centre.events
            events.dialog_command_failed(user, None, error, request_id(request))
        else:
            self._switch.make_call(user, to, request_id(request), stored)

    def _barge(self, request: Request, user: User, monitoring_uri: str) -> None:
        id = monitoring_uri.rpartition("/")[2]
        monitoring = self._switch.dialogs.get(id)
        if (
            monitoring is None
            or monitoring.kind != "monitor"
            or monitoring.from_address != user.extension
        ):
            message = "The supervisor is not monitoring this agent"
            raise ApiError(400, "Invalid State", message, id)
        self._switch.barge(user, monitoring, request_id(request))

    # ---- actions

    async def put_dialog(self, request: Request, user: User) -> Response:
        found = self._dialog_in_path(request)
        root = await read_xml(request, "Dialog")
        sent = child_texts(root)
        action = sent.get("requestedAction", "")
        if not action:
            message = "requestedAction parameter missing"
            raise ApiError(400, "Parameter Missing", message, "requestedAction")
        if isinstance(found, Task):
            self._act_on_task(request, user, found, action)
            return accepted(request)
        if action not in _CALL_ACTIONS:
            raise ApiError(400, "Invalid Input", "Invalid action specified for dialog", action)
        if action == "UPDATE_CALL_DATA":  # without a target, as the vendor's library sends it
            self._update_call_data(request, user, found, root)
            return accepted(request)
        target = sent.get("targetMediaAddress", "")
        if not target:
            message = "targetMediaAddress parameter missing"
            raise ApiError(400, "Parameter Missing", message, "targetMediaAddress")
        if action == "PARTICIPANT_DROP":
            self._switch.drop_participant(found, user, target, request_id(request))
            return accepted(request)
        if target != user.extension:
            raise user_mismatch(user)
        for param in root.iterfind("actionParams/ActionParam"):
            sent[param.findtext("name", "")] = param.findtext("value") or ""
        _check_parameters(action, sent, user, self._contact_centre.platform)
        _check_platform(action, found, self._contact_centre.platform)
        params = {name: sent[name] for name in _PARAMETERS if name in sent}
        self._switch.act(found, target, action, request_id(request), **params)
        return accepted(request)

    def _act_on_task(self, request: Request, user: User, task: Task, action: str) -> None:
        if task.user != user.id:
            raise user_mismatch(user)
        if action not in _TASK_ACTIONS:
            raise ApiError(400, "Invalid Input", "Invalid action specified for dialog", action)
        self._contact_centre.tasks.act(user, task, action, request_id(request))

    def _update_call_data(
        self, request: Request, user: User, dialog: Dialog, root: etree._Element
    ) -> None:
        self._check_may_read(dialog, user)
        site = self._contact_centre.site
        platform = self._contact_centre.platform
        properties = root.find("mediaProperties")
        if properties is None:
            message = "mediaProperties parameter missing"
            raise ApiError(400, "Parameter Missing", message, "mediaProperties")
        variables = read_variables(properties, site, dialog.variables)
        wrap_up = tuple(node.text or "" for node in properties.iterfind("wrapUpItems/wrapUpItem"))
        if wrap_up and platform == "ucce":
            raise ApiError(400, "Invalid Input", "wrapUpItems are not supported", "wrapUpItems")
        reason = properties.findtext("wrapUpReason")
        if reason and not wrap_up:
            wrap_up = (reason,)
        stored, error = fit_variables(variables, dialog.variables, site, platform)
        error = error or self._switch.rejection_of(dialog, user.extension, "UPDATE_CALL_DATA")
        if error:
            events = self._contact_centre.events
            events.dialog_command_failed(user, dialog, error, request_id(request))
        else:
            self._switch.update(dialog, stored, wrap_up, request_id(request))

    # ---- access

    def _dialog_in_path(self, request: Request) -> Dialog | Task:
        id = request.path_params["id"]
        found = self._switch.dialogs.get(id) or self._contact_centre.tasks.tasks.get(id)
        if found is None:
            raise ApiError(404, "Dialog Not Found", "Invalid dialogId specified for dialog", id)
        return found

    def _check_may_read(self, dialog: Dialog, user: User) -> None:
        """Raise ApiError unless the user is on the call, supervises it, or is an administrator."""
        if "Admin" in user.roles:
            return
        for participant in dialog.participants:
            if not participant.is_agent:
                continue
            agent = self._contact_centre.agents.by_extension(participant.address)
            if agent is user or (agent is not None and agent.team in user.supervises):
                return
        raise unauthorized(user.id)


def _check_parameters(action: str, sent: dict[str, str], user: User, platform: Platform) -> None:
    """Raise ApiError if an action's parameter is missing or malformed."""
    match action:
        case "CONSULT_CALL" | "TRANSFER_SST":
            to = sent.get("toAddress")
            if not to:
                raise ApiError(400, "Parameter Missing", "toAddress parameter missing", "toAddress")
            if to == user.extension:
                message = "toAddress is the same as the agent's"
                raise ApiError(400, "Invalid Destination", message, to)
        case "SEND_DTMF":
            tones = sent.get("dtmfString", "")
            if not _DTMF[platform].fullmatch(tones):
                raise ApiError(400, "Invalid Input", "Invalid dtmfString", tones[:40])
        case "RECLASSIFY":
            classification = sent.get("outboundClassification", "")
            if classification not in _CLASSIFICATIONS:
                message = "Invalid outboundClassification"
                raise ApiError(400, "Finesse API Error", message, classification)
        case "UPDATE_SCHEDULED_CALLBACK":
            if not sent.get("callbackTime") and not sent.get("callbackNumber"):
                message = "callbackTime or callbackNumber parameter missing"
                raise ApiError(400, "Parameter Missing", message, "callbackTime")
    time = sent.get("callbackTime")
    if time and not _CALLBACK_TIME.fullmatch(time):
        message = "callbackTime must be YYYY-MM-DDTHH:MM"
        raise ApiError(400, "Invalid Input", message, time[:40])


def _check_platform(action: str, dialog: Dialog, platform: Platform) -> None:
    """Raise ApiError 501 for a preview of the kind that the platform does not have."""
    if action in ("ACCEPT", "REJECT", "CLOSE"):
        unsupported = "preview" if platform == "uccx" else "direct_preview"
        if dialog.kind == unsupported:
            message = f"{action} of this kind of call is not for this platform"
            raise ApiError(501, "Not Implemented", message, action)
