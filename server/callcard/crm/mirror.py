"""A copy of a source that searches badly: its contacts are indexed here, and kept up to date.

Look-ups and searches are then as fast as those of local contacts, and find numbers however they are
written. What changed is asked for in intervals; a copy that was never complete is waited for.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from callcard.crm.base import Contact, ContactSource, Match
from callcard.crm.local_writes import ContactEntry
from callcard.crm.mirror_index import MirrorIndex
from callcard.errors import CallcardError
from callcard.futures import mark_retrieved
from callcard.telephony import numbers
from callcard.telephony.numbers import Number

log = logging.getLogger(__name__)

RETRY_SECONDS = 10.0
"""After a failure, until the source is asked again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """A part of what has changed in a source."""

    changed: tuple[ContactEntry, ...] = ()
    """Their keys are the ids in the source."""
    deleted: tuple[str, ...] = ()
    """Ids of contacts that are there no more."""
    cursor: str = ""
    """From where to go on once this part is stored; empty: as before."""
    starts_over: bool = False
    """All contacts follow: what is not among them is there no more."""


class ContactFeed(Protocol):
    """A source that can say what has changed in it."""

    name: str

    def changes(self, cursor: str) -> AsyncIterator[Changes]:
        """Yield what has changed since `cursor`, or everything if it is empty or too old."""

    async def close(self) -> None: ...


class MirroredSource(ContactSource):
    """Answers from the copy of a feed in the file at `path`.

    It is brought up to date when it is used and older than `refresh_seconds`, at most by one task.
    """

    cache_seconds = 0.0  # as fast as a cache

    def __init__(
        self,
        feed: ContactFeed,
        path: Path | str,
        *,
        country: str,
        refresh_seconds: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`clock` returns seconds since the epoch."""
        self.name = feed.name
        self._feed = feed
        self._country = country
        self._index = MirrorIndex(path, name=feed.name, country=country)
        self._refresh_seconds = refresh_seconds
        self._clock = clock
        self._task: asyncio.Task[None] | None = None
        self._retry_at = 0.0

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError, CallcardError):
                await self._task
        await self._feed.close()
        await self._index.close()

    # ---- reads

    async def by_number(self, number: Number) -> list[Match]:
        await self._refresh()
        found = await self._index.by_number(number)
        return [replace(match, contact=self._with_own_id(match.contact)) for match in found]

    async def search(self, text: str, limit: int) -> list[Contact]:
        await self._refresh()
        return [self._with_own_id(each) for each in await self._index.search(text, limit)]

    async def get(self, id: str) -> Contact | None:
        await self._refresh()
        found = await self._index.by_key(id)
        return self._with_own_id(found) if found else None

    def _with_own_id(self, contact: Contact) -> Contact:
        """Return a contact with its id in the source, instead of that in the copy."""
        return replace(contact, id=self._index.key_of(contact.id))

    # ---- keeping the copy up to date

    @property
    def copied_at(self) -> float | None:
        """When the copy was last complete, in seconds since the epoch; None if never."""
        value = self._index.state().get("copied_at")
        return float(value) if value else None

    @property
    def description(self) -> str:
        copied_at = self.copied_at
        if copied_at is None:
            return "no copy yet"
        age = max(0, round(self._clock() - copied_at))
        return f"a copy of {self._index.count():,} contacts, {age:,} seconds old"

    async def keep(self, contact: Contact) -> None:
        """Put a contact into the copy that was changed through Callcard."""
        number = int(self._index.state().get("pass", "0"))
        await self._index.save([entry_of(contact, self._country)], number)

    async def drop(self, id: str) -> None:
        """Take a contact out of the copy."""
        await self._index.delete([id])

    @property
    def count(self) -> int:
        """How many contacts the copy has."""
        return self._index.count()

    def begin_refresh(self) -> None:
        """Start to bring the copy up to date if it is old. Errors are logged."""
        copied_at = self.copied_at
        is_fresh = copied_at is not None and self._clock() - copied_at < self._refresh_seconds
        may_try = self._clock() >= self._retry_at and (self._task is None or self._task.done())
        if may_try and not is_fresh:
            self._task = asyncio.create_task(self._update_and_log())
            self._task.add_done_callback(mark_retrieved)

    async def _refresh(self) -> None:
        """Begin to bring the copy up to date; wait for it if it was never complete."""
        self.begin_refresh()
        if self.copied_at is None and self._task is not None:
            # A look-up that gives up must not end the copying.
            await asyncio.shield(self._task)

    async def _update_and_log(self) -> None:
        try:
            await self.update()
        except Exception as error:
            self._retry_at = self._clock() + RETRY_SECONDS
            if isinstance(error, CallcardError):
                log.warning("the copy of %s is not up to date: %s", self.name, error.detail)
            else:  # nobody may wait for the task
                log.exception("the copy of %s is not up to date", self.name)
            raise

    async def forget_cursor(self) -> None:
        """Let the next update copy everything; what is copied stays until then."""
        await self._index.save_state(cursor="", is_whole="")

    async def update(self, on_progress: Callable[[int], None] = lambda count: None) -> int:
        """Bring the copy up to date; return how many contacts changed.

        `on_progress` gets their number so far. Raises SourceUnavailable, SourceRejected; what came
        until then is stored, and the next update goes on from there.
        """
        state = self._index.state()
        number = int(state.get("pass", "0"))
        is_whole = state.get("is_whole", "") == "1"
        count = 0
        async for changes in self._feed.changes(state.get("cursor", "")):
            if changes.starts_over and (not is_whole or not count):
                is_whole = True
                number += 1
                await self._index.save_state(cursor="", is_whole="1", **{"pass": str(number)})
            await self._index.save(changes.changed, number)
            await self._index.delete(changes.deleted)
            count += len(changes.changed) + len(changes.deleted)
            on_progress(count)
            if changes.cursor:
                await self._index.save_state(cursor=changes.cursor)
        if is_whole:
            await self._index.delete(self._index.not_seen_in(number))
        await self._index.save_state(copied_at=str(self._clock()), is_whole="")
        return count


def entry_of(contact: Contact, country: str) -> ContactEntry:
    """Return a contact as the copy has it, under its id in the source."""
    return ContactEntry(
        key=contact.id,
        name=contact.name,
        company=contact.company,
        email=contact.email,
        url=contact.url,
        language=contact.language,
        flags=contact.flags,
        numbers=[
            (numbers.read(each.e164 or each.number, country), each.label)
            for each in contact.numbers
        ],
        created_at=contact.created_at,
        updated_at=contact.updated_at,
    )
