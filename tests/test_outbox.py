"""What the CRM hears, and in which order, when it fails in every way that a CRM can."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from callcard.crm.base import CallLog
from callcard.errors import SourceUnavailable
from callcard.journal import delivery
from callcard.journal.call_record import Part, Record
from callcard.journal.delivery import AWAY, TRIES, Outbox
from callcard.settings import Settings
from callcard.store.sqlite_store import Kept, Store, Writing


class Crm:
    name = "the CRM"

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.asked = 0
        self.away_for = 0
        """Tellings."""
        self.broken_by: set[str] = set()
        self.takes = 0.0
        """At most, in seconds."""
        self.busy_with: list[str] = []
        self.most = 0

    async def log(self, call: CallLog) -> None:
        self.asked += 1
        self.busy_with.append(call.number)
        assert len(set(self.busy_with)) == len(self.busy_with), "two of one customer at once"
        self.most = max(self.most, len(self.busy_with))
        try:
            await asyncio.sleep(random.uniform(0, self.takes))
        finally:
            self.busy_with.remove(call.number)
        if call.id.startswith("defect"):
            raise ZeroDivisionError
        if self.asked <= self.away_for or call.id in self.broken_by:
            raise SourceUnavailable("it answered 500")
        self.heard.append(call.id)


class Delivery:
    def __init__(self, store: Store, crm: Crm) -> None:
        self.store, self.crm = store, crm

    async def owe(self, *ids: str) -> None:
        for place, id in enumerate(ids):
            record = Record(
                id=id, number=id.partition("/")[2] or f"withheld {id}", parts=(Part(agent="1001"),)
            )
            kept = Kept(
                record=record, status="due", heard=0.0, due=self.store.clock() - 1 + place / 1000
            )
            await self.store.write(partial(Writing.put, kept=kept))

    async def until(self, *, delivered: int, **counts: int) -> None:
        async with asyncio.timeout(20):
            while self.store.counts() != counts or len(set(self.crm.heard)) != delivered:
                await asyncio.sleep(0.002)


pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "LOOK", 0.005)
    monkeypatch.setattr(delivery, "FIRST_WAIT", 0.005)
    monkeypatch.setattr(delivery, "LONGEST_WAIT", 0.01)


@asynccontextmanager
async def delivering(
    folder: Path, *owed: str, away_for: int = 0, settings: Settings | None = None
) -> AsyncIterator[Delivery]:
    store, crm = Store(folder / "store.db"), Crm()
    crm.away_for = away_for
    delivery = Delivery(store, crm)
    await delivery.owe(*owed)
    task = asyncio.create_task(Outbox(store, crm, settings or Settings()).deliver())
    try:
        yield delivery
    finally:
        task.cancel()
        await asyncio.wait([task])
        store.close()


async def test_calls_that_break_the_crm_hold_no_other_up_and_are_parked(tmp_path: Path) -> None:
    async with delivering(tmp_path) as delivery:
        poison = ["defect", *(f"poison {n}" for n in range(4))]
        delivery.crm.broken_by = set(poison)
        await delivery.owe(*poison, *(f"call {n:02}" for n in range(60)))
        await delivery.until(delivered=60, due=5)
        assert set(delivery.crm.heard) == {f"call {n:02}" for n in range(60)}
        for later in range(20 * TRIES):
            if len(delivery.store.parked(10)) == 5:
                break
            await delivery.owe(f"later {later}")
            while f"later {later}" not in delivery.crm.heard:
                await asyncio.sleep(0.002)
        assert sorted(kept.record.id for kept in delivery.store.parked(10)) == poison
        assert {kept.problem for kept in delivery.store.parked(10)} == {
            "it answered 500",
            "Callcard failed on it: ZeroDivisionError()",
        }


async def test_a_long_outage_parks_nothing_and_afterwards_all_come_in_order(tmp_path: Path) -> None:
    calls = [f"call {n:02}" for n in range(30)]
    settings = Settings(log_at_once=1)
    async with delivering(tmp_path, *calls, away_for=40 * AWAY, settings=settings) as delivery:
        await delivery.until(delivered=30)
        assert delivery.crm.heard == calls


async def test_a_slow_crm_has_several_calls_at_once_but_never_two_of_the_same_customer(
    tmp_path: Path,
) -> None:
    calls = [f"{n:03}/customer {n % 20 if n % 3 else 0}" for n in range(120)]
    async with delivering(tmp_path, *calls) as delivery:
        delivery.crm.takes = 0.02
        await delivery.until(delivered=len(calls))
        assert delivery.crm.most == Settings().log_at_once
        for customer in {call.partition("/")[2] for call in calls}:
            theirs = [call for call in delivery.crm.heard if call.endswith(f"/{customer}")]
            assert theirs == sorted(theirs), "in order"


async def test_a_call_that_changes_while_it_is_refused_is_not_parked(tmp_path: Path) -> None:
    async with delivering(tmp_path) as delivery:
        kept = Kept(record=Record(id="call"), status="open", heard=0.0)
        await delivery.store.write(partial(Writing.put, kept=kept))
        await delivery.store.write(partial(Writing.park, id="call", problem="too late"))
        assert delivery.store.counts() == {"open": 1}
