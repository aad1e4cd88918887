"""One node's publish-subscribe service: sessions, subscriptions and event delivery.

Node names are REST paths. A user's own nodes need no subscription; others do, and a subscription
outlives the session. Events are not stored for sessions that are away. Source: the developer
guide's chapter on the notification service, 12.5 to 15.0.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from finesse_sandbox.api_errors import ApiError
from finesse_sandbox.notifications.presence import PresenceTracker
from finesse_sandbox.site import SiteConfiguration, User
from finesse_sandbox.telephony.agents import Agents
from finesse_sandbox.xml.document import API

MAX_EARLY_EVENTS = 100
"""Events that wait for the first presence of a session."""
EndReason = Literal["conflict", "down"]
_USER_NODES: tuple[list[str], ...] = (
    [],
    ["Dialogs"],
    ["Media"],
    ["Dialogs", "Media"],
    ["Queues"],
    ["ClientLog"],
)


@dataclass(frozen=True, slots=True)
class Notification:
    node: str
    """Path of the REST object, such as `/finesse/api/User/1001/Dialogs`."""
    update: str
    """The `<Update>` document."""


@dataclass(eq=False)
class Session:
    """One connection of a user: an XMPP stream or a desktop page."""

    user: User
    jid: str
    """Full JID, with the resource."""
    send: Callable[[Notification], None]
    end: Callable[[EndReason], None]
    """Ends the connection."""
    on_server_presence: Callable[[bool], None] = lambda available: None
    """Receives the presence of the special user `finesse`, which shows the server's status."""
    available: bool = False
    """Whether the session has sent presence of a priority that is not negative."""
    early: list[Notification] | None = field(default_factory=list)
    """Events before the first presence, sent with it; None after that.

    Some clients sign in before they send presence.
    """

    @property
    def bare_jid(self) -> str:
        return self.jid.partition("/")[0]

    @cached_property
    def own_nodes(self) -> tuple[str, ...]:
        """The nodes that need no subscription."""
        user = f"{API}/User/{self.user.id}"
        return user, f"{user}/Dialogs", f"{user}/Media", f"{API}/SystemInfo"


class PubSub:
    def __init__(self, domain: str, presence: PresenceTracker, agents: Agents) -> None:
        self.domain = domain
        self.down = False
        self.subscriptions: dict[str, dict[str, str]] = {}
        """Subscription ids by JID and node; they outlive sessions."""
        self._presence = presence
        self._agents = agents
        self._sessions: set[Session] = set()
        # An event concerns a few of thousands of sessions, so they are indexed by own node.
        self._by_own_node: dict[str, set[Session]] = {}
        self._ids = itertools.count(1)

    @property
    def site(self) -> SiteConfiguration:
        return self._agents.site

    @property
    def sessions(self) -> tuple[Session, ...]:
        return tuple(self._sessions)

    def join(self, session: Session) -> None:
        """Add a session. It replaces another one with the same full JID."""
        for other in self.sessions:
            if other.jid == session.jid:
                self.leave(other)
                other.end("conflict")
        self._sessions.add(session)
        for node in session.own_nodes:
            self._by_own_node.setdefault(node, set()).add(session)

    def leave(self, session: Session) -> None:
        self._sessions.discard(session)
        for node in session.own_nodes:
            self._by_own_node.get(node, set()).discard(session)
        self._presence.remove(session.user, session)

    def set_available(self, session: Session, available: bool) -> None:
        """Handle a session's presence: events reach available sessions only."""
        session.available = available
        if not available:
            self._presence.remove(session.user, session)
            return
        self._presence.add(session.user, session)
        session.on_server_presence(not self.down)
        early = session.early or []
        session.early = None
        for notification in early:
            session.send(notification)

    def subscribe(self, user: User, jid: str, node: str) -> str:
        """Return the id of a subscription. Raises ApiError 403 or 404."""
        self._check_access(user, node)
        subscriptions = self.subscriptions.setdefault(jid, {})
        if node not in subscriptions:
            subscriptions[node] = f"sub{next(self._ids)}"
        return subscriptions[node]

    def unsubscribe(self, jid: str, node: str, subscription_id: str = "") -> bool:
        """Return whether there was such a subscription."""
        subscriptions = self.subscriptions.get(jid, {})
        if node not in subscriptions or subscription_id not in ("", subscriptions[node]):
            return False
        del subscriptions[node]
        return True

    def publish(self, notification: Notification) -> None:
        if self.down:
            return
        for session in self._receivers(notification.node):
            if session.available:
                session.send(notification)
            elif session.early is not None and len(session.early) < MAX_EARLY_EVENTS:
                session.early.append(notification)

    def take_down(self) -> None:
        """Stop the service and end every session."""
        self.down = True
        for session in self.sessions:
            session.on_server_presence(False)
            self.leave(session)
            session.end("down")

    def bring_up(self) -> None:
        self.down = False

    def end_sessions_of(self, user: str) -> None:
        """End a user's sessions as if other clients had taken their resources."""
        for session in self.sessions:
            if session.user.id == user:
                self.leave(session)
                session.end("conflict")

    def _receivers(self, node: str) -> list[Session]:
        """Return the sessions that own or have subscribed to a node."""
        receivers = list(self._by_own_node.get(node, ()))
        subscribed = {jid for jid, nodes in self.subscriptions.items() if node in nodes}
        if subscribed:
            owners = set(receivers)
            for session in self._sessions:
                is_subscribed = session.jid in subscribed or session.bare_jid in subscribed
                if is_subscribed and session not in owners:
                    receivers.append(session)
        return receivers

    def _check_access(self, user: User, node: str) -> None:
        if not self._exists(node):
            raise ApiError(404, "Not Found", "There is no such node", node)
        if not self._may_subscribe(user, node):
            raise ApiError(403, "Forbidden", "The node is not for this user", node)

    def _exists(self, node: str) -> bool:
        match _segments(node):
            case ["SystemInfo"] | ["Team", _, "Users"] | ["TeamMessage", "Team", _]:
                return True
            case ["User", id, *rest]:
                return rest in _USER_NODES and id in self._agents.users
            case ["Queue", id]:
                is_known = any(queue.id == id for queue in self._agents.site.queues)
                return is_known and self._agents.platform == "ucce"
            case _:
                return False

    def _may_subscribe(self, user: User, node: str) -> bool:
        match _segments(node):
            case ["User", id, *_]:
                owner = self._agents.users[id]
                return owner is user or owner.team in user.supervises
            case ["Team", id, "Users"]:
                return id in user.supervises or "Admin" in user.roles
            case ["TeamMessage", "Team", id]:
                return id == user.team or id in user.supervises
            case _:
                return True


def _segments(node: str) -> list[str]:
    return node.removeprefix(API).strip("/").split("/")
