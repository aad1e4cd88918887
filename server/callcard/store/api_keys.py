"""The row of an API key."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyRow:
    """A key of a program that has no agent."""

    id: str
    name: str
    secret_hash: str
    """SHA-256 of the secret part, in hexadecimal: the secret itself is random and long."""
    scopes: tuple[str, ...]
    requests_per_second: float
    created_at: float
    expires_at: float | None = None
    revoked_at: float | None = None
    last_used_at: float | None = None
    """To within some minutes."""

    def has_ended(self, now: float) -> bool:
        """Return whether the key is revoked or expired."""
        has_expired = self.expires_at is not None and self.expires_at <= now
        return has_expired or self.revoked_at is not None
