"""Authenticate agents by their own Finesse credential, verified with Finesse and cached briefly.

Passwords are never stored. A credential is cached under a fingerprint whose key exists only in
memory: for a short time as verified, or, if Finesse rejected it, until Finesse's lockout is over.
Five wrong passwords lock an agent out for five minutes, on their own desktop as well, so a rejected
credential is not presented again. A 401 alone does not reject a credential: Finesse also answers so
when a command comes at the wrong moment.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import re
import unicodedata
from collections.abc import Callable

from cachetools import TTLCache
from starlette.datastructures import Headers
from starlette.requests import Request

from callcard.api.lockout import Lockout, LockoutMemory, TooManyFailures
from callcard.errors import (
    CallcardError,
    CredentialsMissing,
    CredentialsRejected,
    FinesseOutOfService,
    FinesseRefused,
    FinesseTimeout,
    FinesseUnreachable,
    HeaderTooLarge,
    MalformedRequest,
    NotFound,
    NotPermitted,
)
from callcard.finesse.client import Credential
from callcard.finesse.cluster import Cluster
from callcard.finesse.messages import is_safe_id
from callcard.finesse.nodes import Node
from callcard.finesse.objects import User
from callcard.futures import mark_retrieved
from callcard.principals import Agent

HEADER_LIMIT_CHARACTERS = 8192
"""Of an Authorization header. Finesse's tokens have about 1,500."""
CACHED_CREDENTIALS = 10_000
"""Five times the users of a Finesse pair."""
VERIFY_POLL_SECONDS = 0.02
MAX_VERIFICATIONS = 64
"""Unknown credentials that are presented to Finesse at the same time."""
CHECK_SECONDS = 2.0
"""For asking Finesse whether a credential is still valid, after a request has failed."""
OWNER_CACHE_SECONDS = 12 * 3600.0
"""A token's whole life, so that the primary node is needed only when the token is new."""
USER_ID_CHARACTERS = 128
_TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]+=*")
"""RFC 6750, section 2.1."""
_REJECTED = "Finesse rejected these credentials a moment ago; sign in to Finesse again"


