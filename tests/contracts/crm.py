"""What every contact source must do: one contract for each operation.

The test class of an adapter inherits the contracts of its capabilities and gives the fixtures. The
failures of a CRM that is reached by HTTP are in `http_source.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import ClassVar, get_args

import pytest

from callcard.crm.base import (
    MAX_MATCHES,
    AgentSegment,
    ContactSource,
    InteractionRecord,
    NewCase,
    NewContact,
    Operation,
)
from callcard.errors import Unsupported
from callcard.telephony import numbers

HOSTILE_TEXTS = ("", " ", "%", "_", '"', "'; drop table contact; --", "*", "\0", "a" * 10_000, "🙂")

INTERACTION = InteractionRecord(
    id="call-1",
    contact="",
    contact_source="",
    direction="in",
    number="+12125550123",
    from_address="+12125550123",
    to_address="1001",
    type="ACD_IN",
    queue="Support",
    started_at="2026-03-01T09:30:00Z",
    answered_at="2026-03-01T09:30:05Z",
    ended_at="2026-03-01T09:35:00Z",
    end_reason="completed",
    owner="1001",
    agents=(
        AgentSegment(
            agent="1001",
            name="Ana Costa",
            team="Team 1",
            ring_seconds=5.0,
            talk_seconds=290.5,
            hold_seconds=4.5,
            wrap_up_seconds=20.0,
            notes="Wants a callback.\nالعميل سعيد 🙂",
            wrap_up_reasons=("Sale",),
        ),
    ),
    wrap_up_reasons=("Sale",),
    variables={"callVariable1": "gold"},
    call_ids=("16777217",),
    call_key="152:201",
)


def calls(source: ContactSource) -> dict[Operation, Callable[[], Awaitable[object]]]:
    """Return each operation with plausible arguments."""
    number = numbers.read("+12125550123", "US")
    new = NewContact(key="k", name="N", company="", email="", numbers=())
    case = NewCase(key="k", contact="1", subject="S", notes="", opened_at="2026-03-01T09:30:00Z")
    return {
        "by_number": lambda: source.by_number(number),
        "search": lambda: source.search("ada", 5),
        "get": lambda: source.get("1"),
        "by_reference": lambda: source.by_reference("1"),
        "create": lambda: source.create(new),
        "add_number": lambda: source.add_number("1", number),
        "create_case": lambda: source.create_case(case),
        "log": lambda: source.log(INTERACTION),
    }


class SourceContract:
    """What every source must do. Each subclass is the contract of one operation."""

    pytestmark = pytest.mark.anyio

    @pytest.fixture
    def source(self) -> ContactSource:
        raise NotImplementedError

    def test_has_a_name_without_separator(self, source: ContactSource) -> None:
        assert source.name
        assert "/" not in source.name, "contacts are referred to as source/id"

    def test_contract_of_each_capability_is_tested(self, source: ContactSource) -> None:
        assert CONTRACTS.keys() == set(get_args(Operation))
        tested = {operation for operation, kind in CONTRACTS.items() if isinstance(self, kind)}
        assert tested == source.capabilities

    async def test_operations_beyond_the_capabilities_are_unsupported(
        self, source: ContactSource
    ) -> None:
        assert calls(source).keys() == set(get_args(Operation))
        for operation, call in calls(source).items():
            if operation not in source.capabilities:
                with pytest.raises(Unsupported, match=f"{source.name}.*{operation}"):
                    await call()


class ByNumberContract(SourceContract):
    """For a source that has the contact Ada Lovelace of Analytical Engines.

    Her number is +1 212 555 0123, and no contact has a number that ends in 5550000.
    """

    async def test_by_number_returns_exact_match(self, source: ContactSource) -> None:
        (match,) = await source.by_number(numbers.read("(212) 555-0123", "US"))
        assert match.how == "exact"
        assert match.contact.name == "Ada Lovelace"
        assert match.contact.source == source.name
        assert "+12125550123" in [number.e164 for number in match.contact.numbers]

    async def test_by_number_of_unknown_number_is_empty(self, source: ContactSource) -> None:
        assert await source.by_number(numbers.read("+1 303 555 0000", "US")) == []

    async def test_by_number_accepts_every_kind_of_number(self, source: ContactSource) -> None:
        for text in ("1001", "*72", "anonymous", "reception", "+800 1234 5678", *HOSTILE_TEXTS):
            assert len(await source.by_number(numbers.read(text, "US"))) <= MAX_MATCHES


class SearchContract(SourceContract):
    """For a source that has Ada Lovelace, as in `ByNumberContract`."""

    async def test_search_matches_beginnings_of_words(self, source: ContactSource) -> None:
        for text in ("ada", "ADA LOVE", "lovel ad", "analyt"):
            found = await source.search(text, 5)
            assert "Ada Lovelace" in [contact.name for contact in found], text
        assert await source.search("zzzunknown", 5) == []

    async def test_search_returns_at_most_limit(self, source: ContactSource) -> None:
        for text in ("ada", "a", *HOSTILE_TEXTS):
            assert len(await source.search(text, 1)) <= 1


class GetContract(ByNumberContract):
    async def test_get_returns_the_contact_that_was_found(self, source: ContactSource) -> None:
        (match,) = await source.by_number(numbers.read("+12125550123", "US"))
        assert await source.get(match.contact.id) == match.contact

    async def test_get_of_unknown_id_is_none(self, source: ContactSource) -> None:
        for id in ("99999999", "-1", "1 or 1=1", "٣", *HOSTILE_TEXTS):
            assert await source.get(id) is None, id


class ByReferenceContract(SourceContract):
    """For a source that has Ada Lovelace, as in `ByNumberContract`, with a customer number."""

    reference: ClassVar[str]
    """Ada's customer number."""

    async def test_by_reference_returns_the_contact(self, source: ContactSource) -> None:
        contact = await source.by_reference(self.reference)
        assert contact is not None
        assert contact.name == "Ada Lovelace"
        for reference in ("unknown", *HOSTILE_TEXTS):
            assert await source.by_reference(reference) is None


