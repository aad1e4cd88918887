"""Each change is told once, whatever order events come in and whatever the nodes' clocks say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcard.finesse.objects import Dialog, Participant, Update, User
from callcard.finesse.state_diff import Change, DialogChanged, Known, UserChanged

OWN = "/finesse/api/User/1"
CALLS = f"{OWN}/Dialogs"


def call(state: str, time: int, *others: str, id: str = "7") -> Dialog:
    parties = [
        Participant(
            media_address=a, state=state, state_change_time=f"2026-01-01T00:00:{time:02}.000Z"
        )
        for a in ("1", *others)
    ]
    return Dialog(id=id, state=state, participants=tuple(parties))


def heard() -> tuple[Known, list[str]]:
    story: list[str] = []

    def tell(change: Change) -> None:
        match change:
            case UserChanged(user):
                story.append(user.state)
            case DialogChanged(what, dialog):
                story.append(f"{what} {dialog.state} {len(dialog.participants)}")

    return Known("1", tell), story


def put(known: Known, *dialogs: Dialog, event: str = "PUT") -> None:
    known.hear(CALLS, Update(event=event, source="/finesse/api/Dialog/7", objects=dialogs))


def test_a_party_that_is_gone_is_gone_although_the_latest_time_goes_back() -> None:
    known, story = heard()
    late = Participant(
        media_address="9", state="ACTIVE", state_change_time="2026-01-01T00:00:59.000Z"
    )
    three = call("ACTIVE", 5, "2")
    put(known, Dialog(id="7", state="ACTIVE", participants=(*three.participants, late)))
    put(known, call("ACTIVE", 5, "2"))
    assert story == ["begun ACTIVE 3", "changed ACTIVE 2"]


def test_what_is_read_is_so_even_by_a_clock_that_is_behind() -> None:
    known, story = heard()
    known.compare(
        User(login_id="1", state="READY", state_change_time="2026-01-01T00:01:00Z"),
        [call("ACTIVE", 50)],
    )
    known.compare(
        User(login_id="1", state="NOT_READY", state_change_time="2026-01-01T00:00:00Z"),
        [call("HELD", 1)],
    )
    assert story == ["READY", "begun ACTIVE 1", "NOT_READY", "changed HELD 1"]
    put(known, call("ACTIVE", 2))  # and its events go on from there
    assert story[-1] == "changed ACTIVE 1"


def test_what_comes_about_a_call_that_is_over_is_not_told() -> None:
    known, story = heard()
    put(known, call("ACTIVE", 1), event="POST")
    put(known, call("DROPPED", 3), event="DELETE")
    put(known, call("ACTIVE", 2))
    put(known, call("DROPPED", 3))
    assert story == ["begun ACTIVE 1", "ended DROPPED 1"]


def test_a_call_whose_participants_have_no_times_is_told_and_once() -> None:
    known, story = heard()
    bare = Dialog(
        id="7", state="ALERTING", participants=(Participant(media_address="1", state="ALERTING"),)
    )
    put(known, bare, event="POST")
    put(known, Dialog(id="7", state="DROPPED"), event="DELETE")
    put(known, bare)
    assert story == ["begun ALERTING 1", "ended DROPPED 0"]


@given(st.permutations(range(1, 6)), st.sets(st.integers(1, 5)))
def test_in_any_order_and_doubled_the_newest_stays(order: list[int], doubled: set[int]) -> None:
    states = {1: "INITIATED", 2: "ALERTING", 3: "ACTIVE", 4: "HELD", 5: "ACTIVE"}
    known, story = heard()
    for time in order:
        for _ in range(2 if time in doubled else 1):
            put(known, call(states[time], time))
    assert known.dialogs["7"][0] == call("ACTIVE", 5)
    assert len(story) <= len(states)  # none twice
    assert sum("begun" in each for each in story) == 1


@pytest.mark.parametrize("time", ["", "2026-01-01T00:00:00Z"])
def test_a_user_is_told_once(time: str) -> None:
    known, story = heard()
    for _ in range(3):
        known.hear(
            OWN,
            Update(
                event="PUT",
                source=OWN,
                objects=(User(login_id="1", state="READY", state_change_time=time),),
            ),
        )
    assert story == ["READY"]
