"""The REST API of one node: all resources under /finesse/api."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from finesse_sandbox.api_errors import ApiError
from finesse_sandbox.contact_centre import ContactCentre
from finesse_sandbox.nodes import Node
from finesse_sandbox.rest.access import ApiAccess
from finesse_sandbox.rest.client_log import ClientLogResource
from finesse_sandbox.rest.configuration import ConfigurationResource
from finesse_sandbox.rest.dialogs import DialogResource
from finesse_sandbox.rest.layouts import LayoutConfigResource, MediaPropertiesLayoutResource
from finesse_sandbox.rest.media import MediaResource
from finesse_sandbox.rest.phone_books import PhoneBookResource
from finesse_sandbox.rest.queues import QueueResource
from finesse_sandbox.rest.reason_codes import ReasonCodeResource, WrapUpReasonResource
from finesse_sandbox.rest.responses import xml_response
from finesse_sandbox.rest.system_info import SystemInfoResource
from finesse_sandbox.rest.team_messages import TeamMessageResource
from finesse_sandbox.rest.teams import TeamResource
from finesse_sandbox.rest.users import UserResource
from finesse_sandbox.rest.workflows import WorkflowResource
from finesse_sandbox.xml.document import API, api_errors_element

METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]


def rest_routes(contact_centre: ContactCentre, node: Node) -> list[BaseRoute]:
    access = ApiAccess(contact_centre, node)
    return _with_all_methods(
        [
            *SystemInfoResource(access).routes(),
            *ConfigurationResource(access).routes(),
            *UserResource(access).routes(),
            *DialogResource(access).routes(),
            *TeamResource(access).routes(),
            *ReasonCodeResource(access).routes(),
            *WrapUpReasonResource(access).routes(),
            *PhoneBookResource(access).routes(),
            *QueueResource(access).routes(),
            *LayoutConfigResource(access).routes(),
            *MediaPropertiesLayoutResource(access).routes(),
            *WorkflowResource(access).routes(),
            *MediaResource(access).routes(),
            *TeamMessageResource(access).routes(),
            *ClientLogResource(access).routes(),
        ]
    )


def _with_all_methods(routes: list[BaseRoute]) -> list[BaseRoute]:
    """Return one route for each path, which knows all its methods: Finesse lists them in `Allow`
    of every 405, and answers OPTIONS."""
    handlers: dict[str, dict[str, Callable[[Request], Awaitable[Response]]]] = {}
    for route in routes:
        assert isinstance(route, Route)
        for method in route.methods or ():
            handlers.setdefault(route.path, {})[method] = route.endpoint
    handlers.setdefault(f"{API}/Dialog/", {"GET": _no_id})  # recorded: 405 for a PUT without an id
    # JAX-RS, with which Finesse is built, answers with and without a slash at the end.
    spelled = {f"{path}/": of_path for path, of_path in handlers.items()} | handlers
    return [Route(path, _dispatch(of_path), methods=METHODS) for path, of_path in spelled.items()]


def _dispatch(
    handlers: Mapping[str, Callable[[Request], Awaitable[Response]]],
) -> Callable[[Request], Awaitable[Response]]:
    allowed = ", ".join(sorted({*handlers, "OPTIONS"}))

    async def respond(request: Request) -> Response:
        handler = handlers.get(request.method)
        if handler is not None:
            return await handler(request)
        if request.method == "OPTIONS":
            return Response(headers={"Allow": allowed})
        error = ApiError(405, "Method Not Allowed", f"{request.method} is not possible here")
        return xml_response(api_errors_element(error), 405, {"Allow": allowed})

    return respond


async def _no_id(request: Request) -> Response:
    return Response(status_code=404)
