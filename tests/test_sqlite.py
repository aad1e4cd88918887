"""The shared SQLite database: group commit, rollback of one body, locks, failures, migrations."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from callcard.errors import SourceUnavailable, StoreUnavailable
from callcard.store.sqlite import Database

pytestmark = pytest.mark.anyio

SCHEMA = ("create table item (name text primary key, size integer not null)",)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(tmp_path / "items.sqlite", SCHEMA, lock_seconds=0.2)
    yield opened
    await opened.close()


async def insert(database: Database, name: str) -> None:
    async with database.transaction() as execute:
        execute("insert into item values (?, ?)", (name, 1))


def names(database: Database) -> set[str]:
    return {row[0] for row in database.read("select name from item")}


async def test_transaction_is_on_disk_when_it_ends(tmp_path: Path, database: Database) -> None:
    await insert(database, "a")
    with sqlite3.connect(tmp_path / "items.sqlite") as other:
        assert other.execute("select name from item").fetchall() == [("a",)]
    other.close()


async def test_waiting_transactions_are_committed_together(database: Database) -> None:
    commits = []
    database._writer.set_trace_callback(
        lambda sql: commits.append(sql) if sql == "commit" else None
    )
    await asyncio.gather(*(insert(database, str(number)) for number in range(200)))
    assert len(names(database)) == 200
    assert len(commits) <= 3


async def test_failing_body_undoes_only_its_own_statements(database: Database) -> None:
    async def fail() -> None:
        async with database.transaction() as execute:
            execute("insert into item values ('lost', 1)")
            raise ValueError("a defect")

    results = await asyncio.gather(
        insert(database, "a"), fail(), insert(database, "b"), return_exceptions=True
    )
    assert [type(result) for result in results] == [type(None), ValueError, type(None)]
    assert names(database) == {"a", "b"}


async def test_cancelled_transaction_does_not_hold_up_the_others(database: Database) -> None:
    tasks = [asyncio.create_task(insert(database, str(number))) for number in range(20)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await insert(database, "last")
    assert {"1", "3", "19", "last"} <= names(database)


async def test_constraint_violation_fails_only_its_own_transaction(database: Database) -> None:
    await insert(database, "a")
    with pytest.raises(StoreUnavailable, match="UNIQUE"):
        await insert(database, "a")
    await insert(database, "b")
    assert names(database) == {"a", "b"}


async def test_second_process_waits_for_the_lock(tmp_path: Path, database: Database) -> None:
    other = sqlite3.connect(tmp_path / "items.sqlite", isolation_level=None)
    other.execute("begin immediate")
    asyncio.get_running_loop().call_later(0.05, other.execute, "commit")
    await insert(database, "a")
    other.execute("begin immediate")
    with pytest.raises(StoreUnavailable, match="is busy"):
        await insert(database, "b")
    other.execute("commit")
    other.close()
    await insert(database, "c")
    assert names(database) == {"a", "c"}


async def test_full_disk_stores_no_row_of_a_failed_transaction(database: Database) -> None:
    pages = database.read("pragma page_count")[0][0]
    database.execute_blocking(f"pragma max_page_count = {pages}")

    async def insert_much(name: str) -> None:
        async with database.transaction() as execute:
            execute("insert into item values (?, 1)", (name * 20_000,))

    results = await asyncio.gather(*(insert_much(name) for name in "abcd"), return_exceptions=True)
    failed = [name for name, result in zip("abcd", results, strict=True) if result is not None]
    assert failed
    assert all(isinstance(result, StoreUnavailable) for result in results if result)
    assert names(database).isdisjoint(name * 20_000 for name in failed)
    database.execute_blocking("pragma max_page_count = 100000")
    await insert(database, "again")
    assert "again" in names(database)


async def test_close_waits_for_the_commit(tmp_path: Path) -> None:
    database = Database(tmp_path / "closing.sqlite", SCHEMA)
    writing = asyncio.create_task(insert(database, "a"))
    await asyncio.sleep(0)
    await database.close()
    with suppress(StoreUnavailable):
        await writing
    with sqlite3.connect(tmp_path / "closing.sqlite") as other:
        assert other.execute("select count(*) from item").fetchone() == (1,)
    other.close()


def test_file_of_a_newer_release_is_refused(tmp_path: Path) -> None:
    Database(tmp_path / "new.sqlite", (*SCHEMA, "create table more (name)")).close_blocking()
    with pytest.raises(SourceUnavailable, match="newer release"):
        Database(tmp_path / "new.sqlite", SCHEMA, unavailable=SourceUnavailable)


def test_blocking_transaction_commits_and_rolls_back(tmp_path: Path) -> None:
    database = Database(tmp_path / "import.sqlite", SCHEMA)
    with database.transaction_blocking() as execute:
        execute("insert into item values ('a', 1)")
    with (
        pytest.raises(StoreUnavailable, match="UNIQUE"),
        database.transaction_blocking() as execute,
    ):
        # 'b' goes in first: the rollback has something to undo.
        execute("insert into item values ('b', 1), ('a', 1)")
    assert names(database) == {"a"}
    database.close_blocking()
