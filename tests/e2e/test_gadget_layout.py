"""The gadget's page: keyboard, languages, widths, accessibility and markup in data."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import FrameLocator, Locator, Page, expect

from callcard.crm.base import Case, HistoryEntry
from callcard.crm.local_writes import ContactEntry
from callcard.telephony.numbers import read
from tests.e2e.card import (
    ARABIC_CUSTOMER,
    KNOWN_CUSTOMER,
    SHARED_NUMBER,
    UNKNOWN_CUSTOMER,
    answer_call,
    close_card,
    expect_phase,
    open_card,
    press,
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
    expect(gadget.locator("call-panel h2")).to_be_focused()  # not on Hold
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


def test_arrow_keys_move_through_results_and_digits_are_sent(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    gadget.get_by_role("searchbox").fill("nordlicht")
    picks = gadget.locator(".results .pick")
    expect(picks.nth(2)).to_be_visible()
    expect(picks.filter(has_text="VIP").first).to_be_visible()
    expect(picks.first).to_contain_text("Last:")
    gadget.get_by_role("searchbox").press("ArrowDown")
    expect(picks.first).to_be_focused()
    picks.first.press("ArrowDown")
    expect(picks.nth(1)).to_be_focused()
    picks.nth(1).press("ArrowUp")
    picks.first.press("ArrowUp")
    expect(gadget.get_by_role("searchbox")).to_be_focused()
    call = site.ring(KNOWN_CUSTOMER)
    gadget.get_by_role("button", name="Answer").click()
    gadget.get_by_role("button", name="Keypad…").click()
    one = gadget.locator("call-keypad").get_by_role("button", name="1", exact=True)
    expect(one).to_be_focused()
    gadget.locator("call-keypad").evaluate(
        """keypad => [..."4567"].forEach((key) =>
            keypad.querySelector("button").dispatchEvent(
                new KeyboardEvent("keydown", { key, bubbles: true })))"""
    )
    wait_until(lambda: bool(site.call(call)["dtmf"] == "4567"))


@pytest.mark.parametrize(
    ("language", "direction", "idle", "answer"),
    [
        ("de-DE", "ltr", "Kein Anruf.", "Annehmen"),
        ("fr-FR", "ltr", "Aucun appel.", "Répondre"),
        ("es-ES", "ltr", "Sin llamadas.", "Contestar"),
        ("ar-AE", "rtl", "لا توجد مكالمة.", "رد"),
    ],
)
def test_other_languages(
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


@pytest.mark.parametrize("language", ["en-US", "ar-AE"])
@pytest.mark.parametrize(
    "about", ["Cancellation, as she moves abroad in May", "إلغاء العقد بسبب الانتقال إلى بلد آخر"]
)
def test_beginning_of_long_text_is_shown_in_its_own_direction(
    open_desktop: OpenDesktop, site: DemoSite, language: str, about: str
) -> None:
    desktop = open_desktop(language=language)
    desktop.page.add_style_tag(content="iframe { width: 300px !important }")
    site.ring("+12025550199", callVariable1=about)
    line = desktop.gadget.locator("call-brief dd", has_text=about)
    expect(line).to_be_visible()
    is_first_shown, is_last_shown = line.evaluate(
        """dd => {
          const text = dd.querySelector("span").lastChild;
          const box = dd.getBoundingClientRect();
          return [0, text.length - 1].map((at) => {
            const range = new Range();
            range.setStart(text, at);
            range.setEnd(text, at + 1);
            const { left, right } = range.getBoundingClientRect();
            return left >= box.left - 1 && right <= box.right + 1;
          });
        }"""
    )
    assert (is_first_shown, is_last_shown) == (True, False)


def _overflowing_elements(gadget: FrameLocator) -> list[str]:
    """Return the start of each visible element that reaches beyond the gadget's right edge.

    What an element around it cuts off, with an ellipsis, does not count.
    """
    elements: list[str] = gadget.locator("callcard-app").evaluate(
        """app => {
          const isCut = (e) => e !== app
            && (getComputedStyle(e).overflowX !== "visible" || isCut(e.parentElement));
          return [...app.querySelectorAll("*")]
            .filter((e) => e.getBoundingClientRect().right > innerWidth + 1)
            .filter((e) => e.checkVisibility() && !e.closest(".hidden") && !isCut(e.parentElement))
            .map((e) => e.outerHTML.slice(0, 80));
        }"""
    )
    return elements


def _height(element: Locator) -> float:
    box = element.bounding_box()
    assert box
    return box["height"]


@pytest.mark.parametrize(
    ("width_px", "language"),
    [
        *((width_px, "en-US") for width_px in (300, 360, 640, 1280)),
        *((300, language) for language in ("de-DE", "fr-FR", "es-ES", "ar-AE")),
    ],
)
def test_record_stands_above_the_fold_while_ringing(
    open_desktop: OpenDesktop, site: DemoSite, width_px: int, language: str
) -> None:
    """Flags, first case, last contact and language, before anything to write."""
    number = "+491713900002"
    entry = ContactEntry(
        key="id:long",
        name=LONG_NAME,
        company=LONG_NAME,
        language="pt-BR",
        flags=["VIP", "Payment overdue", "Key account since 1999"],
        numbers=[(read(f"+4917139{n:05}", "DE"), "Mobile") for n in range(2, 14)],
    )
    site.contacts.write_contacts([entry])
    site.contacts.write_history(
        [
            (
                "id:long",
                HistoryEntry(
                    started_at=f"2026-01-{day:02}T10:{minute}:00Z", kind="call", subject=LONG_NAME
                ),
            )
            for day in range(1, 21)
            for minute in (10, 20)
        ]
    )
    site.contacts.write_cases(
        [("id:long", Case(id=str(n), subject=LONG_NAME, status="open"), True) for n in range(12)]
    )
    desktop = open_desktop(language=language)
    gadget = desktop.gadget
    desktop.page.add_style_tag(content=f"iframe {{ width: {width_px}px !important }}")
    for caller, most_px in ((KNOWN_CUSTOMER, 260), (number, 360)):
        call = site.ring(caller, queue="Support", callVariable1="Order 4711")
        header = gadget.locator("call-panel header")
        brief = header.get_by_role("definition")
        expect(brief).to_have_count(4)  # first case, last contact, calling about, language
        for part in (header.get_by_role("list"), *brief.all()):
            expect(part).to_be_visible()
            assert _bottom(part) <= most_px
        notes = gadget.locator("call-notes").get_by_role("textbox")
        expect(notes).to_be_hidden()
        assert _overflowing_elements(gadget) == []
        site.answer_on_phone(call)
        expect(notes).to_be_visible()
        site.hang_up(call)
        gadget.locator(".done").click()


def _bottom(element: Locator) -> float:
    """Return where an element ends, in pixels from the gadget's upper edge."""
    bottom: float = element.evaluate("e => e.getBoundingClientRect().bottom + scrollY")
    return bottom