class CreateContract(ByNumberContract):
    async def test_create_is_idempotent_and_found_by_number(self, source: ContactSource) -> None:
        new = NewContact(
            key="request-1",
            name="Grace Hopper",
            company="Navy",
            email="grace@example.org",
            numbers=(numbers.read("+12125550177", "US"),),
        )
        created = await source.create(new)
        assert (created.name, created.company, created.email) == (
            "Grace Hopper",
            "Navy",
            "grace@example.org",
        )
        assert (await source.create(new)).id == created.id
        (match,) = await source.by_number(numbers.read("+12125550177", "US"))
        assert match.contact.id == created.id


class AddNumberContract(CreateContract):
    async def test_number_is_added_once_and_found(self, source: ContactSource) -> None:
        first, second = (numbers.read(f"+1212555017{n}", "US") for n in (7, 8))
        new = NewContact(key="r", name="Grace", company="", email="g@example.org", numbers=(first,))
        created = await source.create(new)
        for _ in range(2):
            changed = await source.add_number(created.id, second)
            assert changed is not None
            assert (changed.name, changed.email) == (created.name, created.email)
            assert [each.e164 for each in changed.numbers] == [first.e164, second.e164]
        (match,) = await source.by_number(second)
        assert match.contact.id == created.id
        assert await source.add_number("999999999", second) is None


LEAK = NewCase(
    key="request-1",
    contact="",
    subject="Leak",
    notes="in the cellar",
    opened_at="2026-03-01T09:30:00Z",
)


