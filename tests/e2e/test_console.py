"""The sandbox's console: desktops side by side, events, requests and faults."""

from __future__ import annotations

from playwright.sync_api import Browser, expect

from tests.e2e.card import KNOWN_CUSTOMER, KNOWN_CUSTOMER_NAME, expect_phase, press
from tests.harness.site import DemoSite


def test_console_shows_desktops_events_requests_and_faults(
    browser: Browser, site: DemoSite
) -> None:
    site.reset()
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    page.goto(f"{site.finesse_url}/sandbox/console")
    ana = page.frame_locator("iframe[title='Desktop of 1001']")
    sam = page.frame_locator("iframe[title='Desktop of 2001']")
    expect(ana.get_by_text("Ana Costa")).to_be_visible()
    expect(
        page.frame_locator("iframe[title='Desktop of 1002']").get_by_text("Bilal")
    ).to_be_visible()
    card = ana.frame_locator("iframe[id^=remote_iframe]").first
    call = site.ring(KNOWN_CUSTOMER, queue="Support")
    expect_phase(card, "Ringing")
    press(card, "Answer")
    sam.get_by_role("tab", name="Callcard team").click()
    team = sam.frame_locator("iframe[id^=remote_iframe]").nth(1)
    expect(team.get_by_role("row").filter(has_text="Ana Costa")).to_contain_text(
        KNOWN_CUSTOMER_NAME
    )

    events = page.get_by_role("region", name="Events")
    events.get_by_label("Only with").fill("User/1001/Dialogs")
    entry = events.get_by_role("listitem").filter(has_text="ACTIVE").first
    expect(entry).to_contain_text("PUT")
    entry.get_by_text("ACTIVE").first.click()
    expect(entry).to_contain_text(f"<id>{call}</id>")
    requests = page.get_by_role("region", name="Requests")
    requests.get_by_label("Only with").fill(f"PUT  /finesse/api/Dialog/{call}")
    expect(requests.get_by_role("listitem").first).to_contain_text("202")

    faults = page.get_by_role("region", name="Faults")
    expect(faults).to_contain_text("No fault is armed.")
    faults.get_by_label("Kind").select_option("unavailable")
    faults.get_by_label("Times").fill("3")
    faults.get_by_label("Method").select_option("DELETE")
    faults.get_by_role("button", name="Arm").click()
    expect(faults).to_contain_text("unavailable, 3 more: DELETE /finesse/api/")
    faults.get_by_label("Path begins with").fill("/nowhere")
    faults.get_by_role("button", name="Arm").click()
    alert = faults.get_by_role("alert")
    expect(alert).to_contain_text("path must begin with")
    for _ in range(3):  # what is read once a second does not take the answer away
        with page.expect_response("**/sandbox/requests"):
            pass
    expect(alert).to_contain_text("path must begin with")
    page.set_viewport_size({"width": 300, "height": 1000})
    assert page.evaluate("document.documentElement.scrollWidth") <= 300
    page.set_viewport_size({"width": 1400, "height": 1000})
    faults.get_by_role("button", name="End all faults").click()
    expect(faults).to_contain_text("No fault is armed.")
    page.get_by_role("button", name="Reset everything").click()
    expect(ana.get_by_text("Ana Costa")).to_be_visible()
    expect(team.get_by_role("row").filter(has_text=KNOWN_CUSTOMER_NAME)).to_have_count(0)
    page.close()
