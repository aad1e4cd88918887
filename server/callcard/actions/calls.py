"""Calls: list the agent's calls, dial, and call control."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from callcard.actions.call_actions import ACTIONS, EXPECTED_STATES, CallArguments
from callcard.errors import InvalidField, NotSignedIn
from callcard.finesse.cluster import Cluster
from callcard.finesse.messages import is_safe_id
from callcard.finesse.objects import CallVariable, Dialog, Participant
from callcard.principals import Agent
from callcard.routing.number_lists import NumberLists
from callcard.telephony import call_variables
from callcard.telephony.command_outcome import CommandResult, Outcome, await_outcome
from callcard.telephony.dial_plan import DialPlan

NO_ARGUMENTS = CallArguments()


@dataclass(frozen=True, slots=True, kw_only=True)
class CallParticipant:
    address: str
    state: str
    state_since: str
    """ISO 8601, UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    id: str
    state: str
    """Finesse's state of the whole call: ALERTING, ACTIVE, DROPPED, FAILED …; an open set."""
    direction: Literal["in", "out"]
    number: str
    """The other participant's number, as Finesse reports it."""
    from_address: str
    to_address: str
    type: str
    queue: str
    actions: tuple[str, ...]
    """What Finesse allows this agent now."""
    participants: tuple[CallParticipant, ...]
    variables: tuple[Variable, ...]
    """Those with a value."""
    wrap_up_reasons: tuple[str, ...]
    associated_call: str
    """The call that this one is a consult for, or its consult; empty if there is none."""


async def list_calls(agent: Agent) -> list[Call]:
    """Return the agent's calls as Finesse has them now."""
    extension = _extension(agent)
    dialogs = await agent.finesse.dialogs(agent.credential, agent.login_id)
    return [_call(dialog, extension) for dialog in dialogs]


@dataclass(frozen=True, slots=True)
class CallControl:
    """Dials and acts on calls with the agent's credential."""

    dial_plan: DialPlan
    number_lists: NumberLists
    cluster: Cluster

    async def dial(self, agent: Agent, to: str, timeout: float = 0) -> CommandResult:
        """Call `to`, in any spelling, from the agent's phone.

        Raises InvalidField if it is not a number, DoNotCall if it is listed.
        """
        extension = _extension(agent)
        address = await self._address(agent, to)
        finesse = agent.finesse
        before: set[str] = set()
        if timeout:
            dialogs = await finesse.dialogs(agent.credential, agent.login_id)
            before = {dialog.id for dialog in dialogs}
        command = await finesse.make_call(agent.credential, agent.login_id, extension, address)

        async def has_happened() -> bool:
            dialogs = await finesse.dialogs(agent.credential, agent.login_id)
            return any(
                dialog.id not in before and dialog.from_address == extension for dialog in dialogs
            )

        return await await_outcome(command, has_happened, agent.presence, timeout)

    async def act(
        self,
        agent: Agent,
        call: str,
        action: str,
        arguments: CallArguments = NO_ARGUMENTS,
        timeout: float = 0,
    ) -> CommandResult:
        """Send an action on a call. Only Finesse knows whether it is allowed at the moment."""
        if not is_safe_id(call):
            raise InvalidField("id", f"{call[:40]!r} is no id of a call")
        if action not in ACTIONS:
            raise InvalidField("action", f"action must be one of {', '.join(ACTIONS)}")
        arguments.check(action)
        extension = _extension(agent)
        if action in ("data", "wrap-up"):
            return await self._update_call_data(agent, call, arguments, timeout)
        finesse = agent.finesse
        credential = agent.credential
        address = await self._address(agent, arguments.to) if arguments.to else ""
        before = None
        if timeout:
            dialogs = await finesse.dialogs(credential, agent.login_id)
            before = _state_of(dialogs, call, extension)
        match action:
            case "dtmf":
                command = await finesse.send_digits(credential, call, extension, arguments.digits)
            case "callback":
                command = await finesse.schedule_callback(
                    credential,
                    call,
                    extension,
                    arguments.callback_time,
                    arguments.callback_number,
                )
            case "drop-participant":
                command = await finesse.drop_participant(
                    credential, call, extension, arguments.participant
                )
            case _:
                command = await finesse.take_action(
                    credential, call, ACTIONS[action], extension, address
                )
        if action in ("dtmf", "record") and agent.presence is None and timeout:
            # Only the event shows these, and without a presence there is none.
            return CommandResult(request_id=command.request_id, outcome="unknown")

        async def has_happened() -> bool:
            dialogs = await finesse.dialogs(credential, agent.login_id)
            if action == "callback":
                expected = (arguments.callback_time, arguments.callback_number)
                return _scheduled_callback(dialogs, call) == expected
            if action == "cancel-callback":
                return _scheduled_callback(dialogs, call) == ("", "")
            if action == "drop-participant":
                return _state_of(dialogs, call, arguments.participant).state == "DROPPED"
            now = _state_of(dialogs, call, extension)
            return now.state in EXPECTED_STATES.get(action, ()) and now != before

        return await await_outcome(command, has_happened, agent.presence, timeout)

    async def _address(self, agent: Agent, to: str) -> str:
        address = self.dial_plan.address(to, agent.user.extension)
        await self.number_lists.check_dialling(agent.login_id, to, agent.user.team_id)
        return address

    async def _update_call_data(
        self, agent: Agent, call: str, arguments: CallArguments, timeout: float
    ) -> CommandResult:
        """Write call variables or wrap-up reasons; they are saved once the call shows them."""
        finesse = agent.finesse
        credential = agent.credential
        platform = await self.cluster.platform(agent.node, credential.deadline)
        before = _call_data(await finesse.dialog(credential, call))
        if arguments.variables:
            call_variables.check(arguments.variables, before.variables, platform)
        reasons = tuple(arguments.wrap_up_reasons)
        if len(reasons) > 1 and platform == "ucce":
            raise InvalidField("wrap_up_reasons", "this Finesse accepts one wrap-up reason")
        single_reason = ""
        if len(reasons) == 1 and platform == "ucce":
            single_reason = reasons[0]
            reasons = ()
        variables = tuple(
            CallVariable(name=name, value=value) for name, value in arguments.variables.items()
        )
        command = await finesse.update_call_data(
            credential, call, agent.user.extension, variables, single_reason, reasons
        )

        async def has_happened() -> bool:
            now = _call_data(await finesse.dialog(credential, call))
            return _data_outcome(arguments, before, now)[0] in ("confirmed", "truncated")

        result = await await_outcome(command, has_happened, agent.presence, timeout)
        if result.outcome != "confirmed":
            return result
        now = _call_data(await finesse.dialog(credential, call))
        outcome, truncated = _data_outcome(arguments, before, now)
        return replace(result, outcome=outcome, truncated=truncated)


