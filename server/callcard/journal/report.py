"""A call as one agent sees it: told by their desktop or read off Finesse's own object, and what the log makes of it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from callcard.finesse.objects import Dialog
from callcard.journal.call_record import Moment, Seen
from callcard.journal.customer_number import number_of

Id = Annotated[str, Meta(max_length=64, pattern=r"^[\w.:-]*$")]
Address = Annotated[str, Meta(max_length=128)]
Text = Annotated[str, Meta(max_length=2000)]
Time = Annotated[
    str,
    Meta(
        max_length=30,
        pattern=r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z)?$",
        description="ISO 8601, UTC",
    ),
]


class PartySeen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    address: Address
    state: Annotated[str, Meta(max_length=40)]
    since: Time = ""
    began: Time = ""
    agent: Annotated[bool, Meta(description="the address is an agent's phone")] = False


class CallSeen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A call, from one agent's side. `earlier` is what its parties were before, as far as it was not told yet."""

    id: Annotated[
        str,
        Meta(min_length=1, max_length=64, pattern=r"^[\w.:-]+$", description="Finesse's dialog id"),
    ]
    key: Annotated[Id, Meta(description="UCCE's call key: prefix, colon, id")] = ""
    associated: Annotated[Id, Meta(description="the call that it is a consult for")] = ""
    secondary: Annotated[Id, Meta(description="the call that was merged into it")] = ""
    from_address: Address = ""
    to_address: Address = ""
    dialed: Address = ""
    callback_number: Address = ""
    type: Annotated[str, Meta(max_length=64)] = ""
    queue: Annotated[str, Meta(max_length=200)] = ""
    variables: Annotated[
        dict[Annotated[str, Meta(max_length=100)], Text], Meta(max_length=300)
    ] = {}
    reasons: Annotated[list[Annotated[str, Meta(max_length=200)]], Meta(max_length=50)] = []
    parties: Annotated[list[PartySeen], Meta(max_length=50)] = []
    earlier: Annotated[list[PartySeen], Meta(max_length=300)] = []
    over: Annotated[bool, Meta(description="Finesse has taken it off the agent's desktop")] = False
    state: Annotated[str, Meta(max_length=40, description="the agent's own state")] = ""
    since: Annotated[Time, Meta(description="from when the agent is in it")] = ""


def read_off(dialog: Dialog, *, over: bool = False) -> CallSeen:
    """Finesse's dialog in these words."""
    properties = dialog.properties
    prefix, call = properties.call_key_prefix, properties.call_key_call_id
    return CallSeen(
        id=dialog.id,
        key=f"{prefix}:{call}" if prefix and call else "",
        associated=dialog.associated_dialog_uri.rstrip("/").rpartition("/")[2],
        secondary=dialog.secondary_id,
        from_address=dialog.from_address,
        to_address=dialog.to_address,
        dialed=properties.dialed_number,
        callback_number=dialog.callback_number,
        type=properties.call_type,
        queue=properties.queue_name,
        variables={v.name: v.value for v in properties.call_variables if v.value},
        reasons=list(
            properties.wrap_up_items
            or ((properties.wrap_up_reason,) if properties.wrap_up_reason else ())
        ),
        parties=[
            PartySeen(
                address=p.media_address,
                state=p.state,
                since=p.state_change_time or p.start_time,
                began=p.start_time,
                agent=p.media_address_type == "AGENT_DEVICE",
            )
            for p in dialog.participants
        ],
        over=over,
    )


def seen_of(call: CallSeen, extension: str, named: Sequence[str] = ()) -> Seen:
    """What the log keeps of it. `extension` is the agent's; `named` are the variables that may hold the customer's number."""
    parties = [party for party in call.parties if party.address]
    devices = tuple(party.address for party in parties if party.agent)
    began = min((party.began for party in parties if party.began), default="")
    moments = [
        Moment(since=party.since, dialog=call.id, address=party.address, state=party.state)
        for party in (*call.earlier, *parties)
        if party.since and party.address
    ]
    if not call.over and began and all(party.address != extension for party in parties):
        # After a failover in a conference Finesse may leave one out who is in it. They see it, so they are.
        moments.append(Moment(since=began, dialog=call.id, address=extension, state="ACTIVE"))
    outgoing = call.from_address == extension
    number = number_of(
        variables=call.variables,
        named=named,
        callback_number=call.callback_number,
        outgoing=outgoing,
        dialed=call.dialed,
        from_address=call.from_address,
        to_address=call.to_address,
        extension=extension,
        devices=devices,
        parties=[party.address for party in parties],
    )
    return Seen(
        dialog=call.id,
        key=call.key,
        associated=call.associated,
        secondary=call.secondary,
        began=began,
        from_address=call.from_address,
        to_address=call.to_address,
        type=""
        if call.type == "NULL"
        else call.type,  # after a failover Finesse may say the word NULL
        queue=call.queue,
        outgoing=outgoing,
        number=number,
        variables={name: value for name, value in call.variables.items() if value},
        reasons=tuple(call.reasons),
        moments=tuple(moments),
        devices=devices,
        over=call.over,
    )
