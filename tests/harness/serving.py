"""ASGI applications on real sockets."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.types import ASGIApp

from callcard.api.http_limits import LimitedHttpProtocol
from tests.harness.waiting import until, wait_until


def _server(app: ASGIApp, port: int, keep_alive_seconds: int = 60) -> uvicorn.Server:
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=port,
        log_level="error",
        access_log=False,
        timeout_graceful_shutdown=1,
        timeout_keep_alive=keep_alive_seconds,  # a client's is shorter: no request meets the close
        http=LimitedHttpProtocol,
        ws="websockets-sansio",
    )
    return uvicorn.Server(config)


async def _serve(server: uvicorn.Server) -> None:
    """Serve until the server should exit, and close what was accepted at the last moment."""
    await server._serve()
    await asyncio.sleep(0)  # until its protocol is known
    for connection in list(server.server_state.connections):
        if transport := getattr(connection, "transport", None):
            transport.abort()
    await asyncio.sleep(0)


@contextmanager
def listening(*apps: tuple[ASGIApp, int]) -> Iterator[None]:
    """Serve each app at its port, all in one thread and one event loop of their own."""
    servers = [_server(app, port) for app, port in apps]

    async def serve() -> None:
        await asyncio.gather(*map(_serve, servers))

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    wait_until(lambda: all(server.started for server in servers))
    try:
        yield
    finally:
        for server in servers:
            server.should_exit = True
        thread.join(10)


@asynccontextmanager
async def serving(app: ASGIApp, port: int, keep_alive_seconds: int = 60) -> AsyncIterator[None]:
    """Serve `app` in this event loop, so that the test can use its objects without locks."""
    server = _server(app, port, keep_alive_seconds)
    task = asyncio.create_task(_serve(server))
    await until(lambda: server.started)
    try:
        yield
    finally:
        server.should_exit = True
        await task
