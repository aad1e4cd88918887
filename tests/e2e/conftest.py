"""Fixtures of the browser tests: `browser`, `site` (a contact centre) and `open_desktop`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partialmethod
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Mouse, expect

from tests.harness.browser import CHROMIUM, PAGE_TIMEOUT_MS, OpenDesktop, chromium, open_desktops
from tests.harness.site import DemoSite, open_demo_site, vendor_library

FOLDER = Path(__file__).parent
PRESS_MS = 120
"""How long people hold a button; Playwright would release it in the same millisecond."""

expect.set_options(timeout=PAGE_TIMEOUT_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    reason = "no Chromium: apt install chromium, or set CHROMIUM to its path"
    for item in items:
        if item.path.is_relative_to(FOLDER):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.skipif(not CHROMIUM, reason=reason))


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    # Not for the session: its event loop stands in the way of asynchronous tests.
    with pytest.MonkeyPatch.context() as patch, chromium() as started:
        for presses in (Locator, Mouse):
            patch.setattr(presses, "click", partialmethod(presses.click, delay=PRESS_MS))
        yield started


@pytest.fixture(scope="module")
def site_options() -> dict[str, Any]:
    """Options of `open_demo_site`; a module overrides them for its tests."""
    return vendor_library()


@pytest.fixture(scope="module")
def shared_site(
    site_options: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DemoSite]:
    with open_demo_site(tmp_path_factory.mktemp("site"), **site_options) as site:
        yield site


@pytest.fixture
def site(shared_site: DemoSite) -> DemoSite:
    """The module's contact centre, with nobody signed in and no calls."""
    shared_site.reset()
    return shared_site


@pytest.fixture
def open_desktop(browser: Browser, site: DemoSite) -> Iterator[OpenDesktop]:
    with open_desktops(browser, site) as opener:
        yield opener
