"""Selection: whether a look-up's first match is shown as the caller, and by which rule. Pure.

An agent's choice for the number counts first, then a single match, then the configured policy. A
policy decides only where every candidate has what it compares; otherwise the agent is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from callcard.crm.base import Contact, Match
from callcard.settings_sections import ConflictPolicy

Rule = Literal[
    "chosen",
    "variable",
    "remembered",
    "only-match",
    "last-used",
    "last-updated",
    "earliest",
    "source-order",
]
SWITCHBOARD_CONTACTS = 5
"""More contacts share only a switchboard: who called last says nothing of who calls now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Why the first match is shown as the caller.

    `chosen`: an agent chose it for this call; `variable`: a call variable names it; `remembered`:
    an agent chose it on an earlier call from the number. The others are `only-match` and the
    policies of `contacts.conflict_policy`.
    """

    rule: Rule
    chosen_by: str = ""
    """The name of the agent whose choice is remembered."""
    chosen_at: str = ""
    """When they chose: ISO 8601, UTC."""


def is_switchboard(matches: Sequence[Match]) -> bool:
    return sum(match.how == "exact" for match in matches) > SWITCHBOARD_CONTACTS


def select(
    matches: Sequence[Match], policy: ConflictPolicy, source_names: Sequence[str]
) -> tuple[list[Match], Selection | None]:
    """Return the matches, the selected one first, and why it is; None if the agent must choose.

    `source_names` is the order of the sources in the configuration.
    """
    if len(matches) == 1:
        return list(matches), Selection(rule="only-match")
    exact = [match for match in matches if match.how == "exact"]
    selected = _by_policy(exact, policy, source_names)
    if selected is None or policy == "ask":
        return list(matches), None
    return first(selected, matches), Selection(rule=policy)


def first(selected: Match, matches: Sequence[Match]) -> list[Match]:
    """Return the matches with the selected one before the others."""
    return [selected, *(match for match in matches if match is not selected)]


def _by_policy(
    exact: Sequence[Match], policy: ConflictPolicy, source_names: Sequence[str]
) -> Match | None:
    match policy:
        case "last-used":
            used = [each for each in exact if each.contact.interactions]
            return _single_latest(used, lambda each: each.interactions[0].started_at)
        case "last-updated":
            return _single_latest(exact, lambda each: each.updated_at)
        case "earliest":
            return _single_latest(exact, lambda each: each.created_at, earliest=True)
        case "source-order":
            for name in source_names:
                of_source = [each for each in exact if each.contact.source == name]
                if of_source:
                    return of_source[0] if len(of_source) == 1 else None
    return None


def _single_latest(
    candidates: Sequence[Match], time_of: Callable[[Contact], str], *, earliest: bool = False
) -> Match | None:
    """Return the match with the latest time, or the earliest; None if one lacks it or two tie."""
    times = sorted((time_of(each.contact) for each in candidates), reverse=not earliest)
    if not times or not all(times) or times[:1] == times[1:2]:
        return None
    return next(each for each in candidates if time_of(each.contact) == times[0])
