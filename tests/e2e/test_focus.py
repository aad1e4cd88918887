"""The focus, and with it the keyboard, stays near where the agent works."""

from __future__ import annotations

import pytest
from playwright.sync_api import FrameLocator, expect

from tests.e2e.card import (
    KNOWN_CUSTOMER,
    answer_call,
    expect_phase,
    open_card,
    press,
)
from tests.harness.browser import BrowserDesktop, OpenDesktop
from tests.harness.site import DemoSite
from tests.harness.waiting import wait_until


def open_gadget(open_desktop: OpenDesktop) -> FrameLocator:
    """Return the gadget of an agent, once it has loaded everything."""
    gadget = open_desktop().gadget
    expect(gadget.locator("callback-list:defined")).to_be_attached()
    # Then the focus is kept, too.
    registered = "() => finesse.shortcutkey.ShortcutKeyService.getShortcutKeys().length"
    wait_until(lambda: bool(gadget.locator("body").evaluate(registered)))
    return gadget


def focus_is_in(gadget: FrameLocator, selector: str) -> bool:
    """Return whether an element, or something in it, has the focus."""
    found: bool = gadget.locator("body").evaluate(
        """(body, selector) => {
            const { activeElement } = document;
            return activeElement !== body && activeElement.closest(selector) !== null;
        }""",
        selector,
    )
    return found


@pytest.mark.parametrize("end", ["Save", "Cancel", "Escape"])
def test_focus_stays_at_the_call_variables(
    open_desktop: OpenDesktop, site: DemoSite, end: str
) -> None:
    gadget = open_gadget(open_desktop)
    answer_call(site, gadget, callVariable1="ACC-17")
    variables = gadget.locator("call-variables")
    variables.get_by_role("button", name="Edit", exact=True).click()
    variables.get_by_role("button", name="Change").first.click()
    field = variables.get_by_role("textbox")
    field.fill("ACC-18")
    if end == "Escape":
        field.press("Escape")
    else:
        variables.get_by_role("button", name=end).click()
    expect(field).to_have_count(0)
    wait_until(lambda: focus_is_in(gadget, "call-variables"))


def open_and_answer(
    open_desktop: OpenDesktop, site: DemoSite, *, own_clock: bool = False
) -> tuple[BrowserDesktop, str]:
    """Open a desktop, wait until the whole card is loaded, and answer a call. Return both."""
    desktop = open_desktop(own_clock=own_clock)
    expect(desktop.gadget.locator("callback-list:defined")).to_be_attached()
    return desktop, answer_call(site, desktop.gadget, KNOWN_CUSTOMER)


