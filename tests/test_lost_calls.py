"""Desktops that crash, reload or are doubled in mid-call."""

from __future__ import annotations

import pytest

from tests.harness.contact_centre import LOST_SECONDS, ContactCentre

pytestmark = pytest.mark.anyio


async def test_two_tabs_and_a_reload_are_one_interaction(centre: ContactCentre) -> None:
    first_tab = await centre.open_desktop()
    second_tab = await centre.open_desktop()
    call = await centre.ring()
    await centre.act(call, "1001", "ANSWER")
    await centre.close_desktop(first_tab)
    reloaded = await centre.open_desktop()
    await centre.reported()
    id = reloaded.answers[call]["interaction"]["id"]
    assert second_tab.answers[call]["interaction"]["id"] == id
    async with centre.api() as ana:
        path = f"/interactions/{id}"
        await ana.put(path, json={"notes": "one\ntwo", "base_notes": ""})
        await ana.put(path, json={"notes": "one\ntwo\nthree", "base_notes": "one\ntwo"})
        merged = await ana.put(path, json={"notes": "zero\none\ntwo", "base_notes": "one\ntwo"})
        assert merged.json()["notes"][0]["text"] == "zero\none\ntwo\nthree"
    await centre.hang_up(call)
    interaction = await centre.delivered()
    assert interaction.agents[0].notes == "zero\none\ntwo\nthree"


async def test_call_of_a_crashed_browser_is_lost_until_it_returns(centre: ContactCentre) -> None:
    desktop = await centre.open_desktop()
    call = await centre.ring()
    await centre.act(call, "1001", "ANSWER")
    id = desktop.answers[call]["interaction"]["id"]
    await centre.close_desktop(desktop)
    centre.clock.advance(LOST_SECONDS + 1)
    await centre.run_jobs()
    interaction = await centre.delivered()
    assert (interaction.id, interaction.end_reason) == (id, "lost")

    returned = await centre.open_desktop()
    await centre.reported()
    assert returned.answers[call]["interaction"]["status"] == "open"
    await centre.hang_up(call)
    interaction = await centre.delivered()
    assert (interaction.id, interaction.end_reason) == (id, "completed")
