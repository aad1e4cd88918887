"""The service in a process of its own, as `callcard serve` runs it, and what an attacker sends."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from finesse_sandbox.app import Sandbox, SandboxSettings
from tests.harness.crm import UnreliableCrm
from tests.harness.ports import free_port
from tests.harness.secret_files import write_secret
from tests.harness.serving import listening
from tests.harness.waiting import wait_until

PASSWORD = "callcard"
VICTIM, ATTACKER, COLLEAGUE = "1001", "1002", "1003"
SUPERVISOR, ADMINISTRATOR = "2001", "admin"
AGENTS = (VICTIM, ATTACKER, COLLEAGUE)
START_SECONDS = 30.0


@dataclass
class AttackedService:
    """Methods play the customer, the desktops and the attacker."""

    port: int
    process: subprocess.Popen[bytes]
    control: httpx.Client
    """Of the sandbox, as nobody."""
    crm: UnreliableCrm
    log_file: Path
    folder: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    # ---- requests

    def client(self, user: str, password: str = PASSWORD, **headers: str) -> httpx.Client:
        """Return a client with a user's credential; the caller closes it."""
        return httpx.Client(
            base_url=f"{self.url}/api/v1/", auth=(user, password), timeout=10, headers=headers
        )

    def send(
        self, user: str, method: str, path: str, body: Any = None, **kw: Any
    ) -> httpx.Response:
        with self.client(user) as client:
            return client.request(method, path, json=body, **kw)

    def report(self, user: str, body: Mapping[str, Any], *, lookup: bool = False) -> httpx.Response:
        return self.send(user, "POST", "interactions" + ("?lookup=1" if lookup else ""), body)

    def is_responsive(self, seconds: float = 2.0) -> bool:
        with suppress(httpx.HTTPError):
            return httpx.get(f"{self.url}/healthz", timeout=seconds).status_code == 200
        return False

    def has_started(self) -> bool:
        """Return whether it answers. Raises AssertionError if it has ended."""
        assert self.process.poll() is None, "it has ended"
        return self.is_responsive()

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    # ---- Finesse

    def ring(self, number: str, to: str = VICTIM, **variables: str) -> str:
        """Let a customer call an agent. Return the dialog's id."""
        body = {"from": number, "to": to, "variables": variables}
        return str(self._post("calls", body)["id"])

    def take_call(self, number: str) -> None:
        """Let the victim get a call that ends while it rings, and report it."""
        call = self.ring(number)
        report = self.seen_by(VICTIM, call)
        self.report(VICTIM, report).raise_for_status()
        self.hang_up(call)
        self.report(VICTIM, {**report, "ended": True}).raise_for_status()

    def hang_up(self, call: str) -> None:
        self._post(f"calls/{call}/drop")

    def act(self, call: str, agent: str, action: str, to: str = "") -> None:
        """Do a call action as an agent, with another client than Callcard."""
        target = f"<toAddress>{to}</toAddress>" if to else ""
        self.control.put(
            f"/finesse/api/Dialog/{call}",
            content=f"<Dialog><targetMediaAddress>{agent}</targetMediaAddress>{target}"
            f"<requestedAction>{action}</requestedAction></Dialog>",
            headers={"Content-Type": "application/xml"},
            auth=(agent, PASSWORD),
        ).raise_for_status()

    def seen_by(self, agent: str, call: str) -> dict[str, Any]:
        """Return the report that an agent's desktop sends of a call now."""
        calls = self.send(agent, "GET", "calls").json()["calls"]
        (found,) = [each for each in calls if each["id"] == call]
        return {
            "id": call,
            "from_address": found["from_address"],
            "to_address": found["to_address"],
            "associated_call": found["associated_call"],
            "participants": [
                {
                    "address": each["address"],
                    "state": each["state"],
                    "state_since": each["state_since"],
                    "joined_at": each["state_since"],
                    "is_agent": each["address"] in AGENTS,
                }
                for each in found["participants"]
            ],
            "variables": {each["name"]: each["value"] for each in found["variables"]},
        }

    def sign_in(self, agent: str, extension: str) -> None:
        _sign_in(self.control, agent, extension)

    def sign_out(self, agent: str) -> None:
        self.control.put(
            f"/finesse/api/User/{agent}",
            content="<User><state>LOGOUT</state><reasonCodeId>4</reasonCodeId></User>",
            headers={"Content-Type": "application/xml"},
            auth=(agent, PASSWORD),
        ).raise_for_status()

    def call_key(self, call: str) -> str:
        """Return the key of a victim's call, as a report has it."""
        dialog = self.control.get(f"/finesse/api/Dialog/{call}", auth=(VICTIM, PASSWORD)).text
        names = ("callKeyPrefix", "callKeyCallId")
        parts = [re.search(f"<{name}>([^<]+)<", dialog) for name in names]
        return ":".join(part[1] for part in parts if part)

    def token(self, user: str) -> str:
        """Return an access token, from the browser's flow of single sign-on."""
        with httpx.Client(base_url=self.control.base_url, follow_redirects=True) as browser:
            page = browser.get(f"/desktop/sso/token?cc_username={user}")
            form = {"user": user, "password": PASSWORD, "back": page.url.params["back"]}
            return str(browser.post("/desktop/sso/login", data=form).json()["token"])

    def arm_fault(self, kind: str, **options: Any) -> None:
        self._post("faults", {"kind": kind, **options})

    def user_requests(self) -> list[dict[str, Any]]:
        """Return Finesse's requests below /finesse/api/User."""
        requests = self.control.get("/sandbox/requests").json()
        return [each for each in requests if each["path"].startswith("/finesse/api/User")]

    def _post(self, path: str, body: Any = None) -> Any:
        response = self.control.post(f"/sandbox/{path}", json=body or {})
        assert response.status_code in (200, 201), response.text
        return response.json()

    # ---- the process

    @property
    def memory_bytes(self) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        (line,) = [line for line in status.splitlines() if line.startswith("VmRSS")]
        return 1024 * int(line.split()[1])

    @property
    def log(self) -> str:
        return self.log_file.read_text()

    def terminate(self, seconds: float = 30) -> int:
        """Send SIGTERM and return the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)


@contextmanager
def attacked_service(
    folder: Path, *, workers: int = 1, **sections: dict[str, Any]
) -> Iterator[AttackedService]:
    """Run sandbox, CRM and `callcard serve` with all files in `folder`; agents are signed in."""
    finesse_port, crm_port, port = free_port(), free_port(), free_port()
    crm = UnreliableCrm()
    sandbox = Sandbox(SandboxSettings(ports=(finesse_port, free_port())))
    settings: dict[str, dict[str, Any]] = {
        "finesse": {"url": f"http://127.0.0.1:{finesse_port}"},
        "gadget": {"bundle": str(folder / "none")},
        "journal": {
            "database": str(folder / "calls.sqlite"),
            "notes_seconds": 1,
        },
        "delivery": {"url": f"http://127.0.0.1:{crm_port}/calls/{{id}}"},
    }
    for section, values in sections.items():
        settings.setdefault(section, {}).update(values)
    config = folder / "callcard.toml"
    write_secret(
        config,
        "\n".join(
            f"[{section}]\n" + "\n".join(f"{key} = {json.dumps(v)}" for key, v in values.items())
            for section, values in settings.items()
        )
        + f'\n[[sources]]\nkind = "local"\npath = "{folder}/contacts.sqlite"\n',
    )
    command = [sys.executable, "-m", "callcard", "serve", "--config", str(config)]
    command += ["--port", str(port), "--workers", str(workers)]
    temporary = folder / "tmp"
    temporary.mkdir(exist_ok=True)
    log_file = folder / "service.log"
    with ExitStack() as stack:
        stack.enter_context(listening((sandbox.app, finesse_port), (crm.app, crm_port)))
        control = httpx.Client(base_url=f"http://127.0.0.1:{finesse_port}", timeout=10)
        stack.enter_context(control)
        for agent in AGENTS:
            _sign_in(control, agent, agent)
        output = stack.enter_context(log_file.open("wb"))
        environment = {**os.environ, "TMPDIR": str(temporary)}
        process = subprocess.Popen(
            command, stderr=output, stdout=output, env=environment, start_new_session=True
        )
        stack.callback(_stop, process)
        service = AttackedService(port, process, control, crm, log_file, folder)
        try:
            wait_until(service.has_started, START_SECONDS)
        except AssertionError as error:
            raise AssertionError(f"the service did not start:\n{service.log}") from error
        yield service


def _sign_in(control: httpx.Client, agent: str, extension: str) -> None:
    control.put(
        f"/finesse/api/User/{agent}",
        content=f"<User><state>LOGIN</state><extension>{extension}</extension></User>",
        headers={"Content-Type": "application/xml"},
        auth=(agent, PASSWORD),
    ).raise_for_status()


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Kill the service with its workers, which would go on without it."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
