"""`callcard contacts import`: fill the local contacts from files."""

from __future__ import annotations

import csv
import os
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from urllib.parse import quote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from callcard.cli.options import FILE, config_option, country_option, database_option
from callcard.crm import import_files
from callcard.crm.import_headings import FIELDS
from callcard.crm.import_report import ImportProblem, ImportReport, Kind
from callcard.crm.local import LocalContacts
from callcard.crm.open_sources import open_local_contacts
from callcard.extras import requires_extras
from callcard.gc_tuning import tune_garbage_collection
from callcard.settings import Settings
from callcard.terminal import echo

SHOWN_PROBLEMS = 10
"""Problems that are printed; --report writes all of them."""
EXIT_NOTHING = 1
EXIT_INCOMPLETE = 2
WRITE_TIMEOUT_SECONDS = 30.0
_FORMULA_STARTS = ("=", "+", "-", "@")


@click.group()
def contacts() -> None:
    """Manage the local contacts."""


@contacts.command("import")
@click.argument("file", type=FILE)
@config_option
@database_option
@country_option
@click.option(
    "--kind",
    type=click.Choice(["contacts", "interactions", "cases"]),
    default="contacts",
    show_default=True,
)
@click.option(
    "--map",
    "mapping",
    multiple=True,
    metavar="FIELD=COLUMN",
    help='As in --map number="Tel. (Büro)"; repeatable.',
)
@click.option("--encoding", help="Encoding of the file; default: detected.")
@click.option("--delimiter", help="Delimiter of a CSV file; default: detected.")
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write everything that was not taken as it stands, and why, to this CSV file.",
)
@click.option(
    "--time-zone",
    default="UTC",
    show_default=True,
    help="Zone of times without one, as in Europe/Berlin.",
)
@click.option("--dry-run", is_flag=True, help="Report what would be imported, but write nothing.")
def import_contacts(
    file: Path,
    config: Path | None,
    database: str | None,
    country: str | None,
    kind: Kind,
    mapping: tuple[str, ...],
    encoding: str | None,
    delimiter: str | None,
    report: Path | None,
    time_zone: str,
    dry_run: bool,
) -> None:
    """Import FILE: CSV with any column names, or vCard (.vcf). A second import updates.

    Exit status: 0 all was imported as it stands, 2 something was not (it is listed), 1 nothing was
    imported.
    """
    settings = Settings.read(
        config, overrides={"sources.path": database, "telephony.country": country}
    )
    columns = _parse_mapping(mapping, kind)
    try:
        zone = ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise click.UsageError(
            f"--time-zone {time_zone!r} is no zone; Europe/Berlin and UTC are two"
        ) from error
    tune_garbage_collection()
    problems: list[ImportProblem] = []
    size = file.stat().st_size
    with (
        requires_extras("import"),
        _settings_of_copy(settings) if dry_run else nullcontext(settings) as target,
        _opened_contacts(target) as contacts_file,
        click.progressbar(length=size, label=file.name, file=sys.stderr) as bar,
    ):
        done = import_files.load(
            contacts_file,
            file,
            kind=kind,
            mapping=columns,
            country=settings.telephony.country,
            internal_numbers=settings.telephony.internal_numbers,
            zone=zone,
            encoding=encoding,
            delimiter=delimiter,
            on_problem=problems.append,
            on_progress=lambda position: bar.update(position - bar.pos),
        )
        bar.update(size - bar.pos)
        total = contacts_file.count()
    if done.times_without_zone:
        echo(f"{done.times_without_zone:,} times without a zone were read as {time_zone}")
    _print_summary(done, problems, total, settings.contacts_path, report)
    if dry_run:
        echo("dry run: nothing was written")
    if report:
        _write_report(report, problems)
        echo(f"  all {len(problems):,} in {report}")
    if not done.taken:
        sys.exit(EXIT_NOTHING)
    if not done.is_complete:
        sys.exit(EXIT_INCOMPLETE)


@contextmanager
def _opened_contacts(settings: Settings) -> Iterator[LocalContacts]:
    """Open the local contacts for an import."""
    opened = open_local_contacts(settings, write_timeout_seconds=WRITE_TIMEOUT_SECONDS)
    try:
        yield opened
    finally:
        opened.close_blocking()


@contextmanager
def _settings_of_copy(settings: Settings) -> Iterator[Settings]:
    """Return the settings with a temporary copy of the contacts, which an import may change."""
    original = Path(settings.contacts_path)
    with tempfile.TemporaryDirectory(prefix="callcard-import-") as folder:
        copy = Path(folder) / original.name
        if original.is_file():
            source = sqlite3.connect(f"file:{quote(str(original))}?mode=ro", uri=True)
            with closing(source), closing(sqlite3.connect(copy)) as target:
                source.backup(target)
        yield settings.with_contacts_path(copy)


def _parse_mapping(mapping: tuple[str, ...], kind: Kind) -> list[tuple[str, str]]:
    columns = []
    for pair in mapping:
        field, equals, column = pair.partition("=")
        if not equals or not column:
            raise click.UsageError(
                f"--map {pair!r} must be FIELD=COLUMN; the fields are {', '.join(FIELDS[kind])}"
            )
        columns.append((field.strip(), column.strip()))
    return columns


def _print_summary(
    done: ImportReport,
    problems: list[ImportProblem],
    total: int,
    path: str,
    report: Path | None,
) -> None:
    if done.columns_ignored:
        used = ", ".join(done.columns_used)
        echo(f"columns used: {used}; not used: {', '.join(done.columns_ignored)}")
    counts = [
        f"{done.added:,} added",
        f"{done.updated:,} updated",
        f"{done.rows_left_out:,} rows left out",
    ]
    if done.notes:
        counts.append(f"{done.notes:,} to know")
    if done.unchanged:
        counts.append(f"{done.unchanged:,} unchanged")
    if done.values_left_out:
        counts.append(f"{done.values_left_out:,} values left out")
    echo(f"{', '.join(counts)}; {total:,} contacts in {path} (read as {done.encoding})")
    for problem in problems[:SHOWN_PROBLEMS]:
        value = f" {problem.value!r}" if problem.value else ""
        field = f"{problem.field}{value}: " if problem.field else ""
        column = f", column {problem.column}" if problem.column else ""
        echo(f"  line {problem.line}{column}: {field}{problem.reason}")
    if len(problems) > SHOWN_PROBLEMS and not report:
        more = len(problems) - SHOWN_PROBLEMS
        echo(f"  and {more:,} more; --report FILE writes them all")


def _write_report(path: Path, problems: list[ImportProblem]) -> None:
    # It holds customers' data, as the database does.
    with open(path, "w", encoding="utf-8", newline="", opener=_open_private) as file:
        writer = csv.writer(file)
        writer.writerow(["line", "column", "field", "value", "why", "left out"])
        for problem in problems:
            # A spreadsheet would run such a value as a formula.
            quote = "'" if problem.value.startswith(_FORMULA_STARTS) else ""
            writer.writerow(
                [
                    problem.line,
                    problem.column or "",
                    problem.field,
                    quote + problem.value,
                    problem.reason,
                    {"row": "row", "value": "value", "note": "nothing"}[problem.extent],
                ]
            )


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
