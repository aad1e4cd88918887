"""Decide which call record a report belongs to, and whether its agent may join it. Pure.

Finesse reuses dialog ids after a while, and a consult has an id of its own; where a call key exists
it decides. What an agent's desktop says about a call is a claim until Finesse shows the call to
that agent: a claim alone joins nothing.
"""

from __future__ import annotations

from callcard.journal.call_record import CallRecord
from callcard.journal.report import CallReport
from callcard.times import seconds_between

CONSULT_SECONDS = 600.0
"""How long after a call's end a consult that names it still belongs to it."""


def links(report: CallReport) -> frozenset[str]:
    """Return what ties a report to a call: its dialog, its call key and the dialogs it names."""
    return frozenset({report.id, report.call_key, *report.related_dialogs} - {""})


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


def may_join(
    record: CallRecord, agent: str, extension: str, report: CallReport, verified: frozenset[str]
) -> bool:
    """Return whether a report may be merged into a record.

    `verified` are the links that Finesse has shown to this agent. The report may join if the agent
    is known to be in the call; if Finesse showed them a link that it also showed to an agent of the
    record; or if that agent's reports show `extension` in a dialog that this report names. An
    extension is not a person: for the reported dialog itself its exact start is needed as well.
    """
    claimed = links(report)
    segment = record.segment(agent)
    if segment is not None and claimed.intersection(segment.verified):
        return True
    trusted = record.verified_links
    starts_here = report.started_at and any(
        each.dialog == report.id and each.started_at == report.started_at for each in record.dialogs
    )
    if verified & trusted or (starts_here and report.id in verified & set(record.believed)):
        return True
    named = claimed & trusted if starts_here else (claimed & trusted) - {report.id}
    return any(state.address == extension and state.dialog in named for state in record.states)
