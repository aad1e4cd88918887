"""The sandbox's notifications over BOSH, for older clients."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from finesse_sandbox.app import Sandbox, SandboxSettings
from tests.harness.finesse import SandboxServer, sandbox_with_sockets
from tests.prosody import needs_prosody, prosody

pytestmark = pytest.mark.anyio
NAMESPACE = "http://jabber.org/protocol/httpbind"
XBOSH = "xmlns:xmpp='urn:xmpp:xbosh'"
BODY = r"<body( (rid|sid|wait|hold)='[^'<&]{0,5}'){0,4} xmlns='[a-z:/.]{0,40}'/>"


@pytest.fixture
async def server() -> AsyncIterator[SandboxServer]:
    async with sandbox_with_sockets() as opened:
        yield opened


class BoshClient:
    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http
        self.rid = 1000
        self.sid = ""

    async def send(self, stanzas: str = "", attributes: str = "") -> etree._Element:
        """Send one body and return the response's."""
        self.rid += 1
        sid = f" sid='{self.sid}'" if self.sid else ""
        body = f"<body xmlns='{NAMESPACE}' rid='{self.rid}'{sid} {attributes}>{stanzas}</body>"
        response = await self.http.post(
            "/http-bind",
            content=body,
            headers={"Content-Type": "text/xml"},
            timeout=10,
        )
        return etree.fromstring(response.content)

    async def sign_in(self) -> None:
        """Go from the first request to presence, as the vendor's BOSH sample does."""
        opening = "hold='1' wait='2' ver='1.9' to='localhost' xml:lang='en' xmpp:version='1.0' "
        self.sid = (await self.send(attributes=opening + XBOSH)).get("sid", "")
        plain = base64.b64encode(b"\x001001\x00callcard").decode()
        auth = f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{plain}</auth>"
        assert etree.QName((await self.send(auth))[0]).localname == "success"
        restarted = await self.send("", f"xmpp:restart='true' {XBOSH}")
        assert etree.QName(restarted[0]).localname == "features"
        bind = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>cisco</resource></bind>"
        bound = await self.send(f"<iq xmlns='jabber:client' type='set' id='b'>{bind}</iq>")
        assert "".join(bound.itertext()) == "1001@localhost/cisco"
        await self.send("<presence xmlns='jabber:client'/>")


@needs_prosody
async def test_bosh_client_of_these_tests_works_with_prosody() -> None:
    with prosody(["1001"]) as server:
        async with httpx.AsyncClient(base_url=f"http://localhost:{server.ports.ws}") as http:
            client = BoshClient(http)
            await client.sign_in()
            ended = await client.send(attributes="type='terminate'")
            assert ended.get("type") == "terminate"


async def test_bosh_session_receives_an_event(server: SandboxServer) -> None:
    client = BoshClient(server.http)
    await client.sign_in()
    held = asyncio.create_task(client.send())
    await server.control("PUT", "users/1001", {"state": "READY"})
    (message,) = await held
    notification = next(message.iter("{*}notification"))
    assert etree.fromstring(notification.text or "").findtext("data/user/state") == "READY"


async def test_stream_error_says_so_in_the_body(server: SandboxServer) -> None:
    """XEP-0206, section 6: clients look at the body's attributes."""
    client = BoshClient(server.http)
    await client.sign_in()
    failed = await client.send("<nonsense xmlns='jabber:client'/>")
    assert failed.get("type") == "terminate"
    assert failed.get("condition") == "remote-stream-error"
    assert failed.find("{*}error/{*}unsupported-stanza-type") is not None


async def test_page_of_another_origin_may_use_bosh(server: SandboxServer) -> None:
    headers = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
    asked = await server.http.options("/http-bind", headers=headers)
    assert asked.status_code == 200
    assert asked.headers["access-control-allow-origin"] == "*"
    answer = await server.http.post("/http-bind", content="<a/>", headers=headers)
    assert answer.headers["access-control-allow-origin"] == "*"


async def test_second_bosh_request_releases_the_held_one(server: SandboxServer) -> None:
    client = BoshClient(server.http)
    await client.sign_in()
    held = asyncio.create_task(client.send())
    await asyncio.sleep(0.1)  # until the server holds it, which nothing shows
    second = asyncio.create_task(client.send())
    async with asyncio.timeout(1.5):  # less than the two seconds of `wait`
        assert len(await held) == 0
    ended = await client.send(attributes="type='terminate'")
    assert ended.get("type") == "terminate"
    await second
    assert (await client.send()).get("condition") == "item-not-found"


@pytest.mark.parametrize(
    "content", ["", "<a/>", f"<body rid='x' xmlns='{NAMESPACE}'/>", "<!DOCTYPE x><body/>"]
)
async def test_invalid_bosh_request_is_terminated(server: SandboxServer, content: str) -> None:
    assert b"terminate" in (await server.http.post("/http-bind", content=content)).content


@settings(max_examples=60)
@given(st.binary(max_size=80) | st.from_regex(BODY, fullmatch=True).map(str.encode))
def test_no_bosh_request_causes_an_internal_error(body: bytes) -> None:
    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(Sandbox(SandboxSettings()).app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
            return await http.post("/http-bind", content=body)

    assert b"<body" in asyncio.run(send()).content
