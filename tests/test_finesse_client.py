"""Callcard's Finesse client against the sandbox, over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcard.errors import FinesseTimeout
from callcard.finesse import messages
from callcard.finesse.objects import Dialog
from finesse_sandbox.app import Sandbox, SandboxSettings
from finesse_sandbox.xml.dialogs import dialogs_element
from finesse_sandbox.xml.document import serialize
from tests.harness.finesse import API, CUSTOMER, SandboxServer, sandbox_with_sockets
from tests.harness.waiting import until

pytestmark = pytest.mark.anyio
TEXT = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=40).map(str.strip)


@pytest.fixture
async def server() -> AsyncIterator[SandboxServer]:
    async with sandbox_with_sockets() as opened:
        yield opened


def _answered_commands(server: SandboxServer, dialog: str) -> int:
    path = f"{API}/Dialog/{dialog}"
    return sum(each["path"] == path for each in server.sandbox.requests)


async def test_commands_of_one_device_are_sent_in_turn(server: SandboxServer) -> None:
    id = server.ring()
    fault = {"kind": "event-before-response", "method": "PUT", "path": f"{API}/Dialog/{id}"}
    await server.control("POST", "faults", fault | {"seconds": 0.5})
    first = asyncio.create_task(server.act(id, "ANSWER"))
    await until(lambda: server.user().state == "TALKING")  # sent, but not answered yet
    assert _answered_commands(server, id) == 0
    await server.act(id, "HOLD")
    assert first.done()
    await first
    await server.control("POST", "faults", fault | {"seconds": 1.0})
    blocking = asyncio.create_task(server.act(id, "RETRIEVE"))
    await until(lambda: server.user().state == "TALKING")
    with pytest.raises(FinesseTimeout, match="Nothing was sent"):
        await server.client.take_action(server.credential(seconds=0.2), id, "HOLD", "1001")
    await blocking
    (call,) = await server.control("GET", "calls")
    assert [each["state"] for each in call["participants"]] == ["ACTIVE", "ACTIVE"]


async def test_list_of_one_without_its_list_is_read(server: SandboxServer) -> None:
    server.ring()
    await server.control("POST", "faults", {"kind": "unwrapped-list", "method": "GET"})
    (dialog,) = await server.dialogs()
    assert dialog.from_address == CUSTOMER


async def test_stalled_body_times_out_at_the_deadline(server: SandboxServer) -> None:
    await server.control("POST", "faults", {"kind": "stalled-body", "seconds": 1.5})
    with pytest.raises(FinesseTimeout):
        await server.client.user(server.credential(seconds=0.4), "1001")


@hypothesis.settings(max_examples=20)
@given(st.dictionaries(TEXT.filter(bool), TEXT, max_size=5), TEXT)
def test_dialog_is_read_as_the_sandbox_writes_it(variables: dict[str, str], queue: str) -> None:
    sandbox = Sandbox(SandboxSettings())
    sandbox.agents.sign_in(sandbox.agents.users["1001"], "1001", "")
    call = sandbox.switch.ring(CUSTOMER, "1001", queue, variables)
    (dialog,) = messages.read_list(serialize(dialogs_element([call])), Dialog)
    found = {each.name: each.value for each in dialog.properties.call_variables}
    assert found == {f"callVariable{n}": "" for n in range(1, 11)} | variables
    assert dialog.id == call.id
    assert dialog.from_address == CUSTOMER
    assert dialog.properties.queue_name == queue
    assert [participant.actions for participant in dialog.participants] == [
        ("UPDATE_CALL_DATA", "DROP"),
        ("ANSWER",),
    ], "as recorded, with the customer too"
