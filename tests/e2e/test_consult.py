"""Consults, transfers and second calls, as both agents see them."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.card import (
    KNOWN_CUSTOMER_NAME,
    UNKNOWN_CUSTOMER,
    answer_call,
    close_card,
    expect_phase,
    open_card,
    press,
    write_notes,
)
from tests.e2e.consults import begin_consult, consult
from tests.harness.browser import OpenDesktop
from tests.harness.site import DemoSite
from tests.harness.waiting import wait_until


def test_consulted_agent_gets_the_customer(open_desktop: OpenDesktop, site: DemoSite) -> None:
    ana = open_desktop("1001").gadget
    bilal = open_desktop("1002").gadget
    call = answer_call(site, ana)
    write_notes(ana, "wants a credit note")
    consult(ana, "Bilal Haddad")
    expect(bilal.get_by_role("heading", name="Consult from Ana Costa")).to_be_visible()
    expect(bilal.get_by_text("The customer is on hold with Ana Costa.")).to_be_visible()
    press(bilal, "Answer")
    expect_phase(ana, "Consulting")
    controls = open_card(ana).get_by_role("group", name="Call control").get_by_role("button")
    expect(controls).to_have_text(
        ["Complete transfer", "Conference", "Back to customer", "Keypad…", "End consult"]
    )
    press(ana, "Complete transfer")
    expect(bilal.get_by_text("You now have the customer.")).to_be_visible()
    expect(bilal.locator("call-panel h2")).to_have_text(KNOWN_CUSTOMER_NAME)
    expect_phase(ana, "Transferred to Bilal Haddad")
    expect(open_card(ana).get_by_label("Notes")).to_have_value("wants a credit note")
    close_card(ana, "Transferred to Bilal Haddad")
    site.hang_up(call)
    close_card(bilal)


def test_agent_goes_back_to_the_customer_and_ends_the_consult(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    desktop, _bilal, _call = begin_consult(open_desktop, site)
    ana = desktop.gadget
    press(ana, "Back to customer")
    expect(open_card(ana).get_by_role("heading")).to_contain_text([KNOWN_CUSTOMER_NAME])
    expect_phase(ana, "On the call")
    expect(open_card(ana).get_by_role("button", name="Complete transfer")).to_be_enabled()
    ana.get_by_role("tab", name="Bilal Haddad").click()
    press(ana, "End consult")
    expect(ana.get_by_role("tab")).to_have_count(0)
    expect_phase(ana, "On the call")
    expect(open_card(ana).get_by_role("button", name="Hang up", exact=True)).to_be_enabled()


@pytest.mark.parametrize("how", ["Complete transfer", "Complete transfer, its tab", "Conference"])
def test_customer_whom_the_agent_went_back_to_is_on_the_line(
    open_desktop: OpenDesktop, site: DemoSite, how: str
) -> None:
    desktop, bilal, _call = begin_consult(open_desktop, site)
    ana = desktop.gadget
    press(ana, "Back to customer")
    expect_phase(ana, "On the call")
    if how.endswith("its tab"):
        ana.get_by_role("tab", name="Bilal Haddad").click(delay=1100)
    press(ana, how.split(",")[0])
    if how == "Conference":
        expect(ana.get_by_role("tab")).to_have_count(0)  # the customer's call goes on as this one
        expect(open_card(ana)).to_contain_text(
            f"On the line: Bilal Haddad and {KNOWN_CUSTOMER_NAME}"
        )
        expect(open_card(ana).locator(".queue")).to_contain_text("Support")
        press(ana, "Hang up")
    else:
        expect_phase(ana, "Transferred to Bilal Haddad")
    expect(open_card(bilal)).to_contain_text("You now have the customer.")
    expect(open_card(bilal)).not_to_contain_text("hung up")
    expect(open_card(bilal).locator(".queue")).to_contain_text("Support")


def test_customer_who_hung_up_during_a_consult_is_not_on_hold_any_more(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    desktop, _bilal, call = begin_consult(open_desktop, site)
    consult = open_card(desktop.gadget)
    expect(consult).to_contain_text("The customer is on hold.")
    site.hang_up(call)
    expect(consult).to_contain_text("The customer has hung up.")
    expect(consult).not_to_contain_text("The customer is on hold.")


def test_hanging_up_on_the_customer_during_a_consult_asks_once(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    desktop, _bilal, call = begin_consult(open_desktop, site)
    ana = desktop.gadget
    press(ana, "Back to customer")
    expect_phase(ana, "On the call")
    press(ana, "Hang up on customer")
    question = open_card(ana).get_by_role("alertdialog")
    expect(question).to_contain_text("Hang up on the customer while you consult Bilal Haddad?")
    expect(question.get_by_role("button", name="Cancel")).to_be_focused()
    question.get_by_role("button", name="Cancel").press("Escape")
    expect(question).to_have_count(0)
    assert call in [each["id"] for each in site.calls()]
    press(ana, "Hang up on customer")
    question.get_by_role("button", name="Hang up on customer").click()
    wait_until(lambda: "1001" not in _addresses(site, call))


def test_second_press_on_end_consult_does_not_hang_up_on_the_customer(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    desktop, _bilal, call = begin_consult(open_desktop, site)
    ana = desktop.gadget
    expect(open_card(ana).get_by_role("heading", name="Bilal")).to_be_focused()
    end_consult = open_card(ana).get_by_role("button", name="End consult")
    expect(end_consult).to_be_visible()
    expect(ana.locator(".locked")).to_have_count(0)  # the consult had just come to the front
    box = end_consult.bounding_box()
    assert box
    place = (box["x"] + box["width"] / 2, box["y"] + box["height"] - 3)
    end_consult.click(position={"x": box["width"] / 2, "y": box["height"] - 3})
    expect(ana.get_by_role("tablist")).to_be_hidden()
    expect(open_card(ana).get_by_role("button", name="Hang up")).to_be_visible()
    desktop.page.mouse.click(*place)
    expect(open_card(ana).get_by_role("heading", name="Käthe")).to_be_visible()
    press(ana, "Retrieve")
    expect_phase(ana, "On the call")
    assert "1001" in _addresses(site, call)


def test_double_click_on_a_target_chooses_no_reason(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop("1001").gadget
    bilal = open_desktop("1002").gadget
    call = answer_call(site, gadget)
    press(gadget, "Transfer…")
    gadget.get_by_role("button", name="Consult Bilal Haddad", exact=True).dblclick()
    press(bilal, "Answer")
    expect_phase(gadget, "Consulting")
    assert site.call(call)["wrap_up"] == []


def test_question_closes_when_the_calls_have_changed(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    desktop, _bilal, _call = begin_consult(open_desktop, site)
    ana = desktop.gadget
    press(ana, "Back to customer")
    expect_phase(ana, "On the call")
    press(ana, "Hang up on customer")
    question = open_card(ana).get_by_role("alertdialog")
    expect(question).to_be_visible()
    press(ana, "Hold")
    expect(question).to_have_count(0)


def test_number_pressed_on_a_call_is_offered_as_target(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    answer_call(site, gadget)
    open_card(gadget).get_by_role("button", name="Call +49 30 23125117").click()
    target = gadget.get_by_role("searchbox", name="Search for a transfer target")
    expect(target).to_be_focused()
    expect(target).to_have_value("+493023125117")
    target.press("Escape")
    expect(target).to_have_count(0)
    expect(open_card(gadget).get_by_role("heading", name="Käthe")).to_be_focused()
    open_card(gadget).get_by_role("button", name="Call +49 30 23125117").click()
    # She has that number too: it is offered with her name, and no other number of hers is.
    rows = gadget.locator("transfer-targets li")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("+49 30 23125117")
    gadget.get_by_role("button", name=f"Consult {KNOWN_CUSTOMER_NAME}", exact=True).click()
    expect_phase(gadget, "Dialling")
    assert "+493023125117" in [each["to"] for each in site.calls()]


def test_consult_that_was_not_answered_is_a_missed_one(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    ana = open_desktop("1001")
    bilal = open_desktop("1002").gadget
    answer_call(site, ana.gadget)
    consult(ana.gadget, "Bilal Haddad")
    expect(bilal.get_by_role("heading", name="Consult from Ana Costa")).to_be_visible()
    press(ana.gadget, "End consult")
    expect_phase(bilal, "Missed consult")
    expect(bilal.get_by_role("heading", name="Consult from Ana Costa")).to_be_visible()
    expect(open_card(bilal).get_by_label("Notes")).to_be_hidden()
    expect(open_card(bilal).get_by_text("Wrap-up reason")).to_be_hidden()


def test_notes_of_a_consult_are_those_of_the_customers_card(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    ana, _bilal, _call = begin_consult(open_desktop, site)
    write_notes(ana.gadget, "refund 40 EUR")
    press(ana.gadget, "End consult")
    expect_phase(ana.gadget, "On hold")
    expect(open_card(ana.gadget).get_by_label("Notes")).to_have_value("refund 40 EUR")


def test_consulted_agent_knows_who_is_on_hold(open_desktop: OpenDesktop, site: DemoSite) -> None:
    ana, bilal, _call = begin_consult(open_desktop, site)
    expect(bilal.get_by_text("The customer is on hold with Ana Costa.")).to_be_visible()
    press(ana.gadget, "Back to customer")
    expect(bilal.get_by_text("Ana Costa has put you on hold.")).to_be_visible()


def test_consulted_agent_sees_that_the_customer_has_hung_up(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    ana = open_desktop("1001").gadget
    bilal = open_desktop("1002").gadget
    call = answer_call(site, ana)
    consult(ana, "Bilal Haddad")
    press(bilal, "Answer")
    expect(bilal.get_by_text("The customer is on hold with Ana Costa.")).to_be_visible()
    site.hang_up(call)
    expect(ana.get_by_text("The customer has hung up.")).to_be_visible()
    # Long before the next report of this call, on which nothing has changed.
    expect(bilal.get_by_text("The customer has hung up.")).to_be_visible(timeout=10_000)
    expect_phase(bilal, "On the call")


def test_state_of_a_colleague_is_current(open_desktop: OpenDesktop, site: DemoSite) -> None:
    ana = open_desktop("1001").gadget
    bilal = open_desktop("1002").gadget
    answer_call(site, ana)
    for state in ("Ready", "Not ready: Lunch"):
        bilal.get_by_label("Your state").select_option(label=state)
        expect(bilal.get_by_label("Your state")).to_have_attribute("aria-busy", "false")

        def shows(wanted: str = state.partition(":")[0]) -> bool:
            press(ana, "Transfer…")
            row = ana.locator("transfer-targets li").filter(has_text="Bilal Haddad").first
            expect(row).to_be_visible()
            text = row.inner_text()
            ana.get_by_label("Search for a transfer target").press("Escape")
            return f"· {wanted}" in text

        wait_until(shows)


def background_of(button: Locator) -> str:
    """Return a button's colour; one that is replaced meanwhile has none."""

    def color() -> str:
        found: str = button.evaluate("(element) => getComputedStyle(element).backgroundColor")
        return found

    wait_until(lambda: color() != "")
    return color()


