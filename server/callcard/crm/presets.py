"""Presets: CRMs as data. A file of `presets/` has what is the same for every customer of a CRM.

    title, documentation, proved, grants    for the table of sources
    [needs.NAME]      what the customer's table gives: description, default, secret = true
    [source]          the options of `kind`; a text `$NAME` is what was given

What is not secret can also be named by templates, as << settings.NAME >>. A customer's table may
replace any option of the source.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

import msgspec

from callcard.errors import OperatorError

FOLDER = Path(__file__).with_name("presets")

Proof = Literal["real server", "vendor's contract", "documentation"]


class Need(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    description: str
    default: str | None = None
    secret: bool = False


class Preset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    title: str
    documentation: str
    """Address of the vendor's reference."""
    proved: Proof
    grants: str
    """What an administrator of the CRM must allow."""
    source: dict[str, Any]
    needs: dict[str, Need] = {}
    kind: str = "rest"


@cache
def names() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


@cache
def load(name: str) -> Preset:
    """Return a preset. Raises OperatorError for a file that is none."""
    try:
        content = tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8"))
        return msgspec.convert(content, Preset)
    except (OSError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise OperatorError(f"preset {name}: {error}") from error


def expand(name: str, table: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the kind and the options of a source that a preset describes.

    `table` is the customer's, without `kind` and `name`. Raises OperatorError, naming the key.
    """
    preset = load(name)
    given = dict(table)
    values: dict[str, str] = {}
    for key, need in preset.needs.items():
        value = given.pop(key, need.default)
        if value is None:
            how = f"give {key}_file or {key}_env" if need.secret else f"give {key} = …"
            raise OperatorError(f"sources: {name} needs {key}, {need.description}; {how}")
        values[key] = str(value)
    options = _filled(preset.source, values)
    public = {key: value for key, value in values.items() if not preset.needs[key].secret}
    options["settings"] = {**options.get("settings", {}), **public}
    return preset.kind, merge(options, given)


def _filled(value: Any, values: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(each, values) for key, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, values) for each in value]
    if isinstance(value, str) and value.startswith("$") and value[1:] in values:
        return values[value[1:]]
    return value


def merge(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` with `changes`, table by table."""
    merged = dict(base)
    for key, value in changes.items():
        old = merged.get(key)
        merged[key] = (
            merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
        )
    return merged


def describe() -> Iterator[tuple[str, Preset]]:
    """Yield every preset with its name."""
    for name in names():
        yield name, load(name)
