"""Number lists in the gadget of supervisors: proposals, one number, and the entries of a list."""

from __future__ import annotations

import re

import httpx
from playwright.sync_api import expect

from tests.e2e.card import KNOWN_CUSTOMER, KNOWN_CUSTOMER_NAME
from tests.e2e.team import STRANGER, open_team
from tests.harness.browser import OpenDesktop
from tests.harness.sandbox import PASSWORD
from tests.harness.site import DemoSite


def test_proposal_is_accepted_and_another_rejected(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    api = f"{site.service_url}/api/v1"
    with httpx.Client(base_url=api, auth=("1001", PASSWORD)) as ana:
        open_desktop("1001")
        known = (KNOWN_CUSTOMER, "asked for it")
        for number, reason in ((STRANGER, "fraud"), ("+1 415 555 0167", "rude"), known):
            proposal = {"number": number, "reason": reason}
            assert ana.post("/lists/deny", json=proposal).status_code == 201
    _desktop, team = open_team(open_desktop)
    team.get_by_role("tab", name="Number lists").click()
    fraud = team.get_by_role("listitem").filter(has_text="fraud")
    expect(fraud).to_contain_text("Reject calls from this number")
    expect(fraud).to_contain_text("Ana Costa")
    asked = team.get_by_role("listitem").filter(has_text="asked for it")
    expect(asked).to_contain_text(KNOWN_CUSTOMER_NAME)  # the supervisor knows whom it is about
    fraud.get_by_role("button", name="Accept").click()
    expect(fraud).to_have_count(0)
    for row in (team.get_by_role("listitem").filter(has_text="rude"), asked):
        row.get_by_role("button", name="Reject").click()
        expect(row).to_have_count(0)
    expect(team.get_by_text("No proposals wait for you.")).to_be_visible()
    with httpx.Client(base_url=api, auth=("2001", PASSWORD)) as supervisor:
        entries = supervisor.get("/lists/deny").json()["numbers"]
        assert [(each["reason"], each["state"]) for each in entries] == [("fraud", "effective")]


def test_new_proposal_takes_no_place_of_another(open_desktop: OpenDesktop, site: DemoSite) -> None:
    api = f"{site.service_url}/api/v1"
    open_desktop("1001")
    with httpx.Client(base_url=api, auth=("1001", PASSWORD)) as ana:

        def propose(number: str, reason: str) -> None:
            body = {"number": number, "reason": reason}
            assert ana.post("/lists/deny", json=body).status_code == 201

        propose("+14155550171", "first")
        desktop = open_desktop("2001", own_clock=True)
        desktop.page.get_by_role("tab", name="Callcard team").click()
        team = desktop.team
        team.get_by_role("tab", name="Number lists").click()
        rows = team.get_by_role("listitem")
        expect(rows).to_contain_text(["first"])
        rows.first.get_by_role("button", name="Accept").focus()
        propose("+14155550172", "second")
        desktop.page.clock.fast_forward(16_000)
        expect(rows).to_contain_text(["first", "second"])
        expect(rows.first.get_by_role("button", name="Accept")).to_be_focused()
    with httpx.Client(base_url=api, auth=("2001", PASSWORD)) as other:
        assert other.delete("/lists/deny/+14155550171").is_success
        desktop.page.clock.fast_forward(16_000)
        expect(rows).to_have_count(1)
        expect(rows).to_contain_text(["second"])
        expect(team.locator("proposal-list ul")).to_be_focused()
        assert other.delete("/lists/deny/+14155550172").is_success


def test_none_is_said_to_wait_only_when_none_does(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    api = f"{site.service_url}/api/v1"
    open_desktop("1001")
    with httpx.Client(base_url=api, auth=("1001", PASSWORD)) as ana:
        first = {"number": "+14155550174", "reason": "first"}
        assert ana.post("/lists/deny", json=first).status_code == 201
        _desktop, team = open_team(open_desktop)
        team.get_by_role("tab", name="Number lists").click()
        rows = team.get_by_role("listitem")
        expect(rows).to_contain_text(["first"])
        second = {"number": "+14155550175", "reason": "second"}
        assert ana.post("/lists/deny", json=second).status_code == 201
    rows.first.get_by_role("button", name="Reject").click()
    expect(rows).to_contain_text(["second"], timeout=5000)  # before the next reading
    expect(team.get_by_text("No proposals wait for you.")).to_be_hidden()
    rows.first.get_by_role("button", name="Reject").click()
    expect(team.get_by_text("No proposals wait for you.")).to_be_visible()
    team.get_by_role("tab", name="Log").click()
    expect(team.get_by_text("proposal rejected").first).to_be_visible()


def test_supervisor_blocks_and_releases_a_number(open_desktop: OpenDesktop, site: DemoSite) -> None:
    _desktop, team = open_team(open_desktop)
    team.get_by_role("tab", name="Number lists").click()
    team.get_by_label("Number", exact=True).fill("+1 (415) 555-0166")
    team.get_by_role("button", name="Show", exact=True).click()
    form = team.locator("list-form")
    form.get_by_label("What should happen").select_option("Reject calls from this number")
    form.get_by_label("Reason").fill("threats")
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("listitem")).to_contain_text("threats")
    form.get_by_role("button", name="Close").click()
    expect(team.get_by_label("Number", exact=True)).to_be_focused()
    team.get_by_label("List", exact=True).select_option("Reject calls from this number")
    entry = team.get_by_role("listitem").filter(has_text="threats")
    expect(entry).to_contain_text("Sam Okafor")
    with httpx.Client(base_url=f"{site.service_url}/api/v1", auth=("2001", PASSWORD)) as supervisor:
        (listed,) = supervisor.get("/lists/deny").json()["numbers"]
        assert (listed["e164"], listed["state"]) == ("+14155550166", "effective")
        entry.get_by_role("button", name="Remove").click()
        expect(team.get_by_text("is off the list.")).to_be_visible()
        assert supervisor.get("/lists/deny").json()["numbers"] == []
    for rubbish in ("rubbish", "   "):
        number = team.get_by_label("Number", exact=True)
        number.fill(rubbish)
        team.get_by_role("button", name="Show", exact=True).click()
        assert "Enter a number" in number.evaluate("(input) => input.validationMessage")
        expect(form).to_have_count(0)


def test_entries_of_a_number_are_told_apart_and_beginnings_are_found(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    with httpx.Client(base_url=f"{site.service_url}/api/v1", auth=("2001", PASSWORD)) as supervisor:
        for entry in (
            {"reason": "everywhere"},
            {"reason": "one line", "dialled": "5000", "action": "announce", "target": "closed"},
        ):
            added = supervisor.post("/lists/deny", json={"number": STRANGER, **entry})
            assert added.status_code == 201, added.text
    _desktop, team = open_team(open_desktop)
    team.get_by_role("tab", name="Number lists").click()
    team.get_by_label("List", exact=True).select_option("Reject calls from this number")
    line = team.get_by_role("listitem").filter(has_text="one line")
    expect(line).to_contain_text("calls to 5000")
    expect(line.get_by_role("button")).to_have_accessible_name(
        re.compile("calls to 5000, with the announcement closed")
    )
    team.get_by_label("Number", exact=True).fill("+4930*")
    team.get_by_role("button", name="Show", exact=True).click()
    form = team.locator("list-form")
    form.get_by_label("Reason").fill("a whole town")
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("listitem")).to_contain_text("a whole town")
    form.get_by_role("button", name="Remove").click()
    expect(form.get_by_role("listitem")).to_have_count(0)


def test_failed_page_of_entries_is_tried_again_with_the_focus_in_place(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    with httpx.Client(base_url=f"{site.service_url}/api/v1", auth=("2001", PASSWORD)) as supervisor:
        for number in range(501):
            new = {"number": f"+1415556{number:04}", "reason": "many"}
            assert supervisor.post("/lists/do-not-call", json=new).status_code == 201
        _desktop, team = open_team(open_desktop)
        team.get_by_role("tab", name="Number lists").click()
        lists = team.get_by_label("List", exact=True)
        lists.select_option("Never call this number")
        entries = team.locator("number-lists > ul").get_by_role("listitem")
        expect(entries).to_have_count(500)
        site.service.is_down = True
        team.get_by_role("button", name="Show more").click()
        again = team.get_by_role("button", name="Try again")
        expect(again).to_be_focused()
        site.service.is_down = False
        again.click()
        expect(entries).to_have_count(501)
        expect(entries.last.get_by_role("button")).to_be_focused()
        expect(team.get_by_role("button", name="Show more")).to_be_hidden()
        for _ in range(3):
            lists.select_option("Warn colleagues about this caller")
            lists.select_option("Never call this number")
        expect(entries).to_have_count(500)
        for number in range(501):
            supervisor.delete(f"/lists/do-not-call/+1415556{number:04}")
