"""Two edits of the same notes merge into one text."""

from __future__ import annotations

import pytest
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


@pytest.mark.parametrize(
    ("base", "theirs", "ours", "merged"),
    [
        # The answer to the first save was lost, and the agent typed on.
        ("", "wants a pu", "wants a pump\ncall back", "wants a pump\ncall back"),
        ("", "one\nwants", "one\nwants a pump", "one\nwants a pump"),
        ("one", "one\nwants", "one\nwants a pump", "one\nwants a pump"),
        # The first save arrives after the second one.
        ("", "wants a pump\ncall back", "wants a pu", "wants a pump\ncall back"),
        # Elsewhere it is a line of its own.
        ("", "one\nwants", "wants a pump\ntwo", "one\nwants\nwants a pump\ntwo"),
    ],
)
def test_line_that_goes_on_takes_the_place_of_its_beginning(
    base: str, theirs: str, ours: str, merged: str
) -> None:
    assert merge_notes(base, theirs, ours) == merged
