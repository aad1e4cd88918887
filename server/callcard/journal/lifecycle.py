"""The delivery state of a call, from its first report until the CRM has it: every transition. Pure.

    status      meaning                                  becomes      by
    ─────────   ──────────────────────────────────────   ──────────   ───────────────────────────
    unverified  reported, but Finesse has not yet        (merged into the verified call's record)
                shown the call to the agent              parked       give_up_verifying
    open        an agent is in the call or its wrap-up   due          update: the last agent left
    due         delivered from `due_at` on; before it    open         update: an agent is back
                ("closing") agents finish their notes    delivered    deliver
                                                         parked       park, count_attempt
    delivered   the CRM has the record as it is          due, open    update, replace_record
    parked      the CRM rejects it, Finesse never        due, open    retry, release, update
                confirmed it, or its number is on
                never-log (withhold); a person decides

Each function returns the new entry; the caller saves it in the transaction in which it read the old
one.
"""

from __future__ import annotations

from dataclasses import replace

from callcard import times
from callcard.journal.call_record import CallRecord
from callcard.journal.journal_entry import JournalEntry

GRACE_SECONDS = 3.0
"""Before the delivery of a call that every agent has finished: another report may be on its way."""
NEVER_LOG_PROBLEM = "The number is on the list never-log. A supervisor can deliver it"
UNVERIFIED_PROBLEM = (
    "Finesse no longer had this call when it was reported, for example after an outage. "
    "A supervisor can deliver it"
)
"""Both are stored with the call and recognised by their text: calls that were parked by an earlier
Callcard have them, so the wording must stay."""
TYPING_SECONDS = 30.0
"""How long the time for notes goes on after each change of them."""
LONGEST_NOTES_SECONDS = 900.0
"""After the end of a call: then its time for notes is over even while an agent types."""
LATE_NOTES_SECONDS = 24 * 3600.0
"""How long notes are accepted that were typed in time but could not be sent."""


def update(
    entry: JournalEntry, record: CallRecord, now: float, notes_seconds: float
) -> JournalEntry:
    """Return the entry after its record changed to `record`: open while in progress, else due.

    An unverified one stays apart.
    """
    if record.unverified:
        return keep_apart(entry, record, now)
    if entry.problem == NEVER_LOG_PROBLEM:
        return replace(entry, record=record, last_report_at=now)
    if not record.ended_at or record.in_wrap_up:
        return JournalEntry(record=record, status="open", last_report_at=now, sent=entry.sent)
    is_finished = all(segment.finished or segment.lost_at for segment in record.segments)
    due_at = now + (GRACE_SECONDS if is_finished else notes_seconds)
    if entry.status != "open" and entry.due_at is not None:
        due_at = min(entry.due_at, due_at)
    settled = entry.status in ("delivered", "parked")
    unchanged = settled and _without_report_times(record) == _without_report_times(entry.record)
    return JournalEntry(
        record=record,
        status=entry.status if unchanged else "due",
        last_report_at=now,
        due_at=due_at,
        problem=entry.problem,
        sent=entry.sent,
    )


def keep_apart(entry: JournalEntry, record: CallRecord, now: float) -> JournalEntry:
    """Return the entry of a call that Finesse has not confirmed, after its record changed."""
    is_parked = entry.status == "parked"
    return replace(
        entry,
        record=record,
        status="parked" if is_parked else "unverified",
        last_report_at=now,
    )


def withhold(entry: JournalEntry, now: float) -> JournalEntry:
    """Return the entry of a call whose number must not be logged: parked for a supervisor."""
    return replace(entry, status="parked", problem=NEVER_LOG_PROBLEM, due_at=entry.due_at or now)


