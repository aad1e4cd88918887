"""Why a look-up found whom it found: each source's requests, times and records, and the choice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from callcard.crm.base import Contact, ContactNumber, Match, MatchedBy
from callcard.crm.directory import Directory, Lookup, ParsedNumber
from callcard.crm.lookup_trace import traced
from callcard.crm.same_person import Sameness, sameness
from callcard.crm.selection import Selection
from callcard.crm.source_guard import Answer, SourceStatus
from callcard.settings_sections import ConflictPolicy
from callcard.telephony.numbers import Number

MAX_REQUEST_CHARACTERS = 600
MIN_COMMON_DIGITS = 5
"""Fewer last digits agree by chance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRecord:
    """A record that a source returned for the number."""

    id: str
    name: str
    how: MatchedBy
    number: str
    """Which of the record's numbers agrees; empty if none does."""
    label: str
    """That number's label, as mobile."""
    verdict: Literal["selected", "merged", "offered"]
    """`selected`: shown as the caller; `merged`: part of another record's card; `offered`: in the
    list to choose from."""
    merged_with: str = ""
    """source/id of the card of which it is a part."""
    merged_by: Sameness = ""
    """What the two have in common."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceExplanation:
    """What one source did."""

    name: str
    status: SourceStatus
    problem: str
    """Why it has no contacts, in words for the agent."""
    seconds: float
    state: str
    """What an administrator should know of it, as the age of a copy; often empty."""
    requests: tuple[str, ...]
    """What was sent or searched, without credentials; at most twenty."""
    records: tuple[FoundRecord, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A way in which the number was tried."""

    rule: str
    tried: str
    e164: str | None
    is_valid: bool
    """Whether a numbering plan has the result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    number: ParsedNumber
    readings: tuple[Reading, ...]
    policy: ConflictPolicy
    """The setting `contacts.conflict_policy`."""
    selection: Selection | None
    """Why one contact is shown; null if none is, or the agent must choose."""
    sources: tuple[SourceExplanation, ...]
    """In the order of the configuration."""


async def explain(directory: Directory, given: str) -> Explanation:
    """Look a number up in all sources anew, and return what each did and what came of it."""
    number, attempts = directory.explain_number(given)
    answers: dict[str, Answer[list[Match]]] = {}
    requests: dict[str, tuple[str, ...]] = {}
    states: dict[str, str] = {}
    lookup = None
    if directory.can_look_up(number):
        tasks = {}
        for source in directory.able("by_number"):
            with traced() as noted:
                tasks[source] = (source.by_number(number, refresh=True), noted)
        for source, (task, noted) in tasks.items():
            answers[source.name] = await task
            states[source.name] = source.source.description
            requests[source.name] = tuple(_line(source.redact(text)) for text in noted)
        lookup = await directory.combine(number, answers)
    return Explanation(
        number=directory.parsed(number),
        readings=tuple(
            Reading(rule=each.rule, tried=each.tried, e164=each.e164, is_valid=each.valid)
            for each in attempts
        ),
        policy=directory.settings.conflict_policy,
        selection=lookup.selection if lookup else None,
        sources=tuple(
            SourceExplanation(
                name=name,
                status=answer.status,
                problem=answer.problem,
                seconds=answer.seconds,
                state=states[name],
                requests=requests[name],
                records=tuple(_records(name, answer, lookup, number)) if lookup else (),
            )
            for name, answer in answers.items()
        ),
    )


def _line(text: str) -> str:
    return " ".join(text.split())[:MAX_REQUEST_CHARACTERS]


def _records(
    source: str, answer: Answer[list[Match]], lookup: Lookup, number: Number
) -> list[FoundRecord]:
    """Return a source's matches, and its record that was remembered though it did not match."""
    found = list(answer.value or ())
    ids = {match.contact.id for match in found}
    found += [
        match
        for match in lookup.matches
        if match.contact.source == source and match.contact.id not in ids
    ]
    return [_record(match, lookup, number) for match in found]


def _record(match: Match, lookup: Lookup, number: Number) -> FoundRecord:
    contact = match.contact
    agreeing = _agreeing_number(contact, number)
    verdict: Literal["selected", "merged", "offered"] = "offered"
    merged_with = ""
    merged_by: Sameness = ""
    for index, shown in enumerate(lookup.matches):
        card = shown.contact
        if (card.source, card.id) == (contact.source, contact.id):
            verdict = "selected" if index == 0 and lookup.selection else "offered"
            break
        if any((each.source, each.id) == (contact.source, contact.id) for each in card.records):
            verdict, merged_with = "merged", f"{card.source}/{card.id}"
            merged_by = sameness(card, contact)
            break
    return FoundRecord(
        id=contact.id,
        name=contact.name or contact.company,
        how=match.how,
        number=agreeing.number if agreeing else "",
        label=agreeing.label if agreeing else "",
        verdict=verdict,
        merged_with=merged_with,
        merged_by=merged_by,
    )


def _agreeing_number(contact: Contact, number: Number) -> ContactNumber | None:
    """Return the contact's number that is the given one, or has the most last digits of it."""
    wanted = {number.e164, *number.other_e164} - {None}
    for each in contact.numbers:
        if each.e164 in wanted or each.number == number.digits:
            return each
    best = max(contact.numbers, key=lambda each: _common_digits(each, number), default=None)
    return best if best and _common_digits(best, number) >= MIN_COMMON_DIGITS else None


def _common_digits(one: ContactNumber, number: Number) -> int:
    count = 0
    for own, other in zip(one.digits[::-1], number.reversed, strict=False):
        if own != other:
            break
        count += 1
    return count
