"""One request to the API: who asks, what they send, and how they are answered. JSON is spoken here and in `routes` only."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from callcard.actions.callbacks import Callbacks
from callcard.actions.calls import Phone
from callcard.actions.interactions import Interactions
from callcard.actions.number_lists import Lists
from callcard.actions.sessions import Sessions
from callcard.actions.transfer_targets import Switchboard
from callcard.api.auth import Agent, Door
from callcard.crm.directory import Directory
from callcard.errors import CallcardError, InvalidField, MalformedRequest, TooLarge
from callcard.finesse.cluster import Cluster
from callcard.journal.journal import Log
from callcard.settings import Settings
from callcard.store.sqlite_store import Store

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
    store: Store
    log: Log
    interactions: Interactions
    lists: Lists
    phone: Phone
    callbacks: Callbacks
    switchboard: Switchboard


MOST_PATIENCE = 30.0
PATIENT = 16
"""Times the limit to which a body is read and thrown away: who is cut off while sending does not hear why."""


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
            raise MalformedRequest(f"{name} must be UTF-8, percent-encoded")
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

    async def body(self, kind: type[_T], *, empty: _T | None = None) -> _T:
        """The body as a `kind`, or `empty` when there is none.

        Raises TooLarge, MalformedRequest (not JSON) or InvalidField (JSON, but not a `kind`)."""
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
            raise MalformedRequest("the body ended early") from error
        except TimeoutError as error:
            raise MalformedRequest("the body took too long to arrive") from error
        if size > limit:
            raise TooLarge(f"a body may have at most {limit} bytes")
        if not data and empty is not None:
            return empty
        try:
            return msgspec.json.decode(data, type=kind)
        except msgspec.ValidationError as error:
            what, _, where = str(error).partition(" - at `$")
            field = where.strip("`.") or _named_in(what)
            raise InvalidField(field, what) from error
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise MalformedRequest(f"the body must be JSON: {error}") from error


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
    body_needed: bool = True
    query: tuple[tuple[str, str], ...] = ()
    """Each parameter's name and what it is."""


def json(
    content: Any, status: int = 200, media_type: str = "application/json", **headers: str
) -> Response:
    return Response(_encoder.encode(content), status, {**NO_STORE, **headers}, media_type)


def problem(error: CallcardError) -> Response:
    return json(error.problem(), error.status, "application/problem+json", **error.headers)
