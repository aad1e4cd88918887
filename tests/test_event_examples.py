"""The examples of the events' page, against a running service, and the page's table."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from dataclasses import fields
from typing import Any, get_args

import pytest

from callcard.actions.event_feed import type_of
from callcard.app import create_app
from callcard.docs.pages import FOLDER
from callcard.events import Event
from tests.harness.api_keys import make_key
from tests.harness.contact_centre import ContactCentre
from tests.harness.ports import free_port
from tests.harness.serving import serving

EXAMPLES = {
    "follow-events.mjs": shutil.which("node") or "",
    "follow_events.py": sys.executable,
}


@pytest.mark.anyio
@pytest.mark.parametrize("name", EXAMPLES)
async def test_example_prints_events_over_a_restart(centre: ContactCentre, name: str) -> None:
    if not EXAMPLES[name]:
        pytest.skip("no node: apt install nodejs")
    key = await make_key(centre, "events")
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        EXAMPLES[name],
        str(FOLDER / "examples" / name),
        f"http://127.0.0.1:{port}",
        key,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdout
    try:
        for number in ("+12125550101", "+12125550102"):  # the second after a restart
            app = create_app(centre.settings, clock=centre.clock)
            async with serving(app, port):
                await until_reading(app)
                entry = {"number": number, "reason": "x"}
                async with centre.api("2001") as supervisor:
                    await supervisor.post("/lists/deny", json=entry)
                await centre.service.app.state.feed.flush()
                assert (await printed(process.stdout))["list"] == "deny"
                app.state.feed.close()
    finally:
        process.kill()
        await process.wait()


async def until_reading(app: Any) -> None:
    """Wait until somebody waits for events."""
    async with asyncio.timeout(15):
        while not app.state.feed.is_awaited:
            await asyncio.sleep(0.02)


async def printed(output: asyncio.StreamReader) -> dict[str, Any]:
    """Return the data of the next change of a number list that the example prints."""
    async with asyncio.timeout(15):
        while True:
            kind, _, data = (await output.readline()).decode().partition(" ")
            if kind == "number-list-changed":
                content: dict[str, Any] = json.loads(data)
                return content


def test_page_has_every_event_with_its_fields() -> None:
    page = (FOLDER / "events.md").read_text("utf-8")
    rows = {line.split("`")[1]: line for line in page.splitlines() if line.startswith("| `")}
    kinds = {type_of(kind): kind for kind in get_args(Event)}
    assert rows.keys() == kinds.keys()
    for name, kind in kinds.items():
        shown = rows[name].rpartition("| ")[0].rpartition("| ")[2]
        for field in fields(kind):
            assert f"`{field.name}`" in rows[name].split("|")[3], (name, shown)
