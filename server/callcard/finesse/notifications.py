"""One user's session with the notification service of one node: presence, pings, subscriptions, and events as they come.

It ends with its stream, and does not come back by itself: where to go then is `cluster`'s to decide. Source: the developer guide's
chapter on the notification service, releases 12.5 to 15.0.
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
from callcard.finesse import messages
from callcard.finesse.objects import Update
from callcard.finesse.xmpp_websocket import Address, Refused, Stream, StreamLost, open_stream

PING = 10.0
"""Seconds between pings, as Finesse's desktop does it; the server wants one every 20."""
PINGS = 3
"""Unanswered ones after which the stream is lost: one and two retries."""
WAITING = 2000
WAITING_BYTES = 16 * 1024 * 1024
"""Events, and their bytes, that wait for a reader. More, and the session ends: the reader reads everything anew when it is back."""

_PUBSUB = "http://jabber.org/protocol/pubsub"
_EVENT = "http://jabber.org/protocol/pubsub#event"
log = logging.getLogger("callcard.finesse")


@dataclass(frozen=True, slots=True)
class Told:
    """An event, on the node of the publish-subscribe tree where it appeared. The node tells little: go by the update's source."""

    node: str
    update: Update


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An event that can't be read: what happened is not known, so what it was about must be read again."""

    node: str


@dataclass(frozen=True, slots=True)
class ServerPresence:
    """The presence of Finesse's own user `finesse`, one of the three signs of how a node is."""

    up: bool


Notice = Told | Unreadable | ServerPresence


