"""The store's contract: rows, reads, and the transaction. Code above `store/` knows no database.

Times are seconds since the epoch unless a name says otherwise. Every method raises StoreUnavailable
when the database cannot be used.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Literal, Protocol

from callcard.store.api_keys import ApiKeyRow
from callcard.store.coaching import CoachingMessage

DeliveryStatus = Literal["unverified", "open", "due", "delivered", "parked"]
"""Where a call stands on its way to the CRM; `journal.lifecycle` holds the transitions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DialogRow:
    """One of Finesse's dialogs that a call record covers or names. Dialog ids are reused after a
    while."""

    dialog: str
    call_key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalRow:
    """A call record with its delivery state. `document` is opaque to the store."""

    id: str
    document: bytes
    status: DeliveryStatus
    last_report_at: float
    due_at: float | None = None
    attempts: int = 0
    problem: str = ""
    contact: str = ""
    """source/id of the contact; of a call without one /digits, the number's last; or empty."""
    sent: bool = False
    """A delivery was begun at least once: the CRM may have the record under this id."""
    dialogs: tuple[DialogRow, ...] = ()
    """Written with the row, not read with it."""


ListEntryState = Literal["effective", "proposed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListEntryRow:
    """A number, or the beginning of numbers, on a number list.

    An entry whose digits can be read in several ways has a row for each, with the same `id`.
    """

    id: str
    list: str
    number: str
    """E.164, the digits of an internal number, or `withheld`."""
    is_prefix: bool = False
    dialled: str = ""
    """The entry counts for calls to this number only; E.164 or internal digits."""
    team: str = ""
    """The entry counts for the agents of this team only, by Finesse's id."""
    given: str
    """As it was typed."""
    action: str = ""
    target: str = ""
    """Where the action leads: a number to divert to, or the name of an announcement."""
    reason: str
    author: str
    """A login id, or what imported it."""
    author_name: str = ""
    added_at: float
    expires_at: float | None = None
    state: ListEntryState = "effective"

    def has_expired(self, now: float) -> bool:
        return self.expires_at is not None and self.expires_at <= now

    def is_in_force(self, now: float) -> bool:
        """Return whether the entry counts: it is no proposal and has not expired."""
        return self.state == "effective" and not self.has_expired(now)

    @property
    def place(self) -> tuple[str, str, bool, str, str]:
        """Return what no two rows have in common."""
        return self.list, self.number, self.is_prefix, self.dialled, self.team


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    recorded_at: float
    agent: str
    action: str
    number: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """A customer to call back. `due_at` is ISO 8601 in UTC, or empty for "when there is time"."""

    id: str
    agent: str
    status: Literal["open", "done", "cancelled"]
    due_at: str
    number: str
    name: str
    contact: str
    """source/id, or empty."""
    note: str
    created_at: str
    display: str = ""
    """The number as people write it."""
    state_before: str = ""
    """The agent's state before dialling, restored after the call; empty if it stays as it is."""
    reason: str = ""
    """The id of the Not Ready reason set for the call."""
    last_tried_at: str = ""
    """When it was last dialled; empty if never."""
    reopened: bool = False
    """The agent has opened it again since it was dialled: it was a mailbox, for example."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactChoice:
    """Which contact an agent chose for a number; the last choice counts."""

    number: str
    """E.164."""
    contact: str
    """source/id"""
    chosen_by: str
    """A login id."""
    name: str
    """The agent's name."""
    chosen_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """An event that other programs can read."""

    id: int = 0
    """Its place in the order of all events; 0 before it is saved."""
    recorded_at: float
    type: str
    agents: tuple[str, ...]
    """The login ids of those whom it is about."""
    teams: tuple[str, ...]
    """Those of the agents, by Finesse's ids, as far as they are known."""
    data: bytes
    """JSON."""
    subject: str = ""
    """What it is about, if an event that says the same as the one before is left out."""
    token: str = ""
    """Unlike that of every other event: an event is saved once, however often it is added."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterRow:
    """An agent who uses Callcard, as Finesse described them last."""

    login_id: str
    team_id: str
    name: str
    extension: str
    state: str
    state_since: str = ""
    updated_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryShare:
    """Which calls are delivered to one sink."""

    source: str = ""
    """Those of this source's contacts; if it is empty, all but those of `others`."""
    others: tuple[str, ...] = ()
    """Sources whose calls have a sink of their own."""


ALL_CALLS = DeliveryShare()


class ChoiceReader(Protocol):
    """What remembers which contacts agents chose."""

    async def contact_choice(self, number: str) -> ContactChoice | None:
        """Return which contact was chosen for a number in E.164."""


class StoreReader(ChoiceReader, Protocol):
    """Reads that the store and a transaction share."""

    async def journal_row(self, id: str) -> JournalRow | None:
        """Return the record `id`, or the one into which it was merged."""

    async def find_journal_rows(
        self, dialogs: Iterable[str], call_key: str = ""
    ) -> list[JournalRow]:
        """Return records of one of `dialogs` or of `call_key`, newest first."""

    async def list_entries_with(self, numbers: Sequence[str]) -> list[ListEntryRow]:
        """Return the rows of all number lists whose `number` is one of `numbers`."""

    async def list_entry(self, id: str) -> list[ListEntryRow]:
        """Return the rows of an entry, in the order in which they were saved."""


class Transaction(StoreReader, Protocol):
    """Reads and writes that are committed together. Await nothing else inside."""

    async def save_journal_row(self, row: JournalRow) -> None: ...

    async def delete_journal_row(self, id: str) -> None: ...

    async def merge_journal_row(self, id: str, into: str) -> None:
        """Delete the record `id`, which became part of the record `into`."""

    async def silent_journal_rows(self, before: float, limit: int) -> list[JournalRow]:
        """Return open records whose last report came before the given time."""

    async def unverified_journal_rows(
        self, before: float, now: float, limit: int
    ) -> list[JournalRow]:
        """Return unverified records whose last report came before `before`, or that are due."""

    async def void_future_times(self, now: float, latest_report: float, latest_due: float) -> None:
        """Set later times of reports and deliveries to `now`: a clock was ahead."""

    async def parked_rows_with(self, problem: str, before: float, limit: int) -> list[JournalRow]:
        """Return parked records with this problem, without a report since the given time."""

    async def count_dialogs(self, prefix: str, limit: int) -> int:
        """Return how many records have a dialog whose name starts with `prefix`, up to `limit`."""

    async def purge_delivered(self, before: float, limit: int) -> None:
        """Delete delivered records without a report since the given time."""

    async def mark_never_logged(self, dialog: str, now: float) -> bool:
        """Remember that a dialog must never be logged. Return False if it was marked before."""

    async def was_outage(self, at: float, margin: float) -> bool:
        """Return whether no worker ran at a time, give or take `margin` seconds."""

    async def purge_never_logged(self, before: float) -> None:
        """Forget marks that are older: dialog ids are reused."""

    async def save_list_entry(self, row: ListEntryRow) -> None:
        """Save a row in place of one of the same list, number and scope."""

    async def delete_list_entry(self, id: str) -> bool:
        """Delete the rows of an entry. Return whether there were any."""

    async def add_audit_row(self, row: AuditRow) -> None: ...

    async def save_contact_choice(self, choice: ContactChoice) -> None:
        """Remember a choice in place of the number's earlier one."""

    async def delete_contact_choice(self, number: str) -> bool:
        """Forget the choice for a number. Return whether there was one."""

    async def callback(self, id: str) -> Callback | None: ...

    async def save_callback(self, callback: Callback) -> None: ...

    async def save_api_key(self, row: ApiKeyRow) -> None:
        """Save a key; `last_used_at` is what `note_api_key_use` said."""

    async def note_api_key_use(self, id: str, used_at: float) -> None: ...

    async def coaching_message(self, id: str) -> CoachingMessage | None: ...

    async def save_coaching_message(self, message: CoachingMessage) -> None: ...

    async def purge_coaching_messages(self, before: float) -> None: ...

    async def save_roster_row(self, row: RosterRow) -> None: ...

    async def roster_row(self, login_id: str) -> RosterRow | None: ...

    async def add_event(self, row: EventRow) -> None:
        """Add an event after all others, unless one with its token is there."""

    async def last_event_data(self, subject: str) -> bytes:
        """Return the data of the last event with a subject; nothing if there is none."""

    async def purge_events(self, before: float, limit: int) -> int:
        """Delete up to `limit` events that were recorded earlier; return how many."""

    async def add_outage(self, started_at: float, ended_at: float) -> None:
        """Remember that no worker ran, so that no call could be reported in time."""

    async def purge_outages(self, before: float) -> None: ...

    async def acquire_lease(self, name: str, worker: str, now: float, seconds: float) -> bool:
        """Return whether `worker` holds the lease `name` now, extending it if so.

        A lease that ends later than `seconds` from now was taken by a clock that was ahead, and
        does not count.
        """


class Store(StoreReader, Protocol):
    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """Run the body as one transaction; after the block it is on disk."""

    async def is_never_logged(self, dialogs: Sequence[str]) -> bool:
        """Return whether one of `dialogs` was marked as never logged."""

    async def contact_journal_rows(self, contact: str, limit: int) -> list[JournalRow]:
        """Return the newest undelivered records of a contact (`source/id`)."""

    async def number_journal_rows(self, digits: str, limit: int) -> list[JournalRow]:
        """Return the newest records of calls without a contact by their number's last digits."""

    async def due_journal_rows(
        self, now: float, limit: int, share: DeliveryShare = ALL_CALLS
    ) -> list[JournalRow]:
        """Return what is due for delivery, the longest waiting first."""

    async def open_journal_rows(self, limit: int) -> list[JournalRow]:
        """Return the calls that go on, those that were reported last first."""

    async def parked_journal_rows(self, limit: int) -> list[JournalRow]: ...

    async def count_by_status(self) -> dict[str, int]:
        """Count the records that are not delivered yet, by status."""

    async def oldest_due_at(self) -> float | None:
        """Return since when the longest waiting record is due; None if none is."""

    async def check(self) -> None:
        """Write something. Raises StoreUnavailable if nothing can be saved, or soon."""

    async def list_entries(
        self, list: str, limit: int, before: int | None = None, *, proposed_only: bool = False
    ) -> list[tuple[int, ListEntryRow]]:
        """Return the newest rows of a list, each with its position.

        `before` is the position at which the last page ended.
        """

    async def count_proposals(self) -> dict[str, int]:
        """Count the proposed rows of each list that has some."""

    async def audit_rows(self, limit: int) -> list[AuditRow]:
        """Return the last audit entries, newest first."""

    async def api_key(self, id: str) -> ApiKeyRow | None: ...

    async def api_keys(self) -> list[ApiKeyRow]:
        """Return all keys, also those that have ended, the oldest first."""

    async def callback(self, id: str) -> Callback | None: ...

    async def open_callbacks(self, agent: str, limit: int) -> list[Callback]:
        """Return the open callbacks of `agent`, the first to be called first."""

    async def coaching_messages(
        self, agent: str, since: float, limit: int
    ) -> list[CoachingMessage]:
        """Return the messages to an agent, the latest first."""

    async def has_unread_coaching(self, agent: str) -> bool: ...

    async def events_after(self, id: int, limit: int) -> list[EventRow]:
        """Return the events after one, in their order."""

    async def event_range(self) -> tuple[int, int]:
        """Return the ids of the oldest event that is kept and of the last one that was added.

        If none is kept, the first is one more than the second.
        """

    async def roster_row(self, login_id: str) -> RosterRow | None: ...

    async def roster(self, team_id: str | None, since: float) -> list[RosterRow]:
        """Return the agents of a team, or of all, who used Callcard since the given time."""

    async def lease_expiry(self, name: str) -> float | None:
        """Return until when a lease is held; None if it never was."""

    async def close(self) -> None:
        """Commit what is under way and close."""
