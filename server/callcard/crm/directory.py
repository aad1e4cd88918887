"""Contacts: who a number or a few letters belong to, over every source, and saving a new one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from callcard.crm.base import MATCHES, Contact, Match, NewContact, Source
from callcard.errors import InvalidField, NotFound, SourceUnavailable
from callcard.telephony import numbers
from callcard.telephony.numbers import Kind

log = logging.getLogger(__name__)

_T = TypeVar("_T")
Told = Literal["answered", "late", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberRead:
    """The number as it was understood. `display` is how people write it; `country` two letters, or null."""

    given: str
    kind: Kind
    e164: str | None
    display: str
    country: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    number: NumberRead
    matches: tuple[Match, ...]
    """The likeliest first."""
    sources: dict[str, Told]


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    contacts: tuple[Contact, ...]
    sources: dict[str, Told]


@dataclass(frozen=True, slots=True)
class Directory:
    """The sources, asked together. None waits for another longer than `deadline` seconds."""

    sources: Sequence[Source]
    country: str
    deadline: float

    async def by_number(self, given: str) -> Lookup:
        """Whose number it is. A withheld or unreadable one is an answer too, without matches."""
        number = numbers.read(given, self.country)
        told = NumberRead(
            given=given,
            kind=number.kind,
            e164=number.e164,
            display=number.display,
            country=number.country,
        )
        if number.kind == "withheld" or not number.digits:
            return Lookup(number=told, matches=(), sources={})
        answers, sources = await self._ask(lambda source: source.by_number(number))
        ranked = sorted(
            (match for answer in answers for match in answer),
            key=lambda match: match.how != "exact",
        )
        return Lookup(number=told, matches=tuple(ranked[:MATCHES]), sources=sources)

    async def search(self, text: str, limit: int) -> Search:
        answers, sources = await self._ask(lambda source: source.search(text, limit))
        contacts = tuple(contact for answer in answers for contact in answer)
        return Search(contacts=contacts[:limit], sources=sources)

    async def get(self, source: str, id: str) -> Contact:
        contact = await self._named(source).get(id)
        if contact is None:
            raise NotFound(f"{source} has no contact {id[:40]!r}; it may have been deleted")
        return contact

    async def by_reference(self, reference: str) -> Contact | None:
        """The contact that `reference` names: an account's or a case's id. None if no source that answers knows it."""
        answers, _sources = await self._ask(lambda source: source.by_reference(reference))
        return next(filter(None, answers), None)

    async def create(
        self, *, key: str, name: str, company: str, email: str, given: Sequence[str]
    ) -> Contact:
        """Save a contact in the first source. The same `key` again answers the same contact."""
        read = []
        for place, text in enumerate(given):
            number = numbers.read(text, self.country)
            if number.kind not in ("public", "internal"):
                raise InvalidField(
                    f"numbers[{place}]",
                    f"{text[:40]!r} is not a number; write it with its country code",
                )
            read.append(number)
        if not name.strip() and not company.strip():
            raise InvalidField("name", "give a name or a company")
        contact = NewContact(
            key=key,
            name=name.strip(),
            company=company.strip(),
            email=email.strip(),
            numbers=tuple(read),
        )
        return await self.sources[0].create(contact)

    def _named(self, name: str) -> Source:
        for source in self.sources:
            if source.name == name:
                return source
        raise NotFound(
            f"there is no source {name[:40]!r}; there are {', '.join(s.name for s in self.sources)}"
        )

    async def _ask(
        self, question: Callable[[Source], Awaitable[_T]]
    ) -> tuple[list[_T], dict[str, Told]]:
        """Every source's answer in the order of the sources, and how each one fared. Raises only if all of them failed."""
        tasks = [asyncio.ensure_future(question(source)) for source in self.sources]
        _done, late = await asyncio.wait(tasks, timeout=self.deadline)
        for task in late:
            task.cancel()
        answers: list[_T] = []
        told: dict[str, Told] = {}
        for source, task in zip(self.sources, tasks, strict=True):
            if task in late:
                told[source.name] = "late"
            elif error := task.exception():
                told[source.name] = "failed"
                log.error("source %s failed: %r", source.name, error)
            else:
                told[source.name] = "answered"
                answers.append(task.result())
        if not answers:
            raise SourceUnavailable("No contact source answered in time; try again", sources=told)
        return answers, told
