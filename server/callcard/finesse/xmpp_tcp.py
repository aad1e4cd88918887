"""XMPP over TCP, on slixmpp: Finesse's port 5223 with TLS, or a sandbox's 5222 without."""

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

from callcard.finesse.xmpp_base import (
    CLIENT,
    IQ_TIMEOUT_SECONDS,
    MAX_STANZA_BYTES,
    Address,
    StanzaError,
    Stream,
    StreamLost,
    authentication_failed,
    lost_by_condition,
    parse_stanza,
)

_DISCONNECT_TIMEOUT_SECONDS = 1.0

# slixmpp logs what it receives, and what it sends when it authenticates.
logging.getLogger("slixmpp").setLevel(logging.CRITICAL + 1)


async def open_tcp_stream(address: Address, user: str, password: str, resource: str) -> Stream:
    """Open, authenticate and bind a stream. Raises StreamLost."""
    try:
        stream = _TcpStream(address, user, password, resource)
    except InvalidJID as error:
        raise StreamLost("not-authorized", "the user id can't be part of an address") from error
    try:
        await stream.connect()
    except BaseException:
        await stream.close()
        raise
    return stream


class _BoundedClient(slixmpp.ClientXMPP):
    """slixmpp with limits: alone it buffers without end, and fails on what is not XML."""

    has_received_invalid = False
    _stanza_bytes = 0
    _last_bytes = b""
    """The end of the previous chunk, so that a document type split over two chunks is found."""

    def data_received(self, data: bytes | str) -> None:
        chunk = data.encode() if isinstance(data, str) else data
        self._stanza_bytes += len(chunk)
        is_forbidden = b"<!DOCTYPE" in self._last_bytes + chunk
        self._last_bytes = chunk[-10:]
        try:
            if is_forbidden or self._stanza_bytes > MAX_STANZA_BYTES:
                raise ElementTree.ParseError
            super().data_received(data)
        except ElementTree.ParseError:
            self.has_received_invalid = True
            self.abort()
        if self.xml_depth <= 1:
            self._stanza_bytes = 0


class _TcpStream:
    def __init__(self, address: Address, user: str, password: str, resource: str) -> None:
        self.jid = ""
        self.on_stanza: Callable[[etree._Element], None] = lambda stanza: None
        self.on_lost: Callable[[StreamLost], None] = lambda lost: None
        self._address = address
        self._lost: StreamLost | None = None
        self._cause: StreamLost | None = None
        """Why the connection is about to end, if the server or we said so."""
        loop = asyncio.get_running_loop()
        self._bound: asyncio.Future[None] = loop.create_future()
        self._ended: asyncio.Future[None] = loop.create_future()
        self._client = _BoundedClient(
            f"{user}@{address.domain}/{resource}",
            password,
            sasl_mech="PLAIN",
            ssl_context=address.tls,
        )
        self._configure_security(is_encrypted=address.tls is not None)
        self._register_handlers()

    def _configure_security(self, *, is_encrypted: bool) -> None:
        client = self._client
        client.enable_starttls = False
        client.enable_direct_tls = is_encrypted
        client.enable_plaintext = not is_encrypted
        # Finesse's 5222 accepts PLAIN without TLS and nothing else; from 12.5 on it is closed by
        # default.
        mechanisms = client.plugin["feature_mechanisms"]
        mechanisms.unencrypted_plain = not is_encrypted
        mechanisms.encrypted_plain = True
        client.end_session_on_disconnect = True

    def _register_handlers(self) -> None:
        client = self._client
        client.add_event_handler("session_start", self._on_session_start)
        client.add_event_handler("failed_auth", self._on_failed_auth)
        client.add_event_handler("stream_error", self._on_stream_error)
        client.add_event_handler("connection_failed", self._on_connection_failed)
        client.add_event_handler("disconnected", self._on_disconnected)
        # slixmpp's own message events are for chat messages, not for publish-subscribe.
        for kind in ("message", "presence"):
            matcher = MatchXPath(f"{{{CLIENT}}}{kind}")
            client.register_handler(Callback(f"every {kind}", matcher, self._on_stanza))

    async def connect(self) -> None:
        """Connect, and wait until the resource is bound. Raises StreamLost."""
        self._client.connect(self._address.host, self._address.port)
        await self._bound
        self.jid = str(self._client.boundjid)

    async def request(self, kind: Literal["get", "set"], to: str, payload: str) -> etree._Element:
        if self._lost:
            raise self._lost
        iq = self._client.make_iq(ito=to or None, itype=kind)
        iq.append(ElementTree.fromstring(payload))  # noqa: S314 - our own
        pending: asyncio.Future[Any] = iq.send(  # type: ignore[no-untyped-call]  # only this is
            timeout=IQ_TIMEOUT_SECONDS
        )
        try:
            await asyncio.wait([pending, self._ended], return_when=asyncio.FIRST_COMPLETED)
            if self._lost and not pending.done():
                pending.cancel()
                raise self._lost
            response = await pending
        except IqError as error:
            raise StanzaError(str(error.condition)) from error
        except IqTimeout as error:
            raise StreamLost("lost", "no response to an iq") from error
        return self._to_lxml(response)

    async def send(self, stanza: str) -> None:
        if self._lost:
            raise self._lost
        self._client.send_raw(stanza)

    async def close(self) -> None:
        self.on_lost = lambda lost: None
        self._client.cancel_connection_attempt()
        if self._client.transport is not None:
            with suppress(Exception):
                await self._client.disconnect(wait=_DISCONNECT_TIMEOUT_SECONDS)
        if filters := self._client._run_out_filters:  # slixmpp leaves this task running
            filters.cancel()

    # ---- slixmpp's events

    def _on_session_start(self, _event: object) -> None:
        if not self._bound.done():
            self._bound.set_result(None)

    def _on_failed_auth(self, failure: Any) -> None:
        self._cause = authentication_failed(str(failure["condition"]))
        self._client.abort()

    def _on_stream_error(self, error: Any) -> None:
        self._cause = lost_by_condition(str(error["condition"]))

    def _on_connection_failed(self, _error: object) -> None:
        self._end(StreamLost("unreachable"))

    def _on_disconnected(self, _error: object) -> None:
        if self._cause:
            self._end(self._cause)
        elif self._client.has_received_invalid:
            self._end(StreamLost("invalid", "not what a server sends"))
        else:
            reason: Literal["lost", "unreachable"] = "lost" if self._bound.done() else "unreachable"
            self._end(StreamLost(reason, "the connection broke"))

    def _on_stanza(self, stanza: Any) -> None:
        with suppress(StreamLost):
            self.on_stanza(self._to_lxml(stanza))

    def _to_lxml(self, stanza: Any) -> etree._Element:
        """Convert slixmpp's tree to lxml's. A stanza that lxml refuses ends the stream."""
        try:
            return parse_stanza(ElementTree.tostring(stanza.xml))
        except (StreamLost, RecursionError) as error:
            self._cause = StreamLost("invalid", "not what a server sends")
            self._client.abort()
            raise self._cause from error

    def _end(self, lost: StreamLost) -> None:
        self._client.cancel_connection_attempt()  # presence decides whether and where to reconnect
        if self._lost:
            return
        self._lost = lost
        self._ended.set_result(None)
        if not self._bound.done():
            self._bound.set_exception(lost)
        else:
            self.on_lost(lost)
