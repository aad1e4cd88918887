"""Whom a request acts for. The API's authenticators create these; actions use them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from callcard.finesse.client import Credential, FinesseClient
from callcard.finesse.nodes import Node
from callcard.finesse.objects import User
from callcard.finesse.presence import Presence

RESPONSE_RESERVE_SECONDS = 0.2
"""Reserved of a request's deadline for sending the response."""


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent as Finesse knows them, with the credential for the Finesse calls of one request."""

    user: User
    credential: Credential
    node: Node
    """The node that serves the agent's desktop; their requests go there."""
    presence: Presence | None = None
    """The service's own presence as this agent, if a session is open."""

    @property
    def finesse(self) -> FinesseClient:
        return self.node.client

    @property
    def login_id(self) -> str:
        return self.user.login_id

    @property
    def full_name(self) -> str:
        return self.user.full_name

    @property
    def team_id(self) -> str:
        return self.user.team_id

    @property
    def team_name(self) -> str:
        return self.user.team_name

    @property
    def deadline(self) -> float:
        """Return the request's deadline, on the event loop's clock."""
        return self.credential.deadline

    @property
    def is_supervisor(self) -> bool:
        """Return whether the agent is a supervisor or an administrator."""
        return not {"Supervisor", "Admin"}.isdisjoint(self.user.roles)

    @property
    def seconds_left(self) -> float:
        """Return the seconds until the request's deadline, less those to send the response."""
        now = asyncio.get_running_loop().time()
        return max(0.0, self.credential.deadline - now - RESPONSE_RESERVE_SECONDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program without an agent, which has an API key or a token.

    Its scopes limit which endpoints it may call; within them it has an administrator's rights.
    """

    login_id: str
    """As the request log and the audit name it: `key:wallboard` or `token:reports`."""
    deadline: float
    key_id: str = ""
    """The id of its API key, if it has one."""
    expires_at: float | None = None
    """When its token expires, in seconds since the epoch."""
    full_name: str = ""
    team_id: str = ""
    team_name: str = ""
    is_supervisor: bool = True


Principal = Agent | Program
"""Whom a request acts for, where programs may call the same endpoints as agents."""
