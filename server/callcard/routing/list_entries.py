"""Make the entries of number lists from what people type or import, or say what is wrong."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from callcard.errors import InvalidField
from callcard.routing.number_lists import (
    ACTIONS,
    DO_NOT_CALL,
    WITHHELD,
    NumberListName,
    NumberLists,
)
from callcard.store.base import ListEntryRow

TARGETS = {"announce": "the name of an announcement", "divert": "a number", "priority": "a number"}
"""What the `target` of an action is; other actions have none."""
MAY_BE_WITHHELD = ("deny", "allow", "flag")
"""The lists that callers who withhold their number can be on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewListEntry:
    """What is asked for. `number` may be a beginning of numbers, as in +4930*, or `withheld`."""

    number: str
    reason: str
    dialled: str = ""
    team: str = ""
    action: str = ""
    target: str = ""
    expires_at: float | None = None


@dataclass(frozen=True, slots=True)
class Author:
    login_id: str
    name: str = ""


def rows_of(
    number_lists: NumberLists, name: NumberListName, new: NewListEntry, author: Author, now: float
) -> list[ListEntryRow]:
    """Return the rows of a new entry, one for each reading of its number. Raises InvalidField."""
    given = new.number.strip()
    is_prefix = given.endswith("*")
    keys: tuple[str, ...]
    if is_prefix:
        keys = (number_lists.prefix(given, "number"),)
    elif given.casefold() == WITHHELD and name in MAY_BE_WITHHELD:
        keys = (WITHHELD,)
    else:
        keys = number_lists.require_keys(given, "number")
    _check_action(name, new)
    check_expiry(new.expires_at, now)
    target = new.target.strip()
    if TARGETS.get(new.action) == "a number":
        target = number_lists.require_keys(target, "target")[0]
    dialled = ""
    if new.dialled.strip():
        if name == DO_NOT_CALL:
            raise InvalidField("dialled", "an entry of do-not-call is itself the number dialled")
        dialled = number_lists.require_keys(new.dialled, "dialled")[0]
    id = secrets.token_hex(8)
    return [
        ListEntryRow(
            id=id,
            list=name,
            number=key,
            is_prefix=is_prefix,
            dialled=dialled,
            team=new.team.strip(),
            given=given,
            action=new.action,
            target=target,
            reason=new.reason,
            author=author.login_id,
            author_name=author.name,
            added_at=now,
            expires_at=new.expires_at,
        )
        for key in keys
    ]


def check_expiry(expires_at: float | None, now: float) -> None:
    """Raise InvalidField for a time that is over."""
    if expires_at is not None and expires_at <= now:
        raise InvalidField("expires_at", "expires_at is in the past")


def _check_action(name: NumberListName, new: NewListEntry) -> None:
    actions = ACTIONS[name]
    if new.action and new.action not in actions:
        raise InvalidField(
            "action", f"an entry of {name} can {' or '.join(actions)}, not {new.action[:40]!r}"
        )
    wanted = TARGETS.get(new.action, "")
    if wanted and not new.target.strip():
        raise InvalidField("target", f"the action {new.action} needs a target: {wanted}")
    if new.target.strip() and not wanted:
        raise InvalidField("target", f"the action {new.action or actions[0]} takes no target")
