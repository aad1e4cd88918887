"""PhoneBook: contacts for agents in ranges, and books and contacts for administrators."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from lxml import etree
from lxml.builder import E
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from finesse_sandbox.api_errors import ApiError
from finesse_sandbox.rest.access import ApiAccess
from finesse_sandbox.rest.responses import read_xml, xml_response
from finesse_sandbox.site import PhoneBook, PhoneContact, User
from finesse_sandbox.xml.document import API, child_texts

MAX_CONTACTS = 6000
MAX_NUMBER_CHARACTERS = 32
MAX_TEXT_CHARACTERS = 128
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
            route("/PhoneBook/{book}", self.get_book),
            route("/PhoneBook/{book}/Contacts", self.list_contacts),
            route("/PhoneBook/{book}/Contact", self.create_contact, "POST"),
            route("/PhoneBook/{book}/Contacts", self.create_contact, "POST"),
            route("/PhoneBook/{book}/Contact/{contact}", self.get_contact),
            route("/PhoneBook/{book}/Contact/{contact}", self.change_contact, "PUT"),
            route("/PhoneBook/{book}/Contact/{contact}", self.delete_contact, "DELETE"),
        ]

    async def list_books(self, request: Request, user: User) -> Response:
        self._access.require_administrator(user, writing=False)
        books = [_phone_book_element(book, ()) for book in self._site.phone_books]
        return xml_response(E.PhoneBooks(*books))

    async def get_book(self, request: Request, user: User) -> Response:
        self._access.require_administrator(user, writing=False)
        return xml_response(_phone_book_element(self._book_in_path(request), ()))

    async def list_contacts(self, request: Request, user: User) -> Response:
        book = self._book_in_path(request)
        return xml_response(_contacts_element(book, range(len(book.contacts))))

    async def get_contact(self, request: Request, user: User) -> Response:
        self._access.require_administrator(user, writing=False)
        book = self._book_in_path(request)
        return xml_response(_contact_element(book, _contact_in_path(request, book)))

    async def create_contact(self, request: Request, user: User) -> Response:
        self._access.require_administrator(user, writing=True)
        book = self._book_in_path(request)
        if sum(len(each.contacts) for each in self._site.phone_books) >= MAX_CONTACTS:
            raise ApiError(400, "Maximum Exceeded", f"There are {MAX_CONTACTS} already", book.id)
        sent = await _read_contact(request, PhoneContact("", "", ""))
        id = str(max((int(each) for each in _ids(book)), default=0) + 1)
        self._replace(book, (*_numbered(book), replace(sent, id=id)))
        location = f"{API}/PhoneBook/{book.id}/Contact/{id}"
        return Response(status_code=200, headers={"Location": location})

    async def change_contact(self, request: Request, user: User) -> Response:
        self._access.require_administrator(user, writing=True)
        book = self._book_in_path(request)
        index = _contact_in_path(request, book)
        contacts = list(_numbered(book))
        contacts[index] = await _read_contact(request, contacts[index])
        self._replace(book, tuple(contacts))
        return Response(status_code=200)

    async def delete_contact(self, request: Request, user: User) -> Response:
        self._access.require_administrator(user, writing=True)
        book = self._book_in_path(request)
        index = _contact_in_path(request, book)
        contacts = _numbered(book)
        self._replace(book, contacts[:index] + contacts[index + 1 :])
        return Response(status_code=200)

    def _book_in_path(self, request: Request) -> PhoneBook:
        id = request.path_params["book"]
        for book in self._site.phone_books:
            if book.id == id:
                return book
        raise ApiError(404, "Not Found", "There is no such phone book", id)

    def _replace(self, book: PhoneBook, contacts: tuple[PhoneContact, ...]) -> None:
        changed = replace(book, contacts=contacts)
        self._site.phone_books = tuple(
            changed if each is book else each for each in self._site.phone_books
        )

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


def _ids(book: PhoneBook) -> list[str]:
    """Return the ids of a book's contacts."""
    return [contact.id or str(index) for index, contact in enumerate(book.contacts, 1)]


def _numbered(book: PhoneBook) -> tuple[PhoneContact, ...]:
    """Return a book's contacts, each with the id that it has now."""
    pairs = zip(book.contacts, _ids(book), strict=True)
    return tuple(replace(contact, id=id) for contact, id in pairs)


def _contact_in_path(request: Request, book: PhoneBook) -> int:
    """Return the place of a contact in its book. Raises ApiError 404."""
    id = request.path_params["contact"]
    try:
        return _ids(book).index(id)
    except ValueError:
        raise ApiError(404, "Not Found", "There is no such contact", id) from None


async def _read_contact(request: Request, known: PhoneContact) -> PhoneContact:
    """Return a contact with what a request changes. Raises ApiError 400."""
    sent = child_texts(await read_xml(request, "Contact"))
    number = sent.get("phoneNumber", known.number)
    if not number or len(number) > MAX_NUMBER_CHARACTERS:
        type = "Invalid Input" if number else "Parameter Missing"
        message = f"phoneNumber must have 1 to {MAX_NUMBER_CHARACTERS} characters"
        raise ApiError(400, type, message, "phoneNumber")
    for name in ("firstName", "lastName", "description"):
        if len(sent.get(name, "")) > MAX_TEXT_CHARACTERS:
            message = f"{name} must have at most {MAX_TEXT_CHARACTERS} characters"
            raise ApiError(400, "Invalid Input", message, name)
    return replace(
        known,
        first_name=sent.get("firstName", known.first_name),
        last_name=sent.get("lastName", known.last_name),
        number=number,
        description=sent.get("description", known.description),
    )


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
        element.append(_contact_element(book, index))
    return element


def _contact_element(book: PhoneBook, index: int) -> etree._Element:
    contact = book.contacts[index]
    return E.Contact(
        E.firstName(contact.first_name),
        E.lastName(contact.last_name),
        E.phoneNumber(contact.number),
        E.description(contact.description),
        E.uri(f"{API}/PhoneBook/{book.id}/Contact/{contact.id or index + 1}"),
    )
