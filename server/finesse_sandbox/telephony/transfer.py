"""Consult, transfer and conference.

The order of events after a transfer or a conference is not documented: the one here is an
assumption, and clients must not rely on it.
"""

from __future__ import annotations

from dataclasses import replace

from finesse_sandbox.api_errors import ApiError, CtiError
from finesse_sandbox.site import User
from finesse_sandbox.telephony import dialling, release
from finesse_sandbox.telephony.allowed_actions import (
    INVALID_OBJECT_STATE,
    may_drop_participant,
)
from finesse_sandbox.telephony.calls import Calls
from finesse_sandbox.telephony.dialogs import GONE, Dialog, Participant

MAX_CONFERENCE_PARTICIPANTS = 8
"""Assumption: the size of a conference bridge is configurable."""


def consult(calls: Calls, user: User, call: Dialog, to: str, request_id: str) -> None:
    """Hold the call and dial a consult call (CONSULT_CALL)."""
    if call.is_present(to):
        calls.listener.dialog_command_failed(user, call, INVALID_OBJECT_STATE, request_id)
        return
    own = call.participant(user.extension)
    assert own is not None
    calls.set_participant_state(own, "HELD")
    calls.publish(call, "PUT", request_id)
    dialog = calls.add(user.extension, to, "CONSULT", variables=dict(call.variables))
    dialog.associated = call.id
    call.associated = dialog.id
    dialling.dial(calls, user, dialog, "")


def complete_transfer(calls: Calls, user: User, held: Dialog, request_id: str) -> None:
    """Join the active call's participants to the held one, without the agent (TRANSFER)."""
    joining = _merge(calls, user, held, "TRANSFER", request_id)
    own = held.participant(user.extension)
    assert own is not None
    held.participants.remove(own)
    ended = replace(held, participants=[own])
    calls.set_participant_state(own, "DROPPED")
    calls.notify(user, ended, "DELETE", request_id)
    _publish_merged(calls, held, joining, request_id)


def conference(calls: Calls, user: User, held: Dialog, request_id: str) -> None:
    """Join the active call's participants to the held one, with the agent (CONFERENCE)."""
    joining = _merge(calls, user, held, "CONFERENCE", request_id)
    held.controller = user.extension
    own = held.participant(user.extension)
    assert own is not None
    calls.set_participant_state(own, "ACTIVE")
    _publish_merged(calls, held, joining, request_id)


def single_step_transfer(
    calls: Calls, user: User, dialog: Dialog, to: str, request_id: str
) -> None:
    """Transfer the call without a consult (TRANSFER_SST)."""
    if to == user.extension:
        message = "toAddress is the same as fromAddress"
        raise ApiError(400, "Invalid Destination", message, to)
    if calls.is_route_point(to):
        _transfer_to_route_point(calls, user, dialog, request_id)
        return
    if dialog.is_present(to) or calls.is_unassigned(to):
        error = CtiError("Call Operation Failure", "CF_INVALID_DESTINATION", "14")
        calls.listener.dialog_command_failed(user, dialog, error, request_id)
        return
    own = _hand_over(calls, user, dialog, request_id)
    dialling.ring_at(calls, dialog, to)
    dialog.participants.remove(own)
    calls.publish(dialog, "PUT")


def _hand_over(calls: Calls, user: User, dialog: Dialog, request_id: str) -> Participant:
    """End a call for the agent who transfers it.

    As recorded, the call keeps its addresses, and its first event for the next agent still lists
    the agent who has left. The caller removes that participant after it.
    """
    own = dialog.participant(user.extension)
    assert own is not None
    calls.set_participant_state(own, "DROPPED")
    own.cause = "OTHER"
    ended = replace(dialog, participants=[own], state="DROPPED")
    calls.notify(user, ended, "PUT", request_id)
    calls.notify(user, ended, "DELETE", request_id)
    dialog.call_type = "TRANSFER"
    dialog.dnis = dialog.dnis or user.extension
    return own


