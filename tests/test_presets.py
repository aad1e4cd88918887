"""Presets: each asks for what it needs, sends what the vendor documents, and reads its answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

import httpx
import msgspec
import pytest

from callcard.crm import presets
from callcard.crm.odata import OData, ODataOptions
from callcard.crm.open_sources import check_sources, read_configurations
from callcard.crm.registry import parse_options
from callcard.crm.rest import Rest, RestOptions
from callcard.errors import OperatorError
from callcard.settings import Settings
from callcard.telephony import numbers
from tests.conftest import ROOT
from tests.contracts.crm import INTERACTION
from tests.harness.preset_samples import SAMPLES
from tests.harness.secret_files import write_secret

pytestmark = pytest.mark.anyio

CALLER = numbers.read("+4930123456", "DE")
MAX_LINES = 60
DOCUMENTED = [name for name, preset in presets.describe() if preset.proved != "real server"]
"""The others are tested on the CRM itself."""

GIVEN = {
    "app": "app",
    "company": "acme",
    "domain": "acme",
    "environment": "acme.crm4",
    "host": "acme.odoo.com",
    "instance": "acme",
    "portal": "42",
    "region": "eu",
    "site": "https://crm.acme.example",
    "subdomain": "acme",
    "tenant": "t",
    "unknown_partner": "1",
}


def given(preset: str) -> dict[str, str]:
    """Return what a customer writes for a preset."""
    needs = presets.load(preset).needs
    table = {key: GIVEN.get(key, "s3cret") for key in needs if needs[key].default is None}
    if preset == "salesforce":
        table["domain"] = "acme.my"
    return table | ({"app": "app"} if "app" in needs else {})


class Vendor:
    """Answers look-ups with a sample, token requests with a token, and records what is sent."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.sent: list[str] = []
        self.writes: list[tuple[str, str, Any]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if "token" in path and request.method == "POST":
            return httpx.Response(200, json={"access_token": "t0ken", "token_type": "Bearer"})
        assert request.headers[
            "Authorization" if "x-api-token" not in request.headers else "x-api-token"
        ]
        query = request.url.query.decode()
        assert "+" not in query, "a plus would be a space"
        self.sent.append(f"{path}?{unquote(query)} {request.content.decode()}")
        if request.method in ("PUT", "PATCH") or (
            request.method == "POST" and "search" not in path
        ):
            self.writes.append((request.method, path, msgspec.json.decode(request.content)))
            return httpx.Response(201, json={})
        is_search = len(self.sent) == 1
        return httpx.Response(200, json=self.answer if is_search else {})


def open_preset(
    name: str,
    vendor: Callable[[httpx.Request], httpx.Response],
    changes: Mapping[str, Any] | None = None,
) -> Rest:
    kind, options = presets.expand(name, {**given(name), **(changes or {})})
    parsed = parse_options(kind, {"country": "DE", **options})
    transport = httpx.MockTransport(vendor)
    if isinstance(parsed, ODataOptions):
        return OData(parsed, name, transport=transport)
    assert isinstance(parsed, RestOptions)
    return Rest(parsed, name, transport=transport)


def test_every_preset_has_a_sample_and_is_short() -> None:
    assert set(DOCUMENTED) == set(SAMPLES)
    for name in presets.names():
        lines = (presets.FOLDER / f"{name}.toml").read_text("utf-8").splitlines()
        assert len(lines) <= MAX_LINES, name


@pytest.mark.parametrize("name", DOCUMENTED)
async def test_preset_finds_the_caller_as_the_vendor_documents(name: str) -> None:
    sample = SAMPLES[name]
    vendor = Vendor(sample.answer)
    source = open_preset(name, vendor)
    (match,) = await source.by_number(CALLER)
    await source.close()
    found = match.contact
    assert sample.search in vendor.sent[0]
    assert "+4930123456" in [each.e164 for each in found.numbers]
    assert (found.source, found.id, found.name, found.company, found.email, found.url) == (
        sample.contact.source,
        sample.contact.id,
        sample.contact.name,
        sample.contact.company,
        sample.contact.email,
        sample.contact.url,
    )
    assert found.flags == ()


@pytest.mark.parametrize("name", DOCUMENTED)
async def test_every_operation_of_a_preset_can_be_sent(name: str) -> None:
    source = open_preset(name, Vendor({}))
    hostile = "O'Brien {x} ^ & \\ % \" <b>"
    assert await source.search(hostile, 5) == []
    assert await source.get("1/../2") is None
    if "by_reference" in source.capabilities:
        assert await source.by_reference(hostile) is None
    if "log" in source.capabilities:
        await source.log(INTERACTION)
    await source.close()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("salesforce", {"CallType": "Inbound", "CallDurationInSeconds": 295, "WhoId": None}),
        ("odoo", {"ids": [1], "subtype_xmlid": "mail.mt_note"}),
        ("zoho", {"duplicate_check_fields": ["Callcard_ID"]}),
        ("dynamics", {"directioncode": False, "actualdurationminutes": 5}),
    ],
)
async def test_logged_call_has_the_vendors_fields(name: str, expected: dict[str, Any]) -> None:
    vendor = Vendor({})
    source = open_preset(name, vendor)
    await source.log(INTERACTION)
    await source.log(INTERACTION)
    await source.close()
    (first, second) = vendor.writes
    assert first == second, "the same id: a repetition replaces"
    assert first[2] | expected == first[2]


