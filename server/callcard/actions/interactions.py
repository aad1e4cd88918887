"""Interactions: notes, reasons and contact that agents add to a call, and parked calls."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from callcard.crm.base import Match
from callcard.crm.directory import Directory
from callcard.errors import (
    ContactChosen,
    FinesseError,
    InteractionClosed,
    InvalidField,
    NotFound,
    NotPermitted,
)
from callcard.finesse.objects import CallVariable, DialogAction
from callcard.journal import lifecycle
from callcard.journal.call_record import CallRecord, ChosenContact, Segment
from callcard.journal.chosen_reasons import choose_reasons
from callcard.journal.interaction import Interaction, contact_of_match, requires_wrap_up, show
from callcard.journal.journal_entry import JournalEntry, apart_dialog, from_row, from_rows, to_row
from callcard.journal.notes import merge_notes
from callcard.journal.record_merging import preferred_contact
from callcard.journal.unverified_calls import UnverifiedCalls
from callcard.principals import Agent
from callcard.settings import Settings
from callcard.store.base import AuditRow, ContactChoice, JournalRow, Store, Transaction
from callcard.telephony import numbers
from callcard.telephony.call_variables import CALL_VARIABLE_BYTES

log = logging.getLogger(__name__)

NOTES_CHARACTERS = 20_000
"""Of one agent in one request; a merge may keep twice as many."""
MAX_PARKED = 2000
"""Parked interactions that are searched for an agent's; more need the CRM's administrator."""


class ContactReference(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    source: Annotated[str, Meta(max_length=200)]
    id: Annotated[str, Meta(max_length=200)]


class InteractionChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A change by an agent; fields that are left out stay as they are."""

    notes: (
        Annotated[str, Meta(max_length=NOTES_CHARACTERS, description="the agent's own notes")]
        | None
    ) = None
    base_notes: (
        Annotated[
            str,
            Meta(
                max_length=2 * NOTES_CHARACTERS,
                description="the notes when typing began; other edits since then are merged",
            ),
        ]
        | None
    ) = None
    wrap_up_reasons: (
        Annotated[list[Annotated[str, Meta(min_length=1, max_length=200)]], Meta(max_length=20)]
        | None
    ) = None
    contact: ContactReference | None = None
    contact_unknown: (
        Annotated[bool, Meta(description="the caller is none of the contacts that were found")]
        | None
    ) = None
    finished: Annotated[bool, Meta(description="the agent has finished the call")] | None = None
    typed_at: (
        Annotated[
            datetime,
            Meta(tz=True, description="when the notes were typed, if they could not be sent then"),
        ]
        | None
    ) = None

    @property
    def is_only_contact(self) -> bool:
        """Whether nothing but the contact changes."""
        others = (self.notes, self.wrap_up_reasons, self.finished)
        names_contact = self.contact is not None or self.contact_unknown
        return bool(names_contact) and all(each is None for each in others)


