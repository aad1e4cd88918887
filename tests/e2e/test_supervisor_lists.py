"""Number lists in the gadget of supervisors: proposals, one number, and the entries of a list."""

from __future__ import annotations

import httpx
from playwright.sync_api import expect

from tests.e2e.test_supervisor import STRANGER, open_team
from tests.harness.browser import OpenDesktop
from tests.harness.sandbox import PASSWORD
from tests.harness.site import DemoSite


def test_proposal_is_accepted_and_another_rejected(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    api = f"{site.service_url}/api/v1"
    with httpx.Client(base_url=api, auth=("1001", PASSWORD)) as ana:
        open_desktop("1001")
        for number, reason in ((STRANGER, "fraud"), ("+1 415 555 0167", "rude")):
            proposal = {"number": number, "reason": reason}
            assert ana.post("/lists/deny", json=proposal).status_code == 201
    _desktop, team = open_team(open_desktop)
    team.get_by_role("tab", name="Number lists").click()
    fraud = team.get_by_role("listitem").filter(has_text="fraud")
    expect(fraud).to_contain_text("Reject calls from this number")
    expect(fraud).to_contain_text("Ana Costa")
    fraud.get_by_role("button", name="Accept").click()
    expect(fraud).to_have_count(0)
    team.get_by_role("listitem").filter(has_text="rude").get_by_role(
        "button", name="Reject"
    ).click()
    expect(team.get_by_text("No proposals wait for you.")).to_be_visible()
    with httpx.Client(base_url=api, auth=("2001", PASSWORD)) as supervisor:
        entries = supervisor.get("/lists/deny").json()["numbers"]
        assert [(each["reason"], each["state"]) for each in entries] == [("fraud", "effective")]


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
    team.get_by_label("Number", exact=True).fill("rubbish")
    team.get_by_role("button", name="Show", exact=True).click()
    form.get_by_label("Reason").fill("because")
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("alert")).to_contain_text("number")
