"""The journal: one call record per call, from every report of every desktop and session.

Desktops and sessions report a call repeatedly. Each report is committed before it is acknowledged.
A desktop's first report of a call is a claim: Finesse is asked, with the agent's own credential,
whether they have that call. `recorder` writes the result, `lifecycle` says when a record is due,
`delivery` takes it to the CRM.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import replace

from cachetools import TTLCache
from msgspec import structs

from callcard import times
from callcard.crm.directory import Directory, Lookup, Wait
from callcard.errors import (
    FinesseError,
    NotFound,
    NotPermitted,
    ReportPending,
)
from callcard.events import CallEnded, CallLost, CallReported, EventBus
from callcard.futures import mark_retrieved
from callcard.journal import lifecycle
from callcard.journal.acknowledgement import (
    ReportAcknowledgement,
    acknowledge_without_record,
    warnings_of,
)
from callcard.journal.call_identity import links
from callcard.journal.call_verification import (
    Verification,
    begin_verification,
    finish_verification,
)
from callcard.journal.caller_lookup import CallerLookup
from callcard.journal.interaction import contact_of_match, show
from callcard.journal.journal_entry import JournalEntry, from_row, to_row
from callcard.journal.recorder import CallRecorder
from callcard.journal.report import CallReport
from callcard.journal.unverified_calls import UnverifiedCalls
from callcard.principals import Agent
from callcard.routing.number_lists import NEVER_LOGGED_SECONDS, WITHHELD, NumberLists
from callcard.settings import Settings
from callcard.store.base import Store, Transaction

PENDING_SECONDS = 60.0
"""How long a consult that no other agent has reported yet may wait: desktops retry within 30 s."""
SWEEP_SECONDS = 5.0
"""Between checks for lost calls."""
LEASE_SECONDS = 4 * SWEEP_SECONDS


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
        self._recorder = CallRecorder(store, settings, clock)
        self._unverified = UnverifiedCalls(store, settings, clock)
        self._caller_lookup = CallerLookup(directory, store, self._telephony)
        self._worker = uuid.uuid4().hex
        self._started_at = clock()
        # The hash of an agent's last report of a call, and when it was new or checked with Finesse.
        self._last_reports: TTLCache[tuple[str, str], tuple[int, float]] = TTLCache(
            20_000, 3 * self._settings.lost_seconds, timer=clock
        )
        # Since when an agent reports a consult that no other agent has reported.
        self._pending_since: TTLCache[tuple[str, str], float] = TTLCache(20_000, 3600, timer=clock)

    # ---- reports

    async def report(
        self,
        agent: Agent,
        report: CallReport,
        *,
        lookup: Wait | None = None,
        from_finesse: bool = False,
    ) -> ReportAcknowledgement:
        """Record an agent's report; it is committed on return. With `lookup`, look up the caller.

        `from_finesse`: the service itself had the call from Finesse, as this agent. Raises
        NotPermitted for a call of others, CredentialsRejected if Finesse rejects the credential,
        ReportPending if the report has to wait for another one.
        """
        # Asked at once for a call that is new here, so that a screen pop does not wait for it.
        is_new = not from_finesse and (agent.login_id, report.id) not in self._last_reports
        verification = begin_verification(agent, report) if is_new else None
        number = self._recorder.customer_number(agent, report)
        found = self._begin_lookup(number, lookup) if lookup else None
        try:
            report, ended_at = await self._check_still_active(agent, report)
            if report.is_reservation or not report.is_conversation:
                lookup_result = await self._caller_lookup.with_calls(await found) if found else None
                answer = acknowledge_without_record(report, number, lookup_result)
            else:
                if from_finesse:
                    entry = await self._record_verified(agent, report, ended_at)
                else:
                    entry = await self._record_claim(agent, report, ended_at, verification, found)
                answer = await self._acknowledge(
                    agent, report, number, entry, found, lookup or "all"
                )
            return await self._warn(agent, report, answer) if lookup else answer
        finally:
            for task in (verification, found):
                if task is not None:
                    task.cancel()

    async def _warn(
        self, agent: Agent, report: CallReport, answer: ReportAcknowledgement
    ) -> ReportAcknowledgement:
        """Add the entries of number lists that warn of the customer."""
        customer = answer.number or WITHHELD
        _call, entries = await self._number_lists.concerned(
            customer, report.dialed_number, agent.user.team_id
        )
        return replace(answer, listed=warnings_of(entries)) if entries else answer

    async def report_of_session(
        self, agent: Agent, report: CallReport, lookup: bool
    ) -> ReportAcknowledgement:
        """Record a report of a session, which the service itself had from Finesse.

        With `lookup`, the call gets the contact that its number identifies, as a desktop's does.
        """
        return await self.report(agent, report, lookup="all" if lookup else None, from_finesse=True)

    def _begin_lookup(self, number: str, wait: Wait) -> asyncio.Task[Lookup]:
        task = asyncio.create_task(self._directory.look_up(number, wait=wait))
        task.add_done_callback(mark_retrieved)
        return task

    async def _record_claim(
        self,
        agent: Agent,
        report: CallReport,
        ended_at: str,
        verification: asyncio.Task[Verification] | None,
        lookup: asyncio.Task[Lookup] | None,
    ) -> JournalEntry | None:
        """Record what a desktop reports; None if the call is never logged."""
        number = self._recorder.customer_number(agent, report)
        never_logged = await self._is_never_logged(agent, report, number)
        if not never_logged:
            entry = await self._recorder.record(agent, report, ended_at)
            if entry is not None:
                return entry
        verification = verification or begin_verification(agent, report)
        finesse = await finish_verification(verification, lookup)
        if finesse.report is not None:
            return await self._record_verified(agent, finesse.report, ended_at)
        entry = await self._recorder.record(agent, report, ended_at, frozenset())
        if entry is not None or never_logged:
            return entry
        if finesse.answered and await self._recorder.concerns_others(agent, report):
            self._refuse_claim(agent, report)
        return await self._unverified.record(
            agent, report, number, ended_at, refused=finesse.answered
        )

    async def _record_verified(
        self, agent: Agent, report: CallReport, ended_at: str
    ) -> JournalEntry | None:
        """Record a call as Finesse shows it to the agent; None if it is never logged."""
        number = self._recorder.customer_number(agent, report)
        verified = links(report)
        if await self._is_never_logged(agent, report, number):
            if not report.is_consult:
                await self._number_lists.mark_never_logged(
                    agent.login_id, number, report.id, report.dialed_number, agent.user.team_id
                )
            await self._recorder.delete_never_logged(agent, report, verified)
            return None
        return await self._recorder.record(agent, report, ended_at, verified)

    async def _is_never_logged(self, agent: Agent, report: CallReport, number: str) -> bool:
        """Return whether a call must not be logged; a consult follows the call that it is about."""
        own_number = "" if report.is_consult else number
        return await self._number_lists.is_never_logged(
            own_number, report.related_dialogs, report.dialed_number, agent.user.team_id
        )

    def _refuse_claim(self, agent: Agent, report: CallReport) -> None:
        """Raise ReportPending or NotPermitted for a claim on a call that only others have.

        A consult may be known as soon as the other agent's report arrives. A call that is over
        could be true: it is kept apart, for a supervisor.
        """
        now = self._clock()
        if report.names_other_call:
            since = self._pending_since.setdefault((agent.login_id, report.id), now)
            if now - since < PENDING_SECONDS:
                raise ReportPending(
                    "Another agent's report of this call is expected. Send the report again."
                )
        if not report.ended:
            raise NotPermitted("Finesse does not list this call among yours")

    async def _acknowledge(
        self,
        agent: Agent,
        report: CallReport,
        number: str,
        entry: JournalEntry | None,
        found: asyncio.Task[Lookup] | None,
        wait: Wait,
    ) -> ReportAcknowledgement:
        if entry is None:
            return await self._acknowledge_unlogged(agent, report, number, found)
        await self._publish(agent, report, entry)
        customer = entry.record.number_for(agent.login_id)
        lookup = None
        if found is not None:
            lookup = await self._caller_lookup.look_up(entry.record, customer, number, found, wait)
        if lookup and lookup.is_complete and customer == entry.record.number:
            entry = await self._recognise_contact(entry, lookup)
        record = entry.record
        segment = record.segment(agent.login_id)
        return ReportAcknowledgement(
            interaction=show(entry, agent.login_id, self._settings, self._clock()),
            never_logged=False,
            verified=segment is not None and bool(segment.verified),
            number=customer,
            outgoing=record.is_outgoing_for(agent.login_id),
            call_ended=bool(record.ended_at),
            ended_for_agent=report.ended,
            lookup=lookup,
        )

    async def _acknowledge_unlogged(
        self,
        agent: Agent,
        report: CallReport,
        number: str,
        found: asyncio.Task[Lookup] | None,
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
                    contact="",
                ),
            )
        lookup = await self._caller_lookup.with_calls(await found) if found else None
        acknowledgement = acknowledge_without_record(report, number, lookup)
        return replace(acknowledgement, never_logged=True, outgoing=outgoing)

    async def _publish(self, agent: Agent, report: CallReport, entry: JournalEntry) -> None:
        record = entry.record
        if not record.unverified:  # nobody else may rely on one that is
            reported = CallReported(
                agent=agent.login_id,
                interaction=record.id,
                call=report.id,
                number=record.number_for(agent.login_id),
                outgoing=record.is_outgoing_for(agent.login_id),
                state=report.state_of(agent.user.extension),
            )
            await self._events.publish_as(agent, reported)
        if record.ended_at:
            ended = CallEnded(
                agent=agent.login_id,
                interaction=record.id,
                number=record.number_for(agent.login_id),
                outgoing=record.is_outgoing_for(agent.login_id),
                ended_at=record.ended_at,
                reached=record.end_reason in ("completed", "transferred"),
                contact=record.contact.reference if record.contact else "",
            )
            await self._events.publish_as(agent, ended)

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

    async def _recognise_contact(self, entry: JournalEntry, found: Lookup) -> JournalEntry:
        """Note the selected match as the call's contact, if no agent has chosen one."""
        if entry.record.contact is not None or found.selection is None:
            return entry
        match = found.matches[0]
        if match.how == "suffix":
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

    async def close_calls_of(self, agent: str, dialogs: Iterable[str]) -> None:
        """Close the calls of a session that has ended as lost, unless others report them."""
        await self._recorder.close_calls_of(agent, dialogs)

    async def note_outage(self) -> None:
        """Remember, at the start, since when no worker has run."""
        now = self._clock()
        expiry = await self._store.lease_expiry("alive")
        async with self._store.transaction() as tx:
            if expiry is not None and expiry - LEASE_SECONDS < now:
                await tx.add_outage(expiry - LEASE_SECONDS, now)
            await self._note_alive(tx, now)

    async def _note_alive(self, tx: Transaction, now: float) -> None:
        """Extend the lease that all workers share: it says when one of them last ran."""
        await tx.acquire_lease("alive", "any", now, LEASE_SECONDS)

    async def sweep(self) -> None:
        """Close lost calls and delete old ones, once.

        Of several workers, the one with the lease does it.
        """
        now = self._clock()
        self._started_at = min(self._started_at, now)  # the clock was set back
        lost: list[JournalEntry] = []
        async with self._store.transaction() as tx:
            await self._note_alive(tx, now)
            if not await tx.acquire_lease("sweep", self._worker, now, LEASE_SECONDS):
                return
            await self._recorder.void_future_times(tx, now)
            # No report could arrive while the service was down.
            silent_since = 0.0
            if now - self._started_at > self._settings.lost_seconds:
                silent_since = now - self._settings.lost_seconds
                lost = await self._recorder.close_silent(tx, now)
            await self._unverified.end(tx, now, silent_since)
            await self._recorder.purge(tx, now)
            await tx.purge_never_logged(now - NEVER_LOGGED_SECONDS)
        for entry in lost:
            record = entry.record
            lost_call = CallLost(agents=record.agents, interaction=record.id, number=record.number)
            self._events.publish(lost_call)
