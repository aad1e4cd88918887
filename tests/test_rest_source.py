"""The REST source: a CRM that searches badly, one that misbehaves, and wrong configurations."""

from __future__ import annotations

import asyncio
import copy
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from typing import Any, ClassVar

import httpx
import msgspec
import pytest

from callcard.crm.base import ContactSource, InteractionRecord
from callcard.crm.http_auth import AuthOptions, open_auth
from callcard.crm.registry import parse_options
from callcard.crm.rest import Rest, RestOptions
from callcard.errors import OperatorError, SourceUnavailable, Unsupported
from callcard.telephony import numbers
from tests.contracts.crm import (
    INTERACTION,
    ByReferenceContract,
    CreateCaseContract,
    CreateContract,
    GetContract,
    LogContract,
    RemoveWrittenContract,
    SearchContract,
    calls,
)
from tests.contracts.http_source import HttpSourceContract
from tests.harness.ports import free_port
from tests.harness.rest_crm import CONFIGURATION, TOKEN, RestCrm
from tests.harness.serving import listening

pytestmark = pytest.mark.anyio


def open_rest(
    transport: httpx.AsyncBaseTransport | None = None,
    base_url: str = "https://crm.example",
    **changes: Any,
) -> Rest:
    configuration = {**copy.deepcopy(CONFIGURATION), "base_url": base_url, **changes}
    options = parse_options("rest", configuration)
    assert isinstance(options, RestOptions)
    return Rest(options, transport=transport)


def answering(content: Any, status: int = 200, **headers: str) -> httpx.MockTransport:
    """Return a CRM that answers every request in the same way."""
    body = content if isinstance(content, bytes) else msgspec.json.encode(content)
    headers.setdefault("content_type", "application/json")
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.MockTransport(lambda _: httpx.Response(status, content=body, headers=sent))


@pytest.fixture
def crm() -> RestCrm:
    return RestCrm()


@pytest.fixture
async def rest(anyio_backend: str, crm: RestCrm) -> AsyncIterator[Rest]:
    source = open_rest(httpx.ASGITransport(crm.app))
    yield source
    await source.close()


class TestRest(
    SearchContract,
    GetContract,
    ByReferenceContract,
    CreateContract,
    CreateCaseContract,
    LogContract,
    RemoveWrittenContract,
):
    reference: ClassVar[str] = "C-4711"

    @pytest.fixture
    def source(self, rest: Rest) -> ContactSource:
        return rest

    @pytest.fixture
    def logged(self, crm: RestCrm) -> Callable[[], Mapping[str, InteractionRecord]]:
        return lambda: {
            id: msgspec.convert(call["record"], InteractionRecord) for id, call in crm.calls.items()
        }


class TestRestFailures(HttpSourceContract):
    def open_http(self, url: str) -> ContactSource:
        auth = {"type": "bearer", "token": self.SECRET}
        return open_rest(base_url=url, auth=auth, timeout_seconds=self.TIMEOUT_SECONDS)

    async def call(self, source: ContactSource) -> None:
        await source.log(INTERACTION)


# ---- look-up


async def test_record_becomes_a_contact_with_cases_and_history(rest: Rest, crm: RestCrm) -> None:
    crm.tickets.append(
        {
            "person": "7",
            "number": "T-1",
            "title": "Leak",
            "state": "open",
            "created": "2026-03-01 09:30:00",
            "text": "cellar",
            "key": "",
        }
    )
    await rest.log(replace(INTERACTION, contact_source="rest", contact="7"))
    await rest.log(replace(INTERACTION, id="call-2", contact_source="other", contact="7"))
    (match,) = await rest.by_number(numbers.read("+442079460958", "US"))
    contact = match.contact
    assert (contact.source, contact.id, contact.name) == ("rest", "7", "Ada Lovelace")
    assert (contact.company, contact.language, contact.flags) == (
        "Analytical Engines",
        "en",
        ("VIP",),
    )
    assert contact.url == "https://engines.example/people/7"
    assert [(each.e164, each.label) for each in contact.numbers] == [
        ("+12125550123", "office"),
        ("+442079460958", ""),
    ]
    (case,) = contact.cases
    assert (case.id, case.subject, case.opened_at) == ("T-1", "Leak", "2026-03-01T09:30:00Z")
    (entry,) = contact.interactions
    assert (entry.started_at, entry.direction) == (INTERACTION.started_at, "in")
    assert (entry.subject, entry.agent, entry.duration_seconds) == ("Sale", "1001", 300)


async def test_spellings_are_tried_until_one_finds_the_number(rest: Rest, crm: RestCrm) -> None:
    (match,) = await rest.by_number(numbers.read("(212) 555-0123", "US"))
    assert match.how == "exact"
    assert [path for path in crm.paths if path.startswith("/people?")] == [
        "/people?phone=12125550123",
        "/people?phone=2125550123",
    ]


