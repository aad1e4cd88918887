"""Calls from their first report to the interaction in the CRM."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from callcard.journal.journal_entry import last_digits
from tests.harness.contact_centre import (
    ADA,
    ADA_E164,
    ADA_NAME,
    BABBAGE,
    ContactCentre,
    open_contact_centre,
)
from tests.harness.waiting import until

pytestmark = pytest.mark.anyio


async def test_call_is_delivered_once_with_its_details(centre: ContactCentre) -> None:
    desktop = await centre.open_desktop()
    call = await centre.ring(variables={"callVariable1": "gold"})
    answer = desktop.answers[call]
    assert answer["number"] == ADA
    assert [match["contact"]["name"] for match in answer["lookup"]["matches"]] == [ADA_NAME]
    assert answer["interaction"]["contact"]["name"] == ADA_NAME
    for action in ("ANSWER", "HOLD", "RETRIEVE"):
        await centre.act(call, "1001", action)
        await asyncio.sleep(0.05)  # Finesse's own times: the call must last
    id = answer["interaction"]["id"]
    async with centre.api() as ana:
        change = await ana.put(f"/interactions/{id}", json={"notes": "wants a pump"})
        assert change.status_code == 200
        wrap_up = await ana.post(
            f"/calls/{call}/wrap-up?wait=2", json={"wrap_up_reasons": ["Sale"]}
        )
        assert wrap_up.json()["outcome"] == "confirmed"
    await centre.hang_up(call)

    interaction = await centre.delivered()
    assert interaction.id == id
    assert interaction.contact_source == "local"
    assert interaction.end_reason == "completed"
    assert interaction.owner == "1001"
    assert interaction.number == ADA_E164
    assert interaction.queue == "Support"
    assert interaction.direction == "in"
    assert interaction.wrap_up_reasons == ("Sale",)
    assert interaction.variables == {"callVariable1": "gold"}
    (segment,) = interaction.agents
    assert segment.notes == "wants a pump"
    assert segment.talk_seconds > 0.09
    assert 0.04 < segment.hold_seconds < 1
    assert interaction.call_key
    assert interaction.subject == "Sale"
    contact = await centre.crm.get(interaction.contact)
    assert contact
    entry = contact.interactions[0]
    assert (entry.subject, entry.direction, entry.outcome) == ("", "in", "completed")
    assert (entry.wrap_up_reasons, entry.notes) == (("Sale",), "wants a pump")
    shared = segment.talk_seconds + segment.hold_seconds
    assert entry.duration_seconds == pytest.approx(shared, abs=0.001)
    assert contact.interactions[0].agent == "Ana Costa"


async def test_call_is_logged_while_no_contact_source_responds(centre: ContactCentre) -> None:
    desktop = await centre.open_desktop()
    with centre.failing_contacts():
        call = await centre.ring()
    answer = desktop.answers[call]
    assert (answer["lookup"]["matches"], answer["lookup"]["sources"]) == ([], {"local": "failed"})
    assert answer["interaction"]["status"] == "open"
    await centre.hang_up(call)
    assert (await centre.delivered()).number == ADA_E164


async def test_unanswered_call_is_delivered_as_missed(centre: ContactCentre) -> None:
    await centre.open_desktop()
    call = await centre.ring(from_address="anonymous")
    await centre.hang_up(call)
    interaction = await centre.delivered()
    assert interaction.end_reason == "missed"
    assert interaction.answered_at == ""
    assert interaction.contact == ""
    assert interaction.number == "anonymous"
    assert interaction.call_ids == (call,)


async def test_outgoing_call_is_delivered_with_the_callee(centre: ContactCentre) -> None:
    desktop = await centre.open_desktop()
    async with centre.api() as ana:
        assert (await ana.post("/calls", json={"to": "(212) 555-0123"})).status_code == 202
    await centre.reported()
    (call,) = desktop.answers
    await centre.finesse.answer(call)
    await centre.reported()
    await centre.hang_up(call)
    interaction = await centre.delivered()
    assert interaction.direction == "out"
    assert interaction.number == ADA_E164
    assert interaction.end_reason == "completed"
    assert interaction.contact_source == "local"


@pytest.mark.parametrize("action", ["ACCEPT", "REJECT", "CLOSE"])
async def test_preview_is_no_call_until_the_customer_is_called(
    centre: ContactCentre, action: str
) -> None:
    desktop = await centre.open_desktop()
    preview = await centre.finesse.preview("1001", ADA)
    await centre.reported()
    answer = desktop.answers[preview]
    assert [match["contact"]["name"] for match in answer["lookup"]["matches"]] == [ADA_NAME]
    assert (answer["interaction"], answer["never_logged"], answer["verified"]) == (
        None,
        False,
        True,
    )
    await centre.act(preview, "1001", action)
    if action == "ACCEPT":
        (call,) = await centre.finesse.dialogs("1001")
        await centre.finesse.answer(call.id)
        await centre.reported()
        await centre.hang_up(call.id)
        interaction = await centre.delivered()
        assert (interaction.direction, interaction.call_ids) == ("out", (call.id,))
        assert interaction.end_reason == "completed"
    else:
        assert await centre.deliver() == []


async def test_background_jobs_deliver_without_being_called(tmp_path: Path) -> None:
    journal = {"notes_seconds": 0.1}
    async with open_contact_centre(tmp_path, background_jobs=True, journal=journal) as centre:
        await centre.open_desktop()
        call = await centre.ring()
        await centre.hang_up(call)
        (interaction,) = await until(lambda: list(centre.crm.interactions()))
        assert interaction.call_ids == (call,)


@pytest.mark.parametrize("owner", ["first", "last"])
async def test_owner_of_a_transferred_call_is_a_setting(tmp_path: Path, owner: str) -> None:
    async with open_contact_centre(tmp_path, journal={"owner": owner}) as centre:
        await centre.open_desktop("1001")
        await centre.open_desktop("1002")
        call = await centre.ring()
        await centre.act(call, "1001", "ANSWER")
        await centre.act(call, "1001", "TRANSFER_SST", to="1002")
        await centre.act(call, "1002", "ANSWER")
        await centre.hang_up(call)
        interaction = await centre.delivered()
        assert interaction.owner == {"first": "1001", "last": "1002"}[owner]


async def test_reused_finesse_id_is_another_call(tmp_path: Path) -> None:
    async with open_contact_centre(tmp_path, platform="uccx") as centre:
        await centre.open_desktop()
        first = await centre.ring()
        await centre.act(first, "1001", "ANSWER")
        await centre.hang_up(first)
        await centre.delivered()
        await centre.restart_finesse()
        await centre.open_desktop()
        second = await centre.ring(from_address=BABBAGE)
        assert second == first
        await centre.act(second, "1001", "ANSWER")
        await centre.hang_up(second)
        interactions = await centre.deliver()
        assert [each.number for each in interactions] == [ADA_E164, BABBAGE]


async def test_caller_whom_nobody_knew_brings_the_earlier_calls_of_the_number(
    centre: ContactCentre,
) -> None:
    desktop = await centre.open_desktop()
    number = "+1 (212) 555-0177"

    async def call(from_address: str, notes: str) -> dict[str, Any]:
        id = await centre.ring(from_address=from_address)
        answer: dict[str, Any] = desktop.answers[id]
        await centre.act(id, "1001", "ANSWER")
        async with centre.api() as ana:
            path = f"/interactions/{answer['interaction']['id']}"
            assert (await ana.put(path, json={"notes": notes})).status_code == 200
        await centre.hang_up(id)
        return answer

    def notes_of(entries: list[dict[str, Any]]) -> list[str]:
        return [each["notes"] for each in entries]

    assert (await call(number, "wants a refund"))["lookup"]["interactions"] == []
    second = await call("2125550177", "called again")  # which the CRM does not have yet
    assert notes_of(second["lookup"]["interactions"]) == ["wants a refund"]
    assert len(await centre.deliver()) == 2
    third = await call(number, "and again")
    assert notes_of(third["lookup"]["interactions"]) == ["called again", "wants a refund"]
    await call("+12125550178", "somebody else")
    assert notes_of((await call("anonymous", ""))["lookup"]["interactions"]) == []

    async with centre.api() as ana:
        contact = {"name": "Grace Hopper", "numbers": [number], "request_id": "r1"}
        assert (await ana.post("/contacts", json=contact)).status_code == 201
    lookup = (await call(number, "known now"))["lookup"]
    (match,) = lookup["matches"]
    known = ["and again", "called again", "wants a refund"]
    assert notes_of(match["contact"]["interactions"]) == known
    assert lookup["interactions"] == []


async def test_call_that_the_crm_does_not_have_yet_is_in_every_look_up(
    centre: ContactCentre,
) -> None:
    """As for a preview, which a dialer may offer seconds after the customer called."""
    desktop = await centre.open_desktop()
    call = await centre.ring()
    await centre.act(call, "1001", "ANSWER")
    async with centre.api() as ana:
        id = desktop.answers[call]["interaction"]["id"]
        path = f"/interactions/{id}"
        assert (await ana.put(path, json={"notes": "no more campaigns"})).status_code == 200
        await centre.hang_up(call)
        found = (await ana.get("/contacts", params={"number": ADA})).json()
        (contact,) = (each["contact"] for each in found["matches"])
        assert contact["name"] == ADA_NAME
        assert contact["interactions"][0]["notes"] == "no more campaigns"
        record = (await ana.get(f"/contacts/{contact['source']}/{contact['id']}")).json()
        assert record["interactions"][0]["notes"] == "no more campaigns"
        # The card of the call itself has it already.
        without = (await ana.get("/contacts", params={"number": ADA, "without": id})).json()
        assert not without["matches"][0]["contact"]["interactions"]
        path = f"/contacts/{contact['source']}/{contact['id']}"
        assert (await ana.get(path, params={"without": id})).json()["interactions"] == []
        preview = await centre.finesse.preview("1001", ADA)
        await centre.reported()
        (match,) = desktop.answers[preview]["lookup"]["matches"]
        assert match["contact"]["interactions"][0]["notes"] == "no more campaigns"
        assert len(await centre.deliver()) == 1
        again = (await ana.get("/contacts", params={"number": ADA})).json()
    notes = [each["notes"] for each in again["matches"][0]["contact"]["interactions"]]
    assert notes.count("no more campaigns") <= 1


async def test_calls_of_a_number_without_a_contact_are_nobodys_history_but_its_owners(
    centre: ContactCentre,
) -> None:
    desktop = await centre.open_desktop()
    first = await centre.ring(from_address="+12125550177")  # a hotel: anybody may call from it
    await centre.act(first, "1001", "ANSWER")
    async with centre.api() as ana:
        path = f"/interactions/{desktop.answers[first]['interaction']['id']}"
        await ana.put(path, json={"notes": "wants to complain"})
        await centre.hang_up(first)
        second = await centre.ring(from_address="+12125550177")
        (ada,) = (await ana.get("/contacts", params={"q": "Ada Lovelace"})).json()["contacts"]
        path = f"/interactions/{desktop.answers[second]['interaction']['id']}"
        chosen = {"source": ada["source"], "id": ada["id"]}
        assert (await ana.put(path, json={"contact": chosen})).status_code == 200
        report = msgspec.json.encode(desktop.reports[second])
        answer = (await ana.post("/interactions?lookup=1", content=report)).json()
    (match,) = answer["lookup"]["matches"]
    assert match["contact"]["name"] == ADA_NAME
    assert match["contact"]["interactions"] == []
    assert [each["notes"] for each in answer["lookup"]["interactions"]] == ["wants to complain"]


@pytest.mark.parametrize("given", ["22 33 44 55", "+47 22334455", "0047-22334455", "tel:22334455"])
def test_number_is_found_by_its_last_digits_in_any_notation(given: str) -> None:
    assert last_digits(given) == last_digits("+4722334455") != ""
