"""Messages between a supervisor and an agent during a call."""

from __future__ import annotations

from urllib.parse import parse_qs

import httpx
from playwright.sync_api import APIResponse, Request, Route, expect

from tests.e2e.card import answer_call
from tests.e2e.team import listen_to_call, open_agent, open_team
from tests.harness.browser import OpenDesktop
from tests.harness.sandbox import PASSWORD
from tests.harness.site import DemoSite


def test_message_to_an_agent_is_shown_read_and_answered(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    desktop, call, panel = listen_to_call(open_desktop, site)
    ana = desktop.gadget
    panel.get_by_label("Message that the agent’s card shows").fill("Offer 10 %.")
    panel.get_by_role("button", name="Send").click()
    thread = panel.get_by_role("listitem").filter(has_text="Offer 10 %.")
    expect(thread).to_contain_text("not read yet")

    message = ana.locator(".coaching")
    expect(message).to_contain_text("Sam Okafor")
    expect(message).to_contain_text("Offer 10 %.")
    message.get_by_label("Reply to Sam Okafor").fill("They want 15.")
    message.get_by_role("button", name="Send").click()
    expect(message).to_have_count(0)
    expect(thread).to_contain_text("Reply: They want 15.")
    expect(thread).to_contain_text("read ")

    panel.get_by_label("Message that the agent’s card shows").fill("Well done.")
    panel.get_by_role("button", name="Send").click()
    message.get_by_role("button", name="Got it").click()
    expect(message).to_have_count(0)
    second = panel.get_by_role("listitem").filter(has_text="Well done.")
    expect(second).not_to_contain_text("not read yet")
    site.hang_up(call)


def test_second_press_leaves_the_next_message_unread(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    desktop, call, panel = listen_to_call(open_desktop, site)
    for text in ("Offer 10 %.", "Promise no delivery."):
        panel.get_by_label("Message that the agent’s card shows").fill(text)
        panel.get_by_role("button", name="Send").click()
        expect(desktop.gadget.get_by_text(text)).to_be_visible()
    read = desktop.gadget.locator(".coaching").get_by_role("button", name="Got it")
    place = read.first.bounding_box()
    assert place is not None
    for _ in range(2):
        desktop.page.mouse.click(place["x"] + 5, place["y"] + 5)
        expect(read).to_have_count(1)
    expect(desktop.gadget.get_by_text("Promise no delivery.")).to_be_visible()
    site.hang_up(call)


def test_message_that_was_not_sent_is_there_again(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    open_desktop("1001")
    open_desktop("1002")
    _desktop, team = open_team(open_desktop)
    panel = open_agent(team, "Ana Costa")
    text = panel.get_by_label("Message that the agent’s card shows")
    text.fill("Offer 10 %.")
    site.service.is_down = True
    panel.get_by_role("button", name="Send").click()
    expect(panel.get_by_role("alert")).to_contain_text("does not respond")
    open_agent(team, "Bilal Haddad")
    expect(text).to_have_value("")
    expect(panel.get_by_role("alert")).to_have_count(0)
    open_agent(team, "Ana Costa")
    expect(text).to_have_value("Offer 10 %.")
    expect(panel.get_by_role("alert")).to_contain_text("does not respond")
    site.service.is_down = False
    panel.get_by_role("button", name="Send").click()
    expect(text).to_have_value("")
    expect(panel.get_by_role("listitem").filter(has_text="Offer 10 %.")).to_have_count(1)


def test_half_written_answer_survives_an_outage(open_desktop: OpenDesktop, site: DemoSite) -> None:
    ana = open_desktop("1001").gadget
    with httpx.Client(base_url=f"{site.service_url}/api/v1", auth=("2001", PASSWORD)) as supervisor:
        text = {"text": "Offer 10 %."}
        assert supervisor.post("/agents/1001/coach", json=text).status_code == 201
    call = answer_call(site, ana)  # whose report says that a message waits
    message = ana.locator(".coaching")
    message.get_by_label("Reply to Sam Okafor").fill("They want 15.")
    site.service.is_down = True
    message.get_by_role("button", name="Send").click()
    expect(message.get_by_role("alert").last).to_contain_text("does not respond")
    expect(message.get_by_label("Reply to Sam Okafor")).to_have_value("They want 15.")
    site.service.is_down = False
    message.get_by_role("button", name="Send").click()
    expect(message).to_have_count(0)
    site.hang_up(call)


def test_answered_message_does_not_come_back_with_an_older_read(
    open_desktop: OpenDesktop, site: DemoSite
) -> None:
    """While a supervisor listens, the card reads every three seconds what waits."""
    desktop = open_desktop("1001")
    ana = desktop.gadget
    call = answer_call(site, ana)
    _desktop, team = open_team(open_desktop)
    panel = open_agent(team, "Ana Costa")
    panel.get_by_role("button", name="Listen").click()
    panel.get_by_label("Message that the agent’s card shows").fill("Offer 10 %.")
    panel.get_by_role("button", name="Send").click()
    expect(ana.locator(".coaching")).to_contain_text("Offer 10 %.")
    reads: list[tuple[Route, APIResponse]] = []

    def is_read(request: Request) -> bool:
        body = parse_qs(request.post_data or "")
        is_get = body.get("httpMethod") == ["GET"]
        return is_get and body["url"][0].partition("?")[0].endswith("/coaching")

    def hold_first_read(route: Route) -> None:
        if is_read(route.request) and not reads:
            reads.append((route, route.fetch()))
        else:
            route.continue_()

    desktop.page.route("**/gadgets/makeRequest*", hold_first_read)
    with desktop.page.expect_request(is_read):
        pass
    ana.locator(".coaching").get_by_role("button", name="Got it").click()
    expect(ana.locator(".coaching")).to_have_count(0)
    ana.locator("coaching-messages").evaluate(
        """(element) => {
          element.shownAgain = 0;
          new MutationObserver(() => (element.shownAgain += 1)).observe(element, {childList: true});
        }"""
    )
    with desktop.page.expect_response(lambda response: response.request == reads[0][0].request):
        reads[0][0].fulfill(response=reads[0][1])
    with desktop.page.expect_response(lambda response: is_read(response.request)):
        pass  # one that began after the answer
    assert ana.locator("coaching-messages").evaluate("(element) => element.shownAgain") == 0
    site.hang_up(call)
