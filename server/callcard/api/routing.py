"""The endpoints of call managers and routing scripts: `/curri` and `/routing/v1/decision`.

They have no agent: they are known by their address or an API key. `/curri` always answers with a
document that a call manager can read.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from callcard.actions.routing import RoutingDecisions
from callcard.api.endpoint import NO_STORE, json_response, read_body
from callcard.api.programs import Programs
from callcard.api.xml_bodies import prefers_xml
from callcard.errors import CallcardError, InvalidField, MalformedRequest
from callcard.routing import curri
from callcard.routing.script_answer import as_xml, script_answer

CURRI: Final = "/curri"
DECISION: Final = "/routing/v1/decision"
READ_SECONDS = 2.0
"""For a request's body to arrive. A call manager waits about as long for the answer."""
MAX_PARAMETER_CHARACTERS = 256
_XML = "text/xml; charset=utf-8"


class Machines:
    """Who may ask for decisions: programs at these addresses, or with the scope `routing`."""

    def __init__(self, addresses: Sequence[str], programs: Programs) -> None:
        self._networks = [ipaddress.ip_network(each, strict=False) for each in addresses]
        self._programs = programs

    async def check(self, request: Request) -> None:
        """Raise CredentialsMissing, CredentialsRejected, NotPermitted or RateLimited."""
        host = request.client.host if request.client else ""
        if not self._is_permitted(host):
            program = await self._programs.authenticate(request.headers, "routing")
            request.state.agent = program.login_id

    def _is_permitted(self, host: str) -> bool:
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return False
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        return any(address in network for network in self._networks)


def routing_routes(decisions: RoutingDecisions, machines: Machines) -> list[Route]:
    return [
        Route(CURRI, _curri(decisions, machines), methods=["POST", "HEAD"]),
        Route(DECISION, _decision(decisions, machines)),
    ]


def _curri(
    decisions: RoutingDecisions, machines: Machines
) -> Callable[[Request], Awaitable[Response]]:
    async def respond(request: Request) -> Response:
        request.state.route = CURRI
        try:
            await machines.check(request)
        except CallcardError as error:
            # Idle connections are kept for minutes here, but not those of strangers.
            headers = {**error.headers, "Connection": "close"}
            return _xml_response(curri.failure(), error.status, headers)
        if request.method == "HEAD":  # how call managers keep their connections
            return _xml_response(b"")
        try:
            deadline = asyncio.get_running_loop().time() + READ_SECONDS
            body = await read_body(request, curri.MAX_BYTES, deadline)
            asked = curri.parse(body, _charset(request.headers.get("content-type", "")))
        except CallcardError as error:
            return _xml_response(curri.failure(), error.status, error.headers)
        answer = await decisions.decide(asked.calling, asked.called)
        return _xml_response(curri.answer(answer.decision, answer.caller_name))

    return respond


def _decision(
    decisions: RoutingDecisions, machines: Machines
) -> Callable[[Request], Awaitable[Response]]:
    async def respond(request: Request) -> Response:
        request.state.route = DECISION
        await machines.check(request)
        parameters = request.query_params
        if "ani" not in parameters:
            raise MalformedRequest("give ani=, the caller's number, empty if it is withheld")
        answer = await decisions.decide(
            _parameter(parameters, "ani"),
            _parameter(parameters, "dnis"),
            _parameter(parameters, "team"),
        )
        flat = script_answer(answer.decision, answer.caller_name)
        if prefers_xml(request.headers.get("accept", "")):
            return _xml_response(as_xml(flat))
        return json_response(flat)

    return respond


def _parameter(parameters: QueryParams, name: str) -> str:
    value = parameters.get(name, "")
    if len(value) > MAX_PARAMETER_CHARACTERS:
        raise InvalidField(name, f"{name} may have at most {MAX_PARAMETER_CHARACTERS} characters")
    if "\ufffd" in value:
        raise MalformedRequest(f"{name} must be UTF-8, percent-encoded")
    # A + that was not encoded arrives as a space.
    return f"+{value[1:]}" if value[:1] == " " else value


def _charset(content_type: str) -> str:
    for part in content_type.split(";")[1:]:
        name, _, value = part.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip("\"'")[:40]
    return ""


def _xml_response(
    content: bytes, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    return Response(content, status, {**NO_STORE, **(headers or {})}, _XML)
