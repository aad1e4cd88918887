"""Requests of a configured REST source: tables of the configuration, made ready to be sent."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from urllib.parse import urljoin, urlsplit

import msgspec
from msgspec import Meta

from callcard.crm.http_source import HttpResponse, HttpSource
from callcard.crm.templates import compile_body, compile_path, compile_query, compile_text
from callcard.errors import OperatorError, SourceRejected, SourceUnavailable
from callcard.extras import requires_extras
from callcard.telephony.spellings import SPELLINGS
from callcard.text import suggest

with requires_extras("rest"):
    import jmespath

NOT_FOUND = 404
MAX_PAGES = 1000
_ERROR_NAME = re.compile(r"[\w.]{0,60}(Error|Exception)|[A-Z]{2,20}(_[A-Z]{1,20}){1,4}", re.ASCII)
"""What is quoted of a CRM's error, as UserError or INVALID_DATA: no text with a customer's data."""


class RequestOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One request to the CRM. `path`, `query`, `headers` and `body` are templates."""

    path: Annotated[
        str,
        Meta(pattern="^/", description="below base_url; values are percent-encoded"),
    ]
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    query: dict[str, str] = {}
    headers: dict[str, str] = {}
    body: Annotated[
        Any, Meta(description="JSON; a text that is one `<< expression >>` becomes its value")
    ] = None
    results: Annotated[
        str,
        Meta(description="JMESPath expression of the records in the response: a list, or one"),
    ] = "@"
    next: Annotated[
        str,
        Meta(
            description="JMESPath expression of the next page's address, on the same server; null "
            "on the last page"
        ),
    ] = ""
    next_cursor: Annotated[
        str,
        Meta(description="the same of what << cursor >> becomes; it is empty for the first page"),
    ] = ""
    page_size: Annotated[
        int,
        Meta(
            ge=0,
            le=10_000,
            description="for << offset >>: there is a next page if this one has so many records",
        ),
    ] = 0
    error: Annotated[
        str,
        Meta(description="JMESPath expression of what only a failed request has in its response"),
    ] = ""
    retryable_errors: Annotated[
        tuple[str, ...],
        Meta(description="names in `error` after which a change is tried again"),
    ] = ()
    empty_on_404: Annotated[
        bool, Meta(description="404 means that nothing was found; always so for `get`")
    ] = False
    spellings: Annotated[
        tuple[str, ...],
        Meta(
            description="for by_number: one request for each, as << spelling >>, until one finds "
            "the number: e164, digits, national, significant, international, display, suffix, "
            "last_four, interleaved"
        ),
    ] = ()


class ChangesOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All contacts in pages, for a mirror."""

    request: Annotated[
        RequestOptions,
        Meta(
            description="if it names << since >> (ISO 8601, empty for all), only what was changed "
            "from then on is asked for"
        ),
    ]
    deleted: Annotated[
        str, Meta(description="JMESPath expression on a record: true if it was deleted")
    ] = ""


class WriteOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A change in the CRM that may be sent again, because responses get lost."""

    request: RequestOptions
    find: Annotated[
        RequestOptions | None,
        Meta(description="finds what an earlier try has made, by the key that it was given"),
    ] = None
    update: Annotated[
        RequestOptions | None,
        Meta(description="replaces what was found, as << found >>; without it, it stays as it is"),
    ] = None
    remove: Annotated[
        RequestOptions | None,
        Meta(description="removes what was found, << found >>, where nothing can be replaced"),
    ] = None
    cleanup: Annotated[
        RequestOptions | None,
        Meta(
            description="removes what was written, by << key >>, << id >> or << found >>, after "
            "`callcard crm check --write`; `remove` if it is not given"
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a page of records is."""

    url: str = ""
    """The whole address; empty if the request's own templates make it."""
    cursor: str = ""
    offset: int = 0


class ReadyRequest:
    """A request whose templates are compiled."""

    def __init__(self, source: HttpSource, table: str, options: RequestOptions) -> None:
        """Raises OperatorError for an unusable template or expression, naming the table."""
        where = f"{source.name}: {table}"
        for spelling in options.spellings:
            if spelling not in SPELLINGS:
                raise OperatorError(
                    f"{where}.spellings: there is no spelling {spelling!r}"
                    f"{suggest(spelling, SPELLINGS) or '; there are ' + ', '.join(SPELLINGS)}"
                )
        self._source = source
        self._where = where
        self._method = options.method
        self._path = compile_path(f"{where}.path", options.path)
        self._query = compile_query(f"{where}.query", options.query)
        self._headers = {
            name: compile_text(f"{where}.headers.{name}", text)
            for name, text in options.headers.items()
        }
        self._has_body = options.body is not None
        self._body = compile_body(f"{where}.body", options.body)
        self.spellings = options.spellings
        self._accepted = (NOT_FOUND,) if options.empty_on_404 or table == "get" else ()
        self._results = _expression(f"{where}.results", options.results)
        self._next = optional_expression(f"{where}.next", options.next)
        self._next_cursor = optional_expression(f"{where}.next_cursor", options.next_cursor)
        self._page_size = options.page_size
        self._error = optional_expression(f"{where}.error", options.error)
        self._retryable_errors = options.retryable_errors

    async def records(
        self, base_url: str, values: Mapping[str, Any], limit: int | None = None
    ) -> list[Any]:
        """Send the request; return the records in the response, and those of further pages.

        Nothing found is an empty list. From `limit` records on no further page is read.
        """
        found: list[Any] = []
        async for page in self.pages(base_url, values):
            found += page
            if limit is not None and len(found) >= limit:
                break
        return found

    async def pages(self, base_url: str, values: Mapping[str, Any]) -> AsyncIterator[list[Any]]:
        """Send the request, and then those of the next pages. Yield the records of each page."""
        async for page, _place in self.pages_from("", base_url, values, MAX_PAGES):
            yield page

    async def pages_from(
        self, start: str, base_url: str, values: Mapping[str, Any], most: int
    ) -> AsyncIterator[tuple[list[Any], str]]:
        """Yield the records of each page, and where the next one is; empty after the last.

        `start` is such a place, or empty for the first page.
        """
        place = msgspec.json.decode(start, type=_Place) if start else _Place()
        seen = {place}
        while True:
            page, following = await self._page(base_url, values, place)
            yield page, msgspec.json.encode(following).decode() if following else ""
            if following is None:
                return
            if following in seen or len(seen) >= most:
                raise SourceUnavailable(f"{self._where}: its pages do not end; correct `next`")
            seen.add(following)
            place = following

    async def _page(
        self, base_url: str, values: Mapping[str, Any], place: _Place
    ) -> tuple[list[Any], _Place | None]:
        """Return the records at `place`, and where the next ones are."""
        response = await self._send(base_url, values, place)
        if response.status == NOT_FOUND or not response.body.strip():
            return [], None
        content = self._decode(response)
        self._raise_for_error(content)
        found = self._search(self._results, "results", content)
        if found is None or found == {}:
            return [], None
        records = found if isinstance(found, list) else [found]
        if self._page_size and len(records) >= self._page_size:
            return records, _Place(offset=place.offset + self._page_size)
        if cursor := self._search(self._next_cursor, "next_cursor", content):
            return records, _Place(cursor=str(cursor))
        if address := self._search(self._next, "next", content):
            return records, _Place(url=self._same_server(base_url, str(address)))
        return records, None

    def _same_server(self, base_url: str, address: str) -> str:
        """Return the address of a page: the credentials go to no other server."""
        url = urljoin(base_url + "/", address)
        if urlsplit(url)[:2] != urlsplit(base_url)[:2]:
            raise SourceUnavailable(f"{self._where}: its next page is on another server")
        return url

    def _search(self, expression: Any, key: str, content: Any) -> Any:
        """Return what the expression of `key` finds; None without one."""
        if expression is None:
            return None
        try:
            return expression.search(content)
        except (jmespath.exceptions.JMESPathError, RecursionError) as error:
            reason = type(error).__name__
            raise SourceUnavailable(f"{self._where}.{key} can't be read ({reason})") from error

    def _raise_for_error(self, content: Any) -> None:
        """Raise the error of a response that has one although its status is a success."""
        error = self._search(self._error, "error", content)
        if error in (None, "", False, [], {}):
            return
        texts = list(_texts_in(error))
        quoted = next((f" ({text})" for text in texts if _ERROR_NAME.fullmatch(text)), "")
        text = f"{self._where}: the CRM answers with an error{quoted}"
        if any(each in self._retryable_errors for each in texts):
            raise SourceUnavailable(text)
        raise SourceRejected(text)

    async def _send(self, base_url: str, values: Mapping[str, Any], place: _Place) -> HttpResponse:
        values = {**values, "cursor": place.cursor, "offset": place.offset}
        try:
            query = self._query(values)
            url = place.url or base_url + self._path(values) + (f"?{query}" if query else "")
            headers = {name: text(values) for name, text in self._headers.items()}
            body = msgspec.json.encode(self._body(values)) if self._has_body else None
        except OperatorError as error:
            raise SourceUnavailable(str(error)) from error
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        return await self._source.request(
            self._method, url, body=body, headers=headers, accepted=self._accepted
        )

    def _decode(self, response: HttpResponse) -> Any:
        try:
            return msgspec.json.decode(response.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            given = response.headers.get("Content-Type", "").partition(";")[0].strip()[:60]
            raise SourceUnavailable(
                f"{self._source.name} sent {given or 'something'} that is no JSON; a sign-in or "
                "maintenance page, or a wrong base_url"
            ) from None


def optional_expression(where: str, text: str) -> Any:
    """Return a compiled JMESPath expression; None for an empty text. Raises OperatorError."""
    return _expression(where, text) if text else None


def _expression(where: str, text: str) -> Any:
    """Compile a JMESPath expression. Raises OperatorError, naming `where`."""
    try:
        return jmespath.compile(text)
    except jmespath.exceptions.JMESPathError as error:
        raise OperatorError(f"{where}: {str(error).splitlines()[0]}") from error


def _texts_in(value: Any) -> Iterator[str]:
    """Yield the texts in an error of a CRM: it is a text, a list or an object."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for each in value.values() if isinstance(value, dict) else value:
            if isinstance(each, str):
                yield each
            elif isinstance(each, dict):
                yield from (text for text in each.values() if isinstance(text, str))
