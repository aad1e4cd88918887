"""The sandbox's faults, `POST /sandbox/faults`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from finesse_sandbox.faults import Fault
from tests.harness.finesse import API, SandboxServer, sandbox_without_sockets

pytestmark = pytest.mark.anyio
READY = "<User><state>READY</state></User>"


@pytest.fixture
async def server() -> AsyncIterator[SandboxServer]:
    async with sandbox_without_sockets() as opened:
        yield opened


@pytest.mark.parametrize(
    ("fault", "seconds"),
    [
        ({"kind": "slow"}, 10.0),
        ({"kind": "gateway-timeout"}, 5.0),
        ({"kind": "gateway-timeout", "seconds": 10}, 10.0),
        ({"kind": "unavailable"}, 0.0),
    ],
)
async def test_delay_of_a_fault_has_a_default_by_kind(
    server: SandboxServer, monkeypatch: pytest.MonkeyPatch, fault: dict[str, Any], seconds: float
) -> None:
    slept = [0.0]

    async def sleep(delay: float) -> None:
        slept.append(delay)

    await server.control("POST", "faults", fault)
    monkeypatch.setattr("finesse_sandbox.faults.asyncio.sleep", sleep)
    await server.request("GET", "User/1001")
    assert slept[-1] == seconds


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"kind": "slow", "times": 0}, "times must be at least 1"),
        ({"kind": "event-lost", "times": 0}, "times must be at least 1"),
        ({"kind": "slow", "method": "put"}, "method"),
        ({"kind": "slow", "seconds": 61}, "seconds must be from 0 to 60"),
        ({"kind": "event-delayed", "seconds": -1}, "seconds must be from 0 to 60"),
        ({"kind": "conflict"}, "user is needed"),
        ({"kind": "conflict", "user": "9999"}, "There is no such user"),
        ({"kind": "expired", "user": "9999"}, "There is no such user"),
        ({"kind": "skew", "node": "B"}, "there is no node B"),
        ({"kind": "slow", "path": "/desktop"}, "path must begin with /finesse/api"),
        ({"kind": "unwrapped-list", "path": "/gadgets/makeRequest"}, "below /finesse/api only"),
    ],
)
async def test_invalid_fault_is_rejected(
    server: SandboxServer, fault: dict[str, Any], reason: str
) -> None:
    response = await server.http.post("/sandbox/faults", json=fault)
    assert 400 <= response.status_code < 500
    assert reason in response.json()["error"]
    assert server.sandbox.faults.armed == []


async def test_armed_faults_are_listed_with_their_values(server: SandboxServer) -> None:
    await server.control("POST", "faults", {"kind": "busy", "times": 3})
    delayed = {"kind": "event-delayed", "path": f"{API}/User/1001", "seconds": 2}
    status = await server.control("POST", "faults", delayed)
    assert status["busy"] == 3
    assert status["events_armed"] == [delayed]
    assert (await server.http.get("/sandbox/faults")).json() == status
    status = await server.control("POST", "faults", {"kind": "busy", "times": 0})
    assert status["busy"] == 0


async def test_fault_of_the_gadget_proxy_replaces_its_response(server: SandboxServer) -> None:
    fault = {"kind": "gateway-timeout", "path": "/gadgets/makeRequest", "seconds": 0, "times": 2}
    await server.control("POST", "faults", fault)
    form = {"url": "http://127.0.0.1:9/"}
    for _ in range(2):
        response = await server.http.post("/gadgets/makeRequest", data=form)
        assert response.status_code == 504
        assert "Gateway" in response.text
    response = await server.http.post("/gadgets/makeRequest", data=form)
    assert response.status_code == 200
    assert (await server.http.get("/sandbox/faults")).json()["armed"] == []


async def test_reordered_event_follows_the_next_one_on_its_node(server: SandboxServer) -> None:
    events = server.events("2001", f"{API}/User/1001", f"{API}/Team/1/Users")
    await server.control("POST", "faults", {"kind": "event-reordered"})
    await server.request("PUT", "User/1001", READY)
    await server.request(
        "PUT", "User/1001", "<User><state>NOT_READY</state><reasonCodeId>1</reasonCodeId></User>"
    )
    updates = [update for node, update in events.updates if node == f"{API}/User/1001"]
    assert [update.findtext("data/user/state") for update in updates] == ["NOT_READY", "READY"]


@pytest.mark.parametrize("kind", ["event-reordered", "event-delayed"])
async def test_reset_drops_events_that_a_fault_holds_back(server: SandboxServer, kind: str) -> None:
    events = server.events("1001")
    fault = {"kind": kind, "path": f"{API}/User/1001", "seconds": 0.05}
    await server.control("POST", "faults", fault)
    await server.request("PUT", "User/1001", READY)
    await server.control("POST", "reset")
    await asyncio.sleep(0.1)
    server.sandbox.agents.sign_in(server.user(), "1001", "")
    assert [update.findtext("data/user/state") for update in events.take()] == [
        "LOGOUT",
        "NOT_READY",
    ]


def test_fault_that_alters_the_response_does_not_replace_it() -> None:
    assert not Fault("unwrapped-list").replaces_response
    assert Fault("internal-error").replaces_response


async def test_dialog_ids_restart_without_reusing_a_present_one(server: SandboxServer) -> None:
    first = server.ring("1001")
    second = server.ring("1002")
    await server.control("POST", f"calls/{second}/drop")
    await server.control("POST", "faults", {"kind": "ids"})
    assert server.ring("1002") == second
    assert {call["id"] for call in await server.control("GET", "calls")} == {first, second}
