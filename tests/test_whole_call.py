"""A whole call in Chromium: every control, notes, reasons, call data, handing it on, and what survives a bad day."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, FrameLocator, expect

from callcard.crm.base import CallLog
from finesse_sandbox.site import Workflow
from tests.conftest import until
from tests.desk import NEEDS_CHROMIUM, Desk, Open, desks
from tests.site import Site, open_site

pytestmark = NEEDS_CHROMIUM

KNOWN = "+491713900001"


@pytest.fixture(scope="module", params=["ucce", "uccx"])
def whole_site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    with open_site(
        tmp_path_factory.mktemp("site"), platform=request.param, service={"notes_seconds": 4.0}
    ) as site:
        yield site


@pytest.fixture
def site(whole_site: Site) -> Site:
    whole_site.post("reset")
    whole_site.switch.delay, whole_site.switch.down = 0.0, False
    return whole_site


@pytest.fixture
def desk(browser: Browser, site: Site) -> Iterator[Open]:
    with desks(browser, site) as open_desk:
        yield open_desk


def press(gadget: FrameLocator, name: str) -> None:
    gadget.locator("call-panel:not([hidden]) call-controls").get_by_role(
        "button", name=name, exact=True
    ).click()


def phase(gadget: FrameLocator, text: str) -> None:
    expect(gadget.locator("call-panel:not([hidden]) .phase")).to_have_text(text)


def answered(gadget: FrameLocator, site: Site, **told: Any) -> str:
    call = site.ring(KNOWN, queue="Support", **told)
    press(gadget, "Answer")
    phase(gadget, "On the call")
    return call


def call_of(site: Site, id: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in site.get("calls") if each["id"] == id)
    return found


def has_tone(site: Site, call: str, key: str) -> bool:
    return str(call_of(site, call)["dtmf"]).endswith(key)


def has_reason(site: Site, call: str, reason: str) -> bool:
    return reason in call_of(site, call)["wrap_up"]


def logged(site: Site, call: str) -> CallLog:
    """The one interaction of `call` in the CRM, once it is there."""

    def found() -> list[CallLog]:
        return [each for each in site.contacts.calls() if call in each.calls]

    until(lambda: bool(found()), 15)
    (log,) = found()
    return log


def test_an_agent_works_the_whole_call_and_the_crm_has_it_once(desk: Open, site: Site) -> None:
    gadget = desk().gadget
    uccx = site.sandbox.centre.platform == "uccx"
    call = answered(gadget, site, callVariable1="Order 4711")
    press(gadget, "Keypad…")
    for key in "42#":
        gadget.locator(".keys").get_by_role("button", name=key, exact=True).click()
        until(partial(has_tone, site, call, key))
        expect(gadget.get_by_role("button", name="Keypad…")).to_have_attribute(
            "aria-disabled", "false"
        )
    press(gadget, "Keypad…")
    expect(gadget.locator(".drawer")).to_be_hidden()
    if uccx:
        press(gadget, "Record")
        until(lambda: call_of(site, call)["recording"])
    else:
        expect(gadget.get_by_role("button", name="Record")).to_have_count(0)
    gadget.get_by_label("Change callVariable1").click()
    gadget.locator("call-variables input").fill("Order 4712")
    gadget.locator("call-variables").get_by_role("button", name="Save").click()
    expect(gadget.locator("call-variables [role=status]")).to_have_text("Saved")
    assert call_of(site, call)["variables"]["callVariable1"] == "Order 4712"
    gadget.get_by_label("Notes").fill("wants a pump")
    expect(gadget.locator(".saved")).to_have_text("Saved")
    if uccx:
        for reason in ("Sale", "Complaint"):
            gadget.get_by_label(reason, exact=True).check()
            until(partial(has_reason, site, call, reason))
    else:
        gadget.get_by_label("Wrap-up reason").select_option("Sale")
        until(lambda: call_of(site, call)["wrap_up"] == ["Sale"])
    press(gadget, "Hang up")
    phase(gadget, "Call ended")
    gadget.get_by_label("Notes").fill("wants a pump\nby Friday")
    expect(gadget.locator(".saved")).to_have_text("Saved")
    gadget.get_by_role("button", name="Close").click()
    log = logged(site, call)
    assert (log.end, log.owner, log.agents[0].notes) == (
        "completed",
        "1001",
        "wants a pump\nby Friday",
    )
    assert log.reasons == (("Sale", "Complaint") if uccx else ("Sale",))
    assert log.variables["callVariable1"] == "Order 4712"
    assert log.contact
    site.ring(KNOWN, queue="Support")
    expect(gadget.locator(".past li").first).to_contain_text("Sale")
    expect(gadget.locator(".past li").first).to_contain_text("Ana Costa")


def test_a_consult_a_conference_and_the_card_that_follows(desk: Open, site: Site) -> None:
    ana, bilal = desk().gadget, desk("1002").gadget
    call = answered(ana, site)
    ana.get_by_label("Notes").fill("from Ana")
    expect(ana.locator(".saved")).to_have_text("Saved")
    press(ana, "Transfer…")
    ana.get_by_label("Whom to transfer to").fill("bilal")
    ana.get_by_role("button", name="Consult Bilal Haddad").first.click()
    expect(bilal.get_by_role("heading", name="Käthe")).to_be_visible()
    expect(bilal.locator(".others")).to_contain_text("from Ana")
    press(bilal, "Answer")
    phase(ana, "Consulting")
    press(ana, "Conference")
    until(
        lambda: len([p for p in call_of(site, call)["participants"] if p["state"] == "ACTIVE"]) == 3
    )
    expect(bilal.get_by_role("heading", name="Käthe").first).to_be_visible()
    expect(bilal.locator("call-panel:not([hidden]) call-notes textarea")).to_be_visible()
    bilal.locator("call-panel:not([hidden]) call-notes textarea").fill("from Bilal")
    expect(bilal.locator("call-panel:not([hidden]) .saved")).to_have_text("Saved")
    press(ana, "Hang up")
    site.post(f"calls/{call}/drop")
    log = logged(site, call)
    assert [(share.agent, share.notes) for share in log.agents] == [
        ("1001", "from Ana"),
        ("1002", "from Bilal"),
    ]


def test_a_direct_transfer_to_a_typed_number(desk: Open, site: Site) -> None:
    gadget = desk().gadget
    call = answered(gadget, site)
    press(gadget, "Transfer…")
    gadget.get_by_label("Whom to transfer to").fill("+1 212 555 0142")
    gadget.get_by_role("button", name="Transfer to +1 212 555 0142").click()
    phase(gadget, "Call ended")
    (order,) = [
        r for r in site.get("requests") if r["method"] == "PUT" and r["path"].endswith(call)
    ][1:]
    assert order["status"] == 202
    gadget.get_by_role("button", name="Close").click()
    assert logged(site, call).end == "transferred"


def test_what_finesse_refuses_is_said_and_the_buttons_are_back(desk: Open, site: Site) -> None:
    gadget = desk().gadget
    answered(gadget, site)
    press(gadget, "Transfer…")
    gadget.get_by_label("Whom to transfer to").fill("4444")
    gadget.get_by_role("button", name="Transfer to 4444").click()
    expect(gadget.locator("call-panel header .error")).to_contain_text(
        "this number can't be reached"
    )
    expect(gadget.get_by_role("button", name="Hold", exact=True)).to_have_attribute(
        "aria-disabled", "false"
    )


def test_one_order_at_a_time_for_the_telephone_whatever_the_call(desk: Open, site: Site) -> None:
    gadget = desk().gadget
    first = answered(gadget, site)
    site.ring("+12025550123")
    expect(gadget.get_by_role("tab")).to_have_count(2)
    before = len(site.get("requests"))
    site.post(
        "faults",
        {"kind": "slow", "method": "PUT", "path": f"/finesse/api/Dialog/{first}", "seconds": 2},
    )
    gadget.get_by_role("tab").first.click()
    press(gadget, "Hold")
    gadget.get_by_role("tab").last.click()
    expect(gadget.locator("call-panel:not([hidden]) .answer")).to_have_attribute(
        "aria-disabled", "true"
    )
    gadget.locator("call-panel:not([hidden]) .answer").click(force=True)
    puts = [r for r in site.get("requests")[before:] if r["method"] == "PUT"]
    assert len(puts) <= 1


def test_a_value_that_finesse_cuts_or_drops_is_told(desk: Open, site: Site) -> None:
    gadget = desk().gadget
    answered(gadget, site, **{"user.case": "4711", "callVariable2": "x"})

    def write(name: str, value: str) -> None:
        gadget.get_by_label(f"Change {name}").click()
        gadget.locator("call-variables input").fill(value)
        gadget.locator("call-variables").get_by_role("button", name="Save").click()

    write("user.case", "a case number that is too long for it")
    expect(gadget.locator("call-variables .error")).to_have_text(
        "Finesse kept only “a case number that i”"
    )
    write("callVariable2", "ж" * 5 if site.sandbox.centre.platform == "ucce" else "ж" * 20)
    expect(gadget.locator("call-variables")).to_contain_text(
        re.compile("can't keep the character|may have 39 bytes")
    )


def test_notes_survive_a_reload_an_outage_and_an_ended_token(desk: Open, site: Site) -> None:
    ana = desk()
    call = answered(ana.gadget, site)
    ana.gadget.get_by_label("Notes").fill("first")
    expect(ana.gadget.locator(".saved")).to_have_text("Saved")
    site.switch.down = True
    ana.gadget.get_by_label("Notes").fill("first\nsecond")
    expect(ana.gadget.locator(".saved")).to_contain_text("Not saved yet")
    ana.page.reload()
    site.switch.down = False
    ana.ready()
    expect(ana.gadget.get_by_label("Notes")).to_have_value("first\nsecond")
    expect(ana.gadget.locator(".saved")).to_have_text("Saved", timeout=15_000)
    site.switch.expired = True
    ana.gadget.get_by_label("Notes").fill("first\nsecond\nthird")
    expect(ana.gadget.locator(".saved")).to_contain_text("Sign in to the desktop again")
    site.switch.expired = False
    expect(ana.gadget.locator(".saved")).to_have_text("Saved", timeout=15_000)
    site.post(f"calls/{call}/drop")
    phase(ana.gadget, "Call ended")
    ana.gadget.get_by_role("button", name="Close").click()
    assert logged(site, call).agents[0].notes == "first\nsecond\nthird"


def test_a_computer_whose_clock_is_wrong_has_as_long_for_its_notes_as_any_other(
    desk: Open, site: Site
) -> None:
    gadget = desk(clock_ahead=1).gadget
    call = answered(gadget, site)
    expect(gadget.locator("call-panel:not([hidden]) .clock")).to_have_text(re.compile(r"^00:0\d$"))
    site.post(f"calls/{call}/drop")
    phase(gadget, "Call ended")
    gadget.get_by_label("Notes").fill("an hour early")
    expect(gadget.locator(".saved")).to_have_text("Saved")
    assert logged(site, call).agents[0].notes == "an hour early"


def test_a_callback_is_saved_from_a_call_and_dialled_with_one_press(desk: Open, site: Site) -> None:
    ana = desk()
    gadget = ana.gadget
    call = answered(gadget, site)
    gadget.get_by_role("button", name="Call back later…").click()
    gadget.get_by_label("Note", exact=True).fill("about the pump")
    gadget.locator("callback-form").get_by_role("button", name="Save").click()
    expect(gadget.get_by_text("The callback is in your list.")).to_be_visible()
    site.post(f"calls/{call}/drop")
    phase(gadget, "Call ended")
    gadget.get_by_role("button", name="Close").click()
    gadget.get_by_label("Your state").select_option("READY")
    until(lambda: site.sandbox.agents.users["1001"].state == "READY")
    expect(gadget.locator(".callbacks li .about")).to_have_text("+49 171 3900001 · about the pump")
    dial = gadget.locator(".callbacks li").get_by_role("button", name=re.compile("^Call Käthe"))
    with httpx.Client(base_url=f"{site.service}/api/v1", auth=("2001", "callcard")) as boss:
        boss.post(
            "/lists/do-not-call", json={"number": KNOWN, "reason": "asked for it"}
        ).raise_for_status()
        dial.click()
        expect(gadget.locator("callback-list .error")).to_contain_text("must not be called")
        gadget.locator("callback-list").evaluate("(list) => list.read()")
        expect(gadget.locator("callback-list .error")).to_contain_text("must not be called")
        boss.delete(f"/lists/do-not-call/{KNOWN}").raise_for_status()
    gadget.get_by_label("While calling:").select_option(label="Follow-up work")
    ana.page.wait_for_timeout(1000)  # a press sooner is the same press
    dial.click()
    phase(gadget, "Dialling")
    assert site.sandbox.agents.users["1001"].state in ("TALKING", "NOT_READY")
    dialog = next(iter(site.get("calls")))
    assert dialog["to"] == KNOWN
    site.post(f"calls/{dialog['id']}/answer")
    phase(gadget, "On the call")
    site.post(f"calls/{dialog['id']}/drop")
    until(lambda: site.sandbox.agents.users["1001"].state == "READY")
    expect(gadget.locator(".callbacks")).to_have_count(0)


def test_a_preview_of_the_dialer_is_accepted_in_the_card(desk: Open, site: Site) -> None:
    gadget = desk().gadget
    direct = site.sandbox.centre.platform == "uccx"
    site.post("previews", {"to": "1001", "number": KNOWN, "campaign": "Winback", "direct": direct})
    expect(gadget.get_by_role("heading", name="Käthe")).to_be_visible()
    buttons = gadget.locator("call-panel:not([hidden]) call-controls button")
    expect(buttons).to_have_text(["Accept", "Reject", "Close for good"])
    expect(gadget.locator("agent-state option:checked")).to_have_text("Reserved")
    press(gadget, "Accept")
    phase(gadget, "Dialling")
    dialog = next(each for each in site.get("calls") if each["to"] == KNOWN)
    site.post(f"calls/{dialog['id']}/answer")
    phase(gadget, "On the call")


def test_a_workflow_of_the_desktop_does_something_in_the_card_and_the_others_go_on(
    desk: Open, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    variable = ("callVariable1", "//Dialog/mediaProperties/callvariables/callVariable1")
    path = "callcard:note?text=Answered%20for%20${callVariable1}"
    ours = Workflow(
        "2",
        "Note the class",
        "CALL_ANSWERED",
        "BROWSER_POP",
        "OTHER",
        (("path", path),),
        (variable,),
    )
    pop = (("path", f"{site.finesse}/crm/contacts/none"), ("windowName", "crm"))
    finesses = Workflow("3", "Pop the CRM", "CALL_ANSWERED", "BROWSER_POP", "FINESSE_DESKTOP", pop)
    known = site.sandbox.centre.site
    monkeypatch.setattr(known, "workflows", (*known.workflows, ours, finesses))
    ana = desk()
    with ana.page.context.expect_page() as popped:
        answered(ana.gadget, site, callVariable1="gold & silver")
    assert popped.value.url.endswith("/crm/contacts/none")
    expect(ana.gadget.get_by_label("Notes")).to_have_value("Answered for gold & silver")
    expect(ana.gadget.locator(".saved")).to_have_text("Saved")


def test_a_team_that_must_choose_a_reason(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with open_site(
        tmp_path_factory.mktemp("strict"), service={"disposition_teams": ("Customer Care",)}
    ) as site:
        context = browser.new_context()
        desk = Desk(context.new_page())
        desk.sign_in(site)
        desk.ready()
        call = answered(desk.gadget, site)
        expect(desk.gadget.get_by_text("Wrap-up reason (needed)")).to_be_visible()
        site.post(f"calls/{call}/drop")
        phase(desk.gadget, "Call ended")
        desk.gadget.get_by_role("button", name="Close").click()
        expect(desk.gadget.locator(".saved")).to_have_text("Choose a wrap-up reason first.")
        desk.gadget.get_by_label("Wrap-up reason (needed)").select_option("Order status")
        expect(desk.gadget.locator(".saved")).to_have_text("Saved")
        desk.gadget.get_by_role("button", name="Close").click()
        assert logged(site, call).reasons == ("Order status",)
        context.close()
