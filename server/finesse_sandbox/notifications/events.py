"""The stand-in's notification service: what changed, on which node of the publish-subscribe tree, and who gets it.

Node names are REST paths. A user's own nodes come by themselves, others by subscription, which outlives the session. Nothing is
kept for whoever is away. Source: the developer guide's chapter on the notification service, 12.5 to 15.0.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from lxml import etree

from finesse_sandbox import xml
from finesse_sandbox.site import CtiError, Queue, ReasonCode, Refusal, User
from finesse_sandbox.telephony.agents import Agents
from finesse_sandbox.telephony.calls import Dialog, Event
from finesse_sandbox.telephony.tasks import Standing, Task
from finesse_sandbox.xml import API

EARLY = 100
"""Events that are kept for a session until it is present."""
EventFault = Literal["event-lost", "event-doubled", "event-late", "event-swapped"]


@dataclass(frozen=True, slots=True)
class Notification:
    node: str
    """The path of the REST object, as in `/finesse/api/User/1001/Dialogs`."""
    update: str
    """The `<Update>` in XML."""
    at: float
    """When it left, in seconds since the epoch."""


@dataclass(eq=False)
class Session:
    """One connection of a user: an XMPP stream or a desktop page."""

    user: User
    jid: str
    """Full: with the resource."""
    send: Callable[[Notification], None]
    end: Callable[[str], None]
    """Ends the connection; the reason is `conflict` or `down`."""
    told_of_server: Callable[[bool], None] = lambda up: None
    """The presence of the special user `finesse`, which shows how the server is."""
    available: bool = False
    """Events come only to a session with presence of a priority that is not negative."""
    early: list[Notification] | None = field(default_factory=list)
    """What came before the first presence, sent with it; None after that. Some clients sign in before they are present."""

    @property
    def bare(self) -> str:
        return self.jid.partition("/")[0]

    @cached_property
    def nodes(self) -> tuple[str, ...]:
        """The nodes that its user has without asking."""
        own = f"{API}/User/{self.user.id}"
        return own, f"{own}/Dialogs", f"{own}/Media", f"{API}/SystemInfo"


class Presence:
    """Which users are there at all. Whoever was and is gone for too long is signed out by force."""

    def __init__(self, agents: Agents) -> None:
        self._agents = agents
        self._sessions: dict[str, set[Session]] = {}
        self._leaving: dict[str, asyncio.TimerHandle] = {}

    def arrived(self, session: Session) -> None:
        self._sessions.setdefault(session.user.id, set()).add(session)
        if handle := self._leaving.pop(session.user.id, None):
            handle.cancel()

    def left(self, session: Session) -> None:
        id = session.user.id
        mine = self._sessions.get(id, set())
        if session not in mine:
            return
        mine.discard(session)
        if not mine and id not in self._leaving:
            loop = asyncio.get_running_loop()
            self._leaving[id] = loop.call_later(self._agents.site.presence_seconds, self._gone, id)

    def _gone(self, id: str) -> None:
        del self._leaving[id]
        self._agents.force_out(
            self._agents.users[id], ReasonCode("", "LOGOUT", 255, "Connection failure", system=True)
        )

    def close(self) -> None:
        for handle in self._leaving.values():
            handle.cancel()
        self._leaving.clear()


class Outlet:
    """One node's notification service."""

    def __init__(self, domain: str, presence: Presence, agents: Agents) -> None:
        self.domain = domain
        self._presence, self._agents = presence, agents
        self._sessions: set[Session] = set()
        self._own: dict[str, set[Session]] = {}
        """The sessions that have each node without asking: of thousands, an event concerns a few."""
        self.subscriptions: dict[str, dict[str, str]] = {}
        """The subids of explicit subscriptions, by JID and node; they outlive sessions."""
        self.down = False
        self._ids = itertools.count(1)

    @property
    def sessions(self) -> tuple[Session, ...]:
        return tuple(self._sessions)

    def join(self, session: Session) -> None:
        """A session with the same full JID as another's takes its place."""
        for other in [each for each in self._sessions if each.jid == session.jid]:
            self.leave(other)
            other.end("conflict")
        self._sessions.add(session)
        for node in session.nodes:
            self._own.setdefault(node, set()).add(session)

    def leave(self, session: Session) -> None:
        self._sessions.discard(session)
        for node in session.nodes:
            self._own.get(node, set()).discard(session)
        self._presence.left(session)

    def available(self, session: Session, yes: bool) -> None:
        session.available = yes
        if yes:
            self._presence.arrived(session)
            session.told_of_server(not self.down)
            early, session.early = session.early or [], None
            for notification in early:
                session.send(notification)
        else:
            self._presence.left(session)

    def subscribe(self, user: User, jid: str, node: str) -> str:
        """The subid of `jid`'s subscription. Raises Refusal 403 or 404 if the node is not theirs or not there."""
        self._allow(user, node)
        mine = self.subscriptions.setdefault(jid, {})
        return mine.setdefault(node, f"sub{next(self._ids)}")

    def unsubscribe(self, jid: str, node: str, subid: str = "") -> bool:
        mine = self.subscriptions.get(jid, {})
        if node not in mine or (subid and mine[node] != subid):
            return False
        del mine[node]
        return True

    def publish(self, notification: Notification) -> None:
        if self.down:
            return
        for session in self._hearing(notification.node):
            if session.available:
                session.send(notification)
            elif session.early is not None and len(session.early) < EARLY:
                session.early.append(notification)

    def cut(self, down: bool) -> None:
        """The service goes down, and every session with it, or comes up again."""
        self.down = down
        for session in list(self._sessions) if down else ():
            session.told_of_server(False)
            self.leave(session)
            session.end("down")

    def conflict(self, user: str) -> None:
        """Somebody takes the user's resources."""
        for session in [each for each in self._sessions if each.user.id == user]:
            self.leave(session)
            session.end("conflict")

    def _hearing(self, node: str) -> list[Session]:
        """Who hears of `node`: because it is theirs, or because they have subscribed to it."""
        subscribed = {jid for jid, nodes in self.subscriptions.items() if node in nodes}
        own = self._own.get(node, set())
        asked = (
            [
                s
                for s in self._sessions
                if s not in own and (s.jid in subscribed or s.bare in subscribed)
            ]
            if subscribed
            else []
        )
        return [*own, *asked]

    def _allow(self, user: User, node: str) -> None:
        match node.removeprefix(API).strip("/").split("/"):
            case ["SystemInfo"]:
                return
            case ["User", id, *rest] if rest in (
                [],
                ["Dialogs"],
                ["Media"],
                ["Dialogs", "Media"],
                ["Queues"],
                ["ClientLog"],
            ):
                other = self._agents.users.get(id)
                if other is None:
                    raise Refusal(404, "Not Found", "There is no such node", node)
                if other is user or other.team in user.supervises:
                    return
            case ["Team", id, "Users"]:
                if id in user.supervises or "Admin" in user.roles:
                    return
            case ["TeamMessage", "Team", id]:
                if id == user.team or id in user.supervises:
                    return
            case ["Queue", id]:
                if (
                    any(queue.id == id for queue in self._agents.site.queues)
                    and self._agents.platform == "ucce"
                ):
                    return
                raise Refusal(404, "Not Found", "There is no such node", node)
            case _:
                raise Refusal(404, "Not Found", "There is no such node", node)
        raise Refusal(403, "Forbidden", "The node is not for this user", node)


