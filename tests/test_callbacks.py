"""Callbacks: saved, dialled with one request, closed when the customer was reached."""

from __future__ import annotations

from typing import Any

import httpx
import msgspec
import pytest

from tests.harness.contact_centre import ADA, ADA_E164, ContactCentre
from tests.harness.waiting import until

pytestmark = pytest.mark.anyio

NEW = {"number": ADA, "name": "Ada", "due_at": "2027-03-07T14:30+01:00", "request_id": "one"}
FOLLOW_UP = {"reason": "3"}


async def save(agent: httpx.AsyncClient) -> dict[str, Any]:
    callback: dict[str, Any] = (await agent.post("/callbacks", json=NEW)).json()
    return callback


async def open_callbacks(agent: httpx.AsyncClient) -> list[dict[str, Any]]:
    callbacks: list[dict[str, Any]] = (await agent.get("/callbacks")).json()["callbacks"]
    return callbacks


@pytest.mark.parametrize(
    "wrong",
    [
        {"number": "reception"},
        {"number": ADA, "due_at": "tomorrow"},
        {"number": ADA, "due_at": "2027-02-31T10:00Z"},
    ],
)
async def test_unusable_callback_is_rejected(centre: ContactCentre, wrong: dict[str, str]) -> None:
    async with centre.api() as ana:
        assert (await ana.post("/callbacks", json=wrong)).json()["code"] == "invalid-field"


async def test_callback_is_saved_once_and_belongs_to_its_agent(centre: ContactCentre) -> None:
    async with centre.api("1001") as ana, centre.api("2001") as supervisor:
        callback = await save(ana)
        assert callback["due_at"] == "2027-03-07T13:30Z"
        assert await save(ana) == callback
        assert await open_callbacks(ana) == [callback | {"time_zone": "America/New_York"}]
        dial = f"/callbacks/{callback['id']}/dial"
        assert (await supervisor.post(dial)).status_code == 404


async def test_callback_is_moved_and_its_note_changed(centre: ContactCentre) -> None:
    async with centre.api("1001") as ana, centre.api("2001") as supervisor:
        callback = await save(ana)
        path = f"/callbacks/{callback['id']}"
        change = {"due_at": "2027-03-08T09:00+01:00", "note": "about the pump"}
        assert (await supervisor.put(path, json=change)).status_code == 404
        changed = (await ana.put(path, json=change)).json()
        assert changed == callback | {"due_at": "2027-03-08T08:00Z", "note": "about the pump"}
        assert await open_callbacks(ana) == [changed | {"time_zone": "America/New_York"}]
        for wrong, field in (
            ({"due_at": "tomorrow"}, "due_at"),
            ({"status": "later"}, "status"),
            ({}, "status"),
        ):
            problem = (await ana.put(path, json=wrong)).json()
            assert (problem["code"], problem["field"]) == ("invalid-field", field)
        assert (await ana.put(path, json={"status": "done"})).json()["note"] == "about the pump"
        assert await open_callbacks(ana) == []


async def test_closed_callback_is_changed_only_when_it_is_opened_again(
    centre: ContactCentre,
) -> None:
    async with centre.api("1001") as api:
        saved = (await api.post("/callbacks", json={"number": ADA, "name": "Ada"})).json()
        path = f"/callbacks/{saved['id']}"
        assert (await api.put(path, json={"status": "done"})).status_code == 200
        refused = await api.put(path, json={"note": "about the pump"})
        assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
        again = await api.put(path, json={"status": "open", "note": "about the pump"})
        assert (again.json()["status"], again.json()["note"]) == ("open", "about the pump")


async def test_callback_to_a_do_not_call_number_restores_ready(centre: ContactCentre) -> None:
    await centre.open_desktop()
    async with centre.api("1001") as ana, centre.api("2001") as supervisor:
        callback = await save(ana)
        entry = {"number": ADA, "reason": "asked for it"}
        await supervisor.post("/lists/do-not-call", json=entry)
        refused = await ana.post(f"/callbacks/{callback['id']}/dial", json=FOLLOW_UP)
        assert refused.json()["code"] == "do-not-call"
        await until_ready(centre)
        await supervisor.delete(f"/lists/do-not-call/{ADA_E164}")


@pytest.mark.parametrize("body", [FOLLOW_UP, {}], ids=["not ready meanwhile", "keep my state"])
async def test_callback_stays_open_until_the_customer_is_reached(
    centre: ContactCentre, body: dict[str, str]
) -> None:
    await centre.open_desktop()
    async with centre.api() as ana:
        callback = await save(ana)
        unanswered = await dial(centre, ana, callback, body)
        await centre.act(unanswered, "1001", "DROP")
        await until_ready(centre)
        (waiting,) = await open_callbacks(ana)
        assert waiting["last_tried_at"]
        listed = callback | {"time_zone": waiting["time_zone"]}
        assert waiting | {"last_tried_at": "", "reason": ""} == listed

        answered = await dial(centre, ana, callback, body)
        await centre.finesse.answer(answered)
        await centre.reported()
        assert await centre.finesse.state("1001") == "TALKING"
        await centre.hang_up(answered)
        await until_ready(centre)
        assert await open_callbacks(ana) == []


async def test_callback_that_was_opened_again_stays_open_until_the_next_call(
    centre: ContactCentre,
) -> None:
    desktop = await centre.open_desktop()
    async with centre.api() as ana:
        callback = await save(ana)
        for is_opened_again in (True, False):
            call = await dial(centre, ana, callback, {})
            await centre.finesse.answer(call)
            await centre.reported()
            await centre.hang_up(call)
            assert await open_callbacks(ana) == []
            if not is_opened_again:
                break
            path = f"/callbacks/{callback['id']}"  # it was only their mailbox
            assert (await ana.put(path, json={"status": "open"})).status_code == 200
            # The ended call is reported again, as when the agent's state changes.
            report = msgspec.json.encode(desktop.reports[call])
            assert (await ana.post("/interactions", content=report)).status_code == 200
            assert len(await open_callbacks(ana)) == 1


async def test_callback_stays_open_when_another_person_of_the_number_was_reached(
    centre: ContactCentre,
) -> None:
    await centre.open_desktop()
    async with centre.api() as ana:
        found = (await ana.get("/contacts", params={"q": ADA})).json()
        (ada,) = found["contacts"]
        source, id = ada["source"], ada["id"]
        for contact in (f"{source}/{id}", f"{source}/another", "elsewhere/another"):
            await ana.post("/callbacks", json={"number": ADA, "contact": contact})
        for callback in await open_callbacks(ana):
            call = await dial(centre, ana, callback)
            await centre.finesse.answer(call)
            await centre.reported()
            await centre.hang_up(call)
            await until_ready(centre)
        (waiting,) = await open_callbacks(ana)
        assert waiting["contact"] == f"{source}/another"


async def dial(
    centre: ContactCentre,
    agent: httpx.AsyncClient,
    callback: dict[str, Any],
    body: dict[str, str] | None = None,
) -> str:
    body = FOLLOW_UP if body is None else body
    response = await agent.post(f"/callbacks/{callback['id']}/dial", json=body)
    assert response.status_code == 202, response.text
    (dialog,) = await centre.finesse.dialogs("1001")
    await centre.reported()
    return dialog.id


async def until_ready(centre: ContactCentre) -> None:
    async def is_ready() -> bool:
        return await centre.finesse.state("1001") == "READY"

    await until(is_ready)
