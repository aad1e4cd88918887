"""The contact centre behind both nodes: agents, calls, tasks, accounts, faults and events."""

from __future__ import annotations

import asyncio
import copy
import itertools
import re
import time
from collections import Counter, deque
from dataclasses import dataclass, field

from finesse_sandbox.accounts import Accounts
from finesse_sandbox.api_errors import ApiError
from finesse_sandbox.faults import Faults
from finesse_sandbox.notifications.event_publisher import EventPublisher
from finesse_sandbox.notifications.presence import PresenceTracker
from finesse_sandbox.site import Platform, SiteConfiguration, User
from finesse_sandbox.telephony.agents import MAX_EXTENSION_DIGITS, WRAPPING_UP, Agents
from finesse_sandbox.telephony.media_tasks import Tasks
from finesse_sandbox.telephony.switch import Switch
from finesse_sandbox.xml.queues import count_agents

QUEUE_EVENT_SECONDS = 10.0
"""Shortest time between events about the queues."""
TIMER_SECONDS = 0.1
MAX_CLIENT_LOGS = 200
_EXTENSION = re.compile(rf"[0-9]{{1,{MAX_EXTENSION_DIGITS}}}")


@dataclass(frozen=True, slots=True)
class TeamMessage:
    id: str
    created_by: str
    created_at: str
    expires_at: float
    """Seconds since the epoch."""
    duration_seconds: int
    content: str
    teams: tuple[str, ...]


