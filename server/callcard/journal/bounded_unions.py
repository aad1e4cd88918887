"""Unions of what reports and records say of a call, within limits: who reports may never end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from callcard.journal.call_record import DialogRef, ParticipantState, Segment

MAX_STATES = 500
"""Kept of one call; a conference that is held and retrieved for hours has fewer."""
MAX_STATES_OF_ADDRESS = 150
MAX_AGENT_STATES = 20
MAX_LINKS = 100
"""Dialogs of one call; a conference that agents join and leave for hours has fewer."""
MAX_SEGMENTS = 100
MAX_DEVICES = 200
MAX_REASONS = 50
MAX_VARIABLES = 100
MAX_VARIABLE_CHARACTERS = 32_000
"""Of names and values together. Finesse has ten call variables and ECC variables of 2,000 bytes."""


def merge_links(one: Iterable[str], other: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({*one, *other}))[:MAX_LINKS]


def merge_dialogs(dialogs: Iterable[DialogRef]) -> tuple[DialogRef, ...]:
    merged: dict[str, DialogRef] = {}
    for dialog in dialogs:
        known = merged.get(dialog.dialog, DialogRef(dialog=dialog.dialog))
        merged[dialog.dialog] = DialogRef(
            dialog=dialog.dialog,
            call_key=known.call_key or dialog.call_key,
            started_at=earliest(known.started_at, dialog.started_at),
            from_address=known.from_address or dialog.from_address,
        )
    ordered = sorted(merged.values(), key=lambda each: (each.started_at, each.dialog))
    return tuple(ordered[:MAX_LINKS])


def merge_states(states: Iterable[ParticipantState]) -> tuple[ParticipantState, ...]:
    """Return the newest states; those of one address do not push out those of another."""
    merged = sorted({each for each in states if each.since})
    if len(merged) <= MAX_STATES_OF_ADDRESS:
        return tuple(merged)
    counts: Counter[str] = Counter()
    kept = []
    for state in reversed(merged):
        counts[state.address] += 1
        if counts[state.address] <= MAX_STATES_OF_ADDRESS:
            kept.append(state)
    return tuple(reversed(kept[:MAX_STATES]))


def merge_agent_states(states: set[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(states, key=lambda each: each[1]))[-MAX_AGENT_STATES:]


def sort_segments(segments: Iterable[Segment]) -> tuple[Segment, ...]:
    ordered = sorted(segments, key=lambda each: (each.joined_at or "~", each.agent))
    return tuple(ordered[:MAX_SEGMENTS])


def merge_variables(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables within the limits, those with the first names."""
    kept: dict[str, str] = {}
    characters = 0
    for name, value in sorted(variables.items())[:MAX_VARIABLES]:
        characters += len(name) + len(value)
        if characters > MAX_VARIABLE_CHARACTERS:
            break
        kept[name] = value
    return kept


def earliest(*times: str) -> str:
    return min(filter(None, times), default="")
