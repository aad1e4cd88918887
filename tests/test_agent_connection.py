"""The Finesse client as a library: one user signs in, follows events and controls calls."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator

import pytest

from callcard.docs.pages import FOLDER
from callcard.errors import CredentialsRejected, FinesseRefused, FinesseTimeout, NotFound
from callcard.finesse.agent_connection import connect
from callcard.finesse.client import Category
from callcard.finesse.objects import DialogAction
from callcard.finesse.state_diff import Change, ConnectionChanged, DialogChanged, UserChanged
from tests.harness.finesse import CUSTOMER, SandboxServer, sandbox_with_sockets
from tests.harness.waiting import until

pytestmark = pytest.mark.anyio
CATEGORIES: tuple[Category, ...] = ("NOT_READY", "LOGOUT")


def url(server: SandboxServer) -> str:
    return f"http://localhost:{server.port}"


async def test_agent_signs_in_and_takes_a_call() -> None:
    async with (
        sandbox_with_sockets() as server,
        connect(url(server), "1003", "callcard") as agent,
    ):
        assert agent.me is not None
        assert agent.me.state == "LOGOUT"
        await agent.sign_in("1003")
        await agent.set_state("READY")
        assert (agent.me.state, agent.me.extension) == ("READY", "1003")
        call = server.ring("1003")
        changes = agent.changes()
        assert isinstance(await anext(changes), UserChanged)
        async with asyncio.timeout(5):
            found = [each async for each in _calls(changes)]
        assert [(each.kind, each.dialog.from_address) for each in found] == [("started", CUSTOMER)]
        await agent.act(call, DialogAction.ANSWER)
        assert agent.calls[call].state == "ACTIVE"
        await agent.act(call, DialogAction.HOLD)
        await agent.act(call, DialogAction.DROP)
        await until(lambda: not agent.calls)
        (pause, *_), (leave, *_) = [
            await agent.client.reason_codes(agent.credential, "1003", category)
            for category in CATEGORIES
        ]
        await agent.set_state("NOT_READY", pause.id)
        await agent.set_state("LOGOUT", leave.id)
        assert agent.me.state == "LOGOUT"


async def _calls(changes: AsyncIterator[Change]) -> AsyncIterator[DialogChanged]:
    """Yield the first change of a call."""
    async for change in changes:
        if isinstance(change, DialogChanged):
            yield change
            return


async def test_dialled_call_is_returned_and_a_refusal_raised() -> None:
    async with (
        sandbox_with_sockets() as server,
        connect(url(server), "1001", "callcard") as agent,
    ):
        call = await agent.dial("2125550199")
        assert call.to_address == "2125550199"
        with pytest.raises(FinesseRefused) as refused:
            await agent.act(call.id, DialogAction.ANSWER)
        assert refused.value.detail.startswith("Finesse: ")
        assert agent.calls[call.id].id == call.id


async def test_command_is_not_confirmed_by_something_else() -> None:
    async with (
        sandbox_with_sockets() as server,
        connect(url(server), "1001", "callcard") as agent,
    ):
        await agent.set_state("READY")
        call = server.ring("1001")
        await until(lambda: call in agent.calls)
        with pytest.raises(NotFound):
            await agent.act("4711", DialogAction.HOLD)
        with pytest.raises(FinesseRefused):  # although the user is signed in, on another one
            await agent.sign_in("1002")
        dialled = await agent.dial("2125550199")  # while the other call rings
        assert (dialled.from_address, dialled.to_address) == ("1001", "2125550199")
        assert dialled.id != call


async def test_changes_end_with_the_connection() -> None:
    async with sandbox_with_sockets() as server:
        async with connect(url(server), "1001", "callcard") as agent:

            async def read() -> list[Change]:
                return [change async for change in agent.changes()]

            reading = asyncio.create_task(read())
            await asyncio.sleep(0)
        async with asyncio.timeout(5):
            changes = await reading
            assert isinstance(changes[-1], ConnectionChanged)
            assert changes[-1].state == "closed"
            assert [change async for change in agent.changes()] == changes[-1:]


async def test_command_without_an_event_is_found_by_reading() -> None:
    async with (
        sandbox_with_sockets() as server,
        connect(url(server), "1001", "callcard") as agent,
    ):
        fault = {"kind": "event-lost", "path": "/finesse/api/User/1001", "times": 10}
        await server.control("POST", "faults", fault)
        await agent.set_state("READY")
        assert agent.me is not None
        assert agent.me.state == "READY"


async def test_command_that_finesse_does_not_confirm_is_in_doubt() -> None:
    async with (
        sandbox_with_sockets() as server,
        connect(url(server), "1001", "callcard", deadline_seconds=2.0) as agent,
    ):
        # READY for who is ready already changes nothing, and is confirmed.
        await agent.set_state("READY")
        await agent.set_state("READY")
        await server.control("POST", "faults", {"kind": "events"})
        with pytest.raises(FinesseTimeout, match="not confirmed"):
            await agent.set_state("NOT_READY", "1")


async def test_wrong_password_is_said_at_once() -> None:
    async with sandbox_with_sockets() as server:
        with pytest.raises(CredentialsRejected):
            async with connect(url(server), "1001", "wrong"):
                raise AssertionError("it must not connect")


async def test_example_answers_calls() -> None:
    async with sandbox_with_sockets() as server:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(FOLDER / "examples" / "answer_calls.py"),
            url(server),
            "1003",
            "callcard",
            "1003",
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout
        try:
            async with asyncio.timeout(20):
                assert await process.stdout.readline() == b"ready\n"
                call = server.ring("1003")
                assert await process.stdout.readline() == f"answered {CUSTOMER}\n".encode()
                await server.act(call, "DROP", "1003")
                assert await process.stdout.readline() == f"ended {CUSTOMER}\n".encode()
        finally:
            process.kill()
            await process.wait()