def test_two_strangers_are_connected_only_after_a_question(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    ana = open_desktop("1001").gadget
    answer_call(site, ana)
    press(ana, "Hold")
    expect_phase(ana, "On hold")
    site.ring(UNKNOWN_CUSTOMER)
    expect_phase(ana, "Ringing")
    press(ana, "Answer")
    expect_phase(ana, "On the call")
    buttons = open_card(ana).locator("call-controls")
    # Only Hang up is filled: joining two strangers is nothing that the card suggests.
    hold = buttons.get_by_role("button", name="Hold", exact=True)
    expect(buttons.get_by_role("button", name="Complete transfer", exact=True)).to_be_enabled()
    expect(hold).to_be_enabled()
    join = buttons.get_by_role("button", name="Complete transfer", exact=True)
    expect(join).to_have_css("background-color", background_of(hold))
    press(ana, "Conference")
    expect(open_card(ana).get_by_role("alertdialog")).to_contain_text(
        f"Connect (646) 555-0199 and {KNOWN_CUSTOMER_NAME}?"
    )


def test_failed_call_says_why(open_desktop: OpenDesktop, site: DemoSite) -> None:
    ana = open_desktop("1001").gadget
    search = ana.get_by_role("searchbox")
    search.fill("1099")
    search.press("Enter")
    expect_phase(ana, "Call failed")
    expect(open_card(ana).get_by_text("This number does not exist")).to_be_visible()
    press(ana, "Hang up")
    close_card(ana, "Not reached")


def _addresses(site: DemoSite, call: str) -> list[str]:
    for each in site.calls():
        if each["id"] == call:
            return [participant["address"] for participant in each["participants"]]
    return []


def test_queues_favourites_and_recent_targets_are_offered_first(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    bilal = open_desktop("1002").gadget
    call = answer_call(site, gadget)
    press(gadget, "Transfer…")
    targets = gadget.locator("transfer-targets").get_by_role("listitem")
    expect(targets.first).to_contain_text("Support")
    expect(targets.first).to_contain_text("0 waiting")
    favourite = gadget.get_by_role("button", name="Favourite: Sales")
    favourite.click()
    expect(favourite).to_have_attribute("aria-pressed", "true")
    search = gadget.get_by_label("Search for a transfer target")
    search.press("Enter")
    expect(targets.nth(1)).to_be_visible()
    expect(search).to_be_focused()  # of several, the agent chooses
    search.fill("Bilal Haddad")
    search.press("Enter")
    only = gadget.get_by_role("button", name="Consult Bilal Haddad")
    expect(only).to_be_focused()
    only.press("Enter")
    expect_phase(gadget, "Dialling")
    press(gadget, "End consult")
    press(gadget, "Retrieve")
    press(gadget, "Transfer…")
    gadget.get_by_role("button", name="Consult Sales").click()
    expect(open_card(gadget).get_by_role("heading", name="Sales")).to_be_visible()
    expect(gadget.get_by_role("tab", name="Sales")).to_be_visible()
    expect_phase(gadget, "Dialling")  # nobody is ready
    press(gadget, "End consult")
    press(gadget, "Retrieve")
    press(gadget, "Transfer…")
    expect(targets.nth(0)).to_contain_text("Sales")
    expect(targets.nth(1)).to_contain_text("Bilal Haddad")
    expect(targets.nth(2)).to_contain_text("Support")
    bilal.get_by_label("State").select_option(label="Ready")  # who gets the queue's next call
    expect(bilal.locator("agent-state")).to_have_attribute("data-state", "READY")
    gadget.get_by_role("button", name="Transfer to Sales").click()
    expect_phase(bilal, "Ringing")
    expect_phase(gadget, "Transferred to Sales")
    site.hang_up(call)


def test_next_agent_sees_who_passed_the_call_on(open_desktop: OpenDesktop, site: DemoSite) -> None:
    ana = open_desktop("1001").gadget
    bilal = open_desktop("1002").gadget
    call = answer_call(site, ana)
    write_notes(ana, "wants a refund, has the receipt")
    press(ana, "Transfer…")
    ana.get_by_role("button", name="Transfer to Bilal Haddad", exact=True).click()
    expect(open_card(bilal)).to_contain_text("Transferred by Ana Costa.")
    note = open_card(bilal).locator("call-brief").get_by_text("wants a refund, has the receipt")
    expect(note).to_be_visible()
    press(bilal, "Answer")
    expect(open_card(bilal).get_by_text("wants a refund, has the receipt")).to_have_count(2)
    expect(note).to_be_visible()
    expect(open_card(bilal)).to_contain_text("Transferred by Ana Costa.")
    site.hang_up(call)
