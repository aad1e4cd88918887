"""When a call is over, and from when the CRM may hear of it."""

from __future__ import annotations

from dataclasses import replace

from callcard.journal.call_record import Record
from callcard.settings import Settings
from callcard.store.sqlite_store import Kept, Writing

GRACE = 3.0
"""Seconds between the end of a call that everybody has put away and its delivery: another agent's desktop may be about to tell."""


def keep(writing: Writing, kept: Kept, record: Record, now: float, settings: Settings) -> Kept:
    """Keep `record`, and say from when the CRM may hear of it."""
    if record.ended and not record.wrapping:
        over = all(part.finished or part.lost for part in record.parts)
        wait = GRACE if over else settings.notes_seconds
        known = kept.due if kept.status != "open" else None
        due = now + wait if known is None else min(known, now + wait)
        unchanged = kept.status in ("delivered", "parked") and _same_but_heard(record, kept.record)
        after = Kept(
            record=record,
            status=kept.status if unchanged else "due",
            heard=now,
            due=due,
            problem=kept.problem,
        )
    else:
        after = Kept(record=record, status="open", heard=now)
    writing.put(after)
    return after


def _same_but_heard(one: Record, other: Record) -> bool:
    def still(record: Record) -> Record:
        return replace(record, parts=tuple(replace(part, heard=0.0) for part in record.parts))

    return still(one) == still(other)
