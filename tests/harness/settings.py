"""Settings for tests, by section."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from callcard.settings import Settings


def settings_in(folder: Path, finesse_url: str, **sections: dict[str, Any]) -> Settings:
    """Return settings with all files in `folder` and no gadget bundle."""
    defaults: dict[str, dict[str, Any]] = {
        "finesse": {"url": finesse_url},
        "gadget": {"bundle": str(folder / "none")},
    }
    merged = {
        name: {**defaults.get(name, {}), **sections.get(name, {})}
        for name in {*defaults, *sections}
    }
    source = {"kind": "local", "path": str(folder / "contacts.sqlite")}
    return Settings.decode({"sources": [source], **merged})
