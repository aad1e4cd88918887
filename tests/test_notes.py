"""Two edits of the same notes merge into one text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from callcard.journal.notes import merge_notes

NOTES = st.lists(st.sampled_from(["one", "two", "three", "four", "five", ""]), max_size=6).map(
    "\n".join
)


@given(NOTES, NOTES, NOTES)
def test_no_added_line_is_lost(base: str, theirs: str, ours: str) -> None:
    merged = merge_notes(base, theirs, ours).splitlines()
    for edited in (theirs, ours):
        added = [line for line in edited.splitlines() if line and line not in base.splitlines()]
        assert all(line in merged for line in added)


@given(NOTES, NOTES)
def test_edit_of_one_side_is_taken_as_it_is(base: str, edited: str) -> None:
    assert merge_notes(base, edited, base) == edited
    assert merge_notes(base, base, edited) == edited
    assert merge_notes(base, edited, edited) == edited


def test_edits_in_different_places_are_combined() -> None:
    assert merge_notes("a\nb\nc", "a\nb\nc\nd", "z\na\nb\nc") == "z\na\nb\nc\nd"
    assert merge_notes("a\nb\nc", "a\nB\nc", "a\nb\nC") == "a\nB\nC"


def test_edits_of_the_same_line_are_both_kept() -> None:
    assert merge_notes("a", "b", "c") == "b\nc"
