"""Calls: which the agent has, dialling one, and what the buttons do."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

from callcard.api.auth import Agent
from callcard.errors import InvalidField, NotSignedIn
from callcard.finesse.cluster import Cluster
from callcard.finesse.objects import CallVariable, Dialog, Participant
from callcard.telephony import call_variables
from callcard.telephony.command_outcome import Accepted, part_of, settle
from callcard.telephony.dial_plan import Dialplan

ACTIONS = {
    "answer": "ANSWER",
    "hold": "HOLD",
    "retrieve": "RETRIEVE",
    "drop": "DROP",
    "consult": "CONSULT_CALL",
    "complete-transfer": "TRANSFER",
    "conference": "CONFERENCE",
    "transfer": "TRANSFER_SST",
    "dtmf": "SEND_DTMF",
    "record": "START_RECORDING",
    "data": "UPDATE_CALL_DATA",
    "wrap-up": "UPDATE_CALL_DATA",
    "accept": "ACCEPT",
    "reject": "REJECT",
    "close": "CLOSE",
    "callback": "UPDATE_SCHEDULED_CALLBACK",
    "cancel-callback": "CANCEL_SCHEDULED_CALLBACK",
}
"""The product's word for each action, and Finesse's. `transfer` sends the call on at once, `complete-transfer` after a consult."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    address: str
    state: str
    since: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    id: str
    state: str
    """Finesse's word for the whole call: ALERTING, ACTIVE, DROPPED, FAILED …; an open set."""
    direction: Literal["in", "out"]
    number: str
    """The other side's, as the call brought it."""
    from_address: str
    to_address: str
    type: str
    queue: str
    actions: tuple[str, ...]
    """What Finesse allows this agent now, in the product's words; what it has no word for yet is left out."""
    parties: tuple[Party, ...]
    variables: tuple[Variable, ...]
    """Those with a value."""
    reasons: tuple[str, ...]
    """Wrap-up reasons chosen so far."""
    consult_of: str
    """The call that this one is a consult for, or that is a consult for it; empty if there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What comes with an action; each takes its own and nothing else."""

    to: str = ""
    digits: str = ""
    variables: dict[str, str] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()
    at: str = ""
    number: str = ""


_TAKES = {
    "consult": ("to",), "transfer": ("to",), "dtmf": ("digits",), "data": ("variables",), "wrap-up": ("reasons",),
    "callback": ("at", "number"),
}  # fmt: skip

_AFTER = {
    "answer": ("ACTIVE",), "hold": ("HELD",), "retrieve": ("ACTIVE",), "drop": ("DROPPED", "WRAP_UP"), "consult": ("HELD",),
    "complete-transfer": ("DROPPED", "WRAP_UP"), "transfer": ("DROPPED", "WRAP_UP"), "conference": ("ACTIVE",),
    "accept": ("ACCEPTED", "DROPPED"), "reject": ("DROPPED",), "close": ("DROPPED",),
}  # fmt: skip
"""What the agent's part in a call is once an action has happened."""

_CALLBACK_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d", re.ASCII)


async def list_calls(agent: Agent) -> list[Call]:
    extension = _extension(agent)
    return [
        _call(dialog, extension)
        for dialog in await agent.finesse.dialogs(agent.credential, agent.user.login_id)
    ]


NOTHING = Order()


@dataclass(frozen=True, slots=True)
class Phone:
    """Every agent's telephone, as far as Finesse lets them work it from here."""

    plan: Dialplan
    cluster: Cluster

    async def dial(self, agent: Agent, to: str, patience: float = 0) -> Accepted:
        """Call `to` from the agent's phone, however the number is written."""
        extension = _extension(agent)
        address = await self.plan.address(agent, to)
        finesse, credential, id = agent.finesse, agent.credential, agent.user.login_id
        before = (
            {dialog.id for dialog in await finesse.dialogs(credential, id)} if patience else set()
        )
        order = await finesse.make_call(credential, id, extension, address)

        async def happened() -> bool:
            return any(
                d.id not in before and d.from_address == extension
                for d in await finesse.dialogs(credential, id)
            )

        return await settle(
            order, f"/finesse/api/User/{id}/Dialogs", happened, agent.line, patience
        )

    async def act(
        self, agent: Agent, call: str, action: str, sent: Order = NOTHING, patience: float = 0
    ) -> Accepted:
        """Do `action` to `call`. Finesse alone knows whether it is allowed now."""
        if action not in ACTIONS:
            raise InvalidField("action", f"action must be one of {', '.join(ACTIONS)}")
        _check(action, sent)
        extension = _extension(agent)
        if action in ("data", "wrap-up"):
            return await self._write(agent, call, sent, patience)
        finesse, credential, id = agent.finesse, agent.credential, agent.user.login_id
        to = await self.plan.address(agent, sent.to) if sent.to else ""
        params = {"dtmfString": sent.digits, "callbackTime": sent.at, "callbackNumber": sent.number}
        before = (
            part_of(await finesse.dialogs(credential, id), call, extension)
            if patience
            else ("", "")
        )
        given = {name: value for name, value in params.items() if value}
        order = await finesse.take_action(credential, call, ACTIONS[action], extension, to, **given)

        async def happened() -> bool:
            dialogs = await finesse.dialogs(credential, id)
            if action in ("callback", "cancel-callback"):
                return _callback_of(dialogs, call) == (
                    (sent.at, sent.number) if action == "callback" else ("", "")
                )
            now = part_of(dialogs, call, extension)
            return now[0] in _AFTER.get(action, ()) and now != before

        if action in ("dtmf", "record") and agent.line is None and patience:
            return Accepted(request_id=order, outcome="unknown")  # nothing shows it but the event
        return await settle(order, f"/finesse/api/Dialog/{call}", happened, agent.line, patience)

    async def _write(self, agent: Agent, call: str, sent: Order, patience: float) -> Accepted:
        """Call data or wrap-up reasons. They are saved when the call shows them, and not before."""
        finesse, credential = agent.finesse, agent.credential
        platform = await self.cluster.platform(agent.node, credential.deadline)
        known = _shown(await finesse.dialog(credential, call))
        if sent.variables:
            call_variables.check(sent.variables, known.variables, platform)
        if len(sent.reasons) > 1 and platform == "ucce":
            raise InvalidField("reasons", "this Finesse takes one wrap-up reason")
        wanted = tuple(
            CallVariable(name=name, value=value) for name, value in sent.variables.items()
        )
        one, many = (sent.reasons[0], ()) if len(sent.reasons) == 1 else ("", sent.reasons)
        if platform == "uccx":
            one, many = "", sent.reasons
        order = await finesse.update_call_data(
            credential, call, agent.user.extension, wanted, one, many
        )

        async def happened() -> bool:
            now = _shown(await finesse.dialog(credential, call))
            return _outcome(sent, known, now)[0] in ("confirmed", "truncated")

        accepted = await settle(
            order, f"/finesse/api/Dialog/{call}", happened, agent.line, patience
        )
        if accepted.outcome != "confirmed":
            return accepted
        outcome, cut = _outcome(sent, known, _shown(await finesse.dialog(credential, call)))
        return replace(accepted, outcome=outcome, truncated=cut)


