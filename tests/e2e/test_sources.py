"""The card with several contact sources: one slow, one broken, the same number in two."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, FrameLocator, expect

from tests.e2e.card import (
    KNOWN_CUSTOMER,
    KNOWN_CUSTOMER_NAME,
    SHARED_NUMBER,
    UNKNOWN_CUSTOMER,
    close_card,
    open_card,
    press,
    write_notes,
)
from tests.harness.browser import open_desktops
from tests.harness.ports import free_port
from tests.harness.rest_crm import CONFIGURATION, RestCrm
from tests.harness.serving import listening
from tests.harness.site import DemoSite, open_demo_site


def source(name: str, port: int, **limits: Any) -> dict[str, Any]:
    base_url = f"http://127.0.0.1:{port}"
    return {"kind": "rest", "name": name, **CONFIGURATION, "base_url": base_url, **limits}


@contextmanager
def open_sources(
    browser: Browser, folder: Path, slow: RestCrm
) -> Iterator[tuple[FrameLocator, DemoSite]]:
    """Run the demo with a source `erp`, which is `slow`, and a source `old` that is not there.

    Yield the card of agent 1001.
    """
    port = free_port()
    sources = (source("erp", port, deadline_seconds=4), source("old", free_port()))
    with (
        listening((slow.app, port)),
        open_demo_site(folder, more_sources=sources) as site,
        open_desktops(browser, site) as open_desktop,
    ):
        yield open_desktop().gadget, site


def test_faster_sources_are_shown_first_and_the_slow_one_follows(
    browser: Browser, tmp_path: Path
) -> None:
    crm = RestCrm()
    crm.people[0]["phones"].append({"value": KNOWN_CUSTOMER})
    crm.is_held = True
    with open_sources(browser, tmp_path, crm) as (gadget, site):
        site.ring(KNOWN_CUSTOMER)
        card = open_card(gadget)
        expect(card.get_by_role("heading", name=KNOWN_CUSTOMER_NAME)).to_be_visible()
        expect(card.get_by_role("status").filter(has_text="Still looking in erp…")).to_be_visible()
        crm.is_held = False
        warning = card.get_by_text("No answer from old; there may be more matches.")
        expect(warning).to_be_visible()
        # Both have the number: the agent asks.
        expect(card.get_by_role("button", name="Ada Lovelace")).to_be_visible()
        expect(card.get_by_role("button", name=KNOWN_CUSTOMER_NAME)).to_be_visible()
        expect(card.get_by_text("Still looking")).to_have_count(0)
        expect(warning).to_have_attribute(
            "title", "old can't be reached (ConnectError); check its address and the network"
        )
        card.get_by_role("button", name="Ada Lovelace").click()
        expect(card.get_by_role("heading", name="Ada Lovelace")).to_be_visible()


def test_form_for_a_new_contact_waits_for_the_slow_source(browser: Browser, tmp_path: Path) -> None:
    crm = RestCrm()
    crm.is_held = True
    with open_sources(browser, tmp_path, crm) as (gadget, site):
        site.ring("+12125550123")
        card = open_card(gadget)
        expect(card.get_by_text("Still looking in erp…")).to_be_visible()
        expect(card.get_by_label("Name")).to_have_count(0)
        crm.is_held = False
        expect(card.get_by_role("heading", name="Ada Lovelace")).to_be_visible()
        site.ring("+12125550188")
        expect(
            open_card(gadget).get_by_text("No contact found in the sources that answered")
        ).to_be_visible()
        expect(open_card(gadget).get_by_label("Name")).to_be_visible()


def test_search_names_the_sources_that_did_not_answer(browser: Browser, tmp_path: Path) -> None:
    with open_sources(browser, tmp_path, RestCrm()) as (gadget, _site):
        search = gadget.locator("contact-search")
        search.get_by_role("searchbox").fill("Nordl")
        partly = search.get_by_text("No answer from old; there may be more matches.")
        expect(partly).to_be_visible()
        expect(search.get_by_text("found · No answer")).to_be_visible()
        search.get_by_role("searchbox").fill("Nobody is called so")
        expect(search.get_by_text("No contact found in the sources that answered")).to_be_visible()
        expect(partly).to_be_visible()


def test_late_source_does_not_take_a_half_filled_form_away(
    browser: Browser, tmp_path: Path
) -> None:
    crm = RestCrm()
    crm.people[0]["phones"].append({"value": SHARED_NUMBER})
    crm.delay_seconds = 0.8
    with open_sources(browser, tmp_path, crm) as (gadget, site):
        site.ring(SHARED_NUMBER)
        card = open_card(gadget)
        card.get_by_label("Name").fill("Grace")
        expect(card.get_by_text("Still looking in erp…")).to_have_count(0)
        expect(card.get_by_label("Name")).to_have_value("Grace")


def test_same_person_in_two_sources_is_one_card_with_two_records(
    browser: Browser, tmp_path: Path
) -> None:
    crm = RestCrm()
    crm.people[0] |= {"names": {"first": "Käthe", "last": "Schröder-von der Heide"}}
    crm.people[0]["phones"] = [{"value": KNOWN_CUSTOMER}]
    crm.tickets.append({"person": "7", "number": "T-1", "title": "Invoice 9", "state": "open"})
    with open_sources(browser, tmp_path, crm) as (gadget, site):
        call = site.ring(KNOWN_CUSTOMER)
        card = open_card(gadget)
        expect(card.get_by_role("heading", name=KNOWN_CUSTOMER_NAME)).to_be_visible()
        expect(card.get_by_role("link", name="local")).to_be_visible()
        link = card.get_by_role("link", name="erp")
        expect(link).to_have_attribute("href", "https://engines.example/people/7")
        expect(card.locator(".cases")).to_contain_text("Invoice 9")
        expect(card.locator(".cases")).to_contain_text("Password reset")
        # Also where the gadget is narrow, and after a reload.
        card.page.add_style_tag(content="iframe { width: 300px !important }")
        expect(link).to_be_in_viewport()
        assert (link.bounding_box() or {"width": 0})["width"] > 30
        press(gadget, "Answer")
        write_notes(gadget, "about the invoice")
        card.page.reload()
        expect(card.get_by_role("link", name="erp")).to_be_visible()
        site.hang_up(call)
        close_card(gadget)
        assert site.delivered_interaction(call).contact_source == "local"


def test_number_is_added_only_where_the_source_takes_it(browser: Browser, tmp_path: Path) -> None:
    with open_sources(browser, tmp_path, RestCrm()) as (gadget, site):
        site.ring(UNKNOWN_CUSTOMER)
        card = open_card(gadget)
        card.get_by_role("button", name="Add (646) 555-0199 to a contact…").click()
        words = gadget.get_by_role("searchbox")
        results = gadget.locator(".results")
        words.fill("Böhm")
        expect(
            results.get_by_role("button", name="Add (646) 555-0199 here: ").first
        ).to_be_visible()
        words.fill("Ada")
        choose = results.get_by_role("button", name="This is the caller: Ada Lovelace")
        expect(choose).to_be_visible()
        expect(results.get_by_role("button", name="here: Ada Lovelace")).to_have_count(0)
        choose.click()
        expect(card.get_by_role("heading", name="Ada Lovelace")).to_be_visible()
        expect(card.get_by_role("button", name="to this contact")).to_have_count(0)


def test_nothing_is_offered_that_no_source_takes(browser: Browser, tmp_path: Path) -> None:
    port = free_port()
    erp = source("erp", port) | {"create": None}
    with (
        listening((RestCrm().app, port)),
        open_demo_site(tmp_path, more_sources=(erp,), has_local_contacts=False) as site,
        open_desktops(browser, site) as open_desktop,
    ):
        gadget = open_desktop().gadget
        site.ring(UNKNOWN_CUSTOMER)
        card = open_card(gadget)
        expect(card.get_by_role("button", name="Search for an existing contact")).to_be_visible()
        expect(card.get_by_role("button", name="to a contact…")).to_have_count(0)
        expect(card.locator("contact-form")).to_have_count(0)
