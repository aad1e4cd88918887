"""The directory: look-up, search and creation of contacts over all contact sources."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from callcard import times
from callcard.crm.base import (
    MAX_MATCHES,
    Case,
    Contact,
    ContactSource,
    HistoryEntry,
    Match,
    NewCase,
    NewContact,
    Operation,
)
from callcard.crm.same_person import merge_same_people
from callcard.crm.selection import Selection, first, is_switchboard, select
from callcard.crm.source_guard import Answer, GuardedSource, SourceStatus
from callcard.errors import CallcardError, InvalidField, NotFound, SourceUnavailable, Unsupported
from callcard.settings_sections import ContactsSettings
from callcard.store.base import ChoiceReader, ContactChoice
from callcard.telephony import numbers as telephony_numbers
from callcard.telephony.numbers import Attempt, Kind, Number

_T = TypeVar("_T")
Wait = Literal["first", "all"]
"""Whether a look-up waits for `all` sources, or answers a little after the `first` one."""
PATIENCE = 2
"""Times as long as for the first contact that is found, others are waited for at first."""
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
    problems: dict[str, str]
    """Why each source that is not `ok` has no contacts, in words for the agent."""
    selection: Selection | None = None
    """Why the first match is the caller; null if there is none or the agent must choose."""
    interactions: tuple[HistoryEntry, ...] = ()
    """The last calls of the number that have no contact; only in the answer to a report."""

    @property
    def has_failed(self) -> bool:
        """Return whether none of the sources responded."""
        return bool(self.sources) and not {"ok", "pending"} & set(self.sources.values())

    @property
    def is_complete(self) -> bool:
        """Return whether no source may still answer."""
        return "pending" not in self.sources.values()


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    contacts: tuple[Contact, ...]
    sources: dict[str, SourceStatus]
    problems: dict[str, str]


class Directory:
    """Queries all sources in parallel; one that is late or broken delays no other.

    A source is queried only for operations that it supports.
    """

    def __init__(
        self,
        sources: Sequence[GuardedSource],
        country: str,
        settings: ContactsSettings,
        internal_numbers: Sequence[str] = (),
        choices: ChoiceReader | None = None,
    ) -> None:
        """`country` and `internal_numbers` say how numbers without a country code are read.

        `choices` remembers which contacts agents chose for numbers.
        """
        self.sources = sources
        self._choices = choices if settings.remember_choices else None
        self.country = country
        self.settings = settings
        self.internal_numbers = internal_numbers

    def use(self, sources: Sequence[GuardedSource]) -> None:
        """Ask other sources from now on."""
        self.sources = sources

    async def by_number(self, given: str, *, wait: Wait = "all", refresh: bool = False) -> Lookup:
        """Return the contacts with a number; a withheld or unreadable one has no matches.

        With `wait="first"` the sources that are slower than the others are `pending`: their
        requests go on, and the next look-up of the number has their answers. `refresh` asks again
        what is known. Raises SourceUnavailable if every source failed.
        """
        lookup = await self.look_up(given, wait=wait, refresh=refresh)
        if lookup.has_failed:
            raise SourceUnavailable(
                "No contact source responded in time; try again",
                sources=lookup.sources,
                problems=lookup.problems,
            )
        return lookup

    async def look_up(self, given: str, *, wait: Wait = "all", refresh: bool = False) -> Lookup:
        """Return `by_number`, or a look-up that `has_failed` if every source failed."""
        number, _attempts = self.explain_number(given)
        if not self.can_look_up(number):
            return Lookup(number=self.parsed(number), matches=(), sources={}, problems={})
        tasks = {
            source.name: source.by_number(number, refresh=refresh)
            for source in self.able("by_number")
        }
        return await self.combine(number, await self._wait_for(tasks, wait))

    @staticmethod
    def can_look_up(number: Number) -> bool:
        """Return whether a number is there to be looked up."""
        return number.kind != "withheld" and bool(number.digits)

    async def combine(self, number: Number, answers: Mapping[str, Answer[list[Match]]]) -> Lookup:
        """Return the answers of the sources, by their names, as one look-up."""
        matches = [
            replace(match, contact=self._with_warnings(match.contact))
            for answer in answers.values()
            for match in answer.value or ()
        ]
        matches = merge_same_people(matches)
        matches.sort(key=lambda match: match.how != "exact")
        matches, selection = select(matches, self.settings.conflict_policy, self._names())
        choice = await self._remembered_choice(number)
        if choice is not None:
            statuses = _statuses(answers)
            matches, selection = await self._apply_choice(choice, matches, selection, statuses)
        return Lookup(
            number=self.parsed(number),
            matches=tuple(matches[:MAX_MATCHES]),
            sources=_statuses(answers),
            problems=_problems(answers),
            selection=selection,
        )

    async def _remembered_choice(self, number: Number) -> ContactChoice | None:
        if self._choices is None or number.kind != "public" or not number.e164:
            return None
        return await self._choices.contact_choice(number.e164)

    async def _apply_choice(
        self,
        choice: ContactChoice,
        matches: list[Match],
        selection: Selection | None,
        statuses: Mapping[str, SourceStatus],
    ) -> tuple[list[Match], Selection | None]:
        """Put the contact that an agent chose before the others.

        It is the caller, unless the number is a switchboard's. It may be one that has not the
        number; one that its source does not return counts for nothing. While its source has not
        answered, nobody is the caller.
        """
        source, _slash, id = choice.contact.partition("/")
        for match in matches:
            if match.contact.has_record(source, id):
                remembered = match
                break
        else:
            status = statuses.get(source, "ok")
            if status != "ok":
                return matches, None if status == "pending" else selection
            try:
                remembered = Match(how="remembered", contact=await self.get(source, id))
            except CallcardError:
                return matches, selection
        if is_switchboard(matches):
            return first(remembered, matches), None
        selected = replace(remembered, how="remembered")
        others = [match for match in matches if match is not remembered]
        chosen_at = times.iso_text(choice.chosen_at)
        rule = Selection(rule="remembered", chosen_by=choice.name, chosen_at=chosen_at)
        return [selected, *others], rule

    async def _wait_for(
        self, tasks: Mapping[str, asyncio.Task[Answer[_T]]], wait: Wait
    ) -> dict[str, Answer[_T]]:
        """Return each source's answer, by the sources' names. Each ends by its own deadline.

        With `wait="first"`, sources that are much slower than the one that found somebody are not
        waited for, and none longer than the setting says once there is an answer.
        """
        loop = asyncio.get_running_loop()
        started = loop.time()
        waiting = set(tasks.values())
        limit = self.settings.first_answer_seconds if wait == "first" else math.inf
        has_answer = has_found = False
        while waiting:
            left = limit - (loop.time() - started)
            if has_answer and left <= 0:
                break
            timeout = left if 0 < left < math.inf else None
            done, waiting = await asyncio.wait(
                waiting, timeout=timeout, return_when=asyncio.FIRST_COMPLETED
            )
            answers = [task.result() for task in done]
            has_answer = has_answer or any(each.status == "ok" for each in answers)
            if wait == "first" and not has_found and any(each.value for each in answers):
                has_found = True
                limit = min(limit, PATIENCE * (loop.time() - started))
        pending: Answer[_T] = Answer("pending")
        return {name: pending if task in waiting else task.result() for name, task in tasks.items()}

    def explain_number(self, given: str) -> tuple[Number, tuple[Attempt, ...]]:
        """Return a number as it is understood, and how it was tried."""
        return telephony_numbers.explain(given, self.country, tuple(self.internal_numbers))

    @staticmethod
    def parsed(number: Number) -> ParsedNumber:
        """Return a number as it is shown."""
        return ParsedNumber(
            given=number.given,
            kind=number.kind,
            e164=number.e164,
            display=number.display,
            country=number.country,
            time_zone=telephony_numbers.time_zone(number),
        )

    async def search(self, text: str, limit: int) -> SearchResult:
        """Return at most `limit` contacts that match the words of `text`.

        Raises SourceUnavailable if every source failed.
        """
        answers = await self._query_all("search", lambda source: source.search(text, limit))
        contacts = [
            self._with_warnings(contact)
            for answer in answers.values()
            for contact in answer.value or ()
        ]
        return SearchResult(
            contacts=tuple(contacts[:limit]),
            sources=_statuses(answers),
            problems=_problems(answers),
        )

    async def get(self, source: str, id: str) -> Contact:
        """Return one contact by its source and id. Raises NotFound, SourceUnavailable."""
        guarded = self._source(source)
        if "get" not in guarded.capabilities:
            raise Unsupported("get", source)
        answer = await guarded.query(lambda each: each.get(id))
        if answer.status != "ok":
            raise SourceUnavailable(answer.problem)
        if answer.value is None:
            raise _not_found(source, id)
        return self._with_warnings(answer.value)

    async def by_reference(self, reference: str) -> Contact | None:
        """Return the first source's contact with this customer number or case id."""
        answers = await self._query_all(
            "by_reference", lambda source: source.by_reference(reference)
        )
        for answer in answers.values():
            if answer.value is not None:
                return self._with_warnings(answer.value)
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
        for source in self.able("create"):
            created = await source.change(lambda each: each.create(contact))
            return self._with_warnings(created)
        raise Unsupported("create", ", ".join(self._names()))

    async def add_number(self, source: str, id: str, number: str) -> Contact:
        """Add a number to a contact. Raises InvalidField, NotFound, Unsupported."""
        read = telephony_numbers.require(number, self.country, "number", self.internal_numbers)
        contact = await self._source(source).change(lambda each: each.add_number(id, read))
        if contact is None:
            raise _not_found(source, id)
        return self._with_warnings(contact)

    async def create_case(self, source: str, case: NewCase) -> Case:
        """Open a case for a contact. Raises InvalidField, NotFound, Unsupported."""
        if not case.subject.strip():
            raise InvalidField("subject", "give the case a subject")
        created = await self._source(source).change(lambda each: each.create_case(case))
        if created is None:
            raise _not_found(source, case.contact)
        return created

    def sources_with(self, operation: Operation) -> tuple[str, ...]:
        """Return the names of the sources that offer an operation."""
        return tuple(each.name for each in self.able(operation))

    def able(self, operation: Operation) -> list[GuardedSource]:
        """Return the sources that offer an operation."""
        return [source for source in self.sources if operation in source.capabilities]

    def _source(self, name: str) -> GuardedSource:
        for source in self.sources:
            if source.name == name:
                return source
        quoted = name[:_MAX_QUOTED_CHARACTERS]
        raise NotFound(f"there is no source {quoted!r}; there are {', '.join(self._names())}")

    def _names(self) -> list[str]:
        return [source.name for source in self.sources]

    async def _query_all(
        self, operation: Operation, call: Callable[[ContactSource], Awaitable[_T]]
    ) -> dict[str, Answer[_T]]:
        """Return the answers of the sources that support `operation`, in their order.

        Raises SourceUnavailable if every source failed.
        """
        tasks = {source.name: source.query(call) for source in self.able(operation)}
        answers = await self._wait_for(tasks, "all")
        if answers and not any(answer.status == "ok" for answer in answers.values()):
            raise SourceUnavailable(
                "No contact source responded in time; try again",
                sources=_statuses(answers),
                problems=_problems(answers),
            )
        return answers


def _statuses(answers: Mapping[str, Answer[_T]]) -> dict[str, SourceStatus]:
    return {name: answer.status for name, answer in answers.items()}


def _problems(answers: Mapping[str, Answer[_T]]) -> dict[str, str]:
    return {name: answer.problem for name, answer in answers.items() if answer.problem}


def _not_found(source: str, id: str) -> NotFound:
    quoted = id[:_MAX_QUOTED_CHARACTERS]
    return NotFound(f"{source} has no contact {quoted!r}; it may have been deleted")
