"""What is below httpx in all clients of the service: aiohttp's connections."""

from __future__ import annotations

import ssl
from functools import lru_cache

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

KEEP_ALIVE_SECONDS = 4.0
"""How long an idle connection is reused. Less than servers keep theirs: a request that meets a
connection that is being closed is lost, and must not be sent twice."""


def open_transport(tls: ssl.SSLContext, *, connections: int) -> httpx.AsyncBaseTransport:
    """Return a transport with at most so many connections at a time; others wait for one.

    It knows no proxy. A request is never sent twice, and cookies of one response do not travel with
    another request.
    """

    def open_session() -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            ssl=tls, limit=connections, keepalive_timeout=KEEP_ALIVE_SECONDS
        )
        session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
        )
        # aiohttp would repeat a PUT whose kept-alive connection was closed: a second command.
        session._retry_connection = False
        return session

    # `verify` is not used by the session, but without it httpx would load a context of its own.
    return _Transport(client=open_session, verify=tls)


@lru_cache(maxsize=4)
def tls_context(ca_file: str) -> ssl.SSLContext:
    """Load the system's authorities, or a file's, once: it takes 45 ms and 900 kB."""
    return ssl.create_default_context(cafile=ca_file or None)


@lru_cache(maxsize=1)
def public_tls_context() -> ssl.SSLContext:
    """Load the authorities of public servers once, as httpx has them."""
    return httpx.create_ssl_context()


class _Transport(AiohttpTransport):
    """aiohttp under httpx, with the errors that the binding does not translate, or takes for a
    timeout: a connection that is refused or breaks."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return await super().handle_async_request(request)
        except httpx.ConnectTimeout as error:
            if isinstance(error.__cause__, TimeoutError):
                raise
            if isinstance(error.__cause__, aiohttp.ClientConnectorError):
                raise httpx.ConnectError("no connection") from None
            raise httpx.ReadError("the connection broke") from None
        except aiohttp.ClientError:
            # Not chained: aiohttp's message quotes the response, which may be a customer's data.
            raise httpx.RemoteProtocolError("the response is not HTTP") from None
