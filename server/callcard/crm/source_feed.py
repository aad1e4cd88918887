"""What has changed in a CRM that can list its contacts, for a mirror: all of them now and then, and
in between those that were changed."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable

import msgspec

from callcard import times
from callcard.crm.base import ContactSource
from callcard.crm.mirror import Changes, entry_of

OVERLAP_SECONDS = 120.0
"""Changes are asked for from so long before the last time: the CRM's clock is not ours, and what it
saves may become visible later."""


class _Cursor(msgspec.Struct, frozen=True):
    """Where the copying stands. Times are seconds since the epoch; 0 is never."""

    since: float = 0.0
    """From when on changes are asked for; 0: everything is."""
    place: str = ""
    """The source's place of the next page of a pass that has not ended."""
    began_at: float = 0.0
    whole_at: float = 0.0
    """When the last pass over everything began that has ended."""


class SourceFeed:
    """Implements `mirror.ContactFeed` on `ContactSource.list_contacts`."""

    def __init__(
        self,
        source: ContactSource,
        country: str,
        whole_seconds: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """After `whole_seconds` everything is copied anew: what was deleted shows only then."""
        self.name = source.name
        self._source = source
        self._country = country
        self._whole_seconds = whole_seconds
        self._clock = clock

    async def close(self) -> None:
        await self._source.close()

    async def changes(self, cursor: str) -> AsyncIterator[Changes]:
        """See `ContactFeed.changes`. A pass that was interrupted goes on where it was."""
        at = _read(cursor)
        if not at.place:
            at = self._begin(at)
        is_whole = not at.since
        starts_over = is_whole and not at.place
        since = times.iso_text(max(0.0, at.since - OVERLAP_SECONDS)) if at.since else ""
        async for page in self._source.list_contacts(since, at.place):
            at = msgspec.structs.replace(at, place=page.place)
            yield Changes(
                changed=tuple(entry_of(contact, self._country) for contact in page.contacts),
                deleted=page.deleted,
                cursor=_text(at) if page.place else "",
                starts_over=starts_over,
            )
            starts_over = False
        whole_at = at.began_at if is_whole else at.whole_at
        done = _Cursor(since=at.began_at, whole_at=whole_at)
        yield Changes(cursor=_text(done), starts_over=starts_over)

    def _begin(self, at: _Cursor) -> _Cursor:
        now = self._clock()
        is_due = now - at.whole_at >= self._whole_seconds
        since = at.since if self._source.lists_changes and not is_due else 0.0
        return _Cursor(since=since, began_at=now, whole_at=at.whole_at)


def _read(text: str) -> _Cursor:
    try:
        return msgspec.json.decode(text, type=_Cursor) if text else _Cursor()
    except msgspec.DecodeError:  # of another kind of source, which had the same file
        return _Cursor()


def _text(cursor: _Cursor) -> str:
    return msgspec.json.encode(cursor).decode()
