"""The card of a call: who is calling, which contact it is, and several calls in tabs."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.card import (
    ARABIC_CUSTOMER,
    KNOWN_CUSTOMER,
    KNOWN_CUSTOMER_DISPLAYED,
    KNOWN_CUSTOMER_NAME,
    SHARED_NUMBER,
    UNKNOWN_CUSTOMER,
    answer_call,
    close_card,
    expect_phase,
    open_card,
    press,
    write_notes,
)
from tests.harness.browser import OpenDesktop
from tests.harness.site import DemoSite

NEW_NUMBER = "+16465550177"


def test_ringing_call_shows_caller(open_desktop: OpenDesktop, site: DemoSite) -> None:
    gadget = open_desktop().gadget
    expect(gadget.get_by_text("No call. The next caller’s card opens here.")).to_be_visible()
    site.ring(KNOWN_CUSTOMER, queue="Support", callVariable1="Order 4711")
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
    expect(gadget.locator(".who-else .phone")).to_have_text(KNOWN_CUSTOMER_DISPLAYED)
    expect(gadget.locator(".past li")).to_have_count(6)  # all that the contact has
    expect(gadget.locator(".cases li")).to_have_count(1)
    expect(gadget.locator("[aria-live]")).to_have_text(
        re.compile("^Call from Käthe Schröder-von der Heide, Nordlicht")
    )


def test_record_opens_in_a_tab_of_its_own(open_desktop: OpenDesktop, site: DemoSite) -> None:
    desktop = open_desktop()
    site.ring(KNOWN_CUSTOMER)
    link = desktop.gadget.get_by_role("link", name="Open record")
    expect(link).to_have_attribute("rel", "noopener noreferrer")
    with desktop.page.context.expect_page() as opening:
        link.click()
    expect(opening.value.get_by_role("heading", name="Käthe")).to_be_visible()


def test_call_controls_follow_the_call(open_desktop: OpenDesktop, site: DemoSite) -> None:
    gadget = open_desktop().gadget
    call = site.ring(KNOWN_CUSTOMER)
    for button, phase, next_button in [
        ("Answer", "On the call", "Hold"),
        ("Hold", "On hold", "Retrieve"),
        ("Retrieve", "On the call", "Hold"),
    ]:
        press(gadget, button)
        expect_phase(gadget, phase)
        expect(gadget.get_by_role("button", name=next_button, exact=True)).to_be_visible()
    press(gadget, "Hang up")
    expect_phase(gadget, "Call ended")
    expect(gadget.locator("call-controls button:visible")).to_have_count(0)
    expect(gadget.locator("call-panel h2")).to_be_focused()
    assert call not in [each["id"] for each in site.calls()]
    close_card(gadget)
    expect(gadget.get_by_text("No call.")).to_be_visible()


def test_choice_among_matches_survives_reload(open_desktop: OpenDesktop, site: DemoSite) -> None:
    desktop = open_desktop()
    gadget = desktop.gadget
    site.ring(SHARED_NUMBER)
    choices = gadget.locator("contact-choice li")
    expect(choices).to_have_count(5)
    expect(gadget.get_by_text("5 contacts share this number")).to_be_visible()
    name = choices.nth(2).locator("strong").inner_text()
    choices.nth(2).get_by_role("button").click()
    expect(gadget.get_by_role("heading", name=name)).to_be_visible()
    desktop.page.reload()
    expect(gadget.get_by_role("heading", name=name)).to_be_visible()
    expect(gadget.locator("contact-choice")).to_have_count(0)


def test_new_contact_is_created_only_on_save(open_desktop: OpenDesktop, site: DemoSite) -> None:
    gadget = open_desktop().gadget
    count = site.contacts.count()
    call = site.ring(UNKNOWN_CUSTOMER, **{"user.customer_name": "Robin Vale"})
    expect(gadget.get_by_text("No contact has this number.")).to_be_visible()
    name = gadget.get_by_label("Name")
    number = gadget.get_by_label("Number", exact=True)
    expect(name).to_have_value("Robin Vale")
    expect(number).to_have_value("(646) 555-0199")
    assert site.contacts.count() == count
    number.fill("not a number")
    gadget.get_by_role("button", name="Save").click()
    expect(gadget.locator("contact-form .error")).to_contain_text("not a number")
    expect(number).to_be_focused()
    expect(name).to_have_value("Robin Vale")
    assert site.contacts.count() == count
    number.fill("(646) 555-0199")
    gadget.get_by_label("Email").fill("robin at home")
    gadget.get_by_role("button", name="Save").click()
    expect(gadget.locator("contact-form .error")).to_contain_text("name@example.com")
    expect(gadget.get_by_label("Email")).to_be_focused()
    gadget.get_by_label("Email").fill("robin@vale.example")
    gadget.get_by_role("button", name="Save").dblclick()
    expect(gadget.get_by_role("heading", name="Robin Vale")).to_be_focused()
    assert site.contacts.count() == count + 1
    site.hang_up(call)
    expect_phase(gadget, "Missed call")
    site.ring(UNKNOWN_CUSTOMER)
    expect_phase(gadget, "Ringing")
    expect(gadget.get_by_role("heading", name="Robin Vale")).to_be_visible()


@pytest.mark.parametrize(
    ("number", "title"),
    [("anonymous", "Number withheld"), ("", "Number withheld"), ("1003", "Extension 1003")],
)
def test_withheld_and_internal_callers(
    open_desktop: OpenDesktop, site: DemoSite, number: str, title: str
) -> None:
    gadget = open_desktop().gadget
    site.ring(number)
    expect(gadget.get_by_role("heading", name=title)).to_be_visible()
    # A caller who withholds the number can still be recorded; a colleague is no contact.
    expect(gadget.locator("contact-form")).to_have_count(0 if number == "1003" else 1)


def test_colleagues_who_call_each_other_are_named(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    ana, bilal = (open_desktop(agent).gadget for agent in ("1001", "1002"))
    ana.get_by_role("searchbox").fill("1002")
    ana.get_by_role("button", name="Call", exact=True).click()
    press(bilal, "Answer")
    expect(open_card(bilal).get_by_role("heading", name="Ana Costa")).to_be_visible()
    expect(open_card(bilal)).to_contain_text("Extension 1001")
    expect(open_card(ana).get_by_role("heading", name="Bilal Haddad")).to_be_visible()
    expect(open_card(ana)).to_contain_text("Extension 1002")


def test_suffix_match_is_marked_as_partial(open_desktop: OpenDesktop, site: DemoSite) -> None:
    gadget = open_desktop().gadget
    site.ring("+43713900001")
    expect(gadget.get_by_role("heading", name="Käthe")).to_be_visible()
    expect(gadget.get_by_text("Partial match: only the last digits are the same.")).to_be_visible()
    expect(gadget.locator("[aria-live]")).to_have_text(re.compile("^Call from Possibly Käthe"))


def test_several_suffix_matches_are_marked_as_similar(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    site.ring("+43" + SHARED_NUMBER.removeprefix("+49"))
    expect(gadget.locator("contact-choice li")).to_have_count(5)
    expect(
        gadget.get_by_text("5 contacts have numbers that end with the same digits.")
    ).to_be_visible()


def test_half_typed_contact_survives_other_calls(open_desktop: OpenDesktop, site: DemoSite) -> None:
    gadget = open_desktop().gadget
    first = answer_call(site, gadget, "+16465550188")
    company = gadget.get_by_label("Company")
    company.press_sequentially("Vale ")
    site.ring(KNOWN_CUSTOMER)
    expect(gadget.get_by_role("tab")).to_have_count(2)
    expect(gadget.locator("[aria-live]")).to_have_text(re.compile("Käthe"))
    company.press_sequentially("& Sons")
    expect(company).to_have_value("Vale & Sons")
    site.hang_up(first)
    gadget.get_by_role("tab", name="(646) 555-0188").click()
    expect(company).to_have_value("Vale & Sons")
    gadget.get_by_role("button", name="Save").click()
    expect(gadget.get_by_role("heading", name="Vale & Sons")).to_be_visible()


def test_reload_restores_call(open_desktop: OpenDesktop, site: DemoSite) -> None:
    desktop = open_desktop()
    answer_call(site, desktop.gadget)
    desktop.page.reload()
    expect(desktop.gadget.get_by_role("heading", name="Käthe")).to_be_visible()
    expect_phase(desktop.gadget, "On the call")
    press(desktop.gadget, "Hang up")
    expect_phase(desktop.gadget, "Call ended")


def test_two_calls_in_tabs(open_desktop: OpenDesktop, site: DemoSite) -> None:
    gadget = open_desktop().gadget
    answer_call(site, gadget)
    second = site.ring(ARABIC_CUSTOMER)
    expect(gadget.get_by_role("tab")).to_have_count(2)
    expect(gadget.get_by_role("heading", name="Käthe")).to_be_visible()  # the agent is talking
    gadget.get_by_role("tab", name="فاطمة المنصوري").click()
    expect(gadget.get_by_role("heading", name="Käthe")).to_be_hidden()
    press(gadget, "Answer")
    expect_phase(gadget, "On the call")
    expect(gadget.get_by_role("tab", name="Käthe")).to_have_attribute("data-phase", "held")
    gadget.get_by_role("tab", selected=True).press("ArrowLeft")
    expect(gadget.get_by_role("heading", name="Käthe")).to_be_visible()
    expect(gadget.get_by_role("button", name="Retrieve")).to_be_visible()
    site.hang_up(second)
    ended = gadget.get_by_role("tab", name="فاطمة المنصوري to finish")
    ended.click()
    close_card(gadget)
    expect(gadget.get_by_role("tab")).to_have_count(0)
    expect(gadget.get_by_role("heading", name="Käthe")).to_be_visible()


def test_found_contact_becomes_the_caller_of_the_call_in_front(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    first = answer_call(site, gadget, "+12025550177")
    second = site.ring("+12025550188")
    expect(gadget.get_by_role("tab")).to_have_count(2)
    site.answer_on_phone(second)
    # the second call comes in front, even while typing
    expect(gadget.get_by_role("tab").last).to_have_attribute("aria-selected", "true")
    expect_phase(gadget, "On the call")
    gadget.get_by_role("tab").first.click()
    expect_phase(gadget, "On hold")
    gadget.get_by_role("searchbox").fill("Käthe")
    gadget.locator(".results").get_by_role("button", name="is the caller").first.click()
    expect(open_card(gadget).get_by_role("heading", name="Käthe")).to_be_visible()
    gadget.get_by_role("tab").last.click()
    expect_phase(gadget, "On the call")
    expect(open_card(gadget).get_by_role("heading", name="Käthe")).to_have_count(0)
    site.hang_up(second)
    site.hang_up(first)


def test_unfinished_call_stays_beside_the_next_one(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    call = answer_call(site, gadget)
    write_notes(gadget, "promised")
    site.hang_up(call)
    expect_phase(gadget, "Call ended")
    expect(open_card(gadget).locator(".clock")).to_have_text(re.compile(r"^\d\d:\d\d$"))
    site.ring(UNKNOWN_CUSTOMER)
    expect(gadget.get_by_role("tab")).to_have_count(2)
    gadget.get_by_role("tab").last.click()
    press(gadget, "Answer")
    expect_phase(gadget, "On the call")  # an answered call comes in front
    gadget.get_by_role("tab", name=re.compile(r"^Käthe.* to finish \(\d\d:\d\d\)$")).click()
    write_notes(gadget, "promised a credit note")
    close_card(gadget)
    expect_phase(gadget, "On the call")
    assert site.delivered_interaction(call).agents[0].notes == "promised a credit note"


def test_wrong_contact_is_taken_off_and_the_caller_found(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    earlier = answer_call(site, gadget)
    site.hang_up(earlier)
    close_card(gadget)
    call = answer_call(site, gadget)
    gadget.get_by_role("button", name="Not them?").click()
    expect(gadget.get_by_text("Not the contact that was found.")).to_be_visible()
    expect(gadget.get_by_role("heading", name="Käthe")).to_have_count(0)
    gadget.get_by_role("button", name="Search for an existing contact").click()
    search = gadget.get_by_role("searchbox")
    expect(search).to_be_focused()
    search.fill("harbour")
    gadget.get_by_role("button", name="This is the caller: Harbour Lights Ferries").click()
    expect(gadget.get_by_role("heading", name="Harbour Lights Ferries")).to_be_visible()
    expect(search).to_have_value("")
    write_notes(gadget, "asked for the timetable")
    site.hang_up(call)
    close_card(gadget)
    found = [site.delivered_interaction(each).contact for each in (earlier, call)]
    assert all(found)
    assert len(set(found)) == 2


def test_contact_that_was_taken_off_can_be_taken_back(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    call = answer_call(site, gadget)
    gadget.get_by_role("button", name="Not them?").click()
    expect(gadget.get_by_role("heading", name=KNOWN_CUSTOMER_DISPLAYED)).to_be_visible()
    open_card(gadget).get_by_role("button", name=KNOWN_CUSTOMER_NAME).click(delay=1100)
    expect(gadget.get_by_role("heading", name=KNOWN_CUSTOMER_NAME)).to_be_visible()
    write_notes(gadget, "it was them")
    site.hang_up(call)
    close_card(gadget)
    assert site.delivered_interaction(call).contact


def test_caller_who_is_nobody_known_is_logged_without_a_contact(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    call = answer_call(site, gadget)
    gadget.get_by_role("button", name="Not them?").click()
    write_notes(gadget, "wrong record")
    site.hang_up(call)
    close_card(gadget)
    assert site.delivered_interaction(call).contact == ""


def test_case_is_opened_from_the_call(open_desktop: OpenDesktop, site: DemoSite) -> None:
    gadget = open_desktop().gadget
    answer_call(site, gadget, callVariable1="Order 4711")
    write_notes(gadget, "pump leaks")
    gadget.get_by_role("button", name="New case…").click()
    form = gadget.locator("case-form")
    expect(form.get_by_label("Subject")).to_have_value("Order 4711")
    expect(form.get_by_label("Notes")).to_have_value("pump leaks")
    form.get_by_label("Subject").fill("Pump leaks")
    form.get_by_role("button", name="Save").click()
    expect(form).to_have_count(0)
    expect(gadget.get_by_text("The case is saved.")).to_be_visible()
    case = gadget.locator("call-panel .cases li", has_text="Pump leaks")
    expect(case).to_contain_text("new")
    expect(gadget.get_by_role("definition").first).to_have_text("(2) Pump leaks")  # in brief
    case.locator("summary").press("Enter")
    expect(case.get_by_text("pump leaks", exact=True)).to_be_visible()


def test_call_dialled_from_a_record_is_with_that_contact(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    """The number is shared by five contacts."""
    gadget = open_desktop().gadget
    call = site.ring(SHARED_NUMBER)
    last = gadget.locator("contact-choice button strong").last
    expect(last).to_be_visible()
    name = last.inner_text()
    site.hang_up(call)
    close_card(gadget, "Missed call")
    gadget.get_by_role("searchbox").fill(f"{name} Nordlicht")
    gadget.locator(".results .pick").first.click()
    shared = gadget.locator("contact-record .dial", has_text="23125000")
    shared.click()
    expect(gadget.locator("call-panel").get_by_role("heading", name=name)).to_be_visible()
    expect(gadget.locator("contact-choice")).to_have_count(0)
    call = site.call_to(SHARED_NUMBER)["id"]
    site.answer(call)
    expect_phase(gadget, "On the call")
    site.hang_up(call)
    close_card(gadget)
    interaction = site.delivered_interaction(call)
    assert interaction.contact


def test_double_click_on_answer_does_not_press_hold(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    call = site.ring(KNOWN_CUSTOMER)
    gadget.get_by_role("button", name="Answer").dblclick()
    expect_phase(gadget, "On the call")
    write_notes(gadget, "still on the call")
    expect_phase(gadget, "On the call")
    assert len(site.requests("PUT", f"/finesse/api/Dialog/{call}")) == 1


def test_search_during_a_call_leaves_its_buttons_in_place(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    answer_call(site, gadget)
    hold = gadget.get_by_role("button", name="Hold")
    before = _top(hold)
    gadget.get_by_role("searchbox").fill("nordlicht")
    expect(gadget.locator(".results .pick").nth(3)).to_be_visible()
    assert _top(hold) == before
    open_card(gadget).get_by_label("Notes").focus()
    expect(gadget.locator(".results")).to_be_hidden()
    gadget.get_by_role("searchbox").focus()
    gadget.locator(".results .pick").first.click()
    expect(gadget.locator("contact-record h2")).to_be_focused()
    assert _top(hold) == before


def _top(element: Locator) -> float:
    """Return where an element starts in the gadget, wherever the page is scrolled to."""
    top: float = element.evaluate("element => element.getBoundingClientRect().top")
    return top
