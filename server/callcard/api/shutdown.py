"""End the process after SIGTERM, even if its event loop no longer runs."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

from starlette.types import ASGIApp, Receive, Scope, Send

log = logging.getLogger("callcard")

GRACEFUL_SECONDS = 10
"""For requests under way; then they are cancelled."""
FORCED_SECONDS = 20.0
"""After the signal, when the process ends whatever it does. Committed calls are safe: the journal
survives a killed process."""


def exit_on_terminate() -> None:
    """Let SIGTERM end this process as Ctrl-C does, so that its temporary files are removed.

    By default it ends without running `finally`; uvicorn restores the default before it returns.
    """

    def exit_process(signum: int, frame: FrameType | None) -> NoReturn:
        sys.exit(0)

    signal.signal(signal.SIGTERM, exit_process)


class ForcedShutdown:
    """Start a watchdog with the signal, once the server has installed its own handlers."""

    def __init__(
        self,
        app: ASGIApp,
        seconds: float = FORCED_SECONDS,
        on_signal: Callable[[], None] = lambda: None,
    ) -> None:
        """`on_signal` is called in the event loop at once: responses without end must end."""
        self._app = app
        self._seconds = seconds
        self._on_signal = on_signal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            loop = asyncio.get_running_loop()
            for signum in (signal.SIGTERM, signal.SIGINT):
                self._watch(signum, loop)
        await self._app(scope, receive, send)

    def _watch(self, signum: signal.Signals, loop: asyncio.AbstractEventLoop) -> None:
        previous = signal.getsignal(signum)

        def handle(number: int, frame: FrameType | None) -> None:
            # A thread: the event loop may be what hangs.
            timer = threading.Timer(self._seconds, _end_process)
            timer.daemon = True
            timer.start()
            loop.call_soon_threadsafe(self._on_signal)
            if callable(previous):
                previous(number, frame)

        signal.signal(signum, handle)


def _end_process() -> None:
    log.error("the service did not stop by itself; ended")
    os._exit(1)
