"""The feed of events while the store fails, workers share a call, and readers see nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from callcard.actions import event_feed
from callcard.actions.event_feed import Viewer
from callcard.api import event_stream
from callcard.app import create_app
from callcard.errors import StoreUnavailable
from callcard.events import InteractionDelivered
from callcard.store.base import RosterRow, Transaction
from callcard.store.sqlite_store import SqliteStore
from tests.harness.api_keys import make_key, revoke_key
from tests.harness.clock import AdvancingClock
from tests.harness.contact_centre import ContactCentre, service_client
from tests.harness.ports import free_port
from tests.harness.serving import serving
from tests.test_events import Worker, delivered, read_all, report

pytestmark = pytest.mark.anyio

NOBODY = Viewer(login_id="9")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "calls.sqlite")
    yield opened
    await opened.close()


async def interactions(worker: Worker) -> list[str]:
    return [each["interaction"] for each in await read_all(worker.feed, 0)]


async def test_event_that_was_saved_all_the_same_is_not_doubled(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = Worker(store, AdvancingClock())
    for number in range(3):
        worker.bus.publish(delivered(number))
    begin = SqliteStore.transaction

    def late(self: SqliteStore) -> AbstractAsyncContextManager[Transaction]:
        @asynccontextmanager
        async def saved_but_in_doubt() -> AsyncIterator[Transaction]:
            async with begin(self) as tx:
                yield tx
            raise StoreUnavailable("the disk is slow; it is unknown whether this was saved")

        return saved_but_in_doubt()

    with monkeypatch.context() as slow:
        slow.setattr(SqliteStore, "transaction", late)
        with pytest.raises(StoreUnavailable):
            await worker.feed.flush()
    worker.bus.publish(delivered(3))
    await worker.feed.flush()
    assert await interactions(worker) == ["0", "1", "2", "3"]


async def test_buffer_that_is_full_during_a_write_loses_only_the_oldest(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_feed, "MAX_UNWRITTEN_EVENTS", 4)
    monkeypatch.setattr(event_feed, "BATCH_EVENTS", 2)
    worker = Worker(store, AdvancingClock())
    begin = SqliteStore.transaction
    published = iter(range(100))

    def publish(count: int) -> None:
        for _ in range(count):
            worker.bus.publish(delivered(next(published)))

    def busy(self: SqliteStore) -> AbstractAsyncContextManager[Transaction]:
        @asynccontextmanager
        async def transaction() -> AsyncIterator[Transaction]:
            async with begin(self) as tx:
                yield tx
                publish(2 if next_is_busy.pop() else 0)

        return transaction()

    next_is_busy = [False, False, False, False, True]
    publish(4)
    with monkeypatch.context() as patch:
        patch.setattr(SqliteStore, "transaction", busy)
        await worker.feed.flush()
    assert await interactions(worker) == [str(number) for number in range(6)]


async def test_two_workers_report_one_call(store: SqliteStore) -> None:
    one, other = Worker(store, AdvancingClock()), Worker(store, AdvancingClock())
    steps = [(one, "ACTIVE"), (other, "ACTIVE"), (other, "HELD"), (one, "ACTIVE"), (one, "ACTIVE")]
    for worker, state in steps:
        worker.bus.publish(report(state))
        await worker.feed.flush()
    states = [each["state"] for each in await read_all(one.feed, 0)]
    assert states == ["ACTIVE", "HELD", "ACTIVE"]


async def test_reader_who_sees_nothing_of_very_many_stops_nobody(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_feed, "BATCH_EVENTS", 10)
    worker = Worker(store, AdvancingClock())
    for number in range(300):
        worker.bus.publish(delivered(number))
    await worker.feed.flush()
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    going_on = asyncio.create_task(others())
    rows, position = await worker.feed.read(0, NOBODY, 0)
    assert (rows, position) == ([], 10 * event_feed.MAX_BATCHES)
    assert turns >= event_feed.MAX_BATCHES - 1
    assert await worker.feed.read(position, NOBODY, 0) == ([], 300)
    going_on.cancel()


async def test_old_events_are_removed_in_batches(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_feed, "BATCH_EVENTS", 10)
    clock = AdvancingClock()
    worker = Worker(store, clock)
    for number in range(35):
        worker.bus.publish(delivered(number))
    await worker.feed.flush()
    clock.advance(7200)
    worker.bus.publish(delivered(35))
    await worker.feed.flush()
    await worker.feed.purge()
    assert await store.event_range() == (36, 36)


async def test_supervisors_of_all_agents_of_a_call_see_its_events(store: SqliteStore) -> None:
    worker = Worker(store, AdvancingClock())
    async with store.transaction() as tx:
        for login_id, team in (("1001", "1"), ("1002", "2")):
            row = RosterRow(
                login_id=login_id,
                team_id=team,
                name=login_id,
                extension="",
                state="READY",
                updated_at=1.0,
            )
            await tx.save_roster_row(row)
    worker.bus.publish(InteractionDelivered(agents=("1001", "1002"), interaction="i"))
    await worker.feed.flush()
    for team, seen in (("1", 1), ("2", 1), ("3", 0)):
        viewer = Viewer(login_id="2001", supervised_teams=frozenset({team}))
        assert len(await read_all(worker.feed, 0, viewer)) == seen


async def test_stream_moves_past_what_its_reader_does_not_see(
    centre: ContactCentre, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "KEEP_ALIVE_SECONDS", 0.05)
    await centre.open_desktop("1001")
    port = free_port()
    app = create_app(centre.settings, clock=centre.clock)
    async with (
        serving(app, port),
        httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}/api/v1", auth=("1002", "callcard"), timeout=10
        ) as http,
        http.stream("GET", "/events", headers={"Accept": "text/event-stream"}) as stream,
    ):
        ids = (line async for line in stream.aiter_lines() if line.startswith("id: "))
        first = await anext(ids)
        await centre.hang_up(await centre.ring("1001"))
        await centre.service.app.state.feed.flush()
        async with asyncio.timeout(10):
            while await anext(ids) == first:
                pass


async def test_stream_of_a_revoked_key_ends(
    centre: ContactCentre, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "KEEP_ALIVE_SECONDS", 0.05)
    key = await make_key(centre, "events")
    port = free_port()
    app = create_app(centre.settings, clock=centre.clock)
    headers = {"Accept": "text/event-stream", "X-API-Key": key}
    async with (
        serving(app, port),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}/api/v1", timeout=10) as http,
        http.stream("GET", "/events", headers=headers) as stream,
    ):
        lines = stream.aiter_lines()
        assert await anext(lines) == "retry: 2000"
        await revoke_key(centre, key)
        async with asyncio.timeout(10):
            async for _line in lines:
                pass


async def test_key_as_the_password_of_basic_is_no_credential_for_finesse(
    centre: ContactCentre,
) -> None:
    key = await make_key(centre, "events")
    async with service_client(centre.service.app) as program:
        answer = await program.get("/events", auth=("1001", key))
        assert answer.status_code == 200, answer.text


async def test_first_poll_returns_its_cursor_at_once(centre: ContactCentre) -> None:
    async with centre.api("1001") as http, asyncio.timeout(5):
        content: Any = (await http.get("/events", params={"wait": "25"})).json()
    assert content["events"] == []
