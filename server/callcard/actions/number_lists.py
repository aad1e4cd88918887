"""Number lists and their audit, as supervisors and administrators manage them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from callcard import times
from callcard.errors import NotFound, NotPermitted
from callcard.identity import Agent
from callcard.routing.number_lists import NAMES, NumberLists
from callcard.store.base import AuditRow, ListedNumberRow, Store
from callcard.telephony import numbers

MAX_NUMBERS = 500
MAX_AUDIT_ENTRIES = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedNumber:
    number: str
    """As people write it."""
    e164: str
    """Or the digits of an internal number; names the entry when it is removed."""
    reason: str
    author: str
    added_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    recorded_at: str
    agent: str
    action: str
    number: str
    detail: str


class NumberListActions:
    def __init__(
        self,
        store: Store,
        number_lists: NumberLists,
        country: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._number_lists = number_lists
        self._country = country
        self._clock = clock

    async def list(self, name: str) -> tuple[ListedNumber, ...]:
        """Return the newest numbers of a list."""
        _require_name(name)
        rows = await self._store.listed_numbers(name, MAX_NUMBERS)
        return tuple(self._show(row) for row in rows)

    async def add(self, agent: Agent, name: str, number: str, reason: str) -> ListedNumber:
        """Put a number on a list, in each of its readings. Adding it again replaces the reason."""
        _require_name(name)
        _require_supervisor(agent)
        numbers.require(number, self._country, "number")
        rows = [
            ListedNumberRow(
                list=name,
                number=key,
                given=number,
                reason=reason,
                author=agent.login_id,
                added_at=self._clock(),
            )
            for key in self._number_lists.keys(number)
        ]
        async with self._store.transaction() as tx:
            for row in rows:
                await tx.save_listed_number(row)
                await tx.add_audit_row(self._audit(agent, f"added to {name}", row.number, reason))
        return self._show(rows[0])

    async def remove(self, agent: Agent, name: str, number: str) -> ListedNumber:
        """Take a number off a list, in each of its readings, and return what it was."""
        _require_name(name)
        _require_supervisor(agent)
        keys = self._number_lists.keys(number)
        found = [await self._store.listed_number(name, key) for key in keys]
        rows = [row for row in found if row is not None]
        if not rows:
            raise NotFound(f"{number[:40]!r} is not on the list {name}")
        async with self._store.transaction() as tx:
            for row in rows:
                if await tx.delete_listed_number(name, row.number):
                    audited = self._audit(agent, f"removed from {name}", row.number)
                    await tx.add_audit_row(audited)
        return self._show(rows[0])

    async def audit(self, agent: Agent) -> tuple[AuditEntry, ...]:
        """Return the newest audit entries, for supervisors."""
        _require_supervisor(agent)
        return tuple(
            AuditEntry(
                recorded_at=times.iso_text(row.recorded_at),
                agent=row.agent,
                action=row.action,
                number=row.number,
                detail=row.detail,
            )
            for row in await self._store.audit_rows(MAX_AUDIT_ENTRIES)
        )

    def _audit(self, agent: Agent, action: str, number: str, detail: str = "") -> AuditRow:
        return AuditRow(
            recorded_at=self._clock(),
            agent=agent.login_id,
            action=action,
            number=number,
            detail=detail,
        )

    def _show(self, row: ListedNumberRow) -> ListedNumber:
        display = numbers.read(row.number, self._country).display
        return ListedNumber(
            number=display or row.given,
            e164=row.number,
            reason=row.reason,
            author=row.author,
            added_at=times.iso_text(row.added_at),
        )


def _require_name(name: str) -> None:
    if name not in NAMES:
        raise NotFound(f"There is no list {name[:40]!r}; there are {', '.join(NAMES)}")


def _require_supervisor(agent: Agent) -> None:
    if not agent.is_supervisor:
        raise NotPermitted("Only supervisors and administrators may do this")
