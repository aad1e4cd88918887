"""Number lists: numbers that are never logged or never called, and whether a call is affected."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Literal

from callcard.errors import DoNotCall
from callcard.store.base import AuditRow, Store
from callcard.telephony import numbers
from callcard.telephony.numbers import Number

NumberListName = Literal["never-log", "do-not-call"]
NEVER_LOG: NumberListName = "never-log"
DO_NOT_CALL: NumberListName = "do-not-call"
NAMES: tuple[NumberListName, ...] = (NEVER_LOG, DO_NOT_CALL)

NEVER_LOGGED_SECONDS = 3600.0
"""How long a call is remembered as never logged; no consult of it starts later than this."""


class NumberLists:
    """Which numbers are on which list. Every hit is audited."""

    def __init__(
        self,
        store: Store,
        country: str,
        clock: Callable[[], float] = time.time,
        internal_numbers: Sequence[str] = (),
    ) -> None:
        self._store = store
        self._country = country
        self._internal_numbers = internal_numbers
        self._clock = clock

    def keys(self, number: str) -> tuple[str, ...]:
        """Return the forms in which a number is listed: E.164 or internal digits.

        Several if its digits can be read in several ways, so that the stricter reading wins.
        """
        readings = numbers.readings(number, self._country, self._internal_numbers)
        return tuple(filter(None, map(_key, readings)))

    def key(self, number: str) -> str:
        """Return the likeliest of `keys`, or nothing."""
        return next(iter(self.keys(number)), "")

    async def is_listed(self, name: NumberListName, number: str) -> bool:
        for key in self.keys(number):
            if await self._store.listed_number(name, key) is not None:
                return True
        return False

    async def check_dialling(self, agent: str, number: str) -> None:
        """Raise DoNotCall for a number that must not be called, and record the attempt.

        Also for one behind a service code.
        """
        called = numbers.called_numbers(number, self._country, self._internal_numbers)
        keys = {_key(each) for each in called} - {""}
        listed = [key for key in keys if await self._store.listed_number(DO_NOT_CALL, key)]
        if listed:
            async with self._store.transaction() as tx:
                await tx.add_audit_row(self._audit(agent, "not dialled", listed[0]))
            raise DoNotCall("This number is on the do-not-call list; a supervisor can remove it")

    async def is_never_logged(self, number: str, related_dialogs: Sequence[str]) -> bool:
        """Return whether the call, or the call of this consult, must not be logged."""
        if related_dialogs and await self._store.is_never_logged(related_dialogs):
            return True
        return await self.is_listed(NEVER_LOG, number)

    async def mark_never_logged(self, agent: str, number: str, dialog: str) -> None:
        """Remember a call that is not logged, for consults reported later, to whichever worker.

        The first report of such a call is recorded in the audit.
        """
        is_known = await self._store.is_never_logged([dialog])
        if is_known or not await self.is_listed(NEVER_LOG, number):
            return
        async with self._store.transaction() as tx:
            if await tx.mark_never_logged(dialog, self._clock()):
                await tx.add_audit_row(self._audit(agent, "not logged", number))

    def _audit(self, agent: str, action: str, number: str) -> AuditRow:
        return AuditRow(
            recorded_at=self._clock(),
            agent=agent,
            action=action,
            number=self.key(number),
            detail="",
        )


def _key(number: Number) -> str:
    return number.e164 or (number.digits if number.kind == "internal" else "")
