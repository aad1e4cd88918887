"""Merge two edits of the same notes line by line, so that nothing is lost. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

_Edit = tuple[int, int, list[str]]
"""First and last line of the base that are replaced, and the replacement."""


def merge_notes(base: str, theirs: str, ours: str) -> str:
    """Return `base` with the edits of `theirs` and `ours` (a three-way merge).

    Where both edited the same lines, both versions stay, theirs first.
    """
    if theirs in (base, ours):
        return ours
    if ours == base:
        return theirs
    base_lines = base.splitlines()
    our_edits = _edits(base_lines, ours.splitlines())
    their_edits = _edits(base_lines, theirs.splitlines())
    merged: list[str] = []
    position = 0
    while True:
        end = _end_of_overlap(position, (*our_edits, *their_edits))
        original = base_lines[position:end]
        their_version = _apply(base_lines, their_edits, position, end)
        our_version = _apply(base_lines, our_edits, position, end)
        if their_version in (original, our_version):
            merged += our_version
        elif our_version == original:
            merged += their_version
        else:
            merged += their_version
            merged += [line for line in our_version if line not in their_version]
        if end > position:
            position = end
        elif position < len(base_lines):
            merged.append(base_lines[position])
            position += 1
        else:
            return "\n".join(merged)


def _end_of_overlap(position: int, edits: Sequence[_Edit]) -> int:
    """Return the end of the shortest range from `position` that no edit crosses."""
    end = position
    while True:
        crossing = (
            last
            for first, last, _lines in edits
            if first >= position and (first < end or first == position) and last > end
        )
        further = max(crossing, default=end)
        if further == end:
            return end
        end = further


def _edits(base: list[str], edited: list[str]) -> list[_Edit]:
    codes = SequenceMatcher(None, base, edited, autojunk=False).get_opcodes()
    return [(i1, i2, edited[j1:j2]) for tag, i1, i2, j1, j2 in codes if tag != "equal"]


def _apply(base: list[str], edits: Sequence[_Edit], start: int, end: int) -> list[str]:
    """Return lines `start` to `end` of the base with the edits inside, none at `end`."""
    result: list[str] = []
    position = start
    for first, last, lines in edits:
        if start <= first < end or first == last == start:
            result += base[position:first] + lines
            position = last
    return result + base[position:end]