# ---- reading a dialog


@dataclass(frozen=True, slots=True)
class _State:
    state: str
    since: str


def _state_of(dialogs: Iterable[Dialog], call: str, address: str) -> _State:
    """Return the state in a call of the participant at an address; DROPPED if it has none."""
    dialog = next((each for each in dialogs if each.id == call), None)
    participant = dialog.participant(address) if dialog else None
    if participant is None:
        return _State("DROPPED", "")
    return _State(participant.state, participant.state_change_time)


@dataclass(frozen=True, slots=True)
class _CallData:
    variables: dict[str, str]
    wrap_up_reasons: tuple[str, ...]


def _call_data(dialog: Dialog) -> _CallData:
    variables = {each.name: each.value for each in dialog.properties.call_variables}
    return _CallData(variables, dialog.properties.wrap_up_reasons)


def _data_outcome(
    sent: CallArguments, before: _CallData, now: _CallData
) -> tuple[Outcome, dict[str, str]]:
    """Return whether the data was stored, and truncated values: some are dropped silently."""
    if sent.wrap_up_reasons:
        stored = set(sent.wrap_up_reasons) <= set(now.wrap_up_reasons)
        return ("confirmed" if stored else "unchanged"), {}
    truncated = {}
    for name, value in sent.variables.items():
        stored_value = now.variables.get(name, "")
        if stored_value.strip() == value.strip():
            continue
        is_new = stored_value != before.variables.get(name, "")
        if not stored_value or not value.startswith(stored_value) or not is_new:
            return "unchanged", {}
        truncated[name] = stored_value
    return ("truncated" if truncated else "confirmed"), truncated


def _extension(agent: Agent) -> str:
    if not agent.user.extension:
        raise NotSignedIn("Sign in to the Finesse desktop first")
    return agent.user.extension


def _scheduled_callback(dialogs: Iterable[Dialog], call: str) -> tuple[str, str]:
    dialog = next((each for each in dialogs if each.id == call), None)
    info = dialog.scheduled_callback_info if dialog else None
    return (info.callback_time, info.callback_number) if info else ("", "")


def _call(dialog: Dialog, extension: str) -> Call:
    is_outgoing = dialog.from_address == extension
    own = dialog.participant(extension)
    allowed = own.actions if own else ()
    properties = dialog.properties
    number = dialog.from_address
    if is_outgoing:
        number = properties.dialed_number or dialog.to_address
    return Call(
        id=dialog.id,
        state=dialog.state,
        direction="out" if is_outgoing else "in",
        number=number,
        from_address=dialog.from_address,
        to_address=dialog.to_address,
        type=properties.call_type,
        queue=properties.queue_name,
        actions=tuple(action for action, name in ACTIONS.items() if name in allowed),
        participants=tuple(_participant(each) for each in dialog.participants),
        variables=tuple(
            Variable(name=each.name, value=each.value)
            for each in properties.call_variables
            if each.value
        ),
        wrap_up_reasons=properties.wrap_up_reasons,
        associated_call=dialog.associated_dialog,
    )


def _participant(participant: Participant) -> CallParticipant:
    return CallParticipant(
        address=participant.media_address,
        state=participant.state,
        state_since=participant.state_change_time or participant.start_time,
    )
