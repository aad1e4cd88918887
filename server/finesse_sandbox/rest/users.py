"""User and Users: an agent's data, signing in and out, and states."""

from __future__ import annotations

from lxml import etree
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from finesse_sandbox.api_errors import ApiError
from finesse_sandbox.rest.access import ApiAccess, user_mismatch
from finesse_sandbox.rest.responses import accepted, read_xml, request_id, xml_response
from finesse_sandbox.site import MobileAgent, User
from finesse_sandbox.xml.document import child_texts
from finesse_sandbox.xml.users import user_element, users_element


class UserResource:
    def __init__(self, access: ApiAccess) -> None:
        self._access = access
        self._contact_centre = access.contact_centre

    def routes(self) -> list[BaseRoute]:
        route = self._access.route
        return [
            route("/Users", self.list_users),
            route("/User", self.find_user),
            route("/User/{id}", self.get_user),
            route("/User/{id}", self.put_user, "PUT"),
        ]

    async def list_users(self, request: Request, user: User) -> Response:
        self._access.require_administrator(user, writing=False)
        users = self._contact_centre.agents.users.values()
        return xml_response(users_element(self._contact_centre.site, users))

    async def find_user(self, request: Request, user: User) -> Response:
        """Return the user with a login name, which may differ from the id (UCCE)."""
        name = request.query_params.get("loginName", "")
        if not name:
            raise ApiError(400, "Parameter Missing", "loginName parameter missing", "loginName")
        request.path_params["id"] = name
        return await self.get_user(request, user)

    async def get_user(self, request: Request, user: User) -> Response:
        target = self._access.user_in_path(request, user)
        return xml_response(user_element(self._contact_centre.site, target))

    async def put_user(self, request: Request, user: User) -> Response:
        target = self._access.user_in_path(request, user, supervisor=True)
        root = await read_xml(request, "User")
        sent = child_texts(root)
        state = sent.get("state", "")
        match state:
            case "":
                raise ApiError(400, "Parameter Missing", "State Parameter missing", "state")
            case "LOGIN":
                self._sign_in(request, user, target, root)
            case "READY" | "NOT_READY" | "LOGOUT" | "WORK":
                reason_id = sent.get("reasonCodeId", "")
                self._contact_centre.set_state(user, target, state, reason_id, request_id(request))
                if state == "LOGOUT" and sent.get("logoutAllMedia") == "true":
                    self._contact_centre.tasks.sign_out_everywhere(target, reason_id)
            case _:
                raise ApiError(400, "Invalid Input", "Invalid State specified for user", state)
        return accepted(request)

    def _sign_in(self, request: Request, user: User, target: User, root: etree._Element) -> None:
        if target is not user:
            raise user_mismatch(user)
        extension = child_texts(root).get("extension", "")
        if not extension:
            raise ApiError(400, "Parameter Missing", "Extension parameter missing", "extension")
        self._contact_centre.agents.sign_in(
            user, extension, request_id(request), _mobile_agent(root)
        )


def _mobile_agent(root: etree._Element) -> MobileAgent | None:
    node = root.find("mobileAgent")
    if node is None:
        return None
    number = node.findtext("dialNumber", "")
    match node.findtext("mode", ""):
        case ("CALL_BY_CALL" | "NAILED_CONNECTION") as mode:
            if not number:
                message = "dialNumber parameter missing"
                raise ApiError(400, "Parameter Missing", message, "dialNumber")
            return MobileAgent(mode, number)
        case other:
            raise ApiError(400, "Invalid Input", "Invalid mode specified", other)
