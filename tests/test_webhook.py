"""The webhook: the contract of an interaction sink, and a CRM that misbehaves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime

import httpx
import msgspec
import pytest

from callcard.crm.base import ContactSource, InteractionRecord
from callcard.crm.http_source import MAX_RESPONSE_BYTES, HttpSource, retry_after_seconds
from callcard.crm.registry import open_sink
from callcard.crm.webhook import Webhook, WebhookOptions
from callcard.errors import OperatorError, SourceUnavailable
from tests.contracts.crm import INTERACTION, LogContract
from tests.contracts.http_source import HttpSourceContract, Misbehaving, response

pytestmark = pytest.mark.anyio


class Receiver:
    """A CRM that takes interactions by PUT."""

    def __init__(self) -> None:
        self.interactions: dict[str, InteractionRecord] = {}
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        interaction = msgspec.json.decode(request.content, type=InteractionRecord)
        self.interactions[interaction.id] = interaction
        return httpx.Response(204)


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
async def webhook(anyio_backend: str, receiver: Receiver) -> AsyncIterator[Webhook]:
    options = WebhookOptions(url="https://crm.example/calls/{id}", token="t0ken")
    webhook = Webhook(options, transport=httpx.MockTransport(receiver))
    yield webhook
    await webhook.close()


class TestWebhook(LogContract):
    @pytest.fixture
    def source(self, webhook: Webhook) -> ContactSource:
        return webhook

    @pytest.fixture
    def logged(self, receiver: Receiver) -> Callable[[], Mapping[str, InteractionRecord]]:
        return lambda: receiver.interactions


class TestWebhookOverHttp(HttpSourceContract):
    def open_http(self, url: str) -> ContactSource:
        return open_sink(
            "webhook",
            url=f"{url}/{self.SECRET}/{{id}}",
            token=self.SECRET,
            timeout_seconds=self.TIMEOUT_SECONDS,
        )

    async def call(self, source: ContactSource) -> None:
        await source.log(INTERACTION)


async def test_request_carries_id_token_and_idempotency_key(
    webhook: Webhook, receiver: Receiver
) -> None:
    await webhook.log(INTERACTION)
    (request,) = receiver.requests
    assert (request.method, str(request.url)) == ("PUT", "https://crm.example/calls/call-1")
    assert request.headers["Authorization"] == "Bearer t0ken"
    assert request.headers["Idempotency-Key"] == "call-1"
    assert request.headers["Content-Type"] == "application/json"


async def test_any_success_acknowledges_whatever_follows_the_status() -> None:
    async with Misbehaving().listening() as crm:
        webhook = Webhook(WebhookOptions(url=crm.url, timeout_seconds=2))
        crm.response = b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n" + b"x" * 5_000_000
        await webhook.log(INTERACTION)
        crm.response = response("202 Accepted", body=b"<html>thanks</html>")
        await webhook.log(INTERACTION)
        await webhook.close()


@pytest.mark.parametrize("url", ["", "crm.example", "ftp://crm.example", "http://", "http://[::1"])
def test_address_without_http_is_rejected(url: str) -> None:
    with pytest.raises(OperatorError, match="webhook: url must be an http:// or https:// address"):
        Webhook(WebhookOptions(url=url))


@pytest.mark.parametrize("token", ["tökén", "two\nlines", "tab\t"])
def test_token_that_no_header_can_carry_is_rejected_unquoted(token: str) -> None:
    with pytest.raises(OperatorError, match="token must be one line of ASCII") as caught:
        Webhook(WebhookOptions(url="https://crm.example", token=token))
    assert token not in str(caught.value)


def test_options_do_not_show_their_secrets() -> None:
    assert "t0ken" not in repr(WebhookOptions(url="https://crm.example", token="t0ken"))


# ---- the base of HTTP sources


class Reader(HttpSource):
    name = "reader"


async def test_response_is_read_up_to_the_limit() -> None:
    async with Misbehaving().listening() as crm:
        reader = Reader(timeout_seconds=2)
        crm.response = response("200 OK", "X-Page: 2\r\n", b"[]")
        received = await reader.request("GET", crm.url)
        assert (received.status, received.headers["x-page"], received.body) == (200, "2", b"[]")
        crm.response = response("200 OK", body=b"x" * (MAX_RESPONSE_BYTES + 1))
        with pytest.raises(SourceUnavailable, match="reader sent more than 1,048,576"):
            await reader.request("GET", crm.url)
        await reader.close()


async def test_response_that_trickles_is_given_up_in_time() -> None:
    async with Misbehaving().listening() as crm:
        crm.response = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
        crm.trickles = True
        reader = Reader(timeout_seconds=0.5)
        started = asyncio.get_running_loop().time()
        with pytest.raises(SourceUnavailable, match=r"did not respond within 0\.5 seconds"):
            await reader.request("GET", crm.url)
        assert asyncio.get_running_loop().time() - started < 5
        await reader.close()


def test_retry_after_without_zone_is_utc() -> None:
    now = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
    assert retry_after_seconds("Sun, 01 Mar 2026 09:00:30 -0000", now) == 30
    assert retry_after_seconds(None, now) is None
