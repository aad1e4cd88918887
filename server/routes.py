"""The whole URL table of the service: each endpoint decodes, does one action and encodes. JSON is spoken only here.

`openapi` describes the table; a test walks it. Rules belong in `actions`.
"""

from __future__ import annotations

import asyncio
import re
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from server.actions import agents, calls
from server.actions.contacts import Directory, Lookup, Search
from server.actions.outcomes import Accepted
from server.actions.sessions import Session, Sessions
from server.auth import Agent, Door
from server.crm.base import Contact
from server.errors import (
    CallcardError,
    CredentialsWrong,
    FinesseOutOfService,
    FinesseRefused,
    FinesseSlow,
    FinesseUnreachable,
    InvalidField,
    NotYours,
    TooLarge,
    Unreadable,
)
from server.finesse.cluster import Cluster, Node
from server.settings import Settings

NO_STORE = {"Cache-Control": "no-store"}
"""On every answer: the Finesse proxy may otherwise hand one agent's answer to another."""

_T = TypeVar("_T")
_encoder = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class Services:
    """What endpoints work with; made once, in `app`."""

    settings: Settings
    cluster: Cluster
    sessions: Sessions
    door: Door
    directory: Directory


# ---- what is sent

Short = Annotated[str, Meta(max_length=200)]


class StateChange(msgspec.Struct, forbid_unknown_fields=True):
    state: Annotated[str, Meta(max_length=40, description="READY, NOT_READY or LOGOUT")]
    reason: (
        Annotated[str, Meta(max_length=64, pattern=r"^[\w.-]*$", description="the id of one from /me, when one is needed")] | None
    ) = None


class Dial(msgspec.Struct, forbid_unknown_fields=True):
    to: Annotated[str, Meta(min_length=1, max_length=128, description="the number, in any spelling")]


class SessionToOpen(msgspec.Struct, forbid_unknown_fields=True):
    extension: Annotated[
        str, Meta(max_length=32, pattern=r"^[+\d]*$", description="the telephone to sign in on; none leaves that as it is")
    ] = ""


class ContactToSave(msgspec.Struct, forbid_unknown_fields=True):
    name: Short = ""
    company: Short = ""
    email: Short = ""
    numbers: Annotated[list[Annotated[str, Meta(max_length=128)]], Meta(max_length=20)] = []
    request_id: Annotated[
        str,
        Meta(
            max_length=64,
            description="any unique text; sent again, it answers the contact that was saved, not a second one",
        ),
    ] = ""


# ---- what is answered


@dataclass(frozen=True, slots=True)
class Calls:
    calls: list[calls.Call]


# ---- one request


@dataclass(frozen=True, slots=True)
class Ask:
    request: Request
    services: Services
    agent: Agent

    def path(self, name: str) -> str:
        value: str = self.request.path_params[name]
        return value

    def query(self, name: str, longest: int) -> str | None:
        value = self.request.query_params.get(name)
        if value is not None and len(value) > longest:
            raise InvalidField(name, f"{name} may have at most {longest} characters")
        if value is not None and "\ufffd" in value:
            raise Unreadable(f"{name} must be UTF-8, percent-encoded")
        return value

    @property
    def patience(self) -> float:
        """Seconds to wait for an order's outcome, as `wait=` says; within the request's own deadline."""
        text = self.query("wait", 8) or "0"
        try:
            seconds = float(text)
        except ValueError as error:
            raise InvalidField("wait", "wait must be a number of seconds") from error
        if not 0 <= seconds <= MOST_PATIENCE:
            raise InvalidField("wait", f"wait must be from 0 to {MOST_PATIENCE:.0f} seconds")
        left = self.agent.credential.deadline - asyncio.get_running_loop().time()
        return min(seconds, max(0.0, left - 0.2))

    async def body(self, kind: type[_T]) -> _T:
        """The body as a `kind`. Raises TooLarge, Unreadable (not JSON) or InvalidField (JSON, but not a `kind`)."""
        data, size, limit = bytearray(), 0, self.services.settings.body_limit
        try:
            async with asyncio.timeout_at(self.agent.credential.deadline):
                async for chunk in self.request.stream():
                    size += len(chunk)
                    if size <= limit:
                        data += chunk
                    elif size > PATIENT * limit:
                        break
        except ClientDisconnect as error:
            raise Unreadable("the body ended early") from error
        except TimeoutError as error:
            raise Unreadable("the body took too long to arrive") from error
        if size > limit:
            raise TooLarge(f"a body may have at most {limit} bytes")
        try:
            return msgspec.json.decode(data, type=kind)
        except msgspec.ValidationError as error:
            what, _, where = str(error).partition(" - at `$")
            field = where.strip("`.") or _named_in(what)
            raise InvalidField(field, what) from error
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Unreadable(f"the body must be JSON: {error}") from error


def _named_in(what: str) -> str:
    """The field that msgspec names in its sentence when it is missing or unknown."""
    named = re.search(r"field `([^`]+)`", what)
    return named[1] if named else "body"