async def test_number_in_national_spelling_of_the_crm_is_found_by_its_end(
    rest: Rest, crm: RestCrm
) -> None:
    (match,) = await rest.by_number(numbers.read("+493012345678", "US"))
    assert (match.how, match.contact.name) == ("suffix", "Charles Babbage")


async def test_plus_and_space_are_escaped_in_addresses(crm: RestCrm) -> None:
    by_number = CONFIGURATION["by_number"] | {"spellings": ["international"]}
    rest = open_rest(httpx.ASGITransport(crm.app), by_number=by_number)
    await rest.by_number(numbers.read("+442079460958", "US"))
    assert crm.paths == ["/people?phone=%2B44%2020%207946%200958"]


async def test_what_the_crm_finds_beside_the_number_is_left_out() -> None:
    people = [
        {"id": id, "names": {"first": "A", "last": "B"}, "phones": [{"value": value}]}
        for id, value in enumerate(["+1 212 555 0199", "212 555 0123", "555"])
    ]
    rest = open_rest(answering({"data": people}), cases=None, history=None)
    matches = await rest.by_number(numbers.read("+12125550123", "US"))
    assert [match.contact.id for match in matches] == ["1"]


async def test_switchboard_with_thousands_of_contacts_gives_the_first_twenty() -> None:
    people = [
        {"id": id, "names": {"first": "A", "last": "B"}, "phones": [{"value": "212 555 0123"}]}
        for id in range(5_000)
    ]
    rest = open_rest(answering({"data": people}), cases=None, history=None)
    matches = await rest.by_number(numbers.read("+12125550123", "US"))
    assert len(matches) == 20


async def test_operation_that_is_not_configured_is_unsupported(rest: Rest) -> None:
    missing: dict[str, Any] = dict.fromkeys(("search", "get", "by_reference", "create", "log"))
    source = open_rest(answering([]), **missing)
    assert source.capabilities == {"by_number", "create_case"}
    for operation, call in calls(source).items():
        if operation not in source.capabilities:
            with pytest.raises(Unsupported, match=operation):
                await call()


# ---- a CRM that misbehaves


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<html>Sign in</html>", "rest sent text/html that is no JSON"),
        (b"{" * 10_000, "rest sent text/html that is no JSON"),
        (
            {"data": [{"id": 1, "names": {"first": ["A"], "last": "B"}, "phones": []}]},
            "contact.name",
        ),
        ({"data": [{"id": [1], "names": {"first": "A", "last": "B"}}]}, "contact.id gives a list"),
        ({"data": [{"names": {"first": "A", "last": "B"}}]}, "contact.id gives nothing"),
        ({"data": ["text"]}, "contact.id gives nothing"),
        (
            {"data": [{"id": 1, "names": {"first": "A", "last": "B"}, "org": {"name": {}}}]},
            "object",
        ),
        (b"x" * (2 * 1024 * 1024), "more than 1,048,576 bytes"),
    ],
)
async def test_unusable_answer_is_an_error_that_names_what_is_wrong(
    content: Any, message: str
) -> None:
    rest = open_rest(answering(content, content_type="text/html; charset=utf-8"))
    with pytest.raises(SourceUnavailable, match=message) as caught:
        await rest.by_number(numbers.read("+12125550123", "US"))
    assert "Sign in" not in caught.value.detail


async def test_hostile_values_stay_text_and_links_are_checked() -> None:
    person = {
        "id": "1/../2?x",
        "names": {"first": "<script>", "last": "alert(1)\n\n" + "x" * 10_000},
        "org": {"name": 5},
        "email": True,
        "vip": "yes",
        "phones": [{"value": "212 555 0123", "label": ["x"]}, {"value": None}, 5, "(212) 5550123"],
        "site": "javascript:alert(1)",
    }
    mapping = CONFIGURATION["contact"] | {"url": "<< record.site >>"}
    rest = open_rest(answering({"data": person}), contact=mapping, cases=None, history=None)
    (match,) = await rest.by_number(numbers.read("+12125550123", "US"))
    contact = match.contact
    assert contact.url == ""
    assert contact.name.startswith("<script> alert(1) x")
    assert len(contact.name) == 500
    assert (contact.company, contact.email, contact.flags) == ("5", "", ("VIP",))
    assert [each.number for each in contact.numbers] == ["(212) 555-0123"]


async def test_id_that_was_asked_for_must_come_back() -> None:
    rest = open_rest(answering({"id": 8, "names": {"first": "A", "last": "B"}}))
    assert await rest.get("7") is None


# ---- tokens


