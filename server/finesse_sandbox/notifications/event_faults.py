"""Faults of the notification service: the next events are lost, repeated, delayed or reordered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

EventFaultKind = Literal["event-lost", "event-duplicated", "event-delayed", "event-reordered"]
EVENT_FAULTS: tuple[EventFaultKind, ...] = get_args(EventFaultKind)


@dataclass(frozen=True, slots=True)
class EventFault:
    """Affects the next event on a publish-subscribe node that begins with `path`."""

    kind: EventFaultKind
    path: str = ""
    seconds: float = 0.0
    """The delay of `event-delayed`."""
