"""One user on Finesse, for programs that use `callcard.finesse` as a library.

    async with connect("https://finesse.example:8445", "1001", "secret") as agent:
        await agent.sign_in(extension="1001")
        async for change in agent.changes():
            ...

The connection keeps the user's presence: it reconnects, moves to the other node when theirs is
lost, and publishes every change once. Without it, Finesse signs the user out after a minute.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Literal

from callcard.errors import Conflict, CredentialsRejected, FinesseTimeout, NotFound
from callcard.finesse.client import Command, Credential, FinesseClient, basic
from callcard.finesse.cluster import Cluster
from callcard.finesse.connections import create_tls_context, open_cluster, open_http_clients
from callcard.finesse.objects import Dialog, DialogAction, MobileAgent, User
from callcard.finesse.presence import Outcome, Presence
from callcard.finesse.rest_transport import error_of
from callcard.finesse.state_diff import Change, ConnectionChanged, DialogChanged, UserChanged
from callcard.settings_sections import FinesseSettings

CONNECT_SECONDS = 15.0
ENDING_ACTIONS = (
    DialogAction.DROP,
    DialogAction.COMPLETE_TRANSFER,
    DialogAction.CONFERENCE,
    DialogAction.TRANSFER,
    DialogAction.ACCEPT,
    DialogAction.REJECT,
    DialogAction.CLOSE,
)
"""After which the user may have the call no longer, or under another id."""
READ_AGAIN_SECONDS = 1.0
"""Finesse does not promise an event for a command: after this time the user and calls are read."""


class AgentConnection:
    """A user's connection. Made by `connect`.

    Commands return when Finesse has confirmed them. They raise FinesseRefused with its reason,
    FinesseTimeout if no event came in time (then look before you send it again), and other errors
    of `callcard.errors`. A 202 alone is no success.
    """

    def __init__(self, cluster: Cluster, user: str, authorization: str, deadline: float) -> None:
        self.id = user
        self.me: User | None = None
        """The user as Finesse had them last; None before the first read."""
        self.calls: dict[str, Dialog] = {}
        """The user's calls by Finesse's id."""
        self._authorization = authorization
        self._deadline_seconds = deadline
        self._queues: set[asyncio.Queue[Change]] = set()
        self._end: ConnectionChanged | None = None
        self._news = asyncio.Event()
        self.presence: Presence = cluster.open_presence(user, authorization, self._apply)

    @property
    def client(self) -> FinesseClient:
        """The REST client of the node on which the user is, for everything that is not here."""
        return self.presence.node.client

    @property
    def credential(self) -> Credential:
        """The user's credential, with the deadline of a request that begins now."""
        deadline = asyncio.get_running_loop().time() + self._deadline_seconds
        return Credential(self._authorization, deadline)

    async def changes(self) -> AsyncIterator[Change]:
        """Yield what changes from now on, beginning with the user and calls as they are.

        UserChanged, DialogChanged (`started`, `changed`, `ended`), CommandRefused and
        ConnectionChanged. Ends after a ConnectionChanged that is `closed`.
        """
        if self._end is not None:
            yield self._end
            return
        queue: asyncio.Queue[Change] = asyncio.Queue()
        if self.me is not None:
            queue.put_nowait(UserChanged(self.me))
        for dialog in self.calls.values():
            queue.put_nowait(DialogChanged("started", dialog))
        self._queues.add(queue)
        try:
            while True:
                change = await queue.get()
                yield change
                if isinstance(change, ConnectionChanged) and change.state == "closed":
                    return
        finally:
            self._queues.discard(queue)

    # ---- commands

    async def sign_in(self, extension: str, mobile: MobileAgent | None = None) -> None:
        """Sign in on an extension, as a mobile agent if `mobile` is given."""
        command = await self.client.sign_in(self.credential, self.id, extension, mobile)

        def is_signed_in() -> bool:
            return self._state not in ("", "LOGOUT") and self._extension == extension

        await self._confirm(command, is_signed_in)

    async def set_state(self, state: str, reason: str = "") -> None:
        """Set READY, NOT_READY or LOGOUT. `reason` is the id of a reason code, where one is needed.

        A state that comes when the call is over counts as confirmed.
        """
        command = await self.client.set_state(self.credential, self.id, state, reason or None)

        def is_set() -> bool:
            if self.me is None:
                return False
            has_reason = reason in ("", self.me.reason_code_id)
            return self.me.pending_state == state or (has_reason and self.me.state == state)

        await self._confirm(command, is_set)

    async def dial(self, number: str) -> Dialog:
        """Call a number, written as the phone must dial it. Return the new call."""
        known = set(self.calls)
        extension = self._extension
        command = await self.client.make_call(self.credential, self.id, extension, number)

        def made() -> list[Dialog]:
            new = (call for id, call in self.calls.items() if id not in known)
            return [call for call in new if call.from_address == extension]

        await self._confirm(command, lambda: bool(made()))
        return made()[0]

    async def act(self, call: str, action: DialogAction, to: str = "") -> None:
        """Do something to a call: DialogAction.ANSWER, HOLD, RETRIEVE, DROP and so on.

        `to` is whom to consult or transfer to. Raises NotFound for a call that the user does not
        have, or that ended before the action could happen.
        """
        before = self.calls.get(call)
        if before is None:
            raise NotFound(f"The user has no call {call}")
        command = await self.client.take_action(self.credential, call, action, self._extension, to)

        def has_happened() -> bool:
            now = self.calls.get(call)
            if now is None and action not in ENDING_ACTIONS:
                raise NotFound(f"The call {call} has ended")
            return now != before

        await self._confirm(command, has_happened)

    async def _confirm(self, command: Command, is_done: Callable[[], bool]) -> None:
        """Wait until a command has taken effect. An event with its id alone may come before."""
        outcome = self.presence.outcome(command)
        try:
            async with asyncio.timeout(self._deadline_seconds):
                while True:
                    if outcome.done() and (error := outcome.result()) is not None:
                        raise error_of(error, f"Finesse: {error.message or error.type}")
                    if is_done():
                        return
                    await self._wait_for_news(outcome)
        except TimeoutError as error:
            raise FinesseTimeout("Finesse has not confirmed the command in time") from error
        finally:
            outcome.cancel()

    async def _wait_for_news(self, outcome: Outcome) -> None:
        self._news.clear()
        news = asyncio.create_task(self._news.wait())
        waits: set[asyncio.Future[Any]] = {news} if outcome.done() else {news, outcome}
        done, _pending = await asyncio.wait(
            waits, timeout=READ_AGAIN_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
        news.cancel()
        if not done:
            self.presence.read_again()

    @property
    def end_reason(self) -> str:
        """Return why the connection ended for good: `conflict` is another client of the user."""
        return self._end.reason if self._end else ""

    @property
    def _state(self) -> str:
        return self.me.state if self.me else ""

    @property
    def _extension(self) -> str:
        return self.me.extension if self.me else ""

    def _apply(self, change: Change) -> None:
        match change:
            case UserChanged(user):
                self.me = user
            case DialogChanged("ended", dialog):
                self.calls.pop(dialog.id, None)
            case DialogChanged(_, dialog):
                self.calls[dialog.id] = dialog
            case ConnectionChanged("closed"):
                self._end = change
        self._news.set()
        for queue in self._queues:
            queue.put_nowait(change)

    async def close(self) -> None:
        """Close the connection; who waits for changes gets a last one, `closed`."""
        await self.presence.close()
        if self._end is None:
            self._apply(ConnectionChanged("closed", self.presence.node.name))


@asynccontextmanager
async def connect(
    url: str,
    user: str,
    password: str = "",
    *,
    token: str = "",
    second_url: str = "",
    notifications: Literal["websocket", "tcp"] = "websocket",
    notifications_port: int = 0,
    ca_file: str = "",
    deadline_seconds: float = 8.0,
) -> AsyncIterator[AgentConnection]:
    """Connect a user, and close the connection at the end.

    `url` and `second_url` are the nodes, as in https://finesse-a.example:8445. Give `token` instead
    of `password` with single sign-on. `notifications` is the transport of events: `websocket`, or
    `tcp` before release 12.6; `ca_file` the authority of Finesse's certificate, if the system lacks
    it. `deadline_seconds` limits every request and the wait for its confirmation.

    Raises CredentialsRejected, Conflict if another client has taken the connection over, or
    FinesseTimeout if no node answers in 15 seconds.
    """
    settings = FinesseSettings(
        url=url,
        second_url=second_url,
        notifications=notifications,
        notifications_port=notifications_port,
        ca_file=ca_file,
        deadline_seconds=deadline_seconds,
    )
    tls = create_tls_context(settings)
    clients = open_http_clients(settings, tls)
    try:
        cluster = open_cluster(settings, clients, tls)
        authorization = f"Bearer {token}" if token else basic(user, password)
        agent = AgentConnection(cluster, user, authorization, deadline_seconds)
        try:
            await _until_connected(agent)
            yield agent
        finally:
            await agent.close()
    finally:
        for client in clients:
            await client.aclose()


async def _until_connected(agent: AgentConnection) -> None:
    presence = agent.presence
    waits = [asyncio.create_task(each.wait()) for each in (presence.connected, presence.ended)]
    try:
        await asyncio.wait(waits, timeout=CONNECT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
    if presence.ended.is_set():
        reason = agent.end_reason
        if reason in ("", "not-authorized"):
            raise CredentialsRejected("Finesse does not accept this user's password or token")
        raise Conflict(f"The connection was ended: {reason}")
    if not presence.connected.is_set():
        raise FinesseTimeout("no Finesse node has answered")
