"""A transaction of the SQLite store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from callcard.store import sqlite_rows
from callcard.store.api_keys import ApiKeyRow
from callcard.store.base import (
    AuditRow,
    Callback,
    ContactChoice,
    DeliveryStatus,
    EventRow,
    JournalRow,
    ListEntryRow,
    RosterRow,
)
from callcard.store.coaching import CoachingMessage
from callcard.store.sqlite import Execute

_encode = msgspec.json.Encoder().encode

_JOURNAL_COLUMNS = (
    "document",
    "status",
    "last_report_at",
    "due_at",
    "attempts",
    "problem",
    "contact",
    "sent",
)
"""Of a call record, besides its id; as the fields of `JournalRow`."""


class SqliteTransaction:
    def __init__(self, execute: Execute) -> None:
        self._execute = execute

    def _query(self, sql: str, parameters: Iterable[Any]) -> list[Any]:
        return self._execute(sql, parameters).fetchall()

    # ---- call records

    async def journal_row(self, id: str) -> JournalRow | None:
        return sqlite_rows.journal_row(self._query, id)

    async def find_journal_rows(
        self, dialogs: Iterable[str], call_key: str = ""
    ) -> list[JournalRow]:
        return sqlite_rows.find_journal_rows(self._query, dialogs, call_key)

    async def save_journal_row(self, row: JournalRow) -> None:
        columns = {name: getattr(row, name) for name in _JOURNAL_COLUMNS}
        sql = f"select {', '.join(columns)} from call_record where id = ?"  # noqa: S608 - names
        if found := self._query(sql, (row.id,)):
            # Only what has changed: SQLite writes each index again whose column is named.
            before = dict(zip(columns, found[0], strict=True))
            columns = {name: value for name, value in columns.items() if value != before[name]}
            if columns:
                changes = ", ".join(f"{name} = ?" for name in columns)
                sql = f"update call_record set {changes} where id = ?"  # noqa: S608 - names
                self._execute(sql, (*columns.values(), row.id))
        else:
            places = ", ".join("?" for _ in columns)
            names = ", ".join(columns)
            sql = f"insert into call_record (id, {names}) values (?, {places})"  # noqa: S608 - names
            self._execute(sql, (row.id, *columns.values()))
        for each in row.dialogs:
            # A dialog may be named first and reported with its call key later.
            self._execute(
                "insert into dialog (dialog, call_key, record) values (?, ?, ?)"
                " on conflict (dialog, record)"
                " do update set call_key = excluded.call_key where excluded.call_key != ''",
                (each.dialog, each.call_key, row.id),
            )

    async def delete_journal_row(self, id: str) -> None:
        self._execute("delete from call_record where id = ?", (id,))

    async def merge_journal_row(self, id: str, into: str) -> None:
        self._execute("delete from call_record where id = ?", (id,))
        self._execute("insert or replace into merged_record values (?, ?)", (id, into))
        self._execute("update merged_record set record = ? where record = ?", (into, id))

    async def silent_journal_rows(self, before: float, limit: int) -> list[JournalRow]:
        return self._silent("open", before, limit)

    async def unverified_journal_rows(
        self, before: float, now: float, limit: int
    ) -> list[JournalRow]:
        where = "where status = 'unverified' and due_at <= ? order by due_at limit ?"
        due = sqlite_rows.records(self._query, where, (now, limit))
        known = {row.id for row in due}
        silent = self._silent("unverified", before, limit)
        return due + [row for row in silent if row.id not in known]

    def _silent(self, status: DeliveryStatus, before: float, limit: int) -> list[JournalRow]:
        # The status as a constant: SQLite uses the partial index only if it reads it.
        where = f"where status = '{status}' and last_report_at <= ? order by last_report_at limit ?"
        return sqlite_rows.records(self._query, where, (before, limit))

    async def void_future_times(self, now: float, latest_report: float, latest_due: float) -> None:
        for status in ("open", "unverified"):
            self._execute(
                "update call_record set last_report_at = ?"  # noqa: S608 - constants
                f" where status = '{status}' and last_report_at > ?",
                (now, latest_report),
            )
        for status in ("due", "unverified"):
            self._execute(
                f"update call_record set due_at = ? where status = '{status}' and due_at > ?",  # noqa: S608 - constants
                (now, latest_due),
            )

    async def parked_rows_with(self, problem: str, before: float, limit: int) -> list[JournalRow]:
        where = "where status = 'parked' and problem = ? and last_report_at < ? limit ?"
        return sqlite_rows.records(self._query, where, (problem, before, limit))

    async def count_dialogs(self, prefix: str, limit: int) -> int:
        sql = "select 1 from dialog where dialog >= ? and dialog < ? limit ?"
        return len(self._query(sql, (prefix, prefix + "\U0010ffff", limit)))

    async def purge_delivered(self, before: float, limit: int) -> None:
        sql = (
            "select id from call_record indexed by call_record_delivered"
            " where status = 'delivered' and last_report_at < ? limit ?"
        )
        for (id,) in self._query(sql, (before, limit)):
            await self.delete_journal_row(id)
            self._execute("delete from merged_record where record = ?", (id,))

    async def mark_never_logged(self, dialog: str, now: float) -> bool:
        sql = "insert into never_logged values (?, ?) on conflict do nothing"
        return self._execute(sql, (dialog, now)).rowcount == 1

    async def purge_never_logged(self, before: float) -> None:
        self._execute("delete from never_logged where recorded_at < ?", (before,))

    # ---- number lists and audit

    async def list_entries_with(self, numbers: Sequence[str]) -> list[ListEntryRow]:
        return sqlite_rows.list_entries_with(self._query, numbers)

    async def list_entry(self, id: str) -> list[ListEntryRow]:
        return sqlite_rows.list_entry(self._query, id)

    async def save_list_entry(self, row: ListEntryRow) -> None:
        self._execute(sqlite_rows.INSERT_LIST_ENTRY, sqlite_rows.list_entry_values(row))

    async def delete_list_entry(self, id: str) -> bool:
        return self._execute("delete from list_entry where id = ?", (id,)).rowcount > 0

    async def add_audit_row(self, row: AuditRow) -> None:
        self._execute(
            "insert into audit (recorded_at, agent, action, number, detail) values (?, ?, ?, ?, ?)",
            (row.recorded_at, row.agent, row.action, row.number, row.detail),
        )

    # ---- contact choices, callbacks, roster, leases

    async def note_api_key_use(self, id: str, used_at: float) -> None:
        self._execute("insert or replace into api_key_use values (?, ?)", (id, used_at))

    async def save_api_key(self, row: ApiKeyRow) -> None:
        sql = "insert or replace into api_key values (?, ?)"
        self._execute(sql, (row.id, _encode(row)))

    async def contact_choice(self, number: str) -> ContactChoice | None:
        return sqlite_rows.contact_choice(self._query, number)

    async def save_contact_choice(self, choice: ContactChoice) -> None:
        self._execute(
            "insert or replace into contact_choice values (?, ?, ?, ?, ?)",
            (choice.number, choice.contact, choice.chosen_by, choice.name, choice.chosen_at),
        )

    async def delete_contact_choice(self, number: str) -> bool:
        sql = "delete from contact_choice where number = ?"
        return self._execute(sql, (number,)).rowcount == 1

    async def callback(self, id: str) -> Callback | None:
        return sqlite_rows.callback(self._query, id)

    async def save_callback(self, callback: Callback) -> None:
        self._execute(
            "insert or replace into callback values (?, ?, ?, ?, ?)",
            (callback.id, callback.agent, callback.status, callback.due_at, _encode(callback)),
        )

    async def coaching_message(self, id: str) -> CoachingMessage | None:
        return sqlite_rows.coaching_message(self._query, id)

    async def save_coaching_message(self, message: CoachingMessage) -> None:
        is_read = message.read_at is not None
        self._execute(
            "insert or replace into coaching_message values (?, ?, ?, ?, ?)",
            (message.id, message.agent, message.sent_at, is_read, _encode(message)),
        )

    async def purge_coaching_messages(self, before: float) -> None:
        self._execute("delete from coaching_message where sent_at < ?", (before,))

    async def add_event(self, row: EventRow) -> None:
        agents, teams = "\n".join(row.agents), "\n".join(row.teams)
        self._execute(
            "insert or ignore into event (recorded_at, type, agents, teams, data, subject, token)"
            " values (?, ?, ?, ?, ?, ?, ?)",
            (row.recorded_at, row.type, agents, teams, row.data, row.subject, row.token or None),
        )

    async def last_event_data(self, subject: str) -> bytes:
        # The condition is that of the index.
        sql = "select data from event where subject = ? and subject <> '' order by id desc limit 1"
        found = self._query(sql, (subject,))
        return bytes(found[0][0]) if found else b""

    async def purge_events(self, before: float, limit: int) -> int:
        sql = (
            "delete from event where id in"
            " (select id from event where recorded_at < ? order by recorded_at limit ?)"
        )
        return self._execute(sql, (before, limit)).rowcount

    async def roster_row(self, login_id: str) -> RosterRow | None:
        return sqlite_rows.roster_row(self._query, login_id)

    async def save_roster_row(self, row: RosterRow) -> None:
        values = (row.login_id, row.team_id, row.name, row.extension, row.state, row.updated_at)
        self._execute(
            "insert or replace into roster values (?, ?, ?, ?, ?, ?, ?)", (*values, row.state_since)
        )

    async def add_outage(self, started_at: float, ended_at: float) -> None:
        self._execute("insert into outage values (?, ?)", (started_at, ended_at))

    async def was_outage(self, at: float, margin: float) -> bool:
        sql = "select 1 from outage where ended_at >= ? and started_at <= ? limit 1"
        return bool(self._query(sql, (at - margin, at + margin)))

    async def purge_outages(self, before: float) -> None:
        self._execute("delete from outage where ended_at < ?", (before,))

    async def acquire_lease(self, name: str, worker: str, now: float, seconds: float) -> bool:
        sql = (
            "insert into lease values (?, ?, ?) on conflict (name) do update"
            " set worker = excluded.worker, expires_at = excluded.expires_at"
            " where worker = excluded.worker or expires_at < ? or expires_at > ?"
        )
        latest = now + seconds
        return self._execute(sql, (name, worker, latest, now, latest)).rowcount == 1
