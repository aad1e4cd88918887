"""The journal: one call record per call, from every report of every desktop and session.

Desktops and sessions report a call repeatedly. Each report is committed before it is acknowledged.
The journal finds the call's record, merges records that turn out to be one call, and closes calls
that nobody reports any more. `lifecycle` says when a record is due, `delivery` takes it to the CRM.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace

from cachetools import TTLCache
from msgspec import structs

from callcard import times
from callcard.crm.directory import Directory, Lookup
from callcard.errors import FinesseError, NotFound, NotPermitted, ReportPending
from callcard.events import CallEnded, CallLost, CallReported, EventBus
from callcard.identity import Agent
from callcard.journal import lifecycle
from callcard.journal.call_identity import has_taken_part, is_same_call
from callcard.journal.call_record import CallRecord
from callcard.journal.caller_lookup import CallerLookup
from callcard.journal.customer_number import customer_number
from callcard.journal.interaction import Interaction, contact_of_match, show
from callcard.journal.journal_entry import JournalEntry, from_row, from_rows, to_row
from callcard.journal.record_merging import ReportingAgent, apply_report, merge_records
from callcard.journal.report import CallReport, report_dialog
from callcard.routing.number_lists import NEVER_LOGGED_SECONDS, NumberLists
from callcard.settings import Settings
from callcard.store.base import Store, Transaction

log = logging.getLogger(__name__)

PENDING_SECONDS = 60.0
"""How long a consult that no other agent has reported yet may wait: desktops retry within 30 s."""
SWEEP_SECONDS = 5.0
"""Between checks for lost calls."""
MAX_LOST_CALLS = 200
MAX_PURGED_CALLS = 500
"""In one sweep: a transaction must be short."""
SECONDS_PER_DAY = 86400


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportAcknowledgement:
    """The acknowledgement of a report; with `lookup`, who is calling."""

    interaction: Interaction | None
    """Null if the call is never logged."""
    never_logged: bool
    number: str
    """The customer's."""
    outgoing: bool
    call_ended: bool
    """The call is over for every agent."""
    ended_for_agent: bool
    """Finesse no longer has the call for this agent, even if their desktop missed the event."""
    lookup: Lookup | None


