"""`callcard crm check`: what a configured contact source can do, tried against the real one."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import click

from callcard.cli.options import config_option
from callcard.cli.source_trial import SourceTrial
from callcard.crm.open_sources import SourceConfiguration, read_configurations
from callcard.errors import OperatorError
from callcard.settings import Settings
from callcard.text import suggest


@click.group()
def crm() -> None:
    """Add contact sources, and try them."""


@crm.command()
@click.argument("name")
@config_option
@click.option("--number", required=True, help="A number that a contact of the source has.")
@click.option("--text", help="Words to search for, instead of the found contact's name.")
@click.option("--reference", help="The number of a case or customer, if the source knows them.")
@click.option(
    "--write",
    "writes",
    is_flag=True,
    help="Make a contact, a case and a call, too, and remove them.",
)
def check(
    name: str,
    config: Path | None,
    number: str,
    text: str | None,
    reference: str | None,
    writes: bool,
) -> None:
    """Try every read of the source NAME, and say which work and how long they take.

    Without --write nothing is written to the source. The exit status is 1 if an operation fails, or
    nobody has the number.
    """
    settings = Settings.read(config)
    configurations = {each.name: each for each in read_configurations(settings)}
    configuration = configurations.get(name)
    if configuration is None:
        known = ", ".join(configurations)
        raise OperatorError(
            f"there is no source {name!r}{suggest(name, configurations) or f'; there are {known}'}"
        )
    works = asyncio.run(
        check_source(configuration, settings, number, text, reference, writes=writes)
    )
    sys.exit(0 if works else 1)


async def check_source(
    configuration: SourceConfiguration,
    settings: Settings,
    number: str,
    text: str | None = None,
    reference: str | None = None,
    *,
    writes: bool = False,
) -> bool:
    """Try a source, with a line for each operation.

    Return whether what was tried works and a contact has `number`.
    """
    deadline_seconds = configuration.limits.deadline_seconds or settings.contacts.deadline_seconds
    source = configuration.open()
    try:
        trial = SourceTrial(source, settings, deadline_seconds)
        found = await trial.read(number, text, reference)
        if writes:
            await trial.write(found)
        else:
            trial.list_writes()
        return trial.works
    finally:
        await source.close()
