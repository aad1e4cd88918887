"""Merge two edits of the same notes line by line, so that nothing is lost. Pure.

A merge runs while no other call can be saved, and its texts come from a client. So its time is
bounded: about 1 ms up to MAX_COMPARED_LINES, linear above.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rapidfuzz.distance import LCSseq

MAX_COMPARED_LINES = 500
"""Of one text. Above it, edits are not compared line by line: both texts stay."""


class _Edit(NamedTuple):
    start: int
    end: int
    """The lines of the base, from `start` to before `end`, that `lines` replace."""
    lines: list[str]


def merge_notes(base: str, theirs: str, ours: str) -> str:
    """Return `base` with the edits of `theirs` and `ours` (a three-way merge).

    Where both edited the same lines, both versions stay, theirs first. Of a line that one of them
    only goes on with, the longer version stays: what was typed during an outage follows a save
    whose answer was lost.
    """
    if theirs in (base, ours):
        return ours
    if ours == base:
        return theirs
    base_lines, their_lines, our_lines = (text.split("\n") for text in (base, theirs, ours))
    if max(len(base_lines), len(their_lines), len(our_lines)) > MAX_COMPARED_LINES:
        return "\n".join(_both(their_lines, our_lines))
    their_edits = _edits(base_lines, their_lines)
    our_edits = _edits(base_lines, our_lines)
    merged: list[str] = []
    position = 0
    for start, end in _edited_ranges((*their_edits, *our_edits)):
        original = base_lines[start:end]
        their_version = _apply(base_lines, their_edits, start, end)
        our_version = _apply(base_lines, our_edits, start, end)
        merged += base_lines[position:start]
        if their_version in (original, our_version):
            merged += our_version
        elif our_version == original:
            merged += their_version
        else:
            merged += _both(their_version, our_version)
        position = end
    return "\n".join(merged + base_lines[position:])


def _both(theirs: list[str], ours: list[str]) -> list[str]:
    """Return both versions, without what one has of the other at the same place."""
    merged = list(theirs)
    known = set(theirs)
    for index, (line, mine) in enumerate(zip(theirs, ours, strict=False)):
        if mine.startswith(line):
            merged[index] = mine
            known.add(mine)
        elif mine and line.startswith(mine):
            known.add(mine)
    return merged + [line for line in ours if line not in known]


def _edits(base: list[str], edited: list[str]) -> list[_Edit]:
    """Return what changed, the last edit first."""
    codes = LCSseq.opcodes(base, edited)
    return [
        _Edit(code.src_start, code.src_end, edited[code.dest_start : code.dest_end])
        for code in reversed(list(codes))
        if code.tag != "equal"
    ]


def _edited_ranges(edits: Sequence[_Edit]) -> Iterator[tuple[int, int]]:
    """Yield ranges of the base that no edit crosses, in order; edits of one range touch."""
    ordered = sorted(edits, key=lambda edit: (edit.start, edit.end))
    if not ordered:
        return
    start, end, _lines = ordered[0]
    for edit in ordered[1:]:
        if edit.start < end or edit.start == start:
            end = max(end, edit.end)
        else:
            yield start, end
            start, end, _lines = edit
    yield start, end


def _apply(base: list[str], edits: list[_Edit], start: int, end: int) -> list[str]:
    """Remove the edits within a range from `edits`, and return the range with them made."""
    result: list[str] = []
    position = start
    while edits and (edits[-1].end <= end and edits[-1].start < max(end, start + 1)):
        edit = edits.pop()
        result += base[position : edit.start] + edit.lines
        position = edit.end
    return result + base[position:end]
