"""The store in one SQLite file, which several workers may share.

Writes are on disk when they are answered: one thread takes all that wait and commits them together, so that a sync to disk is paid
once for many. Reads are keyed, and run in the event loop.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from callcard.errors import StoreUnavailable
from callcard.journal.call_record import Record
from callcard.store.sqlite import migrate

_T = TypeVar("_T")
Status = Literal["open", "due", "delivered", "parked"]
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Record).decode

_MIGRATIONS = (
    """
    create table record (
        id text primary key,
        doc blob not null,                  -- callcard.journal.call_record.Record, as JSON
        status text not null,               -- open, due (the CRM must hear of it), delivered, parked (it does not want it)
        heard real not null,                -- when a desktop last told of it
        due real,                           -- from when the CRM may hear of it
        tries integer not null default 0,   -- that failed while other records were taken
        problem text not null default '',   -- why it is parked or tried again
        contact text not null default ''    -- source/id
    ) without rowid;
    create index record_status on record (status, due);
    create index record_contact on record (contact) where contact != '';
    create table leg (
        dialog text not null,
        key text not null,
        record text not null references record on delete cascade,
        primary key (dialog, record)
    ) without rowid;
    create index leg_key on leg (key) where key != '';
    create index leg_record on leg (record);
    create table moved (id text primary key, record text not null) without rowid; -- two records that turned out to be one call
    create table listed (
        list text not null, number text not null,       -- E.164, or the digits of an internal number
        given text not null, reason text not null, author text not null, at real not null,
        primary key (list, number)
    ) without rowid;
    create table audit (
        id integer primary key,
        at real not null, agent text not null, what text not null, number text not null, detail text not null
    );
    create table callback (
        id text primary key, agent text not null, team text not null, status text not null, at text not null, doc blob not null
    ) without rowid;
    create index callback_agent on callback (agent, status, at);
    create table duty (name text primary key, worker text not null, until real not null) without rowid;  -- what one does for all
    """,
    # a callback waits until the customer is reached, however often they are dialled
    """
    alter table callback drop column team;
    update callback set status = 'open', doc = cast(replace(cast(doc as text), '"status":"dialled"', '"status":"open"') as blob)
        where status = 'dialled';
    """,
    # what is old is found without looking at the rest
    """
    create index record_delivered on record (heard) where status = 'delivered';
    create index moved_record on moved (record);
    """,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A record and how far it is on its way to the CRM."""

    record: Record
    status: Status
    heard: float
    due: float | None = None
    tries: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A number on one of the lists, by whom and why; `at` in seconds since the epoch."""

    name: str
    """The list's."""
    number: str
    given: str
    reason: str
    author: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    at: float
    agent: str
    what: str
    number: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """A customer who is to be called. `at` is when, ISO 8601 in UTC, or empty: when there is time."""

    id: str
    agent: str
    status: Literal["open", "done", "cancelled"]
    at: str
    number: str
    name: str
    contact: str
    """source/id, or empty."""
    note: str
    created: str
    display: str = ""
    """The number as people write it."""
    state_before: str = ""
    """The agent's before they dialled, to be restored when the call is over; empty when it stays."""
    reason: str = ""
    """The id of the Not Ready reason that was set for it."""
    tried: str = ""
    """When it was last dialled; empty when it never was."""


