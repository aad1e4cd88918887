"""Whether a request costs much more CPU than it did: ratios to a bare hello, in one run.

CI runs this. CPU is counted, not time, so that a busy machine disturbs little.
"""

from __future__ import annotations

import asyncio
import csv
import statistics
import sys
from pathlib import Path
from urllib.parse import quote

from tests.bench.load import load, request
from tests.bench.processes import AGENT, control, process
from tests.bench.requests_per_second import service_behind_sandbox
from tests.bench.scale import Scale
from tests.bench.side_by_side import cpu_seconds, on_cores
from tests.harness.ports import free_port

LIMITS = {"look-up": 11.0, "read of the calls": 16.0, "call action": 18.0}
"""How many times the CPU of a hello a request may take: 30 percent more than on 2026-11-28."""
CONNECTIONS = 16
ROUNDS = 7
ROUND_SECONDS = 0.5
MEASUREMENTS = 3
"""At most: what disturbs one of them on a busy machine is not in all, a regression is."""


def guards(folder: Path, _scale: Scale) -> None:
    """Exit with 1 if a request takes more CPU than LIMITS permit."""
    port = free_port()
    uvicorn = ("uvicorn", "tests.bench.hello:app", "--port", str(port), "--log-level", "warning")
    with (
        service_behind_sandbox(folder) as (finesse, service, service_process),
        process(
            *uvicorn, "--no-access-log", cwd=folder, ready=f"http://127.0.0.1:{port}/"
        ) as hello,
        on_cores(service_process, hello),
    ):
        call = control(finesse, "calls", {"from": "+12125550123", "to": AGENT})["id"]
        path = f"/api/v1/calls/{call}"
        asyncio.run(load(service, [request("POST", f"{path}/answer")], connections=1, seconds=0.01))
        requests = {
            "look-up": _lookups(folder),
            "read of the calls": [request("GET", "/api/v1/calls")],
            "call action": [request("POST", f"{path}/{each}") for each in ("hold", "retrieve")],
        }
        for _ in range(MEASUREMENTS):
            ratios = _measure(port, hello.pid, service, service_process.pid, requests)
            print("\nCPU of a request, times that of a bare hello")
            for name, ratio in ratios.items():
                print(f"  {name:20}{ratio:6.1f}   at most {LIMITS[name]:g}")
            too_much = [name for name, ratio in ratios.items() if ratio > LIMITS[name]]
            if not too_much:
                return
    sys.exit(f"more CPU than tests/bench/guards.py permits: {', '.join(too_much)}")


def _measure(
    hello: int, hello_pid: int, service: int, service_pid: int, requests: dict[str, list[bytes]]
) -> dict[str, float]:
    """Return the CPU of each request as a ratio to a hello's: the median of ROUNDS."""
    ratios: dict[str, list[float]] = {name: [] for name in requests}
    for _ in range(ROUNDS + 1):  # the first warms up
        bare = _cpu_of(hello, hello_pid, [request("GET", "/")], ROUND_SECONDS)
        for name, sent in requests.items():
            ratios[name].append(_cpu_of(service, service_pid, sent, ROUND_SECONDS) / bare)
    return {name: statistics.median(measured[1:]) for name, measured in ratios.items()}


def _lookups(folder: Path) -> list[bytes]:
    rows = csv.DictReader((folder / "contacts.csv").open(encoding="utf-8"))
    numbers = [row["mobile"] for row in rows if row["mobile"]]
    return [request("GET", f"/api/v1/contacts?number={quote(number)}") for number in numbers]


def _cpu_of(port: int, pid: int, requests: list[bytes], seconds: float) -> float:
    """Return the CPU seconds that a request takes."""
    before = cpu_seconds(pid)
    result = asyncio.run(load(port, requests, connections=CONNECTIONS, seconds=seconds))
    assert result.errors == 0
    return (cpu_seconds(pid) - before) / (result.rate * seconds)
