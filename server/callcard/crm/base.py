"""Contact sources: their data, and the operations that they can offer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol, Self, get_args

import msgspec

from callcard import times
from callcard.errors import Unsupported
from callcard.telephony.numbers import Number

MAX_MATCHES = 20
"""Contacts that one look-up or search returns at most; hundreds may share a switchboard number."""
MAX_HISTORY_ENTRIES = 10
"""History entries that come with a contact."""
_MAX_SUBJECT_CHARACTERS = 120
_MAX_NOTES_CHARACTERS = 2000

Operation = Literal[
    "by_number", "search", "get", "by_reference", "create", "add_number", "create_case", "log"
]
WriteOperation = Literal["create", "create_case", "log"]
"""Operations that make a record."""
MatchedBy = Literal["exact", "suffix", "variable", "chosen", "remembered"]
"""How a contact was found for a call, see `Match`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactNumber:
    number: str
    """In the notation of the service's own country."""
    label: str = ""
    e164: str | None = None

    @property
    def digits(self) -> str:
        """The digits of the whole number, or of what there is of it."""
        return "".join(filter(str.isdecimal, self.e164 or self.number))


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """An earlier exchange with a contact, on any channel."""

    started_at: str
    """ISO 8601, UTC."""
    kind: str
    """call, mail, chat, visit … in the source's own word."""
    subject: str
    """The source's own line; empty where the fields below say what it was."""
    direction: str = ""
    agent: str = ""
    """Who took part, by name."""
    outcome: str = ""
    """How a call of Callcard's ended, as `InteractionRecord.end_reason`; empty for others."""
    duration_seconds: float = 0.0
    """In conversation and on hold; 0 if unknown."""
    wrap_up_reasons: tuple[str, ...] = ()
    notes: str = ""
    """Of all agents, each with the writer's name if there are several; at most 2,000 characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    id: str
    subject: str
    status: str
    opened_at: str = ""
    url: str = ""
    notes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactRecord:
    """Where one source has a person."""

    source: str
    id: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """One record with its recent history: enough to fill the card from one response."""

    source: str
    id: str
    name: str
    """May be empty: some callers are a number and a company."""
    company: str = ""
    email: str = ""
    url: str = ""
    """Address of the record in the CRM: http or https, or empty."""
    language: str = ""
    """Which the contact speaks: a language tag such as `de`, or the source's own word."""
    flags: tuple[str, ...] = ()
    """What an agent must see at once, as VIP; those that warn come first."""
    warnings: tuple[str, ...] = ()
    """Those of `flags` that warn, as Payment overdue; see `contacts.warning_flags`."""
    numbers: tuple[ContactNumber, ...] = ()
    interactions: tuple[HistoryEntry, ...] = ()
    """The last ten, of all agents, newest first."""
    cases: tuple[Case, ...] = ()
    """The open ones, newest first."""
    created_at: str = ""
    """When the record was made: ISO 8601, UTC; empty if the source does not say."""
    updated_at: str = ""
    """When it was last changed, likewise."""
    records: tuple[ContactRecord, ...] = ()
    """Where several sources have the person, `source` first; empty for one source."""

    def has_record(self, source: str, id: str) -> bool:
        """Return whether this is a source's record, or was merged with it."""
        records = [(self.source, self.id), *((each.source, each.id) for each in self.records)]
        return (source, id) in records


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A contact that was found for a call, and how.

    `exact`: the whole number agrees. `suffix`: only the last digits do. `variable`: a call variable
    names the record. `chosen`: an agent chose it for this call. `remembered`: an agent chose it for
    an earlier call of the number.
    """

    how: MatchedBy
    contact: Contact


@dataclass(frozen=True, slots=True, kw_only=True)
class NewContact:
    """A contact that an agent saves.

    `key` identifies the save: the gadget repeats a request when the proxy loses its response.
    """

    key: str
    name: str
    company: str
    email: str
    numbers: tuple[Number, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCase:
    """A case that an agent opens. `key` identifies the request, which may be repeated."""

    key: str
    contact: str
    """The contact's id."""
    subject: str
    notes: str
    opened_at: str
    """ISO 8601, UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSegment:
    """One agent's segment of a call, consults for it included."""

    agent: str
    name: str
    team: str
    ring_seconds: float
    talk_seconds: float
    hold_seconds: float
    wrap_up_seconds: float
    notes: str
    wrap_up_reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionRecord:
    """A finished call as the CRM gets it. Logging the same `id` again replaces what was logged.

    Times are ISO 8601 in UTC.
    """

    id: str
    contact: str
    """The contact's id in `contact_source`; empty if the caller is unknown."""
    contact_source: str
    direction: Literal["in", "out"]
    number: str
    """The customer's: E.164 if it is a public number, else as Finesse reported it."""
    from_address: str
    to_address: str
    type: str
    queue: str
    started_at: str
    answered_at: str
    ended_at: str
    end_reason: str
    """completed, missed, failed, transferred, or lost when no desktop reported the end."""
    owner: str
    """The agent to whom the interaction is attributed."""
    agents: tuple[AgentSegment, ...]
    wrap_up_reasons: tuple[str, ...]
    variables: dict[str, str]
    call_ids: tuple[str, ...]
    """Finesse's dialog ids of the call."""
    call_key: str
    """UCCE's call key, prefix and id; empty on UCCX."""

    @property
    def subject(self) -> str:
        """Return one line for a list: wrap-up reasons, else the notes' first line."""
        if self.wrap_up_reasons:
            return ", ".join(self.wrap_up_reasons)
        for segment in self.agents:
            notes = segment.notes.strip()
            if notes:
                return notes.splitlines()[0][:_MAX_SUBJECT_CHARACTERS]
        return ""

    @property
    def owner_name(self) -> str:
        """Return the owner's name, or their login id if Finesse has not said it."""
        names = (each.name for each in self.agents if each.agent == self.owner)
        return next(names, "") or self.owner

    @property
    def history_entry(self) -> HistoryEntry:
        """Return the call as an entry of its contact's history: who wrote what stays visible."""
        notes = [(each.name or each.agent, each.notes.strip()) for each in self.agents]
        notes = [(name, text) for name, text in notes if text]
        signed = [f"{name}: {text}" if len(notes) > 1 else text for name, text in notes]
        return HistoryEntry(
            started_at=self.started_at,
            kind="call",
            subject="",
            direction=self.direction,
            agent=", ".join(self._agents_who_took_part),
            outcome=self.end_reason,
            # The customer's time, however many agents shared it.
            duration_seconds=max(0.0, times.seconds_between(self.answered_at, self.ended_at)),
            wrap_up_reasons=self.wrap_up_reasons,
            notes="\n".join(signed)[:_MAX_NOTES_CHARACTERS],
        )

    @property
    def _agents_who_took_part(self) -> list[str]:
        """Return the names of the agents who talked or wrote; of the owner if nobody did."""
        busy = [each for each in self.agents if each.talk_seconds or each.notes.strip()]
        return [each.name or each.agent for each in busy] or [self.owner_name]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactPage:
    """A page of a source's contacts."""

    contacts: tuple[Contact, ...]
    deleted: tuple[str, ...] = ()
    """Ids of contacts that are there no more, as far as the source says."""
    place: str = ""
    """Where the next page is, in the source's own words; empty after the last one."""


