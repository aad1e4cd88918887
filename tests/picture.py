"""Makes the README's picture, from the real thing: `python -m tests.picture`."""

import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.conftest import ROOT
from tests.desk import CHROMIUM, FLAGS, Desk
from tests.site import open_site
from tests.test_browser import KNOWN

PICTURE = ROOT / "server" / "callcard" / "docs" / "card.png"


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        open_site(Path(folder)) as site,
        sync_playwright() as started,
    ):
        browser = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        desk = Desk(browser.new_page(viewport={"width": 1180, "height": 690}))
        desk.sign_in(site)
        desk.ready()
        site.ring(KNOWN, queue="Support", callVariable1="Order 4711", callVariable3="Gold")
        desk.gadget.get_by_role("heading", name="Käthe").wait_for()
        desk.gadget.get_by_role("button", name="Answer").click()
        desk.gadget.get_by_role("button", name="Hold").wait_for()
        desk.page.wait_for_timeout(1500)
        desk.page.screenshot(path=PICTURE)
        browser.close()


if __name__ == "__main__":
    main()
