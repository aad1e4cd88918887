"""The contact that the agent chooses for a call stays, and reaches the service."""

from __future__ import annotations

import httpx
from playwright.sync_api import FrameLocator, expect

from tests.e2e.card import SHARED_NUMBER, answer_call, close_card, open_card, write_notes
from tests.harness.browser import OpenDesktop
from tests.harness.sandbox import PASSWORD
from tests.harness.site import DemoSite


def choose(gadget: FrameLocator, position: int) -> str:
    """Choose one of the contacts that share the caller's number. Return the name."""
    choice = open_card(gadget).locator("contact-choice li").nth(position)
    name = choice.locator("strong").inner_text()
    choice.get_by_role("button").click()
    expect(open_card(gadget).get_by_role("heading", name=name)).to_be_visible()
    return name


def test_contact_that_is_chosen_in_an_outage_is_saved_after_it(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    call = answer_call(site, gadget, SHARED_NUMBER)
    saved = open_card(gadget).locator(".saved")
    write_notes(gadget, "asked for a price")
    site.service.is_down = True
    name = choose(gadget, 2)
    expect(saved).to_contain_text("Not saved, retrying")
    site.service.is_down = False
    expect(saved).to_have_text("Saved")
    site.hang_up(call)
    close_card(gadget)
    delivered = site.delivered_interaction(call)
    contact = f"{site.service_url}/api/v1/contacts/{delivered.contact_source}/{delivered.contact}"
    assert httpx.get(contact, auth=("1001", PASSWORD)).json()["name"] == name


def test_contact_that_is_chosen_after_another_was_taken_off_stays(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    call = answer_call(site, gadget, SHARED_NUMBER)
    first = choose(gadget, 0)
    open_card(gadget).get_by_role("button", name="Not them?").click()
    expect(open_card(gadget).get_by_role("heading", name=first)).to_have_count(0)
    site.service.is_stalled = True
    name = choose(gadget, 1)
    message = gadget.get_by_text("the contact of this call")
    expect(message).to_have_count(0)
    site.service.is_stalled = False
    write_notes(gadget, "asked for a price")
    expect(open_card(gadget).get_by_role("heading", name=name)).to_be_visible()
    expect(message).to_have_count(0)
    site.hang_up(call)
    close_card(gadget)
