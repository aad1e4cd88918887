"""A second customer during a consult: nobody is joined with the wrong person."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.card import (
    ARABIC_CUSTOMER,
    KNOWN_CUSTOMER_NAME,
    UNKNOWN_CUSTOMER,
    answer_call,
    expect_error,
    expect_phase,
    open_card,
    press,
)
from tests.e2e.consults import begin_conference, begin_consult, consult
from tests.harness.browser import OpenDesktop
from tests.harness.site import DemoSite

STRANGER = "(646) 555-0199"


def test_second_customer_is_not_joined_with_the_consult_without_a_question(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    ana, bilal, _call = begin_consult(open_desktop, site)
    gadget = ana.gadget
    expect_phase(gadget, "Consulting")
    site.ring(UNKNOWN_CUSTOMER)
    gadget.get_by_role("tab", name=STRANGER).click(delay=1100)
    press(gadget, "Answer")
    expect_phase(gadget, "On the call")

    # The stranger's own card: the consult is not about them.
    card = open_card(gadget)
    expect(card.get_by_role("heading", name=STRANGER)).to_be_visible()
    expect(card.get_by_role("button", name="Hang up", exact=True)).to_be_enabled()
    joining = card.get_by_role("button", name="Complete transfer")
    if joining.count():
        expect(joining).to_be_disabled()

    # The consult's card: Bilal would get the stranger.
    gadget.get_by_role("tab", name="Bilal Haddad").click(delay=1100)
    transfer = open_card(gadget).get_by_role("button", name="Complete transfer")
    if transfer.is_enabled():
        transfer.click(delay=1100)
        question = open_card(gadget).get_by_text(f"Connect Bilal Haddad and {STRANGER}?")
        expect(question).to_be_visible()
        open_card(gadget).get_by_role("button", name="Cancel").click()
    expect(bilal.get_by_text("You now have the customer.")).to_have_count(0)
    expect(gadget.get_by_role("tab")).to_have_count(3)

    # Back to the customer, the consult is about them again.
    gadget.get_by_role("tab", name=STRANGER).click(delay=1100)
    press(gadget, "Hang up")
    gadget.get_by_role("tab", name=KNOWN_CUSTOMER_NAME).click(delay=1100)
    press(gadget, "Retrieve")
    expect_phase(gadget, "On the call")
    expect(open_card(gadget).get_by_role("button", name="Complete transfer")).to_be_enabled()
    expect(open_card(gadget).get_by_role("button", name="Hang up on customer")).to_be_enabled()


def test_customer_who_is_handed_on_during_a_consult_has_not_hung_up(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    ana, bilal, _call = begin_consult(open_desktop, site)
    clara = open_desktop("1003").gadget
    gadget = ana.gadget
    press(gadget, "Back to customer")
    expect_phase(gadget, "On the call")
    press(gadget, "Transfer…")
    gadget.get_by_label("Search for a transfer target").fill("Clara")
    gadget.get_by_role("button", name="Transfer to Clara Wagner").first.click()
    press(clara, "Answer")
    expect_phase(clara, "On the call")
    gadget.get_by_role("tab", name="Bilal Haddad").click(delay=1100)
    place = "The customer is with Clara Wagner."
    expect(open_card(gadget).get_by_text(place)).to_be_visible()
    expect(bilal.get_by_text(place)).to_be_visible(timeout=40_000)


def test_focus_goes_to_the_customer_when_a_consult_ends(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    ana, _bilal, _call = begin_consult(open_desktop, site)
    gadget = ana.gadget
    button = open_card(gadget).get_by_role("button", name="End consult")
    button.focus()
    button.press("Enter")
    expect(gadget.get_by_role("tab")).to_have_count(0)
    expect(open_card(gadget).get_by_role("heading", name=KNOWN_CUSTOMER_NAME)).to_be_focused()


def test_consult_that_rings_is_not_said_to_be_on(open_desktop: OpenDesktop, site: DemoSite) -> None:
    gadget = open_desktop("1001").gadget
    open_desktop("1002")
    answer_call(site, gadget)
    consult(gadget, "Bilal Haddad")
    expect_phase(gadget, "Dialling")
    site.answer_on_phone(site.call_to("1002")["id"], "1002")
    expect_phase(gadget, "Consulting")


def test_agent_who_leaves_a_conference_is_told_so(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    ana, bilal, _call = begin_conference(open_desktop, site)
    press(ana.gadget, "Hang up")
    expect_phase(ana.gadget, "You are no longer on the call")
    expect_phase(bilal, "On the call")


@pytest.mark.parametrize("how", ["Complete transfer", "Conference"])
def test_customer_is_joined_to_a_call_between_agents(
    open_desktop: OpenDesktop, site: DemoSite, how: str
) -> None:
    ana = open_desktop("1001").gadget
    bilal = open_desktop("1002").gadget
    search = ana.get_by_role("searchbox")
    search.fill("1002")
    search.press("Enter")
    press(bilal, "Answer")
    expect_phase(ana, "On the call")
    press(ana, "Hold")
    expect_phase(ana, "On hold")
    answer_call(site, ana)
    expect(open_card(ana).get_by_role("heading", name=KNOWN_CUSTOMER_NAME)).to_be_visible()
    press(ana, how)
    open_card(ana).get_by_role("alertdialog").get_by_role("button", name=how).click()
    expect(bilal.locator("call-panel h2")).to_have_text(KNOWN_CUSTOMER_NAME)
    if how == "Conference":
        expect(open_card(bilal)).to_contain_text("On the line: ")
        expect(open_card(bilal)).not_to_contain_text("hung up")
        press(ana, "Hang up")
    else:
        expect_phase(ana, "Transferred to Bilal Haddad")
    expect(open_card(bilal).locator(".queue")).to_contain_text("Support")
    expect(open_card(bilal)).not_to_contain_text("hung up")


def test_reload_leaves_the_customer_in_front_of_a_consult_on_hold(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    ana, _bilal, _call = begin_consult(open_desktop, site)
    gadget = ana.gadget
    press(gadget, "Back to customer")
    expect_phase(gadget, "On the call")
    ana.page.reload()
    expect_phase(gadget, "On the call")
    expect(gadget.get_by_role("tab")).to_have_count(2)
    expect(open_card(gadget).get_by_role("heading", name=KNOWN_CUSTOMER_NAME)).to_be_visible()


def test_transfer_that_is_refused_names_the_target(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    answer_call(site, gadget)
    press(gadget, "Transfer…")
    gadget.get_by_label("Search for a transfer target").fill("1099")
    gadget.get_by_role("button", name="Transfer to 1099").click()
    expect_error(gadget, "1099: Finesse refused")


def test_call_that_the_agent_talks_on_comes_to_the_front_before_one_on_hold(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    desktop = open_desktop()
    gadget = desktop.gadget
    ended = answer_call(site, gadget)
    site.hang_up(ended)
    expect_phase(gadget, "Call ended")
    answer_call(site, gadget, UNKNOWN_CUSTOMER)
    site.ring(ARABIC_CUSTOMER)
    tabs = gadget.get_by_role("tab")
    tabs.nth(2).click(delay=1100)
    press(gadget, "Answer")
    expect_phase(gadget, "On the call")
    expect(tabs.nth(1)).to_have_attribute("data-phase", "held")
    tabs.filter(has_text=KNOWN_CUSTOMER_NAME).click(delay=1100)
    open_card(gadget).get_by_role("button", name="Close", exact=True).click()
    expect(tabs).to_have_count(2)
    expect_phase(gadget, "On the call")
    expect(tabs.nth(1)).to_have_attribute("aria-selected", "true")
    # The next key is for that card, not for a number to dial.
    expect(open_card(gadget).get_by_role("heading", level=2)).to_be_focused()
