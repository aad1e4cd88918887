"""Silent monitor and barge-in by supervisors."""

from __future__ import annotations

from finesse_sandbox.api_errors import ApiError, CtiError
from finesse_sandbox.site import User
from finesse_sandbox.telephony import release
from finesse_sandbox.telephony.calls import Calls
from finesse_sandbox.telephony.dialogs import Dialog
from finesse_sandbox.telephony.transfer import MAX_CONFERENCE_PARTICIPANTS


def monitor(calls: Calls, supervisor: User, address: str, request_id: str) -> Dialog | None:
    """Let a supervisor listen to the call of the agent at `address` (SILENT_MONITOR).

    Return None if the platform rejects it, which it reports by event.
    """
    agent = calls.agents.by_extension(address)
    if agent is None or agent.team not in supervisor.supervises:
        message = "The agent is not on a team of this supervisor"
        raise ApiError(401, "Invalid Supervisor", message, address)
    if calls.of_user(supervisor):
        message = "The supervisor is on a call already"
        raise ApiError(400, "Invalid State", message, supervisor.id)
    call = calls.active_call(agent)
    if call is None or supervisor.state != "NOT_READY":
        is_idle = agent.state in ("READY", "WORK", "WORK_READY")
        error = CtiError(
            "Invalid State" if is_idle else "Generic Error",
            "Silent monitor is not possible",
            "13145" if calls.is_ucce else "88049",
        )
        calls.listener.dialog_command_failed(supervisor, None, error, request_id)
        return None
    dialog = calls.add(supervisor.extension, address, "SUPERVISOR_MONITOR")
    dialog.kind = "monitor"
    dialog.associated = call.id
    dialog.state = "ACTIVE"
    monitored = calls.participant(address, "ACTIVE")
    monitored.passive = True
    dialog.participants = [calls.participant(supervisor.extension, "ACTIVE"), monitored]
    calls.publish(dialog, "POST", request_id)
    return dialog


def barge(calls: Calls, supervisor: User, monitoring: Dialog, request_id: str) -> None:
    """Turn the monitored call into a conference with the supervisor (BARGE_CALL).

    The BARGE_IN_CONSULT leg that a real UCCE shows in between is left out.
    """
    call = calls.dialogs.get(monitoring.associated)
    agent = calls.agents.by_extension(monitoring.to_address)
    own = call.participant(agent.extension) if call and agent else None
    if call is None or agent is None or own is None or own.state != "ACTIVE":
        raise ApiError(400, "Invalid Destination", "The agent is not talking", monitoring.id)
    has_consult = any(each is not call and each.kind == "call" for each in calls.of_user(agent))
    if has_consult or call.controller not in ("", own.address):
        message = "The agent has a consult call, or is not the conference's controller"
        raise ApiError(400, "20999", message, monitoring.id)
    if len(call.present()) >= MAX_CONFERENCE_PARTICIPANTS:
        raise ApiError(400, "20700", "The conference is full", monitoring.id)
    release.end(calls, monitoring, request_id)
    call.call_type = "CONFERENCE"
    call.controller = own.address
    calls.hold_others(call, supervisor.extension)
    call.participants = [p for p in call.participants if p.address != supervisor.extension]
    call.participants.append(calls.participant(supervisor.extension, "ACTIVE"))
    calls.publish(call, "PUT", request_id, but=supervisor)
    calls.publish(call, "POST", request_id, only=supervisor)
