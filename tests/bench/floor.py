"""A whole contact centre on one worker: 2,000 agents with a desktop each, 17 calls a second, as the vendor sizes a pair of nodes.

`python -m tests.bench.floor [MINUTES] [AGENTS] [CALLS A SECOND]`. Stand-in, service and agents are three processes; the agents hear
events by the real client, tell the service of every change, answer and hang up through it, and write notes. All on loopback.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import msgspec
import uvloop
from httpx_aiohttp import AiohttpTransport

from callcard.crm.local import Entry, LocalContacts
from callcard.finesse.client import FinesseClient
from callcard.finesse.cluster import Cluster, Node, Timing
from callcard.finesse.xmpp_websocket import Address
from callcard.telephony import numbers
from finesse_sandbox.site import FIRST_OF_MANY
from tests.agents import Desktop
from tests.conftest import ROOT, free_port

CONTACTS = 10_000
IDLE_CALLS = 200
TALK = (30.0, 90.0)
"""Seconds of a call; with what is around it an agent has about 30 calls an hour, as the sizing assumes."""


@contextmanager
def process(*words: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / f"{words[1]}.log").open("wb") as log:
        command = [sys.executable, "-m", *words]
        running = subprocess.Popen(
            command, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=log, stderr=log
        )
        try:
            yield running
        finally:
            running.terminate()
            running.wait(30)


def memory(pid: int) -> float:
    """Resident, in MB."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


def cpu(pid: int) -> float:
    """Seconds used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def percentiles(times: list[float]) -> dict[str, float]:
    ordered = sorted(times)
    return (
        {
            f"p{q}": round(1000 * ordered[min(len(ordered) - 1, len(ordered) * q // 100)], 1)
            for q in (50, 95, 99)
        }
        if ordered
        else {}
    )


def served(log: Path) -> list[float]:
    """Seconds that the service took for each telling of a call, by its own log."""
    return [
        float(ms) / 1000
        for ms in re.findall(r"POST /api/v1/interactions 200 ([\d.]+) ms", log.read_text())
    ]


@dataclass
class Answer:
    status_code: int
    text: str

    def json(self) -> Any:
        return msgspec.json.decode(self.text)


class Wire:
    """The little of an HTTP client that desktops need, on aiohttp alone: the agents' process must not be what is measured."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def _ask(self, method: str, path: str, content: bytes, auth: Any) -> Answer:
        headers = {"Authorization": auth._auth_header, "Content-Type": "application/json"}
        try:
            async with self._session.request(
                method, f"/api/v1{path}", data=content, headers=headers
            ) as answer:
                return Answer(answer.status, await answer.text())
        except aiohttp.ClientError as error:
            raise httpx.ConnectError(str(error)) from error

    async def post(self, path: str, *, content: bytes = b"", auth: Any = None) -> Answer:
        return await self._ask("POST", path, content, auth)

    async def put(self, path: str, *, json: Any, auth: Any = None) -> Answer:
        return await self._ask("PUT", path, msgspec.json.encode(json), auth)


