"""Two nodes, one presence: where each user's session with Finesse lives, and what happens when that node is lost.

A user must not be signed in on both nodes, and their REST calls belong to the node where their presence is. So a `Line` is pinned
to one node. It moves only when that node is really lost (its own SystemInfo, the loss of the stream and the presence of the user
`finesse` decide, never one failed request) and the other one is seen in service; it does not move back by itself. Nothing is
resumed: after each reconnect everything is read again and the difference published, so a subscriber sees no hole and no double.

Source: the administration guide's chapter on failover, releases 12.5 to 15.0.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import random
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal

from callcard.errors import CallcardError, CredentialsRejected
from callcard.finesse.client import Credential, FinesseClient
from callcard.finesse.messages import API
from callcard.finesse.notifications import NotificationSession, ServerPresence, Told, Unreadable
from callcard.finesse.objects import ApiError
from callcard.finesse.state_diff import Change, Connection, Known, OrderRefused
from callcard.finesse.xmpp_websocket import Address, Reason, Refused, StreamLost

log = logging.getLogger("callcard.finesse")

LOYALTY = 3
"""Failed reconnects to a node that says it is in service, after which the other is tried: its notifications may be broken."""
READING = 8.0
"""Seconds for reading everything after a connect."""
FINAL: tuple[Reason, ...] = ("conflict", "not-authorized")
"""After these a line is over: somebody else has the session, or the credential has ended."""


# ---- nodes

Platform = Literal["ucce", "uccx"]


@dataclass(frozen=True, slots=True)
class Node:
    """One Finesse node: its REST client and where its notification service listens."""

    name: str
    client: FinesseClient
    address: Address | None = None
    """Needed for lines, not for requests. Without a domain it is asked of SystemInfo: each node has its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Seconds. The defaults are the Finesse desktop's; tests are quicker."""

    ping: float = 10.0
    poll: float = 20.0
    """Between looks at SystemInfo while a node is lost."""
    retry: float = 1.0
    """Before the first reconnect, doubled up to `poll` after each."""
    spread: float = 5.0
    """Reconnects of many users are spread at random over this long, so that a node that comes back is not run over."""
    grace: float = 3.0
    """For which a node that looks lost by one sign alone is given the chance to contradict it."""
    request: float = 4.0


class Cluster:
    """The nodes, the preferred first. It knows which are in service by asking, and where each line lives."""

    def __init__(self, nodes: Sequence[Node], timing: Timing | None = None) -> None:
        assert nodes
        self.nodes, self.timing = tuple(nodes), timing or Timing()
        self.lines: dict[str, Line] = {}
        self._current, self._suspected = self.nodes[0], False
        self._platform: Platform | None = None

    def node_of(self, user: str) -> Node | None:
        """Where `user`'s session lives, if it is ours to know."""
        line = self.lines.get(user)
        return line.node if line else None

    async def pick(self, user: str, place: str) -> Node:
        """The node for a request of `user`: where their line is, else the one that the desktop said it is on (`place`, as in
        finesse-a.example:8445, believed only if it is one of ours), else the one that was in service last."""
        line = self.lines.get(user)
        named = next((node for node in self.nodes if node.name == place.lower()), None)
        if line or named:
            return line.node if line else named or self._current
        if self._suspected and len(self.nodes) > 1:
            self._suspected = False
            self._current = await self.choose(self._current) or self._current
        return self._current

    def suspect(self, node: Node) -> None:
        """A request to `node` failed. That moves nobody; but who has no session anywhere is asked for anew next time."""
        self._suspected = self._suspected or node is self._current

    async def in_service(self, node: Node) -> bool:
        """By its own word: SystemInfo says IN_SERVICE, and the last heartbeat with the switch succeeded."""
        try:
            info = await node.client.system_info(
                asyncio.get_running_loop().time() + self.timing.request
            )
        except (
            CredentialsRejected
        ):  # a release that wants credentials for SystemInfo is at least up
            return True
        except CallcardError:
            return False
        return info.status == "IN_SERVICE" and info.last_cti_heartbeat_status in ("", "success")

    async def platform(self, node: Node, deadline: float) -> Platform:
        """UCCE or UCCX, as SystemInfo says; both nodes are the same, and for good. Raises FinesseError if it can't be asked."""
        if self._platform is None:
            info = await node.client.system_info(deadline)
            self._platform = "uccx" if info.deployment_type.upper() == "UCCX" else "ucce"
        return self._platform

    async def choose(self, preferred: Node) -> Node | None:
        """A node to be on: `preferred` if it is in service, else the other; None while neither is. Both are asked at once."""
        order = (preferred, *(each for each in self.nodes if each is not preferred))
        answers = await asyncio.gather(*(self.in_service(node) for node in order))
        return next((node for node, up in zip(order, answers, strict=True) if up), None)

    async def locate(self, node: Node) -> Address:
        """Where `node`'s notification service is. Raises StreamLost if the node does not say."""
        assert node.address is not None
        if node.address.domain:
            return node.address
        try:
            info = await node.client.system_info(
                asyncio.get_running_loop().time() + self.timing.request
            )
        except CallcardError as error:
            raise StreamLost("unreachable", error.code) from error
        if not info.xmpp_domain:
            raise StreamLost("garbled", "SystemInfo names no xmppDomain")
        return replace(node.address, domain=info.xmpp_domain)

    def attend(
        self,
        user: str,
        authorization: str,
        hear: Callable[[Change], None],
        nodes: Iterable[str] = (),
        at: Node | None = None,
    ) -> Line:
        """Be present as `user`, and tell `hear` whatever changes, until the line is closed or over.

        `authorization` is the header with which they ask Finesse. `nodes` are subscribed to beyond the user's own.
        """
        if user in self.lines:
            raise ValueError(f"there is a line of {user} already; close it first")
        line = Line(self, user, authorization, hear, tuple(nodes), at or self.nodes[0])
        self.lines[user] = line
        return line


