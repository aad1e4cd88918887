"""The sandbox's gadget proxy: `/gadgets/makeRequest` and `/gadgets/proxy`."""

from __future__ import annotations

import asyncio
import itertools
import json
from typing import Any
from urllib.parse import quote_plus, urlencode

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from finesse_sandbox.app import Sandbox, SandboxSettings
from finesse_sandbox.container.proxy import PREFIX, GadgetProxy

pytestmark = pytest.mark.anyio
TIMED_OUT = {"rc": 504, "body": "", "headers": {}}


@pytest.fixture
def backend() -> Starlette:
    """A web application that the gadget reaches through the proxy."""
    counter = itertools.count()

    async def echo(request: Request) -> Response:
        content = {
            "method": request.method,
            "headers": dict(request.headers),
            "body": (await request.body()).decode(),
        }
        return JSONResponse(content, headers={"Set-Cookie": "a=b", "X-Own": "1"})

    async def stall(request: Request) -> Response:
        await asyncio.sleep(60)
        return Response()

    async def count(request: Request) -> Response:
        return JSONResponse({"n": next(counter)})

    async def count_privately(request: Request) -> Response:
        return JSONResponse({"n": next(counter)}, headers={"Cache-Control": "no-store"})

    return Starlette(
        routes=[
            Route("/echo", echo, methods=["GET", "POST", "PUT", "DELETE"]),
            Route("/count", count),
            Route("/private-count", count_privately),
            Route("/redirect", lambda request: RedirectResponse("/echo")),
            Route("/stall", stall),
        ]
    )


class Gadget:
    """Sends requests through the proxy, as the container's JavaScript does."""

    def __init__(self, backend: Starlette, *, cache: bool = False) -> None:
        http = httpx.AsyncClient(
            transport=httpx.ASGITransport(backend), base_url="http://crm", follow_redirects=True
        )
        proxy = GadgetProxy(http, cache, timeout_seconds=0.2)
        route = Route("/gadgets/makeRequest", proxy.make_request, methods=["GET", "POST"])
        self._transport = httpx.ASGITransport(Starlette(routes=[route]))

    async def send(
        self, form: dict[str, str], headers: dict[str, str] | None = None
    ) -> httpx.Response:
        async with httpx.AsyncClient(
            transport=self._transport, base_url="http://finesse"
        ) as client:
            return await client.post("/gadgets/makeRequest", data=form, headers=headers)

    async def request(
        self, url: str, browser_headers: dict[str, str] | None = None, **form: str
    ) -> dict[str, Any]:
        """Return what the backend returned, as the gadget receives it."""
        response = await self.send({"url": url, **form}, browser_headers)
        assert response.text.startswith(PREFIX)
        content: dict[str, Any] = json.loads(response.text.removeprefix(PREFIX))[url]
        return content


def encode_headers(**headers: str) -> str:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return urlencode(names, quote_via=quote_plus)


async def test_make_request_forwards_headers_and_body_without_cookies(backend: Starlette) -> None:
    response = await Gadget(backend).request(
        "http://crm/echo?x=1",
        {"Cookie": "session=1"},
        httpMethod="POST",
        headers=encode_headers(
            Authorization="Basic QQ==", X_Own="a=b&c", Host="evil", Accept_Encoding="br"
        ),
        postData='{"a": "ü"}',
    )
    assert response["rc"] == 200
    assert response["headers"] == {"set-cookie": ["a=b"]}
    received = json.loads(response["body"])
    headers = received["headers"]
    assert headers["authorization"] == "Basic QQ=="
    assert headers["x-own"] == "a=b&c"
    assert headers["host"] == "crm"
    assert "x-forwarded-for" in headers
    assert "cookie" not in headers
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    assert received["body"] == '{"a": "ü"}'


async def test_make_request_drops_delete_body_and_follows_redirects(backend: Starlette) -> None:
    gadget = Gadget(backend)
    response = await gadget.request(
        "http://crm/echo", httpMethod="DELETE", postData="lost", getFullHeaders="true"
    )
    assert response["headers"]["x-own"] == ["1"]
    assert json.loads(response["body"])["body"] == ""
    assert (await gadget.request("http://crm/redirect"))["rc"] == 200


@pytest.mark.parametrize(
    "form",
    [
        {"url": "http://crm/echo", "httpMethod": "PATCH"},
        {"url": "http://crm/echo", "headers": "broken"},
        {"url": "file:///etc/passwd"},
        {"url": "/relative"},
        {},
    ],
)
async def test_make_request_rejects_invalid_form(backend: Starlette, form: dict[str, str]) -> None:
    assert (await Gadget(backend).send(form)).status_code == 400


async def test_make_request_rejects_other_web_sites(backend: Starlette) -> None:
    headers = {"Sec-Fetch-Site": "cross-site"}
    response = await Gadget(backend).send({"url": "http://crm/echo"}, headers)
    assert response.status_code == 403


async def test_make_request_times_out_with_504(backend: Starlette) -> None:
    assert await Gadget(backend).request("http://crm/stall") == TIMED_OUT


@pytest.mark.parametrize(
    ("path", "refresh", "is_cached"),
    [
        ("count", None, True),
        ("private-count", None, False),
        ("private-count", "60", True),
        ("count", "0", False),
    ],
)
async def test_cache_serves_a_get_without_asking_again(
    backend: Starlette, path: str, refresh: str | None, is_cached: bool
) -> None:
    gadget = Gadget(backend, cache=True)
    form = {"refresh": refresh} if refresh else {}
    responses = [await gadget.request(f"http://crm/{path}", None, **form) for _ in range(2)]
    counts = [json.loads(response["body"])["n"] for response in responses]
    assert counts == [0, 0 if is_cached else 1]


async def test_image_proxy_never_serves_a_page_of_this_origin() -> None:
    async def page(request: Request) -> Response:
        return Response("<script>1</script>", media_type="text/html")

    upstream = httpx.AsyncClient(
        transport=httpx.ASGITransport(Starlette(routes=[Route("/x", page)]))
    )
    sandbox = Sandbox(SandboxSettings(host="finesse"), http=upstream)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(sandbox.app), base_url="http://finesse"
    ) as client:
        response = await client.get("/gadgets/proxy", params={"url": "http://elsewhere/x"})
        assert response.headers["content-type"] == "application/octet-stream"
        assert response.headers["content-security-policy"] == "sandbox"
        rejected = await client.get("/gadgets/proxy", params={"url": "file:///etc/passwd"})
        assert rejected.status_code == 400
