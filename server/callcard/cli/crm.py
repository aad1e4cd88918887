"""`callcard crm check` and `sync`: a configured contact source, tried, and its copy kept."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import click

from callcard.cli.options import config_option
from callcard.cli.source_trial import SourceTrial
from callcard.crm.mirror import MirroredSource
from callcard.crm.open_sources import SourceConfiguration, read_configurations
from callcard.errors import OperatorError
from callcard.settings import Settings
from callcard.terminal import echo
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
    configuration = find_source(settings, name)
    works = asyncio.run(
        check_source(configuration, settings, number, text, reference, writes=writes)
    )
    sys.exit(0 if works else 1)


@crm.command()
@click.argument("name")
@config_option
@click.option("--whole", is_flag=True, help="Copy everything anew, not what has changed only.")
def sync(name: str, config: Path | None, whole: bool) -> None:
    """Bring the copy of the mirrored source NAME up to date.

    What was copied until an error or Ctrl-C stays, and the next run goes on from there.
    """
    settings = Settings.read(config)
    configuration = find_source(settings, name)
    asyncio.run(_sync(configuration, whole))


async def _sync(configuration: SourceConfiguration, whole: bool) -> None:
    source = configuration.open()
    try:
        if not isinstance(source, MirroredSource):
            raise OperatorError(
                f"{configuration.name} has no copy; give its table a mirror = {{ path = … }}"
            )
        if whole:
            await source.forget_cursor()
        started = time.perf_counter()
        # The last copy says about how many there are; before the first one nobody knows.
        with click.progressbar(
            length=max(source.count, 1),
            label=configuration.name,
            file=sys.stderr,
            show_percent=source.count > 0,
            show_pos=True,
        ) as bar:

            def show(done: int) -> None:
                bar.length = max(bar.length or 0, done)
                bar.update(done - bar.pos)

            count = await source.update(show)
        seconds = time.perf_counter() - started
        echo(f"{configuration.name}: {count:,} changes in {seconds:,.1f} s; {source.description}")
    finally:
        await source.close()


def find_source(settings: Settings, name: str) -> SourceConfiguration:
    """Return the configured source. Raises OperatorError, which names near ones."""
    configurations = {each.name: each for each in read_configurations(settings)}
    configuration = configurations.get(name)
    if configuration is None:
        known = ", ".join(configurations)
        raise OperatorError(
            f"there is no source {name!r}{suggest(name, configurations) or f'; there are {known}'}"
        )
    return configuration


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
