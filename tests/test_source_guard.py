"""The guard of a contact source: what is asked once, remembered, left out, and asked again."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import msgspec
import pytest

from callcard.crm.base import Contact, ContactSource, InteractionRecord, Match, NewCase
from callcard.crm.circuit_breaker import (
    FIRST_PAUSE_SECONDS,
    LONGEST_PAUSE_SECONDS,
    MAX_FAILURES,
    CircuitBreaker,
)
from callcard.crm.directory import Directory
from callcard.crm.source_guard import Answer, GuardedSource, SourceLimits
from callcard.errors import NotFound, SourceRejected, SourceUnavailable
from callcard.settings_sections import ContactsSettings
from callcard.telephony import numbers
from callcard.telephony.numbers import Number
from tests.contracts.crm import INTERACTION

pytestmark = pytest.mark.anyio

ADA = Contact(source="crm", id="1", name="Ada Lovelace")
NUMBER = numbers.read("+12125550123", "US")
OTHER_NUMBER = numbers.read("+12125550199", "US")


class Crm(ContactSource):
    """A source that counts its look-ups, and answers when `gate` is open."""

    name = "crm"

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.error: Exception | None = None
        self.at_once = 0
        self.most_at_once = 0

    async def by_number(self, number: Number) -> list[Match]:
        self.asked.append(number.digits)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await self.gate.wait()
        self.at_once -= 1
        if self.error:
            raise self.error
        return [Match(how="exact", contact=ADA)] if number == NUMBER else []

    async def create_case(self, case: NewCase) -> None:
        return None

    async def log(self, interaction: InteractionRecord) -> None:
        pass


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


def guard(crm: Crm, clock: Clock | None = None, **limits: float) -> GuardedSource:
    given = msgspec.convert({"deadline_seconds": 0.2, **limits}, SourceLimits)
    return GuardedSource(crm, given, 1.5, clock or Clock())


async def answers(source: GuardedSource, *given: Number) -> list[Answer[list[Match]]]:
    return await asyncio.gather(*(source.by_number(number) for number in given))


async def test_simultaneous_lookups_of_a_number_are_one_request() -> None:
    crm = Crm()
    crm.gate.clear()
    source = guard(crm)
    waiting = [source.by_number(NUMBER) for _ in range(5)]
    await asyncio.sleep(0)
    crm.gate.set()
    results = await asyncio.gather(*waiting)
    assert {result.status for result in results} == {"ok"}
    assert len(crm.asked) == 1


async def test_contacts_are_remembered_longer_than_that_there_are_none() -> None:
    crm, clock = Crm(), Clock()
    source = guard(crm, clock, cache_seconds=60, not_found_cache_seconds=10)
    await answers(source, NUMBER, OTHER_NUMBER)
    (found, none) = await answers(source, NUMBER, OTHER_NUMBER)
    assert (len(found.value or []), none.value, len(crm.asked)) == (1, [], 2)
    clock.advance(11)
    await answers(source, NUMBER, OTHER_NUMBER)
    assert (len(crm.asked), crm.asked[-1]) == (3, OTHER_NUMBER.digits)
    clock.advance(50)
    await answers(source, NUMBER)
    assert len(crm.asked) == 4
    await source.by_number(NUMBER, refresh=True)
    assert len(crm.asked) == 5


async def test_failures_are_not_remembered() -> None:
    crm = Crm()
    crm.error = SourceUnavailable("crm responded with 503")
    source = guard(crm)
    (failed,) = await answers(source, NUMBER)
    assert (failed.status, failed.problem) == ("failed", "crm responded with 503")
    crm.error = None
    (found,) = await answers(source, NUMBER)
    assert (found.status, len(crm.asked)) == ("ok", 2)


async def test_change_of_a_contact_shows_at_the_next_lookup() -> None:
    crm = Crm()
    source = guard(crm)
    directory = Directory([source], "US", ContactsSettings())
    await directory.by_number("+12125550123")
    case = NewCase(key="k", contact="1", subject="S", notes="", opened_at="")
    with pytest.raises(NotFound):
        await directory.create_case("crm", case)
    await directory.by_number("+12125550123")
    assert len(crm.asked) == 2
    await source.log(replace(INTERACTION, number="+12125550123"))
    await directory.by_number("+12125550123")
    await directory.by_number("+12125550123")
    assert len(crm.asked) == 3


async def test_answer_from_before_a_change_is_not_remembered() -> None:
    crm = Crm()
    crm.gate.clear()
    source = guard(crm)
    before = source.by_number(NUMBER)
    await asyncio.sleep(0)

    async def lose_the_response(_source: ContactSource) -> None:
        raise SourceUnavailable("the response was lost")

    with pytest.raises(SourceUnavailable):
        await source.change(lose_the_response)
    crm.gate.set()
    assert (await before).status == "ok"
    await answers(source, NUMBER)
    assert len(crm.asked) == 2


async def test_late_source_is_named_with_its_deadline() -> None:
    crm = Crm()
    crm.gate.clear()
    (late,) = await answers(guard(crm, deadline_seconds=0.02), NUMBER)
    assert (late.status, late.problem) == ("late", "crm did not answer within 0.02 seconds")


async def test_unexpected_error_names_neither_address_nor_data() -> None:
    crm = Crm()
    crm.error = ValueError("https://crm.example/?key=secret")
    (failed,) = await answers(guard(crm), NUMBER)
    assert failed.problem == "crm failed (ValueError); the service's log has more"


async def test_at_most_so_many_requests_at_a_time() -> None:
    crm = Crm()
    crm.gate.clear()
    source = guard(crm, concurrency=2)
    waiting = [source.by_number(numbers.read(f"+1212555{n:04}", "US")) for n in range(100, 106)]
    await asyncio.sleep(0.01)
    assert crm.at_once == 2
    crm.gate.set()
    await asyncio.gather(*waiting)
    assert (len(crm.asked), crm.most_at_once) == (6, 2)


async def test_source_that_keeps_failing_is_left_alone_for_a_while() -> None:
    crm, clock = Crm(), Clock()
    crm.error = SourceUnavailable("crm is down")
    source = guard(crm, clock)
    for _ in range(MAX_FAILURES):
        await answers(source, NUMBER)
    (skipped,) = await answers(source, NUMBER)
    assert (skipped.status, len(crm.asked)) == ("skipped", MAX_FAILURES)
    assert skipped.problem == "crm failed 5 times in a row; it is asked again in 5 seconds"
    clock.advance(FIRST_PAUSE_SECONDS)
    crm.error = None
    (found,) = await answers(source, NUMBER)
    assert found.status == "ok"
    crm.error = SourceUnavailable("crm is down")
    (failed,) = await answers(source, OTHER_NUMBER)
    assert failed.status == "failed", "one failure does not open it again"


async def test_source_that_asks_for_a_pause_gets_it() -> None:
    crm, clock = Crm(), Clock()
    crm.error = SourceUnavailable("crm responded with 429", retry_after=17)
    source = guard(crm, clock)
    (failed, *_) = await answers(source, NUMBER)
    (skipped,) = await answers(source, NUMBER)
    assert (failed.status, skipped.status, len(crm.asked)) == ("failed", "skipped", 1)
    assert skipped.problem == "crm asked for a pause; it is asked again in 17 seconds"
    clock.advance(17)
    crm.error = None
    (found,) = await answers(source, NUMBER)
    assert found.status == "ok"


async def test_rejected_request_does_not_count_as_a_broken_source() -> None:
    crm = Crm()
    crm.error = SourceRejected("crm responded with 400")
    source = guard(crm)
    for _ in range(2 * MAX_FAILURES):
        (failed,) = await answers(source, NUMBER)
        assert (failed.status, failed.problem) == ("failed", "crm responded with 400")


def test_pause_doubles_up_to_a_minute_and_lets_one_try_through() -> None:
    clock = Clock()
    breaker = CircuitBreaker(clock)
    for _ in range(MAX_FAILURES):
        assert breaker.admit() == 0
        breaker.fail()
    pauses = []
    for _ in range(6):
        pauses.append(breaker.admit())
        clock.advance(pauses[-1])
        assert breaker.admit() == 0
        assert breaker.admit() > 0, "others wait for this try"
        breaker.fail()
    assert pauses == [5, 10, 20, 40, LONGEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS]


async def test_first_answer_does_not_wait_for_the_slow_source_and_the_next_one_has_it() -> None:
    fast, slow = Crm(), Crm()
    fast.name, slow.name = "fast", "slow"
    slow.gate.clear()
    settings = ContactsSettings(first_answer_seconds=0.01)
    directory = Directory([guard(fast), guard(slow)], "US", settings)
    first = await directory.by_number("+12125550123", wait="first")
    assert first.sources == {"fast": "ok", "slow": "pending"}
    assert (len(first.matches), first.is_complete) == (1, False)
    following = asyncio.create_task(directory.by_number("+12125550123"))
    await asyncio.sleep(0)
    slow.gate.set()
    all_answers = await following
    assert all_answers.sources == {"fast": "ok", "slow": "ok"}
    assert (len(all_answers.matches), all_answers.problems) == (2, {})
    assert (len(fast.asked), len(slow.asked)) == (1, 1)


async def test_first_answer_waits_until_a_source_has_answered() -> None:
    broken, slow = Crm(), Crm()
    broken.name, slow.name = "broken", "slow"
    broken.error = SourceUnavailable("broken is down")
    slow.gate.clear()
    settings = ContactsSettings(first_answer_seconds=0.001)
    directory = Directory([guard(broken), guard(slow, deadline_seconds=0.05)], "US", settings)
    lookup = await directory.look_up("+12125550123", wait="first")
    assert lookup.sources == {"broken": "failed", "slow": "late"}
    assert lookup.has_failed
    assert lookup.problems == {
        "broken": "broken is down",
        "slow": "slow did not answer within 0.05 seconds",
    }
