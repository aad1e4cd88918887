"""What an import says of a file: what was taken, and everything that was not taken as it stands."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from msgspec import Struct

from callcard.errors import OperatorError

MAX_QUOTED_CHARACTERS = 80

Kind = Literal["contacts", "interactions", "cases"]
Extent = Literal["row", "value", "note"]
"""What a problem is about: the whole row or card was left out, one value of it was, or nothing was
left out but something should be known."""


class ImportFileError(OperatorError):
    """The file as a whole can't be imported; the message says what to do."""


class ImportProblem(Struct, frozen=True, array_like=True):
    """Something in the file that was not taken as it stands."""

    line: int
    """Counted from 1; the first one of a row that has several."""
    column: int
    """The number of the CSV column, or the character in the line of a vCard; 0 for a whole row."""
    field: str
    value: str
    reason: str
    extent: Extent = "value"

    @property
    def row_left_out(self) -> bool:
        return self.extent == "row"


OnProblem = Callable[[ImportProblem], None]


class Value(Struct, frozen=True, array_like=True, gc=False):
    """A value of a row, with its label (a column's name or a vCard TYPE) and its place."""

    text: str
    label: str = ""
    line: int = 0
    column: int = 0


class Row(Struct, frozen=True, array_like=True):
    """One row or card: for each field its values."""

    line: int
    values: dict[str, list[Value]]

    def first(self, field: str) -> str | None:
        """Return the first non-empty value.

        Empty if the file has the field but the row has no value; None if the file lacks the field.
        """
        if field not in self.values:
            return None
        for value in self.values[field]:
            if value.text:
                return value.text
        return ""

    def problem(
        self, field: str, value: str, reason: str, *, extent: Extent = "value"
    ) -> ImportProblem:
        """Return a problem with a field of the row, at the place of its value."""
        place = next((v for v in self.values.get(field, ()) if v.text == value), None)
        return ImportProblem(
            line=place.line if place and place.line else self.line,
            column=place.column if place else 0,
            field=field,
            value=value[:MAX_QUOTED_CHARACTERS],
            reason=reason,
            extent=extent,
        )


@dataclass(slots=True)
class ImportReport:
    columns_used: list[str] = dataclasses.field(default_factory=list)
    """Each with the field that it was read as."""
    columns_ignored: list[str] = dataclasses.field(default_factory=list)
    encoding: str = ""
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    """History entries that an earlier row or import added."""
    rows_left_out: int = 0
    values_left_out: int = 0
    notes: int = 0
    times_without_zone: int = 0

    @property
    def taken(self) -> int:
        return self.added + self.updated + self.unchanged

    @property
    def is_complete(self) -> bool:
        """Return whether everything was taken as it stands."""
        return not (self.rows_left_out or self.values_left_out or self.notes)

    def count(self, problem: ImportProblem) -> None:
        match problem.extent:
            case "row":
                self.rows_left_out += 1
            case "value":
                self.values_left_out += 1
            case "note":
                self.notes += 1
