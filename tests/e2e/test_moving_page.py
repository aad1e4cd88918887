"""Presses and typing while the page changes under them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import FrameLocator, Locator, expect

from tests.e2e.card import answer_call, expect_phase, open_card, press
from tests.e2e.consults import begin_consult, consult
from tests.e2e.team import open_agent, open_team
from tests.harness.browser import OpenDesktop
from tests.harness.site import DemoSite


def notes_of(gadget: FrameLocator) -> Locator:
    return open_card(gadget).get_by_label("Notes")


@pytest.mark.parametrize("action", ["Conference", "Complete transfer"])
def test_typing_goes_on_when_the_consult_becomes_the_call(
    open_desktop: OpenDesktop, site: DemoSite, action: str
) -> None:
    ana = open_desktop("1001").gadget
    bilal = open_desktop("1002")
    answer_call(site, ana)
    consult(ana, "Bilal Haddad")
    press(bilal.gadget, "Answer")
    expect_phase(ana, "Consulting")
    notes_of(bilal.gadget).click()
    words = "refund agreed, 45 euro, by Friday, to the account that she named".split()  # noqa: SIM905 - typed as such
    for number, word in enumerate(words):
        bilal.page.keyboard.type(f"{word} ", delay=40)
        if number == 3:
            press(ana, action)
    notes = notes_of(bilal.gadget)
    expect(notes).to_have_value(" ".join(words) + " ")
    expect(notes).to_be_focused()
    expect(open_card(bilal.gadget).get_by_role("status").filter(has_text="Saved")).to_be_visible()
    expect(notes).to_have_value(" ".join(words) + " ")
    expect(bilal.gadget.get_by_role("tab")).to_have_count(0)


def center_of(element: Locator) -> tuple[float, float]:
    box = element.bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_second_press_on_the_keypad_does_not_hang_up(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    desktop = open_desktop(language="de-DE")  # in which Hang up is below the keypad's button
    desktop.page.set_viewport_size({"width": 300, "height": 780})
    gadget = desktop.gadget
    site.ring("+491713900001", callVariable1="ACC-17")
    press(gadget, "Annehmen")
    expect_phase(gadget, "Im Gespräch")
    expect(gadget.locator("callback-list:defined")).to_be_attached()  # and what guards presses
    expect(gadget.locator(".locked")).to_have_count(0)
    box = open_card(gadget).get_by_role("button", name="Tastenfeld…").bounding_box()
    assert box
    spot = (box["x"] + box["width"] - 4, box["y"] + box["height"] / 2)
    desktop.page.mouse.click(*spot)
    expect(open_card(gadget).locator("call-keypad")).to_be_visible()
    # The desktop scrolls to show it; here so far that the next press would hang up.
    hang_up = open_card(gadget).get_by_role("button", name="Auflegen")
    distance = center_of(hang_up)[1] - spot[1]
    desktop.page.evaluate("(distance) => scrollBy(0, distance)", distance)
    box = hang_up.bounding_box()
    assert box
    assert box["x"] < spot[0] < box["x"] + box["width"]
    assert box["y"] < spot[1] < box["y"] + box["height"]
    desktop.page.mouse.click(*spot)
    desktop.page.wait_for_timeout(500)
    expect_phase(gadget, "Im Gespräch")
    expect(open_card(gadget).locator("call-keypad")).to_be_visible()


def test_second_shortcut_does_not_hang_up_on_the_customer(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    ana, _bilal, _call = begin_consult(open_desktop, site)
    expect_phase(ana.gadget, "Consulting")
    ana.page.wait_for_timeout(1500)
    ana.page.keyboard.press("Alt+Shift+E")
    expect(ana.gadget.get_by_role("tab")).to_have_count(0)
    ana.page.keyboard.press("Alt+Shift+E")
    ana.page.wait_for_timeout(500)
    expect_phase(ana.gadget, "On hold")


def test_what_is_no_digit_stays_in_the_keypads_field(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    answer_call(site, gadget)
    press(gadget, "Keypad…")
    field = gadget.get_by_label("Type digits")
    field.fill("4921,12")
    field.press("Enter")
    keypad = gadget.locator("call-keypad")
    expect(keypad.get_by_role("alert")).to_have_text("Only digits, * and # can be sent.")
    expect(field).to_have_value("4921,12")
    expect(keypad.locator("output")).to_have_text("")
    field.fill("49 21-12")
    field.press("Enter")
    expect(keypad.locator("output")).to_have_text("492112")
    expect(keypad.locator(".error")).to_have_text("")


def test_second_press_on_a_result_does_not_reach_the_call_below(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    desktop = open_desktop(width_px=640, own_clock=True)
    gadget = desktop.gadget
    call = answer_call(site, gadget)
    hang_up = open_card(gadget).get_by_role("button", name="Hang up")
    gadget.get_by_role("searchbox").fill("Müller")
    expect(gadget.locator(".results li").first).to_be_visible()
    expect(gadget.locator(".locked")).to_have_count(0)
    # A row that lies over Hang up, whatever the height of the card's header is.
    gadget.locator(".found").evaluate(
        "(found, y) => { found.style.translate = `0 ${y}px`; }",
        center_of(hang_up)[1]
        - center_of(gadget.get_by_role("button", name="This is the caller: ").first)[1],
    )
    pick = gadget.get_by_role("button", name="This is the caller: ").first
    clock = desktop.page.clock
    clock.pause_at(datetime.now(UTC) + timedelta(seconds=2))
    desktop.page.mouse.click(*center_of(pick))
    expect(gadget.locator(".results li")).to_have_count(0)
    for _step in range(3):
        clock.run_for(300)
        desktop.page.mouse.click(*center_of(hang_up))
    clock.resume()
    expect_phase(gadget, "On the call")
    desktop.page.wait_for_timeout(500)
    expect_phase(gadget, "On the call")
    assert call in [each["id"] for each in site.calls()]
    site.hang_up(call)


def test_second_press_on_answer_leaves_the_focus_at_the_call(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    desktop = open_desktop()
    gadget = desktop.gadget
    expect(gadget.locator("callback-list:defined")).to_be_attached()
    call = site.ring("+491713900001")
    answer = open_card(gadget).get_by_role("button", name="Answer")
    expect(open_card(gadget).get_by_text("VIP")).to_be_visible()  # it moves no more
    desktop.page.mouse.click(*center_of(answer))
    expect_phase(gadget, "On the call")
    expect(answer).to_be_disabled()
    desktop.page.mouse.click(*center_of(answer))
    heading = open_card(gadget).get_by_role("heading", level=2)
    expect(heading).to_be_focused()
    desktop.page.wait_for_timeout(300)
    expect(heading).to_be_focused()
    site.hang_up(call)


def test_second_press_on_listen_and_leave_meets_nothing_else(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    ana = open_desktop("1001").gadget
    call = answer_call(site, ana)
    desktop, team = open_team(open_desktop)
    panel = open_agent(team, "Ana Costa")
    expect(team.locator(".locked")).to_have_count(0)
    for name in ("Listen", "Leave"):
        button = team.get_by_role("button", name=name).first
        expect(button).to_be_enabled()
        button.click(trial=True)  # it does not move any more
        box = button.bounding_box()
        assert box
        spot = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        button.click()
        listening = team.get_by_text("You are listening to Ana Costa.")
        expect(listening).to_have_count(1 if name == "Listen" else 0)
        for _press in range(2):
            desktop.page.mouse.click(*spot)
        expect(panel).to_be_visible()
        expect(team.get_by_role("tab", name="Team")).to_have_attribute("aria-selected", "true")
    site.hang_up(call)
