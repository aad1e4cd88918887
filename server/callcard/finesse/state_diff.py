"""What changes for a user, each change told once: from events, which may come double, late or out of order, and from reading anew.

Pure: no I/O here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal

from callcard.finesse.messages import API
from callcard.finesse.objects import ApiError, Dialog, Update, User

REMEMBERED = 100
"""Calls that are over, against latecomers."""


@dataclass(frozen=True, slots=True)
class UserChanged:
    user: User
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class DialogChanged:
    """`what` happened to a call: `begun` and `ended` once each, `changed` as often as it does."""

    what: Literal["begun", "changed", "ended"]
    dialog: Dialog
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class OrderRefused:
    """Finesse took an order and refused it later. `source` is what it was about, as in /finesse/api/Dialog/1."""

    source: str
    error: ApiError
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Other:
    """An event of a node that was subscribed to beyond the user's own."""

    node: str
    update: Update


@dataclass(frozen=True, slots=True)
class Connection:
    """How the line is: `up` on `node`, `down` and trying, or `over` for good because of `reason`."""

    state: Literal["up", "down", "over"]
    node: str
    reason: str = ""


Change = UserChanged | DialogChanged | OrderRefused | Other | Connection


@dataclass
class Known:
    """What has been told about the user `login`, with the request that it answered: what is read or heard is compared with it."""

    login: str
    tell: Callable[[Change], None]
    user: tuple[User, str] | None = None
    dialogs: dict[str, tuple[Dialog, str]] = field(default_factory=dict)
    ended: dict[str, str] = field(default_factory=dict)
    """When calls ended that are over, for what comes too late about them."""
    refusals: deque[OrderRefused] = field(default_factory=lambda: deque(maxlen=20))

    @property
    def own(self) -> tuple[str, str]:
        """The nodes whose events are about the user and their calls."""
        return f"{API}/User/{self.login}", f"{API}/User/{self.login}/Dialogs"

    def compare(self, user: User, dialogs: Iterable[Dialog]) -> None:
        """What was read is what is so: no comparing of times, for the other node's clock may be behind."""
        now = {dialog.id: dialog for dialog in dialogs}
        if self.user is None or user != self.user[0]:
            self.user = (user, "")
            self.tell(UserChanged(user))
        for id, (dialog, _request) in list(self.dialogs.items()):
            if id not in now:
                self._ended(dialog, "")
        for dialog in now.values():
            known = self.dialogs.get(dialog.id)
            if known is None or dialog != known[0]:
                self.dialogs[dialog.id] = (dialog, "")
                self.tell(DialogChanged("begun" if known is None else "changed", dialog))

    def hear(self, node: str, update: Update) -> None:
        """An event that appeared on `node`."""
        for error in update.errors:
            refused = OrderRefused(update.source, error, update.request_id)
            if not update.request_id or refused not in self.refusals:
                self.refusals.append(refused)
                self.tell(refused)
        if node not in self.own:
            return self.tell(Other(node, update))
        for found in update.objects:
            if isinstance(found, User) and found.login_id == self.login:
                self._user(found, update.request_id)
            if isinstance(found, Dialog) and found.id:
                if update.event == "DELETE":
                    self._ended(found, update.request_id)
                else:
                    self._dialog(found, update.request_id)
        return None

    def _user(self, user: User, request_id: str) -> None:
        known, known_id = self.user or (None, "")
        if (
            known is not None
            and user.state_change_time
            and user.state_change_time < known.state_change_time
        ):
            return  # it was overtaken
        if user != known or request_id not in ("", known_id):
            self.user = (user, request_id)
            self.tell(UserChanged(user, request_id))

    def _dialog(self, dialog: Dialog, request_id: str) -> None:
        known, known_id = self.dialogs.get(dialog.id, (None, ""))
        if known is None and (dialog.state == "DROPPED" or self._over(dialog)):
            return
        if known is not None and _overtaken(dialog, known):
            return
        if dialog != known or request_id not in ("", known_id):  # two POSTs for one call are normal
            self.dialogs[dialog.id] = (dialog, request_id)
            self.tell(DialogChanged("begun" if known is None else "changed", dialog, request_id))

    def _over(self, dialog: Dialog) -> bool:
        """Whether the call has ended, and this is not newer."""
        ended = self.ended.get(dialog.id)
        return ended is not None and _moment(dialog) <= ended

    def _ended(self, dialog: Dialog, request_id: str) -> None:
        known = self.dialogs.pop(dialog.id, None)
        if known is None:
            return
        self.ended[dialog.id] = max(_moment(dialog), _moment(known[0]))
        if len(self.ended) > REMEMBERED:
            del self.ended[next(iter(self.ended))]
        self.tell(DialogChanged("ended", dialog, request_id))


def _overtaken(dialog: Dialog, known: Dialog) -> bool:
    """Whether an event about a call is older than what is known of it: for everybody in both, and newer for nobody.

    Events carry no number, but each participant's time. Changes of call data alone, which move no time, can't be told apart so.
    """
    since = {p.media_address: p.state_change_time for p in known.participants}
    shared = [p for p in dialog.participants if p.media_address in since]
    older = any(p.state_change_time < since[p.media_address] for p in shared)
    return older and not any(p.state_change_time > since[p.media_address] for p in shared)


def _moment(dialog: Dialog) -> str:
    """When a call last changed: its events carry no number of their own, but each participant's time."""
    return max((p.state_change_time for p in dialog.participants), default="")
