"""A line through good and bad days: the stand-in's two nodes on sockets of their own, and a real XMPP server that is killed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from callcard.actions.calls import Phone
from callcard.actions.number_lists import Lists
from callcard.api.auth import Agent
from callcard.app import create_app
from callcard.errors import FinesseRefused
from callcard.finesse.client import Credential, FinesseClient, basic
from callcard.finesse.cluster import Cluster, Node, Timing
from callcard.finesse.objects import User
from callcard.finesse.state_diff import Change, Connection, DialogChanged, OrderRefused, UserChanged
from callcard.finesse.xmpp_websocket import Address
from callcard.settings import Settings
from callcard.store.sqlite_store import Store
from callcard.telephony.dial_plan import Dialplan
from finesse_sandbox.app import Sandbox, SandboxSettings
from tests.conftest import free_port, serving
from tests.prosody import needs_prosody, prosody

pytestmark = pytest.mark.anyio
QUICK = Timing(ping=1.0, poll=0.3, retry=0.1, spread=0.1, grace=0.1, request=2.0)


@dataclass
class Ear:
    changes: list[Change] = field(default_factory=list)

    def __call__(self, change: Change) -> None:
        self.changes.append(change)

    def story(self) -> list[str]:
        """What was heard, in short, since the last time."""
        told, self.changes = [_short(change) for change in self.changes], []
        return told


def _short(change: Change) -> str:
    match change:
        case UserChanged(user):
            return user.state
        case DialogChanged(what, dialog):
            return f"{what} {dialog.state}"
        case OrderRefused(_, error):
            return f"refused {error.message}"
        case Connection(state, node, reason):
            return f"{state} {node} {reason}".strip()
        case other:
            return f"{other.node} {other.update.event}"


@dataclass
class Site:
    sandbox: Sandbox
    cluster: Cluster
    ear: Ear = field(default_factory=Ear)

    async def until(self, met: Callable[[], bool], seconds: float = 8) -> None:
        async with asyncio.timeout(seconds):
            while not met():
                await asyncio.sleep(0.02)

    async def heard(self, *expected: str) -> None:
        """Exactly this, in this order, and nothing after it."""
        story: list[str] = []

        def enough() -> bool:
            story.extend(self.ear.story())
            return len(story) >= len(expected)

        with suppress(TimeoutError):
            await self.until(enough)
        await asyncio.sleep(0.1)
        story += self.ear.story()
        assert story == list(expected)

    def arm(self, fault: Any, path: str = "", seconds: float = 0.0) -> None:
        self.sandbox.notifications.faults.append((fault, path, seconds))

    @property
    def agent(self) -> Any:
        return self.sandbox.agents.users["1001"]


@asynccontextmanager
async def two_nodes(**told: Any) -> AsyncIterator[Site]:
    """The stand-in with both nodes on sockets, and a cluster that reaches them; agent 1001 is signed in and ready."""
    ports = (free_port(), free_port())
    sandbox = Sandbox(SandboxSettings(nodes=2, ports=ports, **told))
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
        yield Site(sandbox, Cluster(nodes, QUICK))


@asynccontextmanager
async def attending(
    site: Site, password: str = "callcard", user: str = "1001", **told: Any
) -> AsyncIterator[Any]:
    line = site.cluster.attend(user, basic(user, password), site.ear, **told)
    try:
        yield line
    finally:
        await line.close()


async def test_a_line_tells_what_happens_once_and_in_order() -> None:
    async with two_nodes() as site, attending(site) as line:
        await site.heard("READY", "up A")
        assert site.cluster.node_of("1001") is line.node
        call = site.sandbox.switch.ring("+12125550123", "1001", "Support")
        site.sandbox.switch.act(call, "1001", "ANSWER", "r1")
        site.sandbox.switch.act(call, "1001", "DROP", "r2")
        await site.heard(
            "RESERVED",
            "begun ALERTING",
            "changed ACTIVE",
            "TALKING",
            "changed DROPPED",
            "ended DROPPED",
            "READY",
        )
    assert site.cluster.node_of("1001") is None


async def test_a_call_that_is_dialled_begins_once_although_finesse_says_so_twice() -> None:
    async with two_nodes() as site, attending(site):
        await site.heard("READY", "up A")
        site.sandbox.switch.make_call(site.agent, "+12125550123", "r1")
        story: list[str] = []
        await site.until(lambda: story.extend(site.ear.story()) or "changed ALERTING" in story)  # type: ignore[func-returns-value]  # its None is what `or` is for
        assert [each for each in story if "begun" in each] == ["begun INITIATING"]


async def test_what_was_there_before_is_told_at_first_and_a_refusal_is_told() -> None:
    async with two_nodes() as site:
        call = site.sandbox.switch.ring("+12125550123", "1001", "Support")
        async with attending(site):
            await site.heard("RESERVED", "begun ALERTING", "up A")
            site.sandbox.switch.act(call, "1001", "HOLD", "r1")
            await site.heard("refused CF_INVALID_OBJECT_STATE")


async def test_events_that_come_double_late_or_out_of_order_do_no_harm() -> None:
    async with two_nodes() as site, attending(site):
        await site.heard("READY", "up A")
        dialogs = "/finesse/api/User/1001/Dialogs"
        site.arm("event-doubled", dialogs)
        call = site.sandbox.switch.ring("+12125550123", "1001", "Support")
        await site.heard("RESERVED", "begun ALERTING")
        await asyncio.sleep(0.01)
        site.arm("event-swapped", dialogs)  # ANSWER is told after HOLD
        site.sandbox.switch.act(call, "1001", "ANSWER")
        await asyncio.sleep(0.01)
        site.sandbox.switch.act(call, "1001", "HOLD")
        await site.heard("TALKING", "changed ACTIVE", "HOLD")
        await asyncio.sleep(0.01)
        site.arm("event-late", dialogs, 0.4)  # about the retrieve, when the call is over
        site.sandbox.switch.act(call, "1001", "RETRIEVE")
        await asyncio.sleep(0.01)
        site.sandbox.switch.drop_outside(call)
        await site.heard("TALKING", "changed ACTIVE", "changed DROPPED", "ended DROPPED", "READY")
        await asyncio.sleep(0.5)
        assert site.ear.story() == []


async def test_the_line_moves_when_its_node_is_down_and_stays_where_it_is() -> None:
    async with two_nodes() as site, attending(site) as line:
        await site.heard("READY", "up A")
        call = site.sandbox.switch.ring("+12125550123", "1001", "Support")
        site.sandbox.switch.act(call, "1001", "ANSWER")
        await site.heard("RESERVED", "begun ALERTING", "changed ACTIVE", "TALKING")
        site.sandbox.nodes[0].take_down()
        site.sandbox.switch.act(call, "1001", "HOLD")  # in the gap
        await site.heard("down A service-unavailable", "HOLD", "changed ACTIVE", "up B")
        site.sandbox.switch.act(call, "1001", "RETRIEVE")
        await site.heard("changed ACTIVE", "TALKING")
        site.sandbox.nodes[0].bring_up()
        await asyncio.sleep(0.5)
        assert site.ear.story() == []
        assert line.node.name == "B"


async def test_a_call_that_ends_in_the_gap_is_told_to_have_ended() -> None:
    async with two_nodes() as site, attending(site):
        call = site.sandbox.switch.ring("+12125550123", "1001", "Support")
        await site.until(lambda: any("begun" in each for each in map(_short, site.ear.changes)))
        await site.until(lambda: any("up A" in each for each in map(_short, site.ear.changes)))
        site.ear.story()
        site.sandbox.nodes[0].outlet.cut(down=True)  # only the notification service is gone
        site.sandbox.switch.drop_outside(call)
        await asyncio.sleep(0.2)
        site.sandbox.nodes[0].outlet.cut(down=False)
        await site.heard("down A lost", "READY", "ended ALERTING", "up A")


async def test_a_node_whose_notification_service_stays_broken_is_left_in_the_end() -> None:
    async with two_nodes() as site, attending(site):
        await site.heard("READY", "up A")
        site.sandbox.nodes[0].outlet.cut(down=True)
        await site.heard("down A lost", "up B")


async def test_one_failed_request_moves_nobody() -> None:
    async with two_nodes() as site, attending(site):
        await site.heard("READY", "up A")
        for _ in range(3):
            site.sandbox.faults.arm("unavailable")
        with pytest.raises(Exception, match="not in service"):
            await site.cluster.nodes[0].client.system_info(asyncio.get_running_loop().time() + 1)
        await asyncio.sleep(0.3)
        assert site.ear.story() == []


async def test_a_node_that_says_it_is_out_but_is_not_is_believed_only_when_asked() -> None:
    async with two_nodes() as site, attending(site):
        await site.heard("READY", "up A")
        for session in site.sandbox.nodes[0].outlet.sessions:
            session.told_of_server(False)
        await asyncio.sleep(0.4)
        assert site.ear.story() == []


@pytest.mark.parametrize("how", ["conflict", "password"])
async def test_a_line_that_somebody_else_took_or_whose_password_is_wrong_is_over(how: str) -> None:
    async with two_nodes() as site, attending(site, "callcard" if how == "conflict" else "wrong"):
        if how == "conflict":
            await site.heard("READY", "up A")
            site.sandbox.nodes[0].outlet.conflict("1001")
            await site.heard("over A conflict")
        else:
            await site.heard("over A not-authorized")
        await asyncio.sleep(0.5)
        assert (
            site.ear.story() == []
        )  # it does not try again: five wrong passwords lock the agent out
        wrong = [each for each in site.sandbox.requests if each["status"] == 401]
        assert not wrong


async def test_a_supervisor_hears_of_the_team() -> None:
    async with (
        two_nodes() as site,
        attending(site, user="2001", nodes=["/finesse/api/Team/1/Users"]),
    ):
        await site.heard("LOGOUT", "up A")
        site.sandbox.switch.ring("+12125550123", "1001", "Support")
        await site.heard("/finesse/api/Team/1/Users PUT")


async def test_presence_that_is_gone_for_too_long_signs_the_agent_out() -> None:
    async with two_nodes(presence_seconds=0.3) as site:
        async with attending(site):
            await site.heard("READY", "up A")
        await asyncio.sleep(0.1)
        assert site.agent.state == "READY"
        await site.until(lambda: site.agent.state == "LOGOUT")
        assert site.agent.reason.code == 255


async def test_an_order_is_confirmed_or_refused_by_its_event(tmp_path: Path) -> None:
    async with two_nodes() as site, attending(site) as line:
        store = Store(tmp_path / "calls.sqlite")
        phone = Phone(Dialplan("US", (), Lists(store, "US")), site.cluster)
        await site.heard("READY", "up A")
        call = site.sandbox.switch.ring("+12125550123", "1001", "Support")
        told = basic("1001", "callcard")

        def agent(deadline: float = 3) -> Agent:
            credential = Credential(told, asyncio.get_running_loop().time() + deadline)
            return Agent(User(login_id="1001", extension="1001"), credential, line.node, line)

        with pytest.raises(FinesseRefused) as caught:
            await phone.act(agent(), call.id, "hold", patience=2)
        assert caught.value.detail == "That is not possible at this moment of the call"
        assert caught.value.extra["finesse"] == {
            "type": "Generic Error",
            "message": "CF_INVALID_OBJECT_STATE",
            "data": "22",
        }
        assert (await phone.act(agent(), call.id, "answer", patience=2)).outcome == "confirmed"
        site.arm("event-lost", "/finesse/api/User/1001/Dialogs")  # then it is looked at again
        assert (await phone.act(agent(), call.id, "hold", patience=2)).outcome == "confirmed"
        assert (await phone.act(agent(), call.id, "retrieve")).outcome == "pending"
        store.close()


@pytest.mark.parametrize("finesse_down", [False, True])
async def test_a_session_of_another_web_app_hears_what_becomes_of_orders(
    tmp_path: Path, finesse_down: bool
) -> None:
    async with two_nodes() as site:
        urls = [f"http://localhost:{node.place.port}" for node in site.sandbox.nodes]
        settings = Settings(
            finesse_url=urls[0],
            finesse_second_url=urls[1],
            database=str(tmp_path / "c.sqlite"),
            store=str(tmp_path / "s.sqlite"),
            finesse_deadline=3,
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
                site.sandbox.nodes[0].take_down()
                assert (await desk.get("/me")).status_code == 503
            opened = await desk.post("/sessions", json={"extension": "1002"})
            assert opened.status_code == 201, opened.text
            session = opened.json()
            assert session["connected"]
            assert session["node"].endswith(urls[finesse_down][-5:])
            assert (await desk.post("/sessions", json={})).json() == session
            call = site.sandbox.switch.ring("+12125550123", "1002", "Support")
            refused = await desk.post(f"/calls/{call.id}/hold?wait=2")
            assert (refused.status_code, refused.json()["code"]) == (409, "finesse-refused")
            assert refused.json()["detail"] == "That is not possible at this moment of the call"
            assert refused.json()["finesse"]["message"] == "CF_INVALID_OBJECT_STATE"
            assert (await desk.post(f"/calls/{call.id}/answer?wait=2")).json()[
                "outcome"
            ] == "confirmed"
            assert (await desk.delete("/sessions/other")).status_code == 404
            assert (await desk.delete(f"/sessions/{session['id']}")).status_code == 200
            assert (await desk.post(f"/calls/{call.id}/answer?wait=0.3")).json()[
                "outcome"
            ] == "unknown"
            taken = await desk.post("/sessions", json={"extension": "1001"})
            assert (taken.status_code, taken.json()["detail"]) == (
                409,
                "Somebody else is signed in on this extension",
            )
            assert not any(node.outlet.sessions for node in site.sandbox.nodes), (
                "a session that failed to open leaves nobody behind"
            )


@needs_prosody
async def test_with_a_real_server_that_is_killed_and_started_again() -> None:
    with prosody(["1001"]) as server:
        sandbox = Sandbox(SandboxSettings())
        agent = sandbox.agents.users["1001"]
        sandbox.agents.sign_in(agent, "1001", "")
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(sandbox.app), base_url="http://localhost"
        ) as http:
            site = Site(sandbox, Cluster([Node("A", FinesseClient(http), server.address())], QUICK))
            own = ["/finesse/api/User/1001", "/finesse/api/User/1001/Dialogs"]
            async with attending(site, nodes=own):
                await site.heard("NOT_READY", "up A")
                server.kill()
                call = sandbox.switch.ring("+12125550123", "1001", "Support")
                sandbox.switch.act(call, "1001", "ANSWER")
                await site.heard("down A lost")
                server.start()
                await site.heard("TALKING", "begun ACTIVE", "up A")
