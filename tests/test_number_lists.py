"""Numbers that are never logged or never called, through the API."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from callcard import times
from callcard.store.base import ListEntryRow
from callcard.store.open_store import open_store
from tests.harness.contact_centre import ADA, ADA_E164, ContactCentre, open_contact_centre

pytestmark = pytest.mark.anyio


async def list_number(centre: ContactCentre, name: str) -> None:
    async with centre.api("2001") as supervisor:
        entry = {"number": "212 555 0123", "reason": "asked for it"}
        added = await supervisor.post(f"/lists/{name}", json=entry)
        assert added.json()["e164"] == ADA_E164


ENTRY = {"number": ADA, "reason": "asked for it"}


async def test_agents_may_hide_no_call_and_read_no_audit(centre: ContactCentre) -> None:
    await centre.open_desktop()
    async with centre.api("1001") as agent:
        refused = await agent.post("/lists/never-log", json=ENTRY)
        assert (refused.status_code, refused.json()["code"]) == (403, "not-permitted")
        assert (await agent.get("/audit")).status_code == 403


async def rights(centre: ContactCentre, agent: str = "1001") -> dict[str, str]:
    async with centre.api(agent) as http:
        lists = (await http.get("/lists")).json()["lists"]
        return {each["name"]: each["right"] for each in lists}


async def test_agent_proposes_and_supervisor_decides(centre: ContactCentre) -> None:
    desktop = await centre.open_desktop()
    assert set((await rights(centre)).values()) == {"propose", "read"}
    assert (await rights(centre))["never-log"] == "read"
    assert set((await rights(centre, "2001")).values()) == {"decide"}
    async with centre.api("1001") as agent, centre.api("2001") as supervisor:
        proposed = (await agent.post("/lists/deny", json=ENTRY)).json()
        assert (proposed["state"], proposed["removable"]) == ("proposed", True)
        assert proposed["author_name"] == "Ana Costa"
        call = await centre.ring()
        assert desktop.answers[call]["listed"] == [], "a proposal has no effect"
        await centre.hang_up(call)
        lists = (await supervisor.get("/lists")).json()["lists"]
        assert {each["name"]: each["proposals"] for each in lists}["deny"] == 1
        waiting = (await supervisor.get("/lists/deny?state=proposed")).json()["numbers"]
        assert [each["id"] for each in waiting] == [proposed["id"]]
        path = f"/lists/deny/{proposed['id']}"
        accept = {"state": "effective"}
        assert (await agent.put(path, json=accept)).json()["code"] == "not-permitted"
        assert (await supervisor.put(path, json=accept)).json()["state"] == "effective"
        warned = desktop.answers[await centre.ring()]["listed"]
        assert [(each["list"], each["reason"], each["author"]) for each in warned] == [
            ("deny", "asked for it", "Ana Costa")
        ]
        # What a supervisor has accepted, an agent neither takes off nor replaces by a proposal.
        assert (await agent.delete(path)).status_code == 403
        again = await agent.post("/lists/deny", json=ENTRY)
        assert (again.status_code, again.json()["code"]) == (409, "already-listed")
        assert (await supervisor.delete(path)).status_code == 200
        assert [entry for entry in await audit(supervisor) if "deny" in entry[1]] == [
            ("2001", "removed from deny"),
            ("2001", "accepted for deny"),
            ("1001", "proposed for deny"),
        ]


async def test_agent_takes_back_a_proposal(centre: ContactCentre) -> None:
    await centre.open_desktop()
    await centre.open_desktop("1002")
    async with centre.api("1001") as agent, centre.api("1002") as other:
        proposed = (await agent.post("/lists/allow", json=ENTRY)).json()
        path = f"/lists/allow/{proposed['id']}"
        assert (await other.delete(path)).json()["detail"].startswith("Ana Costa has listed")
        assert (await other.post("/lists/allow", json=ENTRY)).json()["code"] == "already-listed"
        again = await agent.post("/lists/allow", json={**ENTRY, "reason": "a better one"})
        assert again.json()["reason"] == "a better one"
        assert (await agent.delete(f"/lists/allow/{again.json()['id']}")).status_code == 200


async def test_flag_of_an_agent_counts_at_once(centre: ContactCentre) -> None:
    desktop = await centre.open_desktop()
    async with centre.api("1001") as agent:
        added = (
            await agent.post("/lists/flag", json={**ENTRY, "reason": "speaks only Arabic"})
        ).json()
        assert (added["state"], added["removable"]) == ("effective", True)
        call = await centre.ring()
        assert [each["reason"] for each in desktop.answers[call]["listed"]] == [
            "speaks only Arabic"
        ]


@pytest.mark.parametrize(
    ("policy", "right", "state"),
    [
        ({"agents_add": ["*"]}, "add", "effective"),
        ({"agents_add": ["Customer Care"], "agents_propose": []}, "add", "effective"),
        ({"agents_add": ["Sales"], "agents_propose": ["Sales"]}, "read", None),
        ({"agents_propose": []}, "read", None),
    ],
)
async def test_team_adds_or_only_reads(
    tmp_path: Path, policy: dict[str, list[str]], right: str, state: str | None
) -> None:
    async with open_contact_centre(tmp_path, lists=policy) as centre:
        await centre.open_desktop()
        assert (await rights(centre))["deny"] == right
        async with centre.api("1001") as agent:
            added = await agent.post("/lists/deny", json=ENTRY)
            assert added.json().get("state") == state
            if state:
                path = f"/lists/deny/{added.json()['id']}"
                assert (await agent.delete(path)).status_code == 200
            else:
                assert added.status_code == 403


@pytest.mark.parametrize(
    "wide",
    [
        {"number": "+4930*"},
        {"number": "withheld"},
        {"action": "divert", "target": "7001"},
        {"team": "2"},
    ],
)
async def test_agent_lists_single_numbers_only(centre: ContactCentre, wide: dict[str, str]) -> None:
    await centre.open_desktop()
    async with centre.api("1001") as agent:
        refused = await agent.post("/lists/deny", json={**ENTRY, **wide})
        assert (refused.status_code, refused.json()["code"]) == (403, "not-permitted")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"number": "abc"}, "number"),
        ({"number": "*"}, "number"),
        ({"number": "+*"}, "number"),
        ({"number": "x12*"}, "number"),
        ({"number": "+1*"}, "number"),
        ({"number": "030*"}, "number"),
        ({"number": "004930*"}, "number"),
        ({"action": "explode"}, "action"),
        ({"action": "divert"}, "target"),
        ({"action": "divert", "target": "nobody"}, "target"),
        ({"target": "7001"}, "target"),
        ({"dialled": "nobody"}, "dialled"),
        ({"expires_at": "tomorrow"}, "expires_at"),
        ({"expires_at": "2099-01-01T00:00"}, "expires_at"),
        ({"expires_at": "2001-01-01T00:00Z"}, "expires_at"),
        ({"reason": ""}, "reason"),
    ],
)
async def test_wrong_entry_names_the_field(
    centre: ContactCentre, wrong: dict[str, str], field: str
) -> None:
    async with centre.api("2001") as supervisor:
        refused = await supervisor.post("/lists/deny", json={**ENTRY, **wrong})
        assert (refused.status_code, refused.json()["field"]) == (422, field)
        assert (await supervisor.get("/lists/deny")).json()["numbers"] == []


async def test_entry_expires_and_is_renewed(centre: ContactCentre) -> None:
    desktop = await centre.open_desktop()
    async with centre.api("2001") as supervisor:
        soon = times.iso_text(centre.clock() + 60)
        entry = {**ENTRY, "expires_at": soon}
        added = (await supervisor.post("/lists/flag", json=entry)).json()
        assert added["expires_at"] == soon
        centre.clock.advance(61)
        call = await centre.ring()
        assert desktop.answers[call]["listed"] == []
        await centre.hang_up(call)
        (shown,) = (await supervisor.get("/lists/flag")).json()["numbers"]
        assert shown["has_expired"]
        path = f"/lists/flag/{added['id']}"
        changed = await supervisor.put(path, json={"expires_at": None, "reason": "still true"})
        assert (changed.json()["expires_at"], changed.json()["has_expired"]) == ("", False)
        (warning,) = desktop.answers[await centre.ring()]["listed"]
        assert warning["reason"] == "still true"


async def test_beginning_of_numbers_is_listed_and_removed(centre: ContactCentre) -> None:
    async with centre.api("2001") as supervisor:
        added = await supervisor.post("/lists/do-not-call", json={**ENTRY, "number": "+1 212 *"})
        assert (added.json()["number"], added.json()["is_prefix"]) == ("+1212*", True)
        dial = await supervisor.post("/calls", json={"to": ADA})
        assert dial.json()["code"] in ("do-not-call", "not-signed-in")
        named = (await supervisor.get("/lists/do-not-call", params={"number": ADA})).json()
        assert [each["number"] for each in named["numbers"]] == ["+1212*"]
        other = await supervisor.get("/lists/do-not-call", params={"number": "+442079460000"})
        assert other.json()["numbers"] == []
        assert (await supervisor.delete("/lists/do-not-call/+1212")).status_code == 404
        assert (await supervisor.delete("/lists/do-not-call/+1212*")).status_code == 200


async def test_entry_that_could_never_count_is_refused(centre: ContactCentre) -> None:
    async with centre.api("2001") as supervisor:
        entry = {**ENTRY, "dialled": "7000"}
        refused = await supervisor.post("/lists/do-not-call", json=entry)
        assert (refused.status_code, refused.json()["field"]) == (422, "dialled")


@pytest.mark.parametrize("settings", [{"telephony": {"internal_numbers": ["0XXX"]}}], indirect=True)
async def test_internal_numbers_may_begin_with_zero(
    desktop: Callable[[str], httpx.AsyncClient],
) -> None:
    supervisor = desktop("2001")
    for number, status in (("01*", 201), ("01234*", 422), ("00*", 201)):
        added = await supervisor.post("/lists/deny", json={"number": number, "reason": "fraud"})
        assert added.status_code == status, number


async def test_entry_that_is_removed_meanwhile_does_not_come_back(centre: ContactCentre) -> None:
    async with centre.api("2001") as one, centre.api("2001") as other:
        for _ in range(5):
            added = (await one.post("/lists/deny", json=ENTRY)).json()
            path = f"/lists/deny/{added['id']}"
            removed, changed = await asyncio.gather(
                one.delete(path), other.put(path, json={"reason": "still true"})
            )
            assert removed.status_code == 200
            assert changed.status_code in (200, 404)
            assert (await one.get("/lists/deny")).json()["numbers"] == []


async def test_pages_of_a_long_list(centre: ContactCentre) -> None:
    async with centre.api("2001") as supervisor:
        store = open_store(centre.settings.journal_database)
        async with store.transaction() as tx:
            for number in range(1100):
                await tx.save_list_entry(
                    ListEntryRow(
                        id=str(number),
                        list="deny",
                        number=f"+4930{number:06}",
                        given="",
                        reason="fraud",
                        author="2001",
                        added_at=1.0,
                    )
                )
        await store.close()
        seen: list[str] = []
        after = ""
        while True:
            page = (await supervisor.get("/lists/deny", params={"after": after})).json()
            seen += [each["id"] for each in page["numbers"]]
            after = page["next"]
            if not after:
                break
        assert seen == [str(number) for number in reversed(range(1100))]
        wrong = await supervisor.get("/lists/deny", params={"after": "x"})
        assert wrong.json()["field"] == "after"


async def test_never_logged_number_is_looked_up_but_not_recorded(centre: ContactCentre) -> None:
    desktop = await centre.open_desktop()
    await list_number(centre, "never-log")
    call = await centre.ring()
    answer = desktop.answers[call]
    assert answer["never_logged"]
    assert answer["interaction"] is None
    assert answer["lookup"]["matches"], "the card still opens"
    await centre.act(call, "1001", "ANSWER")
    await centre.act(call, "1001", "CONSULT_CALL", to="2001")
    assert len(desktop.answers) == 2
    assert all(answer["never_logged"] for answer in desktop.answers.values())
    for each in await centre.finesse.calls():
        await centre.act(each, "1001", "DROP")
    assert await centre.deliver() == []


async def test_do_not_call_number_is_not_dialled(centre: ContactCentre) -> None:
    await centre.open_desktop()
    await list_number(centre, "do-not-call")
    async with centre.api("1001") as agent, centre.api("2001") as supervisor:
        dial = {"to": "+1 (212) 555-0123"}
        assert (await agent.post("/calls", json=dial)).json()["code"] == "do-not-call"
        assert await centre.finesse.calls() == []
        path = f"/lists/do-not-call/{ADA_E164}"
        assert (await supervisor.delete(path)).status_code == 200
        assert (await supervisor.delete(path)).status_code == 404
        assert (await supervisor.get("/lists/white")).status_code == 404
        assert (await agent.post("/calls", json=dial)).status_code == 202


@pytest.mark.parametrize("settings", [{"telephony": {"country": "DE"}}], indirect=True)
async def test_list_that_forbids_counts_for_every_reading(
    desktop: Callable[[str], httpx.AsyncClient],
) -> None:
    agent, supervisor = desktop("1001"), desktop("2001")
    entry = {"number": "4915112345678", "reason": "asked for it"}
    assert (await supervisor.post("/lists/do-not-call", json=entry)).status_code == 201
    for spelling in ("+4915112345678", "015112345678", "4915112345678", "04915 112345678"):
        answer = await agent.post("/calls", json={"to": spelling})
        assert answer.json()["code"] == "do-not-call", spelling
    assert (await supervisor.delete("/lists/do-not-call/4915112345678")).status_code == 200
    assert (await supervisor.get("/lists/do-not-call")).json()["numbers"] == []


async def test_audit_has_every_change_and_every_hit(centre: ContactCentre) -> None:
    await centre.open_desktop()
    await list_number(centre, "never-log")
    await list_number(centre, "do-not-call")
    call = await centre.ring()
    await centre.act(call, "1001", "ANSWER")
    await centre.act(call, "1001", "DROP")
    async with centre.api("1001") as agent, centre.api("2001") as supervisor:
        await agent.post("/calls", json={"to": ADA})
        await supervisor.delete(f"/lists/do-not-call/{ADA_E164}")
        assert await audit(supervisor) == [
            ("2001", "removed from do-not-call"),
            ("1001", "not dialled"),
            ("1001", "not logged"),
            ("2001", "added to do-not-call"),
            ("2001", "added to never-log"),
        ]


async def audit(supervisor: httpx.AsyncClient) -> list[tuple[str, str]]:
    entries = (await supervisor.get("/audit")).json()["entries"]
    return [(entry["agent"], entry["action"]) for entry in entries]


# ---- several workers, one store


async def test_consult_reported_to_another_worker_is_not_logged(centre: ContactCentre) -> None:
    other_worker = await centre.start_service()
    await centre.open_desktop("1001")
    bilal = await centre.open_desktop("1002", other_worker)
    await list_number(centre, "never-log")
    call = await centre.ring()
    await centre.act(call, "1001", "ANSWER")
    await centre.act(call, "1001", "CONSULT_CALL", to="1002")
    consult = await centre.consult_of(call)
    await centre.act(consult, "1002", "ANSWER")
    assert bilal.answers[consult]["never_logged"]
    assert bilal.answers[consult]["interaction"] is None
    for each in await centre.finesse.calls():
        await centre.act(each, "1001", "DROP")
    assert await centre.deliver() == []


async def test_consult_reported_after_a_restart_is_not_logged(centre: ContactCentre) -> None:
    await centre.open_desktop("1001")
    await list_number(centre, "never-log")
    call = await centre.ring()
    await centre.act(call, "1001", "ANSWER")
    await centre.restart_service()
    # Ana's desktop does not return: only Bilal's reports the consult.
    bilal = await centre.open_desktop("1002")
    await centre.act(call, "1001", "CONSULT_CALL", to="1002")
    consult = await centre.consult_of(call)
    await centre.act(consult, "1002", "ANSWER")
    assert bilal.answers[consult]["never_logged"]
    await centre.act(consult, "1001", "DROP")
    assert await centre.deliver() == []
