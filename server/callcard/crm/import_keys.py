"""The keys of the contacts that one import has taken, in a temporary database of its own.

A file may have millions of rows, so they are not kept in memory.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Self

from callcard.text import fold


@dataclass(frozen=True, slots=True)
class ImportedKey:
    key: str
    line: int


class ImportedKeys:
    def __init__(self) -> None:
        # An empty name is a file that SQLite deletes when it is closed.
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.execute(
            "create table taken (given text, number integer, key text, name text, line integer,"
            " primary key (given, number)) without rowid"
        )
        self._database.execute("create index taken_key on taken (key)")
        self._database.execute("pragma synchronous = off")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_details: object) -> None:
        self._database.close()

    def find(self, given: str, name: str) -> ImportedKey | None:
        """Return the contact of this file with a key and name; one without a name fits all."""
        rows = self._database.execute(
            "select key, line, name from taken where given = ? order by number", (given,)
        )
        folded = fold(name)
        for key, line, known_name in rows:
            if not folded or not known_name or folded == known_name:
                return ImportedKey(key, line)
        return None

    def add(self, given: str, name: str, line: int) -> str:
        """Note a contact and return its own key: further ones get a number, always the same."""
        count = self._database.execute(
            "select count(*) from taken where given = ?", (given,)
        ).fetchone()[0]
        key = f"{given}#{count + 1}" if count else given
        self._database.execute(
            "insert into taken values (?, ?, ?, ?, ?)", (given, count, key, fold(name), line)
        )
        return key

    def has_key(self, key: str) -> bool:
        sql = "select 1 from taken where key = ? limit 1"
        return self._database.execute(sql, (key,)).fetchone() is not None

    def line_of(self, given: str) -> int:
        """Return the line of the first contact with a key; 0 if there is none."""
        sql = "select line from taken where given = ? order by number limit 1"
        row = self._database.execute(sql, (given,)).fetchone()
        return int(row[0]) if row else 0
