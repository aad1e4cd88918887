"""Contacts from files: CSV with any column names, vCard 3.0 and 4.0. Reads rows and says which it can't use, and why.

Nothing is written here: `rows()` yields what `local` can store. A file is read as a stream, so its size does not matter.
"""

from __future__ import annotations

import codecs
import csv
import dataclasses
import io
import logging
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any, BinaryIO, Literal

import vobject

from callcard.crm.base import Case, Interaction
from callcard.crm.local import Entry, LocalContacts
from callcard.errors import OperatorError
from callcard.telephony import numbers
from callcard.text import fold

Kind = Literal["contacts", "interactions", "cases"]
# It would log each line that it passes over; what is refused is told in the report.
logging.getLogger("vobject").setLevel(logging.CRITICAL)

_Reader = Any  # csv.reader's own class has no public name
BATCH = 5000
"""Rows that are written in one transaction: an interrupted import keeps what it had, and is simply run again."""
LONGEST_FIELD = 4096

FIELDS: dict[Kind, dict[str, str]] = {
    "contacts": {
        "id": "id,contact id,customer id,customer number,kundennummer,kundennr,nr,uid,key,المعرف",
        "name": "name,full name,display name,contact,contact name,vollständiger name,الاسم",
        "first_name": "first name,firstname,given name,vorname,الاسم الأول",
        "last_name": "last name,lastname,surname,family name,nachname,اسم العائلة",
        "company": "company,organisation,organization,account,account name,firma,unternehmen,الشركة",
        "number": "number,phone,telephone,phone number,telefon,telefonnummer,rufnummer,tel,mobile,mobile phone,cell,mobil,handy,"
        "business phone,work phone,home phone,office,geschäftlich,privat,الهاتف,الجوال",
        "email": "email,e-mail,mail,email address,البريد الإلكتروني",
        "url": "url,link,record,record url,web",
        "flags": "flags,tags,labels,categories,merkmale,kategorien",
    },
    "interactions": {
        "contact": "contact,contact id,customer,customer id,kunde,id",
        "at": "at,date,time,when,datum,zeit",
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
        "opened": "opened,created,date,eröffnet,datum",
        "url": "url,link",
        "open": "open,is open,offen",
    },
}
"""What each kind of row has, with the column names that are understood without being told."""

_REQUIRED: dict[Kind, tuple[str, ...]] = {
    "contacts": (),
    "interactions": ("contact", "at", "subject"),
    "cases": ("id", "contact", "subject"),
}


class FileUnusable(OperatorError):
    """The file as a whole can't be imported; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A row, or one value of it, that was left out. `line` is where the row ends in the file, counted from 1."""

    line: int
    field: str
    value: str
    why: str
    whole: bool
    """Whether the whole row was left out, not only this value."""


@dataclass(frozen=True, slots=True)
class _Row:
    """What a row says: each field's values with their labels (a column's name, a vCard's TYPE)."""

    line: int
    values: dict[str, list[tuple[str, str]]]

    def first(self, field: str) -> str | None:
        """The first value that is not empty; empty if the file has the field without one; None if it has no such field."""
        given = self.values.get(field)
        return None if given is None else next((value for value, _label in given if value), "")


@dataclass(slots=True)
class Report:
    used: list[str] = dataclasses.field(default_factory=list)
    """Columns that were understood, and as what."""
    ignored: list[str] = dataclasses.field(default_factory=list)
    added: int = 0
    updated: int = 0
    refused_rows: int = 0
    left_out_values: int = 0


