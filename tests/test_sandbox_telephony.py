"""Calls in the sandbox: states, events and commands as the developer guide documents them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from callcard.errors import CredentialsRejected, FinesseError, FinesseRefused, NotPermitted
from callcard.finesse.objects import CallVariable
from finesse_sandbox.api_errors import ApiError
from finesse_sandbox.app import Sandbox, SandboxSettings
from tests.harness.finesse import (
    CUSTOMER,
    UCCX,
    EventRecorder,
    SandboxServer,
    actions,
    sandbox_without_sockets,
)
from tests.harness.waiting import until

pytestmark = pytest.mark.anyio


@pytest.fixture
async def server(request: pytest.FixtureRequest) -> AsyncIterator[SandboxServer]:
    async with sandbox_without_sockets(**getattr(request, "param", {})) as opened:
        yield opened


# ---- incoming and outgoing calls


def test_incoming_call_publishes_events_in_finesse_order(finesse: Sandbox) -> None:
    switch = finesse.switch
    recorder = EventRecorder(finesse)
    user = finesse.agents.users["1001"]
    dialogs = "/finesse/api/User/1001/Dialogs"
    finesse.agents.set_state(user, "READY", "", "")
    call = switch.ring(CUSTOMER, "1001", "Support")
    dialog = f"/finesse/api/Dialog/{call.id}"
    assert recorder.summaries() == [
        ("PUT", "/finesse/api/User/1001", "READY"),
        ("PUT", "/finesse/api/User/1001", "RESERVED"),
        ("POST", dialogs, "INITIATED"),
    ]
    switch.act(call, "1001", "ANSWER")
    assert [each[:2] for each in recorder.summaries()] == [
        ("PUT", "/finesse/api/User/1001"),
        ("PUT", dialog),
    ], "as recorded, the user's event comes first"
    switch.act(call, "1001", "HOLD")
    assert user.state == "HOLD"
    switch.act(call, "1001", "RETRIEVE")
    recorder.take()
    switch.drop_outside(call)
    assert [each[:2] for each in recorder.summaries()] == [
        ("PUT", dialog),
        ("PUT", dialog),
        ("DELETE", dialogs),
        ("PUT", "/finesse/api/User/1001"),
    ]
    assert user.state == "READY"
    assert switch.dialogs == {}


def test_held_call_leaves_uccx_agent_talking() -> None:
    finesse = Sandbox(SandboxSettings(platform="uccx"))
    finesse.agents.sign_in(finesse.agents.users["1001"], "1001", "")
    call = finesse.switch.ring(CUSTOMER, "1001", "Support")
    finesse.switch.act(call, "1001", "ANSWER")
    finesse.switch.act(call, "1001", "HOLD")
    assert finesse.agents.users["1001"].state == "TALKING"


def test_outgoing_call_publishes_two_posts_and_each_state(finesse: Sandbox) -> None:
    recorder = EventRecorder(finesse)
    call = finesse.switch.make_call(finesse.agents.users["1001"], CUSTOMER, "r7")
    assert call
    updates = [update for node, update in recorder.updates if node.endswith("/Dialogs")]
    assert [update.findtext("event") for update in updates] == ["POST", "POST", "PUT", "PUT"]
    assert [update.findtext("data//fromAddress/../state") for update in updates] == [
        "INITIATING",
        "INITIATING",
        "INITIATED",
        "ALERTING",
    ]
    assert updates[0].findtext("requestId") == "r7"
    finesse.switch.answer_outside(call)
    assert call.state == "ACTIVE"


def test_agent_calls_agent(finesse: Sandbox) -> None:
    switch = finesse.switch
    users = [finesse.agents.users[id] for id in ("1001", "1002")]
    finesse.agents.sign_in(users[1], "1002", "")
    recorder = EventRecorder(finesse, "1002")
    call = switch.make_call(users[0], "1002", "")
    assert call
    assert recorder.summaries()[0][:2] == ("POST", "/finesse/api/User/1002/Dialogs")
    switch.act(call, "1002", "ANSWER")
    assert {user.state for user in users} == {"TALKING"}
    switch.act(call, "1001", "DROP")
    assert {user.state for user in users} == {"NOT_READY"}


def test_unassigned_five_digit_extension_fails_the_call() -> None:
    finesse = Sandbox(SandboxSettings(more_agents=1))
    user = finesse.agents.users["1001"]
    finesse.agents.sign_in(user, "1001", "")
    call = finesse.switch.make_call(user, "30001", "")
    assert call
    assert call.participants[0].cause == "BAD_DESTINATION"


async def test_busy_line_fails_the_call(server: SandboxServer) -> None:
    await server.control("POST", "faults", {"kind": "busy"})
    await server.client.make_call(server.credential(), "1001", "1001", "+12125550199")
    (failed,) = await server.dialogs()
    assert failed.state == "FAILED"
    assert failed.participants[0].state_cause == "BUSY"
    assert actions(failed, "1001") == ("DROP",)


# ---- commands that fail


def test_action_that_is_not_allowed_fails_by_event(finesse: Sandbox) -> None:
    recorder = EventRecorder(finesse)
    call = finesse.switch.ring(CUSTOMER, "1001")
    recorder.take()
    finesse.switch.act(call, "1001", "HOLD", "r9")
    ((node, update),) = recorder.updates
    assert node == "/finesse/api/User/1001/Dialogs"
    assert update.findtext("source") == f"/finesse/api/Dialog/{call.id}"
    assert update.findtext("requestId") == "r9"
    error = update.find("data/apiErrors/apiError")
    assert error is not None
    assert error.findtext("errorType") == "Generic Error"
    assert error.findtext("errorMessage") == "INVALID_ACTION HOLD on extension 1001"
    assert error.findtext("errorData") == "1001", "the extension, not a code"
    assert update.findtext("event") == "put"
    with pytest.raises(ApiError, match="Nobody is signed in"):
        finesse.switch.ring(CUSTOMER, "1003")


async def test_dtmf_is_checked_and_recording_fails_on_ucce(server: SandboxServer) -> None:
    id = server.ring()
    await server.act(id, "ANSWER")
    await server.act(id, "SEND_DTMF", dtmfString="12#A")
    (call,) = await server.control("GET", "calls")
    assert call["dtmf"] == "12#A"
    with pytest.raises(FinesseRefused, match="dtmfString"):
        await server.act(id, "SEND_DTMF", dtmfString="x")
    events = server.events()
    command = await server.act(id, "START_RECORDING")
    assert events.error(command)["errorType"] == "Generic Error"
    await server.act(id, "HOLD")
    with pytest.raises(FinesseRefused, match="held"):
        await server.act(id, "SEND_DTMF", dtmfString="1")


@pytest.mark.parametrize("server", [UCCX], indirect=True)
async def test_uccx_records_and_rejects_variables_with_make_call(server: SandboxServer) -> None:
    id = server.ring()
    await server.act(id, "ANSWER")
    await server.act(id, "START_RECORDING")
    (call,) = await server.control("GET", "calls")
    assert call["recording"]
    variables = (CallVariable(name="callVariable1", value="x"),)
    credential = server.credential("1002")
    with pytest.raises(FinesseRefused, match="mediaProperties"):
        await server.client.make_call(credential, "1002", "1002", "+12125550199", variables)


# ---- supervisors


async def test_supervisor_monitors_and_barges_in(server: SandboxServer) -> None:
    id = server.ring()
    events = server.events("2001")
    supervisor = server.credential("2001")
    command = await server.client.silent_monitor(supervisor, "2001", "2001", "1001")
    assert events.error(command)["errorData"] == "13145"  # the agent is not talking yet
    await server.act(id, "ANSWER")
    command = await server.client.silent_monitor(supervisor, "2001", "2001", "1001")
    assert "SUPERVISOR_MONITOR" in events.outcome(command).itertext()
    (monitor,) = await server.dialogs("2001")
    await server.client.barge(supervisor, "2001", "2001", "1001", monitor.id)
    (joined,) = await server.dialogs("2001")
    assert joined.id == id
    assert joined.properties.call_type == "CONFERENCE"
    await server.client.take_action(supervisor, id, "PARTICIPANT_DROP", "1001")
    assert server.user().state == "NOT_READY"
    assert server.user("2001").state == "TALKING"


async def test_supervisor_cannot_barge_into_a_consulting_agents_call(
    server: SandboxServer,
) -> None:
    id = server.ring()
    supervisor = server.credential("2001")
    await server.act(id, "ANSWER")
    await server.client.silent_monitor(supervisor, "2001", "2001", "1001")
    (monitor,) = await server.dialogs("2001")
    await server.act(id, "CONSULT_CALL", to="1002")
    await server.act(id, "RETRIEVE")
    with pytest.raises(FinesseRefused) as caught:
        await server.client.barge(supervisor, "2001", "2001", "1001", monitor.id)
    assert caught.value.extra["finesse"]["type"] == "20999"


async def test_agent_may_not_monitor(server: SandboxServer) -> None:
    # Finesse responds with 401, as for a wrong password.
    with pytest.raises((CredentialsRejected, NotPermitted)):
        await server.client.silent_monitor(server.credential(), "1001", "1001", "1002")


# ---- call data and wrap-up


async def test_call_data_is_stored_truncated_or_rejected_by_bytes(server: SandboxServer) -> None:
    id = server.ring()
    await server.act(id, "ANSWER")
    credential = server.credential()
    await server.control("PUT", "site", {"variables": {"user.case": 20, "user.array[]": 10}})

    async def update(*values: tuple[str, str]) -> str:
        variables = tuple(CallVariable(name=name, value=value) for name, value in values)
        command = await server.client.update_call_data(credential, id, "1001", variables)
        return command.request_id

    async def stored() -> dict[str, str]:
        (call,) = await server.control("GET", "calls")
        variables: dict[str, str] = call["variables"]
        return variables

    await update(("callVariable1", "x" * 40))
    await update(("user.case", "123456789012345678901234567890"))
    assert await stored() == {"callVariable1": "x" * 40, "user.case": "12345678901234567890"}
    events = server.events()
    for name, value in [
        ("callVariable2", "x" * 41),
        ("callVariable2", "字"),
        ("user.array[999]", "x"),
    ]:
        events.take()
        await update((name, value))
        (event,) = events.take()
        assert event.findtext("data/apiErrors/apiError/errorType") == "Invalid Input"
    for name in ("callVariable11", "CallVariable1", "user.unknown", "BAStatus"):
        with pytest.raises(FinesseRefused):
            await update((name, "x"))
    with pytest.raises(FinesseRefused, match="Duplicate"):
        await update(("callVariable1", "a"), ("callVariable1", "b"))
    await update(("callVariable1", ""))
    assert (await stored())["callVariable1"] == ""
    await server.client.update_call_data(credential, id, "1001", wrap_up_reason="Sale")
    dialog = await server.client.dialog(credential, id)
    assert dialog.properties.wrap_up_reason == "Sale"
    with pytest.raises(FinesseRefused, match="wrapUpItems"):
        await server.client.update_call_data(
            credential, id, "1001", wrap_up_items=("Sale", "Complaint")
        )


@pytest.mark.parametrize("server", [UCCX], indirect=True)
async def test_uccx_call_has_several_wrap_up_reasons(server: SandboxServer) -> None:
    id = server.ring()
    await server.act(id, "ANSWER")
    items = ("Sale", "Complaint")
    await server.client.update_call_data(server.credential(), id, "1001", wrap_up_items=items)
    (dialog,) = await server.dialogs()
    assert dialog.properties.wrap_up_items == items


async def test_required_wrap_up_keeps_the_call_until_its_timer_ends(server: SandboxServer) -> None:
    change = {"wrap_up": "REQUIRED", "wrap_up_seconds": 1, "state": "READY"}
    await server.control("PUT", "users/1001", change)
    id = server.ring()
    await server.act(id, "ANSWER")
    events = server.events()
    await server.control("POST", f"calls/{id}/drop")
    (dialog,) = await server.dialogs()
    assert actions(dialog, "1001") == ("UPDATE_CALL_DATA",)
    assert server.user().state == "WORK_READY"
    await until(lambda: any(u.findtext("event") == "DELETE" for _node, u in events.updates))
    assert server.user().state == "READY"


# ---- outbound


async def test_accepted_preview_becomes_a_call_with_callback_and_classification(
    server: SandboxServer,
) -> None:
    preview = await server.control("POST", "previews", {"to": "1001", "number": CUSTOMER})
    assert server.user().state == "RESERVED_OUTBOUND_PREVIEW"
    (offered,) = await server.dialogs()
    assert offered.from_address == "5555"
    assert actions(offered, "1001") == ("ACCEPT", "REJECT", "CLOSE")
    await server.act(preview["id"], "ACCEPT")
    (call,) = await server.dialogs()
    variables = {each.name: each.value for each in call.properties.call_variables}
    assert variables["BAStatus"] == "PREVIEW_OUTBOUND"
    assert call.to_address == CUSTOMER
    assert call.properties.call_type == "OUTBOUND"
    await server.control("POST", f"calls/{call.id}/answer")
    await server.act(call.id, "UPDATE_SCHEDULED_CALLBACK", callbackTime="2026-12-01T10:30")
    await server.act(call.id, "RECLASSIFY", outboundClassification="FAX")
    (call,) = await server.dialogs()
    assert call.scheduled_callback_info
    assert call.scheduled_callback_info.callback_time == "2026-12-01T10:30"
    assert call.properties.outbound_classification == "FAX"
    with pytest.raises(FinesseRefused, match="YYYY"):
        await server.act(call.id, "UPDATE_SCHEDULED_CALLBACK", callbackTime="tomorrow")
    direct = {"to": "1002", "number": "+12125550124", "direct": True}
    preview = await server.control("POST", "previews", direct)
    with pytest.raises(FinesseError, match="not for this platform"):
        await server.act(preview["id"], "ACCEPT", "1002")
