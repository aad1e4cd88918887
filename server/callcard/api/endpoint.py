"""One endpoint of the API: its description, the context of a request, and responses in JSON."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from callcard.api.services import Services
from callcard.api.validation import invalid_field
from callcard.api.xml_bodies import MEDIA_TYPES, media_type_of, read_xml, write_xml
from callcard.errors import CallcardError, InvalidField, MalformedRequest, TooLarge
from callcard.principals import Agent, Principal

NO_STORE = {"Cache-Control": "no-store"}
"""On every response: otherwise the Finesse proxy may give one agent's response to another."""
MAX_WAIT_SECONDS = 30.0
DISCARD_LIMIT_FACTOR = 16
"""Body limits that are read and discarded: cut off while sending, a client misses the response."""

_T = TypeVar("_T")
_encoder = msgspec.json.Encoder()


class Authenticator(Protocol):
    """Authenticates a request and returns its agent."""

    async def authenticate(self, request: Request) -> Agent: ...

    async def request_failed(self, agent: Agent, error: CallcardError) -> CallcardError:
        """Note that a request failed, and return the error to answer."""


@dataclass(frozen=True, slots=True)
class RequestContext:
    """What a handler gets: the request, for whom it acts, and the services."""

    request: Request
    services: Services
    principal: Principal

    @property
    def agent(self) -> Agent:
        """Return the agent; only endpoints with a `scope` are called by programs."""
        assert isinstance(self.principal, Agent)
        return self.principal

    def path(self, name: str) -> str:
        value: str = self.request.path_params[name]
        return value

    def query(self, name: str, max_characters: int) -> str | None:
        value = self.request.query_params.get(name)
        if value is None:
            return None
        if len(value) > max_characters:
            raise InvalidField(name, f"{name} may have at most {max_characters} characters")
        if "\ufffd" in value:
            raise MalformedRequest(f"{name} must be UTF-8, percent-encoded")
        return value

    @property
    def wait_seconds(self) -> float:
        """Return how long to wait for a command's outcome: `wait=`, within the deadline."""
        return min(parse_wait_seconds(self.query("wait", 8) or ""), self.agent.seconds_left)

    async def body(self, kind: type[_T], *, default: _T | None = None) -> _T:
        """Return the body decoded as `kind`, or `default` if it is empty.

        Raises TooLarge, MalformedRequest (not JSON) or InvalidField (JSON of another shape).
        """
        limit = self.services.settings.api.body_limit_bytes
        data = await read_body(self.request, limit, self.principal.deadline)
        if not data and default is not None:
            return default
        content_type = self.request.headers.get("content-type", "")
        if media_type_of(content_type) in MEDIA_TYPES:  # only where the endpoint takes it
            return read_xml(data, kind, self.request.state.xml_root)
        try:
            return msgspec.json.decode(data, type=kind)
        except msgspec.ValidationError as error:
            raise invalid_field(error) from error
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise MalformedRequest(f"the body must be JSON: {error}") from error


async def read_body(request: Request, limit: int, deadline: float) -> bytes:
    """Return a body of at most `limit` bytes that arrives before `deadline`, of the loop's clock.

    Raises TooLarge, MalformedRequest.
    """
    data = bytearray()
    size = 0
    try:
        async with asyncio.timeout_at(deadline):
            async for chunk in request.stream():
                size += len(chunk)
                if size <= limit:
                    data += chunk
                elif size > DISCARD_LIMIT_FACTOR * limit:
                    break
    except ClientDisconnect as error:
        raise MalformedRequest("the body ended early") from error
    except TimeoutError as error:
        raise MalformedRequest("the body took too long to arrive") from error
    if size > limit:
        raise TooLarge(f"a body may have at most {limit} bytes")
    return bytes(data)


Handler = Callable[[RequestContext], Awaitable[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    method: str
    path: str
    summary: str
    handler: Handler
    response: type
    alternative_response: type | None = None
    """The response to the other form of the request."""
    status: int = 200
    body: type[msgspec.Struct] | None = None
    body_required: bool = True
    query: tuple[tuple[str, str], ...] = ()
    """Name and description of each parameter."""
    scope: str = ""
    """With which programs may call it, too; empty if only agents may."""
    xml_root: str = ""
    """The root of bodies in XML, which clients may send and ask for; empty if JSON is all."""


WAIT_QUERY = (
    ("wait", "seconds to wait for the outcome, within the request's deadline; default 0"),
)
"""The query parameter of commands."""


def parse_wait_seconds(text: str) -> float:
    """Read the query parameter `wait`: seconds, 0 if it is missing.

    Raises InvalidField.
    """
    try:
        seconds = float(text or "0")
    except ValueError as error:
        raise InvalidField("wait", "wait must be a number of seconds") from error
    if not 0 <= seconds <= MAX_WAIT_SECONDS:
        raise InvalidField("wait", f"wait must be from 0 to {MAX_WAIT_SECONDS:.0f} seconds")
    return seconds


def json_response(
    content: Any, status: int = 200, media_type: str = "application/json", **headers: str
) -> Response:
    return Response(_encoder.encode(content), status, {**NO_STORE, **headers}, media_type)


def xml_response(
    content: Any, root_name: str, status: int, media_type: str = "application/xml", **headers: str
) -> Response:
    body = write_xml(content, root_name)
    return Response(body, status, {**NO_STORE, **headers}, media_type)


def problem_response(error: CallcardError, *, as_xml: bool = False) -> Response:
    """Return an error as a problem document (RFC 9457)."""
    if as_xml:
        problem = error.problem()
        media_type = "application/problem+xml"
        return xml_response(problem, "problem", error.status, media_type, **error.headers)
    return json_response(error.problem(), error.status, "application/problem+json", **error.headers)
