"""What the README says is so: each setting, endpoint, error, command and fault is there, and nothing else is."""

import re

from click import Group

from callcard.api.routes import ENDPOINTS
from callcard.cli.main import cli
from callcard.errors import all_errors
from callcard.settings import table
from finesse_sandbox.control_api import EVENT_KINDS, OTHER_KINDS
from finesse_sandbox.faults import KINDS
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text("utf-8")


def test_every_setting_with_its_default_and_help() -> None:
    for name, default, help in table():
        shown = f"`{default}`" if default not in ("", ()) else ""
        assert re.search(rf"\| `{name}` \| {re.escape(shown)} ?\| {re.escape(help)} \|", README), (
            name
        )


def test_every_endpoint() -> None:
    for endpoint in ENDPOINTS:
        assert f"`{endpoint.method} {endpoint.path}" in README, endpoint


def test_every_error_code() -> None:
    for error in all_errors():
        assert f"`{error.code}`" in README, error


def test_every_command() -> None:
    for name, command in cli.commands.items():
        names = (
            [f"callcard {name} {sub}" for sub in command.commands]
            if isinstance(command, Group)
            else [f"callcard {name}"]
        )
        assert all(each in README for each in names)


def test_every_fault() -> None:
    assert all(f"`{kind}`" in README for kind in (*KINDS, *EVENT_KINDS, *OTHER_KINDS))


def test_the_errors_tree_is_drawn_as_it_is() -> None:
    import callcard.errors

    drawn = dict(re.findall(r"(\w+)\s+(\d{3}) [\w-]+", callcard.errors.__doc__ or ""))
    assert drawn == {
        error.__name__: str(error.status) for error in all_errors() if error.__name__ in drawn
    }
    leaves = {error.__name__ for error in all_errors() if not error.__subclasses__()}
    assert leaves <= drawn.keys()


def test_files_that_are_named_exist() -> None:
    for name in re.findall(r"\]\(([\w./]+)\)|`((?:server|gadget|tests)/[\w./]+)`", README):
        assert (ROOT / (name[0] or name[1])).exists(), name


def test_the_gadget_that_the_guide_writes_builds(tmp_path: object) -> None:
    import shutil
    from pathlib import Path

    import build

    guide = (ROOT / "gadget" / "README.md").read_text("utf-8")
    folder = Path(shutil.copytree(ROOT / "gadget", Path(str(tmp_path)) / "gadget"))
    (folder / "hello").mkdir()
    for kind, file in [("toml", "gadget.toml"), ("html", "view.html.j2"), ("js", "main.js")]:
        block = re.search(rf"```{kind}\n(.*?)```", guide, re.DOTALL)
        assert block
        (folder / "hello" / file).write_text(block[1])
    (folder / "hello" / "style.css").write_text("")
    made = build.build(folder, Path(str(tmp_path)) / "dist", "")
    assert b"<hello-agent></hello-agent>" in made["callcard/hello.xml"]
