"""The agents of the contact centre benchmark, their desktops, and what they measure."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass
from typing import Any

import httpx
import msgspec

from callcard.finesse.cluster import Cluster
from finesse_sandbox.site import FIRST_EXTRA_AGENT
from tests.bench.scale import Scale
from tests.harness.desktop import Desktop

SIMULTANEOUS_SIGN_INS = 20
KNOWN_CALLERS = 0.7
"""The part of the calls whose number has a contact."""
WRAP_UP_SECONDS = 2.0
DELAY_PROBE_SECONDS = 0.05


@dataclass
class PlainResponse:
    status_code: int
    text: str

    def json(self) -> Any:
        return msgspec.json.decode(self.text)


class PlainHttpClient:
    """The part of an HTTP client that desktops need, on the transport alone.

    httpx above it would cost the agents' process more than what is measured.
    """

    def __init__(self, transport: httpx.AsyncBaseTransport, url: str) -> None:
        self._transport = transport
        self._url = url

    async def post(self, path: str, *, content: bytes = b"", auth: Any = None) -> PlainResponse:
        return await self._send("POST", path, content, auth)

    async def put(self, path: str, *, json: Any, auth: Any = None) -> PlainResponse:
        return await self._send("PUT", path, msgspec.json.encode(json), auth)

    async def _send(self, method: str, path: str, content: bytes, auth: Any) -> PlainResponse:
        headers = {"Authorization": auth._auth_header, "Content-Type": "application/json"}
        request = httpx.Request(
            method, f"{self._url}/api/v1{path}", content=content, headers=headers
        )
        response = await self._transport.handle_async_request(request)
        await response.aread()
        return PlainResponse(response.status_code, response.text)


class Agents:
    def __init__(
        self,
        finesse: httpx.AsyncClient,
        service: PlainHttpClient,
        cluster: Cluster,
        known_numbers: list[str],
    ) -> None:
        self.known_numbers = known_numbers
        self.calls: list[str] = []
        self.failures: list[str] = []
        self.delays: list[float] = []
        """How late this process itself is: the agents' times include it."""
        self._finesse = finesse
        self._service: Any = service  # in place of the httpx client of Desktop
        self._cluster = cluster
        self._desktops: dict[str, Desktop] = {}
        self._free: asyncio.Queue[str] = asyncio.Queue()
        self._command_seconds: list[float] = []
        self._running: set[asyncio.Task[None]] = set()
        self._chance = random.Random(7)

    async def sign_in(self, count: int) -> None:
        gate = asyncio.Semaphore(SIMULTANEOUS_SIGN_INS)

        async def sign_in_one(agent: str) -> None:
            async with gate:
                sign_in = f"<state>LOGIN</state><extension>{agent}</extension>"
                await self._change_user(agent, sign_in)
                await self._change_user(agent, "<state>READY</state>")
                desktop = Desktop(agent, self._cluster, self._service)
                self._desktops[agent] = desktop
                await desktop.presence.connected.wait()
                self._free.put_nowait(agent)

        agents = (str(FIRST_EXTRA_AGENT + number) for number in range(count))
        await asyncio.gather(*(sign_in_one(agent) for agent in agents))

    async def close(self) -> None:
        await asyncio.gather(*(desktop.close() for desktop in self._desktops.values()))

    async def _change_user(self, agent: str, content: str) -> None:
        await self._finesse.put(
            f"/finesse/api/User/{agent}",
            content=f"<User>{content}</User>",
            auth=_auth(agent),
            headers={"Content-Type": "application/xml"},
        )

    async def take_calls(self, scale: Scale) -> float:
        """Start calls at the given rate; return for how many seconds."""
        started_at = time.perf_counter()
        started_calls = 0
        while (seconds := time.perf_counter() - started_at) < 60 * scale.minutes:
            if started_calls >= seconds * scale.calls_per_second:
                await asyncio.sleep(0.005)
                continue
            started_calls += 1
            talk_seconds = self._chance.uniform(*scale.talk_seconds)
            task = asyncio.create_task(self.take_call(self._choose_number(), talk_seconds))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return time.perf_counter() - started_at

    async def finish_calls(self) -> None:
        if self._running:
            await asyncio.wait(self._running)

    def _choose_number(self) -> str:
        if self._chance.random() < KNOWN_CALLERS:
            return self._chance.choice(self.known_numbers)
        return f"+1646{self._chance.randrange(10**7):07}"

    async def take_call(self, number: str, talk_seconds: float) -> None:
        """Let a free agent take one call from ring to end."""
        agent = await self._free.get()
        try:
            await self._work(agent, number, talk_seconds)
        except httpx.HTTPError as error:
            self.failures.append(type(error).__name__)
        finally:
            self._free.put_nowait(agent)

    async def _work(self, agent: str, number: str, talk_seconds: float) -> None:
        desktop = self._desktops[agent]
        await desktop.presence.connected.wait()
        ring = {"from": number, "to": agent, "queue": "Support"}
        response = await self._finesse.post("/sandbox/calls", json=ring)
        if response.status_code != 201:
            self.failures.append(response.text)
            return
        call = response.json()["id"]
        self.calls.append(call)
        await asyncio.sleep(min(2.0, talk_seconds / 4))
        await self._act(agent, call, "answer")
        for lines in (1, 2, 3):
            await asyncio.sleep(talk_seconds / 3)
            interaction = desktop.answers.get(call, {}).get("interaction")
            if interaction:
                notes = "\n".join(f"line {line}" for line in range(lines))
                path = f"/interactions/{interaction['id']}"
                await self._service.put(path, json={"notes": notes}, auth=_auth(agent))
        await self._act(agent, call, "drop")
        await asyncio.sleep(WRAP_UP_SECONDS)
        desktop.answers.pop(call, None)
        desktop.first_answers.pop(call, None)

    async def _act(self, agent: str, call: str, action: str) -> None:
        started_at = time.perf_counter()
        response = await self._service.post(f"/calls/{call}/{action}", auth=_auth(agent))
        self._command_seconds.append(time.perf_counter() - started_at)
        if response.status_code != 202:
            self.failures.append(f"{action} {response.status_code} {response.text[:200]}")

    async def measure_delays(self) -> None:
        """Measure until cancelled how late this process's event loop is."""
        while True:
            started_at = time.perf_counter()
            await asyncio.sleep(DELAY_PROBE_SECONDS)
            self.delays.append(time.perf_counter() - started_at - DELAY_PROBE_SECONDS)

    def take_times(self) -> tuple[list[float], list[float]]:
        """Return the seconds of look-ups and commands since the last time."""
        lookups = []
        for desktop in self._desktops.values():
            lookups += desktop.lookup_seconds
            desktop.lookup_seconds.clear()
        commands = self._command_seconds
        self._command_seconds = []
        return lookups, commands


def _auth(agent: str) -> httpx.BasicAuth:
    return httpx.BasicAuth(agent, "callcard")