class Journal:
    def __init__(
        self,
        store: Store,
        directory: Directory,
        number_lists: NumberLists,
        events: EventBus,
        settings: Settings,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._directory = directory
        self._number_lists = number_lists
        self._events = events
        self._settings = settings.journal
        self._telephony = settings.telephony
        self._clock = clock
        self._caller_lookup = CallerLookup(
            directory, store, self._telephony.pop_variables, self._telephony.contact_variable
        )
        self._worker = uuid.uuid4().hex
        self._started_at = clock()
        # The hash of an agent's last report of a call, and when it was new or checked with Finesse.
        self._last_reports: TTLCache[tuple[str, str], tuple[int, float]] = TTLCache(
            20_000, 10 * self._settings.lost_seconds, timer=clock
        )
        # Since when an agent reports a consult that no other agent has reported.
        self._pending_since: TTLCache[tuple[str, str], float] = TTLCache(20_000, 3600, timer=clock)

    # ---- reports

    async def report(
        self, agent: Agent, report: CallReport, *, lookup: bool = False
    ) -> ReportAcknowledgement:
        """Record an agent's report; it is committed on return. With `lookup`, look up the caller.

        Raises NotPermitted if Finesse says that the call is not this agent's, ReportPending if that
        cannot be decided yet.
        """
        report, ended_at = await self._check_still_active(agent, report)
        number = self._customer_number(agent, report)
        if await self._is_never_logged(agent, report, number):
            return await self._acknowledge_unlogged(agent, report, number, lookup)
        entry = await self._record(agent, report, ended_at, verified=False)
        if entry is None:
            report = await self._verify_with_finesse(agent, report)
            entry = await self._record(agent, report, ended_at, verified=True)
            assert entry is not None
        await self._publish(agent, report, entry)
        found = await self._caller_lookup.look_up(entry.record) if lookup else None
        if found:
            entry = await self._recognise_contact(entry, found)
        record = entry.record
        return ReportAcknowledgement(
            interaction=show(entry, agent.login_id, self._settings, self._clock()),
            never_logged=False,
            number=record.number,
            outgoing=record.outgoing,
            call_ended=bool(record.ended_at),
            ended_for_agent=report.ended,
            lookup=found,
        )

    async def _acknowledge_unlogged(
        self, agent: Agent, report: CallReport, number: str, lookup: bool
    ) -> ReportAcknowledgement:
        outgoing = report.from_address == agent.user.extension
        if report.ended:
            await self._events.publish_as(
                agent,
                CallEnded(
                    agent=agent.login_id,
                    interaction="",
                    number=number,
                    outgoing=outgoing,
                    ended_at=times.iso_text(self._clock()),
                    reached=True,
                ),
            )
        return ReportAcknowledgement(
            interaction=None,
            never_logged=True,
            number=number,
            outgoing=outgoing,
            call_ended=report.ended,
            ended_for_agent=report.ended,
            lookup=await self._directory.by_number(number) if lookup else None,
        )

    async def _publish(self, agent: Agent, report: CallReport, entry: JournalEntry) -> None:
        record = entry.record
        if record.ended_at:
            ended = CallEnded(
                agent=agent.login_id,
                interaction=record.id,
                number=record.number,
                outgoing=record.outgoing,
                ended_at=record.ended_at,
                reached=record.end_reason in ("completed", "transferred"),
            )
            await self._events.publish_as(agent, ended)
        reported = CallReported(
            agent=agent.login_id,
            interaction=record.id,
            call=report.id,
            number=record.number,
            outgoing=record.outgoing,
        )
        await self._events.publish_as(agent, reported)

    def _customer_number(self, agent: Agent, report: CallReport) -> str:
        return customer_number(report, agent.user.extension, self._telephony.number_variables)

    async def _check_still_active(self, agent: Agent, report: CallReport) -> tuple[CallReport, str]:
        """Return the report, as ended (and when) if Finesse no longer has the call.

        A desktop that missed the event goes on reporting the call. Finesse is asked when nothing in
        the reports has changed for as long as a desktop may be silent.
        """
        key = (agent.login_id, report.id)
        now = self._clock()
        content = hash(
            (
                tuple(report.earlier_states),
                tuple(report.participants),
                tuple(report.variables.items()),
            )
        )
        known, since = self._last_reports.get(key, (0, now))
        if report.ended or known != content:
            self._last_reports[key] = (content, now)
            return report, ""
        if now - since < self._settings.lost_seconds:
            return report, ""
        self._last_reports[key] = (content, now)
        try:
            dialogs = await agent.finesse.dialogs(agent.credential, agent.login_id)
        except (FinesseError, NotFound):  # the next report asks again
            return report, ""
        if any(dialog.id == report.id for dialog in dialogs):
            return report, ""
        return structs.replace(report, ended=True), times.iso_text(now, "milliseconds")

    async def _is_never_logged(self, agent: Agent, report: CallReport, number: str) -> bool:
        """Return whether the call must not be logged, after deleting what was recorded."""
        if not await self._number_lists.is_never_logged(
            agent.login_id, number, report.id, report.related_dialogs
        ):
            return False
        if await self._store.find_journal_rows([report.id], report.call_key):
            async with self._store.transaction() as tx:
                await self._delete_recorded(tx, agent, report)
        return True

    async def _delete_recorded(self, tx: Transaction, agent: Agent, report: CallReport) -> None:
        extension = agent.user.extension
        for row in await tx.find_journal_rows([report.id], report.call_key):
            entry = from_row(row)
            record = entry.record
            is_own = record.segment(agent.login_id) or has_taken_part(record, extension, report)
            if is_own and is_same_call(record, report) and entry.status in ("open", "due"):
                await tx.delete_journal_row(record.id)

    async def _verify_with_finesse(self, agent: Agent, report: CallReport) -> CallReport:
        """Return the call as Finesse has it for this agent.

        A consult that Finesse no longer has is not recorded by itself: it would become a second
        interaction of the same call. After an outage the report of its call may be about to arrive,
        so it is pending for a while, and only then not permitted.
        """
        dialogs = await agent.finesse.dialogs(agent.credential, agent.login_id)
        dialog = next((each for each in dialogs if each.id == report.id), None)
        if dialog is not None:
            return structs.replace(
                report_dialog(dialog),
                agent_state=report.agent_state,
                agent_state_since=report.agent_state_since,
            )
        now = self._clock()
        if report.names_other_call:
            since = self._pending_since.setdefault((agent.login_id, report.id), now)
            if now - since < PENDING_SECONDS:
                raise ReportPending(
                    "Another agent's report of this call is expected. Send the report again."
                )
        raise NotPermitted("Finesse does not list this call among yours")

    async def _record(
        self, agent: Agent, report: CallReport, ended_at: str, *, verified: bool
    ) -> JournalEntry | None:
        """Apply a report to the call's record, creating or merging records.

        Returns None if only other agents reported the call, their reports do not show this agent,
        and `verified` is false.
        """
        async with self._store.transaction() as tx:
            now = self._clock()
            rows = await tx.find_journal_rows((report.id, *report.related_dialogs), report.call_key)
            entries = [each for each in from_rows(rows) if is_same_call(each.record, report)]
            if not verified and not all(self._may_join(agent, report, e.record) for e in entries):
                return None
            # Two calls that the CRM has stay two; otherwise the record of this dialog wins.
            entries.sort(
                key=lambda entry: (
                    entry.status == "delivered",
                    report.id not in entry.record.dialog_ids,
                    entry.record.started_at,
                )
            )
            if entries:
                entry, *duplicates = entries
            else:
                record = CallRecord(id=str(uuid.uuid4()))
                entry = JournalEntry(record=record, status="open", last_report_at=now)
                duplicates = []
            record = entry.record
            for duplicate in duplicates:
                if duplicate.status != "delivered":
                    record = merge_records(record, duplicate.record)
                    await tx.merge_journal_row(duplicate.record.id, into=record.id)
            record = apply_report(
                record,
                self._reporting_agent(agent),
                report,
                number=self._customer_number(agent, report),
                now=now,
                ended_at=ended_at,
            )
            record = self._mark_lost(record, now, reporting=agent.login_id)
            entry = lifecycle.update(entry, record, now, self._settings.notes_seconds)
            await tx.save_journal_row(to_row(entry))
        return entry

    def _may_join(self, agent: Agent, report: CallReport, record: CallRecord) -> bool:
        if record.segment(agent.login_id) is not None:
            return True
        return has_taken_part(record, agent.user.extension, report)

    @staticmethod
    def _reporting_agent(agent: Agent) -> ReportingAgent:
        user = agent.user
        return ReportingAgent(
            login_id=user.login_id,
            name=user.full_name,
            team=user.team_name,
            extension=user.extension,
        )

    def _mark_lost(self, record: CallRecord, now: float, reporting: str) -> CallRecord:
        """Mark the segments of other agents that have not reported for `lost_seconds`."""
        for segment in record.segments:
            is_silent = now - segment.last_report_at > self._settings.lost_seconds
            if segment.agent != reporting and is_silent and record.is_active(segment):
                record = record.with_segment(replace(segment, lost_at=now))
        return record

    async def _recognise_contact(self, entry: JournalEntry, found: Lookup) -> JournalEntry:
        """Note the only reliable match as the call's contact, if no agent has chosen one."""
        if entry.record.contact is not None or len(found.matches) != 1:
            return entry
        match = found.matches[0]
        if match.how not in ("exact", "variable"):
            return entry
        async with self._store.transaction() as tx:
            row = await tx.journal_row(entry.record.id)
            if row is None:
                return entry
            entry = from_row(row)
            if entry.record.contact is None:
                contact = contact_of_match(match, chosen_by="", now=self._clock())
                record = replace(entry.record, contact=contact)
                entry = lifecycle.replace_record(entry, record)
                await tx.save_journal_row(to_row(entry))
        return entry

    # ---- lost and old calls

    async def sweep(self) -> None:
        """Close lost calls and delete old ones, once.

        Of several workers, the one with the lease does it.
        """
        now = self._clock()
        lost: list[JournalEntry] = []
        async with self._store.transaction() as tx:
            if not await tx.acquire_lease("sweep", self._worker, now, 4 * SWEEP_SECONDS):
                return
            lost_seconds = self._settings.lost_seconds
            # No report could arrive while the service was down.
            if now - self._started_at > lost_seconds:
                rows = await tx.silent_journal_rows(now - lost_seconds, MAX_LOST_CALLS)
                lost = [self._close_lost(entry, now) for entry in from_rows(rows)]
            for entry in lost:
                await tx.save_journal_row(to_row(entry))
            before = now - self._settings.retention_days * SECONDS_PER_DAY
            await tx.purge_delivered(before, MAX_PURGED_CALLS)
            await tx.purge_never_logged(now - NEVER_LOGGED_SECONDS)
        for entry in lost:
            record = entry.record
            self._events.publish(CallLost(interaction=record.id, number=record.number))

    def _close_lost(self, entry: JournalEntry, now: float) -> JournalEntry:
        record = entry.record
        for segment in record.segments:
            if record.is_active(segment) or record.in_wrap_up:
                record = record.with_segment(replace(segment, lost_at=now))
        return lifecycle.update(entry, record, now, self._settings.notes_seconds)