Handler = Callable[[Ask], Awaitable[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    method: str
    path: str
    summary: str
    handler: Handler
    answer: type
    or_answer: type | None = None
    """What is answered instead, to another question."""
    status: int = 200
    body: type[msgspec.Struct] | None = None
    query: tuple[tuple[str, str], ...] = ()
    """Each parameter's name and what it is."""


async def find_contacts(ask: Ask) -> Lookup | Search:
    number, text = ask.query("number", 256), ask.query("q", 200)
    if (number is None) == (text is None):
        raise Unreadable("give either number= or q=")
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
    return await ask.services.directory.create(key=key, name=sent.name, company=sent.company, email=sent.email, given=sent.numbers)


async def get_me(ask: Ask) -> agents.Me:
    return await agents.me(ask.agent)


async def put_state(ask: Ask) -> Accepted:
    sent = await ask.body(StateChange)
    return await agents.set_state(ask.agent, sent.state, sent.reason, ask.patience)


async def list_calls(ask: Ask) -> Calls:
    return Calls(await calls.list_calls(ask.agent))


async def dial(ask: Ask) -> Accepted:
    sent = await ask.body(Dial)
    return await calls.dial(ask.agent, sent.to, ask.services.settings.country, ask.patience)


async def act_on_call(ask: Ask) -> Accepted:
    return await calls.act(ask.agent, ask.path("id"), ask.path("action"), ask.patience)


async def open_session(ask: Ask) -> Session:
    sent = await ask.body(SessionToOpen)
    return await ask.services.sessions.open(ask.agent, sent.extension)


async def close_session(ask: Ask) -> Session:
    return await ask.services.sessions.close(ask.agent, ask.path("id"))


API = "/api/v1"
MOST_PATIENCE = 30.0
PATIENT = 16
"""Times the limit to which a body is read and thrown away: who is cut off while sending does not hear why."""
_WAIT = (("wait", "seconds to wait for the outcome, within finesse_deadline; 0, or left out, answers at once"),)

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
        method="POST", path="/calls/{id}/{action}", summary="answer, hold, retrieve or drop a call",
        handler=act_on_call, answer=Accepted, status=202, query=_WAIT,
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
    return [Route(API + path, _answering(by_method, services), methods=list(by_method)) for path, by_method in by_path.items()]


def _answering(by_method: dict[str, Endpoint], services: Services) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        endpoint = by_method["GET" if request.method == "HEAD" else request.method]
        request.state.route = API + endpoint.path
        agent = await services.door.admit(request.headers)
        request.state.agent = " ".join(agent.user.login_id.split())
        try:
            result = await endpoint.handler(Ask(request, services, agent))
        except CredentialsWrong:
            services.door.refuse(agent)
            raise
        except (FinesseRefused, NotYours):
            services.door.forget(agent)  # they may have signed in on another phone
            raise
        except (FinesseUnreachable, FinesseOutOfService, FinesseSlow):
            services.cluster.suspect(agent.node)
            raise
        return json(result, endpoint.status)

    return answer


def json(content: Any, status: int = 200, media_type: str = "application/json", **headers: str) -> Response:
    return Response(_encoder.encode(content), status, {**NO_STORE, **headers}, media_type)


def problem(error: CallcardError) -> Response:
    return json(error.problem(), error.status, "application/problem+json", **error.headers)


# ---- health


async def healthz(request: Request) -> Response:
    """Alive: the process answers."""
    return json({"status": "ok"})


def readyz(services: Services) -> Callable[[Request], Awaitable[Response]]:
    """Ready: Finesse is in service and the contacts can be read. 503 with the reasons otherwise. Asked of Finesse at most
    every five seconds, so that probes cost it nothing."""
    last: dict[str, Any] = {"at": float("-inf")}
    asking = asyncio.Lock()

    async def answer(request: Request) -> Response:
        async with asking:
            if time.monotonic() - last["at"] > 5:
                last.update(checks=await _checks(services), at=time.monotonic())
        checks = last["checks"]
        ready = checks["finesse"] == checks["contacts"] == "ok"
        return json({"status": "ready" if ready else "not ready", "checks": checks}, 200 if ready else 503)

    return answer


async def _checks(services: Services) -> dict[str, str]:
    checks = {}
    nodes = services.cluster.nodes
    told = dict(zip(nodes, await asyncio.gather(*(_node_check(services, node) for node in nodes)), strict=True))
    # One node in service is enough to work with; each says how it is.
    checks["finesse"] = "ok" if "ok" in told.values() else told[nodes[0]]
    nodes_told = {f"finesse {node.name}": how for node, how in told.items()} if len(nodes) > 1 else {}
    try:
        await services.directory.by_number("+12025550100")
        checks["contacts"] = "ok"
    except CallcardError as error:
        checks["contacts"] = f"{error.code}: {error.detail}"
    return checks | nodes_told


async def _node_check(services: Services, node: Node) -> str:
    deadline = asyncio.get_running_loop().time() + services.settings.finesse_deadline
    try:
        info = await node.client.system_info(deadline)
    except CredentialsWrong:  # newer releases may want credentials for SystemInfo; it is up
        return "ok"
    except CallcardError as error:
        return f"{error.code}: {error.detail}"
    return "ok" if info.status == "IN_SERVICE" else f"status {info.status or 'unknown'}"
