"""Signed tokens (JWT, RFC 7519) with which a company's identity provider lets programs in.

An issuer's tokens are accepted if they are signed with one of its keys, are for the configured
audience and have not expired. Their claim `scope`, or `scp`, names what the program may do, as in
`callcard.events` or `events`; the configuration says what the issuer may grant at most.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import logging
import time
import warnings
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from callcard.api.api_keys import lacks
from callcard.errors import CredentialsRejected, IssuerUnavailable, NotPermitted, SettingsError
from callcard.extras import requires_extras
from callcard.settings_sections import TokenIssuer

if TYPE_CHECKING:
    from joserfc.jwk import KeySet

log = logging.getLogger(__name__)

ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "EdDSA", "Ed25519"),
)
"""Asymmetric signatures only: the key that checks one cannot make one."""
LEEWAY_SECONDS = 30
"""For clocks that differ."""
KEYS_SECONDS = 3600.0
"""How long fetched keys are used before they are fetched again; while that fails, the old ones."""
RETRY_SECONDS = 30.0
"""Between attempts, also after a token with an unknown key."""
MAX_TOKEN_CHARACTERS = 8192
MAX_SUBJECT_CHARACTERS = 100
_PREFIXES = ("callcard.", "callcard:")

FetchKeys = Callable[[str], Awaitable[bytes]]
"""Returns what is at a URL. Raises IssuerUnavailable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenClaims:
    issuer: str
    subject: str
    scopes: frozenset[str]
    expires_at: float
    requests_per_second: float


