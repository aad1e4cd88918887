"""What an agent sees when the service or Finesse is slow, down or unreachable."""

from __future__ import annotations

import re
import time

from playwright.sync_api import expect

from callcard.times import iso_text
from tests.e2e.card import (
    KNOWN_CUSTOMER,
    KNOWN_CUSTOMER_DISPLAYED,
    KNOWN_CUSTOMER_NAME,
    UNKNOWN_CUSTOMER,
    answer_call,
    close_card,
    expect_error,
    expect_phase,
    open_card,
    press,
    write_notes,
)
from tests.harness.browser import OpenDesktop
from tests.harness.contact_centre import failing_contacts
from tests.harness.site import DemoSite
from tests.harness.waiting import wait_until

CONNECTION_LOST = "Connection to Finesse lost at"


def test_service_outage_and_recovery(open_desktop: OpenDesktop, site: DemoSite) -> None:
    gadget = open_desktop().gadget
    site.service.is_down = True
    site.ring(KNOWN_CUSTOMER, callVariable1="Order 4711")
    expect(gadget.get_by_text("The Callcard service does not respond.")).to_be_visible()
    expect(gadget.locator("h2 .phone")).to_have_text(KNOWN_CUSTOMER)
    expect(gadget.get_by_text("Order 4711").first).to_be_visible()
    notice = gadget.get_by_text("Caller information unavailable since")
    expect(notice).to_be_visible()
    # Finesse's own library takes over what it can do.
    for button, phase in [("Answer", "On the call"), ("Hold", "On hold"), ("Retrieve", None)]:
        press(gadget, button)
        expect_phase(gadget, phase or "On the call")
    expect(gadget.get_by_role("button", name="Transfer…")).to_be_disabled()
    expect(gadget.get_by_role("button", name="Try again")).to_be_visible()
    site.service.is_down = False
    # It recovers by itself, so that the button may be gone before it is pressed.
    expect(gadget.get_by_role("heading", name="Käthe")).to_be_visible()
    expect(notice).to_be_hidden()
    expect(gadget.get_by_role("button", name="Transfer…")).to_be_enabled()
    site.service.is_down = True
    press(gadget, "Hang up")
    expect_phase(gadget, "Call ended")
    site.service.is_down = False


