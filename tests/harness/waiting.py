"""Wait for a condition instead of sleeping: `until` in a coroutine, `wait_until` elsewhere."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

POLL_SECONDS = 0.01

T = TypeVar("T")


@overload
async def until(condition: Callable[[], Awaitable[T]], seconds: float = ...) -> T: ...
@overload
async def until(condition: Callable[[], T], seconds: float = ...) -> T: ...
async def until(condition: Callable[[], Any], seconds: float = 10) -> Any:
    """Wait until the condition, which may be a coroutine function, is true; return its result."""
    async with asyncio.timeout(seconds):
        while True:
            result = condition()
            if inspect.isawaitable(result):
                result = await result
            if result:
                return result
            await asyncio.sleep(POLL_SECONDS)


def wait_until(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Wait until the condition is true, without an event loop."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"the condition was not met within {seconds:g} s"
        time.sleep(POLL_SECONDS)
