"""Number lists: which numbers are rejected, allowed, flagged, never logged or never called."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Literal

from callcard.errors import DoNotCall, InvalidField
from callcard.routing.decision import RoutedCall, in_force, lookup_keys, names
from callcard.store.base import AuditRow, ListEntryRow, Store
from callcard.telephony import numbers
from callcard.telephony.internal_numbers import is_internal
from callcard.telephony.numbers import Number

NumberListName = Literal["deny", "allow", "flag", "never-log", "do-not-call"]
NEVER_LOG: NumberListName = "never-log"
DO_NOT_CALL: NumberListName = "do-not-call"
ACTIONS: dict[NumberListName, tuple[str, ...]] = {
    "deny": ("reject", "announce", "divert"),
    "allow": ("continue", "priority"),
    "flag": ("flag",),
    NEVER_LOG: ("never-log",),
    DO_NOT_CALL: ("do-not-call",),
}
"""What the entries of a list may do; the first is what they do if none is given."""
NAMES: tuple[NumberListName, ...] = tuple(ACTIONS)
WITHHELD = "withheld"
"""The key of every caller who withholds the number."""
NEVER_LOGGED_SECONDS = 3600.0
"""How long a call is remembered as never logged; no consult of it starts later than this."""


class NumberLists:
    """Which numbers are on which list. Every call that is not logged or not made is audited."""

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
        """Return the forms in which a number is listed: E.164, internal digits, or `withheld`.

        Several if its digits can be read in several ways, so that the stricter reading wins. None
        for an empty text: that is no caller who withholds the number, but no number.
        """
        if not number.strip():
            return ()
        readings = numbers.readings(number, self._country, self._internal_numbers)
        return tuple(filter(None, map(_key, readings)))

    def key(self, number: str) -> str:
        """Return the likeliest of `keys`, or nothing."""
        return next(iter(self.keys(number)), "")

    def prefix(self, text: str, field: str) -> str:
        """Return the beginning of numbers that `text` names, as in `+49 30*` or `70*`.

        Raises InvalidField, which names `field`.
        """
        start = text.strip().rstrip("*").strip()
        digits = "".join(filter(str.isdecimal, start))
        if not digits or not digits.isascii() or set(start) - set("+0123456789 -/().\u00a0"):
            raise InvalidField(
                field,
                f"{text[:40]!r} is no beginning of numbers; write it with its country code, as in "
                "+4930*, or as internal digits, as in 70*",
            )
        if not start.startswith("+"):
            if digits.startswith("0") and not self._may_be_internal(digits):
                raise InvalidField(
                    field,
                    f"{text[:40]!r} is no beginning of internal numbers; write it with its country "
                    "code, as in +4930*",
                )
            return digits
        own = numbers.country_code(self._country)
        if own.startswith(digits):
            raise InvalidField(
                field, f"{text[:40]!r} is every number of your own country; write more digits"
            )
        return f"+{digits}"

    def _may_be_internal(self, start: str) -> bool:
        """Return whether the settings have internal numbers that begin so."""
        internal = tuple(self._internal_numbers)
        ends = (start.ljust(length, "0") for length in range(len(start), 16))
        return bool(internal) and any(is_internal(digits, internal) for digits in ends)

    def require_keys(self, number: str, field: str) -> tuple[str, ...]:
        """Return the keys of a whole number. Raises InvalidField, which names `field`."""
        numbers.require(number, self._country, field, self._internal_numbers)
        return self.keys(number)

    async def entries_for(self, number: str) -> list[ListEntryRow]:
        """Return all entries that name a number, also those that are not in force.

        A beginning of numbers, as in +4930*, has the entries of just that beginning. Raises
        InvalidField.
        """
        if number.rstrip().endswith("*"):
            start = self.prefix(number, "number")
            entries = await self._store.list_entries_with([start])
            return [each for each in entries if each.is_prefix and each.number == start]
        keys = self.keys(number)
        return [each for each in await self._entries(keys) if names(each, keys)]

    async def _entries(self, keys: Sequence[str]) -> list[ListEntryRow]:
        wanted = lookup_keys(keys)
        return await self._store.list_entries_with(wanted) if wanted else []

    async def concerned(
        self, calling: str, called: str = "", team: str = ""
    ) -> tuple[RoutedCall, tuple[ListEntryRow, ...]]:
        """Return a call as the lists see it, and the entries that concern it, by precedence.

        `called` is the number that the caller dialled, `team` the agent's, both empty if unknown.
        """
        call = RoutedCall(
            calling=self.keys(calling), called=self.keys(called) if called else (), team=team
        )
        return call, in_force(await self._entries(call.calling), call, self._clock())

    async def is_listed(
        self, name: NumberListName, number: str, called: str = "", team: str = ""
    ) -> bool:
        _call, entries = await self.concerned(number, called, team)
        return any(each.list == name for each in entries)

    async def check_dialling(self, agent: str, number: str, team: str = "") -> None:
        """Raise DoNotCall for a number that must not be called, and record the attempt.

        Also for one behind a service code.
        """
        called = numbers.called_numbers(number, self._country, self._internal_numbers)
        call = RoutedCall(calling=[key for key in map(_key, called) if key], team=team)
        concerned = in_force(await self._entries(call.calling), call, self._clock())
        listed = [each for each in concerned if each.list == DO_NOT_CALL]
        if listed:
            async with self._store.transaction() as tx:
                await tx.add_audit_row(self._audit(agent, "not dialled", listed[0].number))
            raise DoNotCall("This number is on the do-not-call list; a supervisor can remove it")

    async def is_never_logged(
        self, number: str, related_dialogs: Sequence[str], called: str = "", team: str = ""
    ) -> bool:
        """Return whether the call, or the call of this consult, must not be logged."""
        if related_dialogs and await self._store.is_never_logged(related_dialogs):
            return True
        return await self.is_listed(NEVER_LOG, number, called, team)

    async def mark_never_logged(
        self, agent: str, number: str, dialog: str, called: str = "", team: str = ""
    ) -> None:
        """Remember a call that is not logged, for consults reported later, to whichever worker.

        The first report of such a call is recorded in the audit.
        """
        is_known = await self._store.is_never_logged([dialog])
        if is_known or not await self.is_listed(NEVER_LOG, number, called, team):
            return
        async with self._store.transaction() as tx:
            if await tx.mark_never_logged(dialog, self._clock()):
                await tx.add_audit_row(self._audit(agent, "not logged", self.key(number)))

    def _audit(self, agent: str, action: str, number: str) -> AuditRow:
        return AuditRow(
            recorded_at=self._clock(), agent=agent, action=action, number=number, detail=""
        )


def _key(number: Number) -> str:
    if number.kind == "withheld":
        return WITHHELD
    return number.e164 or (number.digits if number.kind == "internal" else "")
