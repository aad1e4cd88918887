"""Settings for tests, by section."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from callcard.settings import Settings


def settings_in(folder: Path, finesse_url: str, **sections: Any) -> Settings:
    """Return settings with all files in `folder` and no gadget bundle."""
    given = dict(sections)
    defaults: dict[str, dict[str, Any]] = {
        "finesse": {"url": finesse_url},
        "gadget": {"bundle": str(folder / "none")},
    }
    for name, values in defaults.items():
        given[name] = {**values, **given.get(name, {})}
    source = {"kind": "local", "path": str(folder / "contacts.sqlite")}
    return Settings.decode({"sources": [source], **given})
