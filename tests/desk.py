"""An agent at their desktop, in Chromium."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, BrowserContext, FrameLocator, Page, expect, sync_playwright

from tests.site import Site

CHROMIUM = (
    os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome") or ""
)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NEEDS_CHROMIUM = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not CHROMIUM, reason="no Chromium: apt install chromium, or set CHROMIUM to its path"
    ),
]


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


Open = Callable[..., "Desk"]
"""Sits an agent down: `agent`, `language`, `width` in pixels, `clock_ahead` in hours; not `signed_in` shows the sign-in page."""


@contextmanager
def desks(browser: Browser, site: Site) -> Iterator[Open]:
    """Desks that are cleared away in the end, when none of their scripts may have failed."""
    opened: list[tuple[BrowserContext, Desk]] = []

    def at(
        agent: str = "1001",
        language: str = "en-US",
        width: int = 1200,
        signed_in: bool = True,
        clock_ahead: float = 0,
    ) -> Desk:
        context = browser.new_context(
            viewport={"width": width, "height": 1000}, reduced_motion="reduce"
        )
        context.set_default_timeout(10_000)
        if clock_ahead:
            context.add_init_script(_CLOCK % (clock_ahead * 3600_000))
        desk = Desk(context.new_page())
        opened.append((context, desk))
        if signed_in:
            desk.sign_in(site, agent, language)
            desk.ready()
        return desk

    yield at
    for context, desk in opened:
        context.close()
        assert desk.errors == []


_CLOCK = """{
  const [Real, ahead] = [Date, %d];
  Date = class extends Real {
    constructor(...told) { super(...(told.length ? told : [Real.now() + ahead])); }
    static now() { return Real.now() + ahead; }
  };
}"""


class Desk:
    """An agent at their desktop."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    @property
    def gadget(self) -> FrameLocator:
        return self.page.frame_locator("iframe[id^=remote_iframe]")

    def sign_in(
        self, site: Site, agent: str = "1001", language: str = "en-US", password: str = "callcard"
    ) -> None:
        self.page.goto(f"{site.finesse}/desktop")
        self.page.get_by_label("Agent id").fill(agent)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_label("Extension").fill(agent)
        self.page.get_by_label("Language").select_option(language)
        self.page.get_by_role("button", name="Sign in").click()

    def ready(self) -> None:
        """The gadget has heard of the agent: its state is there."""
        expect(self.gadget.locator("agent-state select")).to_have_value(
            re.compile("."), timeout=10_000
        )
