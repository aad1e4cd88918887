"""One call on the cards of two agents: its contact is the same on both."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import unquote

from playwright.sync_api import FrameLocator, Response, expect

from tests.e2e.card import (
    KNOWN_CUSTOMER_NAME,
    answer_call,
    close_card,
    expect_phase,
    open_card,
    press,
    write_notes,
)
from tests.harness.browser import BrowserDesktop, OpenDesktop
from tests.harness.site import DemoSite

NEW_CONTACT = "Lee Right"


def hand_over(
    open_desktop: OpenDesktop, site: DemoSite, number: str
) -> tuple[BrowserDesktop, BrowserDesktop]:
    """Transfer a caller whom nobody knows from Ana, whose page has its own clock, to Bilal."""
    ana = open_desktop("1001", own_clock=True)
    bilal = open_desktop("1002")
    answer_call(site, ana.gadget, number)
    pass_on(ana.gadget, bilal.gadget)
    return ana, bilal


def pass_on(ana: FrameLocator, bilal: FrameLocator) -> None:
    """Transfer Ana's call to Bilal."""
    press(ana, "Transfer…")
    ana.get_by_role("button", name="Transfer to Bilal Haddad", exact=True).click()
    press(bilal, "Answer")
    expect_phase(bilal, "On the call")
    expect_phase(ana, "Transferred to Bilal Haddad")


def save_contact(gadget: FrameLocator, name: str) -> None:
    card = open_card(gadget)
    card.get_by_label("Name").fill(name)
    card.get_by_role("button", name="Save", exact=True).click()


def changes(field: str) -> Callable[[Response], bool]:
    """Return whether a response is to a change of an interaction's field."""
    return lambda response: f'{{"{field}":' in unquote(unquote(response.request.post_data or ""))


def save_call_contact(desktop: BrowserDesktop, name: str) -> None:
    """Save a new contact, and wait until the service has it as the call's."""
    with desktop.page.expect_response(changes("contact")):
        save_contact(desktop.gadget, name)
    heading = open_card(desktop.gadget).get_by_role("heading", name=name)
    expect(heading).to_be_visible()


def test_contact_that_a_colleague_saved_is_shown(open_desktop: OpenDesktop, site: DemoSite) -> None:
    ana, bilal = hand_over(open_desktop, site, "+16465550191")
    save_call_contact(bilal, NEW_CONTACT)
    ana.page.clock.fast_forward(31_000)
    expect(open_card(ana.gadget).get_by_role("heading", name=NEW_CONTACT)).to_be_visible()
    expect(
        ana.gadget.get_by_text(f"{NEW_CONTACT} is the contact of this call now.")
    ).to_be_visible()


def save_second_contact(
    open_desktop: OpenDesktop, site: DemoSite, number: str
) -> tuple[FrameLocator, FrameLocator]:
    """Save a contact at Bilal, who has the call, and try to save another one at Ana."""
    ana, bilal = hand_over(open_desktop, site, number)
    save_call_contact(bilal, NEW_CONTACT)
    save_contact(ana.gadget, "Lee Wrong")
    expect(open_card(ana.gadget).get_by_role("alert")).to_contain_text(
        f"{NEW_CONTACT} has been chosen for this call"
    )
    expect(open_card(ana.gadget).get_by_label("Name")).to_have_value("Lee Wrong")
    return ana.gadget, bilal.gadget


