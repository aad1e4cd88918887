"""Each change is published once, whatever the order of events and the clocks of the nodes."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcard.finesse.objects import ApiError, Dialog, Participant, Update, User
from callcard.finesse.state_diff import (
    Change,
    CommandRefused,
    DialogChanged,
    UserChanged,
    UserStateDiff,
)

USER_NODE = "/finesse/api/User/1"
DIALOGS_NODE = f"{USER_NODE}/Dialogs"
DIALOG_URI = "/finesse/api/Dialog/7"


def dialog(state: str, second: int, *others: str) -> Dialog:
    """Return a call of agent 1 and `others`, all of them in `state` since `second`."""
    participants = [
        Participant(
            media_address=address,
            state=state,
            state_change_time=f"2026-01-01T00:00:{second:02}.000Z",
        )
        for address in ("1", *others)
    ]
    return Dialog(id="7", state=state, participants=tuple(participants))


@dataclass
class Fixture:
    """A state diff, and the changes that it has published."""

    published: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.diff = UserStateDiff("1", self._publish)

    def _publish(self, change: Change) -> None:
        match change:
            case UserChanged(user):
                self.published.append(user.state)
            case DialogChanged(kind, dialog):
                self.published.append(f"{kind} {dialog.state} {len(dialog.participants)}")
            case CommandRefused(_source, error):
                self.published.append(f"refused {error.data}")

    def event(self, dialog: Dialog, event: str = "PUT") -> None:
        self.diff.apply_event(
            DIALOGS_NODE, Update(event=event, source=DIALOG_URI, objects=(dialog,))
        )


@pytest.fixture
def fixture() -> Fixture:
    return Fixture()


def test_participant_leaves_although_latest_time_goes_back(fixture: Fixture) -> None:
    late = Participant(
        media_address="9", state="ACTIVE", state_change_time="2026-01-01T00:00:59.000Z"
    )
    two = dialog("ACTIVE", 5, "2")
    fixture.event(Dialog(id="7", state="ACTIVE", participants=(*two.participants, late)))
    fixture.event(two)
    assert fixture.published == ["started ACTIVE 3", "changed ACTIVE 2"]


def test_snapshot_wins_over_a_clock_ahead(fixture: Fixture) -> None:
    ready = User(login_id="1", state="READY", state_change_time="2026-01-01T00:01:00Z")
    not_ready = User(login_id="1", state="NOT_READY", state_change_time="2026-01-01T00:00:00Z")
    fixture.diff.apply_snapshot(ready, [dialog("ACTIVE", 50)])
    fixture.diff.apply_snapshot(not_ready, [dialog("HELD", 1)])
    assert fixture.published == ["READY", "started ACTIVE 1", "NOT_READY", "changed HELD 1"]
    fixture.event(dialog("ACTIVE", 2))
    assert fixture.published[-1] == "changed ACTIVE 1"


def test_call_missing_in_snapshot_has_ended(fixture: Fixture) -> None:
    fixture.event(dialog("ACTIVE", 1), "POST")
    fixture.diff.apply_snapshot(User(login_id="1", state="READY"), [])
    assert fixture.published == ["started ACTIVE 1", "READY", "ended ACTIVE 1"]


def test_late_events_of_an_ended_call_are_ignored(fixture: Fixture) -> None:
    fixture.event(dialog("ACTIVE", 1), "POST")
    fixture.event(dialog("DROPPED", 3), "DELETE")
    fixture.event(dialog("ACTIVE", 2))
    fixture.event(dialog("DROPPED", 3))
    assert fixture.published == ["started ACTIVE 1", "ended DROPPED 1"]


def test_call_without_times_starts_and_ends_once(fixture: Fixture) -> None:
    bare = Dialog(
        id="7", state="ALERTING", participants=(Participant(media_address="1", state="ALERTING"),)
    )
    fixture.event(bare, "POST")
    fixture.event(Dialog(id="7", state="DROPPED"), "DELETE")
    fixture.event(bare)
    assert fixture.published == ["started ALERTING 1", "ended DROPPED 1"], "with who was in it"


@given(st.permutations(range(1, 6)), st.sets(st.integers(1, 5)))
def test_newest_state_wins_in_any_order(order: list[int], doubled: set[int]) -> None:
    states = {1: "INITIATED", 2: "ALERTING", 3: "ACTIVE", 4: "HELD", 5: "ACTIVE"}
    fixture = Fixture()
    for second in order:
        for _ in range(2 if second in doubled else 1):
            fixture.event(dialog(states[second], second))
    known, _request_id = fixture.diff.dialogs["7"]
    assert known == dialog("ACTIVE", 5)
    assert len(fixture.published) <= len(states)
    assert sum(change.startswith("started") for change in fixture.published) == 1


@pytest.mark.parametrize("time", ["", "2026-01-01T00:00:00Z"])
def test_repeated_user_event_is_published_once(fixture: Fixture, time: str) -> None:
    user = User(login_id="1", state="READY", state_change_time=time)
    for _ in range(3):
        fixture.diff.apply_event(USER_NODE, Update(event="PUT", source=USER_NODE, objects=(user,)))
    assert fixture.published == ["READY"]


def test_event_on_another_node_changes_nothing(fixture: Fixture) -> None:
    team_node = "/finesse/api/Team/1/Users"
    user = User(login_id="1", state="READY")
    fixture.diff.apply_event(team_node, Update(event="PUT", source=USER_NODE, objects=(user,)))
    assert fixture.published == []


@pytest.mark.parametrize(("request_id", "count"), [("r1", 1), ("", 2)])
def test_repeated_refusal_is_published_once_per_command(
    fixture: Fixture, request_id: str, count: int
) -> None:
    """Without a requestId two refusals cannot be distinguished from one that was sent twice."""
    refusal = Update(
        event="PUT", source=DIALOG_URI, request_id=request_id, errors=(ApiError(data="22"),)
    )
    fixture.diff.apply_event(USER_NODE, refusal)
    fixture.diff.apply_event(USER_NODE, refusal)
    assert fixture.published == ["refused 22"] * count


def user_event(user: User | None, event: str = "PUT") -> Update:
    objects = (user,) if user else ()
    return Update(event=event, source=USER_NODE, objects=objects)


def test_partial_user_keeps_what_lasts() -> None:
    """As recorded: the first RESERVED of a call without names, team, roles and settings."""
    fixture = Fixture()
    whole = User(
        login_id="1",
        state="READY",
        state_change_time="2026-01-01T00:00:01.000Z",
        roles=("Agent",),
        team_name="Sales",
        first_name="Ana",
        extension="1001",
        media_type="1",
        reason_code_id="7",
    )
    fixture.diff.apply_snapshot(whole, ())
    partial = User(login_id="1", state="RESERVED", extension="1001")
    fixture.diff.apply_event(USER_NODE, user_event(partial))
    assert fixture.diff.user is not None
    user = fixture.diff.user[0]
    assert (user.state, user.team_name, user.roles) == ("RESERVED", "Sales", ("Agent",))
    assert (user.first_name, user.media_type) == ("Ana", "1")
    assert user.reason_code_id == "", "what belongs to a state ends with it"


def test_only_a_read_shows_what_unclear_events_changed() -> None:
    fixture = Fixture()
    signed_out = User(login_id="1", state="LOGOUT")
    ready = User(login_id="1", state="READY", extension="1")

    def is_unclear(node: str, update: Update) -> bool:
        return fixture.diff.is_unclear(node, update)

    fixture.diff.apply_snapshot(ready, ())
    assert is_unclear(USER_NODE, user_event(None))
    assert is_unclear(DIALOGS_NODE, user_event(None, "DELETE"))
    assert is_unclear(USER_NODE, user_event(User(state="READY")))
    assert is_unclear(USER_NODE, user_event(signed_out))
    assert not is_unclear(USER_NODE, user_event(ready))
    assert not is_unclear("/finesse/api/Team/1/Users", user_event(None))
    refused = Update(event="PUT", source=USER_NODE, errors=(ApiError(data="257"),))
    assert not is_unclear(USER_NODE, refused)
    fixture.diff.apply_snapshot(signed_out, ())
    assert not is_unclear(USER_NODE, user_event(signed_out)), "then it is no news"
