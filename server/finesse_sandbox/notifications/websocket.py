"""XMPP over WebSocket on `/ws`, RFC 7395: every frame is a document of its own."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from lxml import etree
from starlette.websockets import WebSocket

from finesse_sandbox.accounts import Accounts
from finesse_sandbox.notifications.pubsub import PubSub
from finesse_sandbox.notifications.send_queue import CLOSE_SECONDS, IDLE_SECONDS, SendQueue
from finesse_sandbox.notifications.xmpp_namespaces import FRAMING
from finesse_sandbox.notifications.xmpp_stream import XmppStream
from finesse_sandbox.notifications.xmpp_xml import StreamError, parse_stanza

_PROTOCOL_ERROR = 1002
_TRY_AGAIN_LATER = 1013


async def serve_websocket(socket: WebSocket, accounts: Accounts, pubsub: PubSub) -> None:
    """Serve one connection until either side ends it."""
    if pubsub.down:
        await socket.close(_TRY_AGAIN_LATER)
        return
    if "xmpp" not in socket.scope.get("subprotocols", []):
        await socket.close(_PROTOCOL_ERROR)
        return
    await socket.accept("xmpp")
    queue = SendQueue(f"<close xmlns='{FRAMING}'/>")
    stream = XmppStream(accounts, pubsub, queue)
    sending = asyncio.create_task(_send_frames(socket, queue))
    try:
        await _receive_frames(socket, stream, queue)
    except StreamError as error:
        stream.fail(error.condition)
    except TimeoutError:
        stream.fail("connection-timeout")
    finally:
        stream.close()
        queue.end()
        with suppress(Exception):
            async with asyncio.timeout(CLOSE_SECONDS):
                await sending


async def _receive_frames(socket: WebSocket, stream: XmppStream, queue: SendQueue) -> None:
    while not queue.ended:
        async with asyncio.timeout(IDLE_SECONDS):
            message = await socket.receive()
        text = message.get("text")
        if message["type"] == "websocket.disconnect" or text is None:
            return  # RFC 7395 has no binary frames
        if not text.strip():
            continue
        root = parse_stanza(text)
        name = etree.QName(root)
        if name.namespace == FRAMING and name.localname == "open":
            queue.write(
                f"<open xmlns='{FRAMING}' from='{stream.domain}' id='{stream.id}'"
                " version='1.0' xml:lang='en'/>"
            )
            queue.write(stream.features())
        elif name.namespace == FRAMING and name.localname == "close":
            return
        else:
            stream.handle(root)


async def _send_frames(socket: WebSocket, queue: SendQueue) -> None:
    while (text := await queue.take_one()) is not None:
        await socket.send_text(text)
    await socket.close()
