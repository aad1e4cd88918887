"""Reading what belongs to one of the local contacts: numbers, history, open cases."""

from __future__ import annotations

import sqlite3

import msgspec

from callcard.crm.base import (
    MAX_HISTORY_ENTRIES,
    Case,
    ContactNumber,
    HistoryEntry,
    InteractionRecord,
)
from callcard.telephony import numbers

_MAX_OPEN_CASES = 20


def read_numbers(
    reader: sqlite3.Connection, contact: int, country: str
) -> tuple[ContactNumber, ...]:
    """Return a contact's numbers, in the notation of `country`."""
    sql = "select e164, given, label from contact_number where contact_id = ? order by position"
    return tuple(
        ContactNumber(
            number=numbers.read(e164, country).display if e164 else given,
            label=label,
            e164=e164,
        )
        for e164, given, label in reader.execute(sql, (contact,))
    )


def read_history(reader: sqlite3.Connection, contact: int) -> tuple[HistoryEntry, ...]:
    """Return a contact's last history entries and calls, the latest first."""
    sql = """
        select started_at, kind, direction, subject, agent, ''
            from history_entry where contact_id = ?
        union all
        select started_at, 'call', direction, subject, agent, details
            from interaction where contact_id = ?
        order by started_at desc limit ?
    """
    rows: sqlite3.Cursor = reader.execute(sql, (contact, contact, MAX_HISTORY_ENTRIES))
    return tuple(
        msgspec.json.decode(details, type=InteractionRecord).history_entry
        if details
        else HistoryEntry(
            started_at=started_at,
            kind=kind,
            direction=direction,
            subject=subject,
            agent=agent,
        )
        for started_at, kind, direction, subject, agent, details in rows
    )


def read_open_cases(reader: sqlite3.Connection, contact: int) -> tuple[Case, ...]:
    """Return a contact's open cases, the latest first."""
    sql = """
        select id, subject, status, opened_at, url, notes from service_case
        where contact_id = ? and is_open = 1 order by opened_at desc limit ?
    """
    return tuple(
        Case(id=id, subject=subject, status=status, opened_at=opened_at, url=url, notes=notes)
        for id, subject, status, opened_at, url, notes in reader.execute(
            sql, (contact, _MAX_OPEN_CASES)
        )
    )
