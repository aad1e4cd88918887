"""Calls with two agents: one interaction through consult, transfer and conference."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Literal

import pytest

from tests.harness.contact_centre import (
    ADA,
    ADA_E164,
    BABBAGE_NAME,
    ContactCentre,
    open_contact_centre,
)
from tests.harness.waiting import until

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("platform", ["ucce", "uccx"])
@pytest.mark.parametrize("how", ["consult", "direct", "conference"])
async def test_receiving_agent_gets_the_chosen_contact_and_one_interaction(
    tmp_path: Path, how: str, platform: Literal["ucce", "uccx"]
) -> None:
    async with open_contact_centre(tmp_path, platform=platform) as centre:
        ana = await centre.open_desktop("1001")
        bilal = await centre.open_desktop("1002")
        call = await centre.ring()
        await centre.act(call, "1001", "ANSWER")
        id = ana.answers[call]["interaction"]["id"]
        babbage = (await centre.crm.search("Babbage", 1))[0]
        change = {"contact": {"source": "local", "id": babbage.id}, "notes": "from Ana"}
        async with centre.api("1001") as api:
            changed = (await api.put(f"/interactions/{id}", json=change)).json()
            assert changed["contact"]["name"] == BABBAGE_NAME

        if how == "direct":
            await centre.act(call, "1001", "TRANSFER_SST", to="1002")
            await centre.act(call, "1002", "ANSWER")
        else:
            await centre.act(call, "1001", "CONSULT_CALL", to="1002")
            consult = await centre.consult_of(call)
            ringing = bilal.answers[consult]
            assert ringing["lookup"]["matches"][0]["contact"]["name"] == BABBAGE_NAME
            assert ringing["number"] == ADA
            await centre.act(consult, "1002", "ANSWER")
            await centre.act(call, "1001", "TRANSFER" if how == "consult" else "CONFERENCE")
        shown = next(
            answer["interaction"]
            for answer in bilal.answers.values()
            if answer["interaction"]["id"] == id
        )
        assert shown["contact"]["name"] == BABBAGE_NAME
        assert [note["text"] for note in shown["notes"]] == ["from Ana", ""]

        if how == "conference":
            await centre.act(call, "1001", "DROP")
        assert await centre.deliver() == [], "the call goes on"
        async with centre.api("1002") as api:
            response = await api.put(f"/interactions/{id}", json={"notes": "from Bilal"})
            assert response.status_code == 200
        (remaining,) = await centre.finesse.calls()
        await centre.hang_up(remaining)

        await centre.delivered()
        interaction = await centre.delivered()
        assert interaction.id == id
        assert interaction.end_reason == "completed"
        assert interaction.owner == "1002"
        assert interaction.contact == babbage.id
        assert interaction.number == ADA_E164
        notes = [(segment.agent, segment.notes) for segment in interaction.agents]
        assert notes == [("1001", "from Ana"), ("1002", "from Bilal")]
        assert interaction.owner_name == "Bilal Haddad"
        entry = interaction.history_entry
        assert entry.agent == "Ana Costa, Bilal Haddad"
        assert entry.notes == "Ana Costa: from Ana\nBilal Haddad: from Bilal"


async def test_consult_that_fails_does_not_make_the_call_a_failed_one(
    centre: ContactCentre,
) -> None:
    await centre.open_desktop("1001")
    call = await centre.ring()
    await centre.act(call, "1001", "ANSWER")
    await centre.act(call, "1001", "CONSULT_CALL", to="1003")  # who is not signed in
    await centre.reported()
    consult = await centre.consult_of(call)
    await centre.act(consult, "1001", "DROP")
    await centre.act(call, "1001", "RETRIEVE")
    await centre.hang_up(call)
    interaction = await centre.delivered()
    assert interaction.end_reason == "completed"
    assert consult in interaction.call_ids


@pytest.mark.parametrize("is_late", [False, True])
async def test_transfer_to_a_route_point_is_one_interaction(
    centre: ContactCentre, is_late: bool
) -> None:
    """The next agent rings on an interim dialog first, which only the time connects to the call."""
    ana = await centre.open_desktop("1001")
    call = await centre.ring()
    await centre.act(call, "1001", "ANSWER")
    bilal = await centre.open_desktop("1002")
    bilal.offline = is_late  # reported when Finesse has ended the interim dialog
    await centre.act(call, "1001", "TRANSFER_SST", to="8010")
    await bilal.go_online()
    await centre.reported()
    (interim,) = bilal.started_calls - {call}
    assert interim not in ana.answers
    await centre.act(call, "1002", "ANSWER")
    await centre.hang_up(call)
    interaction = await centre.delivered()
    assert call in interaction.call_ids
    assert [segment.agent for segment in interaction.agents] == ["1001", "1002"]
    assert interaction.number == ADA_E164
    assert interaction.end_reason == "completed"
    async with centre.api("2001") as supervisor:
        parked = (await supervisor.get("/interactions")).json()["interactions"]
    assert [each["id"] for each in parked if each["status"] in ("parked", "unverified")] == []


async def test_call_between_agents_is_shown_from_each_ones_side(centre: ContactCentre) -> None:
    ana = await centre.open_desktop("1001")
    bilal = await centre.open_desktop("1002")
    async with centre.api("1001") as api:
        assert (await api.post("/calls", json={"to": "1002"})).status_code == 202
    await centre.reported()
    (call,) = await centre.finesse.calls()
    await centre.act(call, "1002", "ANSWER")
    for desktop, other, outgoing in ((ana, "1002", True), (bilal, "1001", False)):
        answer = desktop.answers[call]
        assert (answer["number"], answer["outgoing"]) == (other, outgoing)
        shown = answer["interaction"]
        assert (shown["number"], shown["direction"]) == (other, "out" if outgoing else "in")
    await centre.act(call, "1001", "DROP")
    interaction = await centre.delivered()
    assert (interaction.number, interaction.direction) == ("1002", "out")


@pytest.mark.parametrize("how", ["TRANSFER", "CONFERENCE"])
@pytest.mark.parametrize("is_held", ["customer", "colleague"])
async def test_customer_joined_to_an_earlier_call_between_agents(
    centre: ContactCentre, how: str, is_held: str
) -> None:
    """The interaction is the customer's call, whichever call of the two goes on."""
    ana = await centre.open_desktop("1001")
    bilal = await centre.open_desktop("1002")
    async with centre.api("1001") as api:
        await api.post("/calls", json={"to": "1002"})
    await centre.reported()
    (internal,) = await centre.finesse.calls()
    await centre.act(internal, "1002", "ANSWER")
    await centre.act(internal, "1001", "HOLD")
    centre.clock.advance(60)
    call = await centre.ring()
    await centre.act(call, "1001", "ANSWER")
    started_at = ana.answers[call]["interaction"]["started_at"]
    if is_held == "customer":
        await centre.act(call, "1001", "HOLD")
        await centre.act(internal, "1001", "RETRIEVE")
    await centre.act(call if is_held == "customer" else internal, "1001", how)
    (surviving,) = await centre.finesse.dialogs("1002")
    shown = bilal.answers[surviving.id]
    assert (shown["number"], shown["outgoing"]) == (ADA, False)
    assert not shown["interaction"]["customer_left"]
    if how == "CONFERENCE":
        await centre.act(surviving.id, "1001", "DROP")
    await centre.hang_up(surviving.id)
    (interaction,) = [each for each in await centre.deliver() if each.number == ADA_E164]
    assert (interaction.direction, interaction.started_at) == ("in", started_at)
    assert interaction.type != "AGENT_INSIDE"
    assert {segment.agent for segment in interaction.agents} == {"1001", "1002"}


