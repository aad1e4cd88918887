"""Times as text: ISO 8601 in UTC, as Finesse writes them; they sort as text. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal


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


def seconds_between(since: str, until: str) -> float:
    """Return the seconds from one time to another, or 0 if one of them is missing."""
    try:
        return (datetime.fromisoformat(until) - datetime.fromisoformat(since)).total_seconds()
    except (ValueError, TypeError):
        return 0.0
