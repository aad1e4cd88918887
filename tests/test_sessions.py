"""Sessions of another web app: the service reports their calls itself."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness.contact_centre import ContactCentre
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
