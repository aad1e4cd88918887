"""The `callcard` command. What only some commands need (web server, stand-in) is imported by them: the others start at once."""

from __future__ import annotations

import asyncio
import csv
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from callcard import __version__
from callcard.crm import import_files
from callcard.crm.import_files import Refused
from callcard.crm.local import LocalContacts
from callcard.errors import CallcardError, OperatorError
from callcard.settings import Settings
from callcard.telephony import numbers

if TYPE_CHECKING:
    from finesse_sandbox.app import SandboxSettings

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path, resolve_path=True)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_PORT = click.IntRange(1, 65535)
SHOWN = 10
"""Refused rows that are printed; all of them go to --report."""


@click.group()
@click.version_option(__version__, prog_name="callcard")
def cli() -> None:
    """The caller's record in front of a Cisco Finesse agent before they say hello."""


def _sandbox_options(command: Any) -> Any:
    options = (
        click.option(
            "--port",
            type=_PORT,
            default=8445,
            show_default=True,
            help="Port of the stand-in Finesse.",
        ),
        click.option(
            "--gadgets",
            type=_FOLDER,
            multiple=True,
            help="Folder of gadgets to host as well; again for more.",
        ),
        click.option(
            "--layout",
            type=_FILE,
            help="Desktop layout (finesseLayout); a tab for each gadget if not given.",
        ),
        click.option(
            "--finesse-js",
            type=_FILE,
            help="The vendor's finesse.js from your own server, instead of ours.",
        ),
        click.option(
            "--platform", type=click.Choice(["ucce", "uccx"]), default="ucce", show_default=True
        ),
        click.option(
            "--proxy-cache",
            is_flag=True,
            help="Cache GETs for anybody, as the real gadget proxy may.",
        ),
        click.option(
            "--nodes",
            type=click.Choice(["1", "2"]),
            default="1",
            show_default=True,
            help="Finesse nodes.",
        ),
        click.option(
            "--second-port",
            type=_PORT,
            default=8447,
            show_default=True,
            help="Port of the second node.",
        ),
        click.option("--tls", is_flag=True, help="HTTPS, with a certificate made on the spot."),
        click.option(
            "--xmpp",
            is_flag=True,
            help="XMPP over TCP too: on 5222, and with --tls on 5223; node B ten further.",
        ),
        click.option(
            "--sso",
            is_flag=True,
            help="Say that users sign on by SSO, with tokens from /desktop/sso/token.",
        ),
        click.option(
            "--more-agents",
            type=click.IntRange(0, 5000),
            default=0,
            help="Agents beyond the three: 30001 and on.",
        ),
        click.option(
            "--no-reasons", is_flag=True, help="No reason codes, so that states can be set without."
        ),
        click.option(
            "--strict",
            is_flag=True,
            help="Show what gadgets throw inside the hub, which swallows it.",
        ),
        click.option(
            "--json-hub",
            is_flag=True,
            help="Pass hub messages as JSON, as between origins, not by reference.",
        ),
        click.option(
            "--late-hub",
            type=click.FloatRange(0, 60),
            default=0,
            help="Seconds until gadgets get the hub.",
        ),
        click.option(
            "--spec-cache",
            is_flag=True,
            help="Keep gadget XML for 5 minutes, as a real Finesse; ?nocache asks anew.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def _sandbox_settings(
    port: int,
    second_port: int,
    layout: Path | None,
    finesse_js: Path | None,
    nodes: Literal["1", "2"],
    tls: bool,
    xmpp: bool,
    strict: bool,
    json_hub: bool,
    late_hub: float,
    **given: Any,
) -> SandboxSettings:
    from finesse_sandbox.app import SandboxSettings
    from finesse_sandbox.desktop.pages import HubSettings

    if finesse_js:
        given["finesse_js"] = finesse_js
    return SandboxSettings(
        hub=HubSettings(strict=strict, json=json_hub, late=late_hub),
        layout=layout.read_bytes() if layout else None,
        nodes=2 if nodes == "2" else 1,
        ports=(port, second_port),
        tcp_ports=(5222, 5223) if xmpp else None,
        **given,
    )


@cli.command()
@_sandbox_options
@click.option(
    "--service-port",
    type=_PORT,
    default=8446,
    show_default=True,
    help="Port of the Callcard service.",
)
@click.option(
    "--country",
    default="US",
    show_default=True,
    help="Country of numbers written without a country code.",
)
def demo(port: int, service_port: int, country: str, tls: bool, **given: Any) -> None:
    """Stand-in Finesse, service and sample contacts in one: open the address it prints."""
    from callcard.demo import run

    run.demo(
        _sandbox_settings(port=port, tls=tls, **given), port, service_port, country=country, tls=tls
    )


@cli.command()
@_sandbox_options
def sandbox(port: int, tls: bool, **given: Any) -> None:
    """The stand-in Finesse alone, to develop gadgets and clients against."""
    from callcard.demo import run

    run.sandbox(_sandbox_settings(port=port, tls=tls, **given), port, tls=tls)


@cli.command()
@click.option(
    "--config", type=_FILE, help="Settings; callcard.toml here, if there is one, when not given."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=_PORT, default=8446, show_default=True)
@click.option(
    "--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes."
)
@click.option(
    "--tls-cert", type=_FILE, help="Certificate chain, when the service itself speaks HTTPS."
)
@click.option("--tls-key", type=_FILE, help="Its private key.")
def serve(
    config: Path | None,
    host: str,
    port: int,
    workers: int,
    tls_cert: Path | None,
    tls_key: Path | None,
) -> None:
    """The service, behind a real Finesse."""
    Settings.read(config)  # a mistake is told here, not by every worker
    if (tls_cert is None) != (tls_key is None):
        raise click.UsageError("--tls-cert and --tls-key go together")
    if config:
        os.environ["CALLCARD_CONFIG"] = str(config.resolve())
    import uvicorn

    from callcard.api.http_limits import BoundedHttp
    from callcard.api.lockout import Shared

    with tempfile.TemporaryDirectory(prefix="callcard-") as folder:
        if workers > 1:
            Shared(f"{folder}/refusals").tell_workers()
        uvicorn.run(
            "callcard.app:from_environment",
            factory=True,
            host=host,
            port=port,
            workers=workers,
            http=BoundedHttp,
            access_log=False,
            log_config=_LOGGING,
            timeout_graceful_shutdown=10,
            ssl_certfile=str(tls_cert) if tls_cert else None,
            ssl_keyfile=str(tls_key) if tls_key else None,
        )


_LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"level": "INFO", "handlers": ["stderr"]},
    # Client libraries tell addresses, which hold callers' numbers and agents' names.
    "loggers": {"httpx": {"level": "WARNING"}, "aiohttp": {"level": "WARNING"}},
}


