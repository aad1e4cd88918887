"""Who is asking: the agent's own Finesse credential, proved with Finesse and remembered briefly.

The password is never kept. A credential is remembered under a hash whose key exists only in the service's memory: for a short
time as proved, or, if Finesse refused it, until Finesse would have forgotten too. Five wrong passwords lock an agent out for five
minutes, on their own desktop as well, so a refused credential is not shown to Finesse again in that time.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
from dataclasses import dataclass

from cachetools import TTLCache
from starlette.datastructures import Headers

from callcard.api.lockout import Refusals, Shared
from callcard.errors import (
    CredentialsMissing,
    CredentialsRejected,
    FinesseOutOfService,
    FinesseTimeout,
    FinesseUnreachable,
    HeaderTooLarge,
    MalformedRequest,
)
from callcard.finesse.client import Credential, FinesseClient
from callcard.finesse.cluster import Cluster, Line, Node
from callcard.finesse.objects import User

HEADER_LIMIT = 8192
"""Characters of an Authorization header. Finesse's tokens are about 1,500."""
_REFUSED = "Finesse refused these credentials a moment ago; sign in to Finesse again"
REMEMBERED = 10_000
"""Credentials, five times the users of a Finesse pair."""


@dataclass(frozen=True, slots=True)
class Agent:
    """Whoever sent the request: as Finesse knows them, with the credential for this request's own calls."""

    user: User
    credential: Credential
    node: Node
    """Where their session is: their requests go there."""
    line: Line | None = None
    """The service's own presence as this agent, if it has one."""

    @property
    def finesse(self) -> FinesseClient:
        return self.node.client


class Door:
    """Lets agents in; `remember`, `lockout` and `deadline` are seconds."""

    def __init__(
        self,
        cluster: Cluster,
        *,
        remember: float,
        lockout: float,
        deadline: float,
        shared: Shared,
    ) -> None:
        self._cluster, self._deadline, self._lockout = cluster, deadline, lockout
        self._key = shared.key
        self._refusals = Refusals(shared)
        self._proved: TTLCache[bytes, User] = TTLCache(REMEMBERED, remember)
        self._asking: dict[bytes, asyncio.Task[User]] = {}

    async def admit(self, headers: Headers) -> Agent:
        """The agent behind `headers`.

        `Authorization: Basic …` names its user. `Bearer …` does not, so the gadget says whose token it is in
        `X-Finesse-User`; Finesse answers a user's record to that user's token alone, so a false name proves nothing. (To an
        administrator's too: they can read here as anybody, as they can there; orders Finesse refuses them.)
        `X-Finesse-Node` says on which node the desktop is, as in finesse-a.example:8445.
        """
        authorization, user_id = _read(headers)
        mark = self._mark(f"{user_id}\0{authorization}")
        credential = Credential(authorization, asyncio.get_running_loop().time() + self._deadline)
        if self._refusals.refused(self._mark(authorization)):
            raise CredentialsRejected(_REFUSED)
        node = await self._cluster.pick(user_id, headers.get("x-finesse-node", ""))
        user = self._proved.get(mark)
        if user is None:
            try:
                user = await self._prove(mark, credential, user_id, node)
            except (FinesseUnreachable, FinesseOutOfService, FinesseTimeout):
                self._cluster.suspect(node)
                raise
        return Agent(user, credential, node, self._cluster.lines.get(user.login_id))

    def present(self, team: str) -> list[User]:
        """Who of `team` has asked for something in the last minute."""
        return list(
            {user.login_id: user for user in self._proved.values() if user.team_id == team}.values()
        )

    def refuse(self, agent: Agent) -> None:
        """Finesse does not accept `agent`'s credential any more: the password was changed, or the token has ended."""
        self._refusals.refuse(self._mark(agent.credential.authorization), self._lockout)
        self.forget(agent)

    def forget(self, agent: Agent) -> None:
        """Prove `agent` anew next time."""
        for mark in [mark for mark, user in self._proved.items() if user is agent.user]:
            self._proved.pop(mark, None)

    async def _prove(self, mark: bytes, credential: Credential, user_id: str, node: Node) -> User:
        """Ask Finesse once, however many requests wait with the same credential: each wrong try counts against the agent."""
        task = self._asking.get(mark)
        if task is None:
            task = asyncio.create_task(self._ask(credential, user_id, node))
            self._asking[mark] = task
            task.add_done_callback(lambda done: self._settle(mark, done))
        return await asyncio.shield(task)

    def _mark(self, text: str) -> bytes:
        return hashlib.blake2b(text.encode(), key=self._key).digest()

    async def _ask(self, credential: Credential, user_id: str, node: Node) -> User:
        """Prove the credential with Finesse, while no other worker does."""
        mark = self._mark(credential.authorization)
        while not self._refusals.claim(mark, 2 * self._deadline):
            if self._refusals.refused(mark):
                raise CredentialsRejected(_REFUSED)
            if asyncio.get_running_loop().time() > credential.deadline:
                raise FinesseTimeout("Finesse took too long; try again")
            await asyncio.sleep(0.02)
        try:
            return await node.client.user(credential, user_id)
        except CredentialsRejected:
            self._refusals.refuse(mark, self._lockout)
            raise
        finally:
            self._refusals.release(mark)

    def close(self) -> None:
        self._refusals.close()

    def _settle(self, mark: bytes, task: asyncio.Task[User]) -> None:
        self._asking.pop(mark, None)
        if task.cancelled():
            return
        # Who is not signed in yet may be, with an extension, a second later.
        if task.exception() is None and task.result().extension:
            self._proved[mark] = task.result()


def _read(headers: Headers) -> tuple[str, str]:
    authorization = headers.get("authorization", "")
    if len(authorization) > HEADER_LIMIT:
        raise HeaderTooLarge(f"Authorization has more than {HEADER_LIMIT} characters")
    if not authorization.isascii() or not authorization.isprintable():
        raise MalformedRequest("Authorization must be printable ASCII, as base64 and tokens are")
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "basic":
        try:
            user_id, colon, _password = (
                base64.b64decode(value.strip(), validate=True).decode().partition(":")
            )
        except (binascii.Error, UnicodeDecodeError) as error:
            raise MalformedRequest(
                "Authorization: Basic must be followed by base64 of id:password in UTF-8"
            ) from error
        if not colon or not user_id:
            raise MalformedRequest("Authorization: Basic must hold id:password")
        return f"Basic {value.strip()}", _named(user_id)
    if scheme.lower() == "bearer" and value.strip():
        user_id = headers.get("x-finesse-user", "")
        if not user_id:
            raise CredentialsMissing("Send X-Finesse-User, the agent's id, beside a Bearer token")
        return f"Bearer {value.strip()}", _named(user_id)
    raise CredentialsMissing(
        "Send Authorization: Basic … or Bearer …, as the agent sends it to Finesse"
    )


def _named(user_id: str) -> str:
    if len(user_id) > 128 or not user_id.isprintable():
        raise MalformedRequest("the user's id must be printable and have at most 128 characters")
    return user_id
