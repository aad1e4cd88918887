"""The functions that a company asked for, walked from a program in another language."""

from __future__ import annotations

import asyncio
import shutil

import pytest

from callcard.app import create_app
from callcard.docs.pages import FOLDER
from tests.conftest import ROOT
from tests.harness.contact_centre import ContactCentre
from tests.harness.ports import free_port
from tests.harness.serving import serving

NODE = shutil.which("node") or ""


def rows_that_are_there() -> set[int]:
    page = (FOLDER / "functions.md").read_text("utf-8")
    rows = [line.split("|") for line in page.splitlines() if line.startswith("| ")][2:]
    assert [int(row[1]) for row in rows] == list(range(1, 23))
    return {int(row[1]) for row in rows if "not there yet" not in row[3]}


@pytest.mark.skipif(not NODE, reason="no node: apt install nodejs")
@pytest.mark.anyio
async def test_every_row_that_is_there_works(centre: ContactCentre) -> None:
    port = free_port()
    app = create_app(centre.settings, clock=centre.clock)
    async with serving(app, port):
        process = await asyncio.create_subprocess_exec(
            NODE,
            str(ROOT / "tests" / "walk_functions.mjs"),
            f"http://127.0.0.1:{port}",
            f"http://127.0.0.1:{centre.port}",
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(60):
            output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    assert set(map(int, output.split())) == rows_that_are_there()