class Interactions:
    def __init__(
        self,
        store: Store,
        directory: Directory,
        settings: Settings,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._unverified = UnverifiedCalls(store, settings, clock)
        self._directory = directory
        self._settings = settings.journal
        self._telephony = settings.telephony
        self._contact_variable = settings.telephony.contact_variable
        self._clock = clock

    async def change(self, agent: Agent, id: str, change: InteractionChange) -> Interaction:
        """Apply an agent's change. Raises InteractionClosed when the time for it is over."""
        match = None
        if change.contact is not None:
            match = Match(
                how="chosen",
                contact=await self._directory.get(change.contact.source, change.contact.id),
            )
        now = self._clock()
        typed_at = min(now, change.typed_at.timestamp()) if change.typed_at else now
        async with self._store.transaction() as tx:
            entry = _require_own(await tx.journal_row(id), agent)
            is_in_time = lifecycle.accepts_notes(entry, typed_at, now)
            if change.is_only_contact:
                is_in_time = lifecycle.accepts_contact(entry, now)
            if not is_in_time:
                raise InteractionClosed(
                    "The time for notes on this call is over; write to the CRM's record instead"
                )
            record = self._apply(entry.record, agent, change, match, now)
            entry = lifecycle.update(entry, record, now, self._settings.notes_seconds)
            segment = record.segment(agent.login_id)
            if change.notes is not None and segment and not segment.finished:
                entry = lifecycle.keep_open_for_typing(entry, now, self._settings.notes_seconds)
            await tx.save_journal_row(to_row(entry))
            if change.contact or change.contact_unknown:
                await self._remember_choice(tx, agent, record, change.contact, now)
        if match:
            await self._share_contact(agent, entry.record)
        return self._show(entry, agent)

    async def _remember_choice(
        self,
        tx: Transaction,
        agent: Agent,
        record: CallRecord,
        contact: ContactReference | None,
        now: float,
    ) -> None:
        """Remember the contact for the number of an incoming call; forget it if it was wrong."""
        telephony = self._telephony
        given = record.number_for(agent.login_id)
        number = numbers.read(given, telephony.country, telephony.internal_numbers)
        is_outgoing = record.is_outgoing_for(agent.login_id)
        if number.kind != "public" or not number.e164 or is_outgoing or record.unverified:
            return
        if contact is None:
            if not await tx.delete_contact_choice(number.e164):
                return
        else:
            choice = ContactChoice(
                number=number.e164,
                contact=f"{contact.source}/{contact.id}",
                chosen_by=agent.login_id,
                name=agent.user.full_name or agent.login_id,
                chosen_at=now,
            )
            known = await tx.contact_choice(number.e164)
            await tx.save_contact_choice(choice)
            if known and (known.contact, known.chosen_by) == (choice.contact, choice.chosen_by):
                return  # only the time is new
        await tx.add_audit_row(
            AuditRow(
                recorded_at=now,
                agent=agent.login_id,
                action="forget contact" if contact is None else "remember contact",
                number=number.e164,
                detail="" if contact is None else f"{contact.source}/{contact.id}",
            )
        )

    def _apply(
        self,
        record: CallRecord,
        agent: Agent,
        change: InteractionChange,
        match: Match | None,
        now: float,
    ) -> CallRecord:
        segment = record.segment(agent.login_id)
        assert segment is not None
        names_contact = match is not None or change.contact_unknown
        if names_contact and not (segment.verified or record.unverified):
            raise NotPermitted("Finesse has not shown you this call; only your notes can be saved")
        if names_contact:
            _check_contact_is_free(record, segment, match)
        if change.notes is not None:
            base = segment.notes if change.base_notes is None else change.base_notes
            notes = merge_notes(base, segment.notes, change.notes)
            if len(notes) > 2 * NOTES_CHARACTERS:
                raise InvalidField(
                    "notes",
                    f"with another window's edits the notes have {len(notes):,} characters; "
                    f"at most {2 * NOTES_CHARACTERS:,} are saved. Shorten them",
                )
            segment = replace(segment, notes=notes, notes_at=now)
        if change.wrap_up_reasons is not None:
            segment = choose_reasons(record, segment, change.wrap_up_reasons, now)
        if change.finished is not None:
            lacks_reason = not record.with_segment(segment).wrap_up_reasons
            if change.finished and lacks_reason and requires_wrap_up(segment, self._settings):
                raise InvalidField(
                    "wrap_up_reasons", "your team must choose a wrap-up reason first"
                )
            segment = replace(segment, finished=change.finished)
        if match:
            contact = contact_of_match(match, chosen_by=agent.login_id, now=now)
            record = replace(record, contact=preferred_contact(record.contact, contact))
        elif change.contact_unknown:
            nobody = ChosenContact(source="", id="", chosen_by=agent.login_id, chosen_at=now)
            record = replace(record, contact=preferred_contact(record.contact, nobody))
        return record.with_segment(segment)

    async def get(self, agent: Agent, id: str) -> Interaction:
        return self._show(_require_own(await self._store.journal_row(id), agent), agent)

    async def of_call(self, agent: Agent, call: str) -> tuple[Interaction, ...]:
        """Return the agent's interactions of a dialog id, newest first: ids are reused."""
        names = (call, apart_dialog(agent.login_id, call))
        entries = from_rows(await self._store.find_journal_rows(names))
        return tuple(
            self._show(entry, agent) for entry in entries if entry.record.segment(agent.login_id)
        )

    async def parked(self, agent: Agent) -> tuple[Interaction, ...]:
        """Return the agent's parked interactions, and for a supervisor those of their teams."""
        teams = {team.name for team in agent.user.teams}
        entries = from_rows(await self._store.parked_journal_rows(MAX_PARKED))
        return tuple(
            self._show(entry, agent)
            for entry in entries
            if any(
                segment.agent == agent.login_id or segment.team in teams
                for segment in entry.record.segments
            )
        )

    async def retry(self, agent: Agent, id: str) -> Interaction:
        """Deliver a parked interaction again.

        One that Finesse never confirmed needs a supervisor of the agent.
        """
        if id not in {each.id for each in await self.parked(agent)}:
            raise NotFound("Neither you nor your teams have such a parked interaction")
        row = await self._store.journal_row(id)
        entry = from_row(row) if row else None
        if entry is not None and self._show(entry, agent).needs_supervisor:
            raise NotPermitted("Ask a supervisor who was not in this call to save it")
        if entry is not None and entry.record.unverified:
            return self._show(await self._unverified.release(agent, id), agent)
        async with self._store.transaction() as tx:
            row = await tx.journal_row(id)
            if row is None or row.status != "parked":
                raise NotFound("The interaction is not parked any more")
            entry = lifecycle.retry(from_row(row))
            await tx.save_journal_row(to_row(entry))
        return self._show(entry, agent)

    async def _share_contact(self, agent: Agent, record: CallRecord) -> None:
        """Write the chosen contact into a call variable for other sites."""
        name = self._contact_variable
        contact = record.contact
        if not name or contact is None or not contact.id:
            return
        value = f"{contact.source}/{contact.id}"
        if name.startswith("callVariable") and len(value.encode()) > CALL_VARIABLE_BYTES["ucce"]:
            log.warning(
                "the contact is not shared: %s cannot hold %d bytes", name, len(value.encode())
            )
            return
        extension = agent.user.extension
        try:
            for dialog in await agent.finesse.dialogs(agent.credential, agent.login_id):
                own = dialog.participant(extension)
                may_update = own and DialogAction.UPDATE_CALL_DATA in own.actions
                if dialog.id in record.dialog_ids and may_update:
                    variables = (CallVariable(name=name, value=value),)
                    await agent.finesse.update_call_data(
                        agent.credential, dialog.id, extension, variables
                    )
        except FinesseError as error:
            log.warning("the contact is not shared: writing %s failed: %s", name, error.code)

    def _show(self, entry: JournalEntry, agent: Agent) -> Interaction:
        return show(
            entry,
            agent.login_id,
            self._settings,
            self._clock(),
            is_supervisor=agent.is_supervisor,
        )


def _require_own(row: JournalRow | None, agent: Agent) -> JournalEntry:
    """Return a row's entry if the agent has a segment of it."""
    entry = from_row(row) if row else None
    if entry is None or entry.record.segment(agent.login_id) is None:
        raise NotFound("You have no such interaction")
    return entry


def _check_contact_is_free(record: CallRecord, segment: Segment, match: Match | None) -> None:
    """Raise ContactChosen if an agent who has left the call would outvote one who is on it."""
    chosen = record.contact
    if chosen is None or not chosen.chosen_by or chosen.chosen_by == segment.agent:
        return
    if match and (match.contact.source, match.contact.id) == (chosen.source, chosen.id):
        return
    chooser = record.segment(chosen.chosen_by)
    if chooser and record.is_active(chooser) and not record.is_active(segment):
        whom = chosen.name or "none of the contacts that were found"
        raise ContactChosen(f"{chooser.name or chooser.agent}, who is on the call, chose {whom}")
