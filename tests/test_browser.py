"""The real bundle in Chromium, in the stand-in's desktop: what an agent sees and does."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.conftest import until
from tests.desk import NEEDS_CHROMIUM, Open, desks
from tests.site import Site, open_site

pytestmark = NEEDS_CHROMIUM

KNOWN = "+491713900001"
SWITCHBOARD = "+493023125000"
UNKNOWN = "+16465550199"
LONG = (
    "Wolfeschlegelsteinhausenbergerdorff-Müller-Lüdenscheidt von und zu Hohenlohe-Schillingsfürst"
)


@pytest.fixture(scope="module")
def whole_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    # The same tests with the vendor's library, which we may not ship: FINESSE_JS=finesse.js pytest tests/test_browser.py
    library: dict[str, Any] = (
        {"finesse_js": Path(os.environ["FINESSE_JS"])} if "FINESSE_JS" in os.environ else {}
    )
    with open_site(tmp_path_factory.mktemp("site"), **library) as site:
        yield site


@pytest.fixture
def site(whole_site: Site) -> Site:
    whole_site.post("reset")
    whole_site.switch.delay, whole_site.switch.down = 0.0, False
    return whole_site


@pytest.fixture
def desk(browser: Browser, site: Site) -> Iterator[Open]:
    with desks(browser, site) as open_desk:
        yield open_desk


def test_a_phone_rings_and_the_card_is_there(desk: Open, site: Site) -> None:
    ana = desk()
    gadget = ana.gadget
    expect(gadget.get_by_text("No call. The next caller’s card opens here.")).to_be_visible()
    call = site.ring(KNOWN, queue="Support", callVariable1="Order 4711")
    expect(gadget.get_by_role("heading", name="Käthe Schröder-von der Heide")).to_be_visible()
    for text in (
        "Nordlicht Maschinenbau GmbH",
        "Germany",
        "VIP",
        "Order 4711",
        "Support",
        "Ringing",
    ):
        expect(gadget.get_by_text(text).first).to_be_visible()
    expect(gadget.locator(".who-else .phone")).to_have_text("+49 171 3900001")
    expect(gadget.locator(".past li")).to_have_count(6)  # all there are
    expect(gadget.locator(".cases li")).to_have_count(1)
    expect(gadget.locator("[aria-live]")).to_have_text(
        re.compile("^Call from Käthe Schröder-von der Heide, Nordlicht")
    )
    record = gadget.get_by_role("link", name="Open record")
    assert record.get_attribute("rel") == "noopener noreferrer"
    with ana.page.context.expect_page() as opening:
        record.click()
    expect(opening.value.get_by_role("heading", name="Käthe")).to_be_visible()
    opening.value.close()

    for press, shown, then in [
        ("Answer", "On the call", "Hold"),
        ("Hold", "On hold", "Retrieve"),
        ("Retrieve", "On the call", "Hold"),
    ]:
        gadget.get_by_role("button", name=press, exact=True).click()
        expect(gadget.locator(".phase")).to_have_text(shown)
        expect(gadget.get_by_role("button", name=then, exact=True)).to_be_visible()
    gadget.get_by_role("button", name="Hang up").click()
    expect(gadget.locator(".phase")).to_have_text("Call ended")
    expect(gadget.locator("call-controls button")).to_have_count(0)
    expect(gadget.locator("call-panel h2")).to_be_focused()
    assert call not in [each["id"] for each in site.get("calls")]
    gadget.get_by_role("button", name="Close").click()
    expect(gadget.get_by_text("No call.")).to_be_visible()


def test_only_what_finesse_allows_is_offered(desk: Open, site: Site) -> None:
    gadget = desk().gadget
    site.ring(KNOWN)
    expect(gadget.locator("call-controls button")).to_have_text(["Answer"])
    gadget.get_by_role("button", name="Answer").click()
    expect(gadget.locator("call-controls button")).to_have_text(
        ["Hold", "Transfer…", "Keypad…", "Hang up"]
    )


def test_several_matches_are_ranked_and_the_choice_survives_a_reload(
    desk: Open, site: Site
) -> None:
    ana = desk()
    gadget = ana.gadget
    site.ring(SWITCHBOARD)
    choices = gadget.locator("contact-choice li")
    expect(choices).to_have_count(5)
    expect(gadget.get_by_text("5 contacts share this number")).to_be_visible()
    last = choices.nth(2).locator("strong").inner_text()
    choices.nth(2).get_by_role("button").click()
    expect(gadget.get_by_role("heading", name=last)).to_be_visible()
    ana.page.reload()
    expect(ana.gadget.get_by_role("heading", name=last)).to_be_visible()
    expect(ana.gadget.locator("contact-choice")).to_have_count(0)


def test_nobody_is_created_before_save(desk: Open, site: Site) -> None:
    gadget = desk().gadget
    before = site.contacts.count()
    call = site.ring(UNKNOWN, **{"user.customer_name": "Robin Vale"})
    expect(gadget.get_by_text("Nobody is known under this number.")).to_be_visible()
    expect(gadget.get_by_label("Name")).to_have_value("Robin Vale")
    expect(gadget.get_by_label("Number", exact=True)).to_have_value("(646) 555-0199")
    assert site.contacts.count() == before
    gadget.get_by_label("Number", exact=True).fill("not a number")
    gadget.get_by_role("button", name="Save").click()
    expect(gadget.locator("contact-form .error")).to_contain_text("not a number")
    expect(gadget.get_by_label("Number", exact=True)).to_be_focused()
    expect(gadget.get_by_label("Name")).to_have_value("Robin Vale")
    assert site.contacts.count() == before
    gadget.get_by_label("Number", exact=True).fill("(646) 555-0199")
    gadget.get_by_role("button", name="Save").dblclick()
    expect(gadget.get_by_role("heading", name="Robin Vale")).to_be_visible()
    assert site.contacts.count() == before + 1
    site.post(f"calls/{call}/drop")
    site.ring(UNKNOWN)
    expect(gadget.locator(".phase")).to_have_text("Ringing")
    expect(gadget.get_by_role("heading", name="Robin Vale")).to_be_visible()


@pytest.mark.parametrize(
    ("number", "said"),
    [("anonymous", "Number withheld"), ("", "Number withheld"), ("1003", "Extension 1003")],
)
def test_who_cannot_be_looked_up_is_said(desk: Open, site: Site, number: str, said: str) -> None:
    gadget = desk().gadget
    site.ring(number)
    expect(gadget.get_by_role("heading", name=said)).to_be_visible()
    expect(gadget.locator("contact-form")).to_have_count(0)


def test_only_the_last_digits_agree(desk: Open, site: Site) -> None:
    gadget = desk().gadget
    site.ring("+431713900001")
    expect(gadget.get_by_role("heading", name="Käthe")).to_be_visible()
    expect(gadget.get_by_text("Only the last digits of the number agree.")).to_be_visible()
    expect(gadget.locator("[aria-live]")).to_have_text(re.compile("^Call from Perhaps Käthe"))


def test_several_whose_last_digits_agree_are_not_said_to_share_it(desk: Open, site: Site) -> None:
    gadget = desk().gadget
    site.ring("+43" + SWITCHBOARD[3:])
    expect(gadget.locator("contact-choice li")).to_have_count(5)
    expect(
        gadget.get_by_text("5 contacts have a number that ends alike. Ask who is calling.")
    ).to_be_visible()


def test_what_is_being_typed_survives_other_calls(desk: Open, site: Site) -> None:
    gadget = desk().gadget
    first = site.ring("+16465550188")
    gadget.get_by_role("button", name="Answer").click()
    gadget.get_by_label("Company").press_sequentially("Vale ")
    site.ring(KNOWN)
    expect(gadget.get_by_role("tab")).to_have_count(2)
    expect(gadget.locator("[aria-live]")).to_have_text(re.compile("Käthe"))
    gadget.get_by_label("Company").press_sequentially("& Sons")
    expect(gadget.get_by_label("Company")).to_have_value("Vale & Sons")
    site.post(f"calls/{first}/drop")
    gadget.get_by_role("tab", name="(646) 555-0188").click()
    expect(gadget.get_by_label("Company")).to_have_value("Vale & Sons")
    gadget.get_by_role("button", name="Save").click()
    expect(gadget.get_by_role("heading", name="Vale & Sons")).to_be_visible()


def test_the_service_goes_down_and_comes_back(desk: Open, site: Site) -> None:
    gadget = desk().gadget
    site.switch.down = True
    site.ring(KNOWN, callVariable1="Order 4711")
    expect(gadget.get_by_text("Callcard’s service does not answer.")).to_be_visible()
    expect(gadget.locator("h2 .phone")).to_have_text(KNOWN)
    expect(gadget.get_by_text("Order 4711")).to_be_visible()
    gadget.get_by_role("button", name="Answer").click()
    expect(gadget.locator("call-panel header .error")).to_have_text(
        "Callcard’s service does not answer."
    )
    site.switch.down = False
    gadget.get_by_role("button", name="Try again").click()
    expect(gadget.get_by_role("heading", name="Käthe")).to_be_visible()
    gadget.get_by_role("button", name="Answer").click()
    expect(gadget.locator(".phase")).to_have_text("On the call")
    expect(gadget.locator("call-panel header .error")).to_be_hidden()


def test_a_slow_look_up_says_so(desk: Open, site: Site) -> None:
    gadget = desk().gadget
    site.switch.delay = 2.5
    site.ring(KNOWN)
    expect(gadget.get_by_text("Looking up the caller…")).to_be_visible()
    expect(gadget.get_by_text("Still looking.")).to_be_visible()
    expect(gadget.get_by_role("heading", name="Käthe")).to_be_visible()


def test_the_connection_to_finesse_is_lost_and_recovered(desk: Open, site: Site) -> None:
    gadget = desk().gadget
    site.ring(KNOWN)
    expect(gadget.get_by_role("heading", name="Käthe")).to_be_visible()
    site.post("faults", {"kind": "events"})
    expect(gadget.get_by_text("The connection to Finesse is lost.")).to_be_visible()
    gadget.get_by_role("button", name="Call +49 171 3900001").click()
    expect(gadget.get_by_text("No word from Finesse")).to_be_visible(timeout=9000)
    expect(gadget.get_by_text("The connection to Finesse is lost.")).to_be_visible()
    for each in site.get("calls"):
        site.post(f"calls/{each['id']}/drop")
    site.ring("anonymous")
    site.post("faults", {"kind": "events", "times": 0})
    expect(gadget.get_by_text("The connection to Finesse is lost.")).to_be_hidden()
    expect(gadget.get_by_role("heading", name="Number withheld")).to_be_visible()
    expect(gadget.get_by_role("heading", name="Käthe")).to_have_count(0)


def test_a_reload_during_a_call_brings_it_back(desk: Open, site: Site) -> None:
    ana = desk()
    site.ring(KNOWN)
    ana.gadget.get_by_role("button", name="Answer").click()
    expect(ana.gadget.locator(".phase")).to_have_text("On the call")
    ana.page.reload()
    expect(ana.gadget.get_by_role("heading", name="Käthe")).to_be_visible()
    expect(ana.gadget.locator(".phase")).to_have_text("On the call")
    ana.gadget.get_by_role("button", name="Hang up").click()
    expect(ana.gadget.locator(".phase")).to_have_text("Call ended")


def test_two_calls_at_once(desk: Open, site: Site) -> None:
    gadget = desk().gadget
    site.ring(KNOWN)
    gadget.get_by_role("button", name="Answer").click()
    expect(gadget.locator(".phase")).to_have_text("On the call")
    second = site.ring("+971501234567")
    expect(gadget.get_by_role("tab")).to_have_count(2)
    expect(gadget.get_by_role("heading", name="فاطمة المنصوري")).to_be_visible()
    expect(gadget.get_by_role("heading", name="Käthe")).to_be_hidden()
    gadget.get_by_role("button", name="Answer").click()
    expect(gadget.get_by_role("tab", name="Käthe")).to_have_attribute("data-phase", "held")
    gadget.get_by_role("tab", selected=True).press("ArrowLeft")
    expect(gadget.get_by_role("heading", name="Käthe")).to_be_visible()
    expect(gadget.get_by_role("button", name="Retrieve")).to_be_visible()
    site.post(f"calls/{second}/drop")
    expect(gadget.get_by_role("tab")).to_have_count(0)
    expect(gadget.get_by_role("heading", name="Käthe")).to_be_visible()


def test_search_and_click_to_dial(desk: Open, site: Site) -> None:
    gadget = desk().gadget
    search = gadget.get_by_label("Search contacts, or a number to call")
    search.fill("schröd nord")
    expect(gadget.get_by_role("button", name=re.compile("Käthe"))).to_be_visible()
    search.fill("schrod von")
    gadget.get_by_role("button", name=re.compile("Käthe")).click()
    expect(gadget.get_by_role("heading", name="Käthe")).to_be_visible()
    expect(search).to_have_value("")
    gadget.get_by_role("button", name="Call +49 171 3900001").dblclick()
    expect(gadget.locator(".phase")).to_have_text("Dialling")
    (call,) = site.get("calls")
    assert call["to"] == KNOWN
    site.post(f"calls/{call['id']}/answer")
    expect(gadget.locator(".phase")).to_have_text("On the call")
    expect(gadget.get_by_role("heading", name="Käthe")).to_be_visible()


def test_a_typed_number_is_dialled_once(desk: Open, site: Site) -> None:
    gadget = desk().gadget
    search = gadget.get_by_label("Search contacts, or a number to call")
    button = gadget.get_by_role("button", name="Call", exact=True)
    search.fill("no number")
    expect(button).to_be_disabled()
    search.fill("(212) 555-0123")
    button.dblclick()
    expect(gadget.locator(".phase")).to_have_text("Dialling")
    asked = [
        r
        for r in site.get("requests")
        if r["method"] == "POST" and r["path"] == "/finesse/api/User/1001/Dialogs"
    ]
    assert len(asked) == 1
    assert [call["to"] for call in site.get("calls")] == ["+12125550123"]


def test_a_slow_double_click_dials_once_too(desk: Open, site: Site) -> None:
    ana = desk()
    call = site.ring(KNOWN)
    number = ana.gadget.get_by_role("button", name="Call +49 171 3900001")
    expect(number).to_be_visible()
    site.post(f"calls/{call}/drop")
    expect(ana.gadget.locator(".phase")).to_have_text("Call ended")
    number.click()
    ana.page.wait_for_timeout(250)
    number.click()
    expect(ana.gadget.locator(".phase")).to_have_text("Dialling")
    ana.page.wait_for_timeout(300)
    assert len(site.get("calls")) == 1


def test_arrow_keys_pass_through_states_and_enter_means_one(desk: Open, site: Site) -> None:
    ana = desk()
    state = ana.gadget.get_by_label("Your state")
    expect(state.locator("option", has_text="Not ready: Lunch")).to_have_count(1)
    state.focus()
    before = len([r for r in site.get("requests") if r["method"] == "PUT"])
    for _ in range(3):
        ana.page.keyboard.press("ArrowDown")
    expect(state.locator("option:checked")).to_have_text("Not ready: Meeting")
    assert len([r for r in site.get("requests") if r["method"] == "PUT"]) == before
    ana.page.keyboard.press("Enter")
    until(lambda: site.sandbox.agents.users["1001"].reason_id == "2")
    expect(state).to_be_focused()


def test_state_with_reasons(desk: Open, site: Site) -> None:
    ana = desk()
    state = ana.gadget.get_by_label("Your state")
    expect(state.locator("option", has_text="Not ready: Lunch")).to_have_count(1)
    state.select_option(label="Ready")
    until(lambda: site.sandbox.agents.users["1001"].state == "READY")
    expect(ana.page.locator("#state")).to_have_value("READY")
    state.select_option(label="Not ready: Meeting")
    until(lambda: site.sandbox.agents.users["1001"].reason_id == "2")
    expect(state).to_have_value("NOT_READY 2")
    site.ring(KNOWN)
    ana.gadget.get_by_role("button", name="Answer").click()
    expect(state.locator("option:checked")).to_have_text("Talking")
    state.select_option(label="Ready")
    expect(ana.gadget.locator("agent-state")).to_have_attribute("data-next", "Then: Ready")


def test_a_refusal_by_finesse_is_told_in_its_words(desk: Open, site: Site) -> None:
    gadget = desk().gadget
    site.ring(KNOWN)
    expect(gadget.get_by_role("button", name="Answer")).to_be_visible()
    site.sandbox.agents.users["1001"].extension = "1009"  # the phone is somebody else's now
    gadget.get_by_role("button", name="Answer").click()
    expect(gadget.locator("call-panel header .error")).not_to_be_empty()
    site.sandbox.agents.users["1001"].extension = "1001"
    for participant in next(iter(site.sandbox.switch.dialogs.values())).participants:
        participant.state = "ACTIVE"  # answered on the phone itself, and the event was lost
    gadget.get_by_role("button", name="Answer").click()
    expect(gadget.locator("call-panel header .error")).to_have_text(
        "Finesse refused: not possible at this moment of the call (CF_INVALID_OBJECT_STATE)"
    )


def test_no_word_from_finesse_is_not_success(desk: Open, site: Site) -> None:
    gadget = desk().gadget
    site.ring(KNOWN)
    expect(gadget.get_by_role("heading", name="Käthe")).to_be_visible()
    site.sandbox.nodes[0].outlet.down = True  # the order arrives, its event is lost
    gadget.get_by_role("button", name="Answer").click()
    expect(gadget.get_by_role("button", name="Answer…")).to_have_attribute("aria-busy", "true")
    expect(gadget.locator("call-panel header .error")).to_contain_text(
        "No word from Finesse", timeout=9000
    )
    site.sandbox.nodes[0].outlet.down = False


def test_everything_by_keyboard(desk: Open, site: Site) -> None:
    ana = desk()
    keyboard = ana.page.keyboard
    ana.gadget.get_by_label("Your state").focus()
    site.ring(SWITCHBOARD)
    expect(ana.gadget.locator("contact-choice li")).to_have_count(5)
    for _ in range(10):
        keyboard.press("Tab")
        if ana.gadget.locator(":focus").inner_text() == "Answer":
            break
    keyboard.press("Enter")
    expect(ana.gadget.locator(".phase")).to_have_text("On the call")
    expect(ana.gadget.locator("call-controls button:focus")).to_have_count(1)
    for _ in range(10):
        keyboard.press("Tab")
        if ana.gadget.locator("contact-choice button:focus").count():
            break
    expect(ana.gadget.locator("contact-choice button:focus")).to_have_count(1)
    keyboard.press("Space")
    expect(ana.gadget.locator("call-panel h2")).to_be_focused()
    expect(ana.gadget.locator("contact-card")).to_be_visible()


@pytest.mark.parametrize(
    ("language", "direction", "idle", "answer"),
    [("de-DE", "ltr", "Kein Anruf.", "Annehmen"), ("ar-AE", "rtl", "لا توجد مكالمة.", "رد")],
)
def test_german_and_arabic(
    desk: Open, site: Site, language: str, direction: str, idle: str, answer: str
) -> None:
    ana = desk(language=language, width=320)
    gadget = ana.gadget
    expect(gadget.get_by_text(idle)).to_be_visible()
    expect(gadget.locator("html")).to_have_attribute("dir", direction)
    expect(gadget.locator("html")).to_have_attribute("lang", language[:2])
    site.ring("+971501234567")
    expect(gadget.get_by_role("heading", name="فاطمة المنصوري")).to_be_visible()
    button = gadget.get_by_role("button", name=answer, exact=True)
    heading = gadget.get_by_role("heading", name="فاطمة المنصوري").bounding_box()
    panel, box = gadget.locator("call-panel").bounding_box(), button.bounding_box()
    assert heading
    assert panel
    assert box
    on_the_right = box["x"] + box["width"] / 2 > panel["x"] + panel["width"] / 2
    assert on_the_right == (direction == "rtl")
    assert gadget.locator(".who-else .phone").get_attribute("dir") == "ltr"


@pytest.mark.parametrize("width", [300, 1500])
@pytest.mark.parametrize("language", ["en-US", "ar-AE"])
def test_long_names_stay_inside_a_gadget_of_any_width(
    desk: Open, site: Site, width: int, language: str
) -> None:
    from callcard.crm.local import Entry
    from callcard.telephony.numbers import read

    numbers = [(read(f"+4917139{n:05}", "DE"), LONG) for n in range(2, 6)]
    entry = Entry(
        key="id:long",
        name=LONG.replace(" ", ""),
        company=LONG,
        email=f"{'x' * 80}@example.org",
        flags=[LONG] * 3,
        numbers=numbers,
    )
    site.contacts.write([entry])
    ana = desk(language=language)
    ana.page.add_style_tag(content=f"iframe {{ width: {width}px !important }}")
    site.ring(
        "+491713900002",
        **{"user.a_variable_with_quite_a_long_name": LONG, "callVariable2": "x" * 200},
    )
    expect(ana.gadget.get_by_role("heading", name="Wolfeschlegel")).to_be_visible()
    overflow = ana.gadget.locator("html").evaluate("e => e.scrollWidth - e.clientWidth")
    wide = ana.gadget.locator("callcard-app").evaluate(
        "app => [...app.querySelectorAll('*')].filter(e => e.getBoundingClientRect().right > innerWidth + 1 && e.checkVisibility()"
        " && !e.closest('.hidden')).map(e => e.outerHTML.slice(0, 80))"
    )
    assert (overflow, wide) == (0, [])
    frame, inside = ana.page.locator("iframe"), ana.gadget.locator("callcard-app")

    def fits() -> bool:
        outer, inner = frame.bounding_box(), inside.bounding_box()
        return bool(outer and inner and abs(outer["height"] - inner["height"]) < 2)

    until(fits)


def test_what_callers_and_contacts_say_stays_text(desk: Open, site: Site) -> None:
    from callcard.crm.local import Entry
    from callcard.telephony.numbers import read

    evil = "<img src=x onerror=window.evil=1>"
    numbers = [(read("+491713900099", "DE"), evil)]
    site.contacts.write(
        [
            Entry(
                key="id:evil",
                name=evil,
                company=evil,
                url="javascript:evil",
                flags=[evil],
                numbers=numbers,
            )
        ]
    )
    ana = desk()
    site.ring("+491713900099", queue=evil, callVariable1=evil)
    expect(ana.gadget.get_by_role("heading", name=evil)).to_be_visible()
    expect(ana.gadget.locator("img")).to_have_count(0)
    expect(ana.gadget.get_by_role("link", name="Open record")).to_have_count(0)
    assert ana.gadget.locator("html").evaluate("() => window.evil") is None


def test_contrast_names_and_roles(desk: Open, site: Site) -> None:
    from axe_playwright_python.sync_playwright import Axe

    ana = desk()
    axe = Axe()
    frame = ana.page.frames[1]
    for number in (KNOWN, SWITCHBOARD, UNKNOWN):
        call = site.ring(number)
        expect(ana.gadget.locator("contact-card, contact-choice, contact-form")).to_have_count(1)
        told = axe.run(
            frame,
            options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]},
        )
        found = [f"{v['id']}: {v['nodes'][0]['html'][:120]}" for v in told.response["violations"]]
        # The gadget is a part of the desktop's page, which has the landmarks and the first heading.
        assert [f for f in found if not re.match("page-has-heading-one|region|landmark", f)] == []
        site.post(f"calls/{call}/drop")
        ana.gadget.get_by_role("button", name="Close").click()


def test_the_desktop_refuses_a_wrong_password_and_a_foreign_phone(desk: Open, site: Site) -> None:
    ana = desk(signed_in=False)
    ana.sign_in(site, password="wrong")
    expect(ana.page.get_by_role("alert").first).to_have_text(
        "Finesse does not accept this id and password."
    )
    desk("1002")
    ana.page.get_by_label("Password").fill("callcard")
    ana.page.get_by_label("Extension").fill("1002")
    ana.page.get_by_role("button", name="Sign in").click()
    expect(ana.page.get_by_role("alert").first).to_contain_text("Device Busy")


def test_the_panel_makes_it_ring_and_signing_out_ends_it(desk: Open, site: Site) -> None:
    ana = desk()
    ana.page.get_by_label("Who calls").select_option("A customer everybody knows")
    ana.page.get_by_role("button", name="Ring").click()
    expect(ana.gadget.get_by_role("heading", name="Käthe")).to_be_visible()
    ana.page.get_by_role("button", name="They hang up").click()
    expect(ana.gadget.locator(".phase")).to_have_text("Call ended")
    ana.page.get_by_role("button", name="Sign out").click()
    expect(ana.page.get_by_role("button", name="Sign in")).to_be_visible()
    assert site.sandbox.agents.users["1001"].state == "LOGOUT"


def test_a_gadget_that_is_refused_says_why(desk: Open, site: Site, tmp_path: Path) -> None:
    page = desk(signed_in=False).page
    page.goto(f"{site.finesse}/gadgets/ifr?url=/3rdpartygadget/files/callcard/none.xml")
    expect(
        page.get_by_text("there is no file /3rdpartygadget/files/callcard/none.xml")
    ).to_be_visible()


def test_the_bundle_works_from_elsewhere_too(desk: Open, site: Site, browser: Browser) -> None:
    """Hosted by the service on another origin, as a site does that keeps gadgets off Finesse."""
    ana = desk()
    frame = ana.page.locator("iframe")
    address = frame.get_attribute("src") or ""
    elsewhere = re.sub(r"url=[^#&]+", f"url={site.service}/gadget/callcard/callcard.xml", address)
    frame.evaluate("(f, src) => { f.src = src }", elsewhere)
    ana.ready()
    site.ring(KNOWN)
    expect(ana.gadget.get_by_role("heading", name="Käthe")).to_be_visible()
    scripts = ana.gadget.locator("script[type=module]").evaluate_all("all => all.map(s => s.src)")
    assert all(src.startswith(site.service) for src in scripts)
