"""Helpers for asyncio's futures."""

from __future__ import annotations

import asyncio
from typing import Any


def mark_retrieved(future: asyncio.Future[Any]) -> None:
    """Mark a future's exception as retrieved, so that asyncio does not log it.

    A done callback, for a result that may not be needed.
    """
    if not future.cancelled():
        future.exception()