@cli.group()
def contacts() -> None:
    """The local contacts."""


@contacts.command("import")
@click.argument("file", type=_FILE)
@click.option(
    "--config",
    type=_FILE,
    help="Settings: where the contacts are, and the country of their numbers.",
)
@click.option("--database", help="The contacts' file, instead of the setting.")
@click.option(
    "--country", help="Country of numbers without a country code, instead of the setting."
)
@click.option(
    "--kind",
    type=click.Choice(["contacts", "interactions", "cases"]),
    default="contacts",
    show_default=True,
)
@click.option(
    "--map",
    "mapping",
    multiple=True,
    metavar="FIELD=COLUMN",
    help='As in --map number="Tel. (Büro)"; again for more.',
)
@click.option("--encoding", help="Of the file; found out if not given.")
@click.option("--delimiter", help="Between a CSV's values; found out if not given.")
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    help="CSV of what was left out, and why.",
)
def import_contacts(
    file: Path,
    config: Path | None,
    database: str | None,
    country: str | None,
    kind: import_files.Kind,
    mapping: tuple[str, ...],
    encoding: str | None,
    delimiter: str | None,
    report: Path | None,
) -> None:
    """Import FILE: CSV with any column names, or vCard 3.0 or 4.0 (.vcf). A second import updates.

    Exit status: 0 all imported, 3 some rows were left out (they are listed), 1 the file can't be used.
    """
    settings = Settings.read(config, database=database, country=country)
    pairs = []
    for told in mapping:
        field, equals, column = told.partition("=")
        if not equals or not column:
            raise click.UsageError(
                f"--map {told!r} must be FIELD=COLUMN; the fields are {', '.join(import_files.FIELDS[kind])}"
            )
        pairs.append((field.strip(), column.strip()))
    refused: list[Refused] = []
    store = LocalContacts(
        settings.database, home=settings.country, suffix_digits=settings.suffix_digits, patience=30
    )
    with click.progressbar(length=file.stat().st_size, label=file.name, file=sys.stderr) as bar:
        done = import_files.load(
            store, file, kind=kind, mapping=pairs, country=settings.country, encoding=encoding, delimiter=delimiter,
            refused=refused.append, progress=lambda position: bar.update(position - bar.pos),
        )  # fmt: skip
        bar.update(bar.length - bar.pos if bar.length else 0)
    total = store.count()
    store.close()
    if done.ignored:
        click.echo(f"columns used: {', '.join(done.used)}; not used: {', '.join(done.ignored)}")
    click.echo(
        f"{done.added:,} added, {done.updated:,} updated, {done.refused_rows:,} rows left out",
        nl=False,
    )
    click.echo(
        f", {done.left_out_values:,} values left out" if done.left_out_values else "", nl=False
    )
    click.echo(f"; {total:,} contacts in {settings.database}")
    for each in refused[:SHOWN]:
        value = f" {each.value!r}" if each.value else ""
        click.echo(
            f"  line {each.line}: {each.field}{value}: {each.why}"
            if each.field
            else f"  line {each.line}: {each.why}"
        )
    if len(refused) > SHOWN and not report:
        click.echo(f"  and {len(refused) - SHOWN:,} more; --report FILE writes them all")
    if report:
        with report.open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(["line", "field", "value", "why", "whole row"])
            # A value that a spreadsheet would run as a formula is quoted for it.
            safe = (
                (r, "'" + r.value if r.value.startswith(("=", "+", "-", "@")) else r.value)
                for r in refused
            )
            writer.writerows(
                [r.line, r.field, value, r.why, "yes" if r.whole else "no"] for r, value in safe
            )
        click.echo(f"  all {len(refused):,} in {report}")
    if done.refused_rows:
        sys.exit(3)


