"""Numbers that are treated in a way of their own: `never-log` is not written down, `do-not-call` not dialled. Both are audited."""

from __future__ import annotations

from dataclasses import dataclass

from cachetools import TTLCache

from callcard import times
from callcard.api.auth import Agent
from callcard.errors import InvalidField, NotFound, NotPermitted
from callcard.store.sqlite_store import Listed, Store, Writing
from callcard.telephony import numbers

NAMES = ("never-log", "do-not-call")
SHOWN = 500
"""Numbers, or things done, that one answer has at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedNumber:
    number: str
    """As people write it."""
    e164: str
    """Or the digits of an internal number: what removes it again."""
    reason: str
    author: str
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    at: str
    agent: str
    what: str
    number: str
    detail: str


class Lists:
    def __init__(self, store: Store, country: str) -> None:
        self._store, self._country = store, country
        self._told: TTLCache[tuple[str, str], None] = TTLCache(10_000, 3600)
        """What was audited already: a desktop tells of a call many times."""

    async def keeps_out(self, name: str, number: str, *, agent: str, about: str = "") -> bool:
        """Whether `number` is on the list `name`; then it is audited that `agent` met it, once for the same call `about`."""
        key = self._key(number)
        if not key or self._store.listed(name, key) is None:
            return False
        if about and (name, about) in self._told:
            return True
        what = "not logged" if name == "never-log" else "not dialled"
        await self._store.write(lambda writing: writing.audit(agent, what, key))
        if about:
            self._told[name, about] = None
        return True

    def has_met(self, name: str, about: str) -> bool:
        """Whether the call `about` was found to be one of a number on the list."""
        return (name, about) in self._told

    async def add(self, agent: Agent, name: str, number: str, reason: str) -> ListedNumber:
        """For supervisors and administrators. Again, it takes the new reason."""
        self._check(agent, name)
        key = self._key(number)
        if not key:
            raise InvalidField(
                "number", f"{number[:40]!r} is not a number; write it with its country code"
            )
        login = agent.user.login_id

        def write(writing: Writing) -> Listed:
            listed = Listed(
                name=name, number=key, given=number, reason=reason, author=login, at=writing.clock()
            )
            writing.list_number(listed)
            writing.audit(login, f"added to {name}", key, reason)
            return listed

        return self._shown(await self._store.write(write))

    async def remove(self, agent: Agent, name: str, number: str) -> ListedNumber:
        self._check(agent, name)
        key, login = self._key(number), agent.user.login_id
        known = self._store.listed(name, key)
        if known is None:
            raise NotFound(f"{number[:40]!r} is not on the list {name}")

        def write(writing: Writing) -> None:
            if writing.unlist_number(name, key):
                writing.audit(login, f"removed from {name}", key)

        await self._store.write(write)
        return self._shown(known)

    async def shown(self, name: str) -> tuple[ListedNumber, ...]:
        _known(name)
        return tuple(map(self._shown, self._store.list_numbers(name, SHOWN)))

    async def audit(self, agent: Agent) -> tuple[AuditEntry, ...]:
        _supervisor(agent)
        return tuple(
            AuditEntry(
                at=times.text(each.at),
                agent=each.agent,
                what=each.what,
                number=each.number,
                detail=each.detail,
            )
            for each in self._store.audited(SHOWN)
        )

    def _key(self, number: str) -> str:
        read = numbers.read(number, self._country)
        return read.e164 or (read.digits if read.kind == "internal" else "")

    def _check(self, agent: Agent, name: str) -> None:
        _known(name)
        _supervisor(agent)

    def _shown(self, listed: Listed) -> ListedNumber:
        display = numbers.read(listed.number, self._country).display
        return ListedNumber(
            number=display or listed.given,
            e164=listed.number,
            reason=listed.reason,
            author=listed.author,
            at=times.text(listed.at),
        )


def _known(name: str) -> None:
    if name not in NAMES:
        raise NotFound(f"There is no list {name[:40]!r}; there are {', '.join(NAMES)}")


def _supervisor(agent: Agent) -> None:
    if not {"Supervisor", "Admin"} & set(agent.user.roles):
        raise NotPermitted("That is for supervisors and administrators")
