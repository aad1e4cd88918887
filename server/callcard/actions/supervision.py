"""Supervision: a supervisor's teams, their agents' states, and listening to or joining a call.

What Finesse does is done with the supervisor's own credential, so Finesse decides; what it refuses,
and who asked about a team that is not theirs, is in the audit.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from callcard.actions import agents
from callcard.actions.team_calls import CallBoard, TeamCall, TeamCalls
from callcard.errors import CallcardError, Conflict, InvalidField, NotPermitted, NotSignedIn
from callcard.finesse.messages import is_safe_id
from callcard.finesse.objects import Dialog, Queue, QueueStatistics, User
from callcard.principals import Agent
from callcard.settings_sections import SupervisionSettings
from callcard.store.base import AuditRow, Store, Transaction
from callcard.telephony.command_outcome import CommandResult, await_outcome

SupervisorAction = Literal["monitor", "barge", "intercept"]
MONITORING = "SUPERVISOR_MONITOR"
"""Finesse's call type of a dialog in which a supervisor listens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamMember:
    id: str
    name: str
    extension: str
    """Empty when signed out."""
    state: str
    state_since: str
    """ISO 8601, UTC; empty if Finesse does not know."""
    pending_state: str
    reason: str
    """The label of the Not Ready or sign-out reason, if there is one."""
    calls: tuple[TeamCall, ...]
    """Those that the agent's desktop reports."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """From how many seconds in a state on it is worth a look, and needs one."""

    amber_seconds: float
    red_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamBoard:
    id: str
    name: str
    agents: tuple[TeamMember, ...]
    thresholds: dict[str, Threshold]
    """By Finesse's state; one without has no limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueBoard:
    """A queue's numbers now, as Finesse counts them; null where it does not, as on UCCX."""

    id: str
    name: str
    calls_waiting: int | None
    waiting_since: str
    """Since when the longest call waits: ISO 8601; empty if none does."""
    agents_ready: int | None
    agents_not_ready: int | None
    agents_talking: int | None
    agents_in_wrap_up: int | None
    agents_signed_in: int | None


@dataclass(frozen=True, slots=True)
class Supervision:
    store: Store
    call_board: CallBoard
    settings: SupervisionSettings
    clock: Callable[[], float] = time.time

    async def team(self, supervisor: Agent, team_id: str) -> TeamBoard:
        """Return a team's agents as Finesse has them now. Raises NotPermitted for other teams."""
        await self._require_team(supervisor, team_id, "team read")
        team = await supervisor.finesse.team(supervisor.credential, team_id)
        calls = await self.call_board.calls()
        users = sorted(team.users, key=lambda user: (user.full_name, user.login_id))
        members = tuple(_member(user, calls.get(user.login_id, ())) for user in users)
        return TeamBoard(
            id=team.id or team_id,
            name=team.name,
            agents=members,
            thresholds=_thresholds(self.settings),
        )

    async def team_calls(self, supervisor: Agent, team_id: str) -> TeamCalls:
        """Return the calls of the agents whom the roster has in a team.

        Raises NotPermitted for other teams.
        """
        await self._require_team(supervisor, team_id, "team read")
        members = {row.login_id for row in await self.store.roster(team_id, 0)}
        calls = await self.call_board.calls()
        return {agent: each for agent, each in calls.items() if agent in members}

    async def queues(self, agent: Agent) -> tuple[QueueBoard, ...]:
        """Return the queues of an agent, or of a supervisor's teams, by name."""
        found = await agent.finesse.queues(agent.credential, agent.login_id)
        return tuple(sorted(map(_queue_board, found), key=lambda queue: queue.name))

    async def set_state(
        self, supervisor: Agent, agent_id: str, state: str, reason: str | None, timeout: float
    ) -> CommandResult:
        """Set an agent's state: READY, NOT_READY or LOGOUT."""
        if state not in agents.SETTABLE_STATES:
            raise InvalidField("state", f"state must be one of {', '.join(agents.SETTABLE_STATES)}")
        user = await self.supervised(supervisor, agent_id, f"state {state}")
        finesse, credential = supervisor.finesse, supervisor.credential
        try:
            command = await finesse.set_state(credential, user.login_id, state, reason)
        except CallcardError as error:
            await self.audit(supervisor, f"state {state} refused", agent_id, error.detail)
            raise
        await self.audit(supervisor, f"state {state}", agent_id, reason or "")

        async def has_happened() -> bool:
            # Finesse shows the user resource only to that user.
            now = await _member_of(supervisor, user.team_id, agent_id)
            return now is not None and now != user and state in (now.state, now.pending_state)

        return await await_outcome(command, has_happened, None, timeout)

    async def act(
        self, supervisor: Agent, agent_id: str, action: SupervisorAction, timeout: float
    ) -> CommandResult:
        """Listen to an agent's call (`monitor`), join it (`barge`), or take it over (`intercept`).

        Joining needs to listen first, taking over to have joined first, as Finesse has it. The
        supervisor leaves by dropping their own call.
        """
        own = supervisor.user.extension
        if not own:
            raise NotSignedIn("Sign in on an extension first")
        user = await self.supervised(supervisor, agent_id, action)
        if not user.extension:
            raise Conflict("The agent is not signed in")
        finesse, credential = supervisor.finesse, supervisor.credential
        dialogs = await finesse.dialogs(credential, supervisor.login_id)
        before = {each.id for each in dialogs}
        try:
            match action:
                case "monitor":
                    command = await finesse.silent_monitor(
                        credential, supervisor.login_id, own, user.extension
                    )
                case "barge":
                    monitoring = _of_agent(dialogs, user.extension, MONITORING)
                    if monitoring is None:
                        raise Conflict("Listen to the agent's call first: monitor, then barge")
                    command = await finesse.barge(
                        credential, supervisor.login_id, own, user.extension, monitoring.id
                    )
                case "intercept":
                    joined = _of_agent(dialogs, user.extension)
                    if joined is None or joined.properties.call_type == MONITORING:
                        raise Conflict("Join the call first: monitor, barge, then intercept")
                    command = await finesse.drop_participant(
                        credential, joined.id, own, user.extension
                    )
        except CallcardError as error:
            await self.audit(supervisor, f"{action} refused", agent_id, error.detail)
            raise
        await self.audit(supervisor, action, agent_id)

        async def has_happened() -> bool:
            now = await finesse.dialogs(credential, supervisor.login_id)
            match action:
                case "monitor":
                    return any(each.id not in before for each in now)
                case "barge":
                    joined = _of_agent(now, user.extension)
                    return joined is not None and joined.properties.call_type != MONITORING
                case "intercept":
                    return bool(now) and _of_agent(now, user.extension) is None

        return await await_outcome(command, has_happened, supervisor.presence, timeout)

    async def supervised(self, supervisor: Agent, agent_id: str, action: str) -> User:
        """Return an agent of the supervisor's teams. Raises NotPermitted, InvalidField."""
        if not is_safe_id(agent_id):
            raise InvalidField("id", f"{agent_id[:40]!r} is no id of an agent")
        for team in supervisor.user.teams:
            if (user := await _member_of(supervisor, team.id, agent_id)) is not None:
                return user
        await self.audit(supervisor, f"{action} not permitted", agent_id)
        raise NotPermitted("Only supervisors of the agent's team may do this")

    async def _require_team(self, supervisor: Agent, team_id: str, action: str) -> None:
        if team_id in (team.id for team in supervisor.user.teams):
            return
        await self.audit(supervisor, f"{action} not permitted", team_id)
        raise NotPermitted("You do not supervise this team")

    async def audit(self, supervisor: Agent, action: str, about: str, detail: str = "") -> None:
        """Record what a supervisor did, or wanted to do."""
        async with self.store.transaction() as tx:
            await self.add_audit(tx, supervisor, action, about, detail)

    async def add_audit(
        self, tx: Transaction, supervisor: Agent, action: str, about: str, detail: str = ""
    ) -> None:
        """Record it in a transaction with what was done."""
        await tx.add_audit_row(
            AuditRow(
                recorded_at=self.clock(),
                agent=supervisor.login_id,
                action=action,
                detail=" ".join(filter(None, (about[:40], detail))),
            )
        )