class Store:
    """The file at `path`, made when it is missing. Every method raises StoreUnavailable when the file can't be used.

    What is written is written by a function over a `Writing`, which runs in a transaction of its own: all of it, or nothing.
    """

    def __init__(self, path: Path | str, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self._path = str(path)
        try:
            self._writer = self._connect()
            migrate(self._writer, _MIGRATIONS)
            self._reader = self._connect()
            self._reader.execute("pragma query_only = on")
        except sqlite3.Error as error:
            raise StoreUnavailable(f"The store {path} can't be opened: {error}") from error
        self._waiting: queue.SimpleQueue[tuple[Callable[[Writing], Any], Future[Any]] | None] = (
            queue.SimpleQueue()
        )
        self._thread = threading.Thread(target=self._write_all, name="store", daemon=True)
        self._thread.start()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=5.0, isolation_level=None, check_same_thread=False
        )
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = full")  # what was answered outlives a power cut
        connection.execute("pragma foreign_keys = on")
        return connection

    def close(self) -> None:
        """Once everything that waits is written."""
        self._waiting.put(None)
        self._thread.join()
        self._reader.close()
        self._writer.close()

    # ---- writing

    async def write(self, change: Callable[[Writing], _T]) -> _T:
        """Do `change` and answer what it answers, once it is on disk."""
        done: Future[_T] = Future()
        self._waiting.put((change, done))
        return await asyncio.wrap_future(done)

    def _write_all(self) -> None:
        while (first := self._waiting.get()) is not None:
            batch = [first]
            while len(batch) < 200 and not self._waiting.empty():
                following = self._waiting.get()
                if following is None:
                    self._waiting.put(None)  # the end, once this is written
                    break
                batch.append(following)
            self._commit(batch)

    def _commit(self, batch: list[tuple[Callable[[Writing], Any], Future[Any]]]) -> None:
        writing = Writing(self._writer.execute, self.clock)
        answers: list[tuple[Future[Any], Any, BaseException | None]] = []
        try:
            self._writer.execute("begin immediate")
            for change, done in batch:
                self._writer.execute("savepoint one")
                try:
                    answers.append((done, change(writing), None))
                except Exception as error:
                    self._writer.execute("rollback to one")
                    answers.append((done, None, error))
                self._writer.execute("release one")
            self._writer.execute("commit")
        except sqlite3.Error as error:
            if self._writer.in_transaction:
                self._writer.execute("rollback")
            answers = [(done, None, error) for _change, done in batch]
        for done, answer, failed in answers:
            if done.set_running_or_notify_cancel():
                if failed is None:
                    done.set_result(answer)
                else:
                    done.set_exception(_reported(failed))

    # ---- reading

    def get(self, id: str) -> Kept | None:
        """The record `id`, or the one that it has become part of."""
        return _found(self._read, id)

    def candidates(self, dialogs: Iterable[str], key: str = "") -> list[Kept]:
        """Records that have been one of `dialogs` or name it, or have the call key `key`, newest first. Ids are used again."""
        sql, values = _candidates(dialogs, key)
        return [_kept(row) for row in self._read(sql, values)]

    def of_contact(self, contact: str, limit: int) -> list[Kept]:
        """The newest records of a contact (`source/id`) of which the CRM has not heard yet."""
        where = "contact = ? and contact != '' and status != 'delivered'"  # said twice, or the index on it is not used
        sql = f"select {_COLUMNS} from record where {where} order by heard desc limit ?"  # noqa: S608 - constant
        return [_kept(row) for row in self._read(sql, (contact, limit))]

    def due(self, now: float, limit: int) -> list[Kept]:
        """What the CRM must hear of at `now`, the longest waiting first."""
        sql = f"select {_COLUMNS} from record where status = 'due' and due <= ? order by due, id limit ?"  # noqa: S608 - constant
        return [_kept(row) for row in self._read(sql, (now, limit))]

    def parked(self, limit: int) -> list[Kept]:
        """What the CRM does not take, the newest first."""
        sql = f"select {_COLUMNS} from record where status = 'parked' order by due desc, id limit ?"  # noqa: S608 - constant
        return [_kept(row) for row in self._read(sql, (limit,))]

    def counts(self) -> dict[str, int]:
        """Records on their way to the CRM, by status. Of those delivered there may be millions."""
        sql = "select status, count(*) from record where status in ('open', 'due', 'parked') group by status"
        return dict(self._read(sql, ()))

    def listed(self, name: str, number: str) -> Listed | None:
        return next(iter(self._listed("where list = ? and number = ?", (name, number))), None)

    def list_numbers(self, name: str, limit: int) -> list[Listed]:
        return self._listed("where list = ? order by at desc limit ?", (name, limit))

    def _listed(self, where: str, values: tuple[Any, ...]) -> list[Listed]:
        sql = f"select list, number, given, reason, author, at from listed {where}"  # noqa: S608 - constant
        rows = self._read(sql, values)
        return [
            Listed(name=n, number=e, given=g, reason=r, author=a, at=at)
            for n, e, g, r, a, at in rows
        ]

    def audited(self, limit: int) -> list[Audited]:
        """The last things done, newest first."""
        rows = self._read(
            "select at, agent, what, number, detail from audit order by id desc limit ?", (limit,)
        )
        return [
            Audited(at=at, agent=agent, what=what, number=number, detail=detail)
            for at, agent, what, number, detail in rows
        ]

    def callback(self, id: str) -> Callback | None:
        return next(
            (
                _decode_callback(row[0])
                for row in self._read("select doc from callback where id = ?", (id,))
            ),
            None,
        )

    def callbacks(self, agent: str, limit: int) -> list[Callback]:
        """Those of `agent` that are open, the first to be called first."""
        sql = "select doc from callback where agent = ? and status = 'open' order by at, id limit ?"
        return [_decode_callback(row[0]) for row in self._read(sql, (agent, limit))]

    def _read(self, sql: str, values: Iterable[Any]) -> list[Any]:
        try:
            return self._reader.execute(sql, tuple(values)).fetchall()
        except sqlite3.Error as error:
            raise _reported(error) from error


