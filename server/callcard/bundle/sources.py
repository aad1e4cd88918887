"""The source files of the bundle, read from `gadget/`. Paths are relative to that folder."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from callcard.bundle.errors import BundleError

FOLDER = "gadget/"
"""Prefix under which error messages show the paths, as a person at the repository's root does."""
BASE_STYLE = "shared/base.css"
"""The style that every gadget loads before its own."""
MODULE_TEMPLATE = "module.xml.j2"
DEFAULT_LANGUAGE = "en"
_ASSET_SUFFIXES = (".js", ".css", ".svg", ".png", ".woff2")
ROLES = ("Agent", "Supervisor")
_GADGET_KEYS: dict[str, type] = {"title": str, "description": str, "height": int, "element": str}


@dataclass(frozen=True)
class Gadget:
    """One gadget: a folder with a `gadget.toml`."""

    name: str
    options: dict[str, Any]
    """Everything in `gadget.toml`: what the templates see as `gadget`."""
    styles: tuple[str, ...]
    """Style sheets that its page loads, `shared/base.css` first."""
    later_styles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Those of each script that is loaded later, by its name without `.js`."""

    @property
    def role(self) -> str:
        """Return whose layout it is for: Agent, also for supervisors, or Supervisor."""
        return str(self.options.get("role", "Agent"))

    @property
    def toml(self) -> str:
        return f"{FOLDER}{self.name}/gadget.toml"

    @property
    def main_script(self) -> str:
        return f"{self.name}/main.js"

    @property
    def page_style(self) -> str:
        """The one style sheet that the build makes of `styles`."""
        return f"{self.name}/page.css"

    def later_style(self, part: str) -> str:
        """Return the one style sheet that the build makes of a part's; its script loads it."""
        return f"{self.name}/{part}.css"

    @property
    def view_template(self) -> str:
        return f"{self.name}/view.html.j2"


@dataclass(frozen=True)
class Sources:
    """Everything that the build reads."""

    gadgets: dict[str, Gadget]
    templates: dict[str, str]
    assets: dict[str, bytes]
    texts: dict[str, dict[str, str]]
    """Texts by key, by language."""

    @property
    def scripts(self) -> dict[str, bytes]:
        return {name: source for name, source in self.assets.items() if name.endswith(".js")}

    @property
    def styles(self) -> dict[str, bytes]:
        return {name: source for name, source in self.assets.items() if name.endswith(".css")}


def load(folder: Path) -> Sources:
    """Read the sources in `folder`. Raises BundleError for a file that cannot be decoded."""
    templates = {
        path.relative_to(folder).as_posix(): _read_text(path, folder)
        for path in sorted(folder.rglob("*.j2"))
    }
    gadgets = {
        path.parent.name: _read_gadget(path, folder)
        for path in sorted(folder.glob("*/gadget.toml"))
    }
    if not gadgets:
        raise BundleError(folder.name, 1, "no gadget found; a gadget is a folder with gadget.toml")
    texts = {
        path.stem: _read_messages(path, folder)
        for path in sorted((folder / "messages").glob("*.json"))
    }
    assets = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.suffix in _ASSET_SUFFIXES and path.is_file()
    }
    return Sources(gadgets, templates, assets, texts)


def resolve_path(file: str, relative: str) -> str:
    """Return the path below `gadget/` that `relative` means inside `file`."""
    parts = file.removeprefix(FOLDER).split("/")[:-1]
    for part in relative.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def decode(file: str, content: bytes) -> str:
    """Decode UTF-8, or raise BundleError with the line of the first byte that is not."""
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BundleError(file, line, "not UTF-8; save the file in that encoding") from error


def _read_text(path: Path, folder: Path) -> str:
    return decode(path.relative_to(folder.parent).as_posix(), path.read_bytes())


def _read_gadget(path: Path, folder: Path) -> Gadget:
    file = path.relative_to(folder.parent).as_posix()
    text = _read_text(path, folder)
    try:
        options = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        position = re.search(r"line (\d+)", str(error))
        raise BundleError(file, int(position[1]) if position else 1, str(error)) from error
    for key, kind in _GADGET_KEYS.items():
        if key not in options:
            raise BundleError(file, 1, f"{key} is missing; add it")
        if not isinstance(options[key], kind) or isinstance(options[key], bool):
            expected = "a number" if kind is int else "text"
            raise BundleError(file, _line_of_key(text, key), f"{key} must be {expected}")
    if options.get("role", "Agent") not in ROLES:
        raise BundleError(file, _line_of_key(text, "role"), "role must be Agent or Supervisor")
    later = options.get("later_styles", {})
    if not isinstance(later, dict):
        line = _line_of_key(text, "later_styles")
        raise BundleError(file, line, 'later_styles must be a table, as in later = ["later.css"]')
    name = path.parent.name

    def style_files(key: str, styles: Any) -> tuple[str, ...]:
        if not isinstance(styles, list) or not all(isinstance(style, str) for style in styles):
            line = _line_of_key(text, key)
            raise BundleError(file, line, f'{key} must be a list of files, as in ["style.css"]')
        return tuple(resolve_path(f"{name}/gadget.toml", style) for style in styles)

    styles = style_files("styles", options.get("styles", ["style.css"]))
    later_styles = {part: style_files(part, files) for part, files in later.items()}
    return Gadget(name, options, (BASE_STYLE, *styles), later_styles)


def _line_of_key(text: str, key: str) -> int:
    found = re.search(rf"^\s*\[?{key}(\s*=|\])", text, re.MULTILINE)
    return text.count("\n", 0, found.end()) + 1 if found else 1


def _read_messages(path: Path, folder: Path) -> dict[str, str]:
    file = path.relative_to(folder.parent).as_posix()
    try:
        texts = json.loads(_read_text(path, folder))
    except json.JSONDecodeError as error:
        raise BundleError(file, error.lineno, error.msg) from error
    if not isinstance(texts, dict):
        raise BundleError(file, 1, "must be an object of texts by key")
    for position, (key, text) in enumerate(texts.items()):
        if not isinstance(text, str) or not text.isprintable():
            raise BundleError(file, position + 2, f"{key!r} must be printable text on one line")
    return texts
