"""Sessions: the service is present in Finesse as an agent whose web app has no Finesse desktop, and hears what happens to them.

The agent's credential is held for as long as the session lasts, in memory and nowhere else: Finesse has no account that may act for
others. Presence that goes away makes Finesse sign the agent out after a minute, so a session is closed on purpose only.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from callcard.api.auth import Agent
from callcard.errors import CredentialsRejected, FinesseTimeout, NotFound
from callcard.finesse.cluster import Cluster, Line
from callcard.journal.report import CallSeen
from callcard.journal.reporter import Watch
from callcard.telephony.command_outcome import settle


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    id: str
    agent: str
    node: str
    """Where the agent's presence is; it moves when that node is lost."""
    connected: bool


Tell = Callable[[Agent, CallSeen], Awaitable[object]]
"""Takes what an agent sees of a call into the log."""


class Sessions:
    """`tell` hears of every call of the agents who have a session; `deadline` is what a request of theirs may take, in seconds."""

    def __init__(self, cluster: Cluster, tell: Tell, deadline: float) -> None:
        self._cluster, self._tell, self._deadline = cluster, tell, deadline
        self._ids: dict[str, str] = {}
        """The session of each agent, by login id."""
        self._watches: dict[str, Watch] = {}

    async def open(self, agent: Agent, extension: str) -> Session:
        """Be present as `agent`, and sign them in on `extension` if one is given. Again, it answers the session that there is.

        Raises FinesseTimeout if Finesse's notification service does not answer in time, FinesseRefused if the sign-in is refused.
        """
        id, credential = agent.user.login_id, agent.credential
        known = self._cluster.lines.get(id)
        line = known or self._attend(agent)
        self._ids.setdefault(id, secrets.token_urlsafe(16))
        try:
            await self._wait_for(line, credential.deadline - 0.2)
            if extension:  # presence first, then the sign-in: so does Finesse's own desktop
                await self._sign_in(agent, line, extension)
        except BaseException:
            if known is None or line.over.is_set():
                await self._end(id)
            raise
        return self._told(id, line)

    def _attend(self, agent: Agent) -> Line:
        id = agent.user.login_id

        async def tell(seen: CallSeen) -> None:
            """As the agent, with time for one more request, on the node where the line is now."""
            until = asyncio.get_running_loop().time() + self._deadline
            now = replace(
                agent,
                user=watch.user or agent.user,
                credential=replace(agent.credential, deadline=until),
            )
            await self._tell(replace(now, node=line.node, line=line), seen)

        watch = Watch(tell)
        self._watches[id] = watch
        line = self._cluster.attend(id, agent.credential.authorization, watch.hear, at=agent.node)
        return line

    async def _wait_for(self, line: Line, deadline: float) -> None:
        waiting = [asyncio.create_task(line.over.wait()), asyncio.create_task(line.up.wait())]
        patience = max(0.0, deadline - asyncio.get_running_loop().time())
        await asyncio.wait(waiting, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
        for each in waiting:
            each.cancel()
        if line.over.is_set():
            raise CredentialsRejected(
                "Finesse's notification service does not accept the credentials, or somebody else has the session"
            )
        if not line.up.is_set():
            raise FinesseTimeout(
                "Finesse's notification service did not answer in time; check notifications and its port"
            )

    async def close(self, agent: Agent, id: str) -> Session:
        """Leave. Only the agent's own session can be closed by them."""
        login = agent.user.login_id
        line = self._cluster.lines.get(login)
        if line is None or not secrets.compare_digest(
            self._ids.get(login, "").encode(), id.encode()
        ):
            raise NotFound("There is no such session of this agent")
        told = self._told(login, line)
        await self._end(login)
        return told

    async def close_all(self) -> None:
        await asyncio.gather(*(self._end(login) for login in list(self._ids)))

    async def _sign_in(self, agent: Agent, line: Line, extension: str) -> None:
        finesse, credential, id = line.node.client, agent.credential, agent.user.login_id
        order = await finesse.sign_in(credential, id, extension)

        async def happened() -> bool:
            user = await finesse.user(credential, id)
            return user.state != "LOGOUT" and user.extension == extension

        patience = credential.deadline - asyncio.get_running_loop().time() - 0.2
        await settle(order, f"/finesse/api/User/{id}", happened, line, max(patience, 0.1))

    async def _end(self, login: str) -> None:
        self._ids.pop(login, None)
        if watch := self._watches.pop(login, None):
            await watch.close()
        if line := self._cluster.lines.get(login):
            await line.close()

    def _told(self, login: str, line: Line) -> Session:
        return Session(
            id=self._ids[login], agent=login, node=line.node.name, connected=line.up.is_set()
        )