async def test_token_is_renewed_before_it_ends_and_when_it_is_rejected() -> None:
    tokens: list[str] = []
    ahead = 0.0
    rejected = {"token-3"}

    def respond(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token":
            assert request.content.startswith(b"grant_type=client_credentials")
            tokens.append(f"token-{len(tokens) + 1}")
            return httpx.Response(200, json={"access_token": tokens[-1], "expires_in": 100})
        token = request.headers["Authorization"].removeprefix("Bearer ")
        if token in rejected:
            return httpx.Response(401)
        return httpx.Response(200, json={"data": []})

    transport = httpx.MockTransport(respond)
    options = AuthOptions(
        type="oauth2", token_url="https://crm.example/token", client_id="c", client_secret="s"
    )
    auth = open_auth("crm", options, transport=transport, clock=lambda: time.time() + ahead)
    async with httpx.AsyncClient(transport=transport, auth=auth) as http:
        assert (await http.get("https://crm.example/a")).status_code == 200
        assert (await http.get("https://crm.example/a")).status_code == 200
        assert len(tokens) == 1
        ahead = 90.0
        await http.get("https://crm.example/a")
        assert len(tokens) == 2
        ahead = 180.0
        response = await http.get("https://crm.example/a")
        assert (response.status_code, len(tokens)) == (200, 4), "the third was rejected"


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (401, {"error": "invalid_client"}, r"refused the credentials \(invalid_client\)"),
        (200, {"token": "x"}, "gives no access token"),
        (200, b"<html>", "gives no access token"),
        (503, b"", "gives no access token"),
    ],
)
async def test_refused_token_says_what_to_check(status: int, body: Any, message: str) -> None:
    auth = {
        "type": "oauth2",
        "token_url": "https://crm.example/token",
        "client_id": "c",
        "client_secret": "s3cret",
    }
    rest = open_rest(answering(body, status), auth=auth)
    with pytest.raises(SourceUnavailable, match=message) as caught:
        await rest.by_number(numbers.read("+12125550123", "US"))
    assert "s3cret" not in caught.value.detail


# ---- configuration


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"contact": CONFIGURATION["contact"] | {"name": "a["}}, "rest: contact.name: "),
        ({"by_number": {"path": "/x", "results": "]"}}, "rest: by_number.results: "),
        ({"by_number": {"path": "/<< a"}}, "rest: by_number.path: "),
        ({"by_number": {"path": "x"}}, r"by_number.path"),
        ({"by_number": {"path": "/x", "spellings": ["e146"]}}, "did you mean e164"),
        ({"base_url": "<< settings.no >>"}, "rest: base_url can't be filled in"),
        ({"base_url": "crm.example"}, "rest: base_url must be an http"),
        ({"auth": {"type": "basic"}}, "rest: auth.username is missing"),
        ({"auth": {"type": "bearer", "token": "a\nb"}}, "auth.token must be one line"),
        ({"auth": {"type": "none", "certificate_file": "/no"}}, "rest: auth.certificate_file"),
        ({"auth": {"type": "none", "key_file": "/etc/passwd"}}, "rest: auth.key_file: every user"),
    ],
)
def test_unusable_configuration_names_the_key(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(OperatorError, match=message):
        open_rest(**changes)


async def test_wrong_credential_is_named_without_being_quoted(crm: RestCrm) -> None:
    auth = {"type": "bearer", "token": "wr0ng"}
    rest = open_rest(httpx.ASGITransport(crm.app), auth=auth)
    with pytest.raises(SourceUnavailable, match="rest responded with 401") as caught:
        await rest.by_number(numbers.read("+12125550123", "US"))
    assert "wr0ng" not in caught.value.detail
    assert TOKEN not in repr(rest._options)


# ---- real connections


async def test_source_is_reached_directly_or_by_the_proxy_of_the_environment(
    crm: RestCrm, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    caller = numbers.read("+12125550123", "US")
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    with listening((crm.app, port)):
        direct = open_rest(base_url=f"http://127.0.0.1:{port}")
        assert [match.contact.id for match in await direct.by_number(caller)] == ["7"]
        await direct.close()
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{port}")
        behind = open_rest(base_url="http://crm.invalid")
        assert [match.contact.id for match in await behind.by_number(caller)] == ["7"]
        await behind.close()
        monkeypatch.setenv("NO_PROXY", "crm.invalid")
        excluded = open_rest(base_url="http://crm.invalid")
        with pytest.raises(SourceUnavailable, match="can't be reached"):
            await excluded.by_number(caller)
        await excluded.close()


async def test_refused_and_broken_connections_are_no_timeouts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("HTTP_PROXY", raising=False)
    caller = numbers.read("+12125550123", "US")

    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    for address, kind in ((f"127.0.0.1:{port}", "ReadError"), ("127.0.0.1:1", "ConnectError")):
        source = open_rest(base_url=f"http://{address}")
        with pytest.raises(SourceUnavailable, match=f"can't be reached \\({kind}\\)"):
            await source.by_number(caller)
        await source.close()
    server.close()
