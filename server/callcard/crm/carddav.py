"""An address book on a CardDAV server, as Nextcloud, Radicale and SOGo: `kind = "carddav"`.

Servers compare numbers as they were typed (RFC 6352, 10.3.3), so that no caller would be found: the
address book is mirrored, by RFC 6578. It is only read.
"""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, ClassVar, Self
from urllib.parse import unquote, urljoin, urlsplit
from xml.sax.saxutils import escape

import httpx
import msgspec
from lxml import etree
from msgspec import Meta
from msgspec.structs import replace

from callcard.crm.http_checks import check_secret, check_url
from callcard.crm.http_source import HttpSource
from callcard.crm.import_report import ImportFileError, ImportProblem
from callcard.crm.import_rows import NumberPlan, contact_entry
from callcard.crm.import_text import Encoding
from callcard.crm.import_vcard import vcard_rows
from callcard.crm.local_writes import ContactEntry
from callcard.crm.mirror import Changes, MirroredSource
from callcard.errors import SourceUnavailable

CARDS_PER_REQUEST = 50
MAX_PARTS = 10_000
"""Answers with a sync token that continue each other."""
_DAV = "{DAV:}"
_CARD_DATA = "{urn:ietf:params:xml:ns:carddav}address-data"
_TOO_OLD = (403, 409)
"""What servers send for a sync token that they have forgotten (RFC 6578, 3.2)."""
_INSUFFICIENT_STORAGE = "507"
_SYNC = """<?xml version="1.0" encoding="utf-8"?>
<sync-collection xmlns="DAV:"><sync-token>{token}</sync-token><sync-level>1</sync-level>
<prop><getetag/></prop></sync-collection>"""
_MULTIGET = """<?xml version="1.0" encoding="utf-8"?>
<C:addressbook-multiget xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav">
<prop><getetag/><C:address-data/></prop>{hrefs}</C:addressbook-multiget>"""


class CardDavOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    url: Annotated[str, Meta(description="address of the address book, with its last slash")]
    country: Annotated[
        str, Meta(description="country of numbers without a country code, two letters")
    ]
    username: str = ""
    password: Annotated[
        str,
        Meta(
            description="give password_file or password_env; Nextcloud wants an app password",
            extra={"secret": True},
        ),
    ] = ""
    path: Annotated[str, Meta(description="the SQLite file of the copy")] = "carddav.sqlite"
    refresh_seconds: Annotated[
        float, Meta(ge=1, description="how old the copy may be when it is used")
    ] = 300.0
    timeout_seconds: Annotated[float, Meta(gt=0, description="time for one request")] = 30.0

    def __repr__(self) -> str:
        return "CardDavOptions(…)"


