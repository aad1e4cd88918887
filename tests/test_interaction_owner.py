"""To which agent a call of several is attributed."""

from __future__ import annotations

import pytest

from callcard.journal.call_record import CallRecord, DialogRef, ParticipantState, Segment
from callcard.journal.owner import owner_of

CUSTOMER = "+12125550123"


def record(states: str, removed: dict[str, str] | None = None) -> CallRecord:
    """Make a record from `address state second` parts, all in one dialog, in joining order."""
    parts = [part.split() for part in states.split(", ")]
    history = [
        ParticipantState(
            since=f"2026-01-01T10:00:{float(second):06.3f}Z",
            dialog="1",
            address=CUSTOMER if address == "customer" else address,
            state=state,
        )
        for address, state, second in parts
    ]
    agents = list(dict.fromkeys(address for address, *_rest in parts if address != "customer"))
    left = removed or {}
    return CallRecord(
        id="i",
        number=CUSTOMER,
        dialogs=(DialogRef(dialog="1"),),
        states=tuple(sorted(history)),
        agent_devices=tuple(agents),
        segments=tuple(
            Segment(
                agent=agent,
                extension=agent,
                removed_at={"1": left[agent]} if agent in left else {},
            )
            for agent in agents
        ),
    )


TALK = "customer ACTIVE 0, 1001 ACTIVE 0"


@pytest.mark.parametrize(
    ("states", "last"),
    [
        # A transfer: who had the customer at the end.
        (f"{TALK}, 1001 DROPPED 10, 1002 ACTIVE 10, 1002 DROPPED 20, customer DROPPED 20", "1002"),
        # A guest of a conference who has left.
        (f"{TALK}, 1002 ACTIVE 5, 1002 DROPPED 8, 1001 DROPPED 20, customer DROPPED 20", "1001"),
        # Ana passes the call on to Bilal, whose guest Sam leaves first.
        (
            f"{TALK}, 1001 DROPPED 5, 1002 ACTIVE 4, 2001 ACTIVE 7, 2001 DROPPED 9, "
            "1002 WRAP_UP 20, customer DROPPED 20",
            "1002",
        ),
        # All are there when the customer hangs up: who joined last.
        (f"{TALK}, 1002 ACTIVE 5, customer DROPPED 20, 1002 DROPPED 20, 1001 DROPPED 20.1", "1002"),
        # The customer leaves, and the agents talk on.
        (f"{TALK}, 1002 ACTIVE 5, customer DROPPED 20, 1002 DROPPED 25, 1001 DROPPED 40", "1002"),
        # The call goes on.
        (f"{TALK}, 1002 ACTIVE 5, 1002 DROPPED 8", "1001"),
        (f"{TALK}, 1002 ACTIVE 5", "1002"),
        # Nobody has talked.
        ("customer ACTIVE 0, 1001 ALERTING 0, 1001 DROPPED 5, 1002 ALERTING 5", "1002"),
    ],
)
def test_last_agent_is_who_had_the_customer_at_the_end(states: str, last: str) -> None:
    assert owner_of(record(states), "last").agent == last
    assert owner_of(record(states), "first").agent in ("1001", last)


def test_agent_whose_dialog_was_taken_off_has_left() -> None:
    call = record(
        f"{TALK}, 1002 ACTIVE 5, 1001 DROPPED 20, customer DROPPED 20",
        {"1002": "2026-01-01T10:00:08.000Z"},
    )
    assert owner_of(call, "last").agent == "1001"


def test_call_without_reports_belongs_to_its_last_agent() -> None:
    call = CallRecord(id="i", segments=(Segment(agent="1001"), Segment(agent="1002")))
    assert owner_of(call, "last").agent == "1002"
    assert owner_of(call, "first").agent == "1001"
