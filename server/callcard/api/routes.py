"""The whole URL table of the service: each endpoint decodes, does one action and encodes.

`openapi` describes the table; a test walks it. Rules belong in `actions`.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from callcard.actions import agents, calls
from callcard.actions.callbacks import CallbackToSave
from callcard.actions.interactions import Interaction
from callcard.actions.number_lists import AuditEntry, ListedNumber
from callcard.actions.sessions import Session
from callcard.actions.transfer_targets import Targets
from callcard.api.endpoint import Ask, Endpoint, Services, json
from callcard.api.schemas import (
    CallbackChange,
    CallbackDial,
    CallbackNew,
    CallOrder,
    ContactToSave,
    Dial,
    InteractionChange,
    NumberToList,
    SessionToOpen,
    StateChange,
)
from callcard.crm.base import Contact
from callcard.crm.directory import Lookup, Search
from callcard.errors import (
    CredentialsRejected,
    FinesseOutOfService,
    FinesseRefused,
    FinesseTimeout,
    FinesseUnreachable,
    InvalidField,
    MalformedRequest,
    NotPermitted,
)
from callcard.journal.journal import Told
from callcard.journal.report import CallSeen
from callcard.store.sqlite_store import Callback
from callcard.telephony.command_outcome import Accepted

API = "/api/v1"

# ---- what is answered


@dataclass(frozen=True, slots=True)
class Calls:
    calls: list[calls.Call]


@dataclass(frozen=True, slots=True)
class Interactions:
    interactions: tuple[Interaction, ...]


@dataclass(frozen=True, slots=True)
class CallbackList:
    callbacks: tuple[Callback, ...]


@dataclass(frozen=True, slots=True)
class NumberList:
    numbers: tuple[ListedNumber, ...]


@dataclass(frozen=True, slots=True)
class Audit:
    entries: tuple[AuditEntry, ...]


async def find_contacts(ask: Ask) -> Lookup | Search:
    number, text = ask.query("number", 256), ask.query("q", 200)
    if (number is None) == (text is None):
        raise MalformedRequest("give either number= or q=")
    if number is not None:
        return await ask.services.directory.by_number(number)
    return await ask.services.directory.search(text or "", _limit(ask.query("limit", 8)))


def _limit(text: str | None) -> int:
    try:
        limit = int(text or 20)
    except ValueError as error:
        raise InvalidField("limit", "limit must be a whole number") from error
    if not 1 <= limit <= 50:
        raise InvalidField("limit", "limit must be from 1 to 50")
    return limit


async def get_contact(ask: Ask) -> Contact:
    return await ask.services.directory.get(ask.path("source"), ask.path("id"))


async def save_contact(ask: Ask) -> Contact:
    sent = await ask.body(ContactToSave)
    key = f"{ask.agent.user.login_id}:{sent.request_id or uuid.uuid4()}"
    return await ask.services.directory.create(
        key=key, name=sent.name, company=sent.company, email=sent.email, given=sent.numbers
    )


async def get_me(ask: Ask) -> agents.Me:
    return await agents.me(ask.agent, ask.services.cluster)


async def put_state(ask: Ask) -> Accepted:
    sent = await ask.body(StateChange)
    return await agents.set_state(ask.agent, sent.state, sent.reason, ask.patience)


async def list_calls(ask: Ask) -> Calls:
    return Calls(await calls.list_calls(ask.agent))


async def dial(ask: Ask) -> Accepted:
    sent = await ask.body(Dial)
    return await ask.services.phone.dial(ask.agent, sent.to, ask.patience)


async def act_on_call(ask: Ask) -> Accepted:
    sent = await ask.body(CallOrder, empty=CallOrder())
    order = calls.Order(
        to=sent.to,
        digits=sent.digits,
        variables=sent.variables,
        reasons=tuple(sent.reasons),
        at=sent.at,
        number=sent.number,
    )
    return await ask.services.phone.act(
        ask.agent, ask.path("id"), ask.path("action"), order, ask.patience
    )


async def find_targets(ask: Ask) -> Targets:
    return await ask.services.switchboard.find(ask.agent, ask.query("q", 200) or "")


async def tell_call(ask: Ask) -> Told:
    return await ask.services.log.tell(
        ask.agent, await ask.body(CallSeen), lookup=ask.query("lookup", 1) == "1"
    )


async def list_interactions(ask: Ask) -> Interactions:
    call = ask.query("call", 64)
    interactions = ask.services.interactions
    found = (
        await interactions.of_call(ask.agent, call)
        if call
        else await interactions.parked(ask.agent)
    )
    return Interactions(found)


async def get_interaction(ask: Ask) -> Interaction:
    return await ask.services.interactions.get(ask.agent, ask.path("id"))


async def change_interaction(ask: Ask) -> Interaction:
    sent = await ask.body(InteractionChange)
    return await ask.services.interactions.change(
        ask.agent,
        ask.path("id"),
        notes=sent.notes,
        base=sent.base,
        reasons=sent.reasons,
        contact=(sent.contact.source, sent.contact.id) if sent.contact else None,
        finished=sent.finished,
        typed=sent.typed,
    )


async def retry_interaction(ask: Ask) -> Interaction:
    return await ask.services.interactions.retry(ask.agent, ask.path("id"))


async def list_callbacks(ask: Ask) -> CallbackList:
    return CallbackList(await ask.services.callbacks.list(ask.agent))


async def save_callback(ask: Ask) -> Callback:
    sent = await ask.body(CallbackNew)
    told = CallbackToSave(
        number=sent.number,
        name=sent.name,
        contact=sent.contact,
        at=sent.at,
        note=sent.note,
        key=sent.request_id,
    )
    return await ask.services.callbacks.add(ask.agent, told)


async def change_callback(ask: Ask) -> Callback:
    sent = await ask.body(CallbackChange)
    return await ask.services.callbacks.close(ask.agent, ask.path("id"), sent.status)


async def dial_callback(ask: Ask) -> Accepted:
    sent = await ask.body(CallbackDial, empty=CallbackDial())
    return await ask.services.callbacks.dial(ask.agent, ask.path("id"), sent.reason, ask.patience)


async def list_numbers(ask: Ask) -> NumberList:
    return NumberList(await ask.services.lists.shown(ask.path("name")))


async def add_number(ask: Ask) -> ListedNumber:
    sent = await ask.body(NumberToList)
    return await ask.services.lists.add(ask.agent, ask.path("name"), sent.number, sent.reason)


async def remove_number(ask: Ask) -> ListedNumber:
    return await ask.services.lists.remove(ask.agent, ask.path("name"), ask.path("number"))


async def read_audit(ask: Ask) -> Audit:
    return Audit(await ask.services.lists.audit(ask.agent))


async def open_session(ask: Ask) -> Session:
    sent = await ask.body(SessionToOpen)
    return await ask.services.sessions.open(ask.agent, sent.extension)


async def close_session(ask: Ask) -> Session:
    return await ask.services.sessions.close(ask.agent, ask.path("id"))


_WAIT = (
    (
        "wait",
        "seconds to wait for the outcome, within finesse_deadline; 0, or left out, answers at once",
    ),
)

ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/contacts",
        summary="Whose number it is (number=), or who is called so (q=)",
        handler=find_contacts,
        answer=Lookup,
        or_answer=Search,
        query=(
            ("number", "a telephone number in any spelling, as it came with the call"),
            ("q", "beginnings of name, company or number"),
            ("limit", "contacts to answer to q=, from 1 to 50; 20 if not given"),
        ),
    ),
    Endpoint(
        method="POST", path="/contacts", summary="Save a new contact", handler=save_contact,
        body=ContactToSave, answer=Contact, status=201,
    ),
    Endpoint(
        method="GET", path="/contacts/{source}/{id}", summary="One contact with its recent past",
        handler=get_contact, answer=Contact,
    ),
    Endpoint(method="GET", path="/me", summary="The agent, and the reasons to choose from", handler=get_me, answer=agents.Me),
    Endpoint(
        method="PUT", path="/me/state", summary="Ask for another state", handler=put_state,
        body=StateChange, answer=Accepted, status=202, query=_WAIT,
    ),
    Endpoint(method="GET", path="/calls", summary="The agent's calls", handler=list_calls, answer=Calls),
    Endpoint(
        method="POST", path="/calls", summary="Call a number", handler=dial,
        body=Dial, answer=Accepted, status=202, query=_WAIT,
    ),
    Endpoint(
        method="POST", path="/calls/{id}/{action}", summary=f"Do something in a call: {', '.join(calls.ACTIONS)}",
        handler=act_on_call, body=CallOrder, body_needed=False, answer=Accepted, status=202, query=_WAIT,
    ),
    Endpoint(
        method="GET", path="/targets", summary="Whom to call or transfer to: team, phone books, contacts",
        handler=find_targets, answer=Targets, query=(("q", "parts of name or number; contacts need two characters"),),
    ),
    Endpoint(
        method="POST", path="/interactions", summary="Tell what the agent sees of a call; it is in the log when this is answered",
        handler=tell_call, body=CallSeen, answer=Told, query=(("lookup", "1 to be told who is calling as well"),),
    ),
    Endpoint(
        method="GET", path="/interactions",
        summary="The agent's of a call (call=), or those that the CRM does not take",
        handler=list_interactions, answer=Interactions, query=(("call", "Finesse's id of a call"),),
    ),
    Endpoint(
        method="GET", path="/interactions/{id}", summary="One interaction of the agent's",
        handler=get_interaction, answer=Interaction,
    ),
    Endpoint(
        method="PUT", path="/interactions/{id}", summary="Notes, reasons, whose call it is, done with it",
        handler=change_interaction, body=InteractionChange, answer=Interaction,
    ),
    Endpoint(
        method="POST", path="/interactions/{id}/retry", summary="Offer a parked interaction to the CRM again",
        handler=retry_interaction, answer=Interaction,
    ),
    Endpoint(method="GET", path="/callbacks", summary="Whom the agent has to call", handler=list_callbacks, answer=CallbackList),
    Endpoint(
        method="POST", path="/callbacks", summary="Call somebody later", handler=save_callback,
        body=CallbackNew, answer=Callback, status=201,
    ),
    Endpoint(
        method="PUT", path="/callbacks/{id}", summary="Done, cancelled or open again", handler=change_callback,
        body=CallbackChange, answer=Callback,
    ),
    Endpoint(
        method="POST", path="/callbacks/{id}/dial", summary="Call now, not ready for others until it is over",
        handler=dial_callback, body=CallbackDial, body_needed=False, answer=Accepted, status=202, query=_WAIT,
    ),
    Endpoint(
        method="GET", path="/lists/{name}", summary="The numbers on never-log or do-not-call",
        handler=list_numbers, answer=NumberList,
    ),
    Endpoint(
        method="POST", path="/lists/{name}", summary="Put a number on it; for supervisors", handler=add_number,
        body=NumberToList, answer=ListedNumber, status=201,
    ),
    Endpoint(
        method="DELETE", path="/lists/{name}/{number}",
        summary="Take it off; for supervisors",
        handler=remove_number, answer=ListedNumber,
    ),
    Endpoint(
        method="GET", path="/audit", summary="What was done with listed numbers; for supervisors",
        handler=read_audit, answer=Audit,
    ),
    Endpoint(
        method="POST", path="/sessions", summary="Be present as the agent", handler=open_session,
        body=SessionToOpen, answer=Session, status=201,
    ),
    Endpoint(method="DELETE", path="/sessions/{id}", summary="Leave", handler=close_session, answer=Session),
)  # fmt: skip


def api_routes(services: Services) -> list[Route]:
    """The endpoints as Starlette's routes, one for each path, so that a wrong method is told which ones are right."""
    by_path: dict[str, dict[str, Endpoint]] = {}
    for endpoint in ENDPOINTS:
        by_path.setdefault(endpoint.path, {})[endpoint.method] = endpoint
    return [
        Route(API + path, _answering(by_method, services), methods=list(by_method))
        for path, by_method in by_path.items()
    ]


def _answering(
    by_method: dict[str, Endpoint], services: Services
) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        endpoint = by_method["GET" if request.method == "HEAD" else request.method]
        request.state.route = API + endpoint.path
        agent = await services.door.admit(request.headers)
        request.state.agent = " ".join(agent.user.login_id.split())
        try:
            result = await endpoint.handler(Ask(request, services, agent))
        except CredentialsRejected:
            services.door.refuse(agent)
            raise
        except (FinesseRefused, NotPermitted):
            services.door.forget(agent)  # they may have signed in on another phone
            raise
        except (FinesseUnreachable, FinesseOutOfService, FinesseTimeout):
            services.cluster.suspect(agent.node)
            raise
        return json(result, endpoint.status)

    return answer
