"""Many calls through the stand-in on bad days: events are lost, doubled, late and swapped, browsers die, a node fails over, the CRM
comes and goes, and the service is killed. In the end the CRM must have one interaction for each call.

`python -m tests.soak 10000` is the long run, a second number seeds its chances; the tests do the same with fewer calls.
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
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from callcard.crm.base import CallLog
from callcard.finesse.client import FinesseClient
from callcard.finesse.cluster import Cluster, Node, Timing
from callcard.finesse.xmpp_websocket import Address
from callcard.journal.report import CallSeen
from finesse_sandbox.app import Sandbox, SandboxSettings
from finesse_sandbox.site import Refusal
from finesse_sandbox.telephony.calls import Dialog
from tests.agents import Desktop
from tests.conftest import free_port, serving

AGENTS = 40
KILLS = 10


@dataclass
class Crm:
    """A CRM with moods: it takes calls by PUT, is away now and then, and loses answers to what it has done."""

    chance: random.Random
    calls: dict[str, CallLog] = field(default_factory=dict)
    tellings: Counter[str] = field(default_factory=Counter)
    away: bool = False
    never: str = ""
    """A number whose calls it refuses for good."""

    async def put(self, request: Request) -> Response:
        body = await request.body()
        if self.away or self.chance.random() < 0.01:
            return Response(status_code=503)
        call = msgspec.json.decode(body, type=CallLog)
        if self.never and call.number == self.never:
            return Response(status_code=422)
        assert call.id == request.path_params["id"]
        self.calls[call.id] = call
        self.tellings[call.id] += 1
        return Response(status_code=500 if self.chance.random() < 0.01 else 204)

    @property
    def app(self) -> Starlette:
        return Starlette(routes=[Route("/calls/{id}", self.put, methods=["PUT"])])


@dataclass
class Outcome:
    calls: int
    logged: int
    doubled: list[str]
    missing: list[str]
    strays: list[CallLog]
    """What the CRM has that is none of the calls."""
    without_end: list[str]
    ends: Counter[str]
    tellings: int
    kills: int
    seconds: float


async def soak(count: int, folder: Path, *, kills: int = KILLS, seed: int = 1) -> Outcome:
    """`count` calls. The service is a process of its own, killed `kills` times and started again."""
    chance = random.Random(seed)
    ports = [free_port() for _ in range(4)]
    sandbox = Sandbox(SandboxSettings(ports=(ports[0], ports[3]), nodes=2, more_agents=AGENTS))
    crm = Crm(chance)
    settings = folder / "callcard.toml"
    settings.write_text(
        f'finesse_url = "http://localhost:{ports[0]}"\nfinesse_second_url = "http://localhost:{ports[3]}"\n'
        f'database = "{folder}/contacts.sqlite"\nstore = "{folder}/calls.sqlite"\n'
        f'log_url = "http://localhost:{ports[2]}/calls/{{id}}"\nnotes_seconds = 2\nlost_seconds = 6\nbundle = "{folder}/none"\n'
    )
    command = [
        sys.executable,
        "-m",
        "callcard",
        "serve",
        "--config",
        str(settings),
        "--port",
        str(ports[1]),
    ]
    begun = time.monotonic()
    with (folder / "service.log").open("wb") as log:
        service = subprocess.Popen(command, stderr=log)  # noqa: ASYNC220 - a moment, at the start
        try:
            async with (
                serving(sandbox.apps[0], ports[0]),
                serving(sandbox.apps[1], ports[3]),
                serving(crm.app, ports[2]),
                httpx.AsyncClient(base_url=f"http://localhost:{ports[0]}") as finesse,
                httpx.AsyncClient(base_url=f"http://localhost:{ports[3]}") as second,
                httpx.AsyncClient(
                    base_url=f"http://localhost:{ports[1]}/api/v1",
                    timeout=5,
                    limits=httpx.Limits(max_connections=100),
                ) as http,
            ):
                nodes = [
                    Node(
                        "A",
                        FinesseClient(finesse),
                        Address("localhost", ports[0], "", "websocket", None),
                    ),
                    Node(
                        "B",
                        FinesseClient(second),
                        Address("localhost", ports[3], "", "websocket", None),
                    ),
                ]
                floor = Floor(
                    sandbox, Cluster(nodes, Timing(spread=0.2, retry=0.1, grace=0.1)), http, chance
                )
                await floor.sit_down()
                while not await up(http):
                    await asyncio.sleep(0.1)
                stop = asyncio.Event()

                async def trouble() -> None:
                    nonlocal service
                    for number in range(kills):
                        # Spread over the calls, at moments of no choosing.
                        while (
                            len(floor.begun) < count * (number + chance.random()) / kills
                            and not stop.is_set()
                        ):
                            await asyncio.sleep(0.02)
                        service.send_signal(signal.SIGKILL)
                        service.wait()
                        crm.away = not crm.away
                        if number == kills // 2:  # and a node fails over, with every desktop on it
                            sandbox.nodes[0].in_service = False
                            sandbox.nodes[0].take_down()
                        await asyncio.sleep(chance.random())
                        service = subprocess.Popen(command, stderr=log)  # noqa: ASYNC220 - the same
                    crm.away = False
                    sandbox.nodes[0].bring_up()

                troubled = asyncio.create_task(trouble())
                await floor.work(count)
                await troubled
                sandbox.notifications.faults.clear()
                stop.set()
                # Everything that is known must be told: desktops are quiet, and the outbox is empty.
                end = time.monotonic() + 60 + count / 50
                while (
                    len(floor.logged(crm)) < len(floor.begun) or not floor.quiet
                ) and time.monotonic() < end:
                    await asyncio.sleep(0.2)
                await asyncio.sleep(5)  # what is told twice would be told now
                await floor.close()
        finally:
            service.terminate()
            service.wait(10)
    by_call: dict[str, list[str]] = {}
    for call in crm.calls.values():
        for dialog in call.calls:
            by_call.setdefault(dialog, []).append(call.id)
    return Outcome(
        calls=len(floor.begun),
        logged=len(crm.calls),
        doubled=[dialog for dialog, ids in by_call.items() if len(ids) > 1],
        missing=[dialog for dialog in floor.begun if dialog not in by_call],
        strays=[call for call in crm.calls.values() if not set(call.calls) & set(floor.begun)],
        without_end=[call.id for call in crm.calls.values() if not call.end or not call.ended],
        ends=Counter(call.end for call in crm.calls.values()),
        tellings=sum(crm.tellings.values()),
        kills=kills,
        seconds=time.monotonic() - begun,
    )


async def up(http: httpx.AsyncClient) -> bool:
    with suppress(httpx.HTTPError):
        return (await http.get(http.base_url.join("/healthz"))).status_code == 200
    return False


class Floor:
    """The agents and what happens to them."""

    def __init__(
        self, sandbox: Sandbox, cluster: Cluster, http: httpx.AsyncClient, chance: random.Random
    ) -> None:
        self.sandbox, self.cluster, self.http, self.chance = sandbox, cluster, http, chance
        self.begun: list[str] = []
        """The dialog of each call that has begun."""
        self.desktops: dict[str, Desktop] = {}
        self._free: asyncio.Queue[str] = asyncio.Queue()

    async def sit_down(self) -> None:
        for user in list(self.sandbox.agents.users.values()):
            if int(user.extension_of or 0) > 30000:
                self.sandbox.agents.sign_in(user, user.extension_of, "")
                self.desktops[user.id] = self._desktop(user.id)
                self._free.put_nowait(user.id)
        await asyncio.gather(*(desktop.line.up.wait() for desktop in self.desktops.values()))

    async def close(self) -> None:
        await asyncio.gather(*(desktop.close() for desktop in self.desktops.values()))

    def _desktop(self, id: str, left: dict[str, CallSeen] | None = None) -> Desktop:
        return Desktop(id, self.cluster, self.http, repeat=1.0, left=left)

    @property
    def quiet(self) -> bool:
        return all(desktop.quiet for desktop in self.desktops.values())

    def logged(self, crm: Crm) -> set[str]:
        known = {dialog for call in crm.calls.values() for dialog in call.calls}
        return known & set(self.begun)

    async def work(self, count: int) -> None:
        running: set[asyncio.Task[None]] = set()
        for number in range(count):
            while self._free.qsize() < AGENTS // 4:  # somebody must be free to hand calls on to
                await asyncio.sleep(0.01)
            agent = await self._free.get()
            task = asyncio.create_task(self._call(agent, number))
            running.add(task)
            task.add_done_callback(running.discard)
        while running:
            await asyncio.wait(set(running))

    async def _call(self, agent: str, number: int) -> None:
        """One call from ring to end, in one of the ways in which calls go."""
        switch = self.sandbox.switch
        await self._at_their_desks(agent)
        dialog = switch.ring(
            f"+1212555{number:04}"[:12] + f"{number:05}",
            agent,
            "Support",
            {"callVariable1": str(number)},
        )
        self.begun.append(dialog.id)
        second = ""
        try:
            # A call that begins and ends while its desktop changes nodes is seen by nobody: these last longer than that.
            async with asyncio.timeout(30):
                while dialog.id not in self.desktops[agent].seen:
                    await asyncio.sleep(0.02)
            await self._pause()
            if number % 7 == 0:
                kind: Any = self.chance.choice(
                    ["event-lost", "event-doubled", "event-late", "event-swapped"]
                )
                self.sandbox.notifications.faults.append(
                    (kind, f"/finesse/api/User/{agent}/Dialogs", 0.2)
                )
            way = self.chance.random()
            if way < 0.1:  # nobody answers
                pass
            else:
                switch.act(dialog, agent, "ANSWER")
                await self._pause()
                if way < 0.3:
                    switch.act(dialog, agent, "HOLD")
                    await self._pause()
                    switch.act(dialog, agent, "RETRIEVE")
                elif way < 0.6 and not self._free.empty():
                    second = self._free.get_nowait()
                    await self._hand_on(dialog, agent, second, way)
                elif way < 0.65:  # the browser dies, and is started again
                    dead = self.desktops[agent]
                    await dead.close()
                    await self._pause()
                    self.desktops[agent] = self._desktop(agent, dead.watch.waiting)
                await self._pause()
            with suppress(Refusal, KeyError):
                switch.drop_outside(dialog)
        finally:
            for each in list(switch.dialogs.values()):
                if any(
                    p.address in (agent, second) for p in each.participants if p.state != "DROPPED"
                ):
                    with suppress(Refusal, KeyError):
                        switch.drop_outside(each)
                    switch.dialogs.pop(each.id, None)
            await self._at_their_desks(agent)
            for id in filter(None, (agent, second)):
                user = self.sandbox.agents.users[id]
                if user.state not in ("READY", "LOGOUT"):
                    self.sandbox.agents.put(user, "READY")
                self._free.put_nowait(id)

    async def _hand_on(self, dialog: Dialog, agent: str, second: str, way: float) -> None:
        switch = self.sandbox.switch
        if way < 0.4:
            switch.act(dialog, agent, "TRANSFER_SST", toAddress=second)
            await self._pause()
            switch.act(dialog, second, "ANSWER")
            return
        switch.act(dialog, agent, "CONSULT_CALL", toAddress=second)
        consult = next((d for d in switch.dialogs.values() if d.associated == dialog.id), None)
        await self._pause()
        if consult is None:
            return
        switch.act(consult, second, "ANSWER")
        await self._pause()
        switch.act(dialog, agent, "TRANSFER" if way < 0.5 else "CONFERENCE")

    async def _at_their_desks(self, *agents: str) -> None:
        for id in filter(None, agents):
            await asyncio.wait_for(self.desktops[id].line.up.wait(), 60)

    async def _pause(self) -> None:
        await asyncio.sleep(self.chance.uniform(0.05, 0.4))


def main() -> None:
    count, seed = (
        int(sys.argv[place]) if len(sys.argv) > place else given
        for place, given in ((1, 10_000), (2, 1))
    )
    with tempfile.TemporaryDirectory(prefix="callcard-soak-") as folder:
        outcome = asyncio.run(soak(count, Path(folder), seed=seed))
        print(outcome)
        print(
            (Path(folder) / "service.log").read_text()[-2000:]
            if outcome.calls != outcome.logged
            else ""
        )


if __name__ == "__main__":
    main()
