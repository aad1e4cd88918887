"""Presence and failover, with the sandbox's two nodes on sockets and with a killed XMPP server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from callcard.actions.calls import CallControl
from callcard.app import create_app
from callcard.errors import FinesseOutOfService, FinesseRefused
from callcard.finesse.client import Credential, FinesseClient, basic
from callcard.finesse.cluster import Cluster
from callcard.finesse.node_selector import Timing
from callcard.finesse.nodes import Node
from callcard.finesse.objects import User
from callcard.finesse.presence import Presence
from callcard.finesse.state_diff import (
    Change,
    CommandRefused,
    ConnectionChanged,
    DialogChanged,
    UserChanged,
)
from callcard.finesse.xmpp_base import Address
from callcard.principals import Agent
from callcard.routing.number_lists import NumberLists
from callcard.store.sqlite_store import SqliteStore
from callcard.telephony.dial_plan import DialPlan
from finesse_sandbox.app import Sandbox, SandboxSettings
from tests.harness.ports import free_port
from tests.harness.serving import serving
from tests.harness.settings import settings_in
from tests.harness.waiting import until
from tests.prosody import needs_prosody, prosody

pytestmark = pytest.mark.anyio
TIMING = Timing(
    ping_seconds=1.0,
    status_check_seconds=0.2,
    first_retry_seconds=0.1,
    reconnect_jitter_seconds=0.05,
    confirm_loss_seconds=0.05,
    request_timeout_seconds=2.0,
)
QUIET_SECONDS = 0.3
"""Longer than a poll and a grace period: what has not happened by then does not happen."""


@dataclass
class Changes:
    """Subscriber of a presence: the changes since the last `take`, each as a short text."""

    texts: list[str] = field(default_factory=list)

    def __call__(self, change: Change) -> None:
        self.texts.append(_describe(change))

    def take(self) -> list[str]:
        taken = self.texts
        self.texts = []
        return taken


def _describe(change: Change) -> str:
    match change:
        case UserChanged(user):
            return user.state
        case DialogChanged(kind, dialog):
            return f"{kind} {dialog.state}"
        case CommandRefused(_source, error):
            return f"refused {error.message}"
        case ConnectionChanged(state, node, reason):
            return f"{state} {node} {reason}".strip()


@dataclass
class Fixture:
    """The sandbox, a cluster of its nodes, and the changes that presences publish."""

    sandbox: Sandbox
    cluster: Cluster
    changes: Changes = field(default_factory=Changes)

    async def expect(self, *expected: str) -> None:
        """Wait for exactly these changes, in this order, and no further one."""
        with suppress(TimeoutError):
            await until(lambda: len(self.changes.texts) >= len(expected))
        await asyncio.sleep(0.05)
        assert self.changes.take() == list(expected)

    async def expect_nothing(self) -> None:
        await asyncio.sleep(QUIET_SECONDS)
        assert self.changes.take() == []

    def ring(self) -> Any:
        return self.sandbox.switch.ring("+12125550123", "1001", "Support")

    def act(self, call: Any, action: str, request_id: str = "") -> None:
        self.sandbox.switch.act(call, "1001", action, request_id)

    def arm_event_fault(self, kind: Any, node: str, seconds: float = 0.0) -> None:
        self.sandbox.events.arm(kind, node, seconds)

    @property
    def agent(self) -> Any:
        return self.sandbox.agents.users["1001"]


@asynccontextmanager
async def two_nodes(**options: Any) -> AsyncIterator[Fixture]:
    """Run the sandbox with both nodes on sockets; agent 1001 is signed in and ready."""
    ports = (free_port(), free_port())
    sandbox = Sandbox(SandboxSettings(nodes=2, ports=ports, **options))
    sandbox.agents.sign_in(sandbox.agents.users["1001"], "1001", "")
    sandbox.agents.set_state(sandbox.agents.users["1001"], "READY", "", "")
    async with (
        serving(sandbox.apps[0], ports[0]),
        serving(sandbox.apps[1], ports[1]),
        httpx.AsyncClient(base_url=f"http://localhost:{ports[0]}") as first,
        httpx.AsyncClient(base_url=f"http://localhost:{ports[1]}") as second,
    ):
        nodes = [
            Node(node.name, FinesseClient(http), Address("localhost", port, node.domain))
            for node, http, port in zip(sandbox.nodes, (first, second), ports, strict=True)
        ]
        yield Fixture(sandbox, Cluster(nodes, TIMING))


@asynccontextmanager
async def presence_of(
    fixture: Fixture, user: str = "1001", password: str = "callcard"
) -> AsyncIterator[Presence]:
    presence = fixture.cluster.open_presence(user, basic(user, password), fixture.changes)
    try:
        yield presence
    finally:
        await presence.close()


async def test_changes_are_published_once_and_in_order() -> None:
    async with two_nodes() as fixture, presence_of(fixture) as presence:
        await fixture.expect("READY", "up A")
        assert fixture.cluster.presences == {"1001": presence}
        call = fixture.ring()
        fixture.act(call, "ANSWER", "r1")
        fixture.act(call, "DROP", "r2")
        await fixture.expect(
            "RESERVED",
            "started ALERTING",
            "TALKING",
            "changed ACTIVE",
            "changed DROPPED",
            "ended DROPPED",
            "READY",
        )
    assert fixture.cluster.presences == {}


async def test_second_presence_of_a_user_is_rejected() -> None:
    async with two_nodes() as fixture, presence_of(fixture):
        with pytest.raises(ValueError, match="has a presence already"):
            fixture.cluster.open_presence("1001", basic("1001", "callcard"), fixture.changes)


async def test_dialled_call_starts_once_although_finesse_posts_it_twice() -> None:
    async with two_nodes() as fixture, presence_of(fixture):
        await fixture.expect("READY", "up A")
        fixture.sandbox.switch.make_call(fixture.agent, "+12125550123", "r1")
        await until(lambda: "changed ALERTING" in fixture.changes.texts)
        changes = fixture.changes.take()
        assert [text for text in changes if "started" in text] == ["started INITIATING"]


async def test_existing_call_and_later_refusal_are_published() -> None:
    async with two_nodes() as fixture:
        call = fixture.ring()
        async with presence_of(fixture):
            await fixture.expect("RESERVED", "started ALERTING", "up A")
            fixture.act(call, "HOLD", "r1")
            await fixture.expect("refused INVALID_ACTION HOLD on extension 1001")


async def test_doubled_swapped_and_late_events() -> None:
    dialogs = "/finesse/api/User/1001/Dialogs"
    async with two_nodes() as fixture, presence_of(fixture):
        await fixture.expect("READY", "up A")
        fixture.arm_event_fault("event-duplicated", dialogs)
        call = fixture.ring()
        await fixture.expect("RESERVED", "started ALERTING")
        # The pauses give the states different times: they have a resolution of a millisecond.
        await asyncio.sleep(0.01)
        fixture.arm_event_fault("event-reordered", dialogs)  # HOLD's event comes before ANSWER's
        fixture.act(call, "ANSWER")
        await asyncio.sleep(0.01)
        fixture.act(call, "HOLD")
        await fixture.expect("TALKING", "HOLD", "changed ACTIVE")
        await asyncio.sleep(0.01)
        fixture.arm_event_fault("event-delayed", dialogs, QUIET_SECONDS / 2)
        fixture.act(call, "RETRIEVE")  # its event comes after the end of the call
        await asyncio.sleep(0.01)
        fixture.sandbox.switch.drop_outside(call)
        await fixture.expect(
            "TALKING", "changed ACTIVE", "changed DROPPED", "ended DROPPED", "READY"
        )
        await fixture.expect_nothing()


async def test_failover_and_no_return_to_the_first_node() -> None:
    async with two_nodes() as fixture, presence_of(fixture) as presence:
        await fixture.expect("READY", "up A")
        call = fixture.ring()
        fixture.act(call, "ANSWER")
        await fixture.expect("RESERVED", "started ALERTING", "TALKING", "changed ACTIVE")
        fixture.sandbox.nodes[0].take_down()
        fixture.act(call, "HOLD")  # while the presence is down
        await fixture.expect("down A service-unavailable", "HOLD", "changed ACTIVE", "up B")
        fixture.act(call, "RETRIEVE")
        await fixture.expect("TALKING", "changed ACTIVE")
        fixture.sandbox.nodes[0].bring_up()
        await fixture.expect_nothing()
        assert presence.node.name == "B"


async def test_call_ended_during_an_outage_is_published() -> None:
    async with two_nodes() as fixture, presence_of(fixture):
        call = fixture.ring()
        await until(lambda: "started ALERTING" in fixture.changes.texts)
        await until(lambda: "up A" in fixture.changes.texts)
        fixture.changes.take()
        pubsub = fixture.sandbox.nodes[0].pubsub
        pubsub.take_down()  # only the notification service, not the node
        fixture.sandbox.switch.drop_outside(call)
        await until(lambda: "down A lost" in fixture.changes.texts)
        pubsub.bring_up()
        await fixture.expect("down A lost", "READY", "ended ALERTING", "up A")


async def test_node_with_broken_notifications_is_given_up() -> None:
    async with two_nodes() as fixture, presence_of(fixture):
        await fixture.expect("READY", "up A")
        fixture.sandbox.nodes[0].pubsub.take_down()
        await fixture.expect("down A lost", "up B")


async def test_failed_requests_do_not_move_a_presence() -> None:
    async with two_nodes() as fixture, presence_of(fixture):
        await fixture.expect("READY", "up A")
        for _ in range(3):
            fixture.sandbox.faults.arm("unavailable")
        deadline = asyncio.get_running_loop().time() + 1
        with pytest.raises(FinesseOutOfService, match="not in service"):
            await fixture.cluster.nodes[0].client.system_info(deadline)
        await fixture.expect_nothing()


async def test_false_sign_of_loss_does_not_move_a_presence() -> None:
    async with two_nodes() as fixture, presence_of(fixture):
        await fixture.expect("READY", "up A")
        for session in fixture.sandbox.nodes[0].pubsub.sessions:
            session.on_server_presence(
                False
            )  # the user finesse goes, but SystemInfo says IN_SERVICE
        await fixture.expect_nothing()


async def test_presence_taken_over_by_another_client_closes() -> None:
    async with two_nodes() as fixture, presence_of(fixture) as presence:
        await fixture.expect("READY", "up A")
        fixture.sandbox.nodes[0].pubsub.end_sessions_of("1001")
        await fixture.expect("closed A conflict")
        await fixture.expect_nothing()
        assert presence.ended.is_set()


async def test_wrong_password_closes_without_another_attempt() -> None:
    """Five wrong passwords lock the agent out."""
    async with two_nodes() as fixture, presence_of(fixture, password="wrong") as presence:
        await fixture.expect("closed A not-authorized")
        await fixture.expect_nothing()
        assert presence.ended.is_set()
        assert [each for each in fixture.sandbox.requests if each["status"] == 401] == []


async def test_agent_without_presence_is_signed_out() -> None:
    async with two_nodes(presence_timeout_seconds=0.3) as fixture:
        async with presence_of(fixture):
            await fixture.expect("READY", "up A")
        await asyncio.sleep(0.1)
        assert fixture.agent.state == "READY"
        await until(lambda: fixture.agent.state == "LOGOUT")
        assert fixture.agent.reason.code == 255


async def test_event_decides_the_outcome_of_a_command(tmp_path: Path) -> None:
    async with two_nodes() as fixture, presence_of(fixture) as presence:
        store = SqliteStore(tmp_path / "calls.sqlite")
        phone = CallControl(DialPlan("US", ()), NumberLists(store, "US"), fixture.cluster)
        await fixture.expect("READY", "up A")
        call = fixture.sandbox.switch.ring("+12125550123", "1001", "Support")
        authorization = basic("1001", "callcard")

        def agent(deadline: float = 3) -> Agent:
            credential = Credential(authorization, asyncio.get_running_loop().time() + deadline)
            return Agent(
                User(login_id="1001", extension="1001"), credential, presence.node, presence
            )

        with pytest.raises(FinesseRefused) as caught:
            await phone.act(agent(), call.id, "hold", timeout=2)
        assert caught.value.detail == "Not possible in the current state of the call or the agent"
        assert caught.value.extra["finesse"] == {
            "type": "Generic Error",
            "message": "INVALID_ACTION HOLD on extension 1001",
            "data": "1001",
        }
        assert (await phone.act(agent(), call.id, "answer", timeout=2)).outcome == "confirmed"
        # Without the event, a read of the dialog decides.
        fixture.arm_event_fault("event-lost", "/finesse/api/User/1001/Dialogs")
        assert (await phone.act(agent(), call.id, "hold", timeout=2)).outcome == "confirmed"
        assert (await phone.act(agent(), call.id, "retrieve")).outcome == "pending"
        await store.close()


@pytest.mark.parametrize("finesse_down", [False, True])
async def test_session_of_a_web_app_learns_command_outcomes(
    tmp_path: Path, finesse_down: bool
) -> None:
    async with two_nodes() as fixture:
        urls = [f"http://localhost:{node.address.port}" for node in fixture.sandbox.nodes]
        settings = settings_in(
            tmp_path, urls[0], finesse={"second_url": urls[1], "deadline_seconds": 3}
        )
        app = create_app(settings)
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(
                transport=transport,
                base_url="http://desk/api/v1",
                auth=("1002", "callcard"),
                timeout=20,
            ) as desk,
        ):
            if finesse_down:
                fixture.sandbox.nodes[0].take_down()
                assert (await desk.get("/me")).status_code == 503
            opened = await desk.post("/sessions", json={"extension": "1002"})
            assert opened.status_code == 201, opened.text
            session = opened.json()
            assert session["connected"]
            assert session["node"].endswith(urls[finesse_down][-5:])
            assert (await desk.post("/sessions", json={})).json() == session
            call = fixture.sandbox.switch.ring("+12125550123", "1002", "Support")
            refused = await desk.post(f"/calls/{call.id}/hold?wait=2")
            assert (refused.status_code, refused.json()["code"]) == (409, "finesse-refused")
            detail = "Not possible in the current state of the call or the agent"
            assert refused.json()["detail"] == detail
            assert refused.json()["finesse"]["message"].startswith("INVALID_ACTION HOLD")
            answered = await desk.post(f"/calls/{call.id}/answer?wait=2")
            assert answered.json()["outcome"] == "confirmed"
            assert (await desk.delete("/sessions/other")).status_code == 404
            path = f"/sessions/{session['id']}?keep_signed_in=1"
            assert (await desk.delete(path)).status_code == 200
            answered = await desk.post(f"/calls/{call.id}/answer?wait=0.3")
            assert answered.json()["outcome"] == "unknown"
            taken = await desk.post("/sessions", json={"extension": "1001"})
            assert taken.status_code == 409
            assert taken.json()["detail"] == "Another agent is signed in on this extension"
            assert not any(node.pubsub.sessions for node in fixture.sandbox.nodes), (
                "a session that failed to open leaves nobody behind"
            )


@needs_prosody
async def test_presence_survives_a_restart_of_an_independent_server() -> None:
    with prosody(["1001"]) as server:
        sandbox = Sandbox(SandboxSettings())
        agent = sandbox.agents.users["1001"]
        sandbox.agents.sign_in(agent, "1001", "")
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(sandbox.app), base_url="http://localhost"
        ) as http:
            node = Node("A", FinesseClient(http), server.address())
            fixture = Fixture(sandbox, Cluster([node], TIMING))
            async with presence_of(fixture):
                await fixture.expect("NOT_READY", "up A")
                server.kill()
                call = sandbox.switch.ring("+12125550123", "1001", "Support")
                sandbox.switch.act(call, "1001", "ANSWER")
                await fixture.expect("down A lost")
                server.start()
                await fixture.expect("TALKING", "started ACTIVE", "up A")