def load(
    store: LocalContacts,
    file: Path,
    *,
    kind: Kind = "contacts",
    mapping: Sequence[tuple[str, str]] = (),
    country: str,
    encoding: str | None = None,
    delimiter: str | None = None,
    refused: Callable[[Refused], None] = lambda refusal: None,
    progress: Callable[[int], None] = lambda position: None,
) -> Report:
    """Import `file` into `store`, a batch at a time.

    `mapping` pairs a field with a column's name, again for more columns of one field. `progress` is told the byte that was
    reached, `refused` what is left out. Raises FileUnusable, before anything is written, for a file that can't be read at all
    or whose columns say too little.
    """
    report = Report()

    def refuse(refusal: Refused) -> None:
        report.refused_rows += refusal.whole
        report.left_out_values += not refusal.whole
        refused(refusal)

    with file.open("rb") as raw:
        text = _text(raw, encoding)
        cards = file.suffix.lower() in (".vcf", ".vcard")
        if cards and kind != "contacts":
            raise FileUnusable("a vCard file holds contacts; give interactions and cases as CSV")
        rows = (
            _cards(text, refuse)
            if cards
            else _table(text, kind, mapping, delimiter, refuse, report)
        )
        while batch := list(islice(rows, BATCH)):
            if kind == "contacts":
                written = store.write(
                    entry for row in batch if (entry := _entry(row, country, refuse))
                )
                report.added += written.added
                report.updated += written.updated
            else:
                _write_past(store, kind, batch, report, refuse)
            progress(raw.tell())
    return report


# ---- reading


def _text(raw: BinaryIO, encoding: str | None) -> IO[str]:
    """The file's text: as told, by its byte order mark, as UTF-8, or else as what Excel writes on Western Windows."""
    try:
        # newline="": only CR and LF end a line, and csv sees them as they are.
        return io.TextIOWrapper(raw, encoding or _encoding(raw), errors="replace", newline="")
    except LookupError as error:
        raise FileUnusable(
            f"there is no encoding {encoding!r}; utf-8, cp1252 and utf-16 are the usual ones"
        ) from error


def _encoding(raw: BinaryIO) -> str:
    """Found out by reading all of it: the first umlaut may stand in the last row."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        start = chunk = raw.read(1024 * 1024)
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        while chunk:
            decoder.decode(chunk)
            chunk = raw.read(1024 * 1024)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    finally:
        raw.seek(0)
    return "utf-8-sig"


def _table(
    text: IO[str],
    kind: Kind,
    mapping: Sequence[tuple[str, str]],
    delimiter: str | None,
    refuse: Callable[[Refused], None],
    report: Report,
) -> Iterator[_Row]:
    lines = (line.replace("\0", "") for line in text)
    first = next(lines, "")
    delimiter = delimiter or max(",;\t|", key=first.count)
    # Long fields are refused with their row later; were they refused by the reader, it would go on inside their quotes.
    csv.field_size_limit(2**31 - 1)
    try:
        reader = csv.reader(chain([first], lines), delimiter=delimiter, strict=True)
        header = [name.strip() for name in next(reader, [])]
    except (csv.Error, TypeError) as error:
        raise FileUnusable(f"the heading can't be read: {error}") from error
    columns = _columns(header, kind, mapping)
    report.used = [f"{label} → {name}" for _place, name, label in columns]
    taken = {place for place, _name, _label in columns}
    report.ignored = [name for place, name in enumerate(header) if name and place not in taken]
    return _rows(reader, len(header), columns, refuse)


def _rows(
    reader: _Reader,
    width: int,
    columns: list[tuple[int, str, str]],
    refuse: Callable[[Refused], None],
) -> Iterator[_Row]:
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            refuse(Refused(reader.line_num, "", "", f"the row can't be read: {error}", whole=True))
            continue
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) > width and any(cell.strip() for cell in cells[width:]):
            why = f"the row has {len(cells)} values, the heading {width}; quote values that hold the delimiter"
            refuse(Refused(reader.line_num, "", "", why, whole=True))
            continue
        values: dict[str, list[tuple[str, str]]] = {}
        for place, field, label in columns:
            cell = cells[place].strip() if place < len(cells) else ""
            values.setdefault(field, []).append((cell, label))
        yield _Row(reader.line_num, values)


def _columns(
    header: list[str], kind: Kind, mapping: Sequence[tuple[str, str]]
) -> list[tuple[int, str, str]]:
    """Which column is which field: as told first, then by the names that are understood."""
    fields = FIELDS[kind]
    places = {name.casefold(): place for place, name in reversed(list(enumerate(header)))}
    found: list[tuple[int, str, str]] = []
    for field, column in mapping:
        if field not in fields:
            raise FileUnusable(f"there is no field {field!r}; the fields are {', '.join(fields)}")
        if column.casefold() not in places:
            raise FileUnusable(f"there is no column {column!r}; the file has {_listed(header)}")
        found.append((places[column.casefold()], field, column))
    told = {field for field, _column in mapping}
    taken = {place for place, _field, _label in found}
    for field, names in fields.items():
        understood = names.split(",")
        for place, name in enumerate(header):
            plain = re.sub(
                r"\s*\d+$", "", name.casefold().replace("_", " ")
            ).strip()  # "Phone 2" is a phone
            if field not in told and place not in taken and plain in understood:
                found.append((place, field, name))
                taken.add(place)
    have = {field for _place, field, _label in found}
    missing = [field for field in _REQUIRED[kind] if field not in have]
    if kind == "contacts" and not have & {"name", "first_name", "last_name", "company", "number"}:
        missing = ["name", "number"]
    if missing:
        told_how = " ".join(f'--map {field}="…"' for field in missing)
        raise FileUnusable(
            f"no column for {' or '.join(missing)} among {_listed(header)}; say which: {told_how}"
        )
    return sorted(found)


def _listed(header: list[str]) -> str:
    return ", ".join(repr(name[:40]) for name in header[:30]) or "nothing at all"


def _cards(text: IO[str], refuse: Callable[[Refused], None]) -> Iterator[_Row]:
    """One row a card. Cards are cut apart here, so that one which can't be read costs itself alone."""
    lines: list[str] = []
    number = 0
    found = False
    for number, line in enumerate(text, 1):
        if line.strip().upper() == "BEGIN:VCARD":
            if any(before.strip() for before in lines):
                refuse(Refused(number - 1, "", "", "the card has no END:VCARD", whole=True))
            found, lines = True, []
        lines.append(line)
        if line.strip().upper() == "END:VCARD":
            yield from _card(lines, number, refuse)
            lines = []
    if not found:
        raise FileUnusable("there is no BEGIN:VCARD in the file; is it a vCard file?")
    if any(line.strip() for line in lines):
        refuse(
            Refused(
                number, "", "", "the card has no END:VCARD; the file may be cut off", whole=True
            )
        )


