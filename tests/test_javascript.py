"""The JavaScript of gadget and sandbox: types by tsc, format by prettier, DOM-free code by node."""

import shutil
import subprocess

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.slow

tsc, node, prettier = shutil.which("tsc"), shutil.which("node"), shutil.which("prettier")


@pytest.mark.skipif(not tsc, reason="no tsc: npm install -g typescript@5")
def test_types() -> None:
    done = subprocess.run(
        [str(tsc), "-p", str(ROOT / "gadget" / "jsconfig.json")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.skipif(not prettier, reason="no prettier: npm install -g prettier@3.6.2")
def test_format() -> None:
    patterns = ["gadget/**/*.{js,css,ts}", "server/**/*.{js,css}", "tests/*.mjs"]
    done = subprocess.run(
        [str(prettier), "--check", *patterns], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(not node, reason="no node: apt install nodejs")
def test_logic_without_a_dom() -> None:
    files = sorted(str(path) for path in (ROOT / "tests").glob("*.test.mjs"))
    command = [str(node), "--no-warnings", "--test", *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