@dataclass
class Notifications:
    """Tells every node's outlet what the agents, the switch and the tasks report. Faults can be armed."""

    agents: Agents = field(init=False)
    outlets: list[Outlet] = field(default_factory=list)
    faults: list[tuple[EventFault, str, float]] = field(default_factory=list)
    """Armed: what happens to the next event whose node begins so, and the seconds that a late one takes."""
    _held: list[tuple[str, Notification]] = field(default_factory=list)
    """Events that come after the next one on a node that begins so."""

    # ---- what is told

    def user_changed(self, user: User, request_id: str) -> None:
        source = f"{API}/User/{user.id}"
        self.publish(
            source, xml.update("PUT", source, request_id, xml.user(self.agents.site, user, "user"))
        )
        self.publish(
            f"{API}/Team/{user.team}/Users", xml.update("put", source, "", xml.member(user, "user"))
        )

    def user_refused(self, user: User, error: CtiError, request_id: str) -> None:
        node = f"{API}/User/{user.id}"
        self.publish(node, xml.update("PUT", node, request_id, xml.api_errors(error)))

    def dialog_changed(self, user: User, dialog: Dialog, event: Event, request_id: str) -> None:
        node = f"{API}/User/{user.id}/Dialogs"
        if event == "PUT":
            # A change of one call: on the collection's node, but from the call itself.
            update = xml.update(
                "PUT", f"{API}/Dialog/{dialog.id}", request_id, xml.dialog(dialog, "dialog")
            )
        else:
            update = xml.update(event, node, request_id, xml.listed(xml.dialog(dialog)))
        self.publish(node, update)

    def dialog_refused(
        self, user: User, dialog: Dialog | None, error: CtiError, request_id: str
    ) -> None:
        node = f"{API}/User/{user.id}/Dialogs"
        source = f"{API}/Dialog/{dialog.id}" if dialog else node
        self.publish(node, xml.update("PUT", source, request_id, xml.api_errors(error)))

    def media_changed(self, user: User, standing: Standing) -> None:
        # Success events of task routing carry no requestId; refusals do.
        node = f"{API}/User/{user.id}/Media"
        self.publish(
            node,
            xml.update(
                "PUT", f"{node}/{standing.id}", "", xml.medium(self.agents.site, standing, "media")
            ),
        )

    def media_refused(
        self, user: User, standing: Standing, error: CtiError, request_id: str
    ) -> None:
        node = f"{API}/User/{user.id}/Media"
        self.publish(
            node,
            xml.update(
                "PUT", f"{node}/{standing.id}", request_id, xml.api_errors(error, standing.id)
            ),
        )

    def task_changed(self, user: User, task: Task, event: Event) -> None:
        node = f"{API}/User/{user.id}/Dialogs/Media"
        if event == "PUT":
            update = xml.update("PUT", f"{API}/Dialog/{task.id}", "", xml.task(task, "dialog"))
        else:
            source = f"{API}/User/{user.id}/Media/{task.media}/Dialogs"
            update = xml.update(event, source, "", xml.listed(xml.task(task)))
        self.publish(node, update)

    def queue_changed(self, queue: Queue, waiting: int, platform: str) -> None:
        node = f"{API}/Queue/{queue.id}"
        self.publish(
            node, xml.update("PUT", node, "", xml.queue(queue, waiting, platform, "queue"))
        )

    def system_changed(self, outlet: Outlet, info: etree._Element) -> None:
        """One node's own status."""
        node = f"{API}/SystemInfo"
        outlet.publish(Notification(node, xml.update("PUT", node, "", info), time.time()))

    # ---- how it leaves

    def publish(self, node: str, update: str) -> None:
        notification = Notification(node, update, time.time())
        fault = next((armed for armed in self.faults if node.startswith(armed[1])), None)
        if fault is None:
            return self._release(notification)
        self.faults.remove(fault)
        match fault[0]:
            case "event-lost":
                return None
            case "event-doubled":
                self._release(notification)
                return self._release(notification)
            case "event-late":
                asyncio.get_running_loop().call_later(fault[2], self._release, notification)
                return None
            case "event-swapped":  # it follows the next one
                self._held.append((fault[1], notification))
                return None

    def _release(self, notification: Notification) -> None:
        due = [held for held in self._held if notification.node.startswith(held[0])]
        self._held = [held for held in self._held if held not in due]
        for each in (notification, *(late for _path, late in due)):
            for outlet in self.outlets:
                outlet.publish(each)


QUEUE = 1000
"""Events that wait for a connection that does not read; then it is cut off, and reads everything again when it is back."""


class Waiting:
    """A session's queue of what is to be written, ended by None."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Notification | None] = asyncio.Queue(QUEUE)

    def put(self, notification: Notification) -> None:
        try:
            self._queue.put_nowait(notification)
        except asyncio.QueueFull:
            self.end("down")

    def end(self, reason: str) -> None:
        with suppress(asyncio.QueueEmpty):
            while self._queue.full():
                self._queue.get_nowait()
        self._queue.put_nowait(None)

    async def get(self) -> Notification | None:
        return await self._queue.get()
