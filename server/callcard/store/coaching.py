"""A supervisor's message to an agent, as the store keeps it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CoachingMessage:
    """Times are seconds since the epoch."""

    id: str
    agent: str
    """The login id of whom it is for."""
    supervisor: str
    supervisor_name: str
    text: str
    sent_at: float
    read_at: float | None = None
    answer: str = ""
    answered_at: float | None = None
