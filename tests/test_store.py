"""The store's own file: every question finds its answer by an index, however much there is; older files are brought along."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from callcard.errors import StoreUnavailable
from callcard.journal.call_record import ContactChosen, Leg, Part, Record
from callcard.store import sqlite_store
from callcard.store.sqlite_store import Callback, Kept, Listed, Store, Writing

pytestmark = pytest.mark.anyio

RECORD = Record(
    id="one",
    legs=(Leg(dialog="1", key="5:1"),),
    named=("2",),
    parts=(Part(agent="1001"),),
    contact=ContactChosen(source="local", id="7"),
)
CALLBACK = Callback(
    id="c",
    agent="1001",
    status="open",
    at="",
    number="+12125550123",
    name="",
    contact="",
    note="",
    created="",
)


def ask_everything(store: Store) -> None:
    store.get("one")
    store.candidates(["1", "2"], "5:1")
    store.of_contact("local/7", 10)
    store.due(1.0, 10)
    store.parked(10)
    store.counts()
    store.listed("never-log", "+1")
    store.list_numbers("never-log", 10)
    store.callback("c")
    store.callbacks("1001", 10)


def do_everything(writing: Writing) -> None:
    kept = Kept(record=RECORD, status="due", heard=1.0, due=1.0)
    writing.put(kept)
    writing.get("one")
    writing.candidates(["1"], "5:1")
    writing.delivered(RECORD)
    writing.failed("one", "away")
    writing.overtaken("one", 3)
    writing.park("one", "refused")
    writing.silent(1.0, 10)
    writing.list_number(
        Listed(name="never-log", number="+1", given="1", reason="", author="", at=1.0)
    )
    writing.unlist_number("never-log", "+1")
    writing.audit("1001", "did", "+1")
    writing.put_callback(CALLBACK)
    writing.callback("c")
    writing.take_duty("sweep", "me", 1.0)
    writing.move("two", "one")
    writing.forget(10.0, 10)
    writing.put(Kept(record=RECORD, status="delivered", heard=1.0))
    writing.forget(10.0, 10)
    writing.drop("one")


async def test_no_question_looks_through_a_whole_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path / "calls.sqlite")
    asked: list[tuple[str, tuple[Any, ...]]] = []

    def noting(execute: Callable[..., Any]) -> Callable[..., Any]:
        def note(sql: str, values: Any = ()) -> Any:
            asked.append((sql, tuple(values)))
            return execute(sql, tuple(values))

        return note

    monkeypatch.setattr(store, "_read", noting(store._read))
    ask_everything(store)
    await store.write(lambda writing: do_everything(Writing(noting(writing._execute), store.clock)))
    with sqlite3.connect(tmp_path / "calls.sqlite") as reader:
        for sql, values in asked:
            plan = [row[3] for row in reader.execute(f"explain query plan {sql}", values)]
            assert not [
                step for step in plan if step.startswith("SCAN") and "CONSTANT" not in step
            ], f"{sql}\\n{plan}"
    assert len(asked) > 25
    store.close()


async def test_the_crm_has_what_has_not_changed_since_even_if_an_older_callcard_wrote_it_down(
    tmp_path: Path,
) -> None:
    store = Store(tmp_path / "calls.sqlite")
    old = replace(RECORD, named=())
    await store.write(partial(Writing.put, kept=Kept(record=old, status="due", heard=1.0, due=1.0)))
    fewer = msgspec.json.encode(
        {k: v for k, v in msgspec.to_builtins(old).items() if k != "named"}
    )  # which it did not have
    await store.write(lambda writing: writing._execute("update record set doc = ?", (fewer,)))
    (kept,) = store.due(2.0, 10)
    assert not await store.write(partial(Writing.delivered, record=replace(old, queue="Support")))
    assert await store.write(partial(Writing.delivered, record=kept.record))
    assert store.due(2.0, 10) == []
    store.close()


async def test_what_is_old_is_forgotten_with_what_became_part_of_it(tmp_path: Path) -> None:
    store = Store(tmp_path / "calls.sqlite")
    await store.write(partial(Writing.put, kept=Kept(record=RECORD, status="delivered", heard=5.0)))
    await store.write(partial(Writing.move, gone="two", into="one"))
    assert store.get("two") == store.get("one")
    await store.write(partial(Writing.forget, before=5.0, limit=10))
    assert store.get("two")
    await store.write(partial(Writing.forget, before=6.0, limit=10))
    assert store.get("two") is None
    assert store._read("select * from moved", ()) == store._read("select * from leg", ()) == []
    store.close()


async def test_a_file_of_the_first_version_is_brought_along_and_one_of_a_later_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "calls.sqlite"
    with monkeypatch.context() as before:
        before.setattr(sqlite_store, "_MIGRATIONS", sqlite_store._MIGRATIONS[:1])
        Store(path).close()
    old = msgspec.json.encode(
        msgspec.to_builtins(CALLBACK) | {"status": "dialled", "team": "Sales", "call": ""}
    )
    with sqlite3.connect(path) as file:
        file.execute("insert into callback values ('c', '1001', 'Sales', 'dialled', '', ?)", (old,))
    file.close()
    store = Store(path)
    assert store.callbacks("1001", 10) == [CALLBACK], "it was dialled and never closed: it waits"
    store.close()
    monkeypatch.setattr(sqlite_store, "_MIGRATIONS", sqlite_store._MIGRATIONS[:1])
    with pytest.raises(StoreUnavailable, match="newer release"):
        Store(path)
