"""Writes to the local contacts, each within the caller's transaction."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import msgspec
from msgspec.structs import replace

from callcard import times
from callcard.crm.base import Case, HistoryEntry, InteractionRecord, NewCase, WriteOperation
from callcard.crm.text_index import index_text, reference_words
from callcard.store.sqlite import Execute
from callcard.telephony import numbers
from callcard.telephony.numbers import Number


class ContactEntry(msgspec.Struct, kw_only=True, array_like=True):
    """A contact to add or update. A field that is None keeps what is stored."""

    key: str
    """Identifies the contact: an entry with a known key is an update."""
    name: str | None = None
    company: str | None = None
    email: str | None = None
    url: str | None = None
    language: str | None = None
    flags: Sequence[str] | None = None
    numbers: Sequence[tuple[Number, str]] | None = None
    """Each with its label."""
    created_at: str | None = None
    """ISO 8601, UTC, as `updated_at`; None is the time of the write."""
    updated_at: str | None = None
    known_as: str = ""
    """Another key under which the contact may be stored; it is replaced by `key`."""
    keeps_numbers: bool = False
    """Add numbers to those that are stored, instead of replacing them."""
    adds: bool = False
    """Add numbers and fill empty fields of the stored contact, instead of replacing them."""
    index_text: str = ""
    """`text_index.index_text` of the entry, if it was computed before the write."""


@dataclass(slots=True)
class WriteResult:
    added: int = 0
    updated: int = 0
    ids: list[int] = field(default_factory=list)
    """The contacts' ids, in the order of the entries."""


@dataclass(slots=True)
class LinkedWriteResult:
    """What became of history entries or cases, which belong to contacts."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    """History entries that were there already."""
    unknown_contacts: list[int] = field(default_factory=list)
    """The indexes of the rows whose contact is unknown."""


def write_contacts(
    execute: Execute, entries: Iterable[ContactEntry], *, country: str
) -> WriteResult:
    """Add each entry, or update the contact with its key."""
    result = WriteResult()
    now = times.iso_text(time.time())
    for entry in entries:
        if entry.known_as:
            execute("update contact set key = ? where key = ?", (entry.key, entry.known_as))
        new_id = _insert_contact(execute, entry, now)
        words = ""
        if new_id is not None:
            id = new_id
            name = entry.name or ""
            company = entry.company or ""
            email = entry.email or ""
            words = entry.index_text
            result.added += 1
        else:
            sql = "select id, name, company, email from contact where key = ?"
            stored = execute(sql, (entry.key,)).fetchone()
            id = stored[0]
            if entry.adds:
                name = stored[1] or entry.name or ""
                company = stored[2] or entry.company or ""
                email = stored[3] or entry.email or ""
                entry = _with_stored_fields(execute, id, entry, country)
            else:
                name = stored[1] if entry.name is None else entry.name
                company = stored[2] if entry.company is None else entry.company
                email = stored[3] if entry.email is None else entry.email
                if entry.keeps_numbers:
                    entry = replace(entry, numbers=_all_numbers(execute, id, entry, country))
                result.updated += 1
            _update_contact(execute, id, name, company, entry, now)
        for position, (number, label) in enumerate(entry.numbers or ()):
            execute(
                "insert into contact_number"
                " (contact_id, position, reversed_digits, e164, given, label)"
                " values (?, ?, ?, ?, ?, ?)",
                (id, position, number.reversed, number.e164, number.given.strip(), label),
            )
        if not words:
            stored_numbers = _contact_numbers(execute, id, entry, country)
            words = index_text(name, company, email, stored_numbers)
        execute("insert into contact_text (rowid, words) values (?, ?)", (id, words))
        result.ids.append(id)
    return result


def delete_contact(execute: Execute, key: str) -> None:
    """Delete the contact with a key, if there is one."""
    id = _contact_id(execute, key)
    if id is not None:
        execute("delete from contact_text where rowid = ?", (id,))
        execute("delete from contact_number where contact_id = ?", (id,))
        execute("delete from contact where id = ?", (id,))


def write_history(execute: Execute, rows: Iterable[tuple[str, HistoryEntry]]) -> LinkedWriteResult:
    """Add history entries, each given with its contact's key; skip those that are there."""
    result = LinkedWriteResult()
    sql = (
        "insert into history_entry"
        " (key, started_at, kind, direction, subject, agent, contact_id)"
        " values (?, ?, ?, ?, ?, ?, ?) on conflict (key) do nothing"
    )
    for index, (contact_key, entry) in enumerate(rows):
        contact = _contact_id(execute, contact_key)
        if contact is None:
            result.unknown_contacts.append(index)
            continue
        values = (entry.started_at, entry.kind, entry.direction, entry.subject, entry.agent)
        key = _digest(contact_key, *values)
        if execute(sql, (key, *values, contact)).rowcount > 0:
            result.added += 1
        else:
            result.unchanged += 1
    return result


def write_cases(execute: Execute, rows: Iterable[tuple[str, Case, bool]]) -> LinkedWriteResult:
    """Add or update cases, each given with its contact's key and whether it is open."""
    result = LinkedWriteResult()
    sql = (
        "insert into service_case (id, subject, status, is_open, opened_at, url, contact_id)"
        " values (?, ?, ?, ?, ?, ?, ?)"
        " on conflict (id) do update set contact_id = excluded.contact_id,"
        " subject = excluded.subject, status = excluded.status, is_open = excluded.is_open,"
        " opened_at = excluded.opened_at, url = excluded.url"
    )
    for index, (contact_key, case, is_open) in enumerate(rows):
        contact = _contact_id(execute, contact_key)
        if contact is None:
            result.unknown_contacts.append(index)
            continue
        stored = execute("select 1 from service_case where id = ?", (case.id,)).fetchone()
        values = (case.id, case.subject, case.status, is_open, case.opened_at, case.url)
        execute(sql, (*values, contact))
        if stored is None:
            result.added += 1
        else:
            result.updated += 1
    return result


