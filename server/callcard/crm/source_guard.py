"""The guard of a contact source: deadline, circuit breaker, concurrency limit and cache.

A query never raises: its answer says how it went, with a reason that an agent may read.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Generic, Literal, TypeVar

import msgspec
from cachetools import TTLCache
from msgspec import Meta

from callcard.crm.base import ContactSource, InteractionRecord, Match, Operation
from callcard.crm.circuit_breaker import CircuitBreaker
from callcard.errors import CallcardError, SourceRejected, SourceUnavailable
from callcard.telephony.numbers import Number

log = logging.getLogger(__name__)

_T = TypeVar("_T")
SourceStatus = Literal["ok", "pending", "late", "failed", "skipped"]
"""`pending`: has not answered yet, ask again; `skipped`: failed too often to be asked now."""
MAX_CACHED_NUMBERS = 5000


class SourceLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What can be set for every contact source, whatever its kind."""

    deadline_seconds: (
        Annotated[
            float,
            Meta(
                gt=0,
                le=4,
                description="time to answer; contacts.deadline_seconds if it is not given",
            ),
        ]
        | None
    ) = None
    cache_seconds: (
        Annotated[float, Meta(ge=0, le=86400, description="how long found contacts are remembered")]
        | None
    ) = None
    not_found_cache_seconds: Annotated[
        float, Meta(ge=0, le=86400, description="how long it is remembered that there are none")
    ] = 10.0
    concurrency: Annotated[
        int, Meta(ge=1, le=1000, description="requests at a time; others wait")
    ] = 16


@dataclass(frozen=True, slots=True)
class Answer(Generic[_T]):
    """What came of a query to one source."""

    status: SourceStatus
    value: _T | None = None
    problem: str = ""
    """Why there is no value, in words for an agent; without addresses and secrets."""
    seconds: float = 0.0


class GuardedSource:
    """A contact source that may be slow or broken."""

    def __init__(
        self,
        source: ContactSource,
        limits: SourceLimits,
        deadline_seconds: float,
        clock: Callable[[], float] = time.monotonic,
        secrets: frozenset[str] = frozenset(),
    ) -> None:
        """`deadline_seconds` applies if the limits have none. `clock` counts seconds.

        `secrets` are those of the configuration, which no explanation of a look-up may show.
        """
        self.source = source
        self._secrets = {
            form: None
            for secret in sorted(secrets, key=len, reverse=True)
            for form in (secret, msgspec.json.encode(secret)[1:-1].decode())
        }
        self.name = source.name
        self.deadline_seconds = limits.deadline_seconds or deadline_seconds
        self._clock = clock
        self._breaker = CircuitBreaker(clock)
        self._slots = asyncio.Semaphore(limits.concurrency)
        found_seconds = limits.cache_seconds
        if found_seconds is None:
            found_seconds = source.cache_seconds
        not_found_seconds = min(limits.not_found_cache_seconds, found_seconds)
        self._found: TTLCache[str, list[Match]] = TTLCache(
            MAX_CACHED_NUMBERS, found_seconds, timer=clock
        )
        self._not_found: TTLCache[str, list[Match]] = TTLCache(
            MAX_CACHED_NUMBERS, not_found_seconds, timer=clock
        )
        self._in_flight: dict[str, asyncio.Task[Answer[list[Match]]]] = {}
        self._running: set[asyncio.Task[Any]] = set()

    @property
    def capabilities(self) -> frozenset[Operation]:
        return self.source.capabilities

    def redact(self, text: str) -> str:
        """Return a text without the source's secrets."""
        for secret in self._secrets:
            text = text.replace(secret, "…")
        return text

    async def close(self) -> None:
        for task in self._running:
            task.cancel()
        await self.source.close()

    # ---- queries

    def by_number(
        self, number: Number, *, refresh: bool = False
    ) -> asyncio.Task[Answer[list[Match]]]:
        """Look a number up. Several look-ups of one number at the same time are one request.

        The request goes on if nobody waits for it any more, so that its answer is remembered.
        `refresh` asks the source even if the answer is known.
        """
        key = number.e164 or number.digits
        running = self._in_flight.get(key)
        if running is not None and not refresh:
            return running
        if not refresh:
            known = self._found.get(key) or self._not_found.get(key)
            if known is not None:
                return asyncio.create_task(_remembered(known))
        task = self.query(lambda source: source.by_number(number))
        self._in_flight[key] = task
        task.add_done_callback(lambda done: self._remember(key, done))
        return task

    def _remember(self, key: str, task: asyncio.Task[Answer[list[Match]]]) -> None:
        if self._in_flight.get(key) is not task:
            return  # asked anew since then, or something was changed: the answer may be old
        del self._in_flight[key]
        if task.cancelled() or task.result().status != "ok":
            return
        matches = task.result().value or []
        (self._found if matches else self._not_found)[key] = matches
        (self._not_found if matches else self._found).pop(key, None)

    def query(self, call: Callable[[ContactSource], Awaitable[_T]]) -> asyncio.Task[Answer[_T]]:
        """Ask the source, within its limits."""
        task = asyncio.create_task(self._run(call))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def _run(self, call: Callable[[ContactSource], Awaitable[_T]]) -> Answer[_T]:
        wait_seconds = self._breaker.admit()
        if wait_seconds:
            why = f"failed {self._breaker.failures} times in a row"
            if self._breaker.is_asked:
                why = "asked for a pause"
            again = f"it is asked again in {wait_seconds:.0f} seconds"
            return Answer("skipped", problem=f"{self.name} {why}; {again}")
        started = self._clock()
        status: SourceStatus = "failed"
        value: _T | None = None
        problem = ""
        try:
            async with asyncio.timeout(self.deadline_seconds), self._slots:
                value = await call(self.source)
            status = "ok"
            self._breaker.succeed()
        except TimeoutError:
            status = "late"
            self._breaker.fail()
            problem = f"{self.name} did not answer within {self.deadline_seconds:g} seconds"
        except CallcardError as error:
            problem = error.detail
            log.warning("contact source %s: %s", self.name, problem)
            if isinstance(error, SourceRejected):
                self._breaker.succeed()  # it works, but not for this request
            elif isinstance(error, SourceUnavailable) and error.retry_after:
                self._breaker.pause(error.retry_after)
            else:
                self._breaker.fail()
        except Exception as error:
            problem = f"{self.name} failed ({type(error).__name__}); the service's log has more"
            log.exception("contact source %s failed", self.name)
            self._breaker.fail()
        return Answer(status, value, problem, self._clock() - started)

    # ---- changes

    async def change(self, call: Callable[[ContactSource], Awaitable[_T]]) -> _T:
        """Change something in the source. What was remembered is dropped, whatever comes of it."""
        try:
            return await call(self.source)
        finally:
            for remembered in (self._found, self._not_found, self._in_flight):
                remembered.clear()

    async def log(self, interaction: InteractionRecord) -> None:
        """Log an interaction, which is then part of its contact's history."""
        try:
            await self.source.log(interaction)
        finally:
            for remembered in (self._found, self._in_flight):
                remembered.pop(interaction.number, None)


async def _remembered(matches: list[Match]) -> Answer[list[Match]]:
    return Answer("ok", matches)
