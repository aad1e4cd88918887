"""The contacts that one import has taken, in a temporary database of its own.

A file may have millions of rows, so they are not kept in memory.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Self

from msgspec import msgpack

from callcard.text import fold


@dataclass(frozen=True, slots=True)
class ImportedContact:
    number: int
    """Of the contacts whose rows give the same key, from 0."""
    key: str
    """Its own, which no other contact of the file has."""
    name: str
    """Folded."""
    line: int
    values: dict[str, str]
    """What the file says of it in fields of which a contact has one."""


_encode = msgpack.Encoder().encode
_decode = msgpack.Decoder(dict[str, str]).decode


class ImportedKeys:
    def __init__(self) -> None:
        # An empty name is a file that SQLite deletes when it is closed.
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.execute(
            "create table taken (given text, number integer, key text, name text, line integer,"
            " details blob, primary key (given, number)) without rowid"
        )
        # Most keys are those that their rows give.
        self._database.execute("create index taken_key on taken (key) where key <> given")
        self._database.execute("pragma journal_mode = off")
        self._database.execute("begin")  # one transaction, which nobody needs after it

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_details: object) -> None:
        self._database.close()

    def with_given(self, given: str) -> list[ImportedContact]:
        """Return the contacts of this file whose rows give a key, in the order of the file."""
        rows = self._database.execute(
            "select number, key, name, line, details from taken where given = ? order by number",
            (given,),
        )
        return [
            ImportedContact(number, key, name, line, _decode(details))
            for number, key, name, line, details in rows
        ]

    def set_name(self, given: str, number: int, name: str) -> None:
        """Note the name of a contact whose first row has none."""
        sql = "update taken set name = ? where given = ? and number = ?"
        self._database.execute(sql, (fold(name), given, number))

    def add(
        self,
        given: str,
        number: int,
        key: str,
        name: str,
        line: int,
        values: dict[str, str] | None = None,
    ) -> None:
        """Note a contact by the key that its row gives, with its own key."""
        self._database.execute(
            "insert into taken values (?, ?, ?, ?, ?, ?)",
            (given, number, key, fold(name), line, _encode(values or {})),
        )

    def has_key(self, key: str) -> bool:
        """Return whether a contact of this file has a key as its own."""
        sql = (
            "select 1 from taken where given = ?1 and key = ?1 union all"
            " select 1 from taken where key = ?1 and key <> given limit 1"
        )
        return self._database.execute(sql, (key,)).fetchone() is not None
