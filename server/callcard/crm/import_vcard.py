"""Rows of a vCard file: 2.1, 3.0 and 4.0, as phones and mail programs write them.

A reader of lines of our own: the libraries drop a whole card for one property that breaks their
grammar, or drop the property without saying so. Lines are joined as bytes, because files are folded
inside characters. Sources: versit's vCard 2.1, RFC 2426, RFC 6350.
"""

from __future__ import annotations

import quopri
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from callcard.crm.import_report import (
    ImportFileError,
    ImportProblem,
    OnProblem,
    Row,
    Value,
)
from callcard.crm.import_text import Encoding, decode

_FIELDS = {
    "FN": "name",
    "ORG": "company",
    "TEL": "number",
    "EMAIL": "email",
    "URL": "url",
    "UID": "id",
    "LANG": "language",
    "CATEGORIES": "flags",
}
_ABOUT_THE_CARD = ("VERSION", "PRODID", "REV", "CLASS", "PROFILE", "SOURCE", "NAME", "MAILER")
"""Not about the person: left out without a report."""
_GROUP_KINDS = ("KIND", "X-ADDRESSBOOKSERVER-KIND")
_TYPES_WITHOUT_MEANING = ("voice", "pref", "text", "internet", "x400", "uri")
_BARE_ENCODINGS = ("QUOTED-PRINTABLE", "BASE64", "8BIT", "7BIT")
_BOM = b"\xef\xbb\xbf"
_HEAD = re.compile(rb'((?:[^":;]|"[^"]*"|;)*):', re.DOTALL)
_NAME = re.compile(r"(?:([\w-]+)\.)?([A-Za-z][\w-]*)", re.ASCII)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_SEPARATOR = re.compile(r"(?<!\\);")
_APPLE_LABEL = re.compile(r"_\$!<(.*)>!\$_")
MAX_PROPERTY_BYTES = 4 * 1024 * 1024
"""A photo; a longer property is left out."""


@dataclass(frozen=True, slots=True)
class _Property:
    line: int
    column: int
    """Of the value in its line, from 1."""
    group: str
    name: str
    params: dict[str, list[str]]
    value: str

    @property
    def label(self) -> str:
        types = (each.lower() for each in self.params.get("TYPE", []))
        return ", ".join(dict.fromkeys(t for t in types if t not in _TYPES_WITHOUT_MEANING))


class _Broken(Exception):
    """A line that is no property; the message says why."""


def vcard_rows(lines: Iterable[bytes], encoding: Encoding, on_problem: OnProblem) -> Iterator[Row]:
    """Yield one row for each card. Raises ImportFileError if the file has none.

    A property that can't be read does not affect the others of its card.
    """
    reader = _CardReader(encoding, on_problem)
    found = False
    for number, line in _unfolded(lines):
        marker = line.strip().upper().replace(b" ", b"")
        if marker == b"BEGIN:VCARD":
            found = True
            reader.begin(number)
        elif marker == b"END:VCARD":
            row = reader.end()
            if row is not None:
                yield row
        elif line.strip():
            reader.add(number, line)
    if not found:
        raise ImportFileError("there is no BEGIN:VCARD in the file; is it a vCard file?")
    reader.report_open_card("the card has no END:VCARD; the file may be cut off")


