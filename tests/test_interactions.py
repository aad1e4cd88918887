"""The log by its front door: desktops tell of calls, the CRM's file holds one interaction each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from server.app import create_app
from server.crm.base import CallLog
from server.crm.local import Entry, LocalContacts
from server.finesse.client import FinesseClient
from server.finesse.cluster import Cluster, Node, Timing
from server.finesse.streams import Address
from server.numbers import read
from server.sandbox.app import Sandbox, SandboxSettings
from server.settings import Settings
from tests.agents import Desktop
from tests.conftest import free_port, serving

pytestmark = pytest.mark.anyio

ADA = "+1 212 555 0123"


@dataclass
class Centre:
    """A stand-in Finesse, the service, its CRM, and agents at their desks."""

    sandbox: Sandbox
    settings: Settings
    cluster: Cluster
    http: httpx.AsyncClient
    crm: LocalContacts
    desktops: dict[str, Desktop] = field(default_factory=dict)

    async def sit_down(self, id: str, **told: Any) -> Desktop:
        user = self.sandbox.agents.users[id]
        if user.state == "LOGOUT":
            self.sandbox.agents.sign_in(user, user.extension_of, "")
            self.sandbox.agents.put(user, "READY")
        desktop = Desktop(id, self.cluster, self.http, **told)
        self.desktops[id] = desktop
        await asyncio.wait_for(desktop.line.up.wait(), 10)
        return desktop

    def ring(self, to: str = "1001", from_address: str = ADA, **variables: str) -> str:
        return self.sandbox.switch.ring(from_address, to, "Support", variables).id

    def act(self, call: str, address: str, action: str, **told: str) -> None:
        self.sandbox.switch.act(self.sandbox.switch.dialogs[call], address, action, "", **told)

    def hang_up(self, call: str) -> None:
        self.sandbox.switch.drop_outside(self.sandbox.switch.dialogs[call])

    async def until(self, met: Callable[[], Any], seconds: float = 10) -> Any:
        async with asyncio.timeout(seconds):
            while not (told := met()):
                await asyncio.sleep(0.02)
        return told

    async def heard(self, id: str = "1001") -> None:
        """The service has answered everything that the desktop had to tell."""
        await asyncio.sleep(0.05)
        await self.until(lambda: self.desktops[id].quiet)

    async def logged(self, count: int = 1) -> list[CallLog]:
        await self.until(lambda: len(list(self.crm.calls())) >= count)
        return list(self.crm.calls())

    def ask(self, id: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=str(self.http.base_url), auth=(id, "callcard"), timeout=10)


@asynccontextmanager
async def open_centre(folder: Path, *, platform: str = "ucce", **told: Any) -> AsyncIterator[Centre]:
    ports = (free_port(), free_port())
    sandbox = Sandbox(SandboxSettings(platform=platform, ports=(ports[0], 0), more_agents=told.pop("more_agents", 0)))  # type: ignore[arg-type]
    url = f"http://localhost:{ports[0]}"
    settings = Settings(
        finesse_url=url,
        database=str(folder / "contacts.sqlite"),
        store=str(folder / "calls.sqlite"),
        bundle=str(folder / "none"),
        **{"notes_seconds": 0.3, **told},
    )
    crm = LocalContacts(settings.database, home="US", suffix_digits=8)
    crm.write([Entry(key="id:7", name="Ada Lovelace", company="Analytical Engines", numbers=[(read(ADA, "US"), "office")])])
    crm.write([Entry(key="id:8", name="Charles Babbage", numbers=[(read("+12125550199", "US"), "")])])
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(serving(sandbox.app, ports[0]))
        await stack.enter_async_context(serving(create_app(settings), ports[1]))
        finesse = await stack.enter_async_context(httpx.AsyncClient(base_url=url))
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=f"http://localhost:{ports[1]}/api/v1", timeout=10))
        node = Node("A", FinesseClient(finesse), Address("localhost", ports[0], "", "websocket", None))
        centre = Centre(sandbox, settings, Cluster([node], Timing(spread=0, retry=0.05, grace=0.05)), http, crm)
        yield centre
        for desktop in centre.desktops.values():
            await desktop.close()
        crm.close()


async def test_a_call_is_logged_once_with_all_that_is_known_of_it(tmp_path: Path) -> None:
    async with open_centre(tmp_path) as centre:
        desktop = await centre.sit_down("1001")
        call = centre.ring(callVariable1="gold")
        await centre.heard()
        told = desktop.told[call]
        assert told["number"] == ADA
        assert [m["contact"]["name"] for m in told["lookup"]["matches"]] == ["Ada Lovelace"]
        assert told["interaction"]["contact"]["name"] == "Ada Lovelace"
        for action in ("ANSWER", "HOLD", "RETRIEVE"):
            centre.act(call, "1001", action)
            await asyncio.sleep(0.1)
        async with centre.ask("1001") as desk:
            id = told["interaction"]["id"]
            assert (await desk.put(f"/interactions/{id}", json={"notes": "wants a pump"})).status_code == 200
            assert (await desk.post(f"/calls/{call}/wrap-up?wait=2", json={"reasons": ["Sale"]})).json()["outcome"] == "confirmed"
        centre.hang_up(call)
        (logged,) = await centre.logged()
        assert (logged.id, logged.contact_source, logged.end, logged.owner) == (id, "local", "completed", "1001")
        assert (logged.number, logged.queue, logged.direction) == ("+12125550123", "Support", "in")
        assert (logged.reasons, logged.variables) == (("Sale",), {"callVariable1": "gold"})
        (share,) = logged.agents
        assert share.notes == "wants a pump"
        assert share.talk > 0.15
        assert 0.09 < share.hold < 1
        assert logged.key
        assert logged.subject == "Sale"
        contact = await centre.crm.get(logged.contact)
        assert contact
        assert contact.interactions[0].subject == "Sale"
        assert contact.interactions[0].agent == "Ana Costa"


async def test_a_call_that_nobody_answers_is_logged_as_missed(tmp_path: Path) -> None:
    async with open_centre(tmp_path) as centre:
        await centre.sit_down("1001")
        call = centre.ring(from_address="anonymous")
        await centre.heard()
        centre.sandbox.switch.clear()
        (logged,) = await centre.logged()
        assert (logged.end, logged.answered, logged.contact, logged.number) == ("missed", "", "", "anonymous")
        assert logged.calls == (call,)


async def test_an_outgoing_call_is_the_callees(tmp_path: Path) -> None:
    async with open_centre(tmp_path) as centre:
        desktop = await centre.sit_down("1001")
        async with centre.ask("1001") as desk:
            assert (await desk.post("/calls", json={"to": "(212) 555-0123"})).status_code == 202
        await centre.heard()
        (call,) = desktop.told
        centre.sandbox.switch.answer_outside(centre.sandbox.switch.dialogs[call])
        await centre.heard()
        centre.hang_up(call)
        (logged,) = await centre.logged()
        assert (logged.direction, logged.number, logged.end) == ("out", "+12125550123", "completed")
        assert logged.contact_source == "local"


@pytest.mark.parametrize("platform", ["ucce", "uccx"])
@pytest.mark.parametrize("how", ["consult", "direct", "conference"])
async def test_the_receiving_agent_sees_the_record_that_the_first_chose_and_there_is_one_log(
    tmp_path: Path, how: str, platform: str
) -> None:
    async with open_centre(tmp_path, platform=platform) as centre:
        ana, bilal = await centre.sit_down("1001"), await centre.sit_down("1002")
        call = centre.ring()
        centre.act(call, "1001", "ANSWER")
        await centre.heard()
        id = ana.told[call]["interaction"]["id"]
        other = (await centre.crm.search("Babbage", 1))[0]
        async with centre.ask("1001") as desk:
            told = await desk.put(f"/interactions/{id}", json={"contact": {"source": "local", "id": other.id}, "notes": "from Ana"})
            assert told.json()["contact"]["name"] == "Charles Babbage"
        if how == "direct":
            centre.act(call, "1001", "TRANSFER_SST", toAddress="1002")
            centre.act(call, "1002", "ANSWER")
        else:
            centre.act(call, "1001", "CONSULT_CALL", toAddress="1002")
            consult = next(d.id for d in centre.sandbox.switch.dialogs.values() if d.id != call)
            await centre.heard("1002")
            assert bilal.told[consult]["lookup"]["matches"][0]["contact"]["name"] == "Charles Babbage", "while it rings"
            assert bilal.told[consult]["number"] == ADA
            centre.act(consult, "1002", "ANSWER")
            centre.act(call, "1001", "TRANSFER" if how == "consult" else "CONFERENCE")
        await centre.heard("1001")
        await centre.heard("1002")
        seen = next(told for told in bilal.told.values() if told["interaction"]["id"] == id)
        assert seen["interaction"]["contact"]["name"] == "Charles Babbage"
        assert [note["text"] for note in seen["interaction"]["notes"]] == ["from Ana", ""]
        if how == "conference":
            centre.act(call, "1001", "DROP")
            await centre.heard("1001")
        await asyncio.sleep(1)
        assert not list(centre.crm.calls()), "the call goes on"
        async with centre.ask("1002") as desk:
            assert (await desk.put(f"/interactions/{id}", json={"notes": "from Bilal"})).status_code == 200
        centre.hang_up(next(iter(centre.sandbox.switch.dialogs)))
        (logged,) = await centre.logged()
        await asyncio.sleep(0.7)
        (logged,) = centre.crm.calls()
        assert (logged.id, logged.end, logged.owner, logged.contact) == (id, "completed", "1002", other.id)
        assert [(share.agent, share.notes) for share in logged.agents] == [("1001", "from Ana"), ("1002", "from Bilal")]
        assert logged.number == "+12125550123"


async def test_a_consult_that_is_told_first_by_the_other_agent_becomes_part_of_the_call(tmp_path: Path) -> None:
    async with open_centre(tmp_path) as centre:
        ana, bilal = await centre.sit_down("1001"), await centre.sit_down("1002")
        call = centre.ring()
        centre.act(call, "1001", "ANSWER")
        for task in ana._tasks:  # her reports are late
            task.cancel()
        centre.act(call, "1001", "CONSULT_CALL", toAddress="1002")
        await centre.heard("1002")
        ana._tasks = [asyncio.create_task(ana._tell())]
        ana._more.set()
        await centre.heard("1001")
        assert ana.told[call]["interaction"]["number"] == ADA
        centre.act(call, "1001", "DROP")
        consult = next(iter(centre.sandbox.switch.dialogs))
        centre.act(consult, "1001", "DROP")
        (logged,) = await centre.logged()
        await asyncio.sleep(0.7)
        (logged,) = centre.crm.calls()
        assert set(logged.calls) == {call, consult}
        assert {share.agent for share in logged.agents} == {"1001", "1002"}
        assert bilal.told[consult]["interaction"]["id"]


async def test_ids_that_finesse_uses_again_are_other_calls(tmp_path: Path) -> None:
    async with open_centre(tmp_path, platform="uccx") as centre:
        await centre.sit_down("1001")
        first = centre.ring()
        centre.act(first, "1001", "ANSWER")
        await centre.heard()
        centre.hang_up(first)
        await centre.logged()
        await asyncio.sleep(0.05)
        centre.sandbox.switch._ids = iter([int(first)])  # type: ignore[assignment]
        again = centre.ring(from_address="+12125550199")
        assert again == first
        await centre.heard()
        centre.act(again, "1001", "ANSWER")
        centre.hang_up(again)
        logged = await centre.logged(2)
        assert [each.number for each in logged] == ["+12125550123", "+12125550199"]


async def test_two_tabs_and_a_reload_are_one_interaction(tmp_path: Path) -> None:
    async with open_centre(tmp_path) as centre:
        tab = await centre.sit_down("1001")
        other = Desktop("1001", Cluster(centre.cluster.nodes, centre.cluster.timing), centre.http)
        await other.line.up.wait()
        call = centre.ring()
        centre.act(call, "1001", "ANSWER")
        await centre.heard()
        await tab.close()  # reloaded in mid-call
        again = await centre.sit_down("1001")
        await centre.until(lambda: call in again.told and call in other.told)
        assert again.told[call]["interaction"]["id"] == other.told[call]["interaction"]["id"]
        async with centre.ask("1001") as desk:
            path = f"/interactions/{again.told[call]['interaction']['id']}"
            await desk.put(path, json={"notes": "one\ntwo", "base": ""})
            await desk.put(path, json={"notes": "one\ntwo\nthree", "base": "one\ntwo"})
            both = (await desk.put(path, json={"notes": "zero\none\ntwo", "base": "one\ntwo"})).json()
            assert both["notes"][0]["text"] == "zero\none\ntwo\nthree"
        centre.hang_up(call)
        (logged,) = await centre.logged()
        await other.close()
        assert logged.agents[0].notes == "zero\none\ntwo\nthree"


async def test_a_browser_that_dies_in_mid_call_leaves_a_closed_interaction_that_comes_back_with_it(tmp_path: Path) -> None:
    async with open_centre(tmp_path, lost_seconds=1.0) as centre:
        desktop = await centre.sit_down("1001", repeat=0.3)
        call = centre.ring()
        centre.act(call, "1001", "ANSWER")
        await centre.heard()
        id = desktop.told[call]["interaction"]["id"]
        await desktop.close()
        (logged,) = await centre.logged()
        assert (logged.id, logged.end) == (id, "lost")
        again = await centre.sit_down("1001", repeat=0.3)
        await centre.until(lambda: call in again.told)
        assert again.told[call]["interaction"]["state"] == "open"
        centre.hang_up(call)
        await centre.until(lambda: [each.end for each in centre.crm.calls()] == ["completed"])


async def test_who_never_had_a_call_cannot_get_into_its_interaction(tmp_path: Path) -> None:
    async with open_centre(tmp_path) as centre:
        ana = await centre.sit_down("1001")
        await centre.sit_down("1002")
        call = centre.ring()
        centre.act(call, "1001", "ANSWER")
        await centre.heard()
        id = ana.told[call]["interaction"]["id"]
        async with centre.ask("1002") as stranger:
            for report in ({"id": call}, {"id": "77", "associated": call}, {"id": "78", "secondary": call, "over": True}):
                answer = await stranger.post("/interactions", json=report)
                assert answer.json()["code"] == "not-yours", answer.text
            assert (await stranger.get(f"/interactions/{id}")).status_code == 404
            assert (await stranger.put(f"/interactions/{id}", json={"notes": "mine"})).status_code == 404


async def test_a_variable_opens_its_record_and_falls_back_to_the_number(tmp_path: Path) -> None:
    async with open_centre(tmp_path, pop_variables=("callVariable3", "user.case"), number_variables=("callVariable2",)) as centre:
        desktop = await centre.sit_down("1001")

        async def popped(**variables: str) -> tuple[str, list[tuple[str, str]]]:
            call = centre.ring(from_address="5555", **variables)
            await centre.heard()
            centre.sandbox.switch.clear()
            told = desktop.told[call]
            return told["number"], [(m["how"], m["contact"]["name"]) for m in told["lookup"]["matches"]]

        assert await popped(callVariable3="8") == ("5555", [("variable", "Charles Babbage")])
        assert await popped(callVariable3="404", callVariable2=ADA) == (ADA, [("exact", "Ada Lovelace")])
        assert await popped(callVariable3=" ", callVariable2=ADA) == (ADA, [("exact", "Ada Lovelace")])
        assert await popped() == ("5555", [])


async def test_numbers_that_are_never_logged_and_never_called(tmp_path: Path) -> None:
    async with open_centre(tmp_path) as centre:
        desktop = await centre.sit_down("1001")
        async with centre.ask("1001") as desk, centre.ask("2001") as boss:
            refused = await desk.post("/lists/never-log", json={"number": ADA, "reason": "asked for it"})
            assert (refused.status_code, refused.json()["code"]) == (403, "not-yours")
            for name in ("never-log", "do-not-call"):
                added = await boss.post(f"/lists/{name}", json={"number": "212 555 0123", "reason": "asked for it"})
                assert added.json()["e164"] == "+12125550123"
            call = centre.ring()
            centre.act(call, "1001", "ANSWER")
            await centre.heard()
            assert desktop.told[call]["never_logged"]
            assert desktop.told[call]["interaction"] is None
            assert desktop.told[call]["lookup"]["matches"], "the card still opens"
            centre.hang_up(call)
            assert (await desk.post("/calls", json={"to": "+1 (212) 555-0123"})).json()["code"] == "do-not-call"
            assert not centre.sandbox.switch.dialogs
            audit = [(each["agent"], each["what"]) for each in (await boss.get("/audit")).json()["entries"]]
            assert audit == [
                ("1001", "not dialled"),
                ("1001", "not logged"),
                ("2001", "added to do-not-call"),
                ("2001", "added to never-log"),
            ]
            assert (await desk.get("/audit")).status_code == 403
            assert (await boss.delete("/lists/do-not-call/+12125550123")).status_code == 200
            assert (await boss.delete("/lists/do-not-call/+12125550123")).status_code == 404
            assert (await boss.get("/lists/white")).status_code == 404
            assert (await desk.post("/calls", json={"to": "+1 (212) 555-0123"})).status_code == 202
        await asyncio.sleep(0.7)
        assert not list(centre.crm.calls())
