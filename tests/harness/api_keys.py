"""API keys of programs, made and revoked as `callcard keys` does beside a running service."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from callcard.api import api_keys
from callcard.store.open_store import open_store
from tests.harness.contact_centre import ContactCentre


async def make_key(centre: ContactCentre, *scopes: str, **options: Any) -> str:
    """Make a key. `options` are those of `api_keys.create`."""
    key, row = api_keys.create("program", scopes, **{"now": centre.clock(), **options})
    store = open_store(centre.settings.journal_database)
    async with store.transaction() as tx:
        await tx.save_api_key(row)
    await store.close()
    return key


async def revoke_key(centre: ContactCentre, key: str) -> None:
    _prefix, id, _secret = key.split("_")
    store = open_store(centre.settings.journal_database)
    row = await store.api_key(id)
    assert row is not None
    async with store.transaction() as tx:
        await tx.save_api_key(replace(row, revoked_at=centre.clock()))
    await store.close()
