"""Passwords, single sign-on tokens, and the lockout after five wrong passwords in a row."""

from __future__ import annotations

import base64
import hmac
import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from finesse_sandbox.api_errors import ApiError
from finesse_sandbox.site import User
from finesse_sandbox.telephony.agents import Agents

LOCKOUT_ATTEMPTS = 5
LOCKOUT_SECONDS = 300.0
TOKEN_SECONDS = 300.0
MAX_TOKENS = 1000


@dataclass(frozen=True, slots=True)
class Token:
    user: str
    access: str
    refresh: str
    expires_at: float
    """On the accounts' clock."""


@dataclass(frozen=True, slots=True)
class _FailedAttempts:
    count: int = 0
    last_at: float = 0.0


@dataclass
class Accounts:
    agents: Agents
    clock: Callable[[], float] = time.monotonic
    token_seconds: float = TOKEN_SECONDS
    _failed: dict[str, _FailedAttempts] = field(default_factory=dict)
    _tokens: dict[str, Token] = field(default_factory=dict)

    def authenticate(self, authorization: str) -> User:
        """Return the user of an Authorization header. Raises ApiError 401."""
        scheme, _, value = authorization.partition(" ")
        if scheme.lower() == "bearer":
            token = self._tokens.get(value.strip())
            if token is None or self._is_expired(token):
                raise ApiError(401, "Authorization Failure", "UNAUTHORIZED")
            return self.agents.users[token.user]
        if scheme.lower() != "basic":
            return self.verify_password("", "")
        try:
            id, _, password = base64.b64decode(value, validate=True).decode().partition(":")
        except ValueError:
            return self.verify_password("", "")
        return self.verify_password(id, password)

    def verify_password(self, id: str, secret: str) -> User:
        """Return the user with this password. Raises ApiError 401.

        An access token is accepted in place of the password, as Finesse's notification service
        accepts it.
        """
        user = self.agents.by_login(id)
        if user is None:
            raise ApiError(401, "Authorization Failure", "UNAUTHORIZED", id)
        token = self._tokens.get(secret)
        if token is not None and token.user == user.id and not self._is_expired(token):
            return user
        failed = self._failed.get(id, _FailedAttempts())
        is_locked = (
            failed.count >= LOCKOUT_ATTEMPTS and self.clock() - failed.last_at < LOCKOUT_SECONDS
        )
        is_right = hmac.compare_digest(user.password.encode(), secret.encode())
        if is_locked or not is_right:
            if not is_locked:
                count = failed.count % LOCKOUT_ATTEMPTS + 1
                self._failed[id] = _FailedAttempts(count, self.clock())
            raise ApiError(401, "Authorization Failure", "UNAUTHORIZED", id)
        self._failed.pop(id, None)
        return user

    # ---- single sign-on

    def issue_token(self, user: User) -> Token:
        """Return a new pair of tokens. They look real, but only the sandbox accepts them."""
        token = Token(
            user.id,
            _json_web_token(user.id, self.token_seconds),
            secrets.token_urlsafe(32),
            self.clock() + self.token_seconds,
        )
        self._tokens[token.access] = token
        while len(self._tokens) > MAX_TOKENS:
            oldest = next(iter(self._tokens))
            del self._tokens[oldest]
        return token

    def refresh_token(self, refresh: str) -> Token | None:
        """Return a new pair for a refresh token, or None if it is unknown.

        The old access token stays valid until it expires.
        """
        sent = refresh.encode("utf-8", "replace")
        for token in self._tokens.values():
            if hmac.compare_digest(token.refresh.encode(), sent):
                return self.issue_token(self.agents.users[token.user])
        return None

    def expire_tokens(self, user: str = "") -> None:
        """Expire every access token of a user, or of all users."""
        for access, token in list(self._tokens.items()):
            if user in ("", token.user):
                self._tokens[access] = replace(token, expires_at=self.clock() - 1)

    def reset(self) -> None:
        self._failed.clear()
        self._tokens.clear()

    def _is_expired(self, token: Token) -> bool:
        return token.expires_at < self.clock()


def _json_web_token(user: str, seconds: float) -> str:
    header = {"alg": "none", "typ": "JWT"}
    claims = {
        "sub": user,
        "exp": int(time.time() + seconds),
        "iss": "finesse-sandbox",
        "jti": secrets.token_hex(16),
    }
    return f"{_base64url(header)}.{_base64url(claims)}.{secrets.token_urlsafe(16)}"


def _base64url(content: Mapping[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")
