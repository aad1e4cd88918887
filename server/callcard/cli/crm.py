"""`callcard crm check`: what a configured contact source can do, tried against the real one."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import click

from callcard.cli.options import config_option
from callcard.crm.base import Contact, ContactSource, Match, Operation
from callcard.crm.open_sources import SourceConfiguration, read_configurations
from callcard.errors import CallcardError, OperatorError
from callcard.settings import Settings
from callcard.telephony import numbers
from callcard.terminal import echo
from callcard.text import suggest

_WRITES: tuple[Operation, ...] = ("create", "add_number", "create_case", "log")
_SEARCH_LIMIT = 5
_T = TypeVar("_T")


@click.group()
def crm() -> None:
    """Add contact sources, and try them."""


@crm.command()
@click.argument("name")
@config_option
@click.option("--number", required=True, help="A number that a contact of the source has.")
@click.option("--text", help="Words to search for, instead of the found contact's name.")
@click.option("--reference", help="The number of a case or customer, if the source knows them.")
def check(
    name: str, config: Path | None, number: str, text: str | None, reference: str | None
) -> None:
    """Try every read of the source NAME, and say which work and how long they take.

    Nothing is written to the source. The exit status is 1 if a read fails, or finds nobody with
    the number.
    """
    settings = Settings.read(config)
    configurations = {each.name: each for each in read_configurations(settings)}
    configuration = configurations.get(name)
    if configuration is None:
        known = ", ".join(configurations)
        raise OperatorError(
            f"there is no source {name!r}{suggest(name, configurations) or f'; there are {known}'}"
        )
    works = asyncio.run(check_source(configuration, settings, number, text, reference))
    sys.exit(0 if works else 1)


async def check_source(
    configuration: SourceConfiguration,
    settings: Settings,
    number: str,
    text: str | None = None,
    reference: str | None = None,
) -> bool:
    """Try the reads of a source, with a line for each. Return whether a contact has `number`."""
    deadline_seconds = configuration.limits.deadline_seconds or settings.contacts.deadline_seconds
    source = configuration.open()
    try:
        return await Trial(source, settings, deadline_seconds).run(number, text, reference)
    finally:
        await source.close()


@dataclass
class Trial:
    """Tries the reads of one source, and prints a line for each."""

    source: ContactSource
    settings: Settings
    deadline_seconds: float
    works: bool = True

    async def run(self, given: str, text: str | None, reference: str | None) -> bool:
        """Return whether all reads work and a contact has the number."""
        telephony = self.settings.telephony
        number = numbers.read(given, telephony.country, telephony.internal_numbers)
        echo(f"source     {self.source.name}, deadline {self.deadline_seconds:g} s")
        echo(f"number     {given} is read as {number.e164 or number.digits or number.kind}")
        matches = await self._try("by_number", lambda: self.source.by_number(number), _matches)
        found = matches[0].contact if matches else None
        if matches is not None and found is None:
            self.works = False
            echo("           nobody has this number: give one that a contact of the source has")
        words = text or (found.name or found.company if found else "")
        await self._try(
            "search",
            lambda: self.source.search(words, _SEARCH_LIMIT),
            _contacts,
            missing="" if words else "give --text",
        )
        id = found.id if found else ""
        await self._try(
            "get", lambda: self.source.get(id), _contact, missing="" if id else "no contact found"
        )
        await self._try(
            "by_reference",
            lambda: self.source.by_reference(reference or ""),
            _contact,
            missing="" if reference else "give --reference",
        )
        if self.source.description:
            echo(f"state      {self.source.description}")
        for operation in _WRITES:
            can = "can, not tried" if operation in self.source.capabilities else "cannot"
            echo(f"write      {operation:13} {can}")
        return self.works

    async def _try(
        self,
        operation: Operation,
        call: Callable[[], Awaitable[_T]],
        describe: Callable[[_T], str],
        missing: str = "",
    ) -> _T | None:
        if operation not in self.source.capabilities:
            echo(f"skipped    {operation:13} the source does not offer it")
            return None
        if missing:
            echo(f"skipped    {operation:13} {missing}")
            return None
        started = time.perf_counter()
        try:
            result = await call()
        except CallcardError as error:
            self.works = False
            echo(f"failed     {operation:13} {_milliseconds(started):>8}  {error.detail}")
            return None
        seconds = time.perf_counter() - started
        late = "; later than its deadline" if seconds > self.deadline_seconds else ""
        echo(f"passed     {operation:13} {_milliseconds(started):>8}  {describe(result)}{late}")
        return result


def _milliseconds(started: float) -> str:
    return f"{1000 * (time.perf_counter() - started):,.0f} ms"


def _matches(matches: Sequence[Match]) -> str:
    shown = ", ".join(f"{_contact(match.contact)} ({match.how})" for match in matches[:3])
    return f"{len(matches)} found: {shown}" if matches else "none found"


def _contacts(contacts: Sequence[Contact]) -> str:
    shown = ", ".join(_contact(contact) for contact in contacts[:3])
    return f"{len(contacts)} found: {shown}" if contacts else "none found"


def _contact(contact: Contact | None) -> str:
    if contact is None:
        return "none found"
    name = contact.name or contact.company
    details = f"{len(contact.cases)} cases, {len(contact.interactions)} interactions"
    return f"{contact.id} {name}, {details}"