def test_preset_says_what_is_missing(settings: Settings) -> None:
    def check(**table: str) -> None:
        changed = msgspec.structs.replace(settings, sources=({"kind": "hubspot", **table},))
        check_sources(changed)

    with pytest.raises(OperatorError, match=r"hubspot needs portal, account id.*; give portal = …"):
        check()
    with pytest.raises(OperatorError, match=r"needs token.*; give token_file or token_env"):
        check(portal="42")
    with pytest.raises(OperatorError, match="hubspot has no option 'portl'; did you mean portal"):
        check(portal="42", token="t", portl="43")
    check(portal="42", token="t")


def test_customer_may_replace_parts_of_a_preset(settings: Settings) -> None:
    table: dict[str, Any] = {"kind": "zendesk", "name": "support", **given("zendesk")}
    table["contact"] = {"flags": "tags[?@ == 'vip']"}
    (source,) = read_configurations(msgspec.structs.replace(settings, sources=(table,)))
    assert (source.name, source.kind) == ("support", "rest")
    assert source.options["contact"]["flags"] == "tags[?@ == 'vip']"
    assert source.options["contact"]["name"] == "name"


def test_secrets_of_sources_come_from_files_or_the_environment(tmp_path: Any) -> None:
    write_secret(tmp_path / "token", "pat-1\n")
    file = tmp_path / "callcard.toml"

    def read(line: str) -> Settings:
        file.write_text(f'[[sources]]\nkind = "hubspot"\nportal = "42"\n{line}\n')
        return Settings.read(file, {"HUBSPOT_TOKEN": "pat-2"})

    assert read('token_file = "token"').sources[0]["token"] == "pat-1"
    assert read('token_env = "HUBSPOT_TOKEN"').sources[0]["token"] == "pat-2"
    for line, message in [
        ('token = "pat-3"', r"sources\[0\].token is a secret: .*token_file"),
        ('token_file = "nowhere"', r"sources\[0\].token_file: .*nowhere"),
        ('token_env = "NOWHERE"', "the environment has no variable NOWHERE"),
        ('auth.password = "x"', r"sources\[0\].auth.password is a secret"),
    ]:
        with pytest.raises(OperatorError, match=message):
            read(line)


def test_table_of_presets_is_current() -> None:
    readme = (ROOT / "server" / "callcard" / "crm" / "README.md").read_text("utf-8")
    for name, preset in presets.describe():
        assert f"| `{name}` | {preset.title} |" in readme
