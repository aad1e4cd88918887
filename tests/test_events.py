"""The event bus, and the feed of events that other programs read."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcard.actions.event_feed import EventFeed, Viewer
from callcard.app import create_app
from callcard.errors import EventsLost, StoreUnavailable
from callcard.events import (
    CallbackChanged,
    CallEnded,
    CallReported,
    Event,
    EventBus,
    InteractionDelivered,
)
from callcard.principals import Agent
from callcard.store.base import EventRow
from callcard.store.sqlite_store import SqliteStore
from tests.harness.api_keys import make_key
from tests.harness.clock import AdvancingClock
from tests.harness.contact_centre import ContactCentre, service_client
from tests.harness.ports import free_port
from tests.harness.serving import serving

pytestmark = pytest.mark.anyio

AGENT = cast("Agent", None)
EVERYTHING = Viewer(sees_all=True)


def delivered(number: int, agent: str = "1001") -> InteractionDelivered:
    return InteractionDelivered(agents=(agent,), interaction=str(number))


def report(state: str) -> CallReported:
    return CallReported(
        agent="1001", interaction="i", call="7", number="+1", outgoing=False, state=state
    )


async def test_handlers_run_before_the_publisher_continues() -> None:
    bus = EventBus()
    handled: list[Any] = []

    async def handler(event: CallbackChanged, agent: Agent) -> None:
        handled.append(event)

    published: list[Event] = []
    bus.listen(published.append)
    bus.handle(CallbackChanged, handler)
    event = CallbackChanged(agent="1001", callback="c", status="done")
    await bus.publish_as(AGENT, event)
    await bus.publish_as(AGENT, delivered(1))
    assert handled == [event]
    assert published == [event, delivered(1)]


async def test_failing_handler_fails_the_publisher_and_nothing_is_published() -> None:
    bus = EventBus()

    async def handler(event: CallbackChanged, agent: Agent) -> None:
        raise StoreUnavailable("the disk is full")

    published: list[Event] = []
    bus.listen(published.append)
    bus.handle(CallbackChanged, handler)
    with pytest.raises(StoreUnavailable):
        await bus.publish_as(AGENT, CallbackChanged(agent="1001", callback="c", status="done"))
    assert published == []


# ---- the feed


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "calls.sqlite")
    yield opened
    await opened.close()


class Worker:
    """One worker process: its bus, and its feed on the shared store."""

    def __init__(self, store: SqliteStore, clock: AdvancingClock) -> None:
        self.bus = EventBus()
        self.feed = EventFeed(store, self.bus, 3600.0, clock)


async def read_all(feed: EventFeed, position: int, viewer: Viewer = EVERYTHING) -> list[Any]:
    found: list[Any] = []
    while True:
        rows, position = await feed.read(position, viewer, 0)
        if not rows:
            return found
        found += [json.loads(row.data) for row in rows]


def test_no_event_is_missing_or_doubled_over_reconnects_and_restarts(tmp_path: Path) -> None:
    """Any worker writes, any is asked; readers and workers come back at any time."""
    files = itertools.count()
    steps = st.lists(st.sampled_from(["write 0", "write 1", "read 0", "read 1", "restart"]))

    @settings(max_examples=60, deadline=None)
    @given(steps)
    def check(plan: list[str]) -> None:
        asyncio.run(run(plan, tmp_path / f"{next(files)}.sqlite"))

    async def run(plan: list[str], path: Path) -> None:
        store, clock = SqliteStore(path), AdvancingClock()
        workers = [Worker(store, clock) for _ in range(2)]
        written: list[str] = []
        seen: list[str] = []
        cursor = "0"
        for step in (*plan, "write 0", "write 1", "read 0"):
            kind, _, number = step.partition(" ")
            if kind == "write":
                worker = workers[int(number)]
                written.append(str(len(written)))
                worker.bus.publish(delivered(len(written) - 1))
                await worker.feed.flush()
            elif kind == "restart":
                workers = [Worker(store, clock) for _ in range(2)]
            else:
                feed = workers[int(number)].feed
                rows, position = await feed.read(await feed.position(cursor), EVERYTHING, 0)
                seen += [json.loads(row.data)["interaction"] for row in rows]
                cursor = str(position)
        assert seen == written
        await store.close()

    check()


async def test_reader_waits_for_what_another_worker_writes(store: SqliteStore) -> None:
    clock = AdvancingClock()
    one, other = Worker(store, clock), Worker(store, clock)
    watching = asyncio.create_task(one.feed.watch())
    reading = asyncio.create_task(one.feed.read(0, EVERYTHING, 30))
    await asyncio.sleep(0)
    other.bus.publish(delivered(1))
    await other.feed.flush()
    async with asyncio.timeout(5):
        rows, position = await reading
    assert (len(rows), position) == (1, 1)
    watching.cancel()


async def test_events_that_are_not_kept_any_more_are_reported(store: SqliteStore) -> None:
    clock = AdvancingClock()
    worker = Worker(store, clock)
    for number in range(3):
        worker.bus.publish(delivered(number))
        await worker.feed.flush()
        clock.advance(1700)
    await worker.feed.purge()
    assert await worker.feed.position("1") == 1
    with pytest.raises(EventsLost) as lost:
        await worker.feed.position("0")
    assert lost.value.extra["next"] == "3"
    for unknown in ("4", "99"):
        with pytest.raises(EventsLost):
            await worker.feed.position(unknown)
    clock.advance(7200)
    await worker.feed.purge()
    assert await worker.feed.position("3") == await worker.feed.position("") == 3


async def test_report_that_repeats_is_one_event(store: SqliteStore) -> None:
    worker = Worker(store, AdvancingClock())
    ringing, talking = report("ALERTING"), report("ACTIVE")
    ended = CallEnded(
        agent="1001",
        interaction="i",
        number="+1",
        outgoing=False,
        ended_at="x",
        reached=True,
        contact="crm/1",
    )
    for event in (ringing, ringing, talking, talking, ended, ended, talking):
        worker.bus.publish(event)
    await worker.feed.flush()
    states = [each.get("state", "ended") for each in await read_all(worker.feed, 0)]
    assert states == ["ALERTING", "ACTIVE", "ended"]


async def test_events_wait_while_the_store_cannot_be_written(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = Worker(store, AdvancingClock())
    worker.bus.publish(delivered(1))

    def fail(self: SqliteStore) -> Any:
        raise StoreUnavailable("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(SqliteStore, "transaction", fail)
        with pytest.raises(StoreUnavailable):
            await worker.feed.flush()
    worker.bus.publish(delivered(2))
    await worker.feed.flush()
    assert [each["interaction"] for each in await read_all(worker.feed, 0)] == ["1", "2"]


def row(type: str, *agents: str, teams: str = "") -> EventRow:
    return EventRow(recorded_at=1.0, type=type, agents=agents, teams=tuple(teams), data=b"{}")


@pytest.mark.parametrize(
    ("viewer", "seen"),
    [
        (Viewer(sees_all=True), "own colleague other team lists unknown"),
        (Viewer(login_id="1001", team="1"), "own team lists"),
        (
            Viewer(login_id="2001", team="", supervised_teams=frozenset("1")),
            "own colleague team lists",
        ),
        (Viewer(login_id="9", team=""), "lists"),
    ],
)
def test_viewers_see_what_concerns_them(viewer: Viewer, seen: str) -> None:
    rows = {
        "own": row("call-reported", "1001", teams="1"),
        "colleague": row("call-reported", "1002", teams="1"),
        "other": row("call-reported", "1003", teams="2"),
        "team": row("agent-state-changed", "1002", teams="1"),
        "lists": row("number-list-changed"),
        "unknown": row("interaction-delivered"),
    }
    assert {name for name, each in rows.items() if viewer.sees(each)} == set(seen.split())


# ---- over HTTP


async def events_of(http: httpx.AsyncClient, **query: str) -> dict[str, Any]:
    answer = await http.get("/events", params=query)
    assert answer.status_code == 200, answer.text
    content: dict[str, Any] = answer.json()
    return content


async def flushed(centre: ContactCentre) -> None:
    for service in centre.services:
        await service.app.state.feed.flush()


async def test_agent_polls_the_events_of_their_calls(centre: ContactCentre) -> None:
    await centre.open_desktop("1001")
    await centre.open_desktop("1002")
    async with centre.api("1001") as ana, centre.api("1002") as bilal:
        await flushed(centre)
        start = await events_of(ana)
        assert start["events"] == []
        call = await centre.ring()
        await centre.act(call, "1001", "ANSWER")
        await centre.hang_up(call)
        await flushed(centre)
        mine = await events_of(ana, after=start["next"])
        shown = [
            (each["type"], each["data"].get("state"))
            for each in mine["events"]
            if each["type"].startswith("call")
        ]
        assert shown[:2] == [("call-reported", "ALERTING"), ("call-reported", "ACTIVE")]
        assert ("call-ended", None) in shown
        theirs = await events_of(bilal, after=start["next"])
        assert not [each for each in theirs["events"] if each["type"].startswith("call")]
        assert await events_of(ana, after=mine["next"]) == {"events": [], "next": mine["next"]}


async def test_program_reads_everything_with_its_key(centre: ContactCentre) -> None:
    key = await make_key(centre, "events")
    routing_key = await make_key(centre, "routing")
    desktop = await centre.open_desktop()
    assert desktop
    call = await centre.ring()
    await centre.hang_up(call)
    await flushed(centre)
    async with service_client(centre.service.app) as program:
        for headers in ({"X-API-Key": key}, {"Authorization": f"Bearer {key}"}):
            answer = await program.get("/events?after=0", headers=headers)
            kinds = {each["type"] for each in answer.json()["events"]}
            assert {"call-reported", "call-ended", "agent-state-changed"} <= kinds
        refused = await program.get("/events", headers={"X-API-Key": routing_key})
        assert refused.json()["code"] == "not-permitted"
        assert (await program.get("/events")).status_code == 401


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"after": "x"}, "invalid-field"),
        ({"after": "9" * 30}, "invalid-field"),
        ({"after": "77"}, "events-lost"),
        ({"wait": "soon"}, "invalid-field"),
        ({"wait": "1e9"}, "invalid-field"),
        ({"wait": "nan"}, "invalid-field"),
    ],
)
async def test_wrong_question(centre: ContactCentre, query: dict[str, str], code: str) -> None:
    async with centre.api() as http:
        assert (await http.get("/events", params=query)).json()["code"] == code


async def test_stream_goes_on_after_the_last_event(centre: ContactCentre) -> None:
    port = free_port()
    app = create_app(centre.settings, clock=centre.clock)
    async with (
        serving(app, port),
        httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}/api/v1", auth=("2001", "callcard"), timeout=10
        ) as http,
    ):
        headers = {"Accept": "text/event-stream"}
        entry = {"number": "+12125550100", "reason": "fraud"}
        async with http.stream("GET", "/events", headers=headers) as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            lines = stream.aiter_lines()
            assert await anext(lines) == "retry: 2000"
            await http.post("/lists/deny", json=entry)
            first = await next_change(lines)
            assert first["data"]["list"] == "deny"
        await http.post("/lists/flag", json=entry)
        again = {**headers, "Last-Event-ID": first["id"]}
        async with http.stream("GET", "/events", headers=again) as stream:
            lines = stream.aiter_lines()
            assert (await next_change(lines))["data"]["list"] == "flag"
            app.state.feed.close()  # as on SIGTERM
            async with asyncio.timeout(5):
                async for _line in lines:
                    pass
        lost = {**headers, "Last-Event-ID": "9999"}
        async with http.stream("GET", "/events", headers=lost) as stream:
            text = "".join([line async for line in stream.aiter_lines()])
            assert "event: events-lost" in text


async def next_change(lines: AsyncIterator[str]) -> dict[str, Any]:
    """Return the next event that is about a number list."""
    while (event := await next_event(lines))["type"] != "number-list-changed":
        pass
    return event


async def next_event(lines: AsyncIterator[str]) -> dict[str, Any]:
    async with asyncio.timeout(10):
        async for line in lines:
            if line.startswith("data: "):
                content: dict[str, Any] = json.loads(line.removeprefix("data: "))
                return content
    raise AssertionError("the stream ended")
