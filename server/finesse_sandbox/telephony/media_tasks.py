"""Task routing: an agent's state in each nonvoice Media, and the tasks. UCCE only.

Source: the developer guide's pages Media and Dialog for nonvoice, 12.5 to 15.0.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Protocol

from finesse_sandbox.api_errors import ApiError, CtiError
from finesse_sandbox.site import User
from finesse_sandbox.telephony.agents import Agents
from finesse_sandbox.telephony.dialogs import EventType

_STATE_AFTER_ACTION = {
    "ACCEPT": "ACCEPTED",
    "START": "ACTIVE",
    "PAUSE": "PAUSED",
    "RESUME": "ACTIVE",
    "WRAP_UP": "WRAPPING_UP",
}
_ACTIONS_BY_STATE = {
    "OFFERED": ("ACCEPT",),
    "ACCEPTED": ("START", "CLOSE", "TRANSFER"),
    "ACTIVE": ("PAUSE", "WRAP_UP", "TRANSFER", "CLOSE"),
    "PAUSED": ("RESUME", "WRAP_UP", "TRANSFER", "CLOSE"),
    "WRAPPING_UP": ("CLOSE",),
}
_AGENT_STATE_BY_TASK = {
    "ACTIVE": "ACTIVE",
    "WRAPPING_UP": "WORK_READY",
    "PAUSED": "PAUSED",
    "ACCEPTED": "RESERVED",
    "OFFERED": "RESERVED",
}
"""The agent's state in a Media, by the state of their most demanding task (first match)."""


@dataclass(slots=True, kw_only=True)
class AgentMedia:
    """One agent's state in one Media (media routing domain)."""

    user: str
    id: str
    name: str
    state: str = "LOGOUT"
    state_since: str = ""
    reason_id: str = ""
    max_dialogs: int = 1
    routable: bool = False
    interrupt_action: str = "ACCEPT"
    logout_action: str = "CLOSE"


@dataclass(slots=True, kw_only=True)
class Task:
    id: str
    """With underscores, unlike a call's id."""
    user: str
    media: str
    media_name: str
    variables: dict[str, str]
    state: str = "OFFERED"
    offered_at: str = ""
    state_since: str = ""

    @property
    def actions(self) -> tuple[str, ...]:
        return _ACTIONS_BY_STATE.get(self.state, ())


class TaskListener(Protocol):
    """Receives media and task events."""

    def media_changed(self, user: User, media: AgentMedia) -> None: ...

    def media_command_failed(
        self, user: User, media: AgentMedia, error: CtiError, request_id: str
    ) -> None: ...

    def task_changed(self, user: User, task: Task, event: EventType) -> None: ...


