"""Look up who is calling: by the chosen contact, a call variable, or the number.

What is found has the last calls that its CRM does not have yet.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from callcard.crm.base import MAX_HISTORY_ENTRIES, Contact, HistoryEntry, Match
from callcard.crm.directory import Directory, Lookup, ParsedNumber, Wait
from callcard.crm.selection import Rule, Selection
from callcard.errors import CallcardError
from callcard.journal.call_record import CallRecord
from callcard.journal.interaction import for_crm
from callcard.journal.journal_entry import from_rows, last_digits
from callcard.journal.lifecycle import NEVER_LOG_PROBLEM
from callcard.settings_sections import TelephonySettings
from callcard.store.base import JournalRow, Store

MAX_ROWS_OF_DIGITS = 50
"""Calls that are read to find those of one number: others end with the same digits."""


@dataclass(frozen=True, slots=True)
class CallerLookup:
    """The settings' `pop_variables` may hold a record's id, `contact_variable` another site's
    chosen contact."""

    directory: Directory
    store: Store
    telephony: TelephonySettings

    async def look_up(
        self,
        record: CallRecord,
        customer: str,
        number: str,
        by_number: asyncio.Task[Lookup],
        wait: Wait,
    ) -> Lookup:
        """Return the matches: an agent's choice, else a variable's record, else the number's.

        `customer` is the number that the agent sees. `by_number` is the look-up of `number`, begun
        before the record was known.
        """
        is_begun = number == customer
        match, found = await asyncio.gather(
            self._find_named_contact(record, customer),
            by_number if is_begun else self.directory.look_up(customer, wait=wait),
        )
        matches, selection = found.matches, found.selection
        if match:
            rule: Rule = "variable" if match.how == "variable" else "chosen"
            matches, selection = _named_first(match, found), Selection(rule=rule)
        elif record.contact and not record.contact.id:
            # An agent knows that it is not the one that was selected.
            matches, selection = matches if len(matches) > 1 else (), None
        with_calls = await self._add_calls(matches, found, record.id)
        return replace(with_calls, selection=selection)

    async def look_up_number(
        self, number: str, current: str = "", *, refresh: bool = False
    ) -> Lookup:
        """Return whose number it is, without the interaction `current` in their history; `refresh`
        asks again what is known.

        Raises SourceUnavailable if every source failed.
        """
        return await self.with_calls(
            await self.directory.by_number(number, refresh=refresh), current
        )

    async def with_calls(self, found: Lookup, current: str = "") -> Lookup:
        """Return what was found with the calls that the CRM does not have yet, except `current`."""
        return await self._add_calls(found.matches, found, current)

    async def contact(self, source: str, id: str, current: str = "") -> Contact:
        """Return one contact, without the interaction `current` in its history.

        Raises NotFound, SourceUnavailable.
        """
        match = Match(how="chosen", contact=await self.directory.get(source, id))
        return (await self._add_journal(match, current, [])).contact

    async def _add_calls(self, matches: tuple[Match, ...], found: Lookup, current: str) -> Lookup:
        """Return what was `found` by the number with these matches, and with the calls that the CRM
        does not have, except the interaction `current`."""
        unnamed = await self._calls_without_contact(found.number, current)
        theirs: list[CallRecord] = []
        if found.is_complete and len(matches) == 1 and _is_only_match(matches[0], found):
            # Nobody else has the number: they were theirs, unless an agent said otherwise.
            theirs = [each for each in unnamed if each.contact is None]
        interactions = [self._as_history(each) for each in unnamed if not theirs]
        with_history = [await self._add_journal(match, current, theirs) for match in matches]
        return replace(found, matches=tuple(with_history), interactions=tuple(interactions))

    async def _find_named_contact(self, record: CallRecord, customer: str) -> Match | None:
        """Return the contact that the record names; None if there is none, or its source failed."""
        try:
            return await self._read_named_contact(record, customer)
        except CallcardError:
            return None

    async def _read_named_contact(self, record: CallRecord, customer: str) -> Match | None:
        chosen = record.contact
        # In a call between agents, the contact of one party is not who the other one talks to.
        if chosen and not chosen.id:
            return None
        if chosen and (chosen.chosen_by or customer == record.number):
            contact = await self.directory.get(chosen.source, chosen.id)
            return Match(how="chosen", contact=contact)
        source, slash, id = record.variables.get(self.telephony.contact_variable, "").partition("/")
        if slash:  # written by another site's Callcard
            return Match(how="chosen", contact=await self.directory.get(source, id))
        for name in self.telephony.pop_variables:
            reference = record.variables.get(name, "").strip()
            by_reference = await self.directory.by_reference(reference) if reference else None
            if by_reference is not None:
                return Match(how="variable", contact=by_reference)
        return None

    async def _calls_without_contact(self, number: ParsedNumber, current: str) -> list[CallRecord]:
        """Return the last calls of a number that have no contact."""
        if number.kind != "public" or not number.e164:
            return []
        rows = await self.store.number_journal_rows(last_digits(number.e164), MAX_ROWS_OF_DIGITS)
        calls = [
            each
            for each in _earlier(rows, current)
            if self.directory.explain_number(each.number)[0].e164 == number.e164
        ]
        return calls[:MAX_HISTORY_ENTRIES]

    async def _add_journal(self, match: Match, current: str, theirs: list[CallRecord]) -> Match:
        """Add the calls that the CRM does not have to the contact's history."""
        contact = match.contact
        rows = await self.store.contact_journal_rows(
            f"{contact.source}/{contact.id}", MAX_HISTORY_ENTRIES
        )
        known = {entry.started_at for entry in contact.interactions}
        added = [
            self._as_history(record)
            for record in (*_earlier(rows, current), *theirs)
            if record.started_at not in known
        ]
        if not added:
            return match
        history = sorted(
            (*contact.interactions, *added), key=lambda each: each.started_at, reverse=True
        )
        return replace(
            match, contact=replace(contact, interactions=tuple(history[:MAX_HISTORY_ENTRIES]))
        )

    def _as_history(self, record: CallRecord) -> HistoryEntry:
        return for_crm(record, "last", self.telephony).history_entry


def _earlier(rows: list[JournalRow], current: str) -> list[CallRecord]:
    """Return the records of other calls that are over, without what should not have been logged."""
    entries = (entry for entry in from_rows(rows) if entry.problem != NEVER_LOG_PROBLEM)
    records = (entry.record for entry in entries)
    return [each for each in records if each.id != current and each.segments and each.ended_at]


def _is_only_match(match: Match, found: Lookup) -> bool:
    """Return whether the number belongs to this contact and to nobody else."""
    if len(found.matches) != 1:
        return False
    contact = found.matches[0].contact
    if found.number.e164 not in {each.e164 for each in contact.numbers}:
        return False  # an agent chose them for it
    return contact.has_record(match.contact.source, match.contact.id)


def _named_first(match: Match, found: Lookup) -> tuple[Match, ...]:
    """Return the contact that the call names, then the others with the number, if it has it too."""
    named = _with_records(match, found)
    others = [
        each
        for each in found.matches
        if not named.contact.has_record(each.contact.source, each.contact.id)
    ]
    has_number = len(others) < len(found.matches)
    return (named, *others) if has_number else (named,)


def _with_records(match: Match, found: Lookup) -> Match:
    """Return a chosen contact with what the other sources have of the same person."""
    named = (match.contact.source, match.contact.id)
    for each in found.matches:
        if any((record.source, record.id) == named for record in each.contact.records):
            own = {key: getattr(match.contact, key) for key in ("source", "id", "url")}
            return replace(each, how=match.how, contact=replace(each.contact, **own))
    return match
