"""`callcard lists`: import and export number lists, and show which entries name a number."""

from __future__ import annotations

import csv
import io
import os
import sys
import time
from pathlib import Path
from typing import cast

import click

from callcard.cli.options import FILE, config_option, country_option
from callcard.cli.store_access import with_store
from callcard.errors import OperatorError
from callcard.routing import list_files
from callcard.routing.list_files import FileProblem, ListImport
from callcard.routing.number_lists import NAMES, NumberListName, NumberLists
from callcard.settings import Settings
from callcard.store.base import ListEntryRow, Store
from callcard.terminal import echo

SHOWN_PROBLEMS = 20
EXIT_INCOMPLETE = 2

_list_argument = click.argument("name", metavar="LIST", type=click.Choice(NAMES))


@click.group()
def lists() -> None:
    """Import, export and query number lists: deny, allow, flag, never-log, do-not-call."""


@lists.command("import")
@_list_argument
@click.argument("file", type=FILE)
@click.option("--reason", default="", help="Reason of entries that have none of their own.")
@click.option(
    "--source",
    default="",
    metavar="NAME",
    help="Name of the import, for example of a fraud feed; default: the file's name.",
)
@click.option(
    "--replace",
    "replace_earlier",
    is_flag=True,
    help="Remove what earlier imports of the same source left and FILE does not have any more.",
)
@config_option
@country_option
def import_list(
    name: str,
    file: Path,
    reason: str,
    source: str,
    replace_earlier: bool,
    config: Path | None,
    country: str | None,
) -> None:
    """Put the numbers of FILE on LIST. The columns of the CSV file, named in its first line, are
    number, reason, dialled, team, action, target and expires_at; numbers alone need no first line.

    Entries of people and of other imports are left as they are. Exit status: 0 all was imported,
    2 some lines were not (they are listed).
    """
    settings = Settings.read(config, overrides={"telephony.country": country})
    problems: list[FileProblem] = []

    try:
        text = io.StringIO(file.read_bytes().decode("utf-8-sig"), newline="")
    except UnicodeDecodeError as error:
        raise OperatorError(f"{file} must be in UTF-8: {error}") from error

    async def run(store: Store) -> ListImport:
        return await list_files.import_entries(
            store,
            _number_lists(store, settings),
            cast("NumberListName", name),
            list_files.read_entries(text, reason, problems),
            source or file.name,
            time.time(),
            problems,
            replace_earlier=replace_earlier,
        )

    try:
        done = with_store(settings, run)
    except csv.Error as error:
        raise OperatorError(f"{file} must be CSV: {error}") from error
    counts = [f"{done.imported:,} imported"]
    if done.listed_already:
        counts.append(f"{done.listed_already:,} listed by others already")
    if replace_earlier and done.is_complete:
        counts.append(f"{done.removed:,} of earlier imports removed")
    if problems:
        counts.append(f"{len(problems):,} lines left out")
    echo(f"{name}: {', '.join(counts)}")
    for problem in sorted(problems, key=lambda each: each.line)[:SHOWN_PROBLEMS]:
        echo(f"  line {problem.line}, {problem.field}: {problem.reason}")
    if len(problems) > SHOWN_PROBLEMS:
        echo(f"  and {len(problems) - SHOWN_PROBLEMS:,} more")
    if replace_earlier and not done.is_complete:
        echo("  nothing was removed: the file is empty, or not every line of it was imported")
    if problems:
        sys.exit(EXIT_INCOMPLETE)


@lists.command("export")
@_list_argument
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write; default: standard output.",
)
@config_option
def export_list(name: str, out: Path | None, config: Path | None) -> None:
    """Write the entries of LIST that count as CSV, in the form that import reads.

    Proposals and expired entries are left out.
    """

    try:
        descriptor = _open_private(out) if out else os.dup(sys.stdout.fileno())
    except OSError as error:
        raise OperatorError(f"{out}: {error.strerror}") from error
    with open(descriptor, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")

        async def run(store: Store) -> int:
            count = -1  # the first line has the columns
            async for line in list_files.export_rows(
                store, cast("NumberListName", name), time.time()
            ):
                writer.writerow(line)
                count += 1
            return count

        count = with_store(Settings.read(config), run)
    echo(f"{name}: {count:,} exported", err=True)


@lists.command()
@click.argument("number", metavar="NUMBER")
@config_option
@country_option
def find(number: str, config: Path | None, country: str | None) -> None:
    """Show the entries of all lists that name NUMBER, also proposed and expired ones."""
    settings = Settings.read(config, overrides={"telephony.country": country})

    async def run(store: Store) -> list[ListEntryRow]:
        return await _number_lists(store, settings).entries_for(number)

    found = with_store(settings, run)
    for row in found:
        echo(_describe(row, time.time()))
    if not found:
        echo(f"{number} is on no list")


def _describe(row: ListEntryRow, now: float) -> str:
    parts = [f"{row.list:<12} {row.number}{'*' if row.is_prefix else ''}"]
    if row.action or row.target:
        parts.append(" ".join(filter(None, (row.action, row.target))))
    if row.dialled:
        parts.append(f"only to {row.dialled}")
    if row.team:
        parts.append(f"only team {row.team}")
    if row.state == "proposed":
        parts.append("proposed")
    if row.has_expired(now):
        parts.append("expired")
    parts.append(f"{row.reason} ({row.author_name or row.author})")
    return "; ".join(parts)


def _number_lists(store: Store, settings: Settings) -> NumberLists:
    telephony = settings.telephony
    return NumberLists(store, telephony.country, internal_numbers=telephony.internal_numbers)


def _open_private(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
