"""The two halves check each other: our client against the stand-in's REST API and notification service, over real sockets."""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import trustme
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from websockets.asyncio.client import connect

from callcard.errors import FinesseRefused, FinesseTimeout, NotFound, NotPermitted
from callcard.finesse.client import Credential, FinesseClient
from callcard.finesse.notifications import NotificationSession, ServerPresence, Told
from callcard.finesse.objects import CallVariable, Dialog, Media, MobileAgent
from callcard.finesse.xmpp_websocket import Address, Refused, StreamLost
from finesse_sandbox.app import Sandbox, SandboxSettings
from finesse_sandbox.notifications.transports import _Reader, parse
from finesse_sandbox.notifications.xmpp import StreamFault
from finesse_sandbox.site import PhoneBook, PhoneContact
from tests.conftest import free_port, serving
from tests.prosody import needs_prosody, prosody

pytestmark = pytest.mark.anyio
LINES = ["websocket", "tcp", "tls"]


@dataclass
class Site:
    sandbox: Sandbox
    client: FinesseClient
    port: int
    tcp: list[int]
    tls: ssl.SSLContext

    def agent(self, id: str = "1001") -> Any:
        return self.sandbox.agents.users[id]

    def credential(self, id: str = "1001", password: str = "callcard") -> Credential:
        told = base64.b64encode(f"{id}:{password}".encode()).decode()
        return Credential(f"Basic {told}", asyncio.get_running_loop().time() + 5)

    def address(self, line: str = "websocket") -> Address:
        match line:
            case "tcp":
                return Address("localhost", self.tcp[0], "localhost", "tcp")
            case "tls":
                return Address("localhost", self.tcp[1], "localhost", "tcp", self.tls)
            case _:
                return Address("localhost", self.port, "localhost")

    async def until(self, met: Callable[[], Any], seconds: float = 5) -> None:
        async with asyncio.timeout(seconds):
            while not met():
                await asyncio.sleep(0.01)


@pytest.fixture
async def site(request: pytest.FixtureRequest) -> AsyncIterator[Site]:
    told = getattr(request, "param", {})
    port = free_port()
    sandbox = Sandbox(SandboxSettings(ports=(port, 0), tcp_ports=(0, 0), **told))
    authority = trustme.CA()
    server_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(server_tls)
    client_tls = ssl.create_default_context()
    authority.configure_trust(client_tls)
    for id in ("1001", "1002", "2001"):
        sandbox.agents.sign_in(sandbox.agents.users[id], id, "")
    async with (
        serving(sandbox.app, port),
        httpx.AsyncClient(base_url=f"http://localhost:{port}") as http,
    ):
        yield Site(sandbox, FinesseClient(http), port, await sandbox.listen(server_tls), client_tls)


class Session:
    """A notification session, and what it heard."""

    def __init__(self, session: NotificationSession) -> None:
        self.session = session

    async def next(self) -> Told:
        async with asyncio.timeout(5):
            while True:
                notice = await self.session.next()
                if isinstance(notice, Told):
                    return notice

    async def outcome(self, request_id: str) -> Told:
        """The event that answers an order."""
        while (told := await self.next()).update.request_id != request_id:
            pass
        return told

    async def __aenter__(self) -> Session:
        return self

    async def __aexit__(self, *_told: object) -> None:
        await self.session.close()


async def session(site: Site, id: str = "1001", line: str = "websocket") -> Session:
    return Session(await NotificationSession.open(site.address(line), id, "callcard"))


UCCX = {"platform": "uccx"}


async def to_the_end(session: NotificationSession) -> None:
    async with asyncio.timeout(5):
        while True:
            await session.next()


# ---- the notification service, by every way in


@pytest.mark.parametrize("line", LINES)
async def test_signing_in_is_told_by_event(site: Site, line: str) -> None:
    async with await session(site, "1003", line) as heard:
        order = await site.client.sign_in(site.credential("1003"), "1003", "1003")
        told = await heard.outcome(order)
        (user,) = told.update.objects
        assert (told.node, told.update.event, user.state) == (
            "/finesse/api/User/1003",
            "PUT",
            "NOT_READY",
        )


@pytest.mark.parametrize("line", LINES)
async def test_a_wrong_password_and_a_taken_resource_are_told_apart(site: Site, line: str) -> None:
    with pytest.raises(StreamLost) as caught:
        await NotificationSession.open(site.address(line), "1001", "wrong")
    assert caught.value.reason == "not-authorized"
    first = await NotificationSession.open(site.address(line), "1001", "callcard", resource="same")
    second = await NotificationSession.open(site.address(line), "1001", "callcard", resource="same")
    with pytest.raises(StreamLost) as caught:
        await to_the_end(first)
    assert caught.value.reason == "conflict"
    await first.close()
    await second.close()


@pytest.mark.parametrize("line", LINES)
async def test_nodes_are_for_whom_they_are_for(site: Site, line: str) -> None:
    async with (
        await session(site, "1001", line) as agent,
        await session(site, "2001", line) as supervisor,
    ):
        with pytest.raises(Refused, match="forbidden"):
            await agent.session.subscribe("/finesse/api/Team/1/Users")
        with pytest.raises(Refused, match="item-not-found"):
            await agent.session.subscribe("/finesse/api/Nonsense/1")
        await supervisor.session.subscribe("/finesse/api/Team/1/Users")
        await site.client.set_state(site.credential(), "1001", "READY", None)
        told = await supervisor.next()
        assert (told.node, told.update.event, told.update.request_id) == (
            "/finesse/api/Team/1/Users",
            "PUT",
            "",
        )
        assert told.update.objects[0].state == "READY"


