"""What the card says of what has ended by itself, and left no card."""

from __future__ import annotations

from contextlib import suppress

import pytest
from playwright.sync_api import FrameLocator, Locator, TimeoutError, expect

from tests.e2e.card import (
    KNOWN_CUSTOMER,
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
from tests.e2e.speech import listen, spoken_in
from tests.harness.browser import OpenDesktop
from tests.harness.site import DemoSite


def message(gadget: FrameLocator, text: str) -> Locator:
    """Return the message above the page with a text."""
    return gadget.locator("app-aside .message").filter(has_text=text)


def test_missed_call_beside_another_card_is_named(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    first = answer_call(site, gadget, UNKNOWN_CUSTOMER)
    write_notes(gadget, "wants an offer")
    site.hang_up(first)
    expect_phase(gadget, "Call ended")
    missed = site.ring(KNOWN_CUSTOMER)
    expect(gadget.get_by_role("tab", name=KNOWN_CUSTOMER_NAME)).to_be_visible()
    site.hang_up(missed)
    expect(message(gadget, f"Missed call · {KNOWN_CUSTOMER_NAME}")).to_be_visible()
    expect_phase(gadget, "Call ended")


def test_missed_call_of_the_number_that_is_on_is_named(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    expect(gadget.locator("callback-list:defined")).to_be_attached()
    answer_call(site, gadget, KNOWN_CUSTOMER)
    missed = site.ring(KNOWN_CUSTOMER)
    expect(gadget.get_by_role("tab", name=KNOWN_CUSTOMER_NAME)).to_have_count(2)
    site.hang_up(missed)
    expect(message(gadget, f"Missed call · {KNOWN_CUSTOMER_NAME}")).to_be_visible()
    expect_phase(gadget, "On the call")


@pytest.mark.parametrize("is_skipped", [True, False])
def test_preview_that_the_dialer_takes_away_is_named(
    open_desktop: OpenDesktop, site: DemoSite, is_skipped: bool
) -> None:
    gadget = open_desktop().gadget
    expect(gadget.locator("callback-list:defined")).to_be_attached()
    ended = answer_call(site, gadget, UNKNOWN_CUSTOMER)
    write_notes(gadget, "wants an offer")
    site.hang_up(ended)
    expect_phase(gadget, "Call ended")
    site.preview(KNOWN_CUSTOMER, direct=False)
    gadget.get_by_role("tab", name=KNOWN_CUSTOMER_NAME).click(delay=1100)
    expect_phase(gadget, "Preview")
    if is_skipped:
        press(gadget, "Skip")
    else:
        site.hang_up(site.calls()[-1]["id"])
    expect_phase(gadget, "Call ended")
    over = message(gadget, f"The preview is over: {KNOWN_CUSTOMER_NAME}")
    if is_skipped:
        assert over.count() == 0
    else:
        expect(over).to_be_visible()


def test_consult_that_ends_by_itself_is_named(open_desktop: OpenDesktop, site: DemoSite) -> None:
    ana, bilal, _call = begin_consult(open_desktop, site)
    expect_phase(ana.gadget, "Consulting")
    site.hang_up(site.call_to("1002")["id"])
    expect(message(ana.gadget, "The consult with Bilal Haddad has ended.")).to_be_visible()
    expect_phase(ana.gadget, "On hold")
    expect_phase(bilal, "Call ended")
    press(ana.gadget, "Retrieve")
    expect_phase(ana.gadget, "On the call")
    consult(ana.gadget, "Bilal Haddad")
    expect_phase(bilal, "Consult call")
    site.hang_up(site.call_to("1002")["id"])
    expect(message(ana.gadget, "Not reached · Bilal Haddad")).to_be_visible()


def test_consult_that_the_agent_ends_is_not_named(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    ana, bilal, _call = begin_consult(open_desktop, site)
    expect_phase(ana.gadget, "Consulting")
    press(ana.gadget, "End consult")
    expect_phase(bilal, "Call ended")
    expect_phase(ana.gadget, "On hold")
    expect(message(ana.gadget, "consult")).to_have_count(0)


def test_customer_who_is_not_reached_is_shown_so(open_desktop: OpenDesktop, site: DemoSite) -> None:
    gadget = open_desktop().gadget
    search = gadget.get_by_role("searchbox")
    search.fill(KNOWN_CUSTOMER)
    search.press("Enter")
    expect_phase(gadget, "Dialling")
    site.hang_up(site.call_to(KNOWN_CUSTOMER)["id"])
    expect_phase(gadget, "Not reached")


def test_contact_of_a_hidden_card_is_not_said_over_another(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    desktop = open_desktop()
    gadget = desktop.gadget
    first = answer_call(site, gadget, KNOWN_CUSTOMER)
    site.service.is_down = True
    open_card(gadget).get_by_label("Notes").fill("wants a refund")
    site.hang_up(first)
    expect_phase(gadget, "Call ended")
    site.ring(UNKNOWN_CUSTOMER)
    gadget.get_by_role("tab").nth(1).click()  # behind, as the agent has typed just now
    press(gadget, "Answer")
    expect_phase(gadget, "On the call")
    desktop.page.reload()
    expect(gadget.get_by_role("tab")).to_have_count(2)
    listen(gadget)
    site.service.is_down = False
    behind = gadget.get_by_role("tab", name=KNOWN_CUSTOMER_NAME)
    expect(behind).to_be_visible(timeout=40_000)
    behind.click()
    expect(open_card(gadget).get_by_label("Notes")).to_have_value("wants a refund")
    expect(open_card(gadget).locator("contact-card")).to_be_visible()
    assert not [text for text in spoken_in(gadget) if "is the contact of" in text]


def test_closing_a_consult_leaves_the_customers_card_to_be_finished(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    ana, bilal, call = begin_consult(open_desktop, site)
    gadget = ana.gadget
    expect_phase(gadget, "Consulting")
    open_card(gadget).get_by_label("Notes").press_sequentially("asked about pumps")
    site.hang_up(call)
    expect(gadget.get_by_text("The customer has hung up.").first).to_be_visible()
    site.hang_up(site.call_to("1002")["id"])
    close_card(bilal)
    consulted = gadget.locator("call-panel[data-consult]")
    with suppress(TimeoutError):  # it closes by itself some seconds after the last word
        consulted.get_by_label("Notes").press_sequentially(" and hoses", timeout=2500)
        consulted.get_by_role("button", name="Close", exact=True).click(timeout=2500)
    expect(consulted).to_have_count(0)
    customer = open_card(gadget)
    expect(customer.get_by_role("heading", name=KNOWN_CUSTOMER_NAME)).to_be_visible()
    expect(customer.get_by_text("left for notes")).to_be_visible()
    site.ring(UNKNOWN_CUSTOMER)
    finish = gadget.get_by_role("tab", name=KNOWN_CUSTOMER_NAME)
    expect(finish).to_contain_text("to finish")
    finish.click(delay=1100)
    customer.get_by_text("Order status").click()
    expect(customer.locator(".saved")).to_have_text("Saved")
    close_card(gadget)
    record = site.delivered_interaction(call)
    assert record.wrap_up_reasons == ("Order status",)
    assert record.number == KNOWN_CUSTOMER
