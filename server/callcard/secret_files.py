"""Files with secrets: passwords, tokens and private keys."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from callcard.errors import SettingsError


def read_secret(path: Path, setting: str) -> str:
    """Return the content of a file, without blanks around it.

    Raises SettingsError, which names `setting`, also if every user of the machine can read it.
    """
    check_private(path, setting)
    try:
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{setting}: {error}") from error


def check_private(path: Path, setting: str) -> None:
    """Raise SettingsError if every user of the machine can read a file, or if there is none.

    The file's group may: that is how containers and service accounts are given secrets.
    """
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise SettingsError(f"{setting}: {error}") from error
    if os.name == "posix" and mode & stat.S_IROTH:
        raise SettingsError(
            f"{setting}: every user of this machine can read {path}; run chmod o= {path}"
        )
