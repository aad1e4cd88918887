"""One user's session with a node's notification service: presence, pings and events.

A session ends with its stream and does not reconnect: `presence` decides where to go then. Source:
developer guide, chapter on the notification service, releases 12.5 to 15.0.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from contextlib import suppress
from dataclasses import dataclass
from typing import Self
from xml.sax.saxutils import quoteattr

from lxml import etree

from callcard.errors import FinesseInvalidResponse
from callcard.finesse import codec, messages
from callcard.finesse.objects import Update
from callcard.finesse.xmpp_base import (
    CLIENT,
    OPEN_TIMEOUT_SECONDS,
    Address,
    StanzaError,
    Stream,
    StreamLost,
)
from callcard.finesse.xmpp_websocket import open_websocket_stream

PING_INTERVAL_SECONDS = 10.0
"""The Finesse desktop's interval; the server wants a ping every 20 seconds."""
MAX_MISSED_PINGS = 3
CLOSE_TIMEOUT_SECONDS = 3
MAX_QUEUED_EVENTS = 2000
MAX_LOGGED = 100
"""Nodes with unreadable events that are logged, each once for a session."""
MAX_QUEUED_BYTES = 16 * 1024 * 1024
"""Limits of the events not yet read. Beyond them the session ends: after a reconnect everything is
read again."""

_PUBSUB = "http://jabber.org/protocol/pubsub"
_DESKTOP_RESOURCE = "desktop"
log = logging.getLogger("callcard.finesse")


@dataclass(frozen=True, slots=True)
class UpdateEvent:
    """An update, and the publish-subscribe node on which it came."""

    node: str
    update: Update


@dataclass(frozen=True, slots=True)
class ReadAgain:
    """What has changed is not known, for example after an event that can't be read: the user and
    their calls must be read again."""


@dataclass(frozen=True, slots=True)
class ServerPresence:
    """The presence of Finesse's own user `finesse`, one of the three signs of a node's state."""

    is_available: bool


Notice = UpdateEvent | ReadAgain | ServerPresence


async def open_stream(address: Address, user: str, password: str, resource: str) -> Stream:
    """Open a stream bound to `user` and `resource`, over the transport of `address`.

    `password` may be a single sign-on token. Raises StreamLost.
    """
    open_transport = open_websocket_stream
    if address.transport == "tcp":
        # Imported on use: slixmpp takes a tenth of a second to load.
        from callcard.finesse.xmpp_tcp import open_tcp_stream

        open_transport = open_tcp_stream
    try:
        async with asyncio.timeout(OPEN_TIMEOUT_SECONDS):
            return await open_transport(address, user, password, resource)
    except TimeoutError as error:
        raise StreamLost("unreachable", "no response in time") from error


