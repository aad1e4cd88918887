"""Calls: which the agent has, dialling one, and what the buttons do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from server import numbers
from server.actions.outcomes import Accepted, part_of, settle
from server.auth import Agent
from server.errors import InvalidField, NotSignedIn
from server.finesse.objects import Dialog, Participant

ACTIONS = {"answer": "ANSWER", "hold": "HOLD", "retrieve": "RETRIEVE", "drop": "DROP"}
"""The product's word for each action, and Finesse's."""


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


_AFTER = {"answer": ("ACTIVE",), "hold": ("HELD",), "retrieve": ("ACTIVE",), "drop": ("DROPPED", "WRAP_UP")}
"""What the agent's part in a call is once an action has happened."""


async def list_calls(agent: Agent) -> list[Call]:
    extension = _extension(agent)
    return [_call(dialog, extension) for dialog in await agent.finesse.dialogs(agent.credential, agent.user.login_id)]


async def dial(agent: Agent, to: str, country: str, patience: float = 0) -> Accepted:
    """Call `to` from the agent's phone, however the number is written."""
    address = numbers.dialable(numbers.read(to, country))
    if address is None:
        raise InvalidField("to", f"{to[:40]!r} is not a number that can be dialled; write it with its country code")
    extension = _extension(agent)
    if address == extension:
        raise InvalidField("to", "that is the agent's own extension")
    finesse, credential, id = agent.finesse, agent.credential, agent.user.login_id
    before = {dialog.id for dialog in await finesse.dialogs(credential, id)} if patience else set()
    order = await finesse.make_call(credential, id, extension, address)

    async def happened() -> bool:
        return any(d.id not in before and d.from_address == extension for d in await finesse.dialogs(credential, id))

    return await settle(order, f"/finesse/api/User/{id}/Dialogs", happened, agent.line, patience)


async def act(agent: Agent, call: str, action: str, patience: float = 0) -> Accepted:
    """Do `action` to `call`. Finesse alone knows whether it is allowed now."""
    if action not in ACTIONS:
        raise InvalidField("action", f"action must be one of {', '.join(ACTIONS)}")
    finesse, credential, id, extension = agent.finesse, agent.credential, agent.user.login_id, _extension(agent)
    before = part_of(await finesse.dialogs(credential, id), call, extension) if patience else ("", "")
    order = await finesse.take_action(credential, call, ACTIONS[action], extension)

    async def happened() -> bool:
        now = part_of(await finesse.dialogs(credential, id), call, extension)
        return now[0] in _AFTER[action] and now != before

    return await settle(order, f"/finesse/api/Dialog/{call}", happened, agent.line, patience)


def _extension(agent: Agent) -> str:
    if not agent.user.extension:
        raise NotSignedIn("Sign in to the Finesse desktop first")
    return agent.user.extension


def _call(dialog: Dialog, extension: str) -> Call:
    outgoing = dialog.from_address == extension
    mine = dialog.participant(extension)
    properties = dialog.properties
    words = {finesse: ours for ours, finesse in ACTIONS.items()}
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
        actions=tuple(words[action] for action in (mine.actions if mine else ()) if action in words),
        parties=tuple(map(_party, dialog.participants)),
        variables=tuple(Variable(name=each.name, value=each.value) for each in properties.call_variables if each.value),
    )


def _party(participant: Participant) -> Party:
    since = participant.state_change_time or participant.start_time
    return Party(address=participant.media_address, state=participant.state, since=since)
