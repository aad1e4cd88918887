"""A full contact centre on one worker, as the vendor sizes a pair of nodes.

2,000 agents with a desktop each take 17 calls a second, answer and hang up through the service and
write notes. Sandbox, service and agents are three processes on loopback:
`python -m tests.bench.contact_centre [MINUTES] [AGENTS] [CALLS_PER_SECOND]`.
"""

from __future__ import annotations

import asyncio
import os
import re
import resource
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import uvloop

from callcard.crm.local import LocalContacts
from callcard.crm.local_writes import ContactEntry
from callcard.finesse.client import FinesseClient
from callcard.finesse.cluster import Cluster
from callcard.finesse.node_selector import Timing
from callcard.finesse.nodes import Node
from callcard.finesse.xmpp_base import Address
from callcard.http_transport import HttpTransport, tls_context
from callcard.telephony import numbers
from tests.bench.agents import Agents, PlainHttpClient
from tests.bench.processes import percentile, process
from tests.bench.scale import FULL, Scale
from tests.bench.side_by_side import cpu_seconds, on_cores
from tests.bench.traffic import Traffic
from tests.harness.ports import free_port
from tests.harness.secret_files import write_secret

CONTACTS = 10_000
IDLE_CALL_SPACING_SECONDS = 0.15
SETTLE_SECONDS = 3.0
DELIVERY_TIMEOUT_SECONDS = 120.0
SLOWEST_LOOKUP = 3
"""How many times the idle p99 a look-up may take."""
STEP_MINUTES = 0.5


def contact_centre(folder: Path, scale: Scale) -> None:
    for name, value in uvloop.run(measure(folder, scale)).items():
        print(f"{name:28} {value}")


async def measure(folder: Path, scale: Scale) -> dict[str, Any]:
    finesse_port = free_port()
    service_port = free_port()
    _write_settings(folder, finesse_port)
    contacts = LocalContacts(folder / "contacts.sqlite", country="US", suffix_digits=8)
    known_numbers = _write_contacts(contacts)
    finesse_url = f"http://127.0.0.1:{finesse_port}"
    service_url = f"http://127.0.0.1:{service_port}"
    more_agents = ("--more-agents", str(scale.agents))
    sandbox = ("callcard", "sandbox", "--port", str(finesse_port), *more_agents)
    serve = ("callcard", "serve", "--port", str(service_port))
    log = folder / "serve.log"
    with ExitStack() as processes:
        finesse = processes.enter_context(
            process(*sandbox, cwd=folder, ready=f"{finesse_url}/desktop")
        )
        service = processes.enter_context(
            process(*serve, cwd=folder, ready=f"{service_url}/healthz", log=log)
        )
        processes.enter_context(on_cores(service))
        os.sched_setaffinity(finesse.pid, {1})
        async with _open_agents(finesse_port, service_url, known_numbers) as agents:
            await agents.sign_in(scale.agents)
            print(f"{scale.agents} agents are signed in", file=sys.stderr, flush=True)
            await _take_idle_calls(agents, scale)
            idle_lookups, idle_commands = agents.take_times()
            await asyncio.sleep(SETTLE_SECONDS)

            memory_before = memory_mb(service.pid)
            delays = asyncio.create_task(agents.measure_delays())
            traffic = Traffic(service.pid, service_port)
            counting = asyncio.create_task(traffic.follow())
            usage = Usage(service=service.pid, sandbox=finesse.pid)
            written_kb = -_written_kb(service.pid)
            half = replace(scale, minutes=scale.minutes / 2)
            load_seconds = await agents.take_calls(half)
            memory_halfway = memory_mb(service.pid)
            load_seconds += await agents.take_calls(half)
            shares = usage.shares()
            written_kb += _written_kb(service.pid)
            await agents.finish_calls()
            delays.cancel()
            counting.cancel()
            lookups, commands = agents.take_times()
            memory_after = memory_mb(service.pid)
            service_seconds = _service_seconds(log)
            started_calls = len(agents.calls)
            limit = SLOWEST_LOOKUP * percentile(idle_lookups, 0.99)
            capacity = await _find_capacity(agents, scale, usage, limit)
            call_ids = await _delivered_calls(contacts, len(agents.calls))
    contacts.close_blocking()
    loaded_calls = max(1, started_calls - scale.idle_calls)
    return {
        "agents": scale.agents,
        "calls": started_calls,
        "calls a second": round(loaded_calls / load_seconds, 1),
        "doubled": len(call_ids) - len(set(call_ids)),
        "missing": sorted(set(agents.calls) - set(call_ids))[:10],
        "failed": len(agents.failures),
        "failures": sorted(set(agents.failures))[:5],
        "look-up idle": percentiles_ms(idle_lookups),
        "look-up": percentiles_ms(lookups),
        "look-up p99, times idle": round(
            percentile(lookups, 0.99) / percentile(idle_lookups, 0.99), 1
        ),
        "in the service": percentiles_ms(service_seconds),
        "command idle": percentiles_ms(idle_commands),
        "command": percentiles_ms(commands),
        "CPU, of one core": shares,
        "written, kB a call": round(written_kb / loaded_calls, 1),
        "network, kB a call": {
            name: round(kilobytes / loaded_calls, 2)
            for name, kilobytes in traffic.kilobytes().items()
        },
        "service: MB before": round(memory_before),
        "service: MB halfway": round(memory_halfway),
        "service: MB after": round(memory_after),
        "agents' process: delay": percentiles_ms(agents.delays),
        **{f"capacity, {rate:g} calls/s": held for rate, held in capacity.items()},
    }


