"""Calls that begin: incoming ones, and those that agents dial."""

from __future__ import annotations

from finesse_sandbox.api_errors import ApiError, CtiError
from finesse_sandbox.site import User, system_reason
from finesse_sandbox.telephony.calls import Calls
from finesse_sandbox.telephony.dialogs import GONE, Dialog, Participant

_OUTGOING_CALL = system_reason("NOT_READY", 50006, "Outgoing call")


def ring(
    calls: Calls, from_address: str, to: str, queue: str, variables: dict[str, str] | None
) -> Dialog:
    """Deliver an external call to the phone at `to`."""
    if from_address == to:
        message = "from must be another number than to"
        raise ApiError(400, "Invalid Input", message, from_address)
    user = calls.signed_in_at(to)
    call_type = "OTHER_IN"
    if queue:
        call_type = "PREROUTE_ACD_IN" if calls.is_ucce else "ACD_IN"
    dialog = calls.add(from_address, to, call_type, queue=queue, variables=variables)
    dialog.state = "ALERTING"
    dialog.participants = [calls.participant(to, "ALERTING")]
    if from_address:  # a caller without a number has no participant either (recorded on UCCE)
        caller = calls.participant(from_address, "INITIATED", is_agent=False)
        dialog.participants.insert(0, caller)
    calls.reserve(user, dialog)
    calls.publish(dialog, "POST")
    return dialog


def make_call(
    calls: Calls, user: User, to: str, request_id: str, variables: dict[str, str] | None
) -> Dialog | None:
    """Dial for an agent. Return None if the platform rejects it, which it reports by event."""
    for dialog in calls.of_user(user):
        own = dialog.participant(user.extension)
        if own is not None and own.state == "ACTIVE":
            error = CtiError("Invalid State", "CF_INVALID_OBJECT_STATE", "22")
            calls.listener.dialog_command_failed(user, None, error, request_id)
            return None
    call_type = "AGENT_INSIDE" if calls.agents.by_extension(to) else "OUT"
    dialog = calls.add(user.extension, to, call_type, variables=variables)
    dial(calls, user, dialog, request_id)
    return dialog


def dial(calls: Calls, user: User, dialog: Dialog, request_id: str) -> None:
    """Publish the steps of an outgoing call: started, in service, dialled, ringing or failed."""
    to = dialog.to_address
    own = calls.participant(user.extension, "INITIATING")
    dialog.participants = [own]
    if calls.is_ucce and user.state == "READY":
        # 12.5 and later: NOT_READY with reason 50006 while the agent dials.
        calls.agents.change_state(user, "NOT_READY", "", _OUTGOING_CALL, "-1")
    # Two POSTs for one call are normal: one when it begins, one when it is in service.
    calls.publish(dialog, "POST", request_id)
    calls.publish(dialog, "POST", request_id)
    calls.set_participant_state(own, "INITIATED")
    dialog.state = "INITIATED"
    calls.publish(dialog, "PUT", request_id)
    if calls.is_route_point(to):
        # Assumption: a caller for whom nobody is ready waits, and nobody is found later.
        agent = next_ready_agent(calls, user, dialog)
        ring_at(calls, dialog, to if agent is None else agent.extension)
    elif calls.is_unassigned(to):
        _fail(calls, dialog, own, "BAD_DESTINATION")
    elif calls.busy_calls_left:
        calls.busy_calls_left -= 1
        _fail(calls, dialog, own, "BUSY")
    else:
        ring_at(calls, dialog, to)


def next_ready_agent(calls: Calls, user: User, dialog: Dialog) -> User | None:
    """Return the agent to whom a queue gives a call: who has been ready longest."""
    ready = [
        each
        for each in calls.agents.users.values()
        if each.state == "READY" and each is not user and not dialog.is_present(each.extension)
    ]
    return min(ready, key=lambda each: each.state_since, default=None)


def ring_at(calls: Calls, dialog: Dialog, to: str) -> None:
    """Ring at the destination of a call that exists already."""
    agent = calls.agents.by_extension(to)
    dialog.participants = [
        each for each in dialog.participants if each.address != to or each.state not in GONE
    ]
    dialog.participants.append(calls.participant(to, "ALERTING", is_agent=agent is not None))
    if dialog.state != "ACTIVE":
        dialog.state = "ALERTING"
    if agent is None:
        calls.publish(dialog, "PUT")
        return
    calls.reserve(agent, dialog)
    calls.publish(dialog, "PUT", but=agent)
    calls.publish(dialog, "POST", only=agent)


def answer(calls: Calls, dialog: Dialog, participant: Participant, request_id: str) -> None:
    """Connect the participant who answers with the one who dialled."""
    for each in dialog.present():
        if each is participant or each.state in ("INITIATED", "INITIATING"):
            calls.hold_others(dialog, each.address)
            calls.set_participant_state(each, "ACTIVE")
            each.joined_at = each.state_since  # as recorded: the answer resets the start
    dialog.state = "ACTIVE"
    calls.publish(dialog, "PUT", request_id)


def _fail(calls: Calls, dialog: Dialog, own: Participant, cause: str) -> None:
    calls.set_participant_state(own, "FAILED")
    own.cause = cause
    dialog.state = "FAILED"
    calls.publish(dialog, "PUT")
