"""Routing decisions: what happens to a call before it is routed, and whose name phones show.

Asked by call managers and routing scripts, which have no agent. A decision never waits for a
contact source longer than its deadline, and a failure of ours never stops a call.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from callcard.crm.directory import Directory, Lookup
from callcard.errors import CallcardError
from callcard.futures import mark_retrieved
from callcard.routing.decision import Decision, decide
from callcard.routing.number_lists import WITHHELD, NumberLists
from callcard.settings_sections import RoutingSettings
from callcard.store.base import AuditRow, Store

log = logging.getLogger(__name__)

MAX_LOOKUPS: Final = 64
"""Look-ups for names that go on at the same time. With more, calls continue without a name."""
MAX_AUDITS: Final = 1000
"""Rejected and diverted calls that wait to be written to the audit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingAnswer:
    decision: Decision
    caller_name: str = ""
    """Of the only contact with the number; empty if nobody or several have it, or not in time."""


class RoutingDecisions:
    """`clock` returns seconds since the epoch. Call `close` at the end."""

    def __init__(
        self,
        store: Store,
        number_lists: NumberLists,
        directory: Directory,
        settings: RoutingSettings,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._number_lists = number_lists
        self._directory = directory
        self._settings = settings
        self._clock = clock
        self._lookups: set[asyncio.Task[Lookup]] = set()
        self._audits: set[asyncio.Task[None]] = set()

    async def decide(self, calling: str, called: str, team: str = "") -> RoutingAnswer:
        """Decide about a call from `calling`, empty if the number is withheld, to `called`.

        Always answers: with what the lists say, or, if they cannot be read, with "continue". A
        look-up for the caller's name goes on after the deadline, so that the card has it at once.
        """
        calling = calling.strip() or WITHHELD
        ends_at = asyncio.get_running_loop().time() + self._settings.deadline_seconds
        try:
            async with asyncio.timeout_at(ends_at):
                call, entries = await self._number_lists.concerned(calling, called, team)
        except (CallcardError, TimeoutError) as error:
            log.error("a call is routed without the number lists: %s", error)
            return RoutingAnswer(decision=Decision())
        decision = decide(entries, call)
        if decision.outcome != "continue":
            self._audit(decision, call.calling)
        if decision.outcome == "reject" or not self._settings.caller_names:
            return RoutingAnswer(decision=decision)
        return RoutingAnswer(decision=decision, caller_name=await self._name(calling, ends_at))

    async def _name(self, calling: str, ends_at: float) -> str:
        if calling == WITHHELD or len(self._lookups) >= MAX_LOOKUPS:
            return ""
        task = asyncio.create_task(self._directory.look_up(calling, wait="first"))
        task.add_done_callback(mark_retrieved)
        self._lookups.add(task)
        task.add_done_callback(self._lookups.discard)
        try:
            async with asyncio.timeout_at(ends_at):
                lookup = await asyncio.shield(task)
        except TimeoutError:
            return ""
        except CallcardError as error:
            log.warning("a caller's name was not looked up: %s", error.detail)
            return ""
        if lookup.selection is None or not lookup.matches or lookup.matches[0].how == "suffix":
            return ""
        contact = lookup.matches[0].contact
        return contact.name or contact.company

    def _audit(self, decision: Decision, calling: Sequence[str]) -> None:
        """Record a rejected or diverted call in the background: the call does not wait for it."""
        if decision.entry is None or len(self._audits) >= MAX_AUDITS:
            return
        row = AuditRow(
            recorded_at=self._clock(),
            agent="routing",
            action="rejected" if decision.outcome == "reject" else "diverted",
            number=next(iter(calling), ""),
            detail=decision.entry.reason,
        )
        task = asyncio.create_task(self._write(row))
        self._audits.add(task)
        task.add_done_callback(self._audits.discard)

    async def _write(self, row: AuditRow) -> None:
        try:
            async with self._store.transaction() as tx:
                await tx.add_audit_row(row)
        except CallcardError as error:
            log.warning("a routed call was not audited: %s", error.detail)

    async def close(self) -> None:
        """Stop look-ups, and wait for the audit of the last calls."""
        for task in self._lookups:
            task.cancel()
        if self._audits:
            await asyncio.wait(self._audits)
