"""Control calls: the phones and calls as state machines, without HTTP and XML.

Every change is published to the agents concerned, in Finesse's order: begin, delivered,
established, dropped, ended. Source: the developer guide's page Dialog (states, actions, CTI event
mapping, transfer and conference), 12.5 to 15.0.
"""

from __future__ import annotations

from finesse_sandbox.api_errors import ApiError, CtiError
from finesse_sandbox.site import User
from finesse_sandbox.telephony import dialling, outbound, release, supervision, transfer
from finesse_sandbox.telephony.agents import Agents
from finesse_sandbox.telephony.allowed_actions import allowed_actions, rejection
from finesse_sandbox.telephony.calls import CallListener, Calls
from finesse_sandbox.telephony.dialogs import Dialog, Participant, ScheduledCallback

_DATA_ACTIONS = (
    "SEND_DTMF",
    "START_RECORDING",
    "RECLASSIFY",
    "UPDATE_SCHEDULED_CALLBACK",
    "CANCEL_SCHEDULED_CALLBACK",
)


class Switch:
    """Call control for agents, supervisors and the far end of each call."""

    def __init__(self, agents: Agents, listener: CallListener) -> None:
        self.agents = agents
        self.calls = Calls(agents, listener)

    @property
    def dialogs(self) -> dict[str, Dialog]:
        return self.calls.dialogs

    def dialogs_of(self, user: User) -> list[Dialog]:
        return self.calls.of_user(user)

    # ---- how a call begins

    def ring(
        self, from_address: str, to: str, queue: str = "", variables: dict[str, str] | None = None
    ) -> Dialog:
        """Deliver an external call to a phone. Raises ApiError if nobody is signed in there."""
        return dialling.ring(self.calls, from_address, to, queue, variables)

    def make_call(
        self, user: User, to: str, request_id: str, variables: dict[str, str] | None = None
    ) -> Dialog | None:
        """Dial for an agent. Return None if the platform rejects it, which it reports by event."""
        return dialling.make_call(self.calls, user, to, request_id, variables)

    def preview(self, to: str, number: str, campaign: str, *, direct: bool) -> Dialog:
        """Reserve the agent at `to` for a customer whom they may accept or reject."""
        return outbound.preview(self.calls, to, number, campaign, direct=direct)

    # ---- what an agent does

    def act(
        self, dialog: Dialog, address: str, action: str, request_id: str = "", **params: str
    ) -> None:
        """Run an action of the participant at `address`.

        `params` are the action's own parameters: toAddress, dtmfString and the like. Raises
        ApiError for a malformed request; an action that is not allowed now fails by event.
        """
        participant = dialog.participant(address)
        if participant is None or participant.state == "DROPPED":
            message = "Invalid targetMediaAddress specified for dialog"
            raise ApiError(400, "Invalid Input", message, address)
        if action == "SEND_DTMF" and participant.state == "HELD":
            raise ApiError(401, "Invalid State", "The leg is held", dialog.id)
        user = self.agents.by_extension(address)
        is_external_drop = not participant.is_agent and action == "DROP"
        is_allowed = action in allowed_actions(self.calls, dialog, participant)
        if not is_allowed and not is_external_drop:
            if user is None:
                message = f"{action} is not possible while {participant.state}"
                raise ApiError(400, "Invalid State", message, address)
            error = rejection(self.calls, dialog, address, action)
            self.calls.listener.dialog_command_failed(user, dialog, error, request_id)
            return
        self._run(dialog, participant, user, action, request_id, params)
        self._update_dependents()

    def _run(
        self,
        dialog: Dialog,
        participant: Participant,
        user: User | None,
        action: str,
        request_id: str,
        params: dict[str, str],
    ) -> None:
        calls = self.calls
        to = params.get("toAddress", "")
        match action:
            case "ANSWER":
                dialling.answer(calls, dialog, participant, request_id)
            case "HOLD":
                calls.set_participant_state(participant, "HELD")
                calls.publish(dialog, "PUT", request_id)
            case "RETRIEVE":
                calls.hold_others(dialog, participant.address)
                calls.set_participant_state(participant, "ACTIVE")
                calls.publish(dialog, "PUT", request_id)
            case "DROP":
                release.leave(calls, dialog, participant, request_id)
            case "CONSULT_CALL" if user:
                transfer.consult(calls, user, dialog, to, request_id)
            case "TRANSFER" if user:
                transfer.complete_transfer(calls, user, dialog, request_id)
            case "CONFERENCE" if user:
                transfer.conference(calls, user, dialog, request_id)
            case "TRANSFER_SST" if user:
                transfer.single_step_transfer(calls, user, dialog, to, request_id)
            case "ACCEPT" if user:
                outbound.accept(calls, user, dialog, request_id)
            case "REJECT" | "CLOSE":
                release.end(calls, dialog, request_id)
            case _ if action in _DATA_ACTIONS:
                _change_data(dialog, action, params)
                calls.publish(dialog, "PUT", request_id)

    def rejection_of(self, dialog: Dialog, address: str, action: str) -> CtiError | None:
        """Return why the participant at `address` may not take an action now; None if they may.

        Supervisors and administrators, who are not in the call, may.
        """
        own = dialog.participant(address)
        if own is None or action in allowed_actions(self.calls, dialog, own):
            return None
        return rejection(self.calls, dialog, address, action)

    def update(
        self, dialog: Dialog, variables: dict[str, str], wrap_up: tuple[str, ...], request_id: str
    ) -> None:
        """Store call data that has been validated."""
        dialog.variables |= variables
        dialog.wrap_up = wrap_up or dialog.wrap_up
        self.calls.publish(dialog, "PUT", request_id)

    def drop_participant(self, dialog: Dialog, user: User, address: str, request_id: str) -> None:
        """Remove a participant from a conference (PARTICIPANT_DROP)."""
        transfer.drop_participant(self.calls, dialog, user, address, request_id)
        self._update_dependents()

    # ---- what a supervisor does

    def monitor(self, supervisor: User, address: str, request_id: str) -> Dialog | None:
        """Let a supervisor listen to the call of the agent at `address` (SILENT_MONITOR)."""
        dialog = supervision.monitor(self.calls, supervisor, address, request_id)
        self._update_dependents()
        return dialog

    def barge(self, supervisor: User, monitoring: Dialog, request_id: str) -> None:
        """Turn the monitored call into a conference with the supervisor (BARGE_CALL)."""
        supervision.barge(self.calls, supervisor, monitoring, request_id)
        self._update_dependents()

    # ---- what the far end does

    def answer_outside(self, dialog: Dialog) -> None:
        """Answer for the external number that an agent called."""
        for participant in dialog.participants:
            if not participant.is_agent and participant.state == "ALERTING":
                dialling.answer(self.calls, dialog, participant, "")
                self._update_dependents()
                return
        raise ApiError(400, "Invalid State", "No external phone is ringing", dialog.id)

    def drop_outside(self, dialog: Dialog) -> None:
        """Hang up for the external participants."""
        release.drop_external(self.calls, dialog)
        self._update_dependents()

    # ---- what the contact centre does

    def end_wrap_up(self, user: User, extension: str) -> None:
        """Remove the calls that were waiting for an agent's wrap-up."""
        release.end_wrap_up(self.calls, user, extension)

    def sign_out(self, extension: str) -> None:
        """Take the agent who was at `extension` off their calls."""
        release.sign_out(self.calls, extension)
        self._update_dependents()

    @property
    def busy_calls_left(self) -> int:
        """How many of the next dialled calls find the line busy."""
        return self.calls.busy_calls_left

    def set_busy(self, count: int) -> None:
        """Let the next `count` dialled calls find the line busy."""
        self.calls.busy_calls_left = count

    def restart_ids(self) -> None:
        """Give dialogs the first ids again, as Finesse does after a restart."""
        self.calls.restart_ids()

    def clear(self) -> None:
        """End every call."""
        for dialog in list(self.dialogs.values()):
            if dialog.id in self.dialogs:  # the end of a call also ends its monitoring
                release.end(self.calls, dialog, "")
        self.dialogs.clear()
        self._update_dependents()

    def _update_dependents(self) -> None:
        """Update what depends on changed calls.

        That is: monitoring of a call that has ended, actions that other calls allow or forbid,
        the agents' states, and calls without an agent.
        """
        calls = self.calls
        release.end_stale_monitors(calls)
        while calls.changed_addresses:
            addresses = calls.changed_addresses
            calls.changed_addresses = set()
            changed: dict[str, Dialog] = {}
            for address in addresses:
                for dialog in calls.at_address(address):
                    changed[dialog.id] = dialog
            for dialog in changed.values():
                if self._has_stale_actions(dialog):
                    calls.publish(dialog, "PUT")
            for address in addresses:
                user = self.agents.by_extension(address)
                if user is not None:
                    calls.update_agent_state(user)
                    if user.state in ("READY", "NOT_READY"):
                        self.end_wrap_up(user, address)  # of the call before the last one
            for dialog in changed.values():
                # A call with external participants only is no longer the contact centre's.
                if not any(p.is_agent and p.state != "DROPPED" for p in dialog.participants):
                    calls.dialogs.pop(dialog.id, None)

    def _has_stale_actions(self, dialog: Dialog) -> bool:
        return any(
            each.is_agent and each.actions != allowed_actions(self.calls, dialog, each)
            for each in dialog.participants
        )


def _change_data(dialog: Dialog, action: str, params: dict[str, str]) -> None:
    """Run an action that changes only the dialog's data."""
    match action:
        case "SEND_DTMF":
            dialog.dtmf += params.get("dtmfString", "")
        case "START_RECORDING":
            dialog.recording = True
        case "RECLASSIFY":
            dialog.classification = params.get("outboundClassification", "")
            dialog.variables["BAResponse"] = dialog.classification
        case "UPDATE_SCHEDULED_CALLBACK":
            dialog.callback = ScheduledCallback(
                params.get("callbackTime", dialog.callback.time),
                params.get("callbackNumber", dialog.callback.number),
            )
        case "CANCEL_SCHEDULED_CALLBACK":
            dialog.callback = ScheduledCallback()
