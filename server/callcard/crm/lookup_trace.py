"""What sources send while a look-up is explained: they note each request, and nobody else pays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

MAX_REQUESTS = 20

_requests: ContextVar[list[str] | None] = ContextVar("requests", default=None)


@contextmanager
def traced() -> Iterator[list[str]]:
    """Collect the requests of the tasks that are created in the body."""
    requests: list[str] = []
    token = _requests.set(requests)
    try:
        yield requests
    finally:
        _requests.reset(token)


def note_request(describe: Callable[[], str]) -> None:
    """Note a request to a source. `describe` is called only if somebody wants to know.

    Headers are no part of it: they hold the credentials.
    """
    requests = _requests.get()
    if requests is not None and len(requests) < MAX_REQUESTS:
        requests.append(describe())
