"""Numbers that are never logged or never called, through the API."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from tests.harness.contact_centre import ADA, ADA_E164, ContactCentre

pytestmark = pytest.mark.anyio


async def list_number(centre: ContactCentre, name: str) -> None:
    async with centre.api("2001") as supervisor:
        entry = {"number": "212 555 0123", "reason": "asked for it"}
        added = await supervisor.post(f"/lists/{name}", json=entry)
        assert added.json()["e164"] == ADA_E164


async def test_agent_may_not_change_a_number_list(centre: ContactCentre) -> None:
    await centre.open_desktop()
    async with centre.api("1001") as agent:
        entry = {"number": ADA, "reason": "asked for it"}
        refused = await agent.post("/lists/never-log", json=entry)
        assert (refused.status_code, refused.json()["code"]) == (403, "not-permitted")
        assert (await agent.get("/audit")).status_code == 403


async def test_never_logged_number_is_looked_up_but_not_recorded(centre: ContactCentre) -> None:
    desktop = await centre.open_desktop()
    await list_number(centre, "never-log")
    call = await centre.ring()
    answer = desktop.answers[call]
    assert answer["never_logged"]
    assert answer["interaction"] is None
    assert answer["lookup"]["matches"], "the card still opens"
    await centre.act(call, "1001", "ANSWER")
    await centre.act(call, "1001", "CONSULT_CALL", to="2001")
    assert len(desktop.answers) == 2
    assert all(answer["never_logged"] for answer in desktop.answers.values())
    for each in await centre.finesse.calls():
        await centre.act(each, "1001", "DROP")
    assert await centre.deliver() == []


async def test_do_not_call_number_is_not_dialled(centre: ContactCentre) -> None:
    await centre.open_desktop()
    await list_number(centre, "do-not-call")
    async with centre.api("1001") as agent, centre.api("2001") as supervisor:
        dial = {"to": "+1 (212) 555-0123"}
        assert (await agent.post("/calls", json=dial)).json()["code"] == "do-not-call"
        assert await centre.finesse.calls() == []
        path = f"/lists/do-not-call/{ADA_E164}"
        assert (await supervisor.delete(path)).status_code == 200
        assert (await supervisor.delete(path)).status_code == 404
        assert (await supervisor.get("/lists/white")).status_code == 404
        assert (await agent.post("/calls", json=dial)).status_code == 202


@pytest.mark.parametrize("settings", [{"telephony": {"country": "DE"}}], indirect=True)
async def test_list_that_forbids_counts_for_every_reading(
    desktop: Callable[[str], httpx.AsyncClient],
) -> None:
    agent, supervisor = desktop("1001"), desktop("2001")
    entry = {"number": "4915112345678", "reason": "asked for it"}
    assert (await supervisor.post("/lists/do-not-call", json=entry)).status_code == 201
    for spelling in ("+4915112345678", "015112345678", "4915112345678", "04915 112345678"):
        answer = await agent.post("/calls", json={"to": spelling})
        assert answer.json()["code"] == "do-not-call", spelling
    assert (await supervisor.delete("/lists/do-not-call/4915112345678")).status_code == 200
    assert (await supervisor.get("/lists/do-not-call")).json()["numbers"] == []


async def test_audit_has_every_change_and_every_hit(centre: ContactCentre) -> None:
    await centre.open_desktop()
    await list_number(centre, "never-log")
    await list_number(centre, "do-not-call")
    call = await centre.ring()
    await centre.act(call, "1001", "ANSWER")
    await centre.act(call, "1001", "DROP")
    async with centre.api("1001") as agent, centre.api("2001") as supervisor:
        await agent.post("/calls", json={"to": ADA})
        await supervisor.delete(f"/lists/do-not-call/{ADA_E164}")
        assert await audit(supervisor) == [
            ("2001", "removed from do-not-call"),
            ("1001", "not dialled"),
            ("1001", "not logged"),
            ("2001", "added to do-not-call"),
            ("2001", "added to never-log"),
        ]


async def audit(supervisor: httpx.AsyncClient) -> list[tuple[str, str]]:
    entries = (await supervisor.get("/audit")).json()["entries"]
    return [(entry["agent"], entry["action"]) for entry in entries]


# ---- several workers, one store


async def test_consult_reported_to_another_worker_is_not_logged(centre: ContactCentre) -> None:
    other_worker = await centre.start_service()
    await centre.open_desktop("1001")
    bilal = await centre.open_desktop("1002", other_worker)
    await list_number(centre, "never-log")
    call = await centre.ring()
    await centre.act(call, "1001", "ANSWER")
    await centre.act(call, "1001", "CONSULT_CALL", to="1002")
    consult = await centre.consult_of(call)
    await centre.act(consult, "1002", "ANSWER")
    assert bilal.answers[consult]["never_logged"]
    assert bilal.answers[consult]["interaction"] is None
    for each in await centre.finesse.calls():
        await centre.act(each, "1001", "DROP")
    assert await centre.deliver() == []


async def test_consult_reported_after_a_restart_is_not_logged(centre: ContactCentre) -> None:
    await centre.open_desktop("1001")
    await list_number(centre, "never-log")
    call = await centre.ring()
    await centre.act(call, "1001", "ANSWER")
    await centre.restart_service()
    # Ana's desktop does not return: only Bilal's reports the consult.
    bilal = await centre.open_desktop("1002")
    await centre.act(call, "1001", "CONSULT_CALL", to="1002")
    consult = await centre.consult_of(call)
    await centre.act(consult, "1002", "ANSWER")
    assert bilal.answers[consult]["never_logged"]
    await centre.act(consult, "1001", "DROP")
    assert await centre.deliver() == []
