"""Connections to the Finesse nodes: HTTP clients, the cluster, and the address of notifications."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
from cachetools import LRUCache

from callcard.finesse.client import FinesseClient
from callcard.finesse.cluster import Cluster
from callcard.finesse.nodes import Node
from callcard.finesse.xmpp_base import Address
from callcard.http_transport import HttpTransport, tls_context
from callcard.settings_sections import FinesseSettings

MAX_CONNECTIONS = 256
"""To one node. More than a pair of nodes serves 2,000 users with; other requests wait within their
deadline."""
REMEMBERED_PATHS = 1024
XMPP_PORT = 5222
XMPP_TLS_PORT = 5223


def create_tls_context(settings: FinesseSettings) -> ssl.SSLContext:
    """Return the TLS context for all connections to Finesse."""
    return tls_context(settings.ca_file)


def open_cluster(
    settings: FinesseSettings, clients: Sequence[httpx.AsyncClient], tls: ssl.SSLContext
) -> Cluster:
    """Return the cluster of the configured nodes, each reached by its own one of `clients`."""
    return Cluster(
        [
            Node(_node_name(url), FinesseClient(client), _notification_address(settings, url, tls))
            for url, client in zip(settings.urls, clients, strict=True)
        ]
    )


def open_http_clients(settings: FinesseSettings, tls: ssl.SSLContext) -> list[httpx.AsyncClient]:
    """Return one HTTP client per configured node."""
    return [_open_http_client(settings, url, tls) for url in settings.urls]


def _open_http_client(
    settings: FinesseSettings, url: str, tls: ssl.SSLContext
) -> httpx.AsyncClient:
    transport = HttpTransport(tls, connections=MAX_CONNECTIONS)
    return _NodeClient(transport, url, settings.deadline_seconds)


def _node_name(url: str) -> str:
    """Return a node's host and port, as a desktop page's address has them."""
    parts = urlsplit(url)
    default_port = 443 if parts.scheme == "https" else 80
    return f"{(parts.hostname or '').lower()}:{parts.port or default_port}"


def _notification_address(settings: FinesseSettings, url: str, tls: ssl.SSLContext) -> Address:
    """Return where the node publishes notifications; its XMPP domain is read from SystemInfo."""
    parts = urlsplit(url)
    is_secure = parts.scheme == "https"
    if settings.notifications == "tcp":
        default_port = XMPP_TLS_PORT if is_secure else XMPP_PORT
    else:
        default_port = parts.port or (443 if is_secure else 80)
    return Address(
        parts.hostname or "",
        settings.notifications_port or default_port,
        "",
        settings.notifications,
        tls if is_secure else None,
    )


class _NodeClient(httpx.AsyncClient):
    """A client of one node, whose requests go to the transport as they are.

    Finesse needs none of what httpx does above it: cookies, redirects, authentication flows, hooks.
    That costs more than the transport itself (tests/bench, `relay`).
    """

    def __init__(
        self, transport: httpx.AsyncBaseTransport, url: str, timeout_seconds: float
    ) -> None:
        super().__init__(transport=transport, base_url=url)
        self._node_transport = transport
        self._node_url = url.rstrip("/")
        self._extensions = {"timeout": httpx.Timeout(timeout_seconds).as_dict()}
        self._parsed: LRUCache[str, httpx.URL] = LRUCache(REMEMBERED_PATHS)

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        url: httpx.URL | str,
        *,
        content: Any = None,
        headers: Any = None,
        **_options: Any,
    ) -> AsyncIterator[httpx.Response]:
        """Send a request to a path of the node. There are no further options."""
        request = httpx.Request(
            method,
            self._absolute(str(url)),
            content=content,
            headers=headers,
            extensions=self._extensions,
        )
        response = await self._node_transport.handle_async_request(request)
        try:
            yield response
        finally:
            await response.aclose()

    def _absolute(self, path: str) -> httpx.URL:
        """Parsed once: desktops ask for the same few paths again and again."""
        url = self._parsed.get(path)
        if url is None:
            url = self._parsed[path] = httpx.URL(self._node_url + path)
        return url
