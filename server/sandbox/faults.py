"""Faults that a test or a person arms: the next answers of the REST API go wrong in a chosen way."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, Literal

from starlette.responses import Response

Kind = Literal["slow", "html", "truncated", "unavailable", "bomb", "oversized", "broken"]
KINDS: tuple[Kind, ...] = ("slow", "html", "truncated", "unavailable", "bomb", "oversized", "broken")


@dataclass(slots=True)
class Fault:
    """`times` answers to `method` (any, if empty) on paths that begin with `path`."""

    kind: Kind
    times: int = 1
    path: str = "/finesse/api/"
    method: str = ""
    seconds: float = 10.0

    async def answer(self) -> Response:
        match self.kind:
            case "slow":
                await asyncio.sleep(self.seconds)
                return Response(status_code=503)
            case "html":
                return Response("<html><body><h1>Login</h1><br></body></html>", 200, media_type="text/html")
            case "truncated":
                return Response("<User><loginId>10", 200, media_type="application/xml")
            case "unavailable":
                error = "<ErrorType>Service Unavailable</ErrorType><ErrorMessage>SERVER_OUT_OF_SERVICE</ErrorMessage>"
                body = f"<ApiErrors><ApiError>{error}<ErrorData/></ApiError></ApiErrors>"
                return Response(body, 503, media_type="application/xml")
            case "bomb":
                lol = '<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
                return Response(f"{lol}<User><loginId>&b;</loginId></User>", 200, media_type="application/xml")
            case "oversized":
                return Response("<User>" + " " * (5 * 1024 * 1024) + "</User>", 200, media_type="application/xml")
            case "broken":
                return Response("", 500)


@dataclass
class Faults:
    armed: list[Fault] = field(default_factory=list)

    def arm(self, kind: Kind, **told: Any) -> Fault:
        fault = Fault(kind, **told)
        self.armed.append(fault)
        return fault

    def take(self, method: str, path: str) -> Fault | None:
        """The fault that is due for this request, counted down."""
        for fault in self.armed:
            if path.startswith(fault.path) and fault.method in ("", method):
                fault.times -= 1
                if fault.times <= 0:
                    self.armed.remove(fault)
                return fault
        return None
