"""Runs the demo: sandbox, service and sample CRM in one process, on loopback."""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import click
import msgspec

from callcard import gc_tuning
from callcard.api.http_limits import LimitedHttpProtocol
from callcard.app import create_app
from callcard.crm.open_sources import open_local_contacts
from callcard.demo import crm_pages, more_sources, sample_contacts
from callcard.errors import OperatorError
from callcard.settings import Settings
from callcard.settings_sections import QueueTarget
from finesse_sandbox import run
from finesse_sandbox.app import SandboxSettings
from finesse_sandbox.site import SiteConfiguration

ANSWER_SECONDS = 3.0
"""After which people outside the contact centre answer a call."""

_MORE_SOURCES = """\
  Sources   local; erp, which answers after a second; archive, which is dead
"""


class BuildFailed(OperatorError):
    """The gadget bundle can't be built; the message is that of build.py."""


def run_demo(
    settings: SandboxSettings,
    service_port: int,
    *,
    country: str,
    tls: run.TlsSettings,
    has_more_sources: bool = False,
) -> None:
    """Serve the demo until SIGINT or SIGTERM. Raises OperatorError.

    Its 500 sample contacts live in a folder that is deleted at the end. `has_more_sources` adds a
    contact source that is slow, and one that is dead.
    """
    try:
        _run(settings, service_port, country, tls, has_more_sources=has_more_sources)
    except run.SandboxRunError as error:
        raise OperatorError(str(error)) from error


def queues() -> tuple[QueueTarget, ...]:
    """Return the sandbox's queues as transfer targets."""
    return tuple(
        QueueTarget(name=queue.name, number=queue.route_point, id=queue.id)
        for queue in SiteConfiguration().queues
    )


def _run(
    settings: SandboxSettings,
    service_port: int,
    country: str,
    tls: run.TlsSettings,
    *,
    has_more_sources: bool,
) -> None:
    scheme = "https" if tls.enabled else "http"
    finesse_url = f"{scheme}://localhost:{settings.ports[0]}"
    service_url = f"{scheme}://localhost:{service_port}"
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="callcard-demo-")))
        certificate = stack.enter_context(run.tls_certificate(tls))
        sockets = [*run.listen_nodes(settings), run.listen(service_port, "--service-port")]

        _build(folder / "dist", service_url)
        second_url = f"{scheme}://localhost:{settings.ports[1]}" if settings.nodes == 2 else ""
        if certificate:
            (folder / "ca.pem").write_bytes(certificate.authority)
        service_settings = Settings.read(
            overrides={
                "finesse.url": finesse_url,
                "finesse.second_url": second_url,
                "finesse.roster_user": "admin",
                "finesse.roster_password": "callcard",
                "finesse.ca_file": str(folder / "ca.pem") if certificate else "",
                "sources.path": str(folder / "contacts.sqlite"),
                "gadget.bundle": str(folder / "dist"),
                "telephony.country": country,
                "routing.addresses": ["127.0.0.1", "::1"],
            }
        )
        if not service_settings.queues:
            service_settings = msgspec.structs.replace(service_settings, queues=queues())
        if has_more_sources:
            with socket.socket() as unused:  # bound, but nobody listens
                unused.bind(("127.0.0.1", 0))
                added = more_sources.tables(finesse_url, unused.getsockname()[1])
            sources = (*service_settings.sources, *added)
            service_settings = msgspec.structs.replace(service_settings, sources=sources)
        contacts = open_local_contacts(service_settings)
        stack.callback(contacts.close_blocking)
        count = sample_contacts.fill(contacts, folder, f"{finesse_url}/crm/contacts", country)
        demo_settings = replace(
            settings,
            gadgets=(folder / "dist" / "callcard", *settings.gadgets),
            callers=sample_contacts.callers(),
            extra_routes=(*crm_pages.routes(contacts), *more_sources.routes(contacts, country)),
            answer_after_seconds=ANSWER_SECONDS,
            curri_url=settings.curri_url or f"{service_url}/curri",
        )
        sandbox = run.open_sandbox(demo_settings, certificate, tls.trusted)
        apps = zip([*sandbox.apps, create_app(service_settings)], sockets, strict=True)
        click.echo(
            "Callcard demo\n\n"
            f"  Open      {finesse_url}/desktop\n{run.start_notes(settings, tls.enabled)}\n"
            "  Then      press Ring in the sandbox panel\n\n"
            f"  Service   {service_url}/docs\n"
            f"  Contacts  {count} samples in six countries, deleted when the demo stops\n"
            f"{_MORE_SOURCES if has_more_sources else ''}"
            "  Stop      Ctrl-C",
        )
        gc_tuning.tune_garbage_collection()
        run.serve(list(apps), sandbox, certificate, LimitedHttpProtocol)


def _build(out: Path, service_url: str) -> None:
    """Run build.py: beside this package in a checkout, inside it when installed."""
    here = Path(__file__).resolve()
    checkout = here.parents[3] / "build.py"
    installed = here.parent / "bundle_source" / "build.py"
    script = checkout if checkout.is_file() else installed
    command = [sys.executable, str(script), "--service-url", service_url, "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own script and interpreter
    if done.returncode:
        raise BuildFailed(done.stderr.strip())