def test_more_rows_are_shown_on_request(open_desktop: OpenDesktop, site: DemoSite) -> None:
    gadget = open_desktop().gadget
    site.ring(KNOWN_CUSTOMER)
    past = gadget.locator(".past")
    expect(past.get_by_role("listitem")).to_have_count(3)
    more = past.get_by_role("button", name=re.compile(r"\d+ more"))
    count = 3 + int((more.text_content() or "").split()[0])
    more.press("Enter")
    expect(past.get_by_role("listitem")).to_have_count(count)
    expect(past.get_by_role("listitem").nth(3)).to_be_focused()


def test_call_variables_have_the_labels_of_the_layout(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    site.ring(KNOWN_CUSTOMER, callVariable3="Gold", callVariable1="Order 4711", BAStatus="x")
    about = gadget.get_by_role("definition").filter(has_text="Order 4711")
    expect(about.first).to_have_text("Order 4711 · Gold")
    expect(gadget.get_by_role("list", name="Call details")).to_have_count(0)


def test_further_call_variables_of_the_layout_are_chips(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    values = {f"callVariable{number}": f"value {number}" for number in range(1, 11)}
    site.ring(KNOWN_CUSTOMER, **values)
    chips = gadget.get_by_role("list", name="Call details").get_by_role("listitem")
    expect(chips).to_have_text(
        [f"Call variable {number}: value {number}" for number in range(4, 9)]
    )


def test_what_is_opened_below_is_brought_into_view(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    desktop = open_desktop()
    gadget = desktop.gadget
    desktop.page.set_viewport_size({"width": 800, "height": 500})
    answer_call(site, gadget)
    gadget.get_by_role("searchbox").fill("harbour")
    gadget.locator(".results .pick").first.click()
    record = gadget.locator("contact-record")
    expect(record.get_by_role("heading", name="Harbour")).to_be_in_viewport()
    desktop.page.keyboard.press("Escape")
    expect(record).to_have_count(0)
    expect(open_card(gadget).get_by_role("heading", name="Käthe")).to_be_focused()


def test_buttons_keep_their_places_when_one_is_named_anew(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    desktop = open_desktop()
    gadget = desktop.gadget
    desktop.page.add_style_tag(content="iframe { width: 300px !important }")
    answer_call(site, gadget)
    keypad = open_card(gadget).get_by_role("button", name="Keypad…")
    before = keypad.bounding_box()
    press(gadget, "Hold")
    expect_phase(gadget, "On hold")
    assert keypad.bounding_box() == before


def test_names_in_a_conference_keep_their_order(open_desktop: OpenDesktop, site: DemoSite) -> None:
    ana = open_desktop("1001").gadget
    bilal = open_desktop("1002").gadget
    answer_call(site, ana, ARABIC_CUSTOMER)
    press(ana, "Transfer…")
    ana.get_by_role("button", name="Consult Bilal Haddad", exact=True).click()
    press(bilal, "Answer")
    press(ana, "Conference")
    line = ana.get_by_text("On the line:")
    expect(line).to_contain_text("Bilal Haddad")
    # The isolated names: what surrounds them has the direction of the sentence.
    assert re.search("\u2068[^\u2068]*فاطمة[^\u2068]*\u2069", line.inner_text())


def test_full_notes_say_so(open_desktop: OpenDesktop, site: DemoSite) -> None:
    gadget = open_desktop().gadget
    answer_call(site, gadget)
    open_card(gadget).get_by_label("Notes").fill("x" * 20_000)
    expect(gadget.get_by_text("The notes are full: 20000 characters at most.")).to_be_visible()


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
        expect(gadget.locator("contact-card, contact-choice, contact-form").first).to_be_visible()
        result = Axe().run(frame, options={"runOnly": ACCESSIBILITY_RULES})
        violations = [
            f"{violation['id']}: {violation['nodes'][0]['html'][:120]}"
            for violation in result.response["violations"]
            if not PAGE_RULES.match(violation["id"])
        ]
        assert violations == []
        site.hang_up(call)
        close_card(gadget, "Missed call")
