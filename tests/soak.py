"""Soak test: thousands of calls while everything fails, and one interaction for each in the CRM.

Events are lost, duplicated, delayed and reordered, browsers crash, a node fails over, the CRM is
unreachable at times, and the service is killed.

`python -m tests.soak 10000` is the long run; a second number seeds its randomness. The test runs
fewer calls.
"""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from callcard.crm.base import InteractionRecord
from callcard.errors import CallcardError
from callcard.finesse.client import FinesseClient
from callcard.finesse.cluster import Cluster
from callcard.finesse.node_selector import Timing
from callcard.finesse.nodes import Node
from callcard.finesse.xmpp_base import Address
from callcard.journal.report import CallReport
from finesse_sandbox.app import SandboxSettings
from finesse_sandbox.site import FIRST_EXTRA_AGENT
from tests.harness.crm import UnreliableCrm
from tests.harness.desktop import Desktop
from tests.harness.ports import free_port
from tests.harness.sandbox import SandboxDriver, new_sandbox
from tests.harness.secret_files import write_secret
from tests.harness.serving import serving
from tests.harness.waiting import until

AGENTS = 40
KILLS = 10
SECOND_DELIVERY_SECONDS = 5.0
"""Within which an interaction that is delivered twice would arrive again."""
SUPERVISOR = ("2001", "callcard")
REPORT_SECONDS = 3.0
"""In which a report is acknowledged on a busy machine, if the service runs."""
EVENT_FAULTS = ("event-lost", "event-duplicated", "event-delayed", "event-reordered")


@dataclass
class SoakResult:
    calls: int
    interactions: int
    doubled: list[str]
    """Calls with more than one interaction."""
    missing: list[str]
    """Calls without an interaction."""
    unknown: list[InteractionRecord]
    """Interactions of none of the calls."""
    without_end: list[str]
    end_reasons: Counter[str]
    released: int
    """Calls that ended before Finesse could confirm them, and that a supervisor delivered."""
    deliveries: int
    kills: int
    seconds: float


class ServiceProcess:
    """The service in a process of its own, which is killed and started again."""

    def __init__(self, settings: Path, port: int, log: Path) -> None:
        serve = ("serve", "--config", str(settings), "--port", str(port))
        self._command = [sys.executable, "-m", "callcard", *serve]
        self._log = log.open("ab")
        self._process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self._command, stderr=self._log)

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def restart(self) -> None:
        self._process = self._start()

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)
        self._log.close()


async def soak(count: int, folder: Path, *, kills: int = KILLS, seed: int = 1) -> SoakResult:
    """Run `count` calls, while the service is killed `kills` times."""
    chance = random.Random(seed)
    ports = free_port(), free_port()
    service_port = free_port()
    crm_port = free_port()
    crm = UnreliableCrm(chance)
    settings = _write_settings(folder, ports, crm_port)
    started_at = time.monotonic()
    async with AsyncExitStack() as stack:
        # Node A fails over, so the test drives the sandbox through node B.
        node_b = httpx.AsyncClient(base_url=f"http://localhost:{ports[1]}")
        sandbox_settings = SandboxSettings(ports=ports, nodes=2, more_agents=AGENTS)
        finesse = SandboxDriver(
            new_sandbox(sandbox_settings), await stack.enter_async_context(node_b)
        )
        for app, port in zip(finesse.sandbox.apps, ports, strict=True):
            await stack.enter_async_context(serving(app, port))
        await stack.enter_async_context(serving(crm.app, crm_port))
        node_a = httpx.AsyncClient(base_url=f"http://localhost:{ports[0]}")
        await stack.enter_async_context(node_a)
        http = httpx.AsyncClient(
            base_url=f"http://localhost:{service_port}/api/v1",
            timeout=5,
            limits=httpx.Limits(max_connections=100),
        )
        await stack.enter_async_context(http)
        nodes = [
            Node("A", FinesseClient(node_a), Address("localhost", ports[0], "")),
            Node("B", FinesseClient(node_b), Address("localhost", ports[1], "")),
        ]
        cluster = Cluster(
            nodes,
            Timing(reconnect_jitter_seconds=0.2, first_retry_seconds=0.1, confirm_loss_seconds=0.1),
        )
        service = ServiceProcess(settings, service_port, folder / "service.log")
        stack.callback(service.stop)
        agents = Agents(finesse, cluster, http, chance)
        await agents.sign_in()
        await until(lambda: is_up(http), 60)

        failures = asyncio.create_task(
            _cause_failures(agents, service, crm, chance, count=count, kills=kills)
        )
        stack.callback(failures.cancel)
        await agents.take_calls(count)
        agents.all_calls_taken.set()
        await failures
        deadline = time.monotonic() + 60 + count / 50
        released: set[str] = set()
        while time.monotonic() < deadline and not agents.is_settled(crm):
            released |= await agents.release_unverified(crm)
            await asyncio.sleep(0.5)
        await asyncio.sleep(SECOND_DELIVERY_SECONDS)
        await agents.close()
    return _result(agents.calls, crm, len(released), kills, time.monotonic() - started_at)


