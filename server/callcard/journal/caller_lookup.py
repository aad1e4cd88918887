"""Look up who is calling: by the chosen contact, a call variable, or the number."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from callcard.crm.base import MAX_HISTORY_ENTRIES, Match
from callcard.crm.directory import Directory, Lookup, Wait
from callcard.crm.selection import Rule, Selection
from callcard.errors import CallcardError
from callcard.journal.call_record import CallRecord
from callcard.journal.interaction import for_crm
from callcard.journal.journal_entry import from_rows
from callcard.settings_sections import TelephonySettings
from callcard.store.base import Store


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
            matches, selection = (_with_records(match, found),), Selection(rule=rule)
        elif record.contact and not record.contact.id:
            # An agent knows that it is not the one that was selected.
            matches, selection = matches if len(matches) > 1 else (), None
        with_history = [await self._add_undelivered(match, record.id) for match in matches]
        return replace(found, matches=tuple(with_history), selection=selection)

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

    async def _add_undelivered(self, match: Match, current: str) -> Match:
        """Add the calls that the CRM does not have yet to the contact's history."""
        contact = match.contact
        known = {entry.started_at for entry in contact.interactions}
        undelivered = []
        rows = await self.store.contact_journal_rows(
            f"{contact.source}/{contact.id}", MAX_HISTORY_ENTRIES
        )
        for record in (entry.record for entry in from_rows(rows)):
            is_earlier = record.id != current and record.segments and record.ended_at
            if is_earlier and record.started_at not in known:
                undelivered.append(for_crm(record, "last", self.telephony).history_entry)
        if not undelivered:
            return match
        history = sorted(
            (*contact.interactions, *undelivered), key=lambda each: each.started_at, reverse=True
        )
        return replace(
            match, contact=replace(contact, interactions=tuple(history[:MAX_HISTORY_ENTRIES]))
        )


def _with_records(match: Match, found: Lookup) -> Match:
    """Return a chosen contact with what the other sources have of the same person."""
    named = (match.contact.source, match.contact.id)
    for each in found.matches:
        if any((record.source, record.id) == named for record in each.contact.records):
            own = {key: getattr(match.contact, key) for key in ("source", "id", "url")}
            return replace(each, how=match.how, contact=replace(each.contact, **own))
    return match