def give_up_verifying(entry: JournalEntry, now: float, notes_seconds: float) -> JournalEntry:
    """Return the entry of a call that is over and that Finesse can no longer confirm.

    Its agent has `notes_seconds` to finish the notes; then it is parked.
    """
    if entry.status != "unverified":
        return entry
    if entry.due_at is None:
        return replace(entry, due_at=now + notes_seconds)
    if entry.due_at > now:
        return entry
    return replace(entry, status="parked", problem=UNVERIFIED_PROBLEM)


def release(entry: JournalEntry, now: float, notes_seconds: float) -> JournalEntry:
    """Return an unverified call as due: a supervisor, an outage or the settings allow it."""
    record = replace(entry.record, unverified=False, believed=entry.record.dialog_ids)
    released = update(replace(entry, status="open", problem=""), record, now, notes_seconds)
    if released.status == "open":  # its reports never said that it ended
        return replace(released, status="due", due_at=now)
    return released


def replace_record(entry: JournalEntry, record: CallRecord) -> JournalEntry:
    """Return the entry with a record that no report changed; a delivered call becomes due again."""
    status = "due" if entry.status == "delivered" else entry.status
    return replace(entry, record=record, status=status)


def send(entry: JournalEntry) -> JournalEntry:
    """Return the entry as its delivery begins: from now on the CRM may have the call."""
    return replace(entry, sent=True) if entry.status == "due" else entry


def deliver(entry: JournalEntry, record: CallRecord) -> JournalEntry:
    """Return the entry after the CRM accepted `record`; due if it has changed since."""
    if entry.status != "due" or entry.record != record:
        return entry
    return replace(entry, status="delivered", problem="", attempts=0)


def set_problem(entry: JournalEntry, problem: str) -> JournalEntry:
    """Return the entry after a failed delivery; later ones show whether the call is at fault."""
    return replace(entry, problem=problem)


def count_attempt(entry: JournalEntry, max_attempts: int) -> JournalEntry:
    """Return the entry after it failed while another call was delivered."""
    attempts = entry.attempts + 1
    parked = entry.status == "due" and attempts >= max_attempts
    return replace(entry, attempts=attempts, status="parked" if parked else entry.status)


def park(entry: JournalEntry, problem: str) -> JournalEntry:
    """Return the entry after the CRM rejected it, unless it is open again."""
    if entry.status != "due":
        return entry
    return replace(entry, status="parked", problem=problem)


def retry(entry: JournalEntry) -> JournalEntry:
    """Return a parked entry as due."""
    return replace(entry, status="due", attempts=0, problem="")


def is_closing(entry: JournalEntry, now: float) -> bool:
    """Return whether the call is over and its notes can still be finished."""
    return entry.status == "due" and entry.due_at is not None and entry.due_at > now


def accepts_notes(entry: JournalEntry, typed_at: float, now: float) -> bool:
    """Return whether notes typed at `typed_at` may still be added."""
    if entry.due_at is None:
        return True
    return typed_at <= entry.due_at and now <= entry.due_at + LATE_NOTES_SECONDS


def accepts_contact(entry: JournalEntry, now: float) -> bool:
    """Return whether the contact may still be chosen: the CRM then gets the call again."""
    return entry.due_at is None or now <= entry.due_at + LATE_NOTES_SECONDS


def keep_open_for_typing(entry: JournalEntry, now: float, notes_seconds: float) -> JournalEntry:
    """Return the entry after its notes changed: the time for them does not end in mid-sentence.

    It goes on for TYPING_SECONDS, or `notes_seconds` if that is less, until LONGEST_NOTES_SECONDS
    after the end of the call.
    """
    if entry.due_at is None or not is_closing(entry, now):
        return entry
    ended_at = times.seconds(entry.record.ended_at) or now
    due_at = min(now + min(TYPING_SECONDS, notes_seconds), ended_at + LONGEST_NOTES_SECONDS)
    return replace(entry, due_at=max(entry.due_at, due_at))


def _without_report_times(record: CallRecord) -> CallRecord:
    segments = (replace(segment, last_report_at=0.0) for segment in record.segments)
    return replace(record, segments=tuple(segments))
