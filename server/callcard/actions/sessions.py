"""Sessions: the service holds the presence of agents whose web app has no Finesse desktop.

The agent's credential is kept in memory while the session lasts, and nowhere else: Finesse has no
account that may act for every agent. Finesse signs out an agent whose presence is gone for a
minute, so a session ends only when it is closed, when Finesse ends it, or when its credential has
ended: that is shown to Finesse once and not again.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from weakref import WeakValueDictionary

from callcard.actions.roster import SIGNED_OUT
from callcard.errors import CallcardError, CredentialsRejected, FinesseTimeout, NotFound, OnACall
from callcard.events import EventBus, PresenceChanged
from callcard.finesse.client import Command
from callcard.finesse.cluster import Cluster
from callcard.finesse.objects import MobileAgent, User
from callcard.finesse.presence import Presence
from callcard.finesse.state_diff import Change, ConnectionChanged
from callcard.journal.acknowledgement import ReportAcknowledgement
from callcard.journal.report import CallReport
from callcard.journal.reporter import CallReporter
from callcard.principals import Agent
from callcard.telephony.command_outcome import await_outcome

log = logging.getLogger(__name__)

ON_CALL = ("RESERVED", "RESERVED_OUTBOUND", "RESERVED_OUTBOUND_PREVIEW", "TALKING", "HOLD")
"""States in which Finesse signs nobody out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    id: str
    agent: str
    node: str
    """Where the agent's presence is; it moves when that node fails."""
    connected: bool
    extension: str
    """On which the agent is signed in; empty if they are not."""
    state: str
    """The agent's, as Finesse had it last in this request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """What another web app asks for: `extension` may be empty to sign nobody in."""

    extension: str
    mobile: MobileAgent | None = None
    is_ready: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOut:
    """How a session ends: `reason` is the id of the Not Ready reason, `sign_out_reason` that of the
    sign-out reason, both empty if the site needs none."""

    reason: str = ""
    sign_out_reason: str = ""


SendReport = Callable[[Agent, CallReport, bool], Awaitable[ReportAcknowledgement]]
CloseCalls = Callable[[str, Iterable[str]], Awaitable[None]]
Reject = Callable[[str, str], None]


@dataclass(slots=True, kw_only=True)
class _OpenSession:
    id: str
    agent: Agent
    reporter: CallReporter
    presence: Presence
    has_ended: bool = False


class Sessions:
    """`send_report` takes the call reports of agents with a session, and whether the caller is to
    be looked up; each may take `deadline_seconds`. `close_calls` takes those that nobody reports
    any more, `reject` a credential that Finesse does not accept any more, `on_user` each agent as
    Finesse shows them."""

    def __init__(
        self,
        cluster: Cluster,
        send_report: SendReport,
        events: EventBus,
        deadline_seconds: float,
        *,
        close_calls: CloseCalls,
        reject: Reject,
        on_user: Callable[[User], None] = lambda user: None,
    ) -> None:
        self._cluster = cluster
        self._send_report = send_report
        self._events = events
        self._deadline_seconds = deadline_seconds
        self._close_calls = close_calls
        self._reject = reject
        self._on_user = on_user
        self._open_sessions: dict[str, _OpenSession] = {}
        """By login id."""
        self._changing: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._ending: dict[asyncio.Task[None], str] = {}

    async def open(self, agent: Agent, sign_in: SignIn) -> Session:
        """Open a session and sign the agent in, if an extension is given; returns when Finesse has
        confirmed it.

        Returns an existing session of the same credential; with another one, replaces it. Raises
        FinesseTimeout if the notification service does not respond or the sign-in is not confirmed,
        FinesseRefused if the sign-in or the state is refused.
        """
        login_id = agent.login_id
        async with self._changing.setdefault(login_id, asyncio.Lock()):
            if ending := [task for task, login in self._ending.items() if login == login_id]:
                await asyncio.wait(ending)
            existing = self._open_sessions.get(login_id)
            pending: dict[str, CallReport] = {}
            if existing and existing.agent.credential.authorization != (
                agent.credential.authorization
            ):
                await self._close(existing)
                pending = existing.reporter.pending
                existing = None
            session = existing or self._open(agent, pending)
            try:
                await self._wait_until_connected(session.presence, agent.seconds_left)
                # Presence before sign-in, as Finesse's own desktop does it.
                user = await self._sign_in(agent, session.presence, sign_in)
            except BaseException:
                if existing is None or session.presence.ended.is_set():
                    await self._close(session)
                raise
            self._on_user(user)
            return self._show(session, user)

    def _open(self, agent: Agent, pending: Mapping[str, CallReport]) -> _OpenSession:
        looked_up: set[str] = set()

        async def send(report: CallReport) -> None:
            """Report as the agent, on the node where the presence is now."""
            deadline = asyncio.get_running_loop().time() + self._deadline_seconds
            current = replace(
                agent,
                user=session.reporter.user or agent.user,
                credential=replace(agent.credential, deadline=deadline),
                node=session.presence.node,
                presence=session.presence,
            )
            try:
                # A session has no card to show, but its calls belong to a contact too.
                answer = await self._send_report(current, report, report.id not in looked_up)
            except CredentialsRejected:
                await self._check_credential(session, current)
                raise FinesseTimeout("Finesse did not accept the session's credential") from None
            if answer.lookup is not None and not answer.lookup.has_failed:
                looked_up.add(report.id)
            if answer.ended_for_agent:
                looked_up.discard(report.id)
                session.reporter.forget(report.id)

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
                    self._begin_ending(session, is_rejected=change.reason == "not-authorized")
            session.reporter.on_change(change)
            if session.reporter.user is not None:
                self._on_user(session.reporter.user)

        session = _OpenSession(
            id=secrets.token_urlsafe(16),
            agent=agent,
            reporter=CallReporter(send, pending=pending),
            presence=self._cluster.open_presence(
                agent.login_id, agent.credential.authorization, on_change, agent.node
            ),
        )
        self._open_sessions[agent.login_id] = session
        return session

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

    async def _sign_in(self, agent: Agent, presence: Presence, wanted: SignIn) -> User:
        """Sign in and set the state as far as they are not so already; return the user then."""
        finesse = presence.node.client
        user = await finesse.user(agent.credential, agent.login_id)
        extension = wanted.extension
        if extension and (user.state == SIGNED_OUT or user.extension != extension):
            command = await finesse.sign_in(
                agent.credential, agent.login_id, extension, wanted.mobile
            )
            user = await self._confirmed(
                replace(agent, presence=presence, node=presence.node),
                command,
                lambda now: now.state != SIGNED_OUT and now.extension == extension,
                "the sign-in",
            )
        if wanted.is_ready and user.state != "READY":
            user = await self._change_state(agent, presence, "READY", "")
        presence.read_again()
        return user

    async def _change_state(
        self, agent: Agent, presence: Presence, state: str, reason: str
    ) -> User:
        command = await presence.node.client.set_state(
            agent.credential, agent.login_id, state, reason or None
        )
        acting = replace(agent, presence=presence, node=presence.node)
        # On a call, Finesse keeps the state for when it is over.
        states = {state, *ON_CALL} if state == "READY" else {state}
        return await self._confirmed(
            acting, command, lambda user: user.state in states, f"the state {state}"
        )

    async def _confirmed(
        self, agent: Agent, command: Command, has_happened: Callable[[User], bool], what: str
    ) -> User:
        """Return the user once Finesse shows what a command asked for.

        Raises FinesseRefused, or FinesseTimeout if it is not seen in time: it may still happen.
        """
        seen: list[User] = []

        async def check() -> bool:
            seen.append(await agent.finesse.user(agent.credential, agent.login_id))
            return has_happened(seen[-1])

        result = await await_outcome(command, check, agent.presence, max(0.1, agent.seconds_left))
        if not seen or not has_happened(seen[-1]):  # an event confirmed it before a read did
            seen.append(await agent.finesse.user(agent.credential, agent.login_id))
        if result.outcome != "confirmed" and not has_happened(seen[-1]):
            raise FinesseTimeout(
                f"Finesse accepted {what} but has not confirmed it; read GET /me before you try "
                "again"
            )
        return seen[-1]

    # ---- the end of a session

    async def close(self, agent: Agent, id: str, sign_out: SignOut | None) -> Session:
        """Close the agent's own session, after signing them out if `sign_out` is given.

        They are set to Not Ready first, as Finesse signs nobody out who is ready. If it refuses,
        the session stays open. Raises OnACall, FinesseRefused, FinesseTimeout.
        """
        async with self._changing.setdefault(agent.login_id, asyncio.Lock()):
            return await self._close_own(agent, id, sign_out)

    async def _close_own(self, agent: Agent, id: str, sign_out: SignOut | None) -> Session:
        session = self._open_sessions.get(agent.login_id)
        if session is None or not secrets.compare_digest(session.id.encode(), id.encode()):
            raise NotFound("This agent has no such session")
        presence = session.presence
        user = await presence.node.client.user(agent.credential, agent.login_id)
        if sign_out is not None and user.state != SIGNED_OUT:
            if user.state in ON_CALL:
                raise OnACall("End the call before you close the session, or keep the sign-in")
            if user.state != "NOT_READY" or sign_out.reason:
                await self._change_state(agent, presence, "NOT_READY", sign_out.reason)
            user = await self._change_state(agent, presence, SIGNED_OUT, sign_out.sign_out_reason)
        self._on_user(user)
        shown = self._show(session, user)
        await self._close(session)
        return shown

    async def close_all(self) -> None:
        await asyncio.gather(*(self._close(each) for each in list(self._open_sessions.values())))
        await asyncio.gather(*self._ending)

    async def _close(self, session: _OpenSession) -> None:
        session.has_ended = True
        if self._open_sessions.get(session.agent.login_id) is session:
            del self._open_sessions[session.agent.login_id]
        await session.reporter.close()
        await session.presence.close()

    def credential_rejected(self, authorization: str, login_id: str) -> None:
        """End the session of a credential that Finesse does not accept any more."""
        session = self._open_sessions.get(login_id)
        if session and session.agent.credential.authorization == authorization:
            self._end_rejected(session, is_known=True)

    async def _check_credential(self, session: _OpenSession, agent: Agent) -> None:
        """End a session after a 401, unless Finesse accepts its credential for the user."""
        try:
            await agent.finesse.accepts(agent.credential, agent.login_id)
        except CredentialsRejected:
            self._end_rejected(session)

    def _end_rejected(self, session: _OpenSession, *, is_known: bool = False) -> None:
        if session.has_ended:
            return
        node = session.presence.node.name
        login_id = session.agent.login_id
        self._events.publish(
            PresenceChanged(agent=login_id, state="closed", node=node, reason="not-authorized")
        )
        self._begin_ending(session, is_rejected=True, is_known=is_known)

    def _begin_ending(
        self, session: _OpenSession, *, is_rejected: bool, is_known: bool = False
    ) -> None:
        """End a session in the background: its own task or event may be what ends it.

        `is_known`: the lockout has the rejection already.
        """
        if session.has_ended:
            return
        session.has_ended = True
        if self._open_sessions.get(session.agent.login_id) is session:
            del self._open_sessions[session.agent.login_id]
        if is_rejected and not is_known:
            self._reject(session.agent.credential.authorization, session.agent.login_id)
        task = asyncio.create_task(self._end(session, is_rejected))
        self._ending[task] = session.agent.login_id
        task.add_done_callback(lambda done: self._ending.pop(done, None))

    async def _end(self, session: _OpenSession, is_rejected: bool) -> None:
        login_id = session.agent.login_id
        calls = session.reporter.calls
        await session.reporter.close()
        await session.presence.close()
        if not is_rejected:  # another client has taken over, and reports the calls
            return
        log.warning("the session of %s ends: Finesse rejects its credential", login_id)
        try:
            await self._close_calls(login_id, calls)
        except CallcardError as error:  # the sweep closes them later
            log.warning("calls of %s were not closed: %s", login_id, error.detail)

    def _show(self, session: _OpenSession, user: User) -> Session:
        return Session(
            id=session.id,
            agent=session.agent.login_id,
            node=session.presence.node.name,
            connected=session.presence.connected.is_set(),
            extension=user.extension,
            state=user.state,
        )