async def test_customer_of_a_consult_whose_caller_has_no_callcard(centre: ContactCentre) -> None:
    """After the transfer the caller is still the agent who has left."""
    await centre.finesse.sign_in("1001")
    bilal = await centre.open_desktop("1002")
    call = await centre.finesse.ring("1001", ADA)
    await centre.finesse.act(call, "1001", "ANSWER")
    await centre.act(call, "1001", "CONSULT_CALL", to="1002")
    consult = await centre.consult_of(call)
    await centre.act(consult, "1002", "ANSWER")
    await centre.act(call, "1001", "TRANSFER")
    (surviving,) = await centre.finesse.dialogs("1002")
    assert bilal.answers[surviving.id]["number"] == ADA
    await centre.hang_up(surviving.id)
    for interaction in await centre.deliver():
        assert interaction.number == ADA_E164


async def test_consult_reported_before_its_call_joins_it(centre: ContactCentre) -> None:
    ana = await centre.open_desktop("1001")
    bilal = await centre.open_desktop("1002")
    call = await centre.ring()
    await centre.act(call, "1001", "ANSWER")
    ana.offline = True
    await centre.act(call, "1001", "CONSULT_CALL", to="1002")
    consult = await centre.consult_of(call)
    await ana.go_online()
    await centre.reported()
    assert ana.answers[call]["interaction"]["number"] == ADA
    await centre.act(call, "1001", "DROP")
    await centre.act(consult, "1001", "DROP")

    await centre.delivered()
    interaction = await centre.delivered()
    assert set(interaction.call_ids) == {call, consult}
    assert {segment.agent for segment in interaction.agents} == {"1001", "1002"}
    assert bilal.answers[consult]["interaction"]["id"]