async def test_a_queue_tells_when_calls_wait_in_it(site: Site) -> None:
    async with await session(site) as agent:
        await agent.session.subscribe("/finesse/api/Queue/10")
        site.sandbox.switch.ring("+12125550123", "1001", "Support")
        while (told := await agent.next()).node != "/finesse/api/Queue/10":
            pass
        (queue,) = told.update.objects
        assert queue.statistics.calls_in_queue == "1"


async def test_the_server_shows_how_it_is_by_the_presence_of_the_user_finesse(site: Site) -> None:
    opened = await NotificationSession.open(site.address(), "1001", "callcard")
    assert await opened.next() == ServerPresence(True)
    site.sandbox.nodes[0].take_down()
    assert await opened.next() == ServerPresence(False)
    await opened.close()


async def test_a_token_stands_in_the_passwords_place(site: Site) -> None:
    token = site.sandbox.accounts.issue(site.agent()).access
    opened = await NotificationSession.open(site.address(), "1001", token)
    await opened.close()
    bearer = Credential(f"Bearer {token}", asyncio.get_running_loop().time() + 5)
    assert (await site.client.user(bearer, "1001")).login_id == "1001"
    site.sandbox.accounts.expire("1001")
    with pytest.raises(StreamLost):
        await NotificationSession.open(site.address(), "1001", token)


async def test_the_sign_on_flow_of_a_browser_ends_with_a_token_that_can_be_refreshed(
    site: Site,
) -> None:
    async with httpx.AsyncClient(
        base_url=f"http://localhost:{site.port}", follow_redirects=True
    ) as browser:
        page = await browser.get("/desktop/sso/token?cc_username=1001&return_refresh_token=true")
        assert "Single sign-on" in page.text
        form = {"user": "1001", "password": "wrong", "back": page.url.params["back"]}
        assert (await browser.post("/desktop/sso/login", data=form)).status_code == 401
        told = (
            await browser.post("/desktop/sso/login", data=form | {"password": "callcard"})
        ).json()
        assert (told["user_id"], told["expires_in"]) == ("1001", 300)
        again = await browser.post(
            "/desktop/sso/token",
            data={"token": told["token"], "refresh-token": told["refresh_token"]},
        )
        assert again.json()["token"] != told["token"]
        assert (
            await browser.post("/desktop/sso/token", data={"refresh-token": "x"})
        ).status_code == 401


# ---- calls


async def test_consult_and_transfer_leave_the_call_with_the_other_agent(site: Site) -> None:
    site.sandbox.agents.set_state(site.agent("1002"), "READY", "", "")
    call = site.sandbox.switch.ring("+12125550123", "1001", "Support", {"callVariable1": "x"})
    mine = site.credential()
    await site.client.take_action(mine, call.id, "ANSWER", "1001")
    await site.client.take_action(mine, call.id, "CONSULT_CALL", "1001", "1002")
    held, consult = await site.client.dialogs(mine, "1001")
    assert (held.id, held.associated_dialog_uri) == (call.id, f"/finesse/api/Dialog/{consult.id}")
    assert "TRANSFER" not in (_actions(held, "1001"))
    await site.client.take_action(site.credential("1002"), consult.id, "ANSWER", "1002")
    (held,) = [d for d in await site.client.dialogs(mine, "1001") if d.id == call.id]
    assert {"RETRIEVE", "TRANSFER", "CONFERENCE"} <= set(_actions(held, "1001"))
    async with await session(site, "1002") as other:
        await site.client.take_action(mine, call.id, "TRANSFER", "1001")
        told = [await other.next(), await other.next()]
    assert [(t.update.event, t.update.objects[0].id) for t in told] == [
        ("DELETE", consult.id),
        ("POST", call.id),
    ]
    (kept,) = await site.client.dialogs(site.credential("1002"), "1002")
    assert (kept.id, kept.secondary_id, kept.from_address, kept.properties.call_type) == (
        call.id,
        consult.id,
        "+12125550123",
        "TRANSFER",
    )
    assert await site.client.dialogs(mine, "1001") == ()
    assert (site.agent().state, site.agent("1002").state) == ("NOT_READY", "TALKING")
    await site.client.take_action(site.credential("1002"), call.id, "DROP", "1002")
    assert site.sandbox.switch.dialogs == {}


def _actions(dialog: Dialog, extension: str) -> tuple[str, ...]:
    participant = dialog.participant(extension)
    assert participant
    return participant.actions


async def test_a_conference_goes_on_without_who_leaves_it(site: Site) -> None:
    call = site.sandbox.switch.ring("+12125550123", "1001", "Support")
    mine, other = site.credential(), site.credential("1002")
    await site.client.take_action(mine, call.id, "ANSWER", "1001")
    await site.client.take_action(mine, call.id, "CONSULT_CALL", "1001", "1002")
    consult = next(d for d in await site.client.dialogs(mine, "1001") if d.id != call.id)
    await site.client.take_action(other, consult.id, "ANSWER", "1002")
    await site.client.take_action(mine, call.id, "CONFERENCE", "1001")
    (both,) = await site.client.dialogs(mine, "1001")
    assert {p.media_address for p in both.participants} == {"+12125550123", "1001", "1002"}
    assert both.properties.call_type == "CONFERENCE"
    async with await session(site) as heard:
        order = await site.client.take_action(
            site.credential("1001"), call.id, "PARTICIPANT_DROP", "1002"
        )
        assert (
            await heard.outcome(order)
        ).update.errors  # not for agents, unless an administrator says so
    await site.client.take_action(other, call.id, "DROP", "1002")
    (left,) = await site.client.dialogs(mine, "1001")
    assert [p.state for p in left.participants if p.media_address != "1002"] == ["ACTIVE", "ACTIVE"]
    site.sandbox.switch.drop_outside(call)
    assert site.sandbox.switch.dialogs == {}


