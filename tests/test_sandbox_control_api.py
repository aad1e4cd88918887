"""The sandbox's control API under /sandbox/."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from starlette.routing import Route

from finesse_sandbox.app import Sandbox
from tests.conftest import ROOT

pytestmark = pytest.mark.anyio


async def test_calls_requests_faults_and_reset(rest: httpx.AsyncClient, finesse: Sandbox) -> None:
    call = (await rest.post("/sandbox/calls", json={"from": "+12125550123", "to": "1001"})).json()
    assert (await rest.get("/sandbox/calls")).json() == [call]
    assert (await rest.post(f"/sandbox/calls/{call['id']}/answer")).status_code == 400
    assert (await rest.post(f"/sandbox/calls/{call['id']}/drop")).status_code == 200
    assert (await rest.post(f"/sandbox/calls/{call['id']}/drop")).status_code == 404
    await rest.get("/finesse/api/User/1001")
    (request,) = (await rest.get("/sandbox/requests")).json()
    assert request.pop("time") > 0
    assert request == {
        "method": "GET",
        "path": "/finesse/api/User/1001",
        "user": "1001",
        "status": 200,
    }
    status = (await rest.post("/sandbox/faults", json={"kind": "slow", "seconds": 0})).json()
    assert status["armed"][0]["kind"] == "slow"
    assert (await rest.post("/sandbox/reset")).status_code == 200
    assert finesse.agents.users["1001"].state == "LOGOUT"
    assert finesse.faults.armed == []


async def test_events_are_listed_with_the_fault_that_they_met(rest: httpx.AsyncClient) -> None:
    await rest.post("/sandbox/faults", json={"kind": "event-lost", "path": "/finesse/api/User"})
    await rest.put("/sandbox/users/1002", json={"state": "READY"})
    events = (await rest.get("/sandbox/events")).json()
    user = [each for each in events if each["node"] == "/finesse/api/User/1002"]
    assert [each["fault"] for each in user][:2] == ["event-lost", ""]
    assert "<state>READY</state>" in user[-1]["update"]
    later = (await rest.get("/sandbox/events", params={"after": user[0]["id"]})).json()
    assert [each["id"] for each in later] == [
        each["id"] for each in events if each["id"] > user[0]["id"]
    ]
    assert (await rest.get("/sandbox/events?after=x")).status_code == 400
    await rest.post("/sandbox/reset")
    forgotten = (await rest.get("/sandbox/events", params={"after": events[-1]["id"]})).json()
    assert all(each["id"] > events[-1]["id"] for each in forgotten)


async def test_all_faults_are_ended_at_once(rest: httpx.AsyncClient) -> None:
    before = (await rest.get("/sandbox/faults")).json()
    for fault in (
        {"kind": "unavailable", "times": 9},
        {"kind": "event-delayed"},
        {"kind": "busy", "times": 2},
        {"kind": "events"},
        {"kind": "skew", "seconds": 60},
        {"kind": "node"},
    ):
        assert (await rest.post("/sandbox/faults", json=fault)).status_code == 200
    assert (await rest.get("/sandbox/faults")).json() != before
    assert (await rest.delete("/sandbox/faults")).json() == before
    assert (await rest.get("/sandbox/faults")).json() == before


async def test_user_state_is_changed_without_a_reason(rest: httpx.AsyncClient) -> None:
    for state, extension in [("READY", "1002"), ("NOT_READY", "1002"), ("LOGOUT", "")]:
        user = (await rest.put("/sandbox/users/1002", json={"state": state})).json()
        assert user["state"] == state
        assert user["extension"] == extension
        assert user in (await rest.get("/sandbox/users")).json()


async def _put_user(rest: httpx.AsyncClient, id: str, **change: str) -> httpx.Response:
    return await rest.put(f"/sandbox/users/{id}", json=change)


@pytest.mark.parametrize("state", ["READY", "NOT_READY", "LOGOUT"])
async def test_forced_state_after_wrap_up_removes_the_call(
    rest: httpx.AsyncClient, finesse: Sandbox, state: str
) -> None:
    await _put_user(rest, "1001", wrap_up="REQUIRED")
    call = finesse.switch.ring("+12125550123", "1001")
    finesse.switch.act(call, "1001", "ANSWER")
    finesse.switch.drop_outside(call)
    assert finesse.agents.users["1001"].state == "WORK"
    assert (await _put_user(rest, "1001", state=state)).json()["state"] == state
    assert (await rest.get("/sandbox/calls")).json() == []


async def test_forced_state_reports_that_the_extension_is_in_use(
    rest: httpx.AsyncClient, finesse: Sandbox
) -> None:
    finesse.agents.sign_in(finesse.agents.users["1003"], "1002", "")
    rejected = await _put_user(rest, "1002", state="READY", wrap_up="REQUIRED")
    assert rejected.status_code == 409
    error = "Extension 1002 is in use; sign its user out first"
    assert rejected.json() == {"error": error, "about": "1002"}
    assert finesse.agents.users["1002"].state == "LOGOUT"
    assert finesse.agents.users["1002"].wrap_up == "OPTIONAL"


async def test_signed_out_user_gets_another_extension(
    rest: httpx.AsyncClient, finesse: Sandbox
) -> None:
    user = (await _put_user(rest, "1002", extension="1009")).json()
    assert (user["extension"], user["assigned_extension"]) == ("", "1009")
    ringing = await rest.post("/sandbox/calls", json={"from": "+12125550123", "to": "1009"})
    assert ringing.status_code == 404
    user = (await _put_user(rest, "1003", extension="1010", state="READY")).json()
    assert (user["extension"], user["state"]) == ("1010", "READY")


@pytest.mark.parametrize(
    ("id", "change", "status"),
    [
        ("1002", {"extension": "1003"}, 409),
        ("1002", {"extension": "abc"}, 400),
        ("1002", {"extension": "12345678"}, 400),
        ("1001", {"extension": "1009"}, 409),
        ("admin", {"extension": "1009"}, 400),
        ("admin", {"state": "READY"}, 400),
    ],
)
async def test_invalid_change_of_a_user_is_rejected(
    rest: httpx.AsyncClient, id: str, change: dict[str, str], status: int
) -> None:
    before = (await rest.get("/sandbox/users")).json()
    rejected = await _put_user(rest, id, **change)
    assert rejected.status_code == status
    assert rejected.json()["about"]
    assert (await rest.get("/sandbox/users")).json() == before


WORKFLOW = {
    "id": "9",
    "name": "Pop",
    "when": "CALL_ANSWERED",
    "type": "BROWSER_POP",
    "handled_by": "OTHER",
    "params": {"path": "https://crm.example/"},
}
PHONE_BOOK = {"id": "1", "name": "All", "type": "GLOBAL", "contacts": []}


async def test_workflows_are_replaced(rest: httpx.AsyncClient) -> None:
    response = await rest.put("/sandbox/site", json={"workflows": [WORKFLOW]})
    assert response.status_code == 200
    assert response.json()["workflows"] == [{**WORKFLOW, "variables": {}}]
    workflows = (await rest.get("/finesse/api/User/1001/Workflows")).text
    assert "CALL_ANSWERED" in workflows
    assert "CALL_ARRIVES" not in workflows


@pytest.mark.parametrize(
    "change", [{"phone_books": [PHONE_BOOK] * 2}, {"workflows": [WORKFLOW] * 2}]
)
async def test_configuration_with_duplicate_ids_is_rejected(
    rest: httpx.AsyncClient, change: dict[str, Any]
) -> None:
    rejected = await rest.put("/sandbox/site", json=change)
    assert rejected.status_code == 400
    assert "2 times" in rejected.json()["error"]


@pytest.mark.parametrize(
    ("call", "field"),
    [
        ({"from": "a\x00", "to": "1001"}, "from"),
        ({"from": "1", "to": "1001", "variables": {"callVariable1": "\uffff"}}, "variables"),
        ({"from": "1", "to": "1001", "variables": {"call\x01": "x"}}, "variables"),
    ],
)
async def test_text_that_xml_cannot_carry_is_rejected(
    rest: httpx.AsyncClient, call: dict[str, Any], field: str
) -> None:
    rejected = await rest.post("/sandbox/calls", json=call)
    assert rejected.status_code == 400
    assert rejected.json()["error"].startswith(field)
    assert rejected.json()["error"].endswith(" has characters that XML cannot carry")


async def test_reset_restores_the_configuration(rest: httpx.AsyncClient, finesse: Sandbox) -> None:
    change: dict[str, Any] = {"variables": {"user.other": 10}, "workflows": [], "phone_books": []}
    await rest.put("/sandbox/site", json=change)
    site = finesse.contact_centre.site
    site.wrap_up_reasons["9"] = "Refund"
    site.team_layout = site.layout
    await _put_user(rest, "1002", extension="1009")
    await rest.post("/sandbox/reset")
    assert "user.case" in site.variables
    assert len(site.workflows) == 1
    assert len(site.phone_books) == 2
    assert "9" not in site.wrap_up_reasons
    assert finesse.contact_centre.site.team_layout is None
    assert "tabs" in site.layout
    assert finesse.agents.users["1002"].assigned_extension == "1002"


async def test_reset_cancels_the_forced_sign_out(rest: httpx.AsyncClient, finesse: Sandbox) -> None:
    finesse.contact_centre.site.presence_timeout_seconds = 0.05
    user = finesse.agents.users["1001"]
    session = object()
    finesse.contact_centre.presence.add(user, session)
    finesse.contact_centre.presence.remove(user, session)
    await rest.post("/sandbox/reset")
    finesse.agents.sign_in(user, "1001", "")
    await asyncio.sleep(0.1)
    assert user.state == "NOT_READY"


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "none", 404), ("PUT", "calls", 405)]
)
async def test_unknown_path_or_method_gets_a_json_error(
    rest: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    response = await rest.request(method, f"/sandbox/{path}")
    assert response.status_code == status
    assert response.json()["error"]
    assert response.json()["about"] == f"/sandbox/{path}"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("calls", b"{", 400),
        ("calls", b'{"from": 1, "to": "1001"}', 400),
        ("calls", b'{"to": "1001"}', 400),
        ("calls", b'{"from": "1", "to": "5555"}', 404),
        ("faults", b'{"kind": "earthquake"}', 400),
        ("faults", b'{"kind": "node", "node": "B"}', 400),
        ("calls/1/dance", b"", 404),
    ],
)
async def test_invalid_request_gets_an_error(
    rest: httpx.AsyncClient, path: str, body: bytes, status: int
) -> None:
    response = await rest.post(f"/sandbox/{path}", content=body)
    assert response.status_code == status
    assert response.json()["error"]


async def test_other_web_sites_are_rejected(rest: httpx.AsyncClient) -> None:
    headers = {"Sec-Fetch-Site": "cross-site"}
    rejected = await rest.post("/sandbox/reset", headers=headers)
    assert rejected.status_code == 403
    assert rejected.json()["about"] == "/sandbox/reset"


def test_readme_lists_every_request(finesse: Sandbox) -> None:
    readme = (ROOT / "server" / "finesse_sandbox" / "README.md").read_text("utf-8")
    for route in finesse.app.routes:
        if isinstance(route, Route) and route.path.startswith("/sandbox/"):
            path = route.path.replace("{action}", "{answer,drop}")
            (method,) = (route.methods or set()) - {"HEAD"}
            assert f"`{method} {path}`" in readme
