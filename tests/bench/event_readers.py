"""One event to many readers of the event stream, beside a bare asyncio server that only writes."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx

from callcard.api import api_keys
from callcard.store.open_store import open_store
from tests.bench.processes import process, resident_megabytes
from tests.bench.scale import Scale
from tests.harness.ports import free_port
from tests.harness.secret_files import write_secret

MARK = b"event: number-list-changed"
EVENTS = 20
PAUSE_SECONDS = 0.2
SETTLE_SECONDS = 1.0
DEADLINE_SECONDS = 60
READERS_AT_A_TIME = 100
"""That connect; more than the listening socket's queue would be refused."""

Publish = Callable[[httpx.AsyncClient, int], Awaitable[object]]


class _Readers:
    """Count what all of them received."""

    def __init__(self) -> None:
        self.connected = 0
        self.received = 0
        self.first_at = 0.0
        self.last_at = 0.0

    def begin(self) -> None:
        self.received = 0

    def note(self, data: bytes) -> None:
        if b"retry:" in data:
            self.connected += 1
        found = data.count(MARK)
        if found:
            now = time.perf_counter()
            if self.received == 0:
                self.first_at = now
            self.received += found
            self.last_at = now


class _Reader(asyncio.Protocol):
    def __init__(self, readers: _Readers, request: bytes) -> None:
        self._readers = readers
        self._request = request

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._readers.note(data)


def event_readers(folder: Path, scale: Scale) -> None:
    count = scale.event_readers
    key = _prepare(folder, count)
    port, bare_port = free_port(), free_port()
    serve = ("callcard", "serve", "--config", "callcard.toml", "--port", str(port))
    bare = ("tests.bench.bare_fan_out", str(bare_port))
    print(f"\n{EVENTS} events to {count:,} readers of the stream in one process")
    print(
        f"{'':14}{'to the first':>14}{'to the last':>13}{'p95 to the last':>17}{'kB a reader':>13}"
    )
    stream = (
        f"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n"
        f"X-API-Key: {key}\r\n\r\n"
    )

    async def list_number(http: httpx.AsyncClient, number: int) -> None:
        body = {"number": f"+4930{number:07}", "reason": "benchmark"}
        (await http.post("/api/v1/lists/flag", json=body)).raise_for_status()

    async def write(http: httpx.AsyncClient, number: int) -> None:
        (await http.post("/")).raise_for_status()

    last: dict[str, float] = {}
    with (
        process(*serve, cwd=folder, ready=f"http://127.0.0.1:{port}/healthz") as service,
        process(*bare, cwd=folder, ready=f"http://127.0.0.1:{bare_port}/") as fan_out,
    ):
        for name, at, pid, publish in (
            ("bare asyncio", bare_port, fan_out.pid, write),
            ("Callcard", port, service.pid, list_number),
        ):
            last[name] = asyncio.run(_measure(name, at, pid, publish, count, stream, key))
    print(f"  ratio to the last: {last['Callcard'] / last['bare asyncio']:.1f}")


def _prepare(folder: Path, readers: int) -> str:
    """Write the settings, and return a key."""
    write_secret(
        folder / "callcard.toml",
        '[finesse]\nurl = "http://127.0.0.1:1"\n'
        f"[api]\nconnections = {readers + 100}\nconnections_per_address = {readers + 100}\n",
    )
    key, row = api_keys.create(
        "bench", ("events", "lists"), now=time.time(), requests_per_second=10_000
    )

    async def save() -> None:
        store = open_store(str(folder / "callcard-calls.sqlite"))
        async with store.transaction() as tx:
            await tx.save_api_key(row)
        await store.close()

    asyncio.run(save())
    return key


async def _measure(
    name: str, port: int, pid: int, publish: Publish, count: int, stream: str, key: str
) -> float:
    """Print a line; return the median of the seconds until the last reader has an event."""
    loop = asyncio.get_running_loop()
    readers = _Readers()
    before = resident_megabytes(pid)
    transports = []
    for start in range(0, count, READERS_AT_A_TIME):
        connecting = (
            loop.create_connection(lambda: _Reader(readers, stream.encode()), "127.0.0.1", port)
            for _ in range(start, min(count, start + READERS_AT_A_TIME))
        )
        transports += [transport for transport, _ in await asyncio.gather(*connecting)]
        await _until(lambda: readers.connected == len(transports))  # noqa: B023 - awaited here
    await asyncio.sleep(SETTLE_SECONDS)
    memory = (resident_megabytes(pid) - before) / count * 1024
    first, last = [], []
    headers = {"X-API-Key": key}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers) as http:
        for number in range(EVENTS):
            readers.begin()
            started = time.perf_counter()
            await publish(http, number)
            await _until(lambda: readers.received >= count)
            assert readers.received == count, "no reader gets an event twice"
            first.append(readers.first_at - started)
            last.append(readers.last_at - started)
            await asyncio.sleep(PAUSE_SECONDS)
    for transport in transports:
        transport.close()
    p95 = sorted(last)[int(len(last) * 0.95) - 1]
    median = statistics.median(last)
    print(
        f"  {name:12}{statistics.median(first) * 1000:>11.1f} ms{median * 1000:>10.1f} ms"
        f"{p95 * 1000:>14.1f} ms{memory:>13.0f}"
    )
    return median


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not condition():
            await asyncio.sleep(0.001)
