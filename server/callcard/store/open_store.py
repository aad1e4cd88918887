"""Which store is used: the one place above `store/` names no database."""

from __future__ import annotations

from callcard.store.base import Store
from callcard.store.sqlite_store import SqliteStore


def open_store(database: str) -> Store:
    """Open the store in the file `database`, created when it is missing. Raises OperatorError."""
    return SqliteStore(database)