class CreateCaseContract(ByNumberContract):
    async def test_case_is_opened_once_and_shown(self, source: ContactSource) -> None:
        number = numbers.read("+12125550123", "US")
        (match,) = await source.by_number(number)
        new = replace(LEAK, contact=match.contact.id)
        case = await source.create_case(new)
        assert case is not None
        assert (case.subject, case.notes) == ("Leak", "in the cellar")
        assert await source.create_case(new) == case
        (match,) = await source.by_number(number)
        assert [each for each in match.contact.cases if each.id == case.id] == [case]
        assert await source.create_case(replace(new, key="2", contact="999999999")) is None


class LogContract(SourceContract):
    """For a source that logs interactions; `logged` returns by id what the CRM has now."""

    @pytest.fixture
    def logged(self) -> Callable[[], Mapping[str, InteractionRecord]]:
        raise NotImplementedError

    async def test_interaction_is_logged_whole(
        self, source: ContactSource, logged: Callable[[], Mapping[str, InteractionRecord]]
    ) -> None:
        await source.log(INTERACTION)
        assert logged() == {"call-1": INTERACTION}

    async def test_same_id_replaces_what_was_logged(
        self, source: ContactSource, logged: Callable[[], Mapping[str, InteractionRecord]]
    ) -> None:
        await source.log(INTERACTION)
        corrected = replace(INTERACTION, queue="Sales", wrap_up_reasons=("Complaint",))
        await source.log(corrected)
        assert logged() == {"call-1": corrected}

    async def test_unknown_caller_and_missed_call_are_logged(
        self, source: ContactSource, logged: Callable[[], Mapping[str, InteractionRecord]]
    ) -> None:
        missed = replace(
            INTERACTION,
            id="call/2?&#é",
            number="",
            answered_at="",
            end_reason="missed",
            agents=(),
            wrap_up_reasons=(),
            variables={},
            call_key="",
        )
        await source.log(missed)
        assert logged() == {missed.id: missed}

    async def test_contact_of_another_source_is_logged(
        self, source: ContactSource, logged: Callable[[], Mapping[str, InteractionRecord]]
    ) -> None:
        elsewhere = replace(INTERACTION, contact="99999999", contact_source="elsewhere")
        await source.log(elsewhere)
        assert logged() == {"call-1": elsewhere}

    async def test_simultaneous_interactions_are_all_logged(
        self, source: ContactSource, logged: Callable[[], Mapping[str, InteractionRecord]]
    ) -> None:
        many = [replace(INTERACTION, id=f"call-{number}") for number in range(20)]
        await asyncio.gather(*(source.log(each) for each in many))
        assert logged() == {each.id: each for each in many}


class RemoveWrittenContract(ByNumberContract):
    """For a source that can remove what it has written."""

    async def test_what_was_written_is_removed(self, source: ContactSource) -> None:
        number = numbers.read("+12125550187", "US")
        new = NewContact(
            key="check-1", name="Callcard check", company="", email="", numbers=(number,)
        )
        (known,) = await source.by_number(numbers.read("+12125550123", "US"))
        if "create_case" in source.capabilities:
            case = replace(LEAK, contact=known.contact.id)
            opened = await source.create_case(case)
            assert opened is not None
            await source.remove_written("create_case", case.key, opened.id)
        if "log" in source.capabilities:
            call = replace(
                INTERACTION, id="check-3", contact=known.contact.id, contact_source=source.name
            )
            await source.log(call)
            await source.remove_written("log", call.id, call.id)
        if "create" in source.capabilities:
            created = await source.create(new)
            await source.remove_written("create", new.key, created.id)
            assert await source.by_number(number) == []
        (again,) = await source.by_number(numbers.read("+12125550123", "US"))
        assert again.contact.cases == known.contact.cases
        assert again.contact.interactions == known.contact.interactions


CONTRACTS: dict[Operation, type[SourceContract]] = {
    "by_number": ByNumberContract,
    "search": SearchContract,
    "get": GetContract,
    "by_reference": ByReferenceContract,
    "create": CreateContract,
    "add_number": AddNumberContract,
    "create_case": CreateCaseContract,
    "log": LogContract,
}
