"""The desktop page's notifications: newline-delimited JSON, and its subscriptions."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import suppress

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from finesse_sandbox.accounts import Accounts
from finesse_sandbox.api_errors import ApiError
from finesse_sandbox.json_http import json_response, read_json
from finesse_sandbox.nodes import Node
from finesse_sandbox.notifications.pubsub import EndReason, Notification, PubSub, Session
from finesse_sandbox.site import User

HEARTBEAT_SECONDS = 5.0
MAX_QUEUED_EVENTS = 1000
"""Events that wait for a page that does not read; then the stream ends and the page reloads."""


class SubscriptionRequest(msgspec.Struct, forbid_unknown_fields=True):
    jid: str
    node: str
    subscribe: bool = True


class EventStream:
    """The event stream of one node's desktop pages."""

    def __init__(self, accounts: Accounts, node: Node) -> None:
        self._accounts = accounts
        self._node = node
        self._resources = itertools.count(1)

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/desktop/events", self.stream_events),
            Route("/desktop/subscriptions", self.change_subscription, methods=["POST"]),
        ]

    async def stream_events(self, request: Request) -> Response:
        """Stream the user's notifications. The first line is the session's JID."""
        user = self._accounts.authenticate(request.headers.get("authorization", ""))
        pubsub = self._node.pubsub
        if pubsub.down:
            raise ApiError(503, "Service Unavailable", "SERVER_OUT_OF_SERVICE")
        jid = f"{user.id}@{pubsub.domain}/desktop{next(self._resources)}"
        return StreamingResponse(
            _lines(user, jid, pubsub),
            headers={"Cache-Control": "no-store"},
            media_type="application/x-ndjson",
        )

    async def change_subscription(self, request: Request) -> Response:
        """Subscribe a page's session to a node, or unsubscribe it."""
        user = self._accounts.authenticate(request.headers.get("authorization", ""))
        sent = await read_json(request, SubscriptionRequest)
        pubsub = self._node.pubsub
        if not any(each.jid == sent.jid and each.user is user for each in pubsub.sessions):
            raise ApiError(404, "Not Found", "There is no such event stream", sent.jid)
        if sent.subscribe:
            return json_response({"subid": pubsub.subscribe(user, sent.jid, sent.node)})
        pubsub.unsubscribe(sent.jid, sent.node)
        return json_response({})


async def _lines(user: User, jid: str, pubsub: PubSub) -> AsyncIterator[bytes]:
    queue = _EventQueue()
    session = Session(user, jid, queue.put, queue.end)
    pubsub.join(session)
    pubsub.set_available(session, True)
    upcoming = asyncio.ensure_future(queue.get())
    try:
        yield msgspec.json.encode({"jid": jid}) + b"\n"
        while True:
            done, _pending = await asyncio.wait([upcoming], timeout=HEARTBEAT_SECONDS)
            if not done:
                yield b"\n"
                continue
            notification = upcoming.result()
            if notification is None:
                return
            yield msgspec.json.encode(notification) + b"\n"
            upcoming = asyncio.ensure_future(queue.get())
    finally:
        upcoming.cancel()
        pubsub.subscriptions.pop(jid, None)
        pubsub.leave(session)


class _EventQueue:
    """A session's events until the stream sends them; None ends it."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Notification | None] = asyncio.Queue(MAX_QUEUED_EVENTS)

    def put(self, notification: Notification) -> None:
        try:
            self._queue.put_nowait(notification)
        except asyncio.QueueFull:
            self.end("down")

    def end(self, reason: EndReason) -> None:
        with suppress(asyncio.QueueEmpty):
            while self._queue.full():
                self._queue.get_nowait()
        self._queue.put_nowait(None)

    async def get(self) -> Notification | None:
        return await self._queue.get()
