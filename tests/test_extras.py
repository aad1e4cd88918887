"""The optional extras: what runs without them, and what a command says that needs one."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest

from callcard.extras import EXTRA_BY_MODULE, MissingExtra, requires_extras
from tests.conftest import ROOT

BLOCKER = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {modules!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Blocker())
"""
MAIN = "import sys; sys.argv[0] = 'callcard'; from callcard.cli.main import main; main()"


def run_without(
    modules: Iterable[str], script: str, *arguments: str
) -> subprocess.CompletedProcess[str]:
    """Run `script` in a Python in which `modules` are not installed."""
    command = [sys.executable, "-c", BLOCKER.format(modules=set(modules)) + script, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


@pytest.mark.parametrize(
    ("script", "arguments"),
    [
        ("import callcard.app", []),
        (MAIN, ["serve", "--help"]),
        (MAIN, ["number", "explain", "123"]),
    ],
)
def test_service_runs_without_extras(script: str, arguments: list[str]) -> None:
    done = run_without({*EXTRA_BY_MODULE, "jinja2"}, script, *arguments)
    assert done.returncode == 0, done.stderr


def test_sandbox_runs_without_build_extra() -> None:
    script = "import finesse_sandbox.app"
    done = run_without({"tree_sitter", "tree_sitter_javascript", "minify", "jinja2"}, script)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("command", "extras"), [("demo", "sandbox,build"), ("sandbox", "sandbox")])
def test_command_names_missing_extras_in_one_line(command: str, extras: str) -> None:
    done = run_without(EXTRA_BY_MODULE, MAIN, command)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert f"Install it with: pip install 'callcard[{extras}]'" in done.stderr


def test_import_names_missing_extra_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "contacts.csv"
    file.write_bytes("name,phone\nЮрий,+12025550123\n".encode("cp1251"))
    database = ["--database", str(tmp_path / "contacts.sqlite")]
    done = run_without(EXTRA_BY_MODULE, MAIN, "contacts", "import", str(file), *database)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "callcard: charset_normalizer is not installed. "
        "Install it with: pip install 'callcard[import]'"
    )


def test_build_names_missing_extra_in_one_line() -> None:
    done = run_without(EXTRA_BY_MODULE, "import build")
    assert done.returncode == 1
    assert done.stderr == (
        "build.py: tree_sitter is not installed. Install it with: pip install 'callcard[build]'\n"
    )


def test_other_missing_module_is_not_hidden() -> None:
    with pytest.raises(ModuleNotFoundError, match="elsewhere"), requires_extras("build"):
        raise ModuleNotFoundError("No module named 'elsewhere'", name="elsewhere")
    with pytest.raises(MissingExtra), requires_extras("build"):
        raise ModuleNotFoundError("No module named 'trustme'", name="trustme")


def test_dev_extra_includes_all_others() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    assert extras.keys() == {*EXTRA_BY_MODULE.values(), "dev"}
    assert "callcard[sandbox,build,import,rest,sql,tokens]" in extras["dev"]
