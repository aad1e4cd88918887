"""The event bus: handlers, subscriptions, cursors and slow subscribers."""

from __future__ import annotations

from typing import Any, cast

import pytest

from callcard.errors import StoreUnavailable
from callcard.events import (
    CallbackChanged,
    Event,
    EventBus,
    EventsLost,
    InteractionDelivered,
    Subscription,
)
from callcard.identity import Agent

pytestmark = pytest.mark.anyio

AGENT = cast("Agent", None)


def delivered(number: int) -> InteractionDelivered:
    return InteractionDelivered(interaction=str(number))


async def take(subscription: Subscription, count: int) -> list[Event]:
    found = []
    async for published in subscription:
        found.append(published.event)
        if len(found) == count:
            break
    return found


async def test_subscribers_get_events_in_order() -> None:
    bus = EventBus()
    bus.publish(delivered(0))
    with bus.subscribe() as one, bus.subscribe() as other:
        for number in (1, 2, 3):
            bus.publish(delivered(number))
        expected: list[Event] = [delivered(number) for number in (1, 2, 3)]
        assert await take(one, 3) == await take(other, 3) == expected


async def test_subscription_continues_after_a_cursor() -> None:
    bus = EventBus()
    bus.publish(delivered(1))
    cursor = bus.cursor
    bus.publish(delivered(2))
    bus.publish(delivered(3))
    with bus.subscribe(after=cursor) as subscription:
        assert await take(subscription, 2) == [delivered(2), delivered(3)]
    with bus.subscribe(after=bus.cursor) as subscription:
        bus.publish(delivered(4))
        assert await take(subscription, 1) == [delivered(4)]


async def test_event_carries_the_cursor_to_continue_after() -> None:
    bus = EventBus()
    with bus.subscribe() as subscription:
        bus.publish(delivered(1))
        async for published in subscription:
            assert published.cursor == bus.cursor
            break


async def test_cursor_beyond_the_retained_events_is_reported() -> None:
    bus = EventBus(retained=2)
    cursors = []
    for number in range(1, 5):
        bus.publish(delivered(number))
        cursors.append(bus.cursor)
    with bus.subscribe(after=cursors[1]) as subscription:
        assert await take(subscription, 2) == [delivered(3), delivered(4)]
    other = EventBus()
    other.publish(delivered(1))
    for cursor in (cursors[0], f"{bus.cursor}9", other.cursor, "", "x-y"):
        with pytest.raises(EventsLost), bus.subscribe(after=cursor):
            pass


async def test_slow_subscriber_loses_its_subscription_and_delays_nobody() -> None:
    bus = EventBus(queue_events=2)
    with bus.subscribe() as slow, bus.subscribe() as fast:
        seen: list[Event] = []
        for number in range(5):
            bus.publish(delivered(number))
            seen += await take(fast, 1)
        assert len(seen) == 5
        with pytest.raises(EventsLost):
            await take(slow, 1)


async def test_handlers_run_before_the_publisher_continues() -> None:
    bus = EventBus()
    handled: list[Any] = []

    async def handler(event: CallbackChanged, agent: Agent) -> None:
        handled.append(event)

    bus.handle(CallbackChanged, handler)
    event = CallbackChanged(agent="1001", callback="c", status="done")
    await bus.publish_as(AGENT, event)
    await bus.publish_as(AGENT, delivered(1))
    assert handled == [event]
    assert bus.cursor.endswith("-2")


async def test_failing_handler_fails_the_publisher_and_nothing_is_published() -> None:
    bus = EventBus()

    async def handler(event: CallbackChanged, agent: Agent) -> None:
        raise StoreUnavailable("the disk is full")

    bus.handle(CallbackChanged, handler)
    with pytest.raises(StoreUnavailable):
        await bus.publish_as(AGENT, CallbackChanged(agent="1001", callback="c", status="done"))
    assert bus.cursor.endswith("-0")
