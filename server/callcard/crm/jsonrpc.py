"""A CRM with JSON-RPC, as Tryton and Odoo up to 18: `kind = "jsonrpc"`.

The configuration gives a method and its parameters for each operation. A failed call has the status
200 and a member `error`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Annotated, Any, ClassVar, Literal, TypeVar

import httpx
import msgspec
from msgspec import Meta

from callcard.crm.record_mapping import CaseMapping, HistoryMapping
from callcard.crm.rest import (
    CasesOptions,
    ConnectionOptions,
    HistoryOptions,
    Rest,
    RestOptions,
)
from callcard.crm.rest_requests import ChangesOptions, ReadyRequest, RequestOptions, WriteOptions
from callcard.errors import SourceRejected, SourceUnavailable

_SESSION = "session"
_Given = TypeVar("_Given")
_Made = TypeVar("_Made")


class RpcOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One call of a method. `params` is JSON with templates, as `body` of `rest`."""

    method: str
    params: Any
    results: Annotated[
        str, Meta(description="JMESPath expression of the records in the result")
    ] = "@"
    spellings: Annotated[tuple[str, ...], Meta(description="for by_number, as in `rest`")] = ()
    page_size: Annotated[
        int, Meta(ge=0, le=10_000, description="for << offset >>, as in `rest`")
    ] = 0


class RpcChangesOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    request: RpcOptions
    deleted: str = ""


class RpcWriteOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    request: RpcOptions
    find: Annotated[
        RpcOptions | None,
        Meta(description="finds what an earlier try has made, by the key that it was given"),
    ] = None
    update: Annotated[RpcOptions | None, Meta(description="replaces << found >>")] = None
    remove: Annotated[
        RpcOptions | None, Meta(description="removes << found >>, before it is made anew")
    ] = None
    cleanup: Annotated[
        RpcOptions | None, Meta(description="removes what was written, as in `rest`")
    ] = None


class RpcCasesOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    request: RpcOptions
    mapping: CaseMapping


class RpcHistoryOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    request: RpcOptions
    mapping: HistoryMapping


class JsonRpcOptions(ConnectionOptions, frozen=True, forbid_unknown_fields=True, kw_only=True):
    path: Annotated[str, Meta(pattern="^/", description="below base_url; may name `settings`")] = (
        "/jsonrpc"
    )
    version: Annotated[
        Literal["1.0", "2.0"], Meta(description="1.0 for Tryton, which compares the members")
    ] = "2.0"
    session: Annotated[
        RpcOptions | None,
        Meta(description="called first; its result is << session >> in the others, as Odoo's uid"),
    ] = None
    retryable_errors: Annotated[
        tuple[str, ...], Meta(description="names of errors after which a change is tried again")
    ] = ()
    by_number: Annotated[RpcOptions, Meta(description="finds the contacts with `number`")]
    search: Annotated[RpcOptions | None, Meta(description="by `text`, at most `limit`")] = None
    get: Annotated[RpcOptions | None, Meta(description="returns the contact `id`")] = None
    by_reference: Annotated[RpcOptions | None, Meta(description="by `reference`")] = None
    cases: Annotated[RpcCasesOptions | None, Meta(description="open cases of `id`")] = None
    history: Annotated[RpcHistoryOptions | None, Meta(description="history of `id`")] = None
    create: Annotated[RpcWriteOptions | None, Meta(description="saves `contact`")] = None
    create_case: Annotated[
        RpcWriteOptions | None, Meta(description="opens `case` for the contact `id`")
    ] = None
    log: Annotated[RpcWriteOptions | None, Meta(description="saves `interaction`")] = None
    changes: Annotated[
        RpcChangesOptions | None, Meta(description="lists all contacts, as in `rest`")
    ] = None


class JsonRpc(Rest):
    """Sends every operation as one JSON-RPC request. Templates are those of `rest`."""

    name = "jsonrpc"
    Options: ClassVar[type[ConnectionOptions]] = JsonRpcOptions

    def __init__(
        self,
        options: JsonRpcOptions,
        name: str = "jsonrpc",
        *,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        super().__init__(rest_options(options), name, transport=transport)
        self._session: Any = None
        self._session_request = (
            ReadyRequest(self, _SESSION, _request(options, options.session))
            if options.session
            else None
        )

    @asynccontextmanager
    async def _in_session(self) -> AsyncIterator[Mapping[str, Any]]:
        if self._session_request is None:
            yield {}
            return
        try:
            if self._session is None:
                self._session = await self._begin_session(self._session_request)
            yield {"session": self._session}
        except (SourceRejected, SourceUnavailable):
            self._session = None  # it may have ended
            raise

    async def _begin_session(self, request: ReadyRequest) -> Any:
        given = await request.records(self._base_url, self._settings)
        if not given:
            raise SourceUnavailable(f"{self.name}: {_SESSION} gives nothing; check the secret")
        return given[0]


def rest_options(options: JsonRpcOptions) -> RestOptions:
    """Return the HTTP requests of a JSON-RPC source."""
    common: dict[str, Any] = {
        field: getattr(options, field) for field in ConnectionOptions.__struct_fields__
    }
    return RestOptions(
        by_number=_request(options, options.by_number),
        search=_optional(_request, options, options.search),
        get=_optional(_request, options, options.get),
        by_reference=_optional(_request, options, options.by_reference),
        cases=_optional(_cases, options, options.cases),
        history=_optional(_history, options, options.history),
        create=_optional(_write, options, options.create),
        create_case=_optional(_write, options, options.create_case),
        log=_optional(_write, options, options.log),
        changes=_optional(_changes, options, options.changes),
        **common,
    )


def _optional(
    make: Callable[[JsonRpcOptions, _Given], _Made], options: JsonRpcOptions, given: _Given | None
) -> _Made | None:
    return None if given is None else make(options, given)


def _cases(options: JsonRpcOptions, given: RpcCasesOptions) -> CasesOptions:
    return CasesOptions(request=_request(options, given.request), mapping=given.mapping)


def _history(options: JsonRpcOptions, given: RpcHistoryOptions) -> HistoryOptions:
    return HistoryOptions(request=_request(options, given.request), mapping=given.mapping)


def _changes(options: JsonRpcOptions, given: RpcChangesOptions) -> ChangesOptions:
    return ChangesOptions(request=_request(options, given.request), deleted=given.deleted)


def _write(options: JsonRpcOptions, given: RpcWriteOptions) -> WriteOptions:
    return WriteOptions(
        request=_request(options, given.request),
        find=_optional(_request, options, given.find),
        update=_optional(_request, options, given.update),
        remove=_optional(_request, options, given.remove),
        cleanup=_optional(_request, options, given.cleanup),
    )


def _request(options: JsonRpcOptions, call: RpcOptions) -> RequestOptions:
    version = {"jsonrpc": "2.0"} if options.version == "2.0" else {}
    return RequestOptions(
        method="POST",
        path=options.path,
        body={**version, "id": 1, "method": call.method, "params": call.params},
        results=f"result | {call.results}",
        spellings=call.spellings,
        page_size=call.page_size,
        error="error",
        retryable_errors=options.retryable_errors,
    )
