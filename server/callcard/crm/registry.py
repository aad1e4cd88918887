"""The kinds of contact sources, and how one is made from configuration."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from importlib import import_module

import msgspec

from callcard.crm import presets
from callcard.crm.base import ContactSource
from callcard.errors import OperatorError
from callcard.text import suggest

SOURCES = {
    "carddav": "callcard.crm.carddav:CardDav",
    "jsonrpc": "callcard.crm.jsonrpc:JsonRpc",
    "ldap": "callcard.crm.ldap:Ldap",
    "local": "callcard.crm.local:LocalContacts",
    "odata": "callcard.crm.odata:OData",
    "rest": "callcard.crm.rest:Rest",
    "sql": "callcard.crm.sql:Sql",
    "webhook": "callcard.crm.webhook:Webhook",
}
"""Each kind's class, in alphabetical order. It is imported on use."""


def open_source(kind: str, **options: object) -> ContactSource:
    """Make a contact source of a kind. Raises OperatorError for an unknown kind or bad options."""
    return load_class(kind).open(parse_options(kind, options), kind)


def parse_options(kind: str, options: Mapping[str, object]) -> msgspec.Struct:
    """Return the options of a kind. Raises OperatorError for an unknown kind or bad options."""
    source_class = load_class(kind)
    known = [field.name for field in msgspec.structs.fields(source_class.Options)]
    for name in options:
        if name not in known:
            raise OperatorError(f"{kind} has no option {name!r}{_hint(name, known)}")
    try:
        # Not strict: values from the environment are text, also numbers.
        parsed: msgspec.Struct = msgspec.convert(options, source_class.Options, strict=False)
    except msgspec.ValidationError as error:
        raise OperatorError(f"options of {kind}: {error}") from None
    return parsed


def open_sink(kind: str, **options: object) -> ContactSource:
    """Make a contact source that can log interactions. Raises OperatorError if the kind cannot."""
    if "log" not in load_class(kind).capabilities:
        able = [each for each in SOURCES if "log" in load_class(each).capabilities]
        raise OperatorError(f"{kind} does not log interactions; choose one of {', '.join(able)}")
    return open_source(kind, **options)


def load_class(kind: str) -> type[ContactSource]:
    """Import the class of a kind. Raises OperatorError with a suggestion for an unknown kind."""
    path = SOURCES.get(kind)
    if path is None:
        known = [*SOURCES, *presets.names()]
        raise OperatorError(f"there is no contact source {kind!r}{_hint(kind, known)}")
    module, _colon, name = path.partition(":")
    source_class: type[ContactSource] = getattr(import_module(module), name)
    return source_class


def _hint(name: str, known: Collection[str]) -> str:
    return suggest(name, known) or f"; there are {', '.join(known)}"
