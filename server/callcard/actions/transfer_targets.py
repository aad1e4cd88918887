"""Whom an agent may call, consult or transfer to: the phone books, the contacts, and who works beside them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from cachetools import TTLCache

from callcard.api.auth import Agent, Door
from callcard.crm.directory import Directory
from callcard.errors import CallcardError, CredentialsRejected, FinesseError, NotFound, NotPermitted
from callcard.finesse.objects import PhoneBook, User
from callcard.text import fold

MOST = 50
KEPT = 300.0
"""Seconds for which a team's phone books are not read again: they change seldom and may hold 6,000 contacts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    kind: Literal["agent", "phone-book", "contact"]
    name: str
    detail: str
    """Of an agent their state, of the others where they are from."""
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    targets: tuple[Target, ...]
    missing: tuple[str, ...]
    """Where could not be looked: `roster`, `phone-book` or `contacts`."""


class Switchboard:
    def __init__(self, directory: Directory, door: Door) -> None:
        self._directory, self._door = directory, door
        self._books: TTLCache[tuple[str, str], tuple[PhoneBook, ...]] = TTLCache(500, KEPT)

    async def find(self, agent: Agent, text: str, limit: int = MOST) -> Targets:
        """Targets of whose name or number each word of `text` is a part; all but contacts if it is empty."""
        words = fold(text).split()
        agents, books, contacts = await asyncio.gather(
            self._roster(agent),
            self._phone_books(agent),
            self._contacts(text, limit),
            return_exceptions=True,
        )
        found: list[Target] = []
        missing = []
        for place, told in (("roster", agents), ("phone-book", books), ("contacts", contacts)):
            if isinstance(told, CredentialsRejected):
                raise told
            if isinstance(told, CallcardError):
                missing.append(place)
            elif isinstance(told, BaseException):
                raise told
            else:
                found += told if place == "contacts" else _fitting(told, words)
        return Targets(targets=tuple(found[:limit]), missing=tuple(missing))

    async def _roster(self, agent: Agent) -> list[Target]:
        """The agent's team: all of it for a supervisor, for others those who use Callcard now."""
        user = agent.user
        members: Iterable[User] = self._door.present(user.team_id)
        if user.teams or "Supervisor" in user.roles:
            with suppress(NotPermitted, NotFound, FinesseError):
                members = (
                    await agent.finesse.team(agent.credential, user.team_id, signed_out=False)
                ).users
        return [
            Target(kind="agent", name=_name(member), detail=member.state, number=member.extension)
            for member in sorted(members, key=_name)
            if member.extension and member.login_id != user.login_id
        ]

    async def _phone_books(self, agent: Agent) -> list[Target]:
        key = (agent.node.name, agent.user.team_id or agent.user.login_id)
        books = self._books.get(key)
        if books is None:
            books = await agent.finesse.phone_books(agent.credential, agent.user.login_id)
            self._books[key] = books
        return [
            Target(
                kind="phone-book",
                name=f"{contact.first_name} {contact.last_name}".strip() or contact.phone_number,
                detail=contact.description or book.name,
                number=contact.phone_number,
            )
            for book in books
            for contact in book.contacts
            if contact.phone_number
        ]

    async def _contacts(self, text: str, limit: int) -> list[Target]:
        if len(text.strip()) < 2:
            return []
        found = await self._directory.search(text, limit)
        return [
            Target(
                kind="contact",
                name=each.name or each.company,
                detail=number.label or each.company,
                number=number.number,
            )
            for each in found.contacts
            for number in each.numbers[:1]
        ]


def _fitting(targets: Iterable[Target], words: list[str]) -> list[Target]:
    def text(target: Target) -> str:
        return fold(f"{target.name} {target.detail} {target.number}")

    return [
        target for target in targets if not words or all(word in text(target) for word in words)
    ]


def _name(user: User) -> str:
    return f"{user.first_name} {user.last_name}".strip() or user.login_id
