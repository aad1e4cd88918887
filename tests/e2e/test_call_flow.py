"""Whole calls until they are in the CRM: transfer, notes, required wrap-up."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from playwright.sync_api import Browser, expect

from tests.e2e.card import (
    ARABIC_CUSTOMER,
    KNOWN_CUSTOMER,
    answer_call,
    close_card,
    expect_phase,
    open_card,
    press,
    write_notes,
)
from tests.harness.browser import OpenDesktop, open_desktops
from tests.harness.site import DemoSite, open_demo_site
from tests.harness.waiting import wait_until


def test_direct_transfer_to_typed_number(open_desktop: OpenDesktop, site: DemoSite) -> None:
    gadget = open_desktop().gadget
    call = answer_call(site, gadget)
    press(gadget, "Transfer…")
    gadget.get_by_label("Search for a transfer target").fill("+1 212 555 0142")
    gadget.get_by_role("button", name="Transfer to +1 212 555 0142").click()
    close_card(gadget, "Transferred to +1 212 555 0142")
    _answer, transfer = site.requests("PUT", f"/finesse/api/Dialog/{call}")
    assert transfer["status"] == 202
    assert site.delivered_interaction(call).end_reason == "transferred"


def test_wrong_clock_does_not_shorten_time_for_notes(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    desktop = open_desktop(signed_in=False)
    desktop.page.clock.install(time=datetime.now(UTC) + timedelta(hours=1))
    desktop.sign_in(site)
    desktop.wait_until_ready()
    gadget = desktop.gadget
    call = answer_call(site, gadget)
    expect(open_card(gadget).locator(".clock")).to_have_text(re.compile(r"^00:\d\d$"))
    site.hang_up(call)
    expect_phase(gadget, "Call ended")
    write_notes(gadget, "an hour early")
    close_card(gadget)
    (segment,) = site.delivered_interaction(call).agents
    assert segment.notes == "an hour early"


def test_team_with_required_wrap_up_reason(browser: Browser, tmp_path: Path) -> None:
    journal = {"wrap_up_required_teams": ("Customer Care",)}
    with (
        open_demo_site(tmp_path, service_settings={"journal": journal}) as site,
        open_desktops(browser, site) as open_desktop,
    ):
        gadget = open_desktop().gadget
        saved = gadget.locator(".saved")
        call = answer_call(site, gadget)
        expect(gadget.get_by_text("Wrap-up reason (required)")).to_be_visible()
        site.hang_up(call)
        close_card(gadget)
        expect(saved).to_have_text("Choose a wrap-up reason first.")
        reasons = gadget.get_by_role("radiogroup", name="Wrap-up reason (required)")
        expect(reasons).to_have_attribute("aria-invalid", "true")
        reasons.get_by_text("Order status").click()
        expect(saved).to_have_text("Saved")
        close_card(gadget)
        assert site.delivered_interaction(call).wrap_up_reasons == ("Order status",)


def test_wrap_up_by_one_key_and_ready_for_the_next_call(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    call = site.ring(KNOWN_CUSTOMER)
    reasons = gadget.get_by_role("radiogroup", name="Wrap-up reason")
    expect(gadget.get_by_role("button", name="Answer")).to_be_visible()
    expect(reasons).to_be_hidden()  # nothing to wrap up yet
    press(gadget, "Answer")
    expect(reasons.get_by_role("radio", name="None")).to_be_checked()
    reasons.get_by_role("radio", name="None").press("2")
    second = reasons.get_by_role("radio").nth(1)
    expect(second).to_be_checked()
    reason = second.get_attribute("value")
    wait_until(lambda: site.call(call)["wrap_up"] == [reason])
    site.hang_up(call)
    expect_phase(gadget, "Call ended")
    gadget.get_by_role("button", name="Save and be ready").click()
    wait_until(lambda: site.user()["state"] == "READY")
    assert site.delivered_interaction(call).wrap_up_reasons == (reason,)


def test_many_wrap_up_reasons_are_a_list_that_finds_what_is_typed(
    browser: Browser, tmp_path: Path
) -> None:
    with (
        open_demo_site(tmp_path) as site,
        open_desktops(browser, site) as open_desktop,
        httpx.Client(base_url=site.finesse_url, auth=("admin", "callcard")) as administrator,
    ):
        for label in ("Address", "Bank", "Callback", "Contract", "Delivery"):
            reason = f"<WrapUpReason><label>{label}</label><forAll>true</forAll></WrapUpReason>"
            response = administrator.post(
                "/finesse/api/WrapUpReason",
                content=reason,
                headers={"Content-Type": "application/xml"},
            )
            response.raise_for_status()
        gadget = open_desktop().gadget
        call = answer_call(site, gadget)
        reasons = gadget.get_by_role("combobox", name="Wrap-up reason")
        reasons.press_sequentially("con")
        expect(reasons).to_have_value("Contract")
        gadget.get_by_role("button", name="About Callcard").click()
        expect(gadget.locator("app-info")).to_contain_text("Alt+Shift+R")
        expect(gadget.locator("app-info")).not_to_contain_text("1–")
        wait_until(lambda: site.call(call)["wrap_up"] == ["Contract"])


def test_internal_call_has_no_wrap_up_reason(open_desktop: OpenDesktop, site: DemoSite) -> None:
    gadget = open_desktop().gadget
    site.ring("1003")
    press(gadget, "Answer")
    expect(gadget.get_by_role("textbox", name="Notes")).to_be_visible()
    expect(gadget.get_by_role("heading", name="Extension 1003")).to_be_visible()
    expect(gadget.get_by_role("radiogroup", name="Wrap-up reason")).to_be_hidden()


def test_history_says_what_came_of_calls(open_desktop: OpenDesktop, site: DemoSite) -> None:
    gadget = open_desktop().gadget
    for _ in range(2):
        call = site.ring(ARABIC_CUSTOMER, queue="Support")
        expect(gadget.get_by_role("heading", name="فاطمة المنصوري")).to_be_visible()
        site.hang_up(call)
        close_card(gadget, "Missed call")
        assert site.delivered_interaction(call).end_reason == "missed"
    call = answer_call(site, gadget, ARABIC_CUSTOMER)
    expect(open_card(gadget).get_by_text("2 × Missed call").first).to_be_visible()
    # The brief has room for one: the last conversation.
    brief = open_card(gadget).locator("call-brief")
    expect(brief).to_contain_text("Last contact")
    expect(brief).not_to_contain_text("Missed call")
    write_notes(gadget, "promised a credit note\nuntil Friday")
    gadget.get_by_role("radio", name="Sale").check()
    site.hang_up(call)
    close_card(gadget)
    site.delivered_interaction(call)

    site.ring(ARABIC_CUSTOMER, queue="Support")
    row = open_card(gadget).locator(".past li").first
    expect(row.locator("summary")).to_contain_text(
        re.compile(r"Sale · \d+ sec · promised a credit note")
    )
    expect(row.get_by_role("img", name="Incoming")).to_be_visible()
    expect(row.get_by_text("until Friday")).to_be_hidden()
    row.locator("summary").press("Enter")
    expect(row.get_by_text("until Friday")).to_be_visible()


def test_call_that_the_customer_did_not_answer_is_not_missed(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    search = gadget.get_by_role("searchbox")
    search.fill(ARABIC_CUSTOMER)
    search.press("Enter")
    expect_phase(gadget, "Dialling")
    call = site.call_to(ARABIC_CUSTOMER)["id"]
    press(gadget, "Hang up")
    close_card(gadget, "Not reached")
    assert site.delivered_interaction(call).end_reason == "missed"
    site.ring(ARABIC_CUSTOMER, queue="Support")
    row = open_card(gadget).locator(".past li").first
    expect(row).to_contain_text("Not reached")
    expect(row.get_by_role("img", name="Outgoing")).to_be_visible()