class _CardReader:
    """Collects the properties of one card at a time."""

    def __init__(self, encoding: Encoding, on_problem: OnProblem) -> None:
        self._encoding = encoding
        self._on_problem = on_problem
        self._start = 0
        """The line of the card's BEGIN; 0 outside a card."""
        self._properties: list[_Property] = []
        self._nested = 0
        """How many cards are open inside the card."""

    def begin(self, line: int) -> None:
        last = self._properties[-1] if self._properties else None
        if self._nested or (last and last.name == "AGENT" and not last.value.strip()):
            self._nested += 1
            return
        self.report_open_card("the card has no END:VCARD")
        self._start = line
        self._properties = []

    def end(self) -> Row | None:
        if self._nested:
            self._nested -= 1
            return None
        if not self._start:
            return None
        row = self._row()
        self._start = 0
        self._properties = []
        return row

    def add(self, number: int, line: bytes) -> None:
        if self._nested:
            return
        try:
            if not self._start:
                raise _Broken("it is outside a card")
            self._properties.append(self._property(number, line))
        except _Broken as error:
            text = line[:80].decode("utf-8", "replace").strip()
            reason = f"the line was left out: {error}"
            self._on_problem(ImportProblem(number, 1, "", text, reason))

    def report_open_card(self, reason: str) -> None:
        if self._start:
            self._on_problem(ImportProblem(self._start, 0, "", "", reason, "row"))
        self._start = 0
        self._nested = 0

    # ---- properties

    def _property(self, number: int, line: bytes) -> _Property:
        head = _HEAD.match(line)
        if head is None:
            raise _Broken("it has no colon after the property's name")
        if len(line) > MAX_PROPERTY_BYTES:
            raise _Broken("it is too long")
        text, *given = head[1].decode("utf-8", "replace").split(";")
        match = _NAME.fullmatch(text.strip())
        if match is None:
            raise _Broken(f"{text.strip()[:40]!r} is no property's name")
        params = _params(given)
        value = self._value(number, head.end(), line[head.end() :], params)
        group = (match[1] or "").lower()
        return _Property(number, head.end() + 1, group, match[2].upper(), params, value)

    def _value(self, number: int, start: int, data: bytes, params: dict[str, list[str]]) -> str:
        def on_foreign(column: int, foreign: bytes) -> None:
            reason = (
                f"the bytes {foreign.hex(' ')} are not {encoding}; they were read as Windows-1252"
            )
            self._on_problem(ImportProblem(number, start + column, "", "", reason, "note"))

        encodings = [each.upper() for each in params.get("ENCODING", [])]
        encoding = self._encoding.name.removesuffix("-sig")
        if charsets := params.get("CHARSET"):
            try:
                "".encode(charsets[0])
                encoding = charsets[0]
            except LookupError:
                pass
        if "QUOTED-PRINTABLE" in encodings:
            data = quopri.decodestring(data)
        elif encodings and encodings[0] in ("B", "BASE64"):
            return ""
        return decode(data, encoding, on_foreign).replace("\0", "").strip("\r\n")

    # ---- the row

    def _row(self) -> Row | None:
        values: dict[str, list[Value]] = {"number": []}
        labels = {
            each.group: _APPLE_LABEL.sub(r"\1", each.value).strip()
            for each in self._properties
            if each.name == "X-ABLABEL" and each.group
        }
        for each in self._properties:
            if each.name in _GROUP_KINDS and each.value.strip().lower() == "group":
                reason = "a group of contacts, not a contact"
                self._on_problem(ImportProblem(self._start, 0, "", "", reason, "row"))
                return None
            self._take(each, labels.get(each.group, "") if each.group else "", values)
        if not any(value.text for value in values.get("name", ())):
            name = next((_full_name(each) for each in self._properties if each.name == "N"), "")
            values["name"] = [Value(name, line=self._start)]
        return Row(self._start, values)

    def _take(self, given: _Property, label: str, values: dict[str, list[Value]]) -> None:
        field = _FIELDS.get(given.name)
        if field is not None:
            text = _text(given, field)
            value = Value(text, label or given.label, given.line, given.column)
            values.setdefault(field, []).append(value)
        elif given.name not in (*_ABOUT_THE_CARD, *_GROUP_KINDS, "N", "X-ABLABEL", "X-ABUID"):
            reason = f"{given.name} is not stored"
            value_text = given.value[:80]
            self._on_problem(
                ImportProblem(given.line, given.column, given.name, value_text, reason)
            )


def _params(given: list[str]) -> dict[str, list[str]]:
    """Return the parameters; in 2.1 a bare word is a type or an encoding."""
    params: dict[str, list[str]] = {}
    for param in given:
        name, equals, text = param.partition("=")
        name = name.strip().upper()
        if not equals:
            name, text = ("ENCODING" if name in _BARE_ENCODINGS else "TYPE"), name
        parts = (part.strip().strip('"') for part in text.replace('"', "").split(","))
        params.setdefault(name, []).extend(part for part in parts if part)
    return params


def _text(given: _Property, field: str) -> str:
    """Return a value as text; structured ones in one line."""
    if field == "company":
        parts = [_unescape(part).strip() for part in _SEPARATOR.split(given.value)]
        return ", ".join(filter(None, parts))
    if field == "flags":
        parts = re.split(r"(?<!\\)[,;]", given.value)
        return ";".join(filter(None, (_unescape(part).strip() for part in parts)))
    return _unescape(given.value).strip()


def _full_name(given: _Property) -> str:
    """Return N's parts in the order in which a name is said."""
    parts = [_unescape(part).strip() for part in _SEPARATOR.split(given.value)] + [""] * 5
    family, first, middle, prefix, suffix = parts[:5]
    return " ".join(filter(None, (prefix, first, middle, family, suffix)))


def _unescape(text: str) -> str:
    return _ESCAPE.sub(lambda match: "\n" if match[1] in "nN" else match[1], text)


def _unfolded(lines: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield each property with the number of its first line, as bytes without a line's end."""
    number = 0
    current = b""
    is_photo = False
    for position, raw in enumerate(lines, 1):
        line = raw.rstrip(b"\r\n").removeprefix(_BOM)
        is_marker = line.strip().upper().replace(b" ", b"") in (b"BEGIN:VCARD", b"END:VCARD")
        if _has_soft_break(current) and line and not is_marker:
            current = current[:-1] + line
            continue
        if line[:1] in (b" ", b"\t") and number:
            current += line[1:]
            continue
        if is_photo and line and b":" not in line:  # base64 without the blanks before it
            current += line
            continue
        if number:
            yield number, current
        number, current = position, line
        upper = line[:200].upper()
        is_photo = b"BASE64" in upper or b"ENCODING=B" in upper
    if number:
        yield number, current


def _has_soft_break(line: bytes) -> bool:
    """Return whether a quoted-printable value goes on in the next line."""
    head, colon, value = line.partition(b":")
    return bool(colon) and value.endswith(b"=") and b"QUOTED-PRINTABLE" in head.upper()
