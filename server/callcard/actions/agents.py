"""The agent: their record with the reasons they can choose from, and their state."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from callcard.errors import InvalidField
from callcard.finesse.cluster import Cluster
from callcard.finesse.nodes import Platform
from callcard.finesse.objects import ReasonCode
from callcard.principals import Agent
from callcard.settings_sections import BringToFront
from callcard.telephony.command_outcome import CommandResult, await_outcome

SETTABLE_STATES = ("READY", "NOT_READY", "LOGOUT")
"""Those that an agent may request; Finesse sets all others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """`id` is what a state change takes, `code` the number that reports show."""

    id: str
    code: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamRef:
    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WritableSources:
    """The names of the contact sources that can save what the agent adds."""

    contacts: tuple[str, ...]
    """New contacts; the first source gets them."""
    numbers: tuple[str, ...]
    """Further numbers of a contact."""
    cases: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Me:
    id: str
    login_name: str
    name: str
    extension: str
    """Empty when signed out."""
    team: str
    supervised_teams: tuple[TeamRef, ...]
    """Those of a supervisor."""
    state: str
    state_since: str
    """ISO 8601, UTC; empty if Finesse does not know."""
    pending_state: str
    reason: Reason | None
    roles: tuple[str, ...]
    platform: Platform
    bring_to_front: BringToFront
    """When a call brings the card to the front of the desktop."""
    writable_sources: WritableSources
    wrap_up_reasons: tuple[str, ...]
    """The team's; a call takes one on UCCE, several on UCCX."""
    not_ready_reasons: tuple[Reason, ...]
    sign_out_reasons: tuple[Reason, ...]


async def me(
    agent: Agent, cluster: Cluster, bring_to_front: BringToFront, writable_sources: WritableSources
) -> Me:
    """Return the agent as Finesse has them now, with the reasons they can choose from."""
    finesse = agent.finesse
    credential = agent.credential
    id = agent.login_id
    # Alone first: an expired credential is presented once, not four times.
    user = await finesse.user(credential, id)
    not_ready, sign_out, wrap_up, platform = await asyncio.gather(
        finesse.reason_codes(credential, id, "NOT_READY"),
        finesse.reason_codes(credential, id, "LOGOUT"),
        finesse.wrap_up_reasons(credential, id),
        cluster.platform(agent.node, credential.deadline),
    )
    return Me(
        id=user.login_id,
        login_name=user.login_name,
        name=user.full_name or user.login_name or user.login_id,
        extension=user.extension,
        team=user.team_name,
        supervised_teams=tuple(TeamRef(id=team.id, name=team.name) for team in user.teams),
        state=user.state,
        state_since=user.state_change_time,
        pending_state=user.pending_state,
        reason=_reason(user.reason_code) if user.reason_code else None,
        roles=user.roles,
        platform=platform,
        bring_to_front=bring_to_front,
        writable_sources=writable_sources,
        wrap_up_reasons=tuple(reason.label for reason in wrap_up),
        not_ready_reasons=tuple(_reason(code) for code in not_ready),
        sign_out_reasons=tuple(_reason(code) for code in sign_out),
    )


async def set_state(
    agent: Agent, state: str, reason: str | None, timeout: float = 0
) -> CommandResult:
    """Request a state. Whether it needs a reason is Finesse's rule; its refusal is passed on.

    A state that is pending until the end of a call counts as confirmed.
    """
    if state not in SETTABLE_STATES:
        raise InvalidField("state", f"state must be one of {', '.join(SETTABLE_STATES)}")
    if reason and state == "READY":
        raise InvalidField("reason", "READY takes no reason; leave it out")
    finesse = agent.finesse
    credential = agent.credential
    before = await finesse.user(credential, agent.login_id) if timeout else None
    command = await finesse.set_state(credential, agent.login_id, state, reason)

    async def has_happened() -> bool:
        user = await finesse.user(credential, agent.login_id)
        if user == before:
            return False
        has_reason = reason is None or user.reason_code_id == reason
        return (user.state == state and has_reason) or user.pending_state == state

    return await await_outcome(command, has_happened, agent.presence, timeout)


def _reason(code: ReasonCode) -> Reason:
    return Reason(id=code.id, code=code.code, label=code.label)