def _write_settings(folder: Path, ports: tuple[int, int], crm_port: int) -> Path:
    path = folder / "callcard.toml"
    write_secret(
        path,
        f"""
        [finesse]
        url = "http://localhost:{ports[0]}"
        second_url = "http://localhost:{ports[1]}"
        [gadget]
        bundle = "{folder}/none"
        [journal]
        database = "{folder}/calls.sqlite"
        notes_seconds = 2
        lost_seconds = 6
        unverified_calls = "outage"
        [delivery]
        url = "http://localhost:{crm_port}/calls/{{id}}"
        [[sources]]
        kind = "local"
        path = "{folder}/contacts.sqlite"
        """,
    )
    return path


async def _cause_failures(
    agents: Agents,
    service: ServiceProcess,
    crm: UnreliableCrm,
    chance: random.Random,
    *,
    count: int,
    kills: int,
) -> None:
    """Kill the service at random times, spread over the calls, and change whether the CRM is up."""
    for number in range(kills):
        calls_before_kill = count * (number + chance.random()) / kills
        while len(agents.calls) < calls_before_kill and not agents.all_calls_taken.is_set():
            await asyncio.sleep(0.02)
        service.kill()
        crm.unreachable = not crm.unreachable
        if number == kills // 2:  # a failover, with every desktop that is on the node
            await agents.finesse.arm("node", node="A", times=1)
        await asyncio.sleep(chance.random())
        service.restart()
    crm.unreachable = False
    await agents.finesse.arm("node", node="A", times=0)


def _result(
    calls: list[str], crm: UnreliableCrm, released: int, kills: int, seconds: float
) -> SoakResult:
    interactions = list(crm.interactions.values())
    ids_by_call: dict[str, list[str]] = {}
    for interaction in interactions:
        for call in interaction.call_ids:
            ids_by_call.setdefault(call, []).append(interaction.id)
    return SoakResult(
        calls=len(calls),
        interactions=len(interactions),
        doubled=[call for call, ids in ids_by_call.items() if len(ids) > 1],
        missing=[call for call in calls if call not in ids_by_call],
        unknown=[each for each in interactions if not set(each.call_ids) & set(calls)],
        without_end=[each.id for each in interactions if not each.end_reason or not each.ended_at],
        end_reasons=Counter(each.end_reason for each in interactions),
        released=released,
        deliveries=sum(crm.deliveries.values()),
        kills=kills,
        seconds=seconds,
    )


async def is_up(http: httpx.AsyncClient) -> bool:
    with suppress(httpx.HTTPError):
        return (await http.get(http.base_url.join("/healthz"))).status_code == 200
    return False


