"""An LDAP directory, as OpenLDAP and Active Directory: `kind = "ldap"`. It is only read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Annotated, Any, Self
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from msgspec import Meta

from callcard.crm.base import MAX_MATCHES, Contact, ContactSource, Match
from callcard.crm.record_values import (
    MAX_RECORDS,
    MAX_WORDS,
    contact_numbers,
    matches_of,
    plain_text,
)
from callcard.errors import OperatorError
from callcard.telephony.numbers import Number
from callcard.telephony.spellings import spellings

_GUID_BYTES = 16

Attribute = Annotated[str, Meta(pattern=r"^[A-Za-z][A-Za-z0-9;.-]{0,127}$")]


class LdapOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    url: Annotated[str, Meta(description="ldaps://host, or ldap://host with start_tls")]
    base: Annotated[str, Meta(min_length=1, description="as in ou=people,dc=example,dc=com")]
    country: Annotated[
        str, Meta(description="country of numbers without a country code, two letters")
    ]
    user: Annotated[
        str, Meta(description="distinguished name, or user@domain; anonymous without it")
    ] = ""
    password: Annotated[
        str, Meta(description="give password_file or password_env", extra={"secret": True})
    ] = ""
    start_tls: bool = True
    ca_file: Annotated[
        str, Meta(description="certificates (PEM) that are trusted; else the system's")
    ] = ""
    filter: Annotated[str, Meta(pattern=r"^\(.*\)$", description="which entries are contacts")] = (
        "(objectClass=person)"
    )
    id_attribute: Annotated[Attribute, Meta(description="entryUUID; objectGUID in AD")] = (
        "entryUUID"
    )
    number_attributes: Annotated[
        tuple[Attribute, ...], Meta(min_length=1, description="with telephone numbers")
    ] = ("telephoneNumber", "mobile", "homePhone")
    name_attributes: Annotated[
        tuple[Attribute, ...], Meta(min_length=1, description="the first that an entry has counts")
    ] = ("displayName", "cn")
    company_attribute: Attribute = "o"
    email_attribute: Attribute = "mail"
    language_attribute: Attribute = "preferredLanguage"
    reference_attribute: Annotated[Attribute, Meta(description="with the customer number")] = (
        "employeeNumber"
    )
    search_attributes: Annotated[tuple[Attribute, ...], Meta(min_length=1)] = (
        "cn",
        "o",
        "mail",
    )
    timeout_seconds: Annotated[float, Meta(gt=0, description="time for one search")] = 10.0

    def __repr__(self) -> str:
        return "LdapOptions(…)"


class Ldap(ContactSource):
    """Searches with a wildcard between the digits, because directories keep numbers as typed."""

    name = "ldap"
    Options = LdapOptions

    def __init__(self, options: LdapOptions, name: str = "ldap") -> None:
        """Raises OperatorError for unusable options, naming them."""
        self.name = name
        self._options = options
        parts = urlsplit(options.url)
        if parts.scheme not in ("ldap", "ldaps") or not parts.hostname:
            raise OperatorError(f"{name}: url must be an ldap:// or ldaps:// address")
        # RFC 4513, 5.1.2: without a password every user is let in, as nobody.
        if options.user and not options.password:
            raise OperatorError(f"{name}: give password_file or password_env for user")
        connections = import_module("callcard.crm.ldap_connection")  # needs callcard[ldap]
        self._directory = connections.Directory(
            name,
            options.url,
            options.base,
            start_tls=options.start_tls and parts.scheme == "ldap",
            user=options.user,
            password=options.password,
            ca_file=options.ca_file,
            timeout_seconds=options.timeout_seconds,
        )
        self._attributes = (
            options.id_attribute,
            *options.number_attributes,
            *options.name_attributes,
            options.company_attribute,
            options.email_attribute,
            options.language_attribute,
        )

    @classmethod
    def open(cls, options: LdapOptions, name: str) -> Self:
        return cls(options, name)

    async def close(self) -> None:
        await self._directory.close()

    async def by_number(self, number: Number) -> list[Match]:
        if not number.digits:
            return []
        value = number.digits
        if number.kind != "internal":
            value = "*" + "*".join(spellings(number)["suffix"])
        found = await self._find(
            "".join(f"({attribute}={value})" for attribute in self._options.number_attributes)
        )
        return matches_of(found, number)[:MAX_MATCHES]

    async def search(self, text: str, limit: int) -> list[Contact]:
        words = text.split()[:MAX_WORDS]
        if not words:
            return []
        conditions = [self._word_filter(word) for word in words]
        found = await self._find(f"(&{''.join(conditions)})", limit)
        return found[:limit]

    def _word_filter(self, word: str) -> str:
        """Return a filter of the entries in which a word begins so."""
        value = _escape(word)
        return "(|{})".format(
            "".join(
                f"({attribute}={value}*)({attribute}=* {value}*)"
                for attribute in self._options.search_attributes
            )
        )

    async def get(self, id: str) -> Contact | None:
        attribute = self._options.id_attribute
        if not id.strip():
            return None
        value = _escape(id)
        if attribute == "objectGUID":  # Active Directory's are bytes
            try:
                value = "".join(f"\\{byte:02x}" for byte in UUID(id).bytes_le)
            except ValueError:
                return None
        found = await self._find(f"({attribute}={value})")
        return self._single([contact for contact in found if contact.id == id])

    async def by_reference(self, reference: str) -> Contact | None:
        if not reference.strip():
            return None
        value = _escape(reference)
        return self._single(await self._find(f"({self._options.reference_attribute}={value})"))

    @staticmethod
    def _single(contacts: list[Contact]) -> Contact | None:
        return contacts[0] if len(contacts) == 1 else None

    async def _find(self, condition: str, limit: int = MAX_RECORDS) -> list[Contact]:
        """Return the contacts to which one of the conditions applies."""
        filter = f"(&{self._options.filter}(|{condition}))"
        entries = await self._directory.search(filter, self._attributes, limit)
        return [self._contact(entry) for entry in entries if _values(entry, self._attributes[0])]

    def _contact(self, entry: Mapping[str, Any]) -> Contact:
        options = self._options
        names = (_text(entry, attribute) for attribute in options.name_attributes)
        (id, *_others) = _values(entry, options.id_attribute)
        if isinstance(id, bytes) and len(id) == _GUID_BYTES:
            id = UUID(bytes_le=id)
        return Contact(
            source=self.name,
            id=str(id),
            name=next(filter(None, names), ""),
            company=_text(entry, options.company_attribute),
            email=_text(entry, options.email_attribute),
            language=_text(entry, options.language_attribute),
            numbers=contact_numbers(self._labelled(entry), options.country),
        )

    def _labelled(self, entry: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        for attribute in self._options.number_attributes:
            for value in _values(entry, attribute):
                yield plain_text(value), attribute


def _escape(text: str) -> str:
    """Return a text as a value in a filter (RFC 4515, 3)."""
    return re.sub(r"[\\*()\0]", lambda found: f"\\{ord(found[0]):02x}", text)


def _values(entry: Mapping[str, Any], attribute: str) -> list[Any]:
    return list(entry.get(attribute) or [])


def _text(entry: Mapping[str, Any], attribute: str) -> str:
    values = _values(entry, attribute)
    return plain_text(values[0]) if values and isinstance(values[0], str) else ""