async def test_a_direct_transfer_rings_at_its_target(site: Site) -> None:
    call = site.sandbox.switch.ring("+12125550123", "1001", "Support")
    await site.client.take_action(site.credential(), call.id, "ANSWER", "1001")
    await site.client.take_action(site.credential(), call.id, "TRANSFER_SST", "1001", "1002")
    (ringing,) = await site.client.dialogs(site.credential("1002"), "1002")
    assert (ringing.id, _actions(ringing, "1002")) == (call.id, ("ANSWER",))
    assert await site.client.dialogs(site.credential(), "1001") == ()


async def test_a_supervisor_listens_and_then_barges_in(site: Site) -> None:
    call = site.sandbox.switch.ring("+12125550123", "1001", "Support")
    boss = site.credential("2001")
    async with await session(site, "2001") as heard:
        order = await site.client.silent_monitor(boss, "2001", "2001", "1001")
        (error,) = (await heard.outcome(order)).update.errors
        assert error.data == "13145"  # the agent does not talk yet
        await site.client.take_action(site.credential(), call.id, "ANSWER", "1001")
        order = await site.client.silent_monitor(boss, "2001", "2001", "1001")
        (monitor,) = (await heard.outcome(order)).update.objects
    assert monitor.properties.call_type == "SUPERVISOR_MONITOR"
    await site.client.barge(boss, "2001", "2001", "1001", monitor.id)
    (joined,) = await site.client.dialogs(boss, "2001")
    assert (joined.id, joined.properties.call_type) == (call.id, "CONFERENCE")
    await site.client.take_action(boss, call.id, "PARTICIPANT_DROP", "1001")
    assert site.agent().state == "NOT_READY"
    assert site.agent("2001").state == "TALKING"


async def test_nobody_barges_into_a_consult_or_a_full_conference(site: Site) -> None:
    call = site.sandbox.switch.ring("+12125550123", "1001", "Support")
    boss, mine = site.credential("2001"), site.credential()
    await site.client.take_action(mine, call.id, "ANSWER", "1001")
    await site.client.silent_monitor(boss, "2001", "2001", "1001")
    (monitor,) = await site.client.dialogs(boss, "2001")
    await site.client.take_action(mine, call.id, "CONSULT_CALL", "1001", "1002")
    await site.client.take_action(mine, call.id, "RETRIEVE", "1001")
    with pytest.raises(FinesseRefused) as caught:
        await site.client.barge(boss, "2001", "2001", "1001", monitor.id)
    assert caught.value.extra["finesse"]["type"] == "20999"


async def test_a_line_may_be_busy(site: Site) -> None:
    site.sandbox.switch.busy = 1
    await site.client.make_call(site.credential(), "1001", "1001", "+12125550199")
    (failed,) = await site.client.dialogs(site.credential(), "1001")
    assert (failed.state, failed.participants[0].state_cause, _actions(failed, "1001")) == (
        "FAILED",
        "BUSY",
        ("DROP",),
    )


async def test_an_agent_may_not_listen_to_others(site: Site) -> None:
    with pytest.raises(
        Exception, match="password"
    ):  # Finesse says 401, as it does to a wrong password
        await site.client.silent_monitor(site.credential(), "1001", "1001", "1002")


async def test_tones_recording_and_what_a_platform_does_not_have(site: Site) -> None:
    call = site.sandbox.switch.ring("+12125550123", "1001", "Support")
    mine = site.credential()
    await site.client.take_action(mine, call.id, "ANSWER", "1001")
    await site.client.take_action(mine, call.id, "SEND_DTMF", "1001", dtmfString="12#A")
    assert call.dtmf == "12#A"
    with pytest.raises(FinesseRefused, match="dtmfString"):
        await site.client.take_action(mine, call.id, "SEND_DTMF", "1001", dtmfString="x")
    async with await session(site) as heard:
        order = await site.client.take_action(mine, call.id, "START_RECORDING", "1001")
        assert (await heard.outcome(order)).update.errors[0].type == "Generic Error"
    await site.client.take_action(mine, call.id, "HOLD", "1001")
    with pytest.raises(FinesseRefused, match="held"):
        await site.client.take_action(mine, call.id, "SEND_DTMF", "1001", dtmfString="1")


@pytest.mark.parametrize("site", [UCCX], indirect=True)
async def test_on_uccx_recording_starts_and_variables_do_not_come_with_dialling(site: Site) -> None:
    call = site.sandbox.switch.ring("+12125550123", "1001", "Support")
    await site.client.take_action(site.credential(), call.id, "ANSWER", "1001")
    await site.client.take_action(site.credential(), call.id, "START_RECORDING", "1001")
    assert call.recording
    variables = (CallVariable(name="callVariable1", value="x"),)
    with pytest.raises(FinesseRefused, match="mediaProperties"):
        await site.client.make_call(
            site.credential("1002"), "1002", "1002", "+12125550199", variables
        )


# ---- call data


