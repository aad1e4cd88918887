"""The file with the refresh token of a source that a person has connected: `callcard crm connect`.

Servers may replace the token at each use, so the service writes it too. Several workers share it.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

MAX_TOKEN_CHARACTERS = 10_000


def read_token(path: str) -> str:
    """Return the token; empty if there is none yet. Raises OSError, UnicodeDecodeError."""
    file = Path(path)
    return file.read_text("utf-8").strip()[:MAX_TOKEN_CHARACTERS] if file.is_file() else ""


def write_token(path: str, token: str) -> None:
    """Replace the token, in one step; only the file's owner may read it. Raises OSError."""
    folder = Path(path).resolve().parent
    handle, name = tempfile.mkstemp(dir=folder, prefix=".token.")
    try:
        with open(handle, "w", encoding="utf-8") as file:  # mkstemp makes it 0600
            file.write(token + "\n")
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
