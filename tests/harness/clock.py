"""A clock that a test advances."""

from __future__ import annotations

import time


class AdvancingClock:
    """The real time plus what the test has advanced it by.

    Finesse's own times stay real, so a call still takes as long as it takes.
    """

    def __init__(self) -> None:
        self._ahead_seconds = 0.0

    def __call__(self) -> float:
        return time.time() + self._ahead_seconds

    def advance(self, seconds: float) -> None:
        self._ahead_seconds += seconds
