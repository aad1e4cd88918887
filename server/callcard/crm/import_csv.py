"""Rows of a CSV file with any column names."""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice

from callcard.crm.import_headings import FIELDS, REQUIRED, field_of, is_label
from callcard.crm.import_report import (
    MAX_QUOTED_CHARACTERS,
    ImportFileError,
    ImportProblem,
    ImportReport,
    Kind,
    OnProblem,
    Row,
    Value,
)

_DELIMITERS = ",;\t|"
_SEPARATOR_LINE = re.compile(r"\"?sep=(.)\"?\1*[\r\n]*", re.IGNORECASE)
"""Excel's first line, which says what separates the values."""
_MAX_FIELD_CHARACTERS = 2**31 - 1
_MAX_RECORD_LINES = 200
"""In one quoted value; a quote that is open for longer was never closed."""
_MAX_RECORD_CHARACTERS = 1_000_000
_SAMPLED_RECORDS = 200
_MAX_QUOTED_COLUMNS = 30
_MAX_HEADING_CHARACTERS = 40
_IDENTIFYING = {"name", "first_name", "last_name", "company", "number"}


@dataclass(frozen=True, slots=True)
class _Record:
    line: int
    cells: list[str]


@dataclass(frozen=True, slots=True, order=True)
class _Column:
    index: int
    field: str
    heading: str
    label_index: int = -1
    """The column that says of which type the value is, if there is one."""


@dataclass(slots=True)
class _UnusedColumn:
    heading: str
    count: int = 0
    first_line: int = 0
    example: str = ""