@dataclass
class ContactCentre:
    platform: Platform = "ucce"
    site: SiteConfiguration = field(default_factory=SiteConfiguration)

    def __post_init__(self) -> None:
        self.events = EventPublisher(self.site)
        self.agents = Agents(self.events, self.site, self.platform)
        self.switch = Switch(self.agents, self.events)
        self.agents.has_call = lambda user: bool(self.switch.dialogs_of(user))
        self.agents.on_sign_out = self.switch.sign_out
        self.tasks = Tasks(self.agents, self.events)
        self.accounts = Accounts(self.agents)
        self.faults = Faults()
        self.presence = PresenceTracker(self.agents)
        self.team_messages: dict[str, TeamMessage] = {}
        self.client_logs: deque[dict[str, str]] = deque(maxlen=MAX_CLIENT_LOGS)
        self._initial_site = copy.deepcopy(self.site)
        self._team_message_ids = itertools.count(1)
        self._queues_published_at = float("-inf")
        self._published_waiting: Counter[str] = Counter()

    def set_state(
        self, requested_by: User, user: User, state: str, reason_id: str, request_id: str
    ) -> None:
        """Change a user's state for the user or their supervisor.

        Leaving wrap-up also removes the call that was waiting for it.
        """
        extension = user.extension
        was_wrapping_up = user.state in WRAPPING_UP
        if requested_by is user:
            self.agents.set_state(user, state, reason_id, request_id)
        else:
            self.agents.set_state_by(requested_by, user, state, reason_id, request_id)
        self._remove_call_after_wrap_up(user, extension, was_wrapping_up)

    def force_state(self, user: User, state: str) -> None:
        """Change a state as no client may: without credentials, from any state, without a reason.

        A signed-out user is signed in first, at their assigned extension. Raises ApiError.
        """
        if "Agent" not in user.roles:
            raise ApiError(400, "Invalid Input", f"{user.id} is not an agent", user.id)
        if user.state == "LOGOUT" and state != "LOGOUT":
            self.agents.sign_in(user, user.assigned_extension, "")
            if user.state == "LOGOUT":
                extension = user.assigned_extension
                message = f"Extension {extension} is in use; sign its user out first"
                raise ApiError(409, "Device Busy", message, extension)
        extension = user.extension
        was_wrapping_up = user.state in WRAPPING_UP
        if user.state != state:
            self.agents.change_state(user, state, reason_id="" if state == "READY" else "-1")
        self._remove_call_after_wrap_up(user, extension, was_wrapping_up)

    def set_assigned_extension(self, user: User, extension: str) -> None:
        """Give a signed-out agent another phone. Raises ApiError."""
        if "Agent" not in user.roles:
            raise ApiError(400, "Invalid Input", f"{user.id} is not an agent", user.id)
        if not _EXTENSION.fullmatch(extension):
            message = f"extension must have from 1 to {MAX_EXTENSION_DIGITS} digits"
            raise ApiError(400, "Invalid Input", message, extension)
        if user.state != "LOGOUT":
            message = f"{user.id} is signed in; sign the user out first"
            raise ApiError(409, "Invalid State", message, user.id)
        for other in self.agents.users.values():
            if other is not user and extension in (other.assigned_extension, other.extension):
                message = f"{other.id} has extension {extension}; give another one"
                raise ApiError(409, "Device Busy", message, extension)
        user.assigned_extension = extension

    def _remove_call_after_wrap_up(self, user: User, extension: str, was_wrapping_up: bool) -> None:
        if was_wrapping_up and user.state not in WRAPPING_UP:
            self.switch.end_wrap_up(user, extension)

    def add_team_message(
        self, user: User, content: str, duration_seconds: int, teams: tuple[str, ...]
    ) -> TeamMessage:
        """Store a message to teams and return it; the caller publishes it."""
        message = TeamMessage(
            id=str(next(self._team_message_ids)),
            created_by=user.id,
            created_at=self.agents.now(),
            expires_at=time.time() + duration_seconds,
            duration_seconds=duration_seconds,
            content=content,
            teams=teams,
        )
        self.team_messages[message.id] = message
        return message

    def calls_waiting(self) -> Counter[str]:
        """Return the number of alerting calls by queue name."""
        return Counter(
            dialog.queue for dialog in self.switch.dialogs.values() if dialog.state == "ALERTING"
        )

    def agent_counts(self) -> dict[str, int]:
        """Return how many agents are in which state, by the queues' statistic."""
        agents = (user for user in self.agents.users.values() if "Agent" in user.roles)
        return count_agents(user.state for user in agents)

    def publish_queues(self, now: float) -> None:
        """Publish the queues that changed, at most every ten seconds; UCCE only."""
        too_early = now - self._queues_published_at < QUEUE_EVENT_SECONDS
        if self.platform == "uccx" or too_early:
            return
        waiting = self.calls_waiting()
        changed = [
            queue
            for queue in self.site.queues
            if waiting[queue.name] != self._published_waiting[queue.name]
        ]
        if changed:
            self._queues_published_at = now
            self._published_waiting = waiting
        for queue in changed:
            self.events.queue_changed(
                queue, waiting[queue.name], self.agent_counts(), self.platform
            )

    async def run_timers(self) -> None:
        """Run the wrap-up timers and queue events until cancelled."""
        started: dict[str, float] = {}
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(TIMER_SECONDS)
            now = loop.time()
            self.publish_queues(now)
            for user in self.agents.users.values():
                is_limited = user.wrap_up.startswith("REQUIRED")
                if user.state not in WRAPPING_UP or not is_limited:
                    started.pop(user.id, None)
                    continue
                started.setdefault(user.id, now)
                if now - started[user.id] >= user.wrap_up_seconds:
                    extension = user.extension
                    self.agents.end_wrap_up(user)
                    self.switch.end_wrap_up(user, extension)

    def reset(self) -> None:
        """Return to the start: configuration, users, calls, tasks, faults. Connections stay."""
        # First, because faults must not affect the events of this reset.
        self.faults.disarm()
        self.events.reset()
        self.site.restore(self._initial_site)
        self.presence.cancel_sign_outs()
        self.switch.clear()
        self.switch.set_busy(0)
        self.tasks.reset()
        self.agents.reset()
        self.accounts.reset()
        self.team_messages.clear()
        self.client_logs.clear()
