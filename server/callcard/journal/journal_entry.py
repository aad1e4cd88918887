"""A journal entry: a call record with its delivery state, and how it is stored."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from callcard.journal.call_record import CallRecord
from callcard.journal.simultaneous_rings import stored_ring_names
from callcard.store.base import DeliveryStatus, DialogRow, JournalRow

log = logging.getLogger(__name__)

_SEARCH_DIGITS = 6
"""So many last digits are the same in every notation; the shortest numbers of a plan have them."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(CallRecord).decode


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """Times are seconds since the epoch."""

    record: CallRecord
    status: DeliveryStatus
    last_report_at: float
    due_at: float | None = None
    """When delivery may begin; until then the agents finish their notes."""
    attempts: int = 0
    """Deliveries that failed while those of other calls succeeded."""
    problem: str = ""
    """Why the last delivery failed."""
    sent: bool = False
    """A delivery was begun at least once: the CRM may have the call under the record's id."""


def to_row(entry: JournalEntry) -> JournalRow:
    record = entry.record
    contact = _contact_key(record)
    if record.unverified:  # found by its own agent only
        names = (apart_dialog(record.segments[0].agent, each.dialog) for each in record.dialogs)
        dialogs = [DialogRow(dialog=name) for name in names]
        contact = ""
    else:
        dialogs = _dialog_rows(record)
    dialogs += [DialogRow(dialog=name) for name in sorted(stored_ring_names(record))]
    return JournalRow(
        id=record.id,
        document=_encode(record),
        status=entry.status,
        last_report_at=entry.last_report_at,
        due_at=entry.due_at,
        attempts=entry.attempts,
        problem=entry.problem,
        sent=entry.sent,
        contact=contact,
        dialogs=tuple(dialogs),
    )


def _contact_key(record: CallRecord) -> str:
    """Return by what the record is found again: its contact, or else the customer's number."""
    if record.contact and record.contact.id:
        return record.contact.reference
    digits = last_digits(record.number)
    return f"/{digits}" if digits else ""


def last_digits(number: str) -> str:
    """Return by what a number is found in whatever way it was written; empty for a withheld one."""
    return "".join(each for each in number if each in "0123456789")[-_SEARCH_DIGITS:]


def _dialog_rows(record: CallRecord) -> list[DialogRow]:
    """Return by which dialogs others find a record: those that Finesse has shown.

    What only an agent has named is found by that agent.
    """
    trusted = record.verified_links.union(record.believed)
    rows = [DialogRow(dialog=each) for each in record.related_dialogs if each in trusted]
    for each in record.dialogs:
        if each.dialog in trusted:
            call_key = each.call_key if each.call_key in trusted else ""
            rows.append(DialogRow(dialog=each.dialog, call_key=call_key))
        else:
            rows += [
                DialogRow(dialog=claimed_dialog(segment.agent, each.dialog))
                for segment in record.segments
                if each.dialog in segment.removed_at or not segment.verified
            ]
    return rows


def claimed_dialog(agent: str, dialog: str) -> str:
    """Return the name under which an agent finds a dialog that only they have named."""
    return f"{dialog}/{agent}"


def apart_dialog(agent: str, dialog: str) -> str:
    """Return the name under which an agent's unverified call is stored; no dialog id has a "/"."""
    return f"{agent}/{dialog}"


def from_rows(rows: Iterable[JournalRow]) -> list[JournalEntry]:
    """Return the entries of rows; an undecodable one is logged and left out."""
    entries = []
    for row in rows:
        try:
            entries.append(from_row(row))
        except msgspec.MsgspecError as error:
            log.error("the call record %s cannot be read: %s", row.id, error)
    return entries


def from_row(row: JournalRow) -> JournalEntry:
    return JournalEntry(
        record=_decode(row.document),
        status=row.status,
        last_report_at=row.last_report_at,
        due_at=row.due_at,
        attempts=row.attempts,
        problem=row.problem,
        sent=row.sent,
    )
