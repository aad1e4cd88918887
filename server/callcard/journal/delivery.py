"""Deliver finished calls to the CRM, with retries. A call that keeps failing is parked for a
person.

Several calls are delivered in parallel, because a CRM may take longer for one than passes until the
next; those of one customer go one after another, in order. While the CRM is unreachable, delivery
slows down and tries one call at a time. A call that fails while others succeed is counted, and
parked after MAX_ATTEMPTS. What the CRM rejects is parked immediately. A record that changes after
its delivery is delivered again under the same id.

A delivery has a deadline, whatever the CRM does. One that is slow takes no turn from others: it
does not count against the parallel ones, and calls that become due meanwhile are delivered.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
import uuid
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Literal

from callcard.crm.base import InteractionSink
from callcard.crm.http_source import MAX_RETRY_AFTER_SECONDS
from callcard.errors import CallcardError, SourceRejected, SourceUnavailable
from callcard.events import EventBus, InteractionDelivered, InteractionParked
from callcard.journal import lifecycle
from callcard.journal.interaction import for_crm
from callcard.journal.journal_entry import JournalEntry, from_row, from_rows, to_row
from callcard.settings import Settings
from callcard.store.base import ALL_CALLS, DeliveryShare, Store

log = logging.getLogger(__name__)

POLL_SECONDS = 0.5
"""Between looks for calls that are due."""
FIRST_RETRY_SECONDS = 1.0
LONGEST_RETRY_SECONDS = 30.0
"""Retries double from the first up to this: a CRM that is back gets calls within a minute."""
OUTAGE_FAILURES = 3
"""Consecutive failures after which the CRM is considered down."""
MAX_ATTEMPTS = 12
"""Failures of one call, while others succeed, after which it is parked."""
BATCH_CALLS = 100
DEADLINE_SECONDS = 15.0
"""For one delivery, whatever the CRM sends meanwhile."""
SLOW_SECONDS = 1.0
"""After which a delivery gives its turn to another one."""
Result = Literal["accepted", "rejected", "failed", "throttled", "withdrawn"]
LEASE_SECONDS = 10.0
"""How long one worker delivers for all without renewing; after a crash another takes over."""


class Delivery:
    def __init__(
        self,
        store: Store,
        sink: InteractionSink,
        events: EventBus,
        settings: Settings,
        clock: Callable[[], float] = time.time,
        share: DeliveryShare = ALL_CALLS,
    ) -> None:
        """`share` says which calls go to `sink`; each sink has a delivery of its own, so that none
        waits for another one.
        """
        self._store = store
        self._sink = sink
        self._share = share
        self._lease = f"delivery-{share.source}" if share.source else "delivery"
        self._events = events
        self._settings = settings
        self._clock = clock
        self._worker = uuid.uuid4().hex
        self._retry_seconds = 0.0
        self._parallel = 1
        self._lease_until = 0.0
        self._not_before = 0.0

    @property
    def pause_seconds(self) -> float:
        """How long to wait until the next step, if the last one found nothing more to do."""
        jitter = random.uniform(0.8, 1.2)  # noqa: S311 - spreads load, protects nothing
        return max(POLL_SECONDS, min(self._retry_seconds * jitter, LONGEST_RETRY_SECONDS))

    async def step(self) -> bool:
        """Deliver what is due, once. Return whether more is due at once.

        Of several workers, the one with the lease delivers. Raises StoreUnavailable.
        """
        # Renewed also while the CRM asks for a pause: another worker would not know of it.
        if not await self._hold_lease() or self._is_paused():
            return False
        return await self._deliver_batch()

    def _is_paused(self) -> bool:
        """Return whether the CRM has asked to wait (Retry-After)."""
        remaining = self._not_before - self._clock()
        return 0 < remaining <= MAX_RETRY_AFTER_SECONDS  # more: the clock was set back

    async def _hold_lease(self) -> bool:
        """Return whether this worker delivers, renewing its lease in time."""
        now = self._clock()
        remaining = self._lease_until - now
        if not LEASE_SECONDS / 2 <= remaining <= LEASE_SECONDS:
            async with self._store.transaction() as tx:
                held = await tx.acquire_lease(self._lease, self._worker, now, LEASE_SECONDS)
            self._lease_until = now + LEASE_SECONDS if held else 0.0
        return now < self._lease_until

    async def _deliver_batch(self) -> bool:
        batch = _Batch(await self._due())
        batch_is_full = len(batch.waiting) == BATCH_CALLS
        failed: list[JournalEntry] = []
        failures_in_a_row = 0
        others_succeeded = False
        try:
            while True:
                while (
                    batch.has_turn(self._parallel, self._settings.delivery.concurrency)
                    and failures_in_a_row < OUTAGE_FAILURES
                    and not self._is_paused()
                    and await self._hold_lease()
                ):
                    # The last attempt before the CRM counts as down takes any call: the first ones
                    # may be what breaks it.
                    is_last_attempt = failures_in_a_row == OUTAGE_FAILURES - 1
                    entry = batch.take_next(at_random=is_last_attempt)
                    if entry is None:
                        break
                    batch.start(entry, self._deliver(entry))
                if not batch.running:
                    break
                done = await batch.wait(POLL_SECONDS)
                for entry, result in done:
                    match result:
                        case "failed":
                            failed.append(entry)
                            failures_in_a_row += 1
                        case "accepted":
                            others_succeeded = True
                            failures_in_a_row = 0
                            self._retry_seconds = 0.0
                            self._parallel = self._settings.delivery.concurrency
                        case "rejected" | "throttled" | "withdrawn":
                            pass
                if not done:  # what runs is slow
                    await self._hold_lease()
                    batch.add(await self._due())
        finally:
            await batch.cancel()
        if others_succeeded:
            await self._count_failures(failed)
        if failed:
            self._retry_seconds = min(
                LONGEST_RETRY_SECONDS, max(FIRST_RETRY_SECONDS, 2 * self._retry_seconds)
            )
            self._parallel = 1  # until the CRM accepts a call again
        return batch_is_full and not failed

    async def _due(self) -> list[JournalEntry]:
        rows = await self._store.due_journal_rows(self._clock(), BATCH_CALLS, self._share)
        return from_rows(rows)

    async def _deliver(self, entry: JournalEntry) -> Result:
        """Deliver one call and save the result."""
        record = entry.record
        assert not record.unverified
        # A record that was sent keeps its id when it is merged with another one.
        if not entry.sent and not await self._save(record.id, lifecycle.send):
            return "withdrawn"  # merged or open again since it was read
        try:
            interaction = for_crm(record, self._settings.journal.owner, self._settings.telephony)
            async with asyncio.timeout(DEADLINE_SECONDS):
                await self._sink.log(interaction)
        except SourceRejected as error:
            reason = error.detail
            log.warning("%s rejected the call %s: %s", self._sink.name, record.id, reason)
            if await self._save(record.id, lambda entry: lifecycle.park(entry, reason)):
                self._events.publish(
                    InteractionParked(agents=record.agents, interaction=record.id, problem=reason)
                )
            return "rejected"
        except Exception as error:  # a defect in one call must not stop the delivery of others
            problem = f"Callcard failed: {error!r}"
            if isinstance(error, CallcardError):
                problem = error.detail
            elif isinstance(error, TimeoutError):
                problem = f"{self._sink.name} took longer than {DEADLINE_SECONDS:g} seconds"
            if not entry.problem:
                log.warning("%s did not accept a call: %s", self._sink.name, problem)
            await self._save(record.id, lambda entry: lifecycle.set_problem(entry, problem))
            if isinstance(error, SourceUnavailable) and error.retry_after:
                self._not_before = max(self._not_before, self._clock() + error.retry_after)
                return "throttled"
            return "failed"
        if await self._save(record.id, lambda entry: lifecycle.deliver(entry, record)):
            self._events.publish(InteractionDelivered(agents=record.agents, interaction=record.id))
        return "accepted"

    async def _count_failures(self, failed: Iterable[JournalEntry]) -> None:
        for entry in failed:
            await self._save(
                entry.record.id, lambda entry: lifecycle.count_attempt(entry, MAX_ATTEMPTS)
            )

    async def _save(self, id: str, transition: Callable[[JournalEntry], JournalEntry]) -> bool:
        """Apply a transition to an entry. Return whether it changed the entry."""
        async with self._store.transaction() as tx:
            row = await tx.journal_row(id)
            # The record may have been merged into another one, which this delivery did not contain.
            if row is None or row.id != id:
                return False
            entry = from_row(row)
            changed = transition(entry)
            if changed == entry:
                return False
            await tx.save_journal_row(to_row(changed))
        return True


class _Batch:
    """The calls of one step: those that wait, in order, and those that are being delivered."""

    def __init__(self, waiting: list[JournalEntry]) -> None:
        self.waiting = waiting
        self.running: dict[asyncio.Task[Result], JournalEntry] = {}
        self._started_at: dict[asyncio.Task[Result], float] = {}
        self._taken = {entry.record.id for entry in waiting}

    def add(self, due: Iterable[JournalEntry]) -> None:
        """Add calls that have become due; those of this batch that failed wait for the next one."""
        new = [entry for entry in due if entry.record.id not in self._taken]
        self._taken.update(entry.record.id for entry in new)
        self.waiting += new

    def has_turn(self, parallel: int, concurrency: int) -> bool:
        """Return whether one more call may be delivered now, beside slow ones."""
        slow_since = asyncio.get_running_loop().time() - SLOW_SECONDS
        slow = sum(started < slow_since for started in self._started_at.values())
        return len(self.running) < parallel + min(slow, concurrency)

    def take_next(self, *, at_random: bool) -> JournalEntry | None:
        """Remove and return the next call whose customer has no delivery running.

        A call that has failed before lets the others go first.
        """
        customers = {_customer(entry) for entry in self.running.values()}
        candidates = []
        for index, entry in enumerate(self.waiting):
            if _customer(entry) not in customers:
                customers.add(_customer(entry))
                candidates.append(index)
        if not candidates:
            return None
        if at_random:
            index = random.choice(candidates)  # noqa: S311 - no secret
        else:
            index = min(candidates, key=lambda each: (bool(self.waiting[each].problem), each))
        return self.waiting.pop(index)

    def start(self, entry: JournalEntry, delivery: Coroutine[Any, Any, Result]) -> None:
        task = asyncio.create_task(delivery)
        self.running[task] = entry
        self._started_at[task] = asyncio.get_running_loop().time()

    async def wait(self, seconds: float) -> list[tuple[JournalEntry, Result]]:
        """Return what is finished, waiting so long for the first."""
        done, _ = await asyncio.wait(
            self.running, timeout=seconds, return_when=asyncio.FIRST_COMPLETED
        )
        for task in done:
            del self._started_at[task]
        return [(self.running.pop(task), task.result()) for task in done]

    async def cancel(self) -> None:
        for task in self.running:
            task.cancel()
        await asyncio.gather(*self.running, return_exceptions=True)


def _customer(entry: JournalEntry) -> str:
    return entry.record.number or entry.record.id
