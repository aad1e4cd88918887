"""The store in one SQLite file, which the workers of one machine share."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from callcard.errors import OperatorError
from callcard.store.base import (
    ALL_CALLS,
    AuditRow,
    Callback,
    DeliveryShare,
    DeliveryStatus,
    JournalRow,
    ListedNumberRow,
    RosterRow,
    Transaction,
)
from callcard.store.sqlite import Database, Execute, has_table
from callcard.store.sqlite_schema import MIGRATIONS

_RECORD = "id, document, status, last_report_at, due_at, attempts, problem, contact, sent"
_encode = msgspec.json.Encoder().encode
_decode_callback = msgspec.json.Decoder(Callback).decode

MIN_FREE_BYTES = 20 * 1024 * 1024
"""About 10,000 calls. With less the journal counts as unusable: somebody has to act now."""

Query = Callable[[str, Iterable[Any]], list[Any]]


class SqliteStore:
    """Implements `base.Store` on the file at `path`, created when it is missing."""

    def __init__(self, path: Path | str) -> None:
        if has_table(path, "record"):
            raise OperatorError(
                f"{path} is from an earlier Callcard: deliver its calls with that release, then "
                "remove it, or set journal.database to a new file"
            )
        self._database = Database(path, MIGRATIONS)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        async with self._database.transaction() as execute:
            yield _SqliteTransaction(execute)

    async def lease_expiry(self, name: str) -> float | None:
        rows = self._database.read("select expires_at from lease where name = ?", (name,))
        return float(rows[0][0]) if rows else None

    async def close(self) -> None:
        await self._database.close()

    # ---- call records

    async def journal_row(self, id: str) -> JournalRow | None:
        return _journal_row(self._database.read, id)

    async def find_journal_rows(
        self, dialogs: Iterable[str], call_key: str = ""
    ) -> list[JournalRow]:
        return _find_journal_rows(self._database.read, dialogs, call_key)

    async def is_never_logged(self, dialogs: Sequence[str]) -> bool:
        places = ", ".join("?" * len(dialogs))
        sql = f"select 1 from never_logged where dialog in ({places}) limit 1"  # noqa: S608 - only question marks
        return bool(self._database.read(sql, dialogs))

    async def contact_journal_rows(self, contact: str, limit: int) -> list[JournalRow]:
        # `contact != ''` is redundant, but SQLite uses the partial index only if it reads it.
        return self._records(
            "where contact = ? and contact != '' and status != 'delivered'"
            " order by last_report_at desc limit ?",
            (contact, limit),
        )

    async def due_journal_rows(
        self, now: float, limit: int, share: DeliveryShare = ALL_CALLS
    ) -> list[JournalRow]:
        # "0" is the character after "/": contacts of a source are source/id.
        is_of = "(contact >= ? || '/' and contact < ? || '0')"
        conditions, names = "", []
        if share.source:
            conditions, names = f" and {is_of}", [share.source]
        elif share.others:
            conditions, names = f" and not {is_of}" * len(share.others), list(share.others)
        return self._records(
            f"where status = 'due' and due_at <= ?{conditions} order by due_at, id limit ?",
            (now, *(name for name in names for _bound in range(2)), limit),
        )

    async def parked_journal_rows(self, limit: int) -> list[JournalRow]:
        return self._records("where status = 'parked' order by due_at desc, id limit ?", (limit,))

    async def count_by_status(self) -> dict[str, int]:
        # Without the delivered ones: there may be millions.
        sql = (
            "select status, count(*) from call_record"
            " where status in ('unverified', 'open', 'due', 'parked') group by status"
        )
        return dict(self._database.read(sql))

    async def oldest_due_at(self) -> float | None:
        rows = self._database.read("select min(due_at) from call_record where status = 'due'")
        return None if rows[0][0] is None else float(rows[0][0])

    async def check(self) -> None:
        self._database.check_space(MIN_FREE_BYTES)
        async with self.transaction() as tx:
            await tx.acquire_lease("check", "any", time.time(), 1.0)

    def _records(self, where: str, parameters: Iterable[Any]) -> list[JournalRow]:
        return _records(self._database.read, where, parameters)

    # ---- number lists and audit

    async def listed_number(self, list: str, number: str) -> ListedNumberRow | None:
        found = self._listed("where list = ? and number = ?", (list, number))
        return found[0] if found else None

    async def listed_numbers(self, list: str, limit: int) -> list[ListedNumberRow]:
        return self._listed("where list = ? order by added_at desc limit ?", (list, limit))

    def _listed(self, where: str, parameters: Iterable[Any]) -> list[ListedNumberRow]:
        columns = "list, number, given, reason, author, added_at"
        sql = f"select {columns} from listed_number {where}"  # noqa: S608 - constants of this module
        return [
            ListedNumberRow(
                list=name, number=number, given=given, reason=reason, author=author, added_at=added
            )
            for name, number, given, reason, author, added in self._database.read(sql, parameters)
        ]

    async def audit_rows(self, limit: int) -> list[AuditRow]:
        sql = (
            "select recorded_at, agent, action, number, detail from audit"
            " where id > 0 order by id desc limit ?"
        )
        names = ("recorded_at", "agent", "action", "number", "detail")
        rows = self._database.read(sql, (limit,))
        return [AuditRow(**dict(zip(names, row, strict=True))) for row in rows]

    # ---- callbacks and roster

    async def callback(self, id: str) -> Callback | None:
        return _callback(self._database.read, id)

    async def open_callbacks(self, agent: str, limit: int) -> list[Callback]:
        sql = (
            "select document from callback where agent = ? and status = 'open'"
            " order by due_at, id limit ?"
        )
        return [
            _decode_callback(document) for (document,) in self._database.read(sql, (agent, limit))
        ]

    async def roster(self, team_id: str, since: float) -> list[RosterRow]:
        sql = (
            "select login_id, team_id, name, extension, state, updated_at from roster"
            " where team_id = ? and updated_at >= ?"
        )
        return [
            RosterRow(
                login_id=login,
                team_id=team,
                name=name,
                extension=extension,
                state=state,
                updated_at=updated,
            )
            for login, team, name, extension, state, updated in self._database.read(
                sql, (team_id, since)
            )
        ]


class _SqliteTransaction:
    def __init__(self, execute: Execute) -> None:
        self._execute = execute

    def _query(self, sql: str, parameters: Iterable[Any]) -> list[Any]:
        return self._execute(sql, parameters).fetchall()

    # ---- call records

    async def journal_row(self, id: str) -> JournalRow | None:
        return _journal_row(self._query, id)

    async def find_journal_rows(
        self, dialogs: Iterable[str], call_key: str = ""
    ) -> list[JournalRow]:
        return _find_journal_rows(self._query, dialogs, call_key)

    async def save_journal_row(self, row: JournalRow) -> None:
        self._execute(
            "insert into call_record"
            " (id, document, status, last_report_at, due_at, attempts, problem, contact, sent)"
            " values (?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " on conflict (id) do update set document = excluded.document,"
            " status = excluded.status, last_report_at = excluded.last_report_at,"
            " due_at = excluded.due_at, attempts = excluded.attempts,"
            " problem = excluded.problem, contact = excluded.contact, sent = excluded.sent",
            (
                row.id,
                row.document,
                row.status,
                row.last_report_at,
                row.due_at,
                row.attempts,
                row.problem,
                row.contact,
                row.sent,
            ),
        )
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
        due = _records(self._query, where, (now, limit))
        known = {row.id for row in due}
        silent = self._silent("unverified", before, limit)
        return due + [row for row in silent if row.id not in known]

    def _silent(self, status: DeliveryStatus, before: float, limit: int) -> list[JournalRow]:
        # The status as a constant: SQLite uses the partial index only if it reads it.
        where = f"where status = '{status}' and last_report_at <= ? order by last_report_at limit ?"
        return _records(self._query, where, (before, limit))

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
        return _records(self._query, where, (problem, before, limit))

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

    async def save_listed_number(self, row: ListedNumberRow) -> None:
        self._execute(
            "insert or replace into listed_number values (?, ?, ?, ?, ?, ?)",
            (row.list, row.number, row.given, row.reason, row.author, row.added_at),
        )

    async def delete_listed_number(self, list: str, number: str) -> bool:
        sql = "delete from listed_number where list = ? and number = ?"
        return self._execute(sql, (list, number)).rowcount == 1

    async def add_audit_row(self, row: AuditRow) -> None:
        self._execute(
            "insert into audit (recorded_at, agent, action, number, detail) values (?, ?, ?, ?, ?)",
            (row.recorded_at, row.agent, row.action, row.number, row.detail),
        )

    # ---- callbacks, roster, leases

    async def callback(self, id: str) -> Callback | None:
        return _callback(self._query, id)

    async def save_callback(self, callback: Callback) -> None:
        self._execute(
            "insert or replace into callback values (?, ?, ?, ?, ?)",
            (callback.id, callback.agent, callback.status, callback.due_at, _encode(callback)),
        )

    async def save_roster_row(self, row: RosterRow) -> None:
        self._execute(
            "insert or replace into roster values (?, ?, ?, ?, ?, ?)",
            (row.login_id, row.team_id, row.name, row.extension, row.state, row.updated_at),
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


def _records(query: Query, where: str, parameters: Iterable[Any]) -> list[JournalRow]:
    sql = f"select {_RECORD} from call_record {where}"  # noqa: S608 - constants of this module
    return [_row(row) for row in query(sql, parameters)]


def _journal_row(query: Query, id: str) -> JournalRow | None:
    where = "where id = coalesce((select record from merged_record where id = ?), ?)"
    rows = _records(query, where, (id, id))
    return rows[0] if rows else None


def _find_journal_rows(query: Query, dialogs: Iterable[str], call_key: str) -> list[JournalRow]:
    # Never an empty list: SQLite plans a scan for one.
    ids = [each for each in dialogs if each] or [""]
    places = ", ".join("?" * len(ids))
    where = (
        f"where id in (select record from dialog where dialog in ({places})"  # noqa: S608 - only question marks
        " union select record from dialog where call_key = ? and call_key != '')"
        " order by last_report_at desc limit 20"
    )
    return _records(query, where, (*ids, call_key))


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


def _callback(query: Query, id: str) -> Callback | None:
    rows = query("select document from callback where id = ?", (id,))
    return _decode_callback(rows[0][0]) if rows else None
