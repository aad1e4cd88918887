"""The acknowledgement of a call report: what the card shows of the call."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from callcard import times
from callcard.crm.directory import Lookup
from callcard.journal.interaction import Interaction
from callcard.journal.report import CallReport
from callcard.routing.number_lists import NumberListName
from callcard.store.base import ListEntryRow

WARNING_LISTS: tuple[NumberListName, ...] = ("flag", "deny", "do-not-call")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListWarning:
    """An entry of a number list that concerns the caller."""

    id: str
    list: NumberListName
    reason: str
    author: str
    """The name of the agent or supervisor who added it."""
    added_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportAcknowledgement:
    """The acknowledgement of a report; with `lookup`, who is calling."""

    interaction: Interaction | None
    """Null if the call is never logged, or a dialer has not called the customer yet."""
    never_logged: bool
    verified: bool
    """Finesse has shown this call to the agent; if not, report it again in a few seconds."""
    number: str
    """The customer's; in a call between agents the other agent's."""
    outgoing: bool
    """An agent called the customer; between agents, the requesting agent called."""
    call_ended: bool
    """The call is over for every agent."""
    ended_for_agent: bool
    """Finesse no longer has the call for this agent, even if their desktop missed the event."""
    lookup: Lookup | None
    listed: tuple[ListWarning, ...] = ()
    """Entries of number lists that warn of the caller."""
    coaching: bool = False
    """A supervisor's message waits to be read: see GET /coaching."""


def acknowledge_without_record(
    report: CallReport, number: str, lookup: Lookup | None
) -> ReportAcknowledgement:
    return ReportAcknowledgement(
        interaction=None,
        never_logged=False,
        verified=True,
        number=number,
        outgoing=False,
        call_ended=report.ended,
        ended_for_agent=report.ended,
        lookup=lookup,
    )


def warnings_of(entries: Iterable[ListEntryRow]) -> tuple[ListWarning, ...]:
    """Return what the agent is warned of, from the entries that concern the caller."""
    return tuple(
        ListWarning(
            id=entry.id,
            list=entry.list,
            reason=entry.reason,
            author=entry.author_name or entry.author,
            added_at=times.iso_text(entry.added_at),
        )
        for entry in entries
        if entry.list in WARNING_LISTS
    )
