"""Call reports of one call between a customer and two agents, for tests of the journal."""

from __future__ import annotations

from typing import Any

import msgspec

from callcard.journal.report import CallReport, ReportedParticipant

CUSTOMER = "+12125550123"
ANA = "1001"
BILAL = "1002"


def at(second: int) -> str:
    """Return the time so many seconds after the start of the call."""
    return f"2026-01-01T10:{second // 60:02}:{second % 60:02}.000Z"


def call_report(
    dialog: str, states: list[tuple[int, str, str]], started: int = 0, **fields: Any
) -> CallReport:
    """Return a report with the given states: second, address and state of each.

    The last state of an address is its present one, the others are earlier states.
    """
    participants = [
        ReportedParticipant(
            address=address,
            state=state,
            state_since=at(second),
            joined_at=at(started),
            is_agent=address in (ANA, BILAL),
        )
        for second, address, state in states
    ]
    report = CallReport(
        id=dialog,
        from_address=CUSTOMER,
        to_address=ANA,
        # Nobody is at the empty address: it only carries the start.
        participants=[
            *participants,
            ReportedParticipant(address="", state="", joined_at=at(started)),
        ],
    )
    return msgspec.structs.replace(report, **fields)
