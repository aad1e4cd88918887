"""Open the contact sources and the interaction sink that the settings configure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from callcard.crm.base import ContactSource
from callcard.crm.local import LocalContacts, LocalContactsOptions
from callcard.crm.registry import load_class, open_sink, open_source, parse_options
from callcard.errors import OperatorError
from callcard.settings import Settings


def check_sources(settings: Settings) -> None:
    """Raise OperatorError if a source can't be opened with its options, without opening it."""
    for kind, options in _source_options(settings):
        load_class(kind).check(parse_options(kind, options))


def open_sources(settings: Settings) -> list[ContactSource]:
    """Open the configured contact sources. Raises OperatorError."""
    return [open_source(kind, **options) for kind, options in _source_options(settings)]


def open_delivery_sink(settings: Settings, sources: Sequence[ContactSource]) -> ContactSource:
    """Return the sink of interactions: `delivery.url`, or the first source that can log.

    Raises OperatorError if there is none.
    """
    if settings.delivery.url:
        return open_sink("webhook", url=settings.delivery.url, token=settings.delivery.token)
    for source in sources:
        if "log" in source.capabilities:
            return source
    names = ", ".join(source.name for source in sources)
    raise OperatorError(f"no contact source can log interactions ({names}); set delivery.url")


def open_local_contacts(settings: Settings, write_timeout_seconds: float = 1.0) -> LocalContacts:
    """Open the local contacts alone, for the command line."""
    kind, options = _parse_source(settings, settings.local_source)
    parsed = parse_options(kind, {**options, "write_timeout_seconds": write_timeout_seconds})
    assert isinstance(parsed, LocalContactsOptions)
    return LocalContacts.open(parsed)


def _source_options(settings: Settings) -> Iterator[tuple[str, dict[str, Any]]]:
    for source in settings.sources:
        yield _parse_source(settings, source)


def _parse_source(settings: Settings, source: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the kind of a configured source, and its options with the default country."""
    options = {name: value for name, value in source.items() if name != "kind"}
    kind = str(source.get("kind", ""))
    source_class = load_class(kind)
    if "by_number" not in source_class.capabilities:
        raise OperatorError(f"sources: {kind} has no contacts; set delivery.url to deliver to it")
    if "country" in source_class.Options.__struct_fields__:
        options.setdefault("country", settings.telephony.country)
    return kind, options
