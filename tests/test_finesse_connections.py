"""Connections to the configured Finesse nodes."""

from __future__ import annotations

import asyncio
import shutil
import ssl
from pathlib import Path
from typing import Any

import certifi
import httpx
import pytest

from callcard.app import create_app
from callcard.errors import FinesseError, FinesseInvalidResponse, FinesseUnreachable
from callcard.finesse.connections import create_tls_context, open_cluster, open_http_clients
from callcard.settings_sections import FinesseSettings
from tests.contracts.http_source import Misbehaving, response
from tests.harness.ports import free_port
from tests.harness.settings import settings_in

pytestmark = pytest.mark.anyio


async def test_all_connections_to_finesse_share_one_tls_context(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    created: list[dict[str, Any]] = []
    create_default_context = ssl.create_default_context

    def count(**options: Any) -> ssl.SSLContext:
        created.append(options)
        return create_default_context(**options)

    monkeypatch.setattr(ssl, "create_default_context", count)
    authorities = str(tmp_path / "authorities.pem")
    shutil.copy(certifi.where(), authorities)
    finesse = {"second_url": "https://finesse-b.example:8445", "ca_file": authorities}
    app = create_app(settings_in(tmp_path, "https://finesse-a.example:8445", finesse=finesse))
    async with app.router.lifespan_context(app):
        assert created == [{"cafile": authorities}]


async def test_every_configured_node_needs_its_http_client(tmp_path: Path) -> None:
    second = {"second_url": "http://finesse-b.example"}
    settings = settings_in(tmp_path, "http://finesse-a.example", finesse=second).finesse
    async with httpx.AsyncClient() as http:
        with pytest.raises(ValueError, match="shorter"):
            open_cluster(settings, [http], create_tls_context(settings))


async def failure(url: str) -> FinesseError:
    """Return the error of one read from a node at `url`."""
    settings = FinesseSettings(url=url)
    tls = create_tls_context(settings)
    (http,) = open_http_clients(settings, tls)
    async with http:
        (node,) = open_cluster(settings, [http], tls).nodes
        with pytest.raises(FinesseError) as caught:
            await node.client.system_info(asyncio.get_running_loop().time() + 5)
    return caught.value


async def test_unreachable_finesse_names_the_setting() -> None:
    error = await failure(f"http://127.0.0.1:{free_port()}")
    assert isinstance(error, FinesseUnreachable)
    assert error.detail == (
        "No connection to Finesse. Check url in [finesse], the network and the certificate."
    )


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"SSH-2.0-OpenSSH_9.6\r\n", "a response that is not HTTP"),
        (response("200 OK", "Content-Encoding: gzip\r\n", b"x"), "a compressed response"),
        (response("200 OK", body=b"<html/>"), "an HTML page instead of XML"),
        (response("200 OK", body=b"<Users/>"), "<Users> instead of <SystemInfo>"),
        (response("502 Bad Gateway", body=b"<html/>"), "HTTP 502 without an error document"),
    ],
    ids=["not http", "compressed", "html", "other document", "proxy error"],
)
async def test_invalid_response_says_what_to_check(content: bytes, what: str) -> None:
    async with Misbehaving().listening() as server:
        server.response = content
        error = await failure(server.url)
    assert isinstance(error, FinesseInvalidResponse)
    assert f"Finesse sent {what}" in error.detail
    assert error.detail.endswith("Check that url in [finesse] names the Finesse node, not a proxy.")
