"""A circuit breaker: a source that keeps failing is left alone for a while. Pure."""

from __future__ import annotations

from collections.abc import Callable

MAX_FAILURES = 5
"""Failures in a row after which requests stop."""
FIRST_PAUSE_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 60.0
LONGEST_ASKED_SECONDS = 300.0
"""The longest pause that a source may ask for: a look-up may be worth the try then."""


class CircuitBreaker:
    """Counts failures in a row. During a pause nothing is sent; after it, one request tries.

    Each failed try doubles the pause.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._pause_seconds = FIRST_PAUSE_SECONDS
        self._paused_until = 0.0
        self.failures = 0
        self.is_asked = False
        """Whether the pause is one that the source has asked for."""

    def admit(self) -> float:
        """Return 0 if a request may be sent now, else the seconds until the next try."""
        if self.failures < MAX_FAILURES:
            return 0.0
        now = self._clock()
        if now < self._paused_until:
            return self._paused_until - now
        self._paused_until = now + self._pause_seconds  # others wait for this try
        return 0.0

    def pause(self, seconds: float) -> None:
        """Send nothing for as long as the source asks, as with Retry-After; then one request."""
        self.failures = MAX_FAILURES
        self._pause_seconds = FIRST_PAUSE_SECONDS
        self.is_asked = True
        self._paused_until = self._clock() + min(seconds, LONGEST_ASKED_SECONDS)

    def succeed(self) -> None:
        self.failures = 0
        self.is_asked = False
        self._pause_seconds = FIRST_PAUSE_SECONDS

    def fail(self) -> None:
        self.failures += 1
        self.is_asked = False
        if self.failures < MAX_FAILURES:
            return
        if self.failures > MAX_FAILURES:
            self._pause_seconds = min(2 * self._pause_seconds, LONGEST_PAUSE_SECONDS)
        self._paused_until = self._clock() + self._pause_seconds
