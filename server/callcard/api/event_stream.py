"""`GET /api/v1/events`: what happens, as server-sent events or as a long poll with a cursor.

The Finesse proxy cannot stream, so gadgets poll. Agents read what concerns them, supervisors also
what concerns their teams; administrators and programs with the scope `events` read everything.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import lru_cache
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from callcard import times
from callcard.actions.event_feed import BATCH_EVENTS, EventFeed, Viewer
from callcard.api.endpoint import NO_STORE, Authenticator, json_response, parse_wait_seconds
from callcard.api.programs import Programs
from callcard.errors import EventsLost
from callcard.principals import Program
from callcard.store.base import EventRow

EVENTS: Final = "/api/v1/events"
STREAM_SECONDS = 900.0
"""After which a stream ends: the reader connects again, and is authenticated again."""
KEEP_ALIVE_SECONDS = 15.0
"""Between comments in a stream without events, so that nothing between closes it."""
RETRY_MILLISECONDS = 2000


def events_route(feed: EventFeed, agents: Authenticator, programs: Programs) -> Route:
    async def respond(request: Request) -> Response:
        request.state.route = EVENTS
        viewer, program = await _viewer(request, agents, programs)
        if "text/event-stream" in request.headers.get("accept", ""):

            async def may_go_on() -> bool:
                return program is None or await programs.is_valid(program)

            return await _stream(feed, viewer, request, may_go_on)
        return await _poll(feed, viewer, request)

    return Route(EVENTS, respond)


async def _viewer(
    request: Request, agents: Authenticator, programs: Programs
) -> tuple[Viewer, Program | None]:
    """Return who reads, and the program if it is one."""
    if programs.is_program(request.headers):
        program = await programs.authenticate(request.headers, "events")
        request.state.agent = program.login_id
        return Viewer(sees_all=True), program
    agent = await agents.authenticate(request)
    request.state.agent = " ".join(agent.login_id.split())
    user = agent.user
    viewer = Viewer(
        login_id=agent.login_id,
        team=user.team_id,
        supervised_teams=frozenset(team.id for team in user.teams),
        sees_all="Admin" in user.roles,
    )
    return viewer, None


async def _poll(feed: EventFeed, viewer: Viewer, request: Request) -> Response:
    after = request.query_params.get("after", "")
    wait = parse_wait_seconds(request.query_params.get("wait", ""))
    # Without a cursor the present one is returned at once, so that the reader misses nothing.
    position = await feed.position(after)
    rows, position = await feed.read(position, viewer, wait if after else 0.0)
    return json_response({"events": [_show(row) for row in rows], "next": str(position)})


async def _stream(
    feed: EventFeed, viewer: Viewer, request: Request, may_go_on: Callable[[], Awaitable[bool]]
) -> Response:
    after = request.headers.get("last-event-id", "") or request.query_params.get("after", "")
    lost = None
    try:
        position = await feed.position(after)
    except EventsLost as error:
        lost = error.problem()
        position = int(error.extra["next"])

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal position
        now = asyncio.get_running_loop().time
        ends_at = now() + STREAM_SECONDS
        check_at = now() + KEEP_ALIVE_SECONDS
        yield f"retry: {RETRY_MILLISECONDS}\nid: {position}\n\n".encode()
        if lost is not None:
            yield b"event: events-lost\ndata: " + msgspec.json.encode(lost) + b"\n\n"
        while now() < ends_at and not feed.is_closed:
            rows, position = await feed.read(position, viewer, max(0.01, check_at - now()))
            if now() >= check_at:
                check_at = now() + KEEP_ALIVE_SECONDS
                if not await may_go_on():
                    return
            # The id alone moves the reader on past the events that it does not see.
            nothing_new = f": nothing new\nid: {position}\n\n".encode()
            yield b"".join(map(_sent, rows)) or nothing_new

    return StreamingResponse(
        chunks(), headers={**NO_STORE, "X-Accel-Buffering": "no"}, media_type="text/event-stream"
    )


@lru_cache(2 * BATCH_EVENTS)
def _sent(row: EventRow) -> bytes:
    content = msgspec.json.encode(_show(row))
    return f"id: {row.id}\nevent: {row.type}\ndata: ".encode() + content + b"\n\n"


def _show(row: EventRow) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "type": row.type,
        "at": times.iso_text(row.recorded_at, "milliseconds"),
        "data": msgspec.Raw(row.data),
    }
