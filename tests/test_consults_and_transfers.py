"""Calls with two agents: one interaction through consult, transfer and conference."""

from __future__ import annotations

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
