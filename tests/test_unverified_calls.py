"""Calls that were over before Finesse could confirm them: parked, released, or of an outage."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from callcard.journal import unverified_calls
from callcard.journal.report import CallReport
from callcard.journal.unverified_calls import MAX_UNVERIFIED
from tests.harness.contact_centre import ADA_E164, ADA_NAME, ContactCentre, open_contact_centre
from tests.harness.desktop import Desktop

pytestmark = pytest.mark.anyio

OUTAGE_SECONDS = 60.0
AGENTS = ("1001", "1002")


async def take_call_offline(centre: ContactCentre, desktop: Desktop) -> str:
    """Let a call begin and end while the desktop reaches no service."""
    desktop.offline = True
    call = await centre.ring()
    await centre.act(call, "1001", "ANSWER")
    await centre.hang_up(call)
    return call


async def test_call_missed_by_a_running_service_is_parked_for_a_supervisor(
    centre: ContactCentre,
) -> None:
    desktop = await centre.open_desktop()
    call = await take_call_offline(centre, desktop)
    await desktop.go_online()
    answer = desktop.answers[call]
    assert (answer["verified"], answer["interaction"]["status"]) == (False, "unverified")
    id = answer["interaction"]["id"]
    async with centre.api("1001") as agent:
        change = {"notes": "typed after the call"}
        assert (await agent.put(f"/interactions/{id}", json=change)).status_code == 200
    assert await centre.deliver() == []
    async with centre.api("1001") as agent, centre.api("2001") as supervisor:
        own = (await agent.get("/interactions")).json()["interactions"]
        assert [each["id"] for each in own] == [id]
        assert (await agent.post(f"/interactions/{id}/retry")).status_code == 403
        assert (await supervisor.post(f"/interactions/{id}/retry")).status_code == 200
        assert (await supervisor.post(f"/interactions/{id}/retry")).status_code == 404
    interaction = await centre.delivered()
    assert (interaction.number, interaction.call_ids) == (ADA_E164, (call,))
    assert interaction.agents[0].notes == "typed after the call"


async def test_no_change_of_an_unverified_call_delivers_it(centre: ContactCentre) -> None:
    await centre.open_desktop()
    async with centre.api("1001") as agent:
        for number, ended in enumerate((False, True)):
            report = {"id": f"9{number}", "ended": ended}
            answer = (await agent.post("/interactions?lookup=1", json=report)).json()
            path = f"/interactions/{answer['interaction']['id']}"
            for change in ({"notes": "forged"}, {"finished": True}):
                assert (await agent.put(path, json=change)).json()["status"] == "unverified"
    for _ in range(4):
        centre.clock.advance(200.0)
        assert await centre.run_jobs() == []


@pytest.mark.parametrize("setting", ["park", "outage"])
async def test_call_of_an_outage_is_delivered_if_the_settings_say_so(
    tmp_path: Path, setting: str
) -> None:
    async with open_contact_centre(tmp_path, journal={"unverified_calls": setting}) as centre:
        delivered = await deliver_call_of_an_outage(centre)
        assert delivered is (setting == "outage")


async def deliver_call_of_an_outage(centre: ContactCentre) -> bool:
    """Return whether a call that began while no worker ran reaches the CRM by itself."""
    desktop = await centre.open_desktop()
    centre.clock.advance(-OUTAGE_SECONDS)
    await centre.run_jobs()  # the last time that a worker ran
    call = await take_call_offline(centre, desktop)
    pending = dict(desktop.reporter.pending)
    centre.clock.advance(OUTAGE_SECONDS)
    await centre.restart_service()
    desktop = await centre.open_desktop(pending=pending)
    await centre.reported()
    assert not desktop.answers[call]["verified"]
    interactions = await centre.deliver()
    if not interactions:
        return False
    (interaction,) = interactions
    assert (interaction.number, interaction.call_ids) == (ADA_E164, (call,))
    async with centre.api("2001") as supervisor:
        entries = (await supervisor.get("/audit")).json()["entries"]
    assert "outage" in entries[0]["detail"]
    return True


async def transfer_in_an_outage(
    centre: ContactCentre, *, ends: bool
) -> tuple[str, dict[str, dict[str, CallReport]]]:
    """Let 1001 transfer a call to 1002 while no worker runs; return the reports of each."""
    desktops = [await centre.open_desktop(agent) for agent in AGENTS]
    centre.clock.advance(-OUTAGE_SECONDS)
    await centre.run_jobs()  # the last time that a worker ran
    for desktop in desktops:
        desktop.offline = True
    call = await centre.ring()
    await centre.act(call, "1001", "ANSWER")
    await asyncio.sleep(0.05)  # Finesse's own times: the call must last
    await centre.act(call, "1001", "TRANSFER_SST", "1002")
    await centre.act(call, "1002", "ANSWER")
    if ends:
        await centre.hang_up(call)
    pending = {each.id: dict(each.reporter.pending) for each in desktops}
    centre.clock.advance(OUTAGE_SECONDS)
    await centre.restart_service()
    return call, pending


@pytest.mark.parametrize("delivered_before", [True, False])
async def test_outage_call_that_finesse_shows_to_the_next_agent_stays_one(
    tmp_path: Path, delivered_before: bool
) -> None:
    """The first agent's part is over and believed; then the second one's is confirmed."""
    async with open_contact_centre(tmp_path, journal={"unverified_calls": "outage"}) as centre:
        call, pending = await transfer_in_an_outage(centre, ends=False)
        await centre.open_desktop("1001", pending=pending["1001"])
        await centre.reported()
        if delivered_before:
            assert [each.call_ids for each in await centre.deliver()] == [(call,)]
        bilal = await centre.open_desktop("1002", pending=pending["1002"])
        await centre.reported()
        answer = bilal.answers[call]
        assert answer["verified"]
        (match,) = bilal.first_answers[call]["lookup"]["matches"]
        assert match["contact"]["name"] == ADA_NAME
        assert answer["interaction"]["status"] == "open"
        await centre.hang_up(call)
        interaction = await centre.delivered()
        assert interaction.id == answer["interaction"]["id"]
        assert interaction.end_reason == "completed"
        assert {each.agent for each in interaction.agents} == set(AGENTS)


@pytest.mark.parametrize("order", [AGENTS, AGENTS[::-1]])
async def test_outage_call_that_two_agents_had_is_one_interaction(
    tmp_path: Path, order: tuple[str, ...]
) -> None:
    async with open_contact_centre(tmp_path, journal={"unverified_calls": "outage"}) as centre:
        call, pending = await transfer_in_an_outage(centre, ends=True)
        for agent in order:
            await centre.open_desktop(agent, pending=pending[agent])
            await centre.reported()
            await centre.deliver()
        interaction = await centre.delivered()
        assert interaction.call_ids == (call,)
        assert {each.agent for each in interaction.agents} == set(AGENTS)


async def test_setting_delivers_unverified_calls(tmp_path: Path) -> None:
    async with open_contact_centre(tmp_path, journal={"unverified_calls": "deliver"}) as centre:
        desktop = await centre.open_desktop()
        call = await take_call_offline(centre, desktop)
        await desktop.go_online()
        assert (await centre.delivered()).call_ids == (call,)


async def test_unverified_calls_of_one_agent_are_bounded_and_forgotten(
    centre: ContactCentre,
) -> None:
    await centre.open_desktop()
    async with centre.api("1001") as agent:
        for number in range(MAX_UNVERIFIED):
            response = await agent.post("/interactions", json={"id": f"9{number}"})
            assert response.status_code == 200
        response = await agent.post("/interactions", json={"id": "8"})
        assert (response.status_code, response.json()["code"]) == (409, "report-pending")
        for _ in range(2):
            centre.clock.advance(100.0)
            await centre.run_jobs()  # parked
        centre.clock.advance(8 * 86400.0)
        await centre.run_jobs()  # forgotten, with an entry for each
        assert (await agent.post("/interactions", json={"id": "8"})).status_code == 200
    async with centre.api("2001") as supervisor:
        entries = (await supervisor.get("/audit")).json()["entries"]
    dropped = [each for each in entries if each["action"] == "interaction dropped"]
    assert len(dropped) == MAX_UNVERIFIED


async def test_any_number_of_confirmed_calls_leaves_room_for_one_that_is_not(
    centre: ContactCentre, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unverified_calls, "MAX_UNVERIFIED", 3)
    desktop = await centre.open_desktop()
    for _ in range(4):
        call = await centre.ring()
        await centre.reported()
        assert desktop.answers[call]["verified"]
        await centre.act(call, "1001", "ANSWER")
        await centre.hang_up(call)
    async with centre.api("1001") as agent:
        assert (await agent.post("/interactions", json={"id": "9"})).status_code == 200


async def test_record_stays_small_however_much_is_reported(centre: ContactCentre) -> None:
    desktop = await centre.open_desktop()
    call = await centre.ring()
    await centre.act(call, "1001", "ANSWER")
    id = desktop.answers[call]["interaction"]["id"]
    async with centre.api("1001") as agent:
        for number in range(400):
            report = {
                "id": call,
                "associated_call": f"7{number}",
                "wrap_up_reasons": [f"{number}-{each}" for each in range(50)],
                "variables": {f"v{number}.{each}": "x" * 600 for each in range(50)},
                "participants": [
                    {
                        "address": f"{number}-{each}",
                        "state": "ACTIVE",
                        "state_since": f"2026-01-01T10:{number % 60:02}:{each:02}.{number:03}Z",
                        "is_agent": True,
                    }
                    for each in range(50)
                ],
            }
            response = await agent.post("/interactions", json=report)
            assert response.status_code == 200
            assert response.json()["interaction"]["id"] == id
    with sqlite3.connect(centre.settings.journal_database) as database:
        sql = "select length(document) from call_record where id = ?"
        assert database.execute(sql, (id,)).fetchone()[0] < 250_000
    database.close()
