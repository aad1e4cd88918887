"""The event feed: what happens, in one order, for other programs to read and to continue reading.

Each worker writes its events to the store and reads those of all workers from there, so that a
reader gets every event once, whichever worker it asks and however often it connects, as long as the
events are kept. A reader is a position in that order: one who is slow delays nobody. Events of the
last moment before a process is killed may be missing; what they are about is in the other
resources.
"""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import msgspec
from cachetools import LRUCache

from callcard.errors import EventsLost, InvalidField, StoreUnavailable
from callcard.events import (
    AgentStateChanged,
    CallEnded,
    CallLost,
    CallReported,
    Event,
    EventBus,
    InteractionDelivered,
    InteractionParked,
    NumberListChanged,
)
from callcard.store.base import EventRow, Store, Transaction

log = logging.getLogger(__name__)

BATCH_EVENTS = 500
"""Events of one answer, and of one transaction."""
MAX_UNWRITTEN_EVENTS = 100_000
"""While the store cannot be written; then the oldest are dropped."""
POLL_SECONDS = 0.2
"""Between looks at what other workers wrote, while somebody waits."""
RETRY_SECONDS = 1.0
REMEMBERED_BATCHES = 16
"""Many readers are at the same few positions."""
MAX_BATCHES = 20
"""Read for one answer; a viewer who sees nothing of them reads on with the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Who reads: an agent, a supervisor of some teams, or a program that may see everything."""

    login_id: str = ""
    team: str = ""
    supervised_teams: frozenset[str] = frozenset()
    sees_all: bool = False

    def sees(self, row: EventRow) -> bool:
        if self.sees_all or self.login_id in row.agents:
            return True
        if not self.supervised_teams.isdisjoint(row.teams):
            return True
        # Agents see the states of colleagues and the number lists anyway.
        is_colleague = row.type == type_of(AgentStateChanged) and self.team in row.teams
        return is_colleague or row.type == type_of(NumberListChanged)


