"""Rows of an import described as contacts, by several processes at once.

To read its telephone numbers takes most of the time that a contact needs.
"""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing import get_context
from typing import NamedTuple

from callcard.crm.import_report import ImportFileError, ImportProblem, Row
from callcard.crm.import_rows import NumberPlan, contact_entry
from callcard.crm.local_writes import ContactEntry
from callcard.garbage import rarely_search

MIN_FILE_BYTES = 2_000_000
"""Of smaller files: they are imported before other processes have started."""
MAX_PROCESSES = 4
"""One process writes what they describe: more would wait for it."""
_CHUNK_ROWS = 500
_CHUNKS_AHEAD = 12
"""Of each process, so that none waits and few rows are in memory."""


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
    pool = ProcessPoolExecutor(processes, get_context("spawn"), _start_worker)
    try:
        pending = deque(
            (chunk, pool.submit(_describe, chunk, plan))
            for chunk in islice(chunks, processes * _CHUNKS_AHEAD)
        )
        while pending:
            described, future = pending.popleft()
            for chunk in islice(chunks, 1):
                pending.append((chunk, pool.submit(_describe, chunk, plan)))
            yield from map(DescribedRow, described, *future.result())
    except BrokenProcessPool as error:
        raise ImportFileError(
            "a process of the import was ended, perhaps because memory ran out; run the import "
            "again, what was imported so far is kept"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _start_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the import, which ends its workers
    rarely_search()


def _chunks(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while chunk := list(islice(rows, _CHUNK_ROWS)):
        yield chunk


def _describe(
    rows: list[Row], plan: NumberPlan
) -> tuple[list[ContactEntry | None], list[list[ImportProblem]]]:
    entries = []
    problems: list[list[ImportProblem]] = []
    for row in rows:
        problems.append([])
        entries.append(contact_entry(row, plan, problems[-1].append))
    return entries, problems
