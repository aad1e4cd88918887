"""Conferences, as those who are in them see them."""

from __future__ import annotations

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
)
from tests.e2e.consults import begin_conference, begin_consult, consult
from tests.harness.browser import OpenDesktop
from tests.harness.site import DemoSite
from tests.harness.waiting import wait_until

OUTSIDE_NUMBER = "+12125550188"


def test_customer_who_leaves_a_conference_is_said_to_have_gone(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    ana, bilal, call = begin_conference(open_desktop, site)
    site.hang_up(call)
    gone = "The customer has hung up. On the line: "
    expect(open_card(ana.gadget).get_by_text(f"{gone}Bilal Haddad")).to_be_visible()
    expect(open_card(bilal).get_by_text(f"{gone}Ana Costa")).to_be_visible()
    expect(bilal.get_by_text("You now have the customer.")).to_be_hidden()


def test_consult_out_of_a_conference_says_who_has_the_customer(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    ana, _bilal, _call = begin_conference(open_desktop, site)
    clara = open_desktop("1003").gadget
    consult(ana.gadget, "Clara Wagner")
    with_bilal = "The customer is with Bilal Haddad."
    expect(open_card(ana.gadget)).to_contain_text(with_bilal)
    expect(open_card(clara)).to_contain_text(with_bilal, timeout=10_000)
    expect(open_card(ana.gadget)).not_to_contain_text("on hold")
    press(clara, "Answer")
    expect(open_card(clara)).to_contain_text(with_bilal)
    expect(open_card(ana.gadget)).to_contain_text(with_bilal)


def test_colleague_who_puts_a_conference_on_hold_is_said_to_have_done_so(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    ana, bilal, _call = begin_conference(open_desktop, site)
    expect(open_card(ana.gadget)).to_contain_text("On the line: ")
    press(bilal, "Hold")
    expect(open_card(ana.gadget)).to_contain_text("Away (on hold): Bilal Haddad")
    expect(open_card(ana.gadget)).to_contain_text(f"On the line: {KNOWN_CUSTOMER_NAME}")
    press(ana.gadget, "Hold")
    expect(open_card(bilal)).to_contain_text("Away (on hold): Ana Costa")
    press(bilal, "Retrieve")
    expect(open_card(ana.gadget)).not_to_contain_text("Away")


def test_consult_out_of_a_conference_with_an_outside_number_says_who_has_the_customer(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    ana = open_desktop().gadget
    bilal = open_desktop("1002").gadget
    call = answer_call(site, ana)
    consult(ana, OUTSIDE_NUMBER)
    wait_until(lambda: any(each["to"] == OUTSIDE_NUMBER for each in site.calls()))
    site.answer(site.call_to(OUTSIDE_NUMBER)["id"])
    press(ana, "Conference")
    expect(open_card(ana)).to_contain_text("On the line: ")
    consult(ana, "Bilal Haddad")
    with_number = f"The customer is with {OUTSIDE_NUMBER}."
    expect(open_card(ana)).to_contain_text(with_number)
    expect(open_card(bilal)).to_contain_text(with_number, timeout=10_000)
    expect(open_card(ana)).not_to_contain_text("on hold")
    site.hang_up(call)


def test_supervisor_takes_one_participant_off_a_conference(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    supervisor = open_desktop("2001").gadget
    bilal = open_desktop("1002").gadget
    call = site.ring(KNOWN_CUSTOMER, to="2001")
    press(supervisor, "Answer")
    consult(supervisor, "Bilal Haddad")
    press(bilal, "Answer")
    press(supervisor, "Conference")
    remove = open_card(supervisor).get_by_role("button", name="Remove Bilal Haddad")
    expect(remove).to_be_visible()
    expect(open_card(bilal).get_by_role("button", name="Remove")).to_have_count(0)
    remove.click()
    question = open_card(supervisor).get_by_role("alertdialog")
    expect(question).to_have_accessible_name("Remove Bilal Haddad from the call?")
    question.get_by_role("button", name="Cancel").click()
    expect(remove).to_be_focused()
    remove.click()
    question.get_by_role("button", name="Remove Bilal Haddad").click()
    expect_phase(bilal, "You are no longer on the call")
    expect(open_card(bilal)).to_contain_text(f"went on with: {KNOWN_CUSTOMER_NAME} and Sam Okafor")
    expect_phase(supervisor, "On the call")
    expect(remove).to_have_count(0)
    assert [
        each["address"] for each in site.call(call)["participants"] if each["state"] == "ACTIVE"
    ]
    site.hang_up(call)
    close_card(supervisor)


def test_customer_who_left_a_conference_is_not_said_to_be_there(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    ana, bilal, call = begin_conference(open_desktop, site)
    clara = open_desktop("1003").gadget
    consult(ana.gadget, "Clara Wagner")
    press(clara, "Answer")
    expect_phase(ana.gadget, "Consulting")
    site.hang_up(call)
    gone = "The customer has hung up."
    expect(open_card(bilal)).to_contain_text(gone)
    expect(open_card(ana.gadget)).to_contain_text(gone)
    expect(open_card(ana.gadget)).not_to_contain_text("on hold")
    expect(open_card(clara)).to_contain_text(gone, timeout=10_000)
    press(ana.gadget, "Complete transfer")
    expect(open_card(clara)).to_contain_text(f"{gone} On the line: Bilal Haddad")
    expect(clara.get_by_text("You now have the customer.")).to_be_hidden()


def test_customer_who_hung_up_while_another_call_rings_is_gone(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    ana, _bilal, call = begin_consult(open_desktop, site)
    other = site.ring(UNKNOWN_CUSTOMER)
    expect(ana.gadget.get_by_role("tab")).to_have_count(3)
    site.hang_up(call)
    expect(open_card(ana.gadget)).to_contain_text("The customer has hung up.")
    expect(open_card(ana.gadget)).not_to_contain_text("on hold")
    site.hang_up(other)
