"""Delivery to a CRM that fails in every way: order, retries, parking, leases."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from callcard.crm.base import InteractionRecord
from callcard.errors import SourceRejected, SourceUnavailable
from callcard.events import Event, EventBus, InteractionDelivered, InteractionParked
from callcard.finesse.client import Credential, FinesseClient, basic
from callcard.finesse.nodes import Node
from callcard.finesse.objects import User
from callcard.finesse.xmpp_base import Address
from callcard.journal.call_identity import links
from callcard.journal.call_record import CallRecord, ChosenContact, Segment
from callcard.journal.delivery import LEASE_SECONDS, MAX_ATTEMPTS, OUTAGE_FAILURES, Delivery
from callcard.journal.journal_entry import JournalEntry, from_row, to_row
from callcard.journal.recorder import CallRecorder
from callcard.principals import Agent
from callcard.settings import Settings
from callcard.store.base import DeliveryShare, JournalRow
from callcard.store.sqlite_store import SqliteStore
from tests.harness.crm import ScriptedCrm as Crm
from tests.harness.reports import ANA, BILAL, CUSTOMER, call_report
from tests.harness.waiting import until

pytestmark = pytest.mark.anyio

DUE_TIMES = itertools.count(1.0, 0.001)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "calls.sqlite")
    yield opened
    await opened.close()


@pytest.fixture
def crm() -> Crm:
    return Crm()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def events() -> EventBus:
    return EventBus()


@pytest.fixture
def delivery(store: SqliteStore, crm: Crm, events: EventBus, clock: Clock) -> Delivery:
    return Delivery(store, crm, events, Settings(), clock)


async def add_due(store: SqliteStore, *ids: str) -> None:
    """Save calls that are due, in this order; `id/customer` gives the customer."""
    for id in ids:
        number = id.partition("/")[2] or f"withheld {id}"
        record = CallRecord(id=id, number=number, segments=(Segment(agent="1001"),))
        entry = JournalEntry(
            record=record, status="due", last_report_at=0.0, due_at=next(DUE_TIMES)
        )
        async with store.transaction() as tx:
            await tx.save_journal_row(to_row(entry))


async def parked(store: SqliteStore) -> dict[str, str]:
    entries = [from_row(row) for row in await store.parked_journal_rows(100)]
    return {entry.record.id: entry.problem for entry in entries}


async def test_calls_that_break_the_crm_do_not_hold_up_others_and_are_parked(
    store: SqliteStore, crm: Crm, delivery: Delivery
) -> None:
    poison = {"defect", *(f"poison {n}" for n in range(4))}
    calls = {f"call {n:02}" for n in range(60)}
    crm.broken_by = poison
    await add_due(store, *sorted(poison), *sorted(calls))
    steps = 0
    while set(crm.received) != calls:
        await delivery.step()
        steps += 1
        assert steps < 500
    later = 0
    while set(await parked(store)) != poison:
        await add_due(store, f"later {later}")
        while f"later {later}" not in crm.received:
            await delivery.step()
        later += 1
        assert later < 20 * MAX_ATTEMPTS
    assert set((await parked(store)).values()) == {
        "it responded 500",
        "Callcard failed: ZeroDivisionError()",
    }


async def test_outage_parks_nothing_and_calls_follow_in_order(
    store: SqliteStore, crm: Crm, events: EventBus, clock: Clock
) -> None:
    calls = [f"call {n:02}" for n in range(30)]
    crm.down_for = 40 * OUTAGE_FAILURES
    await add_due(store, *calls)
    settings = Settings.decode({"delivery": {"concurrency": 1}})
    delivery = Delivery(store, crm, events, settings, clock)
    while await store.count_by_status():
        await delivery.step()
    assert crm.received == calls


async def test_pause_grows_during_an_outage_and_ends_with_it(
    store: SqliteStore, crm: Crm, delivery: Delivery
) -> None:
    crm.down_for = 20 * OUTAGE_FAILURES
    await add_due(store, "call")
    pauses = []
    while not crm.received:
        await delivery.step()
        pauses.append(delivery.pause_seconds)
    assert max(pauses) > 20
    assert pauses[-1] < 1


async def test_slow_crm_gets_calls_in_parallel_but_one_per_customer(
    store: SqliteStore, crm: Crm, delivery: Delivery
) -> None:
    calls = [f"{n:03}/customer {n % 20 if n % 3 else 0}" for n in range(120)]
    crm.yields = 30
    await add_due(store, *calls)
    while await store.count_by_status():
        await delivery.step()
    assert crm.max_parallel == Settings().delivery.concurrency
    for customer in {call.partition("/")[2] for call in calls}:
        received = [call for call in crm.received if call.endswith(f"/{customer}")]
        assert received == sorted(received)


async def test_each_sink_gets_the_calls_of_its_contacts_and_waits_for_no_other(
    store: SqliteStore, events: EventBus, clock: Clock
) -> None:
    contacts = {"own": "erp/7", "unknown": "", "of another": "erp2/7", "of a directory": "ldap/x"}
    for id, contact in contacts.items():
        source, _slash, number = contact.partition("/")
        chosen = ChosenContact(source=source, id=number)
        record = CallRecord(
            id=id,
            number=id,
            segments=(Segment(agent="1001"),),
            contact=chosen if contact else None,
        )
        entry = JournalEntry(record=record, status="due", last_report_at=0.0, due_at=1.0)
        async with store.transaction() as tx:
            await tx.save_journal_row(to_row(entry))
    erp, first = Crm(), Crm()
    erp.down_for = 1000
    own = DeliveryShare(source="erp")
    rest = DeliveryShare(others=("erp", "erp%"))
    deliveries = [
        Delivery(store, erp, events, Settings(), clock, own),
        Delivery(store, first, events, Settings(), clock, rest),
    ]
    for _ in range(5):
        for delivery in deliveries:
            await delivery.step()
    assert set(first.received) == {"unknown", "of another", "of a directory"}
    erp.down_for = 0
    await deliveries[0].step()
    assert erp.received == ["own"]


async def test_rejected_call_is_parked_with_the_reason(
    store: SqliteStore, crm: Crm, delivery: Delivery, events: EventBus
) -> None:
    crm.rejects = {"bad"}
    await add_due(store, "bad", "good")
    published: set[Event] = set()
    events.listen(published.add)
    await delivery.step()
    assert await parked(store) == {"bad": "it responded 422"}
    assert published == {
        InteractionParked(agents=("1001",), interaction="bad", problem="it responded 422"),
        InteractionDelivered(agents=("1001",), interaction="good"),
    }


async def test_record_that_changes_during_delivery_is_delivered_again(
    store: SqliteStore, crm: Crm, delivery: Delivery
) -> None:
    await add_due(store, "call")

    class Changing(Crm):
        async def log(self, interaction: InteractionRecord) -> None:
            await super().log(interaction)
            if len(self.received) == 1:
                record = CallRecord(id="call", segments=(Segment(agent="1001", notes="more"),))
                entry = JournalEntry(record=record, status="due", last_report_at=0.0, due_at=1.0)
                async with store.transaction() as tx:
                    await tx.save_journal_row(to_row(entry))

    changing = Changing()
    delivery = Delivery(store, changing, EventBus(), Settings(), Clock())
    await delivery.step()
    assert await store.count_by_status() == {"due": 1}
    await delivery.step()
    assert changing.received == ["call", "call"]
    assert await store.count_by_status() == {}


async def test_one_worker_delivers_until_its_lease_expires(
    store: SqliteStore, crm: Crm, clock: Clock, events: EventBus
) -> None:
    workers = [Delivery(store, crm, events, Settings(), clock) for _ in range(2)]
    await workers[0].step()
    await add_due(store, "a")
    await workers[1].step()
    assert crm.received == []
    clock.now += LEASE_SECONDS + 1
    await workers[1].step()
    assert crm.received == ["a"]


async def test_delivery_waits_as_long_as_the_crm_asks_for(
    store: SqliteStore, events: EventBus, clock: Clock
) -> None:
    class Limited(Crm):
        async def log(self, interaction: InteractionRecord) -> None:
            if self.requests == 0:
                self.requests += 1
                raise SourceUnavailable("too many requests", retry_after=60)
            await super().log(interaction)

    limited = Limited()
    delivery = Delivery(store, limited, events, Settings(), clock)
    await add_due(store, "call")
    await delivery.step()
    clock.now += 59
    await delivery.step()
    assert limited.received == []
    clock.now += 2
    await delivery.step()
    assert limited.received == ["call"]


async def test_rejection_does_not_park_the_call_that_it_was_merged_into(
    store: SqliteStore, events: EventBus, clock: Clock
) -> None:
    await add_due(store, "merged", "other")

    class Merging(Crm):
        async def log(self, interaction: InteractionRecord) -> None:
            if interaction.id == "merged":
                async with store.transaction() as tx:
                    await tx.merge_journal_row("merged", into="other")
                raise SourceRejected("it responded 422")
            await super().log(interaction)

    merging = Merging()
    await Delivery(store, merging, events, Settings(), clock).step()
    assert await parked(store) == {}
    assert merging.received == ["other"]


async def test_throttled_calls_are_not_counted_as_failures(
    store: SqliteStore, events: EventBus, clock: Clock
) -> None:
    class Limited(Crm):
        async def log(self, interaction: InteractionRecord) -> None:
            if self.requests % 2 == 0:
                self.requests += 1
                raise SourceUnavailable("too many requests", retry_after=1)
            await super().log(interaction)

    limited = Limited()
    delivery = Delivery(store, limited, events, Settings(), clock)
    calls = [f"call {n:02}" for n in range(3 * MAX_ATTEMPTS)]
    await add_due(store, *calls)
    for _ in range(10 * len(calls)):
        await delivery.step()
        clock.now += 2
    assert await parked(store) == {}
    assert sorted(limited.received) == calls


async def test_undecodable_record_does_not_stop_the_delivery(
    store: SqliteStore, crm: Crm, delivery: Delivery
) -> None:
    broken = JournalRow(id="broken", document=b"{", status="due", last_report_at=0.0, due_at=0.5)
    async with store.transaction() as tx:
        await tx.save_journal_row(broken)
    await add_due(store, "call")
    await delivery.step()
    assert crm.received == ["call"]


async def test_slow_customers_do_not_hold_up_the_others(
    store: SqliteStore, delivery: Delivery, crm: Crm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each takes until its deadline; calls that become due meanwhile are delivered."""
    monkeypatch.setattr("callcard.journal.delivery.DEADLINE_SECONDS", 1.5)
    monkeypatch.setattr("callcard.journal.delivery.SLOW_SECONDS", 0.05)
    monkeypatch.setattr("callcard.journal.delivery.POLL_SECONDS", 0.02)
    crm.hangs = {"slow 1", "slow 2"}
    await add_due(store, "slow 1", "slow 2", "first")
    step = asyncio.create_task(delivery.step())
    await until(lambda: crm.received == ["first"], 1)
    await add_due(store, "second")
    await until(lambda: crm.received == ["first", "second"], 1)
    assert not step.done(), "the slow ones still run"
    await step
    problems = [row.problem for row in await store.due_journal_rows(1e12, 10)]
    assert problems == ["crm took longer than 1.5 seconds"] * 2


