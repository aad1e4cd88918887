"""Credentials that Finesse refused, known by their marks alone: one memory for all workers of a service.

Each wrong try counts against the agent, whoever makes it. So a credential that nobody has proved yet is asked about by one
worker at a time, and what Finesse refused is refused by all of them until Finesse would have forgotten too.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

_VARIABLE = "_CALLCARD_WORKERS"
"""How `callcard serve` tells its workers what they share. Not a setting."""


@dataclass(frozen=True, slots=True)
class Shared:
    """Where the memory is, and the key under which marks are made; both live as long as the service."""

    path: str = ":memory:"
    key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    def tell_workers(self) -> None:
        os.environ[_VARIABLE] = f"{self.key.hex()}:{self.path}"

    @classmethod
    def told(cls) -> Self:
        """What the parent process told, or a memory of this process's own."""
        key, _, path = os.environ.get(_VARIABLE, "").partition(":")
        return cls(path, bytes.fromhex(key)) if path else cls()


class Refusals:
    """`clock` tells seconds since the epoch, the same in every worker."""

    def __init__(self, shared: Shared, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._db = sqlite3.connect(
            shared.path, timeout=1.0, isolation_level=None, check_same_thread=False
        )
        self._db.execute("pragma synchronous = off")
        self._db.execute(
            "create table if not exists refusal (mark blob primary key, until real, asking integer) without rowid"
        )
        if shared.path != ":memory:":
            Path(shared.path).chmod(0o600)

    def refused(self, mark: bytes) -> bool:
        row = self._db.execute(
            "select until, asking from refusal where mark = ?", (mark,)
        ).fetchone()
        return row is not None and not row[1] and row[0] > self._clock()

    def claim(self, mark: bytes, seconds: float) -> bool:
        """Whether the caller may ask Finesse about `mark` now: nobody else does, and it is not refused. Ends by itself."""
        now = self._clock()
        self._db.execute("delete from refusal where until <= ?", (now,))
        sql = "insert into refusal values (?, ?, 1) on conflict do nothing"
        return self._db.execute(sql, (mark, now + seconds)).rowcount == 1

    def release(self, mark: bytes) -> None:
        self._db.execute("delete from refusal where mark = ? and asking", (mark,))

    def refuse(self, mark: bytes, seconds: float) -> None:
        self._db.execute(
            "insert or replace into refusal values (?, ?, 0)", (mark, self._clock() + seconds)
        )

    def close(self) -> None:
        self._db.close()