class InteractionSink(Protocol):
    """What delivery needs: any contact source that supports `log`."""

    name: str

    async def log(self, interaction: InteractionRecord) -> None:
        """See `ContactSource.log`."""


class ContactSource:
    """A CRM or directory. It overrides the operations that it offers; others raise Unsupported.

    Every operation may raise SourceUnavailable (try later) or SourceRejected (permanent). To find
    nothing is a result, not an error.
    """

    name: str
    """In configuration, responses and error texts; part of a contact's identity."""
    capabilities: frozenset[Operation] = frozenset()
    """The operations that the class overrides; a configured source may offer fewer."""
    cache_seconds: ClassVar[float] = 60.0
    """How long the contacts of a number are remembered, unless the configuration says otherwise."""
    Options: ClassVar[type[msgspec.Struct]]
    """What can be configured for one source of the class."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.capabilities = frozenset(
            operation
            for operation in get_args(Operation)
            if getattr(cls, operation) is not getattr(ContactSource, operation)
        )

    @property
    def description(self) -> str:
        """What an administrator should know of the source's state; often empty."""
        return ""

    @classmethod
    def check(cls, options: Any, name: str) -> None:
        """Raise OperatorError if `options` name something unusable.

        Opening a source sends nothing; a source that makes a file by it overrides this.
        """
        cls.open(options, name)

    @classmethod
    def open(cls, options: Any, name: str) -> Self:
        """Make the source `name` from its `Options`. Raises OperatorError or SourceUnavailable."""
        raise NotImplementedError

    async def by_number(self, number: Number) -> list[Match]:
        """Return the contacts with `number`, the best match first, at most MAX_MATCHES."""
        raise Unsupported("by_number", self.name)

    async def search(self, text: str, limit: int) -> list[Contact]:
        """Return at most `limit` contacts with a name, company, e-mail address or number for each
        word of `text`, the one with this customer number or case id first.

        A word matches where it is the beginning of a word of the contact.
        """
        raise Unsupported("search", self.name)

    async def get(self, id: str) -> Contact | None:
        """Return the contact with this id of the source."""
        raise Unsupported("get", self.name)

    async def by_reference(self, reference: str) -> Contact | None:
        """Return the contact with this customer number or case id."""
        raise Unsupported("by_reference", self.name)

    async def create(self, contact: NewContact) -> Contact:
        """Save a contact, or return the one that was saved with the same key."""
        raise Unsupported("create", self.name)

    async def add_number(self, id: str, number: Number) -> Contact | None:
        """Add a number to the contact with this id, unless it has it. Return the contact."""
        raise Unsupported("add_number", self.name)

    async def create_case(self, case: NewCase) -> Case | None:
        """Open a case, or return the one with the same key; null if there is no such contact."""
        raise Unsupported("create_case", self.name)

    async def log(self, interaction: InteractionRecord) -> None:
        """Save `interaction`, replacing what was logged with the same id."""
        raise Unsupported("log", self.name)

    @classmethod
    def can_list(cls, options: Any) -> bool:
        """Return whether a source with these `options` lists its contacts, for a mirror."""
        return bool(getattr(options, "changes", None))

    @property
    def lists_changes(self) -> bool:
        """Whether `list_contacts` can leave out what has not changed."""
        return False

    def list_contacts(self, since: str, place: str) -> AsyncIterator[ContactPage]:
        """Yield all contacts in pages, for a mirror.

        With `since` (ISO 8601, UTC), only those that were changed from then on. `place` is that of
        an earlier page, from which the listing goes on.
        """
        raise Unsupported("changes", self.name)

    async def remove_written(self, operation: WriteOperation, key: str, id: str) -> None:
        """Remove what an operation made with `key`; its `id` is that of a contact or case.

        `callcard crm check --write` alone does so. Raises Unsupported where it is not configured.
        """
        raise Unsupported(f"{operation}.cleanup", self.name)

    async def close(self) -> None:
        """Release connections and files."""
