"""Callers, and what an agent does on the card of a call."""

from __future__ import annotations

from playwright.sync_api import FrameLocator, Locator, expect

from tests.harness.site import DemoSite

KNOWN_CUSTOMER = "+491713900001"
"""Käthe Schröder-von der Heide of the sample contacts."""
KNOWN_CUSTOMER_NAME = "Käthe Schröder-von der Heide"
KNOWN_CUSTOMER_DISPLAYED = "+49 171 3900001"
SHARED_NUMBER = "+493023125000"
"""A switchboard, where five of the sample contacts are."""
ARABIC_CUSTOMER = "+971501234567"
UNKNOWN_CUSTOMER = "+16465550199"
OTHER_UNKNOWN_CUSTOMER = "+12025550123"


def open_card(gadget: FrameLocator) -> Locator:
    """Return the card that is shown, of the calls in tabs."""
    return gadget.locator("call-panel:not([hidden])")


def press(gadget: FrameLocator, button: str) -> None:
    """Press one of the call controls."""
    controls = open_card(gadget).locator("call-controls")
    controls.get_by_role("button", name=button, exact=True).click()


def expect_phase(gadget: FrameLocator, text: str) -> None:
    """Wait until the call is shown as ringing, held and so on."""
    try:
        expect(open_card(gadget).locator(".phase")).to_have_text(text)
    except AssertionError as error:
        shown = gadget.locator("body").inner_text()
        raise AssertionError(f"{error}\nthe gadget: {shown!r}") from error


def expect_error(gadget: FrameLocator, text: str) -> None:
    """Wait until the card shows why a command failed."""
    expect(open_card(gadget).locator("header .error")).to_contain_text(text)


def answer_call(
    site: DemoSite, gadget: FrameLocator, from_address: str = KNOWN_CUSTOMER, **variables: str
) -> str:
    """Let a customer call agent 1001, who answers. Return the call's id."""
    call = site.ring(from_address, queue="Support", **variables)
    press(gadget, "Answer")
    expect_phase(gadget, "On the call")
    return call


def write_notes(gadget: FrameLocator, text: str) -> None:
    """Type notes and wait until the service has saved them."""
    open_card(gadget).get_by_label("Notes").fill(text)
    expect(open_card(gadget).locator(".saved")).to_have_text("Saved")


def close_card(gadget: FrameLocator, phase: str = "Call ended") -> None:
    """Close the card of an ended call, so that it can be delivered."""
    expect_phase(gadget, phase)
    open_card(gadget).get_by_role("button", name="Close", exact=True).click()
