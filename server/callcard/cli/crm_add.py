"""`callcard crm add`: set a contact source up, once it has found somebody in the real system."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import msgspec

from callcard.cli.crm import check_source
from callcard.crm import presets
from callcard.crm.open_sources import read_configurations
from callcard.crm.registry import SOURCES, load_class
from callcard.errors import OperatorError
from callcard.settings import LOCAL_SOURCE, SOURCE_SECRETS, Settings
from callcard.terminal import echo
from callcard.text import suggest

_BY_HAND = ("jsonrpc", "local", "odata", "rest", "sql", "webhook")
"""What has tables or statements, or needs nothing: no questions would help."""
_OPTIONAL = {"carddav": ("username", "password"), "ldap": ("user", "password")}
"""Options with a default that most servers need."""


@dataclass(frozen=True, slots=True)
class Question:
    key: str
    description: str
    default: str | None
    secret: bool


@click.command()
@click.argument("kind")
@click.option("--name", help="What the source is called; default: KIND.")
@click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("callcard.toml"),
    show_default=True,
    help="Settings file; it is made if it is missing.",
)
@click.option("--number", help="A number that a contact of the source has; it is looked up.")
@click.option(
    "--set", "given", multiple=True, metavar="KEY=VALUE", help="An answer; may be repeated."
)
@click.option(
    "--secret-file",
    "secret_files",
    multiple=True,
    metavar="KEY=PATH",
    help="The file that has a secret, relative to the settings file; may be repeated.",
)
@click.option("--non-interactive", is_flag=True, help="Ask nothing: what is missing is an error.")
def add(
    kind: str,
    name: str | None,
    config: Path,
    number: str | None,
    given: tuple[str, ...],
    secret_files: tuple[str, ...],
    non_interactive: bool,
) -> None:
    """Add a contact source of KIND: a preset as salesforce, or carddav or ldap.

    It asks for what the source needs, looks a number up in the real system, shows who was found,
    and writes the section into the settings. Secrets go into files of their own. The settings
    stay as they are if the look-up fails.
    """
    questions = list(_questions(kind))
    name = name or kind
    answers = _pairs("--set", given, questions, secret=False)
    files = _pairs("--secret-file", secret_files, questions, secret=True)
    secrets: dict[str, str] = {}
    for question in questions:
        if question.key in answers or question.key in files:
            continue
        answer = _ask(question, name, non_interactive=non_interactive)
        if question.secret and answer:
            secrets[question.key] = answer
        elif answer and answer != question.default:
            answers[question.key] = answer
    if number is None and not non_interactive:
        number = click.prompt("A number that one of its contacts has")
    if not number:
        raise OperatorError("give --number: a source is added once it has found somebody")
    _write(config, _table(kind, name, answers, files, secrets), secrets, name, number)


def _questions(kind: str) -> Iterator[Question]:
    """Yield what a kind or preset needs. Raises OperatorError if it is set up by hand."""
    if kind in presets.names():
        for key, need in presets.load(kind).needs.items():
            yield Question(key, need.description, need.default, need.secret)
        return
    if kind in _BY_HAND:
        raise OperatorError(
            f"{kind} is set up in callcard.toml: server/callcard/crm/README.md has an example"
        )
    known = [*presets.names(), *sorted(set(SOURCES) - set(_BY_HAND))]
    if kind not in known:
        hint = suggest(kind, known) or f"; there are {', '.join(known)}"
        raise OperatorError(f"there is no contact source {kind!r}{hint}")
    for field in msgspec.structs.fields(load_class(kind).Options):
        is_required = field.required and field.name != "country"
        if is_required or field.name in _OPTIONAL.get(kind, ()):
            metas = getattr(field.type, "__metadata__", ())
            texts = [each.description for each in metas if getattr(each, "description", None)]
            default = None if field.required else ""
            secret = field.name in SOURCE_SECRETS
            yield Question(field.name, texts[0] if texts else field.name, default, secret)


def _pairs(
    option: str, given: tuple[str, ...], questions: list[Question], *, secret: bool
) -> dict[str, str]:
    known = [question.key for question in questions if question.secret == secret]
    found = {}
    for each in given:
        key, equals, value = each.partition("=")
        if not equals or not value:
            raise OperatorError(f"{option} {key}: write {option} KEY=VALUE")
        if key not in known:
            hint = suggest(key, known) or f"; there are {', '.join(known) or 'none'}"
            if not secret and key in SOURCE_SECRETS:
                hint = f": it is a secret; use --secret-file {key}=PATH"
            raise OperatorError(f"{option} {key} is not asked for{hint}")
        found[key] = value
    return found


def _ask(question: Question, name: str, *, non_interactive: bool) -> str:
    if non_interactive:
        if question.default is not None:
            return ""
        way = f"--secret-file {question.key}=PATH" if question.secret else f"--set {question.key}=…"
        raise OperatorError(f"{name} needs {question.key}, {question.description}; give {way}")
    text = f"{question.key} ({question.description})"
    answer = click.prompt(
        text, default=question.default, hide_input=question.secret, show_default=not question.secret
    )
    return str(answer).strip()


def _table(
    kind: str,
    name: str,
    answers: Mapping[str, str],
    files: Mapping[str, str],
    secrets: Mapping[str, str],
) -> dict[str, str]:
    table = {"kind": kind, **({"name": name} if name != kind else {}), **answers}
    table |= {f"{key}_file": path for key, path in files.items()}
    return table | {f"{key}_file": f"{name}.{key}" for key in secrets}


def _write(
    config: Path, table: Mapping[str, str], secrets: Mapping[str, str], name: str, number: str
) -> None:
    """Try the source, and write its table if it finds somebody; else leave everything as it was."""
    before = config.read_text("utf-8") if config.is_file() else ""
    added = ""
    try:
        if "sources" not in tomllib.loads(before):
            added = _section(LOCAL_SOURCE)  # which is there as long as no source is named
    except tomllib.TOMLDecodeError as error:
        raise OperatorError(f"{config}: {error}") from error
    content = before.rstrip("\n") + ("\n\n" if before.strip() else "") + added + _section(table)
    written: list[Path] = []
    try:
        for key, secret in secrets.items():
            path = config.parent / f"{name}.{key}"
            if path.exists():
                raise OperatorError(f"{path} is there already; remove it, or choose another --name")
            _write_private(path, secret + "\n")
            written.append(path)
        trial = _write_beside(config, content)
        written.append(trial)
        settings = Settings.read(trial)
        configuration = {each.name: each for each in read_configurations(settings)}[name]
        if not asyncio.run(check_source(configuration, settings, number)):
            echo(f"{name} is not added; {config} is as it was")
            sys.exit(1)
        os.replace(trial, config)
        written.clear()
    finally:
        for path in written:
            with suppress(OSError):
                path.unlink()
    echo(f"{name} is added to {config}; a running service uses it within seconds")


def _section(table: Mapping[str, Any]) -> str:
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in table.items()]
    return "\n".join(["[[sources]]", *lines]) + "\n\n"


def _write_private(path: Path, content: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(content)


def _write_beside(config: Path, content: str) -> Path:
    """Write the new settings beside the old ones, readable by those who could read these."""
    handle, name = tempfile.mkstemp(dir=config.parent, prefix=f".{config.name}.")
    with open(handle, "w", encoding="utf-8") as file:
        file.write(content.rstrip("\n") + "\n")
    path = Path(name)
    if config.is_file():
        path.chmod(config.stat().st_mode & 0o777)
    return path
