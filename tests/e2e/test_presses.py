"""A press does what the agent aimed at, also while something is saved or has just moved."""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import FrameLocator, Locator, expect

from tests.e2e.card import (
    ARABIC_CUSTOMER,
    KNOWN_CUSTOMER_NAME,
    answer_call,
    close_card,
    expect_error,
    expect_phase,
    open_card,
    press,
    write_notes,
)
from tests.harness.browser import OpenDesktop
from tests.harness.sandbox import PASSWORD
from tests.harness.site import DemoSite
from tests.harness.waiting import wait_until

PRESS_MS = 90
"""How long a finger stays on a button."""


def reason(gadget: FrameLocator, name: str) -> Locator:
    return open_card(gadget).locator(".reasons").get_by_text(name, exact=True)


def test_first_press_on_a_tab_after_typing(open_desktop: OpenDesktop, site: DemoSite) -> None:
    gadget = open_desktop().gadget
    first = answer_call(site, gadget)
    second = site.ring(ARABIC_CUSTOMER)
    other = gadget.get_by_role("tab", name="فاطمة المنصوري")
    expect(other).to_be_visible()
    open_card(gadget).get_by_label("Notes").press_sequentially("promised a credit note")
    other.click(delay=PRESS_MS)  # which also saves the notes
    expect(other).to_have_attribute("aria-selected", "true", timeout=1000)
    expect_phase(gadget, "Ringing")
    gadget.get_by_role("tab", name=KNOWN_CUSTOMER_NAME).click(delay=PRESS_MS)
    expect(open_card(gadget).get_by_label("Notes")).to_have_value("promised a credit note")
    site.hang_up(second)
    site.hang_up(first)


