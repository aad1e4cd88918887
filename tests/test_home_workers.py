"""Sessions with several workers: each request finds the worker that holds the agent's session."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from callcard.api.home_workers import HomeWorkers, WorkerGroup, folder_parent
from callcard.finesse.client import basic
from tests.harness.commands import running
from tests.harness.ports import free_port
from tests.harness.waiting import until, wait_until

pytestmark = pytest.mark.slow

AGENTS = ("1001", "1002", "1003")
WORKERS = 3
ATTEMPTS = 12
"""Connections, each of which any worker may accept: that none but the home does is unlikely."""


class Site:
    """A sandbox, and a service with several workers."""

    def __init__(self, finesse: str, service: str, process: subprocess.Popen[str]) -> None:
        self.finesse = finesse
        self.service = service
        self.process = process

    def call(
        self,
        agent: str,
        method: str,
        path: str,
        body: Any = None,
        *,
        password: str = "callcard",
        accept: str = "application/json",
    ) -> httpx.Response:
        """Send a request on a connection of its own."""
        return httpx.request(
            method,
            f"{self.service}/api/v1{path}",
            json=body,
            auth=(agent, password),
            headers={"accept": accept},
            timeout=15,
        )

    def raw(self, agent: str, method: str, path: str) -> httpx.Response:
        """Send a request whose path the client leaves as it is."""
        request = httpx.Request(
            method,
            self.service,
            headers={"Authorization": basic(agent, "callcard")},
            extensions={"target": f"/api/v1{path}".encode()},
        )
        with httpx.Client() as http:
            return http.send(request)

    def workers(self) -> list[int]:
        """Return the process ids of the workers."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [pid for pid in map(int, children.split()) if is_worker(pid)]


def is_worker(pid: int) -> bool:
    """Return whether a process is a worker, not Python's tracker of resources."""
    command = Path(f"/proc/{pid}/cmdline").read_bytes()
    return b"spawn_main" in command


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    finesse, service = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    ports = [url.rpartition(":")[2] for url in (finesse, service)]
    serve = ("serve", "--port", ports[1], "--workers", str(WORKERS))
    with (
        running("sandbox", "--port", ports[0], cwd=tmp_path, ready=f"{finesse}/desktop"),
        running(
            *serve, cwd=tmp_path, ready=f"{service}/readyz", CALLCARD_FINESSE_URL=finesse
        ) as process,
    ):
        yield Site(finesse, service, process)


def test_every_worker_finds_the_session_of_every_agent(site: Site) -> None:
    for agent in AGENTS:
        sign_in = {"extension": agent, "ready": True}
        opened = [site.call(agent, "POST", "/sessions", sign_in) for _ in range(ATTEMPTS)]
        assert {each.status_code for each in opened} == {201}, opened[0].text
        (id,) = {each.json()["id"] for each in opened}
        # A refusal that comes as an event is seen, whichever worker takes the command.
        refused = [
            site.call(agent, "PUT", "/me/state?wait=3", {"state": "NOT_READY"}) for _ in range(4)
        ]
        assert {(each.status_code, each.json()["code"]) for each in refused} == {
            (409, "finesse-refused")
        }
        me = site.call(agent, "GET", "/me").json()
        query = (
            f"reason={me['not_ready_reasons'][0]['id']}"
            f"&sign_out_reason={me['sign_out_reasons'][0]['id']}"
        )
        xml = site.call(agent, "DELETE", f"/sessions/{id}?{query}", accept="application/xml")
        assert xml.status_code == 200, xml.text
        assert xml.headers["content-type"] == "application/xml"
        assert "<state>LOGOUT</state>" in xml.text
        assert site.call(agent, "DELETE", f"/sessions/{id}").status_code == 404
    # The path arrives as it was sent.
    assert site.call("1001", "POST", "/sessions", {"extension": "1001"}).status_code == 201
    for path, code, text in (
        ("/lists/flag/x%2541", 404, "'x%41'"),
        ("/sessions/a%01b", 404, "no such session"),
        ("/sessions/..%2frejected", 404, ""),
        ("/sessions/../../../rejected", 404, ""),
    ):
        answers = [site.raw("1001", "DELETE", path) for _ in range(ATTEMPTS)]
        assert {each.status_code for each in answers} == {code}, path
        assert all(text in each.text for each in answers), path


