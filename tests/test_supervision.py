"""Supervisors: their team's board, agents' states, and listening to and joining calls."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.harness.api_keys import make_key
from tests.harness.contact_centre import ADA_NAME, ContactCentre, service_client

pytestmark = pytest.mark.anyio


async def begin_call(centre: ContactCentre) -> str:
    """Let Ana talk to a customer, with the supervisor signed in."""
    await centre.open_desktop("1001")
    await centre.finesse.sign_in("2001")
    call = await centre.ring()
    await centre.act(call, "1001", "ANSWER")
    return call


async def audit(supervisor: httpx.AsyncClient) -> list[tuple[str, str]]:
    entries = (await supervisor.get("/audit")).json()["entries"]
    return [(entry["agent"], entry["action"]) for entry in entries]


async def test_board_has_the_team_as_finesse_has_it(centre: ContactCentre) -> None:
    await centre.open_desktop("1001")
    async with centre.api("2001") as supervisor:
        board = (await supervisor.get("/teams/1")).json()
        members = {each["id"]: each for each in board["agents"]}
        assert board["name"] == "Customer Care"
        assert (members["1001"]["name"], members["1001"]["state"]) == ("Ana Costa", "READY")
        assert members["1001"]["state_since"]
        assert members["1003"]["state"] == "LOGOUT"
        assert board["thresholds"]["HOLD"] == {"amber_seconds": 60.0, "red_seconds": 180.0}


async def test_board_has_the_agents_calls(centre: ContactCentre) -> None:
    await begin_call(centre)
    await centre.reported()
    async with centre.api("2001") as supervisor, centre.api("1001") as ana:
        board = (await supervisor.get("/teams/1")).json()
        (call,) = next(each["calls"] for each in board["agents"] if each["id"] == "1001")
        assert (call["name"], call["direction"], call["state"]) == (ADA_NAME, "in", "ACTIVE")
        assert call["number"]
        assert call["state_since"] >= call["started_at"]
        assert (await supervisor.get("/teams/1/calls")).json() == {"calls": {"1001": [call]}}
        refused = await ana.get("/teams/1/calls")
        assert (refused.status_code, refused.json()["code"]) == (403, "not-permitted")


async def test_board_has_no_call_that_is_over(centre: ContactCentre) -> None:
    call = await begin_call(centre)
    await centre.hang_up(call)
    await centre.reported()
    async with centre.api("2001") as supervisor:
        assert (await supervisor.get("/teams/1/calls")).json() == {"calls": {}}


async def test_queues_have_the_numbers_that_finesse_counts(centre: ContactCentre) -> None:
    async with centre.api("2001") as supervisor:
        queues = (await supervisor.get("/queues")).json()["queues"]
    assert [queue["name"] for queue in queues] == sorted(queue["name"] for queue in queues)
    support = next(queue for queue in queues if queue["name"] == "Support")
    assert support["id"]
    assert support["calls_waiting"] == 0
    assert support["waiting_since"] == ""


async def test_roster_has_who_is_signed_in(centre: ContactCentre) -> None:
    for agent in ("1001", "1002"):
        await centre.open_desktop(agent)
    async with centre.api("1001") as ana, centre.api("1002") as bilal, centre.api("2001") as boss:
        assert (await bilal.get("/me")).status_code == 200
        await ana.get("/me")
        for viewer in (ana, boss):
            shown = (await viewer.get("/roster")).json()["agents"]
            assert {(each["id"], each["name"]) for each in shown} == {
                ("1001", "Ana Costa"),
                ("1002", "Bilal Haddad"),
            }


async def test_roster_has_calls_for_those_who_may_see_them(centre: ContactCentre) -> None:
    await centre.open_desktop("1001")
    await centre.open_desktop("1002")
    async with centre.api("2001") as supervisor, centre.api("1002") as bilal:
        await supervisor.get("/me")
        call = await centre.ring()
        await centre.act(call, "1001", "ANSWER")
        await centre.reported()
        await bilal.get("/me")
        seen = {}
        for name, http in (("supervisor", supervisor), ("colleague", bilal)):
            agents = (await http.get("/roster")).json()["agents"]
            seen[name] = {each["id"]: each for each in agents}
        key = await make_key(centre, "roster")
        headers = {"X-API-Key": key}
        async with service_client(centre.service.app) as program:
            agents = (await program.get("/roster", headers=headers)).json()["agents"]
            seen["program"] = {each["id"]: each for each in agents}
        for name in ("supervisor", "program"):
            (shown,) = seen[name]["1001"]["calls"]
            assert (shown["calls"], shown["state"], shown["name"]) == ([call], "ACTIVE", ADA_NAME)
        assert seen["colleague"]["1001"]["calls"] == []
        user = await centre.finesse.user("1002")
        assert seen["colleague"]["1002"]["state_since"] == user.state_change_time
        await centre.hang_up(call)


async def test_supervisor_sets_an_agents_state_and_signs_them_out(centre: ContactCentre) -> None:
    await centre.open_desktop("1001")
    await centre.finesse.sign_in("2001")
    async with centre.api("2001") as supervisor:

        async def set_state(state: str) -> Any:
            answer = await supervisor.put("/agents/1001/state?wait=3", json={"state": state})
            return answer.status_code, answer.json().get("outcome") or answer.json()["code"]

        assert await set_state("NOT_READY") == (202, "confirmed")
        assert await centre.finesse.state("1001") == "NOT_READY"
        assert await set_state("READY") == (202, "confirmed")
        assert await set_state("LOGOUT") == (202, "confirmed")
        assert await centre.finesse.state("1001") == "LOGOUT"
        assert await set_state("WORK") == (422, "invalid-field")
        assert (await audit(supervisor))[0] == ("2001", "state LOGOUT")


async def test_supervisor_listens_joins_and_takes_over(centre: ContactCentre) -> None:
    call = await begin_call(centre)
    async with centre.api("2001") as supervisor:
        too_early = await supervisor.post("/agents/1001/barge")
        assert (too_early.status_code, too_early.json()["code"]) == (409, "conflict")
        for action in ("monitor", "barge", "intercept"):
            answer = await supervisor.post(f"/agents/1001/{action}?wait=3")
            assert (answer.status_code, answer.json()["outcome"]) == (202, "confirmed"), action
        dialog = await centre.finesse.dialog("2001", call)
        on = {p.media_address for p in dialog.participants if p.state != "DROPPED"}
        assert "2001" in on
        assert "1001" not in on
        expected = [("2001", action) for action in ("intercept", "barge", "monitor")]
        assert [entry for entry in await audit(supervisor) if entry in expected] == expected


async def test_listening_is_no_call_of_agent_or_supervisor(centre: ContactCentre) -> None:
    call = await begin_call(centre)
    await centre.open_desktop("2001")
    async with centre.api("2001") as supervisor, centre.api("1001") as ana:
        assert (await supervisor.post("/agents/1001/monitor?wait=3")).status_code == 202
        await centre.reported()
        assert len(await centre.finesse.dialogs("1001")) == 2
        board = (await supervisor.get("/teams/1/calls")).json()["calls"]
        assert [each["calls"] for each in board.pop("1001")] == [[call]]
        assert board == {}
        (monitoring,) = await centre.finesse.dialogs("2001")
        of_call = (await ana.get(f"/interactions?call={monitoring.id}")).json()
        assert of_call["interactions"] == []
    await centre.hang_up(call)
    assert (await centre.delivered()).agents[0].agent == "1001"


async def test_what_finesse_refuses_is_passed_on_and_audited(centre: ContactCentre) -> None:
    await begin_call(centre)
    async with centre.api("2001") as supervisor:
        idle = await supervisor.post("/agents/1003/monitor?wait=1")
        assert (idle.status_code, idle.json()["code"]) == (409, "conflict")
        await supervisor.post("/agents/1001/monitor?wait=3")
        again = await supervisor.post("/agents/1001/monitor?wait=3")
        assert again.json()["code"] == "finesse-refused"
        assert ("2001", "monitor refused") in await audit(supervisor)
        assert (await supervisor.post("/agents/1001/dance")).status_code == 404


async def test_others_may_not_supervise(centre: ContactCentre) -> None:
    await begin_call(centre)
    await centre.open_desktop("1002")
    async with centre.api("1002") as agent, centre.api("2001") as supervisor:
        for method, path in (
            ("GET", "/teams/1"),
            ("PUT", "/agents/1001/state"),
            ("POST", "/agents/1001/monitor"),
            ("POST", "/agents/1001/barge"),
        ):
            body = {"state": "NOT_READY"} if method == "PUT" else None
            refused = await agent.request(method, path, json=body)
            assert (refused.status_code, refused.json()["code"]) == (403, "not-permitted"), path
        assert await centre.finesse.state("1001") == "TALKING"
        refusals = [action for who, action in await audit(supervisor) if who == "1002"]
        assert refusals == [
            "barge not permitted",
            "monitor not permitted",
            "state NOT_READY not permitted",
            "team read not permitted",
        ]
        assert (await supervisor.get("/teams/7")).status_code == 403
        assert (await supervisor.post("/agents/9999/monitor")).status_code == 403
