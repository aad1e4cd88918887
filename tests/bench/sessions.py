"""A thousand notification sessions in one process, against a real Prosody: what one costs, connecting and keeping.

Run in a process of its own, so that memory is the sessions' alone: `python -m tests.bench.sessions CARRIER COUNT PORT DOMAIN CA`.
"""

from __future__ import annotations

import asyncio
import json
import resource
import ssl
import sys
import time
from pathlib import Path

import uvloop

from callcard.finesse.notifications import NotificationSession
from callcard.finesse.xmpp_websocket import Address

AT_ONCE = 20


def memory() -> int:
    """Resident, in kB, now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() // 1024


async def measure(address: Address, count: int) -> dict[str, float]:
    gate = asyncio.Semaphore(AT_ONCE)
    sessions: list[NotificationSession] = []

    async def connect(number: int) -> None:
        async with gate:
            session = await NotificationSession.open(address, str(1001 + number % 1000), "callcard")
            await session.subscribe("/finesse/api/SystemInfo")
            sessions.append(session)

    await connect(0)  # what is loaded once is not the sessions' cost
    before, began, cpu = memory(), time.perf_counter(), time.process_time()
    await asyncio.gather(*(connect(n) for n in range(1, count)))
    took, spent, used = time.perf_counter() - began, time.process_time() - cpu, memory() - before

    print(json.dumps({"subscribed": len(sessions)}), flush=True)
    sys.stdin.readline()  # the other process publishes
    waiting = time.perf_counter()
    for session in sessions:
        async with asyncio.timeout(60):
            await session.next()
    delivered = time.perf_counter() - waiting
    await asyncio.gather(*(session.close() for session in sessions))
    each = count - 1
    return {
        "kB each": used / each, "ms CPU each": 1000 * spent / each, "s to connect": took, "s from one event to the last": delivered,
    }  # fmt: skip


def main() -> None:
    carrier, count, port, domain, ca = sys.argv[1:6]
    tls = ssl.create_default_context(cafile=ca)
    address = Address(
        "localhost", int(port), domain, "tcp" if carrier == "tcp" else "websocket", tls
    )
    print(json.dumps(uvloop.run(measure(address, int(count)))), flush=True)


if __name__ == "__main__":
    main()