def _card(lines: list[str], number: int, refuse: Callable[[Refused], None]) -> Iterator[_Row]:
    try:
        card = vobject.readOne("".join(lines), ignoreUnreadable=True)
    except Exception as error:  # the library raises whatever it stumbles over
        refuse(Refused(number, "", "", f"the card can't be read: {str(error)[:120]}", whole=True))
        return
    values: dict[str, list[tuple[str, str]]] = {"number": []}
    names = {
        "fn": "name",
        "org": "company",
        "tel": "number",
        "email": "email",
        "url": "url",
        "uid": "id",
        "categories": "flags",
    }
    for line in card.getChildren():
        field = names.get(line.name.lower())
        if field is None or not hasattr(line, "value"):  # a component inside a card has none
            continue
        value = line.value
        if isinstance(value, list):
            value = (";" if field == "flags" else ", ").join(str(part) for part in value if part)
        types = [
            kind
            for kind in line.params.get("TYPE", [])
            if kind.lower() not in ("voice", "pref", "text")
        ]
        values.setdefault(field, []).append((str(value).strip(), ", ".join(types).lower()))
    yield _Row(number, values)


# ---- meaning


def _parted(value: str) -> list[str]:
    """The numbers in one cell: several stand there between semicolons, commas or lines."""
    if re.search(r"(?i)(tel|sips?):|;\s*ext", value):
        return [value]
    return [part.strip() for part in re.split(r"[;,|\n]", value) if part.strip()]


_CLOSED = {"closed", "done", "resolved", "solved", "geschlossen", "erledigt", "gelöst", "مغلق"}
_NO = {"no", "n", "false", "0", "nein"}
_WEB = re.compile(r"https?://\S+$", re.IGNORECASE)


