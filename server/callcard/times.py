"""Times as text: ISO 8601 in UTC, as Finesse writes them; they sort as text. No I/O here."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal


def text(at: float, to: Literal["minutes", "seconds", "milliseconds"] = "seconds") -> str:
    """`at`, seconds since the epoch. Finesse writes its own to the millisecond."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec=to).replace("+00:00", "Z")


def between(since: str, until: str) -> float:
    """Seconds from one time to another; 0 if one of them is none."""
    try:
        return (datetime.fromisoformat(until) - datetime.fromisoformat(since)).total_seconds()
    except (ValueError, TypeError):
        return 0.0
