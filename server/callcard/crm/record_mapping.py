"""Mapping of a CRM's JSON records to contacts, cases and history entries, by JMESPath expressions.

What a CRM sends is hostile or broken until it is mapped: texts are cut, dates are read, and a value
of another shape than expected is an error that names the expression.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from callcard.crm.base import (
    MAX_HISTORY_ENTRIES,
    Case,
    Contact,
    HistoryEntry,
)
from callcard.crm.record_values import (
    MAX_NUMBERS,
    MAX_TEXT,
    contact_numbers,
    direction_of,
    iso_time,
    plain_text,
    web_address,
)
from callcard.crm.templates import compile_path
from callcard.errors import OperatorError, SourceUnavailable
from callcard.extras import requires_extras

with requires_extras("rest"):
    import jmespath

MAX_NOTES = 2000
_MAX_FLAGS = 20
_MAX_CASES = 20

Path = Annotated[str, Meta(description="a JMESPath expression on one record")]


class ContactMapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    id: Path
    name: Path
    company: Path = ""
    email: Path = ""
    language: Path = ""
    flags: Annotated[str, Meta(description="a list; what is not a text in it is left out")] = ""
    created_at: Path = ""
    updated_at: Path = ""
    numbers: Annotated[
        str, Meta(description="a list of texts, or of objects with `number` and `label`")
    ]
    url: Annotated[
        str, Meta(description="template of the record's address in the CRM; `record` is the record")
    ] = ""


class CaseMapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    id: Path
    subject: Path
    status: Path = ""
    opened_at: Path = ""
    notes: Path = ""
    url: str = ""


class HistoryMapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    started_at: Path
    kind: Path = ""
    subject: Path = ""
    direction: Path = ""
    agent: Path = ""
    duration_seconds: Path = ""
    notes: Path = ""


class RecordReader:
    """Reads records by one mapping. `name` is the source's, for errors."""

    def __init__(self, name: str, table: str, mapping: msgspec.Struct) -> None:
        """Raises OperatorError for an expression that is none, naming `table` and its key."""
        self.name = name
        self._table = table
        self._paths = {}
        for key, text in msgspec.structs.asdict(mapping).items():
            if key == "url" or not text:
                continue
            try:
                self._paths[key] = jmespath.compile(text)
            except jmespath.exceptions.JMESPathError as error:
                reason = str(error).splitlines()[0]
                raise OperatorError(f"{name}: {table}.{key}: {reason}") from error
        url = str(getattr(mapping, "url", ""))
        self._url = compile_path(f"{name}: {table}.url", url) if url else None

    def value(self, record: Any, key: str) -> Any:
        path = self._paths.get(key)
        if path is None:
            return None
        try:
            return path.search(record)
        except (jmespath.exceptions.JMESPathError, ArithmeticError, RecursionError) as error:
            raise self._wrong(key, f"fails ({type(error).__name__})") from error

    def text(self, record: Any, key: str, limit: int = MAX_TEXT) -> str:
        value = self.value(record, key)
        if isinstance(value, (list, dict)):
            kind = "a list" if isinstance(value, list) else "an object"
            raise self._wrong(key, f"gives {kind}, not a text")
        return plain_text(value, limit)

    def time(self, record: Any, key: str) -> str:
        return iso_time(self.value(record, key))

    def seconds(self, record: Any, key: str) -> float:
        value = self.value(record, key)
        try:
            seconds = float(value or 0)
        except (TypeError, ValueError):
            return 0.0
        return seconds if math.isfinite(seconds) and seconds > 0 else 0.0

    def items(self, record: Any, key: str) -> list[Any]:
        value = self.value(record, key)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self._wrong(key, "gives no list")
        return value

    def url(self, record: Any, settings: Mapping[str, Any]) -> str:
        """Return the record's address; empty if it is none that a browser may open."""
        if self._url is None:
            return ""
        try:
            address = self._url({"record": record, "settings": settings})
        except OperatorError as error:
            raise SourceUnavailable(str(error)) from error
        return web_address(address)

    def _wrong(self, key: str, what: str) -> SourceUnavailable:
        expression = self._paths[key].expression
        return SourceUnavailable(
            f"{self.name}: {self._table}.{key} {what}; correct the expression {expression!r}"
        )


def read_contact(
    reader: RecordReader, record: Any, country: str, settings: Mapping[str, Any]
) -> Contact:
    """Return a record as a contact; its numbers are read in the country of the source."""
    id = reader.text(record, "id")
    if not id:
        raise SourceUnavailable(f"{reader.name}: contact.id gives nothing; correct the expression")
    return Contact(
        source=reader.name,
        id=id,
        name=reader.text(record, "name"),
        company=reader.text(record, "company"),
        email=reader.text(record, "email"),
        language=reader.text(record, "language"),
        flags=tuple(_texts(reader.items(record, "flags")))[:_MAX_FLAGS],
        numbers=contact_numbers(_labelled(reader.items(record, "numbers")), country),
        url=reader.url(record, settings),
        created_at=reader.time(record, "created_at"),
        updated_at=reader.time(record, "updated_at"),
    )


def _texts(values: Iterable[Any]) -> Iterable[str]:
    return dict.fromkeys(
        value.strip()[:MAX_TEXT] for value in values if isinstance(value, str) and value.strip()
    )


def _labelled(values: list[Any]) -> Iterator[tuple[str, str]]:
    """Yield numbers with their labels; what is no number in a record is left out."""
    for value in values[:MAX_NUMBERS]:
        given, label = (
            (value.get("number"), value.get("label")) if isinstance(value, dict) else (value, "")
        )
        # Odoo sends false for what is empty.
        if isinstance(given, (str, int)) and not isinstance(given, bool):
            yield str(given), plain_text(label) if isinstance(label, str) else ""


def read_cases(
    reader: RecordReader, records: list[Any], settings: Mapping[str, Any]
) -> tuple[Case, ...]:
    cases = (
        Case(
            id=reader.text(record, "id"),
            subject=reader.text(record, "subject"),
            status=reader.text(record, "status"),
            opened_at=reader.time(record, "opened_at"),
            notes=reader.text(record, "notes", MAX_NOTES),
            url=reader.url(record, settings),
        )
        for record in records[:_MAX_CASES]
    )
    return tuple(sorted(cases, key=lambda case: case.opened_at, reverse=True))


def read_history(reader: RecordReader, records: list[Any]) -> tuple[HistoryEntry, ...]:
    entries = (
        HistoryEntry(
            started_at=reader.time(record, "started_at"),
            kind=reader.text(record, "kind") or "call",
            subject=reader.text(record, "subject"),
            direction=direction_of(reader.text(record, "direction")),
            agent=reader.text(record, "agent"),
            duration_seconds=reader.seconds(record, "duration_seconds"),
            notes=reader.text(record, "notes", MAX_NOTES),
        )
        for record in records[: 10 * MAX_HISTORY_ENTRIES]
    )
    newest = sorted(entries, key=lambda entry: entry.started_at, reverse=True)
    return tuple(newest[:MAX_HISTORY_ENTRIES])