class Writing:
    """What a change may do, within its transaction."""

    def __init__(self, execute: Callable[..., sqlite3.Cursor], clock: Callable[[], float]) -> None:
        self._execute, self.clock = execute, clock

    def get(self, id: str) -> Kept | None:
        return _found(lambda sql, values: self._execute(sql, values).fetchall(), id)

    def candidates(self, dialogs: Iterable[str], key: str) -> list[Kept]:
        sql, values = _candidates(dialogs, key)
        return [_kept(row) for row in self._execute(sql, values)]

    def put(self, kept: Kept) -> None:
        record = kept.record
        contact = f"{record.contact.source}/{record.contact.id}" if record.contact else ""
        values = (
            record.id,
            _encode(record),
            kept.status,
            kept.heard,
            kept.due,
            kept.tries,
            kept.problem,
            contact,
        )
        self._execute(
            "insert into record (id, doc, status, heard, due, tries, problem, contact) values (?, ?, ?, ?, ?, ?, ?, ?)"
            " on conflict (id) do update set doc = excluded.doc, status = excluded.status, heard = excluded.heard,"
            " due = excluded.due, tries = excluded.tries, problem = excluded.problem, contact = excluded.contact",
            values,
        )
        for leg in record.legs:
            self._execute(
                "insert or replace into leg values (?, ?, ?)", (leg.dialog, leg.key, record.id)
            )
        for dialog in record.named:
            self._execute("insert or ignore into leg values (?, '', ?)", (dialog, record.id))

    def drop(self, id: str) -> None:
        """A record that must not be kept."""
        self._execute("delete from record where id = ?", (id,))

    def move(self, gone: str, into: str) -> None:
        """The record `gone` has become part of the record `into`."""
        self._execute("delete from record where id = ?", (gone,))
        self._execute("insert or replace into moved values (?, ?)", (gone, into))
        self._execute("update moved set record = ? where record = ?", (into, gone))

    def delivered(self, record: Record) -> bool:
        """The CRM has `record`. False if it has changed since: the CRM must hear of it again."""
        kept = self.get(record.id)
        if kept is None or kept.status != "due" or kept.record != record:
            return False
        self._execute(
            "update record set status = 'delivered', problem = '', tries = 0 where id = ?",
            (record.id,),
        )
        return True

    def failed(self, id: str, problem: str) -> None:
        """The CRM was not to be had, or this call broke it: which, the others tell."""
        self._execute("update record set problem = ? where id = ?", (problem, id))

    def overtaken(self, id: str, most: int) -> None:
        """It failed while another was taken. The `most`th time it is parked."""
        self._execute("update record set tries = tries + 1 where id = ?", (id,))
        self._execute(
            "update record set status = 'parked' where id = ? and status = 'due' and tries >= ?",
            (id, most),
        )

    def park(self, id: str, problem: str) -> None:
        """Unless somebody has come back to it meanwhile: then it is not over, and the CRM is asked again."""
        self._execute(
            "update record set status = 'parked', problem = ? where id = ? and status = 'due'",
            (problem, id),
        )

    def silent(self, since: float, limit: int) -> list[Kept]:
        """Open records of which nobody told after `since`."""
        sql = f"select {_COLUMNS} from record where status = 'open' and heard <= ? order by heard limit ?"  # noqa: S608 - constant
        return [_kept(row) for row in self._execute(sql, (since, limit))]

    def list_number(self, listed: Listed) -> None:
        values = (listed.name, listed.number, listed.given, listed.reason, listed.author, listed.at)
        self._execute("insert or replace into listed values (?, ?, ?, ?, ?, ?)", values)

    def unlist_number(self, name: str, number: str) -> bool:
        return (
            self._execute(
                "delete from listed where list = ? and number = ?", (name, number)
            ).rowcount
            == 1
        )

    def audit(self, agent: str, what: str, number: str, detail: str = "") -> None:
        values = (self.clock(), agent, what, number, detail)
        self._execute(
            "insert into audit (at, agent, what, number, detail) values (?, ?, ?, ?, ?)", values
        )

    def callback(self, id: str) -> Callback | None:
        row = self._execute("select doc from callback where id = ?", (id,)).fetchone()
        return _decode_callback(row[0]) if row else None

    def put_callback(self, callback: Callback) -> None:
        values = (callback.id, callback.agent, callback.status, callback.at, _encode(callback))
        self._execute(
            "insert or replace into callback (id, agent, status, at, doc) values (?, ?, ?, ?, ?)",
            values,
        )

    def take_duty(self, name: str, worker: str, seconds: float) -> bool:
        """Whether `worker` is the one that does `name` now; nobody else is for `seconds`."""
        now = self.clock()
        sql = (
            "insert into duty values (?, ?, ?) on conflict (name) do update set worker = excluded.worker, until = excluded.until"
            " where worker = excluded.worker or until < ?"
        )
        return self._execute(sql, (name, worker, now + seconds, now)).rowcount == 1

    def forget(self, before: float, limit: int) -> None:
        """Delivered records that nothing was heard of since `before`: the CRM has them."""
        sql = "select id from record indexed by record_delivered where status = 'delivered' and heard < ? limit ?"
        for (id,) in self._execute(sql, (before, limit)).fetchall():
            self.drop(id)
            self._execute("delete from moved where record = ?", (id,))


_decode_callback = msgspec.json.Decoder(Callback).decode
_COLUMNS = "doc, status, heard, due, tries, problem"


def _kept(row: Any) -> Kept:
    doc, status, heard, due, tries, problem = row
    return Kept(
        record=_decode(doc), status=status, heard=heard, due=due, tries=tries, problem=problem
    )


def _candidates(dialogs: Iterable[str], key: str) -> tuple[str, tuple[str, ...]]:
    ids = [each for each in dialogs if each]
    sql = f"""select {_COLUMNS} from record where id in (
              select record from leg where dialog in ({", ".join("?" * len(ids))})
              union select record from leg where key = ? and key != '') order by heard desc limit 20"""  # noqa: S608 - only question marks
    return sql, (*ids, key)


def _found(read: Callable[[str, tuple[Any, ...]], list[Any]], id: str) -> Kept | None:
    sql = f"select {_COLUMNS} from record where id = coalesce((select record from moved where id = ?), ?)"  # noqa: S608 - constant
    return next((_kept(row) for row in read(sql, (id, id))), None)


def _reported(error: BaseException) -> BaseException:
    if isinstance(error, sqlite3.Error):
        return StoreUnavailable(f"Callcard's own data can't be used right now ({error}); try again")
    return error
