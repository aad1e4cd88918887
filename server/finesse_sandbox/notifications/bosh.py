"""XMPP over BOSH on `/http-bind`, XEP-0124 and XEP-0206.

One request is held until there is something to send; a second request releases it.
"""

from __future__ import annotations

import asyncio
import math
import secrets

from lxml import etree
from starlette.requests import Request
from starlette.responses import Response

from finesse_sandbox.accounts import Accounts
from finesse_sandbox.api_errors import ApiError
from finesse_sandbox.http_requests import read_body
from finesse_sandbox.notifications.pubsub import PubSub
from finesse_sandbox.notifications.send_queue import IDLE_SECONDS, SendQueue
from finesse_sandbox.notifications.xmpp_namespaces import BOSH, STREAM, XBOSH
from finesse_sandbox.notifications.xmpp_stream import XmppStream
from finesse_sandbox.notifications.xmpp_xml import STANZA_LIMIT_BYTES, StreamError, parse_stanza

BODY_LIMIT_BYTES = 2 * STANZA_LIMIT_BYTES
MAX_SESSIONS = 4000
WAIT_SECONDS = (1.0, 60.0)
"""Shortest and longest hold of a request."""
DEFAULT_WAIT_SECONDS = 30.0
MAX_REPEATABLE_RESPONSES = 3
"""Responses that can be sent again when a client repeats a request."""
_CROSS_ORIGIN = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers": "Content-Type",
    "Access-Control-Max-Age": "86400",
}
"""Openfire's default: web apps of other origins use BOSH. No cookie or login is sent with it."""
_WINDOW = 2
"""How far ahead of the last request id the next may be, as `requests='2'` allows."""


class _BoshSession:
    def __init__(self, accounts: Accounts, pubsub: PubSub, rid: int, wait_seconds: float) -> None:
        self.id = secrets.token_hex(16)
        self.queue = SendQueue()
        self.stream = XmppStream(accounts, pubsub, self.queue)
        self.rid = rid
        self.wait_seconds = wait_seconds
        self.responses: dict[int, str] = {}
        self.lock = asyncio.Lock()
        self.held_request: asyncio.Event | None = None
        """Set to release the request that is held."""
        self.expiry: asyncio.TimerHandle | None = None


class BoshEndpoint:
    """`/http-bind` of one node."""

    def __init__(self, accounts: Accounts, pubsub: PubSub) -> None:
        self._accounts = accounts
        self._pubsub = pubsub
        self._sessions: dict[str, _BoshSession] = {}

    async def handle(self, request: Request) -> Response:
        if request.method == "OPTIONS":
            return Response(headers=_CROSS_ORIGIN)
        try:
            content = await read_body(request, BODY_LIMIT_BYTES)
        except ApiError:
            return _terminate("policy-violation")
        try:
            body = parse_stanza(content.decode("utf-8", "replace"))
            rid = int(body.get("rid", "")[:16])
            wait_seconds = _wait_seconds(body)
        except (StreamError, ValueError):
            return _terminate("bad-request")
        if body.tag != f"{{{BOSH}}}body":
            return _terminate("bad-request")
        session_id = body.get("sid")
        if session_id is None:
            return self._create_session(rid, wait_seconds)
        session = self._sessions.get(session_id)
        if session is None:
            return _terminate("item-not-found")
        if rid in session.responses:  # the response was lost, and the client repeats the request
            return _body(session.responses[rid])
        if not session.rid < rid <= session.rid + _WINDOW:
            return _terminate("item-not-found")
        self._restart_expiry(session)
        if session.held_request:
            session.held_request.set()
        session.held_request = asyncio.Event()
        return await self._exchange(session, body, rid, session.held_request)

    def _create_session(self, rid: int, wait_seconds: float) -> Response:
        if self._pubsub.down or len(self._sessions) >= MAX_SESSIONS:
            return _terminate("system-shutdown")
        session = _BoshSession(self._accounts, self._pubsub, rid, wait_seconds)
        self._sessions[session.id] = session
        self._restart_expiry(session)
        response = (
            f"<body xmlns='{BOSH}' xmlns:stream='{STREAM}' xmlns:xmpp='{XBOSH}'"
            f" sid='{session.id}' wait='{int(wait_seconds)}' hold='1' requests='{_WINDOW}'"
            f" inactivity='{int(IDLE_SECONDS)}' polling='2' ver='1.6'"
            f" from='{self._pubsub.domain}' authid='{session.stream.id}'"
            " xmpp:version='1.0' xmpp:restartlogic='true'>"
            f"{session.stream.features()}</body>"
        )
        session.responses[rid] = response
        return _body(response)

    async def _exchange(
        self, session: _BoshSession, body: etree._Element, rid: int, released: asyncio.Event
    ) -> Response:
        async with session.lock:
            session.rid = rid
            if body.get(f"{{{XBOSH}}}restart") == "true":
                session.queue.write(session.stream.features())
            try:
                for stanza in body:
                    session.stream.handle(stanza)
            except StreamError as error:
                session.stream.fail(error.condition)
        if body.get("type") == "terminate":
            self._end_session(session)
            return _body(f"<body xmlns='{BOSH}' type='terminate'/>")
        texts = await _wait_for_texts(session, released)
        has_failed = texts is not None and "<stream:error" in texts
        ended = texts is None or has_failed or (session.queue.ended and not texts)
        type = " type='terminate'" if ended else ""
        if has_failed:  # XEP-0206, section 6
            type += " condition='remote-stream-error'"
        response = f"<body xmlns='{BOSH}' xmlns:stream='{STREAM}'{type}>{texts or ''}</body>"
        session.responses[rid] = response
        for old in list(session.responses):
            if old < rid - MAX_REPEATABLE_RESPONSES:
                del session.responses[old]
        if ended:
            self._end_session(session)
        return _body(response)

    def _restart_expiry(self, session: _BoshSession) -> None:
        """End the session if the client stays silent for longer than a request is held."""
        if session.expiry:
            session.expiry.cancel()
        loop = asyncio.get_running_loop()
        seconds = session.wait_seconds + IDLE_SECONDS
        session.expiry = loop.call_later(seconds, self._end_session, session)

    def _end_session(self, session: _BoshSession) -> None:
        if session.expiry:
            session.expiry.cancel()
        self._sessions.pop(session.id, None)
        session.stream.close()


async def _wait_for_texts(session: _BoshSession, released: asyncio.Event) -> str | None:
    """Hold a request until there is text, its time is up, or another request releases it."""
    taking = asyncio.ensure_future(session.queue.take_all(session.wait_seconds))
    releasing = asyncio.ensure_future(released.wait())
    try:
        await asyncio.wait([taking, releasing], return_when=asyncio.FIRST_COMPLETED)
    finally:
        releasing.cancel()
        if not taking.done():
            taking.cancel()
    if taking.done() and not taking.cancelled():
        return taking.result()
    return ""


def _wait_seconds(body: etree._Element) -> float:
    seconds = float(body.get("wait") or DEFAULT_WAIT_SECONDS)
    if math.isnan(seconds):
        raise ValueError("wait is not a number")
    shortest, longest = WAIT_SECONDS
    return min(max(seconds, shortest), longest)


def _body(text: str) -> Response:
    headers = {"Cache-Control": "no-store", **_CROSS_ORIGIN}
    return Response(text, media_type="text/xml", headers=headers)


def _terminate(condition: str) -> Response:
    return _body(f"<body xmlns='{BOSH}' type='terminate' condition='{condition}'/>")