def _entry(row: _Row, country: str, refuse: Callable[[Refused], None]) -> Entry | None:
    """The contact that a row describes, or None, after saying why."""

    def leave(field: str, value: str, why: str, *, whole: bool = False) -> None:
        refuse(Refused(row.line, field, value[:80], why, whole))

    for field, given in row.values.items():
        if any(len(value) > LONGEST_FIELD for value, _label in given):
            leave(field, given[0][0], f"longer than {LONGEST_FIELD} characters", whole=True)
            return None
    parts = [row.first("first_name"), row.first("last_name")]
    name = row.first("name") or (
        " ".join(filter(None, parts)) if any(p is not None for p in parts) else row.first("name")
    )
    read: list[tuple[numbers.Number, str]] = []
    cells = row.values.get("number", [])
    for value, label in ((part, label) for cell, label in cells for part in _parted(cell)):
        number = numbers.read(value, country)
        if number.kind in ("public", "internal"):
            if number.reversed not in {seen.reversed for seen, _label in read}:
                read.append((number, label))
        else:
            leave(
                "number", value, f"not a telephone number of {country}, nor one with a country code"
            )
    name = None if name is None else " ".join(name.split())
    company = row.first("company")
    if not name and not company and not read:
        leave("name", "", "neither a name, a company nor a usable number", whole=True)
        return None
    url = row.first("url")
    if url and not _WEB.match(url):
        leave("url", url, "not an http or https address")
        url = ""
    flags = row.first("flags")
    return Entry(
        key=_key(row, name or "", company or "", read),
        name=name,
        company=company,
        email=row.first("email"),
        url=url,
        flags=None
        if flags is None
        else [flag.strip() for flag in re.split(r"[;,|]", flags) if flag.strip()],
        numbers=read if "number" in row.values else None,
    )


def _key(row: _Row, name: str, company: str, read: list[tuple[numbers.Number, str]]) -> str:
    """What makes it the same contact next time: its id, else who it is by name and mail, else by name and first number."""
    if id := row.first("id"):
        return f"id:{id}"
    if email := row.first("email"):
        return f"mail:{fold(name)}|{email.casefold()}"
    return f"name:{fold(name)}|{fold(company)}|{read[0][0].digits if read else ''}"


def _write_past(
    store: LocalContacts,
    kind: Kind,
    batch: list[_Row],
    report: Report,
    refuse: Callable[[Refused], None],
) -> None:
    def value(row: _Row, field: str, otherwise: str = "") -> str:
        return (row.first(field) or otherwise)[:LONGEST_FIELD]

    usable = []
    for row in batch:
        empty = next((field for field in _REQUIRED[kind] if not row.first(field)), None)
        at = _moment(value(row, "at" if kind == "interactions" else "opened"))
        if empty:
            refuse(Refused(row.line, empty, "", "empty", whole=True))
        elif at is None:
            field = "at" if kind == "interactions" else "opened"
            refuse(
                Refused(
                    row.line,
                    field,
                    value(row, field)[:80],
                    "not a date as in 2026-03-01T09:30:00Z",
                    whole=True,
                )
            )
        else:
            usable.append((row, at))
    if kind == "interactions":
        added, unknown = store.write_interactions(
            (
                "id:" + value(row, "contact"),
                Interaction(
                    at=at,
                    kind=value(row, "kind", "call"),
                    subject=value(row, "subject"),
                    direction=value(row, "direction"),
                    agent=value(row, "agent"),
                ),
            )
            for row, at in usable
        )
    else:
        added, unknown = store.write_cases(
            (
                "id:" + value(row, "contact"),
                Case(
                    id=value(row, "id"),
                    subject=value(row, "subject"),
                    status=value(row, "status", "open"),
                    opened=at,
                    url=url if _WEB.match(url := value(row, "url")) else "",
                ),
                value(row, "open").casefold() not in _NO
                if row.first("open")
                else value(row, "status").casefold() not in _CLOSED,
            )
            for row, at in usable
        )
    report.added += added
    for place in unknown:
        row, _at = usable[place]
        refuse(
            Refused(
                row.line,
                "contact",
                value(row, "contact")[:80],
                "no contact was imported with this id",
                whole=True,
            )
        )


def _moment(text: str) -> str | None:
    """A date or time as ISO 8601 in UTC; empty stays empty; None if it is neither."""
    if not text:
        return ""
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
