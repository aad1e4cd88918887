"""Faults that a test or a person arms: the next answers of the REST API go wrong in a chosen way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from lxml import etree
from starlette.responses import Response, StreamingResponse

from finesse_sandbox.xml import API

Kind = Literal[
    "slow", "gateway", "html", "truncated", "half", "oversized", "bomb", "single",
    "unavailable", "broken", "unauthorized", "late-answer",
]  # fmt: skip
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(slots=True)
class Fault:
    """`times` answers to `method` (any, if empty) on paths that begin with `path`."""

    kind: Kind
    times: int = 1
    path: str = f"{API}/"
    method: str = ""
    seconds: float = 10.0

    @property
    def replaces(self) -> bool:
        """Whether it is answered instead of what the API would do; otherwise that is done, and spoilt by `spoil`."""
        return self.kind not in ("late-answer", "single")

    async def answer(self) -> Response:
        match self.kind:
            case "slow":
                await asyncio.sleep(self.seconds)
                return Response(status_code=503)
            case "gateway":  # something in between gives up
                await asyncio.sleep(self.seconds if self.seconds != 10.0 else 5.0)
                return Response(
                    "<html><head><title>504 Gateway Time-out</title></head></html>",
                    504,
                    media_type="text/html",
                )
            case "html":
                return Response(
                    "<html><body><h1>Login</h1><br></body></html>", 200, media_type="text/html"
                )
            case "half":  # and then silence
                return StreamingResponse(self._half(), 200, media_type="application/xml")
            case "truncated":
                return Response("<User><loginId>10", 200, media_type="application/xml")
            case "unavailable":
                return _refusal(503, "Service Unavailable", "SERVER_OUT_OF_SERVICE")
            case "unauthorized":  # the token has ended
                return _refusal(401, "Authorization Failure", "UNAUTHORIZED")
            case "bomb":
                lol = (
                    '<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
                )
                return Response(
                    f"{lol}<User><loginId>&b;</loginId></User>", 200, media_type="application/xml"
                )
            case "oversized":
                return Response(
                    "<User>" + " " * (5 * 1024 * 1024) + "</User>",
                    200,
                    media_type="application/xml",
                )
            case _:
                return Response("", 500)

    async def _half(self) -> AsyncIterator[bytes]:
        yield b"<User><loginId>10"
        await asyncio.sleep(self.seconds)

    async def spoil(self, response: Response) -> Response:
        """`late-answer` lets the event overtake the 202; `single` takes the list around a single element away."""
        if self.kind == "late-answer":
            await asyncio.sleep(self.seconds)
            return response
        root = etree.fromstring(bytes(response.body)) if response.body else None
        if root is None or len(root) != 1:
            return response
        return Response(
            etree.tostring(root[0], encoding="UTF-8", xml_declaration=True),
            200,
            media_type="application/xml",
        )


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


def _refusal(status: int, kind: str, message: str) -> Response:
    error = f"<ErrorType>{kind}</ErrorType><ErrorMessage>{message}</ErrorMessage>"
    return Response(
        f"<ApiErrors><ApiError>{error}<ErrorData/></ApiError></ApiErrors>",
        status,
        media_type="application/xml",
    )
