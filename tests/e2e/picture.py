"""Make the README's picture from a running desktop: `python -m tests.e2e.picture`."""

import tempfile
from pathlib import Path

from playwright.sync_api import expect

from tests.conftest import ROOT
from tests.e2e.card import KNOWN_CUSTOMER, answer_call
from tests.harness.browser import BrowserDesktop, chromium
from tests.harness.site import open_demo_site

PICTURE = ROOT / "server" / "callcard" / "docs" / "card.png"


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        open_demo_site(Path(folder)) as site,
        chromium() as browser,
    ):
        desktop = BrowserDesktop(browser.new_page(viewport={"width": 1180, "height": 900}))
        desktop.sign_in(site)
        desktop.wait_until_ready()
        answer_call(
            site, desktop.gadget, KNOWN_CUSTOMER, callVariable1="Order 4711", callVariable3="Gold"
        )
        expect(desktop.gadget.get_by_role("heading", name="Käthe")).to_be_visible()
        expect(desktop.gadget.get_by_role("button", name="Hold")).to_be_enabled()
        desktop.page.screenshot(path=PICTURE)


if __name__ == "__main__":
    main()
