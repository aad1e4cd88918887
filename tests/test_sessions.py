"""Sessions of another web app: the service reports their calls itself."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.harness.contact_centre import ADA_NAME, ContactCentre
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
        assert (await app.delete(f"/sessions/{second['id']}")).status_code == 200


async def test_new_session_right_after_the_old_one_was_rejected(centre: ContactCentre) -> None:
    async with centre.api() as app:
        await app.post("/sessions", json={"extension": "1001"})
        await centre.finesse.change_password("1001", "changed")
        assert (await app.get("/me")).status_code == 401
    async with with_new_password(centre) as app:
        response = await app.post("/sessions", json={})
        assert response.status_code == 201, response.text