class AgentAuthenticator:
    """Authenticates requests as agents. `on_verified` is called with each user that Finesse
    returned, `on_rejected` with each credential that it does not accept, and its user."""

    def __init__(
        self,
        cluster: Cluster,
        *,
        cache_seconds: float,
        lockout_seconds: float,
        deadline_seconds: float,
        memory: LockoutMemory,
        on_verified: Callable[[User], None] = lambda user: None,
    ) -> None:
        self._cluster = cluster
        self._deadline_seconds = deadline_seconds
        self._key = memory.key
        self._lockout = Lockout(memory, lockout_seconds)
        self._on_verified = on_verified
        self.on_rejected: Callable[[str, str], None] = lambda authorization, user_id: None
        self._verified: TTLCache[bytes, User] = TTLCache(CACHED_CREDENTIALS, cache_seconds)
        self._verifications: dict[bytes, asyncio.Task[User]] = {}
        self._early_checks: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(MAX_VERIFICATIONS)
        # Whether a token is an administrator's, by its fingerprint.
        self._administrators: TTLCache[bytes, bool] = TTLCache(
            CACHED_CREDENTIALS, OWNER_CACHE_SECONDS
        )

    async def authenticate(self, request: Request) -> Agent:
        """Return the agent who sends `request`. Raises CredentialsMissing, CredentialsRejected,
        FinesseError.

        `Authorization: Basic …` names its user. `Bearer …` does not, so the gadget sends the user's
        id in `X-Finesse-User`. A forged id gains nothing: Finesse returns a user record only to
        that user's token, and to an administrator's, who can then read here what they can read
        there, but not change anything. `X-Finesse-Node` is the node of the desktop, for example
        finesse-a.example:8445.
        """
        headers = request.headers
        authorization, user_id = read_credential(headers)
        deadline = asyncio.get_running_loop().time() + self._deadline_seconds
        credential = Credential(authorization, deadline)
        if self._lockout.is_rejected(self._fingerprint(authorization)):
            raise CredentialsRejected(_REJECTED)
        node = await self._cluster.pick(user_id, headers.get("x-finesse-node", ""))
        fingerprint = self._fingerprint(f"{user_id}\0{authorization}")
        user = self._verified.get(fingerprint)
        if user is None:
            try:
                user = await self._verify_once(fingerprint, credential, user_id, node)
            except (FinesseUnreachable, FinesseOutOfService, FinesseTimeout):
                self._cluster.suspect(node)
                raise
        if request.scope.get("method") not in ("GET", "HEAD", None):
            await self._require_owner(credential, node)
        elif authorization.startswith("Bearer "):  # known by the time of the first write
            self._check_owner_early(credential, node)
        return Agent(user, credential, node, self._cluster.presences.get(user.login_id))

    async def request_failed(self, agent: Agent, error: CallcardError) -> CallcardError:
        """Update lockout, cache and node state after a failed request.

        Returns the error to answer.
        """
        match error:
            case CredentialsRejected():  # perhaps the password was changed or the token has ended
                self._invalidate(agent)
                if error.is_certain:
                    self.reject(agent.credential.authorization, agent.login_id)
                elif await self._is_accepted(agent):
                    return NotPermitted(
                        "Finesse accepts your credentials but does not permit this at the moment"
                    )
            case FinesseRefused() | NotPermitted():  # they may have signed in on another extension
                self._invalidate(agent)
            case FinesseUnreachable() | FinesseOutOfService() | FinesseTimeout():
                self._cluster.suspect(agent.node)
        return error

    async def _is_accepted(self, agent: Agent) -> bool:
        """Ask Finesse once whether a credential is valid after a 401; if it is not, reject it."""
        deadline = asyncio.get_running_loop().time() + CHECK_SECONDS
        credential = Credential(agent.credential.authorization, deadline)
        if self._lockout.is_rejected(self._fingerprint(credential.authorization)):
            return False
        try:
            return await agent.node.client.accepts(credential, agent.login_id)
        except CredentialsRejected:
            self.reject(credential.authorization, agent.login_id)
            return False

    def reject(self, authorization: str, user_id: str, attempt: int | None = None) -> None:
        """Remember that Finesse does not accept a credential any more."""
        user_key = self._user_key(authorization.partition(" ")[0], user_id)
        self._lockout.reject(self._fingerprint(authorization), user_key, attempt)
        self.on_rejected(authorization, user_id)

    def _check_owner_early(self, credential: Credential, node: Node) -> None:
        if self._fingerprint(credential.authorization) in self._administrators:
            return
        task = asyncio.create_task(self._require_owner(credential, node))
        task.add_done_callback(mark_retrieved)
        self._early_checks.add(task)
        task.add_done_callback(self._early_checks.discard)

    async def _require_owner(self, credential: Credential, node: Node) -> None:
        """Raise NotPermitted if a token is an administrator's: it may be anybody's.

        A token does not say whose it is, and Finesse returns every user to every administrator.
        Only administrators read the layout, and only on the primary node; while that does not
        answer, the list of all users decides, on the node of the desktop.
        """
        if not credential.authorization.startswith("Bearer "):
            return
        fingerprint = self._fingerprint(credential.authorization)
        is_administrators = self._administrators.get(fingerprint)
        if is_administrators is None:
            is_administrators = await _reads_layout(credential, self._cluster.nodes[0])
            if is_administrators is None:
                is_administrators = await _reads_all_users(credential, node)
            if is_administrators is None:
                return
            self._administrators[fingerprint] = is_administrators
        if is_administrators:
            raise NotPermitted(
                "This token is an administrator's, and does not say which one's. Send the user id "
                "and password (Basic) to change anything"
            )

    def close(self) -> None:
        self._lockout.close()

    def _invalidate(self, agent: Agent) -> None:
        """Verify the agent again with the next request."""
        cached = [key for key, user in self._verified.items() if user is agent.user]
        for fingerprint in cached:
            self._verified.pop(fingerprint, None)

    async def _verify_once(
        self, fingerprint: bytes, credential: Credential, user_id: str, node: Node
    ) -> User:
        """Ask Finesse once for all requests that wait with the same credential."""
        task = self._verifications.get(fingerprint)
        if task is None:
            task = asyncio.create_task(self._verify(credential, user_id, node))
            self._verifications[fingerprint] = task
            task.add_done_callback(lambda done: self._verification_done(fingerprint, done))
        return await asyncio.shield(task)

    async def _verify(self, credential: Credential, user_id: str, node: Node) -> User:
        """Verify a credential with Finesse while no other worker does."""
        fingerprint = self._fingerprint(credential.authorization)
        scheme = credential.authorization.partition(" ")[0]
        user_key = self._user_key(scheme, user_id)
        is_known = self._lockout.is_known(fingerprint)
        while not self._lockout.begin_verifying(fingerprint, 2 * self._deadline_seconds):
            if self._lockout.is_rejected(fingerprint):
                raise CredentialsRejected(_REJECTED)
            await self._wait_a_moment(credential)
        attempt: int | None = None
        try:
            while not is_known and attempt is None:
                attempt = self._lockout.begin_attempt(user_key, scheme, 2 * self._deadline_seconds)
                if attempt is None:
                    await self._wait_a_moment(credential)
            async with asyncio.timeout_at(credential.deadline), self._slots:
                user = await node.client.user(credential, user_id)
        except TooManyFailures:
            raise CredentialsRejected(
                "Finesse rejected other credentials of this user. Wait five minutes, then sign in "
                "with the right ones"
            ) from None
        except TimeoutError as error:
            raise FinesseTimeout("Finesse did not respond in time; try again") from error
        except CredentialsRejected:
            self.reject(credential.authorization, user_id, attempt)
            raise
        finally:
            if attempt is not None:
                self._lockout.end_attempt(attempt)
            self._lockout.end_verifying(fingerprint)
        if not is_known:
            self._lockout.accept(fingerprint)
        return user

    async def _wait_a_moment(self, credential: Credential) -> None:
        if asyncio.get_running_loop().time() > credential.deadline:
            raise FinesseTimeout("Finesse did not respond in time; try again")
        await asyncio.sleep(VERIFY_POLL_SECONDS)

    def _verification_done(self, fingerprint: bytes, task: asyncio.Task[User]) -> None:
        self._verifications.pop(fingerprint, None)
        if task.cancelled() or task.exception() is not None:
            return
        user = task.result()
        self._on_verified(user)
        # An agent who is not signed in may be so, on an extension, a second later.
        if user.extension:
            self._verified[fingerprint] = user

    def _user_key(self, scheme: str, user_id: str) -> bytes:
        normalised = unicodedata.normalize("NFKC", user_id).strip().casefold()
        return self._fingerprint(f"{scheme}\0{normalised}")

    def _fingerprint(self, text: str) -> bytes:
        return hashlib.blake2b(text.encode(), key=self._key).digest()


