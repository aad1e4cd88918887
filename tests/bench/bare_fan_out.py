"""A server that writes one text to all its connections with each POST: the least that a stream of
events costs. `python -m tests.bench.bare_fan_out PORT`."""

from __future__ import annotations

import asyncio
import sys
from typing import cast

import uvloop

EVENT = (
    b"BB\r\nid: 4711\nevent: number-list-changed\ndata: "
    b'{"id":"4711","type":"number-list-changed","at":"2026-11-28T10:00:00.123Z","data":'
    b'{"list":"flag","entry":"0123456789abcdef","change":"added","state":"effective"}}\n\n\r\n'
)
HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    b"D\r\nretry: 2000\n\n\r\n"
)
_readers: set[asyncio.WriteTransport] = set()


class _Connection(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)  # uvloop's is no subclass

    def connection_lost(self, exc: Exception | None) -> None:
        _readers.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        if data.startswith(b"GET /api"):
            _readers.add(self._transport)
            self._transport.write(HEAD)
            return
        self._transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        if data.startswith(b"POST"):
            for each in _readers:
                each.write(EVENT)


async def main() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Connection, "127.0.0.1", int(sys.argv[1]), backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
