"""Times as text: ISO 8601 in UTC, as Finesse writes them; they sort as text. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Literal

from callcard.errors import InvalidField

_GIVEN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)", re.ASCII)


def iso_text(
    seconds: float, precision: Literal["minutes", "seconds", "milliseconds"] = "seconds"
) -> str:
    """Return a time given in seconds since the epoch. Finesse writes its own in milliseconds."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec=precision).replace("+00:00", "Z")


def seconds(text: str) -> float | None:
    """Return a time in seconds since the epoch; None if there is none, or none that is valid."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        return None


def read_given(text: str, field: str) -> float:
    """Return a time that a person or a program gave, in seconds since the epoch.

    It needs its zone: that of the server is not theirs. Raises InvalidField, which names `field`.
    """
    if not _GIVEN.fullmatch(text):
        raise InvalidField(
            field,
            f"{text[:40]!r} is no time with its zone; write it as in 2027-03-07T14:30Z",
        )
    given = seconds(text)
    if given is None:
        raise InvalidField(field, f"there is no time {text}")
    return given


def seconds_between(since: str, until: str) -> float:
    """Return the seconds from one time to another, or 0 if one of them is missing."""
    try:
        return (datetime.fromisoformat(until) - datetime.fromisoformat(since)).total_seconds()
    except (ValueError, TypeError):
        return 0.0
