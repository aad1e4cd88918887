"""Fetch the keys of identity providers over HTTP."""

from __future__ import annotations

import asyncio

import httpx

from callcard.errors import IssuerUnavailable

MAX_BYTES = 256 * 1024
"""Of a set of keys; a large one has some 20 KB."""
SECONDS = 3.0


async def fetch_keys(url: str) -> bytes:
    """Return what is at a URL. Raises IssuerUnavailable."""
    content = bytearray()
    try:
        async with (
            asyncio.timeout(SECONDS),
            httpx.AsyncClient(timeout=SECONDS) as client,
            client.stream("GET", url) as response,
        ):
            if response.status_code != 200:
                raise IssuerUnavailable(f"{url} answers {response.status_code}")
            async for chunk in response.aiter_bytes():
                content += chunk
                if len(content) > MAX_BYTES:
                    raise IssuerUnavailable(f"{url} answers with more than {MAX_BYTES} bytes")
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
        raise IssuerUnavailable(f"{url} can't be read ({type(error).__name__})") from None
    return bytes(content)
