"""Presets: each asks for what it needs, sends what the vendor documents, and reads its answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import httpx
import msgspec
import pytest

from callcard.crm import presets
from callcard.crm.base import Contact
from callcard.crm.open_sources import check_sources, read_configurations
from callcard.crm.registry import parse_options
from callcard.crm.rest import Rest, RestOptions
from callcard.errors import OperatorError
from callcard.settings import Settings
from callcard.telephony import numbers
from tests.conftest import ROOT
from tests.contracts.crm import INTERACTION

pytestmark = pytest.mark.anyio

CALLER = numbers.read("+4930123456", "DE")
MAX_LINES = 60
FORMATTED = "@OData.Community.Display.V1.FormattedValue"


@dataclass(frozen=True)
class Sample:
    """A search answer in the vendor's documented shape, for a contact with +49 30 123456."""

    answer: Any
    contact: Contact
    search: str
    """A part of the look-up's address and body, decoded."""


def contact(preset: str, id: str, url: str, company: str = "Nordlicht") -> Contact:
    return Contact(
        source=preset, id=id, name="Ada Lovelace", company=company, email="ada@example.org", url=url
    )


SAMPLES = {
    "dynamics": Sample(
        {
            "@odata.context": "https://acme.crm4.dynamics.com/api/data/v9.2/$metadata#contacts",
            "value": [
                {
                    "@odata.etag": 'W/"1"',
                    "contactid": "c5f2",
                    "fullname": "Ada Lovelace",
                    "emailaddress1": "ada@example.org",
                    "telephone1": "+49 (0)30 123456",
                    "telephone2": None,
                    "mobilephone": None,
                    "donotphone": False,
                    "_parentcustomerid_value": "a1",
                    f"_parentcustomerid_value{FORMATTED}": "Nordlicht",
                }
            ],
        },
        contact(
            "dynamics",
            "c5f2",
            "https://acme.crm4.dynamics.com/main.aspx?appid=app&pagetype=entityrecord"
            "&etn=contact&id=c5f2",
        ),
        "contains(mobilephone,'30123456')",
    ),
    "freshdesk": Sample(
        {
            "total": 1,
            "results": [
                {
                    "id": 5,
                    "name": "Ada Lovelace",
                    "email": "ada@example.org",
                    "phone": "+4930123456",
                    "mobile": None,
                    "tags": [],
                }
            ],
        },
        contact("freshdesk", "5", "https://acme.freshdesk.com/a/contacts/5", company=""),
        "\"phone:'+4930123456' OR mobile:'+4930123456'\"",
    ),
    "hubspot": Sample(
        {
            "total": 1,
            "results": [
                {
                    "id": "501",
                    "properties": {
                        "firstname": "Ada",
                        "lastname": "Lovelace",
                        "company": "Nordlicht",
                        "email": "ada@example.org",
                        "phone": "030 123456",
                        "mobilephone": None,
                        "hs_language": None,
                    },
                }
            ],
        },
        contact("hubspot", "501", "https://app.hubspot.com/contacts/42/record/0-1/501"),
        '"propertyName":"hs_searchable_calculated_phone_number","operator":"EQ","value":"30123456"',
    ),
    "pipedrive": Sample(
        {
            "success": True,
            "data": {
                "items": [
                    {
                        "result_score": 0.7,
                        "item": {
                            "id": 9,
                            "type": "person",
                            "name": "Ada Lovelace",
                            "phones": ["030 123456"],
                            "emails": ["ada@example.org"],
                            "organization": {"id": 1, "name": "Nordlicht"},
                        },
                    }
                ]
            },
        },
        contact("pipedrive", "9", "https://acme.pipedrive.com/person/9"),
        "term=30123456&fields=phone",
    ),
    "salesforce": Sample(
        {
            "searchRecords": [
                {
                    "attributes": {"type": "Contact", "url": "/services/data/v62.0/…"},
                    "Id": "003A",
                    "Name": "Ada Lovelace",
                    "Email": "ada@example.org",
                    "Phone": "(030) 123456",
                    "MobilePhone": None,
                    "Account": {"attributes": {"type": "Account"}, "Name": "Nordlicht"},
                }
            ]
        },
        contact("salesforce", "003A", "https://acme.my.salesforce.com/003A"),
        "FIND {4930123456 OR 030123456 OR 30123456} IN PHONE FIELDS",
    ),
    "servicenow": Sample(
        {
            "result": [
                {
                    "sys_id": "5137",
                    "name": "Ada Lovelace",
                    "email": "ada@example.org",
                    "phone": "030-123456",
                    "mobile_phone": "",
                    "company.name": "Nordlicht",
                    "vip": "false",
                    "preferred_language": "",
                }
            ]
        },
        contact("servicenow", "5137", "https://acme.service-now.com/sys_user.do?sys_id=5137"),
        "active=true^phoneLIKE30123456^ORmobile_phoneLIKE30123456",
    ),
    "suitecrm": Sample(
        {
            "meta": {"total-pages": 1},
            "data": [
                {
                    "type": "Contact",
                    "id": "b7",
                    "attributes": {
                        "full_name": "Ada Lovelace",
                        "account_name": "Nordlicht",
                        "email1": "ada@example.org",
                        "phone_work": "030/12 34 56",
                        "do_not_call": "0",
                    },
                }
            ],
        },
        contact(
            "suitecrm",
            "b7",
            "https://crm.acme.example/index.php?module=Contacts&action=DetailView&record=b7",
        ),
        "filter[phone_mobile][like]=%3%0%1%2%3%4%5%6",
    ),
    "zendesk": Sample(
        {
            "results": [
                {
                    "id": 77,
                    "result_type": "user",
                    "name": "Ada Lovelace",
                    "email": "ada@example.org",
                    "phone": "+4930123456",
                    "locale": None,
                    "tags": [],
                }
            ],
            "count": 1,
        },
        contact("zendesk", "77", "https://acme.zendesk.com/agent/users/77", company=""),
        "type:user role:end-user phone:*30123456",
    ),
}
GIVEN = {
    "app": "app",
    "company": "acme",
    "domain": "acme",
    "environment": "acme.crm4",
    "instance": "acme",
    "portal": "42",
    "site": "https://crm.acme.example",
    "subdomain": "acme",
    "tenant": "t",
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


def open_preset(name: str, vendor: Vendor, changes: Mapping[str, Any] | None = None) -> Rest:
    kind, options = presets.expand(name, {**given(name), **(changes or {})})
    parsed = parse_options(kind, {"country": "DE", **options})
    assert isinstance(parsed, RestOptions)
    return Rest(parsed, name, transport=httpx.MockTransport(vendor))


def test_every_preset_has_a_sample_and_is_short() -> None:
    assert set(presets.names()) == set(SAMPLES)
    for name in presets.names():
        lines = (presets.FOLDER / f"{name}.toml").read_text("utf-8").splitlines()
        assert len(lines) <= MAX_LINES, name


@pytest.mark.parametrize("name", presets.names())
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


@pytest.mark.parametrize("name", presets.names())
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
    (tmp_path / "token").write_text("pat-1\n")
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
