"""Failover of the desktop to the other Finesse node during a call."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.card import answer_call, press
from tests.harness.browser import open_desktops
from tests.harness.site import open_demo_site, vendor_library

FAILOVER_TIMEOUT_MS = 40_000


@pytest.mark.parametrize("platform", ["ucce", "uccx"])
def test_failover_continues_the_call_on_the_other_node(
    browser: Browser, tmp_path: Path, platform: str
) -> None:
    with (
        open_demo_site(tmp_path, nodes=2, platform=platform, **vendor_library()) as site,
        open_desktops(browser, site) as open_desktop,
    ):
        desktop = open_desktop()
        page = desktop.page
        gadget = desktop.gadget
        call = answer_call(site, gadget)
        page.get_by_role("button", name="Stop this node").click()
        expect(page.locator("#node")).to_have_text("B", timeout=FAILOVER_TIMEOUT_MS)
        assert "ticket" not in page.url
        press(gadget, "Hold")
        expect(gadget.get_by_role("button", name="Retrieve")).to_be_visible()
        expect(gadget.locator("contact-card")).to_be_visible()
        commands = site.requests("PUT", f"/finesse/api/Dialog/{call}")
        assert [command["status"] for command in commands] == [202, 202]
        page.reload()  # the session stays on node B
        expect(page.locator("#node")).to_have_text("B")