class ProgramTokens:
    """`fetch` is used for issuers with a `keys_url`. Raises SettingsError for unusable keys."""

    def __init__(
        self,
        issuers: Sequence[TokenIssuer],
        fetch: FetchKeys,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if issuers:
            with requires_extras("tokens"):
                import joserfc  # noqa: F401 - now, rather than with the first token
        self._issuers = {each.issuer: _Issuer(each, fetch) for each in issuers}
        self._clock = clock

    def is_known(self, token: str) -> bool:
        """Return whether a token says that it is one of the issuers', whether or not it is."""
        return bool(self._issuers) and self._issuer_of(token) is not None

    async def authenticate(self, token: str, scope: str) -> TokenClaims:
        """Return what a token says. Raises CredentialsRejected, IssuerUnavailable, or NotPermitted
        if it does not grant `scope`."""
        issuer = self._issuer_of(token)
        if issuer is None:
            raise CredentialsRejected("this token is of no issuer in [[token_issuers]]")
        claims = _read_claims(await issuer.verify(token), issuer.settings, self._clock())
        if scope not in claims.scopes:
            raise NotPermitted(f"the token of {claims.subject} {lacks(scope)}")
        return claims

    def _issuer_of(self, token: str) -> _Issuer | None:
        if token.count(".") != 2 or len(token) > MAX_TOKEN_CHARACTERS:
            return None
        issuer = _read_part(token.split(".")[1]).get("iss")
        return self._issuers.get(issuer) if isinstance(issuer, str) else None


class _Issuer:
    """An issuer and its keys."""

    def __init__(self, settings: TokenIssuer, fetch: FetchKeys) -> None:
        self.settings = settings
        self._fetch = fetch
        self._keys: KeySet | None = _read_keys_file(settings) if settings.keys_file else None
        self._fetched_at = -KEYS_SECONDS
        self._tried_at = -RETRY_SECONDS
        self._fetching = asyncio.Lock()
        self._refresh: asyncio.Task[None] | None = None

    async def verify(self, token: str) -> dict[str, Any]:
        """Return the claims of a token with a right signature. Raises CredentialsRejected,
        IssuerUnavailable."""
        from joserfc.jwk import KeySet

        header = _read_part(token.partition(".")[0])
        kid = header.get("kid")
        keys = await self._current_keys()
        if isinstance(kid, str) and kid not in {key.kid for key in keys.keys}:
            keys = await self._newer_keys(keys)
        for candidate in [keys] if kid else [KeySet([key]) for key in keys.keys]:
            claims = _decode(token, candidate)
            if claims is not None:
                return claims
        raise CredentialsRejected(
            "this token is not valid: it is not signed by a key of its issuer that it names "
            f"(kid {str(kid)[:40]!r}, alg {str(header.get('alg'))[:20]!r})"
        )

    async def _current_keys(self) -> KeySet:
        """Return the keys. Old ones are used while they are fetched again: nobody waits."""
        if self._keys is None:
            await self._fetch_once()
        elif self.settings.keys_url and self._is_old and self._may_try:
            self._refresh = asyncio.create_task(self._fetch_once())
        if self._keys is None:
            raise IssuerUnavailable(
                f"the keys of {self.settings.issuer} can't be read; try again in half a minute"
            )
        return self._keys

    async def _newer_keys(self, keys: KeySet) -> KeySet:
        """Fetch the keys for one that was not there when they were fetched."""
        if self.settings.keys_url:
            await self._fetch_once()
        return self._keys or keys

    @property
    def _is_old(self) -> bool:
        return asyncio.get_running_loop().time() - self._fetched_at >= KEYS_SECONDS

    @property
    def _may_try(self) -> bool:
        return asyncio.get_running_loop().time() - self._tried_at >= RETRY_SECONDS

    async def _fetch_once(self) -> None:
        """Fetch the keys, unless that was tried a moment ago; one request for all that wait."""
        async with self._fetching:
            if not self._may_try:
                return
            self._tried_at = asyncio.get_running_loop().time()
            try:
                self._keys = read_keys(await self._fetch(self.settings.keys_url))
                self._fetched_at = asyncio.get_running_loop().time()
            except (IssuerUnavailable, ValueError) as error:
                log.warning("keys of the issuer %s: %s", self.settings.issuer, error)


def _decode(token: str, keys: KeySet) -> dict[str, Any] | None:
    """Return the claims of a token that is signed with one of the keys; None if it is not."""
    from joserfc import jwt
    from joserfc.errors import JoseError, SecurityWarning

    try:
        with warnings.catch_warnings():
            # RFC 9864 renames EdDSA; providers still use the old name.
            warnings.simplefilter("ignore", SecurityWarning)
            return jwt.decode(token, keys, algorithms=ALGORITHMS).claims
    except (JoseError, ValueError, TypeError, KeyError, RecursionError):
        return None


def read_keys(content: bytes) -> KeySet:
    """Read a set of keys (JWKS, RFC 7517) without those that cannot be used. Raises ValueError."""
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet, import_key

    try:
        given = json.loads(content)["keys"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"this is no set of keys (JWKS): {error!r}") from None
    keys = []
    for each in given if isinstance(given, list) else []:
        try:
            keys.append(import_key(each))
        except (JoseError, ValueError, KeyError, TypeError, AttributeError) as error:
            log.warning("a key was left out, which Callcard cannot use: %r", error)
    if not keys:
        raise ValueError("this is no set of keys (JWKS) of which one can be used")
    return KeySet(keys)


def _read_keys_file(settings: TokenIssuer) -> KeySet:
    try:
        return read_keys(Path(settings.keys_file).read_bytes())
    except (OSError, ValueError) as error:
        raise SettingsError(f"token_issuers.keys_file {settings.keys_file}: {error}") from error


def _read_part(part: str) -> dict[str, Any]:
    """Return the content of a token's header or payload, which nobody has checked; empty if it
    cannot be read."""
    try:
        content = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _read_claims(claims: dict[str, Any], issuer: TokenIssuer, now: float) -> TokenClaims:
    """Check the claims of a token (RFC 7519, section 4.1). Raises CredentialsRejected."""
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if claims.get("iss") != issuer.issuer or issuer.audience not in audiences:
        raise CredentialsRejected(f"this token is not for the audience {issuer.audience}")
    expires_at = _read_time(claims.get("exp"))
    not_before = _read_time(claims.get("nbf", 0))
    if expires_at is None or not_before is None:
        raise CredentialsRejected("this token does not say in numbers until when it is valid")
    if expires_at + LEEWAY_SECONDS <= now or not_before - LEEWAY_SECONDS > now:
        raise CredentialsRejected("this token has expired, or is not valid yet")
    given = claims.get("scope") or claims.get("scp") or ""
    names = given.split() if isinstance(given, str) else given if isinstance(given, list) else []
    granted = {_without_prefix(each) for each in names if isinstance(each, str)}
    subject = claims.get("sub") or claims.get("client_id") or claims.get("azp") or issuer.issuer
    return TokenClaims(
        issuer=issuer.issuer,
        subject=" ".join(str(subject).split())[:MAX_SUBJECT_CHARACTERS],
        scopes=frozenset(granted & set(issuer.scopes)),
        expires_at=expires_at,
        requests_per_second=issuer.requests_per_second,
    )


def _read_time(value: Any) -> float | None:
    """Return seconds since the epoch; None for anything else."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and abs(value) < 1e12 else None


def _without_prefix(scope: str) -> str:
    for prefix in _PREFIXES:
        scope = scope.removeprefix(prefix)
    return scope
