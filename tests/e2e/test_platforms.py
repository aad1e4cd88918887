"""Calls in which UCCE and UCCX differ: recording, wrap-up, call data, campaigns, agent states."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from playwright.sync_api import Browser, FrameLocator, expect

from tests.e2e.card import (
    KNOWN_CUSTOMER,
    KNOWN_CUSTOMER_DISPLAYED,
    KNOWN_CUSTOMER_NAME,
    OTHER_UNKNOWN_CUSTOMER,
    answer_call,
    close_card,
    expect_phase,
    open_card,
    press,
    write_notes,
)
from tests.harness.browser import OpenDesktop, open_desktops, whole_chromium
from tests.harness.site import DemoSite
from tests.harness.waiting import wait_until

DOUBLE_CLICK_MS = 1000
"""In which the gadget takes a second press for the same one (gadget/shared/commands.js)."""


@pytest.fixture(scope="module", params=["ucce", "uccx"])
def site_options(request: pytest.FixtureRequest) -> dict[str, Any]:
    return {"platform": request.param}


@pytest.fixture(scope="module")
def agents_browser(browser: Browser) -> Iterator[Browser]:
    with whole_chromium(browser) as started:
        yield started


@pytest.fixture
def open_desktop(agents_browser: Browser, site: DemoSite) -> Iterator[OpenDesktop]:
    """Opens a desktop in the browser that agents use; other tests may use one without windows."""
    with open_desktops(agents_browser, site) as opener:
        yield opener


def test_whole_call_is_delivered_once(open_desktop: OpenDesktop, site: DemoSite) -> None:
    gadget = open_desktop().gadget
    call = answer_call(site, gadget, callVariable1="Order 4711")
    _send_tones(site, gadget, call, "42#")
    _start_recording(site, gadget, call)
    _write_variable(gadget, "callVariable1", "Order 4712")
    expect(gadget.locator("call-variables [role=status]")).to_have_text("Saved")
    assert site.call(call)["variables"]["callVariable1"] == "Order 4712"
    write_notes(gadget, "wants a pump")
    reasons = _choose_wrap_up_reasons(site, gadget, call)
    press(gadget, "Hang up")
    expect_phase(gadget, "Call ended")
    write_notes(gadget, "wants a pump\nby Friday")
    close_card(gadget)

    interaction = site.delivered_interaction(call)
    (segment,) = interaction.agents
    assert segment.notes == "wants a pump\nby Friday"
    assert (interaction.end_reason, interaction.owner) == ("completed", "1001")
    assert interaction.wrap_up_reasons == reasons
    assert interaction.variables["callVariable1"] == "Order 4712"
    assert interaction.contact
    site.ring(KNOWN_CUSTOMER, queue="Support")
    expect(gadget.locator(".past li").first).to_contain_text("Sale")
    expect(gadget.locator(".past li").first).to_contain_text("Ana Costa")


def _send_tones(site: DemoSite, gadget: FrameLocator, call: str, tones: str) -> None:
    keypad = gadget.get_by_role("button", name="Keypad…")
    press(gadget, "Keypad…")
    for tone in tones:
        gadget.locator(".keys").get_by_role("button", name=tone, exact=True).click()
        expect(keypad).to_have_attribute("aria-disabled", "false")
    wait_until(lambda: bool(site.call(call)["dtmf"] == tones))
    press(gadget, "Keypad…")
    expect(gadget.locator("call-drawer")).to_be_hidden()


def _start_recording(site: DemoSite, gadget: FrameLocator, call: str) -> None:
    if site.platform == "ucce":  # which has no recording by the agent
        expect(gadget.get_by_role("button", name="Record")).to_have_count(0)
        return
    press(gadget, "Record")
    wait_until(lambda: bool(site.call(call)["recording"]))


def _write_variable(gadget: FrameLocator, name: str, value: str) -> None:
    edit = gadget.locator("call-variables").get_by_role("button", name="Edit")
    if edit.get_attribute("aria-pressed") == "false":
        edit.click()
    label = name.replace("callVariable", "Call variable ")  # as the sandbox labels them
    gadget.get_by_label(f"Change {label}").click()
    gadget.locator("call-variables input").fill(value)
    gadget.locator("call-variables").get_by_role("button", name="Save").click()


def _choose_wrap_up_reasons(site: DemoSite, gadget: FrameLocator, call: str) -> tuple[str, ...]:
    """Choose one reason, or several on UCCX. Return them."""
    if site.platform == "ucce":
        reasons = gadget.get_by_role("radiogroup", name="Wrap-up reason")
        reasons.get_by_role("radio", name="Sale", exact=True).check()
        wait_until(lambda: bool(site.call(call)["wrap_up"] == ["Sale"]))
        return ("Sale",)
    gadget.get_by_label("Sale", exact=True).check()
    wait_until(lambda: bool(site.call(call)["wrap_up"] == ["Sale"]))
    gadget.get_by_label("Complaint", exact=True).check()
    wait_until(lambda: bool(site.call(call)["wrap_up"] == ["Sale", "Complaint"]))
    return ("Sale", "Complaint")


def test_truncated_and_rejected_call_variables(open_desktop: OpenDesktop, site: DemoSite) -> None:
    gadget = open_desktop().gadget
    answer_call(site, gadget, **{"user.case": "4711", "callVariable2": "x"})
    _write_variable(gadget, "user.case", "a case number that is too long for it")
    expect(gadget.locator("call-variables .error")).to_have_text(
        "Finesse kept only “a case number that i”"
    )
    field = gadget.locator("call-variables input")
    too_long = "x" * 41 if site.platform == "ucce" else "ж" * 20
    _write_variable(gadget, "callVariable2", too_long)
    expect(field).to_have_value(too_long)
    expect(field).to_be_focused()
    if site.platform == "ucce":
        field.fill("ж" * 5)
        field.press("Enter")
        expect(gadget.locator("call-variables")).to_contain_text("cannot store the character")


def test_outbound_preview_is_accepted(open_desktop: OpenDesktop, site: DemoSite) -> None:
    gadget = open_desktop().gadget
    site.preview(KNOWN_CUSTOMER, direct=site.platform == "uccx")
    expect(gadget.get_by_role("heading", name="Käthe")).to_be_visible()
    expect_phase(gadget, "Preview")
    expect(open_card(gadget)).to_contain_text("The customer has not been called yet.")
    expect(open_card(gadget)).not_to_contain_text("BACampaign")
    controls = open_card(gadget).get_by_role("group", name="Call control").get_by_role("button")
    expect(controls).to_have_text(["Call now", "Skip", "Remove from campaign"])
    expect(gadget.locator("agent-state option:checked")).to_have_text("Reserved")
    press(gadget, "Remove from campaign")
    question = gadget.get_by_role("alertdialog")
    expect(question).to_contain_text("Never call this customer again in this campaign?")
    question.get_by_role("button", name="Cancel").click()
    press(gadget, "Call now")
    expect_phase(gadget, "Dialling")
    site.answer(site.call_to(KNOWN_CUSTOMER)["id"])
    expect_phase(gadget, "On the call")
    # The dialer's callbacks; there is none to cancel yet, but it has its place.
    expect(controls.filter(has_text="Reschedule…")).to_be_enabled()
    expect(controls.filter(has_text="Cancel callback")).to_be_disabled()
    expect(open_card(gadget).get_by_role("button", name="Call back later…")).to_be_hidden()
    # The dialer takes the customer's time: in Berlin it is an hour later than here, or two.
    press(gadget, "Reschedule…")
    form = open_card(gadget).locator("call-drawer form")
    at = form.get_by_label("When, at the customer’s")
    now = datetime.now(ZoneInfo("Europe/Berlin"))
    at.fill(f"{now - timedelta(minutes=30):%Y-%m-%dT%H:%M}")
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("alert")).to_have_text("This time is in the past.")
    at.fill(f"{now + timedelta(minutes=30):%Y-%m-%dT%H:%M}")
    form.get_by_role("button", name="Save").click()
    agreed = open_card(gadget).get_by_text("The dialer will call the customer: ")
    expect(agreed).to_be_visible()
    expect(controls.filter(has_text="Cancel callback")).to_be_enabled()
    press(gadget, "Reschedule…")
    at.fill("2031-12-01T10:30")
    press(gadget, "Hold")  # when Finesse takes no time
    expect_phase(gadget, "On hold")
    expect(at).to_have_value("2031-12-01T10:30")
    site.hang_up(site.call_to(KNOWN_CUSTOMER)["id"])
    expect_phase(gadget, "Call ended")
    expect(agreed).to_be_visible()
    lost = open_card(gadget).get_by_text("The call has ended. Not saved: Dec 1, 2031")
    expect(lost).to_be_visible()


def test_consult_and_conference_share_notes(open_desktop: OpenDesktop, site: DemoSite) -> None:
    ana = open_desktop("1001").gadget
    bilal = open_desktop("1002").gadget
    call = answer_call(site, ana)
    write_notes(ana, "from Ana")
    press(ana, "Transfer…")
    ana.get_by_label("Search for a transfer target").fill("bilal")
    ana.get_by_role("button", name="Consult Bilal Haddad").first.click()
    expect(bilal.get_by_role("heading", name="Käthe")).to_have_text(
        f"Consult from Ana Costa, about {KNOWN_CUSTOMER_NAME}"
    )
    expect_phase(bilal, "Consult call")
    expect(bilal.locator("callcard-app > [aria-live]")).to_contain_text("Consult from Ana Costa")
    expect(bilal.get_by_text("The customer is on hold with Ana Costa.")).to_be_visible()
    expect(bilal.locator(".others")).to_contain_text("from Ana")
    press(bilal, "Answer")
    expect_phase(ana, "Consulting")
    expect(open_card(ana).get_by_role("heading", name="Bilal Haddad")).to_be_visible()
    press(ana, "Conference")
    on_the_line = f"On the line: {KNOWN_CUSTOMER_NAME} and Ana Costa"
    expect(bilal.get_by_text(on_the_line)).to_be_visible()

    def are_all_active() -> bool:
        states = [participant["state"] for participant in site.call(call)["participants"]]
        return states == ["ACTIVE"] * 3

    wait_until(are_all_active)
    expect(bilal.get_by_role("heading", name="Käthe").first).to_be_visible()
    write_notes(bilal, "from Bilal")
    press(ana, "Hang up")
    close_card(ana, "You are no longer on the call")
    site.hang_up(call)
    close_card(bilal)
    interaction = site.delivered_interaction(call)
    assert [(segment.agent, segment.notes) for segment in interaction.agents] == [
        ("1001", "from Ana"),
        ("1002", "from Bilal"),
    ]


def test_callback_from_call_is_dialled_by_one_click(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    desktop = open_desktop(own_clock=True)
    gadget = desktop.gadget
    call = answer_call(site, gadget)
    gadget.get_by_role("button", name="Call back later…").click()
    gadget.get_by_label("Note", exact=True).fill("about the pump")
    gadget.locator("callback-form").get_by_role("button", name="Save").click()
    expect(gadget.get_by_text("The callback is in your list, without a time.")).to_be_visible()
    site.hang_up(call)
    close_card(gadget)
    gadget.get_by_label("Your state").select_option("READY")
    wait_until(lambda: bool(site.user()["state"] == "READY"))

    callbacks = gadget.locator(".callbacks li")
    callback = callbacks.filter(has_text="about the pump")
    expect(callback.locator(".about")).to_have_text(f"{KNOWN_CUSTOMER_DISPLAYED} · about the pump")
    dial = callback.get_by_role("button", name=re.compile("^Call Käthe"))
    with _do_not_call(site, KNOWN_CUSTOMER):
        _add_callback(site, OTHER_UNKNOWN_CUSTOMER)
        dial.click()
        expect(callbacks).to_have_count(2)  # the list is read again, and the reason stays
        expect(gadget.locator("callback-list .error")).to_contain_text("do-not-call list")

    gadget.get_by_label("While I call back:").select_option(label="Follow-up work")
    desktop.page.clock.fast_forward(DOUBLE_CLICK_MS)
    dial.click()
    expect_phase(gadget, "Dialling")
    assert site.user()["state"] in ("TALKING", "NOT_READY")
    dialled = site.call_to(KNOWN_CUSTOMER)["id"]
    site.answer(dialled)
    expect_phase(gadget, "On the call")
    site.service.is_down = True
    site.hang_up(dialled)
    expect_phase(gadget, "Call ended")
    expect(callback).to_have_count(0)  # before the service has closed it
    site.service.is_down = False
    wait_until(lambda: bool(site.user()["state"] == "READY"), seconds=20)
    expect(callback).to_have_count(0)
    # It was only their mailbox.
    gadget.get_by_role("button", name=f"Undo: {KNOWN_CUSTOMER_NAME}").click()
    expect(callback).to_be_visible()
    with _service(site, "1001") as agent:
        wait_until(lambda: "about the pump" in agent.get("/callbacks").text)


@contextmanager
def _do_not_call(site: DemoSite, number: str) -> Iterator[None]:
    """Put a number on the do-not-call list for the duration of the block."""
    with _service(site, "2001") as supervisor:
        entry = {"number": number, "reason": "asked for it"}
        supervisor.post("/lists/do-not-call", json=entry).raise_for_status()
        yield
        supervisor.delete(f"/lists/do-not-call/{number}").raise_for_status()


def _add_callback(site: DemoSite, number: str) -> None:
    """Add a callback of agent 1001, as another client does."""
    with _service(site, "1001") as agent:
        agent.post("/callbacks", json={"number": number, "name": ""}).raise_for_status()


def _service(site: DemoSite, user: str) -> httpx.Client:
    return httpx.Client(base_url=f"{site.service_url}/api/v1", auth=(user, "callcard"))


def test_variables_beyond_the_layout_are_folded(open_desktop: OpenDesktop, site: DemoSite) -> None:
    gadget = open_desktop().gadget
    answer_call(site, gadget, callVariable3="Gold", callVariable1="4711", callVariable9="internal")
    variables = gadget.locator("call-variables")
    expect(variables.get_by_role("term")).to_have_text(["Call variable 1", "Call variable 3"])
    expect(variables.get_by_text("internal")).to_be_hidden()
    expect(variables.get_by_label("Change", exact=False)).to_have_count(0)
    variables.locator("summary").press("Enter")
    expect(variables.get_by_text("internal")).to_be_visible()
    variables.get_by_role("button", name="Edit").click()
    expect(variables.get_by_label("Change callVariable9")).to_be_visible()


def test_wrap_up_time_counts_down(open_desktop: OpenDesktop, site: DemoSite) -> None:
    gadget = open_desktop().gadget
    gadget.get_by_label("Your state").select_option("READY")
    wait_until(lambda: bool(site.user()["state"] == "READY"))
    call = answer_call(site, gadget)
    site.hang_up(call)
    wait_until(lambda: site.user()["state"] in ("WORK", "WORK_READY", "READY"))
    if site.user()["state"] != "READY":  # as the platform's teams are set up
        expect(gadget.locator("agent-state")).to_have_attribute(
            "data-next", re.compile(r"^\d\d:\d\d left for wrap-up$")
        )