class NotificationSession:
    """Use `open`. Then read with `next` until it raises StreamLost."""

    def __init__(self, stream: Stream, address: Address, ping: float) -> None:
        self._stream, self._address, self._ping = stream, address, ping
        self._notices: asyncio.Queue[Notice | StreamLost] = asyncio.Queue(WAITING)
        self._subscriptions: dict[str, str] = {}
        self._pinging: asyncio.Task[None] | None = None
        self._over: StreamLost | None = None
        self._bytes = 0
        stream.received = self._hear
        stream.lost = self._end

    @classmethod
    async def open(
        cls, address: Address, user: str, password: str, *, resource: str = "", ping: float = PING
    ) -> Self:
        """Connected, authenticated, with the roster and a presence of priority 0, without which no event comes. Raises StreamLost.

        The resource is never `desktop`, which is the Finesse desktop's: taking it would throw the agent out there.
        """
        name = resource or f"callcard-{secrets.token_hex(4)}"
        if name == "desktop":
            raise ValueError("the resource 'desktop' belongs to the Finesse desktop")
        stream = await open_stream(address, user, password, name)
        session = cls(stream, address, ping)
        try:
            with suppress(Refused):  # the roster only says of whom presence will be told
                await stream.ask("get", "", "<query xmlns='jabber:iq:roster'/>")
            await stream.send("<presence xmlns='jabber:client'><priority>0</priority></presence>")
        except BaseException:
            await stream.close()
            raise
        session._pinging = asyncio.create_task(session._keep_alive())
        return session

    @property
    def jid(self) -> str:
        """Full: with the resource."""
        return self._stream.jid

    async def next(self) -> Notice:
        """The next notice, in the order in which they came. Raises StreamLost once the stream is over and all are read."""
        if self._over and self._notices.empty():
            raise self._over
        notice = await self._notices.get()
        if self._notices.empty():
            self._bytes = 0
        if isinstance(notice, StreamLost):
            raise notice
        return notice

    def waiting(self) -> Notice | None:
        """The next notice if there is one already. The end of the stream stays for `next`."""
        if self._notices.empty() or (self._over and self._notices.qsize() == 1):
            return None
        notice = self._notices.get_nowait()
        assert not isinstance(notice, StreamLost)
        return notice

    async def subscribe(self, node: str) -> None:
        """Events of `node` too, for this connection alone. The user's own nodes come by themselves. Raises Refused."""
        asked = f"<subscribe node={quoteattr(node)} jid={quoteattr(self.jid)}/>"
        answer = await self._stream.ask(
            "set", self._address.pubsub, f"<pubsub xmlns='{_PUBSUB}'>{asked}</pubsub>"
        )
        told = answer.find(f"{{{_PUBSUB}}}pubsub/{{{_PUBSUB}}}subscription")
        self._subscriptions[node] = "" if told is None else told.get("subid", "")

    async def unsubscribe(self, node: str) -> None:
        subid = self._subscriptions.pop(node, "")
        named = f" subid={quoteattr(subid)}" if subid else ""
        asked = f"<unsubscribe node={quoteattr(node)} jid={quoteattr(self.jid)}{named}/>"
        with suppress(Refused):  # it is gone already
            await self._stream.ask(
                "set", self._address.pubsub, f"<pubsub xmlns='{_PUBSUB}'>{asked}</pubsub>"
            )

    async def close(self) -> None:
        """Leave properly: subscriptions would outlive the session, and presence ends first so that nothing more is sent."""
        if self._pinging:
            self._pinging.cancel()
        with suppress(StreamLost, TimeoutError):
            async with asyncio.timeout(3):
                for node in list(self._subscriptions):
                    await self.unsubscribe(node)
                await self._stream.send("<presence xmlns='jabber:client' type='unavailable'/>")
        await self._stream.close()
        self._end(StreamLost("lost", "closed by us"))

    # ---- beneath

    def _hear(self, stanza: etree._Element) -> None:
        if stanza.tag == "{jabber:client}presence":
            if stanza.get("from", "").partition("/")[
                0
            ].lower() == f"finesse@{self._address.domain.lower()}" and stanza.get("type") in (
                None,
                "unavailable",
            ):
                self._put(ServerPresence(stanza.get("type") is None))
            return
        # Only the node's own service may tell us anything.
        if stanza.get("from", "").lower() != self._address.pubsub.lower():
            return
        for items in stanza.iterfind(f"{{{_EVENT}}}event/{{{_EVENT}}}items"):
            node = items.get("node", "")
            for item in items.iterfind(f"{{{_EVENT}}}item"):
                for notification in item.iterfind(f"{{{_PUBSUB}}}notification"):
                    self._put(self._read(node, notification), len(notification.text or ""))

    @staticmethod
    def _read(node: str, notification: etree._Element) -> Notice:
        # The update is text, escaped once; a server that does not escape it sends elements.
        text = (
            etree.tostring(notification[0], encoding="unicode")
            if len(notification)
            else notification.text or ""
        )
        try:
            return Told(node, messages.read_update(text))
        except FinesseInvalidResponse as error:
            log.warning("an event on %s can't be read: %s", node[:120], error.detail)
            return Unreadable(node)

    def _put(self, notice: Notice, size: int = 0) -> None:
        self._bytes += size
        try:
            if self._bytes > WAITING_BYTES:
                raise asyncio.QueueFull
            self._notices.put_nowait(notice)
        except asyncio.QueueFull:
            self._end(StreamLost("lost", "events were not read fast enough"))

    def _end(self, lost: StreamLost) -> None:
        if self._over:
            return
        self._over = lost
        if self._pinging and self._pinging is not asyncio.current_task():
            self._pinging.cancel()
        if self._notices.full():
            self._notices.get_nowait()
        self._notices.put_nowait(lost)

    async def _keep_alive(self) -> None:
        """Ping, and give up after as many that are not answered. A refusal is an answer too."""
        missed = 0
        while not self._over:
            await asyncio.sleep(
                0 if missed else self._ping
            )  # one that is missed is tried again at once
            try:
                async with asyncio.timeout(self._ping):
                    await self._stream.ask(
                        "get", self._address.domain, "<ping xmlns='urn:xmpp:ping'/>"
                    )
                missed = 0
            except Refused:
                missed = 0
            except (StreamLost, TimeoutError):
                missed += 1
                if missed >= PINGS:
                    self._end(StreamLost("lost", f"{PINGS} pings were not answered"))
                    await self._stream.close()