class NotificationSession:
    """An open session. Call `open`, then `next` until it raises StreamLost."""

    def __init__(self, stream: Stream, address: Address, ping_seconds: float) -> None:
        self._stream = stream
        self._address = address
        self._ping_seconds = ping_seconds
        self._notices: asyncio.Queue[Notice | StreamLost] = asyncio.Queue(MAX_QUEUED_EVENTS)
        self._queued_bytes = 0
        self._subscription_ids: dict[str, str] = {}
        self._unreadable_nodes: set[str] = set()
        self._pinger: asyncio.Task[None] | None = None
        self._lost: StreamLost | None = None
        stream.on_stanza = self._handle_stanza
        stream.on_lost = self._end

    @classmethod
    async def open(
        cls,
        address: Address,
        user: str,
        password: str,
        *,
        resource: str = "",
        ping_seconds: float = PING_INTERVAL_SECONDS,
    ) -> Self:
        """Connect and send presence. Raises StreamLost.

        Finesse sends no events to a client without presence of priority 0 or more. The resource is
        never `desktop`: that would end the session of the agent's Finesse desktop.
        """
        resource = resource or f"callcard-{secrets.token_hex(4)}"
        if resource == _DESKTOP_RESOURCE:
            raise ValueError("the resource 'desktop' belongs to the Finesse desktop")
        stream = await open_stream(address, user, password, resource)
        session = cls(stream, address, ping_seconds)
        try:
            with suppress(StanzaError):  # without a roster only the presence of others is missing
                await stream.request("get", "", "<query xmlns='jabber:iq:roster'/>")
            await stream.send(f"<presence xmlns='{CLIENT}'><priority>0</priority></presence>")
        except BaseException:
            await stream.close()
            raise
        session._pinger = asyncio.create_task(session._keep_alive())
        return session

    @property
    def jid(self) -> str:
        """The full address, with the resource."""
        return self._stream.jid

    async def next(self) -> Notice:
        """Return the next notice, in the order of arrival. Raises StreamLost after the last one."""
        if self._lost and self._notices.empty():
            raise self._lost
        notice = await self._notices.get()
        if self._notices.empty():
            self._queued_bytes = 0
        if isinstance(notice, StreamLost):
            raise notice
        return notice

    def take_waiting(self) -> list[Notice]:
        """Return the notices that have arrived, but for the end of the stream."""
        taken: list[Notice] = []
        while not self._notices.empty():
            if self._lost and self._notices.qsize() == 1:
                break
            notice = self._notices.get_nowait()
            assert not isinstance(notice, StreamLost)
            taken.append(notice)
        if self._notices.empty():
            self._queued_bytes = 0
        return taken

    def read_again(self) -> None:
        """Have the user and their calls read again, after the events that have arrived."""
        self._queue(ReadAgain())

    async def subscribe(self, node: str) -> None:
        """Subscribe this connection to `node`. Raises StanzaError.

        The user's own nodes need no subscription; those of teams and queues do.
        """
        response = await self._request_pubsub(
            f"<subscribe node={quoteattr(node)} jid={quoteattr(self.jid)}/>"
        )
        subscription = response.find(f"{{{_PUBSUB}}}pubsub/{{{_PUBSUB}}}subscription")
        subid = "" if subscription is None else subscription.get("subid", "")
        self._subscription_ids[node] = subid

    async def unsubscribe(self, node: str) -> None:
        subid = self._subscription_ids.pop(node, "")
        subid_attribute = f" subid={quoteattr(subid)}" if subid else ""
        with suppress(StanzaError):  # the subscription has ended already
            await self._request_pubsub(
                f"<unsubscribe node={quoteattr(node)} jid={quoteattr(self.jid)}{subid_attribute}/>"
            )

    async def _request_pubsub(self, payload: str) -> etree._Element:
        return await self._stream.request(
            "set", self._address.pubsub, f"<pubsub xmlns='{_PUBSUB}'>{payload}</pubsub>"
        )

    async def close(self) -> None:
        """End subscriptions, which would outlive the session, then presence, then the stream."""
        if self._pinger:
            self._pinger.cancel()
        with suppress(StreamLost, TimeoutError):
            async with asyncio.timeout(CLOSE_TIMEOUT_SECONDS):
                for node in list(self._subscription_ids):
                    await self.unsubscribe(node)
                await self._stream.send(f"<presence xmlns='{CLIENT}' type='unavailable'/>")
        await self._stream.close()
        self._end(StreamLost("lost", "the session was closed"))

    # ---- incoming stanzas

    def _handle_stanza(self, stanza: etree._Element) -> None:
        # By local name: servers differ in namespaces, and a strict reading loses events silently.
        kind = codec.name(stanza)
        if kind == "presence":
            self._handle_presence(stanza)
        elif kind == "message" and self._is_from_server(stanza.get("from", "")):
            self._handle_message(stanza)

    def _is_from_server(self, sender: str) -> bool:
        """Return whether a sender may publish events: the node's service, or the user's account.

        Other clients have addresses with a resource, also those of the same user.
        """
        account, _, _resource = self.jid.partition("/")
        return sender.lower() in ("", self._address.pubsub.lower(), account.lower())

    def _handle_presence(self, presence: etree._Element) -> None:
        sender, _, _resource = presence.get("from", "").partition("/")
        kind: str | None = presence.get("type")
        if sender.lower() != f"finesse@{self._address.domain.lower()}":
            return
        if kind in (None, "unavailable"):
            self._queue(ServerPresence(kind is None))

    def _handle_message(self, message: etree._Element) -> None:
        for event in codec.named(message, "event"):
            for items in codec.named(event, "items"):
                node = items.get("node", "").rstrip("/")
                for item in codec.named(items, "item"):
                    self._handle_item(node, item)

    def _handle_item(self, node: str, item: etree._Element) -> None:
        """Queue the updates in an item; if one can't be read, have everything read again."""
        size = sum(len(text) for text in item.itertext())
        try:
            updates = _read_item(item)
        except FinesseInvalidResponse as error:
            if node not in self._unreadable_nodes and len(self._unreadable_nodes) < MAX_LOGGED:
                self._unreadable_nodes.add(node)
                log.warning("events on %s can't be read: %s", node[:120], error.detail)
            self._queue(ReadAgain(), size)
        else:
            for update in updates:
                self._queue(UpdateEvent(node, update), size)

    def _queue(self, notice: Notice, size: int = 0) -> None:
        self._queued_bytes += size
        if self._notices.full() or self._queued_bytes > MAX_QUEUED_BYTES:
            self._end(StreamLost("lost", "events were not read fast enough"))
        elif not self._lost:
            self._notices.put_nowait(notice)

    def _end(self, lost: StreamLost) -> None:
        if self._lost:
            return
        self._lost = lost
        if self._pinger and self._pinger is not asyncio.current_task():
            self._pinger.cancel()
        if self._notices.full():
            self._notices.get_nowait()
        self._notices.put_nowait(lost)

    async def _keep_alive(self) -> None:
        """Ping the server; end the session after MAX_MISSED_PINGS without a response.

        An error is a response too. After a missed ping the next one is sent without a pause.
        """
        missed = 0
        while not self._lost:
            await asyncio.sleep(0 if missed else self._ping_seconds)
            if await self._is_ping_answered():
                missed = 0
                continue
            missed += 1
            if missed >= MAX_MISSED_PINGS:
                self._end(StreamLost("lost", f"{MAX_MISSED_PINGS} pings without a response"))
                await self._stream.close()

    async def _is_ping_answered(self) -> bool:
        try:
            async with asyncio.timeout(self._ping_seconds):
                await self._stream.request(
                    "get", self._address.domain, "<ping xmlns='urn:xmpp:ping'/>"
                )
        except StanzaError:
            return True
        except (StreamLost, TimeoutError):
            return False
        return True


def _read_item(item: etree._Element) -> list[Update]:
    """Return the updates in an item. Raises FinesseInvalidResponse.

    An update is normally escaped text in a `<notification>`; some servers send elements. The
    notification's namespace is pubsub's, or urn:xmpp:push:0 as recorded on 12.5.
    """
    updates = []
    for payload in item:
        if codec.name(payload) == "update":
            updates.append(messages.read_update_element(payload))
        elif len(payload):
            updates += [messages.read_update_element(each) for each in payload]
        else:
            updates.append(messages.read_update(payload.text or ""))
    if not updates:
        raise codec.invalid_response("an event without content")
    return updates
