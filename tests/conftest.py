"""Fixtures: `finesse` (a sandbox), `service`, `desktop(agent)`, `contacts`, a whole `centre`."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import hypothesis
import pytest
from starlette.applications import Starlette

from callcard.app import create_app
from callcard.crm.local import LocalContacts
from callcard.crm.open_sources import open_local_contacts
from callcard.settings import Settings
from finesse_sandbox.app import Sandbox, SandboxSettings
from tests.harness.contact_centre import ContactCentre, open_contact_centre, service_client
from tests.harness.sandbox import SandboxDriver, new_sandbox
from tests.harness.settings import settings_in

ROOT = Path(__file__).parent.parent

# The time of an example depends on the machine more than on the code.
hypothesis.settings.register_profile("callcard", deadline=None)
hypothesis.settings.load_profile("callcard")
AGENT = ("1001", "callcard")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run slow tests first and those with a browser last, so that neither slows the other; of these
    the files with many tests first, so that no process is left with one at the end.

    Of tests with the same id, xdist runs one: there are none.
    """
    repeated = [id for id, count in Counter(item.nodeid for item in items).items() if count > 1]
    if repeated:
        raise pytest.UsageError(f"give each test an id of its own: {repeated}")
    in_file = Counter(item.path for item in items)

    def rank(item: pytest.Item) -> tuple[bool, bool, int]:
        has_browser = _marked(item, "browser")
        return not _marked(item, "slow"), has_browser, -in_file[item.path] * has_browser

    items.sort(key=rank)


def _marked(item: pytest.Item, mark: str) -> bool:
    return item.get_closest_marker(mark) is not None


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    sections: dict[str, dict[str, Any]] = {"finesse": {"deadline_seconds": 0.5}}
    for section, values in getattr(request, "param", {}).items():
        sections.setdefault(section, {}).update(values)
    return settings_in(tmp_path, "http://finesse", **sections)


@pytest.fixture
def finesse() -> Sandbox:
    """A sandbox without sockets, where agent 1001 is signed in."""
    sandbox = new_sandbox(SandboxSettings(host="finesse"))
    sandbox.agents.sign_in(sandbox.agents.users["1001"], "1001", "")
    return sandbox


@pytest.fixture
async def rest(finesse: Sandbox) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the sandbox `finesse`, as agent 1001."""
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(finesse.app), base_url="http://finesse", auth=AGENT
    ) as client:
        yield client


@pytest.fixture
async def driver(finesse: Sandbox) -> AsyncIterator[SandboxDriver]:
    """What plays customers, faults and agents in the sandbox `finesse`."""
    sandbox_driver = SandboxDriver(finesse)
    async with sandbox_driver.http:
        yield sandbox_driver


@pytest.fixture
def contacts(settings: Settings) -> Iterator[LocalContacts]:
    opened = open_local_contacts(settings)
    yield opened
    opened.close_blocking()


@pytest.fixture
async def service(settings: Settings, driver: SandboxDriver) -> AsyncIterator[Starlette]:
    """The service, whose Finesse client reaches the sandbox without a socket."""
    app = create_app(settings, http=driver.http)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def desktop(service: Starlette) -> AsyncIterator[Callable[[str], httpx.AsyncClient]]:
    """Make the client that sends the requests of an agent's desktop to the service."""
    async with AsyncExitStack() as stack:

        def open_client(agent: str) -> httpx.AsyncClient:
            client = service_client(service, agent)
            stack.push_async_callback(client.aclose)
            return client

        yield open_client


@pytest.fixture
def ana(desktop: Callable[[str], httpx.AsyncClient]) -> httpx.AsyncClient:
    """The desktop of agent 1001, Ana Costa, towards the service."""
    return desktop("1001")


@pytest.fixture
async def centre(tmp_path: Path) -> AsyncIterator[ContactCentre]:
    """A contact centre on sockets, with the default settings of `open_contact_centre`."""
    async with open_contact_centre(tmp_path) as opened:
        yield opened
