"""Rows of a CSV file with any column names."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import IO, Any

from callcard.crm.import_rows import (
    FIELDS,
    REQUIRED,
    ImportFileError,
    ImportProblem,
    ImportReport,
    Kind,
    OnProblem,
    Row,
)

_DELIMITERS = ",;\t|"
_MAX_FIELD_CHARACTERS = 2**31 - 1
_MAX_QUOTED_COLUMNS = 30
_MAX_QUOTED_CHARACTERS = 40
_IDENTIFYING = {"name", "first_name", "last_name", "company", "number"}

_Reader = Any  # csv.reader's own class has no public name


@dataclass(frozen=True, slots=True, order=True)
class _Column:
    index: int
    field: str
    label: str


def csv_rows(
    text: IO[str],
    kind: Kind,
    mapping: Sequence[tuple[str, str]],
    delimiter: str | None,
    on_problem: OnProblem,
    report: ImportReport,
) -> Iterator[Row]:
    """Read the header, report its columns, and return the rows. Raises ImportFileError.

    `mapping` pairs fields with column names; other columns are recognised by their names.
    """
    lines = (line.replace("\0", "") for line in text)
    first = next(lines, "")
    delimiter = delimiter or max(_DELIMITERS, key=first.count)
    # Long fields are rejected with their row. If the reader rejected them, it would go on inside
    # their quotes and take their lines for rows.
    csv.field_size_limit(_MAX_FIELD_CHARACTERS)
    try:
        reader = csv.reader(chain([first], lines), delimiter=delimiter, strict=True)
        header = [name.strip() for name in next(reader, [])]
    except (csv.Error, TypeError) as error:
        raise ImportFileError(f"the header can't be read: {error}") from error
    columns = _columns(header, kind, mapping)
    used = {column.index for column in columns}
    report.columns_used = [f"{column.label} → {column.field}" for column in columns]
    report.columns_ignored = [
        name for index, name in enumerate(header) if name and index not in used
    ]
    return _rows(reader, len(header), columns, on_problem)


def _rows(
    reader: _Reader, width: int, columns: list[_Column], on_problem: OnProblem
) -> Iterator[Row]:
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            reason = f"the row can't be read: {error}"
            on_problem(ImportProblem(reader.line_num, "", "", reason, row_left_out=True))
            continue
        if not any(cell.strip() for cell in cells):
            continue
        if any(cell.strip() for cell in cells[width:]):
            reason = (
                f"the row has {len(cells)} values, the header {width};"
                " quote values that contain the delimiter"
            )
            on_problem(ImportProblem(reader.line_num, "", "", reason, row_left_out=True))
            continue
        values: dict[str, list[tuple[str, str]]] = {}
        for column in columns:
            cell = cells[column.index].strip() if column.index < len(cells) else ""
            values.setdefault(column.field, []).append((cell, column.label))
        yield Row(reader.line_num, values)


def _columns(header: list[str], kind: Kind, mapping: Sequence[tuple[str, str]]) -> list[_Column]:
    """Return the columns that are used: those of the mapping, then those with a recognised name."""
    columns = _mapped_columns(header, kind, mapping)
    mapped_fields = {field for field, _name in mapping}
    used = {column.index for column in columns}
    for field, names in FIELDS[kind].items():
        if field in mapped_fields:
            continue
        recognised = names.split(",")
        for index, name in enumerate(header):
            if index not in used and _plain(name) in recognised:
                columns.append(_Column(index, field, name))
                used.add(index)
    _check_required(header, kind, {column.field for column in columns})
    return sorted(columns)


def _mapped_columns(
    header: list[str], kind: Kind, mapping: Sequence[tuple[str, str]]
) -> list[_Column]:
    fields = FIELDS[kind]
    indexes: dict[str, int] = {}
    for index, name in enumerate(header):
        indexes.setdefault(name.casefold(), index)
    columns = []
    for field, name in mapping:
        if field not in fields:
            raise ImportFileError(
                f"there is no field {field!r}; the fields are {', '.join(fields)}"
            )
        if name.casefold() not in indexes:
            raise ImportFileError(f"there is no column {name!r}; the file has {_quoted(header)}")
        columns.append(_Column(indexes[name.casefold()], field, name))
    return columns


def _check_required(header: list[str], kind: Kind, fields: set[str]) -> None:
    missing = [field for field in REQUIRED[kind] if field not in fields]
    if kind == "contacts" and not fields & _IDENTIFYING:
        missing = ["name", "number"]
    if missing:
        options = " ".join(f'--map {field}="…"' for field in missing)
        raise ImportFileError(
            f"no column for {' or '.join(missing)} among {_quoted(header)}; name it: {options}"
        )


def _plain(name: str) -> str:
    """Return a column name as it is compared: `Phone_2` is a phone."""
    return re.sub(r"\s*\d+$", "", name.casefold().replace("_", " ")).strip()


def _quoted(header: list[str]) -> str:
    names = [repr(name[:_MAX_QUOTED_CHARACTERS]) for name in header[:_MAX_QUOTED_COLUMNS]]
    return ", ".join(names) or "nothing at all"
