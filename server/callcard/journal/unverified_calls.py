"""Calls that Finesse has not shown to the agent who reported them: kept apart, parked or released.

Each method that opens a transaction has committed it on return.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import replace

from callcard import times
from callcard.errors import NotFound, ReportPending
from callcard.journal import lifecycle
from callcard.journal.call_identity import claim_matches, is_same_call, is_unverified_record_of
from callcard.journal.call_record import CallRecord
from callcard.journal.journal_entry import JournalEntry, apart_dialog, from_row, from_rows, to_row
from callcard.journal.record_merging import ReportingAgent, adopt, apply_report
from callcard.journal.report import CallReport, ReportedParticipant
from callcard.journal.simultaneous_rings import ring_names
from callcard.principals import Agent
from callcard.settings import Settings
from callcard.store.base import AuditRow, DialogRow, Store, Transaction

OUTAGE_MARGIN = 5.0
"""Seconds around an outage: a report is under way for so long at most."""
MAX_ENDED = 200
"""In one transaction: it must be short."""
MAX_UNVERIFIED = 100
"""Unverified calls of one agent in the journal; further reports wait in their browser."""


class UnverifiedCalls:
    def __init__(
        self, store: Store, settings: Settings, clock: Callable[[], float] = time.time
    ) -> None:
        self._store = store
        self._settings = settings.journal
        self._clock = clock

    async def record(
        self, agent: Agent, report: CallReport, number: str, ended_at: str, *, refused: bool
    ) -> JournalEntry:
        """Save a report that Finesse has not confirmed, where only its agent finds it.

        `number` is the customer's. `refused`: Finesse answered, without this call. Once the call is
        over, nothing can confirm it any more. Raises ReportPending if the agent has too many such
        calls.
        """
        async with self._store.transaction() as tx:
            now = self._clock()
            name = apart_dialog(agent.login_id, report.id)
            extension = agent.user.extension
            names = (name, *ring_names(agent.login_id, extension, report))
            found = from_rows(await tx.find_journal_rows(names))
            known = self._find_own(found, agent, report)
            entry = known or await self._new_entry(tx, agent, now)
            reporting = ReportingAgent.of(agent.user)
            record = apply_report(
                entry.record, reporting, report, number=number, now=now, ended_at=ended_at
            )
            entry = lifecycle.keep_apart(entry, record, now)
            if refused and (report.ended or record.ended_at):
                entry = await self._end(tx, entry, now)
            row = to_row(entry)  # counted against the agent, also when it is believed
            await tx.save_journal_row(replace(row, dialogs=(*row.dialogs, DialogRow(dialog=name))))
        return entry

    @staticmethod
    def _find_own(
        found: list[JournalEntry], agent: Agent, report: CallReport
    ) -> JournalEntry | None:
        """Return the agent's unverified entry of the reported call."""
        for entry in found:
            if is_unverified_record_of(entry.record, agent.login_id, agent.user.extension, report):
                return entry
        return None

    async def _new_entry(self, tx: Transaction, agent: Agent, now: float) -> JournalEntry:
        count = await tx.count_dialogs(apart_dialog(agent.login_id, ""), MAX_UNVERIFIED)
        if count >= MAX_UNVERIFIED and self._settings.unverified_calls != "deliver":
            raise ReportPending(
                "Finesse has not confirmed many calls of this agent; a supervisor can save "
                "them. Send the report again."
            )
        record = CallRecord(id=str(uuid.uuid4()), unverified=True)
        return JournalEntry(record=record, status="unverified", last_report_at=now)

    async def end(self, tx: Transaction, now: float, before: float) -> None:
        """Park or release unverified calls that are over, or not reported since `before`."""
        for entry in from_rows(await tx.unverified_journal_rows(before, now, MAX_ENDED)):
            lost_entry = replace(entry, record=entry.record.with_agents_lost(now))
            ended = await self._end(tx, lost_entry, now)
            if ended != entry:
                await tx.save_journal_row(to_row(ended))

    async def _end(self, tx: Transaction, entry: JournalEntry, now: float) -> JournalEntry:
        setting = self._settings.unverified_calls
        is_outage = setting == "outage" and await self._is_of_outage(tx, entry.record)
        if is_outage and await self._has_others(tx, entry.record):
            is_outage = False  # Finesse knows the call: nobody has to be believed
        if not is_outage and setting != "deliver":
            return lifecycle.give_up_verifying(entry, now, self._settings.notes_seconds)
        reason = "began in an outage of Callcard" if is_outage else "by the settings"
        await tx.add_audit_row(
            AuditRow(
                recorded_at=now,
                agent="",
                action="unconfirmed interaction delivered",
                detail=f"{entry.record.id}: {reason}",
            )
        )
        return await self._release(tx, entry, now)

    async def _is_of_outage(self, tx: Transaction, record: CallRecord) -> bool:
        """Return whether a customer's call began while Callcard itself was not running.

        Nobody could have reported it in time. A consult does not count: it belongs to a call, which
        only its agents name.
        """
        outside = {state.address for state in record.states} - set(record.agent_devices)
        start = times.seconds(record.started_at)
        return bool(outside) and start is not None and await tx.was_outage(start, OUTAGE_MARGIN)

    async def _has_others(self, tx: Transaction, record: CallRecord) -> bool:
        """Return whether Finesse has shown the same call to another agent."""
        names = (*record.dialog_ids, *record.related_dialogs)
        found = from_rows(await tx.find_journal_rows(names))
        return any(each.record.verified_links.intersection(names) for each in found)

    async def release(self, agent: Agent, id: str) -> JournalEntry:
        """Deliver an unverified call because a supervisor wants it. Raises NotFound."""
        async with self._store.transaction() as tx:
            now = self._clock()
            row = await tx.journal_row(id)
            entry = from_row(row) if row else None
            if entry is None or entry.status != "parked" or not entry.record.unverified:
                raise NotFound("The interaction is not parked any more")
            entry = await self._release(tx, entry, now)
            if entry.status == "due":
                entry = replace(entry, due_at=now)
            await tx.save_journal_row(to_row(entry))
            await tx.add_audit_row(
                AuditRow(
                    recorded_at=now,
                    agent=agent.login_id,
                    action="interaction released",
                    detail=id,
                )
            )
        return entry

    async def _release(self, tx: Transaction, apart: JournalEntry, now: float) -> JournalEntry:
        """Return the entry as due, or the one of the same call with it merged in."""
        entry = lifecycle.release(apart, now, self._settings.notes_seconds)
        record = entry.record
        known = await self._known_call(tx, record)
        if known is None:
            return entry
        # What Finesse has shown stays as it is; the agent's own share is added.
        merged = adopt(known.record, record, record.segments[0].agent, is_verified=False)
        await tx.merge_journal_row(record.id, into=merged.id)
        return lifecycle.update(known, merged, now, self._settings.notes_seconds)

    async def _known_call(self, tx: Transaction, record: CallRecord) -> JournalEntry | None:
        """Return the entry of the call that an unverified record is of, if there is one."""
        for dialog in record.dialogs:
            start = ReportedParticipant(address="", state="", joined_at=record.started_at)
            report = CallReport(
                id=dialog.dialog,
                associated_call=next(iter(record.related_dialogs), ""),
                participants=[start],
            )
            names = (report.id, *report.related_dialogs)
            for known in from_rows(await tx.find_journal_rows(names)):
                if known.record.unverified:
                    continue
                if report.id in known.record.dialog_ids:
                    is_same = claim_matches(known.record, record)
                else:
                    is_same = is_same_call(known.record, report)
                if is_same:
                    return known
        return None