def test_call_is_hung_up_while_its_reason_is_saved(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    call = answer_call(site, gadget)
    site.arm_fault("event-delayed", seconds=10)
    reason(gadget, "Sale").click()
    controls = open_card(gadget).locator("call-controls")
    controls.get_by_role("button", name="Hang up").click(timeout=2000)
    expect_phase(gadget, "Call ended")
    close_card(gadget)
    assert site.delivered_interaction(call).agents[0].wrap_up_reasons == ("Sale",)


def test_reason_pressed_when_the_call_has_just_changed_is_chosen(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    desktop = open_desktop()
    gadget = desktop.gadget
    call = answer_call(site, gadget)
    sale = reason(gadget, "Sale")
    sale.click(trial=True)  # the card takes presses now
    box = sale.bounding_box()
    assert box is not None
    open_card(gadget).get_by_role("button", name="Hold").click()
    expect_phase(gadget, "On hold")
    desktop.page.mouse.click(box["x"] + 5, box["y"] + box["height"] / 2)
    expect(open_card(gadget).get_by_role("radio", name="Sale")).to_be_checked(timeout=2000)
    site.hang_up(call)


@pytest.mark.parametrize("width_px", [300, 360, 640])
def test_chosen_reason_leaves_the_others_where_they_are(
    open_desktop: OpenDesktop, site: DemoSite, width_px: int
) -> None:
    gadget = open_desktop(width_px=width_px).gadget
    call = answer_call(site, gadget)
    labels = open_card(gadget).locator(".reasons label")
    open_card(gadget).get_by_role("button", name="Call back later…").scroll_into_view_if_needed()

    def places() -> list[tuple[int, int]]:
        """Return where each lies from the first, in pixels."""
        found: list[tuple[int, int]] = labels.evaluate_all(
            """(all) => all.map((each) => {
              const [first, own] = [all[0], each].map((one) => one.getBoundingClientRect());
              return [Math.round(own.x - first.x), Math.round(own.y - first.y)];
            })"""
        )
        return found

    before = places()
    assert len(before) == 5
    for name in ("Sale", "Complaint", "Order status", "Wrong number", "None"):
        reason(gadget, name).click()
        expect(open_card(gadget).get_by_role("radio", name=name)).to_be_checked()
        assert places() == before, name
    site.hang_up(call)


def test_reasons_take_no_press_in_the_moment_in_which_the_customer_hangs_up(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    desktop = open_desktop(width_px=360)
    gadget = desktop.gadget
    call = answer_call(site, gadget)
    write_notes(gadget, "asked for a price")
    sale = reason(gadget, "Sale")
    sale.scroll_into_view_if_needed()
    box = sale.bounding_box()
    assert box is not None
    site.hang_up(call)
    expect_phase(gadget, "Call ended")
    desktop.page.mouse.click(box["x"] + 5, box["y"] + box["height"] / 2)
    expect(open_card(gadget).get_by_label("None")).to_be_checked()
    sale.click()  # once it may be pressed
    expect(open_card(gadget).get_by_label("Sale")).to_be_checked()
    close_card(gadget)
    assert site.delivered_interaction(call).agents[0].wrap_up_reasons == ("Sale",)


def test_notes_that_are_saved_again_move_nothing(open_desktop: OpenDesktop, site: DemoSite) -> None:
    gadget = open_desktop(width_px=360).gadget
    call = answer_call(site, gadget)
    site.service.is_down = True
    card = open_card(gadget)
    card.get_by_label("Notes").fill("asked for a price")
    expect(card.locator(".saved")).to_contain_text("Not saved, retrying")
    card.get_by_label("Notes").evaluate(
        """(notes) => {
            window.seen = new Set();
            const reasons = notes.closest("call-notes").querySelector(".reasons");
            const note = () => {
                seen.add(reasons.getBoundingClientRect().top);
                requestAnimationFrame(note);
            };
            note();
        }"""
    )
    site.service.is_stalled = True
    # It takes the focus from the notes, which saves them at once; a second lies in it.
    reason(gadget, "Complaint").click(delay=990)
    expect(card.get_by_label("Complaint")).to_be_checked()
    gadget.locator("body").evaluate("() => new Promise((done) => setTimeout(done, 1500))")
    assert len(gadget.locator("body").evaluate("() => [...window.seen]")) == 1
    site.service.is_stalled = False
    card.get_by_label("Notes").focus()
    reason(gadget, "Sale").click(delay=PRESS_MS)
    expect(card.get_by_label("Sale")).to_be_checked()
    site.service.is_down = False
    expect(card.locator(".saved")).to_have_text("Saved", timeout=20_000)
    site.hang_up(call)
    close_card(gadget)
    assert site.delivered_interaction(call).agents[0].wrap_up_reasons == ("Sale",)


def test_what_an_error_moves_takes_no_press_at_first(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop(width_px=360).gadget
    call = answer_call(site, gadget)
    write_notes(gadget, "asked for a price")
    work = open_card(gadget).locator(".work")
    site.arm_fault("internal-error", method="PUT", path="/finesse/api/Dialog")
    moved = work.evaluate_handle(
        """(work) => {
            const top = () => work.getBoundingClientRect().top;
            const before = top();
            const frame = () => new Promise(requestAnimationFrame);
            window.whenMoved = (async () => {
                while (top() === before) await frame();
                await frame();
                return getComputedStyle(work).pointerEvents;
            })();
        }"""
    )
    press(gadget, "Hold")
    expect_error(gadget, "Finesse")
    assert gadget.locator("body").evaluate("() => window.whenMoved") == "none"
    moved.dispose()
    reason(gadget, "Sale").click()  # once it may be pressed
    expect(open_card(gadget).get_by_label("Sale")).to_be_checked()
    site.hang_up(call)
    close_card(gadget)


def test_opened_history_stays_open_when_the_card_is_drawn_again(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    call = answer_call(site, gadget)
    history = open_card(gadget).locator("contact-card .past")
    entry = history.get_by_role("group").first
    entry.locator("summary").click()
    expect(entry).to_have_attribute("open", "")
    open_card(gadget).get_by_role("button", name="Block or flag").click()
    form = gadget.locator("list-form")
    form.get_by_label("What should happen").select_option("Warn colleagues about this caller")
    form.get_by_label("Reason").fill("pays late")
    form.get_by_role("button", name="Save").click()
    flags = open_card(gadget).get_by_role("list", name="Flags")
    expect(flags.get_by_text("pays late")).to_be_visible()
    expect(entry).to_have_attribute("open", "")
    form.get_by_role("button", name="Remove").click()
    expect(flags.get_by_text("pays late")).to_have_count(0)
    expect(entry).to_have_attribute("open", "")
    site.hang_up(call)
    close_card(gadget)


def test_press_in_a_list_that_has_just_changed_opens_nobody(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    desktop = open_desktop(width_px=360)
    gadget, mouse = desktop.gadget, desktop.page.mouse
    search = gadget.get_by_role("searchbox")
    picks = gadget.locator(".results .pick")
    search.press_sequentially("schr")
    expect(picks.first).to_contain_text("Anna-Lena")
    box = picks.first.bounding_box()
    assert box is not None
    at = (box["x"] + 20, box["y"] + box["height"] / 2)
    search.press_sequentially("öder felix")
    expect(picks.filter(has_not_text="Felix")).to_have_count(0)
    mouse.click(*at)
    expect(gadget.locator("contact-record")).to_have_count(0)
    picks.first.click()  # once it may be pressed
    expect(gadget.locator("contact-record")).to_be_visible()


def test_double_click_removes_one_entry_of_a_list(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    caller = "+1 415 555 0144"
    api = f"{site.service_url}/api/v1"
    with httpx.Client(base_url=api, auth=("1001", PASSWORD)) as ana:
        for name in ("deny", "flag"):
            entry = {"number": caller, "reason": f"on {name}"}
            assert ana.post(f"/lists/{name}", json=entry).status_code == 201
    call = answer_call(site, gadget, caller)
    open_card(gadget).get_by_role("button", name="Block or flag").click()
    form = gadget.locator("list-form")
    entries = form.get_by_role("listitem")
    expect(entries).to_have_count(2)
    form.get_by_role("button", name="Remove").first.dblclick()
    expect(entries).to_have_count(1)
    form.locator(".list-entries:not(.locked)").wait_for()
    expect(entries).to_have_count(1)
    form.get_by_role("button", name="Remove").click()
    expect(entries).to_have_count(0)
    site.hang_up(call)


def test_click_into_the_notes_is_not_lost_when_a_notice_has_come(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    call = answer_call(site, gadget)
    notes = open_card(gadget).get_by_label("Notes")
    site.service.is_down = True
    notes.press_sequentially("order")
    expect(gadget.get_by_text("Caller information unavailable")).to_be_visible()
    notes.click(timeout=900)  # within the time in which nothing else takes a press
    notes.press_sequentially(" 4711")
    expect(notes).to_have_value("order 4711")
    site.service.is_down = False
    site.hang_up(call)


def test_unsaved_card_cannot_be_closed_while_the_service_is_down(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    call = answer_call(site, gadget)
    site.hang_up(call)
    expect_phase(gadget, "Call ended")
    site.service.is_down = True
    reason(gadget, "Sale").click()
    close = open_card(gadget).get_by_role("button", name="Close", exact=True)
    expect(close).to_be_disabled()
    expect(open_card(gadget).locator(".saved")).to_contain_text("Not saved, retrying")
    site.service.is_down = False
    expect(close).to_be_enabled(timeout=20_000)
    close_card(gadget)
    assert site.delivered_interaction(call).agents[0].wrap_up_reasons == ("Sale",)


def test_reason_that_was_sent_after_all_shows_no_error(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    call = answer_call(site, gadget)
    site.arm_fault("internal-error", method="PUT", path="/finesse/api/Dialog")
    reason(gadget, "Sale").click()
    expect_error(gadget, "Finesse")
    expect(open_card(gadget).locator("header .error")).to_have_text("", timeout=20_000)
    assert site.call(call)["wrap_up"] == ["Sale"]
    site.hang_up(call)
    close_card(gadget)


def test_digit_that_was_refused_is_not_shown_as_sent(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop(width_px=360).gadget
    call = answer_call(site, gadget)
    press(gadget, "Keypad…")
    keypad = gadget.locator("call-keypad")
    sent = keypad.get_by_role("status", name="Sent")
    keypad.get_by_role("button", name="1", exact=True).click()
    wait_until(lambda: bool(site.call(call)["dtmf"] == "1"))
    expect(sent).to_have_text("1")
    site.arm_fault("internal-error", method="PUT", path="/finesse/api/Dialog")
    keypad.get_by_role("button", name="2", exact=True).click()
    expect_error(gadget, "Finesse")
    expect(sent).to_have_text("1")
    keypad.get_by_role("button", name="3", exact=True).click()
    wait_until(lambda: bool(site.call(call)["dtmf"] == "13"))
    expect(sent).to_have_text("13")
    site.hang_up(call)
