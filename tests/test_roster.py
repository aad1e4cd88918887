"""The roster: agents of a team who use Callcard, as transfer targets."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness.contact_centre import ContactCentre, open_contact_centre
from tests.harness.waiting import until

pytestmark = pytest.mark.anyio


async def test_agent_known_to_one_worker_is_a_target_through_another(
    centre: ContactCentre,
) -> None:
    other_worker = await centre.start_service()
    await centre.finesse.sign_in("1001")
    await centre.finesse.sign_in("1002")
    async with centre.api("1002") as bilal, other_worker.api("1001") as ana:
        assert (await bilal.get("/me")).status_code == 200

        async def numbers() -> list[str]:
            response = await ana.get("/transfer-targets", params={"q": "Bilal"})
            assert response.status_code == 200, response.text
            return [
                each["number"] for each in response.json()["targets"] if each["kind"] == "agent"
            ]

        assert await until(numbers) == ["1002"]


async def test_state_that_a_desktop_shows_is_what_colleagues_see(centre: ContactCentre) -> None:
    for agent in ("1001", "1002"):
        await centre.finesse.sign_in(agent)
    async with centre.api("1001") as ana, centre.api("1002") as bilal:
        assert (await bilal.get("/me")).status_code == 200

        async def state() -> str:
            response = await ana.get("/transfer-targets", params={"q": "Bilal"})
            return "".join(
                each["detail"] for each in response.json()["targets"] if each["kind"] == "agent"
            )

        async def is_ready() -> bool:
            return await state() == "READY"

        assert await until(state) == "NOT_READY"
        answer = await bilal.put("/me/presence", json={"state": "READY"})
        assert (answer.status_code, answer.json()) == (200, {"state": "READY"})
        await until(is_ready)
        for wrong in ("", "<b>", "ready", "X" * 41):
            assert (await bilal.put("/me/presence", json={"state": wrong})).status_code == 422


async def test_agent_who_is_in_the_phone_book_too_is_one_target(centre: ContactCentre) -> None:
    await centre.finesse.sign_in("1001")
    async with centre.api("1001") as ana, centre.api("1002") as bilal:

        async def kinds() -> list[str]:
            response = await ana.get("/transfer-targets", params={"q": "Bilal"})
            return [each["kind"] for each in response.json()["targets"]]

        assert await kinds() == ["phone-book"]
        await centre.finesse.sign_in("1002")
        assert (await bilal.get("/me")).status_code == 200

        async def is_agent() -> bool:
            return await kinds() == ["agent"]

        await until(is_agent)
        assert await kinds() == ["agent"]


# ---- read by the service, as a supervisor or an administrator of the site


async def listed(centre: ContactCentre, viewer: str = "1001") -> dict[str, str]:
    async with centre.api(viewer) as http:
        agents = (await http.get("/roster")).json()["agents"]
        return {each["id"]: each["state"] for each in agents}


@pytest.mark.parametrize("account", ["2001", "admin"])
async def test_roster_has_agents_without_callcard_and_their_sign_out(
    tmp_path: Path, account: str
) -> None:
    settings = {"roster_user": account, "roster_password": "callcard"}
    async with open_contact_centre(tmp_path, finesse=settings) as centre:
        poll = centre.service.app.state.roster_poll
        await centre.finesse.sign_in("1001")
        await centre.finesse.sign_in("1002")
        await poll.step()
        assert await listed(centre) == {"1001": "NOT_READY", "1002": "NOT_READY"}
        await centre.finesse.set_state("1002", "READY")
        await poll.step()
        assert (await listed(centre))["1002"] == "READY"
        # By the desktop's own button, of which no gadget says anything.
        await centre.finesse.force_state("1002", "LOGOUT")
        await poll.step()
        assert await listed(centre) == {"1001": "NOT_READY"}


async def test_rejected_account_is_presented_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = {"roster_user": "2001", "roster_password": "wrong"}
    async with open_contact_centre(tmp_path, finesse=settings) as centre:
        poll = centre.service.app.state.roster_poll
        centre.finesse.forget_requests()
        for _ in range(3):
            await poll.step()
        assert len(await centre.finesse.requests("GET")) == 1
        assert "roster_user 2001" in caplog.text
        assert "wrong" not in caplog.text


async def test_rejected_account_is_presented_by_one_worker_only(tmp_path: Path) -> None:
    settings = {"roster_user": "2001", "roster_password": "wrong"}
    async with open_contact_centre(tmp_path, finesse=settings) as centre:
        other = await centre.start_service()
        first, second = (each.app.state.roster_poll for each in (centre.service, other))
        centre.finesse.forget_requests()
        for _ in range(10):
            await first.step()
            await second.step()
            centre.clock.advance(10)
        assert len(await centre.finesse.requests("GET")) == 1


async def test_one_worker_reads_and_an_outage_is_survived(tmp_path: Path) -> None:
    settings = {"roster_user": "2001", "roster_password": "callcard"}
    async with open_contact_centre(tmp_path, finesse=settings) as centre:
        other = await centre.start_service()
        await centre.finesse.sign_in("1001")
        first, second = (each.app.state.roster_poll for each in (centre.service, other))
        await first.step()
        centre.finesse.forget_requests()
        await second.step()
        assert await centre.finesse.requests("GET") == []
        await centre.finesse.arm("unavailable", times=1)
        await first.step()
        await first.step()
        assert await listed(centre) == {"1001": "NOT_READY"}
        centre.clock.advance(60)
        centre.finesse.forget_requests()
        await second.step()
        assert await centre.finesse.requests("GET")
