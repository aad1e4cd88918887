"""Statements of a configured database: parameters are bound, never part of the text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from callcard.errors import OperatorError
from callcard.extras import requires_extras
from callcard.telephony.spellings import SPELLINGS
from callcard.text import suggest

with requires_extras("sql"):
    from sqlalchemy import Integer, String, TextClause, bindparam, text

WORDS = ("word1", "word2", "word3", "word4")
INTEGERS = frozenset({"limit", "duration_seconds"})
"""Parameters that are numbers; all others are texts, dates too."""

PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "by_number": (*SPELLINGS, "limit"),
    "search": ("text", "prefix", *WORDS, "limit"),
    "get": ("id",),
    "by_reference": ("reference",),
    "cases": ("id", "limit"),
    "history": ("id", "limit"),
    "create": ("key", "name", "company", "email", "number1", "number2", "number3"),
    "add_number": ("id", "number", "display"),
    "create_case": ("key", "id", "subject", "notes", "opened_at"),
    "log": (
        *("id", "contact", "number", "direction", "started_at", "answered_at", "ended_at"),
        *("duration_seconds", "end_reason", "agent", "agent_name", "queue", "subject", "notes"),
        *("wrap_up_reasons", "call_key", "record"),
    ),
    "changes": ("since", "after", "limit"),
    "remove_create": ("id", "key"),
    "remove_create_case": ("id", "key"),
    "remove_log": ("key",),
}
"""The parameters of each operation's statement."""
READS = ("by_number", "search", "get", "by_reference", "cases", "history", "changes")


@dataclass(frozen=True, slots=True)
class Statement:
    text: TextClause
    names: frozenset[str]
    """Of its parameters."""


def prepare(source: str, operation: str, statement: str, settings: Iterable[str] = ()) -> Statement:
    """Return a statement whose parameters have types. Raises OperatorError, naming the option.

    `settings` are parameters that every statement may use.
    """
    where = f"{source}: {operation}"
    prepared = text(statement.strip().removesuffix(";"))
    if ";" in re.sub(r"'[^']*'", "", prepared.text):
        raise OperatorError(f"{where} must be one statement")
    if operation in READS and not re.match(r"(select|with)\b", prepared.text, re.IGNORECASE):
        raise OperatorError(f"{where} must begin with select or with")
    known = (*PARAMETERS[operation], *settings)
    names = frozenset(prepared.compile().params)
    for name in sorted(names):
        if name not in known:
            raise OperatorError(
                f"{where} has no parameter :{name}{suggest(name, known) or _list(known)}"
            )
    types = {name: Integer() if name in INTEGERS else String() for name in names}
    bound = prepared.bindparams(*(bindparam(name, type_=type) for name, type in types.items()))
    return Statement(bound, names)


def _list(names: Iterable[str]) -> str:
    return "; there are " + ", ".join(f":{name}" for name in names)


def like_prefix(text: str) -> str:
    r"""Return a LIKE pattern for texts that begin so; the escape character is \."""
    return re.sub(r"([%_\\])", r"\\\1", text) + "%"


def search_parameters(given: str, limit: int) -> dict[str, str | int]:
    """Return the parameters of a search.

    `wordN` is a pattern for ' ' || lower(name): a word that begins so. Unused ones match all.
    """
    words = [f"% {like_prefix(word)}" for word in given.casefold().split()]
    padded = [*words, *("%" for _ in WORDS)][: len(WORDS)]
    return {
        "text": given,
        "prefix": like_prefix(given),
        "limit": limit,
        **dict(zip(WORDS, padded, strict=True)),
    }
