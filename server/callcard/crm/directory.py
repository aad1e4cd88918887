"""The directory: look-up, search and creation of contacts over all contact sources."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from callcard.crm.base import (
    MAX_MATCHES,
    Case,
    Contact,
    ContactSource,
    Match,
    NewCase,
    NewContact,
    Operation,
)
from callcard.errors import InvalidField, NotFound, SourceUnavailable, Unsupported
from callcard.settings_sections import ContactsSettings
from callcard.telephony import numbers as telephony_numbers
from callcard.telephony.numbers import Kind

log = logging.getLogger(__name__)

_T = TypeVar("_T")
SourceStatus = Literal["ok", "late", "failed"]
_MAX_QUOTED_CHARACTERS = 40
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+")
"""The servers decide what an address is; this finds what was left half typed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedNumber:
    """A number as it was understood.

    `display` is the notation that people use; `country` has two letters, or is null.
    """

    given: str
    kind: Kind
    e164: str | None
    display: str
    country: str | None
    time_zone: str
    """As in Europe/Berlin; empty if unknown, or if the number may be in several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    number: ParsedNumber
    matches: tuple[Match, ...]
    """The best match first."""
    sources: dict[str, SourceStatus]

    @property
    def has_failed(self) -> bool:
        """Return whether none of the sources responded."""
        return bool(self.sources) and "ok" not in self.sources.values()


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    contacts: tuple[Contact, ...]
    sources: dict[str, SourceStatus]


@dataclass(frozen=True, slots=True)
class Directory:
    """Queries all sources in parallel; one that exceeds the deadline of the settings is left out.

    A source is queried only for operations that it supports.
    """

    sources: Sequence[ContactSource]
    country: str
    settings: ContactsSettings
    internal_numbers: Sequence[str] = ()

    async def by_number(self, given: str) -> Lookup:
        """Return the contacts with a number; a withheld or unreadable one has no matches.

        Raises SourceUnavailable if every source failed.
        """
        number = telephony_numbers.read(given, self.country, self.internal_numbers)
        parsed = self._parse_number(given)
        if number.kind == "withheld" or not number.digits:
            return Lookup(number=parsed, matches=(), sources={})
        results, sources = await self._query_sources(
            "by_number", lambda source: source.by_number(number)
        )
        matches = [
            replace(match, contact=self._with_warnings(match.contact))
            for result in results
            for match in result
        ]
        matches.sort(key=lambda match: match.how != "exact")
        return Lookup(number=parsed, matches=tuple(matches[:MAX_MATCHES]), sources=sources)

    def _parse_number(self, given: str) -> ParsedNumber:
        number = telephony_numbers.read(given, self.country, self.internal_numbers)
        return ParsedNumber(
            given=given,
            kind=number.kind,
            e164=number.e164,
            display=number.display,
            country=number.country,
            time_zone=telephony_numbers.time_zone(number),
        )

    async def look_up(self, given: str) -> Lookup:
        """Return `by_number`, or a look-up that `has_failed` if every source failed."""
        try:
            return await self.by_number(given)
        except SourceUnavailable as error:
            sources = error.extra["sources"]
            return Lookup(number=self._parse_number(given), matches=(), sources=sources)

    async def search(self, text: str, limit: int) -> SearchResult:
        """Return at most `limit` contacts that match the words of `text`."""
        results, sources = await self._query_sources(
            "search", lambda source: source.search(text, limit)
        )
        contacts = [self._with_warnings(contact) for result in results for contact in result]
        return SearchResult(contacts=tuple(contacts[:limit]), sources=sources)

    async def get(self, source: str, id: str) -> Contact:
        """Return one contact by its source and id. Raises NotFound."""
        contact = await self._source(source).get(id)
        if contact is None:
            raise _not_found(source, id)
        return self._with_warnings(contact)

    async def by_reference(self, reference: str) -> Contact | None:
        """Return the first source's contact with this customer number or case id."""
        results, _sources = await self._query_sources(
            "by_reference", lambda source: source.by_reference(reference)
        )
        for contact in results:
            if contact is not None:
                return self._with_warnings(contact)
        return None

    def _with_warnings(self, contact: Contact) -> Contact:
        """Return a contact with the flags that warn before the others."""
        words = [word.casefold() for word in self.settings.warning_flags]
        warnings = [
            flag
            for flag in contact.flags
            if flag in contact.warnings or any(word in flag.casefold() for word in words)
        ]
        flags = tuple(dict.fromkeys((*warnings, *contact.flags)))
        return replace(contact, flags=flags, warnings=tuple(warnings))

    async def create(
        self, *, key: str, name: str, company: str, email: str, numbers: Sequence[str]
    ) -> Contact:
        """Save a contact in the first source that can; the same `key` returns the same contact."""
        if not name.strip() and not company.strip():
            raise InvalidField("name", "give a name or a company")
        if email.strip() and not _EMAIL.fullmatch(email.strip()):
            raise InvalidField("email", "write the email address as name@example.com")
        contact = NewContact(
            key=key,
            name=name.strip(),
            company=company.strip(),
            email=email.strip(),
            numbers=tuple(
                telephony_numbers.require(
                    text, self.country, f"numbers[{index}]", self.internal_numbers
                )
                for index, text in enumerate(numbers)
            ),
        )
        for source in self.sources:
            if "create" in source.capabilities:
                return self._with_warnings(await source.create(contact))
        raise Unsupported("create", ", ".join(self._names()))

    async def add_number(self, source: str, id: str, number: str) -> Contact:
        """Add a number to a contact. Raises InvalidField, NotFound, Unsupported."""
        read = telephony_numbers.require(number, self.country, "number", self.internal_numbers)
        contact = await self._source(source).add_number(id, read)
        if contact is None:
            raise _not_found(source, id)
        return self._with_warnings(contact)

    async def create_case(self, source: str, case: NewCase) -> Case:
        """Open a case for a contact. Raises InvalidField, NotFound, Unsupported."""
        if not case.subject.strip():
            raise InvalidField("subject", "give the case a subject")
        created = await self._source(source).create_case(case)
        if created is None:
            raise _not_found(source, case.contact)
        return created

    def sources_with(self, operation: Operation) -> tuple[str, ...]:
        """Return the names of the sources that offer an operation."""
        return tuple(each.name for each in self.sources if operation in each.capabilities)

    def _source(self, name: str) -> ContactSource:
        for source in self.sources:
            if source.name == name:
                return source
        quoted = name[:_MAX_QUOTED_CHARACTERS]
        raise NotFound(f"there is no source {quoted!r}; there are {', '.join(self._names())}")

    def _names(self) -> list[str]:
        return [source.name for source in self.sources]

    async def _query_sources(
        self, operation: Operation, query: Callable[[ContactSource], Awaitable[_T]]
    ) -> tuple[list[_T], dict[str, SourceStatus]]:
        """Return the results in the order of the sources, and each source's status.

        Raises SourceUnavailable only if every source failed.
        """
        sources = [source for source in self.sources if operation in source.capabilities]
        if not sources:
            return [], {}
        tasks = [asyncio.ensure_future(query(source)) for source in sources]
        _done, late = await asyncio.wait(tasks, timeout=self.settings.deadline_seconds)
        for task in late:
            task.cancel()
        results: list[_T] = []
        statuses: dict[str, SourceStatus] = {}
        for source, task in zip(sources, tasks, strict=True):
            if task in late:
                statuses[source.name] = "late"
            elif error := task.exception():
                statuses[source.name] = "failed"
                log.error("contact source %s failed: %r", source.name, error)
            else:
                statuses[source.name] = "ok"
                results.append(task.result())
        if not results:
            raise SourceUnavailable(
                "No contact source responded in time; try again", sources=statuses
            )
        return results, statuses


def _not_found(source: str, id: str) -> NotFound:
    quoted = id[:_MAX_QUOTED_CHARACTERS]
    return NotFound(f"{source} has no contact {quoted!r}; it may have been deleted")
