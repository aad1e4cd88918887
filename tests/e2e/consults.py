"""Consults and conferences between two desktops, as tests begin them."""

from __future__ import annotations

from playwright.sync_api import FrameLocator, expect

from tests.e2e.card import answer_call, open_card, press
from tests.harness.browser import BrowserDesktop, OpenDesktop
from tests.harness.site import DemoSite


def consult(gadget: FrameLocator, who: str) -> None:
    """Consult an agent of the team."""
    press(gadget, "Transfer…")
    gadget.get_by_label("Search for a transfer target").fill(who)
    rows = gadget.locator("transfer-targets li")
    expect(rows.filter(has_not_text=who)).to_have_count(0)  # until then, others are listed
    gadget.get_by_role("button", name=f"Consult {who}").first.click()


def begin_consult(
    open_desktop: OpenDesktop, site: DemoSite
) -> tuple[BrowserDesktop, FrameLocator, str]:
    """Let Ana answer a customer and consult Bilal, who answers.

    Return Ana's desktop, Bilal's gadget and the customer's call.
    """
    ana = open_desktop("1001")
    bilal = open_desktop("1002").gadget
    call = answer_call(site, ana.gadget)
    consult(ana.gadget, "Bilal Haddad")
    press(bilal, "Answer")
    return ana, bilal, call


def begin_conference(
    open_desktop: OpenDesktop, site: DemoSite
) -> tuple[BrowserDesktop, FrameLocator, str]:
    """Let Ana answer a customer and join Bilal to the call. Return what `begin_consult` does."""
    ana, bilal, call = begin_consult(open_desktop, site)
    press(ana.gadget, "Conference")
    expect(open_card(ana.gadget).get_by_text("On the line: ")).to_be_visible()
    return ana, bilal, call
