"""Transfer targets: whom an agent may call, from queues, team, phone books and contacts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal, get_args

from cachetools import TTLCache

from callcard.actions.roster import Roster
from callcard.crm.base import Contact, ContactNumber
from callcard.crm.directory import Directory
from callcard.errors import CallcardError, CredentialsRejected, FinesseError, NotFound, NotPermitted
from callcard.finesse.objects import PhoneBook
from callcard.principals import Agent
from callcard.settings_sections import QueueTarget
from callcard.telephony.spellings import SUFFIX_DIGITS
from callcard.text import fold

MAX_TARGETS = 50
PHONE_BOOK_SECONDS = 300.0
"""How long a team's phone books are cached: they seldom change and may hold 6,000 contacts."""
WAITING_SECONDS = 10.0
"""How long a queue's number of waiting calls is cached: Finesse counts every 10 s."""
TargetKind = Literal["queue", "agent", "phone-book", "contact"]
KINDS: tuple[TargetKind, ...] = get_args(TargetKind)
_PLACES: dict[TargetKind, str] = {
    "queue": "queues",
    "agent": "roster",
    "phone-book": "phone-book",
    "contact": "contacts",
}
"""Where the targets of a kind are searched."""
MIN_NUMBER_DIGITS = 3
"""With fewer, a text is no number."""
MIN_SEARCH_CHARACTERS = 2
"""For contacts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferTarget:
    kind: TargetKind
    name: str
    detail: str
    """A queue's number of waiting calls, an agent's state; for others where they are from."""
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferTargetList:
    targets: tuple[TransferTarget, ...]
    missing: tuple[str, ...]
    """What could not be searched: `queues`, `roster`, `phone-book` or `contacts`."""


class TransferTargets:
    def __init__(self, directory: Directory, roster: Roster, queues: Sequence[QueueTarget]) -> None:
        self._directory = directory
        self._roster = roster
        self._queues = queues
        self._waiting: TTLCache[str, str] = TTLCache(500, WAITING_SECONDS)
        self._phone_books: TTLCache[tuple[str, str], tuple[PhoneBook, ...]] = TTLCache(
            500, PHONE_BOOK_SECONDS
        )

    async def find(
        self,
        agent: Agent,
        text: str,
        kinds: Sequence[TargetKind] = KINDS,
        limit: int = MAX_TARGETS,
    ) -> TransferTargetList:
        """Return the targets of these kinds with every word of `text` in name, detail or number.

        Without text these are the queues, the team and the phone books.
        """
        words = fold(text).split()
        find: dict[TargetKind, Callable[[], Awaitable[list[TransferTarget]]]] = {
            "queue": lambda: self._queue_targets(agent, words),
            "agent": lambda: self._team(agent),
            "phone-book": lambda: self._phone_book_entries(agent),
            "contact": lambda: self._contacts(text, limit),
        }
        results = await asyncio.gather(*(find[kind]() for kind in kinds), return_exceptions=True)
        targets: list[TransferTarget] = []
        missing = []
        for kind, result in zip(kinds, results, strict=True):
            if isinstance(result, CallcardError) and not isinstance(result, CredentialsRejected):
                missing.append(_PLACES[kind])
            elif isinstance(result, BaseException):
                raise result
            elif kind in ("queue", "contact"):  # found by text already
                targets += result
            else:
                targets += _matching(result, words)
        others = [each for each in targets if each.number != agent.user.extension]
        distinct = _one_per_number(others)
        return TransferTargetList(targets=tuple(distinct[:limit]), missing=tuple(missing))

    async def _queue_targets(self, agent: Agent, words: Sequence[str]) -> list[TransferTarget]:
        """Return the queues with every word in name or number; only these are counted."""
        ids = {queue.number: queue.id for queue in self._queues}
        queues = _matching(
            (
                TransferTarget(kind="queue", name=queue.name, detail="", number=queue.number)
                for queue in self._queues
            ),
            words,
        )
        waiting = await asyncio.gather(*(self._calls_in(agent, ids[q.number]) for q in queues))
        return [replace(queue, detail=count) for queue, count in zip(queues, waiting, strict=True)]

    async def _calls_in(self, agent: Agent, queue_id: str) -> str:
        """Return how many calls wait in a queue; empty if Finesse does not say."""
        if not queue_id:
            return ""
        count = self._waiting.get(queue_id)
        if count is None:
            count = ""
            with suppress(NotPermitted, NotFound, FinesseError):
                queue = await agent.finesse.queue(agent.credential, queue_id)
                counted = queue.statistics.calls_in_queue if queue.statistics else ""
                count = counted if counted.isdecimal() else ""  # -1: it does not count
            self._waiting[queue_id] = count
        return count

    async def _team(self, agent: Agent) -> list[TransferTarget]:
        """Return the agent's team; agents who are not supervisors see those who use Callcard."""
        user = agent.user
        members = {
            row.login_id: TransferTarget(
                kind="agent", name=row.name, detail=row.state, number=row.extension
            )
            for row in await self._roster.team(user.team_id)
        }
        if user.teams or "Supervisor" in user.roles:
            with suppress(NotPermitted, NotFound, FinesseError):
                team = await agent.finesse.team(agent.credential, user.team_id, signed_out=False)
                members = {
                    each.login_id: TransferTarget(
                        kind="agent",
                        name=each.full_name or each.login_id,
                        detail=each.state,
                        number=each.extension,
                    )
                    for each in team.users
                }
        members.pop(user.login_id, None)
        signed_in = [target for target in members.values() if target.number]
        return sorted(signed_in, key=lambda target: target.name)

    async def _phone_book_entries(self, agent: Agent) -> list[TransferTarget]:
        key = (agent.node.name, agent.user.team_id or agent.login_id)
        phone_books = self._phone_books.get(key)
        if phone_books is None:
            phone_books = await agent.finesse.phone_books(agent.credential, agent.login_id)
            self._phone_books[key] = phone_books
        return [
            TransferTarget(
                kind="phone-book",
                name=contact.full_name or contact.phone_number,
                detail=contact.description or phone_book.name,
                number=contact.phone_number,
            )
            for phone_book in phone_books
            for contact in phone_book.contacts
            if contact.phone_number
        ]

    async def _contacts(self, text: str, limit: int) -> list[TransferTarget]:
        if len(text.strip()) < MIN_SEARCH_CHARACTERS:
            return []
        found = await self._directory.search(text, limit)
        targets = []
        for contact in found.contacts:
            number = _number_for(contact, text)
            if number is not None:
                targets.append(
                    TransferTarget(
                        kind="contact",
                        name=contact.name or contact.company,
                        detail=number.label or contact.company,
                        number=number.number,
                    )
                )
        return targets


def _number_for(contact: Contact, text: str) -> ContactNumber | None:
    """Return which number a contact is offered with; if a number was searched, only that one.

    Another number of the same person may be who is on the line already.
    """
    searched = _digits(text)
    if len(searched) < MIN_NUMBER_DIGITS or any(character.isalpha() for character in text):
        return contact.numbers[0] if contact.numbers else None
    end = searched[-SUFFIX_DIGITS:]
    return next((each for each in contact.numbers if end in each.digits), None)


def _digits(text: str) -> str:
    return "".join(filter(str.isdecimal, text))


def _one_per_number(targets: list[TransferTarget]) -> list[TransferTarget]:
    """Leave out what has the number of an earlier one: the team's entry shows the state."""
    by_number: dict[str, TransferTarget] = {}
    for target in targets:
        by_number.setdefault(_digits(target.number) or target.number, target)
    return list(by_number.values())


def _matching(targets: Iterable[TransferTarget], words: Sequence[str]) -> list[TransferTarget]:
    def searched(target: TransferTarget) -> str:
        return fold(f"{target.name} {target.detail} {target.number}")

    return [target for target in targets if all(word in searched(target) for word in words)]
