"""Credentials that Finesse accepted or rejected, shared by all workers of a service.

Each rejected attempt counts against the agent, whichever worker makes it. So one worker at a time
verifies a new credential, what Finesse rejected is rejected by all of them for a while, and few
new credentials of one user are tried. Strangers can reach this without credentials: every table is
bounded, and every query uses an index.
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

MAX_ROWS = 20_000
"""Of each table: ten times the users of a Finesse pair. Those that end first are dropped."""
PURGE_INTERVAL = 256
"""Attempts between purges; no query counts rows that have ended."""
VERIFIED_SECONDS = 12 * 3600.0
"""How long a verified credential counts as known: longer than a shift."""
KNOWN_RETRY_SECONDS = 60.0
"""How long a known credential is not tried again after a rejection: Finesse may have locked the
agent out for wrong passwords of somebody else."""
KNOWN_RETRIES = 3
"""Then a known credential counts as any other: Finesse locks an agent out after five."""
MAX_FAILURES = {"Basic": 3, "Bearer": 20}
"""Rejected credentials of one user within the lockout's time. Finesse locks an agent out after five
wrong passwords; tokens cannot be guessed and lock nobody out."""

_MIGRATIONS = (
    """
    create table rejection (
        fingerprint blob primary key,
        until real not null,
        verifying integer not null      -- 1 while a worker verifies it, 0 when rejected
    ) without rowid;
    create index rejection_until on rejection (until);
    create table verified (
        fingerprint blob primary key, until real not null,
        rejections integer not null     -- since Finesse accepted it last
    ) without rowid;
    create index verified_until on verified (until);
    create table failure (
        id integer primary key, user blob not null, until real not null,
        pending integer not null        -- 1 while Finesse is asked
    );
    create index failure_user on failure (user, until);
    create index failure_until on failure (until);
    """,
)
_TABLES = ("rejection", "verified", "failure")


class TooManyFailures(Exception):
    """Finesse rejected so many credentials of a user that no other one is tried now."""


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
    """Fingerprints are keyed hashes of a credential, or of a user.

    `seconds` is how long a rejection lasts. `clock` returns seconds since the epoch, the same in
    every worker; an end further away than its own length is void, because a clock was ahead.
    """

    def __init__(
        self, memory: LockoutMemory, seconds: float, clock: Callable[[], float] = time.time
    ) -> None:
        self._seconds = seconds
        self._clock = clock
        # Not durable: a service that starts anew begins with an empty memory.
        self._database = Database(memory.path, _MIGRATIONS, durable=False, lock_seconds=1.0)
        self._writes = 0

    def is_rejected(self, fingerprint: bytes) -> bool:
        now = self._clock()
        sql = (
            "select 1 from rejection"
            " where fingerprint = ? and not verifying and until > ? and until <= ?"
        )
        return bool(self._database.read(sql, (fingerprint, now, now + self._seconds)))

    def is_known(self, fingerprint: bytes) -> bool:
        """Return whether Finesse accepted this credential within VERIFIED_SECONDS."""
        now = self._clock()
        sql = (
            "select 1 from verified where fingerprint = ? and until > ? and until <= ?"
            " and rejections < ?"
        )
        latest = now + VERIFIED_SECONDS
        return bool(self._database.read(sql, (fingerprint, now, latest, KNOWN_RETRIES)))

    def begin_attempt(self, user: bytes, scheme: str, seconds: float) -> int | None:
        """Reserve an attempt with a new credential of a user; None while others are under way.

        Of all workers together no more than MAX_FAILURES are under way or rejected. Raises
        TooManyFailures if so many were rejected. The reservation ends after `seconds`.
        """
        now = self._clock()
        with self._database.transaction_blocking() as execute:
            sql = "select pending from failure where user = ? and until > ? and until <= ? limit ?"
            latest = now + max(seconds, self._seconds)
            limit = MAX_FAILURES[scheme]
            rows = execute(sql, (user, now, latest, limit)).fetchall()
            if len(rows) >= limit:
                if not any(pending for (pending,) in rows):
                    raise TooManyFailures
                return None
            sql = "insert into failure (user, until, pending) values (?, ?, 1)"
            return execute(sql, (user, now + seconds)).lastrowid

    def end_attempt(self, attempt: int) -> None:
        """Forget an attempt that Finesse did not reject."""
        sql = "delete from failure where id = ? and pending"
        self._database.execute_blocking(sql, (attempt,))

    def begin_verifying(self, fingerprint: bytes, seconds: float) -> bool:
        """Return whether the caller may ask Finesse now: nobody else does, and it is not rejected.

        The right to verify expires after `seconds`.
        """
        now = self._clock()
        self._writes += 1
        if self._writes % PURGE_INTERVAL == 0:
            self._purge(now)
        latest = now + max(seconds, self._seconds)
        sql = "delete from rejection where fingerprint = ? and (until <= ? or until > ?)"
        self._database.execute_blocking(sql, (fingerprint, now, latest))
        sql = "insert into rejection values (?, ?, 1) on conflict do nothing"
        return self._database.execute_blocking(sql, (fingerprint, now + seconds)).rowcount == 1

    def end_verifying(self, fingerprint: bytes) -> None:
        sql = "delete from rejection where fingerprint = ? and verifying"
        self._database.execute_blocking(sql, (fingerprint,))

    def accept(self, fingerprint: bytes) -> None:
        """Remember a credential that Finesse accepted."""
        sql = "insert or replace into verified values (?, ?, 0)"
        self._database.execute_blocking(sql, (fingerprint, self._clock() + VERIFIED_SECONDS))

    def reject(self, fingerprint: bytes, user: bytes, attempt: int | None = None) -> None:
        """Remember a credential that Finesse rejected, and count it against its user.

        `attempt` is the reserved one, if there is one.
        """
        now = self._clock()
        is_known = self.is_known(fingerprint)
        seconds = min(KNOWN_RETRY_SECONDS, self._seconds) if is_known else self._seconds
        sql = "insert or replace into rejection values (?, ?, 0)"
        self._database.execute_blocking(sql, (fingerprint, now + seconds))
        if is_known:
            sql = "update verified set rejections = rejections + 1 where fingerprint = ?"
            self._database.execute_blocking(sql, (fingerprint,))
        else:
            if attempt is not None:
                self.end_attempt(attempt)
            sql = "insert into failure (user, until, pending) values (?, ?, 0)"
            self._database.execute_blocking(sql, (user, now + self._seconds))

    def _purge(self, now: float) -> None:
        """Delete what has ended and what is too much."""
        for table in _TABLES:
            sql = f"delete from {table} where until <= ?"  # noqa: S608 - names of this module
            self._database.execute_blocking(sql, (now,))
            sql = f"select count(*) from {table}"  # noqa: S608 - names of this module
            ((count,),) = self._database.read(sql)
            if count > MAX_ROWS:
                key = "id" if table == "failure" else "fingerprint"
                sql = (
                    f"delete from {table} where {key} in"  # noqa: S608 - names of this module
                    f" (select {key} from {table} order by until limit ?)"
                )
                self._database.execute_blocking(sql, (count - MAX_ROWS,))

    def close(self) -> None:
        self._database.close_blocking()
