"""The endpoints of supervisors, of the roster, and of what supervisors write to agents."""

from __future__ import annotations

from typing import cast, get_args

from callcard.actions.coaching import CoachingText
from callcard.actions.supervision import SupervisorAction, TeamBoard
from callcard.api.endpoint import WAIT_QUERY, Endpoint, RequestContext
from callcard.api.schemas import (
    CoachingAnswer,
    CoachingList,
    CoachingRequest,
    QueueList,
    RosterList,
    StateChange,
    TeamCallList,
)
from callcard.errors import NotFound
from callcard.telephony.command_outcome import CommandResult


async def list_roster(context: RequestContext) -> RosterList:
    services = context.services
    calls = await services.supervision.call_board.calls()
    return RosterList(await services.roster.colleagues(context.principal, calls))


async def get_team(context: RequestContext) -> TeamBoard:
    return await context.services.supervision.team(context.agent, context.path("id"))


async def list_team_calls(context: RequestContext) -> TeamCallList:
    calls = await context.services.supervision.team_calls(context.agent, context.path("id"))
    return TeamCallList(dict(calls))


async def list_queues(context: RequestContext) -> QueueList:
    return QueueList(await context.services.supervision.queues(context.agent))


async def set_agent_state(context: RequestContext) -> CommandResult:
    body = await context.body(StateChange)
    return await context.services.supervision.set_state(
        context.agent, context.path("id"), body.state, body.reason, context.wait_seconds
    )


async def supervise_agent(context: RequestContext) -> CommandResult:
    action = context.path("action")
    if action not in get_args(SupervisorAction):
        raise NotFound(
            f"There is no such action; there are {', '.join(get_args(SupervisorAction))}"
        )
    return await context.services.supervision.act(
        context.agent, context.path("id"), cast("SupervisorAction", action), context.wait_seconds
    )


async def coach_agent(context: RequestContext) -> CoachingText:
    body = await context.body(CoachingRequest)
    return await context.services.coaching.send(
        context.agent, context.path("id"), body.text, body.request_id
    )


async def list_coaching_of(context: RequestContext) -> CoachingList:
    return CoachingList(await context.services.coaching.sent_to(context.agent, context.path("id")))


async def list_coaching(context: RequestContext) -> CoachingList:
    return CoachingList(await context.services.coaching.own(context.agent))


async def answer_coaching(context: RequestContext) -> CoachingText:
    body = await context.body(CoachingAnswer)
    return await context.services.coaching.answer(context.agent, context.path("id"), body.answer)


SUPERVISION_ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/roster",
        summary="List who is signed in, of the agent's team and of those that they supervise, "
        "with the calls of these",
        handler=list_roster,
        scope="roster",
        response=RosterList,
    ),
    Endpoint(
        method="GET",
        path="/teams/{id}",
        summary="Return a team's agents as Finesse has them now; for its supervisors",
        handler=get_team,
        response=TeamBoard,
    ),
    Endpoint(
        method="GET",
        path="/teams/{id}/calls",
        summary="Return the calls of a team's agents who use Callcard; for its supervisors",
        handler=list_team_calls,
        response=TeamCallList,
    ),
    Endpoint(
        method="GET",
        path="/queues",
        summary="List the agent's queues with the numbers that Finesse counts",
        handler=list_queues,
        response=QueueList,
    ),
    Endpoint(
        method="PUT",
        path="/agents/{id}/state",
        summary="Set an agent's state, or sign them out; for their supervisors",
        handler=set_agent_state,
        response=CommandResult,
        body=StateChange,
        status=202,
        query=WAIT_QUERY,
    ),
    Endpoint(
        method="POST",
        path="/agents/{id}/coach",
        summary="Send an agent a message, which their card shows; for their supervisors",
        handler=coach_agent,
        response=CoachingText,
        body=CoachingRequest,
        status=201,
    ),
    Endpoint(
        method="GET",
        path="/agents/{id}/coach",
        summary="List the messages of supervisors to an agent, with what was read and answered",
        handler=list_coaching_of,
        response=CoachingList,
    ),
    Endpoint(
        method="GET",
        path="/coaching",
        summary="List the messages of supervisors to the agent",
        handler=list_coaching,
        response=CoachingList,
    ),
    Endpoint(
        method="PUT",
        path="/coaching/{id}",
        summary="Mark a supervisor's message as read, and answer it",
        handler=answer_coaching,
        response=CoachingText,
        body=CoachingAnswer,
    ),
    Endpoint(
        method="POST",
        path="/agents/{id}/{action}",
        summary="Listen to an agent's call (monitor), join it (barge) or take it over (intercept)",
        handler=supervise_agent,
        response=CommandResult,
        status=202,
        query=WAIT_QUERY,
    ),
)
