"""What is told of a call makes one record, in whatever order and however often it is told; two people's notes become one text."""

from __future__ import annotations

import random
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from callcard.journal.call_record import Moment, Part, Record, Seen, Teller, absorb, add, is_same
from callcard.journal.notes import merged

CUSTOMER, ANA, BILAL = "+12125550123", "1001", "1002"
STATES = ["INITIATED", "ALERTING", "ACTIVE", "HELD", "WRAP_UP", "DROPPED"]


def at(second: int) -> str:
    return f"2026-01-01T10:{second // 60:02}:{second % 60:02}.000Z"


def seen(dialog: str, moments: list[tuple[int, str, str]], **told: object) -> Seen:
    found = tuple(
        Moment(since=at(second), dialog=dialog, address=address, state=state)
        for second, address, state in moments
    )
    return replace(
        Seen(
            dialog=dialog,
            began=at(0),
            from_address=CUSTOMER,
            to_address=ANA,
            number=CUSTOMER,
            moments=found,
            devices=(ANA, BILAL),
        ),
        **told,  # type: ignore[arg-type]  # any of its fields
    )


@st.composite
def tellings(draw: st.DrawFn) -> list[tuple[Teller, Seen]]:
    """What two agents' desktops tell of one call, in the order in which it happens."""
    told = []
    for second in range(draw(st.integers(1, 12))):
        agent = draw(st.sampled_from([ANA, BILAL]))
        moments = [
            (second, who, draw(st.sampled_from(STATES)))
            for who in draw(st.sets(st.sampled_from([CUSTOMER, ANA, BILAL])))
        ]
        over = draw(st.booleans())
        told.append(
            (Teller(agent=agent, extension=agent, name=agent), seen("1", moments, over=over))
        )
    return told


def together(told: list[tuple[Teller, Seen]]) -> Record:
    record = Record(id="one")
    for teller, each in told:
        record = add(record, teller, each, 1.0)
    return record


