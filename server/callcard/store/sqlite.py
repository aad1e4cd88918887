"""One SQLite file: connections, pragmas, migrations, and a writer with group commit.

The store of calls, the local contacts and the lockout memory all use `Database`; several processes
may share a file. Reads run in the event loop: a keyed read takes less time than handing it to a
thread.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from callcard.errors import CallcardError, StoreUnavailable
from callcard.futures import mark_retrieved

log = logging.getLogger(__name__)

Execute = Callable[..., sqlite3.Cursor]
"""`execute(sql, parameters)` within a transaction."""

_POLL_SECONDS = 0.005
"""Between attempts to get the file's write lock while another process holds it."""
_COMMIT_SECONDS = 1.0
"""How long a transaction waits for its commit. With the wait for its turn this is less than the
5 s after which the Finesse proxy gives up."""
_CLOSE_SECONDS = 3.0
"""How long closing waits for a disk that does not respond."""


class NewerSchema(sqlite3.DatabaseError):
    """The file was written by a newer release."""


class Database:
    """The SQLite file at `path`, created when it is missing.

    `durable` commits reach the disk before they return. `lock_seconds` bounds the wait for other
    writers, of this process and of others. Every method raises `unavailable`, a CallcardError, when
    the file cannot be used. Only the user who runs the service may read the file.
    """

    def __init__(
        self,
        path: Path | str,
        migrations: Sequence[str],
        *,
        durable: bool = True,
        lock_seconds: float = 3.0,
        cache_megabytes: int = 2,
        unavailable: type[CallcardError] = StoreUnavailable,
    ) -> None:
        self._path = str(path)
        self._durable = durable
        self._lock_seconds = lock_seconds
        self._cache_megabytes = cache_megabytes
        self._unavailable = unavailable
        try:
            self._inode = _create_private(self._path)
            self._writer = self._connect()
            migrate(self._writer, migrations)
            self._reader = self.connect_reader()
        except (sqlite3.Error, OSError) as error:
            raise unavailable(f"{path} cannot be opened: {error}") from error
        self._busy_timeout_ms = -1
        # An asyncio.Lock is fair: transactions run in the order in which they were asked for.
        self._transaction_lock = asyncio.Lock()
        self._batch: asyncio.Future[None] | None = None
        self._is_closed = False
        self._commits: set[asyncio.Task[None]] = set()
        self._committer = ThreadPoolExecutor(1, "sqlite-commit")

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=self._lock_seconds, isolation_level=None, check_same_thread=False
        )
        connection.execute("pragma journal_mode = wal")
        # "full" makes an acknowledged write survive a power cut.
        connection.execute(f"pragma synchronous = {'full' if self._durable else 'off'}")
        connection.execute("pragma foreign_keys = on")
        connection.execute(f"pragma cache_size = {-1024 * self._cache_megabytes}")
        return connection

    def connect_reader(self) -> sqlite3.Connection:
        """Return one more read-only connection, for reads that are slow enough for a thread."""
        if self._path == ":memory:":  # each connection to it would be a database of its own
            return self._writer
        connection = self._connect()
        connection.execute("pragma query_only = on")
        connection.execute("pragma busy_timeout = 100")  # in WAL mode reads do not wait for writers
        return connection

    async def close(self) -> None:
        """Finish the transactions under way and close the connections.

        A disk that does not respond is not waited for: shutdown must end.
        """
        self._is_closed = True
        try:
            async with asyncio.timeout(_CLOSE_SECONDS), self._transaction_lock:
                pass
            if self._commits:
                await asyncio.wait(self._commits, timeout=_CLOSE_SECONDS)
        except TimeoutError:
            pass
        if self._transaction_lock.locked() or self._commits:
            log.error("%s does not respond; closed without waiting for it", self._path)
            self._committer.shutdown(wait=False)
            return
        self.close_blocking()

    def close_blocking(self) -> None:
        """Close the connections; for code without an event loop."""
        self._committer.shutdown()
        self._reader.close()
        self._writer.close()

    def check_space(self, bytes: int) -> None:
        """Raise `unavailable` if the disk has less free space than this."""
        if self._inode is None:
            return
        try:
            free = shutil.disk_usage(Path(self._path).resolve().parent).free
        except OSError as error:
            raise self._unavailable(f"{self._path} cannot be reached: {error.strerror}") from error
        if free < bytes:
            raise self._unavailable(f"the disk of {self._path} is nearly full: {free:,} bytes left")

    # ---- reading

    def read(self, sql: str, parameters: Iterable[Any] = ()) -> list[Any]:
        """Return the rows of a query that finds its rows by an index."""
        with self.errors():
            return self._reader.execute(sql, tuple(parameters)).fetchall()

    # ---- writing

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Execute]:
        """Run the body as one transaction; after the block, it is on disk.

        Bodies run one at a time, so they must not await anything slow. Transactions that wait for
        their turn are committed together (group commit): one sync to disk serves them all. A body
        that raises undoes its own statements only.
        """
        deadline = asyncio.get_running_loop().time() + self._lock_seconds
        try:
            async with asyncio.timeout_at(deadline):
                await self._transaction_lock.acquire()
        except TimeoutError as error:
            raise self._busy() from error
        try:
            if self._is_closed:
                raise self._unavailable(f"{self._path} is closed")
            batch = await self._join_batch(deadline)
            with self.errors():
                self._writer.execute("savepoint body")
            try:
                yield self._execute
            except BaseException:
                with suppress(sqlite3.Error):  # the whole batch is rolled back already
                    self._writer.execute("rollback to body")
                    self._writer.execute("release body")
                raise
            with self.errors():
                self._writer.execute("release body")
        finally:
            self._transaction_lock.release()
        try:
            async with asyncio.timeout(_COMMIT_SECONDS):
                await asyncio.shield(batch)
        except TimeoutError as error:
            raise self._unavailable(
                f"{self._path} did not respond in time; it is unknown whether this was saved. "
                "Try again"
            ) from error

    def _execute(self, sql: str, parameters: Iterable[Any] = ()) -> sqlite3.Cursor:
        with self.errors():
            return self._writer.execute(sql, tuple(parameters))

    async def _join_batch(self, deadline: float) -> asyncio.Future[None]:
        """Return the batch that the next commit ends, beginning one if there is none."""
        if self._batch is not None and not self._writer.in_transaction:
            # SQLite rolled the batch back by itself, for example because the disk is full.
            self._end_batch(self._write_failed())
        if self._batch is None:
            self._check_file()
            await self._begin(deadline)
            self._batch = asyncio.get_running_loop().create_future()
            self._batch.add_done_callback(mark_retrieved)
            # The commit takes its turn behind the transactions that wait now; these join the batch.
            commit = asyncio.create_task(self._commit(self._batch))
            self._commits.add(commit)
            commit.add_done_callback(self._commits.discard)
        return self._batch

    def _check_file(self) -> None:
        """Raise `unavailable` if the file was deleted or replaced: SQLite would not notice."""
        try:
            is_there = self._inode is None or os.stat(self._path).st_ino == self._inode
        except OSError:
            is_there = False
        if not is_there:
            raise self._unavailable(
                f"{self._path} was deleted or replaced while Callcard used it; nothing was saved. "
                "Restart Callcard, with the file in its place if there is a copy"
            )

    async def _begin(self, deadline: float) -> None:
        """Begin a write transaction; waiting for another process does not block the event loop."""
        with self.errors():
            self._set_busy_timeout(0)
            while True:
                try:
                    self._writer.execute("begin immediate")
                    return
                except sqlite3.OperationalError as error:
                    if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                        raise
                    if asyncio.get_running_loop().time() > deadline:
                        raise self._busy() from error
                await asyncio.sleep(_POLL_SECONDS)

    async def _commit(self, batch: asyncio.Future[None]) -> None:
        async with self._transaction_lock:
            if batch.done():  # it failed before its commit
                return
            failure: CallcardError | None = None
            try:
                with self.errors():
                    if not self._writer.in_transaction:
                        raise self._write_failed()
                    loop = asyncio.get_running_loop()
                    await loop.run_in_executor(self._committer, self._writer.execute, "commit")
            except CallcardError as error:
                failure = error
                with suppress(sqlite3.Error):
                    self._writer.execute("rollback")
            self._end_batch(failure)

    def _end_batch(self, failure: CallcardError | None) -> None:
        batch, self._batch = self._batch, None
        if batch is None:
            return
        if failure is None:
            batch.set_result(None)
        else:
            batch.set_exception(failure)

    @contextmanager
    def transaction_blocking(self) -> Iterator[Execute]:
        """Run the body as one transaction; blocks the calling thread."""
        with self.errors():
            self._set_busy_timeout(int(1000 * self._lock_seconds))
            self._writer.execute("begin immediate")
            try:
                yield self._writer.execute
            except BaseException:
                self._writer.execute("rollback")
                raise
            self._writer.execute("commit")

    def execute_blocking(self, sql: str, parameters: Iterable[Any] = ()) -> sqlite3.Cursor:
        """Run one statement as a transaction of its own; blocks the calling thread."""
        with self.errors():
            self._set_busy_timeout(int(1000 * self._lock_seconds))
            return self._writer.execute(sql, tuple(parameters))

    def _set_busy_timeout(self, milliseconds: int) -> None:
        """Set how long SQLite itself blocks the thread for other writers."""
        if milliseconds != self._busy_timeout_ms:
            self._writer.execute(f"pragma busy_timeout = {milliseconds}")
            self._busy_timeout_ms = milliseconds

    # ---- errors

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turn SQLite's errors into `unavailable`."""
        try:
            yield
        except sqlite3.Error as error:
            raise self._unavailable(f"{self._path} cannot be used ({error}); try again") from error

    def _busy(self) -> CallcardError:
        return self._unavailable(f"{self._path} is busy; nothing was saved. Try again")

    def _write_failed(self) -> CallcardError:
        return self._unavailable(
            f"{self._path} could not be written, for example because the disk is full; nothing was "
            "saved. Try again"
        )


