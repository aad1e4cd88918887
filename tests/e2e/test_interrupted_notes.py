"""Notes that a call interrupts by coming to the front."""

from __future__ import annotations

from playwright.sync_api import Locator, expect

from tests.e2e.card import (
    UNKNOWN_CUSTOMER,
    answer_call,
    expect_phase,
    open_card,
    press,
)
from tests.harness.browser import BrowserDesktop, OpenDesktop
from tests.harness.site import DemoSite

THINKING_MS = 3500
"""Longer than what counts as a pause between words."""


def interrupt_notes(
    open_desktop: OpenDesktop, site: DemoSite, text: str
) -> tuple[BrowserDesktop, Locator, str]:
    """Let the agent type notes after a call, and think; then another call rings.

    Return the desktop, the notes and the call that rings.
    """
    desktop = open_desktop()
    gadget = desktop.gadget
    expect(gadget.locator("callback-list:defined")).to_be_attached()
    ended = answer_call(site, gadget)
    open_card(gadget).get_by_label("Notes").press_sequentially(text)
    notes = gadget.locator(f"#call-{ended} textarea")
    site.hang_up(ended)
    expect_phase(gadget, "Call ended")
    desktop.page.wait_for_timeout(THINKING_MS)
    ringing = site.ring(UNKNOWN_CUSTOMER)
    expect_phase(gadget, "Ringing")
    return desktop, notes, ringing


def test_caller_who_gives_up_leaves_the_caret_in_the_notes(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    desktop, notes, ringing = interrupt_notes(open_desktop, site, "wants pumps")
    site.hang_up(ringing)
    expect_phase(desktop.gadget, "Call ended")
    expect(notes).to_be_focused()
    desktop.page.keyboard.type(": 2")
    expect(notes).to_have_value("wants pumps: 2")
    expect(desktop.gadget.get_by_role("radio", name="None")).to_be_checked()


def test_words_typed_on_when_a_call_rings_go_to_the_notes(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    desktop, notes, _ringing = interrupt_notes(open_desktop, site, "wants")
    gadget = desktop.gadget
    desktop.page.keyboard.type(" 3 of them")
    expect(notes).to_have_value("wants 3 of them")
    tab = gadget.get_by_role("tab", name="(646) 555-0199")
    expect(tab).to_have_attribute("data-phase", "ringing")
    tab.click()
    press(gadget, "Answer")
    expect_phase(gadget, "On the call")
    # What the agent turned to afterwards is another matter.
    open_card(gadget).locator("h2").click()
    desktop.page.keyboard.type("x")
    expect_phase(gadget, "On the call")


def test_words_of_a_search_stay_there_though_notes_were_interrupted(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    desktop, notes, ringing = interrupt_notes(open_desktop, site, "wants")
    words = desktop.gadget.get_by_role("searchbox")
    words.focus()
    desktop.page.keyboard.type("Bö")
    site.hang_up(ringing)
    expect_phase(desktop.gadget, "Call ended")
    desktop.page.keyboard.type("hm")
    expect(words).to_have_value("Böhm")
    expect(notes).to_have_value("wants")
