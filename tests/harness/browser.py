"""An agent's Finesse desktop in Chromium."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from playwright.sync_api import Browser, BrowserContext, FrameLocator, Page, expect, sync_playwright

from tests.harness.site import DemoSite

CHROMIUM = os.environ.get("CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium-headless-shell", "chromium", "google-chrome"))), ""
)
"""The shell is the same engine without what shows windows: it takes two thirds of the CPU."""
WHOLE_CHROMIUM = shutil.which("chromium") or CHROMIUM
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PAGE_TIMEOUT_MS = 20_000
"""For a page to show what a test expects, on a busy machine."""


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def whole_chromium(browser: Browser) -> Iterator[Browser]:
    """Start the browser that people use, beside the one of the tests."""
    whole = browser.browser_type.launch(executable_path=WHOLE_CHROMIUM, args=FLAGS)
    yield whole
    whole.close()


class BrowserDesktop:
    """One agent's desktop page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.script_errors: list[str] = []
        self.log: list[str] = []
        """What the page wrote to the console, and requests that failed."""
        page.on("console", lambda message: self.log.append(message.text))
        page.on("requestfailed", lambda request: self.log.append(f"{request.url} failed"))
        page.on("pageerror", lambda error: self.script_errors.append(str(error)))

    @property
    def gadget(self) -> FrameLocator:
        return self.page.frame_locator("iframe[id^=remote_iframe]").first

    @property
    def team(self) -> FrameLocator:
        """The gadget of supervisors, which has a tab of its own."""
        return self.page.frame_locator("iframe[id^=remote_iframe]").nth(1)

    def sign_in(
        self,
        site: DemoSite,
        agent: str = "1001",
        *,
        language: str = "en-US",
        password: str = "callcard",
    ) -> None:
        self.page.goto(f"{site.finesse_url}/desktop")
        self.page.get_by_label("Agent id").fill(agent)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_label("Extension").fill(agent)
        self.page.get_by_label("Language").select_option(language)
        self.page.get_by_role("button", name="Sign in").click()

    def wait_until_ready(self) -> None:
        """Wait until the gadget shows the agent's state, and can show a call at once."""
        try:
            expect(self.gadget.locator("agent-state select")).to_have_value(re.compile("."))
        except AssertionError as error:
            shown = self.gadget.locator("body").inner_text()
            raise AssertionError(f"{error}\nthe gadget: {shown!r}\n{self.log}") from error
        self.gadget.locator("body").evaluate("() => customElements.whenDefined('call-panel')")


class OpenDesktop(Protocol):
    """Opens a desktop in a browser context of its own. Without `signed_in` its page is empty.

    With `own_clock` the test moves the page's time by `page.clock`.
    """

    def __call__(
        self,
        agent: str = "1001",
        *,
        language: str = "en-US",
        width_px: int = 1200,
        signed_in: bool = True,
        own_clock: bool = False,
    ) -> BrowserDesktop: ...


@contextmanager
def open_desktops(browser: Browser, site: DemoSite) -> Iterator[OpenDesktop]:
    """Open desktops, close them at the end, and check that none of their scripts failed."""
    contexts: list[BrowserContext] = []
    desktops: list[BrowserDesktop] = []

    def open_desktop(
        agent: str = "1001",
        *,
        language: str = "en-US",
        width_px: int = 1200,
        signed_in: bool = True,
        own_clock: bool = False,
    ) -> BrowserDesktop:
        context = browser.new_context(
            viewport={"width": width_px, "height": 1000}, reduced_motion="reduce"
        )
        context.set_default_timeout(PAGE_TIMEOUT_MS)
        contexts.append(context)
        desktop = BrowserDesktop(context.new_page())
        desktops.append(desktop)
        if own_clock:
            desktop.page.clock.install()
        if signed_in:
            desktop.sign_in(site, agent, language=language)
            desktop.wait_until_ready()
        return desktop

    try:
        yield open_desktop
    finally:
        for context in contexts:
            context.close()
    assert [error for desktop in desktops for error in desktop.script_errors] == []
