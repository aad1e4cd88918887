"""`callcard demo` and `callcard sandbox`: a Finesse to develop against."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from callcard.cli.options import FILE, FOLDER, PORT
from callcard.errors import OperatorError, SettingsError
from callcard.extras import requires_extras
from callcard.terminal import echo

SANDBOX_CONNECTIONS = 2500
"""All from one machine: a pair of Finesse nodes has 2,000 users, each with one for events."""

if TYPE_CHECKING:
    from finesse_sandbox.app import SandboxSettings
    from finesse_sandbox.run import TlsSettings


def sandbox_options(command: Any) -> Any:
    """Add the sandbox's options to a command."""
    options = (
        click.option(
            "--port", type=PORT, default=8445, show_default=True, help="Port of the sandbox."
        ),
        click.option(
            "--gadgets", type=FOLDER, multiple=True, help="Folder of gadgets to host; repeatable."
        ),
        click.option(
            "--layout",
            type=FILE,
            help="Desktop layout (finesseLayout); default: one tab for each gadget.",
        ),
        click.option(
            "--finesse-js", type=FILE, help="The vendor's finesse.js from your own server."
        ),
        click.option(
            "--platform",
            type=click.Choice(["ucce", "uccx"]),
            default="ucce",
            show_default=True,
            help="Contact centre behind Finesse: Unified CCE or Unified CCX.",
        ),
        click.option(
            "--proxy-cache",
            is_flag=True,
            help="Share cached GETs between users, as the real proxy may.",
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
            type=PORT,
            default=8447,
            show_default=True,
            help="Port of the second node.",
        ),
        click.option("--tls", is_flag=True, help="HTTPS, with a certificate made for this run."),
        click.option(
            "--ca-out",
            type=click.Path(dir_okay=False, path_type=Path),
            help="With --tls: write the certificate authority here, for clients to trust.",
        ),
        click.option(
            "--trust",
            type=FILE,
            multiple=True,
            help="Certificate authority (PEM) of services behind the gadget proxy; repeatable.",
        ),
        click.option(
            "--xmpp",
            is_flag=True,
            help="XMPP over TCP too: port 5222, and 5223 with --tls; node B ten higher.",
        ),
        click.option(
            "--sso", is_flag=True, help="Single sign-on, with tokens from /desktop/sso/token."
        ),
        click.option(
            "--more-agents",
            type=click.IntRange(0, 5000),
            default=0,
            help="Agents beyond the three: 30001 and on.",
        ),
        click.option("--no-reasons", is_flag=True, help="No reason codes: states need no reason."),
        click.option(
            "--strict",
            is_flag=True,
            help="Show exceptions of gadgets' hub subscribers; a real desktop hides them.",
        ),
        click.option(
            "--json-hub", is_flag=True, help="Pass hub messages as JSON, not by reference."
        ),
        click.option(
            "--late-hub",
            type=click.FloatRange(0, 60),
            default=0,
            help="Delay in seconds before gadgets connect to the hub.",
        ),
        click.option(
            "--curri",
            "curri_url",
            metavar="URL",
            default="",
            help="Ask this address before a call is routed, as Unified CM's external call control.",
        ),
        click.option(
            "--decision",
            "decision_url",
            metavar="URL",
            default="",
            help="Ask this address for a routing decision, as a script of UCCX or CVP does.",
        ),
        click.option(
            "--spec-cache",
            is_flag=True,
            help="Cache gadget XML for 5 minutes, as Finesse does; ?nocache reloads.",
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
    xmpp: bool,
    strict: bool,
    json_hub: bool,
    late_hub: float,
    **others: Any,
) -> SandboxSettings:
    from finesse_sandbox.app import SandboxSettings
    from finesse_sandbox.desktop.pages import HubSettings

    if finesse_js:
        others["finesse_js"] = finesse_js
    return SandboxSettings(
        hub=HubSettings(show_errors=strict, copy_as_json=json_hub, connect_delay_seconds=late_hub),
        layout=layout.read_bytes() if layout else None,
        nodes=2 if nodes == "2" else 1,
        ports=(port, second_port),
        xmpp_ports=(5222, 5223) if xmpp else None,
        **others,
    )


def _tls_settings(tls: bool, ca_out: Path | None, trust: tuple[Path, ...]) -> TlsSettings:
    from finesse_sandbox.run import TlsSettings

    if ca_out and not tls:
        raise click.UsageError("--ca-out needs --tls: there is no certificate without it")
    return TlsSettings(enabled=tls, authority_file=ca_out, trusted=trust)


@click.command()
@sandbox_options
@click.option(
    "--service-port",
    type=PORT,
    default=8446,
    show_default=True,
    help="Port of the Callcard service.",
)
@click.option(
    "--country",
    default="US",
    show_default=True,
    help="Country of numbers without a country code.",
)
@click.option(
    "--sources",
    is_flag=True,
    help="Three contact sources: one answers at once, one after a second, one never.",
)
def demo(
    service_port: int,
    country: str,
    sources: bool,
    tls: bool,
    ca_out: Path | None,
    trust: tuple[Path, ...],
    **others: Any,
) -> None:
    """Run sandbox, service and sample contacts; open the address it prints."""
    if sources and tls:
        raise click.UsageError("--sources works without --tls")
    with requires_extras("sandbox", "build", *(["rest"] if sources else [])):
        from callcard.demo import run

        settings = _sandbox_settings(**others)
    tls_settings = _tls_settings(tls, ca_out, trust)
    run.run_demo(
        settings, service_port, country=country, tls=tls_settings, has_more_sources=sources
    )


@click.command()
@sandbox_options
def sandbox(tls: bool, ca_out: Path | None, trust: tuple[Path, ...], **others: Any) -> None:
    """Run the sandbox alone, to develop gadgets and clients against."""
    with requires_extras("sandbox"):
        from finesse_sandbox.run import SandboxRunError, run_sandbox

        settings = _sandbox_settings(**others)
    from callcard.api.http_limits import LimitedHttpProtocol, limit_connections
    from callcard.settings_sections import ApiSettings

    tls_settings = _tls_settings(tls, ca_out, trust)
    with suppress(SettingsError):  # a machine that permits fewer open files
        limit_connections(
            ApiSettings(
                connections=SANDBOX_CONNECTIONS, connections_per_address=SANDBOX_CONNECTIONS
            )
        )
    try:
        run_sandbox(settings, tls=tls_settings, http_protocol=LimitedHttpProtocol, announce=echo)
    except SandboxRunError as error:
        raise OperatorError(str(error)) from error
