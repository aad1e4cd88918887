"""Liveness and readiness endpoints."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response

from callcard.api.endpoint import json_response
from callcard.api.services import Services
from callcard.errors import CallcardError, CredentialsRejected
from callcard.finesse.nodes import Node

CACHE_SECONDS = 5.0
"""How long a result is reused, so that frequent probes cost Finesse nothing."""
JOB_SECONDS = 45.0
"""After which a background job counts as stopped: its lease is extended every few seconds."""
STALLED_SECONDS = 600.0
"""How long an interaction may wait for its delivery before somebody has to act."""
PROBE_NUMBER = "+12025550100"


async def healthz(request: Request) -> Response:
    """Answer that the process is alive."""
    return json_response({"status": "ok"})


@dataclass
class _Result:
    checked_at: float = float("-inf")
    checks: dict[str, str] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)
    oldest_seconds: float | None = None


def readyz(
    services: Services, clock: Callable[[], float] = time.time
) -> Callable[[Request], Awaitable[Response]]:
    """Return the readiness endpoint: 200 if everything that the service needs works.

    Otherwise 503. That is Finesse, the contacts, a journal that can be written, and background jobs
    that close calls and deliver them. The body has each check, how many calls wait, and for how
    long the oldest has.
    """
    result = _Result()
    checking = asyncio.Lock()
    started_at = clock()

    async def respond(request: Request) -> Response:
        async with checking:
            if time.monotonic() - result.checked_at > CACHE_SECONDS:
                await _check(services, result, clock(), started_at)
                result.checked_at = time.monotonic()
        needed = ("finesse", "contacts", "journal", "delivery", "closing")
        ready = all(result.checks[name] == "ok" for name in needed)
        content = {
            "status": "ready" if ready else "not ready",
            "checks": result.checks,
            "calls": result.calls,
            "oldest_undelivered_seconds": result.oldest_seconds,
        }
        return json_response(content, 200 if ready else 503)

    return respond


async def _check(services: Services, result: _Result, now: float, started_at: float) -> None:
    nodes = services.cluster.nodes
    results = await asyncio.gather(*(_check_node(services, node) for node in nodes))
    # One node in service is enough; each is shown.
    checks = {"finesse": "ok" if "ok" in results else results[0]}
    checks["contacts"] = await _outcome(services.directory.by_number(PROBE_NUMBER))
    if len(nodes) > 1:
        for node, node_result in zip(nodes, results, strict=True):
            checks[f"finesse {node.name}"] = node_result
    checks["journal"] = await _outcome(services.store.check())
    result.calls = {}
    result.oldest_seconds = None
    try:
        result.calls = await services.store.count_by_status()
        oldest_due_at = await services.store.oldest_due_at()
        if oldest_due_at is not None and oldest_due_at < now:
            result.oldest_seconds = round(now - oldest_due_at, 1)
        # Whichever worker does the job.
        for name, lease in (("delivery", "delivery"), ("closing", "sweep")):
            expiry = await services.store.lease_expiry(lease)
            if expiry is not None and expiry > now + JOB_SECONDS:  # by a clock that was ahead
                expiry = None
            last_run = max(expiry or 0.0, min(started_at, now))
            checks[name] = "ok" if now - last_run < JOB_SECONDS else "not running"
        if (result.oldest_seconds or 0.0) > STALLED_SECONDS and checks["delivery"] == "ok":
            checks["delivery"] = "stalled: see oldest_undelivered_seconds, and the log"
    except CallcardError as error:
        checks["delivery"] = checks["closing"] = f"{error.code}: {error.detail}"
    result.checks = checks


async def _outcome(check: Awaitable[object]) -> str:
    try:
        await check
    except CallcardError as error:
        return f"{error.code}: {error.detail}"
    return "ok"


async def _check_node(services: Services, node: Node) -> str:
    timeout = services.settings.finesse.deadline_seconds
    try:
        info = await node.client.system_info(asyncio.get_running_loop().time() + timeout)
    except CredentialsRejected:  # some releases require credentials for SystemInfo: the node is up
        return "ok"
    except CallcardError as error:
        return f"{error.code}: {error.detail}"
    return "ok" if info.status == "IN_SERVICE" else f"status {info.status or 'unknown'}"
