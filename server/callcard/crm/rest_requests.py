"""Requests of a configured REST source: tables of the configuration, made ready to be sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from callcard.crm.http_source import HttpResponse, HttpSource
from callcard.crm.templates import compile_body, compile_path, compile_query, compile_text
from callcard.errors import OperatorError, SourceUnavailable
from callcard.extras import requires_extras
from callcard.telephony.spellings import SPELLINGS
from callcard.text import suggest

with requires_extras("rest"):
    import jmespath

NOT_FOUND = 404


class RequestOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One request to the CRM. `path`, `query`, `headers` and `body` are templates."""

    path: Annotated[
        str,
        Meta(pattern="^/", description="below base_url; values are percent-encoded"),
    ]
    method: Literal["GET", "POST", "PUT", "PATCH"] = "GET"
    query: dict[str, str] = {}
    headers: dict[str, str] = {}
    body: Annotated[
        Any, Meta(description="JSON; a text that is one `<< expression >>` becomes its value")
    ] = None
    results: Annotated[
        str,
        Meta(description="JMESPath expression of the records in the response: a list, or one"),
    ] = "@"
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
        try:
            self._results = jmespath.compile(options.results)
        except jmespath.exceptions.JMESPathError as error:
            raise OperatorError(f"{where}.results: {str(error).splitlines()[0]}") from error

    async def records(self, base_url: str, values: Mapping[str, Any]) -> list[Any]:
        """Send the request; return the records in the response. Nothing found is an empty list."""
        response = await self._send(base_url, values)
        if response.status == NOT_FOUND or not response.body.strip():
            return []
        content = self._decode(response)
        try:
            found = self._results.search(content)
        except (jmespath.exceptions.JMESPathError, RecursionError) as error:
            reason = type(error).__name__
            raise SourceUnavailable(f"{self._where}.results can't be read ({reason})") from error
        if found is None or found == {}:
            return []
        return found if isinstance(found, list) else [found]

    async def _send(self, base_url: str, values: Mapping[str, Any]) -> HttpResponse:
        try:
            query = self._query(values)
            url = base_url + self._path(values) + (f"?{query}" if query else "")
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
