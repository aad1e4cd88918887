"""Whether the service is alive, and whether it can work: for load balancers and whoever is called at night."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from callcard.api.endpoint import Services, json
from callcard.errors import CallcardError, CredentialsRejected
from callcard.finesse.cluster import Node


async def healthz(request: Request) -> Response:
    """Alive: the process answers."""
    return json({"status": "ok"})


def readyz(services: Services) -> Callable[[Request], Awaitable[Response]]:
    """Ready: Finesse is in service, and contacts and calls can be read; with how many calls are open, due to the CRM, or parked.
    503 with the reasons otherwise. Asked of Finesse at most every five seconds, so that probes cost it nothing."""
    last: dict[str, Any] = {"at": float("-inf")}
    asking = asyncio.Lock()

    async def answer(request: Request) -> Response:
        async with asking:
            if time.monotonic() - last["at"] > 5:
                checks, calls = await _checks(services), {}
                try:
                    calls, checks["calls"] = services.store.counts(), "ok"
                except CallcardError as error:
                    checks["calls"] = f"{error.code}: {error.detail}"
                last.update(checks=checks, calls=calls, at=time.monotonic())
        checks = last["checks"]
        ready = checks["finesse"] == checks["contacts"] == checks["calls"] == "ok"
        told = {
            "status": "ready" if ready else "not ready",
            "checks": checks,
            "calls": last["calls"],
        }
        return json(told, 200 if ready else 503)

    return answer


async def _checks(services: Services) -> dict[str, str]:
    checks = {}
    nodes = services.cluster.nodes
    told = dict(
        zip(
            nodes,
            await asyncio.gather(*(_node_check(services, node) for node in nodes)),
            strict=True,
        )
    )
    # One node in service is enough to work with; each says how it is.
    checks["finesse"] = "ok" if "ok" in told.values() else told[nodes[0]]
    nodes_told = (
        {f"finesse {node.name}": how for node, how in told.items()} if len(nodes) > 1 else {}
    )
    try:
        await services.directory.by_number("+12025550100")
        checks["contacts"] = "ok"
    except CallcardError as error:
        checks["contacts"] = f"{error.code}: {error.detail}"
    return checks | nodes_told


async def _node_check(services: Services, node: Node) -> str:
    deadline = asyncio.get_running_loop().time() + services.settings.finesse_deadline
    try:
        info = await node.client.system_info(deadline)
    except CredentialsRejected:  # newer releases may want credentials for SystemInfo; it is up
        return "ok"
    except CallcardError as error:
        return f"{error.code}: {error.detail}"
    return "ok" if info.status == "IN_SERVICE" else f"status {info.status or 'unknown'}"