# ---- one user's line


class Line:
    """One user's presence. Made by `Cluster.attend`; runs by itself."""

    def __init__(
        self,
        cluster: Cluster,
        user: str,
        authorization: str,
        hear: Callable[[Change], None],
        nodes: tuple[str, ...],
        node: Node,
    ) -> None:
        self.user, self.node = user, node
        self.over = asyncio.Event()
        """Set once the line has ended for good by itself."""
        self.up = asyncio.Event()
        """Set while the line is connected and everything has been read."""
        self._cluster, self._authorization, self._hear, self._nodes = (
            cluster,
            authorization,
            hear,
            nodes,
        )
        self._known = Known(user, self._publish)
        self._session: NotificationSession | None = None
        self._answers: dict[str, tuple[str, asyncio.Future[ApiError | None]]] = {}
        self._running = asyncio.create_task(self._run())

    async def subscribe(self, node: str) -> None:
        """One more node, now and after each reconnect. Raises Refused."""
        if self._session:
            await self._session.subscribe(node)
        self._nodes = (*self._nodes, node)

    def answer(self, request_id: str, source: str) -> asyncio.Future[ApiError | None]:
        """What Finesse will say to an order: None when an event carries its requestId, or the error that refuses it.

        A refusal without a requestId counts if it is about `source`. It may never be answered: bound the wait.
        """
        future: asyncio.Future[ApiError | None] = asyncio.get_running_loop().create_future()
        self._answers[request_id] = (source, future)
        future.add_done_callback(lambda _: self._answers.pop(request_id, None))
        for refused in self._known.refusals:  # the event may have been faster than the 202
            if refused.request_id == request_id:
                future.set_result(refused.error)
                break
        return future

    async def close(self) -> None:
        """Leave. The user's presence goes with it: Finesse signs out whoever has no other after a minute."""
        self._running.cancel()
        with suppress(asyncio.CancelledError):
            await self._running
        self._gone()

    def _gone(self) -> None:
        self.over.set()
        if self._cluster.lines.get(self.user) is self:
            del self._cluster.lines[self.user]

    @property
    def _secret(self) -> str:
        """What the notification service wants of the header: the password, or the token."""
        scheme, _, value = self._authorization.partition(" ")
        return value if scheme == "Bearer" else base64.b64decode(value).decode().partition(":")[2]

    # ---- the life of a line

    async def _run(self) -> None:
        timing, wait, failed = self._cluster.timing, 0.0, 0
        while True:
            await asyncio.sleep(wait)
            try:
                await self._live()
                reason: Reason = "lost"
            except StreamLost as lost:
                reason = lost.reason
            except CredentialsRejected:
                reason = "not-authorized"
            except CallcardError as error:
                log.info("reading everything anew at %s: %s", self.node.name, error.code)
                reason = "lost"
            except Exception as error:  # ours: the line must not die without a word
                log.error("the line of %s broke: %s", self.user, type(error).__name__)
                self._gone()
                return self._publish(Connection("over", self.node.name, "broken"))
            was_up = self.up.is_set()
            self.up.clear()
            if reason in FINAL:
                self._gone()
                return self._publish(Connection("over", self.node.name, reason))
            if was_up:
                self._publish(Connection("down", self.node.name, reason))
                wait, failed = random.uniform(0, timing.spread), 0  # noqa: S311 - spreads load, hides nothing
            else:
                wait, failed = min(max(timing.retry, wait * 2), timing.poll), failed + 1
            # Prefer where the user is; look at the other node only when this one says itself that it is out, or does not answer.
            other = next((node for node in self._cluster.nodes if node is not self.node), None)
            chosen = await self._cluster.choose(other if other and failed >= LOYALTY else self.node)
            if (
                chosen is not None
                and chosen is not self.node
                and (failed >= LOYALTY or await self._lost_for_good())
            ):
                log.info("%s moves from %s to %s", self.user, self.node.name, chosen.name)
                self.node, failed = chosen, 0

    async def _lost_for_good(self) -> bool:
        """The current node is asked once more before moving, after a moment."""
        await asyncio.sleep(self._cluster.timing.grace)
        return not await self._cluster.in_service(self.node)

    async def _live(self) -> None:
        """Connect, read everything, then hear events until the stream is lost or the node turns out to be."""
        address = await self._cluster.locate(self.node)
        session = await NotificationSession.open(
            address, self.user, self._secret, ping=self._cluster.timing.ping
        )
        try:
            for node in self._nodes:
                try:
                    await session.subscribe(node)
                except Refused as error:
                    log.warning("%s may not hear of %s: %s", self.user, node, error.condition)
            self._session = session
            late = await self._read_all(session)
            self.up.set()
            self._publish(Connection("up", self.node.name))
            for notice in late:
                await self._take(session, notice)
            while True:
                await self._take(session, await session.next())
        finally:
            self._session = None
            await asyncio.shield(session.close())

    async def _take(self, session: NotificationSession, notice: object) -> None:
        match notice:
            case Told(node, update):
                if node == f"{API}/SystemInfo":
                    if any(
                        getattr(info, "status", "") == "OUT_OF_SERVICE" for info in update.objects
                    ):
                        await self._doubt("SystemInfo says OUT_OF_SERVICE")
                else:
                    self._known.hear(node, update)
            case Unreadable():
                for late in await self._read_all(session):
                    await self._take(session, late)
            case ServerPresence(False):
                await self._doubt("the user finesse is gone")

    async def _doubt(self, sign: str) -> None:
        """One sign that the node is lost. It is believed if the node, asked, does not contradict it in time."""
        await asyncio.sleep(self._cluster.timing.grace)
        if not await self._cluster.in_service(self.node):
            log.info("%s: %s", self.node.name, sign)
            raise StreamLost("service-unavailable", sign)

    # ---- reading everything, and the difference

    async def _read_all(
        self, session: NotificationSession
    ) -> list[Told | Unreadable | ServerPresence]:
        """Read user and calls, and publish what is different from what was known. What came meanwhile is answered, for later.

        An event about what is being read may be older or newer than the answer; then it is read again.
        """
        client = self.node.client
        late: list[Told | Unreadable | ServerPresence] = []
        for _attempt in range(5):
            credential = Credential(
                self._authorization, asyncio.get_running_loop().time() + READING
            )
            user = await client.user(credential, self.user)
            dialogs = await client.dialogs(credential, self.user) if user.extension else ()
            came = _take_waiting(session)
            if not any(
                isinstance(notice, Told) and notice.node in self._known.own for notice in came
            ):
                late += came
                break
            late += [notice for notice in came if not self._overtaken(notice)]
        self._known.compare(user, dialogs)
        return late

    def _overtaken(self, notice: object) -> bool:
        """Whether reading again makes this event superfluous. A refusal is never: it is not in what is read."""
        return (
            isinstance(notice, Told) and notice.node in self._known.own and not notice.update.errors
        )

    def _publish(self, change: Change) -> None:
        id = getattr(change, "request_id", "")
        for asked, (source, future) in list(self._answers.items()):
            refused = isinstance(change, OrderRefused) and (
                id == asked or (not id and change.source == source)
            )
            if not future.done() and (refused or id == asked):
                future.set_result(change.error if isinstance(change, OrderRefused) else None)
        try:
            self._hear(change)
        except Exception:  # a subscriber's fault must not end the agent's presence
            log.exception("a subscriber of %s failed on %s", self.user, type(change).__name__)


def _take_waiting(session: NotificationSession) -> list[Told | Unreadable | ServerPresence]:
    found = []
    while (notice := session.waiting()) is not None:
        found.append(notice)
    return found
