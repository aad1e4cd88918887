"""Rows of an import: their fields, the records that they become, and the report."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from callcard.crm.base import Case, HistoryEntry
from callcard.crm.local_writes import ContactEntry
from callcard.errors import OperatorError
from callcard.telephony import numbers
from callcard.telephony.numbers import Number
from callcard.text import fold

Kind = Literal["contacts", "interactions", "cases"]

MAX_FIELD_CHARACTERS = 4096
_MAX_QUOTED_CHARACTERS = 80

FIELDS: dict[Kind, dict[str, str]] = {
    "contacts": {
        "id": "id,contact id,customer id,customer number,kundennummer,kundennr,nr,uid,key,المعرف",
        "name": "name,full name,display name,contact,contact name,vollständiger name,الاسم",
        "first_name": "first name,firstname,given name,vorname,الاسم الأول",
        "last_name": "last name,lastname,surname,family name,nachname,اسم العائلة",
        "company": "company,organisation,organization,account,account name,firma,unternehmen,"
        "الشركة",
        "number": "number,phone,telephone,phone number,telefon,telefonnummer,rufnummer,tel,mobile,"
        "mobile phone,cell,mobil,handy,business phone,work phone,home phone,office,geschäftlich,"
        "privat,الهاتف,الجوال",
        "email": "email,e-mail,mail,email address,البريد الإلكتروني",
        "url": "url,link,record,record url,web",
        "flags": "flags,tags,labels,categories,merkmale,kategorien",
    },
    "interactions": {
        "contact": "contact,contact id,customer,customer id,kunde,id",
        "started_at": "started at,start,at,date,time,when,datum,zeit",
        "kind": "kind,type,channel,art,kanal",
        "direction": "direction,richtung",
        "subject": "subject,summary,title,betreff",
        "agent": "agent,user,owner,bearbeiter",
    },
    "cases": {
        "id": "id,case,case id,ticket,number,nummer",
        "contact": "contact,contact id,customer,customer id,kunde",
        "subject": "subject,title,summary,betreff",
        "status": "status,state",
        "opened_at": "opened at,opened,created,date,eröffnet,datum",
        "url": "url,link",
        "open": "open,is open,offen",
    },
}
"""The fields of each kind of row, with the column names that are recognised without a mapping."""

REQUIRED: dict[Kind, tuple[str, ...]] = {
    "contacts": (),
    "interactions": ("contact", "started_at", "subject"),
    "cases": ("id", "contact", "subject"),
}

_NUMBER_WITH_PARAMETERS = re.compile(r"(?i)(tel|sips?):|;\s*ext")
_CLOSED = {"closed", "done", "resolved", "solved", "geschlossen", "erledigt", "gelöst", "مغلق"}
_NO = {"no", "n", "false", "0", "nein"}
_WEB_ADDRESS = re.compile(r"https?://\S+$", re.IGNORECASE)


class ImportFileError(OperatorError):
    """The file as a whole can't be imported; the message says what to do."""


@dataclass(frozen=True, slots=True)
class ImportProblem:
    """A row, or one value of it, that was left out."""

    line: int
    """The line on which the row ends, counted from 1."""
    field: str
    value: str
    reason: str
    row_left_out: bool
    """Whether the whole row was left out, not only this value."""


OnProblem = Callable[[ImportProblem], None]


@dataclass(frozen=True, slots=True)
class Row:
    """One row: for each field its values, with their labels (a column's name or a vCard TYPE)."""

    line: int
    values: dict[str, list[tuple[str, str]]]

    def first(self, field: str) -> str | None:
        """Return the first non-empty value.

        Empty if the file has the field but the row has no value; None if the file lacks the field.
        """
        if field not in self.values:
            return None
        for value, _label in self.values[field]:
            if value:
                return value
        return ""

    def text(self, field: str, default: str = "") -> str:
        """Return the first non-empty value, cut to the longest that is stored."""
        return (self.first(field) or default)[:MAX_FIELD_CHARACTERS]

    def problem(
        self, field: str, value: str, reason: str, *, row_left_out: bool = False
    ) -> ImportProblem:
        quoted = value[:_MAX_QUOTED_CHARACTERS]
        return ImportProblem(self.line, field, quoted, reason, row_left_out)


@dataclass(slots=True)
class ImportReport:
    columns_used: list[str] = dataclasses.field(default_factory=list)
    """Each with the field that it was read as."""
    columns_ignored: list[str] = dataclasses.field(default_factory=list)
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    """History entries that an earlier row or import added."""
    rows_left_out: int = 0
    values_left_out: int = 0


