"""Faults of the REST API's responses, armed by a test or a person."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Literal, assert_never, get_args

from lxml import etree
from starlette.responses import Response, StreamingResponse

from finesse_sandbox.api_errors import ApiError
from finesse_sandbox.xml.document import API, api_errors_element, serialize

ResponseFault = Literal[
    "slow",
    "gateway-timeout",
    "html",
    "truncated",
    "stalled-body",
    "oversized",
    "xml-bomb",
    "unwrapped-list",
    "unavailable",
    "internal-error",
    "unauthorized",
    "event-before-response",
]
RESPONSE_FAULTS: tuple[ResponseFault, ...] = get_args(ResponseFault)
ALTERING_FAULTS: tuple[ResponseFault, ...] = ("event-before-response", "unwrapped-list")
"""Those of a request that is processed; the others replace it."""
OVERSIZED_BYTES = 5 * 1024 * 1024
_XML_BOMB = (
    '<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    "<User><loginId>&b;</loginId></User>"
)


@dataclass(slots=True)
class Fault:
    """Spoil `times` responses to `method` (any if empty) on paths that begin with `path`."""

    kind: ResponseFault
    times: int = 1
    path: str = f"{API}/"
    method: str = ""
    seconds: float = 0.0

    @property
    def replaces_response(self) -> bool:
        """Whether the request is not processed at all; otherwise `alter` changes its response."""
        return self.kind not in ALTERING_FAULTS

    async def respond(self) -> Response:
        """Return the response that replaces that of the API."""
        match self.kind:
            case "slow":
                await asyncio.sleep(self.seconds)
                return Response(status_code=503)
            case "gateway-timeout":
                await asyncio.sleep(self.seconds)
                page = "<html><head><title>504 Gateway Time-out</title></head></html>"
                return Response(page, 504, media_type="text/html")
            case "html":
                page = "<html><body><h1>Login</h1><br></body></html>"
                return Response(page, 200, media_type="text/html")
            case "stalled-body":
                return StreamingResponse(self._stalled_body(), 200, media_type="application/xml")
            case "truncated":
                return _xml("<User><loginId>10")
            case "unavailable":
                return _error(503, "Service Unavailable", "SERVER_OUT_OF_SERVICE")
            case "unauthorized":  # as for an expired token
                return _error(401, "Authorization Failure", "UNAUTHORIZED")
            case "xml-bomb":
                return _xml(_XML_BOMB)
            case "oversized":
                return _xml("<User>" + " " * OVERSIZED_BYTES + "</User>")
            case "internal-error":
                return Response("", 500)
            case "event-before-response" | "unwrapped-list":
                raise AssertionError(f"{self.kind} alters the response of the API")
            case _:
                assert_never(self.kind)

    async def alter(self, response: Response) -> Response:
        """Return the API's response late, or a list of one without the list around it."""
        if self.kind == "event-before-response":
            await asyncio.sleep(self.seconds)
            return response
        root = etree.fromstring(bytes(response.body)) if response.body else None
        if root is None or len(root) != 1:
            return response
        return _xml(etree.tostring(root[0], encoding="UTF-8", xml_declaration=True))

    async def _stalled_body(self) -> AsyncIterator[bytes]:
        yield b"<User><loginId>10"
        await asyncio.sleep(self.seconds)


@dataclass
class Faults:
    armed: list[Fault] = field(default_factory=list)

    def arm(self, kind: ResponseFault, **options: Any) -> Fault:
        fault = Fault(kind, **options)
        self.armed.append(fault)
        return fault

    def take(self, method: str, path: str) -> Fault | None:
        """Return the fault that is due for a request, and count it down."""
        for fault in self.armed:
            if path.startswith(fault.path) and fault.method in ("", method):
                fault.times -= 1
                if fault.times <= 0:
                    self.armed.remove(fault)
                return fault
        return None

    def disarm(self) -> None:
        self.armed.clear()


def _xml(content: str | bytes) -> Response:
    return Response(content, 200, media_type="application/xml")


def _error(status: int, type: str, message: str) -> Response:
    body = serialize(api_errors_element(ApiError(status, type, message)))
    return Response(body, status, media_type="application/xml")