class AddressBook(HttpSource):
    """Says what has changed in an address book, with the cards as contacts."""

    max_response_bytes: ClassVar[int] = 32 * 1024 * 1024  # cards have photos

    def __init__(
        self,
        options: CardDavOptions,
        name: str,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Raises OperatorError for an unusable address or password."""
        check_url(name, "url", options.url)
        check_secret(name, "password", options.password)
        self.name = name
        self._url = options.url.rstrip("/") + "/"
        self._plan = NumberPlan(options.country)
        has_login = bool(options.username)
        super().__init__(
            timeout_seconds=options.timeout_seconds,
            auth=httpx.BasicAuth(options.username, options.password) if has_login else None,
            transport=transport,
        )

    async def changes(self, cursor: str) -> AsyncIterator[Changes]:
        """See `ContactFeed.changes`. The cursor is a sync token."""
        starts_over = not cursor
        for _part in range(MAX_PARTS):
            report = await self._sync(cursor)
            if report is None:
                cursor, starts_over = "", True
                continue
            changed, deleted, is_cut, token = report
            if not token or (is_cut and token == cursor):
                raise SourceUnavailable(f"{self.name} sends no new sync token; is url a book?")
            for start in range(0, len(changed), CARDS_PER_REQUEST):
                hrefs = changed[start : start + CARDS_PER_REQUEST]
                yield await self._cards(hrefs, starts_over=starts_over)
            yield Changes(deleted=tuple(deleted), cursor=token, starts_over=starts_over)
            if not is_cut:
                return
            cursor = token
        raise SourceUnavailable(f"{self.name}: its changes do not end")

    async def _sync(self, token: str) -> tuple[list[str], list[str], bool, str] | None:
        """Return addresses that changed, ids that were deleted, whether there are more, and the
        next token; None if the server does not know the token any more.
        """
        body = _SYNC.format(token=escape(token))
        accepted = _TOO_OLD if token else ()
        root = await self._report(body, accepted)
        if root is None:
            return None
        changed, deleted, is_cut = [], [], False
        for href, status, _data in _responses(root):
            if not _is_on_server(self._url, href):
                continue
            id = _id_of(self._url, href)
            if not id:  # the book itself
                is_cut = is_cut or status == _INSUFFICIENT_STORAGE
            elif status == "404":
                deleted.append(id)
            else:
                changed.append(href)
        return changed, deleted, is_cut, (root.findtext(f"{_DAV}sync-token") or "").strip()

    async def _cards(self, hrefs: list[str], *, starts_over: bool) -> Changes:
        """Return cards as contacts; those that say nothing of a person count as deleted."""
        inner = "".join(f"<href>{escape(href)}</href>" for href in hrefs)
        root = await self._report(_MULTIGET.format(hrefs=inner))
        assert root is not None
        entries: dict[str, ContactEntry | None] = {}
        for href, _status, data in _responses(root):
            id = _id_of(self._url, href)
            if id and _is_on_server(self._url, href):
                entries[id] = self._entry(id, data)
        return Changes(
            changed=tuple(entry for entry in entries.values() if entry),
            deleted=tuple(id for id, entry in entries.items() if entry is None),
            starts_over=starts_over,
        )

    def _entry(self, id: str, card: str) -> ContactEntry | None:
        try:
            rows = list(vcard_rows(io.BytesIO(card.encode()), Encoding("utf-8"), _ignore))
        except ImportFileError:
            return None
        found = contact_entry(rows[0], self._plan, _ignore) if rows else None
        # A card is replaced whole: what it has no more is gone. Its URL is no record's address.
        return found and replace(
            found,
            key=id,
            name=found.name or "",
            company=found.company or "",
            email=found.email or "",
            language=found.language or "",
            flags=found.flags or (),
            numbers=found.numbers or (),
            keeps_numbers=False,
            url="",
            created_at="",
            updated_at="",
        )

    async def _report(self, body: str, accepted: tuple[int, ...] = ()) -> etree._Element | None:
        """Return the root of the answer to a REPORT; None if its status is one of `accepted`."""
        headers = {"Depth": "1", "Content-Type": "application/xml; charset=utf-8"}
        response = await self.request(
            "REPORT", self._url, body=body.encode(), headers=headers, accepted=accepted
        )
        if response.status in accepted:
            return None
        parser = etree.XMLParser(resolve_entities=False, no_network=True)
        try:
            root = etree.fromstring(response.body, parser)
        except etree.XMLSyntaxError:
            root = None
        if root is None or root.tag != f"{_DAV}multistatus":
            raise SourceUnavailable(f"{self.name} is no address book (CardDAV); correct url")
        return root


class CardDav(MirroredSource):
    """A mirrored address book."""

    name = "carddav"
    Options = CardDavOptions

    @classmethod
    def open(cls, options: CardDavOptions, name: str) -> Self:
        return cls(
            AddressBook(options, name),
            options.path,
            country=options.country,
            refresh_seconds=options.refresh_seconds,
        )

    @classmethod
    def check(cls, options: CardDavOptions, name: str) -> None:
        AddressBook(options, name)


def _responses(root: etree._Element) -> Iterator[tuple[str, str, str]]:
    """Yield the address, the status (three digits, or empty) and the card of each response."""
    for response in root.iterchildren(f"{_DAV}response"):
        href = (response.findtext(f"{_DAV}href") or "").strip()
        status = (response.findtext(f"{_DAV}status") or "").split()[1:2]
        data = "".join(node.text or "" for node in response.iter(_CARD_DATA))
        if href:
            yield href, status[0] if status else "", data


def _is_on_server(url: str, href: str) -> bool:
    """Return whether an address is on the book's server: no other one is asked."""
    address = urljoin(url, href)
    return urlsplit(address)[:2] == urlsplit(url)[:2]


def _id_of(url: str, href: str) -> str:
    """Return the name of a card in the book; empty for the book itself."""
    path = urlsplit(urljoin(url, href)).path
    if path.rstrip("/") == urlsplit(url).path.rstrip("/"):
        return ""
    return unquote(path.rstrip("/").rpartition("/")[2])


def _ignore(problem: ImportProblem) -> None:
    """Take what can be read of a card; what cannot is the address book's."""