class Centre:
    def __init__(self, finesse: httpx.AsyncClient, service: Any, cluster: Cluster) -> None:
        self.finesse, self.service, self.cluster = finesse, service, cluster
        self.desktops: dict[str, Desktop] = {}
        self.free: asyncio.Queue[str] = asyncio.Queue()
        self.actions: list[float] = []
        self.calls: list[str] = []
        self.failed: list[str] = []
        self.lags: list[float] = []
        self.chance = random.Random(7)

    async def sit_down(self, count: int) -> None:
        gate = asyncio.Semaphore(20)

        async def one(id: str) -> None:
            async with gate:
                auth = httpx.BasicAuth(id, "callcard")
                for body in (
                    f"<state>LOGIN</state><extension>{id}</extension>",
                    "<state>READY</state>",
                ):
                    await self.finesse.put(
                        f"/finesse/api/User/{id}",
                        content=f"<User>{body}</User>",
                        auth=auth,
                        headers={"Content-Type": "application/xml"},
                    )
                self.desktops[id] = Desktop(id, self.cluster, self.service)
                await self.desktops[id].line.up.wait()
                self.free.put_nowait(id)

        await asyncio.gather(*(one(str(FIRST_OF_MANY + number)) for number in range(count)))

    async def call(self, number: str, talk: float) -> None:
        agent = await self.free.get()
        try:
            await self._work(agent, number, talk)
        except httpx.HTTPError as error:
            self.failed.append(type(error).__name__)
        finally:
            self.free.put_nowait(agent)

    async def _work(self, agent: str, number: str, talk: float) -> None:
        desktop = self.desktops[agent]
        await desktop.line.up.wait()
        rung = await self.finesse.post(
            "/sandbox/calls", json={"from": number, "to": agent, "queue": "Support"}
        )
        if rung.status_code != 201:
            self.failed.append(rung.text)
            return
        id = rung.json()["id"]
        self.calls.append(id)
        await asyncio.sleep(min(2.0, talk / 4))
        await self._act(agent, id, "answer")
        for part in range(3):
            await asyncio.sleep(talk / 3)
            if told := desktop.told.get(id, {}).get("interaction"):
                notes = {"notes": "\n".join(f"line {line}" for line in range(part + 1))}
                await self.service.put(
                    f"/interactions/{told['id']}",
                    json=notes,
                    auth=httpx.BasicAuth(agent, "callcard"),
                )
        await self._act(agent, id, "drop")
        await asyncio.sleep(2)
        desktop.told.pop(id, None)

    async def _act(self, agent: str, call: str, action: str) -> None:
        begun = time.perf_counter()
        answer = await self.service.post(
            f"/calls/{call}/{action}", auth=httpx.BasicAuth(agent, "callcard")
        )
        self.actions.append(time.perf_counter() - begun)
        if answer.status_code != 202:
            self.failed.append(f"{action} {answer.status_code} {answer.text[:200]}")

    async def watch_lag(self) -> None:
        """How late this process is itself: what the agents see includes it."""
        while True:
            begun = time.perf_counter()
            await asyncio.sleep(0.05)
            self.lags.append(time.perf_counter() - begun - 0.05)

    def take_times(self) -> tuple[list[float], list[float]]:
        looked = [seconds for desktop in self.desktops.values() for seconds in desktop.looked]
        acted, self.actions = self.actions, []
        for desktop in self.desktops.values():
            desktop.looked.clear()
        return looked, acted


