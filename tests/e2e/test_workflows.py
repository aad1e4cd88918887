"""What an administrator's workflows do in the card."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import expect

from tests.e2e.card import (
    ARABIC_CUSTOMER,
    KNOWN_CUSTOMER_NAME,
    UNKNOWN_CUSTOMER,
    answer_call,
    expect_phase,
    open_card,
    press,
    write_notes,
)
from tests.harness.browser import OpenDesktop
from tests.harness.site import DemoSite


def callcard_workflow(id: str, when: str, path: str) -> dict[str, Any]:
    """Return a workflow whose action is left to the card."""
    return {
        "id": id,
        "name": path,
        "when": when,
        "type": "BROWSER_POP",
        "handled_by": "OTHER",
        "params": {"path": path},
        "variables": {},
    }


def test_workflow_action_adds_note(open_desktop: OpenDesktop, site: DemoSite) -> None:
    note = {
        "id": "2",
        "name": "Note the class",
        "when": "CALL_ANSWERED",
        "type": "BROWSER_POP",
        "handled_by": "OTHER",
        "params": {"path": "callcard:note?text=Answered%20for%20${callVariable1}"},
        "variables": {"callVariable1": "//Dialog/mediaProperties/callvariables/callVariable1"},
    }
    pop = {
        "id": "3",
        "name": "Pop the CRM",
        "when": "CALL_ANSWERED",
        "type": "BROWSER_POP",
        "handled_by": "FINESSE_DESKTOP",
        "params": {"path": f"{site.finesse_url}/crm/contacts/none", "windowName": "crm"},
    }
    with site.workflows(note, pop):
        desktop = open_desktop()
        with desktop.page.context.expect_page() as opening:
            answer_call(site, desktop.gadget, callVariable1="gold & silver")
        expect(opening.value).to_have_url(re.compile("/crm/contacts/none$"))
        expect(desktop.gadget.get_by_label("Notes")).to_have_value("Answered for gold & silver")
        expect(desktop.gadget.locator(".saved")).to_have_text("Saved")


def test_workflow_opens_a_form_beside_who_types(open_desktop: OpenDesktop, site: DemoSite) -> None:
    callback = callcard_workflow("4", "CALL_ENDS", "callcard:callback")
    with site.workflows(callback):
        desktop = open_desktop()
        gadget = desktop.gadget
        call = answer_call(site, gadget)
        notes = open_card(gadget).get_by_label("Notes")
        notes.press_sequentially("will pay the rest")
        site.hang_up(call)
        expect(gadget.locator("callback-form")).to_be_visible()
        expect(notes).to_be_focused()
        desktop.page.keyboard.type(" tomorrow")
        expect(notes).to_have_value("will pay the rest tomorrow")


def test_workflow_acts_on_the_call_that_triggered_it(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    arrives = callcard_workflow("5", "CALL_ARRIVES", "callcard:note?text=Rang%20through")
    search = callcard_workflow("6", "CALL_ARRIVES", "callcard:search?text=Example")
    with site.workflows(arrives, search):
        gadget = open_desktop().gadget
        answer_call(site, gadget)
        notes = open_card(gadget).get_by_label("Notes")
        expect(notes).to_have_value("Rang through")
        write_notes(gadget, "of the first customer")
        words = gadget.get_by_role("searchbox")
        words.fill("")
        site.ring(ARABIC_CUSTOMER, queue="Support")
        other = gadget.get_by_role("tab", name="فاطمة المنصوري")
        other.click()
        press(gadget, "Answer")
        expect_phase(gadget, "On the call")
        expect(open_card(gadget).get_by_label("Notes")).to_have_value("Rang through")
        gadget.get_by_role("tab", name=KNOWN_CUSTOMER_NAME).click()
        expect(open_card(gadget).get_by_label("Notes")).to_have_value("of the first customer")
        expect(words).to_have_value("")


def test_workflow_calls_back_the_customer_whose_card_is_closed(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    callback = callcard_workflow("7", "CALL_ENDS", "callcard:callback")
    with site.workflows(callback):
        gadget = open_desktop().gadget
        answer_call(site, gadget)
        missed = site.ring(UNKNOWN_CUSTOMER, queue="Support")
        expect(gadget.get_by_role("tab", name="(646) 555-0199")).to_be_visible()
        site.hang_up(missed)
        form = gadget.locator("callback-form")
        expect(form).to_contain_text("(646) 555-0199")
        expect(gadget.get_by_role("tab")).to_have_count(0)


def test_workflow_leaves_what_the_agent_searches_for(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    search = callcard_workflow("8", "CALL_ANSWERED", "callcard:search?text=Example")
    first = callcard_workflow("9", "CALL_ARRIVES", "callcard:search?text=Fatima")
    with site.workflows(first, search):
        gadget = open_desktop().gadget
        words = gadget.get_by_role("searchbox")
        call = answer_call(site, gadget)
        expect(words).to_have_value("Example")
        site.hang_up(call)
        words.fill("Bilal")
        site.ring(UNKNOWN_CUSTOMER)
        expect_phase(gadget, "Ringing")
        words.focus()
        expect(words).to_have_value("Bilal")