async def test_call_data_is_kept_cut_or_refused_by_its_bytes(site: Site) -> None:
    call = site.sandbox.switch.ring("+12125550123", "1001", "Support")
    mine = site.credential()

    async def update(name: str, value: str) -> None:
        await site.client.update_call_data(
            mine, call.id, "1001", (CallVariable(name=name, value=value),)
        )

    await update("callVariable1", "x" * 40)
    await update("user.case", "123456789012345678901234567890")
    assert call.variables == {
        "callVariable1": "x" * 40,
        "user.case": "12345678901234567890",
    }  # cut without a word
    async with await session(site) as heard:
        for name, value in [
            ("callVariable2", "x" * 41),
            ("callVariable2", "字"),
            ("user.array[999]", "x"),
        ]:
            site.sandbox.centre.site.variables["user.array[]"] = 10
            order = await site.client.update_call_data(
                mine, call.id, "1001", (CallVariable(name=name, value=value),)
            )
            assert (await heard.outcome(order)).update.errors[0].type == "Invalid Input"
    for name in ("callVariable11", "CallVariable1", "user.unknown", "BAStatus"):
        with pytest.raises(FinesseRefused):
            await update(name, "x")
    twice = (
        CallVariable(name="callVariable1", value="a"),
        CallVariable(name="callVariable1", value="b"),
    )
    with pytest.raises(FinesseRefused, match="Duplicate"):
        await site.client.update_call_data(mine, call.id, "1001", twice)
    await update("callVariable1", "")
    assert call.variables["callVariable1"] == ""
    await site.client.update_call_data(mine, call.id, "1001", wrap_up_reason="Sale")
    assert (await site.client.dialog(mine, call.id)).properties.wrap_up_reason == "Sale"
    with pytest.raises(FinesseRefused, match="wrapUpItems"):
        await site.client.update_call_data(
            mine, call.id, "1001", wrap_up_items=("Sale", "Complaint")
        )


@pytest.mark.parametrize("site", [UCCX], indirect=True)
async def test_on_uccx_a_call_has_several_wrap_up_reasons(site: Site) -> None:
    call = site.sandbox.switch.ring("+12125550123", "1001", "Support")
    await site.client.update_call_data(
        site.credential(), call.id, "1001", wrap_up_items=("Sale", "Complaint")
    )
    (read,) = await site.client.dialogs(site.credential(), "1001")
    assert read.properties.wrap_up_items == ("Sale", "Complaint")


async def test_wrap_up_keeps_the_call_until_it_is_over(site: Site) -> None:
    agent = site.agent()
    agent.wrap_up, agent.wrap_up_seconds = "REQUIRED", 1
    site.sandbox.agents.set_state(agent, "READY", "", "")
    call = site.sandbox.switch.ring("+12125550123", "1001", "Support")
    await site.client.take_action(site.credential(), call.id, "ANSWER", "1001")
    async with await session(site) as heard:
        site.sandbox.switch.drop_outside(call)
        (kept,) = await site.client.dialogs(site.credential(), "1001")
        assert (_actions(kept, "1001"), agent.state) == (("UPDATE_CALL_DATA",), "WORK_READY")
        while (await heard.next()).update.event != "DELETE":
            pass
    assert agent.state == "READY"


# ---- agents and supervisors


async def test_a_supervisor_sets_states_of_the_team_and_nobody_elses(site: Site) -> None:
    boss = site.credential("2001")
    await site.client.set_state(boss, "1001", "READY", None)
    await site.client.set_state(boss, "1001", "NOT_READY", None)
    assert (site.agent().state, site.agent().reason.code) == ("NOT_READY", 999)
    with pytest.raises(FinesseRefused, match="reason"):
        await site.client.set_state(boss, "1001", "LOGOUT", "4")
    await site.client.set_state(boss, "1001", "LOGOUT", None)
    assert site.agent().state == "LOGOUT"
    site.agent("1002").team = "2"
    with pytest.raises(NotPermitted):
        await site.client.set_state(boss, "1002", "READY", None)
    with pytest.raises(NotPermitted):
        await site.client.set_state(site.credential("1002"), "1001", "READY", None)


async def test_a_mobile_agent_signs_in_with_their_own_telephone(site: Site) -> None:
    async with await session(site, "1003") as heard:
        mobile = MobileAgent(mode="CALL_BY_CALL", dial_number="+12125550100")
        order = await site.client.sign_in(site.credential("1003"), "1003", "1003", mobile)
        (user,) = (await heard.outcome(order)).update.objects
        assert user.mobile_agent == mobile


async def test_a_phone_that_is_not_there_or_busy_is_refused_by_event(site: Site) -> None:
    async with await session(site, "1003") as heard:
        for extension, kind in [("4711", "Invalid Device"), ("1001", "Device Busy")]:
            order = await site.client.sign_in(site.credential("1003"), "1003", extension)
            (error,) = (await heard.outcome(order)).update.errors
            assert error.type == kind


@pytest.mark.parametrize("site", [UCCX], indirect=True)
async def test_on_uccx_who_takes_an_extension_signs_the_other_out(site: Site) -> None:
    await site.client.sign_in(site.credential("1003"), "1003", "1001")
    assert (site.agent().state, site.agent().reason.code, site.agent("1003").extension) == (
        "LOGOUT",
        32741,
        "1001",
    )


# ---- what is configured


