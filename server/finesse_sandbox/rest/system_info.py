"""SystemInfo and UserAuthMode: what a client reads before it has credentials."""

from __future__ import annotations

from lxml.builder import E
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from finesse_sandbox.api_errors import ApiError
from finesse_sandbox.rest.access import ApiAccess
from finesse_sandbox.rest.responses import xml_response
from finesse_sandbox.xml.system_info import system_info_element


class SystemInfoResource:
    def __init__(self, access: ApiAccess) -> None:
        self._access = access
        self._contact_centre = access.contact_centre

    def routes(self) -> list[BaseRoute]:
        return [
            self._access.anonymous_route("/SystemInfo", self.get_system_info),
            self._access.anonymous_route("/UserAuthMode/{id}", self.get_auth_mode),
        ]

    async def get_system_info(self, request: Request) -> Response:
        # Assumption: no credentials are needed; 12.6 and later may require them.
        node = self._access.node
        origins = {
            f"{request.url.scheme}://{address.host}:{address.port}"
            for address in node.addresses
            if address is not None
        }
        # The desktop page of either node reads the status of the other one.
        origin = request.headers.get("origin", "")
        headers = {"Access-Control-Allow-Origin": origin} if origin in origins else {}
        return xml_response(system_info_element(self._contact_centre.agents, node), headers=headers)

    async def get_auth_mode(self, request: Request) -> Response:
        id = request.path_params["id"]
        if self._contact_centre.agents.by_login(id) is None:
            raise ApiError(404, "User Not Found", "UNKNOWN_USER", id)
        mode = "SSO" if self._contact_centre.site.sso else "NON_SSO"
        return xml_response(E.UserAuthMode(E.authMode(mode)))
