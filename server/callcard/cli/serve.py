"""`callcard serve`: the service behind a real Finesse."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import click

from callcard.cli.options import FILE, PORT, config_option
from callcard.secret_files import check_private
from callcard.settings import Settings, find_settings_file

_LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "callcard.terminal.PrintableFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"level": "INFO", "handlers": ["stderr"]},
    # Client libraries log addresses, which contain callers' numbers and agents' names.
    "loggers": {
        "httpx": {"level": "WARNING"},
        "callcard.http": {"level": "ERROR"},
    },
}


@click.command()
@config_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=PORT, default=8446, show_default=True)
@click.option(
    "--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes."
)
@click.option("--tls-cert", type=FILE, help="Certificate chain, if the service itself uses HTTPS.")
@click.option("--tls-key", type=FILE, help="Private key of the certificate.")
def serve(
    config: Path | None,
    host: str,
    port: int,
    workers: int,
    tls_cert: Path | None,
    tls_key: Path | None,
) -> None:
    """Run the service behind a real Finesse."""
    import uvicorn

    from callcard.api.home_workers import WorkerGroup, folder_parent
    from callcard.api.http_limits import LimitedHttpProtocol, limit_connections
    from callcard.api.lockout import LockoutMemory
    from callcard.api.shutdown import GRACEFUL_SECONDS, exit_on_terminate
    from callcard.crm.open_sources import check_sources

    # Here and not only in the workers: a wrong setting ends the command with one message.
    settings = Settings.read(config)
    check_sources(settings)
    if file := config or find_settings_file():
        check_private(file, "the settings")  # also numbers and addresses are nobody else's business
    limit_connections(settings.api)
    if (tls_cert is None) != (tls_key is None):
        raise click.UsageError("--tls-cert and --tls-key go together")
    if tls_key:
        check_private(tls_key, "--tls-key")
    if config:
        os.environ["CALLCARD_CONFIG"] = str(config.resolve())
    exit_on_terminate()
    with tempfile.TemporaryDirectory(prefix="callcard-", dir=folder_parent()) as folder:
        if workers > 1:
            LockoutMemory(f"{folder}/lockout.sqlite").export_to_workers()
            group = WorkerGroup(Path(folder), workers)
            group.keep_folder()
            group.export_to_workers()
        uvicorn.run(
            "callcard.app:from_environment",
            factory=True,
            host=host,
            port=port,
            workers=workers,
            http=LimitedHttpProtocol,
            ws="none",
            server_header=False,
            access_log=False,
            log_config=_LOGGING,
            timeout_graceful_shutdown=GRACEFUL_SECONDS,
            ssl_certfile=str(tls_cert) if tls_cert else None,
            ssl_keyfile=str(tls_key) if tls_key else None,
        )
