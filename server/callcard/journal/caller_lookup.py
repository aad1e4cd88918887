"""Who is calling, by all that is known of the call: not its number alone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from callcard.crm.base import RECENT, Match
from callcard.crm.base import Interaction as Past
from callcard.crm.directory import Directory, Lookup
from callcard.errors import CallcardError
from callcard.journal.call_record import Record
from callcard.store.sqlite_store import Store


@dataclass(frozen=True, slots=True)
class Caller:
    """`pop_variables` may name a record; `contact_variable` is where another site's Callcard tells the contact that was chosen."""

    directory: Directory
    store: Store
    pop_variables: Sequence[str]
    contact_variable: str

    async def look_up(self, record: Record) -> Lookup:
        """By what an agent chose, else by a variable that names the record, else by the number."""
        by_number = asyncio.ensure_future(self.directory.by_number(record.number))
        try:
            match = await self._named(record)
        except CallcardError:  # the number may still tell
            match = None
        found = await by_number
        if match is not None:
            found = replace(found, matches=(match,))
        return replace(
            found, matches=tuple(self._with_undelivered(each, record.id) for each in found.matches)
        )

    async def _named(self, record: Record) -> Match | None:
        if chosen := record.contact:
            return Match(how="chosen", contact=await self.directory.get(chosen.source, chosen.id))
        source, slash, id = record.variables.get(self.contact_variable, "").partition("/")
        if slash:  # another site's Callcard wrote it
            return Match(how="chosen", contact=await self.directory.get(source, id))
        for name in self.pop_variables:
            if reference := record.variables.get(name, "").strip():
                contact = await self.directory.by_reference(reference)
                if contact is not None:
                    return Match(how="variable", contact=contact)
        return None

    def _with_undelivered(self, match: Match, but: str) -> Match:
        """The contact's past with the calls of which the CRM has not heard yet."""
        contact = match.contact
        waiting = [
            Past(
                at=r.began,
                kind="call",
                subject=", ".join(r.reasons),
                direction=r.direction,
                agent=r.owner("last").name,
            )
            for kept in self.store.of_contact(f"{contact.source}/{contact.id}", 10)
            if (r := kept.record).id != but and r.parts and r.ended
        ]
        if not waiting:
            return match
        known = {past.at for past in contact.interactions}
        past = sorted(
            (*contact.interactions, *(w for w in waiting if w.at not in known)),
            key=lambda each: each.at,
            reverse=True,
        )
        return replace(match, contact=replace(contact, interactions=tuple(past[:RECENT])))
