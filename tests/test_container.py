"""A gadget that is not ours in the stand-in's container: the library's names, the hub, views, dialogs, workflows, two nodes."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Frame, Page, expect

from finesse_sandbox.desktop.pages import HubSettings
from tests.conftest import ROOT, until
from tests.desk import NEEDS_CHROMIUM, Desk
from tests.site import Site, open_site

pytestmark = NEEDS_CHROMIUM
FOREIGN = ROOT / "tests" / "samples" / "foreign"
LIBRARY: dict[str, Any] = (
    {"finesse_js": Path(os.environ["FINESSE_JS"])} if "FINESSE_JS" in os.environ else {}
)


@contextmanager
def at_the_desktop(
    browser: Browser, folder: Path, agent: str = "1001", **told: Any
) -> Iterator[tuple[Site, Page]]:
    with open_site(folder, gadgets=(FOREIGN,), **LIBRARY, **told) as site:
        context = browser.new_context(
            viewport={"width": 1200, "height": 900}, reduced_motion="reduce"
        )
        desk = Desk(context.new_page())
        desk.sign_in(site, agent)
        try:
            yield site, desk.page
        finally:
            context.close()


def foreign(page: Page) -> Frame:
    """The foreign gadget's frame, once it has begun."""
    page.get_by_role("tab", name="Foreign").click()

    def found() -> Frame | None:
        return next((frame for frame in page.frames if "foreign.xml" in frame.url), None)

    def begun() -> bool:
        frame = found()
        return frame is not None and bool(
            frame.evaluate("typeof foreign === 'object' && !!foreign.dialogs")
        )

    until_met(page, begun)
    frame = found()
    assert frame
    return frame


def until_met(page: Page, met: Callable[[], Any], seconds: float = 10) -> None:
    """Wait without holding the browser up."""
    for _ in range(int(seconds * 20)):
        if met():
            return
        page.wait_for_timeout(50)
    raise AssertionError("that did not happen in time")


def heard(frame: Frame, what: str) -> list[Any]:
    found: list[Any] = frame.evaluate(f"foreign.heard[{what!r}] || []")
    return found


def test_the_library_the_hub_and_the_desktops_services(browser: Browser, tmp_path: Path) -> None:
    with at_the_desktop(browser, tmp_path) as (site, page):
        frame = foreign(page)
        assert heard(frame, "authorization") == ["Basic "]
        assert heard(frame, "user") == ["Ana Costa"]
        page.get_by_role("tab", name="Callcard").click()
        page.get_by_role("tab", name="Foreign").click()
        until_met(page, lambda: heard(frame, "tab"))
        assert (
            frame.evaluate("getComputedStyle(document.getElementById('log')).color")
            == "rgb(1, 2, 3)"
        )
        until_met(page, lambda: heard(frame, "tick"))

        # Calls: one variable or many, actions, data, and a workflow that a gadget handles.
        site.ring("+12025550123", queue="Support", callVariable1="Ada")
        until_met(page, lambda: heard(frame, "added") == ["Ada"])
        until_met(page, lambda: heard(frame, "workflow"))
        assert heard(frame, "workflow") == [
            ["Pop the caller", "OTHER", "https://crm.example/find?number=%2B12025550123"]
        ]
        frame.evaluate(
            "foreign.call().requestAction('1001', finesse.restservices.Dialog.Actions.ANSWER, {})"
        )
        until(lambda: site.get("calls")[0]["state"] == "ACTIVE")
        frame.evaluate("foreign.call().sendDTMFRequest('1001', {}, '12#')")
        until(lambda: site.get("calls")[0]["dtmf"] == "12#")
        frame.evaluate("foreign.call().updateWrapUpReason('Sale', {})")
        until(lambda: site.get("calls")[0]["wrap_up"] == ["Sale"])
        frame.evaluate("foreign.call().requestAction('1001', 'DROP', {})")
        until_met(page, lambda: heard(frame, "deleted"))

        # The hub: by reference, to everybody who listens; what is thrown is swallowed.
        frame.evaluate(
            "gadgets.Hub.publish('foreign.fails', 1); gadgets.Hub.publish('foreign.talk', { when: new Date() })"
        )
        until_met(page, lambda: frame.evaluate("(foreign.heard.talk || []).length") == 1)
        assert frame.evaluate("foreign.heard.talk[0].when instanceof Date")
        expect(page.locator("#complaints p")).to_have_count(0)

        # Views, prefs that are kept, a dialog over the desktop, another address after a reload.
        page.get_by_role("button", name="Maximise or restore").click()
        until_met(page, lambda: heard(frame, "view") == ["canvas"])
        page.get_by_role("button", name="Maximise or restore").last.click()
        frame.evaluate("foreign.container.showDialog({ title: 'Over all', message: 'Hello' })")
        expect(page.locator("dialog")).to_contain_text("Hello")
        frame.evaluate("foreign.container.hideDialog()")
        expect(page.locator("dialog")).to_have_count(0)
        frame.evaluate("foreign.prefs.set('colour', 'blue')")
        page.reload()
        assert heard(foreign(page), "colour") == ["blue"]
        url = foreign(page).evaluate("gadgets.util.getUrlParameters().url + '?changed=1'")
        foreign(page).evaluate(f"foreign.container.reloadMyGadgetFromUrl({url!r})")
        until_met(page, lambda: any("changed%3D1" in f.url for f in page.frames))


