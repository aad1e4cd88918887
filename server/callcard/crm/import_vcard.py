"""Rows of a vCard file, 3.0 or 4.0."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import IO, Any

import vobject

from callcard.crm.import_rows import ImportFileError, ImportProblem, OnProblem, Row

# The library logs each line that it skips; the import's report says what was left out.
logging.getLogger("vobject").setLevel(logging.CRITICAL)

_FIELDS = {
    "fn": "name",
    "org": "company",
    "tel": "number",
    "email": "email",
    "url": "url",
    "uid": "id",
    "categories": "flags",
}
_TYPES_WITHOUT_MEANING = ("voice", "pref", "text")
_MAX_QUOTED_CHARACTERS = 120


def vcard_rows(text: IO[str], on_problem: OnProblem) -> Iterator[Row]:
    """Yield one row for each card. Raises ImportFileError if the file has none.

    The file is split into cards here, so that a card that can't be read does not affect others.
    """
    lines: list[str] = []
    line_number = 0
    found = False
    for line_number, line in enumerate(text, 1):
        marker = line.strip().upper()
        if marker == "BEGIN:VCARD":
            if _has_text(lines):
                reason = "the card has no END:VCARD"
                on_problem(ImportProblem(line_number - 1, "", "", reason, row_left_out=True))
            found = True
            lines = []
        lines.append(line)
        if marker == "END:VCARD":
            row = _row(lines, line_number, on_problem)
            if row is not None:
                yield row
            lines = []
    if not found:
        raise ImportFileError("there is no BEGIN:VCARD in the file; is it a vCard file?")
    if _has_text(lines):
        reason = "the card has no END:VCARD; the file may be cut off"
        on_problem(ImportProblem(line_number, "", "", reason, row_left_out=True))


def _has_text(lines: list[str]) -> bool:
    return any(line.strip() for line in lines)


def _row(lines: list[str], line_number: int, on_problem: OnProblem) -> Row | None:
    try:
        card = vobject.readOne("".join(lines), ignoreUnreadable=True)
    except Exception as error:  # the library has no common base for its errors
        reason = f"the card can't be read: {str(error)[:_MAX_QUOTED_CHARACTERS]}"
        on_problem(ImportProblem(line_number, "", "", reason, row_left_out=True))
        return None
    values: dict[str, list[tuple[str, str]]] = {"number": []}
    for line in card.getChildren():
        field = _FIELDS.get(line.name.lower())
        # A component inside a card has no value.
        if field is not None and hasattr(line, "value"):
            values.setdefault(field, []).append((_value(line.value, field), _label(line)))
    return Row(line_number, values)


def _value(value: Any, field: str) -> str:
    if isinstance(value, list):
        separator = ";" if field == "flags" else ", "
        value = separator.join(str(part) for part in value if part)
    return str(value).strip()


def _label(line: Any) -> str:
    types = [each.lower() for each in line.params.get("TYPE", [])]
    return ", ".join(each for each in types if each not in _TYPES_WITHOUT_MEANING)
