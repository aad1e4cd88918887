"""How participants leave a call, how it ends, and the wrap-up after it."""

from __future__ import annotations

from dataclasses import replace

from finesse_sandbox.site import User
from finesse_sandbox.telephony.calls import Calls
from finesse_sandbox.telephony.dialogs import GONE, Dialog, Participant


def leave(calls: Calls, dialog: Dialog, participant: Participant, request_id: str) -> None:
    """Take one participant off a call. With fewer than two left the call ends."""
    if len(dialog.present()) <= 2 or dialog.kind == "monitor":
        end(calls, dialog, request_id)
        return
    calls.set_participant_state(participant, "DROPPED")
    user = calls.agents.by_extension(participant.address)
    if user is not None:
        calls.notify(user, replace(dialog, state="DROPPED"), "DELETE", request_id)
    if len(dialog.present()) == 2 and dialog.controller == participant.address:
        dialog.controller = ""
    calls.publish(dialog, "PUT", request_id)


def end(calls: Calls, dialog: Dialog, request_id: str) -> None:
    """End a call for everybody. For agents in wrap-up it stays until wrap-up ends."""
    for monitor in calls.monitors_of(dialog):
        end(calls, monitor, "")
    agents = calls.agents_on(dialog)
    wrapping_up = [agent for agent in agents if _wraps_up(calls, agent, dialog)]
    for participant in dialog.participants:
        if participant.state != "DROPPED":
            calls.set_participant_state(participant, "DROPPED")
    for agent in wrapping_up:
        own = dialog.participant(agent.extension)
        if own is not None:
            calls.set_participant_state(own, "WRAP_UP")
    dialog.state = "DROPPED"
    if not wrapping_up:
        calls.dialogs.pop(dialog.id, None)
    for agent in agents:
        calls.notify(agent, dialog, "PUT", request_id)
    for agent in agents:
        if agent not in wrapping_up:
            calls.notify(agent, dialog, "DELETE", request_id)


def end_wrap_up(calls: Calls, user: User, extension: str) -> None:
    """Remove the calls that were waiting for an agent's wrap-up."""
    for dialog in calls.at_address(extension):
        own = dialog.participant(extension)
        if own is None or own.state != "WRAP_UP":
            continue
        calls.set_participant_state(own, "DROPPED")
        dialog.state = "DROPPED"
        calls.notify(user, dialog, "DELETE", "")
        if all(each.state == "DROPPED" for each in dialog.participants):
            calls.dialogs.pop(dialog.id, None)


def sign_out(calls: Calls, extension: str) -> None:
    """Take the agent who was at `extension` off their calls."""
    for dialog in list(calls.dialogs.values()):
        own = dialog.participant(extension)
        if own is None or own.state == "DROPPED" or dialog.id not in calls.dialogs:
            continue
        if own.state == "WRAP_UP" or len(dialog.present()) <= 2 or dialog.kind != "call":
            end(calls, dialog, "")
            calls.dialogs.pop(dialog.id, None)
        else:
            calls.set_participant_state(own, "DROPPED")
            calls.publish(dialog, "PUT")


def drop_external(calls: Calls, dialog: Dialog) -> None:
    """Hang up for the external participants. In a conference the agents continue to talk."""
    external = [p for p in dialog.participants if not p.is_agent and p.state != "DROPPED"]
    agents_left = len(dialog.present()) - len(external)
    is_answered = dialog.state == "ACTIVE" and bool(external)
    if is_answered:
        for participant in external:
            calls.set_participant_state(participant, "DROPPED")
        calls.publish(dialog, "PUT")
    if not is_answered or agents_left < 2:
        end(calls, dialog, "")


def end_stale_monitors(calls: Calls) -> None:
    """End the monitoring of agents who have left the monitored call."""
    for monitor in list(calls.dialogs.values()):
        if monitor.kind != "monitor" or monitor.id not in calls.dialogs:
            continue
        call = calls.dialogs.get(monitor.associated)
        agent = call.participant(monitor.to_address) if call else None
        if agent is None or agent.state in GONE:
            end(calls, monitor, "")


def _wraps_up(calls: Calls, agent: User, dialog: Dialog) -> bool:
    """Return whether an agent's wrap-up keeps this call, which only UCCE does.

    Wrap-up follows the agent's last call if they talked and it is required or requested.
    """
    if not calls.is_ucce or dialog.kind != "call" or dialog.state != "ACTIVE":
        return False
    own = dialog.participant(agent.extension)
    if own is None or own.state not in ("ACTIVE", "HELD") or agent.state not in ("TALKING", "HOLD"):
        return False
    is_due = agent.pending_state == "WORK" or agent.wrap_up.startswith("REQUIRED")
    return is_due and len(calls.of_user(agent)) == 1
