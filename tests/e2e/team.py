"""What a browser test does in the gadget of supervisors."""

from __future__ import annotations

from playwright.sync_api import FrameLocator, Locator, expect

from tests.e2e.card import answer_call
from tests.harness.browser import BrowserDesktop, OpenDesktop
from tests.harness.site import DemoSite

STRANGER = "+1 415 555 0166"


def open_team(
    open_desktop: OpenDesktop, *, language: str = "en-US", width_px: int = 1200
) -> tuple[BrowserDesktop, FrameLocator]:
    """Open a supervisor's desktop with the team in front."""
    desktop = open_desktop("2001", language=language, width_px=width_px)
    desktop.page.get_by_role("tab", name="Callcard team").click()
    return desktop, desktop.team


def row_of(team: FrameLocator, name: str) -> Locator:
    return team.get_by_role("row").filter(has=team.get_by_role("button", name=name))


def open_agent(team: FrameLocator, name: str) -> Locator:
    """Open an agent's row and return what is below it."""
    button = team.get_by_role("button", name=name)
    button.click()
    expect(button).to_have_attribute("aria-expanded", "true")
    return team.locator("agent-panel")


def listen_to_call(
    open_desktop: OpenDesktop, site: DemoSite
) -> tuple[BrowserDesktop, str, Locator]:
    """Let a supervisor listen to Ana's call; return her desktop, the call and the row's panel."""
    ana = open_desktop("1001")
    call = answer_call(site, ana.gadget)
    _desktop, team = open_team(open_desktop)
    panel = open_agent(team, "Ana Costa")
    panel.get_by_role("button", name="Listen").click()
    expect(panel.get_by_text("Agent and customer do not hear you.")).to_be_visible()
    return ana, call, panel
