"""The contract of a store's events: inherit EventStoreContract beside StoreContract."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callcard.store.base import EventRow, Store

EVENT = EventRow(
    recorded_at=1.0, type="call-reported", agents=("1001", "1002"), teams=("1",), data=b"{}"
)


@pytest.mark.anyio
class EventStoreContract:
    async def test_events_in_one_order(self, store: Store) -> None:
        assert await store.event_range() == (1, 0)
        async with store.transaction() as tx:
            await tx.add_event(EVENT)
            await tx.add_event(replace(EVENT, agents=(), recorded_at=2.0))
        first, second = await store.events_after(0, 10)
        assert first == replace(EVENT, id=first.id)
        assert second.agents == ()
        assert await store.events_after(first.id, 10) == [second]
        assert await store.events_after(0, 1) == [first]
        assert await store.event_range() == (first.id, second.id)
        async with store.transaction() as tx:
            await tx.purge_events(1.5, 9)
        assert await store.event_range() == (second.id, second.id)
        async with store.transaction() as tx:
            await tx.purge_events(9.0, 9)
            await tx.add_event(EVENT)
        assert [each.id > second.id for each in await store.events_after(0, 10)] == [True]

    async def test_event_is_saved_once_and_found_by_its_subject(self, store: Store) -> None:
        async with store.transaction() as tx:
            assert await tx.last_event_data("the call") == b""
            for token, subject in (("1", "the call"), ("2", "another"), ("1", "the call")):
                await tx.add_event(replace(EVENT, subject=subject, token=token))
            await tx.add_event(replace(EVENT, subject="the call", token="3", data=b"3"))
            assert await tx.last_event_data("the call") == b"3"
        async with store.transaction() as tx:
            await tx.add_event(replace(EVENT, token="1"))
            assert await tx.purge_events(1.5, 2) == 2
        assert [each.data for each in await store.events_after(0, 10)] == [b"3"]
