"""Rows of a vCard file: 2.1, 3.0 and 4.0, as phones and mail programs write them.

A reader of lines of our own: the libraries drop a whole card for one property that breaks their
grammar, or drop the property without saying so. Lines are joined as bytes, because files are folded
inside characters. Sources: versit's vCard 2.1, RFC 2426, RFC 6350.
"""

from __future__ import annotations

import base64
import quopri
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
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
_BINARY = ("PHOTO", "LOGO", "SOUND", "KEY")
_BARE_ENCODINGS = ("QUOTED-PRINTABLE", "BASE64", "8BIT", "7BIT")
_BOM = b"\xef\xbb\xbf"
_HEAD = re.compile(rb'((?:[^":;]|"[^"]*"|;)*):', re.DOTALL)
_NAME = re.compile(r"(?:([\w-]+)\.)?([A-Za-z][\w-]*)", re.ASCII)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_SEPARATOR = re.compile(r"(?<!\\);")
_APPLE_LABEL = re.compile(r"_\$!<(.*)>!\$_")
_MARKERS = (b"BEGIN:VCARD", b"END:VCARD", b"AGENT:BEGIN:VCARD")
_MAX_MARKER_BYTES = 100
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
        marker = _marker(line)
        if marker == b"BEGIN:VCARD":
            found = True
            reader.begin(number)
        elif marker == b"AGENT:BEGIN:VCARD":
            reader.begin_nested()
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

    def begin_nested(self) -> None:
        """Begin the card of an assistant within the card, as vCard 2.1 has it."""
        self._nested += 1

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
        name = match[2].upper()
        value = self._value(name, number, head.end(), line[head.end() :], params)
        group = (match[1] or "").lower()
        return _Property(number, head.end() + 1, group, name, params, value)

    def _value(
        self, name: str, number: int, start: int, data: bytes, params: dict[str, list[str]]
    ) -> str:
        def on_foreign(column: int, foreign: bytes) -> None:
            reason = (
                f"the bytes {foreign.hex(' ')} are not {encoding}; they were read as Windows-1252"
            )
            self._on_problem(ImportProblem(number, start + column, "", "", reason, "note"))

        encodings = [each.upper() for each in params.get("ENCODING", [])]
        encoding = self._encoding.name.removesuffix("-sig")
        if charsets := params.get("CHARSET"):
            with suppress(LookupError, UnicodeError):
                # Python has codecs that are no charsets, such as `undefined` and `punycode`.
                if "a".encode(charsets[0]) == b"a":
                    encoding = charsets[0]
        if "QUOTED-PRINTABLE" in encodings:
            data = quopri.decodestring(data)
        elif encodings and encodings[0] in ("B", "BASE64"):
            if name in _BINARY:
                return ""
            try:
                data = base64.b64decode(b"".join(data.split()), validate=True)
            except ValueError as error:
                raise _Broken("its base64 can't be read") from error
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
        names = [each for each in self._properties if each.name == "N"]
        if not any(value.text for value in values.get("name", ())):
            name = _full_name(names[0]) if names else ""
            values["name"] = [Value(name, line=self._start)]
        # What N says beyond FN is reported where the row is read.
        values["last_name"] = [
            Value(_full_name(each), line=each.line, column=each.column) for each in names
        ]
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
    current: list[bytes] = []
    size = 0
    is_base64 = is_quoted_printable = is_after_marker = False
    for position, raw in enumerate(lines, 1):
        line = raw.rstrip(b"\r\n")
        while line.startswith(_BOM):
            line = line.removeprefix(_BOM)
        is_marker = _marker(line) in _MARKERS
        goes_on = False
        if not (is_marker or is_after_marker) and line:
            if is_quoted_printable and current[-1].rstrip(b" \t").endswith(b"="):
                current[-1] = current[-1].rstrip(b" \t")[:-1]
                goes_on = True
            elif line[:1] in (b" ", b"\t") and number:
                line = line[1:]
                goes_on = True
            elif is_base64 and b":" not in line:  # without the blanks before it
                goes_on = True
        if goes_on:
            size += len(line)
            if size - len(line) <= MAX_PROPERTY_BYTES:  # the last part makes it too long
                current.append(line)
            continue
        if number:
            yield number, b"".join(current)
        number, current, size = position, [line], len(line)
        is_after_marker = is_marker
        head = line.partition(b":")[0].upper()
        is_base64 = b"BASE64" in head or b"ENCODING=B" in head
        is_quoted_printable = b"QUOTED-PRINTABLE" in head
    if number:
        yield number, b"".join(current)


def _marker(line: bytes) -> bytes:
    return line.strip().upper().replace(b" ", b"") if len(line) < _MAX_MARKER_BYTES else b""
