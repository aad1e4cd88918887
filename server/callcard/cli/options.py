"""Options that several commands have in common."""

from __future__ import annotations

from pathlib import Path

import click

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path, resolve_path=True)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
PORT = click.IntRange(1, 65535)

config_option = click.option(
    "--config", type=FILE, help="Settings file; default: callcard.toml in this folder, if any."
)
database_option = click.option("--database", help="Contacts file, instead of the setting.")
country_option = click.option(
    "--country", help="Country of numbers without a country code, instead of the setting."
)