def type_of(kind: type[Event]) -> str:
    """Return the name of a kind of event for other programs, as in call-reported."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", kind.__name__).lower()


class EventFeed:
    def __init__(
        self,
        store: Store,
        bus: EventBus,
        retention_seconds: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._retention_seconds = retention_seconds
        self._clock = clock
        self._unwritten: list[_Unwritten] = []
        self._has_unwritten = asyncio.Event()
        self._changed = asyncio.Event()
        """Set and replaced when there may be new events."""
        self._last_known = 0
        """The last event that this worker knows of; others may have written later ones."""
        self._batches: LRUCache[int, list[EventRow]] = LRUCache(REMEMBERED_BATCHES)
        """Events by the position before them. There may be later ones by now, but none between."""
        self._waiting = 0
        self._is_closed = False
        bus.listen(self._take)

    # ---- writing

    def _take(self, event: Event) -> None:
        self._unwritten.append(_Unwritten(event, self._clock(), secrets.token_hex(8)))
        del self._unwritten[:-MAX_UNWRITTEN_EVENTS]
        self._has_unwritten.set()

    async def write(self) -> None:
        """Write the events as they come, until cancelled."""
        while True:
            await self._has_unwritten.wait()
            try:
                await self.flush()
            except StoreUnavailable as error:
                log.warning("events wait to be written: %s", error.detail)
                await asyncio.sleep(RETRY_SECONDS)

    async def flush(self) -> None:
        """Write what waits. Raises StoreUnavailable; then it still waits."""
        while self._unwritten:
            batch = self._unwritten[:BATCH_EVENTS]
            del self._unwritten[:BATCH_EVENTS]
            try:
                async with self._store.transaction() as tx:
                    for each in batch:
                        await self._add(tx, each)
            except BaseException:
                # Perhaps it was saved all the same; the tokens keep it from being saved twice.
                self._unwritten[:0] = batch
                raise
            await self._look()
        self._has_unwritten.clear()

    async def _add(self, tx: Transaction, unwritten: _Unwritten) -> None:
        """Add an event, unless it is a report of a call that says what the last one said."""
        event = unwritten.event
        subject, data = _subject_of(event), msgspec.json.encode(event)
        if subject and await tx.last_event_data(subject) == data:
            return
        agents = _agents_of(event)
        known = [await tx.roster_row(agent) for agent in agents]
        await tx.add_event(
            EventRow(
                recorded_at=unwritten.recorded_at,
                type=type_of(type(event)),
                agents=agents,
                teams=tuple(sorted({row.team_id for row in known if row and row.team_id})),
                data=data,
                subject=subject,
                token=unwritten.token,
            )
        )

    async def purge(self) -> None:
        """Delete the events that are older than the retention."""
        before = self._clock() - self._retention_seconds
        is_over = False
        while not is_over:
            async with self._store.transaction() as tx:
                is_over = await tx.purge_events(before, BATCH_EVENTS) < BATCH_EVENTS
            await asyncio.sleep(0)  # calls go on between the batches

    # ---- reading

    async def position(self, after: str) -> int:
        """Return the position that a cursor names; the present one for an empty cursor.

        Raises InvalidField, or EventsLost if events after it are not kept any more.
        """
        oldest, last = await self._look()
        if not after:
            return last
        if not after.isdecimal() or len(after) > 18:
            raise InvalidField("after", "after must be the `next` of an answer, or an event's id")
        if not oldest - 1 <= int(after) <= last:
            raise EventsLost(
                "events after this one are not kept any more: read the other resources, then "
                "continue without a cursor",
                next=str(last),
            )
        return int(after)

    async def read(
        self, position: int, viewer: Viewer, seconds: float
    ) -> tuple[list[EventRow], int]:
        """Return the next events that a viewer sees, and the position after them.

        Waits up to `seconds` for the first one. Returns none, and a later position, if there were
        very many that the viewer does not see.
        """
        deadline = asyncio.get_running_loop().time() + seconds
        batches = 0
        while True:
            changed = self._changed
            # Who can wait is woken for what other workers write.
            is_up_to_date = seconds > 0 and position >= self._last_known
            rows = [] if is_up_to_date else await self._rows_after(position)
            if rows:
                position = rows[-1].id
            if seen := [row for row in rows if viewer.sees(row)]:
                return seen, position
            if rows:
                batches += 1
                if batches == MAX_BATCHES:
                    return [], position
                await asyncio.sleep(0)  # others go on between the batches
                continue
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0 or self._is_closed:
                return [], position
            await self._wait(changed, left)

    async def _rows_after(self, position: int) -> list[EventRow]:
        rows = self._batches.get(position)
        if rows is None:
            rows = await self._store.events_after(position, BATCH_EVENTS)
            if rows:
                self._batches[position] = rows
        return rows

    async def _wait(self, changed: asyncio.Event, seconds: float) -> None:
        self._waiting += 1
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await changed.wait()
        finally:
            self._waiting -= 1

    async def watch(self) -> None:
        """Wake the readers for what other workers wrote, until cancelled."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            if not self._waiting:
                continue
            with suppress(StoreUnavailable):
                await self._look()

    async def _look(self) -> tuple[int, int]:
        """Return the oldest and the last event's id, and wake the readers if there are new ones."""
        oldest, last = await self._store.event_range()
        if last != self._last_known:
            self._last_known = last
            self._wake()
        return oldest, last

    def close(self) -> None:
        """End the waiting of all readers: the service stops."""
        self._is_closed = True
        self._wake()

    @property
    def is_awaited(self) -> bool:
        """Return whether somebody waits for events."""
        return self._waiting > 0

    @property
    def is_closed(self) -> bool:
        return self._is_closed

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


@dataclass(frozen=True, slots=True)
class _Unwritten:
    event: Event
    recorded_at: float
    token: str


def _subject_of(event: Event) -> str:
    """Return what a report of a call is about, nothing for other events: reports repeat."""
    match event:
        case CallReported():
            parts = (event.agent, event.interaction, event.number, event.call)
        case CallEnded():
            parts = (event.agent, event.interaction, event.number, "")
        case _:
            return ""
    return "\n".join((type_of(type(event)), *parts))


def _agents_of(event: Event) -> tuple[str, ...]:
    match event:
        case NumberListChanged():
            return ()
        case CallLost() | InteractionDelivered() | InteractionParked():
            return event.agents
        case _:
            return (event.agent,)
