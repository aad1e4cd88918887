"""The contacts that one import has taken, in a temporary database of its own.

A file may have millions of rows, so they are not kept in memory.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import Self

from callcard.text import fold


@dataclass(frozen=True, slots=True)
class ImportedContact:
    key: str
    """Its own, which no other contact of the file has."""
    line: int
    values: dict[str, str]
    """What the file says of it in fields of which a contact has one."""


class ImportedKeys:
    def __init__(self) -> None:
        # An empty name is a file that SQLite deletes when it is closed.
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.execute(
            "create table taken (given text, number integer, key text, name text, line integer,"
            " details text, primary key (given, number)) without rowid"
        )
        self._database.execute("create index taken_key on taken (key)")
        self._database.execute("pragma synchronous = off")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_details: object) -> None:
        self._database.close()

    def find(self, given: str, name: str) -> ImportedContact | None:
        """Return the contact of this file with a key and name; one without a name fits all."""
        rows = self._database.execute(
            "select number, key, line, name, details from taken where given = ? order by number",
            (given,),
        ).fetchall()
        folded = fold(name)
        for number, key, line, known_name, details in rows:
            if folded and not known_name:
                sql = "update taken set name = ? where given = ? and number = ?"
                self._database.execute(sql, (folded, given, number))
            if not folded or not known_name or folded == known_name:
                return ImportedContact(key, line, json.loads(details))
        return None

    def add(
        self, given: str, key: str, name: str, line: int, values: dict[str, str] | None = None
    ) -> None:
        """Note a contact by the key that its row gives, with its own key."""
        sql = "select count(*) from taken where given = ?"
        (count,) = self._database.execute(sql, (given,)).fetchone()
        self._database.execute(
            "insert into taken values (?, ?, ?, ?, ?, ?)",
            (given, count, key, fold(name), line, json.dumps(values or {})),
        )

    def has_key(self, key: str) -> bool:
        """Return whether a contact of this file has a key as its own."""
        sql = "select 1 from taken where key = ? limit 1"
        return self._database.execute(sql, (key,)).fetchone() is not None

    def line_of(self, given: str) -> int:
        """Return the line of the first contact whose row gives a key; 0 if there is none."""
        sql = "select line from taken where given = ? order by number limit 1"
        row = self._database.execute(sql, (given,)).fetchone()
        return int(row[0]) if row else 0
