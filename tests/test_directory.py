"""The directory: which sources are queried, and what it returns when some of them fail."""

from __future__ import annotations

import asyncio

import pytest

from callcard.crm.base import Contact, ContactSource, Match, NewContact
from callcard.crm.directory import Directory
from callcard.crm.source_guard import GuardedSource, SourceLimits
from callcard.errors import NotFound, SourceUnavailable, Unsupported
from callcard.settings_sections import ContactsSettings
from callcard.telephony.numbers import Number

pytestmark = pytest.mark.anyio

ADA = Contact(source="lookup", id="1", name="Ada Lovelace")


class LookupOnly(ContactSource):
    """A source that finds contacts by number and offers nothing else."""

    name = "lookup"

    async def by_number(self, number: Number) -> list[Match]:
        return [Match(how="suffix", contact=ADA)]


class CreateOnly(ContactSource):
    name = "create"

    async def create(self, contact: NewContact) -> Contact:
        return Contact(source=self.name, id="2", name=contact.name)


class Failing(ContactSource):
    name = "failing"

    async def by_number(self, number: Number) -> list[Match]:
        raise SourceUnavailable("failing is down")


class Slow(ContactSource):
    name = "slow"

    async def by_number(self, number: Number) -> list[Match]:
        await asyncio.sleep(60)
        return []


def directory(*sources: ContactSource) -> Directory:
    settings = ContactsSettings(deadline_seconds=0.05, first_answer_seconds=0.01)
    guarded = [GuardedSource(each, SourceLimits(), settings.deadline_seconds) for each in sources]
    return Directory(guarded, country="US", settings=settings)


async def test_only_sources_that_support_an_operation_are_queried() -> None:
    both = directory(CreateOnly(), LookupOnly())
    lookup = await both.by_number("+12125550123")
    assert [match.contact for match in lookup.matches] == [ADA]
    assert lookup.sources == {"lookup": "ok"}
    created = await both.create(key="k", name="Grace", company="", email="", numbers=())
    assert (created.source, created.name) == ("create", "Grace")


async def test_flags_that_warn_come_first() -> None:
    class Flags(LookupOnly):
        async def by_number(self, number: Number) -> list[Match]:
            flags = ("VIP", "Payment OVERDUE", "gesperrt", "key account")
            contact = Contact(source="lookup", id="1", name="", flags=flags, warnings=("gesperrt",))
            return [Match(how="exact", contact=contact)]

    (match,) = (await directory(Flags()).by_number("+12125550123")).matches
    assert match.contact.flags == ("Payment OVERDUE", "gesperrt", "VIP", "key account")
    assert match.contact.warnings == ("Payment OVERDUE", "gesperrt")


async def test_operation_that_no_source_supports_finds_nothing() -> None:
    only_lookup = directory(LookupOnly())
    result = await only_lookup.search("ada", 5)
    assert (result.contacts, result.sources) == ((), {})
    assert await only_lookup.by_reference("4711") is None
    assert (await directory().by_number("+12125550123")).sources == {}


async def test_unsupported_create_and_get_say_so() -> None:
    only_lookup = directory(LookupOnly())
    with pytest.raises(Unsupported, match="lookup does not support create"):
        await only_lookup.create(key="k", name="Grace", company="", email="", numbers=())
    with pytest.raises(Unsupported, match="lookup does not support get"):
        await only_lookup.get("lookup", "1")
    with pytest.raises(NotFound, match="there is no source 'crm'; there are lookup"):
        await only_lookup.get("crm", "1")


async def test_late_and_failed_sources_are_named_beside_the_matches() -> None:
    lookup = await directory(Slow(), Failing(), LookupOnly()).by_number("+12125550123")
    assert [match.contact for match in lookup.matches] == [ADA]
    assert lookup.sources == {"slow": "late", "failing": "failed", "lookup": "ok"}


async def test_lookup_fails_only_if_every_source_fails() -> None:
    with pytest.raises(SourceUnavailable) as caught:
        await directory(Slow(), Failing()).by_number("+12125550123")
    assert caught.value.extra["sources"] == {"slow": "late", "failing": "failed"}
    lookup = await directory(Slow(), Failing()).look_up("+12125550123")
    assert (lookup.matches, lookup.has_failed) == ((), True)
    assert lookup.sources == {"slow": "late", "failing": "failed"}


async def test_card_waits_for_sources_that_are_about_as_fast_as_the_first() -> None:
    """The slower one answers at a multiple of the faster one's time."""

    def delayed(name: str, seconds: float) -> ContactSource:
        class Delayed(ContactSource):
            async def by_number(self, number: Number) -> list[Match]:
                await asyncio.sleep(seconds)
                return [Match(how="exact", contact=Contact(source=name, id="1", name=name))]

        source = Delayed()
        source.name = name
        return source

    def asked(*sources: ContactSource) -> Directory:
        guarded = [GuardedSource(each, SourceLimits(), 5.0) for each in sources]
        return Directory(guarded, "US", ContactsSettings(first_answer_seconds=4.0))

    near = asked(delayed("fast", 0.2), delayed("near", 0.3))
    assert (await near.look_up("+12125550123", wait="first")).is_complete
    far = asked(delayed("fast", 0.05), delayed("far", 3.0))
    found = await far.look_up("+12125550123", wait="first")
    assert found.sources == {"fast": "ok", "far": "pending"}
    assert [match.contact.name for match in found.matches] == ["fast"]
    for source in (*near.sources, *far.sources):
        await source.close()
