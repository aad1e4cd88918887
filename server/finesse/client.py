"""The Finesse REST client: one method a call, over an httpx client that is handed in.

An answer counts only when it is whole, small enough, in time and of the promised kind; anything else is an error of
`server.errors` that says which of these failed. Writes answer 202: accepted, the outcome arrives as an event.
"""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass, field
from typing import Literal

import httpx

from server.errors import (
    CredentialsWrong,
    FinesseGarbled,
    FinesseOutOfService,
    FinesseRefused,
    FinesseSlow,
    FinesseUnreachable,
    NotFound,
    NotYours,
)
from server.finesse import messages
from server.finesse.messages import Dialog, ReasonCode, Request, SystemInfo, User

ANSWER_LIMIT = 4 * 1024 * 1024
"""Bytes of an answer that are read. A phone book of 6,000 contacts is about 2 MB, everything else far smaller."""


@dataclass(frozen=True, slots=True)
class Credential:
    """The agent's own `Authorization` header for one request, and when (in the loop's time) that request must be over."""

    authorization: str = field(repr=False)
    deadline: float


class FinesseClient:
    """`http` has the node's address as its base_url and is closed by whoever opened it."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def user(self, credential: Credential, user: str) -> User:
        return messages.read_user(await self._send(credential, messages.get_user(user)))

    async def reason_codes(self, credential: Credential, user: str, category: Literal["NOT_READY", "LOGOUT"]) -> list[ReasonCode]:
        return messages.read_reason_codes(await self._send(credential, messages.get_reason_codes(user, category)))

    async def dialogs(self, credential: Credential, user: str) -> list[Dialog]:
        return messages.read_dialogs(await self._send(credential, messages.get_dialogs(user)))

    async def set_state(self, credential: Credential, user: str, state: str, reason: str | None) -> str:
        """Ask for a state; answers the requestId under which the outcome will be told."""
        return await self._order(credential, messages.set_state(user, state, reason))

    async def make_call(self, credential: Credential, user: str, from_address: str, to_address: str) -> str:
        return await self._order(credential, messages.make_call(user, from_address, to_address))

    async def take_action(self, credential: Credential, dialog: str, action: str, target: str) -> str:
        return await self._order(credential, messages.take_action(dialog, action, target))

    async def system_info(self, deadline: float) -> SystemInfo:
        """How the node is. Asked without credentials; one that wants them (CredentialsWrong) is at least alive."""
        return messages.read_system_info(await self._send(Credential("", deadline), messages.get_system_info()))

    async def _order(self, credential: Credential, request: Request) -> str:
        request_id = str(uuid.uuid4())
        await self._send(credential, request, request_id)
        return request_id

    async def _send(self, credential: Credential, request: Request, request_id: str | None = None) -> bytes:
        # gzip is declined so that a small answer can't unfold into a large one.
        headers = {"Accept-Encoding": "identity", "Accept": "application/xml"}
        if credential.authorization:
            headers["Authorization"] = credential.authorization
        if request.body is not None:
            headers["Content-Type"] = "application/xml"
        if request_id:
            headers["requestId"] = request_id
        # A kept-alive connection may die under a request. A read is asked once more; a write never: it may have been done.
        attempts = 2 if request.method == "GET" else 1
        try:
            async with asyncio.timeout_at(credential.deadline):
                for attempt in range(1, attempts + 1):
                    try:
                        status, body = await self._exchange(request, headers)
                        break
                    except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError, httpx.ConnectTimeout):
                        if attempt == attempts:
                            raise
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:  # aiohttp's transport calls any failure to connect a timeout
            raise FinesseUnreachable("No connection to Finesse; check finesse_url, the network and the certificate") from error
        except (TimeoutError, httpx.TimeoutException) as error:
            raise FinesseSlow("Finesse took too long; try again") from error
        except httpx.RemoteProtocolError as error:
            raise FinesseGarbled("Finesse answered something that is not HTTP") from error
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise FinesseUnreachable("The connection to Finesse broke before its answer was whole") from error
        if 200 <= status < 300:
            return body
        raise _refusal(status, body)

    async def _exchange(self, request: Request, headers: dict[str, str]) -> tuple[int, bytes]:
        async with self._http.stream(request.method, request.path, content=request.body, headers=headers) as response:
            if response.headers.get("content-encoding", "identity") != "identity":
                raise FinesseGarbled("Finesse answered compressed, although asked not to")
            body = bytearray()
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > ANSWER_LIMIT:
                    raise FinesseGarbled(f"Finesse answered more than {ANSWER_LIMIT} bytes")
            return response.status_code, bytes(body)


def _refusal(status: int, body: bytes) -> Exception:
    """The error for a status that is not 2xx. The ErrorType decides before the status: a 401 has four meanings."""
    told = next(iter(messages.read_api_errors(body)), None)
    kind = told.type if told else ""
    said = f"Finesse: {told.message or told.type}" if told else f"Finesse answered {status}"
    if kind in ("Invalid Authorization User Specified", "Invalid Supervisor") or status == 403:
        return NotYours(said)
    if status == 401 and kind != "Invalid State":  # when in doubt, do not ask again: five tries lock the agent out
        return CredentialsWrong("Check the user's id and password, or sign in to Finesse again")
    if status == 404 and (told or status):
        return NotFound(said)
    if status == 503:
        return FinesseOutOfService("Finesse is up but not in service; it is usually back within two minutes")
    if told and status < 500:
        return FinesseRefused(said, type=told.type, message=told.message, data=told.data)
    return FinesseGarbled(said)
