"""Import and look-ups in the local contacts: few contacts beside many, and beside PostgreSQL."""

from __future__ import annotations

import asyncio
import csv
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

from callcard.crm.local import LocalContacts
from callcard.telephony import numbers
from tests.bench.postgres_contacts import PostgresContacts, postgres_contacts
from tests.bench.processes import percentile
from tests.bench.scale import Scale
from tests.conftest import ROOT
from tests.harness.postgres import HOW_TO_GET, find_binary


def contact_search(folder: Path, scale: Scale) -> None:
    print(f"\nLocal contacts: look-ups in microseconds (p50 / p99 of {scale.lookups:,}), import")
    print("  contacts      import s   whole number     last digits      no match         4 letters")
    first: list[float] = []
    for count in scale.contacts:
        file = folder / f"{count}.csv"
        _write_contacts(file, count)
        database = folder / f"{count}.sqlite"
        seconds = _import(folder, file, database)
        contacts = LocalContacts(database, country="US", suffix_digits=8)
        ours = asyncio.run(_measure(contacts, count, scale.lookups))
        contacts.close_blocking()
        _print_row(f"{count:<12,}{seconds:>10.1f}", ours)
        medians = [statistics.median(times) for times in ours]
        first = first or medians
        if find_binary("initdb") is None:
            print(f"  {HOW_TO_GET}")
        else:
            theirs = asyncio.run(_measure_postgres(file, count, scale.lookups))
            _print_row("PostgreSQL".ljust(22), theirs)
            _print_ratios("times PostgreSQL", medians, map(statistics.median, theirs))
        if medians is not first:
            _print_ratios("times the fewest", medians, first)


def _print_row(start: str, columns: list[list[float]]) -> None:
    cells = (
        f"{statistics.median(times):>6.0f} / {percentile(times, 0.99):<8.0f}" for times in columns
    )
    print(f"  {start}   {''.join(cells)}")


def _print_ratios(name: str, medians: Iterable[float], others: Iterable[float]) -> None:
    ratios = (median / other for median, other in zip(medians, others, strict=True))
    print(f"    {name:<20}   " + "".join(f"{ratio:>6.2f}           " for ratio in ratios))


async def _measure_postgres(file: Path, count: int, lookups: int) -> list[list[float]]:
    async with postgres_contacts(file) as contacts:
        return await _measure(contacts, count, lookups)


def _import(folder: Path, file: Path, database: Path) -> float:
    started_at = time.perf_counter()
    options = ("--database", str(database), "--country", "US")
    subprocess.run(
        [sys.executable, "-m", "callcard", "contacts", "import", str(file), *options],
        check=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
    )
    return time.perf_counter() - started_at


async def _measure(
    contacts: LocalContacts | PostgresContacts, count: int, lookups: int
) -> list[list[float]]:
    chance = random.Random(2)
    known = [numbers.read(_number(chance.randrange(count)), "US") for _ in range(lookups)]
    # The same last digits in another country.
    similar = [numbers.read("+44" + number.digits[1:], "US") for number in known]
    unknown = [numbers.read(f"+4930{chance.randrange(10**7, 10**8)}", "US") for _ in range(lookups)]
    names = [_name(chance.randrange(count))[:4] for _ in range(lookups)]
    return [
        await _time(lambda index: contacts.by_number(known[index]), lookups),
        await _time(lambda index: contacts.by_number(similar[index]), lookups),
        await _time(lambda index: contacts.by_number(unknown[index]), lookups),
        await _time(lambda index: contacts.search(names[index], 20), lookups),
    ]


async def _time(look_up: Callable[[int], Awaitable[object]], lookups: int) -> list[float]:
    times = []
    for index in range(lookups):
        started_at = time.perf_counter()
        await look_up(index)
        times.append((time.perf_counter() - started_at) * 1e6)
    return times


def _number(index: int) -> str:
    if index % 2:
        return f"+1{(2012000000 + index * 7) % 10**10:010}"
    return f"+4930{20000000 + index:08}"


def _name(index: int) -> str:
    chance = random.Random(index)
    syllables = [chance.choice("bcdfgklmnprst") + chance.choice("aeiou") for _ in range(4)]
    return "".join(syllables).capitalize()


def _write_contacts(file: Path, count: int) -> None:
    with file.open("w", encoding="utf-8", newline="") as output:
        writer = csv.writer(output)
        writer.writerow(["id", "name", "company", "phone"])
        for index in range(count):
            name = f"{_name(index)} {_name(index + 1)}"
            writer.writerow([index, name, f"{_name(index // 20)} Ltd", _number(index)])
