"""Rows of an import described as contacts, by several processes at once.

To read its telephone numbers takes most of the time that a contact needs.
"""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import islice
from multiprocessing import get_context
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import NamedTuple

from msgspec import msgpack

from callcard.crm.import_report import ImportFileError, ImportProblem, Row
from callcard.crm.import_rows import NumberPlan, contact_entry
from callcard.crm.local_writes import ContactEntry
from callcard.gc_tuning import tune_garbage_collection

MIN_FILE_BYTES = 2_000_000
"""Of smaller files: they are imported before other processes have started."""
MAX_PROCESSES = 4
"""One process writes what they describe: more would wait for it."""
DEADLINE_SECONDS = 60.0
"""Of a process for a chunk of rows, which takes it some 200 ms."""
_CHUNK_ROWS = 4000
_CHUNKS_AHEAD = 3
"""Of each process, so that none waits and few rows are in memory."""


_Described = tuple[list[ContactEntry | None], list[list[ImportProblem]]]
"""The contacts of some rows, and the problems of each."""
# Between the processes: pickle takes eight times as long.
_encode = msgpack.Encoder().encode
_read_rows = msgpack.Decoder(list[Row]).decode
_read_described = msgpack.Decoder(_Described).decode
_FAILED = b""
"""Sent before an exception."""


class DescribedRow(NamedTuple):
    row: Row
    entry: ContactEntry | None
    """None if the row was left out."""
    problems: list[ImportProblem]


def processes_for(file_bytes: int) -> int:
    """Return how many processes describe the rows of a file."""
    if file_bytes < MIN_FILE_BYTES:
        return 1
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(usable or 1, MAX_PROCESSES)


def described_rows(
    rows: Iterator[Row], plan: NumberPlan, processes: int
) -> Generator[DescribedRow]:
    """Yield the rows in their order. Raises ImportFileError if a process ends before its time."""
    chunks = _chunks(rows)
    if processes < 2:
        for chunk in chunks:
            yield from map(DescribedRow, chunk, *_describe(chunk, plan))
        return
    workers = [_Worker(plan) for _ in range(processes)]
    idle: SimpleQueue[_Worker] = SimpleQueue()
    for worker in workers:
        idle.put(worker)

    def describe(chunk: list[Row]) -> _Described:
        worker = idle.get()
        try:
            return worker.describe(chunk)
        finally:
            idle.put(worker)

    threads = ThreadPoolExecutor(processes, "import")
    try:
        pending = deque(
            (chunk, threads.submit(describe, chunk))
            for chunk in islice(chunks, processes * _CHUNKS_AHEAD)
        )
        while pending:
            described, future = pending.popleft()
            for chunk in islice(chunks, 1):
                pending.append((chunk, threads.submit(describe, chunk)))
            yield from map(DescribedRow, described, *future.result())
    finally:
        for worker in workers:
            worker.end()
        threads.shutdown(cancel_futures=True)


class _Worker:
    """A process that describes rows. Its connection ends with it, also in the middle of an answer:
    a pool of `concurrent.futures` would wait for the rest for ever."""

    def __init__(self, plan: NumberPlan) -> None:
        context = get_context("spawn")
        self._connection, other = context.Pipe()
        self._process = context.Process(target=_serve, args=(other, plan), daemon=True)
        self._process.start()
        other.close()

    def describe(self, rows: list[Row]) -> _Described:
        try:
            self._connection.send_bytes(_encode(rows))
            if not self._connection.poll(DEADLINE_SECONDS):
                raise ImportFileError("a process of the import does not respond; run it again")
            answer = self._connection.recv_bytes()
            failure = self._connection.recv() if answer == _FAILED else None
        except (EOFError, OSError) as error:
            raise ImportFileError(
                "a process of the import was ended, perhaps because memory ran out; run the import "
                "again, what was imported so far is kept"
            ) from error
        if isinstance(failure, Exception):
            raise failure
        described: _Described = _read_described(answer)
        return described

    def end(self) -> None:
        self._process.kill()
        self._process.join()


def _serve(connection: Connection, plan: NumberPlan) -> None:
    """Describe rows until the other side of the connection closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the import, which ends its workers
    tune_garbage_collection()
    with suppress(EOFError, OSError):
        while True:
            rows = _read_rows(connection.recv_bytes())
            try:
                answer = _encode(_describe(rows, plan))
            except Exception as error:  # raised where the import runs
                connection.send_bytes(_FAILED)
                connection.send(error)
            else:
                connection.send_bytes(answer)


def _chunks(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while chunk := list(islice(rows, _CHUNK_ROWS)):
        yield chunk


def _describe(rows: list[Row], plan: NumberPlan) -> _Described:
    entries = []
    problems: list[list[ImportProblem]] = []
    for row in rows:
        problems.append([])
        entries.append(contact_entry(row, plan, problems[-1].append))
    return entries, problems
