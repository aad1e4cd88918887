"""A third-party gadget in the sandbox's container: library, hub, views, workflows, tasks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from finesse_sandbox.desktop.pages import HubSettings
from tests.e2e.third_party import SUPERVISOR_LAYOUT, THIRD_PARTY, ThirdPartyGadget
from tests.harness.browser import OpenDesktop, open_desktops
from tests.harness.site import DemoSite, open_demo_site, vendor_library
from tests.harness.waiting import wait_until

needs_own_library = pytest.mark.skipif(
    bool(vendor_library()), reason="the vendor's library lacks it: unset FINESSE_JS"
)


@pytest.fixture(scope="module")
def site_options() -> dict[str, Any]:
    return {"gadgets": (THIRD_PARTY,), **vendor_library()}


@pytest.fixture
def page(open_desktop: OpenDesktop) -> Page:
    """The desktop of agent 1001, with the third-party gadget beside Callcard."""
    return open_desktop().page


def test_library_gives_credentials_user_and_tab_events(page: Page) -> None:
    gadget = ThirdPartyGadget(page)
    gadget.expect_recorded("authorization", "Basic ")
    gadget.expect_recorded("user", "Ana Costa")
    page.get_by_role("tab", name="Callcard").click()
    page.get_by_role("tab", name="Third party").click()
    gadget.expect_some_recorded("tab")
    colour = gadget.run("getComputedStyle(document.getElementById('log')).color")
    assert colour == "rgb(1, 2, 3)"
    gadget.expect_some_recorded("tick")


def test_library_controls_call_and_workflow_reaches_gadget(page: Page, site: DemoSite) -> None:
    gadget = ThirdPartyGadget(page)
    call = site.ring("+12025550123", queue="Support", callVariable1="Ada")
    gadget.expect_recorded("added", "Ada")
    workflow = ["Pop the caller", "OTHER", "https://crm.example/find?number=%2B12025550123"]
    gadget.expect_recorded("workflow", workflow)
    gadget.run(
        "thirdParty.call().requestAction('1001', finesse.restservices.Dialog.Actions.ANSWER, {})"
    )
    wait_until(lambda: bool(site.call(call)["state"] == "ACTIVE"))
    gadget.run("thirdParty.call().sendDTMFRequest('1001', {}, '12#')")
    wait_until(lambda: bool(site.call(call)["dtmf"] == "12#"))
    gadget.run("thirdParty.call().updateWrapUpReason('Sale', {})")
    wait_until(lambda: bool(site.call(call)["wrap_up"] == ["Sale"]))
    gadget.run("thirdParty.call().requestAction('1001', 'DROP', {})")
    gadget.expect_some_recorded("deleted")


def test_hub_passes_references_and_swallows_exceptions(page: Page) -> None:
    gadget = ThirdPartyGadget(page)
    gadget.run("gadgets.Hub.publish('thirdParty.fail', 1)")
    gadget.run("gadgets.Hub.publish('thirdParty.talk', { when: new Date() })")
    gadget.wait_for("thirdParty.recorded.talk?.length === 1")
    assert gadget.run("thirdParty.recorded.talk[0].when instanceof Date")
    expect(page.locator("#gadget-errors p")).to_have_count(0)


def test_views_prefs_dialog_and_reload_from_url(page: Page) -> None:
    gadget = ThirdPartyGadget(page)
    page.get_by_role("button", name="Maximise or restore").click()
    gadget.expect_recorded("view", "canvas")
    page.get_by_role("button", name="Maximise or restore").last.click()
    gadget.run("thirdParty.container.showDialog({ title: 'Over all', message: 'Hello' })")
    expect(page.locator("dialog")).to_contain_text("Hello")
    gadget.run("thirdParty.container.hideDialog()")
    expect(page.locator("dialog")).to_have_count(0)
    gadget.run("thirdParty.prefs.set('colour', 'blue')")
    page.reload()
    gadget = ThirdPartyGadget(page)
    gadget.expect_recorded("colour", "blue")
    url = gadget.run("gadgets.util.getUrlParameters().url + '?changed=1'")
    gadget.run(f"thirdParty.container.reloadMyGadgetFromUrl({url!r})")
    expect(page.locator("iframe[src*='changed%3D1']")).to_have_count(1)


@needs_own_library
def test_channel_has_menu_in_header_until_it_is_removed(page: Page) -> None:
    gadget = ThirdPartyGadget(page)
    gadget.run("""{
        const done = (answer) => thirdParty.record("channel", answer.status);
        const failed = (answer) => thirdParty.record("channel", answer.error.errorCode);
        thirdParty.channels = finesse.digital.ChannelService.init();
        thirdParty.channels.updateChannel("chat", {}, done, failed);
        const menuItems = [{ id: "on", menuText: "On" }, { id: "off", menuText: "Off" }];
        const data = {
            menuConfig: { label: "Chat", menuItems },
            channelState: { currentState: "Off" },
        };
        const onStateChange = (id, state) => thirdParty.record("menu", [id, state]);
        thirdParty.channels.addChannel("chat", data, onStateChange, done, failed);
    }""")
    gadget.expect_recorded("channel", "CHANNEL_NOT_FOUND", "SUCCESS")
    menu = page.get_by_label("Chat")
    expect(menu).to_have_value("off")
    menu.select_option("On")
    gadget.expect_recorded("menu", ["chat", "on"])
    gadget.run("thirdParty.channels.removeChannel('chat')")
    expect(menu).to_have_count(0)


@needs_own_library
def test_media_tasks_are_offered_accepted_and_closed(page: Page, site: DemoSite) -> None:
    gadget = ThirdPartyGadget(page)
    gadget.run("""thirdParty.user.getMediaList({ onLoad: (list) => {
        thirdParty.media = list.getMedia({
            id: "5000",
            onLoad: (media) => thirdParty.record("media", media.getState()),
            onChange: (media) => thirdParty.record("media", media.getState()),
        });
        thirdParty.tasks = thirdParty.media.getMediaDialogs({
            onCollectionAdd: (task) => thirdParty.record("task", task.getState()),
            onCollectionDelete: () => thirdParty.record("closed"),
        });
    } })""")
    gadget.expect_recorded("media", "LOGOUT")
    gadget.run("thirdParty.media.login({ maxDialogLimit: 2 })")
    gadget.expect_last_recorded("media", "NOT_READY")
    gadget.run("thirdParty.media.setState('READY')")
    gadget.expect_last_recorded("media", "READY")
    site.offer_task("1001", callVariable1="chat")
    gadget.expect_recorded("task", "OFFERED")
    task = "Object.values(thirdParty.tasks.getCollection())[0]"
    gadget.run(f"{task}.setTaskState('ACCEPT', {{}})")
    gadget.wait_for(f"{task}.getState() === 'ACCEPTED'")
    gadget.run(f"{task}.setTaskState('CLOSE', {{}})")
    gadget.expect_some_recorded("closed")


def test_strict_json_hub_shows_exceptions_and_copies_messages(
    browser: Browser, site_options: dict[str, Any], tmp_path: Path
) -> None:
    hub = HubSettings(show_errors=True, copy_as_json=True, connect_delay_seconds=0.5)
    with (
        open_demo_site(tmp_path, hub=hub, **site_options) as site,
        open_desktops(browser, site) as open_desktop,
    ):
        page = open_desktop().page
        gadget = ThirdPartyGadget(page)
        gadget.run("gadgets.Hub.publish('thirdParty.fail', 1)")
        gadget.run("gadgets.Hub.publish('thirdParty.talk', { when: new Date() })")
        expect(page.locator("#gadget-errors p").first).to_contain_text("on purpose")
        gadget.expect_some_recorded("talk")
        assert isinstance(gadget.recorded("talk")[0]["when"], str)


def test_supervisor_subscribes_to_team_node(
    browser: Browser, site_options: dict[str, Any], tmp_path: Path
) -> None:
    layout = SUPERVISOR_LAYOUT.read_bytes()
    with (
        open_demo_site(tmp_path, layout=layout, **site_options) as site,
        open_desktops(browser, site) as open_desktop,
    ):
        desktop = open_desktop(signed_in=False)  # the layout is without Callcard
        desktop.sign_in(site, "2001")
        gadget = ThirdPartyGadget(desktop.page)
        gadget.run("""
        gadgets.Hub.subscribe("finesse.api.Team.1.Users", (topic, message) => {
            const { loginId, state } = message.object.Update.data.user;
            thirdParty.record("member", [loginId, state]);
        });
        gadgets.Hub.subscribe("finesse.info.responses.*", (topic, error) => {
            thirdParty.record(topic.endsWith("good") ? "subscribed" : "refused", !!error);
        });
        const subscribe = (node, invokeID) =>
            gadgets.Hub.publish("finesse.info.requests",
                { type: "SubscribeNodeReq", data: { node }, invokeID });
        subscribe("/finesse/api/Team/1/Users", "good");
        subscribe("/finesse/api/Queue/99", "bad");""")
        gadget.expect_recorded("subscribed", False)
        gadget.expect_recorded("refused", True)
        site.change_user("1002", state="NOT_READY")
        gadget.expect_last_recorded("member", ["1002", "NOT_READY"])
