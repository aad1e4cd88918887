"""Programs that have no agent: they send an API key, or a token of the company's identity provider,
and may do what its scopes say."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from cachetools import LRUCache
from starlette.datastructures import Headers

from callcard.api.api_keys import ApiKeys, key_of
from callcard.api.program_tokens import ProgramTokens
from callcard.errors import CredentialsMissing, RateLimited
from callcard.principals import Program

_LIMITED_PROGRAMS = 1000


class Programs:
    """`deadline_seconds` is the time of a request. `clock` returns seconds since the epoch, `timer`
    seconds for the limit of requests."""

    def __init__(
        self,
        keys: ApiKeys,
        tokens: ProgramTokens,
        deadline_seconds: float,
        clock: Callable[[], float] = time.time,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._keys = keys
        self._tokens = tokens
        self._deadline_seconds = deadline_seconds
        self._clock = clock
        self._timer = timer
        self._budgets: LRUCache[str, tuple[float, float]] = LRUCache(_LIMITED_PROGRAMS)
        """How many requests each program has left, and when that was so."""

    def is_program(self, headers: Headers) -> bool:
        """Return whether a request comes from a program, and not with an agent's credential.

        An issuer may serve both: with X-Finesse-User, a token is the agent's.
        """
        if key_of(headers):
            return True
        return "x-finesse-user" not in headers and self._tokens.is_known(_bearer(headers))

    async def authenticate(self, headers: Headers, scope: str) -> Program:
        """Return the program that sends a request.

        Without a scope, nothing is permitted. Raises CredentialsMissing, CredentialsRejected,
        NotPermitted if the program has not the scope, RateLimited.
        """
        deadline = asyncio.get_running_loop().time() + self._deadline_seconds
        key, token = key_of(headers), _bearer(headers)
        if not key and token.count(".") == 2:
            claims = await self._tokens.authenticate(token, scope)
            name = f"token:{claims.subject}"
            self._spend(f"{name}\n{claims.issuer}", name, claims.requests_per_second)
            return Program(login_id=name, deadline=deadline, expires_at=claims.expires_at)
        if key := key or headers.get("authorization", ""):
            row = await self._keys.authenticate(key, scope)
            self._spend(f"key:{row.id}", row.name, row.requests_per_second)
            return Program(login_id=f"key:{row.name}", deadline=deadline, key_id=row.id)
        raise CredentialsMissing(
            "Send an API key: Authorization: Bearer …, the password of Basic, or X-API-Key"
        )

    async def is_valid(self, program: Program) -> bool:
        """Return whether a program's credential has not ended since it was checked."""
        if program.key_id:
            return await self._keys.is_valid(program.key_id)
        return program.expires_at is None or program.expires_at > self._clock()

    def _spend(self, id: str, name: str, requests_per_second: float) -> None:
        """Count a request; a second's worth of them may come at once. Raises RateLimited."""
        now = self._timer()
        most = max(1.0, requests_per_second)
        left, since = self._budgets.get(id, (most, now))
        left = min(most, left + (now - since) * requests_per_second)
        if left < 1.0:
            raise RateLimited(f"{name} may send {requests_per_second:g} requests a second")
        self._budgets[id] = (left - 1.0, now)


def _bearer(headers: Headers) -> str:
    scheme, _, value = headers.get("authorization", "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" else ""
