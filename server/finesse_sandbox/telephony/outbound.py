"""Outbound option: preview dialling. The dialer reserves an agent, who accepts or rejects."""

from __future__ import annotations

from finesse_sandbox.site import User
from finesse_sandbox.telephony import dialling, release
from finesse_sandbox.telephony.calls import Calls
from finesse_sandbox.telephony.dialogs import Dialog

_DIALER_ADDRESS = "5555"


def preview(calls: Calls, to: str, number: str, campaign: str, *, direct: bool) -> Dialog:
    """Reserve the agent at `to` for the customer `number`."""
    user = calls.signed_in_at(to)
    status = "PREVIEW_OUTBOUND_RESERVATION"
    variables = {
        "BACampaign": campaign,
        "BAStatus": f"DIRECT_{status}" if direct else status,
        "BAResponse": "",
        "BACustomerNumber": number,
    }
    call_type = "OUTBOUND_DIRECT_PREVIEW" if direct else "OUTBOUND_PREVIEW"
    dialog = calls.add(_DIALER_ADDRESS, to, call_type, variables=variables)
    dialog.kind = "direct_preview" if direct else "preview"
    dialog.customer = number
    dialog.state = "ALERTING"
    dialog.participants = [
        calls.participant(_DIALER_ADDRESS, "ACTIVE", is_agent=False),
        calls.participant(to, "ALERTING"),
    ]
    calls.agents.change_state(user, "RESERVED_OUTBOUND_PREVIEW")
    calls.publish(dialog, "POST")
    return dialog


def accept(calls: Calls, user: User, dialog: Dialog, request_id: str) -> None:
    """End the reservation and call the customer."""
    own = dialog.participant(user.extension)
    assert own is not None
    calls.set_participant_state(own, "ACCEPTED")
    dialog.state = "ACCEPTED"
    calls.publish(dialog, "PUT", request_id)
    variables = dict(dialog.variables)
    variables["BAStatus"] = variables["BAStatus"].removesuffix("_RESERVATION")
    release.end(calls, dialog, "")
    call = calls.add(user.extension, dialog.customer, "OUTBOUND", variables=variables)
    call.participants = [calls.participant(user.extension, "INITIATED")]
    call.state = "INITIATED"
    calls.publish(call, "POST")
    dialling.ring_at(calls, call, dialog.customer)
