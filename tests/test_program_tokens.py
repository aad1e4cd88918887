"""Signed tokens (JWT) of programs: which are accepted, and where their keys come from."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import OKPKey, RSAKey

from callcard.api import program_tokens
from callcard.api.program_tokens import ProgramTokens
from callcard.app import create_app
from callcard.errors import CallcardError, IssuerUnavailable, SettingsError
from callcard.issuer_keys import fetch_keys
from callcard.settings import Settings
from callcard.settings_sections import TokenIssuer
from tests.harness.api_keys import make_key
from tests.harness.contact_centre import ContactCentre
from tests.harness.ports import free_port
from tests.harness.programs import (
    ISSUER,
    KEY,
    MAY,
    OTHER,
    key_set,
    open_centre_for_programs,
    program,
    status_of,
    token,
)
from tests.harness.serving import serving

pytestmark = pytest.mark.anyio


@pytest.fixture
async def centre(tmp_path: Path) -> AsyncIterator[ContactCentre]:
    async with open_centre_for_programs(tmp_path) as opened:
        yield opened


async def test_token_permits_what_it_and_its_issuer_name(centre: ContactCentre) -> None:
    async with program(centre, token(centre)) as http:
        assert {each: await status_of(http, each) for each in MAY} == {
            "contacts": 200,
            "events": 200,
            "lists": 403,  # the issuer may not grant it
            "roster": 403,  # the token does not name it
        }
        assert (await http.get("/me")).status_code == 403


async def test_forms_of_tokens_that_are_accepted(centre: ContactCentre) -> None:
    forms = [
        token(centre, aud=["other", "callcard"]),
        token(centre, scope=None, scp="events"),
        token(centre, scope=None, scp=["events"]),
        token(centre, nbf=int(centre.clock()) + 20),
        token(centre, exp=int(centre.clock()) - 20),  # clocks differ
        token(centre, sub=None, client_id="reports"),
        token(centre, key=OTHER, header={"alg": "ES256", "kid": "second"}),
    ]
    for each in forms:
        async with program(centre, each) as http:
            assert await status_of(http, "events") == 200


async def test_tokens_that_are_refused(centre: ContactCentre) -> None:
    now = int(centre.clock())
    stranger = RSAKey.generate_key(2048, {"kid": "first"})
    header, payload, signature = token(centre).split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none","kid":"first"}').rstrip(b"=").decode()
    # Signed with the public key as if it were a shared secret.
    confused = base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"first"}').rstrip(b"=").decode()
    mac = hmac.digest(KEY.as_pem(private=False), f"{confused}.{payload}".encode(), "sha256")
    refused = [
        token(centre, aud="another"),
        token(centre, aud=None),
        token(centre, exp=now - 31),
        token(centre, exp=None),
        token(centre, exp="tomorrow"),
        token(centre, exp=True),
        token(centre, nbf=now + 40),
        token(centre, key=stranger),
        token(centre, header={"alg": "RS256", "kid": "third"}),
        f"{confused}.{payload}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}",
        f"{none}.{payload}.",
        f"{header}.{payload}.{signature[:-4]}AAAA",
        f"{header}.{payload}.",
    ]
    for each in refused:
        async with program(centre, each) as http:
            answer = await http.get("/events")
            assert (answer.status_code, answer.json()["code"]) == (401, "credentials-rejected")
            assert each not in answer.text
    # A token of another issuer counts as an agent's.
    async with program(centre, token(centre, iss="https://other.example")) as http:
        assert (await http.get("/events")).json()["code"] == "credentials-missing"
    assert [path for path in await centre.finesse.requests() if "User" in path] == []


async def test_token_has_a_limit_of_requests(centre: ContactCentre) -> None:
    async with program(centre, token(centre)) as http:
        statuses = [await status_of(http, "events") for _ in range(60)]
        assert set(statuses) == {200, 429}
        refused = await http.get("/events")
        assert refused.headers["retry-after"] == "1"


async def test_keys_without_an_id_and_those_that_cannot_be_used() -> None:
    """Providers publish keys that are for others, too."""
    claims = {"iss": ISSUER, "aud": "callcard", "exp": 2000, "scope": "events"}
    edwards = OKPKey.generate_key("Ed25519")
    published = json.loads(key_set(KEY, OTHER, edwards))
    published["keys"][0:0] = [{"kty": "EC", "crv": "BP-256", "x": "AA", "y": "AA"}, {"kty": "?"}, 1]

    async def fetch(url: str) -> bytes:
        return json.dumps(published).encode()

    tokens = ProgramTokens([issuer_settings()], fetch, lambda: 1000.0)
    with pytest.warns(SecurityWarning):  # the name is old, and in use
        old_name = jwt.encode({"alg": "EdDSA"}, claims, edwards, ["EdDSA"])
    new_name = jwt.encode({"alg": "Ed25519"}, claims, edwards, ["Ed25519"])
    elliptic = jwt.encode({"alg": "ES256"}, claims, OTHER)
    for signed in (jwt.encode({"alg": "RS256"}, claims, KEY), elliptic, old_name, new_name):
        assert (await tokens.authenticate(signed, "events")).expires_at == 2000
    stranger = jwt.encode({"alg": "RS256"}, claims, RSAKey.generate_key(2048))
    with pytest.raises(CallcardError, match="not signed by a key of its issuer"):
        await tokens.authenticate(stranger, "events")


async def test_valid_tokens_do_not_wait_for_a_provider_that_hangs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(program_tokens, "RETRY_SECONDS", 0.0)
    hangs = asyncio.Event()

    async def fetch(url: str) -> bytes:
        if hangs.is_set():
            await asyncio.sleep(3600)
        return key_set(KEY)

    tokens = ProgramTokens([issuer_settings()], fetch, lambda: 1000.0)
    claims = {"iss": ISSUER, "aud": "callcard", "exp": 2000, "scope": "events"}
    valid = jwt.encode({"alg": "RS256", "kid": "first"}, claims, KEY)
    await tokens.authenticate(valid, "events")
    hangs.set()
    forged = asyncio.create_task(
        tokens.authenticate(jwt.encode({"alg": "RS256", "kid": "?"}, claims, KEY), "events")
    )
    await asyncio.sleep(0)
    monkeypatch.setattr(program_tokens, "KEYS_SECONDS", 0.0)  # it is time to fetch them again
    async with asyncio.timeout(2):
        for _ in range(3):
            await tokens.authenticate(valid, "events")
    assert not forged.done()
    forged.cancel()


async def test_token_of_an_agent_is_theirs_although_the_issuer_has_programs(
    centre: ContactCentre,
) -> None:
    http = program(centre, token(centre), **{"X-Finesse-User": "1001"})
    async with http:
        refused = await http.get("/me")
    assert refused.json()["code"] == "credentials-rejected"
    assert any("User/1001" in path for path in await centre.finesse.requests()), "by Finesse"


@pytest.mark.parametrize("cut", [1, 8])
async def test_damaged_key_is_not_presented_to_finesse(centre: ContactCentre, cut: int) -> None:
    key = await make_key(centre, "events")
    for damaged in (key[:-cut], key + "0" * cut, key.upper().replace("CALLCARD", "callcard")):
        async with program(centre) as http:
            for headers in (
                {"Authorization": f"Bearer {damaged}"},
                {"Authorization": f"Basic {base64.b64encode(f'1001:{damaged}'.encode()).decode()}"},
                {"X-API-Key": damaged},
            ):
                refused = await http.get("/events", headers=headers)
                assert refused.status_code == 401
                assert "not copied as a whole" in refused.json()["detail"]
                assert damaged not in refused.text
    assert [path for path in await centre.finesse.requests() if "User" in path] == []


@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda data: data.decode("latin-1")))
async def test_any_text_is_a_token_or_refused(text: str) -> None:
    tokens = ProgramTokens([issuer_settings()], no_keys)
    part = base64.urlsafe_b64encode(json.dumps({"iss": ISSUER}).encode()).rstrip(b"=").decode()
    for each in (text, f"{text}.{text}.{text}", f"{text}.{part}.{text}"):
        tokens.is_known(each)
        with pytest.raises(CallcardError):
            await tokens.authenticate(each, "events")


def issuer_settings() -> TokenIssuer:
    keys_url = "https://login.example/keys"
    return TokenIssuer(issuer=ISSUER, audience="callcard", scopes=("events",), keys_url=keys_url)


async def no_keys(url: str) -> bytes:
    raise IssuerUnavailable("nobody answers")


async def test_keys_are_fetched_once_and_again_for_a_new_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    published: list[Any] = [KEY]
    fetched = []

    async def fetch(url: str) -> bytes:
        fetched.append(url)
        await asyncio.sleep(0)
        return key_set(*published)

    tokens = ProgramTokens([issuer_settings()], fetch, lambda: 1000.0)
    claims = {"iss": ISSUER, "aud": "callcard", "exp": 2000, "scope": "events"}
    first = jwt.encode({"alg": "RS256", "kid": "first"}, claims, KEY)
    await asyncio.gather(*(tokens.authenticate(first, "events") for _ in range(5)))
    assert len(fetched) == 1
    third = OKPKey.generate_key("Ed25519", {"kid": "third"})
    published.append(third)
    new = jwt.encode({"alg": "Ed25519", "kid": "third"}, claims, third, ["Ed25519"])
    with pytest.raises(CallcardError):  # a moment after the last attempt
        await tokens.authenticate(new, "events")
    monkeypatch.setattr(program_tokens, "RETRY_SECONDS", 0.0)
    assert (await tokens.authenticate(new, "events")).expires_at == 2000
    assert len(fetched) == 2


async def test_keys_in_use_outlast_a_provider_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program_tokens, "RETRY_SECONDS", 0.0)
    monkeypatch.setattr(program_tokens, "KEYS_SECONDS", 0.0)
    answers = [b"<html>", key_set(KEY), b"[]", b'{"keys": []}', b'{"keys": 1}', b"\xff"]
    tokens = ProgramTokens([issuer_settings()], lambda url: next_answer(), lambda: 1000.0)

    async def next_answer() -> bytes:
        return answers.pop(0)

    claims = {"iss": ISSUER, "aud": "callcard", "exp": 2000, "scope": "events"}
    valid = jwt.encode({"alg": "RS256", "kid": "first"}, claims, KEY)
    with pytest.raises(IssuerUnavailable):
        await tokens.authenticate(valid, "events")
    for _ in range(5):
        assert (await tokens.authenticate(valid, "events")).subject == ISSUER


async def test_keys_are_fetched_over_http_within_bounds(tmp_path: Path) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        status, body = {
            "/keys": (200, key_set(KEY)),
            "/large": (200, b"x" * 300_000),
            "/moved": (302, b""),
        }.get(scope["path"], (404, b""))
        headers = [(b"location", b"/keys")] if status == 302 else []
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    port = free_port()
    url = f"http://127.0.0.1:{port}"
    async with serving(app, port):
        assert await fetch_keys(f"{url}/keys") == key_set(KEY)
        for path in ("large", "moved", "none"):
            with pytest.raises(IssuerUnavailable):
                await fetch_keys(f"{url}/{path}")
    with pytest.raises(IssuerUnavailable):
        await fetch_keys(f"{url}/keys")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"keys_file": ""}, "give one of keys_url and keys_file"),
        ({"keys_url": "https://x"}, "give one of keys_url and keys_file"),
        ({"keys_file": "", "keys_url": "http://login.example/keys"}, "token_issuers.keys_url"),
        ({"keys_file": "none.json"}, "token_issuers.keys_file none.json"),
        ({"keys_file": __file__}, "no set of keys"),
        ({"scopes": ["everything"]}, "token_issuers.scopes"),
        ({"scopes": []}, "token_issuers"),
        ({"secret": "x"}, "there is no setting token_issuers.secret"),
    ],
)
def test_issuer_that_cannot_be_used(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_bytes(key_set(KEY))
    issuer = {
        "issuer": ISSUER,
        "audience": "callcard",
        "scopes": ["events"],
        "keys_file": str(tmp_path / "keys.json"),
        **changes,
    }
    sources = [{"kind": "local", "path": str(tmp_path / "contacts.sqlite")}]
    with pytest.raises(SettingsError, match=message):
        create_app(Settings.decode({"token_issuers": [issuer], "sources": sources}))
