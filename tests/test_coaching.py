"""Coaching by text: a supervisor writes, the agent reads and answers."""

from __future__ import annotations

import pytest

from tests.harness.contact_centre import ContactCentre

pytestmark = pytest.mark.anyio


async def test_message_is_read_and_answered(centre: ContactCentre) -> None:
    desktop = await centre.open_desktop("1001")
    call = await centre.ring()
    assert desktop.answers[call]["coaching"] is False
    async with centre.api("2001") as supervisor, centre.api("1001") as ana:
        sent = await supervisor.post("/agents/1001/coach", json={"text": " offer 10 % "})
        assert sent.status_code == 201
        message = sent.json()
        assert (message["text"], message["supervisor_name"]) == ("offer 10 %", "Sam Okafor")
        assert message["read_at"] == message["answer"] == ""
        await centre.act(call, "1001", "ANSWER")
        assert desktop.answers[call]["coaching"] is True
        assert (await ana.get("/coaching")).json() == {"messages": [message]}

        path = f"/coaching/{message['id']}"
        read = (await ana.put(path, json={})).json()
        assert read["read_at"]
        assert read["answered_at"] == ""
        await centre.act(call, "1001", "HOLD")
        assert desktop.answers[call]["coaching"] is False
        answered = (await ana.put(path, json={"answer": "did it"})).json()
        assert answered["read_at"] == read["read_at"]
        shown = (await supervisor.get("/agents/1001/coach")).json()["messages"]
        assert shown == [answered]
        assert (shown[0]["answer"], bool(shown[0]["answered_at"])) == ("did it", True)
        actions = [each["action"] for each in (await supervisor.get("/audit")).json()["entries"]]
        assert actions[0] == "coach"
    await centre.hang_up(call)


async def test_only_the_agents_supervisor_writes_and_only_the_agent_answers(
    centre: ContactCentre,
) -> None:
    await centre.open_desktop("1001")
    await centre.open_desktop("1002")
    async with (
        centre.api("2001") as supervisor,
        centre.api("1001") as ana,
        centre.api("1002") as bilal,
    ):
        await ana.get("/me")  # which puts Ana on the roster
        await centre.service.app.state.roster.flush()
        for method in ("GET", "POST"):
            body = {"text": "psst"} if method == "POST" else None
            refused = await bilal.request(method, "/agents/1001/coach", json=body)
            assert (refused.status_code, refused.json()["code"]) == (403, "not-permitted")
        assert (await ana.get("/coaching")).json() == {"messages": []}
        sent = await supervisor.post("/agents/1001/coach", json={"text": "well done"})
        path = f"/coaching/{sent.json()['id']}"
        assert (await bilal.get("/coaching")).json() == {"messages": []}
        for other in (bilal, supervisor):
            refused = await other.put(path, json={"answer": "no"})
            assert (refused.status_code, refused.json()["code"]) == (404, "not-found")
        (message,) = (await ana.get("/coaching")).json()["messages"]
        assert message["read_at"] == ""


async def test_message_is_sent_once_and_waits_over_the_weekend(centre: ContactCentre) -> None:
    await centre.open_desktop("1001")
    async with centre.api("2001") as supervisor, centre.api("1001") as ana:
        body = {"text": "call me back", "request_id": "r1"}
        first = (await supervisor.post("/agents/1001/coach", json=body)).json()
        assert (await supervisor.post("/agents/1001/coach", json=body)).json() == first
        centre.clock.advance(60 * 3600)
        assert (await ana.get("/coaching")).json() == {"messages": [first]}
        await ana.put(f"/coaching/{first['id']}", json={})
        assert (await ana.get("/coaching")).json() == {"messages": []}
        unread = {"text": "never read"}
        assert (await supervisor.post("/agents/1001/coach", json=unread)).status_code == 201
        centre.clock.advance(8 * 24 * 3600)
        call = await centre.ring()
        await centre.service.app.state.coaching.purge()
        assert (await ana.get("/coaching")).json() == {"messages": []}
        await centre.act(call, "1001", "ANSWER")
        assert centre.desktops[0].answers[call]["coaching"] is False
        await centre.hang_up(call)


@pytest.mark.parametrize("text", ["", "  ", "x" * 501])
async def test_message_without_a_text_or_too_long_is_refused(
    centre: ContactCentre, text: str
) -> None:
    async with centre.api("2001") as supervisor:
        refused = await supervisor.post("/agents/1001/coach", json={"text": text})
        assert (refused.status_code, refused.json()["field"]) == (422, "text")
        assert (await supervisor.get("/agents/1001/coach")).json() == {"messages": []}
