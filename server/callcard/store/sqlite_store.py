"""The store in one SQLite file, which the workers of one machine share."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from callcard.errors import OperatorError
from callcard.store import sqlite_rows
from callcard.store.api_keys import ApiKeyRow
from callcard.store.base import (
    ALL_CALLS,
    AuditRow,
    Callback,
    ContactChoice,
    DeliveryShare,
    EventRow,
    JournalRow,
    ListEntryRow,
    RosterRow,
    Transaction,
)
from callcard.store.coaching import CoachingMessage
from callcard.store.sqlite import Database, has_table
from callcard.store.sqlite_schema import MIGRATIONS
from callcard.store.sqlite_transaction import SqliteTransaction

MIN_FREE_BYTES = 20 * 1024 * 1024
"""About 10,000 calls. With less the journal counts as unusable: somebody has to act now."""


MAX_ROWID = 2**63 - 1


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
            yield SqliteTransaction(execute)

    async def lease_expiry(self, name: str) -> float | None:
        rows = self._database.read("select expires_at from lease where name = ?", (name,))
        return float(rows[0][0]) if rows else None

    async def close(self) -> None:
        await self._database.close()

    # ---- call records

    async def journal_row(self, id: str) -> JournalRow | None:
        return sqlite_rows.journal_row(self._database.read, id)

    async def find_journal_rows(
        self, dialogs: Iterable[str], call_key: str = ""
    ) -> list[JournalRow]:
        return sqlite_rows.find_journal_rows(self._database.read, dialogs, call_key)

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

    async def number_journal_rows(self, digits: str, limit: int) -> list[JournalRow]:
        return self._records(
            "where contact = ? and contact != '' order by last_report_at desc limit ?",
            (f"/{digits}", limit),
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

    async def open_journal_rows(self, limit: int) -> list[JournalRow]:
        where = "where status = 'open' order by last_report_at desc limit ?"
        return self._records(where, (limit,))

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
        return sqlite_rows.records(self._database.read, where, parameters)

    # ---- number lists and audit

    async def list_entries_with(self, numbers: Sequence[str]) -> list[ListEntryRow]:
        return sqlite_rows.list_entries_with(self._database.read, numbers)

    async def list_entry(self, id: str) -> list[ListEntryRow]:
        return sqlite_rows.list_entry(self._database.read, id)

    async def list_entries(
        self, list: str, limit: int, before: int | None = None, *, proposed_only: bool = False
    ) -> list[tuple[int, ListEntryRow]]:
        proposed = " and state = 'proposed'" if proposed_only else ""
        where = f"where list = ? and position < ?{proposed} order by position desc limit ?"
        return self._list_entries(where, (list, MAX_ROWID if before is None else before, limit))

    async def count_proposals(self) -> dict[str, int]:
        # `list > ''` is true, but lets SQLite search the partial index.
        sql = (
            "select list, count(*) from list_entry"
            " where state = 'proposed' and list > '' group by list"
        )
        return dict(self._database.read(sql))

    def _list_entries(
        self, where: str, parameters: Iterable[Any]
    ) -> list[tuple[int, ListEntryRow]]:
        return sqlite_rows.list_entries(self._database.read, where, parameters)

    async def audit_rows(self, limit: int) -> list[AuditRow]:
        sql = (
            "select recorded_at, agent, action, number, detail from audit"
            " where id > 0 order by id desc limit ?"
        )
        names = ("recorded_at", "agent", "action", "number", "detail")
        rows = self._database.read(sql, (limit,))
        return [AuditRow(**dict(zip(names, row, strict=True))) for row in rows]

    # ---- API keys, contact choices, callbacks and roster

    async def api_key(self, id: str) -> ApiKeyRow | None:
        rows = sqlite_rows.api_keys(self._database.read, "where id = ?", (id,))
        return rows[0] if rows else None

    async def api_keys(self) -> list[ApiKeyRow]:
        found = sqlite_rows.api_keys(self._database.read, "where id > ''", ())
        return sorted(found, key=lambda row: (row.created_at, row.id))

    async def contact_choice(self, number: str) -> ContactChoice | None:
        return sqlite_rows.contact_choice(self._database.read, number)

    async def callback(self, id: str) -> Callback | None:
        return sqlite_rows.callback(self._database.read, id)

    async def open_callbacks(self, agent: str, limit: int) -> list[Callback]:
        sql = (
            "select document from callback where agent = ? and status = 'open'"
            " order by due_at, id limit ?"
        )
        rows = self._database.read(sql, (agent, limit))
        return [sqlite_rows.decode_callback(document) for (document,) in rows]

    async def coaching_messages(
        self, agent: str, since: float, limit: int
    ) -> list[CoachingMessage]:
        sql = (
            "select document from coaching_message where agent = ? and sent_at >= ?"
            " order by sent_at desc limit ?"
        )
        rows = self._database.read(sql, (agent, since, limit))
        return [sqlite_rows.decode_coaching(document) for (document,) in rows]

    async def has_unread_coaching(self, agent: str) -> bool:
        sql = "select 1 from coaching_message where agent = ? and is_read = 0 limit 1"
        return bool(self._database.read(sql, (agent,)))

    async def events_after(self, id: int, limit: int) -> list[EventRow]:
        return sqlite_rows.events_after(self._database.read, id, limit)

    async def event_range(self) -> tuple[int, int]:
        oldest = self._database.read("select min(id) from event")[0][0]
        last = self._database.read("select seq from sqlite_sequence where name = 'event'")
        last_id = int(last[0][0]) if last else 0
        return (last_id + 1 if oldest is None else int(oldest)), last_id

    async def roster_row(self, login_id: str) -> RosterRow | None:
        return sqlite_rows.roster_row(self._database.read, login_id)

    async def roster(self, team_id: str | None, since: float) -> list[RosterRow]:
        if team_id is None:
            return sqlite_rows.roster(self._database.read, "where updated_at >= ?", (since,))
        where = "where team_id = ? and updated_at >= ?"
        return sqlite_rows.roster(self._database.read, where, (team_id, since))
