"""API keys of programs that have no agent.

A key is `callcard_<id>_<secret>`. Only a hash of the secret is stored: the key is shown once, when
it is made. It is sent as `Authorization: Bearer`, as the password of `Basic`, or as `X-API-Key`.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import logging
import re
import secrets
import time
from collections.abc import Callable

from cachetools import LRUCache
from starlette.datastructures import Headers

from callcard.errors import CredentialsRejected, NotPermitted, StoreUnavailable
from callcard.store.api_keys import ApiKeyRow
from callcard.store.base import AuditRow, Store

log = logging.getLogger(__name__)

PREFIX = "callcard"
SCOPES = {
    "contacts": "look up contacts",
    "events": "read the events of all agents",
    "lists": "read and change all number lists",
    "roster": "read who is signed in, of all teams",
    "routing": "ask for routing decisions",
}
"""What programs may be allowed."""
DEFAULT_REQUESTS_PER_SECOND = 100.0
MAX_KEY_CHARACTERS = 200
NOTE_SECONDS = 600.0
"""Between notes that a key is used, and between entries in the audit that it was refused."""
_NOTED_KEYS = 1000
_KEY = re.compile(rf"{PREFIX}_[0-9a-f]{{8}}_\w{{16,}}", re.IGNORECASE)
"""Also a damaged key, so that it is not presented to Finesse; an agent's password may begin so."""
_REJECTED = "this API key is not valid: unknown, expired, revoked, or not copied as a whole"


def create(
    name: str,
    scopes: tuple[str, ...],
    *,
    now: float,
    requests_per_second: float = DEFAULT_REQUESTS_PER_SECOND,
    expires_at: float | None = None,
) -> tuple[str, ApiKeyRow]:
    """Return a new key, and the row to store."""
    id, secret = secrets.token_hex(4), secrets.token_hex(24)
    row = ApiKeyRow(
        id=id,
        name=name,
        secret_hash=_hash(secret),
        scopes=scopes,
        requests_per_second=requests_per_second,
        created_at=now,
        expires_at=expires_at,
    )
    return f"{PREFIX}_{id}_{secret}", row


class ApiKeys:
    """Checks keys, and notes in the store that they are used, and in the audit that they are
    refused."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock
        self._noted: LRUCache[tuple[str, str], float] = LRUCache(_NOTED_KEYS)
        """When a key's use, or the reason of a refusal, was noted last."""
        self._notes: set[asyncio.Task[None]] = set()

    async def authenticate(self, key: str, scope: str) -> ApiKeyRow:
        """Return the row of a key. Raises CredentialsRejected, or NotPermitted if it is not for
        `scope`."""
        id, secret = _split(key)
        row = await self._store.api_key(id)
        # Compared even if there is none: the response time must not reveal which ids exist.
        is_right = hmac.compare_digest(row.secret_hash if row else _hash(""), _hash(secret))
        if row is None or not is_right:
            raise CredentialsRejected(_REJECTED)
        if row.has_ended(self._clock()):
            self._note(row, "revoked" if row.revoked_at is not None else "expired")
            raise CredentialsRejected(_REJECTED)
        if scope not in row.scopes:
            self._note(row, f"without the scope {scope}" if scope else "for an agent's request")
            raise NotPermitted(f"the API key {row.name} {lacks(scope)}")
        self._note(row)
        return row

    async def is_valid(self, id: str) -> bool:
        """Return whether a key has not ended since it was checked."""
        row = await self._store.api_key(id)
        return row is not None and not row.has_ended(self._clock())

    def _note(self, row: ApiKeyRow, refusal: str = "") -> None:
        """Note a use or a refusal in the background, not more than once in NOTE_SECONDS."""
        now = self._clock()
        noted_at = self._noted.get((row.id, refusal))
        if noted_at is not None and abs(now - noted_at) < NOTE_SECONDS:
            return
        self._noted[row.id, refusal] = now
        task = asyncio.create_task(self._save_note(row, refusal, now))
        self._notes.add(task)
        task.add_done_callback(self._notes.discard)

    async def _save_note(self, row: ApiKeyRow, refusal: str, now: float) -> None:
        try:
            async with self._store.transaction() as tx:
                if not refusal:
                    await tx.note_api_key_use(row.id, now)
                    return
                await tx.add_audit_row(
                    AuditRow(
                        recorded_at=now,
                        agent=f"key:{row.name}",
                        action="key refused",
                        detail=f"{row.id} {refusal}",
                    )
                )
        except StoreUnavailable as error:
            self._noted.pop((row.id, refusal), None)
            log.warning("the use of a key was not noted: %s", error.detail)

    async def flush(self) -> None:
        """Wait for the notes under way."""
        if self._notes:
            await asyncio.wait(self._notes)


def key_of(headers: Headers) -> str:
    """Return the API key of a request; empty if it has an agent's credential, or none."""
    if key := headers.get("x-api-key", "").strip():
        return key
    scheme, _, value = headers.get("authorization", "").partition(" ")
    given = ""
    if scheme.lower() == "bearer":
        given = value.strip()
    elif scheme.lower() == "basic":
        try:
            given = base64.b64decode(value.strip(), validate=True).decode().partition(":")[2]
        except ValueError:  # not base64, or not UTF-8
            return ""
    return given if _KEY.fullmatch(given) else ""


def lacks(scope: str) -> str:
    return f"has not the scope {scope}" if scope else "has no agent; send the agent's credential"


def _split(key: str) -> tuple[str, str]:
    """Return the id and the secret of a key."""
    prefix, _, rest = key.partition("_")
    id, _, secret = rest.partition("_")
    if prefix != PREFIX or not id or not secret or len(key) > MAX_KEY_CHARACTERS:
        raise CredentialsRejected(_REJECTED)
    return id, secret


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
