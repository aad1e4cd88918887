"""The agent and their calls through the API: state, call control, command outcomes."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from tests.harness.problems import problem_code
from tests.harness.sandbox import SandboxDriver

pytestmark = pytest.mark.anyio


async def test_me_has_the_agent_and_their_reasons(ana: httpx.AsyncClient) -> None:
    me = (await ana.get("/me")).json()
    assert me["id"] == "1001"
    assert me["name"] == "Ana Costa"
    assert me["extension"] == "1001"
    assert me["state"] == "NOT_READY"
    assert {"id": "1", "code": "10", "label": "Lunch"} in me["not_ready_reasons"]
    assert me["sign_out_reasons"]


# ---- state


async def test_state_is_set_with_a_reason(ana: httpx.AsyncClient, driver: SandboxDriver) -> None:
    response = await ana.put("/me/state", json={"state": "NOT_READY", "reason": "2"})
    assert response.status_code == 202
    assert response.json()["outcome"] == "pending"
    assert (await driver.user("1001")).reason_code_id == "2"
    assert (await ana.get("/me")).json()["reason"]["label"] == "Meeting"


async def test_missing_reason_is_refused_in_finesse_s_words(ana: httpx.AsyncClient) -> None:
    response = await ana.put("/me/state", json={"state": "NOT_READY"})
    assert problem_code(response, 409) == "finesse-refused"
    assert response.json()["finesse"] == {
        "type": "Parameter Missing",
        "message": "Choose a valid reason code",
        "data": "finesse.api.reasoncode.require_reasoncode",
    }


@pytest.mark.parametrize("reason", ["\x00", "\x01", "a b", "x" * 65])
async def test_malformed_reason_id_is_an_invalid_field(ana: httpx.AsyncClient, reason: str) -> None:
    response = await ana.put("/me/state", json={"state": "NOT_READY", "reason": reason})
    assert problem_code(response, 422) == "invalid-field"
    assert response.json()["field"] == "reason"


# ---- calls


async def test_call_offers_its_actions_from_ring_to_end(
    ana: httpx.AsyncClient, driver: SandboxDriver
) -> None:
    await driver.ring(variables={"callVariable1": "A & B <c>"})
    (call,) = (await ana.get("/calls")).json()["calls"]
    assert call["direction"] == "in"
    assert call["number"] == "+12125550123"
    assert call["queue"] == "Support"
    assert call["variables"] == [{"name": "callVariable1", "value": "A & B <c>"}]
    assert call["actions"] == ["answer"]
    talking = ["hold", "drop", "consult", "transfer", "dtmf", "data", "wrap-up"]
    held = ["retrieve", "drop", "data", "wrap-up"]
    for action, offered in [("answer", talking), ("hold", held), ("retrieve", talking)]:
        assert (await ana.post(f"/calls/{call['id']}/{action}")).status_code == 202
        (changed,) = (await ana.get("/calls")).json()["calls"]
        assert changed["actions"] == offered
    assert (await ana.post(f"/calls/{call['id']}/drop")).status_code == 202
    assert (await ana.get("/calls")).json() == {"calls": []}


async def test_dialling_accepts_any_spelling(ana: httpx.AsyncClient, driver: SandboxDriver) -> None:
    assert (await ana.post("/calls", json={"to": "(212) 555-0123"})).status_code == 202
    (dialog,) = await driver.dialogs("1001")
    assert dialog.to_address == "+12125550123"


@pytest.mark.parametrize("to", ["reception", "anonymous", "+", "1001"])
async def test_number_that_cannot_be_dialled_is_an_invalid_field(
    ana: httpx.AsyncClient, driver: SandboxDriver, to: str
) -> None:
    response = await ana.post("/calls", json={"to": to})
    assert problem_code(response, 422) == "invalid-field"
    assert response.json()["field"] == "to"
    assert await driver.calls() == []


async def test_supervisor_drops_a_participant_of_a_conference(
    desktop: Callable[[str], httpx.AsyncClient], driver: SandboxDriver
) -> None:
    supervisor = desktop("2001")
    await driver.sign_in("1002")
    await driver.sign_in("2001")
    call = await driver.ring("2001")
    await driver.act(call, "2001", "ANSWER")
    await driver.act(call, "2001", "CONSULT_CALL", "1002")
    (consult,) = (each.id for each in await driver.dialogs("1002"))
    await driver.act(consult, "1002", "ANSWER")
    await driver.act(call, "2001", "CONFERENCE")
    (shown,) = (await supervisor.get("/calls")).json()["calls"]
    assert "drop-participant" in shown["actions"]
    path = f"/calls/{call}/drop-participant"
    assert problem_code(await supervisor.post(path), 422) == "invalid-field"
    absent = await supervisor.post(path, json={"participant": "1001"})
    assert problem_code(absent, 409) == "finesse-refused"
    dropped = await supervisor.post(f"{path}?wait=2", json={"participant": "1002"})
    assert dropped.json()["outcome"] == "confirmed"
    (shown,) = (await supervisor.get("/calls")).json()["calls"]
    assert "drop-participant" not in shown["actions"]


async def test_action_on_an_ended_call_is_not_found(ana: httpx.AsyncClient) -> None:
    assert problem_code(await ana.post("/calls/1/answer"), 404) == "not-found"
    escaping = "/calls/..%2F..%2FUser%2F1001/answer"
    assert problem_code(await ana.post(escaping), 404) == "not-found"


async def test_agent_who_is_not_signed_in_cannot_dial(
    ana: httpx.AsyncClient, driver: SandboxDriver
) -> None:
    bilal = ("1002", "callcard")
    internal = await ana.post("/calls", json={"to": "1003"}, auth=bilal)
    assert problem_code(internal, 409) == "not-signed-in"
    await driver.sign_in("1002")
    dialled = await ana.post("/calls", json={"to": "+12125550123"}, auth=bilal)
    assert dialled.status_code == 202


# ---- outcomes of commands


@pytest.mark.parametrize("settings", [{"finesse": {"deadline_seconds": 3.0}}], indirect=True)
async def test_waiting_request_learns_the_outcome(
    ana: httpx.AsyncClient, driver: SandboxDriver
) -> None:
    response = await ana.put("/me/state?wait=2", json={"state": "READY"})
    assert response.status_code == 202
    assert response.json()["outcome"] == "confirmed"
    call = await driver.ring()
    for action in ("answer", "hold", "retrieve", "drop"):
        response = await ana.post(f"/calls/{call}/{action}?wait=2")
        assert response.json()["outcome"] == "confirmed"
    response = await ana.post("/calls?wait=2", json={"to": "+1 212 555 0199"})
    assert response.json()["outcome"] == "confirmed"


async def test_command_is_not_sent_if_the_state_before_cannot_be_read(
    ana: httpx.AsyncClient, driver: SandboxDriver
) -> None:
    call = await driver.ring()
    await driver.arm("unavailable", method="GET", path="/finesse/api/User/1001/Dialogs", times=50)
    response = await ana.post(f"/calls/{call}/answer?wait=0.5")
    assert problem_code(response, 503) == "finesse-out-of-service"
    assert f"/finesse/api/Dialog/{call}" not in await driver.requests("PUT")


@pytest.mark.parametrize("wait", ["soon", "-1", "31", "nan"])
async def test_unusable_wait_is_an_invalid_field(ana: httpx.AsyncClient, wait: str) -> None:
    response = await ana.post(f"/calls/1/drop?wait={wait}")
    assert problem_code(response, 422) == "invalid-field"


async def test_state_that_was_there_before_is_no_confirmation(
    ana: httpx.AsyncClient, driver: SandboxDriver
) -> None:
    call = await driver.ring()
    await driver.act(call, "1001", "ANSWER")
    response = await ana.post(f"/calls/{call}/answer?wait=0.4")
    assert response.json()["outcome"] == "unknown"


async def test_command_without_effect_is_not_confirmed(
    ana: httpx.AsyncClient, driver: SandboxDriver
) -> None:
    call = await driver.ring()
    response = await ana.post(f"/calls/{call}/hold?wait=0.4")
    assert response.json()["outcome"] == "unknown"
