"""What a contact is, and what a source of contacts can be asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from callcard.telephony.numbers import Number

MATCHES = 20
"""Contacts that one look-up or search answers at most; a switchboard may be shared by hundreds."""
RECENT = 10
"""Interactions that come with a contact."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactNumber:
    number: str
    """As people write it."""
    label: str = ""
    e164: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    at: str
    """ISO 8601, UTC."""
    kind: str
    """call, mail, chat, visit … : the source's own word."""
    subject: str
    direction: str = ""
    agent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    id: str
    subject: str
    status: str
    opened: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """One record with its recent past: enough to fill the card in one answer."""

    source: str
    id: str
    name: str
    """May be empty: some callers are a number and a company."""
    company: str = ""
    email: str = ""
    url: str = ""
    """Where the record opens in the CRM; http or https, or empty."""
    flags: tuple[str, ...] = ()
    numbers: tuple[ContactNumber, ...] = ()
    interactions: tuple[Interaction, ...] = ()
    """The last ten, of all agents, newest first."""
    cases: tuple[Case, ...] = ()
    """The open ones, newest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """`how`: `exact` when the whole number agrees, `suffix` when only the last digits do, `variable` when a variable of the call
    names the record, `chosen` when an agent has chosen it for this call."""

    how: Literal["exact", "suffix", "variable", "chosen"]
    contact: Contact


@dataclass(frozen=True, slots=True, kw_only=True)
class NewContact:
    """A contact that an agent saves. `key` makes a repeated save one contact: the proxy may lose an answer."""

    key: str
    name: str
    company: str
    email: str
    numbers: tuple[Number, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentShare:
    """What one agent had of a call; times in seconds, those of a consult for it included."""

    agent: str
    name: str
    team: str
    ring: float
    talk: float
    hold: float
    wrap_up: float
    notes: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLog:
    """A call that is over, as a CRM keeps it. `id` is the same however often it is told; the last telling counts.

    Times are ISO 8601 in UTC, durations seconds.
    """

    id: str
    contact: str
    """The contact's id in this source; empty if nobody is known to have called."""
    contact_source: str
    direction: Literal["in", "out"]
    number: str
    """The customer's, as E.164 if it is a public one, else as it came."""
    from_address: str
    to_address: str
    type: str
    queue: str
    began: str
    answered: str
    ended: str
    end: str
    """completed, missed, failed, transferred, or lost: then nobody saw how it ended."""
    owner: str
    """The agent whose interaction it is."""
    agents: tuple[AgentShare, ...]
    reasons: tuple[str, ...]
    variables: dict[str, str]
    calls: tuple[str, ...]
    """Finesse's ids of it."""
    key: str
    """UCCE's call key, prefix and id; empty elsewhere."""

    @property
    def subject(self) -> str:
        """One line for a list: the reasons, else how the notes begin, else how it ended."""
        notes = next(
            (share.notes.strip().splitlines()[0] for share in self.agents if share.notes.strip()),
            "",
        )
        return (
            ", ".join(self.reasons)
            or notes[:120]
            or ("" if self.end == "completed" else self.end.capitalize())
        )


class Log(Protocol):
    """A place that keeps calls. May raise SourceUnavailable, and is then asked again, or SourceRefused, and then is not."""

    name: str

    async def log(self, call: CallLog) -> None:
        """Keep `call`, instead of what was told of the same id before."""


class Source(Protocol):
    """A place that knows contacts. Methods may raise SourceUnavailable; finding nothing is an answer, not an error."""

    name: str

    async def by_number(self, number: Number) -> list[Match]:
        """Contacts with `number`, the likeliest first, at most MATCHES."""

    async def search(self, text: str, limit: int) -> list[Contact]:
        """Contacts of whose name, company or numbers each word of `text` is a beginning, at most `limit`."""

    async def get(self, id: str) -> Contact | None: ...

    async def by_reference(self, reference: str) -> Contact | None:
        """The contact whose id in the site's own numbering, or one of whose cases, `reference` is."""

    async def create(self, contact: NewContact) -> Contact: ...
