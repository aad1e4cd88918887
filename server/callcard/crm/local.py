"""Local contacts: one SQLite file, nothing to install.

Look-ups are keyed and run in the event loop: 12 µs there, 120 in a thread. A text search may take milliseconds and has a thread.
Writes go through one connection in a thread, because they may wait for another process that imports. Numbers are indexed by
their reversed digits alone: that index finds a whole number and its last digits at the same cost, from ten thousand contacts to
ten million.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from callcard.crm.base import (
    MATCHES,
    RECENT,
    CallLog,
    Case,
    Contact,
    ContactNumber,
    Interaction,
    Match,
    NewContact,
)
from callcard.errors import SourceUnavailable
from callcard.store.sqlite import migrate
from callcard.telephony import numbers
from callcard.telephony.numbers import Number
from callcard.text import fold

NAME = "local"

_T = TypeVar("_T")
_How = Literal["exact", "suffix"]
_Execute = Callable[..., sqlite3.Cursor]

_MIGRATIONS = (
    """
    create table contact (
        id integer primary key,
        key text not null unique,           -- what a second import or a repeated save recognises
        name text not null,
        company text not null default '',
        email text not null default '',
        url text not null default '',
        flags text not null default '[]'    -- JSON list
    );
    create table number (
        contact integer not null references contact on delete cascade,
        position integer not null,
        reversed text not null,             -- digits, last first; of the E.164 form if there is one
        e164 text,
        given text not null,
        label text not null default '',
        primary key (contact, position)
    ) without rowid;
    create index number_reversed on number (reversed);
    create virtual table contact_text using fts5 (
        words, tokenize = "unicode61 remove_diacritics 0", prefix = '2 3 4 5', detail = none, columnsize = 0
    );
    create table interaction (
        key text primary key,
        contact integer not null references contact on delete cascade,
        at text not null, kind text not null, direction text not null, subject text not null, agent text not null
    );
    create index interaction_recent on interaction (contact, at desc);
    create table service_case (
        id text primary key,
        contact integer not null references contact on delete cascade,
        subject text not null, status text not null, open integer not null, opened text not null, url text not null
    );
    create index service_case_contact on service_case (contact, open, opened desc);
    """,
    """
    create table logged (                   -- what Callcard has logged itself; the caller may be nobody that is known
        id text primary key,
        contact integer references contact on delete set null,
        number text not null, at text not null, direction text not null, subject text not null, agent text not null,
        details text not null               -- callcard.crm.base.CallLog, as JSON
    ) without rowid;
    create index logged_recent on logged (contact, at desc);
    create index logged_number on logged (number, at desc);
    """,
)


@dataclass(slots=True, kw_only=True)
class Entry:
    """A contact as it is written. None leaves what is stored; `key` tells whether it is stored."""

    key: str
    name: str | None = None
    company: str | None = None
    email: str | None = None
    url: str | None = None
    flags: Sequence[str] | None = None
    numbers: Sequence[tuple[Number, str]] | None = None
    """With their labels."""


@dataclass(slots=True)
class Written:
    added: int = 0
    updated: int = 0
    ids: list[int] = field(default_factory=list)


class LocalContacts:
    """The file at `path`, made when it is missing. `home` is the country of numbers written without a code; `patience` is how
    many seconds a write waits for its turn, and then for another process."""

    name = NAME

    def __init__(
        self, path: Path | str, *, home: str, suffix_digits: int, patience: float = 1.0
    ) -> None:
        self._path, self._home, self._suffix_digits, self._patience = (
            str(path),
            home,
            suffix_digits,
            patience,
        )
        try:
            self._writer = self._connect()
            migrate(self._writer, _MIGRATIONS)
            self._reader, self._searcher = self._connect(), self._connect()
            for connection in (self._reader, self._searcher):
                connection.execute("pragma query_only = on")
                connection.execute(
                    "pragma busy_timeout = 100"
                )  # in WAL mode reads do not wait anyway
        except sqlite3.Error as error:
            raise SourceUnavailable(f"The contacts file {path} can't be opened: {error}") from error
        self._writing = asyncio.Lock()
        self._searching = ThreadPoolExecutor(1, "search")

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=self._patience, isolation_level=None, check_same_thread=False
        )
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = full")  # what was saved outlives a power cut
        connection.execute("pragma foreign_keys = on")
        connection.execute(
            "pragma cache_size = -65536"
        )  # at most 64 MB, and only of what is touched: an import stays fast
        return connection

    def close(self) -> None:
        self._searching.shutdown()
        for connection in (self._reader, self._searcher, self._writer):
            connection.close()

    # ---- the source

    async def by_number(self, number: Number) -> list[Match]:
        with _reported():
            ids, how = self._ids_by_number(number)
            return [
                Match(how=how, contact=contact) for contact in self._contacts(self._ranked(ids))
            ]

    async def search(self, text: str, limit: int) -> list[Contact]:
        query = text_query(text)
        if not query:
            return []
        with _reported():
            ids = await asyncio.get_running_loop().run_in_executor(
                self._searching, self._found, query, fold(text), limit
            )
            return self._contacts(ids)

    def _found(self, query: str, start: str, limit: int) -> list[int]:
        # Ordering all that begins with two letters would read half the file: the best of the first few hundred are shown.
        sql = """select id, name, company from contact where id in
                 (select rowid from contact_text where contact_text match ? limit ?)"""
        found = self._searcher.execute(sql, (query, 10 * limit)).fetchall()
        found.sort(key=lambda row: (not fold(row[1]).startswith(start), fold(row[1]), row[2]))
        return [id for id, _name, _company in found[:limit]]

    async def get(self, id: str) -> Contact | None:
        if not re.fullmatch(r"\d{1,18}", id, re.ASCII):
            return None
        with _reported():
            return next(iter(self._contacts([int(id)])), None)

    async def by_key(self, key: str) -> Contact | None:
        """The contact that was imported under `key`: `id:` and the id of its source."""
        with _reported():
            row = self._reader.execute("select id from contact where key = ?", (key,)).fetchone()
            return self._contact(row[0]) if row else None

    async def by_reference(self, reference: str) -> Contact | None:
        with _reported():
            sql = "select id from contact where key = ? union all select contact from service_case where id = ? limit 1"
            row = self._reader.execute(sql, (f"id:{reference}", reference)).fetchone()
            return self._contact(row[0]) if row else None

    async def log(self, call: CallLog) -> None:
        await asyncio.shield(asyncio.create_task(self._alone(lambda: self.write_call(call))))

    async def create(self, contact: NewContact) -> Contact:
        entry = Entry(
            key=f"saved:{contact.key}",
            name=contact.name,
            company=contact.company,
            email=contact.email,
            numbers=[(number, "") for number in contact.numbers],
        )
        # Shielded: an asker who goes away must not free the connection under a thread that still writes.
        written = await asyncio.shield(
            asyncio.create_task(self._alone(lambda: self.write([entry])))
        )
        saved = await self.get(str(written.ids[0]))
        if saved is None:  # deleted between the two lines, by another process
            raise SourceUnavailable("The contact was saved, but can't be read back; search for it")
        return saved

    async def _alone(self, write: Callable[[], _T]) -> _T:
        try:
            async with asyncio.timeout(self._patience):
                await self._writing.acquire()
        except TimeoutError as error:
            raise SourceUnavailable(
                "Others are writing to the contacts right now; try again"
            ) from error
        try:
            with _reported():
                return await asyncio.to_thread(write)
        finally:
            self._writing.release()

    # ---- reading

    def _ids_by_number(self, number: Number) -> tuple[list[int], _How]:
        if not number.digits:
            return [], "exact"
        sql = "select distinct contact from number where reversed = ? and e164 is ? limit 200"
        ids = [row[0] for row in self._reader.execute(sql, (number.reversed, number.e164))]
        enough = self._suffix_digits and len(number.digits) >= self._suffix_digits
        if ids or not enough:
            return ids, "exact"
        start = number.reversed[: self._suffix_digits]
        # ':' follows '9': everything that begins with `start`.
        sql = "select distinct contact from number where reversed >= ? and reversed < ? limit 200"
        return [row[0] for row in self._reader.execute(sql, (start, start + ":"))], "suffix"

    def _ranked(self, ids: list[int]) -> list[int]:
        """Those spoken to last come first, then by name; the best MATCHES of them."""
        if len(ids) < 2:
            return ids
        sql = f"""select id from contact where id in ({_marks(ids)}) order by
                  (select max(at) from (select at from interaction where contact = contact.id
                   union all select at from logged where contact = contact.id)) desc nulls last, name = '', name, id limit ?"""  # noqa: S608 - only question marks are put in
        return [row[0] for row in self._reader.execute(sql, (*ids, MATCHES))]

    def _contacts(self, ids: Sequence[int]) -> list[Contact]:
        return [contact for id in ids if (contact := self._contact(id))]

    def _contact(self, id: int) -> Contact | None:
        execute = self._reader.execute
        row = execute(
            "select name, company, email, url, flags from contact where id = ?", (id,)
        ).fetchone()
        if row is None:
            return None
        name, company, email, url, flags = row
        told = execute(
            "select e164, given, label from number where contact = ? order by position", (id,)
        )
        past = execute(
            "select at, kind, direction, subject, agent from interaction where contact = ?"
            " union all select at, 'call', direction, subject, agent from logged where contact = ? order by at desc limit ?",
            (id, id, RECENT),
        )
        cases = execute(
            "select id, subject, status, opened, url from service_case where contact = ? and open order by opened desc limit 20",
            (id,),
        )
        return Contact(
            source=NAME,
            id=str(id),
            name=name,
            company=company,
            email=email,
            url=url,
            flags=tuple(json.loads(flags)),
            numbers=tuple(self._number(*row) for row in told),
            interactions=tuple(
                Interaction(at=at, kind=kind, direction=direction, subject=subject, agent=agent)
                for at, kind, direction, subject, agent in past
            ),
            cases=tuple(
                Case(id=id, subject=subject, status=status, opened=opened, url=url)
                for id, subject, status, opened, url in cases
            ),
        )

    def _number(self, e164: str | None, given: str, label: str) -> ContactNumber:
        shown = numbers.read(e164, self._home).display if e164 else given
        return ContactNumber(number=shown, label=label, e164=e164)

    # ---- writing (blocking; not in the event loop)

    def write(self, entries: Iterable[Entry]) -> Written:
        """Add each entry, or update the one stored under its key, all in one transaction."""
        written = Written()
        with self._transaction() as execute:
            for entry in entries:
                row = execute(
                    "select id, name, company from contact where key = ?", (entry.key,)
                ).fetchone()
                flags = (
                    None
                    if entry.flags is None
                    else json.dumps(list(entry.flags), ensure_ascii=False)
                )
                if row is None:
                    cursor = execute(
                        "insert into contact (key, name, company, email, url, flags) values (?, ?, ?, ?, ?, ?)",
                        (
                            entry.key,
                            entry.name or "",
                            entry.company or "",
                            entry.email or "",
                            entry.url or "",
                            flags or "[]",
                        ),
                    )
                    id, name, company = (
                        int(cursor.lastrowid or 0),
                        entry.name or "",
                        entry.company or "",
                    )
                    written.added += 1
                else:
                    id = row[0]
                    name = row[1] if entry.name is None else entry.name
                    company = row[2] if entry.company is None else entry.company
                    execute(
                        "update contact set name = ?, company = ?, email = coalesce(?, email), url = coalesce(?, url),"
                        " flags = coalesce(?, flags) where id = ?",
                        (name, company, entry.email, entry.url, flags, id),
                    )
                    execute("delete from contact_text where rowid = ?", (id,))
                    if entry.numbers is not None:
                        execute("delete from number where contact = ?", (id,))
                    written.updated += 1
                for position, (number, label) in enumerate(entry.numbers or ()):
                    execute(
                        "insert into number (contact, position, reversed, e164, given, label) values (?, ?, ?, ?, ?, ?)",
                        (id, position, number.reversed, number.e164, number.given.strip(), label),
                    )
                digits = self._digit_words(id, entry.numbers, execute)
                words = _spelt_out(f"{name} {company}") + " " + " ".join(digits)
                execute("insert into contact_text (rowid, words) values (?, ?)", (id, words))
                written.ids.append(id)
        return written

    def write_interactions(self, rows: Iterable[tuple[str, Interaction]]) -> tuple[int, list[int]]:
        """Add interactions, each with its contact's key. Answers how many, and the places of those whose contact is unknown."""
        sql = (
            "insert into interaction (key, at, kind, direction, subject, agent, contact) values (?, ?, ?, ?, ?, ?, ?)"
            " on conflict (key) do nothing"
        )
        values = (
            (key, (_digest(key, i.at, i.subject), i.at, i.kind, i.direction, i.subject, i.agent))
            for key, i in rows
        )
        return self._write_past(sql, values)

    def write_cases(self, rows: Iterable[tuple[str, Case, bool]]) -> tuple[int, list[int]]:
        """Add or update cases, each with its contact's key and whether it is open. Answers as `write_interactions`."""
        sql = (
            "insert into service_case (id, subject, status, open, opened, url, contact) values (?, ?, ?, ?, ?, ?, ?)"
            " on conflict (id) do update set contact = excluded.contact, subject = excluded.subject,"
            " status = excluded.status, open = excluded.open, opened = excluded.opened, url = excluded.url"
        )
        values = (
            (key, (c.id, c.subject, c.status, open, c.opened, c.url)) for key, c, open in rows
        )
        return self._write_past(sql, values)

    def write_call(self, call: CallLog) -> None:
        """Keep a call that Callcard has logged, in place of what it told before."""
        known = call.contact_source == NAME and call.contact.isdecimal()
        with self._transaction() as execute:
            sql = "insert or replace into logged values (?, (select id from contact where id = ?), ?, ?, ?, ?, ?, ?)"
            agent = next(
                (share.name or share.agent for share in call.agents if share.agent == call.owner),
                call.owner,
            )
            details = msgspec.json.encode(call).decode()
            contact = int(call.contact) if known else None
            execute(
                sql,
                (
                    call.id,
                    contact,
                    call.number,
                    call.began,
                    call.direction,
                    call.subject,
                    agent,
                    details,
                ),
            )

    def calls(self) -> Iterator[CallLog]:
        """Every call that was logged here, oldest first."""
        for (details,) in self._reader.execute("select details from logged order by at, id"):
            yield msgspec.json.decode(details, type=CallLog)

    def _write_past(
        self, sql: str, rows: Iterable[tuple[str, tuple[Any, ...]]]
    ) -> tuple[int, list[int]]:
        """Run `sql` for each row, whose last parameter is the id of the contact with the row's key."""
        count, unknown = 0, []
        with self._transaction() as execute:
            for place, (key, values) in enumerate(rows):
                row = execute("select id from contact where key = ?", (key,)).fetchone()
                if row is None:
                    unknown.append(place)
                    continue
                execute(sql, (*values, row[0]))
                count += 1
        return count, unknown

    def count(self) -> int:
        return int(self._reader.execute("select count(*) from contact").fetchone()[0])

    def _digit_words(
        self, id: int, given: Sequence[tuple[Number, str]] | None, execute: _Execute
    ) -> set[str]:
        """The beginnings under which a contact's numbers are found: with the country code, and as written at home."""
        if given is None:
            rows = execute(
                "select coalesce(e164, given) from number where contact = ?", (id,)
            ).fetchall()
            given = [(numbers.read(row[0], self._home), "") for row in rows]
        every = (
            (number.digits, number.national, number.national.lstrip("0"))
            for number, _label in given
        )
        return {digits for each in every for digits in each} - {""}

    @contextmanager
    def _transaction(self) -> Iterator[_Execute]:
        self._writer.execute("begin immediate")
        try:
            yield self._writer.execute
        except BaseException:
            self._writer.execute("rollback")
            raise
        self._writer.execute("commit")


def _spelt_out(text: str) -> str:
    """What is indexed of `text`: O'Brien is found as obrien, as brien and as o'b."""
    folded = fold(text)
    return f"{folded} {_APOSTROPHES.sub('', folded)}" if _APOSTROPHES.search(folded) else folded


_APOSTROPHES = re.compile("['’ʼ`]")


def text_query(text: str) -> str:
    """`text` as a full-text query: each word a prefix, all of them needed. Empty when no word is long enough."""
    text = text[:200]
    if re.fullmatch(r"\s*\+?[\d\s()./-]+", text):  # a number, however it is grouped
        digits = re.sub(r"\D", "", text)
        words = [digits.removeprefix("00") if digits.startswith("00") else digits]
    else:
        words = re.findall(r"[^\W_]+", _APOSTROPHES.sub("", fold(text)))
    long = [word for word in words if len(word) >= 2 or not word.isascii()][
        :8
    ]  # one ideograph is a word
    return " ".join(f'"{word}"*' for word in long)


def _digest(*parts: str) -> str:
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))


@contextmanager
def _reported() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise SourceUnavailable(
            f"The local contacts can't be used right now ({error}); try again"
        ) from error