def _transfer_to_route_point(calls: Calls, user: User, dialog: Dialog, request_id: str) -> None:
    """Transfer a call to a queue, whose next ready agent gets it at once.

    As recorded on UCCE: the next agent is first rung on an interim dialog without a call key, in
    which the customer is marked as an agent's device; 1 ms later on the call itself; then the
    interim dialog is deleted, also for the agent who transferred, who never had it.
    """
    agent = dialling.next_ready_agent(calls, user, dialog)
    if agent is None or not calls.is_ucce:
        error = CtiError("Call Operation Failure", "CF_INVALID_DESTINATION", "14")
        calls.listener.dialog_command_failed(user, dialog, error, request_id)
        return
    own = _hand_over(calls, user, dialog, request_id)
    calls.reserve(agent, dialog)
    customers = [each for each in dialog.present() if not each.is_agent]
    interim = replace(
        dialog,
        id=calls.interim_id(),
        key=None,
        call_type="PREROUTE_ACD_IN",
        state="ALERTING",
        participants=[
            calls.participant(agent.extension, "ALERTING"),
            *(calls.participant(each.address, "INITIATED") for each in customers),
        ],
    )
    calls.notify(agent, interim, "POST", "")
    dialling.ring_at(calls, dialog, agent.extension)
    dialog.participants.remove(own)
    for participant in interim.participants:
        calls.set_participant_state(participant, "DROPPED")
        participant.cause = "OTHER"
    interim.state = "DROPPED"
    interim.call_type = "TRANSFER"
    for each in (user, agent):
        calls.notify(each, interim, "DELETE", "")
    calls.publish(dialog, "PUT")


def drop_participant(
    calls: Calls, dialog: Dialog, user: User, address: str, request_id: str
) -> None:
    """Remove a participant from a conference, if configuration allows it (PARTICIPANT_DROP)."""
    target = dialog.participant(address)
    if target is None or target.state in GONE:
        message = "The participant is not on the call"
        raise ApiError(400, "Invalid Destination", message, address)
    if not may_drop_participant(calls, dialog, user):
        calls.listener.dialog_command_failed(user, dialog, INVALID_OBJECT_STATE, request_id)
        return
    release.leave(calls, dialog, target, request_id)


def _merge(
    calls: Calls, user: User, held: Dialog, call_type: str, request_id: str
) -> list[Participant]:
    """Move the others of the agent's active call to the held one, and end the active one.

    Return the participants that joined.
    """
    active = calls.active_call(user)
    assert active is not None
    joining = [each for each in active.present() if each.address != user.extension]
    for participant in joining:
        active.participants.remove(participant)
    for participant in joining:
        agent = calls.agents.by_extension(participant.address)
        if agent is not None:  # the agent moves from the active call to the held one
            dropped = calls.participant(participant.address, "DROPPED")
            dropped.joined_at = participant.joined_at
            active.participants.append(dropped)
            calls.notify(agent, active, "DELETE", request_id)
    addresses = {each.address for each in joining}
    staying = [
        each
        for each in held.participants
        if each.address not in addresses or each.address == user.extension
    ]
    held.participants = staying + joining
    held.secondary = active.id
    held.associated = ""
    held.call_type = call_type
    held.controller = ""
    del calls.dialogs[active.id]
    for participant in active.participants:
        if participant.state != "DROPPED":
            calls.set_participant_state(participant, "DROPPED")
    calls.notify(user, active, "DELETE", request_id)
    return joining


def _publish_merged(
    calls: Calls, dialog: Dialog, joining: list[Participant], request_id: str
) -> None:
    """Publish a merged call: as new to the agents that joined, as changed to the others."""
    new = []
    for participant in joining:
        agent = calls.agents.by_extension(participant.address)
        if agent is not None:
            new.append(agent)
    for agent in new:
        calls.publish(dialog, "POST", request_id, only=agent)
    for agent in calls.agents_on(dialog):
        if agent not in new:
            calls.publish(dialog, "PUT", request_id, only=agent)
