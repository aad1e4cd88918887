"""Values of a CRM's records, read with suspicion: texts cut, dates read, numbers compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from callcard.crm.base import MAX_MATCHES, Contact, ContactNumber, Match
from callcard.telephony import numbers
from callcard.telephony.numbers import Number
from callcard.telephony.spellings import SUFFIX_DIGITS

MAX_TEXT = 500
"""Characters of a text in one line; a longer limit keeps the lines."""
MAX_RECORDS = 5 * MAX_MATCHES
"""Records that are read of an answer: many may have the digits, and few the number."""
MAX_WORDS = 4
"""Of a search text, for CRMs that are asked for each word."""
MAX_NUMBERS = 50
"""Of a contact."""
_PARTS = ("year", "month", "day", "hour", "minute", "second")
_MILLISECONDS_FROM = 1e11
"""A time as a number is in milliseconds from here on: 1973 in milliseconds, 5138 in seconds."""


def plain_text(value: Any, limit: int = MAX_TEXT) -> str:
    """Return a value as text of at most `limit` characters; empty for null and booleans."""
    if value is None or isinstance(value, bool):
        return ""
    if limit > MAX_TEXT:
        return str(value).strip()[:limit]
    return " ".join(str(value).split())[:limit]


def web_address(text: str) -> str:
    """Return an address that a browser may open; empty for any other."""
    return text if text.startswith(("https://", "http://")) else ""


def iso_time(value: Any) -> str:
    """Return a time as ISO 8601 in UTC; empty if it is none.

    A time without a zone is UTC, as ServiceNow and Odoo send it; a number counts seconds or
    milliseconds since 1970; an object has year, month …, as Tryton's.
    """
    if isinstance(value, bool) or value is None:
        return ""
    try:
        if isinstance(value, (int, float)) or str(value).strip().isdecimal():
            number = float(value)
            seconds = number / 1000 if number >= _MILLISECONDS_FROM else number
            moment = datetime.fromtimestamp(seconds, UTC)
        elif isinstance(value, datetime):
            moment = value
        elif isinstance(value, Mapping):
            year, month, day, hour, minute, second = (int(value.get(part, 0)) for part in _PARTS)
            moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        else:
            moment = datetime.fromisoformat(str(value).strip())
    except (ValueError, TypeError, OverflowError, OSError):
        return ""
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def direction_of(text: str) -> str:
    """Return `in` or `out` for what a CRM calls so, as INBOUND."""
    for direction in ("in", "out"):
        if text.casefold().startswith(direction):
            return direction
    return ""


def contact_numbers(values: Iterable[tuple[str, str]], country: str) -> tuple[ContactNumber, ...]:
    """Return numbers, each given with its label, as they were typed; each once."""
    found: dict[str, ContactNumber] = {}
    for text, label in values:
        given = plain_text(text)
        if given:
            number = numbers.read(given, country)
            shown = number.display or given
            found.setdefault(
                number.e164 or shown, ContactNumber(number=shown, label=label, e164=number.e164)
            )
    return tuple(found.values())[:MAX_NUMBERS]


def match_of(contact: Contact, number: Number) -> Match | None:
    """Return how a contact has a number; None if it does not: searches of CRMs find too much."""
    wanted = {number.e164, *number.other_e164} - {None}
    if number.kind == "internal":
        is_same = any(each.number == number.digits for each in contact.numbers)
        return Match(how="exact", contact=contact) if is_same else None
    if any(each.e164 in wanted for each in contact.numbers):
        return Match(how="exact", contact=contact)
    suffix = number.digits[-SUFFIX_DIGITS:]
    if len(suffix) < SUFFIX_DIGITS:
        return None
    for each in contact.numbers:
        if each.digits.endswith(suffix):
            return Match(how="suffix", contact=contact)
    return None


def matches_of(contacts: Iterable[Contact], number: Number) -> list[Match]:
    """Return the contacts that have a number, each once, exact matches first."""
    found: dict[str, Match] = {}
    for contact in contacts:
        match = match_of(contact, number)
        if match:
            found.setdefault(contact.id, match)
    return sorted(found.values(), key=lambda match: match.how != "exact")
