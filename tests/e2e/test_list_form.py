"""Blocking and flagging a caller from the card, and the warnings of number lists."""

from __future__ import annotations

from pathlib import Path

import httpx
from playwright.sync_api import Browser, FrameLocator, Locator, Route, expect

from tests.e2e.card import (
    KNOWN_CUSTOMER,
    KNOWN_CUSTOMER_NAME,
    answer_call,
    close_card,
    expect_phase,
    open_card,
)
from tests.harness.browser import OpenDesktop, open_desktops
from tests.harness.ports import free_port
from tests.harness.sandbox import PASSWORD
from tests.harness.site import DemoSite, open_demo_site

STRANGER = "+1 415 555 0199"


def open_form(gadget: FrameLocator) -> Locator:
    open_card(gadget).get_by_role("button", name="Block or flag").click()
    form = gadget.locator("list-form")
    expect(form.get_by_label("What should happen")).to_be_focused()
    return form


def as_supervisor(site: DemoSite) -> httpx.Client:
    return httpx.Client(base_url=f"{site.service_url}/api/v1", auth=("2001", PASSWORD))


def test_flag_warns_at_once_and_on_the_next_call(open_desktop: OpenDesktop, site: DemoSite) -> None:
    desktop = open_desktop()
    gadget = desktop.gadget
    call = answer_call(site, gadget, STRANGER)
    form = open_form(gadget)
    form.get_by_label("What should happen").select_option("Warn colleagues about this caller")
    form.get_by_label("Reason").fill("asks for passwords")
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("status")).to_have_text("Saved")
    entry = form.get_by_role("listitem")
    expect(entry).to_contain_text("asks for passwords")
    expect(entry).to_contain_text("Ana Costa")
    flags = open_card(gadget).get_by_role("list", name="Flags")
    expect(flags.get_by_text("asks for passwords")).to_be_visible()
    form.get_by_role("button", name="Close").click()
    site.hang_up(call)
    expect_phase(gadget, "Call ended")
    desktop.page.reload()
    expect(flags.get_by_text("asks for passwords")).to_be_visible()
    close_card(gadget)

    site.ring(STRANGER)
    expect(flags.get_by_text("asks for passwords")).to_be_visible()
    form = open_form(gadget)
    form.get_by_role("button", name="Remove").click()
    expect(form.get_by_role("listitem")).to_have_count(0)
    expect(flags).to_have_count(0)


def test_form_warns_of_no_entry_for_other_calls(open_desktop: OpenDesktop, site: DemoSite) -> None:
    caller = "+1 415 555 0177"
    with as_supervisor(site) as http:
        for reason, scope in (("elsewhere", {"dialled": "7999"}), ("here", {"team": "1"})):
            entry = {"number": caller, "reason": reason, **scope}
            assert http.post("/lists/flag", json=entry).status_code == 201
    gadget = open_desktop().gadget
    answer_call(site, gadget, caller)
    flags = open_card(gadget).get_by_role("list", name="Flags")
    expect(flags.get_by_role("listitem")).to_have_text(["here"])
    form = open_form(gadget)
    expect(form.get_by_role("listitem")).to_have_count(2)
    expect(flags.get_by_role("listitem")).to_have_text(["here"])


