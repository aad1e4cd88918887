"""A call report: one call as one agent sees it, from a desktop or from Finesse's dialog object.

The gadget sends this shape over the API, `CallReporter` makes it from a session's events. Pure.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from callcard.finesse.objects import Dialog

# In Python "$" also matches before a line break at the end.
Id = Annotated[str, Meta(max_length=64, pattern=r"^[A-Za-z0-9_.:-]*$(?!\n)")]
Address = Annotated[str, Meta(max_length=128)]
Text = Annotated[str, Meta(max_length=2000)]
Reason = Annotated[str, Meta(max_length=200)]
Time = Annotated[
    str,
    Meta(
        max_length=30,
        pattern=r"^([0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}(\.[0-9]{1,6})?Z)?$(?!\n)",
        description="ISO 8601, UTC",
    ),
]


_IN_CONVERSATION = {"ACTIVE", "HELD"}


class ReportedParticipant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    address: Address
    state: Annotated[str, Meta(max_length=40)]
    state_since: Time = ""
    joined_at: Time = ""
    is_agent: Annotated[bool, Meta(description="the address is an agent's device")] = False


class CallReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A call as one agent sees it now; `earlier_states` are not yet acknowledged ones."""

    id: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=64,
            pattern=r"^[A-Za-z0-9_.:-]+$(?!\n)",
            description="Finesse's dialog id",
        ),
    ]
    call_key: Annotated[Id, Meta(description="UCCE's call key: prefix, colon, id")] = ""
    associated_call: Annotated[
        Id, Meta(description="the call of this consult, or the consult of this call")
    ] = ""
    merged_call: Annotated[Id, Meta(description="the call that was merged into this one")] = ""
    from_address: Address = ""
    to_address: Address = ""
    dialed_number: Address = ""
    callback_number: Address = ""
    type: Annotated[str, Meta(max_length=64)] = ""
    queue: Annotated[str, Meta(max_length=200)] = ""
    variables: Annotated[
        dict[Annotated[str, Meta(max_length=100)], Text], Meta(max_length=300)
    ] = {}
    wrap_up_reasons: Annotated[list[Reason], Meta(max_length=50)] = []
    participants: Annotated[list[ReportedParticipant], Meta(max_length=50)] = []
    earlier_states: Annotated[list[ReportedParticipant], Meta(max_length=300)] = []
    ended: Annotated[
        bool, Meta(description="Finesse has taken the call off the agent's desktop")
    ] = False
    agent_state: Annotated[str, Meta(max_length=40, description="the agent's own state")] = ""
    agent_state_since: Annotated[Time, Meta(description="since when the agent is in it")] = ""

    @property
    def started_at(self) -> str:
        """Return when the caller joined, or else the first participant; empty if unknown.

        Who was joined to the call may have been in another one before.
        """
        joined = [each for each in self.participants if each.joined_at]
        callers = [each.joined_at for each in joined if each.address == self.from_address]
        return min(callers or (each.joined_at for each in joined), default="")

    @property
    def agent_devices(self) -> tuple[str, ...]:
        """Return the addresses that are agents' devices; the others are outside."""
        return tuple(p.address for p in self.participants if p.address and p.is_agent)

    @property
    def related_dialogs(self) -> tuple[str, ...]:
        """Return the other dialogs that this one names."""
        return tuple(filter(None, (self.associated_call, self.merged_call)))

    def state_of(self, extension: str) -> str:
        """Return a participant's state in the call; DROPPED if they are not on it any more."""
        if self.ended:
            return "DROPPED"
        return next((p.state for p in self.participants if p.address == extension), "DROPPED")

    @property
    def is_consult(self) -> bool:
        """Return whether this is a call between agents about another one."""
        addresses = {each.address for each in self.participants if each.address}
        return self.names_other_call and bool(addresses) and addresses <= set(self.agent_devices)

    @property
    def is_conversation(self) -> bool:
        """Return whether somebody talks; a supervisor who listens has a dialog with the agent, and
        so has the agent."""
        return self.type != "SUPERVISOR_MONITOR"

    @property
    def is_reservation(self) -> bool:
        """Return whether a dialer reserves the agent, and has not called the customer yet.

        The customer's call is another dialog, of type OUTBOUND (Finesse developer guide, Dialog
        API, outbound dialogs).
        """
        status = self.variables.get("BAStatus", "")
        is_preview = self.type.endswith("_PREVIEW") or status.endswith("_RESERVATION")
        states = {p.state for p in (*self.participants, *self.earlier_states) if p.is_agent}
        return is_preview and states.isdisjoint(_IN_CONVERSATION)

    @property
    def names_other_call(self) -> bool:
        return bool(self.associated_call or self.merged_call)


def report_dialog(dialog: Dialog, *, ended: bool = False) -> CallReport:
    """Return Finesse's dialog as a report."""
    properties = dialog.properties
    return CallReport(
        id=dialog.id,
        call_key=dialog.call_key,
        associated_call=dialog.associated_dialog,
        merged_call=dialog.secondary_id,
        from_address=dialog.from_address,
        to_address=dialog.to_address,
        dialed_number=properties.dialed_number,
        callback_number=dialog.callback_number,
        type=properties.call_type,
        queue=properties.queue_name,
        variables={each.name: each.value for each in properties.call_variables if each.value},
        wrap_up_reasons=list(properties.wrap_up_reasons),
        participants=[
            ReportedParticipant(
                address=each.media_address,
                state=each.state,
                state_since=each.state_change_time or each.start_time,
                joined_at=each.start_time,
                is_agent=each.is_agent,
            )
            for each in dialog.participants
        ],
        ended=ended,
    )
