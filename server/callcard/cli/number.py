"""`callcard number explain`: how a number is read, whom it finds, and how it is dialled."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from pathlib import Path

import click

from callcard.cli.options import config_option, country_option, database_option
from callcard.crm.directory import Directory
from callcard.crm.explanation import Explanation, FoundRecord
from callcard.crm.explanation import explain as explain_lookup
from callcard.crm.open_sources import SourceConfiguration, read_configurations
from callcard.crm.selection import Selection
from callcard.errors import OperatorError
from callcard.settings import Settings
from callcard.store.base import AuditRow, Store
from callcard.store.open_store import open_store
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
    asyncio.run(_explain_sources(settings, given))
    if dial:
        _print_dial_rules(parsed, home, dial_rules, address, used_rule)


@number.command()
@click.argument("given", metavar="NUMBER")
@config_option
@database_option
def forget(given: str, config: Path | None, database: str | None) -> None:
    """Forget which contact an agent chose for NUMBER: the sources decide again."""
    settings = Settings.read(config, overrides={"sources.path": database})
    telephony = settings.telephony
    parsed = numbers.read(given, telephony.country, telephony.internal_numbers)
    store = _open_store(settings)
    if store is None:
        raise OperatorError(
            f"there is no journal {settings.journal_database}; name the configuration by --config"
        )
    if not parsed.e164:
        raise OperatorError(f"{given!r} is no public number: nothing is remembered for it")
    was_known = asyncio.run(_forget(store, parsed.e164))
    echo(f"{parsed.e164}: {'forgotten' if was_known else 'no agent has chosen a contact'}")


async def _forget(store: Store, number: str) -> bool:
    try:
        async with store.transaction() as tx:
            was_known = await tx.delete_contact_choice(number)
            if was_known:
                await tx.add_audit_row(
                    AuditRow(
                        recorded_at=time.time(),
                        agent="callcard number forget",
                        action="forget contact",
                        number=number,
                    )
                )
            return was_known
    finally:
        await store.close()


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


async def _explain_sources(settings: Settings, given: str) -> None:
    """Look the number up in all sources, as for a ringing call."""
    configurations = _existing_sources(settings)
    async with AsyncExitStack() as stack:
        sources = []
        for configuration in configurations:
            source = configuration.open_guarded(settings)
            stack.push_async_callback(source.close)
            sources.append(source)
        store = _open_store(settings)
        if store is not None:
            stack.push_async_callback(store.close)
        telephony = settings.telephony
        directory = Directory(
            sources, telephony.country, settings.contacts, telephony.internal_numbers, store
        )
        _print_sources(await explain_lookup(directory, given))


def _existing_sources(settings: Settings) -> list[SourceConfiguration]:
    """Return the sources; opening the local contacts would create their file."""
    configurations = read_configurations(settings)
    path = settings.contacts_path
    if Path(path).is_file():
        return configurations
    echo(f"contacts   there is no file {path}; callcard contacts import FILE creates it")
    return [each for each in configurations if each.kind != "local"]


def _open_store(settings: Settings) -> Store | None:
    """Return the journal, which has what agents chose; None if there is none yet."""
    path = settings.journal_database
    return open_store(path) if Path(path).is_file() else None


def _print_sources(explanation: Explanation) -> None:
    for source in explanation.sources:
        took = f"{1000 * source.seconds:,.0f} ms"
        echo(f"source     {source.name}: {source.problem or source.status} ({took})")
        if source.state:
            echo(f"state      {source.state}")
        for request in source.requests:
            echo(f"asked      {request}")
        for record in source.records:
            echo(f"found      {source.name}/{record.id} {record.name} ({_how(record)})")
    _print_selection(explanation)


def _how(record: FoundRecord) -> str:
    number = " ".join(filter(None, (record.label, record.number)))
    how = {
        "exact": f"whole number, {number}",
        "suffix": f"last digits only, {number}",
        "remembered": f"chosen by an agent, {number or 'without the number'}",
    }.get(record.how, record.how)
    if record.verdict == "merged":
        common = {"email": "the e-mail address", "number-and-name": "number and name"}
        how += f"; the same person as {record.merged_with}, by {common.get(record.merged_by, '')}"
    return how


def _print_selection(explanation: Explanation) -> None:
    if not explanation.sources:
        return
    selection = explanation.selection
    records = [(source.name, each) for source in explanation.sources for each in source.records]
    offered = [f"{source}/{each.id}" for source, each in records if each.verdict == "offered"]
    for source, each in records:
        if each.verdict == "selected" and selection is not None:
            echo(f"caller     {source}/{each.id} {each.name}: {_why(selection)}")
    if selection is not None and offered:
        echo(f"others     {', '.join(offered)}")
    elif selection is None:
        found = f"the agent chooses: {', '.join(offered)}" if offered else "nobody is found"
        echo(f"caller     {found}")


def _why(selection: Selection) -> str:
    if selection.rule == "only-match":
        return "nobody else has the number"
    if selection.rule == "remembered":
        return f"{selection.chosen_by} chose it on {selection.chosen_at[:10]}"
    return f'contacts.conflict_policy is "{selection.rule}"'


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
