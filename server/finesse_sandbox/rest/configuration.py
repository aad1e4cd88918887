"""What the platform is configured with, and who is connected: for administrators.

Source of paths and elements: the developer guide's pages ECCVariableConfig and ConnectedUsersInfo.
MediaDomain is listed there without its elements; here it has those of Media.
"""

from __future__ import annotations

from lxml.builder import E
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from finesse_sandbox.api_errors import ApiError
from finesse_sandbox.rest.access import ApiAccess
from finesse_sandbox.rest.responses import xml_response
from finesse_sandbox.site import User
from finesse_sandbox.xml.document import API


class ConfigurationResource:
    def __init__(self, access: ApiAccess) -> None:
        self._access = access
        self._site = access.contact_centre.site

    def routes(self) -> list[BaseRoute]:
        route = self._access.route
        return [
            route("/ECCVariableConfig", self.list_variables),
            route("/MediaDomain", self.list_media_domains),
            route("/ConnectedUsersInfo", self.count_connected_users),
        ]

    async def list_variables(self, request: Request, user: User) -> Response:
        self._require_ucce()
        variables = (
            E.ECCVariable(E.name(name), E.length(str(length)))
            for name, length in self._site.variables.items()
        )
        return xml_response(E.ECCVariableConfig(*variables))

    async def list_media_domains(self, request: Request, user: User) -> Response:
        self._require_ucce()
        domains = (
            E.MediaDomain(E.id(id), E.name(name), E.uri(f"{API}/MediaDomain/{id}"))
            for id, name in self._site.media
        )
        return xml_response(E.MediaDomains(*domains))

    async def count_connected_users(self, request: Request, user: User) -> Response:
        self._access.require_administrator(user, writing=False)
        sessions = self._access.node.pubsub.sessions
        desktops = sum(session.jid.endswith("/desktop") for session in sessions)
        summary = E.userSummary(
            E.desktopUsers(str(desktops)),
            E.fippaUsers("0"),
            E.thirdPartyUsers(str(len(sessions) - desktops)),
            E.totalConnectedUsers(str(len(sessions))),
            E.totalConnectedUsersViaProxy("0"),
        )
        uri = E.uri(f"{API}/ConnectedUsersInfo")
        return xml_response(E.ConnectedUsersInfo(summary, uri))

    def _require_ucce(self) -> None:
        if self._access.contact_centre.platform != "ucce":
            raise ApiError(404, "Not Found", "This is for UCCE only")