async def test_late_report_of_a_call_joins_its_consult(centre: ContactCentre) -> None:
    ana = await centre.open_desktop("1001")
    await centre.open_desktop("1002")
    ana.offline = True
    call = await centre.ring()
    await centre.act(call, "1001", "ANSWER")
    await centre.act(call, "1001", "CONSULT_CALL", to="1002")
    consult = await centre.consult_of(call)
    await centre.act(consult, "1001", "DROP")
    # Ana's desktop never reports the consult; only her call names it.
    ana.reporter.pending.pop(consult, None)
    await ana.go_online()
    await centre.hang_up(call)
    interaction = await centre.delivered()
    assert set(interaction.call_ids) == {call, consult}
    assert interaction.number == ADA_E164


async def test_consult_that_ended_in_an_outage_is_recorded_after_it(centre: ContactCentre) -> None:
    ana = await centre.open_desktop("1001")
    bilal = await centre.open_desktop("1002")
    call = await centre.ring()
    await centre.act(call, "1001", "ANSWER")
    ana.offline = True
    bilal.offline = True
    await centre.act(call, "1001", "CONSULT_CALL", to="1002")
    consult = await centre.consult_of(call)
    await centre.act(consult, "1002", "ANSWER")
    await centre.act(consult, "1001", "DROP")
    await until(lambda: bilal.reporter.pending[consult].ended)
    # Nobody has reported Bilal in this call, so his own report has to wait.
    await bilal.go_online()
    assert not bilal.is_acknowledged
    await ana.go_online()
    await bilal.reporter.send_pending()
    await centre.hang_up(call)
    interaction = await centre.delivered()
    assert set(interaction.call_ids) == {call, consult}
    assert [segment.agent for segment in interaction.agents] == ["1001", "1002"]


@pytest.mark.parametrize("ending", ["consult is ended", "customer hangs up"])
async def test_consulted_agent_does_not_own_the_customers_call(
    centre: ContactCentre, ending: str
) -> None:
    await centre.open_desktop("1001")
    await centre.open_desktop("1002")
    call = await centre.ring()
    await centre.act(call, "1001", "ANSWER")
    await centre.act(call, "1001", "CONSULT_CALL", to="1002")
    consult = await centre.consult_of(call)
    await centre.act(consult, "1002", "ANSWER")
    await asyncio.sleep(0.02)  # Finesse's own times: the consult must last
    if ending == "consult is ended":
        await centre.act(consult, "1001", "DROP")
    await centre.hang_up(call)
    if ending != "consult is ended":
        await centre.act(consult, "1001", "DROP")
    interaction = await centre.delivered()
    assert interaction.owner == "1001"
    assert [each.agent for each in interaction.agents] == ["1001", "1002"]


@pytest.mark.parametrize("platform", ["ucce", "uccx"])
@pytest.mark.parametrize("how", ["TRANSFER", "CONFERENCE"])
async def test_customer_whom_the_agent_went_back_to_has_not_left(
    tmp_path: Path, how: str, platform: Literal["ucce", "uccx"]
) -> None:
    """Of the two dialogs the consult goes on then, and the customer's ends."""
    async with open_contact_centre(tmp_path, platform=platform) as centre:
        await centre.open_desktop("1001")
        bilal = await centre.open_desktop("1002")
        call = await centre.ring()
        await centre.act(call, "1001", "ANSWER")
        await centre.act(call, "1001", "CONSULT_CALL", to="1002")
        consult = await centre.consult_of(call)
        await centre.act(consult, "1002", "ANSWER")
        await centre.act(consult, "1001", "HOLD")
        await centre.act(call, "1001", "RETRIEVE")
        await centre.act(consult, "1001", how)
        (going_on,) = await centre.finesse.dialogs("1002")
        if how == "CONFERENCE":
            assert not bilal.answers[going_on.id]["interaction"]["customer_left"]
            await centre.act(going_on.id, "1001", "DROP")
        shown = bilal.answers[going_on.id]["interaction"]
        assert not shown["customer_left"]
        await centre.hang_up(going_on.id)
        interaction = await centre.delivered()
        assert interaction.owner == "1002"
        assert interaction.end_reason == "completed"