def write_new_case(execute: Execute, new: NewCase) -> str | None:
    """Open a case once, and return its id; null if there is no such contact."""
    if execute("select 1 from contact where id = ?", (new.contact,)).fetchone() is None:
        return None
    id = f"CC-{_digest(new.key)[:8].upper()}"
    execute(
        "insert or ignore into service_case"
        " (id, contact_id, subject, status, is_open, opened_at, url, notes)"
        " values (?, ?, ?, 'new', 1, ?, '', ?)",
        (id, new.contact, new.subject, new.opened_at, new.notes),
    )
    return id


def write_interaction(
    execute: Execute, interaction: InteractionRecord, contact: int | None
) -> None:
    """Save a call, replacing what was logged with its id. An unknown contact becomes null."""
    agent = interaction.owner
    for segment in interaction.agents:
        if segment.agent == interaction.owner and segment.name:
            agent = segment.name
            break
    execute(
        "insert or replace into interaction"
        " (id, contact_id, number, started_at, direction, subject, agent, details)"
        " values (?, (select id from contact where id = ?), ?, ?, ?, ?, ?, ?)",
        (
            interaction.id,
            contact,
            interaction.number,
            interaction.started_at,
            interaction.direction,
            interaction.subject,
            agent,
            msgspec.json.encode(interaction).decode(),
        ),
    )
    execute("delete from interaction_word where interaction = ?", (interaction.id,))
    for word in reference_words(interaction.variables.values()):
        execute("insert into interaction_word values (?, ?)", (word, interaction.id))


def remove_written(execute: Execute, operation: WriteOperation, key: str, id: str) -> None:
    """Remove the contact or case `id`, or the logged call `key`."""
    if operation == "create":
        row = execute("select key from contact where id = ?", (id,)).fetchone()
        if row is not None:
            delete_contact(execute, row[0])
    elif operation == "create_case":
        execute("delete from service_case where id = ?", (id,))
    else:
        execute("delete from interaction_word where interaction = ?", (key,))
        execute("delete from interaction where id = ?", (key,))


def _insert_contact(execute: Execute, entry: ContactEntry, now: str) -> int | None:
    """Return the id of the new contact; None if its key is there already."""
    cursor = execute(
        "insert into contact"
        " (key, name, company, email, url, language, flags, created_at, updated_at)"
        " values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (key) do nothing",
        (
            entry.key,
            entry.name or "",
            entry.company or "",
            entry.email or "",
            entry.url or "",
            entry.language or "",
            _flags_json(entry) or "[]",
            now if entry.created_at is None else entry.created_at,
            now if entry.updated_at is None else entry.updated_at,
        ),
    )
    return cursor.lastrowid if cursor.rowcount else None


def _update_contact(
    execute: Execute, id: int, name: str, company: str, entry: ContactEntry, now: str
) -> None:
    execute(
        "update contact set name = ?, company = ?, email = coalesce(?, email),"
        " url = coalesce(?, url), language = coalesce(?, language), flags = coalesce(?, flags),"
        " created_at = coalesce(?, created_at), updated_at = ? where id = ?",
        (
            name,
            company,
            entry.email,
            entry.url,
            entry.language,
            _flags_json(entry),
            entry.created_at,
            now if entry.updated_at is None else entry.updated_at,
            id,
        ),
    )
    execute("delete from contact_text where rowid = ?", (id,))
    if entry.numbers is not None:
        execute("delete from contact_number where contact_id = ?", (id,))


def _with_stored_fields(
    execute: Execute, id: int, entry: ContactEntry, country: str
) -> ContactEntry:
    """Return the entry with what is stored: further numbers and flags are added to it."""
    sql = "select email, url, language, flags from contact where id = ?"
    email, url, language, flags = execute(sql, (id,)).fetchone()
    return replace(
        entry,
        email=email or entry.email,
        url=url or entry.url,
        language=language or entry.language,
        flags=list(dict.fromkeys((*json.loads(flags), *(entry.flags or ())))),
        numbers=_all_numbers(execute, id, entry, country),
    )


def _all_numbers(
    execute: Execute, id: int, entry: ContactEntry, country: str
) -> list[tuple[Number, str]]:
    """Return the stored numbers of a contact, and then the entry's that are new."""
    sql = (
        "select coalesce(e164, given), label from contact_number where contact_id = ?"
        " order by position"
    )
    stored = [(numbers.read(text, country), label) for text, label in execute(sql, (id,))]
    known = {number.reversed for number, _label in stored}
    added = [each for each in entry.numbers or () if each[0].reversed not in known]
    return [*stored, *added]


def _flags_json(entry: ContactEntry) -> str | None:
    if entry.flags is None:
        return None
    return json.dumps(list(entry.flags), ensure_ascii=False)


def _contact_numbers(execute: Execute, id: int, entry: ContactEntry, country: str) -> list[Number]:
    if entry.numbers is not None:
        return [number for number, _label in entry.numbers]
    sql = "select coalesce(e164, given) from contact_number where contact_id = ?"
    return [numbers.read(text, country) for (text,) in execute(sql, (id,)).fetchall()]


def _contact_id(execute: Execute, key: str) -> int | None:
    row = execute("select id from contact where key = ?", (key,)).fetchone()
    return None if row is None else int(row[0])


def _digest(*parts: str) -> str:
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()
