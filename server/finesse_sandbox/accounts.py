"""The stand-in's passwords and tokens, and the lockout: five wrong ones in a row, then five minutes of nothing."""

from __future__ import annotations

import base64
import hmac
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from finesse_sandbox.site import Refusal, User
from finesse_sandbox.telephony.agents import Agents

WRONG_PASSWORDS = 5
LOCKED_SECONDS = 300.0
TOKEN_SECONDS = 300.0
TOKENS = 1000


@dataclass(frozen=True, slots=True)
class Token:
    user: str
    access: str
    refresh: str
    until: float


@dataclass
class Accounts:
    agents: Agents
    clock: Callable[[], float] = time.monotonic
    token_seconds: float = TOKEN_SECONDS
    _wrong: dict[str, tuple[int, float]] = field(default_factory=dict)
    _tokens: dict[str, Token] = field(default_factory=dict)

    def admit(self, authorization: str) -> User:
        """Whose header this is. Raises Refusal 401."""
        scheme, _, value = authorization.partition(" ")
        if scheme.lower() == "bearer":
            token = self._tokens.get(value.strip())
            if token is None or token.until < self.clock():
                raise Refusal(401, "Authorization Failure", "UNAUTHORIZED")
            return self.agents.users[token.user]
        try:
            id, _, password = base64.b64decode(value, validate=True).decode().partition(":")
        except ValueError:
            id = password = ""
        return self.check(id if scheme.lower() == "basic" else "", password)

    def check(self, id: str, secret: str) -> User:
        """Who signs in with a password, or, to the notification service, with a token in its place. Raises Refusal 401."""
        user = self.agents.by_login(id)
        token = self._tokens.get(secret)
        if (
            user is not None
            and token is not None
            and token.user == user.id
            and token.until >= self.clock()
        ):
            return user
        count, since = self._wrong.get(id, (0, 0.0))
        locked = count >= WRONG_PASSWORDS and self.clock() - since < LOCKED_SECONDS
        if (
            user is None
            or locked
            or not hmac.compare_digest(user.password.encode(), secret.encode())
        ):
            if user is not None and not locked:
                self._wrong[id] = (count % WRONG_PASSWORDS + 1, self.clock())
            raise Refusal(401, "Authorization Failure", "UNAUTHORIZED", id)
        self._wrong.pop(id, None)
        return user

    # ---- single sign-on

    def issue(self, user: User) -> Token:
        """A new pair of tokens; they look like the real ones, and mean something only here."""
        token = Token(
            user.id,
            _jwt(user.id, self.token_seconds),
            secrets.token_urlsafe(32),
            self.clock() + self.token_seconds,
        )
        self._tokens[token.access] = token
        while len(self._tokens) > TOKENS:
            del self._tokens[next(iter(self._tokens))]
        return token

    def refresh(self, refresh: str) -> Token | None:
        """A new pair for an old one; None if nobody has it. The old access token lives on to its end."""
        known = next(
            (
                token
                for token in self._tokens.values()
                if hmac.compare_digest(token.refresh.encode(), refresh.encode("utf-8", "replace"))
            ),
            None,
        )
        return None if known is None else self.issue(self.agents.users[known.user])

    def expire(self, user: str = "") -> None:
        """Every access token of `user`, or of everybody, is over."""
        for access, token in list(self._tokens.items()):
            if user in ("", token.user):
                self._tokens[access] = Token(
                    token.user, token.access, token.refresh, self.clock() - 1
                )

    def reset(self) -> None:
        self._wrong.clear()
        self._tokens.clear()


def _jwt(user: str, seconds: float) -> str:
    claims = {
        "sub": user,
        "exp": int(time.time() + seconds),
        "iss": "stand-in",
        "jti": secrets.token_hex(16),
    }
    parts = (json.dumps({"alg": "none", "typ": "JWT"}), json.dumps(claims))
    return ".".join(
        [
            *(base64.urlsafe_b64encode(p.encode()).decode().rstrip("=") for p in parts),
            secrets.token_urlsafe(16),
        ]
    )
