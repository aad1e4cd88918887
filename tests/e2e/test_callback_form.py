"""Callbacks as an agent schedules, moves and is reminded of them."""

from __future__ import annotations

import re

from playwright.sync_api import Dialog, Page, expect

from tests.e2e.card import (
    ARABIC_CUSTOMER,
    KNOWN_CUSTOMER,
    KNOWN_CUSTOMER_DISPLAYED,
    KNOWN_CUSTOMER_NAME,
    SHARED_NUMBER,
    UNKNOWN_CUSTOMER,
    answer_call,
    close_card,
    expect_phase,
    open_card,
    write_notes,
)
from tests.harness.browser import OpenDesktop
from tests.harness.site import DemoSite


def test_half_typed_callback_survives_the_next_ring(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    call = answer_call(site, gadget)
    gadget.get_by_role("button", name="Call back later…").click()
    form = gadget.locator("callback-form")
    form.get_by_role("button", name="Tomorrow 9:00").click()
    form.get_by_label("Note").fill("the offer")
    site.hang_up(call)
    close_card(gadget)
    site.ring(UNKNOWN_CUSTOMER)
    expect_phase(gadget, "Ringing")
    expect(form.get_by_label("Note")).to_have_value("the offer")
    expect(form).to_contain_text("Käthe Schröder-von der Heide")
    form.get_by_role("button", name="Save").click()
    expect(gadget.get_by_text("The callback is in your list.")).to_be_visible()


def test_half_typed_callback_stays_beside_what_is_opened_next(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    answer_call(site, gadget)
    call_back = gadget.locator("call-notes").get_by_role("button", name="Call back later…")
    call_back.click()
    form = gadget.locator("callback-form")
    form.get_by_label("Note").fill("the offer")
    gadget.get_by_role("searchbox").fill("فاطمة")
    gadget.locator(".results .pick").first.click()
    record = gadget.locator("contact-record")
    record.get_by_role("button", name="Schedule a callback").first.click()
    expect(record).to_have_count(0)
    expect(form).to_have_count(2)
    form.first.get_by_role("button", name="Cancel").click()
    call_back.click()
    expect(form).to_have_count(1)
    expect(form.get_by_label("Note")).to_have_value("the offer")
    expect(form.get_by_label("When")).to_be_focused()


def test_reload_asks_before_a_half_typed_form_is_lost(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    desktop = open_desktop()
    gadget = desktop.gadget
    answer_call(site, gadget)
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    desktop.page.on("dialog", stay)
    gadget.get_by_role("button", name="New case…").click()
    gadget.locator("case-form").get_by_label("Subject").fill("Pump leaks")
    gadget.get_by_role("button", name="New case…").click()
    gadget.locator("case-form").get_by_label("Subject").press_sequentially(" again")
    desktop.page.evaluate("setTimeout(() => location.reload(), 0)")
    wait_until_asked(desktop.page, asked)
    subject = gadget.locator("case-form").get_by_label("Subject")
    expect(subject).to_have_value("Pump leaks again")
    gadget.locator("case-form").get_by_role("button", name="Cancel").click()
    desktop.page.reload()
    expect(gadget.get_by_role("heading", name="Käthe")).to_be_visible()
    assert asked == ["beforeunload"], "nothing is lost then"


def test_error_of_an_outage_goes_with_it(open_desktop: OpenDesktop, site: DemoSite) -> None:
    gadget = open_desktop().gadget
    answer_call(site, gadget)
    gadget.get_by_role("button", name="Call back later…").click()
    form = gadget.locator("callback-form")
    form.get_by_role("button", name="Tomorrow 9:00").click()
    site.service.is_down = True
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("alert")).to_have_text("The Callcard service does not respond.")
    site.service.is_down = False
    expect(form.get_by_role("alert")).to_be_hidden()
    form.get_by_role("button", name="Save").click()
    expect(gadget.get_by_text("The callback is in your list.")).to_be_visible()


def wait_until_asked(page: Page, asked: list[str]) -> None:
    """Let Playwright handle events until the browser has asked."""
    for _ in range(100):
        if asked:
            return
        page.wait_for_timeout(50)


def test_callback_takes_the_notes_and_can_be_moved(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    desktop = open_desktop(own_clock=True)
    gadget = desktop.gadget
    call = answer_call(site, gadget)
    write_notes(gadget, "wants the offer by mail")
    gadget.get_by_role("button", name="Call back later…").click()
    form = gadget.locator("callback-form")
    expect(form.get_by_label("Note")).to_have_value("wants the offer by mail")
    form.get_by_role("button", name="Tomorrow 9:00").click()
    form.get_by_role("button", name="Save").click()
    expect(gadget.get_by_text("The callback is in your list")).to_be_in_viewport()
    site.hang_up(call)
    close_card(gadget)
    row = gadget.locator(".callbacks li", has_text="wants the offer by mail")
    row.get_by_role("button", name="Change: Käthe").click()
    form.get_by_label("Note").fill("wants it today")
    form.get_by_role("button", name="In 1 hour").click()
    form.get_by_role("button", name="Save").click()
    expect(row).to_have_count(0)
    row = gadget.locator(".callbacks li", has_text="wants it today")
    expect(row).to_be_visible()
    desktop.page.clock.fast_forward(61 * 60_000)
    expect(desktop.page.locator("h2", has_text="Call back Käthe")).to_be_visible()
    expect(gadget.locator("callcard-app > [aria-live]")).to_contain_text("Call back Käthe")
    row.get_by_role("button", name="Done").click()
    expect(desktop.page.locator("h2", has_text="Call back Käthe")).to_have_count(0)
    done = gadget.locator(".callbacks li", has_text="Done: Käthe")
    undo = done.get_by_role("button", name="Undo: Käthe")
    expect(undo).to_be_focused()
    undo.press("Enter")
    expect(row).to_be_visible()
    desktop.page.reload()
    expect(row).to_be_visible()
    row.get_by_role("button", name="Done").click()
    expect(undo).to_be_visible()
    desktop.page.clock.fast_forward(11_000)
    expect(done).to_have_count(0)
    expect(row).to_have_count(0)


def test_nobody_is_reminded_of_who_is_on_the_line(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    desktop = open_desktop(own_clock=True)
    gadget = desktop.gadget
    call = answer_call(site, gadget, ARABIC_CUSTOMER)
    gadget.get_by_role("button", name="Call back later…").click()
    form = gadget.locator("callback-form")
    form.get_by_role("button", name="In 1 hour").click()
    form.get_by_role("button", name="Save").click()
    expect(gadget.get_by_text("The callback is in your list")).to_be_in_viewport()
    desktop.page.clock.fast_forward(61 * 60_000)
    row = gadget.locator(".callbacks li").first
    expect(row.locator(".overdue")).to_have_count(1)
    reminder = desktop.page.locator("h2", has_text="Call back")
    expect(reminder).to_have_count(0)
    site.hang_up(call)
    close_card(gadget)
    expect(reminder).to_be_visible()
    expect(gadget.locator("callcard-app > [aria-live]")).to_contain_text("Call back")
    row.get_by_role("button", name="Done").click()


def test_second_press_on_done_leaves_the_next_callback(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    desktop = open_desktop()
    gadget = desktop.gadget
    for customer in (KNOWN_CUSTOMER, UNKNOWN_CUSTOMER):
        call = answer_call(site, gadget, customer)
        gadget.get_by_role("button", name="Call back later…").click()
        gadget.locator("callback-form").get_by_role("button", name="Tomorrow 9:00").click()
        gadget.locator("callback-form").get_by_role("button", name="Save").click()
        site.hang_up(call)
        close_card(gadget)
    rows = gadget.locator(".callbacks li")
    expect(rows.filter(has_text="9:00").nth(1)).to_be_visible()  # of another day, with the time
    done = gadget.get_by_role("button", name="Done")
    count = done.count()
    place = done.first.bounding_box()
    assert place
    for _ in range(2):
        desktop.page.mouse.click(place["x"] + 5, place["y"] + 5)
    expect(gadget.get_by_role("button", name="Undo")).to_have_count(1)
    expect(done).to_have_count(count - 1)


def test_callback_form_shows_the_customers_time(open_desktop: OpenDesktop, site: DemoSite) -> None:
    gadget = open_desktop().gadget
    answer_call(site, gadget, ARABIC_CUSTOMER)
    gadget.get_by_role("button", name="Call back later…").click()
    form = gadget.locator("callback-form")
    form.get_by_label("When").fill("2030-01-01T10:00")
    expect(form.get_by_role("status")).to_have_text(
        re.compile(r"^Tue,? \d+:00 [AP]M at the customer’s$")
    )


def test_changed_callback_shows_the_customers_time(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    desktop = open_desktop()
    gadget = desktop.gadget
    call = answer_call(site, gadget, ARABIC_CUSTOMER)
    site.hang_up(call)
    desktop.page.set_viewport_size({"width": 1200, "height": 500})
    gadget.get_by_role("button", name="Call back later…").click()
    form = gadget.locator("callback-form")
    when = form.get_by_label("When")
    when.press_sequentially("01022030")  # the year has four digits
    when.press_sequentially("1000AM")
    expect(when).to_have_value("2030-01-02T10:00")
    form.get_by_role("button", name="Save").click()
    expect(gadget.get_by_text("The callback is in your list")).to_be_in_viewport()
    close_card(gadget)
    row = gadget.locator(".callbacks li", has_text="Jan 2, 2030")
    row.get_by_role("button", name="Change: ").click()
    expect(form.get_by_role("status")).to_have_text(re.compile("^Wed.* at the customer’s$"))


def test_withheld_number_offers_no_callback(open_desktop: OpenDesktop, site: DemoSite) -> None:
    gadget = open_desktop().gadget
    answer_call(site, gadget, "anonymous")
    expect(open_card(gadget).get_by_label("Notes")).to_be_visible()
    later = gadget.get_by_role("button", name="Call back later…")
    expect(later).to_be_hidden()
    # The contact that is chosen has a number.
    gadget.get_by_role("searchbox").fill(KNOWN_CUSTOMER_NAME)
    gadget.locator(".results").get_by_role("button", name="This is the caller").first.click()
    later.click()
    form = gadget.locator("callback-form")
    expect(form.get_by_role("heading")).to_contain_text(
        f"{KNOWN_CUSTOMER_NAME} · {KNOWN_CUSTOMER_DISPLAYED}"
    )
    form.get_by_label("Note").fill("did not show their number")
    form.get_by_role("button", name="Save").click()
    expect(gadget.get_by_text("The callback is in your list")).to_be_visible()


def test_callback_in_the_past_is_refused(open_desktop: OpenDesktop, site: DemoSite) -> None:
    gadget = open_desktop().gadget
    answer_call(site, gadget)
    gadget.get_by_role("button", name="Call back later…").click()
    form = gadget.locator("callback-form")
    form.get_by_label("When").fill("2020-01-01T10:00")
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("alert")).to_have_text("This time is in the past.")


def test_callbacks_of_one_number_are_of_two_people(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    form = gadget.locator("callback-form")
    choices = gadget.locator("contact-choice").get_by_role("button")
    brief = gadget.locator("call-brief")

    call = answer_call(site, gadget, SHARED_NUMBER)
    first, second = (choices.nth(at).locator("strong").inner_text() for at in (0, 1))
    choices.nth(0).click()
    call_back = gadget.locator("call-notes").get_by_role("button", name="Call back later…")
    call_back.click()
    form.get_by_label("Note").fill("asks for the invoice")
    site.hang_up(call)
    close_card(gadget)

    # The half-filled form stays the first one's: the second one's has their name.
    call = answer_call(site, gadget, SHARED_NUMBER)
    not_them = gadget.get_by_role("button", name="Not them?")
    not_them.click()  # who was chosen on the call before
    choices.filter(has_text=second).click()
    expect(form.get_by_role("heading")).to_contain_text(first)
    call_back.click()
    expect(form).to_have_count(2)
    expect(form.first.get_by_role("heading")).to_contain_text(second)
    form.first.get_by_role("button", name="Cancel").click()
    form.get_by_role("button", name="Save").click()
    expect(gadget.get_by_text("The callback is in your list")).to_be_visible()
    expect(brief).not_to_contain_text("asks for the invoice")
    not_them.click()
    expect(brief).to_contain_text(f"{first} · asks for the invoice")
    choices.filter(has_text=first).click()
    expect(brief).to_contain_text("asks for the invoice")
    expect(brief).not_to_contain_text(first)
    site.hang_up(call)
    close_card(gadget)

    # Somebody else of the number was reached, and then who is called back.
    row = gadget.locator(".callbacks li", has_text="asks for the invoice")
    for is_somebody_else in (True, False):
        row.get_by_role("button", name=f"Call {first}").click()
        expect_phase(gadget, "Dialling")
        call = site.call_to(SHARED_NUMBER)["id"]
        site.answer(call)
        expect_phase(gadget, "On the call")
        expect(brief).to_contain_text("asks for the invoice")
        if is_somebody_else:
            not_them.click()
            choices.filter(has_text=second).click()
            expect(brief).not_to_contain_text("asks for the invoice")
        site.hang_up(call)
        close_card(gadget)
        expect(row).to_have_count(1 if is_somebody_else else 0)
