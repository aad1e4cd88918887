"""Authentication, authorization, errors and faults of all REST resources of one node.

A read responds with 200. A command responds with 202 and no body; its outcome comes by event with
the same requestId. Unknown query parameters are ignored: the vendor's library sends `nocache`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from finesse_sandbox.api_errors import ApiError
from finesse_sandbox.contact_centre import ContactCentre
from finesse_sandbox.nodes import Node
from finesse_sandbox.rest.responses import request_id_headers, xml_response
from finesse_sandbox.site import User
from finesse_sandbox.xml.document import API, api_errors_element

_USER_MISMATCH = "The user specified in the authentication credentials and the uri don't match"

Handler = Callable[[Request, User], Awaitable[Response]]
AnonymousHandler = Callable[[Request], Awaitable[Response]]


def unauthorized(about: str = "") -> ApiError:
    """Return the error for a user who may not do this; Finesse has 401 for it too."""
    return ApiError(401, "Authorization Failure", "UNAUTHORIZED", about)


def user_mismatch(user: User) -> ApiError:
    """Return the error for a user who acts for another one."""
    return ApiError(401, "Invalid Authorization User Specified", _USER_MISMATCH, user.id)


def _rejected_credentials(status: int) -> Response:
    """Return what Tomcat responds before Finesse sees the request: a page, not XML (recorded)."""
    page = "<html><head><title>Cisco System - Error report</title></head><body></body></html>"
    # No recording shows a WWW-Authenticate. With one, a browser would ask the agent for a password.
    return Response(page, status, media_type="text/html")


class ApiAccess:
    """Creates the routes of one node and checks what a user may do."""

    def __init__(self, contact_centre: ContactCentre, node: Node) -> None:
        self.contact_centre = contact_centre
        self.node = node

    # ---- routes

    def route(self, path: str, handler: Handler, method: str = "GET") -> BaseRoute:
        """Return a route for authenticated users."""
        return self.anonymous_route(path, self._authenticated(handler), method)

    def anonymous_route(
        self, path: str, handler: AnonymousHandler, method: str = "GET"
    ) -> BaseRoute:
        return Route(API + path, self._with_errors_and_faults(handler), methods=[method])

    def team_resource_routes(
        self, name: str, respond: Callable[[Request], Response]
    ) -> list[BaseRoute]:
        """Return the routes of a resource that is assigned to teams, on its three paths.

        Agents read it under their own User or under TeamResource, administrators under Team.
        """

        async def of_user(request: Request, user: User) -> Response:
            self.user_in_path(request, user)
            return respond(request)

        async def of_team(request: Request, user: User) -> Response:
            id = request.path_params["team"]
            if id not in self.contact_centre.site.teams:
                raise ApiError(404, "TeamId Not Found", "There is no such team", id)
            is_member = user.team == id or id in user.supervises
            if not is_member and "Admin" not in user.roles:
                raise unauthorized(user.id)
            return respond(request)

        async def configured(request: Request, user: User) -> Response:
            self.require_administrator(user, writing=False)
            id = request.path_params["team"]
            if id not in self.contact_centre.site.teams:
                raise ApiError(404, "Not Found", "There is no such team", id)
            return respond(request)

        return [
            self.route(f"/User/{{id}}/{name}", of_user),
            self.route(f"/TeamResource/{{team}}/{name}", of_team),
            self.route(f"/Team/{{team}}/{name}", configured),
        ]

    def _with_errors_and_faults(self, handler: AnonymousHandler) -> AnonymousHandler:
        async def respond(request: Request) -> Response:
            fault = self.contact_centre.faults.take(request.method, request.url.path)
            if fault and fault.replaces_response:
                return await fault.respond()
            try:
                response = await handler(request)
            except ApiError as error:
                headers = request_id_headers(request)
                response = xml_response(api_errors_element(error), error.status, headers)
            return await fault.alter(response) if fault else response

        return respond

    def _authenticated(self, handler: Handler) -> AnonymousHandler:
        async def respond(request: Request) -> Response:
            if not self.node.in_service:
                raise ApiError(503, "Service Unavailable", "SERVER_OUT_OF_SERVICE")
            authorization = request.headers.get("authorization", "")
            try:
                user = self.contact_centre.accounts.authenticate(authorization)
            except ApiError as error:
                return _rejected_credentials(error.status)
            request.state.user = user.id
            return await handler(request, user)

        return respond

    # ---- authorization

    def user_in_path(self, request: Request, user: User, *, supervisor: bool = False) -> User:
        """Return the user in the path if the requesting user may act for them.

        That is the user, an administrator who reads, and, if `supervisor` is set, the supervisor
        of their team.
        """
        id = request.path_params["id"]
        target = self.contact_centre.agents.by_login(id)
        if target is None:
            raise ApiError(404, "User Not Found", "UNKNOWN_USER", id)
        if target is user or (request.method == "GET" and "Admin" in user.roles):
            return target
        if supervisor and user.supervises:
            if target.team in user.supervises:
                return target
            message = "The user is not on a team of this supervisor"
            raise ApiError(401, "Invalid Supervisor", message, id)
        raise user_mismatch(user)

    def require_administrator(self, user: User, *, writing: bool) -> None:
        """Raise ApiError unless the user may configure on this node.

        UCCE configures on the primary node only; on UCCX the secondary can be read.
        """
        if "Admin" not in user.roles:
            raise unauthorized(user.id)
        if not self.node.primary and (writing or self.contact_centre.platform == "ucce"):
            raise ApiError(403, "Forbidden", "Configuration is done on the primary node")