async def measure(minutes: float, agents: int, rate: float, folder: Path) -> dict[str, Any]:
    ports = free_port(), free_port()
    urls = [f"http://127.0.0.1:{port}" for port in ports]
    (folder / "callcard.toml").write_text(
        f'finesse_url = "{urls[0]}"\nnotes_seconds = 20\nbundle = "{folder}/none"\n'
        f'database = "{folder}/contacts.sqlite"\nstore = "{folder}/calls.sqlite"\n'
    )
    contacts = LocalContacts(folder / "contacts.sqlite", home="US", suffix_digits=8)
    known = [f"+1212{555_0000 + n:07}" for n in range(CONTACTS)]
    contacts.write(
        Entry(key=f"id:{n}", name=f"Customer {n}", numbers=[(numbers.read(number, "US"), "")])
        for n, number in enumerate(known)
    )
    sandbox_words = ("callcard", "sandbox", "--port", str(ports[0]), "--more-agents", str(agents))
    with (
        process(*sandbox_words, folder=folder),
        process("callcard", "serve", "--port", str(ports[1]), folder=folder) as service,
    ):
        async with (
            client(urls[0]) as finesse,
            client(f"{urls[1]}/api/v1") as desk,
            AsyncExitStack() as closing,
        ):
            for url in (f"{urls[0]}/finesse/api/SystemInfo", f"{urls[1]}/healthz"):
                while not await up(desk, url):
                    await asyncio.sleep(0.2)
            node = Node(
                "A", FinesseClient(finesse), Address("127.0.0.1", ports[0], "", "websocket", None)
            )
            wire = await closing.enter_async_context(
                aiohttp.ClientSession(
                    urls[1], connector=aiohttp.TCPConnector(limit=300, keepalive_timeout=3)
                )
            )
            centre = Centre(finesse, Wire(wire), Cluster([node], Timing(ping=15, spread=1)))
            await centre.sit_down(agents)
            print(f"{agents} agents are signed in", file=sys.stderr, flush=True)

            calm = []
            for n in range(IDLE_CALLS):  # far enough apart that none meets another
                calm.append(asyncio.create_task(centre.call(known[n], talk=0.02)))
                await asyncio.sleep(0.15)
            await asyncio.wait(calm)
            idle, idle_actions = centre.take_times()
            await asyncio.sleep(5)

            lag = asyncio.create_task(centre.watch_lag())
            before, used, own, begun = (
                memory(service.pid),
                cpu(service.pid),
                time.process_time(),
                time.perf_counter(),
            )
            running: set[asyncio.Task[None]] = set()
            started = 0
            while (now := time.perf_counter() - begun) < 60 * minutes:
                if started < now * rate:
                    started += 1
                    number = (
                        centre.chance.choice(known)
                        if centre.chance.random() < 0.7
                        else f"+1646{centre.chance.randrange(10**7):07}"
                    )
                    task = asyncio.create_task(centre.call(number, centre.chance.uniform(*TALK)))
                    running.add(task)
                    task.add_done_callback(running.discard)
                else:
                    await asyncio.sleep(0.005)
            took = time.perf_counter() - begun
            used, own = cpu(service.pid) - used, time.process_time() - own
            if running:
                await asyncio.wait(running)
            lag.cancel()
            busy, busy_actions = centre.take_times()
            after = memory(service.pid)
            end = time.perf_counter() + 120
            while (logged := sum(1 for _ in contacts.calls())) < len(
                centre.calls
            ) and time.perf_counter() < end:
                await asyncio.sleep(1)
            await asyncio.sleep(3)
            logged = sum(1 for _ in contacts.calls())
            dialogs = [dialog for call in contacts.calls() for dialog in call.calls]
            await asyncio.gather(*(desktop.close() for desktop in centre.desktops.values()))
    contacts.close()
    missing = sorted(set(centre.calls) - set(dialogs))
    return {
        "agents": agents,
        "calls": len(centre.calls),
        "calls a second": round((len(centre.calls) - IDLE_CALLS) / took, 1),
        "interactions": logged,
        "doubled": len(dialogs) - len(set(dialogs)),
        "missing": missing[:10],
        "failed": len(centre.failed),
        "failures": sorted(set(centre.failed))[:5],
        "look-up idle": percentiles(idle),
        "look-up": percentiles(busy),
        "look-up p99, times idle": round(percentiles(busy)["p99"] / percentiles(idle)["p99"], 1),
        "in the service": percentiles(served(folder / "serve.log")),
        "agents' process late by": percentiles(centre.lags),
        "its CPU of one core": round(own / took, 2),
        "action idle": percentiles(idle_actions),
        "action": percentiles(busy_actions),
        "CPU of one core": round(used / took, 2),
        "MB before": round(before),
        "MB after": round(after),
    }


def client(url: str) -> httpx.AsyncClient:
    def session() -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=200, keepalive_timeout=3),
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    return httpx.AsyncClient(transport=AiohttpTransport(client=session), base_url=url, timeout=30)


async def up(http: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await http.get(url)).status_code == 200
    except httpx.HTTPError:
        return False


def show(told: dict[str, Any]) -> None:
    for name, value in told.items():
        print(f"{name:28} {value}")


def main() -> None:
    minutes, agents, rate = (
        float(word) for word in [*sys.argv[1:], *("3", "2000", "17")[len(sys.argv) - 1 :]]
    )
    with tempfile.TemporaryDirectory(prefix="callcard-floor-") as folder:
        told = uvloop.run(measure(minutes, int(agents), rate, Path(folder)))
    show(told)


if __name__ == "__main__":
    main()
