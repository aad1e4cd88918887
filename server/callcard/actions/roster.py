"""The roster: which agents of a team use Callcard, as their requests show it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from callcard import times
from callcard.actions.team_calls import TeamCall, TeamCalls
from callcard.errors import StoreUnavailable
from callcard.events import AgentStateChanged, EventBus
from callcard.finesse.objects import User
from callcard.principals import Agent, Principal, Program
from callcard.store.base import RosterRow, Store

log = logging.getLogger(__name__)

SIGNED_OUT = "LOGOUT"
MIN_ROSTER_SECONDS = 300.0
"""How long at least an agent stays on the roster after Finesse described them last."""
WRITE_ROWS = 500
"""Of a transaction."""
WRITE_SECONDS = 60.0
"""Between writes for an agent who has not changed."""
MAX_WAIT_SECONDS = 0.5
"""Of a reader of the roster for the writes under way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterEntry:
    """An agent who is signed in, as the roster knows them."""

    id: str
    name: str
    team: str
    """Finesse's id."""
    extension: str
    state: str
    state_since: str
    """ISO 8601, UTC; empty if it is not known."""
    seen_at: str
    """When the state was last confirmed: ISO 8601, UTC."""
    calls: tuple[TeamCall, ...]
    """For supervisors of the agent's team, the agent and programs; for others none."""


class Roster:
    """Shared by all workers through the store."""

    def __init__(
        self,
        store: Store,
        events: EventBus,
        credential_cache_seconds: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._events = events
        # Finesse describes an agent when a credential is verified: twice in this time.
        self._roster_seconds = max(MIN_ROSTER_SECONDS, 2 * credential_cache_seconds)
        self._clock = clock
        self._written: dict[str, RosterRow] = {}
        self._writes: set[asyncio.Task[None]] = set()

    def update(self, user: User) -> None:
        """Record an agent as Finesse describes them, in the background."""
        self.note_state(user, user.state)

    def note_state(self, user: User, state: str) -> None:
        """Record the state that an agent's own desktop shows, in the background."""
        row = self._changed(user, state)
        if row is None:
            return
        task = asyncio.create_task(self._write([row]))
        self._writes.add(task)
        task.add_done_callback(self._writes.discard)

    async def update_all(self, users: Iterable[User]) -> None:
        """Record agents as Finesse lists them; who was never signed in stays off the roster."""
        rows = [row for user in users if (row := self._changed(user, user.state)) is not None]
        for start in range(0, len(rows), WRITE_ROWS):
            await self._write(rows[start : start + WRITE_ROWS], only_known=True)

    def _changed(self, user: User, state: str) -> RosterRow | None:
        """Return what is to be written of an agent; None if it was written lately."""
        known = self._written.get(user.login_id)
        row = RosterRow(
            login_id=user.login_id,
            team_id=user.team_id,
            name=user.full_name or user.login_id,
            extension=user.extension,
            state=state,
            state_since=self._since(user, state, known),
            updated_at=self._clock(),
        )
        if known is not None and not _must_write(row, known):
            return None
        self._written[user.login_id] = row
        return row

    def _since(self, user: User, state: str, known: RosterRow | None) -> str:
        """Return since when an agent is in a state: as Finesse says, else since it was noted."""
        if state == user.state and user.state_change_time:
            return user.state_change_time
        if known is not None and known.state == state:
            return known.state_since
        return times.iso_text(self._clock())

    async def _write(self, rows: Sequence[RosterRow], *, only_known: bool = False) -> None:
        """Write rows; with `only_known`, those of signed-out agents only if they have one."""
        changed = []
        try:
            async with self._store.transaction() as tx:
                for row in rows:
                    before = await tx.roster_row(row.login_id)
                    if only_known and before is None and row.state == SIGNED_OUT:
                        continue
                    await tx.save_roster_row(row)
                    if before is None or _shown(before) != _shown(row):
                        changed.append(row)
        except StoreUnavailable as error:
            for row in rows:
                self._written.pop(row.login_id, None)
            log.warning("the roster was not updated: %s", error.detail)
            return
        for row in changed:
            self._events.publish(
                AgentStateChanged(
                    agent=row.login_id,
                    name=row.name,
                    team=row.team_id,
                    extension=row.extension,
                    state=row.state,
                )
            )

    async def team(self, team_id: str) -> list[RosterRow]:
        """Return the agents of a team who have used Callcard lately and are signed in."""
        return await self._signed_in(team_id)

    async def _signed_in(self, team_id: str | None) -> list[RosterRow]:
        rows = await self._store.roster(team_id, self._clock() - self._roster_seconds)
        return [row for row in rows if row.state != SIGNED_OUT]

    async def colleagues(self, principal: Principal, calls: TeamCalls) -> tuple[RosterEntry, ...]:
        """Return the agents of an agent's team, and of the teams that they supervise; for a
        program, those of all teams. `calls` are those of all agents.

        Who has just used this worker is listed, unless the disk is slow.
        """
        await self.flush(MAX_WAIT_SECONDS)
        supervised: set[str] = set()
        if isinstance(principal, Agent):
            supervised = {team.id for team in principal.user.teams}
            teams = {principal.team_id, *supervised} - {""}
            rows = [row for team in sorted(teams) for row in await self.team(team)]
        else:
            rows = await self._signed_in(None)

        def calls_of(row: RosterRow) -> tuple[TeamCall, ...]:
            is_own = row.login_id == principal.login_id
            may_see = isinstance(principal, Program) or is_own or row.team_id in supervised
            return calls.get(row.login_id, ()) if may_see else ()

        return tuple(
            RosterEntry(
                id=row.login_id,
                name=row.name,
                team=row.team_id,
                extension=row.extension,
                state=row.state,
                state_since=row.state_since,
                seen_at=times.iso_text(row.updated_at),
                calls=calls_of(row),
            )
            for row in rows
        )

    async def flush(self, timeout: float | None = None) -> None:
        """Wait for the writes under way, at most `timeout` seconds."""
        if self._writes:
            await asyncio.wait(self._writes, timeout=timeout)


def _must_write(row: RosterRow, known: RosterRow) -> bool:
    if _shown(row) != _shown(known) or row.state_since != known.state_since:
        return True
    is_old = row.updated_at - known.updated_at >= WRITE_SECONDS
    return is_old and row.state != SIGNED_OUT  # who is signed out is not shown


def _shown(row: RosterRow) -> tuple[str, str, str, str]:
    return row.team_id, row.name, row.extension, row.state
