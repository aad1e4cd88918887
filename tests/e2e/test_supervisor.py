"""The gadget of supervisors: the team's board, and what they do about an agent."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.e2e.card import (
    KNOWN_CUSTOMER,
    KNOWN_CUSTOMER_NAME,
    answer_call,
    close_card,
    expect_phase,
    open_card,
    press,
)
from tests.e2e.team import listen_to_call, open_agent, open_team, row_of
from tests.e2e.test_gadget_layout import ACCESSIBILITY_RULES, PAGE_RULES
from tests.harness.browser import OpenDesktop
from tests.harness.site import DemoSite
from tests.harness.waiting import wait_until


def test_board_follows_states_and_calls(open_desktop: OpenDesktop, site: DemoSite) -> None:
    ana = open_desktop("1001").gadget
    open_desktop("1002")
    _desktop, team = open_team(open_desktop)
    row = row_of(team, "Ana Costa")
    expect(row).to_contain_text("Not ready")
    expect(row.locator(".time")).to_have_text(re.compile(r"^\d\d:\d\d$"))
    expect(team.get_by_role("button", name="Sam Okafor")).to_have_count(0)
    ready = team.get_by_role("button", name=re.compile("^Ready"))
    expect(ready).to_have_text("Ready 0")
    ana.get_by_label("Your state").select_option("READY")
    expect(row).to_contain_text("Ready")
    expect(ready).to_have_text("Ready 1")

    call = answer_call(site, ana)
    expect(row).to_contain_text("Talking")
    expect(row).to_contain_text(f"{KNOWN_CUSTOMER_NAME} · Support")
    site.hang_up(call)
    close_card(ana)
    expect(row.locator(".call")).to_have_text("")


def test_agents_are_found_by_state_and_by_customer(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    ana = open_desktop("1001").gadget
    open_desktop("1002")
    _desktop, team = open_team(open_desktop)
    agents = team.locator("tbody .name")
    expect(agents).to_have_text(["Ana Costa", "Bilal Haddad"])
    call = answer_call(site, ana)
    team.get_by_role("button", name=re.compile("^On a call")).click()
    expect(agents).to_have_text(["Ana Costa"])
    team.get_by_role("button", name=re.compile("^On a call")).click()
    expect(agents).to_have_count(2)
    team.get_by_role("searchbox").fill("schröder")
    expect(agents).to_have_text(["Ana Costa"])
    team.get_by_role("searchbox").fill("nobody")
    expect(team.get_by_text("No agents to show.")).to_be_visible()
    team.get_by_role("searchbox").fill("")
    team.get_by_role("button", name=re.compile("^Signed out")).click()
    expect(team.locator("tbody .state").first).to_contain_text("Signed out")
    site.hang_up(call)


def test_supervisor_of_two_teams_chooses_one(open_desktop: OpenDesktop, site: DemoSite) -> None:
    site.change_user("1002", team="2")
    site.change_user("2001", supervises=["1", "2"])
    ana = open_desktop("1001").gadget
    bilal = open_desktop("1002").gadget
    desktop, team = open_team(open_desktop)
    agents = team.locator("tbody .name")
    expect(agents).to_have_text(["Ana Costa"])
    choice = team.get_by_role("combobox", name="Team")
    choice.select_option("Back Office")
    expect(agents).to_have_text(["Bilal Haddad"])
    bilal.get_by_label("Your state").select_option("READY")
    expect(row_of(team, "Bilal Haddad")).to_contain_text("Ready")
    ana.get_by_label("Your state").select_option("READY")  # of the other team now
    panel = open_agent(team, "Bilal Haddad")
    panel.get_by_role("button", name="Make not ready").click()
    expect(panel.get_by_text(": done.")).to_be_visible()
    expect(agents).to_have_text(["Bilal Haddad"])
    desktop.page.reload()
    desktop.page.get_by_role("tab", name="Callcard team").click()
    expect(choice).to_have_value("2")  # which is remembered
    expect(agents).to_have_text(["Bilal Haddad"])


def test_rows_stay_in_place_under_the_pointer(open_desktop: OpenDesktop, site: DemoSite) -> None:
    ana = open_desktop("1001").gadget
    bilal = open_desktop("1002").gadget
    desktop, team = open_team(open_desktop)
    team.get_by_role("combobox", name="Order").select_option("By state")
    agents = team.locator("tbody .name")
    expect(agents).to_have_text(["Ana Costa", "Bilal Haddad"])
    team.get_by_role("button", name="Ana Costa").hover()
    bilal.get_by_label("Your state").select_option("READY")
    expect(row_of(team, "Bilal Haddad")).to_contain_text("Ready")
    expect(agents).to_have_text(["Ana Costa", "Bilal Haddad"])
    team.get_by_role("tab", name="Team").hover()
    expect(agents).to_have_text(["Bilal Haddad", "Ana Costa"])
    assert ana
    assert desktop


def test_supervisor_listens_joins_and_takes_over(open_desktop: OpenDesktop, site: DemoSite) -> None:
    ana = open_desktop("1001").gadget
    call = answer_call(site, ana)
    desktop, team = open_team(open_desktop)
    panel = open_agent(team, "Ana Costa")
    for later in ("Join", "Take over", "Leave"):
        expect(panel.get_by_role("button", name=later)).to_be_disabled()
    panel.get_by_role("button", name="Listen").click()
    expect(panel.get_by_text("Agent and customer do not hear you.")).to_be_visible()
    expect(team.get_by_text("You are listening to Ana Costa.")).to_be_visible()
    expect_phase(ana, "On the call")
    press(ana, "Hold")
    expect(panel.get_by_role("button", name="Join")).to_be_disabled()
    press(ana, "Retrieve")
    expect(ana.get_by_role("tab")).to_have_count(0)  # listening is no call
    expect(desktop.gadget.locator("call-panel")).to_have_count(0)
    panel.get_by_role("button", name="Join").click()
    expect(panel.get_by_text("Agent and customer hear you.")).to_be_visible()
    panel.get_by_role("button", name="Take over").click()
    question = panel.get_by_role("alertdialog")
    expect(question).to_have_accessible_name("Take the call over? Ana Costa is taken off it.")
    question.get_by_role("button", name="Take over").click()
    wait_until(lambda: _addresses(site, call) == {"2001", KNOWN_CUSTOMER})
    expect(team.get_by_text("You are in a call with Ana Costa.")).to_have_count(0)
    desktop.page.get_by_role("tab", name="Callcard", exact=True).click()
    expect_phase(desktop.gadget, "On the call")
    site.hang_up(call)


def test_supervisor_takes_a_customer_off_the_call(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    _ana, call, panel = listen_to_call(open_desktop, site)
    others = panel.get_by_role("group", name="Others in the call")
    expect(others).to_be_hidden()
    panel.get_by_role("button", name="Join").click()
    expect(others.get_by_role("button")).to_have_text([f"Remove {KNOWN_CUSTOMER_NAME}"])
    others.get_by_role("button").click()
    question = panel.get_by_role("alertdialog")
    expect(question).to_have_accessible_name(f"Remove {KNOWN_CUSTOMER_NAME} from the call?")
    question.get_by_role("button", name="Cancel").click()
    assert KNOWN_CUSTOMER in _addresses(site, call)
    others.get_by_role("button").click()
    question.get_by_role("button", name="Remove").click()
    wait_until(lambda: _addresses(site, call) == {"1001", "2001"})
    expect(panel.get_by_text("Nobody else is on the call.")).to_be_visible()
    expect(panel.get_by_role("button", name="Take over")).to_be_disabled()
    expect(others).to_be_hidden()
    panel.get_by_role("button", name="Leave").click()
    expect(panel.get_by_role("button", name="Leave")).to_be_disabled()


def _addresses(site: DemoSite, call: str) -> set[str]:
    participants = next(each["participants"] for each in site.calls() if each["id"] == call)
    return {each["address"] for each in participants if each["state"] != "DROPPED"}


def test_supervisor_stops_listening(open_desktop: OpenDesktop, site: DemoSite) -> None:
    ana = open_desktop("1001").gadget
    call = answer_call(site, ana)
    _desktop, team = open_team(open_desktop)
    panel = open_agent(team, "Ana Costa")
    panel.get_by_role("button", name="Listen").click()
    expect(panel.get_by_role("button", name="Leave")).to_be_enabled()
    # Also where the agent's row is not in sight.
    bar = team.locator(".mode")
    leave = bar.get_by_role("button", name="Leave")
    site.service.is_down = True
    leave.click()
    expect(bar.get_by_role("alert")).to_contain_text("does not respond")
    site.service.is_down = False
    leave.click()
    expect(bar).to_be_hidden()
    expect(panel.get_by_text("Agent and customer do not hear you.")).to_have_count(0)
    expect_phase(ana, "On the call")
    site.hang_up(call)


def test_what_is_not_possible_says_why(open_desktop: OpenDesktop, site: DemoSite) -> None:
    ana = open_desktop("1001").gadget
    desktop, team = open_team(open_desktop)
    panel = open_agent(team, "Ana Costa")
    expect(panel.get_by_text("the agent is not on a call")).to_be_visible()
    call = answer_call(site, ana)
    desktop.page.get_by_role("combobox", name="State").select_option("READY")
    expect(panel.get_by_text("set yourself to Not ready first")).to_be_visible()
    expect(panel.get_by_role("button", name="Listen")).to_be_disabled()
    site.hang_up(call)


def test_supervisor_changes_a_state_and_signs_out(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    open_desktop("1001")
    _desktop, team = open_team(open_desktop)
    panel = open_agent(team, "Ana Costa")
    panel.get_by_role("button", name="Make ready").click()
    expect(panel.get_by_text(": done.")).to_be_visible()
    expect(row_of(team, "Ana Costa")).to_contain_text("Ready")
    assert site.user("1001")["state"] == "READY"
    panel.get_by_role("button", name="Sign out").click()
    question = panel.get_by_role("alertdialog")
    expect(question.get_by_role("button", name="Cancel")).to_be_focused()
    question.get_by_role("button", name="Cancel").click()
    expect(panel.get_by_role("button", name="Sign out")).to_be_focused()
    assert site.user("1001")["state"] == "READY"
    panel.get_by_role("button", name="Sign out").click()
    question.get_by_role("button", name="Sign out").click()
    wait_until(lambda: bool(site.user("1001")["state"] == "LOGOUT"))

    team.get_by_role("tab", name="Log").click()
    row = team.get_by_role("listitem").first
    expect(row).to_contain_text("Sam Okafor · State: Signed out · Ana Costa")


def test_agent_on_a_call_is_signed_out_after_it(open_desktop: OpenDesktop, site: DemoSite) -> None:
    ana = open_desktop("1001").gadget
    call = answer_call(site, ana)
    _desktop, team = open_team(open_desktop)
    panel = open_agent(team, "Ana Costa")
    panel.get_by_role("button", name="Sign out").click()
    panel.get_by_role("alertdialog").get_by_role("button", name="Sign out").click()
    later = panel.get_by_text("Ana Costa will be signed out when the call is over.")
    expect(later).to_be_visible()
    assert site.user("1001")["state"] == "TALKING"
    site.hang_up(call)
    wait_until(lambda: bool(site.user("1001")["state"] == "LOGOUT"))


def test_refusal_is_shown_and_the_board_recovers(open_desktop: OpenDesktop, site: DemoSite) -> None:
    open_desktop("1001")
    _desktop, team = open_team(open_desktop)
    panel = open_agent(team, "Ana Costa")
    site.arm_fault("internal-error", method="PUT", path="/finesse/api/User/1001")
    panel.get_by_role("button", name="Make ready").click()
    expect(panel.get_by_role("alert")).to_contain_text("Finesse")
    panel.get_by_role("button", name="Make ready").click()
    expect(panel.get_by_text(": done.")).to_be_visible()
    expect(panel.get_by_role("alert")).to_have_count(0)
    site.service.is_down = True
    panel.get_by_role("button", name="Make not ready").click()
    expect(panel.get_by_role("alert")).to_contain_text("does not respond")
    site.service.is_down = False


def test_queues_show_how_many_wait(open_desktop: OpenDesktop, site: DemoSite) -> None:
    open_desktop("1001")
    _desktop, team = open_team(open_desktop)
    team.get_by_role("tab", name="Queues").click()
    queue = team.get_by_role("row").filter(has=team.get_by_role("rowheader", name="Support"))
    expect(queue.get_by_role("cell").first).to_have_text("0")
    not_ready = queue.get_by_role("cell").last
    expect(not_ready).to_have_text("2")  # the supervisor is an agent, too


def test_agent_who_is_no_supervisor_has_no_board(open_desktop: OpenDesktop, site: DemoSite) -> None:
    desktop = open_desktop("1001")
    expect(desktop.page.get_by_role("tab", name="Callcard", exact=True)).to_be_visible()
    expect(desktop.page.get_by_role("tab", name="Callcard team")).to_have_count(0)


@pytest.mark.parametrize(
    ("language", "width_px"),
    [("en-US", 300), ("de-DE", 360), ("ar-AE", 640), ("fr-FR", 1280), ("es-ES", 300)],
)
def test_board_fits_and_has_no_accessibility_faults(
    open_desktop: OpenDesktop, site: DemoSite, language: str, width_px: int
) -> None:
    ana = open_desktop("1001").gadget
    call = site.ring(KNOWN_CUSTOMER, queue="Support")
    press(ana, "Answer")
    desktop, team = open_team(open_desktop, language=language, width_px=width_px)
    open_agent(team, "Ana Costa")
    expect(row_of(team, "Ana Costa")).to_contain_text(KNOWN_CUSTOMER_NAME)
    clipped = """(all) => all.filter((each) => each.scrollWidth > each.clientWidth + 1)
        .map((each) => each.outerHTML)"""
    assert team.locator("agent-panel, agent-panel *:not(bdi, span)").evaluate_all(clipped) == []
    for tab in range(5):
        team.get_by_role("tab").nth(tab).click()
        expect(team.get_by_role("tab").nth(tab)).to_have_attribute("aria-selected", "true")
        body = team.locator("body")
        assert body.evaluate("(body) => body.scrollWidth <= innerWidth"), tab
        _check_accessibility(desktop.page)
    assert open_card(ana).is_visible()
    site.hang_up(call)


def _check_accessibility(page: Page) -> None:
    options = {"runOnly": {"type": "tag", "values": ACCESSIBILITY_RULES}}
    frame = page.locator("iframe[id^=remote_iframe]").nth(1).element_handle().content_frame()
    assert frame is not None
    results = Axe().run(frame, options=options)
    violations = [
        (each["id"], [node["html"] for node in each["nodes"]])
        for each in results.response["violations"]
        if not PAGE_RULES.search(each["id"])
    ]
    assert violations == []
