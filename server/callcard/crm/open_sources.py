"""Open the contact sources and the interaction sinks that the settings configure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from callcard.crm import presets
from callcard.crm.base import ContactSource
from callcard.crm.local import LocalContacts, LocalContactsOptions
from callcard.crm.mirrored_crm import MirroredCrm, MirrorOptions
from callcard.crm.registry import load_class, open_sink, parse_options
from callcard.crm.source_guard import GuardedSource, SourceLimits
from callcard.errors import OperatorError
from callcard.settings import SOURCE_SECRETS, Settings
from callcard.text import suggest

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
"""A name is part of addresses and of stored references, source/id."""


@dataclass(frozen=True, slots=True)
class SourceConfiguration:
    """One table of `[[sources]]`."""

    kind: str
    name: str
    limits: SourceLimits
    options: dict[str, Any]
    """Of its kind."""
    mirror: MirrorOptions | None = None
    """How its contacts are copied; None: they are not."""

    def open(self) -> ContactSource:
        """Open the source. Raises OperatorError."""
        source = load_class(self.kind).open(self._parsed, self.name)
        if self.mirror is None:
            return source
        return MirroredCrm(source, self.mirror, self.options["country"])

    def open_guarded(self, settings: Settings) -> GuardedSource:
        """Open the source with its limits. Raises OperatorError."""
        return GuardedSource(
            self.open(),
            self.limits,
            settings.contacts.deadline_seconds,
            secrets=frozenset(_secrets_in(self.options)),
        )

    def check(self) -> None:
        """Raise OperatorError if the source can't be opened, without opening it."""
        source_class = load_class(self.kind)
        source_class.check(self._parsed, self.name)
        if self.mirror is not None and not source_class.can_list(self._parsed):
            raise OperatorError(f"sources: {self.name} can't be mirrored: it has no `changes`")

    @property
    def _parsed(self) -> msgspec.Struct:
        return parse_options(self.kind, self.options)


def _secrets_in(table: Mapping[str, Any]) -> Iterator[str]:
    """Yield the secrets in a source's table, and in the tables in it."""
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _secrets_in(value)
        elif key in SOURCE_SECRETS and isinstance(value, str) and value:
            yield value


def check_sources(settings: Settings) -> None:
    """Raise OperatorError if a source can't be opened with its options, without opening it."""
    for each in read_configurations(settings):
        each.check()


def open_sources(settings: Settings) -> list[GuardedSource]:
    """Open the configured contact sources. Raises OperatorError."""
    return [each.open_guarded(settings) for each in read_configurations(settings)]


@dataclass(frozen=True, slots=True)
class DeliverySink:
    """Where calls are delivered."""

    sink: ContactSource | GuardedSource
    source: str = ""
    """The source whose contacts' calls go there; empty: those of all others, too."""


def open_delivery_sinks(
    settings: Settings, sources: Sequence[GuardedSource]
) -> tuple[DeliverySink, ...]:
    """Return the sinks of interactions, the one for calls that have no other first.

    With `delivery.url` all go there. Else a call goes to the source of its contact, or to the first
    source that can log. Raises OperatorError if there is none.
    """
    if settings.delivery.url:
        url, token = settings.delivery.url, settings.delivery.token
        return (DeliverySink(open_sink("webhook", url=url, token=token)),)
    able = [source for source in sources if "log" in source.capabilities]
    if not able:
        names = ", ".join(source.name for source in sources)
        raise OperatorError(f"no contact source can log interactions ({names}); set delivery.url")
    first, *others = able
    return (DeliverySink(first), *(DeliverySink(each, each.name) for each in others))


def open_local_contacts(settings: Settings, write_timeout_seconds: float = 1.0) -> LocalContacts:
    """Open the local contacts alone, for the command line."""
    local = _read_configuration(settings, settings.local_source)
    options = {**local.options, "write_timeout_seconds": write_timeout_seconds}
    parsed = parse_options(local.kind, options)
    assert isinstance(parsed, LocalContactsOptions)
    return LocalContacts.open(parsed, local.name)


def read_configurations(settings: Settings) -> list[SourceConfiguration]:
    """Return the configured sources. Raises OperatorError for an unusable table."""
    found = [_read_configuration(settings, table) for table in settings.sources]
    for name, count in Counter(each.name for each in found).items():
        if count > 1:
            raise OperatorError(
                f"sources: {count} are called {name}; give each a name = … of its own"
            )
    return found


def _read_configuration(settings: Settings, table: Mapping[str, Any]) -> SourceConfiguration:
    options = dict(table)
    kind = str(options.pop("kind", ""))
    name = str(options.pop("name", kind))
    if not _NAME.fullmatch(name):
        raise OperatorError(
            f"sources: the name {name!r} must be a small letter, and then small letters, digits, "
            "- and _, at most 40"
        )
    mirror = _read_mirror(name, options.pop("mirror", None))
    given = {key: options.pop(key) for key in SourceLimits.__struct_fields__ if key in options}
    try:
        limits = msgspec.convert(given, SourceLimits, strict=False)
    except msgspec.ValidationError as error:
        raise OperatorError(f"sources: {name}: {error}") from None
    if kind in presets.names():
        preset = presets.load(kind)
        known = [*preset.needs, *load_class(preset.kind).Options.__struct_fields__]
        for key in options:
            if key not in known:
                needs = f"; it needs {', '.join(preset.needs)}"
                raise OperatorError(
                    f"sources: {kind} has no option {key!r}{suggest(key, known) or needs}"
                )
        kind, options = presets.expand(kind, options)
    source_class = load_class(kind)
    if "by_number" not in source_class.capabilities:
        raise OperatorError(f"sources: {kind} has no contacts; set delivery.url to deliver to it")
    if "country" in source_class.Options.__struct_fields__:
        options.setdefault("country", settings.telephony.country)
    return SourceConfiguration(kind, name, limits, options, mirror)


def _read_mirror(name: str, table: object) -> MirrorOptions | None:
    if table is None:
        return None
    given = {"path": f"{name}.sqlite", **table} if isinstance(table, dict) else table
    try:
        return msgspec.convert(given, MirrorOptions, strict=False)
    except msgspec.ValidationError as error:
        raise OperatorError(f"sources: {name}: mirror: {error}") from None
