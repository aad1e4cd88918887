"""Write call reports that Finesse confirms into the journal, and close calls that nobody reports.

Each method is one transaction, committed on return, or part of the caller's.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import islice

from callcard.journal import lifecycle
from callcard.journal.call_identity import (
    belongs_to,
    claim_matches,
    is_same_call,
    is_unverified_record_of,
    links,
    may_join,
)
from callcard.journal.call_record import CallRecord
from callcard.journal.customer_number import customer_number
from callcard.journal.journal_entry import (
    JournalEntry,
    apart_dialog,
    claimed_dialog,
    from_rows,
    to_row,
)
from callcard.journal.record_merging import (
    CLOCK_TOLERANCE_SECONDS,
    ReportingAgent,
    adopt,
    apply_report,
    has_news,
    merge_records,
)
from callcard.journal.report import CallReport
from callcard.journal.simultaneous_rings import ring_names
from callcard.principals import Agent
from callcard.settings import Settings
from callcard.store.base import AuditRow, Store, Transaction

MAX_CLOSED = 200
MAX_PURGED = 500
"""In one transaction: it must be short."""
SECONDS_PER_DAY = 86400
OUTAGE_BELIEVED_SECONDS = 24 * 3600.0
"""How long after an outage calls of it are believed: notes may also come so late."""


class CallRecorder:
    def __init__(
        self, store: Store, settings: Settings, clock: Callable[[], float] = time.time
    ) -> None:
        self._store = store
        self._settings = settings.journal
        self._telephony = settings.telephony
        self._clock = clock

    def customer_number(self, agent: Agent, report: CallReport) -> str:
        telephony = self._telephony
        return customer_number(
            report,
            agent.user.extension,
            telephony.number_variables,
            country=telephony.country,
            internal_numbers=telephony.internal_numbers,
        )

    async def record(
        self,
        agent: Agent,
        report: CallReport,
        ended_at: str,
        verified: frozenset[str] | None = None,
    ) -> JournalEntry | None:
        """Apply a report to the call's record, creating or merging records.

        `verified` are the links that Finesse shows to this agent now; None if it was not asked.
        Returns None if the report is only a claim: Finesse has to be asked, or did not confirm it.
        """
        async with self._store.transaction() as tx:
            now = self._clock()
            number = self.customer_number(agent, report)
            extension = agent.user.extension
            names = (
                report.id,
                *report.related_dialogs,
                apart_dialog(agent.login_id, report.id),
                claimed_dialog(agent.login_id, report.id),
                *ring_names(agent.login_id, extension, report),
            )
            found = from_rows(await tx.find_journal_rows(names, report.call_key))
            calls = [each for each in found if belongs_to(each.record, extension, report)]
            trusted = verified is not None and report.id in verified
            if verified is None:
                known = (each for each in calls if _is_known(each.record, agent, report, number))
                entries = list(islice(known, 1))
                verified = frozenset()
            else:
                entries = [
                    each
                    for each in calls
                    if may_join(each.record, agent.login_id, extension, report, verified)
                ]
            if not entries and not trusted:
                return None
            entry, record = await self._merge(tx, entries, report, now)
            claims = [each for each in found if trusted and _is_believed(each.record, report.id)]
            for apart in found:
                if is_unverified_record_of(apart.record, agent.login_id, extension, report):
                    record = adopt(record, apart.record, agent.login_id, is_verified=trusted)
                    await tx.merge_journal_row(apart.record.id, into=record.id)
            record = apply_report(
                record,
                ReportingAgent.of(agent.user),
                report,
                number=number,
                now=now,
                ended_at=ended_at,
                verified=verified,
                trusted=trusted,
            )
            for claim in claims:
                if claim_matches(record, claim.record):
                    entry, record = await self._adopt_claim(tx, entry, record, claim)
            record = self._mark_lost(record, now, reporting=agent.login_id)
            entry = lifecycle.update(entry, record, now, self._settings.notes_seconds)
            await tx.save_journal_row(to_row(entry))
        return entry

    async def _merge(
        self, tx: Transaction, entries: list[JournalEntry], report: CallReport, now: float
    ) -> tuple[JournalEntry, CallRecord]:
        """Return one entry for all, and the merge of their records; a new one if there are none."""
        if not entries:
            record = CallRecord(id=str(uuid.uuid4()))
            return JournalEntry(record=record, status="open", last_report_at=now), record
        # What the CRM may have keeps its id, and two such calls stay two.
        entries.sort(
            key=lambda each: (
                not each.sent,
                report.id not in each.record.dialog_ids,
                each.record.started_at,
            )
        )
        entry, *duplicates = entries
        record = entry.record
        for duplicate in duplicates:
            if not duplicate.sent:
                record = merge_records(record, duplicate.record)
                await tx.merge_journal_row(duplicate.record.id, into=record.id)
        return entry, record

    async def _adopt_claim(
        self, tx: Transaction, entry: JournalEntry, record: CallRecord, claim: JournalEntry
    ) -> tuple[JournalEntry, CallRecord]:
        """Return the entry and its record with what agents entered in a call that was believed.

        If the CRM may have that call, the record takes its id, so that it stays one interaction.
        """
        if claim.sent and entry.sent:  # two interactions already
            return entry, record
        for segment in claim.record.segments:
            record = adopt(record, claim.record, segment.agent, is_verified=False)
        kept, gone = record.id, claim.record.id
        if claim.sent:
            kept, gone = gone, kept
        await tx.merge_journal_row(gone, into=kept)
        return replace(entry, sent=claim.sent or entry.sent), replace(record, id=kept)

    async def concerns_others(self, agent: Agent, report: CallReport) -> bool:
        """Return whether a report names a call that other agents have, and this one has not."""
        rows = await self._store.find_journal_rows(
            (report.id, *report.related_dialogs), report.call_key
        )
        calls = [each.record for each in from_rows(rows)]
        return any(
            not record.unverified
            and record.segment(agent.login_id) is None
            and is_same_call(record, report)
            for record in calls
        )

    async def delete_never_logged(
        self, agent: Agent, report: CallReport, verified: frozenset[str]
    ) -> None:
        """Delete what is recorded of a call that must not be logged, as Finesse shows it.

        What other agents have a share in is parked: nobody loses what was acknowledged.
        """
        login_id, extension = agent.login_id, agent.user.extension
        names = (report.id, *report.related_dialogs, apart_dialog(login_id, report.id))
        if not await self._store.find_journal_rows(names, report.call_key):
            return
        async with self._store.transaction() as tx:
            now = self._clock()
            reporting = ReportingAgent.of(agent.user)
            shown = apply_report(CallRecord(id=""), reporting, report, number="", now=now)
            for entry in from_rows(await tx.find_journal_rows(names, report.call_key)):
                record = entry.record
                is_this_call = (
                    is_unverified_record_of(record, login_id, extension, report)
                    or (_is_believed(record, report.id) and claim_matches(shown, record))
                    or (
                        is_same_call(record, report)
                        and may_join(record, login_id, extension, report, verified)
                    )
                )
                if not is_this_call or entry.status not in ("unverified", "open", "due"):
                    continue
                detail = f"{record.id}: its number is on never-log"
                action = "interaction dropped"
                if [each.agent for each in record.segments] == [agent.login_id]:
                    await tx.delete_journal_row(record.id)
                else:  # others have entered something: a supervisor decides
                    action = "interaction parked"
                    parked = lifecycle.withhold(entry, now)
                    await tx.save_journal_row(to_row(parked))
                await tx.add_audit_row(
                    AuditRow(recorded_at=now, agent=agent.login_id, action=action, detail=detail)
                )

    # ---- calls that are not reported any more

    async def close_silent(self, tx: Transaction, now: float) -> list[JournalEntry]:
        """Close calls that nobody reports any more, and return those that are lost."""
        before = now - self._settings.lost_seconds
        lost = []
        for entry in from_rows(await tx.silent_journal_rows(before, MAX_CLOSED)):
            record = entry.record.with_agents_lost(now)
            closed = lifecycle.update(entry, record, now, self._settings.notes_seconds)
            await tx.save_journal_row(to_row(closed))
            lost.append(closed)
        return lost

    async def void_future_times(self, tx: Transaction, now: float) -> None:
        """Correct times that a clock wrote which was ahead: nothing waits longer than usual."""
        notes_seconds = max(self._settings.notes_seconds, lifecycle.GRACE_SECONDS)
        tolerance = CLOCK_TOLERANCE_SECONDS
        await tx.void_future_times(now, now + tolerance, now + notes_seconds + tolerance)

    async def close_calls_of(self, agent: str, dialogs: Iterable[str]) -> None:
        """Mark an agent as lost in calls that their session reported: its credential has ended."""
        async with self._store.transaction() as tx:
            now = self._clock()
            for entry in from_rows(await tx.find_journal_rows(dialogs)):
                record = entry.record
                segment = record.segment(agent)
                if segment is None or record.unverified or not record.is_active(segment):
                    continue
                record = record.with_segment(replace(segment, lost_at=now))
                entry = lifecycle.update(entry, record, now, self._settings.notes_seconds)
                await tx.save_journal_row(to_row(entry))

    async def purge(self, tx: Transaction, now: float) -> None:
        """Delete what is older than the settings keep; what no CRM has, with an audit entry."""
        before = now - self._settings.retention_days * SECONDS_PER_DAY
        await tx.purge_outages(now - OUTAGE_BELIEVED_SECONDS)
        await tx.purge_delivered(before, MAX_PURGED)
        rows = await tx.parked_rows_with(lifecycle.UNVERIFIED_PROBLEM, before, MAX_PURGED)
        for row in rows:
            await tx.delete_journal_row(row.id)
            detail = f"{row.id}: unconfirmed for too long"
            await tx.add_audit_row(
                AuditRow(recorded_at=now, agent="", action="interaction dropped", detail=detail)
            )

    def _mark_lost(self, record: CallRecord, now: float, reporting: str) -> CallRecord:
        """Mark the segments of other agents that have not reported for `lost_seconds`."""
        for segment in record.segments:
            since = segment.last_report_at
            is_silent = (
                since < now - self._settings.lost_seconds or since > now + CLOCK_TOLERANCE_SECONDS
            )
            if segment.agent != reporting and is_silent and record.is_active(segment):
                record = record.with_segment(replace(segment, lost_at=now))
        return record


def _is_believed(record: CallRecord, dialog: str) -> bool:
    """Return whether a record was delivered without Finesse's word, and names a dialog."""
    return dialog in record.believed and not record.verified_links


def _is_known(record: CallRecord, agent: Agent, report: CallReport, number: str) -> bool:
    """Return whether Finesse has shown all of this to the agent before: links and news."""
    segment = record.segment(agent.login_id)
    return (
        segment is not None
        and links(report) <= set(segment.verified)
        and not has_news(record, ReportingAgent.of(agent.user), report, number)
    )
