"""A call draws the agent to the card: tab, title, notification."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Frame, Page, expect

from tests.e2e.card import KNOWN_CUSTOMER, KNOWN_CUSTOMER_NAME, expect_phase, press
from tests.e2e.third_party import THIRD_PARTY
from tests.harness.browser import OpenDesktop
from tests.harness.site import DemoSite, vendor_library
from tests.harness.waiting import wait_until

COLLECT_NOTIFICATIONS = """() => {
    window.notifications = [];
    window.Notification = class {
        static permission = "granted";
        constructor(title, { body }) { window.notifications.push(`${title}|${body}`); }
        close() {}
    };
}"""


@pytest.fixture(scope="module", params=["ring", "answer", "never"])
def site_options(request: pytest.FixtureRequest) -> dict[str, Any]:
    """A second gadget in a tab of its own, and each value of the setting."""
    settings = {"gadget": {"bring_to_front": request.param}}
    return {"gadgets": (THIRD_PARTY,), "service_settings": settings, **vendor_library()}


def test_call_comes_to_the_front(
    open_desktop: OpenDesktop, site: DemoSite, request: pytest.FixtureRequest
) -> None:
    setting = request.node.callspec.params["site_options"]
    desktop = open_desktop()
    page = desktop.page
    expect(desktop.gadget.get_by_label("Your state")).to_contain_text("Lunch")  # settings are read
    frame = _card_frame(page)
    frame.evaluate(COLLECT_NOTIFICATIONS)
    page.evaluate("document.hasFocus = () => false")
    card_tab = page.get_by_role("tab", name="Callcard")
    page.get_by_role("tab", name="Third party").click()
    expect(card_tab).to_have_attribute("aria-selected", "false")

    call = site.ring(KNOWN_CUSTOMER, queue="Support")
    title = f"● {KNOWN_CUSTOMER_NAME}"
    heading = page.locator("h2", has_text="●")
    expect(heading).to_contain_text(title)
    expect(card_tab).to_have_attribute("aria-selected", "true" if setting == "ring" else "false")
    if setting == "never":
        assert frame.evaluate("notifications") == []
        page.get_by_role("tab", name="Callcard").click()
    else:
        wait_until(lambda: bool(frame.evaluate("notifications")))
        [notification] = frame.evaluate("notifications")
        assert notification.startswith(f"Call from {KNOWN_CUSTOMER_NAME}, Nordlicht")
        assert notification.endswith("|VIP · Key account · Support")
    if setting == "answer":
        site.answer_on_phone(call)
    else:
        press(desktop.gadget, "Answer")
    expect(card_tab).to_have_attribute("aria-selected", "true")
    expect_phase(desktop.gadget, "On the call")
    expect(page.locator("h2", has_text="Callcard")).to_have_text("Callcard")


def _card_frame(page: Page) -> Frame:
    element = page.locator("iframe[id^=remote_iframe]").first.element_handle()
    frame = element.content_frame() if element else None
    assert frame is not None
    return frame
