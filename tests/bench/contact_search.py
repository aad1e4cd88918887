"""Import and look-ups in the local contacts: few contacts beside many."""

from __future__ import annotations

import asyncio
import csv
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from callcard.crm.local import LocalContacts
from callcard.telephony import numbers
from tests.bench.processes import percentile
from tests.bench.scale import Scale
from tests.conftest import ROOT


def contact_search(folder: Path, scale: Scale) -> None:
    print(f"\nLocal contacts: look-ups in microseconds (p50 / p99 of {scale.lookups:,}), import")
    print("  contacts      import s   whole number     last digits      no match         4 letters")
    medians = []
    for count in scale.contacts:
        database = folder / f"{count}.sqlite"
        seconds = _import(folder, database, count)
        contacts = LocalContacts(database, country="US", suffix_digits=8)
        columns = asyncio.run(_measure(contacts, count, scale.lookups))
        contacts.close_blocking()
        medians.append([statistics.median(times) for times in columns])
        cells = "".join(
            f"{statistics.median(times):>6.0f} / {percentile(times, 0.99):<8.0f}"
            for times in columns
        )
        print(f"  {count:<12,}{seconds:>10.1f}   {cells}")
    ratios = (big / small for small, big in zip(*medians, strict=True))
    print("  ratio of p50            " + "".join(f"{ratio:>6.2f}           " for ratio in ratios))


def _import(folder: Path, database: Path, count: int) -> float:
    file = folder / f"{count}.csv"
    _write_contacts(file, count)
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


async def _measure(contacts: LocalContacts, count: int, lookups: int) -> list[list[float]]:
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
