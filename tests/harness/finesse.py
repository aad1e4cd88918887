"""A sandbox for tests, with Callcard's Finesse client, plain HTTP, the control API and events."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import trustme
from lxml import etree

from callcard.finesse.client import Command, Credential, FinesseClient, basic
from callcard.finesse.notifications import NotificationSession, UpdateEvent
from callcard.finesse.objects import Dialog
from callcard.finesse.xmpp_base import Address
from finesse_sandbox.app import Sandbox, SandboxSettings
from finesse_sandbox.notifications.pubsub import Notification, Session
from finesse_sandbox.site import User
from tests.harness.ports import free_port
from tests.harness.serving import serving

API = "/finesse/api"
CUSTOMER = "+12125550123"
REQUEST_SECONDS = 5.0
SIGNED_IN = ("1001", "1002", "2001")
UCCX = {"platform": "uccx"}


@dataclass
class SandboxServer:
    """A sandbox and its clients. `port`, `xmpp_ports` and `tls` are there when it has sockets."""

    sandbox: Sandbox
    http: httpx.AsyncClient
    client: FinesseClient
    port: int = 0
    xmpp_ports: list[int] = field(default_factory=list)
    tls: ssl.SSLContext | None = None

    def user(self, id: str = "1001") -> User:
        return self.sandbox.agents.users[id]

    def credential(
        self, id: str = "1001", password: str = "callcard", seconds: float = REQUEST_SECONDS
    ) -> Credential:
        deadline = asyncio.get_running_loop().time() + seconds
        return Credential(basic(id, password), deadline)

    def address(self, transport: str = "websocket") -> Address:
        match transport:
            case "tcp":
                return Address("localhost", self.xmpp_ports[0], "localhost", "tcp")
            case "tls":
                return Address("localhost", self.xmpp_ports[1], "localhost", "tcp", self.tls)
            case _:
                return Address("localhost", self.port, "localhost")

    def events(self, user: str = "1001", *nodes: str) -> EventRecorder:
        return EventRecorder(self.sandbox, user, *nodes)

    def ring(self, to: str = "1001", **variables: str) -> str:
        """Let a customer's call ring and return its id."""
        return self.sandbox.switch.ring(CUSTOMER, to, "Support", variables).id

    async def act(
        self, dialog: str, action: str, user: str = "1001", to: str = "", **params: str
    ) -> Command:
        """Run an action of a user, whose extension is the same as the id."""
        return await self.client.take_action(
            self.credential(user), dialog, action, user, to, **params
        )

    async def dialogs(self, user: str = "1001") -> tuple[Dialog, ...]:
        return await self.client.dialogs(self.credential(user), user)

    async def request(
        self, method: str, path: str, content: str | None = None, user: str = "1001", **headers: str
    ) -> httpx.Response:
        """Send a request to the REST API as a user."""
        return await self.http.request(
            method,
            f"{API}/{path}",
            content=content,
            headers={"Authorization": basic(user, "callcard"), **headers},
        )

    async def texts(self, path: str, element: str, user: str = "1001") -> list[str]:
        """Return the texts of the elements at `element` in what a user reads at `path`."""
        response = await self.request("GET", path, user=user)
        assert response.status_code == 200, response.text
        return [found.text or "" for found in etree.fromstring(response.content).findall(element)]

    async def control(self, method: str, path: str, content: Any = None) -> Any:
        """Send a request to the control API and return its content."""
        response = await self.http.request(method, f"/sandbox/{path}", json=content)
        assert response.status_code in (200, 201), response.text
        return response.json()


