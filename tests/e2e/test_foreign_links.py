"""A link or a page of another site cannot make the gadget load a script or send a credential."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from tests.harness.ports import free_port
from tests.harness.serving import listening
from tests.harness.site import DemoSite


class EvilSite:
    """Records what it is asked for, and frames the gadget."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.requests: list[str] = []
        self.framed = ""

    async def respond(self, request: Request) -> Response:
        self.requests.append(request.url.path)
        if request.url.path == "/frame":
            return HTMLResponse(f'<iframe src="{self.framed}"></iframe>')
        return Response("window.pwned = 1;", media_type="text/javascript")


@pytest.fixture
def evil() -> Iterator[EvilSite]:
    port = free_port()
    site = EvilSite(port)
    methods = ["GET", "POST", "PUT"]
    app = Starlette(routes=[Route("/{path:path}", site.respond, methods=methods)])
    with listening((app, port)):
        yield site


def gadget_link(site: DemoSite, evil: EvilSite) -> str:
    """Return the gadget's own page, with preferences and a service of the attacker's."""
    spec = f"{site.finesse_url}/3rdpartygadget/files/callcard/callcard.xml?service={evil.url}"
    names = ("externalServerHost", "host", "restHost", "localhostFQDN", "scheme", "hostPort")
    preferences = "".join(f"&up_{name}={quote(evil.url)}" for name in names)
    return f"{site.finesse_url}/gadgets/ifr?url={quote(spec)}{preferences}&up_id=1001"


def test_link_loads_no_script_of_another_site(
    browser: Browser, site: DemoSite, evil: EvilSite
) -> None:
    page: Page = browser.new_page()
    try:
        page.goto(gadget_link(site, evil), wait_until="networkidle")
        page.wait_for_function("!!document.querySelector('callcard-app')")
        assert page.evaluate("typeof window.pwned") == "undefined"
        scripts = page.evaluate("[...document.scripts].map((each) => each.src).filter(Boolean)")
        assert len(scripts) >= 2, "the libraries are loaded"
        assert all(each.startswith(site.finesse_url) for each in scripts), scripts
    finally:
        page.close()
    assert evil.requests == []


def test_frame_of_another_site_gets_no_credential(
    browser: Browser, site: DemoSite, evil: EvilSite
) -> None:
    evil.framed = gadget_link(site, evil)
    page = browser.new_page()
    try:
        page.goto(f"{evil.url}/frame", wait_until="networkidle")
    finally:
        page.close()
    assert set(evil.requests) <= {"/frame", "/favicon.ico"}
    proxied = [each["path"] for each in site.requests("POST", "/gadgets/makeRequest")]
    assert not [path for path in proxied if evil.url in path]
