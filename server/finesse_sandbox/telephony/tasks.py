"""Task routing: an agent's standing in each medium that is not voice, and the tasks. UCCE only.

Source: the developer guide's pages Media and Dialog for nonvoice, 12.5 to 15.0.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Literal, Protocol

from finesse_sandbox.site import CtiError, Refusal, User
from finesse_sandbox.telephony.agents import Agents

_NEXT = {
    "ACCEPT": "ACCEPTED",
    "START": "ACTIVE",
    "PAUSE": "PAUSED",
    "RESUME": "ACTIVE",
    "WRAP_UP": "WRAPPING_UP",
}
_ACTIONS = {
    "OFFERED": ("ACCEPT",),
    "ACCEPTED": ("START", "CLOSE", "TRANSFER"),
    "ACTIVE": ("PAUSE", "WRAP_UP", "TRANSFER", "CLOSE"),
    "PAUSED": ("RESUME", "WRAP_UP", "TRANSFER", "CLOSE"),
    "WRAPPING_UP": ("CLOSE",),
}


@dataclass(slots=True, kw_only=True)
class Standing:
    """One agent in one medium."""

    user: str
    id: str
    name: str
    state: str = "LOGOUT"
    since: str = ""
    reason_id: str = ""
    limit: int = 1
    routable: bool = False
    interrupt_action: str = "ACCEPT"
    logout_action: str = "CLOSE"


@dataclass(slots=True, kw_only=True)
class Task:
    id: str
    """With underscores, unlike a call's."""
    user: str
    media: str
    media_name: str
    variables: dict[str, str]
    state: str = "OFFERED"
    began: str = ""
    since: str = ""

    @property
    def actions(self) -> tuple[str, ...]:
        return _ACTIONS.get(self.state, ())


class Listener(Protocol):
    def media_changed(self, user: User, standing: Standing) -> None: ...

    def media_refused(
        self, user: User, standing: Standing, error: CtiError, request_id: str
    ) -> None: ...

    def task_changed(
        self, user: User, task: Task, event: Literal["POST", "PUT", "DELETE"]
    ) -> None: ...


@dataclass
class Tasks:
    agents: Agents
    listener: Listener
    standings: dict[tuple[str, str], Standing] = field(default_factory=dict)
    tasks: dict[str, Task] = field(default_factory=dict)
    _ids: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def of(self, user: User) -> list[Standing]:
        media = self.agents.site.media if self.agents.platform == "ucce" else ()
        return [
            self.standings.setdefault((user.id, id), Standing(user=user.id, id=id, name=name))
            for id, name in media
        ]

    def one(self, user: User, media: str) -> Standing:
        found = next((each for each in self.of(user) if each.id == media), None)
        if found is None:
            raise Refusal(404, "Not Found", "There is no such Media", media)
        return found

    def tasks_of(self, user: User) -> list[Task]:
        return [task for task in self.tasks.values() if task.user == user.id]

    def sign_in(
        self,
        user: User,
        standing: Standing,
        *,
        limit: int,
        interrupt: str,
        logout: str,
        request_id: str,
    ) -> None:
        """Unlike in voice, signing in twice is an error."""
        if standing.state != "LOGOUT":
            error = CtiError(
                "Agent already logged into MRD", "E_ARM_STAT_AGENT_ALREADY_LOGGED_IN", "1"
            )
            self.listener.media_refused(user, standing, error, request_id)
            return
        standing.limit, standing.interrupt_action, standing.logout_action, standing.routable = (
            limit,
            interrupt,
            logout,
            True,
        )
        self._put(user, standing, "NOT_READY")

    def set_state(
        self, user: User, standing: Standing, state: str, reason_id: str, request_id: str
    ) -> None:
        if standing.state == "LOGOUT":
            error = CtiError("Invalid State", "E_ARM_STAT_AGENT_NOT_LOGGED_IN", "2")
            return self.listener.media_refused(user, standing, error, request_id)
        mine = [task for task in self.tasks_of(user) if task.media == standing.id]
        if state == "NOT_READY" and any(task.state == "OFFERED" for task in mine):
            error = CtiError("Invalid State", "E_ARM_STAT_OFFERED_TASK_PENDING", "3")
            return self.listener.media_refused(user, standing, error, request_id)
        if state == "LOGOUT":
            for task in mine:
                self._close(user, task)
        standing.reason_id = reason_id
        standing.routable = state == "READY" or (standing.routable and state != "LOGOUT")
        return self._put(user, standing, state)

    def set_routable(self, user: User, standing: Standing, routable: bool, request_id: str) -> None:
        if standing.routable == routable:
            error = CtiError(
                "Agent already in requested mode", "E_ARM_STAT_ALREADY_IN_REQUESTED_AGENT_MODE", "1"
            )
            return self.listener.media_refused(user, standing, error, request_id)
        standing.routable = routable
        return self._put(user, standing, standing.state)

    def offer(self, user: User, media: str, variables: dict[str, str]) -> Task:
        """A task is routed to `user`. Raises Refusal if they can't have one now."""
        standing = self.one(user, media)
        mine = [task for task in self.tasks_of(user) if task.media == media]
        if (
            standing.state not in ("READY", "ACTIVE", "RESERVED", "PAUSED")
            or not standing.routable
            or len(mine) >= standing.limit
        ):
            raise Refusal(
                409,
                "Invalid State",
                f"the agent is {standing.state} in {standing.name}, with {len(mine)} tasks",
                media,
            )
        now = self.agents.now()
        id = f"151635_{next(self._ids)}_1"
        task = Task(
            id=id,
            user=user.id,
            media=media,
            media_name=standing.name,
            variables=variables,
            began=now,
            since=now,
        )
        self.tasks[id] = task
        self.listener.task_changed(user, task, "POST")
        self._follow(user, standing)
        return task

    def act(self, user: User, task: Task, action: str, request_id: str) -> None:
        standing = self.one(user, task.media)
        if action not in task.actions:
            error = CtiError("Generic Error", "E_ARM_STAT_INVALID_TASK_STATE", "4")
            return self.listener.media_refused(user, standing, error, request_id)
        if action in ("CLOSE", "TRANSFER"):
            self._close(user, task)
        else:
            task.state, task.since = _NEXT[action], self.agents.now()
            self.listener.task_changed(user, task, "PUT")
        return self._follow(user, standing)

    def reset(self) -> None:
        self.standings.clear()
        self.tasks.clear()

    def _close(self, user: User, task: Task) -> None:
        task.state, task.since = "CLOSED", self.agents.now()
        del self.tasks[task.id]
        self.listener.task_changed(user, task, "DELETE")

    def _follow(self, user: User, standing: Standing) -> None:
        """The agent's state is that of the task that needs them most."""
        states = {task.state for task in self.tasks_of(user) if task.media == standing.id}
        ranks = {
            "ACTIVE": "ACTIVE",
            "WRAPPING_UP": "WORK_READY",
            "PAUSED": "PAUSED",
            "ACCEPTED": "RESERVED",
            "OFFERED": "RESERVED",
        }
        now = next((theirs for task, theirs in ranks.items() if task in states), "READY")
        if standing.state != now and standing.state not in ("LOGOUT", "NOT_READY"):
            self._put(user, standing, now)

    def _put(self, user: User, standing: Standing, state: str) -> None:
        standing.state, standing.since = state, self.agents.now()
        self.listener.media_changed(user, standing)
