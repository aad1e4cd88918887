"""Notification sessions of many agents in one process, over TLS, on a real Prosody."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
from pathlib import Path

from tests.bench.scale import Scale
from tests.conftest import ROOT
from tests.prosody import Prosody, prosody

USERS = 1000


def sessions(folder: Path, scale: Scale) -> None:
    """Compare WebSocket with TCP."""
    if not shutil.which("prosody"):
        sys.exit("Prosody is missing: apt install prosody")
    with prosody([str(1001 + number) for number in range(USERS)]) as server:
        websocket = _measure(server, "websocket", scale.sessions)
        tcp = _measure(server, "tcp", scale.sessions)
    print(f"\n{scale.sessions} notification sessions over TLS in one process, uvloop")
    print("  transport   " + "".join(f"{name:>28}" for name in websocket))
    print("  websocket   " + "".join(f"{value:>28.2f}" for value in websocket.values()))
    print("  tcp         " + "".join(f"{value:>28.2f}" for value in tcp.values()))
    ratios = (tcp[name] / websocket[name] for name in websocket)
    print("  ratio       " + "".join(f"{ratio:>28.2f}" for ratio in ratios))


def _measure(server: Prosody, transport: str, count: int) -> dict[str, float]:
    address = server.address("tcp" if transport == "tcp" else "websocket")
    ca_file = str(server.folder / "ca.pem")
    arguments = [transport, str(count), str(address.port), address.domain, ca_file]
    with subprocess.Popen(
        [sys.executable, "-m", "tests.bench.session_process", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as child:
        assert child.stdin
        assert child.stdout
        assert json.loads(child.stdout.readline())["subscribed"] == count
        child.stdin.write("go\n")
        child.stdin.flush()
        asyncio.run(_publish(server))
        result: dict[str, float] = json.loads(child.stdout.readline())
        return result


async def _publish(server: Prosody) -> None:
    publisher = await server.publisher()
    update = "<Update><event>PUT</event><source>/s</source></Update>"
    await publisher.publish("/finesse/api/SystemInfo", update)
    await publisher.close()
