"""A WebSocket server that sends frames as they are written, for the notification client."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import websockets
from websockets.asyncio.server import ServerConnection, serve

from callcard.finesse.xmpp_base import Address

OPEN = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' from='localhost' id='1' version='1.0'/>"
FEATURES = "<stream:features xmlns:stream='http://etherx.jabber.org/streams'><x/></stream:features>"
SUCCESS = "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"
BOUND = (
    "<iq xmlns='jabber:client' type='result' id='c1'>"
    "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
    "<jid>1001@localhost/x</jid></bind></iq>"
)
ROSTER = "<iq xmlns='jabber:client' type='result' id='c2'/>"
GOOD = [OPEN, FEATURES, SUCCESS, OPEN, FEATURES, BOUND, ROSTER]


@asynccontextmanager
async def scripted_server(*frames: str | bytes) -> AsyncIterator[Address]:
    """Serve a WebSocket that sends `frames`.

    The first seven answer the client's requests, the others follow without a pause.
    """

    async def serve_frames(connection: ServerConnection) -> None:
        try:
            for position, frame in enumerate(frames):
                # Positions 1 and 4 are the features, which follow the opening without a request.
                if position in (0, 2, 3, 5, 6, 7):
                    await connection.recv()
                await connection.send(frame)
            await connection.wait_closed()
        except websockets.ConnectionClosed:
            pass

    async with serve(
        serve_frames, "127.0.0.1", 0, subprotocols=[websockets.Subprotocol("xmpp")], max_size=None
    ) as server:
        yield Address("127.0.0.1", next(iter(server.sockets)).getsockname()[1], "localhost")