async def test_clock_that_was_set_back_stops_nothing(
    store: SqliteStore, delivery: Delivery, crm: Crm, clock: Clock
) -> None:
    clock.now += 86_400.0
    await add_due(store, "a")
    await delivery.step()
    clock.now -= 86_400.0
    await add_due(store, "b")
    await delivery.step()
    assert crm.received == ["a", "b"]
    other = Delivery(store, crm, EventBus(), Settings(), clock)
    await add_due(store, "c")
    await other.step()
    assert crm.received == ["a", "b"], "the first one has the lease"


@pytest.mark.parametrize("when", ["before", "during", "after"])
async def test_call_that_turns_out_to_be_part_of_another_is_one_interaction(
    store: SqliteStore, crm: Crm, delivery: Delivery, clock: Clock, when: str
) -> None:
    """Two dialogs are one call as soon as Finesse says so, whatever the CRM has by then."""
    recorder = CallRecorder(store, Settings(), clock)

    async def report(agent: str, dialog: str, *states: tuple[int, str, str], **fields: Any) -> str:
        node = Node("A", FinesseClient(httpx.AsyncClient()), Address("localhost", 1, ""))
        user = User(login_id=agent, extension=agent)
        reporting = Agent(user, Credential(basic(agent, ""), deadline=0.0), node)
        sent = call_report(dialog, list(states), **fields)
        entry = await recorder.record(reporting, sent, "", links(sent))
        assert entry
        return entry.record.id

    async def connect() -> None:
        crm.during = None
        fields = {"started": 20, "merged_call": "1", "ended": True}
        await report(BILAL, "2", (20, BILAL, "ACTIVE"), (30, BILAL, "DROPPED"), **fields)

    talked = [(0, CUSTOMER, "ACTIVE"), (0, ANA, "ACTIVE"), (9, ANA, "DROPPED")]
    first = await report(ANA, "1", *talked, ended=True)
    second = await report(BILAL, "2", (20, BILAL, "ACTIVE"), started=20)
    assert first != second
    clock.now += 1000
    if when == "before":
        await connect()
    elif when == "during":
        crm.during = connect
    await delivery.step()
    if when == "after":
        await connect()
    clock.now += 1000
    while await store.count_by_status():
        await delivery.step()
    assert len(set(crm.received)) == 1
    assert crm.received[0] == (second if when == "before" else first)
