"""Commands from the gadget: call control, dialling and the agent's state."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.e2e.card import (
    KNOWN_CUSTOMER,
    KNOWN_CUSTOMER_DISPLAYED,
    OTHER_UNKNOWN_CUSTOMER,
    answer_call,
    expect_error,
    expect_phase,
    open_card,
    press,
)
from tests.harness.browser import OpenDesktop
from tests.harness.site import DemoSite
from tests.harness.waiting import wait_until

SEARCH = "Search contacts, or enter a number to call"
DIAL_PATH = "/finesse/api/User/1001/Dialogs"
EVENTS_PATH = "/finesse/api/User/1001"
CALL_EVENTS_PATH = "/finesse/api/User/1001/Dialogs"


def test_controls_are_what_finesse_allows(open_desktop: OpenDesktop, site: DemoSite) -> None:
    gadget = open_desktop().gadget
    site.ring(KNOWN_CUSTOMER)
    controls = gadget.get_by_role("group", name="Call control").get_by_role("button")
    expect(controls).to_have_text(["Answer", "Hold", "Transfer…", "Keypad…", "Hang up"])
    expect(gadget.locator("call-controls button:enabled")).to_have_text(["Answer"])
    places = [button.bounding_box() for button in controls.all()]
    press(gadget, "Answer")
    expect(gadget.locator("call-controls button:enabled")).to_have_text(
        ["Hold", "Transfer…", "Keypad…", "Hang up"]
    )
    expect(gadget.locator("contact-search input")).to_be_visible()
    moved = [button.bounding_box() for button in controls.all()]
    assert [(box["x"], box["width"]) for box in moved if box] == [
        (box["x"], box["width"]) for box in places if box
    ]


def test_failed_command_shows_reason(open_desktop: OpenDesktop, site: DemoSite) -> None:
    gadget = open_desktop().gadget
    site.ring(KNOWN_CUSTOMER)
    expect(gadget.get_by_role("heading", name="Käthe")).to_be_visible()
    site.arm_fault("internal-error", method="PUT", path="/finesse/api/Dialog/")
    press(gadget, "Answer")
    expect(gadget.locator("call-panel header .error")).not_to_be_empty()
    expect_phase(gadget, "Ringing")


def test_refused_command_shows_reason(open_desktop: OpenDesktop, site: DemoSite) -> None:
    gadget = open_desktop().gadget
    call = site.ring(KNOWN_CUSTOMER)
    expect(gadget.get_by_role("heading", name="Käthe")).to_be_visible()
    site.arm_fault("event-lost", path=CALL_EVENTS_PATH)
    site.answer_on_phone(call)
    assert site.armed_event_faults() == []
    press(gadget, "Answer")
    expect(gadget.locator("call-panel header .error")).to_have_text(
        "Finesse refused: Not possible in the current state of the call or the agent "
        "(INVALID_ACTION ANSWER on extension 1001)"
    )


def test_command_without_event_is_unknown(open_desktop: OpenDesktop, site: DemoSite) -> None:
    gadget = open_desktop().gadget
    site.ring(KNOWN_CUSTOMER)
    expect(gadget.get_by_role("heading", name="Käthe")).to_be_visible()
    site.arm_fault("event-lost", path=EVENTS_PATH, times=10)
    press(gadget, "Answer")
    expect(gadget.get_by_role("button", name="Answer…")).to_have_attribute("aria-busy", "true")
    expect_error(gadget, "Finesse did not confirm this")


def test_one_command_at_a_time_for_all_calls(open_desktop: OpenDesktop, site: DemoSite) -> None:
    gadget = open_desktop().gadget
    answer_call(site, gadget)
    site.ring(OTHER_UNKNOWN_CUSTOMER)
    expect(gadget.get_by_role("tab")).to_have_count(2)
    commands_before = len(site.requests("PUT", "/finesse/api/Dialog/"))
    gadget.get_by_role("tab").first.click()
    site.service.is_stalled = True
    press(gadget, "Hold")
    gadget.get_by_role("tab").last.click()
    answer = open_card(gadget).locator(".answer")
    expect(answer).to_have_attribute("aria-disabled", "true")
    answer.click(force=True)
    site.service.is_stalled = False
    expect(answer).to_have_attribute("aria-disabled", "false")
    assert len(site.requests("PUT", "/finesse/api/Dialog/")) == commands_before + 1


def test_refused_transfer_enables_controls_again(open_desktop: OpenDesktop, site: DemoSite) -> None:
    gadget = open_desktop().gadget
    answer_call(site, gadget)
    press(gadget, "Transfer…")
    gadget.get_by_label("Search for a transfer target").fill("4444")
    gadget.get_by_role("button", name="Transfer to 4444").click()
    expect_error(gadget, "This number cannot be reached")
    expect(gadget.get_by_role("button", name="Hold", exact=True)).to_have_attribute(
        "aria-disabled", "false"
    )


# ---- dialling


def test_search_and_click_to_dial(open_desktop: OpenDesktop, site: DemoSite) -> None:
    gadget = open_desktop().gadget
    search = gadget.get_by_label(SEARCH)
    search.fill("schröd nord")
    expect(gadget.get_by_role("button", name=re.compile("Käthe"))).to_be_visible()
    search.fill("schrod von")
    gadget.get_by_role("button", name=re.compile("Käthe")).click()
    expect(gadget.get_by_role("heading", name="Käthe")).to_be_visible()
    expect(search).to_have_value("")
    gadget.get_by_role("button", name=f"Call {KNOWN_CUSTOMER_DISPLAYED}").click()
    expect_phase(gadget, "Dialling")
    site.answer(site.call_to(KNOWN_CUSTOMER)["id"])
    expect_phase(gadget, "On the call")
    expect(gadget.get_by_role("heading", name="Käthe")).to_be_visible()


def test_double_click_on_contact_dials_once(open_desktop: OpenDesktop, site: DemoSite) -> None:
    gadget = open_desktop().gadget
    gadget.get_by_label(SEARCH).fill("schröd nord")
    gadget.get_by_role("button", name=re.compile("Käthe")).click()
    gadget.get_by_role("button", name=f"Call {KNOWN_CUSTOMER_DISPLAYED}").dblclick()
    expect_phase(gadget, "Dialling")
    press(gadget, "Hang up")  # a second call would have been dialled before
    expect_phase(gadget, "Not reached")
    assert len(site.requests("POST", DIAL_PATH)) == 1


def test_double_click_on_search_dials_once(open_desktop: OpenDesktop, site: DemoSite) -> None:
    gadget = open_desktop().gadget
    search = gadget.get_by_label(SEARCH)
    button = gadget.get_by_role("button", name="Call", exact=True)
    search.fill("no number")
    expect(button).to_be_disabled()
    search.fill("(212) 555-0123")
    button.dblclick()
    expect_phase(gadget, "Dialling")
    assert [call["to"] for call in site.calls()] == ["+12125550123"]
    press(gadget, "Hang up")
    expect_phase(gadget, "Not reached")
    assert len(site.requests("POST", DIAL_PATH)) == 1


def test_slow_double_click_dials_once(open_desktop: OpenDesktop, site: DemoSite) -> None:
    gadget = open_desktop().gadget
    call = site.ring(KNOWN_CUSTOMER)
    number = gadget.get_by_role("button", name=f"Call {KNOWN_CUSTOMER_DISPLAYED}")
    expect(number).to_be_visible()
    site.hang_up(call)
    expect_phase(gadget, "Missed call")
    # What moved takes presses again, and nothing has moved for 60 frames.
    gadget.locator("body").evaluate(
        """() => new Promise((resolve) => {
            let free = 0;
            const look = () => {
                free = document.querySelector(".locked") ? 0 : free + 1;
                if (free > 60) resolve();
                else requestAnimationFrame(look);
            };
            look();
        })"""
    )
    number.dblclick(delay=125)  # ms for each half of a click: the clicks are 250 ms apart
    expect_phase(gadget, "Dialling")
    press(gadget, "Hang up")
    expect_phase(gadget, "Not reached")
    assert len(site.requests("POST", DIAL_PATH)) == 1


# ---- the agent's state


def test_state_by_arrow_keys_applies_on_enter(open_desktop: OpenDesktop, site: DemoSite) -> None:
    desktop = open_desktop()
    state = desktop.gadget.get_by_label("Your state")
    expect(state.locator("option", has_text="Not ready: Lunch")).to_have_count(1)
    state.focus()
    changes_before = len(site.requests("PUT"))
    for _ in range(3):
        desktop.page.keyboard.press("ArrowDown")
    expect(state.locator("option:checked")).to_have_text("Not ready: Meeting")
    assert len(site.requests("PUT")) == changes_before
    desktop.page.keyboard.press("Enter")
    wait_until(lambda: bool(site.user()["reason_id"] == "2"))
    expect(state).to_have_value("NOT_READY 2")
    expect(state).to_be_focused()


def test_state_change_with_reasons(open_desktop: OpenDesktop, site: DemoSite) -> None:
    desktop = open_desktop()
    state = desktop.gadget.get_by_label("Your state")
    expect(state.locator("option", has_text="Not ready: Lunch")).to_have_count(1)
    state.select_option(label="Ready")
    expect(desktop.page.locator("#state")).to_have_value("READY")
    assert site.user()["state"] == "READY"
    state.select_option(label="Not ready: Meeting")
    expect(desktop.page.locator("#state")).to_have_value("NOT_READY 2")
    expect(state).to_have_value("NOT_READY 2")
    assert site.user()["reason_id"] == "2"
    answer_call(site, desktop.gadget)
    expect(state.locator("option:checked")).to_have_text("Talking")
    for label in ("Not ready: Lunch", "Ready", "Not ready: Meeting"):
        state.select_option(label=label)
        expect(desktop.gadget.locator("agent-state")).to_have_attribute(
            "data-next", f"Next: {label}"
        )
    desktop.page.reload()  # Finesse does not say for which reason
    expect(desktop.gadget.locator("agent-state")).to_have_attribute(
        "data-next", "Next: Not ready: Meeting"
    )
