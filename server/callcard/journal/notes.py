"""Two changes of one text, put together: nothing that either wrote is lost. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

_Change = tuple[int, int, list[str]]
"""From and to which line of the original, and what stands there instead."""


def merged(base: str, theirs: str, ours: str) -> str:
    """`base` with what was changed in `theirs` and in `ours`, line by line. Where both changed the same lines, both are kept,
    theirs first; where only one did, it did."""
    if theirs in (base, ours):
        return ours
    if ours == base:
        return theirs
    original, left, right = base.splitlines(), theirs.splitlines(), ours.splitlines()
    mine, other = _changes(original, right), _changes(original, left)
    told: list[str] = []
    place = 0
    while True:
        end = _reach(place, (*mine, *other))
        kept, a, b = (
            original[place:end],
            _apply(original, other, place, end),
            _apply(original, mine, place, end),
        )
        if a in (kept, b):
            told += b
        elif b == kept:
            told += a
        else:
            told += [*a, *(line for line in b if line not in a)]
        if end > place:
            place = end
        elif place < len(original):
            told.append(original[place])
            place += 1
        else:
            return "\n".join(told)


def _reach(place: int, changes: Sequence[_Change]) -> int:
    """The end of the smallest stretch from `place` on whose edges no change crosses."""
    end = place
    while True:
        crossing = (
            last
            for first, last, _ in changes
            if first >= place and (first < end or first == place) and last > end
        )
        further = max(crossing, default=end)
        if further == end:
            return end
        end = further


def _changes(original: list[str], changed: list[str]) -> list[_Change]:
    codes = SequenceMatcher(None, original, changed, autojunk=False).get_opcodes()
    return [(i1, i2, changed[j1:j2]) for tag, i1, i2, j1, j2 in codes if tag != "equal"]


def _apply(original: list[str], changes: Sequence[_Change], start: int, end: int) -> list[str]:
    """The lines from `start` to `end` with those of `changes` that lie in them; an insertion at `end` is the next stretch's."""
    told, place = [], start
    for first, last, lines in changes:
        if start <= first < end or first == last == start:
            told += original[place:first] + lines
            place = last
    return told + original[place:end]