NAMES = """utilities.SaxParser utilities.Utilities utilities.I18n utilities.Logger utilities.DesktopCache Converter
clientservices.ClientServices restservices.User restservices.Users restservices.Dialogs restservices.Dialog
restservices.Queues restservices.Queue restservices.Team restservices.WrapUpReasons restservices.PhoneBooks
restservices.Contacts restservices.Workflows restservices.MediaPropertiesLayout
restservices.TeamNotReadyReasonCodes restservices.TeamSignOutReasonCodes restservices.TeamWrapUpReasons
restservices.TeamPhoneBooks restservices.TeamWorkflows restservices.LayoutConfig restservices.SystemInfo
restservices.ClientLog restservices.Media restservices.MediaList restservices.MediaDialogs
restservices.InterruptActions restservices.DialogLogoutActions containerservices.ContainerServices
containerservices.WorkflowActionEvent containerservices.TimerTickEvent containerservices.GadgetViewChangedEvent
containerservices.MaxAvailableHeightChangedEvent containerservices.TaskActivityNotification
containerservices.PopoverService containerservices.FinesseToaster containerservices.ShortcutKeyService
containerservices.NotificationPopoverService digital.ChannelService cslogger.ClientLogger cslogger.FinesseLogger
gadget.Config"""


@pytest.mark.skipif(bool(LIBRARY), reason="of the stand-in's own library: unset FINESSE_JS")
def test_our_library_has_the_names_that_are_documented(browser: Browser, tmp_path: Path) -> None:
    with at_the_desktop(browser, tmp_path) as (_site, page):
        frame = foreign(page)
        missing = [
            name
            for name in NAMES.split()
            if not frame.evaluate(f"!!finesse.{name.replace('.', '?.')}")
        ]
        assert missing == []


def test_a_strict_hub_that_speaks_json_and_comes_late(browser: Browser, tmp_path: Path) -> None:
    with at_the_desktop(browser, tmp_path, hub=HubSettings(strict=True, json=True, late=0.5)) as (
        _site,
        page,
    ):
        frame = foreign(page)
        frame.evaluate(
            "gadgets.Hub.publish('foreign.fails', 1); gadgets.Hub.publish('foreign.talk', { when: new Date() })"
        )
        expect(page.locator("#complaints p").first).to_contain_text("on purpose")
        until_met(page, lambda: heard(frame, "talk"))
        assert isinstance(heard(frame, "talk")[0]["when"], str)


