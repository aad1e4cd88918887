"""The CRM hears of every call that is over: in order, after a restart too, and again until it has it.

Several calls are on their way at once, for a CRM may take longer over one than goes by until the next; two of the same customer
never are. A CRM that is away is tried again, later each time, from the first call that waits. One call that fails while the next
is taken is overtaken, tried again each time, and parked in the end, as is at once what the CRM refuses: a person sees it there.
What has changed since it was told is told again under the same id.
"""

from __future__ import annotations

import asyncio
import logging
import random
import uuid
from collections.abc import Iterable
from functools import partial

from callcard.crm.base import AgentShare, CallLog, Log
from callcard.errors import CallcardError, SourceRefused, StoreUnavailable
from callcard.journal.call_record import Record
from callcard.settings import Settings
from callcard.store.sqlite_store import Kept, Store, Writing
from callcard.telephony import numbers

log = logging.getLogger("callcard.outbox")

LOOK = 0.5
"""Seconds between looks for what is due."""
FIRST_WAIT, LONGEST_WAIT = 1.0, 30.0
"""Seconds after a failure, doubled after each that follows: a CRM that is back is told within a minute."""
AWAY = 3
"""Calls that fail one after another, after which the CRM is taken to be away."""
TRIES = 12
"""Failures of one call, while others are taken, after which it is parked: something in it breaks the CRM."""
BATCH = 100
DUTY = 10.0
"""Seconds for which one worker delivers for all, unless it goes on; should it be killed, another takes over then."""


class Outbox:
    def __init__(self, store: Store, crm: Log, settings: Settings) -> None:
        self._store, self._crm, self._settings = store, crm, settings
        self._worker = uuid.uuid4().hex
        self._wait = 0.0
        self._at_once = 1
        self._duty_until = 0.0

    async def deliver(self) -> None:
        """Tell the CRM what is due, for as long as this is awaited. One worker does it for all."""
        while True:
            try:
                more = await self._on_duty() and await self._deliver_due()
            except StoreUnavailable as error:
                log.error("%s", error.detail)
                more = False
            if not more:
                jitter = random.uniform(0.8, 1.2)  # noqa: S311 - spreads load, hides nothing
                await asyncio.sleep(max(LOOK, min(self._wait * jitter, LONGEST_WAIT)))

    async def _on_duty(self) -> bool:
        """Whether this worker is the one that delivers, and goes on being it."""
        now = self._store.clock()
        if now > self._duty_until - DUTY / 2:
            mine = await self._store.write(
                lambda writing: writing.take_duty("outbox", self._worker, DUTY)
            )
            self._duty_until = now + DUTY if mine else 0.0
        return now < self._duty_until

    async def _deliver_due(self) -> bool:
        """One pass. True if there may be more to do at once."""
        waiting = self._store.due(self._store.clock(), BATCH)
        whole = len(waiting) == BATCH
        failed: list[Kept] = []
        in_a_row = 0
        offers: dict[asyncio.Task[bool | None], Kept] = {}
        try:
            while True:
                while len(offers) < self._at_once and in_a_row < AWAY and await self._on_duty():
                    # The last try before the CRM is given up is any call's: those that stand first may be what breaks it.
                    kept = _next(waiting, offers.values(), at_random=in_a_row == AWAY - 1)
                    if kept is None:
                        break
                    offers[asyncio.create_task(self._offer(kept))] = kept
                if not offers:
                    break
                done, _running = await asyncio.wait(offers, return_when=asyncio.FIRST_COMPLETED)
                for offer in done:
                    kept = offers.pop(offer)
                    taken = offer.result()
                    if taken is False:
                        failed.append(kept)
                        in_a_row += 1
                    if taken:
                        for poison in failed:
                            await self._store.write(
                                partial(Writing.overtaken, id=poison.record.id, most=TRIES)
                            )
                        failed, in_a_row, self._wait, self._at_once = (
                            [],
                            0,
                            0.0,
                            self._settings.log_at_once,
                        )
        finally:
            for offer in offers:
                offer.cancel()
        if failed:
            self._wait = min(LONGEST_WAIT, max(FIRST_WAIT, self._wait * 2))
            self._at_once = 1  # one by one, until the CRM takes something again
        return whole and not failed

    async def _offer(self, kept: Kept) -> bool | None:
        """Whether the CRM has taken it; None if it never will."""
        try:
            await self._crm.log(call_log(kept.record, self._settings))
        except SourceRefused as error:
            log.warning(
                "%s does not take the call %s: %s", self._crm.name, kept.record.id, error.detail
            )
            await self._store.write(partial(Writing.park, id=kept.record.id, problem=error.detail))
            return None
        except (
            Exception
        ) as error:  # a defect, of ours or a source's, in one call keeps no other from the CRM
            problem = (
                error.detail
                if isinstance(error, CallcardError)
                else f"Callcard failed on it: {error!r}"
            )
            if not kept.problem:
                log.warning("%s can't be told of a call now: %s", self._crm.name, problem)
            await self._store.write(partial(Writing.failed, id=kept.record.id, problem=problem))
            return False
        await self._store.write(partial(Writing.delivered, record=kept.record))
        return True


def _next(waiting: list[Kept], offered: Iterable[Kept], *, at_random: bool) -> Kept | None:
    """Take the first of `waiting` out of it, or any customer's first; of a customer of whom nothing is on its way."""
    customers = {_customer(kept) for kept in offered}
    free = []
    for place, kept in enumerate(waiting):
        if _customer(kept) not in customers:
            customers.add(_customer(kept))
            free.append(place)
    if not free:
        return None
    return waiting.pop(random.choice(free) if at_random else free[0])  # noqa: S311 - hides nothing


def _customer(kept: Kept) -> str:
    return kept.record.number or kept.record.id


def call_log(record: Record, settings: Settings) -> CallLog:
    """`record` as a CRM keeps it."""
    read = numbers.read(record.number, settings.country)
    return CallLog(
        id=record.id,
        contact=record.contact.id if record.contact else "",
        contact_source=record.contact.source if record.contact else "",
        direction=record.direction,
        number=read.e164 or record.number,
        from_address=record.from_address,
        to_address=record.to_address,
        type=record.type,
        queue=record.queue,
        began=record.began,
        answered=record.answered,
        ended=record.ended,
        end=record.end,
        owner=record.owner(settings.owner).agent,
        agents=tuple(
            AgentShare(
                agent=part.agent,
                name=part.name,
                team=part.team,
                ring=record.seconds(part, "ALERTING"),
                talk=record.seconds(part, "ACTIVE"),
                hold=record.seconds(part, "HELD"),
                wrap_up=record.wrap_up_seconds(part),
                notes=part.notes,
                reasons=part.reasons,
            )
            for part in record.parts
        ),
        reasons=record.reasons,
        variables=record.variables,
        calls=record.dialogs,
        key=next((leg.key for leg in record.legs if leg.key), ""),
    )
