"""Decisions from number lists: precedence, scopes, expiry, and where actions lead."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcard.routing.decision import RoutedCall, decide, in_force, lookup_keys
from callcard.store.base import ListEntryRow

NOW = 1000.0
CALL = RoutedCall(calling=["+4930123456"], called=["7000"], team="1")


def entry(list: str, number: str = "+4930123456", **given: object) -> ListEntryRow:
    row = ListEntryRow(
        id=f"{list} {number} {given}",
        list=list,
        number=number.rstrip("*"),
        is_prefix=number.endswith("*"),
        given=number,
        reason="because",
        author="2001",
        added_at=1.0,
    )
    return replace(row, **given)  # type: ignore[arg-type]  # the fields' names are the test's


ORDER = [
    entry("allow", dialled="7000", team="1"),
    entry("allow", dialled="7000"),
    entry("allow", team="1"),
    entry("allow"),
    entry("allow", "+493012*", dialled="7000"),
    entry("allow", "+493012*"),
    entry("allow", "+49*", dialled="7000", team="1"),
    entry("deny", dialled="7000"),
    entry("deny", team="1"),
    entry("deny"),
    entry("deny", "+49301*"),
    entry("deny", "+49*"),
]
"""Each counts before the ones below it."""


@given(st.lists(st.sampled_from(range(len(ORDER))), min_size=1, unique=True))
def test_what_is_higher_in_the_table_decides(places: list[int]) -> None:
    concerned = in_force([ORDER[place] for place in places], CALL, NOW)
    assert decide(concerned, CALL).entry == ORDER[min(places)]


@pytest.mark.parametrize(
    "other",
    [
        entry("deny", "+4930123457"),
        entry("deny", "+493012345"),
        entry("deny", "+4931*"),
        entry("deny", "7000"),
        entry("deny", dialled="7001"),
        entry("deny", team="2"),
        entry("deny", state="proposed"),
        entry("deny", expires_at=NOW),
        entry("deny", expires_at=NOW - 1),
        entry("never-log"),
        entry("do-not-call"),
    ],
)
def test_entry_that_does_not_concern_the_call_decides_nothing(other: ListEntryRow) -> None:
    decision = decide(in_force([other], CALL, NOW), CALL)
    assert (decision.outcome, decision.entry) == ("continue", None)


def test_scopes_need_what_they_name() -> None:
    call = RoutedCall(calling=CALL.calling)
    entries = [entry("deny", dialled="7000"), entry("deny", team="1")]
    assert decide(in_force(entries, call, NOW), call).outcome == "continue"


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        (entry("deny"), ("reject", "", "", False)),
        (entry("deny", action="reject"), ("reject", "", "", False)),
        (entry("deny", action="announce", target="closed"), ("reject", "", "closed", False)),
        (entry("deny", action="divert", target="7999"), ("divert", "7999", "", False)),
        (entry("allow"), ("continue", "", "", False)),
        (entry("allow", action="priority", target="7001"), ("divert", "7001", "", True)),
        # The call was diverted already, and is asked about again.
        (entry("deny", action="divert", target="7000"), ("continue", "", "", False)),
        (entry("allow", action="priority", target="7000"), ("continue", "", "", True)),
    ],
)
def test_action_of_the_entry(listed: ListEntryRow, expected: tuple[str, str, str, bool]) -> None:
    decision = decide(in_force([listed], CALL, NOW), CALL)
    assert expected == (
        decision.outcome,
        decision.destination,
        decision.announcement,
        decision.is_priority,
    )


def test_flags_are_shown_whatever_decides() -> None:
    flags = [entry("flag", reason="owes"), entry("flag", "+49*", reason="abroad")]
    decision = decide(in_force([*flags, entry("deny")], CALL, NOW), CALL)
    assert decision.outcome == "reject"
    assert [each.reason for each in decision.flags] == ["owes", "abroad"]


def test_entries_of_every_reading_count() -> None:
    call = RoutedCall(calling=["+4915112345678", "+15112345678"])
    assert decide(in_force([entry("deny", "+1511*")], call, NOW), call).outcome == "reject"


def test_every_beginning_of_a_number_is_looked_for_once() -> None:
    assert lookup_keys(["+49", "+41"]) == ("+49", "+4", "+", "+41")
