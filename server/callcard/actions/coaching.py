"""Coaching by text: a supervisor's messages to an agent, who reads and answers them in the card.

Finesse has no coaching by voice, and its own messages go to whole teams.
"""

from __future__ import annotations

import secrets
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace

from callcard import times
from callcard.actions.supervision import Supervision
from callcard.errors import InvalidField, NotFound
from callcard.events import CoachingChanged, EventBus
from callcard.principals import Agent
from callcard.store.base import Store
from callcard.store.coaching import CoachingMessage

SHOWN_SECONDS = 12 * 3600.0
"""Of a shift: what was read is not shown for longer."""
MAX_MESSAGES = 50
RETENTION_SECONDS = 7 * 24 * 3600.0
"""After which a message is deleted, whether it was read or not."""
ROSTER_SECONDS = 300.0
"""For which the roster's team of an agent counts; older, Finesse is asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CoachingText:
    """A message as supervisor and agent see it. Times are ISO 8601, UTC; empty if not yet."""

    id: str
    agent: str
    supervisor: str
    supervisor_name: str
    text: str
    sent_at: str
    read_at: str
    answer: str
    answered_at: str


@dataclass(frozen=True, slots=True)
class Coaching:
    store: Store
    supervision: Supervision
    events: EventBus
    clock: Callable[[], float] = time.time

    async def send(
        self, supervisor: Agent, agent_id: str, text: str, request_id: str = ""
    ) -> CoachingText:
        """Send a message to an agent. The same `request_id` again returns the message sent before.

        Raises NotPermitted for agents of other teams.
        """
        if not text.strip():
            raise InvalidField("text", "text is empty: write what the agent should read")
        user = await self.supervision.supervised(supervisor, agent_id, "coach")
        id = secrets.token_hex(8)
        if request_id:
            id = uuid.uuid5(uuid.NAMESPACE_OID, f"{supervisor.login_id}:{request_id}").hex
        message = CoachingMessage(
            id=id,
            agent=user.login_id,
            supervisor=supervisor.login_id,
            supervisor_name=supervisor.user.full_name or supervisor.login_id,
            text=text.strip(),
            sent_at=self.clock(),
        )
        async with self.store.transaction() as tx:
            known = await tx.coaching_message(id)
            if known is None:
                await tx.save_coaching_message(message)
                await self.supervision.add_audit(tx, supervisor, "coach", user.login_id)
        if known is not None:
            return _show(known)
        self._publish(message, "sent")
        return _show(message)

    async def purge(self) -> None:
        """Delete old messages."""
        async with self.store.transaction() as tx:
            await tx.purge_coaching_messages(self.clock() - RETENTION_SECONDS)

    async def sent_to(self, supervisor: Agent, agent_id: str) -> tuple[CoachingText, ...]:
        """Return what supervisors sent to an agent in this shift, the latest first."""
        # Read every few seconds: the roster has the agent's team and saves a read in Finesse.
        known = await self.store.roster_row(agent_id)
        is_current = known is not None and self.clock() - known.updated_at < ROSTER_SECONDS
        teams = {team.id for team in supervisor.user.teams}
        if known is None or not is_current or known.team_id not in teams:
            await self.supervision.supervised(supervisor, agent_id, "coaching read")
        return await self._of(agent_id)

    async def own(self, agent: Agent) -> tuple[CoachingText, ...]:
        """Return what supervisors sent to the agent in this shift, the latest first."""
        return await self._of(agent.login_id)

    async def _of(self, agent_id: str) -> tuple[CoachingText, ...]:
        now = self.clock()
        found = await self.store.coaching_messages(agent_id, now - RETENTION_SECONDS, MAX_MESSAGES)
        return tuple(
            _show(message)
            for message in found
            if message.read_at is None or message.sent_at >= now - SHOWN_SECONDS
        )

    async def answer(self, agent: Agent, id: str, text: str) -> CoachingText:
        """Mark a message as read, and answer it unless `text` is empty. Raises NotFound."""
        now = self.clock()
        async with self.store.transaction() as tx:
            known = await tx.coaching_message(id)
            if known is None or known.agent != agent.login_id:
                raise NotFound("You have no such message")
            message = replace(known, read_at=known.read_at or now)
            if text.strip():
                message = replace(message, answer=text.strip(), answered_at=now)
            await tx.save_coaching_message(message)
        if message != known:
            self._publish(message, "answered" if text.strip() else "read")
        return _show(message)

    async def is_waiting(self, agent: Agent) -> bool:
        """Return whether the agent has a message that they have not read."""
        return await self.store.has_unread_coaching(agent.login_id)

    def _publish(self, message: CoachingMessage, change: str) -> None:
        self.events.publish(
            CoachingChanged(
                agent=message.agent,
                supervisor=message.supervisor,
                message=message.id,
                change=change,
            )
        )


def _show(message: CoachingMessage) -> CoachingText:
    def shown(time: float | None) -> str:
        return "" if time is None else times.iso_text(time)

    return CoachingText(
        id=message.id,
        agent=message.agent,
        supervisor=message.supervisor,
        supervisor_name=message.supervisor_name,
        text=message.text,
        sent_at=shown(message.sent_at),
        read_at=shown(message.read_at),
        answer=message.answer,
        answered_at=shown(message.answered_at),
    )