async def _reads_layout(credential: Credential, primary: Node) -> bool | None:
    """Return whether Finesse shows the layout to a token; None if it does not say."""
    deadline = asyncio.get_running_loop().time() + CHECK_SECONDS
    brief = Credential(credential.authorization, min(deadline, credential.deadline))
    try:
        await primary.client.layout(brief)
    except (CredentialsRejected, NotPermitted, FinesseRefused, NotFound):
        return False
    except CallcardError:
        return None
    return True


async def _reads_all_users(credential: Credential, node: Node) -> bool | None:
    """Return whether Finesse lists all users to a token; None if it does not say."""
    try:
        await node.client.users(credential)
    except (CredentialsRejected, NotPermitted):
        return False
    except CallcardError:
        return None
    return True


def read_credential(headers: Headers) -> tuple[str, str]:
    """Return the normalised Authorization header and the user's id."""
    authorization = headers.get("authorization", "")
    if len(authorization) > HEADER_LIMIT_CHARACTERS:
        raise HeaderTooLarge(f"Authorization has more than {HEADER_LIMIT_CHARACTERS} characters")
    if not authorization.isascii() or not authorization.isprintable():
        raise MalformedRequest("Authorization must be printable ASCII: base64 or a token")
    scheme, _, value = authorization.partition(" ")
    value = value.strip()
    match scheme.lower():
        case "basic":
            return f"Basic {value}", _check_user_id(_basic_user_id(value))
        case "bearer" if value:
            if not _TOKEN.fullmatch(value):
                raise MalformedRequest("Authorization: Bearer must be followed by a token")
            user_id = headers.get("x-finesse-user", "")
            if not user_id:
                raise CredentialsMissing(
                    "Send the agent's id as X-Finesse-User with a Bearer token of Finesse. A "
                    "program needs an API key, or a token of an issuer in [[token_issuers]]"
                )
            return f"Bearer {value}", _check_user_id(user_id)
        case _:
            raise CredentialsMissing(
                "Send Authorization: Basic … or Bearer …, as the agent sends it to Finesse"
            )


def _basic_user_id(value: str) -> str:
    try:
        data = base64.b64decode(value, validate=True)
        decoded = data.decode()
        # Otherwise one password in several spellings would be tried several times.
        if base64.b64encode(data).decode() != value:
            raise binascii.Error("not the canonical form")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise MalformedRequest(
            "Authorization: Basic must be followed by base64 of id:password in UTF-8"
        ) from error
    user_id, colon, _password = decoded.partition(":")
    if not colon or not user_id:
        raise MalformedRequest("Authorization: Basic must contain id:password")
    return user_id


def _check_user_id(user_id: str) -> str:
    if len(user_id) > USER_ID_CHARACTERS or not is_safe_id(user_id) or user_id != user_id.strip():
        raise MalformedRequest(
            f"the user id must be printable, have at most {USER_ID_CHARACTERS} characters and no "
            "slash, semicolon or space around it"
        )
    return user_id
