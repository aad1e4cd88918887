"""The agent: who they are to Finesse right now, and their state."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from callcard.api.auth import Agent
from callcard.errors import InvalidField
from callcard.finesse.cluster import Cluster, Platform
from callcard.finesse.objects import ReasonCode, User
from callcard.telephony.command_outcome import Accepted, settle

SETTABLE = ("READY", "NOT_READY", "LOGOUT")
"""What an agent may ask for; every other state is put by Finesse."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """`id` is what a state change takes, `code` the number that reports show."""

    id: str
    code: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Me:
    id: str
    login_name: str
    name: str
    extension: str
    """Empty when signed out."""
    team: str
    state: str
    since: str
    """ISO 8601, UTC; empty if Finesse does not know."""
    pending_state: str
    reason: Reason | None
    roles: tuple[str, ...]
    platform: Platform
    wrap_up_reasons: tuple[str, ...]
    """The team's; one of them for a call on UCCE, several on UCCX."""
    not_ready_reasons: tuple[Reason, ...]
    sign_out_reasons: tuple[Reason, ...]


async def me(agent: Agent, cluster: Cluster) -> Me:
    """The agent as of now, with the reasons they can choose from."""
    finesse, credential, id = agent.finesse, agent.credential, agent.user.login_id
    user = await finesse.user(
        credential, id
    )  # alone first: should the credential have ended, it is shown once, not thrice
    not_ready, sign_out, wrap_up, platform = await asyncio.gather(
        finesse.reason_codes(credential, id, "NOT_READY"),
        finesse.reason_codes(credential, id, "LOGOUT"),
        finesse.wrap_up_reasons(credential, id),
        cluster.platform(agent.node, credential.deadline),
    )
    return Me(
        id=user.login_id,
        login_name=user.login_name,
        name=_full_name(user),
        extension=user.extension,
        team=user.team_name,
        state=user.state,
        since=user.state_change_time,
        pending_state=user.pending_state,
        reason=_reason(user.reason_code) if user.reason_code else None,
        roles=user.roles,
        platform=platform,
        wrap_up_reasons=tuple(reason.label for reason in wrap_up),
        not_ready_reasons=tuple(map(_reason, not_ready)),
        sign_out_reasons=tuple(map(_reason, sign_out)),
    )


async def set_state(agent: Agent, state: str, reason: str | None, patience: float = 0) -> Accepted:
    """Ask for `state`. Whether a reason is needed is Finesse's rule, and its refusal is passed on.

    Happened is also what waits for the end of a call."""
    if state not in SETTABLE:
        raise InvalidField("state", f"state must be one of {', '.join(SETTABLE)}")
    if reason and state == "READY":
        raise InvalidField("reason", "READY takes no reason; leave it out")
    finesse, credential, id = agent.finesse, agent.credential, agent.user.login_id
    before = await finesse.user(credential, id) if patience else None
    order = await finesse.set_state(credential, id, state, reason)

    async def happened() -> bool:
        user = await finesse.user(credential, id)
        if user == before:
            return False
        return (
            user.state == state and (reason is None or user.reason_code_id == reason)
        ) or user.pending_state == state

    return await settle(order, f"/finesse/api/User/{id}", happened, agent.line, patience)


def _full_name(user: User) -> str:
    return f"{user.first_name} {user.last_name}".strip() or user.login_name or user.login_id


def _reason(code: ReasonCode) -> Reason:
    return Reason(id=code.id, code=code.code, label=code.label)
