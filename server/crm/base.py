"""What a contact is, and what a source of contacts can be asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from server.numbers import Number

MATCHES = 20
"""Contacts that one look-up or search answers at most; a switchboard may be shared by hundreds."""
RECENT = 5
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
    """The last five, newest first."""
    cases: tuple[Case, ...] = ()
    """The open ones, newest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """`how`: `exact` when the whole number agrees, `suffix` when only the last digits do."""

    how: Literal["exact", "suffix"]
    contact: Contact


@dataclass(frozen=True, slots=True, kw_only=True)
class NewContact:
    """A contact that an agent saves. `key` makes a repeated save one contact: the proxy may lose an answer."""

    key: str
    name: str
    company: str
    email: str
    numbers: tuple[Number, ...]


class Source(Protocol):
    """A place that knows contacts. Methods may raise SourceUnavailable; finding nothing is an answer, not an error."""

    name: str

    async def by_number(self, number: Number) -> list[Match]:
        """Contacts with `number`, the likeliest first, at most MATCHES."""

    async def search(self, text: str, limit: int) -> list[Contact]:
        """Contacts of whose name, company or numbers each word of `text` is a beginning, at most `limit`."""

    async def get(self, id: str) -> Contact | None: ...

    async def create(self, contact: NewContact) -> Contact: ...