def _create_private(path: str) -> int | None:
    """Create a file that only its owner may read, and return the inode of the file.

    SQLite gives its journal files the same permissions; an existing file is corrected with them.
    Raises OSError.
    """
    if path == ":memory:":
        return None
    for existing in (path, f"{path}-wal", f"{path}-shm"):
        with suppress(FileNotFoundError, PermissionError):
            if os.stat(existing).st_mode & 0o077:
                os.chmod(existing, 0o600)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        return os.fstat(descriptor).st_ino
    finally:
        os.close(descriptor)


def has_table(path: Path | str, name: str) -> bool:
    """Return whether an existing file has a table, without changing the file."""
    if not Path(path).is_file():
        return False
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as connection:
            sql = "select 1 from sqlite_master where type = 'table' and name = ?"
            return connection.execute(sql, (name,)).fetchone() is not None
    except sqlite3.Error:  # opening it for good will say why
        return False


# ---- migrations


def migrate(connection: sqlite3.Connection, migrations: Sequence[str]) -> None:
    """Run the migrations that this file has not had, in one transaction.

    Append to `migrations`; never edit one that has been released. Raises NewerSchema.
    """
    # One at a time: several workers may start on a file that is not there yet.
    connection.execute("begin immediate")
    try:
        version = connection.execute("pragma user_version").fetchone()[0]
        if version > len(migrations):
            raise NewerSchema("it was written by a newer release of Callcard; use that release")
        for number, sql in enumerate(migrations[version:], version + 1):
            for statement in _statements(sql):
                connection.execute(statement)
            connection.execute(f"pragma user_version = {number}")
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")


def _statements(script: str) -> Iterator[str]:
    """Split a script: executescript() would commit the transaction that was begun before."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if statement.strip():
        yield statement
