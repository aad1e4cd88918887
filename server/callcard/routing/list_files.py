"""Number lists as CSV files.

Columns, by name in the first line and in any order: number, reason, dialled, team, action, target,
expires_at. A file of numbers alone needs no first line.
"""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from typing import TextIO

from callcard import times
from callcard.errors import InvalidField, OperatorError
from callcard.routing.list_entries import Author, NewListEntry, rows_of
from callcard.routing.number_lists import NumberListName, NumberLists
from callcard.store.base import AuditRow, ListEntryRow, Store

COLUMNS = ("number", "reason", "dialled", "team", "action", "target", "expires_at")
MAX_REASON_CHARACTERS = 200
BATCH_ENTRIES = 500
"""Entries of a transaction: other writers wait no longer than one takes."""
_FORMULA_STARTS = ("=", "+", "-", "@")


@dataclass(frozen=True, slots=True)
class FileProblem:
    line: int
    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class FileEntry:
    line: int
    entry: NewListEntry


@dataclass(slots=True, kw_only=True)
class ListImport:
    """What an import did."""

    imported: int = 0
    listed_already: int = 0
    """Entries of others, which were left as they are."""
    removed: int = 0
    """Entries of an earlier import that the file does not have any more."""
    is_complete: bool = False
    """Every line was imported, and there was one."""


# ---- reading


def read_entries(
    file: TextIO, default_reason: str, problems: list[FileProblem]
) -> Iterator[FileEntry]:
    """Yield the entries of a CSV file; lines that are wrong are added to `problems`.

    Raises OperatorError if its columns are not known.
    """
    rows = enumerate(csv.reader(file), 1)
    names: Sequence[str] = ()
    for line, row in rows:
        values = [_without_quote(value.strip()) for value in row]
        if not any(values):
            continue
        if not names:
            names = _columns(values)
            if [name.lower() for name in values] == list(names):
                continue
        try:
            yield FileEntry(line, _entry(dict(zip(names, values, strict=False)), default_reason))
        except InvalidField as error:
            problems.append(_problem(line, error))


def _problem(line: int, error: InvalidField) -> FileProblem:
    return FileProblem(line, str(error.extra["field"]), error.detail)


def _columns(first: Sequence[str]) -> list[str]:
    """Return the names of the columns, from the first line of a file."""
    names = [name.lower() for name in first]
    if "number" in names:
        if unknown := [name for name in names if name not in COLUMNS]:
            raise OperatorError(
                f"the column {unknown[0]!r} is unknown; there are {', '.join(COLUMNS)}"
            )
        return names
    if len(names) == 1:
        return ["number"]
    raise OperatorError(
        "the first line must name the columns, and one of them must be number; there are "
        f"{', '.join(COLUMNS)}"
    )


def _entry(values: dict[str, str], default_reason: str) -> NewListEntry:
    reason = values.get("reason") or default_reason
    if not reason or len(reason) > MAX_REASON_CHARACTERS:
        raise InvalidField(
            "reason", f"give a reason of at most {MAX_REASON_CHARACTERS} characters, or --reason"
        )
    expires_at = values.get("expires_at", "")
    return NewListEntry(
        number=values.get("number", ""),
        reason=reason,
        dialled=values.get("dialled", ""),
        team=values.get("team", ""),
        action=values.get("action", ""),
        target=values.get("target", ""),
        expires_at=times.read_given(expires_at, "expires_at") if expires_at else None,
    )


async def import_entries(
    store: Store,
    number_lists: NumberLists,
    name: NumberListName,
    entries: Iterator[FileEntry],
    source: str,
    now: float,
    problems: list[FileProblem],
    *,
    replace_earlier: bool,
) -> ListImport:
    """Put the entries of a file on a list, as those of the import `source`.

    Entries of people and of other imports are left as they are. `replace_earlier` removes those
    that an earlier import of `source` left and the file does not have any more, unless a line was
    wrong or the file is empty: it may be a part of a file. `problems` has what `read_entries`
    found, and gets what is found here.
    """
    done = ListImport()
    author = Author(_author(source))
    is_over = False
    while not is_over:
        batch: list[list[ListEntryRow]] = []
        is_over = True
        for file_entry in entries:
            try:
                batch.append(rows_of(number_lists, name, file_entry.entry, author, now))
            except InvalidField as error:
                problems.append(_problem(file_entry.line, error))
            if len(batch) >= BATCH_ENTRIES:
                is_over = False
                break
        await _save(store, batch, author, done)
    done.is_complete = not problems and done.imported > 0
    if replace_earlier and done.is_complete:
        done.removed = await _remove_earlier(store, name, author, now)
    detail = f"{done.imported} imported, {done.removed} removed"
    row = AuditRow(recorded_at=now, agent=author.login_id, action=f"import {name}", detail=detail)
    async with store.transaction() as tx:
        await tx.add_audit_row(row)
    return done


async def _save(
    store: Store, batch: Sequence[Sequence[ListEntryRow]], author: Author, done: ListImport
) -> None:
    async with store.transaction() as tx:
        for rows in batch:
            known = await tx.list_entries_with([row.number for row in rows])
            places = {row.place for row in rows}
            others = (each for each in known if each.place in places)
            if any(each.author != author.login_id for each in others):
                done.listed_already += 1
                continue
            for row in rows:
                await tx.save_list_entry(row)
            done.imported += 1


async def _remove_earlier(
    store: Store, name: NumberListName, author: Author, imported_at: float
) -> int:
    removed = 0
    before: int | None = None
    while page := await store.list_entries(name, BATCH_ENTRIES, before):
        before = page[-1][0]
        old = {
            row.id
            for _position, row in page
            if row.author == author.login_id and row.added_at < imported_at
        }
        async with store.transaction() as tx:
            for id in old:
                removed += await tx.delete_list_entry(id)
    return removed


def _author(source: str) -> str:
    return f"import {source}"


# ---- writing


async def export_rows(store: Store, name: NumberListName, now: float) -> AsyncIterator[list[str]]:
    """Yield the lines of a file with the entries of a list that count, the first with the columns.

    Proposals are left out: an import would accept them. So are entries that have expired.
    """
    yield list(COLUMNS)
    rows: list[ListEntryRow] = []
    async for row in _rows_that_count(store, name, now):
        if rows and rows[0].id != row.id:
            yield _line(rows)
            rows = []
        rows.append(row)
    if rows:
        yield _line(rows)


async def _rows_that_count(
    store: Store, name: NumberListName, now: float
) -> AsyncIterator[ListEntryRow]:
    before: int | None = None
    while page := await store.list_entries(name, BATCH_ENTRIES, before):
        before = page[-1][0]
        for _position, row in page:
            if row.is_in_force(now):
                yield row


def _line(rows: Sequence[ListEntryRow]) -> list[str]:
    """Return the line of an entry, from the row of each reading of its number."""
    row = rows[0]
    number = f"{row.number}*" if row.is_prefix else row.number
    if len(rows) > 1:  # as it was given, it is read in the same ways again
        number = row.given
    expires_at = "" if row.expires_at is None else times.iso_text(row.expires_at)
    texts = (row.reason, row.dialled, row.team, row.action, row.target, expires_at)
    return [number, *map(_with_quote, texts)]


def _with_quote(value: str) -> str:
    """Return a text that a spreadsheet does not run as a formula. Numbers stay as they are."""
    is_number = value[1:].isdecimal()
    return f"'{value}" if value.startswith(_FORMULA_STARTS) and not is_number else value


def _without_quote(value: str) -> str:
    return value[1:] if value[:1] == "'" and value[1:].startswith(_FORMULA_STARTS) else value
