"""The store in an SQLite file: the contract, and an index for every query."""

from __future__ import annotations

import inspect
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from callcard.errors import OperatorError
from callcard.store.sqlite import Database
from callcard.store.sqlite_schema import MIGRATIONS
from callcard.store.sqlite_store import SqliteStore
from callcard.store.sqlite_transaction import SqliteTransaction
from tests.contracts import coaching_store, event_store
from tests.contracts import store as contract
from tests.contracts.coaching_store import CoachingStoreContract
from tests.contracts.event_store import EventStoreContract
from tests.contracts.store import StoreContract


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "calls.sqlite")
    yield opened
    await opened.close()


class TestSqliteStore(StoreContract, EventStoreContract, CoachingStoreContract):
    pass


@pytest.mark.anyio
async def test_no_query_scans_a_table(
    tmp_path: Path, store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    queries: list[tuple[str, tuple[Any, ...]]] = []
    read = Database.read
    execute = Database._execute

    def noting_read(self: Database, sql: str, parameters: Any = ()) -> Any:
        queries.append((sql, tuple(parameters)))
        return read(self, sql, tuple(parameters))

    def noting_execute(self: Database, sql: str, parameters: Any = ()) -> Any:
        queries.append((sql, tuple(parameters)))
        return execute(self, sql, tuple(parameters))

    monkeypatch.setattr(Database, "read", noting_read)
    monkeypatch.setattr(Database, "_execute", noting_execute)
    for name in dir(TestSqliteStore):
        if name.startswith("test_"):
            fresh = SqliteStore(tmp_path / f"{name}.sqlite")
            await getattr(TestSqliteStore(), name)(fresh)
            await fresh.close()
    assert len({sql for sql, _parameters in queries}) > 25
    with sqlite3.connect(tmp_path / "calls.sqlite") as connection:
        for sql, parameters in queries:
            plan = [row[3] for row in connection.execute(f"explain query plan {sql}", parameters)]
            scans = [
                step
                for step in plan
                if step.startswith("SCAN")
                and "CONSTANT" not in step
                and "sqlite_sequence" not in step  # has a row for each table
            ]
            assert not scans, f"{sql}\n{plan}"
    connection.close()


def test_contract_covers_every_method() -> None:
    source = "".join(map(inspect.getsource, (contract, event_store, coaching_store)))
    methods = [name for name in dir(SqliteTransaction) if not name.startswith("_")]
    methods += [name for name in dir(SqliteStore) if name[0] != "_"]
    assert {name for name in methods if f".{name}(" not in source} == {
        "close",
        "delete_journal_row",
    }


def test_file_of_an_earlier_callcard_is_refused_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "calls.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("create table record (id text primary key)")
    connection.close()
    with pytest.raises(OperatorError, match="from an earlier Callcard"):
        SqliteStore(path)


@pytest.mark.anyio
async def test_numbers_that_were_listed_before_stay_listed(tmp_path: Path) -> None:
    path = tmp_path / "calls.sqlite"
    with closing(sqlite3.connect(path)) as before:
        before.executescript(MIGRATIONS[0])
        before.execute("pragma user_version = 1")
        before.execute(
            "insert into listed_number values"
            " ('never-log', '+12125550123', '212 555 0123', 'asked for it', '2001', 5)"
        )
        before.commit()
    store = SqliteStore(path)
    (row,) = await store.list_entries_with(["+12125550123"])
    assert (row.list, row.given, row.reason) == ("never-log", "212 555 0123", "asked for it")
    assert (row.author, row.added_at, row.state) == ("2001", 5.0, "effective")
    assert await store.list_entry(row.id) == [row]
    await store.close()