async def test_reasons_books_layouts_workflows_and_queues_are_read_both_ways(site: Site) -> None:
    mine = site.credential()
    for team in ("", "1"):
        assert "Lunch" in [
            r.label for r in await site.client.reason_codes(mine, "1001", "NOT_READY", team)
        ]
        assert (await site.client.reason_code(mine, "1001", "1")).label == "Lunch"
        assert (await site.client.wrap_up_reason(mine, "1001", "1")).label == "Sale"
        assert (await site.client.layout_of(mine, "1001")).header
        assert "Sale" in [r.label for r in await site.client.wrap_up_reasons(mine, "1001", team)]
        (layout,) = await site.client.layouts(mine, "1001", team)
        assert layout.header
        assert layout.header.entries[0].media_property == "callVariable1"
        (flow,) = await site.client.workflows(mine, "1001", team)
        assert flow.trigger_set
        assert flow.trigger_set.name == "CALL_ARRIVES"
        assert flow.workflow_actions[0].handled_by == "OTHER"
    assert [q.name for q in await site.client.queues(mine, "1001")] == ["Support", "Sales"]
    queue = await site.client.queue(mine, "10")
    assert queue.statistics
    assert queue.statistics.calls_in_queue == "0"
    assert [u.login_id for u in (await site.client.team(site.credential("2001"), "1")).users] == [
        "1001",
        "1002",
        "1003",
        "2001",
    ]
    assert len(await site.client.users(site.credential("admin"))) == 5
    assert (await site.client.auth_mode(mine.deadline, "1001")).auth_mode == "NON_SSO"
    with pytest.raises(NotFound):
        await site.client.queue(mine, "99")


async def test_the_administrator_sets_up_reasons_on_the_primary_node(site: Site) -> None:
    async with httpx.AsyncClient(
        base_url=f"http://localhost:{site.port}/finesse/api", auth=("admin", "callcard")
    ) as admin:
        code = "<ReasonCode><category>NOT_READY</category><code>99</code><label>Training</label></ReasonCode>"
        made = await admin.post("/ReasonCode", content=code)
        assert made.status_code == 200
        place = made.headers["location"].removeprefix("/finesse/api")
        labels = [
            r.label for r in await site.client.reason_codes(site.credential(), "1001", "NOT_READY")
        ]
        assert labels[-1] == "Training"
        await site.client.set_state(
            site.credential(), "1001", "NOT_READY", place.rpartition("/")[2]
        )
        assert site.agent().reason.code == 99
        assert (
            await admin.put(place, content="<ReasonCode><label>Coaching</label></ReasonCode>")
        ).status_code == 200
        assert b"Coaching" in (await admin.get("/ReasonCodes?category=NOT_READY")).content
        for bad, kind in [
            (code, "Finesse API Error"),
            (code.replace("99", "0"), "Invalid Input"),
            ("<ReasonCode/>", "Parameter Missing"),
        ]:
            refused = await admin.post("/ReasonCode", content=bad)
            assert (
                refused.status_code,
                etree.fromstring(refused.content).findtext("ApiError/ErrorType"),
            ) == (400, kind)
        assert (await admin.delete(place)).status_code == 200
        assert (await admin.delete(place)).status_code == 404
        wrap_up = (
            await admin.post(
                "/WrapUpReason", content="<WrapUpReason><label>Refund</label></WrapUpReason>"
            )
        ).headers["location"]
        assert "Refund" in [
            r.label for r in await site.client.wrap_up_reasons(site.credential(), "1001", "1")
        ]
        assert (await admin.delete(wrap_up.removeprefix("/finesse/api"))).status_code == 200
        assert (
            await admin.post("/ReasonCode", content=code, auth=("1001", "callcard"))
        ).status_code == 401
        site.sandbox.nodes[0].primary = False
        assert (await admin.post("/ReasonCode", content=code)).status_code == 403


@pytest.mark.parametrize("team", ["", "1"])
async def test_a_long_phone_book_is_read_to_its_end(site: Site, team: str) -> None:
    people = tuple(PhoneContact(f"First{n}", "Last", str(n)) for n in range(1700))
    books = (PhoneBook("1", "All", "GLOBAL", people), PhoneBook("2", "Ours", "TEAM", people[:2000]))
    site.sandbox.centre.site.phone_books = books
    found = await site.client.phone_books(site.credential(), "1001", team)
    assert [(book.name, len(book.contacts)) for book in found] == [("All", 1700), ("Ours", 1700)]
    assert found[0].contacts[1699].phone_number == "1699"
    ranges = [r for r in site.sandbox.requests if r["path"].endswith("PhoneBooks")]
    assert [r["status"] for r in ranges] == [206, 206, 206]


async def test_a_layout_is_written_by_the_administrator_on_the_primary_node_alone(
    site: Site,
) -> None:
    admin = site.credential("admin")
    layout = (await site.client.layout(admin)).layoutxml
    changed = layout.replace("<tabs/>", "<tabs><tab><id>t</id><label>New</label></tab></tabs>")
    await site.client.set_layout(admin, changed)
    await site.client.set_team_layout(admin, "1", layout)
    assert (await site.client.team_layout(admin, "1")).use_default == "false"
    await site.client.set_team_layout(admin, "1", None)
    assert (await site.client.team_layout(admin, "1")).layoutxml == changed
    with pytest.raises(FinesseRefused, match="layoutxml"):
        await site.client.set_layout(admin, "<nonsense/>")
    site.sandbox.nodes[0].primary = False
    with pytest.raises(NotPermitted):
        await site.client.layout(admin)