@cli.group()
def number() -> None:
    """Telephone numbers."""


@number.command()
@click.argument("given", metavar="NUMBER")
@click.option("--config", type=_FILE, help="Settings: where the contacts are, and the country.")
@click.option("--database", help="The contacts' file, instead of the setting.")
@click.option(
    "--country", help="Country of numbers without a country code, instead of the setting."
)
@click.option(
    "--dial",
    is_flag=True,
    help="Which dial rule fits, and what the telephone would dial; nothing is called.",
)
@click.option(
    "--rule",
    multiple=True,
    metavar="RULE",
    help='As in --rule "national -> 91", instead of the setting; again for more.',
)
def explain(
    given: str,
    config: Path | None,
    database: str | None,
    country: str | None,
    dial: bool,
    rule: tuple[str, ...],
) -> None:
    """How NUMBER is understood: every spelling tried, whom it finds, and how it is dialled."""
    settings = Settings.read(config, database=database, country=country, dial_rules=rule or None)
    rules = numbers.read_rules(settings.dial_rules)
    read, spellings = numbers.explain(given, settings.country)
    click.echo(f"given      {given!r}, at home in {settings.country}")
    for spelling in spellings:
        verdict = (
            "valid"
            if spelling.valid
            else "no numbering plan has it"
            if spelling.e164
            else "not a number"
        )
        click.echo(
            f"tried      {spelling.rule}: {spelling.tried} → {spelling.e164 or '-'} ({verdict})"
        )
    why = (
        " (so short a number is the site's own)"
        if read.kind == "internal" and any(each.valid for each in spellings)
        else ""
    )
    click.echo(
        f"read as    {read.kind}" + (f" {read.e164 or read.digits}{why}" if read.digits else "")
    )
    if read.display:
        click.echo(f"shown as   {read.display}" + (f" ({read.country})" if read.country else ""))
    if read.extension:
        click.echo(f"extension  {read.extension} (left out of the search)")
    address, first = numbers.dialled(read, settings.country, rules)
    click.echo(f"dialled    {address or 'not dialable'}")
    if Path(settings.database).is_file():
        store = LocalContacts(
            settings.database, home=settings.country, suffix_digits=settings.suffix_digits
        )
        matches = asyncio.run(store.by_number(read))
        store.close()
        for match in matches:
            contact = match.contact
            who = ", ".join(filter(None, (contact.name, contact.company)))
            how = (
                "whole number"
                if match.how == "exact"
                else f"last {settings.suffix_digits} digits only"
            )
            click.echo(f"found      {contact.source}/{contact.id} {who} ({how})")
        if not matches:
            click.echo("found      nobody")
    else:
        click.echo(
            f"contacts   there is no file {settings.database} yet; callcard contacts import FILE makes it"
        )
    if not dial:
        return
    for each in rules:
        fits = numbers.dialled(read, settings.country, [each])[1] is not None
        verdict = (
            "does not fit"
            if not fits
            else "fits, and is used"
            if each is first
            else "would fit, but comes later"
        )
        click.echo(f"rule       {each} ({verdict})")
    why = (
        f"by {first}"
        if first
        else "as it is: no rule fits"
        if rules
        else "as it is: there are no dial rules"
    )
    click.echo(
        f"would dial {address}, {why}" if address else "would dial nothing: it is not dialable"
    )


def main() -> None:
    """Run the command; what a person can mend is told in a line, without a traceback."""
    try:
        cli()
    except OperatorError as error:
        click.echo(f"callcard: {error}", err=True)
        sys.exit(1)
    except CallcardError as error:
        click.echo(f"callcard: {error.detail or error.title}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
