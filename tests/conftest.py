"""Who takes part in the tests: `finesse` (the stand-in), `desk` (an agent's line into the service), `contacts`, and for the
browser the whole demo on sockets of its own."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import hypothesis
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp

if TYPE_CHECKING:
    from playwright.sync_api import Browser

from callcard.app import create_app
from callcard.crm.local import LocalContacts
from callcard.settings import Settings
from finesse_sandbox.app import Sandbox, SandboxSettings

ROOT = Path(__file__).parent.parent

# How long an example takes says more about the machine than about the code.
hypothesis.settings.register_profile("callcard", deadline=None)
hypothesis.settings.load_profile("callcard")
AGENT = ("1001", "callcard")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from tests.desk import chromium  # only here: most tests do without

    with (
        chromium() as started
    ):  # for one module, as its event loop stands in the way of asynchronous tests
        yield started


@pytest.fixture
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    given = {"finesse_deadline": 0.5} | getattr(request, "param", {})
    return Settings(
        finesse_url="http://finesse",
        database=str(tmp_path / "contacts.sqlite"),
        country="US",
        bundle=str(tmp_path / "none"),
        **given,
    )


@pytest.fixture
def finesse() -> Sandbox:
    """A stand-in where agent 1001 is signed in."""
    sandbox = Sandbox(SandboxSettings(host="finesse"))
    sandbox.agents.sign_in(sandbox.agents.users["1001"], "1001", "")
    return sandbox


@pytest.fixture
def contacts(settings: Settings) -> Iterator[LocalContacts]:
    store = LocalContacts(
        settings.database, home=settings.country, suffix_digits=settings.suffix_digits
    )
    yield store
    store.close()


@pytest.fixture
async def service(settings: Settings, finesse: Sandbox) -> AsyncIterator[Starlette]:
    """The service, whose Finesse client reaches the stand-in without a socket."""
    upstream = httpx.AsyncClient(
        transport=httpx.ASGITransport(finesse.app), base_url="http://finesse"
    )
    app = create_app(settings, http=upstream)
    async with app.router.lifespan_context(app), upstream:
        yield app


@pytest.fixture
async def desk(service: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    """Agent 1001, asking the service."""
    transport = httpx.ASGITransport(service, raise_app_exceptions=False)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://desk/api/v1", auth=AGENT
    ) as client:
        yield client


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _config(app: ASGIApp, port: int) -> uvicorn.Config:
    told = {
        "log_level": "error",
        "access_log": False,
        "timeout_graceful_shutdown": 1,
        "ws": "websockets-sansio",
    }
    return uvicorn.Config(app, host="127.0.0.1", port=port, **told)  # type: ignore[arg-type]  # its keywords


@contextmanager
def listening(*apps: tuple[ASGIApp, int]) -> Iterator[None]:
    """Each app on a real socket at its port, all in one thread and one loop."""
    servers = [uvicorn.Server(_config(app, port)) for app, port in apps]

    async def serve() -> None:
        await asyncio.gather(*(server._serve() for server in servers))

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    until(lambda: all(server.started for server in servers))
    try:
        yield
    finally:
        for server in servers:
            server.should_exit = True
        thread.join(10)


@asynccontextmanager
async def serving(app: ASGIApp, port: int) -> AsyncIterator[None]:
    """`app` on a real socket, in this loop: what it does can be watched and changed without locks."""
    server = uvicorn.Server(_config(app, port))
    task = asyncio.create_task(server._serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        await task


def until(met: Callable[[], bool], seconds: float = 10) -> None:
    """Wait for a condition on a clock that is not ours."""
    end = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < end, "that did not happen in time"
        time.sleep(0.02)


Serving = Callable[[ASGIApp, int], AbstractContextManager[None]]
