"""The actions that Finesse offers a participant now. Source: the developer guide's page Dialog."""

from __future__ import annotations

from typing import Protocol

from finesse_sandbox.api_errors import CtiError
from finesse_sandbox.site import User
from finesse_sandbox.telephony.agents import Agents
from finesse_sandbox.telephony.dialogs import ACTIONS_BY_STATE, Dialog, Participant

INVALID_OBJECT_STATE = CtiError("Generic Error", "CF_INVALID_OBJECT_STATE", "22")
_OUTBOUND_ACTIONS = ("RECLASSIFY", "UPDATE_SCHEDULED_CALLBACK", "CANCEL_SCHEDULED_CALLBACK")


class CallQueries(Protocol):
    @property
    def agents(self) -> Agents: ...

    @property
    def is_ucce(self) -> bool: ...

    def of_user(self, user: User) -> list[Dialog]: ...

    def active_call(self, user: User) -> Dialog | None: ...


def allowed_actions(
    calls: CallQueries, dialog: Dialog, participant: Participant
) -> tuple[str, ...]:
    """Return the actions that Finesse offers a participant in the present state of all calls."""
    if not participant.is_agent or participant.passive:
        return ()
    if dialog.kind == "monitor":
        return ("DROP", "BARGE_CALL") if participant.state == "ACTIVE" else ()
    if dialog.kind != "call":
        return ("ACCEPT", "REJECT", "CLOSE") if participant.state == "ALERTING" else ()
    actions = list(ACTIONS_BY_STATE.get(participant.state, ()))
    user = calls.agents.by_extension(participant.address)
    is_alone = len(dialog.present()) < 2
    if participant.state == "ACTIVE" and (is_alone or _has_other_held_call(calls, dialog, user)):
        actions.remove("CONSULT_CALL")
    if participant.state == "ACTIVE" and not is_alone:
        if not calls.is_ucce:
            actions.append("START_RECORDING")
        if "BACampaign" in dialog.variables:
            actions.extend(_OUTBOUND_ACTIONS)
        is_conference = len(dialog.present()) > 2
        if is_conference and user is not None and may_drop_participant(calls, dialog, user):
            actions.append("PARTICIPANT_DROP")
    if participant.state == "HELD" and user is not None:
        active = calls.active_call(user)
        if active is not None and _is_answered(active):
            actions.extend(("TRANSFER", "CONFERENCE"))
    return tuple(actions)


def shown_actions(calls: CallQueries, dialog: Dialog, participant: Participant) -> tuple[str, ...]:
    """Return the actions that Finesse lists with a participant.

    For those outside it lists some too (recorded on UCCE), although no agent can take them.
    """
    if participant.is_agent or dialog.kind != "call":
        return allowed_actions(calls, dialog, participant)
    return ACTIONS_BY_STATE.get(participant.state, ()) if participant.state != "ALERTING" else ()


def rejection(calls: CallQueries, dialog: Dialog, address: str, action: str) -> CtiError:
    """Return the error with which the platform rejects an action that is not allowed now."""
    is_controller = dialog.controller in ("", address)
    if action == "CONFERENCE" and not is_controller and calls.is_ucce:
        return CtiError("Generic Error", "<ConferenceCallCommand>: Conference failed", "20999")
    # As recorded: the data is the extension, not a code.
    return CtiError("Generic Error", f"INVALID_ACTION {action} on extension {address}", address)


def may_drop_participant(calls: CallQueries, dialog: Dialog, user: User) -> bool:
    """Return whether the agent may take others off a conference (`enableDropParticipantFor`)."""
    if not calls.is_ucce:
        return False
    if user.supervises and dialog.participant(user.extension) is not None:
        return True
    match calls.agents.site.drop_participants:
        case "all":
            return True
        case "conference_controller_and_supervisor":
            return dialog.controller == user.extension
        case "supervisor_only":
            return False


def _is_answered(dialog: Dialog) -> bool:
    """Return whether a call has at least two participants, and none of them rings or holds."""
    present = dialog.present()
    return len(present) > 1 and all(each.state == "ACTIVE" for each in present)


def _has_other_held_call(calls: CallQueries, dialog: Dialog, user: User | None) -> bool:
    if user is None:
        return False
    for other in calls.of_user(user):
        participant = other.participant(user.extension)
        if other is not dialog and participant is not None and participant.state == "HELD":
            return True
    return False
