"""The contact of a call: found by searching, given the number that called, flagged."""

from __future__ import annotations

from playwright.sync_api import Locator, expect

from tests.e2e.card import (
    ARABIC_CUSTOMER,
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
from tests.harness.waiting import wait_until

NEW_NUMBER = "+16465550177"


def test_record_found_during_a_call_becomes_its_contact(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    answer_call(site, gadget, UNKNOWN_CUSTOMER)
    gadget.get_by_role("searchbox").fill("Käthe")
    gadget.locator(".results .pick").first.click()
    record = gadget.locator("contact-record")
    record.get_by_role("button", name="is the caller").click()
    expect(record).to_have_count(0)
    expect(gadget.locator("call-panel").get_by_role("heading", name="Käthe")).to_be_visible()


def test_search_that_failed_leaves_no_results_of_other_words(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    gadget.get_by_role("searchbox").fill("Böhm")
    expect(gadget.locator(".results .pick").first).to_be_visible()
    site.service.is_down = True
    gadget.get_by_role("searchbox").press_sequentially("e")
    search = gadget.locator("contact-search")
    expect(search.get_by_role("status")).to_contain_text("does not respond")
    expect(search.locator(".results .pick")).to_have_count(0)
    site.service.is_down = False


def test_search_after_a_call_offers_nobody_as_its_caller(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    call = answer_call(site, gadget, ARABIC_CUSTOMER)
    search = gadget.get_by_role("searchbox")
    search.fill("Böhm")
    is_the_caller = gadget.locator(".results").get_by_role("button", name="This is the caller")
    expect(is_the_caller.first).to_be_visible()
    site.hang_up(call)
    expect_phase(gadget, "Call ended")
    search.fill("Böhme")
    search.fill("Böhm")
    expect(gadget.locator(".results .pick").first).to_be_visible()
    expect(is_the_caller).to_have_count(0)


def test_search_goes_on_when_a_call_rings_beside_an_ended_one(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop(width_px=400).gadget
    ended = answer_call(site, gadget, UNKNOWN_CUSTOMER)
    site.hang_up(ended)
    expect_phase(gadget, "Call ended")
    search = gadget.get_by_role("searchbox")
    search.press_sequentially("schro")
    picks = gadget.locator(".results .pick")
    expect(picks.first).to_be_visible()
    call = site.ring(ARABIC_CUSTOMER)
    answer = gadget.locator("call-panel:not([hidden])").get_by_role("button", name="Answer")
    expect(gadget.get_by_role("tab", name="فاطمة المنصوري")).to_be_visible()
    search.press_sequentially("der")
    expect(search).to_have_value("schroder")
    gadget.get_by_role("tab", name="فاطمة المنصوري").click()
    expect(answer).to_be_visible()
    site.hang_up(call)


def test_results_do_not_cover_the_call_that_rings(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    desktop = open_desktop(width_px=400)
    gadget = desktop.gadget
    search = gadget.get_by_role("searchbox")
    search.press_sequentially("schro")
    picks = gadget.locator(".results .pick")
    expect(picks.first).to_be_visible()
    call = site.ring(ARABIC_CUSTOMER)
    expect(open_card(gadget).get_by_role("heading", name="فاطمة المنصوري")).to_be_visible()
    expect(search).to_have_value("schro")
    expect(picks.first).to_be_hidden()
    press(gadget, "Answer")
    expect_phase(gadget, "On the call")
    search.focus()
    expect(picks.first).to_be_visible()
    site.hang_up(call)


def test_result_takes_no_press_in_the_moment_in_which_the_call_ends(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    desktop = open_desktop(width_px=400)
    gadget = desktop.gadget
    call = answer_call(site, gadget, "+16465550166")
    gadget.get_by_role("button", name="Add (646) 555-0166 to a contact…").click()
    gadget.get_by_role("searchbox").fill("schro")
    number = gadget.locator(".results .dial").first
    number.click(trial=True)
    box = number.bounding_box()
    assert box
    site.hang_up(call)
    expect_phase(gadget, "Call ended")
    desktop.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(gadget.locator(".results .pick").first).to_be_visible()
    expect(gadget.get_by_text("was added to")).to_have_count(0)
    expect(gadget.locator("contact-record")).to_have_count(0)


def test_number_of_an_unknown_caller_is_added_to_the_contact_that_is_searched(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    answer_call(site, gadget, "+16465550166")
    gadget.get_by_role("button", name="Add (646) 555-0166 to a contact…").click()
    expect(gadget.get_by_role("searchbox")).to_be_focused()
    gadget.get_by_role("searchbox").fill("Böhm")
    add = gadget.locator(".results").get_by_role("button", name="Add (646) 555-0166 here: ")
    add.first.click()
    question = gadget.locator(".results").get_by_role("alertdialog")
    expect(question).to_contain_text("Add (646) 555-0166 to the record of ")
    question.get_by_role("button", name="Cancel").press("Escape")
    expect(question).to_be_hidden()
    add.first.click()
    question.get_by_role("button", name="Add", exact=True).click()
    expect(gadget.locator("call-panel h2")).to_contain_text("Böhm")
    expect(gadget.get_by_text("(646) 555-0166 was added to ")).to_be_visible()
    expect(gadget.locator("call-panel .reach")).to_contain_text("(646) 555-0166")


def test_adding_the_number_is_given_up_by_escape(open_desktop: OpenDesktop, site: DemoSite) -> None:
    gadget = open_desktop().gadget
    answer_call(site, gadget, "+16465550165")
    search = gadget.get_by_role("searchbox")
    gadget.get_by_role("button", name="Add (646) 555-0165 to a contact…").click()
    search.press("Escape")
    open_card(gadget).get_by_label("Notes").fill("wants to change her address")
    search.fill("Böhm")
    found = gadget.locator(".results")
    found.get_by_role("button", name="This is the caller: ").first.click()
    expect(gadget.locator("call-panel h2")).to_contain_text("Böhm")
    expect(gadget.locator("call-panel .reach")).not_to_contain_text("(646) 555-0165")


def test_adding_the_number_ends_with_the_call_and_when_the_agent_turns_away(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    call = answer_call(site, gadget, "+16465550163")
    add = gadget.get_by_role("button", name="Add (646) 555-0163 to a contact…")
    found = gadget.locator(".results")
    for _way in ("turns away", "call ends"):
        add.click()
        gadget.get_by_role("searchbox").fill("Böhm")
        expect(found.get_by_role("button", name="Add (646) 555-0163 here: ").first).to_be_visible()
        open_card(gadget).locator("h2").click()
        gadget.get_by_role("searchbox").click()
        expect(found.get_by_role("button", name="Add (646) 555-0163 here: ")).to_have_count(0)
        expect(found.get_by_role("button", name="This is the caller: ").first).to_be_visible()
    site.hang_up(call)
    close_card(gadget)
    expect(gadget.get_by_role("searchbox")).to_have_value("")


def test_callers_number_is_added_to_the_chosen_contact(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    call = answer_call(site, gadget, NEW_NUMBER)
    gadget.get_by_role("button", name="Search for an existing contact").click()
    expect(gadget.get_by_role("searchbox")).to_be_focused()
    gadget.get_by_role("searchbox").fill("فاطمة")
    gadget.locator(".results .pick").first.click()
    gadget.locator("contact-record").get_by_role("button", name="is the caller").click()
    add = gadget.get_by_role("button", name="Add (646) 555-0177 to this contact")
    add.click()
    expect(add).to_have_count(0)
    expect(gadget.locator("call-panel .reach")).to_contain_text("(646) 555-0177")
    site.hang_up(call)
    close_card(gadget)
    site.ring(NEW_NUMBER)
    expect(gadget.get_by_role("heading", name="فاطمة").first).to_be_visible()


def test_half_filled_contact_comes_back_when_the_chosen_one_is_not_them(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    answer_call(site, gadget, SHARED_NUMBER)
    gadget.locator("contact-form").get_by_label("Company").fill("Lindqvist AB")
    choices = gadget.locator("contact-choice").get_by_role("button")
    choices.first.click()
    gadget.get_by_role("button", name="Not them?").click()
    expect(gadget.locator("contact-form").get_by_label("Company")).to_have_value("Lindqvist AB")


def test_flags_that_warn_come_first_and_look_different(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    call = site.ring(ARABIC_CUSTOMER)
    flags = open_card(gadget).get_by_role("list", name="Flags").get_by_role("listitem")
    expect(flags).to_have_text(["Payment overdue", "VIP"])
    warning, other = (
        flag.locator("span").evaluate("each => getComputedStyle(each).color")
        for flag in flags.all()
    )
    assert warning != other
    site.hang_up(call)


def test_words_from_before_the_call_are_not_searched_for_the_caller(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    words = gadget.get_by_role("searchbox")
    words.fill("Böhm")
    expect(gadget.locator(".results .pick").first).to_be_visible()
    call = answer_call(site, gadget, "+16465550163")
    gadget.get_by_role("button", name="Add (646) 555-0163 to a contact…").click()
    expect(words).to_be_focused()
    expect(words).to_have_value("")
    expect(gadget.locator(".results .pick")).to_have_count(0)
    words.fill("Anna")  # during the call: the next word replaces it
    open_card(gadget).locator("h2").click()
    gadget.get_by_role("button", name="Add (646) 555-0163 to a contact…").click()
    words.press_sequentially("Lena")
    expect(words).to_have_value("Lena")
    site.hang_up(call)


def test_earlier_calls_of_a_number_that_nobody_has_are_shown(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    call = answer_call(site, gadget, "+16465550163")
    write_notes(gadget, "wants a refund")
    site.hang_up(call)
    close_card(gadget)
    call = site.ring("+16465550163")
    expect(gadget.locator("call-brief")).to_contain_text("Last contact")
    expect(gadget.locator("call-brief")).to_contain_text("wants a refund")
    press(gadget, "Answer")
    earlier = gadget.locator("section.unnamed")
    expect(earlier.get_by_role("heading")).to_have_text("Earlier calls of this number")
    expect(earlier).to_contain_text("wants a refund")
    # Once it is known who calls, they are theirs.
    form = gadget.locator("contact-form")
    form.get_by_label("Name").fill("Dora Fremd")
    form.get_by_role("button", name="Save").click()
    expect(gadget.get_by_role("heading", name="Dora Fremd").first).to_be_visible()
    expect(earlier).to_contain_text("wants a refund")
    site.hang_up(call)
    close_card(gadget)
    call = site.ring("+16465550163")
    expect(gadget.get_by_role("heading", name="Dora Fremd").first).to_be_visible()
    expect(gadget.locator("contact-card .past")).to_contain_text("wants a refund")
    expect(earlier).to_have_count(0)
    site.hang_up(call)


def test_search_finds_colleagues_and_calls_them(open_desktop: OpenDesktop, site: DemoSite) -> None:
    gadget = open_desktop().gadget
    open_desktop("1002")
    search = gadget.locator("contact-search")
    _search_until_found(search, "bilal h")
    expect(search.get_by_role("status")).to_have_text(
        "No contact found · Colleagues, phone books: 1"
    )
    expect(search.get_by_text("Colleagues and phone books")).to_be_visible()
    call = search.get_by_role("button", name="Call Bilal Haddad")
    search.get_by_role("searchbox").press("ArrowDown")
    expect(call).to_be_focused()
    call.click()
    expect(open_card(gadget).get_by_role("heading", name="Bilal Haddad")).to_be_visible()


def test_colleague_found_during_a_call_is_offered_the_call(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    open_desktop("1002")
    answer_call(site, gadget)
    search = gadget.locator("contact-search")
    _search_until_found(search, "bilal h")
    search.get_by_role("button", name="Call Bilal Haddad").click()
    gadget.get_by_role("button", name="Consult Bilal Haddad").click()
    expect(gadget.get_by_role("tab", name="Bilal Haddad")).to_be_visible()


def _search_until_found(search: Locator, name: str) -> None:
    """Search for a colleague whose first request to the service is noted in the background."""

    def is_found() -> bool:
        search.get_by_role("searchbox").fill("")
        search.get_by_role("searchbox").fill(name)
        expect(search.get_by_role("status")).not_to_be_empty()
        return search.get_by_role("button", name="Call Bilal Haddad").is_visible()

    wait_until(is_found)


def test_search_for_one_caller_never_chooses_for_the_next(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    first = answer_call(site, gadget, "+4930555001")
    site.hang_up(first)
    expect_phase(gadget, "Call ended")
    gadget.get_by_role("button", name="Add +49 30 555001 to a contact…").click()
    words = gadget.get_by_role("searchbox")
    found = gadget.locator(".results")
    words.press_sequentially("Böhm")
    expect(found.get_by_role("button", name="Add +49 30 555001 here: ").first).to_be_visible()
    site.ring("+4930555002")
    expect_phase(gadget, "Ringing")
    words.press_sequentially(" ")
    expect(found.locator(".pick").first).to_be_visible()
    expect(found.get_by_role("button", name="here: ")).to_have_count(0)
    expect(found.get_by_role("button", name="This is the caller")).to_have_count(0)
    # Words that are typed anew are about the call in front.
    words.fill("")
    words.press_sequentially("Böhm")
    choose = found.get_by_role("button", name="This is the caller").first
    choose.click()
    expect(open_card(gadget).get_by_role("heading", name="Böhm")).to_be_visible()
    expect_phase(gadget, "Ringing")
