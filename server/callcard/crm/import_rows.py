"""Rows of an import: the contacts, history entries and cases that they describe."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from callcard.crm.base import Case, HistoryEntry
from callcard.crm.import_headings import REQUIRED
from callcard.crm.import_report import (
    MAX_QUOTED_CHARACTERS,
    ImportProblem,
    ImportReport,
    Kind,
    OnProblem,
    Row,
    Value,
)
from callcard.crm.local_writes import ContactEntry
from callcard.crm.text_index import index_text
from callcard.telephony import numbers
from callcard.telephony.numbers import Number
from callcard.text import fold

MAX_FIELD_CHARACTERS = 4096
_SINGLE = ("company", "language", "id")
"""Fields of which a contact has one."""
_NUMBER_WITH_PARAMETERS = re.compile(r"(?i)(tel|sips?):|;\s*ext")
_NUMBER_SEPARATOR = re.compile(r"\s*(?:[|\n]|:::|;(?!\d{1,6}#?\s*$)|,(?![,\d])|,(?=\d{7}))\s*")
"""Between two numbers of one cell. A comma before few digits is a pause."""
_CLOSED = {"closed", "done", "resolved", "solved", "geschlossen", "erledigt", "gelöst", "مغلق"}
_WORD = re.compile(r"\w+")
_NO_DIGIT = re.compile(r"\D")
_BETWEEN_VALUES = re.compile(r"\s*:::\s*|\s*[;,]\s+|\s*;\s*")
_BETWEEN_FLAGS = re.compile(r"[;,|]|:::")
_NO = {"no", "n", "false", "0", "nein"}
_WEB_ADDRESS = re.compile(r"https?://\S+$", re.IGNORECASE)
_EMAIL_ADDRESS = re.compile(r"[^\s@<>]+@[^\s@<>]+$")


@dataclass(frozen=True, slots=True)
class NumberPlan:
    """The home country of numbers without a country code, and the site's own numbers."""

    country: str
    internal: tuple[str, ...] = ()

    def read(self, text: str) -> Number:
        return numbers.read(text, self.country, self.internal)

    def looks_like_number(self, text: str) -> bool:
        """Return whether any part of a cell is a telephone number with its area code."""
        return any(self.read(part).kind == "public" for part in split_numbers(text))


def contact_entry(row: Row, plan: NumberPlan, on_problem: OnProblem) -> ContactEntry | None:
    """Return the contact that a row describes, or None after reporting why there is none."""
    if not _is_short_enough(row, on_problem):
        return None
    name = _name(row)
    company = row.first("company")
    found, numbers_given = _numbers(row, plan, on_problem)
    if not name and not company and not found:
        reason = "neither a name, a company nor a usable number"
        on_problem(row.problem("name", "", reason, extent="row"))
        return None
    for field in _SINGLE:
        _report_further_values(row, field, on_problem)
    _report_other_names(row, name or "", on_problem)
    email = _one_of(row, "email", _EMAIL_ADDRESS, "not an e-mail address", on_problem)
    usable_numbers = [number for number, _label in found]
    return ContactEntry(
        key=_import_key(row, name or "", company or "", found),
        name=name,
        company=company,
        email=email,
        url=_one_of(row, "url", _WEB_ADDRESS, "not an http or https address", on_problem),
        language=row.first("language"),
        flags=_flags(row),
        numbers=found if "number" in row.values else None,
        keeps_numbers=len(found) < numbers_given,
        index_text=index_text(name or "", company or "", email or "", usable_numbers),
    )


def history_entry(
    row: Row, zone: tzinfo, report: ImportReport, on_problem: OnProblem
) -> HistoryEntry | None:
    """Return the history entry that a row describes, or None after reporting why there is none."""
    if not _has_required_fields(row, "interactions", on_problem):
        return None
    started_at = _checked_time(row, "started_at", zone, report, on_problem)
    if started_at is None:
        return None
    return HistoryEntry(
        started_at=started_at,
        kind=row.first("kind") or "call",
        subject=row.first("subject") or "",
        direction=row.first("direction") or "",
        agent=row.first("agent") or "",
    )


