"""The contact centre behind the nodes: agents, calls, tasks, accounts, faults. Whatever they do is told to every node's outlet."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field

from finesse_sandbox.accounts import Accounts
from finesse_sandbox.faults import Faults
from finesse_sandbox.notifications.events import Notifications, Presence
from finesse_sandbox.site import Platform, Site, User
from finesse_sandbox.telephony.agents import Agents
from finesse_sandbox.telephony.switch import Switch
from finesse_sandbox.telephony.tasks import Tasks

QUEUE_SECONDS = 10.0
"""Between events about the queues."""


@dataclass
class Centre:
    platform: Platform = "ucce"
    site: Site = field(default_factory=Site)

    def __post_init__(self) -> None:
        self.notifications = Notifications()
        self.agents = Agents(self.notifications, self.site, self.platform)
        self.notifications.agents = self.agents
        self.switch = Switch(self.agents, self.notifications)
        self.agents.busy = lambda user: bool(self.switch.dialogs_of(user))
        self.agents.left = self.switch.signed_out
        self.tasks = Tasks(self.agents, self.notifications)
        self.accounts = Accounts(self.agents)
        self.faults = Faults()
        self.presence = Presence(self.agents)
        self._told_queues = float("-inf")
        self._waiting: Counter[str] = Counter()

    def set_state(
        self, asker: User, user: User, state: str, reason_id: str, request_id: str
    ) -> None:
        """What the state API does, for oneself or as a supervisor; a call that waits for wrap-up goes when it is over."""
        extension = user.extension
        wrapping = user.state in ("WORK", "WORK_READY")
        if asker is user:
            self.agents.set_state(user, state, reason_id, request_id)
        else:
            self.agents.set_state_by(asker, user, state, reason_id, request_id)
        if wrapping and user.state not in ("WORK", "WORK_READY"):
            self.switch.finish_wrap_up(user, extension)

    def waiting(self) -> Counter[str]:
        """Calls that wait, by queue."""
        return Counter(d.queue for d in self.switch.dialogs.values() if d.state == "ALERTING")

    def tell_queues(self, now: float) -> None:
        """The queues that have changed, at most every ten seconds; UCCE only."""
        if self.platform == "uccx" or now - self._told_queues < QUEUE_SECONDS:
            return
        waiting = self.waiting()
        changed = [
            queue for queue in self.site.queues if waiting[queue.name] != self._waiting[queue.name]
        ]
        if changed:
            self._told_queues, self._waiting = now, waiting
        for queue in changed:
            self.notifications.queue_changed(queue, waiting[queue.name], self.platform)

    async def keep_time(self) -> None:
        """Wrap-up timers and queues, for as long as this is awaited."""
        begun: dict[str, float] = {}
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(0.1)
            self.tell_queues(loop.time())
            for user in self.agents.users.values():
                if user.state not in ("WORK", "WORK_READY") or not user.wrap_up.startswith(
                    "REQUIRED"
                ):
                    begun.pop(user.id, None)
                elif loop.time() - begun.setdefault(user.id, loop.time()) >= user.wrap_up_seconds:
                    extension = user.extension
                    self.agents.wrapped_up(user)
                    self.switch.finish_wrap_up(user, extension)

    def reset(self) -> None:
        """As on the first day: nobody signed in, no calls, no faults. Connections stay."""
        self.switch.clear()
        self.switch.busy = 0
        self.tasks.reset()
        self.agents.reset()
        self.faults.armed.clear()
        self.notifications.faults.clear()
        self.accounts.reset()
