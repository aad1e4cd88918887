"""API keys: how programs that have no agent are known, and what they may do.

A key is `callcard_<id>_<secret>`. Only a hash of the secret is stored: the key is shown once, when
it is made. It is sent as `Authorization: Bearer`, as the password of `Basic`, or as `X-API-Key`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable

from cachetools import LRUCache
from starlette.datastructures import Headers

from callcard.errors import CredentialsMissing, CredentialsRejected, NotPermitted, RateLimited
from callcard.store.base import ApiKeyRow, Store

PREFIX = "callcard"
SCOPES = {
    "events": "read the events of all agents",
    "routing": "ask for routing decisions",
}
"""What keys may be made for."""
DEFAULT_REQUESTS_PER_SECOND = 100.0
MAX_KEY_CHARACTERS = 200
_LIMITED_KEYS = 1000
_KEY = re.compile(rf"{PREFIX}_[0-9a-f]{{8}}_[0-9a-f]{{48}}")
"""An agent's password may begin like a key."""
_REJECTED = "this API key is not valid: unknown, expired or revoked"


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
    """Checks the keys of requests. `timer` returns seconds, for the limit of requests."""

    def __init__(
        self,
        store: Store,
        clock: Callable[[], float] = time.time,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._clock = clock
        self._timer = timer
        self._budgets: LRUCache[str, tuple[float, float]] = LRUCache(_LIMITED_KEYS)
        """How many requests each key has left, and when that was so."""

    async def authenticate(self, headers: Headers, scope: str) -> ApiKeyRow:
        """Return the key of a request.

        Raises CredentialsMissing, CredentialsRejected, NotPermitted if the key is not for `scope`,
        RateLimited.
        """
        id, secret = _read(headers)
        row = await self._store.api_key(id)
        # Compared even if there is none: the response time must not reveal which ids exist.
        is_right = hmac.compare_digest(row.secret_hash if row else _hash(""), _hash(secret))
        if row is None or not is_right or self._has_ended(row):
            raise CredentialsRejected(_REJECTED)
        if scope not in row.scopes:
            raise NotPermitted(f"the API key {row.name} has not the scope {scope}")
        self._spend(row)
        return row

    async def is_valid(self, id: str) -> bool:
        """Return whether a key has not ended since it was checked."""
        row = await self._store.api_key(id)
        return row is not None and not self._has_ended(row)

    def _has_ended(self, row: ApiKeyRow) -> bool:
        has_expired = row.expires_at is not None and row.expires_at <= self._clock()
        return has_expired or row.revoked_at is not None

    def _spend(self, row: ApiKeyRow) -> None:
        """Count a request; a second's worth of them may come at once. Raises RateLimited."""
        now = self._timer()
        most = max(1.0, row.requests_per_second)
        left, since = self._budgets.get(row.id, (most, now))
        left = min(most, left + (now - since) * row.requests_per_second)
        if left < 1.0:
            raise RateLimited(
                f"the API key {row.name} may send {row.requests_per_second:g} requests a second"
            )
        self._budgets[row.id] = (left - 1.0, now)


def has_key(headers: Headers) -> bool:
    """Return whether a request comes with an API key, and not with an agent's credential."""
    if headers.get("x-api-key", ""):
        return True
    try:
        key = _from_authorization(headers.get("authorization", ""))
    except CredentialsRejected:
        return False
    return _KEY.fullmatch(key) is not None


def _read(headers: Headers) -> tuple[str, str]:
    """Return the id and the secret of a request's key."""
    key = headers.get("x-api-key", "").strip() or _from_authorization(
        headers.get("authorization", "")
    )
    if not key:
        raise CredentialsMissing(
            "Send an API key: Authorization: Bearer …, the password of Basic, or X-API-Key"
        )
    prefix, _, rest = key.partition("_")
    id, _, secret = rest.partition("_")
    if prefix != PREFIX or not id or not secret or len(key) > MAX_KEY_CHARACTERS:
        raise CredentialsRejected(_REJECTED)
    return id, secret


def _from_authorization(authorization: str) -> str:
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        decoded = base64.b64decode(value.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise CredentialsRejected(_REJECTED) from None
    return decoded.partition(":")[2]


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
