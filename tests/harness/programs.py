"""Programs without an agent: a service that lets them in, and their keys and tokens."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

from tests.harness.contact_centre import ADA, ContactCentre, open_contact_centre

ISSUER = "https://login.example/company"
KEY = RSAKey.generate_key(2048, {"kid": "first", "use": "sig"})
OTHER = ECKey.generate_key("P-256", {"kid": "second", "use": "sig"})
PAGE = "https://app.example"
MAY = {
    "contacts": ("GET", f"/contacts?number={ADA.replace('+', '%2B')}"),
    "events": ("GET", "/events"),
    "lists": ("GET", "/lists/deny"),
    "roster": ("GET", "/roster"),
}
"""A request for each scope."""


def key_set(*keys: Any) -> bytes:
    return json.dumps(KeySet(list(keys)).as_dict(private=False)).encode()


@asynccontextmanager
async def open_centre_for_programs(folder: Path) -> AsyncIterator[ContactCentre]:
    (folder / "keys.json").write_bytes(key_set(KEY, OTHER))
    issuer = {
        "issuer": ISSUER,
        "audience": "callcard",
        "keys_file": str(folder / "keys.json"),
        "scopes": ["contacts", "events", "roster"],
        "requests_per_second": 50.0,
    }
    async with open_contact_centre(
        folder, token_issuers=[issuer], api={"origins": [PAGE]}
    ) as opened:
        yield opened


def program(centre: ContactCentre, credential: str = "", **headers: str) -> httpx.AsyncClient:
    given = {"Authorization": f"Bearer {credential}"} if credential else {}
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(centre.service.app),
        base_url="http://service/api/v1",
        headers={**given, **headers},
    )


def token(centre: ContactCentre, key: Any = KEY, header: Any = None, **claims: Any) -> str:
    now = int(centre.clock())
    content = {
        "iss": ISSUER,
        "aud": "callcard",
        "sub": "reports",
        "exp": now + 300,
        "scope": "events callcard.contacts callcard:lists",
        **claims,
    }
    header = header or {"alg": "RS256", "kid": "first"}
    return jwt.encode(
        header,
        {name: each for name, each in content.items() if each is not None},
        key,
        [header["alg"]],
    )


async def status_of(http: httpx.AsyncClient, scope: str) -> int:
    method, path = MAY[scope]
    return (await http.request(method, path)).status_code
