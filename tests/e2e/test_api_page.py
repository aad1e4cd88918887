"""The API page at /docs."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.harness.browser import OpenDesktop
from tests.harness.site import DemoSite


def test_api_page_sends_requests_with_the_entered_credentials(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    page = open_desktop(signed_in=False).page
    page.goto(f"{site.service_url}/docs")
    page.get_by_label("Agent id").fill("1001")
    page.get_by_label("Password").fill("callcard")
    operation = page.locator("details").filter(has_text="GET/api/v1/contacts").first
    operation.locator("summary").click()
    operation.locator("input[name=number]").fill("+491713900001")
    operation.get_by_role("button", name="Send").click()
    expect(operation.locator("pre")).to_contain_text("200 OK")
    expect(operation.locator("pre")).to_contain_text('"matches"')
    page.get_by_label("Password").fill("wrong")
    operation.get_by_role("button", name="Send").click()
    expect(operation.locator("pre")).to_contain_text("credentials-rejected")
