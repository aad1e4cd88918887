"""Two servers on one core, asked the same in turn; what they ask, and the load, are on another."""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.bench.load import Result, load
from tests.bench.scale import Scale
from tests.harness.waiting import wait_until

CONNECTIONS = (32, 256)
_NGINX = """daemon off; pid nginx.pid; error_log stderr error; worker_processes 1;
events {{ worker_connections 2048; }}
http {{
  access_log off; keepalive_requests 100000000; keepalive_timeout 60s; default_type {type};
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  server {{
    listen 127.0.0.1:{port};
    root .;
{locations}
  }}
}}
"""


@contextmanager
def on_cores(*servers: subprocess.Popen[bytes]) -> Iterator[None]:
    """Keep the servers on the first core, and this process on the second (Linux)."""
    for server in servers:
        os.sched_setaffinity(server.pid, {0})
    own = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {1})
    try:
        yield
    finally:
        os.sched_setaffinity(0, own)


def compare(
    scale: Scale,
    sides: Mapping[str, tuple[int, int]],
    requests: Mapping[str, Mapping[str, list[bytes]]],
) -> None:
    """Print requests a second, CPU and p99 of each kind of request, for each side in turn.

    `sides` have port and process id; `requests` have for each kind what each side gets, in turn.
    The second side is compared with the first.
    """
    print(f"  medians of {scale.rounds} rounds of {scale.round_seconds:g} s, in turn")
    print(f"  {'':24}{'':>6}" + "".join(f"{name:>12} req/s  µs CPU  p99 ms" for name in sides))
    for title, sent in requests.items():
        for connections in CONNECTIONS[: len(scale.connections)]:
            results: dict[str, list[tuple[Result, float]]] = {name: [] for name in sides}
            for _ in range(scale.rounds + 1):  # the first warms up
                for name, (port, pid) in sides.items():
                    before = cpu_seconds(pid)
                    result = asyncio.run(
                        load(port, sent[name], connections=connections, seconds=scale.round_seconds)
                    )
                    assert result.errors == 0, name
                    cpu = (cpu_seconds(pid) - before) / (result.rate * scale.round_seconds)
                    results[name].append((result, cpu * 1e6))
            row, rates, p99s = "", [], []
            for measured in results.values():
                rate = statistics.median(each.rate for each, _cpu in measured[1:])
                p99 = statistics.median(each.p99 for each, _cpu in measured[1:])
                cpu = statistics.median(each for _result, each in measured[1:])
                row += f"{rate:>18,.0f}{cpu:>8,.0f}{p99:>8.1f}"
                rates.append(rate)
                p99s.append(p99)
            ratio = f"   ratio {rates[1] / rates[0]:.2f}, p99 {p99s[1] / p99s[0]:.2f}"
            print(f"  {title:24}{connections:>6}{row}{ratio}")


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has used (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def nginx(
    folder: Path, program: str, port: int, answers: Mapping[str, str], content_type: str
) -> Iterator[None]:
    """Run nginx with an answer for each location; `202` alone is an answer without a body."""
    locations = "\n".join(
        f"    location {path} {{ return {answer}; }}" for path, answer in answers.items()
    )
    content = _NGINX.format(port=port, locations=locations, type=content_type)
    (folder / "nginx.conf").write_text(content)
    command = ["taskset", "-c", "1", program, "-p", str(folder), "-c", "nginx.conf"]
    with running(command, folder, port):
        yield


@contextmanager
def running(command: list[str], folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)

    def listens() -> bool:
        assert process.poll() is None, f"{command[0]} ended"
        state = subprocess.run(["ss", "-ltn"], capture_output=True, text=True, check=True).stdout
        return f":{port} " in state

    try:
        wait_until(listens, 20)
        yield process
    finally:
        process.terminate()
        process.wait(10)
