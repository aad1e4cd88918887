"""Why the card shows whom it shows, and the contact that an agent chose on an earlier call."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.e2e.card import (
    KNOWN_CUSTOMER,
    KNOWN_CUSTOMER_NAME,
    SHARED_NUMBER,
    answer_call,
    close_card,
    expect_phase,
    open_card,
)
from tests.e2e.test_sources import open_sources
from tests.harness.browser import OpenDesktop
from tests.harness.rest_crm import RestCrm
from tests.harness.site import DemoSite


def test_choice_is_shown_with_the_agent_on_the_next_call_and_taken_off(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    call = answer_call(site, gadget, SHARED_NUMBER)
    chosen = open_card(gadget).locator("contact-choice button strong").nth(2)
    name = chosen.inner_text()
    chosen.click()
    expect(open_card(gadget).get_by_role("heading", name=name)).to_be_visible()
    site.hang_up(call)
    close_card(gadget)

    call = answer_call(site, gadget, SHARED_NUMBER)
    card = open_card(gadget)
    expect(card.get_by_role("heading", name=name)).to_be_visible()
    expect(card.get_by_text("Ana Costa chose this contact for the number, ")).to_be_visible()
    expect(card.get_by_text("One of 5 contacts with this number.")).to_be_visible()
    card.get_by_role("button", name="Why?").click()
    panel = gadget.locator("lookup-explanation")
    expect(panel.get_by_role("heading", name="Why this contact?")).to_be_focused()
    expect(panel.get_by_text("Ana Costa chose this contact")).to_be_visible()
    expect(panel.get_by_role("listitem").filter(has_text=name)).to_contain_text("shown")
    expect(panel.get_by_text("in the list")).to_have_count(4)
    panel.get_by_text("Requests (1)").click()
    expect(panel.get_by_text(f"the whole number: {SHARED_NUMBER}")).to_be_visible()
    panel.get_by_role("button", name="Close").click()
    expect(panel).to_have_count(0)

    card.get_by_role("button", name="Not them?").click()
    expect(card.locator("contact-choice button")).to_have_count(5)
    site.hang_up(call)
    close_card(gadget)
    site.ring(SHARED_NUMBER)
    expect(open_card(gadget).locator("contact-choice button")).to_have_count(5)


def test_explanation_names_each_source_its_time_and_what_is_wrong(
    browser: Browser, tmp_path: Path
) -> None:
    crm = RestCrm()
    crm.people[0]["phones"].append({"value": KNOWN_CUSTOMER})
    with open_sources(browser, tmp_path, crm) as (gadget, site):
        answer_call(site, gadget, KNOWN_CUSTOMER)
        card = open_card(gadget)
        card.get_by_role("button", name="Why?").click()
        panel = gadget.locator("lookup-explanation")
        expect(panel.get_by_text("Several contacts have this number. You choose.")).to_be_visible()
        expect(panel.get_by_role("heading", level=4)).to_have_count(3)
        erp = panel.locator("section").filter(has_text="erp")
        expect(erp.get_by_role("listitem").filter(has_text="Ada Lovelace")).to_be_visible()
        erp.get_by_text("Requests (").click()
        expect(erp.get_by_text("/people?phone=491713900001")).to_be_visible()
        expect(panel.get_by_text("old can't be reached (ConnectError)")).to_be_visible()
        expect(panel).not_to_contain_text("Nobody else has this number.")
        local = panel.locator("section").filter(has_text="local")
        expect(local.get_by_text(KNOWN_CUSTOMER_NAME)).to_be_visible()


def test_explanation_is_closed_with_its_call(open_desktop: OpenDesktop, site: DemoSite) -> None:
    gadget = open_desktop().gadget
    first = answer_call(site, gadget, KNOWN_CUSTOMER)
    site.hang_up(first)
    expect_phase(gadget, "Call ended")
    open_card(gadget).get_by_label("Notes").fill("to finish")
    second = site.ring("+12125559880")
    expect(gadget.get_by_role("tab")).to_have_count(2)
    gadget.get_by_role("tab", name="(212) 555-9880").click()
    open_card(gadget).get_by_role("button", name="Why?").click()
    expect(gadget.locator("lookup-explanation")).to_be_visible()
    site.hang_up(second)
    expect(gadget.get_by_role("tab")).to_have_count(0)
    expect(open_card(gadget).get_by_role("heading", name=KNOWN_CUSTOMER_NAME)).to_be_visible()
    expect(gadget.locator("lookup-explanation")).to_have_count(0)


def test_panel_that_cannot_be_loaded_says_so_and_is_tried_again(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    desktop = open_desktop(signed_in=False)
    desktop.page.route("**/later.js", lambda route: route.abort())
    desktop.sign_in(site)
    desktop.wait_until_ready()
    gadget = desktop.gadget
    answer_call(site, gadget)
    open_card(gadget).get_by_role("button", name="Why?").click()
    expect(gadget.get_by_text("A part of the card can’t be loaded. Try again.")).to_be_visible()
    expect(gadget.locator("lookup-explanation")).to_have_count(0)
    desktop.page.unroute("**/later.js")
    open_card(gadget).get_by_role("button", name="Why?").click()
    expect(gadget.locator("lookup-explanation")).to_be_visible()


def test_call_is_shown_as_soon_as_its_view_can_be_loaded(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    desktop = open_desktop(signed_in=False)
    desktop.page.route("**/call-view.js", lambda route: route.abort())
    desktop.sign_in(site)
    gadget = desktop.gadget
    message = gadget.get_by_text("A part of the card can’t be loaded. Try again.")
    expect(message).to_be_visible()
    call = site.ring(KNOWN_CUSTOMER)
    expect(gadget.locator("call-panel")).to_have_count(0)
    desktop.page.unroute("**/call-view.js")
    expect(open_card(gadget).get_by_role("heading", name=KNOWN_CUSTOMER_NAME)).to_be_visible()
    expect(message).to_have_count(0)
    open_card(gadget).get_by_role("button", name="Answer").click()
    expect_phase(gadget, "On the call")
    site.hang_up(call)
