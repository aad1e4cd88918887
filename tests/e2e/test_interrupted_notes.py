"""Notes that a call interrupts by coming to the front."""

from __future__ import annotations

from playwright.sync_api import FrameLocator, expect

from tests.e2e.card import (
    UNKNOWN_CUSTOMER,
    answer_call,
    expect_phase,
    open_card,
    press,
)
from tests.harness.browser import OpenDesktop
from tests.harness.site import DemoSite

THINKING_MS = 3500
"""Longer than what counts as a pause between words."""


def think(gadget: FrameLocator) -> None:
    """Let the agent stop typing for a while."""
    gadget.owner.page.wait_for_timeout(THINKING_MS)


def test_caller_who_gives_up_leaves_the_caret_in_the_notes(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    desktop = open_desktop()
    gadget = desktop.gadget
    expect(gadget.locator("callback-list:defined")).to_be_attached()
    call = answer_call(site, gadget)
    notes = open_card(gadget).get_by_label("Notes")
    notes.press_sequentially("wants pumps")
    notes.press("Home")
    site.hang_up(call)
    expect_phase(gadget, "Call ended")
    think(gadget)
    missed = site.ring(UNKNOWN_CUSTOMER)
    expect_phase(gadget, "Ringing")
    site.hang_up(missed)
    expect_phase(gadget, "Call ended")
    expect(notes).to_be_focused()
    desktop.page.keyboard.type("2 times: ")
    expect(notes).to_have_value("2 times: wants pumps")
    expect(gadget.get_by_role("radio", name="None")).to_be_checked()


def test_words_typed_on_when_a_call_rings_go_to_the_notes(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    desktop = open_desktop()
    gadget = desktop.gadget
    expect(gadget.locator("callback-list:defined")).to_be_attached()
    call = answer_call(site, gadget)
    notes = open_card(gadget).get_by_label("Notes")
    notes.press_sequentially("wants")
    site.hang_up(call)
    expect_phase(gadget, "Call ended")
    think(gadget)
    site.ring(UNKNOWN_CUSTOMER)
    expect_phase(gadget, "Ringing")
    desktop.page.keyboard.type(" 3 of them")
    expect(notes).to_have_value("wants 3 of them")
    ringing = gadget.get_by_role("tab", name="(646) 555-0199")
    expect(ringing).to_have_attribute("data-phase", "ringing")
    ringing.click()
    press(gadget, "Answer")
    expect_phase(gadget, "On the call")
    # What the agent turned to afterwards is another matter.
    open_card(gadget).locator("h2").click()
    desktop.page.keyboard.type("x")
    expect_phase(gadget, "On the call")
