"""What agents add to an interaction, who may do so, and until when."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from callcard.journal.journal import PENDING_SECONDS
from tests.harness.contact_centre import (
    ADA,
    ADA_E164,
    ADA_NAME,
    BABBAGE_NAME,
    ContactCentre,
    add_contact,
    open_contact_centre,
)

pytestmark = pytest.mark.anyio

UNKNOWN_CALLER = "+12125550000"


async def test_agent_without_a_share_in_the_call_gets_no_access(centre: ContactCentre) -> None:
    ana = await centre.open_desktop("1001")
    await centre.open_desktop("1002")
    call = await centre.ring()
    await centre.act(call, "1001", "ANSWER")
    id = ana.answers[call]["interaction"]["id"]
    call_key = (await centre.finesse.dialog("1001", call)).call_key
    forged_calls: list[dict[str, object]] = [{"id": call}, {"id": "79", "call_key": call_key}]
    forged_consults: list[dict[str, object]] = [
        {"id": "77", "associated_call": call},
        {"id": "78", "merged_call": call, "ended": True},
    ]
    async with centre.api("1002") as bilal:

        async def code(report: dict[str, object]) -> str:
            answer = (await bilal.post("/interactions?lookup=1", json=report)).json()
            if "code" not in answer:
                assert answer["interaction"]["id"] != id
                return str(answer["interaction"]["status"])
            return str(answer["code"])

        for report in forged_calls:
            assert await code(report) == "not-permitted"
        for report in forged_consults:
            assert await code(report) == "report-pending"
        centre.clock.advance(PENDING_SECONDS + 1)
        for report in (*forged_calls, forged_consults[0]):
            assert await code(report) == "not-permitted"
        assert await code(forged_consults[1]) == "unverified", "a supervisor decides"
        assert (await bilal.get(f"/interactions/{id}")).status_code == 404
        change = await bilal.put(f"/interactions/{id}", json={"notes": "mine"})
        assert change.status_code == 404


async def test_notes_after_the_deadline_are_accepted_only_if_typed_before_it(
    centre: ContactCentre,
) -> None:
    desktop = await centre.open_desktop()
    call = await centre.ring()
    await centre.act(call, "1001", "ANSWER")
    path = f"/interactions/{desktop.answers[call]['interaction']['id']}"
    await centre.hang_up(call)
    async with centre.api() as ana:
        in_time = await ana.put(path, json={"notes": "after the call"})
        assert in_time.json()["status"] == "closing"
        typed_at = datetime.fromtimestamp(centre.clock(), UTC).isoformat()
        await centre.delivered()
        late = await ana.put(path, json={"notes": "too late"})
        assert (late.status_code, late.json()["code"]) == (409, "interaction-closed")
        sent_late = {"notes": "typed in time", "typed_at": typed_at}
        assert (await ana.put(path, json=sent_late)).status_code == 200
    interaction = await centre.delivered()
    assert interaction.agents[0].notes == "typed in time"


async def test_call_variable_opens_its_record_or_gives_the_number(tmp_path: Path) -> None:
    telephony = {
        "pop_variables": ("callVariable3", "user.case"),
        "number_variables": ("callVariable2",),
    }
    async with open_contact_centre(tmp_path, telephony=telephony) as centre:
        desktop = await centre.open_desktop()

        async def lookup(**variables: str) -> tuple[str, list[tuple[str, str]]]:
            call = await centre.ring(from_address="5555", variables=variables)
            await centre.hang_up(call)
            answer = desktop.first_answers[call]
            matches = answer["lookup"]["matches"]
            return answer["number"], [(each["how"], each["contact"]["name"]) for each in matches]

        by_variable = ("5555", [("variable", BABBAGE_NAME)])
        by_number = (ADA_E164, [("exact", ADA_NAME)])
        assert await lookup(callVariable3="8") == by_variable
        assert await lookup(callVariable3="404", callVariable2=ADA_E164) == by_number
        assert await lookup(callVariable3=" ", callVariable2=ADA_E164) == by_number
        assert await lookup() == ("5555", [])


async def test_caller_may_be_none_of_the_contacts_that_were_found(centre: ContactCentre) -> None:
    ana = await centre.open_desktop("1001")
    call = await centre.ring(from_address=ADA_E164)
    await centre.act(call, "1001", "ANSWER")
    id = ana.answers[call]["interaction"]["id"]
    async with centre.api("1001") as api:
        assert (await api.get(f"/interactions/{id}")).json()["contact"]["name"] == ADA_NAME
        changed = await api.put(f"/interactions/{id}", json={"contact_unknown": True})
        assert changed.json()["contact"] is None
        await centre.close_desktop(ana)
        ana = await centre.open_desktop("1001")  # as after a reload
        await centre.reported()
        assert ana.answers[call]["interaction"]["contact"] is None
        assert ana.answers[call]["lookup"]["matches"] == []
        await api.put(f"/interactions/{id}", json={"finished": True})
    await centre.act(call, "1001", "DROP")
    interaction = await centre.delivered()
    assert (interaction.contact, interaction.contact_source) == ("", "")
    assert interaction.number == ADA_E164


async def test_agent_who_has_left_the_call_does_not_change_its_contact(
    centre: ContactCentre,
) -> None:
    ana = await centre.open_desktop("1001")
    await centre.open_desktop("1002")
    call = await centre.ring(from_address=UNKNOWN_CALLER)
    await centre.act(call, "1001", "ANSWER")
    await centre.act(call, "1001", "TRANSFER_SST", to="1002")
    await centre.act(call, "1002", "ANSWER")
    path = f"/interactions/{ana.answers[call]['interaction']['id']}"
    (babbage,) = await centre.crm.search(BABBAGE_NAME, 1)
    (ada,) = await centre.crm.search(ADA_NAME, 1)
    async with centre.api("1001") as first, centre.api("1002") as second:
        before = await first.put(path, json={"contact": {"source": "local", "id": ada.id}})
        assert before.status_code == 200, "nobody else has chosen"
        chosen = await second.put(path, json={"contact": {"source": "local", "id": babbage.id}})
        assert chosen.json()["contact"]["name"] == BABBAGE_NAME
        for change in ({"contact": {"source": "local", "id": ada.id}}, {"contact_unknown": True}):
            refused = await first.put(path, json={**change, "notes": "mine"})
            assert (refused.status_code, refused.json()["code"]) == (409, "contact-chosen")
            assert BABBAGE_NAME in refused.json()["detail"]
        same = await first.put(path, json={"contact": {"source": "local", "id": babbage.id}})
        assert same.status_code == 200
        await centre.hang_up(call)
        after = await first.put(path, json={"contact": {"source": "local", "id": ada.id}})
        assert after.json()["contact"]["name"] == ADA_NAME, "now both have left"


async def test_contact_that_is_saved_after_the_time_for_notes_reaches_the_crm(
    centre: ContactCentre,
) -> None:
    desktop = await centre.open_desktop()
    call = await centre.ring(from_address=UNKNOWN_CALLER)
    await centre.act(call, "1001", "ANSWER")
    path = f"/interactions/{desktop.answers[call]['interaction']['id']}"
    await centre.hang_up(call)
    assert (await centre.delivered()).contact == ""
    (babbage,) = await centre.crm.search(BABBAGE_NAME, 1)
    choice = {"contact": {"source": "local", "id": babbage.id}}
    async with centre.api() as ana:
        late = await ana.put(path, json={**choice, "notes": "too late"})
        assert (late.status_code, late.json()["code"]) == (409, "interaction-closed")
        chosen = await ana.put(path, json=choice)
        assert chosen.status_code == 200, chosen.text
        assert chosen.json()["contact"]["name"] == BABBAGE_NAME
    interaction = await centre.delivered()
    assert interaction.contact == babbage.id
    assert interaction.agents[0].notes == ""


async def test_chosen_contact_is_passed_to_another_site_in_a_variable(tmp_path: Path) -> None:
    telephony = {"contact_variable": "user.note"}
    async with open_contact_centre(tmp_path, telephony=telephony) as centre:
        desktop = await centre.open_desktop()
        call = await centre.ring(from_address=UNKNOWN_CALLER)
        await centre.act(call, "1001", "ANSWER")
        babbage = (await centre.crm.search("Babbage", 1))[0]
        change = {"contact": {"source": "local", "id": babbage.id}}
        async with centre.api() as ana:
            path = f"/interactions/{desktop.answers[call]['interaction']['id']}"
            assert (await ana.put(path, json=change)).status_code == 200
        variables = await centre.finesse.variables("1001", call)
        assert variables["user.note"] == f"local/{babbage.id}"

    other_site = tmp_path / "other site"
    other_site.mkdir()
    async with open_contact_centre(other_site, telephony=telephony) as centre:
        desktop = await centre.open_desktop()
        call = await centre.ring(from_address=UNKNOWN_CALLER, variables=variables)
        (match,) = desktop.answers[call]["lookup"]["matches"]
        assert (match["how"], match["contact"]["name"]) == ("chosen", BABBAGE_NAME)


async def test_next_agent_can_correct_the_choice_among_contacts_of_a_number(
    centre: ContactCentre,
) -> None:
    add_contact(centre.crm, "9", "Annabella Byron", ADA)
    ana = await centre.open_desktop("1001")
    bilal = await centre.open_desktop("1002")
    call = await centre.ring(from_address=ADA)
    await centre.act(call, "1001", "ANSWER")
    (annabella,) = await centre.crm.search("Annabella", 1)
    async with centre.api("1001") as api:
        path = f"/interactions/{ana.answers[call]['interaction']['id']}"
        chosen = {"contact": {"source": "local", "id": annabella.id}}
        assert (await api.put(path, json=chosen)).status_code == 200
    await centre.act(call, "1001", "TRANSFER_SST", to="1002")
    await centre.act(call, "1002", "ANSWER")
    async with centre.api("1002") as api:
        report = msgspec.json.encode(bilal.reports[call])
        lookup = (await api.post("/interactions?lookup=1", content=report)).json()["lookup"]
    names = [each["contact"]["name"] for each in lookup["matches"]]
    assert names == ["Annabella Byron", ADA_NAME]
    assert lookup["selection"]["rule"] == "chosen"


async def test_reason_that_was_taken_back_is_not_recorded(centre: ContactCentre) -> None:
    """Finesse keeps it: there is no request that takes a reason off a call."""
    ana = await centre.open_desktop("1001")
    call = await centre.ring()
    await centre.act(call, "1001", "ANSWER")
    path = f"/interactions/{ana.answers[call]['interaction']['id']}"
    async with centre.api("1001") as api:

        async def choose(*reasons: str) -> list[str]:
            chosen = await api.put(path, json={"wrap_up_reasons": reasons})
            shown: list[str] = chosen.json()["wrap_up_reasons"]
            return shown

        assert await choose("Sale") == ["Sale"]
        wrap_up = {"wrap_up_reasons": ["Sale"]}
        assert (await api.post(f"/calls/{call}/wrap-up?wait=3", json=wrap_up)).status_code == 202
        await centre.reported()
        assert await choose() == []
        await centre.act(call, "1001", "HOLD")
        await centre.act(call, "1001", "RETRIEVE")
        assert (await api.get(path)).json()["wrap_up_reasons"] == []
        assert await choose("Order status") == ["Order status"]
        assert await choose("Sale") == ["Sale"]
        assert await choose() == []
    await centre.hang_up(call)
    assert (await centre.delivered()).wrap_up_reasons == ()


async def test_reason_replaces_one_that_only_finesse_has(centre: ContactCentre) -> None:
    """The first choice reached Finesse, and the service stopped before it saved it."""
    ana = await centre.open_desktop("1001")
    call = await centre.ring()
    await centre.act(call, "1001", "ANSWER")
    path = f"/interactions/{ana.answers[call]['interaction']['id']}"
    async with centre.api("1001") as api:
        wrap_up = {"wrap_up_reasons": ["Sale"]}
        assert (await api.post(f"/calls/{call}/wrap-up?wait=3", json=wrap_up)).status_code == 202
        await centre.reported()
        assert (await api.get(path)).json()["wrap_up_reasons"] == ["Sale"]
        changed = await api.put(path, json={"wrap_up_reasons": ["Order status"]})
        assert changed.json()["wrap_up_reasons"] == ["Order status"]
    await centre.hang_up(call)
    assert (await centre.delivered()).wrap_up_reasons == ("Order status",)
