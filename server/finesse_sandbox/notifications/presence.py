"""Presence of users: a user without any session for a while is signed out by force."""

from __future__ import annotations

import asyncio

from finesse_sandbox.site import User, system_reason
from finesse_sandbox.telephony.agents import Agents

_CONNECTION_FAILURE = system_reason("LOGOUT", 255, "Connection failure")


class PresenceTracker:
    def __init__(self, agents: Agents) -> None:
        self._agents = agents
        self._sessions: dict[str, set[object]] = {}
        self._sign_outs: dict[str, asyncio.TimerHandle] = {}

    def add(self, user: User, session: object) -> None:
        self._sessions.setdefault(user.id, set()).add(session)
        pending = self._sign_outs.pop(user.id, None)
        if pending is not None:
            pending.cancel()

    def remove(self, user: User, session: object) -> None:
        """Remove a session. The user's last one starts the timer of the forced sign-out."""
        sessions = self._sessions.get(user.id, set())
        if session not in sessions:
            return
        sessions.discard(session)
        if not sessions and user.id not in self._sign_outs:
            loop = asyncio.get_running_loop()
            seconds = self._agents.site.presence_timeout_seconds
            self._sign_outs[user.id] = loop.call_later(seconds, self._sign_out, user)

    def cancel_sign_outs(self) -> None:
        """Cancel the forced sign-outs that are due."""
        for handle in self._sign_outs.values():
            handle.cancel()
        self._sign_outs.clear()

    def _sign_out(self, user: User) -> None:
        del self._sign_outs[user.id]
        self._agents.force_sign_out(user, _CONNECTION_FAILURE)
