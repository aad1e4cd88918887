"""Decide about a call from the number lists: continue, reject or divert. No I/O.

Everything that asks about a call uses `decide`: the call manager, a routing script, and the card.
An entry of `allow` counts before one of `deny`, a whole number before a beginning, a longer
beginning before a shorter one, and a narrower scope before a wider one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from callcard.store.base import ListEntryRow

Outcome = Literal["continue", "reject", "divert"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutedCall:
    """A call as number lists see it. Numbers are keys: E.164, internal digits, or `withheld`."""

    calling: Sequence[str]
    """Every reading of the caller's number."""
    called: Sequence[str] = ()
    """Every reading of the number that was dialled."""
    team: str = ""
    """Of the agent who has the call, by Finesse's id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    outcome: Outcome = "continue"
    destination: str = ""
    """The number to divert to."""
    announcement: str = ""
    """The announcement to play before the call is rejected."""
    is_priority: bool = False
    entry: ListEntryRow | None = None
    """What decided; None if no entry concerns the call."""
    flags: tuple[ListEntryRow, ...] = ()
    """The entries of `flag` that concern the caller."""


def lookup_keys(keys: Iterable[str]) -> tuple[str, ...]:
    """Return what the `number` of an entry may be that concerns one of `keys`."""
    return tuple(dict.fromkeys(key[:end] for key in keys for end in range(len(key), 0, -1)))


def names(entry: ListEntryRow, keys: Sequence[str]) -> bool:
    """Return whether an entry names a number, given by its keys."""
    if entry.is_prefix:
        return any(key.startswith(entry.number) for key in keys)
    return entry.number in keys


def in_force(
    entries: Iterable[ListEntryRow], call: RoutedCall, now: float
) -> tuple[ListEntryRow, ...]:
    """Return the entries that concern a call now, in the order of precedence."""
    concerned = (each for each in entries if _concerns(each, call, now))
    return tuple(sorted(concerned, key=_precedence))


def decide(concerned: Iterable[ListEntryRow], call: RoutedCall) -> Decision:
    """Decide from what `in_force` returned."""
    entries = tuple(concerned)
    flags = tuple(each for each in entries if each.list == "flag")
    deciding = next((each for each in entries if each.list in ("allow", "deny")), None)
    if deciding is None:
        return Decision(flags=flags)
    is_diverted = deciding.action in ("divert", "priority") and bool(deciding.target)
    # A diverted call is asked about again, as a call to the place that it was diverted to.
    if is_diverted and deciding.target in call.called:
        is_diverted = False
    outcome: Outcome = "continue"
    if is_diverted:
        outcome = "divert"
    elif deciding.list == "deny" and deciding.action != "divert":
        outcome = "reject"
    return Decision(
        outcome=outcome,
        destination=deciding.target if is_diverted else "",
        announcement=deciding.target if deciding.action == "announce" else "",
        is_priority=deciding.action == "priority",
        entry=deciding,
        flags=flags,
    )


def _concerns(entry: ListEntryRow, call: RoutedCall, now: float) -> bool:
    if not entry.is_in_force(now):
        return False
    if entry.dialled and entry.dialled not in call.called:
        return False
    if entry.team and entry.team != call.team:
        return False
    return names(entry, call.calling)


def _precedence(entry: ListEntryRow) -> tuple[bool, bool, int, bool, bool, float, str]:
    """Return the sort key of an entry: what counts first is smaller, the newest if all is equal."""
    return (
        entry.list != "allow",
        entry.is_prefix,
        -len(entry.number),
        not entry.dialled,
        not entry.team,
        -entry.added_at,
        entry.id,
    )
