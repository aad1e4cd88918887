"""The calls that agents have now, as their desktops report them, for the boards of supervisors."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from callcard.journal.call_record import CallRecord
from callcard.journal.journal_entry import from_rows
from callcard.settings_sections import TelephonySettings
from callcard.store.base import Store
from callcard.telephony import numbers

MAX_CALLS = 5000
"""Read at once, of all teams; with more, those reported last."""
SILENT_SECONDS = 60.0
"""After which a call that an agent's desktop does not report any more is not shown: twice the time
between its reports."""
CACHE_SECONDS = 1.0
"""For which all boards of a process are answered from one read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamCall:
    """An agent's call."""

    interaction: str
    """The interaction's id."""
    calls: tuple[str, ...]
    """Finesse's ids of the call."""
    number: str
    """The other party's, as it is displayed; empty if withheld."""
    name: str
    """The contact's; empty if it is not known."""
    queue: str
    direction: str
    """in or out."""
    state: str
    """The agent's in the call, in Finesse's words: ALERTING, ACTIVE, HELD, WRAP_UP and so on."""
    state_since: str
    """ISO 8601, UTC, by Finesse's clock; empty if Finesse does not say."""
    started_at: str


TeamCalls = Mapping[str, tuple[TeamCall, ...]]
"""Calls by the agent's login id."""


@dataclass(slots=True)
class CallBoard:
    """`clock` returns seconds since the epoch."""

    store: Store
    telephony: TelephonySettings
    clock: Callable[[], float] = time.time
    _calls: dict[str, tuple[TeamCall, ...]] = field(default_factory=dict)
    _read_at: float = float("-inf")

    async def calls(self) -> TeamCalls:
        """Return the calls that go on. Raises StoreUnavailable."""
        now = self.clock()
        if not 0 <= now - self._read_at < CACHE_SECONDS:
            entries = from_rows(await self.store.open_journal_rows(MAX_CALLS))
            calls: dict[str, tuple[TeamCall, ...]] = {}
            for entry in entries:
                for segment in entry.record.segments:
                    state, since = entry.record.agent_state(segment)
                    is_recent = now - segment.last_report_at < SILENT_SECONDS
                    if is_recent and state != "DROPPED":
                        shown = self._call(entry.record, segment.agent, state, since)
                        calls[segment.agent] = (*calls.get(segment.agent, ()), shown)
            self._calls, self._read_at = calls, now
        return self._calls

    def _call(self, record: CallRecord, agent: str, state: str, since: str) -> TeamCall:
        telephony = self.telephony
        number = record.number_for(agent)
        read = numbers.read(number, telephony.country, telephony.internal_numbers)
        return TeamCall(
            interaction=record.id,
            calls=record.dialog_ids,
            number=read.display or number,
            name=record.contact.name if record.contact else "",
            queue=record.queue,
            direction="out" if record.is_outgoing_for(agent) else "in",
            state=state,
            state_since=since,
            started_at=record.started_at,
        )
