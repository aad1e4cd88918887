"""Transfer targets: queues with the calls that wait there, colleagues, phone books."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from callcard.errors import SettingsError
from callcard.settings import Settings
from tests.harness.contact_centre import open_contact_centre

pytestmark = pytest.mark.anyio


async def test_queues_come_first_and_say_how_many_calls_wait(tmp_path: Path) -> None:
    queues = (
        {"name": "Support", "number": "7111", "id": "10"},
        {"name": "Billing", "number": "7002"},
        {"name": "Closed", "number": "7003", "id": "none"},
    )
    async with open_contact_centre(tmp_path, queues=queues) as centre:
        await centre.finesse.sign_in("1001")
        async with centre.api("1001") as ana:
            answer = (await ana.get("/transfer-targets")).json()
            assert answer["missing"] == []
            first, second, third = answer["targets"][:3]
            assert first == {"kind": "queue", "name": "Support", "detail": "0", "number": "7111"}
            assert (second["name"], second["detail"]) == ("Billing", "")
            assert (third["name"], third["detail"]) == ("Closed", "")
            found = (await ana.get("/transfer-targets", params={"q": "bill"})).json()["targets"]
            assert [each["number"] for each in found] == ["7002"]
            waiting = await ana.get("/transfer-targets", params={"q": "support 0"})
            assert waiting.json()["targets"] == [], "what waits there is no word of a queue"


async def test_agents_are_not_offered_themselves(tmp_path: Path) -> None:
    async with open_contact_centre(tmp_path) as centre:
        for agent, colleague in (("1001", "1002"), ("1002", "1001")):
            await centre.finesse.sign_in(agent)
            async with centre.api(agent) as http:
                targets = (await http.get("/transfer-targets")).json()["targets"]
            numbers = {each["number"] for each in targets}
            assert agent not in numbers
            assert colleague in numbers  # from the phone book, if not from the team


@pytest.mark.parametrize(
    ("queues", "reason"),
    [
        ([{"name": "Support"}], "queues.*number"),
        ([{"name": "", "number": "1"}], "queues.name"),
        ([{"name": "a", "number": "1", "id": "../x"}], "queues.id"),
        ([{"name": "a", "number": "1", "size": 1}], "there is no setting queues.size"),
    ],
)
def test_unusable_queue_is_a_clear_error(queues: list[dict[str, Any]], reason: str) -> None:
    with pytest.raises(SettingsError, match=reason):
        Settings.decode({"queues": queues})
