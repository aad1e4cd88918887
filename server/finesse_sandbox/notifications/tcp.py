"""XMPP over TCP: 5222 in the clear, and 5223 with TLS from the first byte."""

from __future__ import annotations

import asyncio
import itertools
import ssl
from contextlib import suppress

from lxml import etree

from finesse_sandbox.accounts import Accounts
from finesse_sandbox.notifications.pubsub import PubSub
from finesse_sandbox.notifications.send_queue import CLOSE_SECONDS, IDLE_SECONDS, SendQueue
from finesse_sandbox.notifications.xmpp_namespaces import CLIENT, STREAM
from finesse_sandbox.notifications.xmpp_stream import XmppStream
from finesse_sandbox.notifications.xmpp_xml import STANZA_LIMIT_BYTES, StanzaReader, StreamError

MAX_CONNECTIONS = 4000
"""Twice the users of a Finesse pair."""
HEADER_PAUSE_SECONDS = 0.05
"""Between a stream's header and its features: clients read them one by one, as over a network."""
_READ_BYTES = 16 * 1024
_header_ids = itertools.count(1)


class TcpServer:
    """The TCP ports of one node."""

    def __init__(self, accounts: Accounts, pubsub: PubSub) -> None:
        self._accounts = accounts
        self._pubsub = pubsub
        self._connections: set[asyncio.Task[None]] = set()
        self._servers: list[asyncio.Server] = []

    async def listen(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> int:
        """Listen and return the port; with `port` 0 the system chooses it."""
        server = await asyncio.start_server(
            self._accept, host, port, ssl=tls, limit=STANZA_LIMIT_BYTES
        )
        self._servers.append(server)
        bound_port: int = server.sockets[0].getsockname()[1]
        return bound_port

    async def close(self) -> None:
        for server in self._servers:
            server.close()
        for connection in list(self._connections):
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            if len(self._connections) <= MAX_CONNECTIONS and not self._pubsub.down:
                await self._serve(reader, writer)
        except (ConnectionError, ssl.SSLError, asyncio.CancelledError):
            pass
        finally:
            self._connections.discard(task)
            writer.close()
            with suppress(Exception):
                await writer.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = _Connection(self._accounts, self._pubsub)
        sending = asyncio.create_task(_send_texts(writer, connection.queue))
        try:
            await connection.receive(reader)
        finally:
            connection.stream.close()
            connection.queue.end()
            with suppress(Exception):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await sending
            sending.cancel()


class _Connection:
    def __init__(self, accounts: Accounts, pubsub: PubSub) -> None:
        self.queue = SendQueue("</stream:stream>")
        self.stream = XmppStream(accounts, pubsub, self.queue)
        self._stanzas = StanzaReader()

    async def receive(self, reader: asyncio.StreamReader) -> None:
        """Handle a client's stanzas until either side ends the stream."""
        try:
            while not self.queue.ended and not self._stanzas.closed:
                async with asyncio.timeout(IDLE_SECONDS):
                    data = await reader.read(_READ_BYTES)
                if not data:
                    return
                self._handle(data)
        except StreamError as error:
            if not self._stanzas.opened:
                self.queue.write(self._header())
            self.stream.fail(error.condition)
        except TimeoutError:
            self.stream.fail("connection-timeout")

    def _handle(self, data: bytes) -> None:
        was_opened = self._stanzas.opened
        stanzas = self._stanzas.feed(data)
        if self._stanzas.opened and not was_opened:
            self.queue.write(self._header())
            self.queue.write(self.stream.features())
        for stanza in stanzas:
            self.stream.handle(stanza)
            if etree.QName(stanza).localname == "auth" and self.stream.authenticated:
                self._stanzas = StanzaReader()  # the client opens the stream again

    def _header(self) -> str:
        """Return the stream's header: in double quotes, with the client's language, as recorded."""
        return (
            f'<?xml version="1.0" encoding="UTF-8"?><stream:stream xmlns:stream="{STREAM}"'
            f' xmlns="{CLIENT}" from="{self.stream.domain}"'
            f' id="{self.stream.id}-{next(_header_ids)}"'
            f' xml:lang="{self._stanzas.language}" version="1.0">'
        )


async def _send_texts(writer: asyncio.StreamWriter, queue: SendQueue) -> None:
    # One by one: Openfire sends the header before the features, and clients wait for it.
    while (text := await queue.take_one()) is not None:
        if text:
            writer.write(text.encode())
            await writer.drain()
            if text.startswith("<?xml"):
                await asyncio.sleep(HEADER_PAUSE_SECONDS)
    writer.close()  # so that the reading side sees the end
