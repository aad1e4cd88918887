"""Consult, transfer and conference in the sandbox, as documented and as recorded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from lxml import etree

from callcard.finesse.objects import CallVariable
from tests.harness.finesse import (
    CUSTOMER,
    SandboxServer,
    actions,
    sandbox_without_sockets,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
async def server(request: pytest.FixtureRequest) -> AsyncIterator[SandboxServer]:
    async with sandbox_without_sockets(**getattr(request, "param", {})) as opened:
        yield opened


async def test_consult_transfer_moves_the_call_to_the_other_agent(server: SandboxServer) -> None:
    await server.control("PUT", "users/1002", {"state": "READY"})
    id = server.ring(callVariable1="x")
    await server.act(id, "ANSWER")
    await server.act(id, "CONSULT_CALL", to="1002")
    held, consult = await server.dialogs()
    assert held.id == id
    assert held.associated_dialog_uri == f"/finesse/api/Dialog/{consult.id}"
    assert "TRANSFER" not in actions(held, "1001")
    await server.act(consult.id, "ANSWER", "1002")
    (held,) = [dialog for dialog in await server.dialogs() if dialog.id == id]
    assert {"RETRIEVE", "TRANSFER", "CONFERENCE"} <= set(actions(held, "1001"))
    events = server.events("1002")
    await server.act(id, "TRANSFER")
    transferred = [
        (update.findtext("event"), update.findtext("data/dialogs/Dialog/id"))
        for update in events.take()
    ]
    assert transferred[:2] == [("DELETE", consult.id), ("POST", id)]
    (dialog,) = await server.dialogs("1002")
    assert dialog.id == id
    assert dialog.secondary_id == consult.id
    assert dialog.from_address == CUSTOMER
    assert dialog.properties.call_type == "TRANSFER"
    assert await server.dialogs() == ()
    assert server.user().state == "NOT_READY"
    assert server.user("1002").state == "TALKING"
    await server.act(id, "DROP", "1002")
    assert await server.control("GET", "calls") == []


async def test_conference_continues_when_an_agent_leaves(server: SandboxServer) -> None:
    id = server.ring()
    await server.act(id, "ANSWER")
    await server.act(id, "CONSULT_CALL", to="1002")
    consult = next(dialog for dialog in await server.dialogs() if dialog.id != id)
    await server.act(consult.id, "ANSWER", "1002")
    await server.act(id, "CONFERENCE")
    (conference,) = await server.dialogs()
    assert {p.media_address for p in conference.participants} == {CUSTOMER, "1001", "1002"}
    assert conference.properties.call_type == "CONFERENCE"
    # Agents may not drop participants unless the administrator allows it.
    events = server.events()
    command = await server.client.take_action(server.credential(), id, "PARTICIPANT_DROP", "1002")
    assert events.error(command)
    await server.act(id, "DROP", "1002")
    (conference,) = await server.dialogs()
    others = [p for p in conference.participants if p.media_address != "1002"]
    assert [p.state for p in others] == ["ACTIVE", "ACTIVE"]
    await server.control("POST", f"calls/{id}/drop")
    assert await server.control("GET", "calls") == []


async def test_single_step_transfer_rings_at_its_target(server: SandboxServer) -> None:
    id = server.ring()
    await server.act(id, "ANSWER")
    await server.act(id, "TRANSFER_SST", to="1002")
    (ringing,) = await server.dialogs("1002")
    assert ringing.id == id
    assert actions(ringing, "1002") == ("ANSWER",)
    assert await server.dialogs() == ()

    assert (ringing.to_address, ringing.properties.dialed_number) == ("1001", "1001")
    assert ringing.properties.dnis == "1001", "as recorded, the call keeps its addresses"


async def test_transfer_to_a_route_point_rings_on_an_interim_dialog_first(
    server: SandboxServer,
) -> None:
    id = server.ring()
    await server.act(id, "ANSWER")
    await server.client.set_state(server.credential("1002"), "1002", "READY", None)
    first, second = server.events("1001"), server.events("1002")
    await server.act(id, "TRANSFER_SST", to="8010")
    events = [
        (update.findtext("event"), *_described(update))
        for node, update in second.updates
        if node.endswith("/Dialogs")
    ]
    interim = events[0][1]
    assert events[0] == ("POST", interim, "ALERTING", "PREROUTE_ACD_IN", "ALERTING")
    assert events[1] == ("POST", id, "ACTIVE", "TRANSFER", "ALERTING")
    assert events[2] == ("DELETE", interim, "DROPPED", "TRANSFER", "DROPPED")
    assert {event[:2] for event in events[3:]} == {("PUT", id)}
    (_node, post), (_node, handed_over), *_rest = [
        each for each in second.updates if each[0].endswith("/Dialogs")
    ]
    customer = post.find(f".//Participant[mediaAddress='{CUSTOMER}']")
    assert customer is not None
    assert customer.findtext("mediaAddressType") == "AGENT_DEVICE", "as recorded"
    assert post.find(".//callKeyCallId") is None
    left = handed_over.find(".//Participant[mediaAddress='1001']")
    assert left is not None
    assert (left.findtext("state"), left.findtext("stateCause")) == ("DROPPED", "OTHER")
    deleted = [_described(u)[0] for _node, u in first.updates if u.findtext("event") == "DELETE"]
    assert deleted == [id, interim], "the agent who transferred never had the second one"
    (call,) = await server.dialogs("1002")
    assert (call.id, call.to_address) == (id, "1001")


@pytest.mark.parametrize("is_somebody_ready", [True, False])
async def test_consult_of_a_queue_rings_at_a_ready_agent(
    server: SandboxServer, is_somebody_ready: bool
) -> None:
    id = server.ring()
    await server.act(id, "ANSWER")
    if is_somebody_ready:
        await server.client.set_state(server.credential("1002"), "1002", "READY", None)
    await server.act(id, "CONSULT_CALL", to="8010")
    (consult,) = [each for each in await server.dialogs() if each.id != id]
    assert (consult.state, consult.to_address) == ("ALERTING", "8010"), "not a failed call"
    asked = "1002" if is_somebody_ready else "8010"
    assert [each.media_address for each in consult.participants] == ["1001", asked]
    if not is_somebody_ready:
        return
    (ringing,) = await server.dialogs("1002")
    assert (ringing.id, ringing.from_address) == (consult.id, "1001")
    await server.act(consult.id, "ANSWER", "1002")
    await server.act(id, "TRANSFER", "1001")
    (customers,) = await server.dialogs("1002")
    assert CUSTOMER in [each.media_address for each in customers.participants]


def _described(update: etree._Element) -> tuple[str, ...]:
    """Return id, state, call type and the state of agent 1002 in the dialog of an event."""
    dialog = next(update.iter("dialog", "Dialog"))
    own = dialog.find(".//Participant[mediaAddress='1002']/state")
    texts = (dialog.findtext(path, "") for path in ("id", "state", "mediaProperties/callType"))
    return (*texts, "" if own is None else own.text or "")


async def test_call_data_while_ringing_is_refused_by_event(server: SandboxServer) -> None:
    id = server.ring()
    events = server.events()
    variables = (CallVariable(name="callVariable1", value="x"),)
    command = await server.client.update_call_data(server.credential(), id, "1001", variables)
    error = events.error(command)
    assert error["errorMessage"] == "INVALID_ACTION UPDATE_CALL_DATA on extension 1001"
    assert (error["errorType"], error["errorData"]) == ("Generic Error", "1001")


async def test_caller_without_a_number_has_no_participant(server: SandboxServer) -> None:
    await server.control("POST", "calls", {"from": "", "to": "1001"})
    (call,) = await server.dialogs()
    assert call.from_address == ""
    assert [each.media_address for each in call.participants] == ["1001"]
    await server.act(call.id, "ANSWER")
    await server.control("POST", f"calls/{call.id}/drop")
    assert await server.dialogs() == ()


async def test_answer_resets_the_start(server: SandboxServer) -> None:
    id = server.ring()
    (ringing,) = await server.dialogs()
    await asyncio.sleep(0.005)
    await server.act(id, "ANSWER")
    (answered,) = await server.dialogs()
    starts = {each.start_time for each in answered.participants}
    assert min(starts) > max(each.start_time for each in ringing.participants)
