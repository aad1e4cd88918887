"""`callcard contacts import`: fill the local contacts from files."""

from __future__ import annotations

import csv
import os
import sys
from pathlib import Path

import click

from callcard.cli.options import FILE, config_option, country_option, database_option
from callcard.crm import import_files
from callcard.crm.import_rows import FIELDS, ImportProblem, ImportReport, Kind
from callcard.crm.open_sources import open_local_contacts
from callcard.extras import requires_extras
from callcard.settings import Settings
from callcard.terminal import echo

SHOWN_PROBLEMS = 10
"""Problems that are printed; --report writes all of them."""
EXIT_INCOMPLETE = 3
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
    help="Write what was left out, and why, to this CSV file.",
)
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
) -> None:
    """Import FILE: CSV with any column names, or vCard 3.0 or 4.0 (.vcf). A second import updates.

    Exit status: 0 all imported, 3 some rows were left out (they are listed), 1 the file is
    unusable.
    """
    settings = Settings.read(
        config, overrides={"sources.path": database, "telephony.country": country}
    )
    columns = _parse_mapping(mapping, kind)
    contacts_file = open_local_contacts(settings, write_timeout_seconds=WRITE_TIMEOUT_SECONDS)
    problems: list[ImportProblem] = []
    size = file.stat().st_size
    with (
        requires_extras("import"),
        click.progressbar(length=size, label=file.name, file=sys.stderr) as bar,
    ):
        done = import_files.load(
            contacts_file,
            file,
            kind=kind,
            mapping=columns,
            country=settings.telephony.country,
            encoding=encoding,
            delimiter=delimiter,
            on_problem=problems.append,
            on_progress=lambda position: bar.update(position - bar.pos),
        )
        bar.update(size - bar.pos)
    total = contacts_file.count()
    contacts_file.close_blocking()
    _print_summary(done, problems, total, settings.contacts_path, report)
    if report:
        _write_report(report, problems)
        echo(f"  all {len(problems):,} in {report}")
    if done.rows_left_out:
        sys.exit(EXIT_INCOMPLETE)


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
    if done.unchanged:
        counts.append(f"{done.unchanged:,} unchanged")
    if done.values_left_out:
        counts.append(f"{done.values_left_out:,} values left out")
    echo(f"{', '.join(counts)}; {total:,} contacts in {path}")
    for problem in problems[:SHOWN_PROBLEMS]:
        value = f" {problem.value!r}" if problem.value else ""
        field = f"{problem.field}{value}: " if problem.field else ""
        echo(f"  line {problem.line}: {field}{problem.reason}")
    if len(problems) > SHOWN_PROBLEMS and not report:
        more = len(problems) - SHOWN_PROBLEMS
        echo(f"  and {more:,} more; --report FILE writes them all")


def _write_report(path: Path, problems: list[ImportProblem]) -> None:
    # It holds customers' data, as the database does.
    with open(path, "w", encoding="utf-8", newline="", opener=_open_private) as file:
        writer = csv.writer(file)
        writer.writerow(["line", "field", "value", "why", "whole row"])
        for problem in problems:
            # A spreadsheet would run such a value as a formula.
            quote = "'" if problem.value.startswith(_FORMULA_STARTS) else ""
            writer.writerow(
                [
                    problem.line,
                    problem.field,
                    quote + problem.value,
                    problem.reason,
                    "yes" if problem.row_left_out else "no",
                ]
            )


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
