"""The LDAP source on OpenLDAP: the contract, awkward numbers, a server that is killed."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator, Iterator
from typing import Any, ClassVar

import pytest

from callcard.crm.base import ContactSource
from callcard.crm.ldap import Ldap, LdapOptions
from callcard.crm.registry import parse_options
from callcard.errors import OperatorError, SourceRejected, SourceUnavailable
from callcard.telephony import numbers
from tests.contracts.crm import ByReferenceContract, GetContract, SearchContract
from tests.harness.slapd import (
    BASE,
    HOW_TO_GET,
    PASSWORD,
    USER,
    LdapServer,
    find_server,
    running_slapd,
)

# bonsai leaves the sockets of a failed connection to the garbage collector.
pytestmark = [
    pytest.mark.anyio,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]

PEOPLE: tuple[tuple[str, dict[str, str]], ...] = (
    (
        "Ada Lovelace",
        {
            "telephoneNumber": "(212) 555-0123",
            "mobile": "+44 (0)20.7946-0958",
            "o": "Analytical Engines",
            "mail": "ada@engines.example",
            "employeeNumber": "C-1",
            "preferredLanguage": "en",
        },
    ),
    ("Amélie (Paris) *", {"telephoneNumber": "+33 6 00 00 00 01"}),
    ("Desk 12", {"telephoneNumber": "1001"}),
    *((f"Branch {n}", {"telephoneNumber": "+1 646 555 0100"}) for n in range(600)),
)


def entry(name: str, attributes: dict[str, str]) -> str:
    dn = name.replace("(", "").replace(")", "").replace("*", "").strip()
    lines = [f"dn: cn={dn},{BASE}", "objectClass: inetOrgPerson", f"cn: {dn}", "sn: x"]
    lines += [f"displayName: {name}"]
    lines += [f"{key}: {value}" for key, value in attributes.items()]
    return "\n".join(lines) + "\n"


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    yield
    gc.collect()


@pytest.fixture(scope="module")
def server() -> Iterator[LdapServer]:
    if find_server() is None:
        pytest.skip(HOW_TO_GET)
    with running_slapd("\n".join(entry(*person) for person in PEOPLE)) as running:
        yield running


def open_ldap(url: str, **changes: Any) -> Ldap:
    given = {"url": url, "base": BASE, "country": "US", "start_tls": False, "timeout_seconds": 2}
    options = parse_options(
        "ldap",
        {**given, "user": USER, "password": PASSWORD, **changes},
    )
    assert isinstance(options, LdapOptions)
    return Ldap(options)


@pytest.fixture
async def ldap(anyio_backend: str, server: LdapServer) -> AsyncIterator[Ldap]:
    source = open_ldap(server.url)
    yield source
    await source.close()


class TestLdap(SearchContract, GetContract, ByReferenceContract):
    reference: ClassVar[str] = "C-1"

    @pytest.fixture
    def source(self, ldap: Ldap) -> ContactSource:
        return ldap


@pytest.mark.parametrize(
    ("given", "how", "name"),
    [
        ("+33600000001", "exact", "Amélie (Paris) *"),
        ("+442079460958", "exact", "Ada Lovelace"),
        ("2125550123", "exact", "Ada Lovelace"),
    ],
)
async def test_caller_is_found_however_the_number_is_written(
    ldap: Ldap, given: str, how: str, name: str
) -> None:
    (match,) = await ldap.by_number(numbers.read(given, "US"))
    assert (match.how, match.contact.name) == (how, name)


async def test_colleague_is_found_by_extension(ldap: Ldap) -> None:
    (match,) = await ldap.by_number(numbers.read("1001", "US"))
    assert match.contact.name == "Desk 12"


async def test_switchboard_beyond_the_servers_limit_gives_the_first_twenty(ldap: Ldap) -> None:
    matches = await ldap.by_number(numbers.read("+16465550100", "US"))
    assert len(matches) == 20, "600 have the number, the server sends 500 at most"


async def test_entry_becomes_a_contact(ldap: Ldap) -> None:
    contact = await ldap.by_reference("C-1")
    assert contact is not None
    assert (contact.company, contact.email, contact.language) == (
        "Analytical Engines",
        "ada@engines.example",
        "en",
    )
    assert [each.label for each in contact.numbers] == ["telephoneNumber", "mobile"]


async def test_another_attribute_can_be_the_id(server: LdapServer) -> None:
    source = open_ldap(server.url, id_attribute="employeeNumber")
    contact = await source.get("C-1")
    assert contact is not None
    assert (contact.id, contact.name) == ("C-1", "Ada Lovelace")
    assert await source.get("c-1") is None, "ids are compared whole"
    await source.close()


async def test_brackets_and_stars_are_no_filter(ldap: Ldap) -> None:
    assert await ldap.search("*", 5) == []
    assert await ldap.search("ada)(cn=*", 5) == []
    assert await ldap.by_reference("*") is None


async def test_server_that_was_restarted_is_searched_again(server: LdapServer, ldap: Ldap) -> None:
    assert await ldap.search("ada", 5)
    server.kill()
    with pytest.raises(SourceUnavailable, match="can't be searched"):
        await ldap.search("ada", 5)
    server.start()
    assert await ldap.search("ada", 5)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"password": "wrong"}, SourceUnavailable, "refuses user or password"),
        ({"base": "ou=none,dc=example,dc=org"}, SourceRejected, "has no entry"),
        ({"start_tls": True}, SourceUnavailable, "can't be searched"),
        ({"url": "ldap://127.0.0.1:1"}, SourceUnavailable, "can't be searched"),
    ],
)
async def test_failure_says_what_to_correct(
    server: LdapServer, changes: dict[str, Any], error: type[Exception], message: str
) -> None:
    source = open_ldap(**{"url": server.url, **changes})
    with pytest.raises(error, match=message) as raised:
        await source.search("ada", 5)
    assert PASSWORD not in str(raised.value)
    await source.close()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"url": "https://x"}, "url must be"),
        ({"password": ""}, "password_file"),
        ({"filter": "objectClass=*"}, "filter"),
        ({"number_attributes": ["a)(b"]}, "number_attributes"),
    ],
)
def test_unusable_options_are_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(OperatorError, match=message):
        open_ldap(**{"url": "ldap://x", **changes})
