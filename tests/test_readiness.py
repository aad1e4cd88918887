"""Readiness: what the service needs works, and its background jobs make progress."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from callcard.api import health
from tests.harness.contact_centre import ContactCentre, open_contact_centre

pytestmark = pytest.mark.anyio


async def checks(centre: ContactCentre) -> dict[str, Any]:
    async with centre.api("") as client:
        response = await client.get("http://service/readyz")
    content: dict[str, Any] = response.json()
    assert (response.status_code == 200) == (content["status"] == "ready")
    return content


@pytest.fixture(autouse=True)
def uncached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "CACHE_SECONDS", -1.0)


async def test_jobs_that_have_stopped_are_not_ready(centre: ContactCentre) -> None:
    await centre.run_jobs()
    assert (await checks(centre))["status"] == "ready"
    centre.clock.advance(health.JOB_SECONDS + 30)
    stopped = await checks(centre)
    assert stopped["status"] == "not ready"
    assert stopped["checks"]["delivery"] == stopped["checks"]["closing"] == "not running"
    await centre.run_jobs()
    assert (await checks(centre))["status"] == "ready"


async def test_delivery_that_does_not_progress_is_not_ready(tmp_path: Path) -> None:
    delivery = {"url": "http://127.0.0.1:9/{id}"}
    async with open_contact_centre(tmp_path, delivery=delivery) as centre:
        await centre.open_desktop()
        call = await centre.ring()
        await centre.hang_up(call)
        await centre.deliver()
        assert (await checks(centre))["checks"]["delivery"] == "ok"
        centre.clock.advance(health.STALLED_SECONDS)
        await centre.run_jobs()
        stalled = await checks(centre)
        assert stalled["status"] == "not ready"
        assert stalled["checks"]["delivery"].startswith("stalled")
        assert stalled["oldest_undelivered_seconds"] >= health.STALLED_SECONDS


async def test_full_disk_is_not_ready(
    centre: ContactCentre, monkeypatch: pytest.MonkeyPatch
) -> None:
    await centre.run_jobs()
    monkeypatch.setattr("callcard.store.sqlite_store.MIN_FREE_BYTES", 2**60)
    full = await checks(centre)
    assert full["status"] == "not ready"
    assert "nearly full" in full["checks"]["journal"]
