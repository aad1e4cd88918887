"""`callcard number explain`: how a number is read, whom it finds, and how it is dialled."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from callcard.cli.options import config_option, country_option, database_option
from callcard.crm.base import Match
from callcard.crm.open_sources import open_local_contacts, read_configurations
from callcard.settings import Settings
from callcard.telephony import dial_plan, numbers
from callcard.telephony.dial_plan import DialRule
from callcard.telephony.numbers import Attempt, Number
from callcard.terminal import echo


@click.group()
def number() -> None:
    """Explain telephone numbers."""


@number.command()
@click.argument("given", metavar="NUMBER")
@config_option
@database_option
@country_option
@click.option(
    "--dial", is_flag=True, help="Show which dial rule applies and what would be dialled."
)
@click.option(
    "--rule",
    "rules",
    multiple=True,
    metavar="RULE",
    help='As in --rule "national -> 91", instead of the setting; repeatable.',
)
def explain(
    given: str,
    config: Path | None,
    database: str | None,
    country: str | None,
    dial: bool,
    rules: tuple[str, ...],
) -> None:
    """Show how NUMBER is read: every spelling tried, the contacts found, and what is dialled."""
    settings = Settings.read(
        config,
        overrides={
            "sources.path": database,
            "telephony.country": country,
            "telephony.dial_rules": rules or None,
        },
    )
    home = settings.telephony.country
    dial_rules = dial_plan.read_rules(settings.telephony.dial_rules)
    internal = settings.telephony.internal_numbers
    parsed, spellings = numbers.explain(given, home, internal)
    _print_reading(given, home, parsed, spellings)
    address, used_rule = dial_plan.dial_string(parsed, home, dial_rules)
    echo(f"dialled    {address or 'not dialable'}")
    _print_contacts(settings, parsed)
    asyncio.run(_print_other_sources(settings, parsed))
    if dial:
        _print_dial_rules(parsed, home, dial_rules, address, used_rule)


def _print_reading(given: str, home: str, parsed: Number, spellings: tuple[Attempt, ...]) -> None:
    echo(f"given      {given!r}, home country {home}")
    for spelling in spellings:
        verdict = "not a number"
        if spelling.valid:
            verdict = "valid"
        elif spelling.e164:
            verdict = "in no numbering plan"
        result = spelling.e164 or "-"
        echo(f"tried      {spelling.rule}: {spelling.tried} → {result} ({verdict})")
    reading: str = parsed.kind
    if parsed.digits:
        reading += f" {parsed.e164 or parsed.digits}"
        if parsed.kind == "internal" and any(spelling.valid for spelling in spellings):
            reading += " (a number this short is internal)"
    echo(f"read as    {reading}")
    if parsed.display:
        country = f" ({parsed.country})" if parsed.country else ""
        echo(f"shown as   {parsed.display}{country}")
    for other in parsed.other_e164:
        echo(
            f"or         {other}, if the first has no contact; a list that forbids counts for both"
        )
    if parsed.problem:
        echo(f"because    {parsed.problem}")
    if parsed.extension:
        echo(f"extension  {parsed.extension} (not used for the search)")
    if parsed.sent_after:
        echo(f"sent after {parsed.sent_after} (behind a pause; neither searched nor dialled)")
    if parsed.annotation:
        echo(f"left out   {parsed.annotation!r}")


def _print_contacts(settings: Settings, parsed: Number) -> None:
    path = settings.contacts_path
    if not Path(path).is_file():
        echo(f"contacts   there is no file {path}; callcard contacts import FILE creates it")
        return
    contacts = open_local_contacts(settings)
    matches = asyncio.run(contacts.by_number(parsed))
    contacts.close_blocking()
    suffix_digits = settings.local_source.get("suffix_digits", 8)
    for match in matches:
        _print_match(match, f"last {suffix_digits} digits only")
    if not matches:
        echo("found      no contact")


async def _print_other_sources(settings: Settings, parsed: Number) -> None:
    """Look the number up in the sources beside the local contacts, as for a ringing call."""
    for configuration in read_configurations(settings):
        if configuration.kind == "local":
            continue
        source = configuration.open_guarded(settings)
        try:
            answer = await source.by_number(parsed)
        finally:
            await source.close()
        took = f"{1000 * answer.seconds:,.0f} ms"
        echo(f"source     {source.name}: {answer.problem or answer.status} ({took})")
        for match in answer.value or ():
            _print_match(match, "last digits only")


def _print_match(match: Match, suffix: str) -> None:
    contact = match.contact
    name = ", ".join(filter(None, (contact.name, contact.company)))
    how = "whole number" if match.how == "exact" else suffix
    echo(f"found      {contact.source}/{contact.id} {name} ({how})")


def _print_dial_rules(
    parsed: Number,
    home: str,
    dial_rules: tuple[DialRule, ...],
    address: str | None,
    used_rule: DialRule | None,
) -> None:
    for rule in dial_rules:
        applies = dial_plan.dial_string(parsed, home, [rule])[1] is not None
        verdict = "does not apply"
        if applies:
            verdict = "applies" if rule is used_rule else "would apply, but an earlier one does"
        echo(f"rule       {rule} ({verdict})")
    if address is None:
        echo("would dial nothing: the number is not dialable")
    elif used_rule:
        echo(f"would dial {address}, by {used_rule}")
    else:
        reason = "no rule applies" if dial_rules else "there are no dial rules"
        echo(f"would dial {address}, unchanged: {reason}")
