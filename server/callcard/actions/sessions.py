"""Sessions: the service holds the presence of agents whose web app has no Finesse desktop.

The agent's credential is kept in memory while the session lasts, and nowhere else: Finesse has no
account that may act for every agent. Finesse signs out an agent whose presence is gone for a
minute, so a session ends only when it is closed, or when Finesse ends it.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from weakref import WeakValueDictionary

from callcard.errors import CredentialsRejected, FinesseTimeout, NotFound
from callcard.events import EventBus, PresenceChanged
from callcard.finesse.cluster import Cluster
from callcard.finesse.presence import Presence
from callcard.finesse.state_diff import Change, ConnectionChanged
from callcard.identity import Agent
from callcard.journal.journal import ReportAcknowledgement
from callcard.journal.report import CallReport
from callcard.journal.reporter import CallReporter
from callcard.telephony.command_outcome import await_outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    id: str
    agent: str
    node: str
    """Where the agent's presence is; it moves when that node fails."""
    connected: bool


SendReport = Callable[[Agent, CallReport], Awaitable[ReportAcknowledgement]]


class Sessions:
    """`send_report` takes the call reports of agents with a session; each may take
    `deadline_seconds`."""

    def __init__(
        self,
        cluster: Cluster,
        send_report: SendReport,
        events: EventBus,
        deadline_seconds: float,
    ) -> None:
        self._cluster = cluster
        self._send_report = send_report
        self._events = events
        self._deadline_seconds = deadline_seconds
        # By login id.
        self._ids: dict[str, str] = {}
        self._reporters: dict[str, CallReporter] = {}
        self._opening: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._closing: set[asyncio.Task[None]] = set()

    async def open(self, agent: Agent, extension: str) -> Session:
        """Open a session and sign the agent in on `extension`, if given. Returns an existing
        session.

        Raises FinesseTimeout if the notification service does not respond, FinesseRefused if the
        sign-in is refused.
        """
        login_id = agent.login_id
        async with self._opening.setdefault(login_id, asyncio.Lock()):
            existing = self._cluster.presences.get(login_id)
            presence = existing or self._open_presence(agent)
            self._ids.setdefault(login_id, secrets.token_urlsafe(16))
            try:
                await self._wait_until_connected(presence, agent.seconds_left)
                if extension:  # presence before sign-in, as Finesse's own desktop does it
                    await self._sign_in(agent, presence, extension)
            except BaseException:
                if existing is None or presence.ended.is_set():
                    await self._end(login_id)
                raise
            return self._show(login_id, presence)

    def _open_presence(self, agent: Agent) -> Presence:
        async def send(report: CallReport) -> None:
            """Report as the agent, on the node where the presence is now."""
            deadline = asyncio.get_running_loop().time() + self._deadline_seconds
            current = replace(
                agent,
                user=reporter.user or agent.user,
                credential=replace(agent.credential, deadline=deadline),
                node=presence.node,
                presence=presence,
            )
            answer = await self._send_report(current, report)
            if answer.ended_for_agent:
                reporter.forget(report.id)

        def on_change(change: Change) -> None:
            if isinstance(change, ConnectionChanged):
                self._events.publish(
                    PresenceChanged(
                        agent=agent.login_id,
                        state=change.state,
                        node=change.node,
                        reason=change.reason,
                    )
                )
                if change.state == "closed":  # by Finesse: nothing of the session may remain
                    self._forget(agent.login_id, reporter)
            reporter.on_change(change)

        reporter = CallReporter(send)
        self._reporters[agent.login_id] = reporter
        presence = self._cluster.open_presence(
            agent.login_id, agent.credential.authorization, on_change, agent.node
        )
        return presence

    def _forget(self, login_id: str, reporter: CallReporter) -> None:
        """Drop a session that Finesse has ended, with its credential."""
        if self._reporters.get(login_id) is not reporter:
            return
        del self._reporters[login_id]
        self._ids.pop(login_id, None)
        task = asyncio.create_task(reporter.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _wait_until_connected(self, presence: Presence, timeout: float) -> None:
        events = [
            asyncio.create_task(presence.ended.wait()),
            asyncio.create_task(presence.connected.wait()),
        ]
        try:
            await asyncio.wait(events, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in events:
                each.cancel()
        if presence.ended.is_set():
            raise CredentialsRejected(
                "Finesse rejected the credentials, or another client took over this session"
            )
        if not presence.connected.is_set():
            raise FinesseTimeout(
                "Finesse's notification service did not respond in time; check the settings "
                "finesse.notifications and finesse.notifications_port"
            )

    async def close(self, agent: Agent, id: str) -> Session:
        """Close the agent's own session."""
        login_id = agent.login_id
        presence = self._cluster.presences.get(login_id)
        own_id = self._ids.get(login_id, "")
        if presence is None or not secrets.compare_digest(own_id.encode(), id.encode()):
            raise NotFound("This agent has no such session")
        session = self._show(login_id, presence)
        await self._end(login_id)
        return session

    async def close_all(self) -> None:
        await asyncio.gather(*(self._end(login_id) for login_id in list(self._ids)))
        await asyncio.gather(*self._closing)

    async def _sign_in(self, agent: Agent, presence: Presence, extension: str) -> None:
        finesse = presence.node.client
        command = await finesse.sign_in(agent.credential, agent.login_id, extension)

        async def has_happened() -> bool:
            user = await finesse.user(agent.credential, agent.login_id)
            return user.state != "LOGOUT" and user.extension == extension

        timeout = max(0.1, agent.seconds_left)
        await await_outcome(command, has_happened, presence, timeout)

    async def _end(self, login_id: str) -> None:
        self._ids.pop(login_id, None)
        if reporter := self._reporters.pop(login_id, None):
            await reporter.close()
        if presence := self._cluster.presences.get(login_id):
            await presence.close()

    def _show(self, login_id: str, presence: Presence) -> Session:
        return Session(
            id=self._ids[login_id],
            agent=login_id,
            node=presence.node.name,
            connected=presence.connected.is_set(),
        )