async def test_media_tasks_from_offer_to_close(site: Site) -> None:
    mine = site.credential()
    async with await session(site) as heard:
        await heard.session.subscribe("/finesse/api/User/1001/Dialogs/Media")
        await site.client.set_media(
            mine, "1001", "5000", Media(state="LOGIN", max_dialog_limit="2")
        )
        assert (await heard.next()).update.objects[0].state == "NOT_READY"
        order = await site.client.set_media(
            mine, "1001", "5000", Media(state="LOGIN", max_dialog_limit="2")
        )
        (error,) = (await heard.outcome(order)).update.errors
        assert (error.message, error.media) == ("E_ARM_STAT_AGENT_ALREADY_LOGGED_IN", "5000")
        await site.client.set_media(mine, "1001", "5000", Media(state="READY"))
        await heard.next()
        task = site.sandbox.centre.tasks.offer(site.agent(), "5000", {"callVariable1": "chat"})
        (offered,) = (await heard.next()).update.objects
        assert (offered.id, offered.media_type, offered.from_address) == (
            task.id,
            "Cisco_Chat_MRD",
            "",
        )
        for action, state in [
            ("ACCEPT", "ACCEPTED"),
            ("START", "ACTIVE"),
            ("PAUSE", "PAUSED"),
            ("RESUME", "ACTIVE"),
        ]:
            await site.client.take_action(mine, task.id, action, "1001")
            (now,) = await site.client.tasks(mine, "1001")
            assert now.state == state
        assert (await site.client.medium(mine, "1001", "5000")).state == "ACTIVE"
        await site.client.take_action(mine, task.id, "CLOSE", "1001")
        assert await site.client.tasks(mine, "1001") == ()
    assert [m.state for m in await site.client.media(mine, "1001")] == ["READY", "LOGOUT"]


async def test_team_messages_and_the_client_log(site: Site) -> None:
    async with await session(site) as agent:
        await agent.session.subscribe("/finesse/api/TeamMessage/Team/1")
        await site.client.send_team_message(site.credential("2001"), "Lunch is ready", 300, ("1",))
        (message,) = (await agent.next()).update.objects
        assert (message.content, message.teams, message.created_by) == (
            "Lunch is ready",
            ("1",),
            "2001",
        )
        await site.client.delete_team_message(site.credential("2001"), message.id)
        assert (await agent.next()).update.event == "DELETE"
    with pytest.raises(FinesseRefused, match="255"):
        await site.client.send_team_message(site.credential("2001"), "x" * 256, 300, ("1",))
    await site.client.log(site.credential(), "1001", "a line\nanother <line>")
    assert site.sandbox._shared.logs == [{"user": "1001", "log": "a line\nanother <line>"}]


async def test_previews_are_accepted_or_refused_and_callbacks_kept(site: Site) -> None:
    mine = site.credential()
    preview = site.sandbox.switch.preview("1001", "+12125550123", "Winter", direct=False)
    assert site.agent().state == "RESERVED_OUTBOUND_PREVIEW"
    (offered,) = await site.client.dialogs(mine, "1001")
    assert (_actions(offered, "1001"), offered.from_address) == (
        ("ACCEPT", "REJECT", "CLOSE"),
        "5555",
    )
    await site.client.take_action(mine, preview.id, "ACCEPT", "1001")
    (call,) = await site.client.dialogs(mine, "1001")
    status = {v.name: v.value for v in call.properties.call_variables}["BAStatus"]
    assert (call.to_address, call.properties.call_type, status) == (
        "+12125550123",
        "OUTBOUND",
        "PREVIEW_OUTBOUND",
    )
    site.sandbox.switch.answer_outside(site.sandbox.switch.dialogs[call.id])
    await site.client.take_action(
        mine, call.id, "UPDATE_SCHEDULED_CALLBACK", "1001", callbackTime="2026-12-01T10:30"
    )
    await site.client.take_action(mine, call.id, "RECLASSIFY", "1001", outboundClassification="FAX")
    (call,) = await site.client.dialogs(mine, "1001")
    assert call.scheduled_callback_info
    assert call.scheduled_callback_info.callback_time == "2026-12-01T10:30"
    assert call.properties.outbound_classification == "FAX"
    with pytest.raises(FinesseRefused, match="YYYY"):
        await site.client.take_action(
            mine, call.id, "UPDATE_SCHEDULED_CALLBACK", "1001", callbackTime="tomorrow"
        )
    direct = site.sandbox.switch.preview("1002", "+12125550124", "Winter", direct=True)
    with pytest.raises(Exception, match="not for this platform"):
        await site.client.take_action(site.credential("1002"), direct.id, "ACCEPT", "1002")


# ---- the client's manners


async def test_one_order_for_a_device_at_a_time(site: Site) -> None:
    call = site.sandbox.switch.ring("+12125550123", "1001", "Support")
    site.sandbox.faults.arm(
        "late-answer", method="PUT", path=f"/finesse/api/Dialog/{call.id}", seconds=0.5
    )
    mine = site.credential()
    first = asyncio.create_task(site.client.take_action(mine, call.id, "ANSWER", "1001"))
    await asyncio.sleep(0.1)
    begun = asyncio.get_running_loop().time()
    await site.client.take_action(mine, call.id, "HOLD", "1001")
    assert asyncio.get_running_loop().time() - begun > 0.3
    await first
    site.sandbox.faults.arm(
        "late-answer", method="PUT", path=f"/finesse/api/Dialog/{call.id}", seconds=1.0
    )
    blocking = asyncio.create_task(
        site.client.take_action(site.credential(), call.id, "RETRIEVE", "1001")
    )
    await asyncio.sleep(0.1)
    hurried = Credential(mine.authorization, asyncio.get_running_loop().time() + 0.2)
    with pytest.raises(FinesseTimeout, match="nothing was sent"):
        await site.client.take_action(hurried, call.id, "HOLD", "1001")
    await blocking
    assert _states(call) == ["ACTIVE", "ACTIVE"]


