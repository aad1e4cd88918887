"""Credentials that Finesse rejected, shared by all workers of a service.

Each rejected attempt counts against the agent, whichever worker makes it. So one worker at a time
verifies a new credential, and what Finesse rejected is rejected by all of them until Finesse's own
lockout is over.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from callcard.store.sqlite import Database

_VARIABLE = "_CALLCARD_WORKERS"
"""Passes the memory's file and key from `callcard serve` to its workers."""

_MIGRATIONS = (
    """
    create table rejection (
        fingerprint blob primary key,
        until real not null,
        verifying integer not null      -- 1 while a worker verifies it, 0 when rejected
    ) without rowid;
    """,
)


@dataclass(frozen=True, slots=True)
class LockoutMemory:
    """The memory's file and the key of its fingerprints; both live as long as the service."""

    path: str = ":memory:"
    key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    def export_to_workers(self) -> None:
        os.environ[_VARIABLE] = f"{self.key.hex()}:{self.path}"

    @classmethod
    def from_environment(cls) -> Self:
        """Return the memory that the parent process exported, or one of this process alone."""
        key, _, path = os.environ.get(_VARIABLE, "").partition(":")
        return cls(path, bytes.fromhex(key)) if path else cls()


class Lockout:
    """`clock` returns seconds since the epoch, the same in every worker."""

    def __init__(self, memory: LockoutMemory, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        # Not durable: a service that starts anew begins with an empty memory.
        self._database = Database(memory.path, _MIGRATIONS, durable=False, lock_seconds=1.0)

    def is_rejected(self, fingerprint: bytes) -> bool:
        sql = "select until, verifying from rejection where fingerprint = ?"
        rows = self._database.read(sql, (fingerprint,))
        if not rows:
            return False
        until, verifying = rows[0]
        return not verifying and until > self._clock()

    def begin_verifying(self, fingerprint: bytes, seconds: float) -> bool:
        """Return whether the caller may ask Finesse now: nobody else does, and it is not rejected.

        The right to verify expires after `seconds`.
        """
        now = self._clock()
        self._database.execute_blocking("delete from rejection where until <= ?", (now,))
        sql = "insert into rejection values (?, ?, 1) on conflict do nothing"
        return self._database.execute_blocking(sql, (fingerprint, now + seconds)).rowcount == 1

    def end_verifying(self, fingerprint: bytes) -> None:
        sql = "delete from rejection where fingerprint = ? and verifying"
        self._database.execute_blocking(sql, (fingerprint,))

    def reject(self, fingerprint: bytes, seconds: float) -> None:
        sql = "insert or replace into rejection values (?, ?, 0)"
        self._database.execute_blocking(sql, (fingerprint, self._clock() + seconds))

    def close(self) -> None:
        self._database.close_blocking()
