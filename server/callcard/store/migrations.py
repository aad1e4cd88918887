"""The shape of an SQLite file, brought up to date when it is opened."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence


class WrittenByNewer(sqlite3.DatabaseError):
    """The file has a shape of which this Callcard does not know."""


def migrate(connection: sqlite3.Connection, migrations: Sequence[str]) -> None:
    """Run those that have not run on this file, each once, in one transaction with the count of them (`user_version`).

    Append to `migrations`; never edit one that has been released. Raises WrittenByNewer.
    """
    connection.execute(
        "begin immediate"
    )  # one at a time: several workers may start on a file that is not there yet
    try:
        version = connection.execute("pragma user_version").fetchone()[0]
        if version > len(migrations):
            raise WrittenByNewer("it was written by a newer Callcard; use that version")
        for number, sql in enumerate(migrations[version:], version + 1):
            for statement in _statements(sql):
                connection.execute(statement)
            connection.execute(f"pragma user_version = {number}")
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")


def _statements(script: str) -> Iterator[str]:
    """The statements of a script, one by one: executescript() would commit what was begun before."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
