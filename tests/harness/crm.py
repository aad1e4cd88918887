"""A CRM that fails: unreachable at times, losing responses, rejecting calls of one number."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from callcard.crm.base import InteractionRecord


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
