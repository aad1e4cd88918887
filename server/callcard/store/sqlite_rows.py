"""Reads of the SQLite store that it shares with its transactions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from callcard.store.api_keys import ApiKeyRow
from callcard.store.base import (
    Callback,
    ContactChoice,
    EventRow,
    JournalRow,
    ListEntryRow,
    RosterRow,
)
from callcard.store.coaching import CoachingMessage

Query = Callable[[str, Iterable[Any]], list[Any]]
_RECORD = "id, document, status, last_report_at, due_at, attempts, problem, contact, sent"
_decode_api_key = msgspec.json.Decoder(ApiKeyRow).decode
decode_callback = msgspec.json.Decoder(Callback).decode
decode_coaching = msgspec.json.Decoder(CoachingMessage).decode


def records(query: Query, where: str, parameters: Iterable[Any]) -> list[JournalRow]:
    sql = f"select {_RECORD} from call_record {where}"  # noqa: S608 - constants of this module
    return [_row(row) for row in query(sql, parameters)]


def journal_row(query: Query, id: str) -> JournalRow | None:
    where = "where id = coalesce((select record from merged_record where id = ?), ?)"
    rows = records(query, where, (id, id))
    return rows[0] if rows else None


def find_journal_rows(query: Query, dialogs: Iterable[str], call_key: str) -> list[JournalRow]:
    # Never an empty list: SQLite plans a scan for one.
    ids = [each for each in dialogs if each] or [""]
    places = ", ".join("?" * len(ids))
    where = (
        f"where id in (select record from dialog where dialog in ({places})"  # noqa: S608 - only question marks
        " union select record from dialog where call_key = ? and call_key != '')"
        " order by last_report_at desc limit 20"
    )
    return records(query, where, (*ids, call_key))


def _row(row: Sequence[Any]) -> JournalRow:
    id, document, status, last_report_at, due_at, attempts, problem, contact, sent = row
    return JournalRow(
        id=id,
        document=document,
        status=status,
        last_report_at=last_report_at,
        due_at=due_at,
        attempts=attempts,
        problem=problem,
        contact=contact,
        sent=bool(sent) or status == "delivered",
    )


def coaching_message(query: Query, id: str) -> CoachingMessage | None:
    rows = query("select document from coaching_message where id = ?", (id,))
    return decode_coaching(rows[0][0]) if rows else None


def callback(query: Query, id: str) -> Callback | None:
    rows = query("select document from callback where id = ?", (id,))
    return decode_callback(rows[0][0]) if rows else None


def contact_choice(query: Query, number: str) -> ContactChoice | None:
    columns = "number, contact, chosen_by, name, chosen_at"
    found = query(f"select {columns} from contact_choice where number = ?", (number,))  # noqa: S608 - a constant
    if not found:
        return None
    number, contact, chosen_by, name, chosen_at = found[0]
    return ContactChoice(
        number=number, contact=contact, chosen_by=chosen_by, name=name, chosen_at=chosen_at
    )


_LIST_ENTRY = (
    "id, list, number, is_prefix, dialled, team, given, action, target, reason, author,"
    " author_name, added_at, expires_at, state"
)
INSERT_LIST_ENTRY = (
    f"insert or replace into list_entry ({_LIST_ENTRY})"  # noqa: S608 - a constant
    f" values ({', '.join('?' * (_LIST_ENTRY.count(',') + 1))})"
)


def list_entry_values(row: ListEntryRow) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in _LIST_ENTRY.split(", "))


def list_entries(
    query: Query, where: str, parameters: Iterable[Any]
) -> list[tuple[int, ListEntryRow]]:
    """Return rows of number lists, each with its position."""
    names = _LIST_ENTRY.split(", ")
    sql = f"select position, {_LIST_ENTRY} from list_entry {where}"  # noqa: S608 - constants of this module
    found = []
    for position, *values in query(sql, parameters):
        row = dict(zip(names, values, strict=True))
        row["is_prefix"] = bool(row["is_prefix"])
        found.append((position, ListEntryRow(**row)))
    return found


def list_entries_with(query: Query, numbers: Sequence[str]) -> list[ListEntryRow]:
    places = ", ".join("?" * len(numbers))
    return [row for _position, row in list_entries(query, f"where number in ({places})", numbers)]


def list_entry(query: Query, id: str) -> list[ListEntryRow]:
    return [row for _position, row in list_entries(query, "where id = ? order by position", (id,))]


def api_keys(query: Query, where: str, parameters: Iterable[Any]) -> list[ApiKeyRow]:
    table = "api_key left join api_key_use using (id)"
    sql = f"select document, used_at from {table} {where}"  # noqa: S608 - constants of this package
    return [
        replace(_decode_api_key(document), last_used_at=used_at)
        for document, used_at in query(sql, parameters)
    ]


def roster(query: Query, where: str, parameters: Iterable[Any]) -> list[RosterRow]:
    names = ("login_id", "team_id", "name", "extension", "state", "updated_at", "state_since")
    sql = f"select {', '.join(names)} from roster {where}"  # noqa: S608 - constants of this module
    return [RosterRow(**dict(zip(names, row, strict=True))) for row in query(sql, parameters)]


def roster_row(query: Query, login_id: str) -> RosterRow | None:
    found = roster(query, "where login_id = ?", (login_id,))
    return found[0] if found else None


def events_after(query: Query, id: int, limit: int) -> list[EventRow]:
    sql = (
        "select id, recorded_at, type, agents, teams, data from event where id > ?"
        " order by id limit ?"
    )
    return [
        EventRow(
            id=number,
            recorded_at=at,
            type=kind,
            agents=tuple(agents.split("\n")) if agents else (),
            teams=tuple(teams.split("\n")) if teams else (),
            data=data,
        )
        for number, at, kind, agents, teams, data in query(sql, (id, limit))
    ]
