"""The sandbox's desktop page, and where the gadget is loaded from."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.e2e.card import KNOWN_CUSTOMER, expect_phase
from tests.harness.browser import OpenDesktop, open_desktops
from tests.harness.site import DemoSite, open_demo_site
from tests.harness.waiting import wait_until


def test_desktop_rejects_wrong_password_and_extension_in_use(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    desktop = open_desktop(signed_in=False)
    page = desktop.page
    desktop.sign_in(site, password="wrong")
    alert = page.get_by_role("alert").first
    expect(alert).to_have_text("Finesse rejected the agent id or the password.")
    open_desktop("1002")
    page.get_by_label("Password").fill("callcard")
    page.get_by_label("Extension").fill("1002")
    page.get_by_role("button", name="Sign in").click()
    expect(alert).to_contain_text("Device Busy")


def test_sandbox_panel_rings_and_sign_out_ends_session(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    desktop = open_desktop()
    page = desktop.page
    page.get_by_label("Caller").select_option("A known customer")
    page.get_by_role("button", name="Ring").click()
    expect(desktop.gadget.get_by_role("heading", name="Käthe")).to_be_visible()
    page.get_by_role("button", name="Far end hangs up").click()
    expect_phase(desktop.gadget, "Missed call")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert site.user()["state"] == "LOGOUT"


def test_states_are_set_and_agent_signs_out_without_reasons(
    browser: Browser, tmp_path: Path
) -> None:
    with (
        open_demo_site(tmp_path, no_reasons=True) as site,
        open_desktops(browser, site) as open_desktop,
    ):
        page = open_desktop().page
        for state in ("READY", "NOT_READY", "READY"):
            page.locator("#state").select_option(state)
            wait_until(partial(_has_state, site, state))
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("button", name="Sign in")).to_be_visible()
        assert _has_state(site, "LOGOUT")


def _has_state(site: DemoSite, state: str) -> bool:
    return bool(site.user()["state"] == state)


def test_missing_gadget_shows_reason(open_desktop: OpenDesktop, site: DemoSite) -> None:
    page = open_desktop(signed_in=False).page
    page.goto(f"{site.finesse_url}/gadgets/ifr?url=/3rdpartygadget/files/callcard/none.xml")
    expect(
        page.get_by_text("there is no file /3rdpartygadget/files/callcard/none.xml")
    ).to_be_visible()


def test_bundle_hosted_by_service(open_desktop: OpenDesktop, site: DemoSite) -> None:
    """Load the gadget from the service's origin, as sites do that keep gadgets off Finesse."""
    desktop = open_desktop()
    frame = desktop.page.locator("iframe")
    address = frame.get_attribute("src") or ""
    gadget_url = f"{site.service_url}/gadget/callcard/callcard.xml"
    hosted_address = re.sub(r"url=[^#&]+", f"url={gadget_url}", address)
    frame.evaluate("(frame, src) => { frame.src = src }", hosted_address)
    scripts = desktop.gadget.locator(f"script[type=module][src^='{site.service_url}']")
    expect(scripts).not_to_have_count(0)
    desktop.wait_until_ready()
    site.ring(KNOWN_CUSTOMER)
    expect(desktop.gadget.get_by_role("heading", name="Käthe")).to_be_visible()
    sources = desktop.gadget.locator("script[type=module]").evaluate_all(
        "all => all.map((script) => script.src)"
    )
    assert all(source.startswith(site.service_url) for source in sources)
