"""Which of several contacts with a number is shown, by which rule, and what agents chose before."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcard.crm.base import Contact, ContactSource, HistoryEntry, Match
from callcard.crm.directory import Directory
from callcard.crm.selection import SWITCHBOARD_CONTACTS, Selection, select
from callcard.crm.source_guard import GuardedSource, SourceLimits
from callcard.settings_sections import ConflictPolicy, ContactsSettings
from callcard.store.base import ChoiceReader, ContactChoice
from callcard.telephony.numbers import Number
from tests.harness.contact_centre import (
    ADA_E164,
    ADA_NAME,
    BABBAGE_NAME,
    ContactCentre,
    add_contact,
)

ADA = Contact(source="crm", id="1", name="Ada", created_at="2020-01-01T00:00:00Z")
JOAN = Contact(source="crm", id="2", name="Joan", created_at="2024-01-01T00:00:00Z")
GRACE = Contact(source="erp", id="3", name="Grace", created_at="2022-01-01T00:00:00Z")
ADA = replace(ADA, updated_at="2026-01-01T00:00:00Z")
JOAN = replace(JOAN, updated_at="2026-03-01T00:00:00Z")
GRACE = replace(GRACE, updated_at="2026-02-01T00:00:00Z")
SOURCES = ("erp", "crm")


def exact(*contacts: Contact) -> list[Match]:
    return [Match(how="exact", contact=contact) for contact in contacts]


def called(contact: Contact, at: str) -> Contact:
    entry = HistoryEntry(started_at=at, kind="call", subject="")
    return replace(contact, interactions=(entry,))


@pytest.mark.parametrize(
    ("policy", "name"),
    [("ask", ""), ("last-updated", "Joan"), ("earliest", "Ada"), ("source-order", "Grace")],
)
def test_policy_decides_between_several_contacts(policy: ConflictPolicy, name: str) -> None:
    matches, selection = select(exact(ADA, JOAN, GRACE), policy, SOURCES)
    assert (matches[0].contact.name if selection else "") == name
    assert selection is None or selection.rule == policy
    assert len(matches) == 3, "the others stay to choose from"


def test_last_used_is_whom_an_agent_talked_to_last() -> None:
    matches = exact(called(ADA, "2026-01-01T10:00:00Z"), called(JOAN, "2026-01-02T10:00:00Z"))
    (first, *_others), selection = select([*matches, *exact(GRACE)], "last-used", SOURCES)
    assert (first.contact.name, selection) == ("Joan", Selection(rule="last-used"))
    assert select(exact(ADA, JOAN), "last-used", SOURCES)[1] is None, "nobody was called"


@pytest.mark.parametrize("policy", ["last-used", "last-updated", "earliest", "source-order"])
def test_policy_asks_where_it_cannot_tell(policy: ConflictPolicy) -> None:
    tie = called(ADA, "2026-01-01T10:00:00Z")
    assert select(exact(tie, replace(tie, id="9")), policy, SOURCES)[1] is None
    similar = [Match(how="suffix", contact=each) for each in (called(ADA, "2026"), GRACE)]
    assert select(similar, policy, SOURCES)[1] is None, "not the whole number"


def test_record_without_a_date_is_not_taken_for_the_oldest() -> None:
    undated = replace(GRACE, created_at="", updated_at="")
    for policy in ("earliest", "last-updated"):
        assert select(exact(ADA, undated), policy, SOURCES)[1] is None


_CONTACTS = st.builds(
    Contact,
    source=st.sampled_from(SOURCES),
    id=st.uuids().map(str),
    name=st.just(""),
    created_at=st.sampled_from(["", "2020", "2021"]),
    updated_at=st.sampled_from(["", "2020", "2021"]),
)
_MATCHES = st.lists(
    st.builds(Match, how=st.sampled_from(["exact", "suffix"]), contact=_CONTACTS), max_size=6
)


@given(_MATCHES, st.sampled_from(["ask", "last-used", "last-updated", "earliest", "source-order"]))
def test_selection_loses_no_match_and_never_guesses_by_the_last_digits(
    matches: list[Match], policy: ConflictPolicy
) -> None:
    ordered, selection = select(matches, policy, SOURCES)
    assert sorted(each.contact.id for each in ordered) == sorted(
        each.contact.id for each in matches
    )
    if len(matches) > 1 and selection is not None:
        assert ordered[0].how == "exact"


# ---- what agents chose


async def choose(centre: ContactCentre, agent: str, number: str, change: object) -> None:
    """Let an agent answer a call of `number` and change its contact."""
    desktop = await centre.open_desktop(agent)
    call = await centre.ring(from_address=number, to=agent)
    await centre.act(call, agent, "ANSWER")
    async with centre.api(agent) as api:
        path = f"/interactions/{desktop.answers[call]['interaction']['id']}"
        changed = await api.put(path, json=change)
        assert changed.status_code == 200, changed.text
        await api.put(path, json={"finished": True})
    await centre.hang_up(call)
    await centre.close_desktop(desktop)


async def shown(api: httpx.AsyncClient, number: str) -> tuple[str, str]:
    """Return the rule and the name of the contact that a look-up selects."""
    found = (await api.get("/contacts", params={"number": number})).json()
    if found["selection"] is None:
        return "", ""
    return found["selection"]["rule"], found["matches"][0]["contact"]["name"]


def reference(contact: Contact) -> dict[str, object]:
    return {"contact": {"source": contact.source, "id": contact.id}}


@pytest.mark.anyio
async def test_choice_for_a_number_is_remembered_until_it_is_taken_off(
    centre: ContactCentre,
) -> None:
    (babbage,) = await centre.crm.search(BABBAGE_NAME, 1)
    async with centre.api("1001") as api:
        assert await shown(api, ADA_E164) == ("only-match", ADA_NAME)
        await choose(centre, "1001", ADA_E164, reference(babbage))
        assert await shown(api, ADA_E164) == ("remembered", BABBAGE_NAME)
        found = (await api.get("/contacts", params={"number": ADA_E164})).json()
        assert found["selection"]["chosen_by"] == "Ana Costa"
        assert found["selection"]["chosen_at"].startswith("2026")
        assert [each["how"] for each in found["matches"]] == ["remembered", "exact"]

        desktop = await centre.open_desktop("1002")
        call = await centre.ring(from_address=ADA_E164, to="1002")
        answer = desktop.answers[call]
        assert answer["lookup"]["selection"]["rule"] == "remembered"
        assert answer["interaction"]["contact"]["name"] == BABBAGE_NAME, "and it is logged so"
        await centre.hang_up(call)
        await centre.close_desktop(desktop)

        await choose(centre, "1002", ADA_E164, {"contact_unknown": True})
        assert await shown(api, ADA_E164) == ("only-match", ADA_NAME)
    async with centre.api("2001") as supervisor:
        entries = (await supervisor.get("/audit")).json()["entries"]
    actions = [(each["agent"], each["action"], each["number"]) for each in entries]
    assert ("1001", "remember contact", ADA_E164) in actions
    assert ("1002", "forget contact", ADA_E164) in actions


@pytest.mark.anyio
async def test_choice_is_not_remembered_for_numbers_that_anybody_may_use(
    centre: ContactCentre,
) -> None:
    (babbage,) = await centre.crm.search(BABBAGE_NAME, 1)
    async with centre.api("1001") as api:
        for number in ("1002", "anonymous"):
            await choose(centre, "1001", number, reference(babbage))
            assert (await shown(api, number))[0] != "remembered"


@pytest.mark.anyio
async def test_who_called_last_from_a_switchboard_comes_first_in_the_list(
    centre: ContactCentre,
) -> None:
    switchboard = "+12125550170"
    for index in range(SWITCHBOARD_CONTACTS + 1):
        add_contact(centre.crm, f"p{index}", f"Person {index}", switchboard)
    people = await centre.crm.search("Person", 10)
    assert len(people) == SWITCHBOARD_CONTACTS + 1
    await choose(centre, "1001", switchboard, reference(people[3]))
    async with centre.api("1001") as api:
        found = (await api.get("/contacts", params={"number": switchboard})).json()
    assert found["selection"] is None, "anybody there may call"
    names = [each["contact"]["name"] for each in found["matches"]]
    assert names[0] == "Person 3"
    assert sorted(names) == [each.name for each in people]


class Remembering(ChoiceReader):
    """A store that knows one choice."""

    async def contact_choice(self, number: str) -> ContactChoice | None:
        return ContactChoice(
            number=number, contact="slow/9", chosen_by="1001", name="Ana", chosen_at=1.0
        )


@pytest.mark.anyio
async def test_choice_in_a_source_that_has_not_answered_delays_nobody() -> None:
    gate = asyncio.Event()

    class Fast(ContactSource):
        name = "fast"

        async def by_number(self, number: Number) -> list[Match]:
            return exact(replace(ADA, source="fast"))

    class Slow(ContactSource):
        name = "slow"

        async def by_number(self, number: Number) -> list[Match]:
            await gate.wait()
            return []

        async def get(self, id: str) -> Contact | None:
            await gate.wait()
            return replace(GRACE, source="slow", id=id)

    sources = [GuardedSource(each, SourceLimits(), 5.0) for each in (Fast(), Slow())]
    directory = Directory(sources, "US", ContactsSettings(), choices=Remembering())
    first = await asyncio.wait_for(directory.look_up(ADA_E164, wait="first"), 4.0)
    assert (first.sources["slow"], first.selection) == ("pending", None), "not Ada for a moment"
    gate.set()
    found = await directory.look_up(ADA_E164)
    assert found.selection is not None
    assert (found.selection.rule, found.matches[0].contact.name) == ("remembered", "Grace")
    for source in sources:
        await source.close()
