"""The contact sources and the deliveries to them: opened from the settings, and replaced when those
change, without a restart.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from callcard.crm.base import ContactSource
from callcard.crm.mirror import MirroredSource
from callcard.crm.open_sources import check_sources, open_delivery_sinks, open_sources
from callcard.crm.source_guard import GuardedSource
from callcard.errors import CallcardError, OperatorError
from callcard.events import EventBus
from callcard.journal.delivery import Delivery
from callcard.settings import Settings
from callcard.store.base import DeliveryShare, Store

log = logging.getLogger(__name__)

REFRESH_CHECK_SECONDS = 15.0
"""Between looks at the age of copied contacts."""
WATCH_SECONDS = 2.0
"""Between looks at the settings file."""
CLOSE_SECONDS = 30.0
"""After which replaced sources are closed: no request of the service takes longer."""


class CrmConnections:
    """`sources` and `deliveries` are those of the settings that were read last."""

    def __init__(
        self, settings: Settings, store: Store, events: EventBus, clock: Callable[[], float]
    ) -> None:
        """Raises OperatorError for unusable settings."""
        self._settings = settings
        self._store = store
        self._events = events
        self._clock = clock
        self._jobs: list[asyncio.Task[None]] = []
        self._closing: set[asyncio.Task[None]] = set()
        self._is_running = False
        self.on_replaced: Callable[[Sequence[GuardedSource]], None] = lambda sources: None
        self.sources: list[GuardedSource] = []
        self.deliveries: list[Delivery] = []
        self._opened: list[ContactSource | GuardedSource] = []
        self._open(settings, open_sources(settings))

    def _open(self, settings: Settings, sources: list[GuardedSource]) -> None:
        sinks = open_delivery_sinks(settings, sources)
        others = tuple(each.source for each in sinks if each.source)
        self.sources = sources
        self.deliveries = [
            Delivery(
                self._store,
                each.sink,
                self._events,
                settings,
                self._clock,
                DeliveryShare(source=each.source, others=() if each.source else others),
            )
            for each in sinks
        ]
        webhooks = [each.sink for each in sinks if each.sink not in sources]
        self._opened = [*sources, *webhooks]
        self._settings = settings

    def start(self) -> None:
        """Run the deliveries until `stop`."""
        self._is_running = True
        self._jobs = [asyncio.create_task(deliver_forever(each)) for each in self.deliveries]
        copies = [each.source for each in self.sources if isinstance(each.source, MirroredSource)]
        if copies:
            self._jobs.append(asyncio.create_task(refresh_forever(copies)))

    async def stop(self) -> None:
        """End the deliveries; what was under way is delivered again, under the same ids."""
        self._is_running = False
        await _end(self._jobs)
        self._jobs = []

    async def close(self) -> None:
        await _end(self._closing)
        await _close(self._opened)

    async def replace(self, settings: Settings) -> None:
        """Use other sources from now on. Raises OperatorError or SourceUnavailable, and then
        nothing has changed.

        What is being asked of the old ones is answered before they are closed.
        """
        before, is_running = self._opened, self._is_running
        check_sources(settings)
        sources = open_sources(settings)
        try:
            self._open(settings, sources)
        except OperatorError:
            await _close(sources)
            raise
        self.on_replaced(self.sources)
        if is_running:
            await self.stop()
            self.start()
        task = asyncio.create_task(_close_later(before))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def watch(self, file: Path, read: Callable[[], Settings]) -> None:
        """Replace the sources whenever `file` changes, until cancelled. `read` reads it."""
        seen = _version(file)
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            version = _version(file)
            if version in (seen, None):
                continue
            seen = version
            try:
                await self._take_over(read())
            except (OperatorError, CallcardError) as error:
                log.error("%s: the contact sources stay as they were: %s", file, error)
            except Exception:  # a defect must not end the watch for good
                log.exception("%s: the contact sources stay as they were", file)

    async def _take_over(self, settings: Settings) -> None:
        def concerning(each: Settings) -> tuple[object, ...]:
            return each.sources, each.delivery, each.contacts.deadline_seconds

        if concerning(settings) == concerning(self._settings):
            log.warning("the settings have changed; all but sources and delivery need a restart")
            return
        await self.replace(settings)
        log.info("contact sources: %s", ", ".join(each.name for each in self.sources))


def _version(file: Path) -> tuple[int, int, int] | None:
    """Return what changes with a file; None while it is not there, as when it is being replaced."""
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


async def _close_later(opened: Sequence[ContactSource | GuardedSource]) -> None:
    try:
        await asyncio.sleep(CLOSE_SECONDS)
    finally:
        await _close(opened)


async def _close(opened: Sequence[ContactSource | GuardedSource]) -> None:
    for each in opened:
        await each.close()


async def _end(tasks: Sequence[asyncio.Task[None]] | set[asyncio.Task[None]]) -> None:
    for task in list(tasks):
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def refresh_forever(copies: Sequence[MirroredSource]) -> None:
    """Keep copies of contacts up to date until cancelled, so that no call finds an old one."""
    while True:
        for copy in copies:
            copy.begin_refresh()
        await asyncio.sleep(REFRESH_CHECK_SECONDS)


async def deliver_forever(delivery: Delivery) -> None:
    """Run the delivery until cancelled, pausing when nothing is due."""
    while True:
        has_more = False
        try:
            has_more = await delivery.step()
        except CallcardError as error:
            log.error("delivery: %s", error.detail)
        except Exception:  # a defect must not end the delivery for good
            log.exception("delivery failed")
        if not has_more:
            await asyncio.sleep(delivery.pause_seconds)