@given(tellings(), st.randoms(use_true_random=False))
def test_order_and_repetition_make_no_difference(
    told: list[tuple[Teller, Seen]], chance: random.Random
) -> None:
    shuffled = [*told, *told[: len(told) // 2]]
    chance.shuffle(shuffled)
    one, other = together(told), together(shuffled)
    assert one.moments == other.moments
    assert (one.ended, one.end, one.answered, one.began) == (
        other.ended,
        other.end,
        other.answered,
        other.began,
    )
    assert {part.agent: (part.over, part.joined) for part in one.parts} == {
        p.agent: (p.over, p.joined) for p in other.parts
    }


@given(tellings(), st.integers(0, 12))
def test_two_records_of_one_call_become_the_one_that_it_would_have_been(
    told: list[tuple[Teller, Seen]], cut: int
) -> None:
    whole = together(told)
    split = absorb(together(told[:cut]), replace(together(told[cut:]), id="two"))
    assert split.id == "one"
    assert (split.moments, split.ended, split.end, split.dialogs) == (
        whole.moments,
        whole.ended,
        whole.end,
        whole.dialogs,
    )
    assert {part.agent: part.over for part in split.parts} == {
        part.agent: part.over for part in whole.parts
    }


def test_times_of_a_call() -> None:
    record = together(
        [
            (
                Teller(agent=ANA, extension=ANA),
                seen("1", [(0, CUSTOMER, "INITIATED"), (0, ANA, "ALERTING")]),
            ),
            (
                Teller(agent=ANA, extension=ANA),
                seen("1", [(5, CUSTOMER, "ACTIVE"), (5, ANA, "ACTIVE")]),
            ),
            (Teller(agent=ANA, extension=ANA), seen("1", [(20, ANA, "HELD")])),
            (Teller(agent=ANA, extension=ANA), seen("1", [(30, ANA, "ACTIVE")])),
            (
                Teller(agent=ANA, extension=ANA),
                seen("1", [(50, CUSTOMER, "DROPPED"), (50, ANA, "WRAP_UP")]),
            ),
        ]
    )
    part = record.part(ANA)
    assert part
    assert [record.seconds(part, state) for state in ("ALERTING", "ACTIVE", "HELD")] == [5, 35, 10]
    assert (record.wrapping, record.ended, record.end) == (True, at(50), "completed")
    over = add(
        record, Teller(agent=ANA, extension=ANA), seen("1", [(62, ANA, "DROPPED")], over=True), 2.0
    )
    part = over.part(ANA)
    assert part
    assert (over.wrapping, over.wrap_up_seconds(part)) == (False, 12)


def test_on_uccx_wrap_up_is_the_agents_own_state() -> None:
    record = together([(Teller(agent=ANA, extension=ANA), seen("1", [(0, ANA, "ACTIVE")]))])
    for second, state in ((10, "WORK"), (25, "READY")):
        teller = Teller(agent=ANA, extension=ANA, state=state, since=at(second))
        record = add(
            record,
            teller,
            seen("1", [(10, ANA, "DROPPED"), (10, CUSTOMER, "DROPPED")], over=True),
            1.0,
        )
    part = record.part(ANA)
    assert part
    assert record.wrap_up_seconds(part) == 15


def test_whether_an_id_means_the_same_call() -> None:
    ended = together(
        [
            (
                Teller(agent=ANA, extension=ANA),
                seen("1", [(0, ANA, "ACTIVE"), (9, ANA, "DROPPED")], over=True, key="5:1"),
            )
        ]
    )
    assert is_same(ended, seen("1", [], key="5:1"))
    assert not is_same(ended, seen("1", [], key="5:2"))
    keyless = together(
        [
            (
                Teller(agent=ANA, extension=ANA),
                seen("1", [(0, ANA, "ACTIVE"), (9, ANA, "DROPPED")], over=True),
            )
        ]
    )
    assert is_same(keyless, seen("1", []))
    assert not is_same(keyless, seen("1", [], began=at(30)))
    assert is_same(
        keyless, seen("2", [], began=at(5), associated="1")
    )  # a consult while it went on
    consult = together(
        [
            (
                Teller(agent=BILAL, extension=BILAL),
                seen("2", [(5, BILAL, "ALERTING")], began=at(5), associated="1"),
            )
        ]
    )
    assert is_same(consult, seen("1", [], began=at(0)))
    assert not is_same(consult, seen("1", [], began=at(6)))  # the id is used again


def test_a_part_that_was_lost_is_back_when_it_is_heard_of() -> None:
    record = together(
        [
            (
                Teller(agent=ANA, extension=ANA),
                seen("1", [(0, ANA, "ACTIVE"), (0, CUSTOMER, "ACTIVE")]),
            )
        ]
    )
    part = record.part(ANA)
    assert part
    lost = replace(record, parts=(replace(part, lost=100.0),))
    assert (lost.end, lost.is_on(ANA)) == ("lost", False)
    back = add(lost, Teller(agent=ANA, extension=ANA), seen("1", [(0, ANA, "ACTIVE")]), 200.0)
    assert (back.end, back.is_on(ANA)) == ("", True)
    assert isinstance(part, Part)


LINES = st.lists(st.sampled_from(["one", "two", "three", "four", "five", ""]), max_size=6).map(
    "\n".join
)


@given(LINES, LINES, LINES)
def test_nothing_that_either_wrote_is_lost(base: str, theirs: str, ours: str) -> None:
    both = merged(base, theirs, ours).splitlines()
    for text in (theirs, ours):
        added = [line for line in text.splitlines() if line and line not in base.splitlines()]
        assert all(line in both for line in added)


@given(LINES, LINES)
def test_what_only_one_changed_is_as_they_changed_it(base: str, changed: str) -> None:
    assert merged(base, changed, base) == changed
    assert merged(base, base, changed) == changed
    assert merged(base, changed, changed) == changed


def test_two_tabs_write_in_different_places() -> None:
    assert merged("a\nb\nc", "a\nb\nc\nd", "z\na\nb\nc") == "z\na\nb\nc\nd"
    assert merged("a\nb\nc", "a\nB\nc", "a\nb\nC") == "a\nB\nC"
    assert merged("a", "b", "c") == "b\nc"
