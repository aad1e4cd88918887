"""PhoneBook: contacts for agents in ranges, and the books for administrators."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lxml import etree
from lxml.builder import E
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from finesse_sandbox.api_errors import ApiError
from finesse_sandbox.rest.access import ApiAccess
from finesse_sandbox.rest.responses import xml_response
from finesse_sandbox.site import PhoneBook, User
from finesse_sandbox.xml.document import API

MAX_CONTACTS = 6000
_RANGE = re.compile(r"objects=(\d{1,6})-(\d{1,6})")


class PhoneBookResource:
    def __init__(self, access: ApiAccess) -> None:
        self._access = access
        self._site = access.contact_centre.site

    def routes(self) -> list[BaseRoute]:
        route = self._access.route
        return [
            *self._access.team_resource_routes("PhoneBooks", self._list_for_team),
            route("/PhoneBooks", self.list_books),
            route("/PhoneBook/{book}/Contacts", self.list_contacts),
        ]

    async def list_books(self, request: Request, user: User) -> Response:
        self._access.require_administrator(user, writing=False)
        books = [_phone_book_element(book, ()) for book in self._site.phone_books]
        return xml_response(E.PhoneBooks(*books))

    async def list_contacts(self, request: Request, user: User) -> Response:
        id = request.path_params["book"]
        for book in self._site.phone_books:
            if book.id == id:
                return xml_response(_contacts_element(book, range(len(book.contacts))))
        raise ApiError(404, "Not Found", "There is no such phone book", id)

    def _list_for_team(self, request: Request) -> Response:
        """Return the requested range of all books' contacts together, global books first."""
        books = sorted(self._site.phone_books, key=lambda book: book.type)
        contacts = [(book, index) for book in books for index in range(len(book.contacts))]
        contacts = contacts[:MAX_CONTACTS]
        range_header = request.headers.get("range")
        if range_header is None:
            selected = contacts
            headers = {}
        else:
            first, last = _range(range_header)
            selected = contacts[first - 1 : last]
            end = first + len(selected) - 1
            headers = {"Content-Range": f"objects {first}-{end}/{len(contacts)}"}
        is_partial = len(selected) < len(contacts)
        indexes: dict[str, list[int]] = {} if is_partial else {book.id: [] for book in books}
        for book, index in selected:
            indexes.setdefault(book.id, []).append(index)
        response = E.PhoneBooks(
            *(_phone_book_element(book, indexes[book.id]) for book in books if book.id in indexes)
        )
        if "/User/" in request.url.path:
            # Under User the element is `contacts`, under TeamResource `Contacts`.
            for element in response.iterfind("PhoneBook/Contacts"):
                element.tag = "contacts"
        return xml_response(response, 206 if is_partial else 200, headers)


def _range(header: str) -> tuple[int, int]:
    """Return the first and the last contact of a Range header, counted from 1."""
    found = _RANGE.fullmatch(header.strip())
    if found:
        first = int(found[1])
        last = int(found[2])
        if 1 <= first <= last <= MAX_CONTACTS:
            return first, last
    message = f"Range must be objects=1-{MAX_CONTACTS}"
    raise ApiError(416, "Range Not Satisfiable", message, header[:40])


def _phone_book_element(book: PhoneBook, indexes: Iterable[int]) -> etree._Element:
    return E.PhoneBook(
        E.uri(f"{API}/PhoneBook/{book.id}"),
        E.name(book.name),
        E.type(book.type),
        _contacts_element(book, indexes),
    )


def _contacts_element(book: PhoneBook, indexes: Iterable[int]) -> etree._Element:
    element = E.Contacts()
    for index in indexes:
        contact = book.contacts[index]
        element.append(
            E.Contact(
                E.firstName(contact.first_name),
                E.lastName(contact.last_name),
                E.phoneNumber(contact.number),
                E.description(contact.description),
                E.uri(f"{API}/PhoneBook/{book.id}/Contact/{index + 1}"),
            )
        )
    return element
