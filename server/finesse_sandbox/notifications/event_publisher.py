"""Publish changes as events: on which publish-subscribe node, and in which XML."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lxml import etree

from finesse_sandbox.api_errors import CtiError
from finesse_sandbox.notifications.event_faults import EventFault, EventFaultKind
from finesse_sandbox.notifications.pubsub import Notification, PubSub
from finesse_sandbox.site import Platform, Queue, SiteConfiguration, User
from finesse_sandbox.telephony.dialogs import Dialog, EventType
from finesse_sandbox.telephony.media_tasks import AgentMedia, Task
from finesse_sandbox.xml.dialogs import collection_event, dialog_element, task_element
from finesse_sandbox.xml.document import API, event_errors_element, update_xml
from finesse_sandbox.xml.media import media_element
from finesse_sandbox.xml.queues import queue_element
from finesse_sandbox.xml.users import team_member_element, user_element

LOGGED_EVENTS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedEvent:
    """An event as the control API lists it."""

    id: int
    time: float
    """Seconds since the epoch."""
    node: str
    fault: str
    """The armed fault that it met; empty if it was delivered as usual."""
    update: str
    """XML."""


@dataclass
class EventPublisher:
    """Publishes the changes of agents, calls and tasks to every Finesse node.

    Armed event faults apply to them.
    """

    site: SiteConfiguration
    pubsubs: list[PubSub] = field(default_factory=list)
    faults: list[EventFault] = field(default_factory=list)
    logged: deque[LoggedEvent] = field(default_factory=lambda: deque(maxlen=LOGGED_EVENTS))
    """The last events, the newest at the end."""
    _ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _reordered: list[Notification] = field(default_factory=list)
    """Events that follow the next one on the same node."""
    _delayed: set[asyncio.TimerHandle] = field(default_factory=set)

    # ---- changes

    def user_changed(self, user: User, request_id: str) -> None:
        source = f"{API}/User/{user.id}"
        self.publish(
            source, update_xml("PUT", source, request_id, user_element(self.site, user, "user"))
        )
        team_update = update_xml("put", source, "", team_member_element(user, "user"))
        self.publish(f"{API}/Team/{user.team}/Users", team_update)

    def user_command_failed(self, user: User, error: CtiError, request_id: str) -> None:
        pubsub_node = f"{API}/User/{user.id}"
        self.publish(
            pubsub_node, update_xml("put", pubsub_node, request_id, event_errors_element(error))
        )

    def dialog_changed(self, user: User, dialog: Dialog, event: EventType, request_id: str) -> None:
        pubsub_node = f"{API}/User/{user.id}/Dialogs"
        if event == "PUT":
            # A change of one call comes on the collection's node, but its source is the call.
            source = f"{API}/Dialog/{dialog.id}"
            data = dialog_element(dialog, "dialog")
        else:
            source = pubsub_node
            data = collection_event(dialog_element(dialog))
        self.publish(pubsub_node, update_xml(event, source, request_id, data))

    def dialog_command_failed(
        self, user: User, dialog: Dialog | None, error: CtiError, request_id: str
    ) -> None:
        pubsub_node = f"{API}/User/{user.id}/Dialogs"
        source = f"{API}/Dialog/{dialog.id}" if dialog else pubsub_node
        self.publish(
            pubsub_node, update_xml("put", source, request_id, event_errors_element(error))
        )

    def media_changed(self, user: User, media: AgentMedia) -> None:
        # Task routing sends no requestId on success, but does on an error.
        pubsub_node = f"{API}/User/{user.id}/Media"
        data = media_element(self.site, media, "media")
        self.publish(pubsub_node, update_xml("PUT", f"{pubsub_node}/{media.id}", "", data))

    def media_command_failed(
        self, user: User, media: AgentMedia, error: CtiError, request_id: str
    ) -> None:
        pubsub_node = f"{API}/User/{user.id}/Media"
        data = event_errors_element(error, media.id)
        self.publish(pubsub_node, update_xml("put", f"{pubsub_node}/{media.id}", request_id, data))

    def task_changed(self, user: User, task: Task, event: EventType) -> None:
        if event == "PUT":
            source = f"{API}/Dialog/{task.id}"
            data = task_element(task, "dialog")
        else:
            source = f"{API}/User/{user.id}/Media/{task.media}/Dialogs"
            data = collection_event(task_element(task))
        self.publish(f"{API}/User/{user.id}/Dialogs/Media", update_xml(event, source, "", data))

    def queue_changed(
        self, queue: Queue, waiting: int, agents: Mapping[str, int], platform: Platform
    ) -> None:
        pubsub_node = f"{API}/Queue/{queue.id}"
        element = queue_element(queue, waiting, agents, platform, "queue")
        self.publish(pubsub_node, update_xml("PUT", pubsub_node, "", element))

    def system_changed(self, pubsub: PubSub, info: etree._Element) -> None:
        """Publish the status of one Finesse node through that node only."""
        pubsub_node = f"{API}/SystemInfo"
        notification = Notification(pubsub_node, update_xml("PUT", pubsub_node, "", info))
        self._log(notification, "")
        pubsub.publish(notification)

    # ---- delivery

    def arm(self, kind: EventFaultKind, path: str = "", seconds: float = 0.0) -> None:
        self.faults.append(EventFault(kind, path, seconds))

    def reset(self) -> None:
        """Disarm the faults and drop the events that they hold back."""
        self.faults.clear()
        self._reordered.clear()
        for timer in self._delayed:
            timer.cancel()
        self._delayed.clear()

    def forget(self) -> None:
        """Empty the log of events."""
        self.logged.clear()

    def publish(self, pubsub_node: str, update: str) -> None:
        notification = Notification(pubsub_node, update)
        fault = self._take_fault(pubsub_node)
        self._log(notification, fault.kind if fault else "")
        if fault is None:
            self._deliver(notification)
            return
        match fault.kind:
            case "event-lost":
                pass
            case "event-duplicated":
                self._deliver(notification)
                self._deliver(notification)
            case "event-delayed":
                loop = asyncio.get_running_loop()
                timer = loop.call_later(fault.seconds, self._deliver, notification)
                self._delayed = {each for each in self._delayed if each.when() > loop.time()}
                self._delayed.add(timer)
            case "event-reordered":
                self._reordered.append(notification)

    def _log(self, notification: Notification, fault: str) -> None:
        self.logged.append(
            LoggedEvent(
                id=next(self._ids),
                time=time.time(),
                node=notification.node,
                fault=fault,
                update=notification.update,
            )
        )

    def _take_fault(self, pubsub_node: str) -> EventFault | None:
        for fault in self.faults:
            if pubsub_node.startswith(fault.path):
                self.faults.remove(fault)
                return fault
        return None

    def _deliver(self, notification: Notification) -> None:
        due = [earlier for earlier in self._reordered if earlier.node == notification.node]
        self._reordered = [each for each in self._reordered if each not in due]
        for each in (notification, *due):
            for pubsub in self.pubsubs:
                pubsub.publish(each)
