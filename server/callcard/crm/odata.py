"""A CRM or ERP that speaks OData v4, as Dataverse and SAP do: `kind = "odata"`.

The configuration names the entities and their columns; the requests are made here.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

import httpx
from msgspec import Meta

from callcard.crm.base import Case, Contact, NewCase
from callcard.crm.record_values import MAX_RECORDS
from callcard.crm.rest import ConnectionOptions, HttpOptions, Rest, RestOptions
from callcard.crm.rest_requests import ChangesOptions, RequestOptions

Column = Annotated[str, Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_./]{0,127}$")]

NumberSearch = Literal["contains", "wildcards", "pattern"]
_SPELLINGS: dict[NumberSearch, tuple[str, ...]] = {
    "contains": ("suffix", "international", "display", "national"),
    "wildcards": ("suffix", "interleaved"),
    "pattern": ("suffix",),
}
_NUMBER_FILTERS: dict[NumberSearch, str] = {
    "contains": "contains({column},'<< spelling | odata >>')",
    # In Dataverse % stands for any text, so that punctuation between the digits does not matter.
    "wildcards": "contains({column},'<< spelling | odata >>')",
    # OData 4.01 URL conventions, 5.1.1.7.1.
    "pattern": "matchesPattern({column},'<< spelling | join('[^0-9]*') >>')",
}


class ODataOptions(HttpOptions, frozen=True, forbid_unknown_fields=True, kw_only=True):
    entity: Annotated[Column, Meta(description="entity set of the contacts, as contacts")]
    key: Annotated[Column, Meta(description="its key, as contactid")]
    number_columns: Annotated[
        tuple[Column, ...], Meta(min_length=1, description="the columns with telephone numbers")
    ]
    key_type: Annotated[
        Literal["text", "guid", "number"], Meta(description="how a key is written in a filter")
    ] = "text"
    number_search: Annotated[
        NumberSearch,
        Meta(
            description="contains: part of the text, in the usual spellings; wildcards: % stands "
            "for punctuation, as in Dataverse; pattern: matchesPattern(), as in SAP CAP"
        ),
    ] = "contains"
    search_columns: Annotated[tuple[Column, ...], Meta(description="columns with words")] = ()
    ignores_case: Annotated[
        bool, Meta(description="the server does, as Dataverse; else tolower() is used")
    ] = False
    reference_column: Annotated[
        str, Meta(description="column with the customer number", pattern=r"^[A-Za-z0-9_./]*$")
    ] = ""
    select: Annotated[tuple[Column, ...], Meta(description="columns to ask for; all if none")] = ()
    expand: Annotated[
        str, Meta(description="related records to ask for, as company($select=name)")
    ] = ""
    updated_column: Annotated[
        str,
        Meta(
            description="column with the time of the last change, for a mirror: without it, all "
            "contacts are read each time",
            pattern=r"^[A-Za-z0-9_./]*$",
        ),
    ] = ""
    filter: Annotated[str, Meta(description="which contacts there are, as statecode eq 0")] = ""


class OData(Rest):
    """Finds contacts with $filter, follows @odata.nextLink, and reads and writes as `rest` does."""

    name = "odata"
    Options: ClassVar[type[ConnectionOptions]] = ODataOptions

    def __init__(
        self,
        options: ODataOptions,
        name: str = "odata",
        *,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._key_type = options.key_type
        super().__init__(rest_options(options), name, transport=transport)

    @classmethod
    def can_list(cls, options: Any) -> bool:
        return True

    async def get(self, id: str) -> Contact | None:
        return await super().get(id) if self._can_be_key(id) else None

    async def create_case(self, case: NewCase) -> Case | None:
        # A server that does not enforce relations would open a case for nobody.
        return await super().create_case(case) if await self.get(case.contact) else None

    def _can_be_key(self, id: str) -> bool:
        """Return whether the server can read an id as a key: it calls others a bad request."""
        if self._key_type == "number":
            return re.fullmatch(r"[0-9]{1,18}", id) is not None
        if self._key_type == "guid":
            try:
                return str(UUID(id)) == id.casefold()
            except ValueError:
                return False
        return True


def rest_options(options: ODataOptions) -> RestOptions:
    """Return the requests of an OData source."""
    literal = "'<< {} | odata >>'"
    key = literal.format("id") if options.key_type == "text" else "<< id >>"
    number_filter = _NUMBER_FILTERS[options.number_search]
    numbers = [number_filter.format(column=column) for column in options.number_columns]
    common: dict[str, Any] = {
        field: getattr(options, field) for field in HttpOptions.__struct_fields__
    }
    common["changes"] = options.changes or ChangesOptions(request=_all_contacts(options))
    common["headers"] = {"OData-Version": "4.0", "OData-MaxVersion": "4.01", **options.headers}
    reference = f"{options.reference_column} eq {literal.format('reference')}"
    return RestOptions(
        by_number=_query(options, " or ".join(numbers), _SPELLINGS[options.number_search]),
        search=_query(options, _words_filter(options)) if options.search_columns else None,
        get=_query(options, f"{options.key} eq {key}", only=False),
        by_reference=_query(options, reference) if options.reference_column else None,
        **common,
    )


def _all_contacts(options: ODataOptions) -> RequestOptions:
    """Return the request of all contacts, or of those that were changed since a time."""
    everyone = f"{options.key} ne null"
    changed = everyone
    if options.updated_column:
        later = f"{options.updated_column} ge << since >>"
        changed = f"<% if since %>{later}<% else %>{everyone}<% endif %>"
    request = _query(options, changed)
    query = {key: text for key, text in request.query.items() if key != "$top"}
    return RequestOptions(
        path=request.path,
        query={**query, "$orderby": options.key},
        results=request.results,
        next=request.next,
    )


def _query(
    options: ODataOptions, filter: str, spellings: tuple[str, ...] = (), *, only: bool = True
) -> RequestOptions:
    """Return the request of the contacts to which `filter` applies; `only` those that count."""
    condition = f"({filter}) and ({options.filter})" if options.filter and only else filter
    query = {"$filter": condition, "$top": str(MAX_RECORDS)}
    if options.select:
        query["$select"] = ",".join(options.select)
    if options.expand:
        query["$expand"] = options.expand
    return RequestOptions(
        path=f"/{options.entity}",
        query=query,
        results="value",
        next='"@odata.nextLink"',
        spellings=spellings,
    )


def _words_filter(options: ODataOptions) -> str:
    """Return a filter that has a column for each word of the text."""
    columns, word = options.search_columns, "<< word | odata >>"
    if not options.ignores_case:
        columns = tuple(f"tolower({column})" for column in columns)
        word = "<< word | lower | odata >>"
    contains = " or ".join(f"contains({column},'{word}')" for column in columns)
    return (
        "<% for word in words if word %><% if not loop.first %> and <% endif %>"
        f"({contains})<% endfor %>"
    )
