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
PROBE_NUMBER = "+12025550100"


async def healthz(request: Request) -> Response:
    """Answer that the process is alive."""
    return json_response({"status": "ok"})


@dataclass
class _Result:
    checked_at: float = float("-inf")
    checks: dict[str, str] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)


def readyz(services: Services) -> Callable[[Request], Awaitable[Response]]:
    """Return the readiness endpoint: 200 if Finesse, contacts and journal are usable.

    Otherwise 503. The body has each check and how many calls are open, due or parked.
    """
    result = _Result()
    checking = asyncio.Lock()

    async def respond(request: Request) -> Response:
        async with checking:
            if time.monotonic() - result.checked_at > CACHE_SECONDS:
                result.checks = await _check(services)
                result.calls = {}
                try:
                    result.calls = await services.store.count_by_status()
                    result.checks["journal"] = "ok"
                except CallcardError as error:
                    result.checks["journal"] = f"{error.code}: {error.detail}"
                result.checked_at = time.monotonic()
        ready = all(result.checks[name] == "ok" for name in ("finesse", "contacts", "journal"))
        status = "ready" if ready else "not ready"
        content = {"status": status, "checks": result.checks, "calls": result.calls}
        return json_response(content, 200 if ready else 503)

    return respond


async def _check(services: Services) -> dict[str, str]:
    nodes = services.cluster.nodes
    results = await asyncio.gather(*(_check_node(services, node) for node in nodes))
    # One node in service is enough; each is shown.
    checks = {"finesse": "ok" if "ok" in results else results[0]}
    try:
        await services.directory.by_number(PROBE_NUMBER)
        checks["contacts"] = "ok"
    except CallcardError as error:
        checks["contacts"] = f"{error.code}: {error.detail}"
    if len(nodes) > 1:
        for node, result in zip(nodes, results, strict=True):
            checks[f"finesse {node.name}"] = result
    return checks


async def _check_node(services: Services, node: Node) -> str:
    timeout = services.settings.finesse.deadline_seconds
    try:
        info = await node.client.system_info(asyncio.get_running_loop().time() + timeout)
    except CredentialsRejected:  # some releases require credentials for SystemInfo: the node is up
        return "ok"
    except CallcardError as error:
        return f"{error.code}: {error.detail}"
    return "ok" if info.status == "IN_SERVICE" else f"status {info.status or 'unknown'}"
