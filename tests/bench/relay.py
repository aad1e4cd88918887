"""Reads and call actions passed on to Finesse, beside the same in Node: fastify, undici and
fast-xml-parser. nginx plays Finesse, so that neither waits for a slow server.

The servers are on the first core, one at a time; nginx and the load are on the second.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.load import request
from tests.bench.processes import AGENT, process
from tests.bench.scale import Scale
from tests.bench.side_by_side import compare, nginx, on_cores, running
from tests.conftest import ROOT
from tests.harness.ports import free_port
from tests.harness.secret_files import write_secret

CALL = "16777217"
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


def relay(folder: Path, scale: Scale) -> None:
    """Compare requests a second and p99 of GET /calls and POST /calls/{id}/hold."""
    programs = shutil.which("nginx"), shutil.which("node")
    if None in programs:
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
    requests = {
        "GET /calls": [request("GET", "/api/v1/calls")],
        "POST /calls/{id}/hold": [request("POST", f"/api/v1/calls/{CALL}/hold")],
    }
    print("\nRelay of reads and call actions, beside fastify, undici and fast-xml-parser")
    with (
        nginx(folder, str(programs[0]), port, finesse_answers(), "application/xml"),
        process(*serve, cwd=folder, ready=f"http://127.0.0.1:{service}/healthz") as ours,
        _peer(folder, str(programs[1]), peer, finesse) as theirs,
        on_cores(ours, theirs),
    ):
        sides = {"fastify": (peer, theirs.pid), "Callcard": (service, ours.pid)}
        compare(
            scale, sides, {title: dict.fromkeys(sides, each) for title, each in requests.items()}
        )


def finesse_answers() -> dict[str, str]:
    """Return what nginx answers in place of Finesse."""
    user, dialogs = _USER.replace("\n", ""), _DIALOGS.replace("\n", "")
    return {
        f"= /finesse/api/User/{AGENT}": f"200 '{user}'",
        f"= /finesse/api/User/{AGENT}/Dialogs": f"200 '{dialogs}'",
        "/finesse/api/Dialog/": "202",
        "/finesse/api/SystemInfo": "200 '<SystemInfo><status>IN_SERVICE</status></SystemInfo>'",
    }


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
    with running([node, "relay_peer.mjs", str(port), finesse], folder, port) as process:
        yield process
