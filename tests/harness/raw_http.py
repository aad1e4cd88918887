"""An HTTP server that answers with given bytes, and a client over the service's transport."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

from callcard.http_transport import HttpTransport

PLAIN = ssl.create_default_context()
HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


@dataclass
class Server:
    """Answers each request with the next of `answers`, of which the last is repeated.

    An answer is a list of writes; None in it closes the connection.
    """

    answers: list[list[bytes | None]]
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    open_connections: int = 0
    before_answer: Callable[[], Awaitable[object]] | None = None
    url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open_connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                _, _, rest = head.lower().partition(b"content-length: ")
                length = int(rest.partition(b"\r\n")[0] or 0)
                self.requests.append(head + await reader.readexactly(length))
                if self.before_answer:
                    await self.before_answer()
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                for part in answer:
                    if part is None:
                        return
                    writer.write(part)
                    await writer.drain()
                    await asyncio.sleep(0)
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            self.open_connections -= 1
            writer.close()


@asynccontextmanager
async def serving(
    *answers: list[bytes | None], tls: ssl.SSLContext | None = None
) -> AsyncIterator[Server]:
    server = Server(list(answers) or [[HELLO]])
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)
    scheme = "https" if tls else "http"
    server.url = f"{scheme}://localhost:{listener.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        listener.close()


@asynccontextmanager
async def client(
    *, connections: int = 4, tls: ssl.SSLContext = PLAIN, timeout: float = 5
) -> AsyncIterator[httpx.AsyncClient]:
    transport = HttpTransport(tls, connections=connections)
    async with httpx.AsyncClient(transport=transport, timeout=timeout) as http:
        yield http