@dataclass(frozen=True, slots=True)
class _Shown:
    variables: dict[str, str]
    reasons: tuple[str, ...]


def _shown(dialog: Dialog) -> _Shown:
    return _Shown({v.name: v.value for v in dialog.properties.call_variables}, _reasons(dialog))


def _outcome(sent: Order, before: _Shown, now: _Shown) -> tuple[str, dict[str, str]]:
    """`confirmed`, `truncated` with what was kept, or `unchanged`: the platform drops in silence what it does not like."""
    if sent.reasons:
        return ("confirmed" if set(sent.reasons) <= set(now.reasons) else "unchanged"), {}
    cut = {}
    for name, value in sent.variables.items():
        shown = now.variables.get(name, "")
        if shown.strip() == value.strip():
            continue
        if shown and value.startswith(shown) and shown != before.variables.get(name, ""):
            cut[name] = shown
        else:
            return "unchanged", {}
    return ("truncated" if cut else "confirmed"), cut


def _check(action: str, sent: Order) -> None:
    """That there is what the action needs, in its form, and nothing that it would not look at."""
    takes = _TAKES.get(action, ())
    for name in ("to", "digits", "variables", "reasons", "at", "number"):
        if getattr(sent, name) and name not in takes:
            raise InvalidField(name, f"{action} takes no {name}")
    if takes and not any(getattr(sent, name) for name in takes):
        raise InvalidField(takes[0], f"{action} needs {' or '.join(takes)}")
    if sent.digits and not re.fullmatch(r"[0-9*#A-D]{1,64}", sent.digits):
        raise InvalidField("digits", "digits are 0 to 9, *, # and, on UCCE, A to D; at most 64")
    if sent.at and not _CALLBACK_TIME.fullmatch(sent.at):
        raise InvalidField("at", "at is the customer's local time, as in 2027-03-07T14:30")


def _extension(agent: Agent) -> str:
    if not agent.user.extension:
        raise NotSignedIn("Sign in to the Finesse desktop first")
    return agent.user.extension


def _callback_of(dialogs: Iterable[Dialog], call: str) -> tuple[str, str]:
    dialog = next((d for d in dialogs if d.id == call), None)
    info = dialog.scheduled_callback_info if dialog else None
    return (info.callback_time, info.callback_number) if info else ("", "")


def _reasons(dialog: Dialog) -> tuple[str, ...]:
    properties = dialog.properties
    return properties.wrap_up_items or (
        (properties.wrap_up_reason,) if properties.wrap_up_reason else ()
    )


def _call(dialog: Dialog, extension: str) -> Call:
    outgoing = dialog.from_address == extension
    mine = dialog.participant(extension)
    properties = dialog.properties
    return Call(
        id=dialog.id,
        state=dialog.state,
        direction="out" if outgoing else "in",
        number=(properties.dialed_number or dialog.to_address) if outgoing else dialog.from_address,
        from_address=dialog.from_address,
        to_address=dialog.to_address,
        # After a failover Finesse may say the word NULL.
        type="" if properties.call_type == "NULL" else properties.call_type,
        queue=properties.queue_name,
        actions=tuple(
            ours for ours, finesse in ACTIONS.items() if mine and finesse in mine.actions
        ),
        parties=tuple(map(_party, dialog.participants)),
        variables=tuple(
            Variable(name=each.name, value=each.value)
            for each in properties.call_variables
            if each.value
        ),
        reasons=_reasons(dialog),
        consult_of=dialog.associated_dialog_uri.rstrip("/").rpartition("/")[2],
    )


def _party(participant: Participant) -> Party:
    since = participant.state_change_time or participant.start_time
    return Party(address=participant.media_address, state=participant.state, since=since)