@dataclass
class Tasks:
    agents: Agents
    listener: TaskListener
    tasks: dict[str, Task] = field(default_factory=dict)
    _media: dict[tuple[str, str], AgentMedia] = field(default_factory=dict)
    _ids: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def media_of(self, user: User) -> list[AgentMedia]:
        """Return a user's state in each Media of the site; none on UCCX."""
        found: list[AgentMedia] = []
        if self.agents.platform != "ucce":
            return found
        for id, name in self.agents.site.media:
            media = self._media.get((user.id, id))
            if media is None:
                media = AgentMedia(user=user.id, id=id, name=name)
                self._media[user.id, id] = media
            found.append(media)
        return found

    def get_media(self, user: User, id: str) -> AgentMedia:
        """Return a user's state in one Media. Raises ApiError 404."""
        for media in self.media_of(user):
            if media.id == id:
                return media
        raise ApiError(404, "Not Found", "There is no such Media", id)

    def tasks_of(self, user: User, media: str = "") -> list[Task]:
        return [
            task
            for task in self.tasks.values()
            if task.user == user.id and media in ("", task.media)
        ]

    def sign_in(
        self,
        user: User,
        media: AgentMedia,
        *,
        max_dialogs: int,
        interrupt_action: str,
        logout_action: str,
        request_id: str,
    ) -> None:
        """Sign a user in to a Media. Unlike in voice, a second sign-in is an error."""
        if media.state != "LOGOUT":
            error = CtiError(
                "Agent already logged into MRD", "E_ARM_STAT_AGENT_ALREADY_LOGGED_IN", "1"
            )
            self.listener.media_command_failed(user, media, error, request_id)
            return
        media.max_dialogs = max_dialogs
        media.interrupt_action = interrupt_action
        media.logout_action = logout_action
        media.routable = True
        self._change_state(user, media, "NOT_READY")

    def set_state(
        self, user: User, media: AgentMedia, state: str, reason_id: str, request_id: str
    ) -> None:
        if media.state == "LOGOUT":
            error = CtiError("Invalid State", "E_ARM_STAT_AGENT_NOT_LOGGED_IN", "2")
            self.listener.media_command_failed(user, media, error, request_id)
            return
        tasks = self.tasks_of(user, media.id)
        if state == "NOT_READY" and any(task.state == "OFFERED" for task in tasks):
            error = CtiError("Invalid State", "E_ARM_STAT_OFFERED_TASK_PENDING", "3")
            self.listener.media_command_failed(user, media, error, request_id)
            return
        if state == "LOGOUT":
            for task in tasks:
                self._close(user, task)
        media.reason_id = reason_id
        media.routable = state == "READY" or (media.routable and state != "LOGOUT")
        is_ready = state == "READY"
        self._change_state(user, media, self._ready_state(user, media) if is_ready else state)

    def sign_out_everywhere(self, user: User, reason_id: str) -> None:
        for media in self.media_of(user):
            if media.state != "LOGOUT":
                self.set_state(user, media, "LOGOUT", reason_id, "")

    def set_routable(self, user: User, media: AgentMedia, routable: bool, request_id: str) -> None:
        if media.routable == routable:
            error = CtiError(
                "Agent already in requested mode", "E_ARM_STAT_ALREADY_IN_REQUESTED_AGENT_MODE", "1"
            )
            self.listener.media_command_failed(user, media, error, request_id)
            return
        media.routable = routable
        self._change_state(user, media, media.state)

    def offer(self, user: User, media_id: str, variables: dict[str, str]) -> Task:
        """Route a task to a user. Raises ApiError if they cannot have one now."""
        media = self.get_media(user, media_id)
        count = len(self.tasks_of(user, media_id))
        is_available = media.state in ("READY", "ACTIVE", "RESERVED", "PAUSED")
        if not is_available or not media.routable or count >= media.max_dialogs:
            message = f"the agent is {media.state} in {media.name}, with {count} tasks"
            raise ApiError(409, "Invalid State", message, media_id)
        now = self.agents.now()
        task = Task(
            id=f"151635_{next(self._ids)}_1",
            user=user.id,
            media=media_id,
            media_name=media.name,
            variables=variables,
            offered_at=now,
            state_since=now,
        )
        self.tasks[task.id] = task
        self.listener.task_changed(user, task, "POST")
        self._update_agent_state(user, media)
        return task

    def act(self, user: User, task: Task, action: str, request_id: str) -> None:
        """Run an action on a task. If it is not allowed now, an event reports the error."""
        media = self.get_media(user, task.media)
        if action not in task.actions:
            error = CtiError("Generic Error", "E_ARM_STAT_INVALID_TASK_STATE", "4")
            self.listener.media_command_failed(user, media, error, request_id)
            return
        if action in ("CLOSE", "TRANSFER"):
            self._close(user, task)
        else:
            task.state = _STATE_AFTER_ACTION[action]
            task.state_since = self.agents.now()
            self.listener.task_changed(user, task, "PUT")
        self._update_agent_state(user, media)

    def reset(self) -> None:
        self._media.clear()
        self.tasks.clear()

    def _close(self, user: User, task: Task) -> None:
        task.state = "CLOSED"
        task.state_since = self.agents.now()
        del self.tasks[task.id]
        self.listener.task_changed(user, task, "DELETE")

    def _update_agent_state(self, user: User, media: AgentMedia) -> None:
        if media.state in ("LOGOUT", "NOT_READY"):
            return
        state = self._ready_state(user, media)
        if media.state != state:
            self._change_state(user, media, state)

    def _ready_state(self, user: User, media: AgentMedia) -> str:
        """Return the state of a ready agent in a Media: that of their most demanding task."""
        task_states = {task.state for task in self.tasks_of(user, media.id)}
        for task_state, agent_state in _AGENT_STATE_BY_TASK.items():
            if task_state in task_states:
                return agent_state
        return "READY"

    def _change_state(self, user: User, media: AgentMedia, state: str) -> None:
        media.state = state
        media.state_since = self.agents.now()
        self.listener.media_changed(user, media)
