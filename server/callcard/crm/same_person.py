"""One person in several sources: which records are of the same person, and what they say together.

Pure. Records of one source are never put together: if a CRM has somebody twice, the agent chooses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from rapidfuzz import fuzz

from callcard.crm.base import MAX_HISTORY_ENTRIES, Contact, ContactNumber, ContactRecord, Match
from callcard.text import fold

Sameness = Literal["email", "number-and-name", ""]
"""What two records of one person have in common."""
SIMILAR_NAMES_PERCENT = 90.0
"""Words in any order: 90 forgives a letter or a missing accent; John and Joan Smith
are two."""
SHARED_ADDRESSES = frozenset(
    [
        "accounts",
        "admin",
        "bestellung",
        "billing",
        "buero",
        "comercial",
        "compras",
        "contact",
        "contacto",
        "empfang",
        "hello",
        "help",
        "hola",
        "info",
        "kontakt",
        "mail",
        "office",
        "order",
        "orders",
        "post",
        "reception",
        "sales",
        "service",
        "support",
        "team",
        "vertrieb",
        "ventas",
    ]
)
"""What stands before the @ of addresses that several people read: they say nothing."""


def merge_same_people(matches: Sequence[Match]) -> list[Match]:
    """Return the matches with those of one person as one, in the order of the first of each."""
    merged: list[Match] = []
    for match in matches:
        for index, known in enumerate(merged):
            if is_same_person(known.contact, match.contact):
                merged[index] = _merge(known, match)
                break
        else:
            merged.append(match)
    return merged


def is_same_person(one: Contact, other: Contact) -> bool:
    """Return whether two records, of different sources, are of one person."""
    sources = {record.source for record in one.records} | {one.source}
    return other.source not in sources and bool(sameness(one, other))


def sameness(one: Contact, other: Contact) -> Sameness:
    """Return what shows that two records are of one person; empty if nothing does.

    It is the same e-mail address, or a number in common and similar names. A switchboard's number
    alone says nothing, nor does an address as info@.
    """
    address = one.email.casefold()
    is_personal = address.partition("@")[0] not in SHARED_ADDRESSES
    if address and address == other.email.casefold() and is_personal:
        return "email"
    if _have_common_number(one, other) and _have_similar_names(one, other):
        return "number-and-name"
    return ""


def _have_common_number(one: Contact, other: Contact) -> bool:
    known = {number.e164 for number in one.numbers if number.e164}
    return any(number.e164 in known for number in other.numbers)


def _have_similar_names(one: Contact, other: Contact) -> bool:
    # Some records are of a company and nobody in it.
    names = fold(one.name or one.company), fold(other.name or other.company)
    return all(names) and fuzz.token_sort_ratio(*names) >= SIMILAR_NAMES_PERCENT


def _merge(known: Match, added: Match) -> Match:
    """Return both as one match; the first one's fields count where both have one."""
    one, other = known.contact, added.contact
    numbers: dict[str, ContactNumber] = {}
    for number in (*one.numbers, *other.numbers):
        numbers.setdefault(number.e164 or number.number, number)
    entries = {(entry.started_at, entry.kind): entry for entry in other.interactions}
    entries |= {(entry.started_at, entry.kind): entry for entry in one.interactions}
    newest = sorted(entries.values(), key=lambda entry: entry.started_at, reverse=True)
    cases = sorted((*one.cases, *other.cases), key=lambda case: case.opened_at, reverse=True)
    contact = replace(
        one,
        name=one.name or other.name,
        company=one.company or other.company,
        email=one.email or other.email,
        language=one.language or other.language,
        url=one.url or other.url,
        flags=tuple(dict.fromkeys((*one.flags, *other.flags))),
        warnings=tuple(dict.fromkeys((*one.warnings, *other.warnings))),
        numbers=tuple(numbers.values()),
        interactions=tuple(newest[:MAX_HISTORY_ENTRIES]),
        cases=tuple(cases),
        created_at=min(filter(None, (one.created_at, other.created_at)), default=""),
        updated_at=max(one.updated_at, other.updated_at),
        records=(*_records_of(one), *_records_of(other)),
    )
    return replace(added if added.how == "exact" else known, contact=contact)


def _records_of(contact: Contact) -> tuple[ContactRecord, ...]:
    return contact.records or (
        ContactRecord(source=contact.source, id=contact.id, url=contact.url),
    )
