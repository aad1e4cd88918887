"""Look-ups over several contact sources: one that hangs, and what each further one costs."""

from __future__ import annotations

import asyncio
import copy
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

from callcard.crm.base import Contact, ContactNumber, ContactSource, Match
from callcard.crm.directory import Directory, Wait
from callcard.crm.registry import open_source
from callcard.crm.source_guard import GuardedSource, SourceLimits
from callcard.settings_sections import ContactsSettings
from callcard.telephony.numbers import Number
from tests.bench.processes import percentile
from tests.bench.scale import Scale
from tests.harness.ports import free_port
from tests.harness.rest_crm import CONFIGURATION, RestCrm
from tests.harness.serving import listening

DELAYS_SECONDS = (0.02, 0.15, 60.0)
"""Of the three CRMs: the last one hangs."""
UNCACHED = SourceLimits(cache_seconds=0, not_found_cache_seconds=0)
KNOWN_NUMBER = "+12125550123"


class InstantSource(ContactSource):
    """A source that answers at once, so that what remains is Callcard's own work."""

    def __init__(self, name: str) -> None:
        self.name = name
        number = ContactNumber(number="(212) 555-0123", e164=KNOWN_NUMBER)
        self._matches = [
            Match(
                how="exact",
                contact=Contact(source=name, id="1", name=f"Ada {name}", numbers=(number,)),
            )
        ]

    async def by_number(self, number: Number) -> list[Match]:
        return self._matches


def sources(folder: Path, scale: Scale) -> None:
    asyncio.run(_measure_hanging(scale.source_lookups))
    asyncio.run(_measure_cpu(scale.lookups))


async def _measure_hanging(count: int) -> None:
    print(f"\nThree CRMs over HTTP, one hanging: milliseconds of {count:,} look-ups (p50 / p99)")
    crms = [RestCrm() for _delay in DELAYS_SECONDS]
    for crm, delay in zip(crms, DELAYS_SECONDS, strict=True):
        crm.delay_seconds = delay
    ports = [free_port() for _crm in crms]
    with listening(*((crm.app, port) for crm, port in zip(crms, ports, strict=True))):
        alone = await _times(_directory(ports[:1]), count, "all")
        everyone = _directory(ports)
        first = await _times(everyone, count, "first")
        # One more look-up brings the rest, as the card asks for it; the hanging one ends late.
        last = await _times(_directory(ports), max(3, count // 10), "all")
    rows = (
        ("the fastest one alone", alone),
        ("of three, the first usable answer", first),
        ("of three, the last usable answer", last),
    )
    for label, times in rows:
        p50, p99 = statistics.median(times), percentile(times, 0.99)
        ratio = p50 / statistics.median(alone)
        print(f"  {label:36}{1000 * p50:>8.0f} /{1000 * p99:>6.0f}   {ratio:>5.1f} times")


def _directory(ports: Sequence[int]) -> Directory:
    settings = ContactsSettings()
    guarded = [
        GuardedSource(_open(f"crm{index}", port), UNCACHED, settings.deadline_seconds)
        for index, port in enumerate(ports)
    ]
    return Directory(guarded, "US", settings)


def _open(name: str, port: int) -> ContactSource:
    options = {**copy.deepcopy(CONFIGURATION), "base_url": f"http://127.0.0.1:{port}"}
    source = open_source("rest", **options)
    source.name = name
    return source


async def _times(directory: Directory, count: int, wait: Wait) -> list[float]:
    times = []
    for _index in range(count):
        started = time.perf_counter()
        await directory.look_up(KNOWN_NUMBER, wait=wait, refresh=True)
        times.append(time.perf_counter() - started)
    for source in directory.sources:
        await source.close()
    return times


async def _measure_cpu(count: int) -> None:
    print(f"\nCPU of a look-up, in microseconds (mean of {count:,}); the sources take none")
    base = 0.0
    for sources_count in (1, 3, 6):
        names = [f"s{index}" for index in range(sources_count)]
        guarded = [GuardedSource(InstantSource(name), UNCACHED, 1.5) for name in names]
        directory = Directory(guarded, "US", ContactsSettings())
        mean = await _cpu_microseconds(directory, count)
        base = base or mean
        print(f"  {sources_count} sources{mean:>10.0f}   {mean / base:>5.1f} times that of one")


async def _cpu_microseconds(directory: Directory, count: int) -> float:
    started = time.process_time()
    for _index in range(count):
        await directory.look_up(KNOWN_NUMBER)
    return 1e6 * (time.process_time() - started) / count
