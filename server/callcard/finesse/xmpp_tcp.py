"""XMPP over TCP, on slixmpp: Finesse's port 5223 with TLS from the first byte, or a stand-in's 5222 in the clear."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Literal
from xml.etree import ElementTree

import slixmpp
from lxml import etree
from slixmpp import InvalidJID
from slixmpp.exceptions import IqError, IqTimeout
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher import MatchXPath

from callcard.finesse.xmpp_websocket import (
    ASKING,
    CLIENT,
    STANZA_LIMIT,
    Address,
    Refused,
    Stream,
    StreamLost,
    lost_by,
)

_parser = etree.XMLParser(
    encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
)

# slixmpp writes what it receives, and what it sends when authenticating, to its log.
logging.getLogger("slixmpp").setLevel(logging.CRITICAL + 1)


async def open_tcp(address: Address, user: str, password: str, resource: str) -> Stream:
    try:
        stream = _TcpStream(address, user, password, resource)
    except InvalidJID as error:
        raise StreamLost("not-authorized", "the user's id can't be part of an address") from error
    try:
        await stream.begin()
    except BaseException:
        await stream.close()
        raise
    return stream


class _Client(slixmpp.ClientXMPP):
    """slixmpp with bounds: it would collect a stanza without end, and break on what is not XML."""

    unbounded = False

    def data_received(self, data: bytes | str) -> None:
        self._bytes = getattr(self, "_bytes", 0) + len(data)
        tail: bytes = getattr(self, "_tail", b"")
        raw = data.encode() if isinstance(data, str) else data
        self._tail = raw[-10:]
        try:
            if self._bytes > STANZA_LIMIT or b"<!DOCTYPE" in tail + raw:
                raise ElementTree.ParseError("not what a server sends")
            super().data_received(data)
        except ElementTree.ParseError:
            self.unbounded = True
            self.abort()
        if self.xml_depth <= 1:
            self._bytes = 0


class _TcpStream:
    def __init__(self, address: Address, user: str, password: str, resource: str) -> None:
        self._address = address
        client = _Client(
            f"{user}@{address.domain}/{resource}",
            password,
            sasl_mech="PLAIN",
            ssl_context=address.tls,
        )
        client.enable_starttls, client.enable_direct_tls = False, address.tls is not None
        client.enable_plaintext = address.tls is None
        mechanisms = client.plugin["feature_mechanisms"]
        # Finesse's 5222 takes PLAIN in the clear and nothing else; it is closed by default from 12.5 on.
        mechanisms.unencrypted_plain, mechanisms.encrypted_plain = address.tls is None, True
        client.end_session_on_disconnect = True
        self._client = client
        self.jid = ""
        self.received: Callable[[etree._Element], None] = lambda stanza: None
        self.lost: Callable[[StreamLost], None] = lambda lost: None
        self._over: StreamLost | None = None
        self._why: StreamLost | None = None
        self._bound: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        client.add_event_handler("session_start", self._started)
        client.add_event_handler("failed_auth", self._failed)
        client.add_event_handler(
            "stream_error", lambda error: setattr(self, "_why", lost_by(str(error["condition"])))
        )
        client.add_event_handler(
            "connection_failed", lambda _: self._end(StreamLost("unreachable"))
        )
        client.add_event_handler("disconnected", lambda _: self._end(self._why or self._broken()))
        for kind in (
            "message",
            "presence",
        ):  # slixmpp's own events are for messages that people write
            client.register_handler(
                Callback(f"every {kind}", MatchXPath(f"{{{CLIENT}}}{kind}"), self._hear)
            )

    async def begin(self) -> None:
        self._client.connect(self._address.host, self._address.port)
        await self._bound
        self.jid = str(self._client.boundjid)

    async def ask(self, kind: Literal["get", "set"], to: str, payload: str) -> etree._Element:
        if self._over:
            raise self._over
        iq = self._client.make_iq(ito=to or None, itype=kind)
        iq.append(ElementTree.fromstring(payload))  # noqa: S314 - our own
        asking: asyncio.Future[Any] = iq.send(timeout=ASKING)  # type: ignore[no-untyped-call]  # slixmpp types most, not this
        try:
            await asyncio.wait([asking, self._ended], return_when=asyncio.FIRST_COMPLETED)
            if self._over and not asking.done():
                asking.cancel()
                raise self._over
            answer = await asking
        except IqError as error:
            raise Refused(str(error.condition)) from error
        except IqTimeout as error:
            raise StreamLost("lost", "an iq was not answered") from error
        return self._lxml(answer)

    async def send(self, stanza: str) -> None:
        if self._over:
            raise self._over
        self._client.send_raw(stanza)

    async def close(self) -> None:
        self.lost = lambda lost: None
        self._client.cancel_connection_attempt()
        if self._client.transport is not None:
            with suppress(Exception):
                await self._client.disconnect(wait=1.0)
        if filters := self._client._run_out_filters:
            filters.cancel()

    def _started(self, _told: object) -> None:
        if not self._bound.done():
            self._bound.set_result(None)

    def _failed(self, failure: Any) -> None:
        condition = str(failure["condition"])
        temporary = condition in ("temporary-auth-failure", "system-shutdown")
        self._why = StreamLost("service-unavailable" if temporary else "not-authorized", condition)
        self._client.abort()

    def _broken(self) -> StreamLost:
        if self._client.unbounded:
            return StreamLost("garbled", "not what a server sends")
        return StreamLost("lost" if self._bound.done() else "unreachable", "the connection broke")

    def _hear(self, stanza: Any) -> None:
        with suppress(StreamLost):
            self.received(self._lxml(stanza))

    def _lxml(self, stanza: Any) -> etree._Element:
        """slixmpp's tree as ours. What ours refuses, such as nesting without end, ends the stream."""
        try:
            return etree.fromstring(ElementTree.tostring(stanza.xml), _parser)
        except (etree.XMLSyntaxError, RecursionError) as error:
            self._why = StreamLost("garbled", "not what a server sends")
            self._client.abort()
            raise self._why from error

    def _end(self, lost: StreamLost) -> None:
        self._client.cancel_connection_attempt()  # whether and where to go again is not decided here
        if self._over:
            return
        self._over = lost
        self._ended.set_result(None)
        if not self._bound.done():
            self._bound.set_exception(lost)
        else:
            self.lost(lost)