def test_a_supervisor_follows_the_team_through_a_node_that_must_be_subscribed(
    browser: Browser, tmp_path: Path
) -> None:
    layout = (ROOT / "tests" / "samples" / "supervisor.xml").read_bytes()
    with at_the_desktop(browser, tmp_path, agent="2001", layout=layout) as (site, page):
        frame = foreign(page)
        frame.evaluate("""gadgets.Hub.subscribe("finesse.api.Team.1.Users", (topic, told) => {
            foreign.note("member", [told.object.Update.data.user.loginId, told.object.Update.data.user.state]);
        });
        gadgets.Hub.subscribe("finesse.info.responses.*", (topic, wrong) => {
            foreign.note(topic.endsWith("good") ? "subscribed" : "refused", !!wrong);
        });
        const ask = (node, invokeID) =>
            gadgets.Hub.publish("finesse.info.requests", { type: "SubscribeNodeReq", data: { node }, invokeID });
        ask("/finesse/api/Team/1/Users", "good");
        ask("/finesse/api/Queue/99", "bad");""")
        until_met(page, lambda: heard(frame, "subscribed") == [False])
        until_met(page, lambda: heard(frame, "refused") == [True])
        site.sandbox.agents.sign_in(site.sandbox.agents.users["1002"], "1002", "")
        until_met(page, lambda: ["1002", "NOT_READY"] in heard(frame, "member"))


@pytest.mark.skipif(
    bool(LIBRARY), reason="the vendor's public libraries know no media: unset FINESSE_JS"
)
def test_tasks_of_another_medium(browser: Browser, tmp_path: Path) -> None:
    with at_the_desktop(browser, tmp_path) as (site, page):
        frame = foreign(page)
        frame.evaluate("""foreign.user.getMediaList({ onLoad: (list) => {
            foreign.media = list.getMedia({
                id: "5000",
                onLoad: (media) => foreign.note("media", media.getState()),
                onChange: (media) => foreign.note("media", media.getState()),
            });
            foreign.tasks = foreign.media.getMediaDialogs({
                onCollectionAdd: (task) => foreign.note("task", task.getState()),
                onCollectionDelete: () => foreign.note("closed"),
            });
        } })""")
        until_met(page, lambda: heard(frame, "media") == ["LOGOUT"])
        frame.evaluate("foreign.media.login({ maxDialogLimit: 2 })")
        until_met(page, lambda: "NOT_READY" in heard(frame, "media"))
        frame.evaluate("foreign.media.setState('READY')")
        until_met(page, lambda: "READY" in heard(frame, "media"))
        site.post("tasks", {"to": "1001", "variables": {"callVariable1": "chat"}})
        until_met(page, lambda: heard(frame, "task") == ["OFFERED"])
        frame.evaluate("Object.values(foreign.tasks.getCollection())[0].setTaskState('ACCEPT', {})")
        task = "Object.values(foreign.tasks.getCollection())[0]"
        until_met(page, lambda: frame.evaluate(f"{task}.getState()") == "ACCEPTED")
        frame.evaluate(f"{task}.setTaskState('CLOSE', {{}})")
        until_met(page, lambda: heard(frame, "closed"))


@pytest.mark.parametrize("platform", ["ucce", "uccx"])
def test_the_call_goes_on_at_the_other_node(
    browser: Browser, tmp_path: Path, platform: str
) -> None:
    with at_the_desktop(browser, tmp_path, nodes=2, platform=platform) as (site, page):
        page.get_by_role("tab", name="Callcard").click()
        gadget = page.frame_locator("iframe[id^=remote_iframe]").first
        expect(gadget.locator("agent-state select")).to_have_value(re.compile("."), timeout=10_000)
        site.ring("+491713900001", queue="Support")
        gadget.get_by_role("button", name="Answer").click()
        expect(gadget.get_by_role("button", name="Hold")).to_be_visible()
        page.get_by_role("button", name="Take it down").click()
        expect(page.locator("#node")).to_have_text("B", timeout=30_000)
        assert "ticket" not in page.url
        gadget = page.frame_locator("iframe[id^=remote_iframe]").first
        gadget.get_by_role("button", name="Hold").click(timeout=15_000)
        expect(gadget.get_by_role("button", name="Retrieve")).to_be_visible()
        expect(gadget.locator("contact-card")).to_be_visible()
        asked = [
            r for r in site.get("requests") if r["method"] == "PUT" and "/Dialog/" in r["path"]
        ]
        assert [r["status"] for r in asked] == [202, 202]
        page.reload()  # and a reload stays there
        expect(page.locator("#node")).to_have_text("B", timeout=10_000)
