"""The HTTP connections below httpx, against servers that do what servers may, and may not."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import trustme
from hypothesis import given, settings
from hypothesis import strategies as st

from callcard import http_transport
from callcard.http_transport import BUFFER_BYTES, HttpTransport
from tests.harness.ports import free_port
from tests.harness.raw_http import HELLO, PLAIN, Server, client, serving
from tests.harness.waiting import until

pytestmark = pytest.mark.anyio


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    return "asyncio", {"use_uvloop": request.param}


# ---- what servers may do


async def test_connection_is_used_again() -> None:
    async with serving() as server, client() as http:
        for _ in range(3):
            assert (await http.get(server.url)).text == "hello"
        assert server.connections == 1


async def test_all_requests_go_to_a_unix_socket(tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    server = Server([[HELLO]])
    listener = await asyncio.start_unix_server(server.serve, path)
    transport = HttpTransport(None, connections=1, socket_path=path)
    async with httpx.AsyncClient(transport=transport, base_url="http://worker") as http:
        target = b"/%41?q=a%20b"  # as it is, and not as httpx would write it
        assert (await http.get("/", extensions={"target": target})).text == "hello"
        assert server.requests[0].startswith(b"GET /%41?q=a%20b HTTP/1.1\r\nHost: worker\r\n")
        listener.close()
    async with httpx.AsyncClient(
        transport=HttpTransport(None, connections=1, socket_path=f"{path}-of-nobody")
    ) as http:
        with pytest.raises(httpx.ConnectError):
            await http.get("http://worker/")


async def test_request_arrives_as_it_was_made() -> None:
    async with serving() as server, client() as http:
        headers = {"requestId": "7", "X-Text": "a b"}
        await http.put(f"{server.url}/a%20b/ü?q=1&r=é", content=b"<User/>", headers=headers)
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"PUT /a%20b/%C3%BC?q=1&r=%C3%A9 HTTP/1.1\r\nHost: localhost:")
    assert b"\r\nrequestId: 7\r\nX-Text: a b" in head
    assert b"\r\nContent-Length: 7" in head
    assert body == b"<User/>"


@st.composite
def framed_responses(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """Return a body, and a response that has it, framed in one of the three ways."""
    body = draw(st.binary(max_size=300))
    match draw(st.sampled_from(["length", "chunks", "end"])):
        case "length":
            return body, b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)
        case "chunks":
            size = draw(st.integers(1, 50))
            parts = [body[start : start + size] for start in range(0, len(body), size)]
            chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
            trailer = draw(st.sampled_from([b"", b"X-Checksum: 1\r\n"]))
            head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            return body, head + chunks + b"0\r\n" + trailer + b"\r\n"
        case _:
            return body, b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body


@given(framed=framed_responses(), cuts=st.lists(st.integers(1, 400), max_size=8))
@settings(deadline=None, max_examples=150)
def test_body_is_complete_however_it_is_framed_and_cut(
    framed: tuple[bytes, bytes], cuts: list[int]
) -> None:
    body, response = framed
    parts: list[bytes | None] = []
    start = 0
    for end in [*sorted(cuts), len(response)]:
        parts.append(response[start:end])
        start = max(start, end)
    if b"Connection: close" in response:
        parts.append(None)

    async def exchange() -> None:
        async with serving(parts) as server, client() as http:
            for _ in range(2):
                assert (await http.get(server.url)).content == body

    asyncio.run(exchange())


async def test_preliminary_responses_are_skipped() -> None:
    early = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    async with serving([early + HELLO]) as server, client() as http:
        response = await http.get(server.url)
        assert (response.status_code, response.text) == (200, "hello")
        assert "link" not in response.headers
        await http.get(server.url)
        assert server.connections == 1


async def test_head_has_no_body() -> None:
    async with (
        serving([b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"]) as server,
        client() as http,
    ):
        response = await http.head(server.url)
        assert response.headers["content-length"] == "5"
        assert response.content == b""


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
async def test_statuses_without_a_body(status: str) -> None:
    async with serving([f"HTTP/1.1 {status}\r\n\r\n".encode()]) as server, client() as http:
        for _ in range(2):
            assert (await http.get(server.url)).content == b""
        assert server.connections == 1


async def test_server_that_closes_is_connected_anew() -> None:
    answer = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"
    async with serving([answer, None]) as server, client() as http:
        for _ in range(3):
            assert (await http.get(server.url)).text == "ok"
        assert server.connections == 3


async def test_idle_connection_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_transport, "KEEP_ALIVE_SECONDS", 0.01)
    async with serving() as server, client() as http:
        await http.get(server.url)
        await until(lambda: server.open_connections == 0)
        assert (await http.get(server.url)).text == "hello"


async def test_tls_checks_the_server() -> None:
    authority = trustme.CA()
    server_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(server_tls)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    async with serving(tls=server_tls) as server:
        async with client(tls=trusting) as http:
            for _ in range(2):
                assert (await http.get(server.url)).text == "hello"
            with pytest.raises(httpx.ConnectError):  # the certificate is for localhost
                await http.get(server.url.replace("localhost", "127.0.0.1"))
        async with client(tls=PLAIN) as http:
            with pytest.raises(httpx.ConnectError):
                await http.get(server.url)
        assert server.connections >= 1


async def test_large_body_waits_in_the_server_until_it_is_read() -> None:
    part = b"x" * 65536
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (200 * len(part))
    async with serving([head, *[part] * 200]) as server, client() as http:
        async with http.stream("GET", server.url) as response:
            await asyncio.sleep(0.2)
            sizes = [len(chunk) async for chunk in response.aiter_raw()]
        assert sum(sizes) == 200 * len(part)
        assert max(sizes) <= 4 * BUFFER_BYTES
        assert (await http.get(server.url)).status_code == 200
        assert server.connections == 1


# ---- what they may not


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"HTTP/1.1 200 OK\r\nX-A: 1\r\n \0: 2\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X-A: 1\r\n" * 20_000,
        b"HTTP/1.1 200 OK\r\nX-A: " + b"1" * 200_000,
        b"HTTP/1.1 200 OK\r\nX-A: " + b"1" * 200_000 + b"\r\nContent-Length: 0\r\n\r\n",
    ],
)
async def test_invalid_response_is_an_error_that_quotes_nothing(answer: bytes) -> None:
    async with serving([answer]) as server, client() as http:
        with pytest.raises(httpx.RemoteProtocolError) as caught:
            await http.get(server.url)
        assert str(caught.value) in (
            "the response is not HTTP",
            "the head of the response is too large",
        )
        assert len(server.requests) == 1
        await until(lambda: server.open_connections == 0)


@pytest.mark.parametrize(
    "answer",
    [
        [None],
        [b"HTTP/1.1 200 OK\r\n", None],
        [b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello", None],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", None],
    ],
    ids=["nothing", "half a head", "half a body", "half of the chunks"],
)
@pytest.mark.parametrize("method", ["GET", "PUT"])
async def test_broken_connection_is_an_error_and_nothing_is_sent_twice(
    answer: list[bytes | None], method: str
) -> None:
    async with serving([HELLO], answer) as server, client() as http:
        await http.get(server.url)  # so that the connection is one that was kept
        with pytest.raises(httpx.ReadError):
            await http.request(method, server.url, content=b"x")
        assert len(server.requests) == 2


@pytest.mark.parametrize("extra", [HELLO, b"rubbish"])
async def test_what_nobody_asked_for_is_not_the_next_response(extra: bytes) -> None:
    private = b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nprivate"
    async with serving([private + extra], [HELLO]) as server, client() as http:
        response = await http.get(server.url)
        assert response.text == "private"
        assert (await http.get(server.url)).text == "hello"
        assert server.connections == 2


async def test_late_extra_data_closes_the_connection() -> None:
    async with serving([HELLO, HELLO], [HELLO]) as server, client() as http:
        await http.get(server.url)
        await until(lambda: server.open_connections == 0)
        assert (await http.get(server.url)).text == "hello"


async def test_server_without_an_answer_is_a_timeout() -> None:
    async with serving([b"HTTP/1.1 200 OK\r\n"]) as server, client(timeout=0.05) as http:
        with pytest.raises(httpx.ReadTimeout):
            await http.get(server.url)
        await until(lambda: server.open_connections == 0)


async def test_stalled_body_is_a_timeout() -> None:
    half = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhell"
    async with serving([half]) as server, client(timeout=0.05) as http:
        with pytest.raises(httpx.ReadTimeout):
            await http.get(server.url)


async def test_nobody_listens() -> None:
    async with client() as http:
        with pytest.raises(httpx.ConnectError):
            await http.get(f"http://127.0.0.1:{free_port()}")


async def test_name_without_an_address() -> None:
    async with client() as http:
        with pytest.raises(httpx.ConnectError):
            await http.get("http://finesse.invalid/")


# ---- many requests


async def test_more_requests_than_connections_wait_for_their_turn() -> None:
    async with serving() as server, client(connections=3) as http:
        responses = await asyncio.gather(*(http.get(server.url) for _ in range(50)))
        assert {response.text for response in responses} == {"hello"}
        assert server.connections <= 3


async def test_waiting_for_a_turn_ends() -> None:
    gate = asyncio.Event()
    async with serving() as server, client(connections=1) as http:
        server.before_answer = gate.wait
        first = asyncio.create_task(http.get(server.url))
        await until(lambda: len(server.requests) == 1)
        with pytest.raises(httpx.PoolTimeout):
            await http.get(server.url, timeout=httpx.Timeout(5, pool=0.01))
        gate.set()
        assert (await first).text == "hello"


async def test_cancelled_requests_leave_their_place_to_others() -> None:
    gate = asyncio.Event()
    async with serving() as server, client(connections=2) as http:
        server.before_answer = gate.wait
        requests = [asyncio.create_task(http.get(server.url)) for _ in range(10)]
        await until(lambda: len(server.requests) == 2)
        for request in requests[:9]:  # both that are under way, and most that wait
            request.cancel()
        await asyncio.gather(*requests[:9], return_exceptions=True)
        gate.set()
        assert (await requests[9]).text == "hello"
        responses = await asyncio.gather(*(http.get(server.url) for _ in range(5)))
        assert {response.text for response in responses} == {"hello"}
        assert server.connections <= 5


async def test_turn_that_comes_while_its_request_is_cancelled_is_passed_on() -> None:
    async with serving() as server, client(connections=1) as http:
        async with http.stream("GET", server.url) as response:
            waiting = [asyncio.create_task(http.get(server.url)) for _ in range(2)]
            await asyncio.sleep(0.01)
            await response.aread()
        waiting[0].cancel()  # its turn has just come
        assert (await waiting[1]).text == "hello"
        assert (await http.get(server.url)).text == "hello"


async def test_unread_response_gives_its_place_back() -> None:
    async with serving() as server, client(connections=1) as http:
        for _ in range(3):
            async with http.stream("GET", server.url) as response:
                assert response.status_code == 200
        assert (await http.get(server.url)).text == "hello"


async def test_closing_ends_every_connection() -> None:
    async with serving() as server:
        async with client() as http:
            await asyncio.gather(*(http.get(server.url) for _ in range(3)))
        await until(lambda: server.open_connections == 0)


# ---- what a caller may not send


@pytest.mark.parametrize("target", [b"/a b", b"/a\r\nX-Injected: 1", b"/\xff", b"/\0"])
async def test_target_that_needs_encoding_is_refused(target: bytes) -> None:
    async with serving() as server, client() as http:
        with pytest.raises(httpx.LocalProtocolError):
            await http.get(server.url, extensions={"target": target})
        assert server.requests == []


@pytest.mark.parametrize("value", ["1\r\nX-Injected: 2", "1\nX", "1\rX", "1\0"])
async def test_header_with_a_line_break_is_refused(value: str) -> None:
    async with serving() as server, client() as http:
        with pytest.raises(httpx.LocalProtocolError):
            await http.get(server.url, headers={"X-Text": value})
        assert server.requests == []


async def test_streamed_body_is_refused() -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield b"x"

    async with serving() as server, client() as http:
        with pytest.raises(httpx.LocalProtocolError):
            await http.post(server.url, content=parts())
        assert server.requests == []
