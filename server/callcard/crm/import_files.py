"""Import of contacts, history and cases from CSV and vCard files into the local contacts.

A file is read as a stream, so that its size does not matter.
"""

from __future__ import annotations

import codecs
import io
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import IO, BinaryIO

from callcard.crm import import_rows
from callcard.crm.import_csv import csv_rows
from callcard.crm.import_rows import (
    ImportFileError,
    ImportProblem,
    ImportReport,
    Kind,
    OnProblem,
    Row,
)
from callcard.crm.local import LocalContacts
from callcard.crm.local_writes import ContactEntry, LinkedWriteResult
from callcard.extras import requires_extras

BATCH_ROWS = 5000
"""Rows in one transaction: an interrupted import keeps its batches and is simply run again."""
_CHUNK_BYTES = 1024 * 1024
_VCARD_SUFFIXES = (".vcf", ".vcard")


def load(
    contacts: LocalContacts,
    file: Path,
    *,
    kind: Kind = "contacts",
    mapping: Sequence[tuple[str, str]] = (),
    country: str,
    encoding: str | None = None,
    delimiter: str | None = None,
    on_problem: OnProblem = lambda problem: None,
    on_progress: Callable[[int], None] = lambda position: None,
) -> ImportReport:
    """Import `file` in batches.

    `mapping` pairs a field with a column name, several times for several columns of one field.
    `on_problem` gets what is left out, `on_progress` the byte position after each batch. Raises
    ImportFileError, before anything is written, if the file can't be read or lacks columns.
    """
    report = ImportReport()

    def count_problem(problem: ImportProblem) -> None:
        if problem.row_left_out:
            report.rows_left_out += 1
        else:
            report.values_left_out += 1
        on_problem(problem)

    with file.open("rb") as raw:
        text = _text(raw, encoding)
        if file.suffix.lower() in _VCARD_SUFFIXES:
            rows = _vcard_rows(text, kind, count_problem)
        else:
            rows = csv_rows(text, kind, mapping, delimiter, count_problem, report)
        while batch := list(islice(rows, BATCH_ROWS)):
            if kind == "contacts":
                _import_contacts(contacts, batch, country, report, count_problem)
            elif kind == "interactions":
                _import_history(contacts, batch, report, count_problem)
            else:
                _import_cases(contacts, batch, report, count_problem)
            on_progress(raw.tell())
    return report


# ---- records


def _import_contacts(
    contacts: LocalContacts,
    batch: list[Row],
    country: str,
    report: ImportReport,
    on_problem: OnProblem,
) -> None:
    def entries() -> Iterator[ContactEntry]:
        for row in batch:
            entry = import_rows.contact_entry(row, country, on_problem)
            if entry is not None:
                yield entry

    written = contacts.write_contacts(entries())
    report.added += written.added
    report.updated += written.updated


def _import_history(
    contacts: LocalContacts, batch: list[Row], report: ImportReport, on_problem: OnProblem
) -> None:
    rows = []
    records = []
    for row in batch:
        entry = import_rows.history_entry(row, on_problem)
        if entry is not None:
            rows.append(row)
            records.append((_referenced_contact_key(row), entry))
    written = contacts.write_history(records)
    _count_linked(written, rows, report, on_problem)


def _import_cases(
    contacts: LocalContacts, batch: list[Row], report: ImportReport, on_problem: OnProblem
) -> None:
    rows = []
    records = []
    for row in batch:
        described = import_rows.case(row, on_problem)
        if described is not None:
            case, is_open = described
            rows.append(row)
            records.append((_referenced_contact_key(row), case, is_open))
    written = contacts.write_cases(records)
    _count_linked(written, rows, report, on_problem)


def _referenced_contact_key(row: Row) -> str:
    """Return the key of the contact that a history entry or case names by its id."""
    return "id:" + row.text("contact")


def _count_linked(
    written: LinkedWriteResult, rows: list[Row], report: ImportReport, on_problem: OnProblem
) -> None:
    """Add what was written to the report, and report the rows whose contact is unknown."""
    report.added += written.added
    report.updated += written.updated
    report.unchanged += written.unchanged
    reason = "no contact was imported with this id"
    for index in written.unknown_contacts:
        row = rows[index]
        on_problem(row.problem("contact", row.text("contact"), reason, row_left_out=True))


# ---- text


def _vcard_rows(text: IO[str], kind: Kind, on_problem: OnProblem) -> Iterator[Row]:
    if kind != "contacts":
        raise ImportFileError("a vCard file holds contacts; import interactions and cases as CSV")
    # Imported on use: the vCard library is slow to import, and a CSV file does not need it.
    with requires_extras("import"):
        from callcard.crm.import_vcard import vcard_rows

    return vcard_rows(text, on_problem)


def _text(raw: BinaryIO, encoding: str | None) -> IO[str]:
    """Decode by `encoding`, byte order mark, as UTF-8, or else as Windows-1252 (Excel)."""
    try:
        # newline="": only CR and LF end a line, and csv sees them unchanged.
        return io.TextIOWrapper(raw, encoding or _detect(raw), errors="replace", newline="")
    except LookupError as error:
        raise ImportFileError(
            f"there is no encoding {encoding!r}; utf-8, cp1252 and utf-16 are the usual ones"
        ) from error


def _detect(raw: BinaryIO) -> str:
    """Return the encoding after reading the whole file: the first umlaut may be in the last row."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        chunk = raw.read(_CHUNK_BYTES)
        if chunk.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        while chunk:
            decoder.decode(chunk)
            chunk = raw.read(_CHUNK_BYTES)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    finally:
        raw.seek(0)
    return "utf-8-sig"
