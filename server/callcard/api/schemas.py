"""What requests bring: each body with its fields, their limits and what they mean; /openapi.json is made of these."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from callcard.actions.interactions import NOTES

Short = Annotated[str, Meta(max_length=200)]


class StateChange(msgspec.Struct, forbid_unknown_fields=True):
    state: Annotated[str, Meta(max_length=40, description="READY, NOT_READY or LOGOUT")]
    reason: (
        Annotated[
            str,
            Meta(
                max_length=64,
                pattern=r"^[\w.-]*$",
                description="the id of one from /me, when one is needed",
            ),
        ]
        | None
    ) = None


class Dial(msgspec.Struct, forbid_unknown_fields=True):
    to: Annotated[
        str, Meta(min_length=1, max_length=128, description="the number, in any spelling")
    ]


class CallOrder(msgspec.Struct, forbid_unknown_fields=True):
    """What comes with an action; each takes its own."""

    to: Annotated[
        str, Meta(max_length=128, description="consult, transfer: the number, in any spelling")
    ] = ""
    digits: Annotated[
        str, Meta(max_length=64, description="dtmf: 0 to 9, *, # and, on UCCE, A to D")
    ] = ""
    variables: Annotated[
        dict[Annotated[str, Meta(max_length=100)], Annotated[str, Meta(max_length=2000)]],
        Meta(
            max_length=100,
            description="data: values by the names of call variables; an empty one clears",
        ),
    ] = {}
    reasons: Annotated[
        list[Annotated[str, Meta(min_length=1, max_length=200)]],
        Meta(max_length=20, description="wrap-up: labels of the team's reasons; one on UCCE"),
    ] = []
    at: Annotated[
        str,
        Meta(
            max_length=16, description="callback: the customer's local time, as in 2027-03-07T14:30"
        ),
    ] = ""
    number: Annotated[str, Meta(max_length=32, description="callback: the number to call then")] = (
        ""
    )


class ContactChoice(msgspec.Struct, forbid_unknown_fields=True):
    source: Short
    id: Short


class InteractionChange(msgspec.Struct, forbid_unknown_fields=True):
    """What is left out stays as it is."""

    notes: Annotated[str, Meta(max_length=NOTES, description="the agent's own")] | None = None
    base: (
        Annotated[
            str,
            Meta(
                max_length=2 * NOTES,
                description="the notes as they were when typing began; what came meanwhile is kept beside",
            ),
        ]
        | None
    ) = None
    reasons: (
        Annotated[list[Annotated[str, Meta(min_length=1, max_length=200)]], Meta(max_length=20)]
        | None
    ) = None
    contact: ContactChoice | None = None
    finished: Annotated[bool, Meta(description="the agent is done with it")] | None = None
    typed: (
        Annotated[datetime, Meta(tz=True, description="when, if it could not be sent at once")]
        | None
    ) = None


class CallbackNew(msgspec.Struct, forbid_unknown_fields=True):
    number: Annotated[str, Meta(min_length=1, max_length=128)]
    name: Short = ""
    contact: Annotated[str, Meta(max_length=200, description="source/id")] = ""
    at: Annotated[
        str, Meta(max_length=32, description="a time with its zone; empty for when there is time")
    ] = ""
    note: Annotated[str, Meta(max_length=1000)] = ""
    request_id: Annotated[
        str, Meta(max_length=64, description="sent again, it answers the same callback")
    ] = ""


class CallbackChange(msgspec.Struct, forbid_unknown_fields=True):
    status: Annotated[str, Meta(max_length=20, description="done, cancelled, or open again")]


class CallbackDial(msgspec.Struct, forbid_unknown_fields=True):
    reason: Annotated[
        str,
        Meta(
            max_length=64,
            pattern=r"^[\w.-]*$",
            description="id of a Not Ready reason until the call is over; none keeps the state",
        ),
    ] = ""


class NumberToList(msgspec.Struct, forbid_unknown_fields=True):
    number: Annotated[str, Meta(min_length=1, max_length=128)]
    reason: Annotated[
        str, Meta(min_length=1, max_length=200, description="why; it is kept in the audit")
    ]


class SessionToOpen(msgspec.Struct, forbid_unknown_fields=True):
    extension: Annotated[
        str,
        Meta(
            max_length=32,
            pattern=r"^[+\d]*$",
            description="the telephone to sign in on; none leaves that as it is",
        ),
    ] = ""


class ContactToSave(msgspec.Struct, forbid_unknown_fields=True):
    name: Short = ""
    company: Short = ""
    email: Short = ""
    numbers: Annotated[list[Annotated[str, Meta(max_length=128)]], Meta(max_length=20)] = []
    request_id: Annotated[
        str,
        Meta(
            max_length=64,
            description="any unique text; sent again, it answers the contact that was saved, not a second one",
        ),
    ] = ""
