"""Decide which call record a report belongs to, and whether the reporting agent is in it. Pure.

Finesse reuses dialog ids after a while, and a consult has an id of its own; where a call key exists
it decides.
"""

from __future__ import annotations

from callcard.journal.call_record import CallRecord
from callcard.journal.report import CallReport
from callcard.times import seconds_between

CONSULT_SECONDS = 600.0
"""How long after a call's end a consult that names it still belongs to it."""


def is_same_call(record: CallRecord, report: CallReport) -> bool:
    """Return whether a report that shares a dialog or call key with a record is of the same call.

    Two call keys decide. Otherwise a call that started after the record's end is a later one.
    """
    started_at = report.started_at
    for dialog in record.dialogs:
        if dialog.dialog == report.id and dialog.call_key and report.call_key:
            return dialog.call_key == report.call_key
    if any(d.dialog == report.id and d.started_at in ("", started_at) for d in record.dialogs):
        return True
    call_keys = {dialog.call_key for dialog in record.dialogs if dialog.call_key}
    if report.call_key not in call_keys and not {report.id, *report.related_dialogs} & set(
        record.dialog_ids
    ):
        # The record's consult only named this call: then it started before the consult.
        return bool(record.started_at) and "" < started_at <= record.started_at
    ended_at = record.ended_at
    if not ended_at or not started_at or started_at <= ended_at:
        return True
    # Finesse names the call of a consult while both exist, even if the end was reported a moment
    # earlier.
    return (
        report.id not in record.dialog_ids
        and seconds_between(ended_at, started_at) < CONSULT_SECONDS
    )


def has_taken_part(record: CallRecord, extension: str, report: CallReport) -> bool:
    """Return whether reports show `extension` in the call, or this one knows its start."""
    starts = [each.started_at for each in record.dialogs if each.dialog == report.id]
    knows_start = bool(report.started_at) and report.started_at in starts
    return knows_start or any(state.address == extension for state in record.states)
