"""Request and response bodies of the API; /openapi.json is generated from these types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from callcard.actions.callbacks import ListedCallback
from callcard.actions.calls import Call
from callcard.actions.coaching import CoachingText
from callcard.actions.number_lists import AuditEntry, ListedNumber, NumberListSummary
from callcard.actions.roster import RosterEntry
from callcard.actions.supervision import QueueBoard
from callcard.actions.team_calls import TeamCall
from callcard.journal.interaction import Interaction

Short = Annotated[str, Meta(max_length=200)]
RequestId = Annotated[
    str, Meta(max_length=64, description="any unique text; repeating it creates nothing new")
]
ReasonId = Annotated[str, Meta(max_length=64, pattern=r"^[A-Za-z0-9_.-]*$(?!\n)")]

# ---- requests


class StateChange(msgspec.Struct, forbid_unknown_fields=True):
    state: Annotated[str, Meta(max_length=40, description="READY, NOT_READY or LOGOUT")]
    reason: (
        Annotated[ReasonId, Meta(description="the id of a reason from /me, where one is needed")]
        | None
    ) = None


class Presence(msgspec.Struct, forbid_unknown_fields=True):
    state: Annotated[
        str,
        Meta(
            pattern="^[A-Z_]{1,40}$", description="the agent's state as the desktop shows it, READY"
        ),
    ]


class DialRequest(msgspec.Struct, forbid_unknown_fields=True):
    to: Annotated[
        str, Meta(min_length=1, max_length=128, description="the number, in any spelling")
    ]


class CallbackUpdate(msgspec.Struct, forbid_unknown_fields=True):
    """A change of a callback; fields that are left out stay as they are."""

    status: Annotated[str, Meta(max_length=20, description="done, cancelled or open")] | None = None
    due_at: (
        Annotated[
            str,
            Meta(max_length=32, description="a time with its zone; empty for when there is time"),
        ]
        | None
    ) = None
    note: Annotated[str, Meta(max_length=1000)] | None = None


class CallbackDial(msgspec.Struct, forbid_unknown_fields=True):
    reason: Annotated[
        ReasonId,
        Meta(description="id of a Not Ready reason during the call; empty keeps the state"),
    ] = ""


Instant = Annotated[
    str,
    Meta(max_length=40, description="a time in ISO 8601 with its zone, as in 2026-12-24T18:00Z"),
]


class NumberListRequest(msgspec.Struct, forbid_unknown_fields=True):
    number: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=128,
            description="in any spelling; the beginning of numbers as in +4930*; or withheld",
        ),
    ]
    reason: Annotated[
        str, Meta(min_length=1, max_length=200, description="why; recorded in the audit")
    ]
    dialled: Annotated[
        str, Meta(max_length=128, description="only for calls to this number, if not empty")
    ] = ""
    team: Annotated[
        str, Meta(max_length=64, description="only for agents of this team, by id, if not empty")
    ] = ""
    action: Annotated[
        str,
        Meta(
            max_length=20,
            description="reject, announce or divert for deny; continue or priority for allow",
        ),
    ] = ""
    target: Annotated[
        str,
        Meta(max_length=128, description="the announcement's name, or the number to divert to"),
    ] = ""
    expires_at: Instant = ""


class NumberListChange(msgspec.Struct, forbid_unknown_fields=True):
    state: (
        Annotated[
            Literal["effective"],
            Meta(description="accepts a proposal; to refuse one, remove it"),
        ]
        | msgspec.UnsetType
    ) = msgspec.UNSET
    reason: Annotated[str, Meta(min_length=1, max_length=200)] | msgspec.UnsetType = msgspec.UNSET
    expires_at: Instant | msgspec.UnsetType | None = msgspec.UNSET
    """Null if the entry does not expire any more."""


class SessionRequest(msgspec.Struct, forbid_unknown_fields=True):
    extension: Annotated[
        str,
        Meta(
            max_length=32,
            pattern=r"^[+0-9]*$(?!\n)",
            description="the extension to sign in on; empty leaves the sign-in as it is",
        ),
    ] = ""
    mobile_mode: Annotated[
        Literal["", "CALL_BY_CALL", "NAILED_CONNECTION"],
        Meta(description="how a mobile agent's own phone is called; empty for an agent's phone"),
    ] = ""
    mobile_number: Annotated[
        str, Meta(max_length=32, description="the mobile agent's number, with a mobile_mode")
    ] = ""
    ready: Annotated[
        bool, Meta(description="whether to be ready for calls once the sign-in is confirmed")
    ] = False


class ContactRequest(msgspec.Struct, forbid_unknown_fields=True):
    name: Short = ""
    company: Short = ""
    email: Short = ""
    numbers: Annotated[list[Annotated[str, Meta(max_length=128)]], Meta(max_length=20)] = []
    request_id: RequestId = ""


class CaseRequest(msgspec.Struct, forbid_unknown_fields=True):
    subject: Annotated[str, Meta(min_length=1, max_length=200)]
    notes: Annotated[str, Meta(max_length=4000)] = ""
    request_id: RequestId = ""


class NumberRequest(msgspec.Struct, forbid_unknown_fields=True):
    number: Annotated[str, Meta(min_length=1, max_length=128)]


class CoachingRequest(msgspec.Struct, forbid_unknown_fields=True):
    text: Annotated[str, Meta(min_length=1, max_length=500)]
    request_id: RequestId = ""


class CoachingAnswer(msgspec.Struct, forbid_unknown_fields=True):
    """The agent has read the message."""

    answer: Annotated[str, Meta(max_length=500, description="empty: it is only read")] = ""


# ---- responses: lists are wrapped in an object, so that fields can be added


@dataclass(frozen=True, slots=True)
class CallList:
    calls: list[Call]


@dataclass(frozen=True, slots=True)
class InteractionList:
    interactions: tuple[Interaction, ...]


@dataclass(frozen=True, slots=True)
class CallbackList:
    callbacks: tuple[ListedCallback, ...]


@dataclass(frozen=True, slots=True)
class NumberLists:
    lists: tuple[NumberListSummary, ...]
    numbers: tuple[ListedNumber, ...]
    """With number=: the entries of all lists that name it."""


@dataclass(frozen=True, slots=True)
class RosterList:
    agents: tuple[RosterEntry, ...]


@dataclass(frozen=True, slots=True)
class TeamCallList:
    calls: dict[str, tuple[TeamCall, ...]]
    """By the agent's login id; who has none is left out."""


@dataclass(frozen=True, slots=True)
class QueueList:
    queues: tuple[QueueBoard, ...]


@dataclass(frozen=True, slots=True)
class CoachingList:
    messages: tuple[CoachingText, ...]
    """The latest first."""


@dataclass(frozen=True, slots=True)
class AuditList:
    entries: tuple[AuditEntry, ...]
