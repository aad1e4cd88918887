"""What a call is to the stand-in: who takes part, in which state, and what that state allows by itself. Data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Event = Literal["POST", "PUT", "DELETE"]
Kind = Literal["call", "monitor", "preview", "direct_preview"]


@dataclass(slots=True, kw_only=True)
class Participant:
    address: str
    is_agent: bool
    state: str
    passive: bool = False
    """Listened to: in the dialog, but with nothing to do in it."""
    actions: tuple[str, ...] = ()
    began: str = ""
    since: str = ""
    cause: str = ""


@dataclass(slots=True, kw_only=True)
class Dialog:
    id: str
    from_address: str
    to_address: str
    call_type: str
    dialed: str
    queue: str
    variables: dict[str, str]
    participants: list[Participant]
    state: str
    kind: Kind = "call"
    secondary: str = ""
    """The call that a transfer or conference merged into this one."""
    associated: str = ""
    """The call that this one is a consult for, or monitors."""
    controller: str = ""
    """Who made it a conference."""
    wrap_up: tuple[str, ...] = ()
    callback: tuple[str, str] = ("", "")
    """Time and number at which the customer wants to be called."""
    classification: str = ""
    customer: str = ""
    """Whom a preview would call."""
    dtmf: str = ""
    recording: bool = False
    key: tuple[str, str] = ("", "")
    """The call key's prefix and id, UCCE."""

    def participant(self, address: str) -> Participant | None:
        """Whoever is at `address`: in the call still, or else the one who left it."""
        found = [p for p in self.participants if p.address == address]
        return next((p for p in found if p.state not in GONE), found[-1] if found else None)


# What each participant state allows by itself; the switch adds what depends on the rest.
BASE = {
    "INITIATING": ("DROP", "UPDATE_CALL_DATA"),
    "INITIATED": ("DROP", "UPDATE_CALL_DATA"),
    "ALERTING": ("ANSWER",),
    "ACTIVE": ("HOLD", "DROP", "UPDATE_CALL_DATA", "SEND_DTMF", "TRANSFER_SST"),
    "HELD": ("RETRIEVE", "DROP", "UPDATE_CALL_DATA"),
    "FAILED": ("DROP",),
    "WRAP_UP": ("UPDATE_CALL_DATA",),
}
GONE = ("DROPPED", "WRAP_UP")
