"""Transfer targets: queues with the calls that wait there, colleagues, phone books."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient

from callcard.errors import SettingsError
from callcard.settings import Settings
from tests.harness.contact_centre import open_contact_centre
from tests.harness.waiting import until

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


async def test_only_the_kinds_that_are_named_are_searched(tmp_path: Path) -> None:
    queues = ({"name": "Bilal's queue", "number": "7111"},)
    async with open_contact_centre(tmp_path, queues=queues) as centre:
        await centre.finesse.sign_in("1001")
        async with centre.api("1001") as ana:

            async def found(**params: str) -> list[tuple[str, str]]:
                answer = (
                    await ana.get("/transfer-targets", params={"q": "bilal", **params})
                ).json()
                return [(each["kind"], each["name"]) for each in answer["targets"]]

            queue, colleague = ("queue", "Bilal's queue"), ("phone-book", "Bilal Haddad")
            assert await found() == await found(kinds="") == [queue, colleague]
            assert await found(kinds="contact,phone-book,agent") == [colleague]
            assert await found(kinds="queue") == [queue]
            refused = await ana.get("/transfer-targets", params={"kinds": "agent,friend"})
            assert refused.status_code == 422
            assert "'friend'" in refused.text
            assert "phone-book" in refused.text


async def test_agents_are_not_offered_themselves(tmp_path: Path) -> None:
    async with open_contact_centre(tmp_path) as centre:
        for agent in ("1001", "1002"):
            await centre.finesse.sign_in(agent)
        async with centre.api("1001") as ana, centre.api("1002") as bilal:
            for http in (ana, bilal):
                assert (await http.get("/me")).status_code == 200

            async def numbers(http: AsyncClient) -> set[str]:
                answer = (await http.get("/transfer-targets")).json()
                return {each["number"] for each in answer["targets"]}

            async def has_ana() -> bool:  # the roster is written in the background
                return "1001" in await numbers(bilal)

            await until(has_ana)
            assert "1002" not in await numbers(bilal), "Bilal is in the phone book, too"
            of_ana = await numbers(ana)
            assert "1002" in of_ana
            assert "1001" not in of_ana


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