def case(
    row: Row, zone: tzinfo, report: ImportReport, on_problem: OnProblem
) -> tuple[Case, bool] | None:
    """Return the case that a row describes and whether it is open, or None after reporting why."""
    if not _has_required_fields(row, "cases", on_problem):
        return None
    opened_at = _checked_time(row, "opened_at", zone, report, on_problem)
    if opened_at is None:
        return None
    url = row.first("url") or ""
    if url and not _WEB_ADDRESS.match(url):
        on_problem(row.problem("url", url, "not an http or https address"))
        url = ""
    status = row.first("status") or "open"
    described = Case(
        id=row.first("id") or "",
        subject=row.first("subject") or "",
        status=status,
        opened_at=opened_at,
        url=url,
    )
    if is_open := row.first("open"):
        return described, is_open.casefold() not in _NO
    return described, status.casefold() not in _CLOSED


def _is_short_enough(row: Row, on_problem: OnProblem) -> bool:
    for field, given in row.values.items():
        for value in given:
            if len(value.text) > MAX_FIELD_CHARACTERS:
                reason = f"longer than {MAX_FIELD_CHARACTERS} characters"
                on_problem(row.problem(field, value.text, reason, extent="row"))
                return False
    return True


def _report_further_values(row: Row, field: str, on_problem: OnProblem) -> None:
    """Report values of a field that has one already, for example a second e-mail address."""
    first = row.first(field)
    for value in row.values.get(field, ()):
        if value.text and value.text != first:
            reason = f"a contact has one {field}; {first!r} was taken"
            on_problem(row.problem(field, value.text, reason))


def _one_of(
    row: Row, field: str, pattern: re.Pattern[str], otherwise: str, on_problem: OnProblem
) -> str | None:
    """Return the first of a field's values that is one of its kind, and report the others.

    Google writes several in one cell, separated by `:::`. None if the file lacks the field.
    """
    if field not in row.values:
        return None
    found = ""
    for value in row.values[field]:
        parts = _BETWEEN_VALUES.split(value.text) if value.text else []
        for text in dict.fromkeys(filter(None, parts)):
            reason = "" if pattern.match(text) else otherwise
            if not reason and found and text != found:
                reason = f"a contact has one {field}; {found!r} was taken"
            found = found or ("" if reason else text)
            if reason:
                place = ImportProblem(value.line or row.line, value.column, field, text, reason)
                on_problem(place)
    return found


def _report_other_names(row: Row, name: str, on_problem: OnProblem) -> None:
    """Report parts of a name that are not in the name which was taken."""
    others = [
        (field, value.text)
        for field in ("name", "first_name", "middle_name", "last_name")
        for value in row.values.get(field, ())
        if value.text and value.text != name
    ]
    taken = set(_words(name)) if others else set()
    for field, text in others:
        if not taken.issuperset(_words(text)):
            on_problem(row.problem(field, text, f"the name {name!r} was taken"))


def _words(text: str) -> list[str]:
    return _WORD.findall(fold(text))


def _name(row: Row) -> str | None:
    parts = [row.first(field) for field in ("first_name", "middle_name", "last_name")]
    name = row.first("name")
    if not name and any(part is not None for part in parts):
        name = " ".join(filter(None, parts))
    return None if name is None else " ".join(name.split())


def _flags(row: Row) -> list[str] | None:
    if "flags" not in row.values:
        return None
    flags: list[str] = []
    for value in row.values["flags"]:
        flags += (flag.strip(" *") for flag in _BETWEEN_FLAGS.split(value.text))
    return list(dict.fromkeys(filter(None, flags)))


