"""Send one REST request to a Finesse node and return the body of its response.

A response counts only if it is complete, small enough and in time; everything else is an error of
`callcard.errors` that says what was wrong.
"""

from __future__ import annotations

import asyncio

import httpx

from callcard.errors import (
    CallcardError,
    CredentialsRejected,
    FinesseInvalidResponse,
    FinesseOutOfService,
    FinesseRefused,
    FinesseTimeout,
    FinesseUnreachable,
    NotFound,
    NotPermitted,
)
from callcard.finesse import codec, messages
from callcard.finesse.messages import Request
from callcard.finesse.objects import ApiError

MAX_RESPONSE_BYTES = 4 * 1024 * 1024
"""A phone book of 6,000 contacts is about 2 MB, everything else far smaller."""

_CONNECTION_ERRORS = (
    httpx.RemoteProtocolError,
    httpx.ReadError,
    httpx.WriteError,
    httpx.ConnectError,
    httpx.ConnectTimeout,
)
"""Errors of a request on a connection that the server has closed, or has not accepted."""


async def send(
    http: httpx.AsyncClient,
    request: Request,
    authorization: str,
    deadline: float,
    request_id: str = "",
) -> bytes:
    """Return the body of a 2xx response.

    Raises FinesseError, CredentialsRejected, NotPermitted or NotFound.

    A read is repeated once when the connection breaks; a write never: Finesse may have done it
    already.
    """
    headers = _headers(request, authorization, request_id)
    try:
        async with asyncio.timeout_at(deadline):
            try:
                status, body = await _exchange(http, request, headers)
            except _CONNECTION_ERRORS:
                if request.method != "GET":
                    raise
                status, body = await _exchange(http, request, headers)
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise FinesseUnreachable(
            "No connection to Finesse. Check url in [finesse], the network and the certificate."
        ) from error
    except (TimeoutError, httpx.TimeoutException) as error:
        raise FinesseTimeout("Finesse did not respond in time. Try again.") from error
    except httpx.RemoteProtocolError as error:
        raise codec.invalid_response("a response that is not HTTP") from error
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise FinesseUnreachable(
            "The connection to Finesse broke before the response was complete. Try again."
        ) from error
    if 200 <= status < 300:
        return body
    raise _refusal(status, body)


async def _exchange(
    http: httpx.AsyncClient, request: Request, headers: dict[str, str]
) -> tuple[int, bytes]:
    async with http.stream(
        request.method, request.path, content=request.body, headers=headers
    ) as response:
        if response.headers.get("content-encoding", "identity") != "identity":
            raise codec.invalid_response("a compressed response, which was not requested")
        body = bytearray()
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > MAX_RESPONSE_BYTES:
                raise codec.invalid_response(f"more than {MAX_RESPONSE_BYTES:,} bytes")
        return response.status_code, bytes(body)


def _headers(request: Request, authorization: str, request_id: str) -> dict[str, str]:
    # Compression is declined, so that a small response can't inflate into a large one.
    headers = {"Accept-Encoding": "identity", "Accept": "application/xml"}
    if authorization:
        headers["Authorization"] = authorization
    if request.body is not None:
        headers["Content-Type"] = "application/xml"
    if request.range:
        headers["Range"] = request.range
    if request_id:
        headers["requestId"] = request_id
    return headers


def _refusal(status: int, body: bytes) -> CallcardError:
    """Return the error for a status that is not 2xx.

    The ErrorType decides before the status, because a 401 has four meanings. A 401 in doubt counts
    as rejected credentials and is not repeated: five attempts lock the agent out.
    """
    error = next(iter(messages.read_api_errors(body)), None)
    kind = error.type if error else ""
    detail = f"Finesse: HTTP {status}"
    if error:
        detail = f"Finesse: {error.peripheral_error_text or error.message or error.type}"
    if status == 403 or kind in ("Invalid Authorization User Specified", "Invalid Supervisor"):
        return NotPermitted(detail)
    if status == 401 and kind != "Invalid State":
        return CredentialsRejected("Check the user id and password, or sign in to Finesse again.")
    if status == 404:
        return NotFound(detail)
    if status == 503:
        return FinesseOutOfService(
            "Finesse is up but not in service. It is usually back within two minutes."
        )
    if error and status < 500:
        return error_of(error, detail)
    if error:
        return FinesseInvalidResponse(f"{detail}. Try again, or look in the log of Finesse.")
    return codec.invalid_response(f"HTTP {status} without an error document")


def error_of(error: ApiError, detail: str) -> FinesseRefused:
    """Return Finesse's refusal as an error with all that Finesse says of it."""
    return FinesseRefused(
        detail,
        type=error.type,
        message=error.message,
        data=error.data,
        peripheral_code=error.peripheral_error_code,
        peripheral_text=error.peripheral_error_text,
        peripheral_message=error.peripheral_error_msg,
    )
