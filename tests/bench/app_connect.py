"""The look-up of a caller in a CRM over HTTP, beside the same in RingCentral App Connect's core.

Both ask the same nginx for each request: what App Connect and Callcard would remember of an earlier
answer is turned off. Callcard also checks the agent's credential, parses the number, checks every
hit and returns the contact with its numbers; App Connect checks a token and reads the user.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import urllib.request
from pathlib import Path

from tests.bench.load import request
from tests.bench.processes import get_contacts, process
from tests.bench.relay import finesse_answers
from tests.bench.scale import Scale
from tests.bench.side_by_side import compare, nginx, on_cores, running
from tests.conftest import ROOT
from tests.harness.ports import free_port
from tests.harness.secret_files import write_secret
from tests.harness.waiting import wait_until

PACKAGES = (
    "npm install --global @app-connect/core@1 sequelize@6 sqlite3@5 express@4 axios@1 node-fetch@2"
)
CALLERS = 5000
"""Each look-up is for another one: simultaneous ones for the same number would be one request."""
_PEOPLE = """{"people": [{"id": "7", "first": "Ada", "last": "Lovelace", "company": "Engines",
"email": "ada@engines.example", "phones": [{"value": "+$arg_phone", "label": "office"}]}]}"""
_SETTINGS = """[finesse]
url = "{url}"
[api]
connections = 2000
connections_per_address = 2000
[telephony]
country = "US"
[contacts]
remember_choices = false
[delivery]
url = "{url}/log"
[[sources]]
kind = "rest"
name = "crm"
base_url = "{url}"
auth = {{ type = "basic", username = "key", password_file = "password" }}
cache_seconds = 0
not_found_cache_seconds = 0
concurrency = 256
[sources.contact]
id = "id"
name = "join(' ', [first, last])"
company = "company"
email = "email"
numbers = "phones[].{{number: value, label: label}}"
[sources.by_number]
path = "/people"
query = {{ phone = "<< number.digits >>" }}
results = "people"
"""


def app_connect(folder: Path, scale: Scale) -> None:
    """Compare requests a second and p99 of one look-up."""
    programs = shutil.which("nginx"), shutil.which("node")
    if None in programs:
        print("\nApp Connect: left out; needs nginx and node (apt install nginx-light nodejs)")
        return
    modules = subprocess.run(
        ["npm", "root", "--global"], capture_output=True, text=True, check=True
    ).stdout.strip()
    if not (Path(modules) / "@app-connect" / "core").exists():
        print(f"\nApp Connect: left out; needs {PACKAGES}")
        return
    (folder / "node_modules").symlink_to(modules)
    shutil.copy(ROOT / "tests" / "bench" / "app_connect_peer.cjs", folder)
    port, peer, service = free_port(), free_port(), free_port()
    url = f"http://127.0.0.1:{port}"
    write_secret(folder / "callcard.toml", _SETTINGS.format(url=url))
    write_secret(folder / "password", "unused")
    serve = ("callcard", "serve", "--config", "callcard.toml", "--port", str(service))
    token = folder / "token"
    answers = finesse_answers() | {"/people": f"200 '{_PEOPLE}'"}
    node = [str(programs[1]), "app_connect_peer.cjs", str(peer), url, str(token)]
    print("\nLook-up in a CRM over HTTP, beside RingCentral App Connect's core")
    with (
        nginx(folder, str(programs[0]), port, answers, "application/json"),
        process(*serve, cwd=folder, ready=f"http://127.0.0.1:{service}/healthz") as ours,
        running(node, folder, peer) as theirs,
        on_cores(ours, theirs),
    ):
        wait_until(token.exists, 10)
        query = f"jwtToken={token.read_text()}&phoneNumber="
        _check(get_contacts(service, f"number={_number(0)}")["matches"])
        url = f"http://127.0.0.1:{peer}/contact?{query}{_number(0)}"
        with urllib.request.urlopen(url, timeout=10) as response:
            _check(json.load(response)["contact"])
        numbers = [_number(index) for index in range(CALLERS)]
        requests = {
            "App Connect": [request("GET", f"/contact?{query}{each}") for each in numbers],
            "Callcard": [request("GET", f"/api/v1/contacts?number={each}") for each in numbers],
        }
        sides = {"App Connect": (peer, theirs.pid), "Callcard": (service, ours.pid)}
        compare(scale, sides, {"one contact": requests})


def _number(index: int) -> str:
    """Return a caller's number as it stands in a query."""
    return f"%2B1212555{index:04}"


def _check(found: list[object]) -> None:
    assert len(found) == 1, found
    assert "Ada Lovelace" in json.dumps(found), found