async def _member_of(supervisor: Agent, team_id: str, agent_id: str) -> User | None:
    """Return an agent of a team as Finesse has them now."""
    team = await supervisor.finesse.team(supervisor.credential, team_id)
    # The team's resource leaves out which team its users are of.
    found = (replace(user, team_id=team_id) for user in team.users if user.login_id == agent_id)
    return next(found, None)


def _of_agent(dialogs: tuple[Dialog, ...], extension: str, call_type: str = "") -> Dialog | None:
    """Return the dialog in which an agent is, of a type if one is given."""
    for dialog in dialogs:
        if call_type and dialog.properties.call_type != call_type:
            continue
        for participant in dialog.participants:
            if participant.media_address == extension and participant.state not in ("DROPPED", ""):
                return dialog
    return None


def _thresholds(settings: SupervisionSettings) -> dict[str, Threshold]:
    def threshold(amber_seconds: float, red_seconds: float) -> Threshold:
        return Threshold(amber_seconds=amber_seconds, red_seconds=red_seconds)

    wrap_up = threshold(settings.wrap_up_amber_seconds, settings.wrap_up_red_seconds)
    return {
        "TALKING": threshold(settings.talking_amber_seconds, settings.talking_red_seconds),
        "HOLD": threshold(settings.hold_amber_seconds, settings.hold_red_seconds),
        "WORK": wrap_up,
        "WORK_READY": wrap_up,
        "NOT_READY": threshold(settings.not_ready_amber_seconds, settings.not_ready_red_seconds),
    }


def _member(user: User, calls: tuple[TeamCall, ...]) -> TeamMember:
    return TeamMember(
        id=user.login_id,
        name=user.full_name or user.login_id,
        extension=user.extension,
        state=user.state,
        state_since=user.state_change_time,
        pending_state=user.pending_state,
        reason=user.reason_code.label if user.reason_code else "",
        calls=calls,
    )


def _queue_board(queue: Queue) -> QueueBoard:
    counts = queue.statistics or QueueStatistics()
    return QueueBoard(
        id=queue.uri.rstrip("/").rpartition("/")[2],
        name=queue.name,
        calls_waiting=_count(counts.calls_in_queue),
        waiting_since=counts.start_time_of_longest_call_in_queue,
        agents_ready=_count(counts.agents_ready),
        agents_not_ready=_count(counts.agents_not_ready),
        agents_talking=_count(
            counts.agents_talking_inbound,
            counts.agents_talking_outbound,
            counts.agents_talking_internal,
        ),
        agents_in_wrap_up=_count(counts.agents_wrap_up_ready, counts.agents_wrap_up_not_ready),
        agents_signed_in=_count(counts.agents_logged_on),
    )


def _count(*numbers: str) -> int | None:
    """Add numbers as Finesse writes them; None if it does not count them: -1 or empty."""
    known = [int(number) for number in numbers if number.isdecimal() and len(number) < 10]
    return sum(known) if known else None
