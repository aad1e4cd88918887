"""Team: its members and their states, for supervisors and administrators."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from finesse_sandbox.api_errors import ApiError
from finesse_sandbox.rest.access import ApiAccess, unauthorized
from finesse_sandbox.rest.responses import xml_response
from finesse_sandbox.site import User
from finesse_sandbox.xml.users import team_element


class TeamResource:
    def __init__(self, access: ApiAccess) -> None:
        self._access = access
        self._contact_centre = access.contact_centre

    def routes(self) -> list[BaseRoute]:
        return [self._access.route("/Team/{id}", self.get_team)]

    async def get_team(self, request: Request, user: User) -> Response:
        id = request.path_params["id"]
        if "Admin" not in user.roles and id not in user.supervises:
            raise unauthorized(user.id)
        members = list(self._contact_centre.agents.team(id))
        if id not in self._contact_centre.site.teams:
            raise ApiError(404, "Not Found", "Team not found", id)
        # Assumption: signed-out agents are left out unless requested; no default is documented.
        if request.query_params.get("includeLoggedOutAgents") != "true":
            members = [member for member in members if member.state != "LOGOUT"]
        return xml_response(team_element(self._contact_centre.site, id, members))
