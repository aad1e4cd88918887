"""Turn Finesse's events and snapshots into the changes of one user, each published once.

Events may arrive twice, late or out of order. A snapshot is the user and their calls as read from
the REST API, at first and after every reconnect. Pure: no I/O here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

from callcard.finesse.messages import API
from callcard.finesse.objects import ApiError, Dialog, Update, User

MAX_REMEMBERED_ENDED_CALLS = 100
MAX_REMEMBERED_REFUSALS = 20


@dataclass(frozen=True, slots=True)
class UserChanged:
    user: User
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class DialogChanged:
    """A change of a call. Each call has one `started`, any number of `changed`, one `ended`."""

    kind: Literal["started", "changed", "ended"]
    dialog: Dialog
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class CommandRefused:
    """A refusal after a 202. `source` is the resource, as in /finesse/api/Dialog/1."""

    source: str
    error: ApiError
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class ConnectionChanged:
    """The state of a presence: `up` on `node`, `down` while it reconnects, `closed` for good."""

    state: Literal["up", "down", "closed"]
    node: str
    reason: str = ""


Change = UserChanged | DialogChanged | CommandRefused | ConnectionChanged


@dataclass
class UserStateDiff:
    """The last published state of one user; events and snapshots are compared with it."""

    login_id: str
    publish: Callable[[Change], None]
    user: tuple[User, str] | None = None
    """The user, and the requestId of the event that brought them."""
    dialogs: dict[str, tuple[Dialog, str]] = field(default_factory=dict)
    """The open calls by id, each with the requestId of its last event."""
    ended_at: dict[str, str] = field(default_factory=dict)
    """When recent calls ended, by id, to recognise events that arrive after the end."""
    refusals: deque[CommandRefused] = field(
        default_factory=lambda: deque(maxlen=MAX_REMEMBERED_REFUSALS)
    )

    @property
    def own_nodes(self) -> tuple[str, str]:
        """The publish-subscribe nodes for this user and their calls."""
        return f"{API}/User/{self.login_id}", f"{API}/User/{self.login_id}/Dialogs"

    def is_unclear(self, node: str, update: Update) -> bool:
        """Return whether only a read shows what an event on the user's own nodes has changed.

        It names neither an object nor an error; or it signs the user out: after a failover Finesse
        was seen to send that after a successful sign-in, and to be wrong.
        """
        if node not in self.own_nodes or update.errors:
            return False
        users = [each for each in update.objects if isinstance(each, User) and each.login_id]
        dialogs = [each for each in update.objects if isinstance(each, Dialog) and each.id]
        if any(each.state == "LOGOUT" for each in users):
            return self.user is not None and self.user[0].state != "LOGOUT"
        return not users and not dialogs

    def apply_snapshot(self, user: User, dialogs: Iterable[Dialog]) -> None:
        """Publish the difference to a snapshot.

        The snapshot wins without a comparison of times: after a failover the other node's clock may
        be behind.
        """
        current = {dialog.id: dialog for dialog in dialogs}
        if self.user is None or user != self.user[0]:
            self.user = (user, "")
            self.publish(UserChanged(user))
        for id, (dialog, _request_id) in list(self.dialogs.items()):
            if id not in current:
                self._end_dialog(dialog, "")
        for dialog in current.values():
            known, _request_id = self.dialogs.get(dialog.id, (None, ""))
            if dialog != known:
                self._set_dialog(dialog, "", is_new=known is None)

    def apply_event(self, node: str, update: Update) -> None:
        """Publish what an event on the publish-subscribe node `node` changes."""
        for error in update.errors:
            refused = CommandRefused(update.source, error, update.request_id)
            if not update.request_id or refused not in self.refusals:
                self.refusals.append(refused)
                self.publish(refused)
        if node not in self.own_nodes:
            return
        for changed in update.objects:
            if isinstance(changed, User) and changed.login_id == self.login_id:
                self._apply_user(changed, update.request_id)
            elif isinstance(changed, Dialog) and changed.id:
                if update.event == "DELETE":
                    self._end_dialog(changed, update.request_id)
                else:
                    self._apply_dialog(changed, update.request_id)

    def _apply_user(self, user: User, request_id: str) -> None:
        known, known_request_id = self.user or (None, "")
        if known is not None:
            if "" < user.state_change_time < known.state_change_time:
                return
            user = _complete_user(user, known)
        if user != known or request_id not in ("", known_request_id):
            self.user = (user, request_id)
            self.publish(UserChanged(user, request_id))

    def _apply_dialog(self, dialog: Dialog, request_id: str) -> None:
        known, known_request_id = self.dialogs.get(dialog.id, (None, ""))
        if known is None and (dialog.state == "DROPPED" or self._has_ended(dialog)):
            return
        if known is not None and _is_older(dialog, known):
            return
        # Finesse normally sends two POST events for one call; the second one changes nothing.
        if dialog != known or request_id not in ("", known_request_id):
            self._set_dialog(dialog, request_id, is_new=known is None)

    def _set_dialog(self, dialog: Dialog, request_id: str, *, is_new: bool) -> None:
        self.dialogs[dialog.id] = (dialog, request_id)
        self.publish(DialogChanged("started" if is_new else "changed", dialog, request_id))

    def _has_ended(self, dialog: Dialog) -> bool:
        """Return whether the call has ended and `dialog` is from before its end."""
        ended_at = self.ended_at.get(dialog.id)
        return ended_at is not None and _last_change(dialog) <= ended_at

    def _end_dialog(self, dialog: Dialog, request_id: str) -> None:
        if dialog.id not in self.dialogs:
            return
        known, _request_id = self.dialogs.pop(dialog.id)
        if not dialog.participants:  # less than the event before
            dialog = replace(known, state=dialog.state or known.state)
        self.ended_at[dialog.id] = max(_last_change(dialog), _last_change(known))
        if len(self.ended_at) > MAX_REMEMBERED_ENDED_CALLS:
            oldest = next(iter(self.ended_at))
            del self.ended_at[oldest]
        self.publish(DialogChanged("ended", dialog, request_id))


_LASTING = (
    "uri",
    "roles",
    "login_name",
    "media_type",
    "settings",
    "first_name",
    "last_name",
    "team_id",
    "team_name",
    "teams",
    "wrap_up_timer",
)
"""What a user has in every state, so that an event without it leaves it as it was."""


def _complete_user(user: User, known: User) -> User:
    """Return the user with what an event left out: a first RESERVED was recorded without team."""
    missing = {name: getattr(known, name) for name in _LASTING if not getattr(user, name)}
    return replace(user, **missing) if missing else user


def _is_older(dialog: Dialog, known: Dialog) -> bool:
    """Return whether `dialog` is from before `known`.

    Events have no sequence number, so the times of the participants in both decide: at least one is
    earlier and none is later. A change of call variables leaves these times unchanged, so their
    order is unknown.
    """
    known_times = {p.media_address: p.state_change_time for p in known.participants}
    shared = [p for p in dialog.participants if p.media_address in known_times]
    has_earlier = any(p.state_change_time < known_times[p.media_address] for p in shared)
    has_later = any(p.state_change_time > known_times[p.media_address] for p in shared)
    return has_earlier and not has_later


def _last_change(dialog: Dialog) -> str:
    """Return the time of the last state change of any participant."""
    return max((p.state_change_time for p in dialog.participants), default="")
