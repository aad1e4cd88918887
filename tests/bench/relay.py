"""Reads and call actions passed on to Finesse, beside the same in Node: fastify, undici and
fast-xml-parser. nginx plays Finesse, so that neither waits for a slow server.

The servers are on the first core, one at a time; nginx and the load are on the second.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import statistics
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.load import Result, load, request
from tests.bench.processes import AGENT, process
from tests.bench.scale import Scale
from tests.conftest import ROOT
from tests.harness.ports import free_port
from tests.harness.secret_files import write_secret
from tests.harness.waiting import wait_until

CALL = "16777217"
CONNECTIONS = (32, 256)
PACKAGES = "npm install --global fastify@5 undici@7 fast-xml-parser@5"
_USER = f"""<User><uri>/finesse/api/User/{AGENT}</uri><loginId>{AGENT}</loginId>
<extension>{AGENT}</extension><firstName>Ana</firstName><lastName>Costa</lastName>
<roles><role>Agent</role></roles><state>TALKING</state><teamId>1</teamId>
<teamName>Support</teamName></User>"""
_PARTICIPANT = """<Participant><mediaAddress>{}</mediaAddress>
<mediaAddressType>AGENT_DEVICE</mediaAddressType><state>ACTIVE</state>
<stateChangeTime>2026-11-28T10:00:00.123Z</stateChangeTime>
<startTime>2026-11-28T09:59:50.000Z</startTime><actions><action>HOLD</action>
<action>DROP</action><action>CONSULT_CALL</action><action>TRANSFER_SST</action>
<action>UPDATE_CALL_DATA</action></actions></Participant>"""
_VARIABLES = "".join(
    f"<CallVariable><name>callVariable{n}</name><value>value {n}</value></CallVariable>"
    for n in range(1, 11)
)
_DIALOGS = f"""<Dialogs><Dialog><uri>/finesse/api/Dialog/{CALL}</uri><id>{CALL}</id>
<fromAddress>+12125550123</fromAddress><toAddress>{AGENT}</toAddress><state>ACTIVE</state>
<mediaType>Voice</mediaType><mediaProperties><mediaId>1</mediaId><DNIS>7000</DNIS>
<callType>ACD_IN</callType><dialedNumber>7000</dialedNumber><queueName>Support</queueName>
<callvariables>{_VARIABLES}</callvariables></mediaProperties><participants>
{_PARTICIPANT.format(AGENT)}{_PARTICIPANT.format("+12125550123")}</participants></Dialog></Dialogs>"""
_NGINX = """daemon off; pid nginx.pid; error_log stderr error; worker_processes 1;
events {{ worker_connections 2048; }}
http {{
  access_log off; keepalive_requests 100000000; keepalive_timeout 60s; default_type application/xml;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  server {{
    listen 127.0.0.1:{port};
    root .;
    location = /finesse/api/User/{agent} {{ return 200 '{user}'; }}
    location = /finesse/api/User/{agent}/Dialogs {{ return 200 '{dialogs}'; }}
    location /finesse/api/Dialog/ {{ return 202; }}
    location /finesse/api/SystemInfo {{
      return 200 '<SystemInfo><status>IN_SERVICE</status></SystemInfo>';
    }}
  }}
}}
"""


def relay(folder: Path, scale: Scale) -> None:
    """Compare requests a second and p99 of GET /calls and POST /calls/{id}/hold."""
    nginx, node = shutil.which("nginx"), shutil.which("node")
    if nginx is None or node is None:
        print("\nRelay: left out; needs nginx and node (apt install nginx-light nodejs)")
        return
    port, peer, service = free_port(), free_port(), free_port()
    finesse = f"http://127.0.0.1:{port}"
    write_secret(
        folder / "callcard.toml",
        f'[finesse]\nurl = "{finesse}"\n'
        "[api]\nconnections = 2000\nconnections_per_address = 2000\n",
    )
    serve = ("callcard", "serve", "--config", "callcard.toml", "--port", str(service))
    with (
        _nginx(folder, nginx, port),
        process(*serve, cwd=folder, ready=f"http://127.0.0.1:{service}/healthz") as ours,
        _peer(folder, node, peer, finesse) as theirs,
    ):
        os.sched_setaffinity(ours.pid, {0})
        os.sched_setaffinity(theirs.pid, {0})
        own = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {1})
        try:
            _compare(scale, {"fastify": (peer, theirs.pid), "Callcard": (service, ours.pid)})
        finally:
            os.sched_setaffinity(0, own)


def _compare(scale: Scale, sides: dict[str, tuple[int, int]]) -> None:
    requests = {
        "GET /calls": [request("GET", "/api/v1/calls")],
        "POST /calls/{id}/hold": [request("POST", f"/api/v1/calls/{CALL}/hold")],
    }
    print(f"\nRelay: medians of {scale.rounds} rounds of {scale.round_seconds:g} s, in turn")
    print(f"  {'':24}{'':>6}" + "".join(f"{name:>10} req/s  µs CPU  p99 ms" for name in sides))
    for title, sent in requests.items():
        for connections in CONNECTIONS[: len(scale.connections)]:
            results: dict[str, list[tuple[Result, float]]] = {name: [] for name in sides}
            for _ in range(scale.rounds + 1):  # the first warms up
                for name, (port, pid) in sides.items():
                    before = _cpu_seconds(pid)
                    result = asyncio.run(
                        load(port, sent, connections=connections, seconds=scale.round_seconds)
                    )
                    assert result.errors == 0, name
                    cpu = (_cpu_seconds(pid) - before) / (result.rate * scale.round_seconds)
                    results[name].append((result, cpu * 1e6))
            row, rates, p99s = "", [], []
            for measured in results.values():
                rate = statistics.median(each.rate for each, _cpu in measured[1:])
                p99 = statistics.median(each.p99 for each, _cpu in measured[1:])
                cpu = statistics.median(each for _result, each in measured[1:])
                row += f"{rate:>16,.0f}{cpu:>8,.0f}{p99:>8.1f}"
                rates.append(rate)
                p99s.append(p99)
            ratio = f"   ratio {rates[1] / rates[0]:.2f}, p99 {p99s[1] / p99s[0]:.2f}"
            print(f"  {title:24}{connections:>6}{row}{ratio}")


def _cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has used (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def _nginx(folder: Path, nginx: str, port: int) -> Iterator[None]:
    one_line = {"user": _USER.replace("\n", ""), "dialogs": _DIALOGS.replace("\n", "")}
    (folder / "nginx.conf").write_text(_NGINX.format(port=port, agent=AGENT, **one_line))
    command = ["taskset", "-c", "1", nginx, "-p", str(folder), "-c", "nginx.conf"]
    with _running(command, folder, port):
        yield


@contextmanager
def _peer(folder: Path, node: str, port: int, finesse: str) -> Iterator[subprocess.Popen[bytes]]:
    modules = subprocess.run(
        ["npm", "root", "--global"], capture_output=True, text=True, check=True
    ).stdout.strip()
    if not (Path(modules) / "fastify").exists():
        raise SystemExit(f"the Node peer needs {PACKAGES}")
    # Modules of a script are looked for beside it, not in NODE_PATH.
    (folder / "node_modules").symlink_to(modules)
    shutil.copy(ROOT / "tests" / "bench" / "relay_peer.mjs", folder / "relay_peer.mjs")
    with _running([node, "relay_peer.mjs", str(port), finesse], folder, port) as running:
        yield running


@contextmanager
def _running(command: list[str], folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    running = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)

    def listens() -> bool:
        assert running.poll() is None, f"{command[0]} ended"
        state = subprocess.run(["ss", "-ltn"], capture_output=True, text=True, check=True).stdout
        return f":{port} " in state

    try:
        wait_until(listens, 20)
        yield running
    finally:
        running.terminate()
        running.wait(10)
