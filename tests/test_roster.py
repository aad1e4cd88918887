"""The roster: agents of a team who use Callcard, as transfer targets."""

from __future__ import annotations

import pytest

from tests.harness.contact_centre import ContactCentre
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