def _numbers(
    row: Row, plan: NumberPlan, on_problem: OnProblem
) -> tuple[list[tuple[Number, str]], int]:
    """Return the usable numbers of a row with their labels, each number once; and how many
    different ones the row gives, readable or not.

    What stands beside a number, as in `030 789 (Max)`, becomes part of its label.
    """
    found: dict[str, tuple[Number, str]] = {}
    given: set[str] = set()
    for value in row.values.get("number", []):
        parts = split_numbers(value.text)
        given.update(_NO_DIGIT.sub("", text) for text in parts or filter(None, (value.text,)))
        for text in parts:
            number = plan.read(text)
            if number.kind not in ("public", "internal") or not (number.digits or number.e164):
                reason = number.problem or f"it is {number.kind}, not a telephone number"
                on_problem(_number_problem(row, value, text, reason))
                continue
            label = _label(value, number)
            known, known_label = found.get(number.reversed, (number, ""))
            if known_label or ", " in label:
                labels = dict.fromkeys((*known_label.split(", "), *label.split(", ")))
                label = ", ".join(filter(None, labels))
            found[number.reversed] = known, label
    return list(found.values()), len(given)


def _label(value: Value, number: Number) -> str:
    parts = (
        value.label,
        number.annotation,
        f"ext. {number.extension}" if number.extension else "",
        f"then {number.sent_after}" if number.sent_after else "",
    )
    return ", ".join(filter(None, parts))


def _number_problem(row: Row, value: Value, text: str, reason: str) -> ImportProblem:
    return ImportProblem(
        line=value.line or row.line,
        column=value.column,
        field="number",
        value=text[:MAX_QUOTED_CHARACTERS],
        reason=reason,
    )


def split_numbers(cell: str) -> list[str]:
    """Return the numbers of one cell, separated by semicolons, commas, bars or line breaks.

    A comma before few digits is a pause, and belongs to its number.
    """
    if _NUMBER_WITH_PARAMETERS.search(cell):
        return [cell]
    return [part for part in (part.strip() for part in _NUMBER_SEPARATOR.split(cell)) if part]


def _import_key(row: Row, name: str, company: str, found: list[tuple[Number, str]]) -> str:
    """Return what identifies the contact in a second import.

    Its id if it has one, else its name and email address, else its name and first number.
    """
    if id := row.first("id"):
        return f"id:{id}"
    if email := row.first("email"):
        return f"mail:{fold(name)}|{email.casefold()}"
    digits = found[0][0].digits if found else ""
    return f"{name_key(name, company)}{digits}"


def name_key(name: str, company: str) -> str:
    """Return how the key of a contact without id and address begins."""
    return f"name:{fold(name)}|{fold(company)}|"


def _has_required_fields(row: Row, kind: Kind, on_problem: OnProblem) -> bool:
    """Return whether no required field is empty and none is too long; report the first one."""
    for field in REQUIRED[kind]:
        if not row.first(field):
            on_problem(row.problem(field, "", "empty", extent="row"))
            return False
    return _is_short_enough(row, on_problem)


def _checked_time(
    row: Row, field: str, zone: tzinfo, report: ImportReport, on_problem: OnProblem
) -> str | None:
    """Return the time in `field` as ISO 8601 in UTC, empty if there is none.

    None after reporting a time that can't be read.
    """
    text = row.first(field)
    if not text:
        return ""
    try:
        time = datetime.fromisoformat(text)
        if time.tzinfo is None:
            report.times_without_zone += 1
            time = time.replace(tzinfo=zone)
            if time.utcoffset() != time.replace(fold=1).utcoffset():
                reason = (
                    "the clocks were changed then, so that this time does not exist or is "
                    "ambiguous; give it with its zone, as in 2026-03-01T09:30:00+01:00"
                )
                on_problem(row.problem(field, text, reason, extent="note"))
        time = time.astimezone(UTC)
    except (ValueError, OverflowError):
        reason = "not a date as in 2026-03-01T09:30:00Z"
        on_problem(row.problem(field, text, reason, extent="row"))
        return None
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")
