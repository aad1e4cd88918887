"""What an import asks of the local contacts, to recognise those that are stored already."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from callcard.text import fold

NAME_MARK = "\x1f"
"""Between an id that several contacts have and the name of a further one, in its key."""
_MAX_CANDIDATES = 500
_AFTER_ALL = "\U0010ffff"


class StoredContacts:
    """Asked before and during an import.

    If there were none when it began, all that there are have come from the file itself, and nothing
    needs to be read.
    """

    def __init__(self, reader: sqlite3.Connection) -> None:
        self._reader = reader
        self.was_empty = reader.execute("select 1 from contact limit 1").fetchone() is None

    def name_of(self, key: str) -> str | None:
        """Return the name of the contact with a key; None if there was none."""
        if self.was_empty:
            return None
        sql = "select name from contact where key = ?"
        row = self._reader.execute(sql, (key,)).fetchone()
        return row[0] if row else None

    def is_shared(self, key: str) -> bool:
        """Return whether several contacts were imported with the same id."""
        sql = "select 1 from contact where key >= ? and key < ? limit 1"
        beginning = f"{key}{NAME_MARK}"
        return self._reader.execute(sql, (beginning, beginning + _AFTER_ALL)).fetchone() is not None

    def same_person(self, name: str, reversed_digits: Sequence[str]) -> list[str]:
        """Return the keys of the contacts with a name and one of the numbers."""
        folded = fold(name)
        if not folded:
            return []
        sql = (
            "select distinct key, name from contact_number join contact on contact.id = contact_id"
            " where reversed_digits = ? limit ?"
        )
        found: dict[str, None] = {}
        for digits in reversed_digits:
            for key, stored_name in self._reader.execute(sql, (digits, _MAX_CANDIDATES)):
                if fold(stored_name) == folded:
                    found[key] = None
        return list(found)

    def with_beginning(self, beginning: str) -> list[str]:
        """Return the keys that begin so."""
        sql = "select key from contact where key >= ? and key < ? limit ?"
        rows = self._reader.execute(sql, (beginning, beginning + _AFTER_ALL, _MAX_CANDIDATES))
        return [key for (key,) in rows]