class EventRecorder:
    """Records the events that one user receives on node A."""

    def __init__(self, sandbox: Sandbox, user: str = "1001", *nodes: str) -> None:
        self.updates: list[tuple[str, etree._Element]] = []
        pubsub = sandbox.nodes[0].pubsub
        jid = f"{user}@finesse/test"
        session = Session(sandbox.agents.users[user], jid, self._record, lambda reason: None)
        pubsub.join(session)
        pubsub.set_available(session, True)
        for node in nodes:
            pubsub.subscribe(sandbox.agents.users[user], jid, node)

    def _record(self, notification: Notification) -> None:
        self.updates.append((notification.node, etree.fromstring(notification.update)))

    def take(self) -> list[etree._Element]:
        """Return the events since the last time."""
        updates = [update for _node, update in self.updates]
        self.updates.clear()
        return updates

    def summaries(self) -> list[tuple[str, str, str]]:
        """Return event, source and state of each event since the last time."""
        return [
            (
                update.findtext("event", ""),
                update.findtext("source", ""),
                update.findtext(".//state") or "",
            )
            for update in self.take()
        ]

    def outcome(self, command: Command) -> etree._Element:
        """Return the outcome event of a command."""
        for _node, update in self.updates:
            if update.findtext("requestId") == command.request_id:
                return update
        raise AssertionError("no event has the request id of the command")

    def error(self, command: Command) -> dict[str, str]:
        """Return the error in the outcome event of a command."""
        error = self.outcome(command).find("data/apiErrors/apiError")
        assert error is not None
        return {str(child.tag): child.text or "" for child in error}


class XmppSession:
    """A notification session of Callcard's client."""

    def __init__(self, session: NotificationSession) -> None:
        self.session = session

    @classmethod
    async def open(
        cls, server: SandboxServer, user: str = "1001", transport: str = "websocket"
    ) -> XmppSession:
        return cls(await NotificationSession.open(server.address(transport), user, "callcard"))

    async def next(self) -> UpdateEvent:
        async with asyncio.timeout(REQUEST_SECONDS):
            while True:
                notice = await self.session.next()
                if isinstance(notice, UpdateEvent):
                    return notice

    async def next_on(self, node: str) -> UpdateEvent:
        while True:
            event = await self.next()
            if event.node == node:
                return event

    async def outcome(self, command: Command) -> UpdateEvent:
        """Return the outcome event of a command."""
        while True:
            event = await self.next()
            if event.update.request_id == command.request_id:
                return event

    async def read_to_the_end(self) -> None:
        """Read until the stream ends, which raises StreamLost."""
        async with asyncio.timeout(REQUEST_SECONDS):
            while True:
                await self.session.next()

    async def __aenter__(self) -> XmppSession:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.session.close()


@asynccontextmanager
async def sandbox_without_sockets(**settings: Any) -> AsyncIterator[SandboxServer]:
    """A sandbox that its clients reach in this process; SIGNED_IN are signed in."""
    sandbox = sandbox_with_signed_in(*SIGNED_IN, settings=SandboxSettings(**settings))
    transport = httpx.ASGITransport(sandbox.app)
    async with (
        sandbox.app.router.lifespan_context(sandbox.app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost") as http,
    ):
        yield SandboxServer(sandbox, http, FinesseClient(http))


@asynccontextmanager
async def sandbox_with_sockets(**settings: Any) -> AsyncIterator[SandboxServer]:
    """A sandbox on ports of its own, XMPP over TCP and TLS too; SIGNED_IN are signed in."""
    port = free_port()
    sandbox = sandbox_with_signed_in(
        *SIGNED_IN, settings=SandboxSettings(ports=(port, 0), xmpp_ports=(0, 0), **settings)
    )
    authority = trustme.CA()
    server_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(server_tls)
    client_tls = ssl.create_default_context()
    authority.configure_trust(client_tls)
    async with (
        serving(sandbox.app, port),
        httpx.AsyncClient(base_url=f"http://localhost:{port}") as http,
    ):
        xmpp_ports = await sandbox.listen(server_tls)
        yield SandboxServer(sandbox, http, FinesseClient(http), port, xmpp_ports, client_tls)


def sandbox_with_signed_in(*ids: str, settings: SandboxSettings | None = None) -> Sandbox:
    """Return a sandbox where these users are signed in, without a running event loop."""
    sandbox = Sandbox(settings or SandboxSettings(host="finesse"))
    for id in ids:
        sandbox.agents.sign_in(sandbox.agents.users[id], id, "")
    return sandbox


def actions(dialog: Dialog, address: str) -> tuple[str, ...]:
    """Return what a dialog offers the participant at an address."""
    participant = dialog.participant(address)
    assert participant
    return participant.actions


def error_type(response: httpx.Response) -> str:
    """Return the type of Finesse's error document."""
    return etree.fromstring(response.content).findtext("ApiError/ErrorType", "")
