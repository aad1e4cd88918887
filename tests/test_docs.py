"""The documentation is complete: generated pages are current, files exist, and the guide builds."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from click import Context, Group

import build
import callcard.errors
from callcard.api.routes import ENDPOINTS
from callcard.cli.main import cli
from callcard.docs import pages
from callcard.errors import all_errors
from callcard.settings import describe
from finesse_sandbox.control_faults import FAULT_KINDS
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text("utf-8")
DOCUMENTS = (
    ROOT / "README.md",
    ROOT / "gadget" / "README.md",
    ROOT / "server" / "README.md",
    ROOT / "server" / "finesse_sandbox" / "README.md",
    ROOT / "server" / "callcard" / "crm" / "README.md",
    ROOT / "tests" / "bench" / "README.md",
    *sorted((ROOT / "server" / "callcard" / "docs").glob("*.md")),
)
README_MAX_LINES = 120
LINE_CHARACTERS = 100


def page(name: str) -> str:
    return (pages.FOLDER / name).read_text("utf-8")


def test_generated_pages_are_current() -> None:
    hint = "run: python -m callcard.docs.pages"
    assert page("settings.md") == pages.settings_page(), hint
    assert page("api.md") == pages.api_page(), hint


def test_pages_have_every_setting_endpoint_and_error_code() -> None:
    settings = page("settings.md")
    assert all(f"| `{info.key}`" in settings for info in describe())
    api = page("api.md")
    assert all(f"`{each.method} {each.path}`" in api for each in ENDPOINTS)
    assert all(f"`{error.code}`" in api for error in all_errors())


def test_readme_names_every_command() -> None:
    context = Context(cli)
    names = cli.list_commands(context)
    assert len(names) > 5
    for name in names:
        command = cli.get_command(context, name)
        subcommands = (
            [f" {each}" for each in command.commands] if isinstance(command, Group) else [""]
        )
        assert all(f"callcard {name}{each}" in README for each in subcommands)


def test_sandbox_readme_has_every_fault() -> None:
    text = (ROOT / "server" / "finesse_sandbox" / "README.md").read_text("utf-8")
    assert all(f"`{kind}`" in text for kind in FAULT_KINDS)


def test_readme_is_short() -> None:
    assert len(README.splitlines()) <= README_MAX_LINES


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_prose_has_at_most_100_columns(document: Path) -> None:
    in_code = False
    for number, line in enumerate(document.read_text("utf-8").splitlines(), 1):
        if line.startswith("```"):
            in_code = not in_code
        if not in_code and not line.startswith(("|", "![")):
            assert len(line) <= LINE_CHARACTERS, f"{document}:{number}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files(document: Path) -> None:
    text = document.read_text("utf-8")
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)", text):
        assert (document.parent / target).exists(), target
    for name in re.findall(r"`((?:server|gadget|tests)/[\w./]+)`", text):
        assert (ROOT / name).exists(), name


def test_error_tree_in_the_docstring_is_complete() -> None:
    drawn = dict(re.findall(r"(\w+)\s+(\d{3}) [\w-]+", callcard.errors.__doc__ or ""))
    statuses = {error.__name__: str(error.status) for error in all_errors()}
    assert drawn.items() <= statuses.items()
    leaves = {error.__name__ for error in all_errors() if not error.__subclasses__()}
    assert leaves <= drawn.keys()


def test_gadget_of_the_guide_builds(tmp_path: Path) -> None:
    guide = (ROOT / "gadget" / "README.md").read_text("utf-8")
    folder = Path(shutil.copytree(ROOT / "gadget", tmp_path / "gadget"))
    (folder / "hello").mkdir()
    for kind, file in [("toml", "gadget.toml"), ("html", "view.html.j2"), ("js", "main.js")]:
        block = re.search(rf"```{kind}\n(.*?)```", guide, re.DOTALL)
        assert block
        (folder / "hello" / file).write_text(block[1])
    (folder / "hello" / "style.css").write_text("")
    made = build.build(folder, tmp_path / "dist", "")
    assert b"<hello-agent></hello-agent>" in made["callcard/hello.xml"]