def _states(call: Any) -> list[str]:
    return [p.state for p in call.participants]


async def test_a_list_of_one_without_its_list_is_a_list_of_one(site: Site) -> None:
    site.sandbox.switch.ring("+12125550123", "1001", "Support")
    site.sandbox.faults.arm("single", method="GET")
    (call,) = await site.client.dialogs(site.credential(), "1001")
    assert call.from_address == "+12125550123"


async def test_half_an_answer_and_then_silence_ends_at_the_deadline(site: Site) -> None:
    site.sandbox.faults.arm("half", seconds=1.5)
    hurried = Credential(site.credential().authorization, asyncio.get_running_loop().time() + 0.4)
    with pytest.raises(FinesseTimeout):
        await site.client.user(hurried, "1001")


WORDS = [
    "User",
    "1001",
    "Dialogs",
    "Dialog",
    "Team",
    "1",
    "TeamResource",
    "Media",
    "5000",
    "Queue",
    "PhoneBooks",
    "SystemInfo",
]
PATHS = st.lists(st.sampled_from(WORDS) | st.text(max_size=6), max_size=4)
BODIES = st.binary(max_size=60) | st.sampled_from([b"<User/>", b"<Dialog/>"])
BOSH_BODY = r"<body( (rid|sid|wait|hold)='[^'<&]{0,5}'){0,4} xmlns='[a-z:/.]{0,40}'/>"


async def test_no_path_verb_or_body_is_an_error_of_ours(site: Site) -> None:
    """Straight into the application, which raises what it does not answer."""
    transport = httpx.ASGITransport(site.sandbox.app)

    @settings(max_examples=150)
    @given(
        PATHS,
        st.sampled_from(["GET", "PUT", "POST", "DELETE"]),
        st.binary(max_size=60) | st.sampled_from([b"<User/>", b"<Dialog/>"]),
    )
    def ask(parts: list[str], method: str, body: bytes) -> None:
        async def once() -> int:
            async with httpx.AsyncClient(
                transport=transport, base_url="http://localhost", auth=("1001", "callcard")
            ) as http:
                path = "/finesse/api/" + "/".join(quote(part, safe="") for part in parts)
                answer = await http.request(method, path, content=body)
                if answer.content and answer.headers["content-type"].startswith("application/xml"):
                    etree.fromstring(answer.content)
                return answer.status_code

        assert asyncio.run(once()) < 500

    await asyncio.to_thread(ask)


@settings(max_examples=60)
@given(
    st.binary(max_size=80)
    | st.from_regex(
        r"<body( (rid|sid|wait|hold)='[^'<&]{0,5}'){0,4} xmlns='[a-z:/.]{0,40}'/>", fullmatch=True
    ).map(str.encode)
)
def test_no_bosh_request_is_an_error_of_ours(body: bytes) -> None:
    async def once() -> httpx.Response:
        sandbox = Sandbox(SandboxSettings())
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(sandbox.app), base_url="http://localhost"
        ) as http:
            return await http.post("/http-bind", content=body)

    assert b"<body" in asyncio.run(once()).content


async def test_an_unknown_address_of_the_api_is_refused_in_xml(site: Site) -> None:
    async with httpx.AsyncClient(
        base_url=f"http://localhost:{site.port}", auth=("1001", "callcard")
    ) as http:
        for method, path, status in [("GET", "Nonsense/1", 404), ("POST", "User/1001", 405)]:
            answer = await http.request(method, f"/finesse/api/{path}")
            assert answer.status_code == status
            assert etree.fromstring(answer.content).tag == "ApiErrors"


# ---- BOSH, for clients that are older


XBOSH = "xmlns:xmpp='urn:xmpp:xbosh'"


class BoshClient:
    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http, self.rid, self.sid = http, 1000, ""

    async def say(self, inner: str = "", attributes: str = "") -> etree._Element:
        self.rid += 1
        sid = f" sid='{self.sid}'" if self.sid else ""
        body = f"<body xmlns='http://jabber.org/protocol/httpbind' rid='{self.rid}'{sid} {attributes}>{inner}</body>"
        answer = await self.http.post(
            "/http-bind", content=body, headers={"Content-Type": "text/xml"}, timeout=10
        )
        return etree.fromstring(answer.content)

    async def sign_in(self) -> None:
        """From the first request to presence, as the vendor's BOSH sample does it."""
        first = await self.say(
            attributes="hold='1' wait='2' ver='1.9' to='localhost' xml:lang='en' xmpp:version='1.0' "
            + XBOSH
        )
        self.sid = first.get("sid", "")
        plain = base64.b64encode(b"\x001001\x00callcard").decode()
        auth = f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{plain}</auth>"
        assert etree.QName((await self.say(auth))[0]).localname == "success"
        assert (
            etree.QName((await self.say("", f"xmpp:restart='true' {XBOSH}"))[0]).localname
            == "features"
        )
        bind = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>cisco</resource></bind>"
        bound = await self.say(f"<iq xmlns='jabber:client' type='set' id='b'>{bind}</iq>")
        assert "".join(bound.itertext()) == "1001@localhost/cisco"
        await self.say("<presence xmlns='jabber:client'/>")


