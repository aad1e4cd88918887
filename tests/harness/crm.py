"""A CRM that fails: unreachable at times, losing responses, rejecting calls of one number."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from callcard.crm.base import ContactSource, InteractionRecord
from callcard.errors import SourceRejected, SourceUnavailable


@dataclass
class UnreliableCrm:
    """Stores interactions by PUT.

    With `random`, one request in a hundred fails before it is stored, and one after.
    """

    random: random.Random | None = None
    interactions: dict[str, InteractionRecord] = field(default_factory=dict)
    deliveries: Counter[str] = field(default_factory=Counter)
    """How often each interaction was stored."""
    unreachable: bool = False
    rejected_number: str = ""
    """The number whose calls it rejects."""

    async def put(self, request: Request) -> Response:
        body = await request.body()
        if self.unreachable or self._fails():
            return Response(status_code=503)
        interaction = msgspec.json.decode(body, type=InteractionRecord)
        if self.rejected_number and interaction.number == self.rejected_number:
            return Response(status_code=422)
        assert interaction.id == request.path_params["id"]
        self.interactions[interaction.id] = interaction
        self.deliveries[interaction.id] += 1
        return Response(status_code=500 if self._fails() else 204)

    def _fails(self) -> bool:
        return self.random is not None and self.random.random() < 0.01

    @property
    def app(self) -> Starlette:
        return Starlette(routes=[Route("/calls/{id}", self.put, methods=["PUT"])])


class ScriptedCrm(ContactSource):
    """A CRM that is down, rejects or takes its time as the test says."""

    name = "crm"

    def __init__(self) -> None:
        self.received: list[str] = []
        self.requests = 0
        self.down_for = 0
        """So many requests."""
        self.broken_by: set[str] = set()
        self.rejects: set[str] = set()
        self.hangs: set[str] = set()
        self.during: Callable[[], Awaitable[object]] | None = None
        """What happens while it stores a call."""
        self.yields = 0
        """Most event loop turns that a request takes."""
        self.max_parallel = 0
        self._running: list[str] = []

    async def log(self, interaction: InteractionRecord) -> None:
        self.requests += 1
        down = self.requests <= self.down_for
        self._running.append(interaction.number)
        assert len(set(self._running)) == len(self._running), "one customer twice in parallel"
        self.max_parallel = max(self.max_parallel, len(self._running))
        for _ in range(random.randint(self.yields // 2, self.yields)):
            await asyncio.sleep(0)
        if self.during:
            await self.during()
        if interaction.id in self.hangs:
            await asyncio.Event().wait()
        self._running.remove(interaction.number)
        if interaction.id.startswith("defect"):
            raise ZeroDivisionError
        if interaction.id in self.rejects:
            raise SourceRejected("it responded 422")
        if down or interaction.id in self.broken_by:
            raise SourceUnavailable("it responded 500")
        self.received.append(interaction.id)
