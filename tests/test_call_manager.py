"""The sandbox's call manager and routing script, in front of the real service."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response

from finesse_sandbox.app import Sandbox, SandboxSettings
from finesse_sandbox.call_manager import CallManager, curri_request
from tests.harness.contact_centre import ADA, ADA_NAME, ContactCentre, open_contact_centre
from tests.harness.routing import CurriAnswer, read_answer

pytestmark = pytest.mark.anyio

SERVICE = "http://service"


@pytest.fixture
async def centre(tmp_path: Path) -> AsyncIterator[ContactCentre]:
    async with open_contact_centre(tmp_path, routing={"addresses": ["127.0.0.1"]}) as opened:
        yield opened


def call_manager(centre: ContactCentre, *, curri: bool = True, script: bool = True) -> CallManager:
    http = httpx.AsyncClient(transport=httpx.ASGITransport(centre.service.app))
    return CallManager(
        http,
        f"{SERVICE}/curri" if curri else "",
        f"{SERVICE}/routing/v1/decision" if script else "",
    )


async def put_on_list(centre: ContactCentre, name: str, **entry: str) -> None:
    async with centre.api("2001") as supervisor:
        given = {"number": ADA, "reason": "because", **entry}
        assert (await supervisor.post(f"/lists/{name}", json=given)).status_code == 201


@pytest.mark.parametrize(("curri", "script"), [(True, False), (False, True), (True, True)])
async def test_lists_decide_whoever_asks(centre: ContactCentre, curri: bool, script: bool) -> None:
    manager = call_manager(centre, curri=curri, script=script)
    routing = await manager.route(ADA, "7000", "1001")
    assert (routing.outcome, routing.to) == ("ring", "1001")
    assert routing.caller_name == (ADA_NAME if curri else "")
    assert len(routing.steps) == curri + script
    await put_on_list(centre, "deny", action="divert", target="7999")
    routing = await manager.route(ADA, "7000", "1001")
    assert (routing.outcome, routing.to) == ("ring", "7999")
    await put_on_list(centre, "deny", action="announce", target="closed")
    routing = await manager.route(ADA, "7000", "1001")
    assert routing.outcome == "reject"
    assert routing.steps[-1]["announcement"] == "closed"
    await put_on_list(centre, "allow")
    assert (await manager.route(ADA, "7000", "1001")).outcome == "ring"


async def test_call_goes_on_when_the_service_does_not_know_the_asker(tmp_path: Path) -> None:
    async with open_contact_centre(tmp_path) as centre:
        routing = await call_manager(centre).route(ADA, "7000", "1001")
        assert (routing.outcome, routing.to, routing.caller_name) == ("ring", "1001", "")
        assert all(step["failure"] for step in routing.steps)


BROKEN = {
    "nothing": b"",
    "html": b"<html><body>Bad gateway</body></html>",
    "no directive": b"<Response><Result><Decision>Permit</Decision></Result></Response>",
    "disagreement": (
        b"<Response><Result><Decision>Permit</Decision><Obligations><Obligation>"
        b"<AttributeAssignment><AttributeValue>&lt;cixml ver='1.0'&gt;&lt;reject/&gt;&lt;/cixml&gt;"
        b"</AttributeValue></AttributeAssignment></Obligation></Obligations></Result></Response>"
    ),
    "entities": b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN.keys())
async def test_answer_that_cannot_be_read_lets_the_call_through(body: bytes) -> None:
    async def answer(scope: Any, receive: Any, send: Any) -> None:
        assert Request(scope).headers["methodname"] == "isRoleAccessAllowed"
        await Response(body)(scope, receive, send)

    http = httpx.AsyncClient(transport=httpx.ASGITransport(answer))
    routing = await CallManager(http, f"{SERVICE}/curri", "").route(ADA, "7000", "1001")
    assert (routing.outcome, routing.to) == ("ring", "1001")
    assert "failure" in routing.steps[0]


async def test_diversions_end(centre: ContactCentre) -> None:
    """Two entries that divert to each other, as an administrator may configure them."""
    await put_on_list(centre, "deny", dialled="7000", action="divert", target="7001")
    await put_on_list(centre, "deny", dialled="7001", action="divert", target="7000")
    routing = await call_manager(centre, script=False).route(ADA, "7000", "1001")
    assert routing.outcome == "ring"
    assert len(routing.steps) == 12


async def test_control_api_asks_before_it_rings(centre: ContactCentre) -> None:
    """The sandbox's own wiring: the number that is asked about is the queue's route point."""
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={"decision": "reject"})

    sandbox = Sandbox(
        SandboxSettings(decision_url="http://script/decision"),
        http=httpx.AsyncClient(transport=httpx.MockTransport(answer)),
    )
    transport = httpx.ASGITransport(sandbox.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
        call = {"from": "+12125550123", "to": "1001", "queue": "Support"}
        rung = await http.post("/sandbox/calls", json=call)
        assert rung.status_code == 201
        assert (rung.json()["state"], rung.json()["id"]) == ("REJECTED", "")
        (point,) = (
            q.route_point for q in sandbox.contact_centre.site.queues if q.name == "Support"
        )
        assert dict(asked[0].url.params) == {"ani": "+12125550123", "dnis": point}
        assert (await http.get("/sandbox/calls")).json() == []


async def test_request_is_one_that_the_service_reads(centre: ContactCentre) -> None:
    http = httpx.AsyncClient(transport=httpx.ASGITransport(centre.service.app), base_url=SERVICE)
    for calling, name in ((ADA, ADA_NAME), ("anonymous", ""), ("ä<&>\u4e2d", "")):
        response = await http.post("/curri", content=curri_request(calling, "7000"))
        answer = read_answer(response.content)
        assert answer == CurriAnswer("Permit", "continue", caller_name=name)
