"""The table of endpoints, and the routes made from it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from callcard.actions.agents import Me
from callcard.actions.call_actions import ACTIONS, CallArguments
from callcard.actions.callbacks import NewCallback
from callcard.actions.interactions import InteractionChange
from callcard.actions.number_lists import ListedNumber, ListPage
from callcard.actions.sessions import Session
from callcard.actions.transfer_targets import KINDS, TransferTargetList
from callcard.api import handlers, schemas
from callcard.api.cross_site import check_same_site
from callcard.api.endpoint import (
    WAIT_QUERY,
    Authenticator,
    Endpoint,
    RequestContext,
    json_response,
    xml_response,
)
from callcard.api.programs import Programs
from callcard.api.services import Services
from callcard.api.supervision import SUPERVISION_ENDPOINTS
from callcard.api.xml_bodies import prefers_xml
from callcard.crm.base import Case, Contact
from callcard.crm.directory import Lookup, SearchResult
from callcard.crm.explanation import Explanation
from callcard.errors import CallcardError
from callcard.journal.acknowledgement import ReportAcknowledgement
from callcard.journal.interaction import Interaction
from callcard.journal.report import CallReport
from callcard.principals import Agent, Principal
from callcard.store.base import Callback
from callcard.telephony.command_outcome import CommandResult

API = "/api/v1"

_WITHOUT = ("without", "the id of an interaction that the history leaves out: the caller shows it")

ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/contacts",
        summary="Look up contacts by number (number=) or text (q=)",
        handler=handlers.find_contacts,
        scope="contacts",
        response=Lookup,
        alternative_response=SearchResult,
        query=(
            ("number", "a telephone number in any spelling, as it came with the call"),
            ("q", "beginnings of name, company, e-mail or number; a case, customer or order"),
            ("limit", "most contacts for q=, from 1 to 50; default 20"),
            ("refresh", "1 to ask the contact sources again for what is remembered of number="),
            _WITHOUT,
        ),
    ),
    Endpoint(
        method="POST",
        path="/contacts",
        summary="Create a contact",
        handler=handlers.create_contact,
        response=Contact,
        body=schemas.ContactRequest,
        status=201,
    ),
    Endpoint(
        method="GET",
        path="/contacts/explanation",
        summary="Explain a look-up: what each source was asked and found, and who is shown",
        handler=handlers.explain_lookup,
        scope="contacts",
        response=Explanation,
        query=(("number", "a telephone number in any spelling, as it came with the call"),),
    ),
    Endpoint(
        method="GET",
        path="/contacts/{source}/{id}",
        summary="Return a contact with its history",
        handler=handlers.get_contact,
        scope="contacts",
        response=Contact,
        query=(_WITHOUT,),
    ),
    Endpoint(
        method="POST",
        path="/contacts/{source}/{id}/cases",
        summary="Open a case for a contact",
        handler=handlers.create_case,
        response=Case,
        body=schemas.CaseRequest,
        status=201,
    ),
    Endpoint(
        method="POST",
        path="/contacts/{source}/{id}/numbers",
        summary="Add a number to a contact",
        handler=handlers.add_contact_number,
        response=Contact,
        body=schemas.NumberRequest,
    ),
    Endpoint(
        method="GET",
        path="/me",
        summary="Return the agent, with the reasons to choose from",
        handler=handlers.get_me,
        response=Me,
    ),
    Endpoint(
        method="PUT",
        path="/me/state",
        summary="Change the agent's state",
        handler=handlers.set_state,
        response=CommandResult,
        body=schemas.StateChange,
        status=202,
        query=WAIT_QUERY,
    ),
    Endpoint(
        method="PUT",
        path="/me/presence",
        summary="Say which state the agent's desktop shows; colleagues see it",
        handler=handlers.note_presence,
        response=schemas.Presence,
        body=schemas.Presence,
    ),
    Endpoint(
        method="GET",
        path="/calls",
        summary="List the agent's calls",
        handler=handlers.list_calls,
        response=schemas.CallList,
    ),
    Endpoint(
        method="POST",
        path="/calls",
        summary="Dial a number",
        handler=handlers.dial,
        response=CommandResult,
        body=schemas.DialRequest,
        status=202,
        query=WAIT_QUERY,
    ),
    Endpoint(
        method="POST",
        path="/calls/{id}/{action}",
        summary=f"Act on a call: {', '.join(ACTIONS)}",
        handler=handlers.act_on_call,
        response=CommandResult,
        body=CallArguments,
        body_required=False,
        status=202,
        query=WAIT_QUERY,
    ),
    Endpoint(
        method="GET",
        path="/transfer-targets",
        summary="Find whom to call or transfer to: team, phone books, contacts",
        handler=handlers.find_transfer_targets,
        response=TransferTargetList,
        query=(
            ("q", "parts of name or number; contacts need two characters"),
            ("kinds", f"which to find, with commas between: {', '.join(KINDS)}; without, all"),
        ),
    ),
    Endpoint(
        method="POST",
        path="/interactions",
        summary="Report a call; committed before the response",
        handler=handlers.report_call,
        response=ReportAcknowledgement,
        body=CallReport,
        query=(
            (
                "lookup",
                "1 to look up the caller; the answer may name sources as `pending`, whose contacts "
                "a report with `lookup=all` brings",
            ),
        ),
    ),
    Endpoint(
        method="GET",
        path="/interactions",
        summary="List the agent's interactions of a call (call=), or the parked ones",
        handler=handlers.list_interactions,
        response=schemas.InteractionList,
        query=(("call", "Finesse's id of a call"),),
    ),
    Endpoint(
        method="GET",
        path="/interactions/{id}",
        summary="Return one of the agent's interactions",
        handler=handlers.get_interaction,
        response=Interaction,
    ),
    Endpoint(
        method="PUT",
        path="/interactions/{id}",
        summary="Change notes, wrap-up reasons or contact, or finish the call",
        handler=handlers.update_interaction,
        response=Interaction,
        body=InteractionChange,
    ),
    Endpoint(
        method="POST",
        path="/interactions/{id}/retry",
        summary="Deliver a parked interaction again",
        handler=handlers.retry_interaction,
        response=Interaction,
    ),
    Endpoint(
        method="GET",
        path="/callbacks",
        summary="List the agent's open callbacks",
        handler=handlers.list_callbacks,
        response=schemas.CallbackList,
    ),
    Endpoint(
        method="POST",
        path="/callbacks",
        summary="Create a callback",
        handler=handlers.create_callback,
        response=Callback,
        body=NewCallback,
        status=201,
    ),
    Endpoint(
        method="PUT",
        path="/callbacks/{id}",
        summary="Set a callback to done, cancelled or open",
        handler=handlers.update_callback,
        response=Callback,
        body=schemas.CallbackUpdate,
    ),
    Endpoint(
        method="POST",
        path="/callbacks/{id}/dial",
        summary="Call back now, Not Ready during the call",
        handler=handlers.dial_callback,
        response=CommandResult,
        body=schemas.CallbackDial,
        body_required=False,
        status=202,
        query=WAIT_QUERY,
    ),
    Endpoint(
        method="GET",
        path="/lists",
        summary="List the number lists, and what the agent may do with each",
        handler=handlers.list_number_lists,
        scope="lists",
        response=schemas.NumberLists,
        query=(("number", "also the entries of all lists that name this number"),),
    ),
    Endpoint(
        method="GET",
        path="/lists/{name}",
        summary="List the numbers of deny, allow, flag, never-log or do-not-call",
        handler=handlers.list_numbers,
        scope="lists",
        response=ListPage,
        query=(
            ("number", "only the entries that name this number"),
            ("state", "`proposed` for the entries that wait for a supervisor"),
            ("after", "`next` of the page before"),
        ),
    ),
    Endpoint(
        method="POST",
        path="/lists/{name}",
        summary="Add a number, or propose it: supervisors decide, agents as their team may",
        handler=handlers.add_number,
        scope="lists",
        response=ListedNumber,
        body=schemas.NumberListRequest,
        status=201,
    ),
    Endpoint(
        method="PUT",
        path="/lists/{name}/{entry}",
        summary="Accept a proposal, or change an entry's reason or expiry; for supervisors",
        handler=handlers.change_number,
        scope="lists",
        response=ListedNumber,
        body=schemas.NumberListChange,
    ),
    Endpoint(
        method="DELETE",
        path="/lists/{name}/{entry}",
        summary="Remove an entry, by id or number: agents their own, supervisors every one",
        handler=handlers.remove_number,
        scope="lists",
        response=ListedNumber,
    ),
    Endpoint(
        method="GET",
        path="/audit",
        summary="List what was done with listed numbers; for supervisors",
        handler=handlers.list_audit,
        scope="lists",
        response=schemas.AuditList,
    ),
    *SUPERVISION_ENDPOINTS,
    Endpoint(
        method="POST",
        path="/sessions",
        summary="Open a session as the agent; sign in and be ready, if asked for",
        handler=handlers.open_session,
        response=Session,
        body=schemas.SessionRequest,
        status=201,
        xml_root="session",
    ),
    Endpoint(
        method="DELETE",
        path="/sessions/{id}",
        summary="Sign the agent out, by way of Not Ready, and close their session",
        handler=handlers.close_session,
        response=Session,
        query=(
            ("reason", "the id of the Not Ready reason, if the site needs one"),
            ("sign_out_reason", "the id of the sign-out reason, if the site needs one"),
            ("keep_signed_in", "1 to close the session only"),
        ),
        xml_root="session",
    ),
)


def api_routes(
    services: Services, agents: Authenticator, programs: Programs, origins: Collection[str]
) -> list[Route]:
    """Return one route per path, so that a 405 lists the allowed methods."""
    by_path: dict[str, dict[str, Endpoint]] = {}
    for endpoint in ENDPOINTS:
        by_path.setdefault(endpoint.path, {})[endpoint.method] = endpoint
    return [
        Route(
            API + path,
            _Resource(endpoints, services, agents, programs, origins),
            methods=list(endpoints),
        )
        for path, endpoints in by_path.items()
    ]


@dataclass(frozen=True, slots=True)
class _Resource:
    """The endpoints of one path. An ASGI application: Starlette's wrapper of functions costs more
    than reading the request, and handles the same errors once more."""

    endpoints: Mapping[str, Endpoint]
    services: Services
    agents: Authenticator
    programs: Programs
    origins: Collection[str]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._respond(Request(scope, receive, send))
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        endpoint = self.endpoints["GET" if request.method == "HEAD" else request.method]
        request.state.route = API + endpoint.path
        request.state.xml_root = endpoint.xml_root
        takes_xml = bool(endpoint.xml_root)
        as_xml = takes_xml and prefers_xml(request.headers.get("accept", ""))
        request.state.as_xml = as_xml
        if request.method not in ("GET", "HEAD"):
            check_same_site(request.headers, takes_xml=takes_xml, origins=self.origins)
        principal: Principal
        if self.programs.is_program(request.headers):
            principal = await self.programs.authenticate(request.headers, endpoint.scope)
        else:
            principal = await self.agents.authenticate(request)
        request.state.agent = " ".join(principal.login_id.split())
        try:
            result = await endpoint.handler(RequestContext(request, self.services, principal))
        except CallcardError as error:
            if isinstance(principal, Agent):
                raise await self.agents.request_failed(principal, error) from error
            raise
        if as_xml:
            return xml_response(result, endpoint.xml_root, endpoint.status)
        return json_response(result, endpoint.status)
