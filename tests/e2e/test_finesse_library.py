"""The sandbox's own finesse.js, called by a third-party gadget on a real desktop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.library_table import PAGE, write_page
from tests.e2e.third_party import SUPERVISOR_LAYOUT, THIRD_PARTY, ThirdPartyGadget
from tests.harness.browser import OpenDesktop, open_desktops
from tests.harness.site import DemoSite, open_demo_site, vendor_library
from tests.harness.waiting import wait_until

pytestmark = pytest.mark.skipif(
    bool(vendor_library()), reason="tests the sandbox's own library: unset FINESSE_JS"
)


@pytest.fixture(scope="module")
def site_options() -> dict[str, Any]:
    return {"gadgets": (THIRD_PARTY,)}


@pytest.fixture
def page(open_desktop: OpenDesktop) -> Page:
    return open_desktop().page


@pytest.fixture
def gadget(page: Page) -> ThirdPartyGadget:
    return ThirdPartyGadget(page)


def test_page_lists_what_the_library_has(gadget: ThirdPartyGadget) -> None:
    assert write_page(gadget) == PAGE.read_text(), "run: python -m tests.e2e.library_table"


def test_reason_codes_are_an_array_of_ids_and_labels(gadget: ThirdPartyGadget) -> None:
    for method in ("getNotReadyReasonCodes", "getSignoutReasonCodes"):
        codes = gadget.run(f"""new Promise((success, error) =>
            thirdParty.user.{method}({{ success, error }}))""")
        assert codes
        assert all(set(code) == {"id", "label"} for code in codes)
    lunch = gadget.run("""new Promise((success, error) =>
        thirdParty.user.getReasonCodeById({ success, error }, "1"))""")
    assert lunch == {"id": "1", "uri": "/finesse/api/ReasonCode/1", "label": "Lunch"}
    found = gadget.run("""new Promise((success, error) =>
        new finesse.restservices.ReasonCodeLookup().lookupReasonCode(
            { success, error }, "10", "NOT_READY"))""")
    assert found["label"]


def test_constructors_take_options_or_id_and_callbacks(gadget: ThirdPartyGadget) -> None:
    gadget.run("""{
        const { Dialogs, Queue, SystemInfo, User, WrapUpReasons } = finesse.restservices;
        const loaded = (name) => ({ onLoad: () => thirdParty.record("loaded", name) });
        new SystemInfo("", loaded("system"));
        new Queue("10", loaded("queue"));
        new User("1001", loaded("user"));
        new WrapUpReasons({ parentObj: thirdParty.user, ...loaded("reasons") });
        thirdParty.others = new User({ id: "1001", doNotSubscribe: true });
        new Dialogs({ parentObj: thirdParty.others, ...loaded("dialogs") });
    }""")
    wait_until(
        lambda: (
            sorted(gadget.recorded("loaded")) == ["dialogs", "queue", "reasons", "system", "user"]
        )
    )
    # A wrong id is logged; nothing is thrown and nothing is requested.
    gadget.run("new finesse.restservices.User(7, {}), new finesse.restservices.User()")


def test_handlers_are_added_once_and_removed(gadget: ThirdPartyGadget) -> None:
    counts = gadget.run("""{
        const { user } = thirdParty;
        const scope = { count: 0 };
        const handler = function () { this.count += 1; };
        user.addHandler("change", handler, scope);
        user.addHandler("change", handler, scope);
        user._fire("change", user);
        user.removeHandler("change", handler);
        user._fire("change", user);
        user.addHandler("nonsense", handler);
        user.addHandler("load", handler, scope);
        const afterLoad = scope.count;
        user.removeHandler("load");
        ({ once: afterLoad, same: user.setState === undefined, chained: user.refresh() === user });
    }""")
    assert counts == {"once": 2, "same": False, "chained": True}


def test_refused_command_reaches_its_error_handler(
    gadget: ThirdPartyGadget, site: DemoSite
) -> None:
    """Finesse accepts the request with 202 and reports the refusal as an event."""
    call = site.ring("+12025550123")
    gadget.wait_for("!!thirdParty.call()")
    gadget.run("""thirdParty.call().requestAction("1001", "RETRIEVE", {
        success: (response) => thirdParty.record("accepted", response.status),
        error: (response) => thirdParty.record("refused",
            [response.status, finesse.utilities.Utilities.getErrData(response)]),
    })""")
    gadget.expect_some_recorded("refused")
    status, _data = gadget.recorded("refused")[0]
    assert status == 400
    site.hang_up(call)


def test_collection_reports_added_and_removed_items(
    gadget: ThirdPartyGadget, site: DemoSite
) -> None:
    gadget.run("""{
        const { dialogs } = thirdParty;
        dialogs.addHandler("collectionAdd", (dialog) => {
            thirdParty.record("length", dialogs.length);
            thirdParty.record("droppable", dialog.getDroppableParticipants().length);
            thirdParty.record("timers", dialog.getParticipantTimerCounters("1001").state);
        });
        dialogs.addHandler("collectionDelete", () => thirdParty.record("length", dialogs.length));
    }""")
    call = site.ring("+12025550123", callVariable1="Ada")
    gadget.expect_recorded("length", 1)
    gadget.expect_recorded("timers", "ALERTING")
    assert gadget.run("thirdParty.call().getCallVariable('callVariable1')") == "Ada"
    assert gadget.run("thirdParty.dialogs.getDialogCount(true)") == 1
    site.hang_up(call)
    gadget.expect_recorded("length", 1, 0)


def test_utilities_convert_times_errors_and_texts(gadget: ThirdPartyGadget) -> None:
    results = gadget.run("""{
        const { Utilities, I18n } = finesse.utilities;
        sessionStorage.setItem("clientTimestampDrift", "1000");
        const start = "2026-01-01T00:00:00.000Z";
        const at = (iso) => new Date(iso);
        const hour = at("2026-01-01T01:01:01.000Z");
        const values = {
            duration: Utilities.convertTsToDuration(start, hour),
            ahead: Utilities.convertTsToDuration(start, at("2025-12-31T23:59:58.500Z")),
            future: Utilities.convertTsToDuration(start, at("2025-12-31T00:00:00Z")),
            format: Utilities.convertTsToDurationWithFormat(undefined, true),
            none: [Utilities.convertTsToDuration(""), Utilities.convertTsToDuration("--")],
            built: [Utilities.buildTimeString(61000),
                Utilities.buildTimeStringWithOptionalHours(3661000),
                Utilities.buildElapsedTimeString(5000, 0),
                Utilities.buildElapsedTimeString(65000, 5000),
                Utilities.getDisplayTime(3661)],
            times: [Utilities.extractTime(null), Utilities.extractTime(start)],
            server: Utilities.convertToServerTimeMillis(0),
            auth: atob(Utilities.getUserAuthString()),
            credentials: Utilities.getCredentials(btoa("1001:a:b")),
            code: Utilities.getErrCode({ status: 404 }),
            nothing: Utilities.getErrCode(undefined) === undefined,
            parameter: Utilities.getParameterByName("https://x/?a=1&b=%20z", "b"),
            xml: Utilities.xml2js("<A b='c'>d<!-- --></A>"),
            plain: Utilities.xml2JsObj("<A b='c'><D/><E>1</E><E>2</E></A>"),
            back: Utilities.js2xml({ A: { B: null, C: ["1", "<"] } }),
            decoded: Utilities.translateXMLEntities("a &amp; b", false),
            unknown: String(I18n.getString("no.such.key")),
        };
        sessionStorage.removeItem("clientTimestampDrift");
        values;
    }""")
    assert results == {
        "duration": "01:01:02",  # the server's clock is a second ahead
        "ahead": "00:00:00",
        "future": "00:00:00",
        "format": "-1",
        "none": ["00:00:00", "-1"],
        "built": ["01:01", "01:01:01", "--:--", "01:00", "01:01:01"],
        "times": [0, 1767225600000],
        "server": 1000,
        "auth": "1001:callcard",
        "credentials": {"id": "1001", "password": "a:b"},
        "code": "HTTP 404",
        "nothing": True,
        "parameter": " z",
        "xml": {"A": {"@b": "c", "#text": "d"}},
        "plain": {"A": {"D": None, "E": ["1", "2"]}},
        "back": "<A><B/><C>1</C><C>&#60;</C></A>",
        "decoded": "a & b",
        "unknown": "???no.such.key???",
    }


def test_when_all_done_waits_for_all_and_reports_failures(gadget: ThirdPartyGadget) -> None:
    outcome = gadget.run("""new Promise((resolve) => {
        const { whenAllDone } = finesse.utilities.Utilities;
        const late = $.Deferred();
        whenAllDone($.Deferred().resolve("a"), late).then((...values) => {
            whenAllDone($.Deferred().reject("x", "y"), Promise.resolve("z"))
                .fail((...failures) => resolve({ values, failures }));
        });
        late.resolve("b", "c");
    })""")
    assert outcome == {"values": ["a", ["b", "c"]], "failures": [["x", "y"]]}


def test_desktop_cache_keeps_records_by_group(gadget: ThirdPartyGadget) -> None:
    results = gadget.run("""new Promise((resolve) => {
        const cache = finesse.utilities.DesktopCache.init();
        cache.setGroup("mine");
        cache.saveOrUpdateData([{ key: "a", data: { n: 1 } }, { key: "b", data: 2 }], (error) => {
            cache.fetchData("a", (_error, one) => cache.fetchData(null, (_error2, all) => {
                cache.deleteData("a", () => cache.clearData(() =>
                    cache.fetchData(null, (_error3, none) => resolve([error, one, all, none]))));
            }));
        });
    })""")
    error, one, records, none = results
    assert (error, none) == (None, [])
    assert one == {"key": "a", "data": {"n": 1}}
    assert sorted(record["key"] for record in records) == ["a", "b"]


def test_popover_calls_back_with_its_id(page: Page, gadget: ThirdPartyGadget) -> None:
    ids = gadget.run("""{
        const popovers = finesse.containerservices.PopoverService.init();
        const show = (banner, timer, action) => popovers.showPopover(banner, timer, action,
            (outcome) => thirdParty.record("popover", outcome));
        const banner = {
            headerContent: { maxHeaderTitle: "Incoming chat" },
            content: [{ name: "Customer", value: "Ada Lovelace" }],
        };
        const buttons = [{ id: "take", label: "Take", type: "Affirm" }];
        const timer = { displayTimeoutInSecs: 60, display: true, counterType: "COUNT_DOWN" };
        thirdParty.popovers = popovers;
        [show(banner, timer, { buttons }), show(banner, { displayTimeoutInSecs: 1 }, {})];
    }""")
    first, second = ids
    assert first != second
    popover = page.locator(".popover").first
    expect(popover).to_contain_text("Ada Lovelace")
    popover.get_by_role("button", name="Take").click()
    gadget.wait_for("thirdParty.recorded.popover?.length === 2")
    outcomes = {one["popoverId"]: one["source"] for one in gadget.recorded("popover")}
    assert outcomes == {first: "btn_take_click", second: "timeout"}
    updated = "thirdParty.popovers.updatePopover('x', { content: [] }, null, { dismissible: true })"
    assert gadget.run(updated) == "x"
    gadget.run("thirdParty.popovers.dismissPopover('x')")
    expect(page.locator(".popover")).to_have_count(0)


def test_notification_is_shown_and_its_text_is_not_markup(
    page: Page, gadget: ThirdPartyGadget
) -> None:
    gadget.run("""{
        const { ContainerServices, NotificationPopoverService } = finesse.containerservices;
        NotificationPopoverService.init(ContainerServices);
        NotificationPopoverService.showNotification("Ana", "<b>Hello</b>", true, 500000);
        const { showMyGadgetNotification } = ContainerServices;
        showMyGadgetNotification();
    }""")
    expect(page.locator(".notification")).to_contain_text("Message from Ana")
    expect(page.locator(".notification")).to_contain_text("<b>Hello</b>")
    expect(page.get_by_role("tab", name="Third party")).to_have_class("marked")
    gadget.run("finesse.containerservices.ContainerServices.hideMyGadgetNotification()")
    expect(page.get_by_role("tab", name="Third party")).not_to_have_class("marked")
    page.get_by_role("button", name="Close").click()
    expect(page.locator(".notification")).to_have_count(0)


def test_toaster_is_shown_only_when_the_desktop_is_hidden(gadget: ThirdPartyGadget) -> None:
    shown = gadget.run("""{
        const toaster = finesse.containerservices.FinesseToaster.init({}, null);
        const asked = [];
        window.Notification = class { constructor(title) { asked.push(title); } close() {} };
        window.Notification.permission = "granted";
        toaster.showToaster("unseen", { body: "text" });
        toaster.showToaster("seen", { body: "text", showWhenVisible: true });
        asked;
    }""")
    assert shown == ["seen"]


def test_shortcut_runs_unless_two_have_the_same_keys(page: Page, gadget: ThirdPartyGadget) -> None:
    conflicts = gadget.run("""{
        const service = finesse.shortcutkey.ShortcutKeyService.init();
        const key = (id, key) => ({ id, componentName: "Third party", actionName: id, key,
            modifierKeys: "ctrlshift", handler: () => thirdParty.record("key", id) });
        service.registerShortcutKey([key("one", "u"), key("two", "i"), key("three", "i")]);
        service.getShortcutKeys()
            .filter((shortcut) => shortcut.componentName === "Third party")
            .map((shortcut) => [shortcut.id, shortcut.conflict]);
    }""")
    assert conflicts == [["one", False], ["two", True], ["three", True]]
    page.get_by_role("tab", name="Third party").focus()
    page.keyboard.press("Control+Shift+I")
    page.keyboard.press("Control+Shift+U")
    gadget.expect_recorded("key", "one")


def test_container_services_serve_the_gadget_itself(page: Page, gadget: ThirdPartyGadget) -> None:
    view = gadget.run("""{
        const services = finesse.containerservices.ContainerServices;
        const handler = () => thirdParty.record("received");
        services.addHandler("some.topic", handler);
        services.addHandler("some.topic", handler);
        services.publish("some.topic", 1);
        services.setMyGadgetTitle("Renamed");
        services.collapseMyGadget();
        [services === thirdParty.container, services.getMyGadgetView()];
    }""")
    is_same, place = view
    assert is_same
    assert {"gadgetId", "tabId", "maxAvailableHeight", "view"} == set(place)
    gadget.expect_recorded("received", True)
    expect(page.get_by_role("heading", name="Renamed")).to_be_visible()
    expect(page.locator("iframe[src*='third_party.xml']")).to_be_hidden()
    gadget.run("""{
        const services = finesse.containerservices.ContainerServices;
        services.expandMyGadget();
        services.removeHandler("some.topic");
        services.publish("some.topic", 2);
        services.publish("some.other", 2);
    }""")
    expect(page.locator("iframe[src*='third_party.xml']")).to_be_visible()
    assert len(gadget.recorded("received")) == 1


def test_client_log_is_published_after_init(gadget: ThirdPartyGadget) -> None:
    gadget.run("""{
        const { ClientLogger } = finesse.cslogger;
        gadgets.Hub.subscribe("finesse.clientLogging.*", (topic, line) =>
            thirdParty.record("line", [topic, line.endsWith("Mine : hello")]));
        ClientLogger.log("too early");
        ClientLogger.init(gadgets.Hub, "Mine");
        const { log } = ClientLogger;
        log("hello");
    }""")
    gadget.expect_recorded("line", ["finesse.clientLogging.Mine", True])


def test_phone_book_contacts_are_a_collection(gadget: ThirdPartyGadget) -> None:
    gadget.run("""thirdParty.user.getPhoneBooks({ onLoad: (books) => {
        const [book] = Object.values(books.getCollection());
        book.getContacts({ onLoad: (contacts) => thirdParty.record("contacts",
            [contacts.length, !!Object.values(contacts.getCollection())[0].getPhoneNumber()]) });
    } })""")
    gadget.expect_some_recorded("contacts")
    length, has_number = gadget.recorded("contacts")[0]
    assert length > 0
    assert has_number


def test_team_members_are_users_and_queues_change(browser: Browser, tmp_path: Path) -> None:
    layout = SUPERVISOR_LAYOUT.read_bytes()
    with (
        open_demo_site(tmp_path, layout=layout, gadgets=(THIRD_PARTY,)) as site,
        open_desktops(browser, site) as open_desktop,
    ):
        desktop = open_desktop(signed_in=False)  # the layout is without Callcard
        desktop.sign_in(site, "2001")
        site.change_user("1002", state="READY")
        gadget = ThirdPartyGadget(desktop.page)
        gadget.run("""{
            const { Team } = finesse.restservices;
            thirdParty.team = new Team({ id: "1", onLoad: (team) => team.getUsers({
                onLoad: (users) => {
                    const member = users.getCollection()["1002"];
                    thirdParty.record("member", [member.getFullName() !== "", users.length > 1]);
                    member.addHandler("change", (user) =>
                        thirdParty.record("state", user.getState()));
                },
            }) });
            thirdParty.user.getQueues({ onLoad: (queues) => {
                for (const queue of Object.values(queues.getCollection()))
                    queue.addHandler("change", (changed) =>
                        thirdParty.record("queue", changed.getName()));
                thirdParty.record("queues", queues.length);
            } });
        }""")
        gadget.expect_recorded("member", [True, True])
        gadget.expect_some_recorded("queues")
        site.change_user("1002", state="NOT_READY")
        gadget.expect_last_recorded("state", "NOT_READY")
        site.change_user("1002", state="READY")
        site.ring("+12025550123", to="1002", queue="Support")
        gadget.expect_some_recorded("queue")
