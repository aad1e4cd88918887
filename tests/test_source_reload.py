"""Contact sources that are replaced while the service runs."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from callcard import crm_connections
from callcard.crm_connections import CrmConnections
from callcard.errors import OperatorError
from callcard.events import EventBus
from callcard.settings import Settings
from callcard.store.sqlite_store import SqliteStore
from tests.harness.contact_centre import ADA_E164, ADA_NAME, ContactCentre
from tests.harness.waiting import until

pytestmark = pytest.mark.anyio


def with_two_sources(settings: Settings, folder: Path) -> Settings:
    second = {"kind": "local", "name": "second", "path": str(folder / "second.sqlite")}
    return msgspec.structs.replace(settings, sources=(*settings.sources, second))


async def test_no_request_is_dropped_and_calls_go_on(centre: ContactCentre, tmp_path: Path) -> None:
    connections: CrmConnections = centre.service.app.state.connections
    await centre.open_desktop()
    call = await centre.ring()
    async with centre.api() as agent:
        requests = [
            asyncio.create_task(agent.get("/contacts", params={"number": ADA_E164}))
            for _ in range(40)
        ]
        await asyncio.sleep(0)
        await connections.replace(with_two_sources(centre.settings, tmp_path))
        answers = await asyncio.gather(*requests)
        assert {answer.status_code for answer in answers} == {200}
        after = (await agent.get("/contacts", params={"number": ADA_E164})).json()
    assert after["sources"] == {"local": "ok", "second": "ok"}
    assert after["matches"][0]["contact"]["name"] == ADA_NAME
    await centre.hang_up(call)
    assert (await centre.delivered()).call_ids == (call,)


async def test_unusable_sources_change_nothing(centre: ContactCentre) -> None:
    connections: CrmConnections = centre.service.app.state.connections
    before = connections.sources
    wrong = msgspec.structs.replace(centre.settings, sources=({"kind": "hubspot"},))
    with pytest.raises(OperatorError, match="hubspot needs portal"):
        await connections.replace(wrong)
    assert connections.sources is before


async def test_changed_file_is_read_and_a_broken_one_is_named(
    tmp_path: Path,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(crm_connections, "WATCH_SECONDS", 0.01)
    monkeypatch.setattr(crm_connections, "CLOSE_SECONDS", 0.01)
    caplog.set_level(logging.INFO)
    file = tmp_path / "callcard.toml"
    local = f'[[sources]]\nkind = "local"\npath = "{tmp_path}/one.sqlite"\n'
    file.write_text(local)
    store = SqliteStore(tmp_path / "calls.sqlite")
    connections = CrmConnections(Settings.read(file), store, EventBus(), lambda: 0.0)
    watch = asyncio.create_task(connections.watch(file, lambda: Settings.read(file)))
    await asyncio.sleep(0)

    def names() -> list[str]:
        return [each.name for each in connections.sources]

    file.write_text(local + f'[[sources]]\nkind = "local"\nname = "b"\npath = "{tmp_path}/b"\n')
    await until(lambda: names() == ["local", "b"])
    file.write_text(local + '[[sources]]\nkind = "lokal"\n')
    await until(lambda: "did you mean local" in caplog.text)
    folder = f'[[sources]]\nkind = "local"\nname = "b"\npath = "{tmp_path}"\n'
    file.write_text(local + folder)  # which is no file
    await until(lambda: caplog.text.count("stay as they were") == 2)
    file.write_text(local + '[telephony]\ncountry = "DE"\n')
    await until(lambda: names() == ["local"])
    file.write_text(local + '[telephony]\ncountry = "FR"\n')
    await until(lambda: "need a restart" in caplog.text)
    watch.cancel()
    with suppress(asyncio.CancelledError):
        await watch
    await connections.close()
    await store.close()
