"""The contract of a store's coaching messages: inherit it beside StoreContract."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callcard.store.base import Store
from callcard.store.coaching import CoachingMessage

MESSAGE = CoachingMessage(
    id="m",
    agent="1001",
    supervisor="2001",
    supervisor_name="Sam Okafor",
    text="offer a discount",
    sent_at=10.0,
)


@pytest.mark.anyio
class CoachingStoreContract:
    async def test_coaching_messages_of_an_agent(self, store: Store) -> None:
        later = replace(MESSAGE, id="n", sent_at=20.0)
        other = replace(MESSAGE, id="o", agent="1002")
        async with store.transaction() as tx:
            for message in (MESSAGE, later, other):
                await tx.save_coaching_message(message)
        assert await store.coaching_messages("1001", 0.0, 10) == [later, MESSAGE]
        assert await store.coaching_messages("1001", 0.0, 1) == [later]
        assert await store.coaching_messages("1001", 15.0, 10) == [later]
        assert await store.coaching_messages("1003", 0.0, 10) == []

    async def test_coaching_message_is_read_and_purged(self, store: Store) -> None:
        async with store.transaction() as tx:
            await tx.save_coaching_message(MESSAGE)
            assert await tx.coaching_message("m") == MESSAGE
            assert await tx.coaching_message("n") is None
        assert await store.has_unread_coaching("1001")
        assert not await store.has_unread_coaching("1002")
        read = replace(MESSAGE, read_at=11.0, answer="ok", answered_at=12.0)
        async with store.transaction() as tx:
            await tx.save_coaching_message(read)
        assert not await store.has_unread_coaching("1001")
        assert await store.coaching_messages("1001", 0.0, 10) == [read]
        async with store.transaction() as tx:
            await tx.purge_coaching_messages(10.0)
        assert await store.coaching_messages("1001", 0.0, 10) == [read]
        async with store.transaction() as tx:
            await tx.purge_coaching_messages(10.5)
        assert await store.coaching_messages("1001", 0.0, 10) == []
