"""The product's events, and the bus to handlers and subscribers.

Handlers run before the publisher continues and their errors are the publisher's: what must not be
lost is done in a handler. Subscribers get their own bounded queue and never delay the publisher;
the last events are kept, so that a subscriber who was away can continue after a cursor.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from callcard.identity import Agent

RETAINED_EVENTS = 1000
QUEUE_EVENTS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class CallReported:
    """An agent's desktop or session reported a call, and the report is committed."""

    agent: str
    interaction: str
    """The interaction's id; empty for a call that is never logged."""
    call: str
    """Finesse's dialog id."""
    number: str
    outgoing: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded:
    """A call is over for every agent. Published with each report that shows it: more than once, and
    late."""

    agent: str
    interaction: str
    number: str
    outgoing: bool
    ended_at: str
    """ISO 8601, UTC, by Finesse's clock."""
    reached: bool
    """The call was answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLost:
    """A call was closed because no desktop reported it any more."""

    interaction: str
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionDelivered:
    interaction: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionParked:
    interaction: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PresenceChanged:
    """A session's connection to Finesse is `up`, `down` and retrying, or `closed` for good."""

    agent: str
    state: str
    node: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackChanged:
    agent: str
    callback: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberListChanged:
    """An entry of a number list was added, changed or removed."""

    list: str
    entry: str
    change: str
    """added, changed or removed."""
    state: str
    """effective or proposed."""


Event = (
    CallReported
    | CallEnded
    | CallLost
    | InteractionDelivered
    | InteractionParked
    | PresenceChanged
    | CallbackChanged
    | NumberListChanged
)
_E = TypeVar("_E", bound=Event)
Handler = Callable[[_E, "Agent"], Awaitable[None]]


class EventsLost(Exception):
    """Events after the cursor are not retained, or the subscriber was too slow: read everything."""


@dataclass(frozen=True, slots=True)
class Published:
    number: int
    cursor: str
    event: Event


class Subscription:
    """Iterate over events as they are published. Raises EventsLost after its queue overflowed."""

    def __init__(self, backlog: list[Published], queue_events: int) -> None:
        self._queue: asyncio.Queue[Published | None] = asyncio.Queue()
        self._limit = max(queue_events, len(backlog))
        for published in backlog:
            self._queue.put_nowait(published)

    def put(self, published: Published) -> bool:
        """Queue an event; return False if the queue is full, which ends the subscription."""
        if self._queue.qsize() >= self._limit:
            while not self._queue.empty():
                self._queue.get_nowait()
            self._queue.put_nowait(None)
            return False
        self._queue.put_nowait(published)
        return True

    async def __aiter__(self) -> AsyncIterator[Published]:
        while (published := await self._queue.get()) is not None:
            yield published
        raise EventsLost


class EventBus:
    """The events of one process. A cursor names the process and the number of an event."""

    def __init__(self, retained: int = RETAINED_EVENTS, queue_events: int = QUEUE_EVENTS) -> None:
        self._process = uuid.uuid4().hex[:8]
        self._handlers: dict[type[Any], list[Handler[Any]]] = {}
        self._retained: deque[Published] = deque(maxlen=retained)
        self._subscriptions: set[Subscription] = set()
        self._queue_events = queue_events
        self._number = 0

    @property
    def cursor(self) -> str:
        """Return the cursor of the last event that was published."""
        return f"{self._process}-{self._number}"

    def handle(self, kind: type[_E], handler: Handler[_E]) -> None:
        """Call `handler` for every event of `kind` that an agent's request publishes."""
        self._handlers.setdefault(kind, []).append(handler)

    async def publish_as(self, agent: Agent, event: Event) -> None:
        """Publish an event that a request of `agent` caused, after its handlers have run."""
        for handler in self._handlers.get(type(event), ()):
            await handler(event, agent)
        self._publish(event)

    def publish(self, event: Event) -> None:
        """Publish an event that no request caused. Its kind must not have handlers."""
        assert type(event) not in self._handlers
        self._publish(event)

    def _publish(self, event: Event) -> None:
        self._number += 1
        published = Published(self._number, self.cursor, event)
        self._retained.append(published)
        slow = {each for each in self._subscriptions if not each.put(published)}
        self._subscriptions -= slow

    @contextmanager
    def subscribe(self, after: str | None = None) -> Iterator[Subscription]:
        """Subscribe to the events after a cursor, or to new ones only.

        Raises EventsLost if events after the cursor are not retained, or the cursor is from another
        process.
        """
        backlog: list[Published] = []
        if after is not None and after != self.cursor:
            first = self._number_after(after)
            backlog = [published for published in self._retained if published.number >= first]
        subscription = Subscription(backlog, self._queue_events)
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)

    def _number_after(self, cursor: str) -> int:
        """Return the number of the first event after a cursor. Raises EventsLost."""
        process, _, number = cursor.partition("-")
        if process != self._process or not number.isdecimal():
            raise EventsLost
        oldest = self._retained[0].number if self._retained else self._number + 1
        if not oldest - 1 <= int(number) <= self._number:
            raise EventsLost
        return int(number) + 1