class Agents:
    """The agents, their desktops and the calls that they take."""

    def __init__(
        self,
        finesse: SandboxDriver,
        cluster: Cluster,
        http: httpx.AsyncClient,
        chance: random.Random,
    ) -> None:
        self.finesse = finesse
        self.calls: list[str] = []
        """The first dialog of each call."""
        self.all_calls_taken = asyncio.Event()
        self._cluster = cluster
        self._http = http
        self._chance = chance
        self._desktops: dict[str, Desktop] = {}
        self._free: asyncio.Queue[str] = asyncio.Queue()

    async def sign_in(self) -> None:
        for number in range(AGENTS):
            agent = str(FIRST_EXTRA_AGENT + number)
            await self.finesse.sign_in(agent)
            self._desktops[agent] = self._open_desktop(agent)
            self._free.put_nowait(agent)
        for desktop in self._desktops.values():
            await desktop.presence.connected.wait()

    async def close(self) -> None:
        await asyncio.gather(*(desktop.close() for desktop in self._desktops.values()))

    def is_settled(self, crm: UnreliableCrm) -> bool:
        """Return whether every report is acknowledged and every call is in the CRM."""
        delivered = {call for each in crm.interactions.values() for call in each.call_ids}
        acknowledged = all(desktop.is_acknowledged for desktop in self._desktops.values())
        return acknowledged and delivered >= set(self.calls)

    async def release_unverified(self, crm: UnreliableCrm) -> set[str]:
        """Let a supervisor deliver parked calls that the CRM does not have. Return their ids."""
        delivered = {call for each in crm.interactions.values() for call in each.call_ids}
        missing = set(self.calls) - delivered
        released = set()
        response = await self._http.get("/interactions", auth=SUPERVISOR)
        for interaction in response.json()["interactions"]:
            if missing.intersection(interaction["call_ids"]):
                path = f"/interactions/{interaction['id']}/retry"
                if (await self._http.post(path, auth=SUPERVISOR)).status_code == 200:
                    released.add(interaction["id"])
        return released

    def _open_desktop(self, agent: str, pending: dict[str, CallReport] | None = None) -> Desktop:
        return Desktop(agent, self._cluster, self._http, heartbeat_seconds=1.0, pending=pending)

    async def take_calls(self, count: int) -> None:
        async with asyncio.TaskGroup() as running:
            for number in range(count):
                while self._free.qsize() < AGENTS // 4:  # somebody must be free for transfers
                    await asyncio.sleep(0.01)
                agent = await self._free.get()
                running.create_task(self._take_call(agent, number))

    async def _take_call(self, agent: str, number: int) -> None:
        """Take one call from ring to end, in one of the ways in which calls go."""
        await self._until_connected(agent)
        customer = f"+1212555{number:04}"[:12] + f"{number:05}"
        call = await self.finesse.ring(agent, customer, variables={"callVariable1": str(number)})
        self.calls.append(call)
        second_agent = ""
        try:
            # A call that begins and ends while its desktop changes nodes is seen by nobody:
            # these last longer than that.
            await until(lambda: call in self._desktops[agent].started_calls, 30)
            # And than a report takes, unless the service is down.
            with suppress(TimeoutError):
                await until(lambda: call in self._desktops[agent].answers, REPORT_SECONDS)
            await self._pause()
            if number % 7 == 0:
                kind = self._chance.choice(EVENT_FAULTS)
                path = f"/finesse/api/User/{agent}/Dialogs"
                await self.finesse.arm(kind, path=path, seconds=0.2)
            way = self._chance.random()
            if way >= 0.1:  # else nobody answers
                await self.finesse.act(call, agent, "ANSWER")
                await self._pause()
                if way < 0.3:
                    await self.finesse.act(call, agent, "HOLD")
                    await self._pause()
                    await self.finesse.act(call, agent, "RETRIEVE")
                elif way < 0.6 and not self._free.empty():
                    second_agent = self._free.get_nowait()
                    await self._hand_over(call, agent, second_agent, way)
                elif way < 0.65:
                    await self._crash_browser(agent)
                await self._pause()
            await self._try_to_hang_up(call)
        finally:
            for each in filter(None, (agent, second_agent)):
                await self._release(each)

    async def _hand_over(self, call: str, agent: str, second_agent: str, way: float) -> None:
        if way < 0.4:
            await self.finesse.act(call, agent, "TRANSFER_SST", second_agent)
            await self._pause()
            await self.finesse.act(call, second_agent, "ANSWER")
            return
        await self.finesse.act(call, agent, "CONSULT_CALL", second_agent)
        dialogs = await self.finesse.dialogs(second_agent)
        consult = next((each.id for each in dialogs if each.id != call), None)
        await self._pause()
        if consult is None:
            return
        await self.finesse.act(consult, second_agent, "ANSWER")
        await self._pause()
        await self.finesse.act(call, agent, "TRANSFER" if way < 0.5 else "CONFERENCE")

    async def _crash_browser(self, agent: str) -> None:
        crashed = self._desktops[agent]
        await crashed.close()
        await self._pause()
        self._desktops[agent] = self._open_desktop(agent, crashed.reporter.pending)

    async def _try_to_hang_up(self, call: str) -> None:
        # 404 means that the call has ended meanwhile.
        await self.finesse.http.post(f"/sandbox/calls/{call}/drop")

    async def _release(self, agent: str) -> None:
        """End what is left of the agent's calls and make them free for the next one."""
        for dialog in await self.finesse.dialogs(agent):
            with suppress(CallcardError):
                await self.finesse.act(dialog.id, agent, "DROP")
        await self._until_connected(agent)
        if await self.finesse.state(agent) not in ("READY", "LOGOUT"):
            with suppress(CallcardError):
                await self.finesse.set_state(agent, "READY")
        self._free.put_nowait(agent)

    async def _until_connected(self, agent: str) -> None:
        await asyncio.wait_for(self._desktops[agent].presence.connected.wait(), 60)

    async def _pause(self) -> None:
        await asyncio.sleep(self._chance.uniform(0.05, 0.4))


def main() -> None:
    arguments = [int(argument) for argument in sys.argv[1:]]
    count = arguments[0] if arguments else 10_000
    seed = arguments[1] if len(arguments) > 1 else 1
    with tempfile.TemporaryDirectory(prefix="callcard-soak-") as folder:
        result = asyncio.run(soak(count, Path(folder), seed=seed))
        print(result)
        if result.calls != result.interactions:
            print((Path(folder) / "service.log").read_text()[-2000:])


if __name__ == "__main__":
    main()
