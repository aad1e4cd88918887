"""The gadget's page: keyboard, languages, widths, accessibility and markup in data."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import FrameLocator, Locator, Page, expect

from callcard.crm.local_writes import ContactEntry
from callcard.telephony.numbers import read
from tests.e2e.card import (
    ARABIC_CUSTOMER,
    KNOWN_CUSTOMER,
    SHARED_NUMBER,
    UNKNOWN_CUSTOMER,
    close_card,
    expect_phase,
)
from tests.harness.browser import OpenDesktop
from tests.harness.site import DemoSite
from tests.harness.waiting import wait_until

LONG_NAME = (
    "Wolfeschlegelsteinhausenbergerdorff-Müller-Lüdenscheidt von und zu Hohenlohe-Schillingsfürst"
)
MARKUP = "<img src=x onerror=window.scriptRan=1>"
ACCESSIBILITY_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
PAGE_RULES = re.compile("page-has-heading-one|region|landmark")
"""Rules for a whole page: the desktop around the gadget has the landmarks and the first heading."""
MAX_TABS = 10


def test_keyboard_answers_and_chooses_contact(open_desktop: OpenDesktop, site: DemoSite) -> None:
    desktop = open_desktop()
    gadget = desktop.gadget
    gadget.get_by_label("Your state").focus()
    site.ring(SHARED_NUMBER)
    expect(gadget.locator("contact-choice li")).to_have_count(5)
    _tab_to(desktop.page, gadget.locator("call-controls button", has_text="Answer"))
    desktop.page.keyboard.press("Enter")
    expect_phase(gadget, "On the call")
    expect(gadget.locator("call-controls button:focus")).to_have_count(1)
    _tab_to(desktop.page, gadget.locator("contact-choice button"))
    desktop.page.keyboard.press("Space")
    expect(gadget.locator("call-panel h2")).to_be_focused()
    expect(gadget.locator("contact-card")).to_be_visible()


def _tab_to(page: Page, target: Locator) -> None:
    """Press Tab until one of the target's elements has the focus."""
    for _ in range(MAX_TABS):
        page.keyboard.press("Tab")
        if any(target.evaluate_all("all => all.map((e) => e === document.activeElement)")):
            return
    raise AssertionError(f"{MAX_TABS} times Tab did not reach {target}")


@pytest.mark.parametrize(
    ("language", "direction", "idle", "answer"),
    [("de-DE", "ltr", "Kein Anruf.", "Annehmen"), ("ar-AE", "rtl", "لا توجد مكالمة.", "رد")],
)
def test_german_and_arabic(
    open_desktop: OpenDesktop,
    site: DemoSite,
    language: str,
    direction: str,
    idle: str,
    answer: str,
) -> None:
    gadget = open_desktop(language=language, width_px=320).gadget
    expect(gadget.get_by_text(idle)).to_be_visible()
    expect(gadget.locator("html")).to_have_attribute("dir", direction)
    expect(gadget.locator("html")).to_have_attribute("lang", language[:2])
    site.ring(ARABIC_CUSTOMER)
    expect(gadget.get_by_role("heading", name="فاطمة المنصوري")).to_be_visible()
    button = gadget.get_by_role("button", name=answer, exact=True)
    is_on_the_right = _center_x(button) > _center_x(gadget.locator("call-panel"))
    assert is_on_the_right == (direction == "rtl")
    expect(gadget.locator(".who-else .phone")).to_have_attribute("dir", "ltr")


def _center_x(element: Locator) -> float:
    box = element.bounding_box()
    assert box
    return box["x"] + box["width"] / 2


@pytest.mark.parametrize("width_px", [300, 1500])
@pytest.mark.parametrize("language", ["en-US", "ar-AE"])
def test_long_names_do_not_overflow(
    open_desktop: OpenDesktop, site: DemoSite, width_px: int, language: str
) -> None:
    numbers = [(read(f"+4917139{n:05}", "DE"), LONG_NAME) for n in range(2, 6)]
    contact = ContactEntry(
        key="id:long",
        name=LONG_NAME.replace(" ", ""),
        company=LONG_NAME,
        email=f"{'x' * 80}@example.org",
        flags=[LONG_NAME] * 3,
        numbers=numbers,
    )
    site.contacts.write_contacts([contact])
    desktop = open_desktop(language=language)
    gadget = desktop.gadget
    desktop.page.add_style_tag(content=f"iframe {{ width: {width_px}px !important }}")
    site.ring(
        "+491713900002",
        **{"user.a_variable_with_quite_a_long_name": LONG_NAME, "callVariable2": "x" * 200},
    )
    expect(gadget.get_by_role("heading", name="Wolfeschlegel")).to_be_visible()
    overflow = gadget.locator("html").evaluate("e => e.scrollWidth - e.clientWidth")
    assert overflow == 0
    assert _overflowing_elements(gadget) == []
    frame = desktop.page.locator("iframe")
    app = gadget.locator("callcard-app")
    wait_until(lambda: abs(_height(frame) - _height(app)) < 2)


def _overflowing_elements(gadget: FrameLocator) -> list[str]:
    """Return the start of each visible element that reaches beyond the gadget's right edge."""
    elements: list[str] = gadget.locator("callcard-app").evaluate(
        """app => [...app.querySelectorAll("*")]
          .filter((e) => e.getBoundingClientRect().right > innerWidth + 1)
          .filter((e) => e.checkVisibility() && !e.closest(".hidden"))
          .map((e) => e.outerHTML.slice(0, 80))"""
    )
    return elements


def _height(element: Locator) -> float:
    box = element.bounding_box()
    assert box
    return box["height"]


def test_markup_in_data_stays_text(open_desktop: OpenDesktop, site: DemoSite) -> None:
    number = "+491713900099"
    contact = ContactEntry(
        key="id:markup",
        name=MARKUP,
        company=MARKUP,
        url="javascript:window.scriptRan=1",
        flags=[MARKUP],
        numbers=[(read(number, "DE"), MARKUP)],
    )
    site.contacts.write_contacts([contact])
    gadget = open_desktop().gadget
    site.ring(number, queue=MARKUP, callVariable1=MARKUP)
    expect(gadget.get_by_role("heading", name=MARKUP)).to_be_visible()
    expect(gadget.locator("img")).to_have_count(0)
    expect(gadget.get_by_role("link", name="Open record")).to_have_count(0)
    assert gadget.locator("html").evaluate("() => window.scriptRan") is None


def test_accessibility_rules(open_desktop: OpenDesktop, site: DemoSite) -> None:
    desktop = open_desktop()
    gadget = desktop.gadget
    frame = desktop.page.frames[1]
    for number in (KNOWN_CUSTOMER, SHARED_NUMBER, UNKNOWN_CUSTOMER):
        call = site.ring(number)
        expect(gadget.locator("contact-card, contact-choice, contact-form")).to_have_count(1)
        result = Axe().run(frame, options={"runOnly": ACCESSIBILITY_RULES})
        violations = [
            f"{violation['id']}: {violation['nodes'][0]['html'][:120]}"
            for violation in result.response["violations"]
            if not PAGE_RULES.match(violation["id"])
        ]
        assert violations == []
        site.hang_up(call)
        close_card(gadget)
