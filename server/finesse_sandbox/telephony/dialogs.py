"""A dialog, its participants, and the actions that a participant's state allows. Data only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

EventType = Literal["POST", "PUT", "DELETE"]
Kind = Literal["call", "monitor", "preview", "direct_preview"]

ACTIONS_BY_STATE = {
    "INITIATING": ("UPDATE_CALL_DATA", "DROP"),
    "INITIATED": ("UPDATE_CALL_DATA", "DROP"),
    "ALERTING": ("ANSWER",),
    "ACTIVE": ("TRANSFER_SST", "CONSULT_CALL", "HOLD", "UPDATE_CALL_DATA", "SEND_DTMF", "DROP"),
    "HELD": ("UPDATE_CALL_DATA", "DROP", "RETRIEVE"),
    "FAILED": ("DROP",),
    "WRAP_UP": ("UPDATE_CALL_DATA",),
}
"""What a participant's own state allows, in the recorded order; `allowed_actions` leaves out and
adds what depends on other calls."""
GONE = ("DROPPED", "WRAP_UP")
"""States of a participant who has left the call."""


@dataclass(slots=True, kw_only=True)
class Participant:
    address: str
    is_agent: bool
    state: str
    passive: bool = False
    """The monitored agent: part of the monitoring dialog, but without actions in it."""
    actions: tuple[str, ...] = ()
    joined_at: str = ""
    state_since: str = ""
    cause: str = ""


@dataclass(frozen=True, slots=True)
class ScheduledCallback:
    """A callback to an outbound customer; empty if there is none."""

    time: str = ""
    number: str = ""


@dataclass(frozen=True, slots=True)
class CallKey:
    """The router's key of a call: the day, and a number within that day."""

    prefix: str
    id: str


@dataclass(slots=True, kw_only=True)
class Dialog:
    id: str
    from_address: str
    to_address: str
    call_type: str
    dialed_number: str
    queue: str
    dnis: str = ""
    """The number that rang first, if it is not the dialled one."""
    variables: dict[str, str]
    participants: list[Participant]
    state: str
    kind: Kind = "call"
    secondary: str = ""
    """The dialog that a transfer or conference merged into this one."""
    associated: str = ""
    caller_name: str = ""
    """What phones show instead of the caller's number; Finesse does not pass it on."""
    """The dialog that this one consults for or monitors."""
    controller: str = ""
    """Address of the agent who made it a conference."""
    wrap_up: tuple[str, ...] = ()
    callback: ScheduledCallback = ScheduledCallback()
    classification: str = ""
    customer: str = ""
    """The number that a preview would call."""
    dtmf: str = ""
    recording: bool = False
    key: CallKey | None = None
    """UCCE only."""

    def participant(self, address: str) -> Participant | None:
        """Return who is at `address`, preferring one who is still on the call."""
        last = None
        for participant in self.participants:
            if participant.address == address:
                if participant.state not in GONE:
                    return participant
                last = participant
        return last

    def present(self) -> list[Participant]:
        """Return the participants who have not left."""
        return [each for each in self.participants if each.state not in GONE]

    def is_present(self, address: str) -> bool:
        return any(each.address == address for each in self.present())
