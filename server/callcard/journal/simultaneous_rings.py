"""Recognise dialogs that ring one agent at the same moment for the same caller. Pure.

A transfer to a route point rings the next agent on an interim dialog, milliseconds before the call
itself, and ends it at once. Nothing in it names the call: only the caller and the time connect the
two (recorded on UCCE, 2020).
"""

from __future__ import annotations

from collections.abc import Iterable

from callcard.journal.call_record import CallRecord
from callcard.journal.report import CallReport
from callcard.times import seconds, seconds_between

RING_SECONDS = 2.0
"""Between two dialogs that ring an agent for one call; milliseconds were recorded."""
_SLOT_SECONDS = 10

_State = tuple[str, str]
"""Time and state of an agent in a dialog."""


def rings_together(record: CallRecord, extension: str, report: CallReport) -> bool:
    """Return whether a dialog rings an agent at the same moment as one of the record's."""
    began_at, ended_at = _time_of(_reported_states(report, extension), is_over=report.ended)
    if not began_at or report.from_address in ("", extension):
        return False
    for dialog in record.dialogs:
        is_other_call = dialog.call_key and report.call_key and dialog.call_key != report.call_key
        if dialog.dialog == report.id or is_other_call:
            continue
        is_over = any(
            segment.extension == extension and dialog.dialog in segment.removed_at
            for segment in record.segments
        )
        states = _recorded_states(record, dialog.dialog, extension)
        began_there, ended_there = _time_of(states, is_over=is_over)
        if (
            began_there
            and dialog.from_address == report.from_address
            and abs(seconds_between(began_there, began_at)) <= RING_SECONDS
            and (not ended_there or began_at <= ended_there)
            and (not ended_at or began_there <= ended_at)
        ):
            return True
    return False


def stored_ring_names(record: CallRecord) -> set[str]:
    """Return the names under which a record is found by `ring_names`."""
    names: set[str] = set()
    for segment in record.segments:
        for dialog in record.dialogs:
            states = _recorded_states(record, dialog.dialog, segment.extension)
            began_at, _ended_at = _time_of(states, is_over=False)
            names.update(_names(segment.agent, dialog.from_address, began_at)[:1])
    return names


def ring_names(agent: str, extension: str, report: CallReport) -> tuple[str, ...]:
    """Return the names of the calls that may have rung an agent together with this one."""
    began_at, _ended_at = _time_of(_reported_states(report, extension), is_over=report.ended)
    if report.from_address == extension:
        return ()
    return _names(agent, report.from_address, began_at)


def _names(agent: str, caller: str, began_at: str) -> tuple[str, ...]:
    """Return the name of the slot of time in which a call rang, then those beside it.

    It begins with a slash, as no other name of a record does.
    """
    moment = seconds(began_at) if began_at else None
    if moment is None or not caller:
        return ()
    slot = int(moment // _SLOT_SECONDS)
    return tuple(f"/{agent}/{caller}/{each}" for each in (slot, slot - 1, slot + 1))


def _reported_states(report: CallReport, extension: str) -> list[_State]:
    return [
        (each.state_since, each.state)
        for each in (*report.earlier_states, *report.participants)
        if each.address == extension and each.state_since
    ]


def _recorded_states(record: CallRecord, dialog: str, extension: str) -> list[_State]:
    return [
        (each.since, each.state)
        for each in record.states
        if each.dialog == dialog and each.address == extension
    ]


def _time_of(states: Iterable[_State], *, is_over: bool) -> tuple[str, str]:
    """Return when an agent's part in a dialog began and ended; empty if unknown or not ended."""
    ordered = sorted(states)
    if not ordered:
        return "", ""
    last_change, last_state = ordered[-1]
    is_ended = is_over or last_state == "DROPPED"
    return ordered[0][0], last_change if is_ended else ""