def test_rejected_credential_ends_the_session_of_another_worker(site: Site) -> None:
    opened = site.call("1001", "POST", "/sessions", {"extension": "1001"})
    assert opened.status_code == 201
    user = f"{site.finesse}/sandbox/users/1001"
    assert httpx.put(user, json={"password": "changed"}).status_code == 200
    events = {"after": events_now(site), "wait": "10"}
    while site.call("1001", "GET", "/calls").status_code != 401:
        pass  # verified credentials are cached; /calls presents them
    closed = httpx.get(
        f"{site.service}/api/v1/events", params=events, auth=("admin", "callcard"), timeout=15
    ).json()["events"]
    (presence,) = [each["data"] for each in closed if each["type"] == "presence-changed"]
    assert (presence["state"], presence["reason"]) == ("closed", "not-authorized")
    again = site.call("1001", "POST", "/sessions", {}, password="changed")
    assert again.status_code == 201, again.text
    assert again.json()["id"] != opened.json()["id"]


def events_now(site: Site) -> str:
    answer = httpx.get(f"{site.service}/api/v1/events", auth=("admin", "callcard"), timeout=15)
    cursor: str = answer.json()["next"]
    return cursor


def test_agents_open_their_sessions_again_after_their_worker_was_killed(site: Site) -> None:
    ids = {agent: site.call(agent, "POST", "/sessions", {}).json()["id"] for agent in AGENTS}
    before = site.workers()
    assert len(before) == WORKERS
    for pid in before:
        os.kill(pid, signal.SIGKILL)
        for agent in AGENTS:  # also while the worker starts anew
            opened = httpx.Response(0)

            def is_open(agent: str = agent) -> bool:
                nonlocal opened
                try:
                    opened = site.call(agent, "POST", "/sessions", {})
                except httpx.TransportError:
                    return False  # the killed worker had taken the connection
                return opened.status_code == 201

            wait_until(is_open, 15)
            if pid == before[-1]:
                assert opened.json()["id"] != ids[agent], "every worker was replaced"
    refused = site.call("what they typed", "POST", "/sessions", {}, password="wrong")
    assert refused.status_code == 401
    site.process.send_signal(signal.SIGTERM)
    output, _ = site.process.communicate(timeout=20)
    assert not re.search("Traceback|Error", output)
    assert "what they typed" not in output


def test_long_name_of_the_temporary_directory_leaves_room_for_sockets(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/" + "long" * 30)
    assert folder_parent() == "/tmp"
    monkeypatch.setattr("tempfile.tempdir", "/short")
    assert folder_parent() == "/short"


async def nothing(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


def worker(folder: Path, rejected: list[str]) -> HomeWorkers:
    return HomeWorkers(
        WorkerGroup(folder, 2),
        body_limit_bytes=1000,
        deadline_seconds=2,
        on_rejected=lambda authorization, user_id: rejected.append(user_id),
    )


@pytest.mark.anyio
async def test_place_of_a_worker_whose_files_were_deleted_is_not_taken() -> None:
    with tempfile.TemporaryDirectory() as folder:
        workers = [worker(Path(folder), []) for _ in range(3)]
        first, second, third = workers
        await first.start(nothing)
        await second.start(nothing)
        for place in range(2):
            os.unlink(f"{folder}/{place}.lock")
        await second.close()
        await third.start(nothing)
        agents = [f"10{number:02}" for number in range(20)]
        scope = {"method": "POST", "path": "/api/v1/sessions"}
        homes = [
            {each.home_of_request(scope, agent) for agent in agents} for each in (first, third)
        ]
        assert homes == [{None, 1}, {None, 0}], "each has a place of its own"
        await first.close()
        await third.close()


@pytest.mark.anyio
async def test_rejection_reaches_the_home_of_an_id_in_any_script() -> None:
    rejected: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        first, second = worker(Path(folder), rejected), worker(Path(folder), rejected)
        await first.start(nothing)
        await second.start(nothing)
        for name in ("müller", "Ana", "ß1", "x2", "ñ3", "b4"):
            first.note_session(name)
            for each in (first, second):
                each.note_rejection(basic(name, "old"), name)
        await until(lambda: is_true(len(rejected) == 6))
        assert sorted(rejected) == sorted(("müller", "Ana", "ß1", "x2", "ñ3", "b4"))
        await first.close()
        await second.close()


@pytest.mark.anyio
async def test_worker_that_ends_has_told_the_homes_of_rejections() -> None:
    rejected: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        first, second = worker(Path(folder), rejected), worker(Path(folder), rejected)
        await first.start(nothing)
        await second.start(nothing)
        sign_in = {"method": "POST", "path": "/api/v1/sessions"}
        names = [str(number) for number in range(1000, 1020)]
        elsewhere = [name for name in names if first.home_of_request(sign_in, name) is not None]
        assert elsewhere
        for name in names:
            first.note_session(name)
            first.note_rejection(basic(name, "old"), name)
        await first.close()
        assert sorted(rejected) == elsewhere
        await second.close()


async def is_true(value: bool) -> bool:
    return value
