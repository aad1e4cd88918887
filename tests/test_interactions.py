"""The log by its front door: desktops tell of calls, the CRM's file holds one interaction each."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest

from callcard.app import create_app
from callcard.crm.base import CallLog
from callcard.crm.local import Entry, LocalContacts
from callcard.finesse.client import FinesseClient
from callcard.finesse.cluster import Cluster, Node, Timing
from callcard.finesse.xmpp_websocket import Address
from callcard.journal import journal
from callcard.settings import Settings
from callcard.telephony.numbers import read
from finesse_sandbox.app import Sandbox, SandboxSettings
from tests.agents import Desktop
from tests.conftest import free_port, serving
from tests.soak import Crm

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
        return httpx.AsyncClient(
            base_url=str(self.http.base_url), auth=(id, "callcard"), timeout=10
        )


@asynccontextmanager
async def open_centre(
    folder: Path, *, platform: Literal["ucce", "uccx"] = "ucce", **told: Any
) -> AsyncIterator[Centre]:
    ports = (free_port(), free_port())
    sandbox = Sandbox(
        SandboxSettings(
            platform=platform, ports=(ports[0], 0), more_agents=told.pop("more_agents", 0)
        )
    )
    url = f"http://localhost:{ports[0]}"
    settings = Settings(
        finesse_url=url,
        database=str(folder / "contacts.sqlite"),
        bundle=str(folder / "none"),
        **{"notes_seconds": 0.3, **told},
    )
    crm = LocalContacts(settings.database, home="US", suffix_digits=8)
    crm.write(
        [
            Entry(
                key="id:7",
                name="Ada Lovelace",
                company="Analytical Engines",
                numbers=[(read(ADA, "US"), "office")],
            )
        ]
    )
    crm.write(
        [Entry(key="id:8", name="Charles Babbage", numbers=[(read("+12125550199", "US"), "")])]
    )
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(serving(sandbox.app, ports[0]))
        await stack.enter_async_context(serving(create_app(settings), ports[1]))
        finesse = await stack.enter_async_context(httpx.AsyncClient(base_url=url))
        http = await stack.enter_async_context(
            httpx.AsyncClient(base_url=f"http://localhost:{ports[1]}/api/v1", timeout=10)
        )
        node = Node(
            "A", FinesseClient(finesse), Address("localhost", ports[0], "", "websocket", None)
        )
        centre = Centre(
            sandbox, settings, Cluster([node], Timing(spread=0, retry=0.05, grace=0.05)), http, crm
        )
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
            assert (
                await desk.put(f"/interactions/{id}", json={"notes": "wants a pump"})
            ).status_code == 200
            assert (
                await desk.post(f"/calls/{call}/wrap-up?wait=2", json={"reasons": ["Sale"]})
            ).json()["outcome"] == "confirmed"
        centre.hang_up(call)
        (logged,) = await centre.logged()
        assert (logged.id, logged.contact_source, logged.end, logged.owner) == (
            id,
            "local",
            "completed",
            "1001",
        )
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
        assert (logged.end, logged.answered, logged.contact, logged.number) == (
            "missed",
            "",
            "",
            "anonymous",
        )
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
    tmp_path: Path, how: str, platform: Literal["ucce", "uccx"]
) -> None:
    async with open_centre(tmp_path, platform=platform) as centre:
        ana, bilal = await centre.sit_down("1001"), await centre.sit_down("1002")
        call = centre.ring()
        centre.act(call, "1001", "ANSWER")
        await centre.heard()
        id = ana.told[call]["interaction"]["id"]
        other = (await centre.crm.search("Babbage", 1))[0]
        async with centre.ask("1001") as desk:
            told = await desk.put(
                f"/interactions/{id}",
                json={"contact": {"source": "local", "id": other.id}, "notes": "from Ana"},
            )
            assert told.json()["contact"]["name"] == "Charles Babbage"
        if how == "direct":
            centre.act(call, "1001", "TRANSFER_SST", toAddress="1002")
            centre.act(call, "1002", "ANSWER")
        else:
            centre.act(call, "1001", "CONSULT_CALL", toAddress="1002")
            consult = next(d.id for d in centre.sandbox.switch.dialogs.values() if d.id != call)
            await centre.heard("1002")
            assert (
                bilal.told[consult]["lookup"]["matches"][0]["contact"]["name"] == "Charles Babbage"
            ), "while it rings"
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
            assert (
                await desk.put(f"/interactions/{id}", json={"notes": "from Bilal"})
            ).status_code == 200
        centre.hang_up(next(iter(centre.sandbox.switch.dialogs)))
        (logged,) = await centre.logged()
        await asyncio.sleep(0.7)
        (logged,) = centre.crm.calls()
        assert (logged.id, logged.end, logged.owner, logged.contact) == (
            id,
            "completed",
            "1002",
            other.id,
        )
        assert [(share.agent, share.notes) for share in logged.agents] == [
            ("1001", "from Ana"),
            ("1002", "from Bilal"),
        ]
        assert logged.number == "+12125550123"


async def test_a_consult_that_is_told_first_by_the_other_agent_becomes_part_of_the_call(
    tmp_path: Path,
) -> None:
    async with open_centre(tmp_path) as centre:
        ana, bilal = await centre.sit_down("1001"), await centre.sit_down("1002")
        call = centre.ring()
        centre.act(call, "1001", "ANSWER")
        ana.mute = True  # her reports are late
        centre.act(call, "1001", "CONSULT_CALL", toAddress="1002")
        await centre.heard("1002")
        ana.mute = False
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


async def test_a_consult_of_which_nobody_told_again_is_found_by_the_call_that_it_named(
    tmp_path: Path,
) -> None:
    async with open_centre(tmp_path) as centre:
        ana, _bilal = await centre.sit_down("1001"), await centre.sit_down("1002")
        ana.mute = True  # the service never hears from her of the consult
        call = centre.ring()
        centre.act(call, "1001", "ANSWER")
        centre.act(call, "1001", "CONSULT_CALL", toAddress="1002")
        await centre.heard("1002")
        consult = next(each for each in centre.sandbox.switch.dialogs if each != call)
        centre.act(consult, "1001", "DROP")
        await centre.heard("1002")
        ana.watch.waiting.pop(consult, None)
        ana.mute = False
        await centre.heard("1001")
        centre.hang_up(call)
        await centre.until(
            lambda: [set(each.calls) for each in centre.crm.calls()] == [{call, consult}]
        )
        assert next(iter(centre.crm.calls())).number == "+12125550123"


async def test_a_consult_that_was_over_before_anybody_could_tell_of_it_is_kept_all_the_same(
    tmp_path: Path,
) -> None:
    async with open_centre(tmp_path) as centre:
        ana, bilal = await centre.sit_down("1001"), await centre.sit_down("1002")
        call = centre.ring()
        centre.act(call, "1001", "ANSWER")
        await centre.heard("1001")
        ana.mute = bilal.mute = True  # an outage
        centre.act(call, "1001", "CONSULT_CALL", toAddress="1002")
        consult = next(each for each in centre.sandbox.switch.dialogs if each != call)
        centre.act(consult, "1002", "ANSWER")
        await asyncio.sleep(0.05)
        centre.act(consult, "1001", "DROP")
        await centre.until(
            lambda: consult in bilal.watch.waiting and bilal.watch.waiting[consult].over
        )
        bilal.mute = False  # the first to tell is who nobody has told of
        await asyncio.sleep(1.0)
        assert not bilal.quiet
        ana.mute = False
        await centre.heard("1002")
        centre.hang_up(call)
        (logged,) = await centre.logged()
        assert set(logged.calls) == {call, consult}
        assert [share.agent for share in logged.agents] == ["1001", "1002"]


async def test_ids_that_finesse_uses_again_are_other_calls(tmp_path: Path) -> None:
    async with open_centre(tmp_path, platform="uccx") as centre:
        await centre.sit_down("1001")
        first = centre.ring()
        centre.act(first, "1001", "ANSWER")
        await centre.heard()
        centre.hang_up(first)
        await centre.logged()
        await asyncio.sleep(0.05)
        centre.sandbox.switch._ids = iter([int(first)])  # type: ignore[assignment]  # a count, there
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
            both = (
                await desk.put(path, json={"notes": "zero\none\ntwo", "base": "one\ntwo"})
            ).json()
            assert both["notes"][0]["text"] == "zero\none\ntwo\nthree"
        centre.hang_up(call)
        (logged,) = await centre.logged()
        await other.close()
        assert logged.agents[0].notes == "zero\none\ntwo\nthree"


async def test_a_browser_that_dies_in_mid_call_leaves_a_closed_interaction_that_comes_back_with_it(
    tmp_path: Path,
) -> None:
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


async def test_who_never_had_a_call_cannot_get_into_its_interaction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "EARLY", 0.3)
    async with open_centre(tmp_path) as centre:
        ana = await centre.sit_down("1001")
        await centre.sit_down("1002")
        call = centre.ring()
        centre.act(call, "1001", "ANSWER")
        await centre.heard()
        id = ana.told[call]["interaction"]["id"]
        async with centre.ask("1002") as stranger:
            key = ":".join(centre.sandbox.switch.dialogs[call].key)
            spoofs = (
                {"id": call},
                {"id": "77", "associated": call},
                {"id": "78", "secondary": call, "over": True},
                {"id": "79", "key": key},
            )
            for report in spoofs:
                early = (
                    "report-pending"
                    if {"associated", "secondary"} & report.keys()
                    else "not-permitted"
                )
                answer = await stranger.post("/interactions?lookup=1", json=report)
                assert answer.json()["code"] == early, answer.text
            await asyncio.sleep(0.3)
            for report in spoofs:
                answer = await stranger.post("/interactions?lookup=1", json=report)
                assert answer.json()["code"] == "not-permitted", answer.text
            assert (await stranger.get(f"/interactions/{id}")).status_code == 404
            assert (
                await stranger.put(f"/interactions/{id}", json={"notes": "mine"})
            ).status_code == 404


async def test_a_variable_opens_its_record_and_falls_back_to_the_number(tmp_path: Path) -> None:
    async with open_centre(
        tmp_path, pop_variables=("callVariable3", "user.case"), number_variables=("callVariable2",)
    ) as centre:
        desktop = await centre.sit_down("1001")

        async def popped(**variables: str) -> tuple[str, list[tuple[str, str]]]:
            call = centre.ring(from_address="5555", **variables)
            await centre.heard()
            centre.sandbox.switch.clear()
            told = desktop.told[call]
            return told["number"], [
                (m["how"], m["contact"]["name"]) for m in told["lookup"]["matches"]
            ]

        assert await popped(callVariable3="8") == ("5555", [("variable", "Charles Babbage")])
        assert await popped(callVariable3="404", callVariable2=ADA) == (
            ADA,
            [("exact", "Ada Lovelace")],
        )
        assert await popped(callVariable3=" ", callVariable2=ADA) == (
            ADA,
            [("exact", "Ada Lovelace")],
        )
        assert await popped() == ("5555", [])


async def test_numbers_that_are_never_logged_and_never_called(tmp_path: Path) -> None:
    async with open_centre(tmp_path) as centre:
        desktop = await centre.sit_down("1001")
        async with centre.ask("1001") as desk, centre.ask("2001") as boss:
            refused = await desk.post(
                "/lists/never-log", json={"number": ADA, "reason": "asked for it"}
            )
            assert (refused.status_code, refused.json()["code"]) == (403, "not-permitted")
            for name in ("never-log", "do-not-call"):
                added = await boss.post(
                    f"/lists/{name}", json={"number": "212 555 0123", "reason": "asked for it"}
                )
                assert added.json()["e164"] == "+12125550123"
            call = centre.ring()
            centre.act(call, "1001", "ANSWER")
            await centre.heard()
            assert desktop.told[call]["never_logged"]
            assert desktop.told[call]["interaction"] is None
            assert desktop.told[call]["lookup"]["matches"], "the card still opens"
            centre.act(call, "1001", "CONSULT_CALL", toAddress="2001")
            await centre.heard()
            assert all(told["never_logged"] for told in desktop.told.values()), (
                "nor is a consult about it"
            )
            for dialog in list(centre.sandbox.switch.dialogs.values()):
                centre.act(dialog.id, "1001", "DROP")
            assert (await desk.post("/calls", json={"to": "+1 (212) 555-0123"})).json()[
                "code"
            ] == "do-not-call"
            assert not centre.sandbox.switch.dialogs
            audit = [
                (each["agent"], each["what"])
                for each in (await boss.get("/audit")).json()["entries"]
            ]
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


async def test_a_session_of_another_web_app_logs_its_calls_too(tmp_path: Path) -> None:
    async with open_centre(tmp_path) as centre, centre.ask("1001") as desk:
        opened = await desk.post("/sessions", json={"extension": "1001"})
        assert opened.status_code == 201, opened.text
        call = centre.ring()
        centre.act(call, "1001", "ANSWER")
        await asyncio.sleep(0.3)
        (interaction,) = (await desk.get(f"/interactions?call={call}")).json()["interactions"]
        assert interaction["state"] == "open"
        centre.hang_up(call)
        (logged,) = await centre.logged()
        assert (logged.end, logged.owner, logged.calls) == ("completed", "1001", (call,))


async def test_notes_have_their_time_and_what_was_typed_in_time_is_taken_late(
    tmp_path: Path,
) -> None:
    async with open_centre(tmp_path, notes_seconds=1.0) as centre, centre.ask("1001") as desk:
        desktop = await centre.sit_down("1001")
        call = centre.ring()
        centre.act(call, "1001", "ANSWER")
        await centre.heard()
        path = f"/interactions/{desktop.told[call]['interaction']['id']}"
        centre.hang_up(call)
        await centre.heard()
        typed = datetime.now(UTC).isoformat()
        assert (await desk.put(path, json={"notes": "a moment later"})).json()["state"] == "closing"
        await centre.logged()
        late = await desk.put(path, json={"notes": "too late"})
        assert (late.status_code, late.json()["code"]) == (409, "interaction-closed")
        assert (
            await desk.put(path, json={"notes": "typed in time", "typed": typed})
        ).status_code == 200
        await centre.until(
            lambda: [c.agents[0].notes for c in centre.crm.calls()] == ["typed in time"]
        )


async def test_whose_call_a_transferred_one_is_is_a_setting(tmp_path: Path) -> None:
    async with open_centre(tmp_path, owner="first") as centre:
        await centre.sit_down("1001")
        await centre.sit_down("1002")
        call = centre.ring()
        centre.act(call, "1001", "ANSWER")
        await asyncio.sleep(0.05)
        centre.act(call, "1001", "TRANSFER_SST", toAddress="1002")
        centre.act(call, "1002", "ANSWER")
        await asyncio.sleep(0.05)
        centre.hang_up(call)
        (logged,) = await centre.logged()
        assert logged.owner == "1001"


async def test_the_chosen_contact_travels_to_another_site_in_a_variable(tmp_path: Path) -> None:
    async with open_centre(tmp_path, contact_variable="user.note") as centre:
        desktop = await centre.sit_down("1001")
        call = centre.ring(from_address="+12125550000")
        centre.act(call, "1001", "ANSWER")
        await centre.heard()
        babbage = (await centre.crm.search("Babbage", 1))[0]
        async with centre.ask("1001") as desk:
            path = f"/interactions/{desktop.told[call]['interaction']['id']}"
            assert (
                await desk.put(path, json={"contact": {"source": "local", "id": babbage.id}})
            ).status_code == 200
        told = centre.sandbox.switch.dialogs[call].variables["user.note"]
        assert told == f"local/{babbage.id}"
    other = tmp_path / "other site"
    other.mkdir()
    async with open_centre(other, contact_variable="user.note") as centre:
        desktop = await centre.sit_down("1001")
        call = centre.ring(from_address="+12125550000", **{"user.note": told})
        await centre.heard()
        (match,) = desktop.told[call]["lookup"]["matches"]
        assert (match["how"], match["contact"]["name"]) == ("chosen", "Charles Babbage")


async def test_a_crm_that_is_away_refuses_and_comes_back(tmp_path: Path) -> None:
    crm = Crm(random.Random(1))
    crm.chance.random = lambda: 1.0  # type: ignore[method-assign]  # no moods today
    port = free_port()
    log_url = f"http://localhost:{port}/calls/{{id}}"
    async with (
        serving(crm.app, port),
        open_centre(tmp_path, log_url=log_url, log_at_once=1) as centre,
    ):
        await centre.sit_down("1001")
        crm.away = True
        for number in ("+12125550001", "+12125550002", "+12125550666"):
            call = centre.ring(from_address=number)
            centre.act(call, "1001", "ANSWER")
            await centre.heard()
            centre.hang_up(call)
            await centre.heard()
            await asyncio.sleep(0.05)
        await asyncio.sleep(1.5)
        assert not crm.calls
        crm.never = "+12125550666"
        crm.away = False
        await centre.until(lambda: len(crm.calls) == 2, 30)
        assert [call.number for call in crm.calls.values()] == ["+12125550001", "+12125550002"], (
            "in order"
        )
        async with (
            centre.ask("1001") as desk,
            centre.ask("1002") as other,
            centre.ask("2001") as boss,
        ):
            (parked,) = await parked_of(centre, desk)
            assert (parked["number"], parked["state"], parked["problem"]) == (
                "+12125550666",
                "parked",
                "log_url answered 422",
            )
            assert (await other.get("/interactions")).json()["interactions"] == []
            assert (await other.post(f"/interactions/{parked['id']}/retry")).status_code == 404
            assert [
                each["id"] for each in (await boss.get("/interactions")).json()["interactions"]
            ] == [parked["id"]]
            crm.never = ""
            assert (await boss.post(f"/interactions/{parked['id']}/retry")).json()["state"] == "due"
            await centre.until(lambda: len(crm.calls) == 3)
            assert (await desk.get("/interactions")).json()["interactions"] == []
        assert set(crm.tellings.values()) == {1}


async def parked_of(centre: Centre, desk: httpx.AsyncClient) -> list[dict[str, Any]]:
    async with asyncio.timeout(10):
        while not (found := (await desk.get("/interactions")).json()["interactions"]):
            await asyncio.sleep(0.05)
    return list(found)


async def test_a_callback_restores_the_state_and_a_call_that_fails_does_too(tmp_path: Path) -> None:
    async with (
        open_centre(tmp_path) as centre,
        centre.ask("1001") as desk,
        centre.ask("2001") as boss,
    ):
        await centre.sit_down("1001")
        agent = centre.sandbox.agents.users["1001"]
        for wrong in (
            {"number": "reception"},
            {"number": ADA, "at": "tomorrow"},
            {"number": ADA, "at": "2027-02-31T10:00Z"},
        ):
            assert (await desk.post("/callbacks", json=wrong)).json()["code"] == "invalid-field"
        made = {"number": ADA, "name": "Ada", "at": "2027-03-07T14:30+01:00", "request_id": "one"}
        callback = (await desk.post("/callbacks", json=made)).json()
        assert callback["at"] == "2027-03-07T13:30Z"
        assert (await desk.post("/callbacks", json=made)).json() == callback
        assert (await desk.get("/callbacks")).json()["callbacks"] == [callback]
        assert (await boss.post(f"/callbacks/{callback['id']}/dial")).status_code == 404
        await boss.post("/lists/do-not-call", json={"number": ADA, "reason": "asked for it"})
        refused = await desk.post(f"/callbacks/{callback['id']}/dial", json={"reason": "3"})
        assert refused.json()["code"] == "do-not-call"
        await centre.until(lambda: agent.state == "READY")
        await boss.delete("/lists/do-not-call/+12125550123")
        dialled = await desk.post(f"/callbacks/{callback['id']}/dial", json={"reason": "3"})
        assert dialled.status_code == 202, dialled.text
        (dialog,) = centre.sandbox.switch.dialogs.values()
        await centre.heard()
        centre.act(dialog.id, "1001", "DROP")
        await centre.until(lambda: agent.state == "READY")
        (waiting,) = (await desk.get("/callbacks")).json()["callbacks"]
        assert waiting["tried"], "nobody answered: it still waits"
        assert waiting | {"tried": "", "reason": ""} == callback
        dialled = await desk.post(f"/callbacks/{callback['id']}/dial", json={"reason": "3"})
        assert dialled.status_code == 202, dialled.text
        (dialog,) = (
            each for each in centre.sandbox.switch.dialogs.values() if each.id != dialog.id
        )
        centre.sandbox.switch.answer_outside(dialog)
        await centre.heard()
        assert agent.state == "TALKING"
        centre.hang_up(dialog.id)
        await centre.until(lambda: agent.state == "READY")
        assert (await desk.get("/callbacks")).json()["callbacks"] == []
