"""One user's presence in Finesse: its connection, failover, and the changes that it publishes.

A presence stays on one node. It moves to the other one only when its node is really lost (its own
SystemInfo, the end of the stream and the presence of the user `finesse` decide, never one failed
request) and the other node is in service. It does not move back. Streams are not resumed: after
each reconnect the user and their calls are read again and the difference is published, so
subscribers miss nothing and see nothing twice.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import random
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import unquote

from callcard.errors import CallcardError, CredentialsRejected
from callcard.finesse.client import Command, Credential
from callcard.finesse.messages import API
from callcard.finesse.node_selector import NodeSelector
from callcard.finesse.nodes import Node
from callcard.finesse.notifications import (
    Notice,
    NotificationSession,
    ReadAgain,
    ServerPresence,
    UpdateEvent,
)
from callcard.finesse.objects import ApiError, SystemInfo
from callcard.finesse.state_diff import (
    Change,
    CommandRefused,
    ConnectionChanged,
    DialogChanged,
    UserChanged,
    UserStateDiff,
)
from callcard.finesse.xmpp_base import Reason, StreamLost

log = logging.getLogger("callcard.finesse")

MAX_RECONNECTS = 3
"""Failed reconnects to a node in service before the other is tried: only its notifications may be
broken."""
READ_TIMEOUT_SECONDS = 8.0
"""For reading the user and their calls after a connect."""
MAX_READS = 5
FINAL_REASONS: tuple[Reason, ...] = ("conflict", "not-authorized", "internal-error")
"""Another client took the session over, the credential is invalid, or Callcard has a defect."""

Outcome = asyncio.Future[ApiError | None]


@dataclass(frozen=True, slots=True)
class _PendingCommand:
    command: Command
    outcome: Outcome


class Presence:
    """The presence of one user. Opened by `Cluster.open_presence`; runs in its own task."""

    def __init__(
        self,
        selector: NodeSelector,
        user: str,
        authorization: str,
        on_change: Callable[[Change], None],
        on_end: Callable[[Presence], None],
        node: Node,
    ) -> None:
        self.user = user
        self.node = node
        self.connected = asyncio.Event()
        """Set while the stream is open and the snapshot has been read."""
        self.ended = asyncio.Event()
        """Set once the presence has ended: closed by us, or for good by Finesse."""
        self._selector = selector
        self._timing = selector.timing
        self._authorization = authorization
        self._on_change = on_change
        self._on_end = on_end
        self._diff = UserStateDiff(user, self._publish)
        self._pending: list[_PendingCommand] = []
        self._failed_reconnects = 0
        self._session: NotificationSession | None = None
        self._task = asyncio.create_task(self._run())

    def outcome(self, command: Command) -> Outcome:
        """Return a future for the outcome of `command`.

        Its result is None for a confirmed command, else the error that refuses it. An event with
        its requestId confirms a command. A refusal without a requestId counts if it is about the
        same resource. Finesse does not promise an event, so limit the wait.
        """
        outcome: Outcome = asyncio.get_running_loop().create_future()
        for refused in self._diff.refusals:  # the event may arrive before the 202
            if refused.request_id == command.request_id:
                outcome.set_result(refused.error)
                return outcome
        pending = _PendingCommand(command, outcome)
        self._pending.append(pending)
        outcome.add_done_callback(lambda _: self._pending.remove(pending))
        return outcome

    def read_again(self) -> None:
        """Read the user and their calls soon, as Finesse does not promise an event.

        Of six recorded sign-ins none brought one.
        """
        if self._session is not None:
            self._session.read_again()

    async def close(self) -> None:
        """Close the presence. A minute later Finesse signs out an agent without another one."""
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        self._end()

    def _end(self) -> None:
        self.ended.set()
        self._on_end(self)

    @property
    def _password(self) -> str:
        """The password or token for the notification service, from the Authorization header."""
        scheme, _, value = self._authorization.partition(" ")
        if scheme == "Bearer":
            return value
        _user, _, password = base64.b64decode(value).decode().partition(":")
        return password

    # ---- connection and failover

    async def _run(self) -> None:
        """Connect, and reconnect or move to the other node, until the presence ends."""
        timing = self._timing
        delay = 0.0
        while True:
            await asyncio.sleep(delay)
            reason = await self._stay_connected()
            was_connected = self.connected.is_set()
            self.connected.clear()
            if reason in FINAL_REASONS:
                self._end()
                self._publish(ConnectionChanged("closed", self.node.name, reason))
                return
            if was_connected:
                self._publish(ConnectionChanged("down", self.node.name, reason))
                self._failed_reconnects = 0
                delay = random.uniform(0, timing.reconnect_jitter_seconds)  # noqa: S311 - no secret
            else:
                self._failed_reconnects += 1
                delay = min(max(timing.first_retry_seconds, delay * 2), timing.status_check_seconds)
            await self._move_if_lost()

    async def _stay_connected(self) -> Reason:
        """Connect and process events until the connection ends; return why it ended."""
        try:
            await self._connect_and_process()
        except StreamLost as lost:
            return lost.reason
        except CredentialsRejected as error:
            return "not-authorized" if error.is_certain else "lost"
        except CallcardError as error:
            log.info(
                "presence of %s: reading from %s failed: %s", self.user, self.node.name, error.code
            )
            return "lost"
        except Exception as error:  # the task must not exit silently
            log.error("presence of %s failed: %s", self.user, type(error).__name__)
            return "internal-error"

    async def _move_if_lost(self) -> None:
        """Move to the other node if this one is out of service or does not respond.

        After MAX_RECONNECTS the other one is preferred although this one claims to be in service.
        """
        is_retry_limit_reached = self._failed_reconnects >= MAX_RECONNECTS
        other = next((node for node in self._selector.nodes if node is not self.node), None)
        preferred = other if other and is_retry_limit_reached else self.node
        chosen = await self._selector.choose(preferred)
        if chosen is None or chosen is self.node:
            return
        if is_retry_limit_reached or not await self._is_still_in_service():
            log.info("presence of %s moves from %s to %s", self.user, self.node.name, chosen.name)
            self.node = chosen
            self._failed_reconnects = 0

    async def _is_still_in_service(self) -> bool:
        """Return whether the node is in service after a pause: one sign may be a false alarm."""
        await asyncio.sleep(self._timing.confirm_loss_seconds)
        return await self._selector.in_service(self.node)

    async def _connect_and_process(self) -> NoReturn:
        """Connect, read a snapshot, then process events.

        Raises StreamLost when the stream or the node is lost.
        """
        address = await self._selector.locate(self.node)
        session = await NotificationSession.open(
            address, self.user, self._password, ping_seconds=self._timing.ping_seconds
        )
        self._session = session
        try:
            waiting = deque(await self._read_snapshot(session))
            self.connected.set()
            self._publish(ConnectionChanged("up", self.node.name))
            while True:
                notice = waiting.popleft() if waiting else await session.next()
                if self._is_unclear(notice):
                    arrived = await self._read_snapshot(session)
                    kept = (each for each in waiting if not self._is_superseded(each))
                    waiting = deque((*kept, *arrived))
                    # Read, and still so: the event also answers a command.
                    if self._is_unclear(notice) or isinstance(notice, ReadAgain):
                        continue
                await self._process(notice)
        finally:
            self._session = None
            await asyncio.shield(session.close())

    def _is_unclear(self, notice: Notice) -> bool:
        """Return whether only a read shows what has changed."""
        match notice:
            case ReadAgain():
                return True
            case UpdateEvent(node, update):
                return self._diff.is_unclear(node, update)
        return False

    async def _process(self, notice: Notice) -> None:
        match notice:
            case UpdateEvent(node, update) if node == f"{API}/SystemInfo":
                for info in update.objects:
                    if isinstance(info, SystemInfo) and info.status == "OUT_OF_SERVICE":
                        await self._confirm_loss("SystemInfo says OUT_OF_SERVICE")
            case UpdateEvent(node, update):
                self._diff.apply_event(node, update)
            case ServerPresence(False):
                await self._confirm_loss("the user finesse is unavailable")

    async def _confirm_loss(self, sign: str) -> None:
        """Raise StreamLost unless the node says that it is in service, contrary to `sign`."""
        if not await self._is_still_in_service():
            log.info("node %s is lost: %s", self.node.name, sign)
            raise StreamLost("service-unavailable", sign)

    # ---- snapshot and changes

    async def _read_snapshot(self, session: NotificationSession) -> list[Notice]:
        """Read the user and their calls, and publish the difference.

        Returns the events that arrived meanwhile and are still to be processed. An event about the
        user's own state may be older or newer than what was read; then everything is read again.
        """
        client = self.node.client
        deferred: list[Notice] = []
        for _ in range(MAX_READS):
            deadline = asyncio.get_running_loop().time() + READ_TIMEOUT_SECONDS
            credential = Credential(self._authorization, deadline)
            user = await client.user(credential, self.user)
            dialogs = await client.dialogs(credential, self.user) if user.extension else ()
            arrived = session.take_waiting()
            if not any(self._is_own_event(notice) for notice in arrived):
                deferred += arrived
                break
            deferred += [notice for notice in arrived if not self._is_superseded(notice)]
        self._diff.apply_snapshot(user, dialogs)
        return deferred

    def _is_own_event(self, notice: Notice) -> bool:
        return isinstance(notice, UpdateEvent) and notice.node in self._diff.own_nodes

    def _is_superseded(self, notice: Notice) -> bool:
        """Return whether a later read replaces this event. No snapshot contains a refusal."""
        if isinstance(notice, UpdateEvent):
            return self._is_own_event(notice) and not notice.update.errors
        return isinstance(notice, ReadAgain)

    def _publish(self, change: Change) -> None:
        self._resolve_outcomes(change)
        try:
            self._on_change(change)
        except Exception:  # a subscriber's fault must not end the agent's presence
            log.exception("subscriber of %s failed on %s", self.user, type(change).__name__)

    def _resolve_outcomes(self, change: Change) -> None:
        for pending in list(self._pending):
            command, outcome = pending.command, pending.outcome
            if outcome.done():
                continue
            match change:
                case CommandRefused(source, error, request_id):
                    same_source = not request_id and unquote(source) == command.source
                    if request_id == command.request_id or same_source:
                        outcome.set_result(error)
                case UserChanged() | DialogChanged():
                    if change.request_id == command.request_id:
                        outcome.set_result(None)
