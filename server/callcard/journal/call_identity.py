"""Decide which call record a report belongs to, and whether its agent may join it. Pure.

Finesse reuses dialog ids after a while, and a consult has an id of its own. A call key (UCCE only)
names one call of one day, through all its transfers: where there is one, it decides. What an
agent's desktop says about a call is a claim until Finesse shows the call to that agent: a claim
alone joins nothing.
"""

from __future__ import annotations

from callcard.journal.call_record import CallRecord, DialogRef
from callcard.journal.report import CallReport
from callcard.journal.simultaneous_rings import rings_together
from callcard.times import seconds_between

LATE_DIALOG_SECONDS = 600.0
"""How long after its recorded end a call without a call key accepts another dialog: a consult that
names it, or a claim of the same caller. After an outage the recorded end may be too early."""


def links(report: CallReport) -> frozenset[str]:
    """Return what ties a report to a call: its dialog, its call key and the dialogs it names."""
    return frozenset({report.id, report.call_key, *report.related_dialogs} - {""})


def is_same_call(record: CallRecord, report: CallReport) -> bool:
    """Return whether a report that shares a dialog or call key with a record is of the same call.

    If both have a call key, the keys decide. Otherwise a dialog that started after the record's end
    is of a later call (but see `LATE_DIALOG_SECONDS`), and so is one from another caller: Finesse
    never changes the caller of a dialog.
    """
    started_at = report.started_at
    for dialog in record.dialogs:
        if dialog.dialog == report.id and dialog.call_key and report.call_key:
            return dialog.call_key == report.call_key
        if dialog.dialog == report.id and _is_of_other_caller(dialog, report):
            return False
    if any(d.dialog == report.id and d.started_at in ("", started_at) for d in record.dialogs):
        return True
    if report.call_key and report.call_key in {dialog.call_key for dialog in record.dialogs}:
        return True  # also of a customer who waited long in the queue they were transferred to
    if {report.id, *report.related_dialogs}.isdisjoint(record.dialog_ids):
        # The record's consult only named this call: then it started before the consult.
        return bool(record.started_at) and "" < started_at <= record.started_at
    ended_at = record.ended_at
    if not ended_at or not started_at or started_at <= ended_at:
        return True
    # Finesse names the call of a consult while both exist, even if the end was reported a moment
    # earlier.
    return (
        report.id not in record.dialog_ids
        and seconds_between(ended_at, started_at) < LATE_DIALOG_SECONDS
    )


def _is_of_other_caller(dialog: DialogRef, report: CallReport) -> bool:
    """Return whether a dialog id is used again while the older call is open.

    The start alone says nothing: Finesse sets it to the time of the answer.
    """
    is_other_caller = _differ(dialog.from_address, report.from_address)
    return is_other_caller and _differ(dialog.started_at, report.started_at)


def _differ(one: str, other: str) -> bool:
    """Return whether both are known and not the same."""
    return bool(one and other and one != other)


def belongs_to(record: CallRecord, extension: str, report: CallReport) -> bool:
    """Return whether a report belongs to a verified record."""
    if record.unverified:
        return False
    call_keys = (dialog.call_key for dialog in record.dialogs)
    named = {*record.dialog_ids, *record.related_dialogs, *call_keys}
    if links(report) & named:
        return is_same_call(record, report)
    return rings_together(record, extension, report)


def is_unverified_record_of(
    record: CallRecord, agent: str, extension: str, report: CallReport
) -> bool:
    """Return whether a record is this agent's unverified one of the reported call."""
    if not record.unverified or record.segment(agent) is None:
        return False
    if report.id not in record.dialog_ids:
        return rings_together(record, extension, report)
    has_times = record.started_at and report.started_at
    return not has_times or is_same_call(record, report)


def claim_matches(record: CallRecord, claim: CallRecord) -> bool:
    """Return whether `claim`, which Finesse did not confirm to its agent, is the call of `record`.

    Both have a dialog in common. Its call keys decide; without them its caller must be the same,
    and no long time may lie between the two.
    """
    known = {dialog.dialog: dialog for dialog in record.dialogs}
    for claimed in claim.dialogs:
        dialog = known.get(claimed.dialog)
        if dialog is None:
            continue
        if dialog.call_key and claimed.call_key:
            return dialog.call_key == claimed.call_key
        if dialog.started_at and dialog.started_at == claimed.started_at:
            return dialog.from_address in ("", claimed.from_address)
        is_same_caller = dialog.from_address and dialog.from_address == claimed.from_address
        return bool(is_same_caller) and _seconds_apart(record, claim) < LATE_DIALOG_SECONDS
    return False


def _seconds_apart(one: CallRecord, other: CallRecord) -> float:
    """Return the seconds from the end of the earlier call to the start of the later one."""
    first, second = sorted((one, other), key=lambda each: each.started_at)
    if not first.ended_at or not second.started_at:
        return 0.0
    return seconds_between(first.ended_at, second.started_at)


def may_join(
    record: CallRecord, agent: str, extension: str, report: CallReport, verified: frozenset[str]
) -> bool:
    """Return whether a report may be merged into a record.

    `verified` are the links that Finesse has shown to this agent. The report may join if the agent
    is known to be in the call; if Finesse showed them a link that it also showed to an agent of the
    record; or if the reports of a verified agent of the record show `extension` in a dialog that
    this report names. An extension is not a person: for the reported dialog itself its exact start
    is needed as well.
    """
    claimed = links(report)
    segment = record.segment(agent)
    if segment is not None and claimed.intersection(segment.verified):
        return True
    if segment is not None and segment.verified and rings_together(record, extension, report):
        return True
    trusted = record.verified_links
    if verified & trusted:
        return True
    starts_here = report.started_at and any(
        each.dialog == report.id and each.started_at == report.started_at for each in record.dialogs
    )
    named = claimed & trusted
    if not starts_here:
        named -= {report.id}
    return any(state.address == extension and state.dialog in named for state in record.states)
