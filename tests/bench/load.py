"""Send requests over keep-alive connections, cheaply enough not to be what is measured."""

from __future__ import annotations

import asyncio
import itertools
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass

from callcard.finesse.client import basic

AGENT = basic("1001", "callcard")


@dataclass(frozen=True, slots=True)
class Result:
    rate: float
    """Requests per second."""
    p50: float
    """Milliseconds."""
    p99: float
    errors: int


def request(
    method: str, path: str, *, body: str = "", content_type: str = "application/xml"
) -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {AGENT}\r\n"
    if body:
        head += f"Content-Type: {content_type}\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()


async def load(
    port: int,
    requests: list[bytes],
    *,
    connections: int,
    seconds: float,
    requests_per_second: float | None = None,
) -> Result:
    """Send `requests` in turn over simultaneous `connections` for `seconds`.

    Each connection sends the next request when the one before is answered, but all together no more
    than `requests_per_second`, if that is given, at even distances.
    """
    upcoming = itertools.cycle(requests)
    started_at = time.perf_counter()
    deadline = started_at + seconds
    pause = connections / requests_per_second if requests_per_second else 0.0
    results = await asyncio.gather(
        *(
            _connection(port, upcoming, deadline, pause, first_at=pause * index / connections)
            for index in range(connections)
        )
    )
    duration = time.perf_counter() - started_at
    times = sorted(each for times, _errors in results for each in times)
    errors = sum(errors for _times, errors in results)
    if not times:
        return Result(0, 0, 0, errors)
    p99 = times[min(len(times) - 1, int(len(times) * 0.99))]
    return Result(len(times) / duration, statistics.median(times) * 1000, p99 * 1000, errors)


async def _connection(
    port: int, upcoming: Iterator[bytes], deadline: float, pause: float, first_at: float
) -> tuple[list[float], int]:
    """Return the seconds of each request, and how many failed.

    The first starts after `first_at` seconds; `pause` seconds are between the starts.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    times: list[float] = []
    errors = 0
    await asyncio.sleep(first_at)
    while (started_at := time.perf_counter()) < deadline:
        writer.write(next(upcoming))
        head = await reader.readuntil(b"\r\n\r\n")
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        if length.strip() not in (b"", b"0"):
            await reader.readexactly(int(length))
        times.append(time.perf_counter() - started_at)
        errors += not head.startswith(b"HTTP/1.1 20")
        if pause:
            await asyncio.sleep(max(0.0, started_at + pause - time.perf_counter()))
    writer.close()
    return times, errors
