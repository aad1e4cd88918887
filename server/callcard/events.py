"""The product's events, and the bus that brings them to handlers and listeners.

Handlers run before the publisher continues and their errors are the publisher's: what must not be
lost is done in a handler. Listeners are called at once and must not wait. The events that other
programs read are kept by `actions.event_feed`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from callcard.principals import Agent


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
    state: str
    """The agent's in the call, in Finesse's words: ALERTING, ACTIVE, HELD and so on."""


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
    contact: str
    """Whom the call was with, as `source/id`; empty if that is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLost:
    """A call was closed because no desktop reported it any more."""

    agents: tuple[str, ...]
    interaction: str
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionDelivered:
    """The CRM has a call's interaction."""

    agents: tuple[str, ...]
    """Who had a share in the call."""
    interaction: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionParked:
    """The CRM rejected a call's interaction: a person has to act."""

    agents: tuple[str, ...]
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
    """A callback was made, moved, done or cancelled."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentStateChanged:
    """Finesse or an agent's desktop showed another state of an agent who uses Callcard."""

    agent: str
    name: str
    team: str
    """Finesse's id."""
    extension: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CoachingChanged:
    """A supervisor's message to an agent was sent, read or answered."""

    agent: str
    supervisor: str
    message: str
    change: str
    """sent, read or answered."""


Event = (
    CallReported
    | CallEnded
    | CallLost
    | InteractionDelivered
    | InteractionParked
    | PresenceChanged
    | CallbackChanged
    | NumberListChanged
    | AgentStateChanged
    | CoachingChanged
)
_E = TypeVar("_E", bound=Event)
Handler = Callable[[_E, "Agent"], Awaitable[None]]


class EventBus:
    """The events of one process."""

    def __init__(self) -> None:
        self._handlers: dict[type[Any], list[Handler[Any]]] = {}
        self._listeners: list[Callable[[Event], None]] = []

    def handle(self, kind: type[_E], handler: Handler[_E]) -> None:
        """Call `handler` for every event of `kind` that an agent's request publishes."""
        self._handlers.setdefault(kind, []).append(handler)

    def listen(self, listener: Callable[[Event], None]) -> None:
        """Call `listener` for every event, after its handlers."""
        self._listeners.append(listener)

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
        for listener in self._listeners:
            listener(event)
