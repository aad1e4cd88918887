"""Whom a request acts for. The API's authenticators create these; actions use them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from callcard.finesse.client import Credential, FinesseClient
from callcard.finesse.nodes import Node
from callcard.finesse.objects import User
from callcard.finesse.presence import Presence

RESPONSE_SECONDS = 0.2
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
    def is_supervisor(self) -> bool:
        """Return whether the agent is a supervisor or an administrator."""
        return not {"Supervisor", "Admin"}.isdisjoint(self.user.roles)

    @property
    def seconds_left(self) -> float:
        """Return the seconds until the request's deadline, less those to send the response."""
        now = asyncio.get_running_loop().time()
        return max(0.0, self.credential.deadline - now - RESPONSE_SECONDS)
