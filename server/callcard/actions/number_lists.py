"""Number lists and their audit, as agents, supervisors and administrators manage them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from msgspec import UNSET, UnsetType

from callcard import times
from callcard.errors import AlreadyListed, InvalidField, NotFound, NotPermitted
from callcard.events import EventBus, NumberListChanged
from callcard.principals import Principal
from callcard.routing.list_entries import Author, NewListEntry, check_expiry, rows_of
from callcard.routing.number_lists import (
    ACTIONS,
    NAMES,
    NEVER_LOG,
    WITHHELD,
    NumberListName,
    NumberLists,
)
from callcard.settings_sections import ListsSettings
from callcard.store.base import AuditRow, ListEntryRow, ListEntryState, Store, Transaction
from callcard.telephony import numbers

MAX_ENTRIES = 500
"""Rows of a page of a list."""
MAX_AUDIT_ENTRIES = 500

Right = Literal["decide", "add", "propose", "read"]
"""What somebody may do with a list: everything, add and remove their own entries, propose and take
back their own entries, or nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedNumber:
    """An entry of a number list."""

    id: str
    list: NumberListName
    number: str
    """As people write it; a beginning of numbers ends with *."""
    e164: str
    """Or the digits of an internal number, or `withheld`; may name the entry when it is removed."""
    is_prefix: bool
    dialled: str
    """The entry counts for calls to this number only, if it is not empty."""
    team: str
    """The entry counts for the agents of this team only, by Finesse's id, if it is not empty."""
    action: str
    target: str
    """The number to divert to, or the name of the announcement."""
    reason: str
    author: str
    author_name: str
    added_at: str
    expires_at: str
    """ISO 8601, UTC; empty if the entry does not expire."""
    state: ListEntryState
    has_expired: bool
    removable: bool
    """Whether the agent who asks may remove the entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberListSummary:
    name: NumberListName
    proposals: int
    """How many entries wait for a supervisor to accept or remove them."""
    actions: tuple[str, ...]
    """What entries may do; the first is what they do if none is given."""
    right: Right


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage:
    numbers: tuple[ListedNumber, ...]
    next: str
    """What to send as `after` for the next page; empty on the last one."""


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
        settings: ListsSettings,
        country: str,
        events: EventBus,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._number_lists = number_lists
        self._settings = settings
        self._country = country
        self._events = events
        self._clock = clock

    # ---- reading

    async def naming(self, principal: Principal, number: str) -> tuple[ListedNumber, ...]:
        """Return the entries of all lists that name a number."""
        return self._show(principal, await self._number_lists.entries_for(number))

    async def lists(self, principal: Principal) -> tuple[NumberListSummary, ...]:
        proposals = await self._store.count_proposals()
        return tuple(
            NumberListSummary(
                name=name,
                proposals=proposals.get(name, 0),
                actions=ACTIONS[name],
                right=self._right(principal, name),
            )
            for name in NAMES
        )

    async def page(
        self, principal: Principal, name: str, number: str, after: str, *, proposed_only: bool
    ) -> ListPage:
        """Return entries of a list, the newest first, or all that name `number`."""
        list_name = _list_name(name)
        if number:
            found = await self._number_lists.entries_for(number)
            rows = [each for each in found if each.list == list_name]
            return ListPage(numbers=self._show(principal, rows), next="")
        if after and not after.isdecimal():
            raise InvalidField("after", "after must be `next` of the page before")
        before = int(after[:18]) if after else None
        positions = await self._store.list_entries(
            list_name, MAX_ENTRIES, before, proposed_only=proposed_only
        )
        is_last = len(positions) < MAX_ENTRIES
        rows = [row for _position, row in positions]
        return ListPage(
            numbers=self._show(principal, rows), next="" if is_last else str(positions[-1][0])
        )

    async def audit(self, principal: Principal) -> tuple[AuditEntry, ...]:
        """Return the newest audit entries, for supervisors."""
        _require_supervisor(principal)
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

    # ---- changing

    async def add(self, principal: Principal, name: str, new: NewListEntry) -> ListedNumber:
        """Put a number on a list, or propose it.

        Adding a number again replaces the entry. Raises NotPermitted, InvalidField, AlreadyListed
        if the entry is somebody else's and the agent may not decide.
        """
        list_name = _list_name(name)
        right = self._right(principal, list_name)
        if right == "read":
            raise NotPermitted(
                "Only supervisors and administrators may do this"
                if list_name == NEVER_LOG
                else "Your team may not add to number lists; ask a supervisor"
            )
        author = Author(principal.login_id, principal.full_name)
        rows = rows_of(self._number_lists, list_name, new, author, self._clock())
        if right != "decide":
            self._check_agents_entry(principal, rows[0])
        if right == "propose" and list_name != "flag":
            rows = [replace(row, state="proposed") for row in rows]
        verb = "proposed for" if rows[0].state == "proposed" else "added to"
        async with self._store.transaction() as tx:
            if right != "decide":
                known = await tx.list_entries_with([row.number for row in rows])
                self._check_replaceable(principal, rows, known)
            for row in rows:
                await tx.save_list_entry(row)
                await tx.add_audit_row(self._audit(principal, f"{verb} {name}", row, new.reason))
        self._publish(rows[0], "added")
        return self._shown(principal, rows)

    def _check_agents_entry(self, principal: Principal, row: ListEntryRow) -> None:
        """Raise NotPermitted for what only supervisors may put on a list."""
        if row.is_prefix or row.number == WITHHELD:
            raise NotPermitted("Only supervisors may list more than one number; give a whole one")
        if row.action not in ("", ACTIONS[_list_name(row.list)][0]):
            raise NotPermitted(f"Only supervisors may choose the action {row.action}")
        if row.team not in ("", principal.team_id):
            raise NotPermitted("Only supervisors may add to another team's entries")

    def _check_replaceable(
        self, principal: Principal, rows: Sequence[ListEntryRow], known: Iterable[ListEntryRow]
    ) -> None:
        """Raise AlreadyListed if `rows` would replace an entry that the agent may not replace."""
        places = {row.place for row in rows}
        now = self._clock()
        for each in known:
            is_own = each.author == principal.login_id
            is_weaker = rows[0].state == "proposed" and each.state == "effective"
            if each.place not in places or each.has_expired(now) or (is_own and not is_weaker):
                continue
            author = each.author_name or each.author
            raise AlreadyListed(f"{author} has listed this number already: {each.reason}")

    async def change(
        self,
        principal: Principal,
        name: str,
        id: str,
        *,
        state: ListEntryState | UnsetType,
        reason: str | UnsetType,
        expires_at: float | UnsetType | None,
    ) -> ListedNumber:
        """Accept a proposal, or change an entry's reason or expiry; for supervisors."""
        _require_supervisor(principal)
        given = {"state": state, "reason": reason, "expires_at": expires_at}
        changes: dict[str, Any] = {key: each for key, each in given.items() if each is not UNSET}
        check_expiry(changes.get("expires_at"), self._clock())
        async with self._store.transaction() as tx:
            rows = await self._entry(tx, name, id)
            changed = [replace(row, **changes) for row in rows]
            is_accepted = state == "effective" and rows[0].state == "proposed"
            verb = "accepted for" if is_accepted else "changed on"
            for row in changed:
                await tx.save_list_entry(row)
                await tx.add_audit_row(self._audit(principal, f"{verb} {name}", row, row.reason))
        self._publish(changed[0], "changed")
        return self._shown(principal, changed)

    async def remove(self, principal: Principal, name: str, number: str) -> ListedNumber:
        """Take an entry off a list, by its id or its number, and return what it was.

        Agents remove their own entries. A number names the entry of all calls to all numbers.
        """
        list_name = _list_name(name)
        async with self._store.transaction() as tx:
            rows = await self._named(tx, list_name, number)
            if not rows:
                raise NotFound(f"{number[:40]!r} is not on the list {name}")
            if not all(self._may_remove(principal, row) for row in rows):
                author = rows[0].author_name or rows[0].author
                raise NotPermitted(f"{author} has listed this number; a supervisor can remove it")
            for row in rows:
                is_rejection = row.state == "proposed" and row.author != principal.login_id
                verb = "rejected for" if is_rejection else "removed from"
                if await tx.delete_list_entry(row.id):
                    await tx.add_audit_row(self._audit(principal, f"{verb} {name}", row))
        self._publish(rows[0], "removed")
        return self._shown(principal, rows)

    async def _named(
        self, tx: Transaction, name: NumberListName, number: str
    ) -> list[ListEntryRow]:
        """Return the rows of the entry with an id, else of the entries of a number."""
        rows = await tx.list_entry(number)
        if rows and rows[0].list == name:
            return rows
        keys = self._keys(number)
        found = await tx.list_entries_with(keys) if keys else []
        is_prefix = number.rstrip().endswith("*")
        return [
            row
            for row in found
            if row.list == name and row.is_prefix == is_prefix and not (row.dialled or row.team)
        ]

    def _keys(self, number: str) -> tuple[str, ...]:
        if number.rstrip().endswith("*"):
            return (self._number_lists.prefix(number, "number"),)
        return self._number_lists.keys(number)

    async def _entry(self, tx: Transaction, name: str, id: str) -> list[ListEntryRow]:
        list_name = _list_name(name)
        rows = await tx.list_entry(id)
        if not rows or rows[0].list != list_name:
            raise NotFound(f"The list {name} has no entry {id[:40]!r}")
        return rows

    # ---- rights

    def _right(self, principal: Principal, name: NumberListName) -> Right:
        if principal.is_supervisor:
            return "decide"
        if name == NEVER_LOG:  # it hides calls from the CRM
            return "read"
        if _is_one_of(principal, self._settings.agents_add):
            return "add"
        return "propose" if _is_one_of(principal, self._settings.agents_propose) else "read"

    def _may_remove(self, principal: Principal, row: ListEntryRow) -> bool:
        right = self._right(principal, _list_name(row.list))
        if right == "decide":
            return True
        # Who proposes may take back a proposal, but not what a supervisor has accepted.
        is_own = row.author == principal.login_id
        return is_own and (right == "add" or (right == "propose" and _is_own_business(row)))

    # ---- what is shown

    def _show(self, principal: Principal, rows: Iterable[ListEntryRow]) -> tuple[ListedNumber, ...]:
        entries: dict[str, list[ListEntryRow]] = {}
        for row in rows:
            entries.setdefault(row.id, []).append(row)
        return tuple(self._shown(principal, each) for each in entries.values())

    def _shown(self, principal: Principal, rows: Sequence[ListEntryRow]) -> ListedNumber:
        row = rows[0]
        display = row.number if row.is_prefix else numbers.read(row.number, self._country).display
        return ListedNumber(
            id=row.id,
            list=_list_name(row.list),
            number=f"{display}*" if row.is_prefix else display or row.given,
            e164=row.number,
            is_prefix=row.is_prefix,
            dialled=row.dialled,
            team=row.team,
            action=row.action or ACTIONS[_list_name(row.list)][0],
            target=row.target,
            reason=row.reason,
            author=row.author,
            author_name=row.author_name,
            added_at=times.iso_text(row.added_at),
            expires_at="" if row.expires_at is None else times.iso_text(row.expires_at),
            state=row.state,
            has_expired=row.has_expired(self._clock()),
            removable=self._may_remove(principal, row),
        )

    def _audit(
        self, principal: Principal, action: str, row: ListEntryRow, detail: str = ""
    ) -> AuditRow:
        return AuditRow(
            recorded_at=self._clock(),
            agent=principal.login_id,
            action=action,
            number=f"{row.number}*" if row.is_prefix else row.number,
            detail=detail,
        )

    def _publish(self, row: ListEntryRow, change: Literal["added", "changed", "removed"]) -> None:
        self._events.publish(
            NumberListChanged(list=row.list, entry=row.id, change=change, state=row.state)
        )


def _is_own_business(row: ListEntryRow) -> bool:
    return row.state == "proposed" or row.list == "flag"


def _is_one_of(principal: Principal, teams: Sequence[str]) -> bool:
    return "*" in teams or principal.team_name in teams


def _list_name(name: str) -> NumberListName:
    if name not in NAMES:
        raise NotFound(f"There is no list {name[:40]!r}; there are {', '.join(NAMES)}")
    return name


def _require_supervisor(principal: Principal) -> None:
    if not principal.is_supervisor:
        raise NotPermitted("Only supervisors and administrators may do this")