@dataclass(slots=True)
class CsvReader:
    """Reads the rows of a CSV file. `looks_like_number` says whether a text is a telephone number.

    `mapping` pairs fields with column names; other columns are recognised by their names.
    """

    kind: Kind
    mapping: Sequence[tuple[str, str]]
    delimiter: str | None
    looks_like_number: Callable[[str], bool]
    on_problem: OnProblem
    report: ImportReport
    _unused: dict[int, _UnusedColumn] = field(default_factory=dict)

    def rows(self, lines: Iterator[str]) -> Iterator[Row]:
        """Read the header, report its columns, and return the rows. Raises ImportFileError."""
        # Long fields are left out with their row; the reader would fail on them.
        csv.field_size_limit(_MAX_FIELD_CHARACTERS)
        numbered = self._without_nul(enumerate(lines, 1))
        first_line, first = next(numbered, (1, ""))
        if match := _SEPARATOR_LINE.fullmatch(first):
            self.delimiter = self.delimiter or match[1]
            first_line, first = next(numbered, (2, ""))
        while not first.strip(' \t\r\n,;|"'):  # empty rows above the header
            following = next(numbered, None)
            if following is None:
                break
            first_line, first = following
        head = [(first_line, first), *islice(numbered, _SAMPLED_RECORDS)]
        delimiter = self.delimiter or _find_delimiter([text for _line, text in head])
        if len(delimiter) != 1:
            raise ImportFileError(f"the delimiter must be one character, not {delimiter!r}")
        records = self._records(chain(head, numbered), delimiter)
        header = [name.strip() for name in next(records, _Record(1, [])).cells]
        columns = self._columns(header)
        labels = {column.label_index for column in columns}
        used = {column.index for column in columns}
        self.report.columns_used = [f"{each.heading} → {each.field}" for each in columns]
        self._unused = {
            index: _UnusedColumn(name)
            for index, name in enumerate(header)
            if index not in used and index not in labels
        }
        self.report.columns_ignored = [
            each.heading for each in self._unused.values() if each.heading
        ]
        sample = list(islice(records, _SAMPLED_RECORDS))
        self._check_numbers(sample, header, columns)
        return self._rows(chain(sample, records), header, columns)

    # ---- records

    def _without_nul(self, lines: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
        for number, line in lines:
            if "\0" in line:
                column = line.index("\0") + 1
                self.on_problem(
                    ImportProblem(number, column, "", "", "a NUL character was removed")
                )
                line = line.replace("\0", "")
            yield number, line

    def _records(self, lines: Iterator[tuple[int, str]], delimiter: str) -> Iterator[_Record]:
        """Split lines into records; a quote that is not closed costs its own line only."""
        pending: deque[tuple[int, str]] = deque()
        while True:
            item = pending.popleft() if pending else next(lines, None)
            if item is None:
                return
            number, line = item
            if '"' not in line:
                yield _Record(number, line.rstrip("\r\n").split(delimiter))
                continue
            taken = [line]
            extra: list[tuple[int, str]] = []
            while True:
                cells, problem = _parse(taken, delimiter)
                if problem != _OPEN_QUOTE or self._is_too_long(taken):
                    break
                following = pending.popleft() if pending else next(lines, None)
                if following is None:
                    break
                extra.append(following)
                taken.append(following[1])
            if cells is not None:
                self._note_swallowed_row(number, cells, delimiter)
                yield _Record(number, cells)
                continue
            pending.extendleft(reversed(extra))
            if problem == _OPEN_QUOTE or extra:
                problem = f"{_OPEN_QUOTE}; close it, or write two for a quote within a value"
            column = _column_of_open_quote(line, delimiter)
            text = line.strip()[:MAX_QUOTED_CHARACTERS]
            self.on_problem(ImportProblem(number, column, "", text, problem, "row"))

    def _note_swallowed_row(self, number: int, cells: list[str], delimiter: str) -> None:
        """Note a quoted value of several lines that holds a row of its own, number included."""
        for value in cells:
            if "\n" not in value or value.count(delimiter) < max(1, len(cells) - 1):
                continue
            parts = re.split(rf"[\r\n{re.escape(delimiter)}]", value)
            if any(self.looks_like_number(part) for part in parts):
                reason = (
                    "a quoted value goes on over several lines and has what looks like a row of "
                    "its own; is a quote missing, or one too many?"
                )
                text = value.strip()[:MAX_QUOTED_CHARACTERS]
                self.on_problem(ImportProblem(number, 0, "", text, reason, "note"))

    @staticmethod
    def _is_too_long(taken: list[str]) -> bool:
        return len(taken) > _MAX_RECORD_LINES or sum(map(len, taken)) > _MAX_RECORD_CHARACTERS

    # ---- rows

    def _rows(
        self, records: Iterator[_Record], header: list[str], columns: list[_Column]
    ) -> Iterator[Row]:
        for record in records:
            cells = [cell.strip() for cell in record.cells]
            if not any(cells):
                continue
            if any(cells[len(header) :]):
                reason = (
                    f"the row has {len(cells)} values, the header {len(header)};"
                    " quote values that contain the delimiter"
                )
                self.on_problem(ImportProblem(record.line, len(header) + 1, "", "", reason, "row"))
                continue
            for index, unused in self._unused.items():
                if index < len(cells) and cells[index]:
                    unused.count += 1
                    unused.first_line = unused.first_line or record.line
                    unused.example = unused.example or cells[index]
            values: dict[str, list[Value]] = {}
            for column in columns:
                label = column.heading
                if column.label_index >= 0:
                    label = _cell(cells, column.label_index).strip("* ") or label
                text = cells[column.index] if column.index < len(cells) else ""
                values.setdefault(column.field, []).append(
                    Value(text, label, record.line, column.index + 1)
                )
            yield Row(record.line, values)
        self._report_unused()

    def _report_unused(self) -> None:
        for index, unused in self._unused.items():
            if unused.count:
                reason = (
                    f"{unused.count:,} values of this column were not imported, the first in line "
                    f"{unused.first_line}: its heading is not known. Use --map FIELD=COLUMN"
                )
                name = unused.heading
                self.on_problem(ImportProblem(1, index + 1, name, unused.example[:80], reason))

    # ---- columns

    def _columns(self, header: list[str]) -> list[_Column]:
        """Return the columns that are used: the mapping's, then those with a known heading."""
        columns = self._mapped_columns(header)
        mapped_fields = {field for field, _name in self.mapping}
        used = {column.index for column in columns}
        for index, heading in enumerate(header):
            found = field_of(heading, self.kind)
            if found is not None and index not in used and found not in mapped_fields:
                columns.append(_Column(index, found, heading, _label_of(header, index)))
        self._check_required(header, {column.field for column in columns})
        order = list(FIELDS[self.kind])
        return sorted(columns, key=lambda each: (order.index(each.field), each.index))

    def _mapped_columns(self, header: list[str]) -> list[_Column]:
        fields = FIELDS[self.kind]
        indexes: dict[str, int] = {}
        for index, name in enumerate(header):
            indexes.setdefault(name.casefold(), index)
        columns = []
        for field_name, name in self.mapping:
            if field_name not in fields:
                raise ImportFileError(
                    f"there is no field {field_name!r}; the fields are {', '.join(fields)}"
                )
            if name.casefold() not in indexes:
                raise ImportFileError(
                    f"there is no column {name!r}; the file has {_quoted(header)}"
                )
            index = indexes[name.casefold()]
            columns.append(_Column(index, field_name, name, _label_of(header, index)))
        return columns

    def _check_required(self, header: list[str], fields: set[str]) -> None:
        missing = [name for name in REQUIRED[self.kind] if name not in fields]
        if self.kind == "contacts" and not fields & _IDENTIFYING:
            missing = ["name", "number"]
        if missing:
            options = " ".join(f'--map {name}="…"' for name in missing)
            raise ImportFileError(
                f"no column for {' or '.join(missing)} among {_quoted(header)}; name it: {options}"
            )

    def _check_numbers(
        self, sample: list[_Record], header: list[str], columns: list[_Column]
    ) -> None:
        """Raise ImportFileError if telephone numbers are only in columns that are not known."""
        if self.kind != "contacts" or any(column.field == "number" for column in columns):
            return
        for index in self._unused:
            texts = [text for each in sample if (text := _cell(each.cells, index))]
            numbers = sum(map(self.looks_like_number, texts))
            if numbers and 2 * numbers >= len(texts):
                heading = header[index] or f"column {index + 1}"
                raise ImportFileError(
                    f"the column {heading!r} seems to hold telephone numbers, but its heading is "
                    f'not known; name it: --map number="{heading}"'
                )


_OPEN_QUOTE = "a quote is not closed"


def _parse(taken: list[str], delimiter: str) -> tuple[list[str] | None, str]:
    """Return the cells of a record, or None and why it can't be read."""
    try:
        cells = next(csv.reader(taken, delimiter=delimiter, strict=True))
    except StopIteration:
        return [], ""
    except csv.Error as error:
        is_open = "unexpected end of data" in str(error)
        return None, _OPEN_QUOTE if is_open else f"the row can't be read: {error}"
    return cells, ""


def _column_of_open_quote(line: str, delimiter: str) -> int:
    """Return the column in which the last quote of a line was opened, from 1."""
    column, is_open, opened_in = 1, False, 1
    for character in line:
        if character == '"':
            is_open = not is_open
            opened_in = column
        elif character == delimiter and not is_open:
            column += 1
    return opened_in


def _find_delimiter(lines: list[str]) -> str:
    """Return the delimiter that splits the header, and the rows into as many values as it has."""

    def score(delimiter: str) -> tuple[int, int]:
        widths = [len(cells) for line in lines if (cells := _parse([line], delimiter)[0])]
        if not widths or widths[0] < 2:
            return 0, 0
        return sum(width == widths[0] for width in widths), widths[0]

    best = max(_DELIMITERS, key=score)
    return best if score(best) > (0, 0) else ","


def _label_of(header: list[str], index: int) -> int:
    """Return the column beside a value that says of which type it is, as in Google's files."""
    before = index - 1
    return before if before >= 0 and is_label(header[before]) else -1


def _cell(cells: list[str], index: int) -> str:
    return cells[index].strip() if 0 <= index < len(cells) else ""


def _quoted(header: list[str]) -> str:
    names = [repr(name[:_MAX_HEADING_CHARACTERS]) for name in header[:_MAX_QUOTED_COLUMNS] if name]
    return ", ".join(names) or "nothing at all"
