"""What an agent has half done when a call ends, the page is left or they sign out."""

from __future__ import annotations

import httpx
from playwright.sync_api import expect

from tests.e2e.card import (
    KNOWN_CUSTOMER,
    KNOWN_CUSTOMER_NAME,
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


def test_reload_brings_an_unfinished_call_back(open_desktop: OpenDesktop, site: DemoSite) -> None:
    desktop = open_desktop()
    gadget = desktop.gadget
    call = answer_call(site, gadget)
    write_notes(gadget, "wants a credit note")
    site.hang_up(call)
    expect_phase(gadget, "Call ended")
    gadget.get_by_label("Your state").select_option(label="Ready")
    expect(gadget.get_by_label("Your state")).to_have_attribute("aria-busy", "false")
    desktop.page.reload()
    card = open_card(gadget)
    expect(card.get_by_role("heading", name=KNOWN_CUSTOMER_NAME)).to_be_visible()
    expect(card.get_by_label("Notes")).to_have_value("wants a credit note")
    expect(card.get_by_text("left for notes")).to_be_visible()
    # It is no earlier call of its own.
    expect(card.locator("contact-card")).not_to_contain_text("wants a credit note")
    card.get_by_role("radio", name="Complaint").check()
    expect(card.locator(".saved")).to_have_text("Saved")
    close_card(gadget)
    assert site.delivered_interaction(call).wrap_up_reasons == ("Complaint",)
    desktop.page.reload()
    desktop.wait_until_ready()
    expect(gadget.locator("call-panel")).to_have_count(0)


def test_reload_during_wrap_up_leaves_the_card(open_desktop: OpenDesktop, site: DemoSite) -> None:
    desktop = open_desktop()
    gadget = desktop.gadget
    site.change_user("1001", wrap_up="REQUIRED", wrap_up_seconds=300)
    call = answer_call(site, gadget)
    write_notes(gadget, "wants a credit note")
    site.hang_up(call)
    state = gadget.locator("agent-state")
    expect(state).to_have_attribute("data-state", "WORK")
    # Finesse signs out nobody from here.
    expect(state.locator("option", has_text="Not ready: Lunch")).to_have_count(1)
    expect(state.locator("option", has_text="Sign out")).to_have_count(0)
    desktop.page.reload()
    card = open_card(gadget)
    expect(card.get_by_role("heading", name=KNOWN_CUSTOMER_NAME)).to_be_visible()
    expect(gadget.locator("callback-list:defined")).to_be_attached()
    expect(card.get_by_label("Notes")).to_have_value("wants a credit note")
    expect(card.locator(".clock")).not_to_have_text("")
    card.get_by_label("Notes").press_sequentially(", by mail")
    card.get_by_role("radio", name="Complaint").check()
    card.get_by_role("button", name="Save and be ready").click()
    delivered = site.delivered_interaction(call)
    assert delivered.wrap_up_reasons == ("Complaint",)
    assert "wants a credit note, by mail" in str(delivered.agents)


def test_notes_of_a_customer_who_was_not_reached_can_be_finished(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    desktop = open_desktop()
    gadget = desktop.gadget
    search = gadget.get_by_role("searchbox")
    search.fill(KNOWN_CUSTOMER)
    search.press("Enter")
    expect_phase(gadget, "Dialling")
    write_notes(gadget, "spoke on their mailbox")
    dialled = site.call_to(KNOWN_CUSTOMER)["id"]
    press(gadget, "Hang up")
    expect_phase(gadget, "Not reached")
    desktop.page.reload()
    expect(open_card(gadget).get_by_label("Notes")).to_have_value("spoke on their mailbox")
    answer_call(site, gadget, UNKNOWN_CUSTOMER)
    gadget.get_by_role("tab", name=KNOWN_CUSTOMER_NAME).click(delay=1100)
    card = open_card(gadget)
    expect(card.get_by_text("left for notes")).to_be_visible()
    card.get_by_role("radio", name="Complaint").check()
    expect(card.locator(".saved")).to_have_text("Saved")
    close_card(gadget, "Not reached")
    assert site.delivered_interaction(dialled).wrap_up_reasons == ("Complaint",)


def test_words_typed_just_before_signing_out_are_saved(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    desktop = open_desktop()
    gadget = desktop.gadget
    call = answer_call(site, gadget)
    write_notes(gadget, "wants a credit note")
    site.hang_up(call)
    expect_phase(gadget, "Call ended")
    open_card(gadget).get_by_label("Notes").fill("wants a credit note, by Friday")
    state = gadget.get_by_label("Your state")
    state.select_option(label=state.locator("option", has_text="Sign out").first.inner_text())
    expect(desktop.page.get_by_label("Agent id")).to_be_visible()
    desktop.sign_in(site)
    expect(open_card(gadget).get_by_label("Notes")).to_have_value("wants a credit note, by Friday")
    close_card(gadget)
    (agent,) = site.delivered_interaction(call).agents
    assert agent.notes == "wants a credit note, by Friday"


def test_words_typed_when_a_supervisor_signs_out_come_back_with_the_agent(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    desktop = open_desktop()
    gadget = desktop.gadget
    call = answer_call(site, gadget)
    write_notes(gadget, "wants a credit note")
    answer = httpx.put(
        f"{site.finesse_url}/finesse/api/User/1001",
        auth=("2001", "callcard"),
        headers={"Content-Type": "application/xml"},
        content="<User><state>LOGOUT</state></User>",
    )
    assert answer.status_code == 202
    open_card(gadget).get_by_label("Notes").press_sequentially(", by Friday")
    site.hang_up(call)  # Finesse's desktop closes at once
    expect(desktop.page.get_by_label("Agent id")).to_be_visible()
    desktop.sign_in(site)
    expect(open_card(gadget).get_by_label("Notes")).to_have_value("wants a credit note, by Friday")
    expect(open_card(gadget).locator(".saved")).to_have_text("Saved")
    close_card(gadget)


def test_signing_out_with_an_open_form_is_asked_for_twice(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    call = answer_call(site, gadget, UNKNOWN_CUSTOMER)
    open_card(gadget).get_by_label("Name").fill("Dora")
    site.hang_up(call)
    expect_phase(gadget, "Call ended")
    state = gadget.get_by_label("Your state")
    sign_out = state.locator("option", has_text="Sign out").first.inner_text()
    state.select_option(label=sign_out)
    expect(gadget.get_by_text("A form is not saved.")).to_be_visible()
    expect(open_card(gadget).get_by_label("Name")).to_have_value("Dora")
    assert site.user("1001")["state"] != "LOGOUT"
    state.select_option(label=sign_out)
    wait_until(lambda: site.user("1001")["state"] == "LOGOUT")


def test_half_typed_call_variable_is_shown_when_the_call_ends(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    call = answer_call(site, gadget, callVariable1="gold")
    variables = open_card(gadget).locator("call-variables")
    variables.get_by_role("button", name="Edit").click()
    variables.get_by_role("button", name="Change").first.click()
    variables.get_by_role("textbox").fill("platinum")
    site.hang_up(call)
    expect(variables.get_by_role("alert")).to_have_text("The call has ended. Not saved: platinum")


def test_call_of_an_outage_comes_back_after_a_reload(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    desktop = open_desktop()
    gadget = desktop.gadget
    site.service.is_down = True
    call = site.ring(UNKNOWN_CUSTOMER)
    press(gadget, "Answer")
    notes = open_card(gadget).get_by_label("Notes")
    expect(notes).to_be_visible()
    notes.press_sequentially("wants an offer")
    expect(open_card(gadget).get_by_text("Not saved, retrying")).to_be_visible()
    site.hang_up(call)
    expect_phase(gadget, "Call ended")
    desktop.page.reload()
    expect(notes).to_have_value("wants an offer")
    site.service.is_down = False
    expect(gadget.get_by_text("Saved", exact=True)).to_be_visible()
    # Finesse cannot confirm the call any more: a supervisor decides whether it is delivered.
    address = f"{site.service_url}/api/v1/interactions"
    answer = httpx.get(address, params={"call": call}, auth=("1001", "callcard"))
    (interaction,) = answer.json()["interactions"]
    assert interaction["notes"][0]["text"] == "wants an offer"


def test_press_just_after_a_notice_came_or_went_does_nothing(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    desktop = open_desktop(width_px=360)
    gadget = desktop.gadget
    answer_call(site, gadget)
    site.service.is_down = True
    notice = gadget.get_by_text("Caller information unavailable since")
    expect(notice).to_be_visible(timeout=40_000)
    site.service.is_down = False
    expect(notice).to_be_hidden(timeout=40_000)
    hang_up = open_card(gadget).get_by_role("button", name="Hang up")
    box = hang_up.bounding_box()
    assert box is not None
    desktop.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect_phase(gadget, "On the call")
    desktop.page.wait_for_timeout(1200)
    assert site.calls(), "the customer is still there"
    hang_up.click()
    expect_phase(gadget, "Call ended")


def test_saved_callback_moves_no_button(open_desktop: OpenDesktop, site: DemoSite) -> None:
    gadget = open_desktop(width_px=360).gadget
    answer_call(site, gadget)
    hang_up = open_card(gadget).get_by_role("button", name="Hang up")
    before = hang_up.bounding_box()
    gadget.get_by_role("button", name="Call back later…").click()
    form = gadget.locator("callback-form")
    form.get_by_role("button", name="Tomorrow 9:00").click()
    form.get_by_role("button", name="Save").click()
    notice = gadget.get_by_text("The callback is in your list.")
    expect(notice).to_be_visible()
    assert hang_up.bounding_box() == before
    expect(notice).to_be_hidden()
    assert hang_up.bounding_box() == before


def test_contact_that_was_put_back_leaves_the_form_unsaved(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    call = answer_call(site, gadget, "+16465550141")
    open_card(gadget).get_by_label("Name").fill("Otto Schr")
    gadget.get_by_role("searchbox").fill("Böhm")
    gadget.locator(".results").get_by_role("button", name="This is the caller: ").first.click()
    open_card(gadget).get_by_role("button", name="Not them?").click()
    expect(open_card(gadget).get_by_label("Name")).to_have_value("Otto Schr")
    site.hang_up(call)
    close_card(gadget)
    expect(gadget.get_by_text("The new contact is not saved.")).to_be_visible()
    expect(open_card(gadget).get_by_label("Name")).to_have_value("Otto Schr")


def test_number_is_not_dialled_over_a_ringing_call(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    search = gadget.get_by_role("searchbox")
    search.press_sequentially("+49 30 1234567")
    site.ring(UNKNOWN_CUSTOMER)
    expect_phase(gadget, "Ringing")
    search.press_sequentially("8")
    search.press("Enter")
    notice = gadget.get_by_text("A call is ringing. Answer it first.")
    expect(notice).to_be_visible()
    expect(gadget.locator("contact-search .found")).to_be_hidden()
    expect(search).to_have_value("+49 30 12345678")
    assert len(site.calls()) == 1
    press(gadget, "Answer")
    expect_phase(gadget, "On the call")
    expect(notice).to_be_hidden()


def test_contact_chosen_in_a_preview_is_that_of_the_call(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    site.preview("+16465550142", direct=site.platform == "uccx")
    expect(open_card(gadget).get_by_text("has not been called yet")).to_be_visible()
    gadget.get_by_role("searchbox").fill("Böhm")
    gadget.locator(".results").get_by_role("button", name="This is the caller: ").first.click()
    expect(open_card(gadget).get_by_role("heading", name="Böhm")).to_be_visible()
    press(gadget, "Call now")
    expect(gadget.get_by_text("has not been called yet")).to_have_count(0)
    expect(open_card(gadget).get_by_role("heading", name="Böhm")).to_be_visible()


def test_contact_rejected_in_a_preview_is_not_that_of_the_call(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    site.preview(KNOWN_CUSTOMER, direct=site.platform == "uccx")
    expect(open_card(gadget).get_by_role("heading", name="Käthe")).to_be_visible()
    open_card(gadget).get_by_role("button", name="Not them?").click()
    press(gadget, "Call now")
    expect_phase(gadget, "Dialling")
    call = site.call_to(KNOWN_CUSTOMER)["id"]
    site.answer(call)
    expect_phase(gadget, "On the call")
    expect(open_card(gadget).get_by_text("Not the contact that was found.")).to_be_visible()
    write_notes(gadget, "a new tenant has the number")
    site.hang_up(call)
    close_card(gadget)
    assert site.delivered_interaction(call).contact == ""


def test_contact_begun_in_a_preview_goes_on_in_the_call(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    site.preview("+16465550142", direct=site.platform == "uccx")
    expect(open_card(gadget).get_by_text("has not been called yet")).to_be_visible()
    open_card(gadget).get_by_label("Name", exact=True).fill("Ada Byron")
    press(gadget, "Call now")
    expect(gadget.get_by_text("has not been called yet")).to_have_count(0)
    expect_phase(gadget, "Dialling")
    expect(gadget.get_by_role("tab")).to_have_count(0)
    form = open_card(gadget).locator("contact-form")
    expect(form.get_by_label("Name", exact=True)).to_have_value("Ada Byron")
    form.get_by_role("button", name="Save").click()
    expect(open_card(gadget).get_by_role("heading", name="Ada Byron")).to_be_visible()
    open_card(gadget).get_by_role("button", name="Not them?").click()
    expect(form.get_by_label("Name", exact=True)).to_have_value("")


def test_skipped_preview_says_what_closing_it_loses(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    site.preview("+16465550143", direct=site.platform == "uccx")
    open_card(gadget).get_by_label("Name", exact=True).fill("Ada Byron")
    press(gadget, "Skip")
    card = open_card(gadget)
    expect_phase(gadget, "Preview")
    close = card.get_by_role("button", name="Close", exact=True)
    close.click(delay=1100)
    expect(card.get_by_role("alert").filter(has_text="new contact is not saved")).to_be_visible()
    close.click(delay=1600)  # a press that is meant, after the pause
    expect(gadget.locator("call-panel")).to_have_count(0)


def test_forms_follow_whom_the_call_turned_out_to_be_with(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    answer_call(site, gadget)
    card = open_card(gadget)
    card.get_by_role("button", name="New case…").click()
    case = gadget.locator("case-form")
    case.get_by_label("Subject").fill("Wrong invoice")
    card.get_by_role("button", name="Not them?").click()
    case.get_by_role("button", name="Save").click()
    expect(case.get_by_text("Choose the caller first.")).to_be_visible()
    gadget.get_by_role("searchbox").fill("Böhm")
    gadget.locator(".results").get_by_role("button", name="This is the caller: ").first.click()
    expect(card.get_by_role("heading", name="Böhm")).to_be_visible()
    expect(case.get_by_role("heading")).to_contain_text("Böhm")
    case.get_by_role("button", name="Save").click()
    expect(case).to_have_count(0)
    expect(card.locator("contact-card").get_by_text("Wrong invoice")).to_be_visible()


def test_reason_of_an_outage_survives_a_reload(open_desktop: OpenDesktop, site: DemoSite) -> None:
    desktop = open_desktop()
    gadget = desktop.gadget
    call = answer_call(site, gadget)
    write_notes(gadget, "asks for the price")
    site.service.is_down = True
    open_card(gadget).get_by_label("Sale").check()
    expect(open_card(gadget).locator(".saved")).to_contain_text("Not saved")
    site.hang_up(call)
    expect_phase(gadget, "Call ended")
    desktop.page.reload()
    site.service.is_down = False
    expect(open_card(gadget).get_by_label("Sale")).to_be_checked()
    expect(open_card(gadget).locator(".saved")).to_have_text("Saved", timeout=30_000)
    close_card(gadget)
    assert site.delivered_interaction(call).wrap_up_reasons == ("Sale",)


def test_reload_in_a_call_shows_every_text(open_desktop: OpenDesktop, site: DemoSite) -> None:
    """The call details are on the page before the script that draws them has its texts."""
    desktop = open_desktop()
    gadget = desktop.gadget
    answer_call(site, gadget, callVariable1="Order 4711")
    for _ in range(3):
        write_notes(gadget, "x")
        desktop.page.reload()
        details = open_card(gadget).locator("call-variables")
        expect(details.get_by_role("button", name="Edit")).to_be_visible()
        expect(details.get_by_role("heading")).to_contain_text("Call details")
