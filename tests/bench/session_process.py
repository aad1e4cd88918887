"""The process of the session benchmark: opens the sessions and measures what each costs.

It is a process of its own, so that its memory is the sessions' alone:
`python -m tests.bench.session_process TRANSPORT COUNT PORT DOMAIN CA_FILE`.
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
from callcard.finesse.xmpp_base import Address

SIMULTANEOUS_CONNECTS = 20
DELIVERY_TIMEOUT_SECONDS = 60


def memory_kb() -> int:
    """Return this process's resident memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() // 1024


async def measure(address: Address, count: int) -> dict[str, float]:
    gate = asyncio.Semaphore(SIMULTANEOUS_CONNECTS)
    sessions: list[NotificationSession] = []

    async def connect(number: int) -> None:
        async with gate:
            session = await NotificationSession.open(address, str(1001 + number % 1000), "callcard")
            await session.subscribe("/finesse/api/SystemInfo")
            sessions.append(session)

    await connect(0)  # what is loaded once is not part of a session's cost
    memory_before = memory_kb()
    started_at = time.perf_counter()
    cpu_before = time.process_time()
    await asyncio.gather(*(connect(number) for number in range(1, count)))
    connect_seconds = time.perf_counter() - started_at
    cpu_seconds = time.process_time() - cpu_before
    memory_used = memory_kb() - memory_before

    print(json.dumps({"subscribed": len(sessions)}), flush=True)
    sys.stdin.readline()  # the other process publishes now
    published_at = time.perf_counter()
    for session in sessions:
        async with asyncio.timeout(DELIVERY_TIMEOUT_SECONDS):
            await session.next()
    delivery_seconds = time.perf_counter() - published_at
    await asyncio.gather(*(session.close() for session in sessions))
    measured = count - 1
    return {
        "kB each": memory_used / measured,
        "ms CPU each": 1000 * cpu_seconds / measured,
        "s to connect all": connect_seconds,
        "s for one event to all": delivery_seconds,
    }


def main() -> None:
    transport, count, port, domain, ca_file = sys.argv[1:6]
    address = Address(
        "localhost",
        int(port),
        domain,
        "tcp" if transport == "tcp" else "websocket",
        ssl.create_default_context(cafile=ca_file),
    )
    print(json.dumps(uvloop.run(measure(address, int(count)))), flush=True)


if __name__ == "__main__":
    main()
