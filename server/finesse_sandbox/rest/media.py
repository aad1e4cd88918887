"""Media: an agent's state in each nonvoice Media. Their tasks are dialogs (`dialogs.py`)."""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from finesse_sandbox.api_errors import ApiError
from finesse_sandbox.rest.access import ApiAccess
from finesse_sandbox.rest.responses import accepted, read_xml, request_id, xml_response
from finesse_sandbox.site import User
from finesse_sandbox.telephony.media_tasks import AgentMedia
from finesse_sandbox.xml.document import child_texts
from finesse_sandbox.xml.media import media_element, media_list_element

_MAX_DIALOGS = re.compile(r"[1-9]|10")


class MediaResource:
    def __init__(self, access: ApiAccess) -> None:
        self._access = access
        self._site = access.contact_centre.site
        self._tasks = access.contact_centre.tasks

    def routes(self) -> list[BaseRoute]:
        route = self._access.route
        return [
            route("/User/{id}/Media", self.list_media),
            route("/User/{id}/Media/{media}", self.get_media),
            route("/User/{id}/Media/{media}", self.put_media, "PUT"),
        ]

    async def list_media(self, request: Request, user: User) -> Response:
        target = self._access.user_in_path(request, user)
        return xml_response(media_list_element(self._site, self._tasks.media_of(target)))

    async def get_media(self, request: Request, user: User) -> Response:
        target = self._access.user_in_path(request, user)
        media = self._tasks.get_media(target, request.path_params["media"])
        return xml_response(media_element(self._site, media))

    async def put_media(self, request: Request, user: User) -> Response:
        target = self._access.user_in_path(request, user)
        media = self._tasks.get_media(target, request.path_params["media"])
        sent = child_texts(await read_xml(request, "Media"))
        state = sent.get("state", "")
        routable = sent.get("routable", "")
        id = request_id(request)
        if state == "LOGIN":
            self._sign_in(target, media, sent, id)
        elif state in ("READY", "NOT_READY", "LOGOUT"):
            self._tasks.set_state(target, media, state, sent.get("reasonCodeId", ""), id)
        elif not state and routable in ("true", "false"):
            self._tasks.set_routable(target, media, routable == "true", id)
        else:
            type = "Invalid Input" if state else "Parameter Missing"
            message = "Invalid State specified for media"
            raise ApiError(400, type, message, state or "state")
        return accepted(request)

    def _sign_in(
        self, user: User, media: AgentMedia, sent: dict[str, str], request_id: str
    ) -> None:
        max_dialogs = sent.get("maxDialogLimit", "")
        if not _MAX_DIALOGS.fullmatch(max_dialogs):
            type = "Invalid Input" if max_dialogs else "Parameter Missing"
            message = "maxDialogLimit must be from 1 to 10"
            raise ApiError(400, type, message, "maxDialogLimit")
        interrupt_action = sent.get("interruptAction", "ACCEPT")
        logout_action = sent.get("dialogLogoutAction", "CLOSE")
        if interrupt_action not in ("ACCEPT", "IGNORE") or logout_action not in (
            "CLOSE",
            "TRANSFER",
        ):
            message = "Invalid interruptAction or dialogLogoutAction"
            raise ApiError(400, "Invalid Input", message, interrupt_action)
        self._tasks.sign_in(
            user,
            media,
            max_dialogs=int(max_dialogs),
            interrupt_action=interrupt_action,
            logout_action=logout_action,
            request_id=request_id,
        )