def test_focus_stays_at_the_first_call_variable_that_is_added(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_gadget(open_desktop)
    call = answer_call(site, gadget)
    variables = gadget.locator("call-variables")
    variables.get_by_role("button", name="Edit", exact=True).click()
    variables.get_by_role("button", name="Add…").click()
    variables.get_by_role("textbox").press_sequentially("case 9")
    variables.get_by_role("textbox").press("Enter")
    expect(variables.get_by_role("status")).to_have_text("Saved")
    assert focus_is_in(gadget, "call-variables")
    assert site.call(call)["variables"]["callVariable1"] == "case 9"


def test_escape_among_the_results_goes_back_to_the_search(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_gadget(open_desktop)
    search = gadget.get_by_role("searchbox")
    search.fill("Böhm")
    found = gadget.locator(".results .pick").first
    expect(found).to_be_visible()
    search.press("ArrowDown")
    expect(found).to_be_focused()
    found.press("Escape")
    expect(found).to_have_count(0)
    expect(search).to_be_focused()


def test_focus_goes_to_the_call_whose_caller_was_found(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_gadget(open_desktop)
    answer_call(site, gadget, "+16465550167")
    gadget.get_by_role("searchbox").fill("Böhm")
    gadget.locator(".results").get_by_role("button", name="This is the caller: ").first.click()
    expect(open_card(gadget).get_by_role("heading", level=2)).to_contain_text("Böhm")
    wait_until(lambda: focus_is_in(gadget, "call-panel"))


def test_focus_goes_to_the_call_that_a_callback_begins(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_gadget(open_desktop)
    answer_call(site, gadget)
    gadget.get_by_role("button", name="Call back later…").click()
    form = gadget.locator("callback-form")
    form.get_by_label("Note").fill("promised a new offer")
    form.get_by_role("button", name="Save").click()
    expect(form).to_have_count(0)
    press(gadget, "Hang up")
    expect_phase(gadget, "Call ended")
    open_card(gadget).get_by_role("button", name="Close", exact=True).click()
    row = gadget.locator(".callbacks li", has_text="promised a new offer")
    row.get_by_role("button", name="Call Käthe").click()
    expect_phase(gadget, "Dialling")
    # What the agent wrote when they promised it is what they need to know now.
    brief = open_card(gadget).locator("call-brief")
    expect(brief.get_by_text("promised a new offer")).to_be_visible()
    wait_until(lambda: focus_is_in(gadget, "call-panel"))
    press(gadget, "Hang up")


def test_focus_goes_to_the_call_that_follows_a_preview(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_gadget(open_desktop)
    site.preview(KNOWN_CUSTOMER, direct=False)
    press(gadget, "Call now")
    expect_phase(gadget, "Dialling")
    wait_until(lambda: focus_is_in(gadget, "call-panel"))


def test_press_that_does_nothing_leaves_the_focus_in_the_notes(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    desktop = open_desktop()
    gadget = desktop.gadget
    expect(gadget.locator("callback-list:defined")).to_be_attached()
    answer_call(site, gadget)
    notes = open_card(gadget).get_by_label("Notes")
    notes.click()
    desktop.page.keyboard.type("refund ")
    controls = gadget.locator("call-controls")
    expect(gadget.locator(".locked")).to_have_count(0)
    controls.evaluate("(element) => element.classList.add('locked')")
    box = open_card(gadget).get_by_role("button", name="Hold").bounding_box()
    assert box
    desktop.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    desktop.page.keyboard.type("45 euro")
    expect(notes).to_have_value("refund 45 euro")
    expect(notes).to_be_focused()
    expect_phase(gadget, "On the call")


def test_key_chooses_a_reason_unless_it_is_typed(open_desktop: OpenDesktop, site: DemoSite) -> None:
    desktop, call = open_and_answer(open_desktop, site)
    gadget = desktop.gadget
    reasons = gadget.get_by_role("radiogroup", name="Wrap-up reason")
    expect(reasons.get_by_role("radio", name="None")).to_be_checked()
    open_card(gadget).get_by_label("Notes").press("2")
    press(gadget, "Keypad…")
    gadget.locator("call-keypad").get_by_role("button", name="2").press("3")
    title = open_card(gadget).get_by_role("heading", level=2)
    title.press("1")  # the keypad is open: it is for the other side's menu
    wait_until(lambda: bool(site.call(call)["dtmf"] == "31"))
    gadget.locator("call-keypad").press("Escape")
    expect(title).to_be_focused()
    expect(reasons.get_by_role("radio", name="None")).to_be_checked()
    site.hang_up(call)
    expect_phase(gadget, "Call ended")
    open_card(gadget).get_by_role("heading", level=2).press("2")
    expect(reasons.get_by_role("radio").nth(1)).to_be_checked()
    notes = open_card(gadget).get_by_label("Notes")
    expect(notes).to_have_value("2")
    notes.press("Escape")
    expect(reasons.get_by_role("radio").nth(1)).to_be_focused()
    desktop.page.keyboard.press("3")
    expect(reasons.get_by_role("radio").nth(2)).to_be_checked()
    expect(notes).to_have_value("2")


def test_digits_of_a_number_choose_no_reason_when_its_field_goes(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    desktop, call = open_and_answer(open_desktop, site)
    gadget = desktop.gadget
    reasons = gadget.get_by_role("radiogroup", name="Wrap-up reason")
    chosen = reasons.get_by_role("radio", name="Order status")
    reasons.get_by_text("Order status").click()
    press(gadget, "Transfer…")
    gadget.get_by_label("Search for a transfer target").press_sequentially("030")
    site.hang_up(call)
    desktop.page.keyboard.type("123412341234", delay=150)
    expect_phase(gadget, "Call ended")
    expect(chosen).to_be_checked()
    # Who types text where none can be typed has no digits in mind either.
    desktop.page.keyboard.type("price for 2", delay=50)
    expect(chosen).to_be_checked()
    open_card(gadget).get_by_role("heading", level=2).click()
    desktop.page.keyboard.press("1")
    expect(reasons.get_by_role("radio", name="Sale")).to_be_checked()


def test_digits_for_a_menu_choose_no_reason_when_the_menu_hangs_up(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    desktop, call = open_and_answer(open_desktop, site, own_clock=True)
    gadget = desktop.gadget
    reasons = gadget.get_by_role("radiogroup", name="Wrap-up reason")
    press(gadget, "Keypad…")
    desktop.page.keyboard.press("4")
    wait_until(lambda: bool(site.call(call)["dtmf"] == "4"))
    site.hang_up(call)
    expect_phase(gadget, "Call ended")
    desktop.page.clock.fast_forward(2000)  # as who reads a long number digit by digit
    desktop.page.keyboard.press("2")
    expect(reasons.get_by_role("radio", name="None")).to_be_checked()
    desktop.page.clock.fast_forward(5000)
    desktop.page.keyboard.press("2")
    expect(reasons.get_by_role("radio").nth(1)).to_be_checked()


def test_digit_after_a_form_that_enter_has_saved_chooses_a_reason(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    desktop, call = open_and_answer(open_desktop, site, own_clock=True)
    gadget = desktop.gadget
    open_card(gadget).get_by_role("button", name="New case…").click()
    desktop.page.keyboard.type("Router broken")
    desktop.page.keyboard.press("Enter")
    expect(gadget.locator("case-form")).to_have_count(0)
    site.hang_up(call)
    expect_phase(gadget, "Call ended")
    desktop.page.clock.fast_forward(2000)
    desktop.page.keyboard.press("2")
    reasons = gadget.get_by_role("radiogroup", name="Wrap-up reason")
    expect(reasons.get_by_role("radio").nth(1)).to_be_checked()
