"""Sessions of another web app: the service reports their calls itself."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from tests.harness.contact_centre import ADA_NAME, ContactCentre, service_client
from tests.harness.waiting import until

pytestmark = pytest.mark.anyio


async def test_session_of_another_web_app_reports_its_calls(centre: ContactCentre) -> None:
    async with centre.api() as app:

        async def interactions(call: str, *statuses: str) -> list[dict[str, Any]]:
            response = await app.get(f"/interactions?call={call}")
            return [each for each in response.json()["interactions"] if each["status"] in statuses]

        opened = await app.post("/sessions", json={"extension": "1001"})
        assert opened.status_code == 201, opened.text
        call = await centre.ring()
        await centre.act(call, "1001", "ANSWER")
        await until(lambda: interactions(call, "open"))
        await centre.hang_up(call)
        await until(lambda: interactions(call, "closing", "due"))
    interaction = await centre.delivered()
    assert interaction.end_reason == "completed"
    assert interaction.owner == "1001"
    assert interaction.call_ids == (call,)


async def test_call_of_a_session_belongs_to_the_contact_of_its_number(
    centre: ContactCentre,
) -> None:
    """As the call of a desktop does."""
    async with centre.api() as app:
        await app.post("/sessions", json={"extension": "1001"})
        call = await centre.ring()
        await centre.act(call, "1001", "ANSWER")
        await until(lambda: recorded_as(app, call, "open"))
        await centre.hang_up(call)
        await until(lambda: recorded_as(app, call, "closing"))
    interaction = await centre.delivered()
    (ada,) = await centre.crm.search(ADA_NAME, 1)
    assert (interaction.contact_source, interaction.contact) == ("local", ada.id)


async def test_call_of_a_session_is_looked_up_again_after_every_source_failed(
    centre: ContactCentre,
) -> None:
    async with centre.api() as app:
        await app.post("/sessions", json={"extension": "1001"})
        with centre.failing_contacts():
            call = await centre.ring()
            await until(lambda: recorded_as(app, call, "open"))
        await centre.act(call, "1001", "ANSWER")
        await centre.hang_up(call)
        await until(lambda: recorded_as(app, call, "closing"))
    (ada,) = await centre.crm.search(ADA_NAME, 1)
    assert (await centre.delivered()).contact == ada.id


async def test_session_of_an_ended_credential_stops_and_its_calls_are_lost(
    centre: ContactCentre,
) -> None:
    async with centre.api() as app:
        await app.post("/sessions", json={"extension": "1001"})
        call = await centre.ring()
        await centre.act(call, "1001", "ANSWER")
        await until(lambda: recorded_as(app, call, "open"))
        await centre.finesse.change_password("1001", "changed")
        centre.finesse.forget_requests()
        assert (await app.get("/me")).status_code == 401
    async with with_new_password(centre) as app:
        await until(lambda: recorded_as(app, call, "closing"))
    async with centre.api("2001") as supervisor:
        assert (await supervisor.get("/me")).status_code == 200
    requests = [path for path in await centre.finesse.requests() if "/User/1001" in path]
    assert len(requests) == 2, "each credential is shown once"
    centre.clock.advance(200.0)
    (interaction,) = await centre.run_jobs()
    assert (interaction.end_reason, interaction.call_ids) == ("lost", (call,))


def with_new_password(centre: ContactCentre) -> httpx.AsyncClient:
    app = centre.api()
    app.auth = httpx.BasicAuth("1001", "changed")
    return app


async def recorded_as(app: httpx.AsyncClient, call: str, status: str) -> bool:
    interactions = (await app.get(f"/interactions?call={call}")).json()["interactions"]
    return [each["status"] for each in interactions] == [status]


async def test_session_of_a_new_credential_replaces_the_old_one(centre: ContactCentre) -> None:
    async with centre.api() as app:
        first = (await app.post("/sessions", json={"extension": "1001"})).json()
        again = (await app.post("/sessions", json={"extension": "1001"})).json()
        assert again["id"] == first["id"], "the same credential"
        call = await centre.ring()
        await until(lambda: recorded_as(app, call, "open"))
        await centre.finesse.change_password("1001", "changed")
    async with with_new_password(centre) as app:
        second = (await app.post("/sessions", json={})).json()
        assert second["id"] != first["id"]
        assert second["connected"]
        assert (await app.delete(f"/sessions/{first['id']}")).status_code == 404
        await centre.hang_up(call)
        await until(lambda: recorded_as(app, call, "closing"))
        assert (await app.delete(f"/sessions/{second['id']}?keep_signed_in=1")).status_code == 200


async def test_new_session_right_after_the_old_one_was_rejected(centre: ContactCentre) -> None:
    async with centre.api() as app:
        await app.post("/sessions", json={"extension": "1001"})
        await centre.finesse.change_password("1001", "changed")
        assert (await app.get("/me")).status_code == 401
    async with with_new_password(centre) as app:
        response = await app.post("/sessions", json={})
        assert response.status_code == 201, response.text


# ---- another web app signs its agents in and out


async def reasons(app: httpx.AsyncClient, kind: str) -> list[str]:
    me = (await app.get("/me")).json()
    return [reason["id"] for reason in me[kind]]


async def test_agent_is_signed_in_made_ready_and_signed_out(centre: ContactCentre) -> None:
    async with centre.api() as app:
        sign_in = {"extension": "1001", "ready": True}
        opened = await app.post("/sessions", json=sign_in)
        assert opened.status_code == 201, opened.text
        session = opened.json()
        assert (session["extension"], session["state"]) == ("1001", "READY")
        assert await centre.finesse.state("1001") == "READY"
        # Sent again, as after a lost response, it changes nothing.
        centre.finesse.forget_requests()
        assert (await app.post("/sessions", json=sign_in)).json() == session
        assert await centre.finesse.requests("PUT") == []

        not_ready = (await reasons(app, "not_ready_reasons"))[0]
        sign_out = (await reasons(app, "sign_out_reasons"))[0]
        query = {"reason": not_ready, "sign_out_reason": sign_out}
        closed = await app.delete(f"/sessions/{session['id']}", params=query)
        assert closed.status_code == 200, closed.text
        assert closed.json()["state"] == "LOGOUT"
        user = await centre.finesse.user("1001")
        assert (user.state, user.reason_code_id) == ("LOGOUT", sign_out)
        assert (await app.delete(f"/sessions/{session['id']}")).status_code == 404


async def test_session_that_is_opened_while_one_closes_stays_open(centre: ContactCentre) -> None:
    """As when a web app reloads: its page closes the session and opens it again."""
    async with centre.api() as app, centre.api() as again:
        session = (await app.post("/sessions", json={"extension": "1001"})).json()
        closing = asyncio.create_task(
            app.delete(f"/sessions/{session['id']}", params={"keep_signed_in": "1"})
        )
        opening = asyncio.create_task(again.post("/sessions", json={"extension": "1001"}))
        closed, opened = await asyncio.gather(closing, opening)
        assert (closed.status_code, opened.status_code) == (200, 201)
        is_new = opened.json()["id"] != session["id"]
        path = f"/sessions/{opened.json()['id']}?keep_signed_in=1"
        assert (await app.delete(path)).status_code == (200 if is_new else 404)
        assert is_new, "the request to close came first"


async def test_session_stays_open_if_finesse_signs_nobody_out(centre: ContactCentre) -> None:
    async with centre.api() as app:
        session = (await app.post("/sessions", json={"extension": "1001"})).json()
        path = f"/sessions/{session['id']}"
        without_reason = await app.delete(path)
        assert without_reason.json()["code"] == "finesse-refused"
        assert "reason" in without_reason.json()["detail"]
        query = {
            "reason": (await reasons(app, "not_ready_reasons"))[0],
            "sign_out_reason": (await reasons(app, "sign_out_reasons"))[0],
        }
        await centre.finesse.set_state("1001", "READY")
        call = await centre.ring()
        await centre.finesse.act(call, "1001", "ANSWER")
        during_a_call = await app.delete(path, params=query)
        assert (during_a_call.status_code, during_a_call.json()["code"]) == (409, "on-a-call")
        assert await centre.finesse.state("1001") == "TALKING"
        await centre.finesse.hang_up(call)
        closed = await app.delete(path, params=query)
        assert closed.json().get("state") == "LOGOUT", closed.text


async def test_mobile_agent_signs_in_with_their_phone(centre: ContactCentre) -> None:
    async with centre.api() as app:
        mobile = {"mobile_mode": "CALL_BY_CALL", "mobile_number": "+12125550177"}
        opened = await app.post("/sessions", json={"extension": "1001", **mobile})
        assert opened.status_code == 201, opened.text
        user = await centre.finesse.user("1001")
        assert user.mobile_agent is not None
        assert user.mobile_agent.dial_number == "+12125550177"
        for wrong in ({"mobile_mode": "CALL_BY_CALL"}, mobile):
            refused = await app.post("/sessions", json={**wrong, "extension": ""})
            assert refused.status_code == 422


async def test_sign_in_that_finesse_refuses_leaves_no_session(centre: ContactCentre) -> None:
    await centre.open_desktop("1002")
    async with centre.api() as app:
        refused = await app.post("/sessions", json={"extension": "1002", "ready": True})
        assert (refused.status_code, refused.json()["code"]) == (409, "finesse-refused")
        assert await centre.finesse.state("1001") == "LOGOUT"
        assert (await app.delete("/sessions/x")).status_code == 404


async def test_session_with_a_token_of_single_sign_on(centre: ContactCentre) -> None:
    sandbox = centre.finesse.sandbox
    token = sandbox.accounts.issue_token(sandbox.agents.users["1001"]).access
    async with service_client(centre.service.app) as app:
        app.headers.update({"Authorization": f"Bearer {token}", "X-Finesse-User": "1001"})
        opened = await app.post("/sessions", json={"extension": "1001", "ready": True})
        assert opened.status_code == 201, opened.text
        assert (opened.json()["connected"], opened.json()["state"]) == (True, "READY")
        call = await centre.ring()
        await until(lambda: recorded_as(app, call, "open"))
        await centre.hang_up(call)
        await until(lambda: recorded_as(app, call, "closing"))
        assert (await app.delete(f"/sessions/{opened.json()['id']}?keep_signed_in=1")).is_success


async def test_agent_on_a_call_gets_a_session_and_is_ready_later(centre: ContactCentre) -> None:
    await centre.open_desktop("1001")
    call = await centre.ring()
    await centre.act(call, "1001", "ANSWER")
    await centre.finesse.arm("event-lost", path="/finesse/api/User/1001", times=10)
    async with centre.api() as app:
        opened = await app.post("/sessions", json={"extension": "1001", "ready": True})
        assert opened.status_code == 201, opened.text
        assert opened.json()["state"] == "TALKING"
