"""Middleware of a node: outage, and the log of requests for the control API."""

from __future__ import annotations

import time
from collections import deque
from typing import Any

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from finesse_sandbox.nodes import Node
from finesse_sandbox.xml.document import API


class NodeOutage:
    """Responds with 503 while the node is out of service.

    The control API stays available, and the REST API responds with its own XML.
    """

    def __init__(self, app: ASGIApp, node: Node) -> None:
        self._app = app
        self._node = node

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        is_api = path.startswith(("/sandbox/", f"{API}/"))
        if self._node.in_service or is_api or scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        response = Response("This node is out of service", 503, media_type="text/plain")
        await response(scope, receive, send)


class RequestLog:
    """Records method, path, user and status of each request; no queries and no credentials."""

    def __init__(self, app: ASGIApp, requests: deque[dict[str, Any]]) -> None:
        self._app = app
        self._requests = requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] != "http" or path.startswith(("/sandbox/", "/desktop/static/")):
            await self._app(scope, receive, send)
            return

        async def record(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._requests.append(
                    {
                        "time": time.time(),
                        "method": scope["method"],
                        "path": path,
                        "user": scope.get("state", {}).get("user", ""),
                        "status": message["status"],
                    }
                )
            await send(message)

        await self._app(scope, receive, record)