def contact_entry(row: Row, country: str, on_problem: OnProblem) -> ContactEntry | None:
    """Return the contact that a row describes, or None after reporting why there is none."""
    for field, given in row.values.items():
        if any(len(value) > MAX_FIELD_CHARACTERS for value, _label in given):
            reason = f"longer than {MAX_FIELD_CHARACTERS} characters"
            on_problem(row.problem(field, given[0][0], reason, row_left_out=True))
            return None
    name = _name(row)
    company = row.first("company")
    found = _numbers(row, country, on_problem)
    if not name and not company and not found:
        reason = "neither a name, a company nor a usable number"
        on_problem(row.problem("name", "", reason, row_left_out=True))
        return None
    url = row.first("url")
    if url and not _WEB_ADDRESS.match(url):
        on_problem(row.problem("url", url, "not an http or https address"))
        url = ""
    flags = row.first("flags")
    return ContactEntry(
        key=_import_key(row, name or "", company or "", found),
        name=name,
        company=company,
        email=row.first("email"),
        url=url,
        flags=None if flags is None else _flags(flags),
        numbers=found if "number" in row.values else None,
    )


def history_entry(row: Row, on_problem: OnProblem) -> HistoryEntry | None:
    """Return the history entry that a row describes, or None after reporting why there is none."""
    if not _has_required_fields(row, "interactions", on_problem):
        return None
    started_at = _checked_time(row, "started_at", on_problem)
    if started_at is None:
        return None
    return HistoryEntry(
        started_at=started_at,
        kind=row.text("kind", "call"),
        subject=row.text("subject"),
        direction=row.text("direction"),
        agent=row.text("agent"),
    )


def case(row: Row, on_problem: OnProblem) -> tuple[Case, bool] | None:
    """Return the case that a row describes and whether it is open, or None after reporting why."""
    if not _has_required_fields(row, "cases", on_problem):
        return None
    opened_at = _checked_time(row, "opened_at", on_problem)
    if opened_at is None:
        return None
    url = row.text("url")
    described = Case(
        id=row.text("id"),
        subject=row.text("subject"),
        status=row.text("status", "open"),
        opened_at=opened_at,
        url=url if _WEB_ADDRESS.match(url) else "",
    )
    if row.first("open"):
        return described, row.text("open").casefold() not in _NO
    return described, row.text("status").casefold() not in _CLOSED


def _name(row: Row) -> str | None:
    name = row.first("name")
    first_name = row.first("first_name")
    last_name = row.first("last_name")
    if not name and (first_name is not None or last_name is not None):
        name = f"{first_name or ''} {last_name or ''}"
    return None if name is None else " ".join(name.split())


def _flags(text: str) -> list[str]:
    flags = [flag.strip() for flag in re.split(r"[;,|]", text)]
    return [flag for flag in flags if flag]


def _numbers(row: Row, country: str, on_problem: OnProblem) -> list[tuple[Number, str]]:
    """Return the usable numbers of a row with their labels, each number once."""
    found: list[tuple[Number, str]] = []
    known: set[str] = set()
    for cell, label in row.values.get("number", []):
        for text in _split_numbers(cell):
            number = numbers.read(text, country)
            if number.kind not in ("public", "internal"):
                reason = f"not a telephone number of {country}, nor one with a country code"
                on_problem(row.problem("number", text, reason))
            elif number.reversed not in known:
                known.add(number.reversed)
                found.append((number, label))
    return found


def _split_numbers(cell: str) -> list[str]:
    """Return the numbers of one cell, separated by semicolons, commas, bars or line breaks."""
    if _NUMBER_WITH_PARAMETERS.search(cell):
        return [cell]
    parts = [part.strip() for part in re.split(r"[;,|\n]", cell)]
    return [part for part in parts if part]


def _import_key(row: Row, name: str, company: str, found: list[tuple[Number, str]]) -> str:
    """Return what identifies the contact in a second import.

    Its id if it has one, else its name and email address, else its name and first number.
    """
    if id := row.first("id"):
        return f"id:{id}"
    if email := row.first("email"):
        return f"mail:{fold(name)}|{email.casefold()}"
    digits = found[0][0].digits if found else ""
    return f"name:{fold(name)}|{fold(company)}|{digits}"


def _has_required_fields(row: Row, kind: Kind, on_problem: OnProblem) -> bool:
    """Return whether no required field is empty; report the first one that is."""
    for field in REQUIRED[kind]:
        if not row.first(field):
            on_problem(row.problem(field, "", "empty", row_left_out=True))
            return False
    return True


def _checked_time(row: Row, field: str, on_problem: OnProblem) -> str | None:
    """Return the time in `field` as ISO 8601, empty if there is none.

    None after reporting a time that can't be read.
    """
    text = row.text(field)
    if not text:
        return ""
    try:
        time = datetime.fromisoformat(text)
        time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        reason = "not a date as in 2026-03-01T09:30:00Z"
        on_problem(row.problem(field, text, reason, row_left_out=True))
        return None
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")
