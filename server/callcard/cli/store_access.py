"""The service's store, for commands that read or change it beside a running service."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from callcard.settings import Settings
from callcard.store.base import Store
from callcard.store.open_store import open_store

_T = TypeVar("_T")


def with_store(settings: Settings, use: Callable[[Store], Awaitable[_T]]) -> _T:
    """Run `use` on the store that the settings name, which is created when it is missing."""

    async def run() -> _T:
        store = open_store(settings.journal_database)
        try:
            return await use(store)
        finally:
            await store.close()

    return asyncio.run(run())