@needs_prosody
async def test_the_same_bosh_client_is_understood_by_a_real_server() -> None:
    with prosody(["1001"]) as server:
        async with httpx.AsyncClient(base_url=f"http://localhost:{server.http}") as http:
            bosh = BoshClient(http)
            await bosh.sign_in()
            assert (await bosh.say(attributes="type='terminate'")).get("type") == "terminate"


async def test_bosh_from_the_first_request_to_an_event(site: Site) -> None:
    async with httpx.AsyncClient(base_url=f"http://localhost:{site.port}") as http:
        bosh = BoshClient(http)
        await bosh.sign_in()
        waiting = asyncio.create_task(bosh.say())
        await asyncio.sleep(0.1)
        site.sandbox.agents.set_state(site.agent(), "READY", "", "")
        (message,) = await waiting
        notification = next(message.iter("{http://jabber.org/protocol/pubsub}notification"))
        assert etree.fromstring(notification.text or "").findtext("data/user/state") == "READY"
        held = asyncio.create_task(bosh.say())
        await asyncio.sleep(0.1)
        other = asyncio.create_task(bosh.say())  # a second request lets the first go
        async with asyncio.timeout(1):
            assert len(await held) == 0
        assert (await bosh.say(attributes="type='terminate'")).get("type") == "terminate"
        await other
        assert (await bosh.say()).get("condition") == "item-not-found"
        for rubbish in (
            "",
            "<a/>",
            "<body rid='x' xmlns='http://jabber.org/protocol/httpbind'/>",
            "<!DOCTYPE x><body/>",
        ):
            assert b"terminate" in (await http.post("/http-bind", content=rubbish)).content


# ---- bad input: whatever is sent, the service goes on serving


async def raw_tcp(site: Site, *pieces: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", site.tcp[0])
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        async with asyncio.timeout(3):
            return await reader.read(10_000)
    except ConnectionError:
        return b""
    finally:
        writer.close()


HEADER = b"<stream:stream to='localhost' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"


@pytest.mark.parametrize(
    ("pieces", "word"),
    [
        ([b"GET / HTTP/1.1\r\n\r\n"], b"not-well-formed"),
        ([b"<!DOCTYPE x [<!ENTITY a 'aaaa'>]>" + HEADER], b"restricted-xml"),
        ([b"<other xmlns='urn:x'>"], b"invalid-namespace"),
        ([HEADER + b"<a>" * 40], b"policy-violation"),
        ([HEADER, b"<message>" + b"x" * 70_000], b"policy-violation"),
        ([HEADER + b"<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>"], b"not-authorized"),
        ([HEADER + b"<!-- hello -->"], b"restricted-xml"),
    ],
)
async def test_a_peer_that_breaks_the_rules_is_told_which_and_left(
    site: Site, pieces: list[bytes], word: bytes
) -> None:
    answer = await raw_tcp(site, *pieces)
    assert word in answer or b"features" in answer
    async with await session(site, line="tcp"):
        pass  # the next one is served


async def test_who_stops_in_the_middle_of_a_stanza_holds_nobody_up(site: Site) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", site.tcp[0])
    writer.write(HEADER + b"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechan")
    await writer.drain()
    async with await session(site, line="tcp"):
        pass
    writer.close()
    del reader


@settings(max_examples=60)
@given(
    st.lists(
        st.binary(max_size=80)
        | st.sampled_from([HEADER, b"<presence/>", b"</stream:stream>", b"<iq id='"]),
        max_size=5,
    )
)
def test_no_bytes_do_worse_than_end_their_own_stream(pieces: list[bytes]) -> None:
    reader = _Reader()
    with suppress(StreamFault):
        for piece in pieces:
            reader.feed(piece)


@settings(max_examples=60)
@given(
    st.text(max_size=200)
    | st.sampled_from(
        ["<a>" * 500, "<!DOCTYPE a>", "<?pi?><a/>", "<a xmlns='urn:x'/>", "x" * 70_000]
    )
)
def test_no_frame_does_worse_than_end_its_own_stream(frame: str) -> None:
    with suppress(StreamFault):
        assert parse(frame) is not None


PUBSUB = "<iq xmlns='jabber:client' type='set' id='1'><pubsub xmlns='http://jabber.org/protocol/pubsub'>{}</pubsub></iq>"
IQS = [
    "<iq xmlns='jabber:client' type='get' id='1'/>",
    PUBSUB.format(""),
    PUBSUB.format("<subscribe node='/x'/>"),
    PUBSUB.format("<publish node='/x'/>"),
    "<iq xmlns='jabber:client' type='get' id='1'><vCard xmlns='vcard-temp'/></iq>",
    "<iq xmlns='jabber:client' type='get' id='1'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
    "<message xmlns='jabber:client' to='1002@localhost'><body>hello</body></message>",
    "<presence xmlns='jabber:client'><priority>high</priority></presence>",
]


@pytest.mark.parametrize("stanza", IQS)
async def test_every_stanza_gets_an_answer_and_the_session_lives(site: Site, stanza: str) -> None:
    opened = await NotificationSession.open(site.address(), "1001", "callcard")
    await opened._stream.send(stanza)
    await opened.subscribe("/finesse/api/SystemInfo")
    await opened.close()


async def test_a_web_socket_that_does_not_speak_xmpp_is_turned_away(site: Site) -> None:
    with pytest.raises(Exception, match=r"403|1002|subprotocol"):
        async with connect(f"ws://localhost:{site.port}/ws", proxy=None) as socket_:
            await socket_.recv()
