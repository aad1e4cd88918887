"""Sandbox and service in processes of their own, and plain requests to them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from callcard.finesse.client import basic
from tests.conftest import ROOT
from tests.harness.waiting import wait_until

AGENT = "1001"
AUTHORIZATION = basic(AGENT, "callcard")


@contextmanager
def process(
    *module: str, cwd: Path, ready: str, log: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run `python -m module…` once the URL `ready` answers."""
    with (log or Path(os.devnull)).open("wb") as output:
        running = subprocess.Popen(
            [sys.executable, "-m", *module],
            cwd=cwd,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=output,
            stderr=output,
        )

        def answers() -> bool:
            assert running.poll() is None, f"{module} ended"
            try:
                urllib.request.urlopen(ready, timeout=1).close()
            except OSError:
                return False
            return True

        try:
            wait_until(answers, 60)
            yield running
        finally:
            running.terminate()
            running.wait(30)


def control(port: int, path: str, body: dict[str, Any]) -> Any:
    """Send a request to the sandbox's control API."""
    url = f"http://127.0.0.1:{port}/sandbox/{path}"
    request = urllib.request.Request(url, json.dumps(body).encode(), method="POST")
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


def sign_in(port: int) -> None:
    """Sign AGENT in at the sandbox."""
    body = f"<User><state>LOGIN</state><extension>{AGENT}</extension></User>"
    url = f"http://127.0.0.1:{port}/finesse/api/User/{AGENT}"
    request = urllib.request.Request(url, body.encode(), method="PUT")
    request.add_header("Authorization", AUTHORIZATION)
    request.add_header("Content-Type", "application/xml")
    urllib.request.urlopen(request, timeout=10).close()


def get_contacts(port: int, query: str) -> Any:
    """Ask the service for contacts."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/api/v1/contacts?{query}")
    request.add_header("Authorization", AUTHORIZATION)
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


def percentile(values: list[float], part: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def resident_megabytes(pid: int) -> float:
    """Return the memory that a process has now (Linux)."""
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return float(line.split()[1]) / 1024
