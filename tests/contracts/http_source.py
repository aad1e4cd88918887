"""How a source that uses HTTP must behave when the CRM behind it does not."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from callcard.crm.base import ContactSource
from callcard.crm.http_source import MAX_RETRY_AFTER_SECONDS
from callcard.errors import SourceRejected, SourceUnavailable


class Misbehaving:
    """A server on a socket that answers every request with `response`, and counts them."""

    def __init__(self) -> None:
        self.response = b""
        self.requests: list[bytes] = []
        self.reset = False
        self.trickles = False
        self.delay_seconds = 0.0
        self.url = ""
        self._tasks: set[asyncio.Task[None]] = set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        try:
            self.requests.append(await reader.readuntil(b"\r\n\r\n"))
            if self.reset:
                writer.transport.abort()
                return
            await asyncio.sleep(self.delay_seconds)
            writer.write(self.response)
            await writer.drain()
            while self.trickles:
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.05)
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            writer.close()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[Misbehaving]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)


def response(status: str, headers: str = "", body: bytes = b"") -> bytes:
    """Return the bytes of an HTTP response."""
    start = (
        f"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    )
    return start.encode() + body


class HttpSourceContract:
    """The failures of a CRM, and what they become.

    `open_http` makes the source, configured with SECRET, TIMEOUT_SECONDS and the address `url`;
    `call` makes it send one request.
    """

    pytestmark = pytest.mark.anyio

    SECRET = "s3cret-t0ken"
    TIMEOUT_SECONDS = 0.5

    def open_http(self, url: str) -> ContactSource:
        raise NotImplementedError

    async def call(self, source: ContactSource) -> None:
        raise NotImplementedError

    @pytest.fixture
    async def crm(self, anyio_backend: str) -> AsyncIterator[Misbehaving]:
        async with Misbehaving().listening() as crm:
            yield crm

    async def failure(
        self, crm: Misbehaving, caplog: pytest.LogCaptureFixture
    ) -> SourceUnavailable | SourceRejected:
        """Return the error of one call, which must quote neither the secret nor the response."""
        source = self.open_http(crm.url)
        try:
            with (
                caplog.at_level(logging.DEBUG, "callcard"),
                pytest.raises((SourceUnavailable, SourceRejected)) as caught,
            ):
                await self.call(source)
        finally:
            await source.close()
        error: Any = caught.value
        for text in (error.detail, repr(error), str(error.problem()), caplog.text):
            assert self.SECRET not in text
            assert "<html" not in text
            assert crm.url not in text
        assert source.name in error.detail
        return error  # type: ignore[no-any-return]  # one of the two that were expected

    @pytest.mark.parametrize("status", ["400 Bad", "409 Conflict", "413 Large", "422 Invalid"])
    async def test_other_client_errors_are_permanent(
        self, crm: Misbehaving, caplog: pytest.LogCaptureFixture, status: str
    ) -> None:
        crm.response = response(status)
        error = await self.failure(crm, caplog)
        assert isinstance(error, SourceRejected)
        assert status[:3] in error.detail

    @pytest.mark.parametrize(
        "status",
        ["401 No", "403 No", "404 No", "407 No", "408 Slow", "429 Slow", "500 Oops", "503 Away"],
    )
    async def test_errors_that_can_end_are_retried(
        self, crm: Misbehaving, caplog: pytest.LogCaptureFixture, status: str
    ) -> None:
        crm.response = response(status)
        error = await self.failure(crm, caplog)
        assert isinstance(error, SourceUnavailable)
        assert error.retry_after is None
        assert status[:3] in error.detail

    @pytest.mark.parametrize("status", ["429 Slow", "503 Away"])
    async def test_retry_after_in_seconds(
        self, crm: Misbehaving, caplog: pytest.LogCaptureFixture, status: str
    ) -> None:
        crm.response = response(status, "Retry-After: 17\r\n")
        error = await self.failure(crm, caplog)
        assert isinstance(error, SourceUnavailable)
        assert error.retry_after == 17

    async def test_retry_after_as_date(
        self, crm: Misbehaving, caplog: pytest.LogCaptureFixture
    ) -> None:
        date = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
        crm.response = response("429 Slow", f"Retry-After: {date}\r\n")
        error = await self.failure(crm, caplog)
        assert isinstance(error, SourceUnavailable)
        assert 55 < (error.retry_after or 0) <= 60

    @pytest.mark.parametrize(
        ("value", "seconds"),
        [
            ("soon", None),
            ("-5", None),
            ("9" * 400, MAX_RETRY_AFTER_SECONDS),
            ("Mon, 01 Jan 2001 00:00:00 GMT", 0),
            ("Fri, 31 Dec 9999 23:59:59 GMT", MAX_RETRY_AFTER_SECONDS),
        ],
    )
    async def test_senseless_retry_after_does_not_stop_delivery(
        self,
        crm: Misbehaving,
        caplog: pytest.LogCaptureFixture,
        value: str,
        seconds: float | None,
    ) -> None:
        crm.response = response("429 Slow", f"Retry-After: {value}\r\n")
        error = await self.failure(crm, caplog)
        assert isinstance(error, SourceUnavailable)
        assert error.retry_after == seconds

    async def test_html_error_page_is_not_quoted(
        self, crm: Misbehaving, caplog: pytest.LogCaptureFixture
    ) -> None:
        page = f"<html><h1>Bad Gateway</h1>{self.SECRET}</html>".encode()
        crm.response = response("502 Bad Gateway", "Content-Type: text/html\r\n", page)
        assert isinstance(await self.failure(crm, caplog), SourceUnavailable)

    @pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary"])
    async def test_redirect_is_not_followed(
        self, crm: Misbehaving, caplog: pytest.LogCaptureFixture, status: str
    ) -> None:
        async with Misbehaving().listening() as other:
            other.response = response("204 No Content")
            crm.response = response(status, f"Location: {other.url}/\r\n")
            error = await self.failure(crm, caplog)
            assert isinstance(error, SourceUnavailable)
            assert "redirect" in error.detail
            assert other.requests == [], "it would have got the credentials"

    async def test_connection_reset(
        self, crm: Misbehaving, caplog: pytest.LogCaptureFixture
    ) -> None:
        crm.reset = True
        assert isinstance(await self.failure(crm, caplog), SourceUnavailable)

    async def test_unreachable_crm(
        self, crm: Misbehaving, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with Misbehaving().listening() as gone:
            pass
        assert isinstance(await self.failure(gone, caplog), SourceUnavailable)

    @pytest.mark.parametrize(
        "content",
        [
            b"SSH-2.0-OpenSSH_9.6\r\n",
            b"HTTP/1.1 two hundred\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000 + b"\r\n\r\n",
            b"",
        ],
        ids=["another protocol", "status in words", "endless header", "nothing"],
    )
    async def test_invalid_response(
        self, crm: Misbehaving, caplog: pytest.LogCaptureFixture, content: bytes
    ) -> None:
        crm.response = content
        assert isinstance(await self.failure(crm, caplog), SourceUnavailable)

    async def test_slow_crm_is_given_up_in_time(
        self, crm: Misbehaving, caplog: pytest.LogCaptureFixture
    ) -> None:
        crm.delay_seconds = 20 * self.TIMEOUT_SECONDS
        loop = asyncio.get_running_loop()
        started = loop.time()
        error = await self.failure(crm, caplog)
        assert isinstance(error, SourceUnavailable)
        assert loop.time() - started < 10 * self.TIMEOUT_SECONDS
        assert f"{self.TIMEOUT_SECONDS:g} seconds" in error.detail
