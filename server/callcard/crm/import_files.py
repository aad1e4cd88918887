"""Import of contacts, history and cases from CSV and vCard files into the local contacts.

A file is read as a stream, so that its size does not matter. Nothing is lost, changed or merged
silently: what was not taken as it stands is reported.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, tzinfo
from itertools import islice
from pathlib import Path

from callcard.crm import import_rows
from callcard.crm.import_csv import CsvReader
from callcard.crm.import_identity import ContactIdentity
from callcard.crm.import_keys import ImportedKeys
from callcard.crm.import_report import (
    ImportFileError,
    ImportProblem,
    ImportReport,
    Kind,
    OnProblem,
    Row,
)
from callcard.crm.import_rows import NumberPlan
from callcard.crm.import_text import Encoding, byte_lines, choose_encoding, text_lines
from callcard.crm.import_vcard import vcard_rows
from callcard.crm.import_workers import DescribedRow, described_rows, processes_for
from callcard.crm.local import LocalContacts
from callcard.crm.local_writes import ContactEntry, LinkedWriteResult
from callcard.crm.stored_contacts import StoredContacts

BATCH_ROWS = 5000
"""Rows in one transaction: an interrupted import keeps its batches and is simply run again."""
_VCARD_SUFFIXES = (".vcf", ".vcard")


@dataclass(frozen=True, slots=True)
class _Import:
    """One run of an import: where it writes, and how it reads."""

    contacts: LocalContacts
    stored: StoredContacts
    plan: NumberPlan
    zone: tzinfo
    keys: ImportedKeys
    report: ImportReport
    on_problem: OnProblem


def load(
    contacts: LocalContacts,
    file: Path,
    *,
    kind: Kind = "contacts",
    mapping: Sequence[tuple[str, str]] = (),
    country: str,
    internal_numbers: Sequence[str] = (),
    zone: tzinfo = UTC,
    encoding: str | None = None,
    delimiter: str | None = None,
    on_problem: OnProblem = lambda problem: None,
    on_progress: Callable[[int], None] = lambda position: None,
) -> ImportReport:
    """Import `file` in batches.

    `mapping` pairs a field with a column name, several times for several columns of one field.
    Times without a zone are read in `zone`. `on_problem` gets what was not taken as it stands,
    `on_progress` the byte position after each batch. Raises ImportFileError, before anything is
    written, if the file can't be read or lacks columns.
    """
    report = ImportReport()

    def count_problem(problem: ImportProblem) -> None:
        report.count(problem)
        on_problem(problem)

    plan = NumberPlan(country, tuple(internal_numbers))
    with file.open("rb") as raw, ImportedKeys() as keys:
        is_vcard = file.suffix.lower() in _VCARD_SUFFIXES
        chosen = choose_encoding(raw, encoding, country, is_folded=is_vcard)
        report.encoding = chosen.name

        def report_foreign(line: int, column: int, foreign: bytes) -> None:
            reason = (
                f"the bytes {foreign.hex(' ')} are not {chosen.name}; they were read as "
                "Windows-1252. If that is wrong, name the file's --encoding"
            )
            if not foreign:
                reason = f"a character is broken: it is no {chosen.name}"
            count_problem(ImportProblem(line, column, "", "", reason, "note"))

        if is_vcard:
            if kind != "contacts":
                raise ImportFileError("a vCard file has contacts only; leave --kind out")
            if chosen.name.startswith(("utf-16", "utf-32")):
                lines = (text.encode() for text in text_lines(raw, chosen, report_foreign))
                rows = vcard_rows(lines, Encoding("utf-8"), count_problem)
            else:
                rows = vcard_rows(byte_lines(raw), chosen, count_problem)
        else:
            reader = CsvReader(
                kind, mapping, delimiter, plan.looks_like_number, count_problem, report
            )
            rows = reader.rows(text_lines(raw, chosen, report_foreign))
        run = _Import(contacts, contacts.stored, plan, zone, keys, report, count_problem)
        for _batch in _imported_batches(run, kind, rows, os.fstat(raw.fileno()).st_size):
            on_progress(os.lseek(raw.fileno(), 0, os.SEEK_CUR))
    return report


# ---- records


def _imported_batches(
    run: _Import, kind: Kind, rows: Iterator[Row], file_bytes: int
) -> Iterator[None]:
    """Import the rows of a file; yield after each batch."""
    if kind == "contacts":
        described = described_rows(rows, run.plan, processes_for(file_bytes))
        with closing(described):
            while contacts := list(islice(described, BATCH_ROWS)):
                _import_contacts(run, contacts)
                yield
        return
    import_batch = _import_history if kind == "interactions" else _import_cases
    while batch := list(islice(rows, BATCH_ROWS)):
        import_batch(run, batch)
        yield


def _import_contacts(run: _Import, batch: list[DescribedRow]) -> None:
    identity = ContactIdentity(run.stored, run.keys, run.on_problem)

    def entries() -> Iterator[ContactEntry]:
        for row, entry, problems in batch:
            for problem in problems:
                run.on_problem(problem)
            if entry is not None:
                yield identity.identify(row, entry)

    written = run.contacts.write_contacts(entries())
    run.report.added += written.added
    run.report.updated += written.updated


def _import_history(run: _Import, batch: list[Row]) -> None:
    rows = []
    records = []
    for row in batch:
        entry = import_rows.history_entry(row, run.zone, run.report, run.on_problem)
        if entry is not None and _names_one_contact(run, row):
            rows.append(row)
            records.append((_referenced_contact_key(row), entry))
    _count_linked(run, run.contacts.write_history(records), rows)


def _import_cases(run: _Import, batch: list[Row]) -> None:
    rows = []
    records = []
    for row in batch:
        described = import_rows.case(row, run.zone, run.report, run.on_problem)
        if described is None or not _names_one_contact(run, row):
            continue
        case, is_open = described
        if earlier := run.keys.with_given(case.id):
            reason = f"line {earlier[0].line} has the same case; the later line counts"
            run.on_problem(row.problem("id", case.id, reason, extent="note"))
        else:
            run.keys.add(case.id, 0, case.id, "", row.line)
        rows.append(row)
        records.append((_referenced_contact_key(row), case, is_open))
    _count_linked(run, run.contacts.write_cases(records), rows)


def _names_one_contact(run: _Import, row: Row) -> bool:
    """Return whether a history entry or case belongs to one contact; report one that may not."""
    if not run.stored.is_shared(_referenced_contact_key(row)):
        return True
    reason = "several contacts were imported with this id; give each an id of its own"
    run.on_problem(row.problem("contact", row.first("contact") or "", reason, extent="row"))
    return False


def _referenced_contact_key(row: Row) -> str:
    """Return the key of the contact that a history entry or case names by its id."""
    return f"id:{row.first('contact') or ''}"


def _count_linked(run: _Import, written: LinkedWriteResult, rows: list[Row]) -> None:
    """Add what was written to the report, and report the rows whose contact is unknown."""
    run.report.added += written.added
    run.report.updated += written.updated
    run.report.unchanged += written.unchanged
    for index in written.unknown_contacts:
        row = rows[index]
        reason = "no contact was imported with this id"
        run.on_problem(row.problem("contact", row.first("contact") or "", reason, extent="row"))