class Usage:
    """How much of a core each process has used since the last time that it was asked."""

    def __init__(self, **processes: int) -> None:
        self._processes = {**processes, "agents": os.getpid()}
        self._before: dict[str, float] = {}
        self._since = 0.0
        self.shares()

    def shares(self) -> dict[str, float]:
        now = time.perf_counter()
        seconds = {name: cpu_seconds(pid) for name, pid in self._processes.items()}
        shares = {
            name: round((used - self._before.get(name, 0)) / (now - self._since), 2)
            for name, used in seconds.items()
        }
        self._before, self._since = seconds, now
        return shares


async def _find_capacity(
    agents: Agents, scale: Scale, usage: Usage, limit: float
) -> dict[float, dict[str, Any]]:
    """Raise the calls a second, as much shorter, until a look-up's p99 is above `limit` seconds.

    Returns the p99 and the use of the cores at each rate; the last one is too much for the
    service, or for the core of the sandbox and the agents.
    """
    found: dict[float, dict[str, Any]] = {}
    for factor in range(2, scale.most_times_the_calls + 1):
        shortest, longest = scale.talk_seconds
        faster = replace(
            scale,
            minutes=min(scale.minutes, STEP_MINUTES),
            calls_per_second=factor * scale.calls_per_second,
            talk_seconds=(shortest / factor, longest / factor),
        )
        agents.take_times()
        usage.shares()
        await agents.take_calls(faster)
        shares = usage.shares()
        await agents.finish_calls()
        p99 = percentile(agents.take_times()[0], 0.99)
        found[faster.calls_per_second] = {"p99": round(1000 * p99, 1), **shares}
        if p99 > limit or agents.failures:
            break
    return found


def _write_settings(folder: Path, finesse_port: int) -> None:
    write_secret(
        folder / "callcard.toml",
        f'[finesse]\nurl = "http://127.0.0.1:{finesse_port}"\n'
        f'[gadget]\nbundle = "{folder}/none"\n'
        f'[journal]\nnotes_seconds = 20\ndatabase = "{folder}/calls.sqlite"\n'
        f'[[sources]]\nkind = "local"\npath = "{folder}/contacts.sqlite"\n',
    )


def _write_contacts(contacts: LocalContacts) -> list[str]:
    known_numbers = [f"+1212{5550000 + index:07}" for index in range(CONTACTS)]
    contacts.write_contacts(
        ContactEntry(
            key=f"id:{index}", name=f"Customer {index}", numbers=[(numbers.read(number, "US"), "")]
        )
        for index, number in enumerate(known_numbers)
    )
    return known_numbers


@asynccontextmanager
async def _open_agents(
    finesse_port: int, service_url: str, known_numbers: list[str]
) -> AsyncIterator[Agents]:
    async with AsyncExitStack() as stack:
        finesse = _http_client(f"http://127.0.0.1:{finesse_port}")
        await stack.enter_async_context(finesse)
        service = HttpTransport(tls_context(""), connections=300)
        await stack.enter_async_context(service)
        node = Node("A", FinesseClient(finesse), Address("127.0.0.1", finesse_port, ""))
        cluster = Cluster([node], Timing(ping_seconds=15, reconnect_jitter_seconds=1))
        agents = Agents(finesse, PlainHttpClient(service, service_url), cluster, known_numbers)
        stack.push_async_callback(agents.close)
        yield agents


def _http_client(url: str) -> httpx.AsyncClient:
    transport = HttpTransport(tls_context(""), connections=200)
    return httpx.AsyncClient(transport=transport, base_url=url, timeout=30)


async def _take_idle_calls(agents: Agents, scale: Scale) -> None:
    """Take calls far enough apart that none meets another."""
    async with asyncio.TaskGroup() as calls:
        for index in range(scale.idle_calls):
            calls.create_task(agents.take_call(agents.known_numbers[index], talk_seconds=0.02))
            await asyncio.sleep(IDLE_CALL_SPACING_SECONDS)


async def _delivered_calls(contacts: LocalContacts, expected: int) -> list[str]:
    """Wait until the calls are delivered; return the Finesse ids in all interactions."""
    deadline = time.perf_counter() + DELIVERY_TIMEOUT_SECONDS
    while time.perf_counter() < deadline:
        if sum(1 for _ in contacts.interactions()) >= expected:
            break
        await asyncio.sleep(1)
    await asyncio.sleep(SETTLE_SECONDS)  # a second delivery would arrive now
    return [call for interaction in contacts.interactions() for call in interaction.call_ids]


def _service_seconds(log: Path) -> list[float]:
    """Return how long the service took for each call report, by its own log."""
    times = re.findall(r"POST /api/v1/interactions 200 ([\d.]+) ms", log.read_text())
    return [float(milliseconds) / 1000 for milliseconds in times]


def _written_kb(pid: int) -> float:
    """Return how much a process has written to disk (Linux)."""
    counts = dict(line.split(": ") for line in Path(f"/proc/{pid}/io").read_text().splitlines())
    return int(counts["write_bytes"]) / 1000


def memory_mb(pid: int) -> float:
    """Return a process's resident memory."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def percentiles_ms(seconds: list[float]) -> dict[str, float]:
    if not seconds:
        return {}
    return {f"p{part}": round(1000 * percentile(seconds, part / 100), 1) for part in (50, 95, 99)}


def main() -> None:
    arguments = sys.argv[1:]
    scale = FULL
    if len(arguments) > 0:
        scale = replace(scale, minutes=float(arguments[0]))
    if len(arguments) > 1:
        scale = replace(scale, agents=int(arguments[1]))
    if len(arguments) > 2:
        scale = replace(scale, calls_per_second=float(arguments[2]))
    with tempfile.TemporaryDirectory(prefix="callcard-contact-centre-") as folder:
        contact_centre(Path(folder), scale)


if __name__ == "__main__":
    main()