def test_command_fails_without_service_and_finesse(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    answer_call(site, gadget, KNOWN_CUSTOMER)
    site.service.is_down = True
    path = "/finesse/api/Dialog/"
    site.arm_fault("gateway-timeout", path=path, method="PUT")
    press(gadget, "Hold")
    expect_error(gadget, "Finesse does not respond as expected")
    press(gadget, "Hold")
    expect_phase(gadget, "On hold")
    expect(gadget.get_by_text("Finesse does not respond as expected")).to_be_hidden()
    site.service.is_down = False


def test_calls_are_said_to_work_only_while_finesse_is_connected(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    call = answer_call(site, gadget)
    site.service.is_down = True
    open_card(gadget).get_by_label("Notes").fill("during the outage")
    expect(gadget.get_by_text("Calls still work.")).to_be_visible()
    site.arm_fault("events")
    expect(gadget.get_by_text(CONNECTION_LOST)).to_be_visible()
    expect(gadget.get_by_text("Caller information unavailable")).to_be_visible()
    expect(gadget.get_by_text("Calls still work.")).to_be_hidden()
    site.arm_fault("events", times=0)
    expect(gadget.get_by_text("Calls still work.")).to_be_visible()
    site.service.is_down = False
    site.hang_up(call)


def test_notes_of_a_call_in_an_outage_reach_the_service_later(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    site.service.is_down = True
    call = site.ring(KNOWN_CUSTOMER)
    press(gadget, "Answer")
    notes = open_card(gadget).get_by_label("Notes")
    expect(notes).to_be_visible()  # typing does not wait, and would go to the button
    notes.press_sequentially("wants a credit note")
    site.hang_up(call)
    expect_phase(gadget, "Call ended")
    expect(notes).to_have_value("wants a credit note")
    site.service.is_down = False
    expect(gadget.get_by_text("Saved", exact=True)).to_be_visible()
    expect(notes).to_have_value("wants a credit note")


def test_failing_contacts_cost_no_notes_and_the_caller_is_found_again(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    desktop = open_desktop(own_clock=True)
    gadget = desktop.gadget
    with failing_contacts(site.settings):
        call = site.ring(KNOWN_CUSTOMER)
        alert = open_card(gadget).get_by_role("alert").filter(has_text="Contacts can’t be read")
        expect(alert.get_by_role("button", name="Try again")).to_be_visible()
        expect(gadget.locator("h2 .phone")).to_have_text(KNOWN_CUSTOMER_DISPLAYED)
        press(gadget, "Answer")
        write_notes(gadget, "typed meanwhile")
        expect(gadget.locator(".saved")).to_have_text("Saved")
    desktop.page.clock.fast_forward(15_000)
    expect(gadget.get_by_role("heading", name="Käthe")).to_be_visible()
    expect(gadget.get_by_label("Notes")).to_have_value("typed meanwhile")
    site.hang_up(call)


def test_refusal_of_a_direct_command_is_shown(open_desktop: OpenDesktop, site: DemoSite) -> None:
    gadget = open_desktop().gadget
    call = site.ring(KNOWN_CUSTOMER)
    expect(gadget.get_by_role("heading", name="Käthe")).to_be_visible()
    site.service.is_down = True
    site.arm_fault("event-lost", path="/finesse/api/User/1001/Dialogs")
    site.answer_on_phone(call)
    press(gadget, "Answer")
    expect_error(gadget, "Not possible in the current state of the call")
    site.service.is_down = False


def test_absent_service_is_noticed_without_a_call(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    desktop = open_desktop(own_clock=True)
    # The profile is read, so that only the lists are asked for now.
    expect(desktop.gadget.get_by_label("Your state")).to_contain_text("Lunch")
    site.service.is_down = True
    desktop.page.clock.fast_forward(61_000)
    notice = desktop.gadget.get_by_text("Caller information unavailable since")
    expect(notice).to_be_visible()
    desktop.gadget.get_by_role("button", name="About Callcard").click()
    info = desktop.gadget.locator("app-info")
    expect(info).to_contain_text(re.compile(r"GET /(callbacks|interactions|coaching): 50"))
    expect(info).to_contain_text("Alt+Shift+A")
    # As many reasons as there are, and in this order among Arabic words.
    expect(info.locator("dt bdi").filter(has_text="1–4")).to_be_visible()
    info.get_by_role("button", name="Copy for the help desk").click()
    expect(info.get_by_role("button", name="Copied")).to_be_visible()
    site.service.is_down = False
    desktop.page.clock.fast_forward(11_000)
    expect(notice).to_be_hidden()


def test_shortcuts_answer_hold_and_hang_up(open_desktop: OpenDesktop, site: DemoSite) -> None:
    desktop = open_desktop()
    gadget, page = desktop.gadget, desktop.page
    site.ring(KNOWN_CUSTOMER)
    expect(gadget.get_by_role("heading", name="Käthe")).to_be_visible()
    registered = "() => finesse.shortcutkey.ShortcutKeyService.getShortcutKeys().length"
    wait_until(lambda: bool(gadget.locator("body").evaluate(registered)))
    gadget.get_by_role("searchbox").focus()
    page.keyboard.press("Alt+Shift+m")  # there are no notes yet
    expect(gadget.get_by_role("searchbox")).not_to_be_focused()
    page.get_by_role("tab", name="Callcard").focus()
    for keys, phase in [("a", "On the call"), ("h", "On hold"), ("h", "On the call")]:
        page.keyboard.press(f"Alt+Shift+{keys}")
        expect_phase(gadget, phase)
    page.keyboard.press("Alt+Shift+m")
    expect(gadget.get_by_label("Notes")).to_be_focused()
    page.keyboard.press("Alt+Shift+s")
    expect(gadget.get_by_role("searchbox")).to_be_focused()
    page.keyboard.press("Alt+Shift+r")  # there is nothing to finish yet
    expect_phase(gadget, "On the call")
    page.keyboard.press("Alt+Shift+e")
    expect_phase(gadget, "Call ended")
    page.keyboard.press("Alt+Shift+r")
    expect(gadget.locator("agent-state option:checked")).to_have_text("Ready")
    expect(gadget.locator("call-panel")).to_have_count(0)
    call = site.ring(UNKNOWN_CUSTOMER)
    expect_phase(gadget, "Ringing")
    page.keyboard.press("Alt+Shift+a")
    expect_phase(gadget, "On the call")
    site.change_user("1001", state="READY")
    expect(gadget.locator(".clock")).not_to_have_text(re.compile(r"^00:0[01]$"))
    site.hang_up(call)
    expect_phase(gadget, "Call ended")
    page.keyboard.press("Alt+Shift+r")
    expect(gadget.locator("call-panel")).to_have_count(0)


def test_reasons_are_chosen_by_keys_call_after_call(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    desktop = open_desktop()
    gadget, page = desktop.gadget, desktop.page
    registered = "() => finesse.shortcutkey.ShortcutKeyService.getShortcutKeys().length"
    wait_until(lambda: bool(gadget.locator("body").evaluate(registered)))
    page.get_by_role("tab", name="Callcard").focus()
    for number in (KNOWN_CUSTOMER, UNKNOWN_CUSTOMER):
        call = site.ring(number)
        expect_phase(gadget, "Ringing")
        page.keyboard.press("Alt+Shift+a")
        expect_phase(gadget, "On the call")
        if number == KNOWN_CUSTOMER:  # the desktop has the focus; then the search, from Close on
            open_card(gadget).locator("h2").focus()
        expect(gadget.locator(".clock")).not_to_have_text(re.compile(r"^00:0[01]$"))
        page.keyboard.press("Alt+Shift+e")
        expect_phase(gadget, "Call ended")
        page.keyboard.press("3")
        expect(gadget.get_by_role("radio", name="Order status")).to_be_checked()
        page.keyboard.press("Alt+Shift+r")
        expect(gadget.locator("call-panel")).to_have_count(0)
        expect(gadget.get_by_role("searchbox")).to_be_focused()
        assert site.delivered_interaction(call).wrap_up_reasons == ("Order status",)


def test_shortcut_retrieves_the_call_in_front(open_desktop: OpenDesktop, site: DemoSite) -> None:
    desktop = open_desktop()
    gadget, page = desktop.gadget, desktop.page
    answer_call(site, gadget)
    press(gadget, "Hold")
    expect_phase(gadget, "On hold")
    answer_call(site, gadget, UNKNOWN_CUSTOMER)
    registered = "() => finesse.shortcutkey.ShortcutKeyService.getShortcutKeys().length"
    wait_until(lambda: bool(gadget.locator("body").evaluate(registered)))
    page.get_by_role("tab", name="Callcard").focus()
    for phase in ("On hold", "On the call"):
        page.keyboard.press("Alt+Shift+h")
        expect_phase(gadget, phase)
    held = gadget.get_by_role("tab", name=KNOWN_CUSTOMER_NAME)
    expect(held).to_have_attribute("data-phase", "held")


def test_slow_lookup_shows_progress(open_desktop: OpenDesktop, site: DemoSite) -> None:
    gadget = open_desktop().gadget
    site.service.is_stalled = True
    site.ring(KNOWN_CUSTOMER)
    expect(gadget.get_by_text("Looking up the caller…")).to_be_visible()
    expect(gadget.get_by_text("Still looking.")).to_be_visible()
    site.service.is_stalled = False
    expect(gadget.get_by_role("heading", name="Käthe")).to_be_visible()


def test_lost_connection_to_finesse_recovers(open_desktop: OpenDesktop, site: DemoSite) -> None:
    gadget = open_desktop().gadget
    call = site.ring(KNOWN_CUSTOMER)
    expect(gadget.get_by_role("heading", name="Käthe")).to_be_visible()
    site.arm_fault("events")
    expect(gadget.get_by_text(CONNECTION_LOST)).to_be_visible()
    gadget.get_by_role("button", name=f"Call {KNOWN_CUSTOMER_DISPLAYED}").click()
    expect(gadget.get_by_role("tab")).to_have_count(2)  # the calls are read meanwhile
    expect(gadget.get_by_text(CONNECTION_LOST)).to_be_visible()
    site.hang_up(call)
    site.hang_up(site.call_to(KNOWN_CUSTOMER)["id"])
    site.ring("anonymous")
    site.arm_fault("events", times=0)
    expect(gadget.get_by_text(CONNECTION_LOST)).to_be_hidden()
    expect(gadget.get_by_role("heading", name="Number withheld")).to_be_visible()
    expect(gadget.get_by_role("heading", name="Käthe")).to_have_count(0)


def test_call_is_followed_while_finesse_reports_no_changes(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    call = site.ring(KNOWN_CUSTOMER)
    expect(gadget.get_by_role("heading", name="Käthe")).to_be_visible()
    site.arm_fault("events")
    expect(gadget.get_by_text(CONNECTION_LOST)).to_be_visible()
    press(gadget, "Answer")
    expect_phase(gadget, "On the call")
    write_notes(gadget, "wants an offer")
    press(gadget, "Hold")
    expect_phase(gadget, "On hold")
    press(gadget, "Retrieve")
    expect_phase(gadget, "On the call")
    ended_after = iso_text(time.time())
    site.hang_up(call)
    close_card(gadget)
    expect(gadget.get_by_text(CONNECTION_LOST)).to_be_visible()
    site.arm_fault("events", times=0)
    expect(gadget.get_by_text(CONNECTION_LOST)).to_be_hidden()
    interaction = site.delivered_interaction(call)
    assert interaction.end_reason == "completed"
    assert interaction.answered_at
    assert interaction.ended_at >= ended_after
    assert interaction.agents[0].notes == "wants an offer"


def test_notes_survive_reload_outage_and_expired_token(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    desktop = open_desktop()
    notes = desktop.gadget.get_by_label("Notes")
    saved = desktop.gadget.locator(".saved")
    call = answer_call(site, desktop.gadget)
    write_notes(desktop.gadget, "first")
    site.service.is_down = True
    notes.fill("first\nsecond")
    expect(saved).to_contain_text("Not saved, retrying")
    desktop.page.reload()
    site.service.is_down = False
    desktop.wait_until_ready()
    expect(notes).to_have_value("first\nsecond")
    expect(saved).to_have_text("Saved")
    site.service.rejects_credentials = True
    notes.fill("first\nsecond\nthird")
    expect(saved).to_contain_text("Sign in to the desktop again")
    site.service.rejects_credentials = False
    expect(saved).to_have_text("Saved")
    site.hang_up(call)
    close_card(desktop.gadget)
    (segment,) = site.delivered_interaction(call).agents
    assert segment.notes == "first\nsecond\nthird"


def test_failed_first_read_is_tried_again(open_desktop: OpenDesktop, site: DemoSite) -> None:
    desktop = open_desktop(signed_in=False)
    site.arm_fault("internal-error", path="/gadgets/makeRequest")
    desktop.sign_in(site)
    gadget = desktop.gadget
    expect(gadget.get_by_text("Finesse does not respond.")).to_be_visible()
    desktop.wait_until_ready()
    expect(gadget.get_by_text("Finesse does not respond.")).to_be_hidden()
    site.ring(KNOWN_CUSTOMER)
    expect(gadget.get_by_role("heading", name="Käthe")).to_be_visible()