def test_second_contact_for_a_call_is_not_created_by_mistake(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    ana, _bilal = save_second_contact(open_desktop, site, "+16465550192")
    card = open_card(ana)
    card.get_by_role("button", name="Discard this, show the chosen contact").click()
    expect(card.get_by_role("heading", name=NEW_CONTACT)).to_be_visible()


def test_agent_who_has_left_does_not_outvote_who_is_on_the_call(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    ana, bilal = save_second_contact(open_desktop, site, "+16465550193")
    open_card(ana).get_by_role("button", name="Save", exact=True).click()
    notice = ana.get_by_text("A colleague who is on the call has chosen another contact.")
    expect(notice).to_be_visible()
    for gadget in (ana, bilal):
        expect(open_card(gadget).get_by_role("heading", name=NEW_CONTACT)).to_be_visible()


def test_contact_that_a_colleague_took_off_is_shown_no_more(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    ana = open_desktop("1001")
    bilal = open_desktop("1002", own_clock=True)
    answer_call(site, ana.gadget)
    pass_on(ana.gadget, bilal.gadget)
    card = open_card(bilal.gadget)
    expect(card.get_by_role("heading", name=KNOWN_CUSTOMER_NAME)).to_be_visible()
    with ana.page.expect_response(changes("contact_unknown")):
        open_card(ana.gadget).get_by_role("button", name="Not them?").click()
    expect(open_card(ana.gadget).get_by_text("Not the contact that was found.")).to_be_visible()
    bilal.page.clock.fast_forward(31_000)
    expect(card.get_by_role("heading", name=KNOWN_CUSTOMER_NAME)).to_have_count(0)
    expect(card.get_by_text("Not the contact that was found.")).to_be_visible()
    notice = bilal.gadget.get_by_text(
        f"{KNOWN_CUSTOMER_NAME} is not the contact of this call any more"
    )
    expect(notice).to_be_visible()


def test_case_is_not_opened_for_who_is_not_the_caller_any_more(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    ana = open_desktop("1001")
    bilal = open_desktop("1002").gadget
    answer_call(site, ana.gadget)
    pass_on(ana.gadget, bilal)
    open_card(bilal).get_by_role("button", name="New case…").click()
    form = bilal.locator("case-form")
    form.get_by_label("Subject").fill("Router broken")
    expect(form.get_by_role("heading")).to_contain_text(KNOWN_CUSTOMER_NAME)
    open_card(ana.gadget).get_by_role("button", name="Not them?").click()
    save_call_contact(ana, "Lee Other")
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("heading")).to_contain_text("Lee Other")
    expect(form.get_by_label("Subject")).to_have_value("Router broken")
    form.get_by_role("button", name="Save").click()
    expect(bilal.get_by_text("The case is saved.")).to_be_visible()
    expect(open_card(bilal).get_by_role("heading", name="Lee Other")).to_be_visible()
    expect(open_card(bilal).locator("call-brief")).to_contain_text("Router broken")


def test_call_that_is_passed_back_rings_on_the_card_that_is_still_open(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    ana = open_desktop("1001").gadget
    bilal = open_desktop("1002").gadget
    for gadget in (ana, bilal):
        gadget.get_by_label("Your state").select_option(label="Ready")
        expect(gadget.get_by_label("Your state")).to_have_attribute("aria-busy", "false")
    call = answer_call(site, ana)
    write_notes(ana, "wants a refund")
    for giving, to, taking in ((ana, "Bilal Haddad", bilal), (bilal, "Ana Costa", ana)):
        press(giving, "Transfer…")
        giving.get_by_role("button", name=f"Transfer to {to}", exact=True).click()
        expect_phase(taking, "Ringing")
        press(taking, "Answer")
        expect_phase(taking, "On the call")
    site.hang_up(call)
    expect_phase(ana, "Call ended")


def test_notes_go_on_when_their_call_is_passed_back(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    desktop = open_desktop("1001", own_clock=True)
    ana, bilal = desktop.gadget, open_desktop("1002").gadget
    ana.get_by_label("Your state").select_option(label="Ready")  # for the queue
    expect(ana.locator("agent-state")).to_have_attribute("data-state", "READY")
    expect(ana.locator("callback-list:defined")).to_be_attached()
    call = answer_call(site, ana)
    pass_on(ana, bilal)
    notes = open_card(ana).get_by_label("Notes")
    notes.press_sequentially("wants a refund, ")
    desktop.page.clock.fast_forward(4000)  # what ends now is not what she has ended
    press(bilal, "Transfer…")
    bilal.get_by_role("button", name="Transfer to Support", exact=True).click()
    expect_phase(ana, "Ringing")
    expect(notes).to_be_focused()
    desktop.page.keyboard.type("call before 3")
    expect(notes).to_have_value("wants a refund, call before 3")
    assert ana.get_by_text("Missed call").count() == 0
    press(ana, "Answer")
    expect_phase(ana, "On the call")
    site.hang_up(call)
    close_card(ana)
    close_card(bilal, "Transferred to Support")
    assert "call before 3" in str(site.delivered_interaction(call).agents)


def test_half_filled_contact_goes_on_in_the_call_that_a_consult_becomes(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    ana = open_desktop("1001").gadget
    bilal = open_desktop("1002").gadget
    call = answer_call(site, ana, "+16465550195")
    press(ana, "Transfer…")
    ana.get_by_role("button", name="Consult Bilal Haddad").first.click()
    press(bilal, "Answer")
    open_card(bilal).get_by_label("Name").fill("Nora Pilgrim")
    expect_phase(ana, "Consulting")
    press(ana, "Complete transfer")
    expect(bilal.get_by_text("You now have the customer.")).to_be_visible()
    expect(open_card(bilal).get_by_label("Name")).to_have_value("Nora Pilgrim")
    open_card(bilal).get_by_role("button", name="Save", exact=True).click()
    expect(open_card(bilal).get_by_role("heading", name="Nora Pilgrim")).to_be_visible()
    site.hang_up(call)


def test_notes_closed_at_another_desk_are_saved(open_desktop: OpenDesktop, site: DemoSite) -> None:
    here = open_desktop("1001").gadget
    there = open_desktop("1001", own_clock=True)
    call = answer_call(site, here)
    write_notes(here, "Wants a quote")
    site.hang_up(call)
    expect_phase(there.gadget, "Call ended")
    close_card(here)
    site.delivered_interaction(call)
    there.page.clock.fast_forward(31_000)
    notes = open_card(there.gadget).get_by_label("Notes")
    expect(notes).not_to_be_editable()
    expect(notes).to_have_value("Wants a quote")
    expect(open_card(there.gadget).locator(".saved")).to_have_text("Saved")
