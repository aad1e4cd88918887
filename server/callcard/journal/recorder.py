"""Write call reports into the journal: into the call's record, or apart until Finesse confirms it.

Each method is one transaction, committed on return.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import islice

from callcard import times
from callcard.errors import NotFound, ReportPending
from callcard.identity import Agent
from callcard.journal import lifecycle
from callcard.journal.call_identity import belongs_to, is_apart_of, is_same_call, links, may_join
from callcard.journal.call_record import CallRecord
from callcard.journal.customer_number import customer_number
from callcard.journal.journal_entry import (
    JournalEntry,
    apart_dialog,
    claimed_dialog,
    from_row,
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
from callcard.journal.report import CallReport, ReportedParticipant
from callcard.journal.simultaneous_rings import ring_names
from callcard.settings import Settings
from callcard.store.base import AuditRow, DialogRow, Store, Transaction

MAX_CLOSED = 200
MAX_PURGED = 500
"""In one transaction: it must be short."""
SECONDS_PER_DAY = 86400
OUTAGE_MARGIN = 5.0
"""Seconds around an outage: a report is under way for so long at most."""
OUTAGE_BELIEVED_SECONDS = 24 * 3600.0
"""How long after an outage calls of it are believed: notes may also come so late."""
MAX_UNVERIFIED = 100
"""Unverified calls of one agent in the journal; further reports wait in their browser."""


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
            for apart in found:
                if is_apart_of(apart.record, agent.login_id, extension, report):
                    record = adopt(record, apart.record, agent.login_id, is_verified=trusted)
                    await tx.merge_journal_row(apart.record.id, into=record.id)
            record = apply_report(
                record,
                _reporting_agent(agent),
                report,
                number=number,
                now=now,
                ended_at=ended_at,
                verified=verified,
                trusted=trusted,
            )
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
        # Two calls that the CRM has stay two; otherwise the record of this dialog wins.
        entries.sort(
            key=lambda each: (
                each.status == "delivered",
                report.id not in each.record.dialog_ids,
                each.record.started_at,
            )
        )
        entry, *duplicates = entries
        record = entry.record
        for duplicate in duplicates:
            if duplicate.status != "delivered":
                record = merge_records(record, duplicate.record)
                await tx.merge_journal_row(duplicate.record.id, into=record.id)
        return entry, record

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

    async def record_apart(
        self, agent: Agent, report: CallReport, ended_at: str, *, refused: bool
    ) -> JournalEntry:
        """Save a report that Finesse has not confirmed, where only its agent finds it.

        `refused`: Finesse answered, without this call. Once the call is over, nothing can confirm
        it any more. Raises ReportPending if the agent has too many such calls.
        """
        async with self._store.transaction() as tx:
            now = self._clock()
            name = apart_dialog(agent.login_id, report.id)
            extension = agent.user.extension
            names = (name, *ring_names(agent.login_id, extension, report))
            found = from_rows(await tx.find_journal_rows(names))
            same = (e for e in found if is_apart_of(e.record, agent.login_id, extension, report))
            entry = next(same, None)
            if entry is None:
                prefix = apart_dialog(agent.login_id, "")
                count = await tx.count_dialogs(prefix, MAX_UNVERIFIED)
                if count >= MAX_UNVERIFIED and self._settings.unverified_calls != "deliver":
                    raise ReportPending(
                        "Finesse has not confirmed many calls of this agent; a supervisor can "
                        "deliver them. Send the report again."
                    )
                record = CallRecord(id=str(uuid.uuid4()), unverified=True)
                entry = JournalEntry(record=record, status="unverified", last_report_at=now)
            record = apply_report(
                entry.record,
                _reporting_agent(agent),
                report,
                number=self.customer_number(agent, report),
                now=now,
                ended_at=ended_at,
            )
            entry = lifecycle.keep_apart(entry, record, now)
            if refused and (report.ended or record.ended_at):
                entry = await self._end_unverified(tx, entry, now)
            row = to_row(entry)  # counted against the agent, also when it is believed
            await tx.save_journal_row(replace(row, dialogs=(*row.dialogs, DialogRow(dialog=name))))
        return entry

    async def _end_unverified(
        self, tx: Transaction, entry: JournalEntry, now: float
    ) -> JournalEntry:
        setting = self._settings.unverified_calls
        is_outage = setting == "outage" and await self._is_of_outage(tx, entry.record)
        if is_outage and await self._has_others(tx, entry.record):
            is_outage = False  # Finesse knows the call: nobody has to be believed
        if not is_outage and setting != "deliver":
            return lifecycle.give_up_verifying(entry, now, self._settings.notes_seconds)
        reason = "began in an outage of Callcard" if is_outage else "by the settings"
        detail = f"{entry.record.id}: {reason}"
        await tx.add_audit_row(self._audit("", "unconfirmed interaction delivered", detail))
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
            await tx.add_audit_row(self._audit(agent.login_id, "interaction released", id))
        return entry

    async def _release(self, tx: Transaction, apart: JournalEntry, now: float) -> JournalEntry:
        """Return the entry as due, or the one of the same call with it merged in."""
        entry = lifecycle.release(apart, now, self._settings.notes_seconds)
        record = entry.record
        for dialog in record.dialogs:
            start = ReportedParticipant(address="", state="", joined_at=record.started_at)
            report = CallReport(
                id=dialog.dialog,
                associated_call=next(iter(record.related_dialogs), ""),
                participants=[start],
            )
            names = (report.id, *report.related_dialogs)
            for known in from_rows(await tx.find_journal_rows(names)):
                if known.record.unverified or not is_same_call(known.record, report):
                    continue
                # What Finesse has shown stays as it is; the agent's own share is added.
                merged = adopt(known.record, record, record.segments[0].agent, is_verified=False)
                await tx.merge_journal_row(record.id, into=merged.id)
                return lifecycle.update(known, merged, now, self._settings.notes_seconds)
        return entry

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
            for entry in from_rows(await tx.find_journal_rows(names, report.call_key)):
                record = entry.record
                is_this_call = is_apart_of(record, login_id, extension, report) or (
                    is_same_call(record, report)
                    and may_join(record, login_id, extension, report, verified)
                )
                if not is_this_call or entry.status not in ("unverified", "open", "due"):
                    continue
                detail = f"{record.id}: its number is on never-log"
                action = "interaction dropped"
                if [each.agent for each in record.segments] == [agent.login_id]:
                    await tx.delete_journal_row(record.id)
                else:  # others have entered something: a supervisor decides
                    action = "interaction parked"
                    parked = lifecycle.withhold(entry, self._clock())
                    await tx.save_journal_row(to_row(parked))
                await tx.add_audit_row(self._audit(agent.login_id, action, detail))

    # ---- calls that are not reported any more

    async def close_silent(self, tx: Transaction, now: float) -> list[JournalEntry]:
        """Close calls that nobody reports any more, and return those that are lost."""
        before = now - self._settings.lost_seconds
        lost = []
        for entry in from_rows(await tx.silent_journal_rows(before, MAX_CLOSED)):
            record = _lose_agents(entry.record, now)
            closed = lifecycle.update(entry, record, now, self._settings.notes_seconds)
            await tx.save_journal_row(to_row(closed))
            lost.append(closed)
        return lost

    async def end_unverified(self, tx: Transaction, now: float, before: float) -> None:
        """Park or release unverified calls that are over, or not reported since `before`."""
        for entry in from_rows(await tx.unverified_journal_rows(before, now, MAX_CLOSED)):
            lost_entry = replace(entry, record=_lose_agents(entry.record, now))
            ended = await self._end_unverified(tx, lost_entry, now)
            if ended != entry:
                await tx.save_journal_row(to_row(ended))

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
            await tx.add_audit_row(self._audit("", "interaction dropped", detail))

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

    def _audit(self, agent: str, action: str, detail: str) -> AuditRow:
        return AuditRow(
            recorded_at=self._clock(), agent=agent, action=action, number="", detail=detail
        )


def _lose_agents(record: CallRecord, now: float) -> CallRecord:
    """Return the record with every agent lost who is in the call or its wrap-up."""
    for segment in record.segments:
        if record.is_active(segment) or record.in_wrap_up:
            record = record.with_segment(replace(segment, lost_at=now))
    return record


def _reporting_agent(agent: Agent) -> ReportingAgent:
    user = agent.user
    return ReportingAgent(
        login_id=user.login_id,
        name=user.full_name,
        team=user.team_name,
        extension=user.extension,
    )


def _is_known(record: CallRecord, agent: Agent, report: CallReport, number: str) -> bool:
    """Return whether Finesse has shown all of this to the agent before: links and news."""
    segment = record.segment(agent.login_id)
    return (
        segment is not None
        and links(report) <= set(segment.verified)
        and not has_news(record, _reporting_agent(agent), report, number)
    )