def test_block_is_proposed_and_counts_when_a_supervisor_accepts_it(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    call = answer_call(site, gadget, KNOWN_CUSTOMER)
    form = open_form(gadget)
    form.get_by_label("Reason").fill("fraud")
    form.get_by_role("button", name="Propose").click()
    expect(form.get_by_role("status")).to_have_text("Proposed. A supervisor decides.")
    expect(form.get_by_role("listitem")).to_contain_text("(proposed)")
    expect(form.get_by_role("button", name="Propose")).to_be_focused()
    header = open_card(gadget).get_by_role("list", name="Flags")
    expect(header.get_by_text("Blocked")).to_have_count(0)
    site.hang_up(call)
    close_card(gadget)

    with as_supervisor(site) as http:
        (proposed,) = http.get("/lists/deny?state=proposed").json()["numbers"]
        accepted = http.put(f"/lists/deny/{proposed['id']}", json={"state": "effective"})
        assert accepted.status_code == 200
    site.ring(KNOWN_CUSTOMER)
    expect(header.get_by_text("Blocked: fraud")).to_be_visible()
    form = open_form(gadget)
    expect(form.get_by_role("button", name="Remove")).to_have_count(0)
    form.get_by_label("Reason").fill("again")
    form.get_by_role("button", name="Propose").click()
    alert = form.get_by_role("alert")
    expect(alert).to_contain_text("Ana Costa has listed this number already: fraud")
    expect(form.get_by_label("Reason")).to_have_value("again")


def test_decision_is_shown_in_the_open_form(open_desktop: OpenDesktop, site: DemoSite) -> None:
    desktop = open_desktop(own_clock=True)
    gadget = desktop.gadget
    answer_call(site, gadget, "+1 415 555 0187")
    form = open_form(gadget)
    form.get_by_label("Reason").fill("fraud")
    form.get_by_role("button", name="Propose").click()
    expect(form.get_by_role("listitem")).to_contain_text("(proposed)")
    with as_supervisor(site) as http:
        (proposed,) = http.get("/lists/deny?number=14155550187").json()["numbers"]
        http.put(f"/lists/deny/{proposed['id']}", json={"state": "effective"})
    desktop.page.clock.fast_forward(10_000)
    expect(form.get_by_role("listitem")).not_to_contain_text("(proposed)")
    expect(form.get_by_role("status")).to_have_text("")
    flags = open_card(gadget).get_by_role("list", name="Flags")
    expect(flags.get_by_text("Blocked: fraud")).to_be_visible()


def test_focus_stays_on_the_button_while_the_form_is_saved(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    desktop = open_desktop()
    answer_call(site, desktop.gadget, "+1 415 555 0189")
    form = open_form(desktop.gadget)
    held: list[Route] = []

    def hold_save(route: Route) -> None:
        if "fraud" in (route.request.post_data or ""):
            held.append(route)
        else:
            route.continue_()

    desktop.page.route("**/gadgets/makeRequest*", hold_save)
    form.get_by_label("Reason").fill("fraud")
    with desktop.page.expect_request(lambda request: "fraud" in (request.post_data or "")):
        form.get_by_role("button", name="Propose").click()
    # Something on the card changes in each of several frames, as the length of the call does.
    form.evaluate(
        """async (form) => {
          for (let frame = 0; frame < 6; frame += 1) {
            form.append("");
            await new Promise(requestAnimationFrame);
          }
        }"""
    )
    expect(form.get_by_label("What should happen")).not_to_be_focused()
    held[0].continue_()
    expect(form.get_by_role("status")).to_have_text("Proposed. A supervisor decides.")
    expect(form.get_by_role("button", name="Propose")).to_be_focused()


def test_proposal_that_was_accepted_meanwhile_is_not_taken_back(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    answer_call(site, gadget, "+1 415 555 0188")
    form = open_form(gadget)
    form.get_by_label("Reason").fill("fraud")
    form.get_by_role("button", name="Propose").click()
    expect(form.get_by_role("listitem")).to_contain_text("(proposed)")
    with as_supervisor(site) as http:
        (proposed,) = http.get("/lists/deny?number=14155550188").json()["numbers"]
        http.put(f"/lists/deny/{proposed['id']}", json={"state": "effective"})
    form.get_by_role("button", name="Remove").click()
    expect(form.get_by_role("alert")).to_contain_text("A supervisor has decided.")
    expect(form.get_by_role("button", name="Remove")).to_have_count(0)
    expect(form.get_by_role("listitem")).not_to_contain_text("(proposed)")


def test_half_written_reason_survives_the_next_call(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    call = answer_call(site, gadget, STRANGER)
    form = open_form(gadget)
    form.get_by_label("Reason").press_sequentially("half ")
    site.hang_up(call)
    site.ring(KNOWN_CUSTOMER)
    expect(gadget.locator("list-form").get_by_label("Reason")).to_have_value("half ")
    expect(form.get_by_role("heading")).to_contain_text("(415) 555-0199")


def test_form_names_whose_number_it_is(open_desktop: OpenDesktop, site: DemoSite) -> None:
    gadget = open_desktop().gadget
    answer_call(site, gadget, KNOWN_CUSTOMER)
    heading = open_form(gadget).get_by_role("heading")
    expect(heading).to_contain_text(f"{KNOWN_CUSTOMER_NAME} · +49 171 3900001")


def test_closing_asks_before_it_discards_a_reason(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    gadget = open_desktop().gadget
    answer_call(site, gadget, STRANGER)
    form = open_form(gadget)
    form.get_by_label("Reason").press_sequentially("shouted")
    form.get_by_role("button", name="Close").click()
    expect(form.get_by_role("status")).to_have_text(
        "The reason is not saved. Close again to discard it."
    )
    form.get_by_label("Reason").press("End")
    form.get_by_label("Reason").press_sequentially(" at me")
    form.get_by_role("button", name="Close").click()
    expect(form.get_by_label("Reason")).to_have_value("shouted at me")
    form.get_by_role("button", name="Close").click()
    expect(form).to_have_count(0)


def test_withheld_number_is_not_offered(open_desktop: OpenDesktop, site: DemoSite) -> None:
    gadget = open_desktop().gadget
    answer_call(site, gadget, "anonymous")
    expect(open_card(gadget).get_by_text("The caller withheld")).to_be_visible()
    expect(open_card(gadget).get_by_role("button", name="Block or flag")).to_have_count(0)


def test_blocked_caller_does_not_ring_and_phones_show_names(
    browser: Browser, tmp_path: Path
) -> None:
    port = free_port()
    with (
        open_demo_site(
            tmp_path,
            service_port=port,
            service_settings={"routing": {"addresses": ["127.0.0.1"]}},
            curri_url=f"http://localhost:{port}/curri",
        ) as site,
        open_desktops(browser, site) as open_desktop,
    ):
        desktop = open_desktop()
        page = desktop.page
        page.get_by_label("Caller").select_option("A known customer")
        page.get_by_role("button", name="Ring").click()
        panel = page.get_by_role("complementary", name="Sandbox")
        expect(panel.get_by_text(f"{KNOWN_CUSTOMER_NAME}, ")).to_be_visible()
        panel.get_by_role("button", name="Far end hangs up").click()
        with as_supervisor(site) as http:
            http.post("/lists/deny", json={"number": KNOWN_CUSTOMER, "reason": "fraud"})
        page.get_by_role("button", name="Ring").click()
        expect(panel.get_by_text("Rejected before it rang: +49 171 3900001")).to_be_visible()
        assert site.calls() == []
