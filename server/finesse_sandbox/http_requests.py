"""Checks of incoming HTTP requests: the size of the body, and the web site that sent it."""

from __future__ import annotations

from starlette.requests import Request

from finesse_sandbox.api_errors import ApiError

BODY_LIMIT_BYTES = 1024 * 1024
CROSS_SITE_MESSAGE = "only pages of this origin may do this; open the gadget in this desktop"


async def read_body(request: Request, limit_bytes: int = BODY_LIMIT_BYTES) -> bytes:
    """Return the request's body. Raises ApiError if it is too large."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit_bytes:
            raise ApiError(400, "Bad Request", f"The body has more than {limit_bytes} bytes")
    return bytes(body)


def is_cross_site(request: Request) -> bool:
    """Return whether a page of another origin sent the request."""
    return request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none")
