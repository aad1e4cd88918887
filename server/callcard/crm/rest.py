"""A CRM with JSON over HTTP, by configuration alone: `kind = "rest"`, and the presets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Self, get_args

import httpx
import msgspec
from msgspec import Meta

from callcard.crm.base import (
    MAX_MATCHES,
    Case,
    Contact,
    ContactPage,
    HistoryEntry,
    InteractionRecord,
    Match,
    NewCase,
    NewContact,
    Operation,
    WriteOperation,
)
from callcard.crm.http_auth import AuthOptions, open_auth
from callcard.crm.http_checks import check_url
from callcard.crm.http_source import HttpSource
from callcard.crm.record_mapping import (
    CaseMapping,
    ContactMapping,
    HistoryMapping,
    RecordReader,
    read_cases,
    read_contact,
    read_history,
)
from callcard.crm.record_values import MAX_RECORDS, MAX_WORDS, matches_of
from callcard.crm.rest_requests import (
    ChangesOptions,
    ReadyRequest,
    RequestOptions,
    WriteOptions,
    optional_expression,
)
from callcard.crm.templates import Trusted, compile_text, uses
from callcard.errors import OperatorError, SourceUnavailable, Unsupported
from callcard.extras import requires_extras
from callcard.telephony.numbers import Number
from callcard.telephony.spellings import spellings

with requires_extras("rest"):
    import jmespath

MAX_SEARCH_CHARACTERS = 200
MAX_KEY_CHARACTERS = 1000
"""Both are parts of addresses, which servers limit to about 8,000 characters."""
MAX_LIST_PAGES = 100_000
MAX_DETAILED = 3
"""Matches whose cases and history are read: each costs two requests."""


class CasesOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    request: RequestOptions
    mapping: CaseMapping


class HistoryOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    request: RequestOptions
    mapping: HistoryMapping


class ConnectionOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What every CRM with records in JSON over HTTP has, whatever its protocol."""

    base_url: Annotated[str, Meta(description="may name `settings`, as << settings.company >>")]
    country: Annotated[
        str, Meta(description="country of numbers without a country code, two letters")
    ]
    contact: Annotated[
        ContactMapping, Meta(description="how a record becomes a contact: JMESPath by field")
    ]
    settings: Annotated[
        dict[str, str], Meta(description="values that templates name as << settings.NAME >>")
    ] = {}
    auth: Annotated[AuthOptions, Meta(description="see crm/README.md")] = AuthOptions()
    headers: Annotated[dict[str, str], Meta(description="sent with every request")] = {}
    timeout_seconds: Annotated[float, Meta(gt=0, description="time for one request")] = 10.0


class HttpOptions(ConnectionOptions, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """And what is sent to it beside look-ups."""

    cases: Annotated[
        CasesOptions | None, Meta(description="`request` and `mapping` of a contact's open cases")
    ] = None
    history: Annotated[
        HistoryOptions | None, Meta(description="`request` and `mapping` of a contact's history")
    ] = None
    create: Annotated[
        WriteOptions | None, Meta(description="saves `contact`; `key` is the same for repetitions")
    ] = None
    create_case: Annotated[
        WriteOptions | None, Meta(description="opens `case` for the contact `id`")
    ] = None
    log: Annotated[
        WriteOptions | None, Meta(description="saves `interaction`, replacing that with its id")
    ] = None
    changes: Annotated[
        ChangesOptions | None, Meta(description="lists all contacts, for a mirror")
    ] = None


class RestOptions(HttpOptions, frozen=True, forbid_unknown_fields=True, kw_only=True):
    by_number: Annotated[
        RequestOptions, Meta(description="finds the contacts with `number`, or each `spelling`")
    ]
    search: Annotated[
        RequestOptions | None, Meta(description="finds contacts by `text`, at most `limit`")
    ] = None
    get: Annotated[RequestOptions | None, Meta(description="returns the contact `id`")] = None
    by_reference: Annotated[
        RequestOptions | None, Meta(description="returns the contact of a case: `reference`")
    ] = None


_READS: tuple[Operation, ...] = ("by_number", "search", "get", "by_reference")
_WRITES: tuple[Operation, ...] = ("create", "create_case", "log")


class Rest(HttpSource):
    """Finds contacts by the configured requests, and keeps those that really have the number.

    Templates have `settings`, and, by operation: `number` (its spellings) and `spelling`;
    `text`, its first four `words` and `limit`; `id`; `reference`; `contact` with `key`; `case` with
    `key`; `interaction`; `found`.
    """

    name = "rest"
    Options: ClassVar[type[ConnectionOptions]] = RestOptions

    def __init__(
        self,
        options: RestOptions,
        name: str = "rest",
        *,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.name = name
        self._options = options
        self._settings = {
            "settings": {key: Trusted(value) for key, value in options.settings.items()}
        }
        self._base_url = compile_text(f"{name}: base_url", options.base_url)(self._settings)
        self._base_url = self._base_url.rstrip("/")
        check_url(name, "base_url", self._base_url)
        auth = self.auth = self._filled_auth(options.auth)
        certificate = (auth.certificate_file, auth.key_file) if auth.certificate_file else None
        try:
            super().__init__(
                timeout_seconds=options.timeout_seconds,
                headers={"Accept": "application/json", **options.headers},
                auth=open_auth(name, auth, transport=transport),
                certificate=certificate,
                transport=transport,
            )
        except OSError as error:
            raise OperatorError(f"{name}: auth.certificate_file: {error}") from error
        self._contacts = RecordReader(name, "contact", options.contact)
        self._requests: dict[str, ReadyRequest] = {}
        for operation in _READS:
            self._add(operation, getattr(options, operation))
        for operation in _WRITES:
            write: WriteOptions | None = getattr(options, operation)
            if write is not None:
                self._add(operation, write.request)
                self._add(f"{operation}.find", write.find)
                self._add(f"{operation}.update", write.update)
                self._add(f"{operation}.remove", write.remove)
                self._add(f"{operation}.cleanup", write.cleanup or write.remove)
        self._deleted: Any = None
        if options.changes is not None:
            self._add("changes", options.changes.request)
            self._deleted = optional_expression(f"{name}: changes.deleted", options.changes.deleted)
        self._case_reader = self._add_details("cases", options.cases)
        self._history_reader = self._add_details("history", options.history)
        self.capabilities = frozenset(
            operation for operation in get_args(Operation) if operation in self._requests
        )

    @classmethod
    def open(cls, options: Any, name: str) -> Self:
        return cls(options, name)

    def _filled_auth(self, auth: AuthOptions) -> AuthOptions:
        """Return the table `auth` with the settings that its addresses name filled in."""
        changes = {
            key: compile_text(f"{self.name}: auth.{key}", getattr(auth, key))(self._settings)
            for key in ("token_url", "authorize_url", "scope")
        }
        return msgspec.structs.replace(auth, **changes)

    def _add(self, table: str, options: RequestOptions | None) -> None:
        if options is not None:
            self._requests[table] = ReadyRequest(self, table, options)

    def _add_details(
        self, table: str, options: CasesOptions | HistoryOptions | None
    ) -> RecordReader | None:
        if options is None:
            return None
        self._add(table, options.request)
        return RecordReader(self.name, f"{table}.mapping", options.mapping)

    @asynccontextmanager
    async def _in_session(self) -> AsyncIterator[Mapping[str, Any]]:
        """Run the body in a session with the CRM, where it has some; yield what templates get."""
        yield {}

    async def _records(self, table: str, **values: Any) -> list[Any]:
        if table not in self._requests:
            raise Unsupported(table, self.name)
        async with self._in_session() as session:
            given = {**self._settings, **session, **values}
            return await self._requests[table].records(self._base_url, given, MAX_RECORDS)

    def _contacts_in(self, records: list[Any]) -> list[Contact]:
        return [self._contact(record) for record in records[:MAX_RECORDS]]

    def _contact(self, record: Any) -> Contact:
        country = self._options.country
        return read_contact(self._contacts, record, country, self._settings["settings"])

    # ---- reads

    async def by_number(self, number: Number) -> list[Match]:
        names = self._requests["by_number"].spellings
        known = spellings(number)
        tried = list(dict.fromkeys(known[name] for name in names if known[name]))
        for spelling in tried if names else [number.digits]:
            records = await self._records("by_number", number=known, spelling=spelling)
            matches = matches_of(self._contacts_in(records), number)[:MAX_MATCHES]
            if matches:
                detailed = await asyncio.gather(
                    *(self._detailed(match.contact) for match in matches[:MAX_DETAILED])
                )
                found = [*detailed, *(match.contact for match in matches[MAX_DETAILED:])]
                return [
                    replace(match, contact=contact)
                    for match, contact in zip(matches, found, strict=True)
                ]
        return []

    async def _detailed(self, contact: Contact) -> Contact:
        """Return a contact with its open cases and history."""
        cases, interactions = await asyncio.gather(
            self._cases(contact.id), self._history(contact.id)
        )
        return replace(contact, cases=cases, interactions=interactions)

    async def _cases(self, id: str) -> tuple[Case, ...]:
        if self._case_reader is None:
            return ()
        records = await self._records("cases", id=id)
        return read_cases(self._case_reader, records, self._settings["settings"])

    async def _history(self, id: str) -> tuple[HistoryEntry, ...]:
        if self._history_reader is None:
            return ()
        return read_history(self._history_reader, await self._records("history", id=id))

    async def search(self, text: str, limit: int) -> list[Contact]:
        text = text.strip()[:MAX_SEARCH_CHARACTERS]
        if not text:
            return []
        words = [*text.split(), *MAX_WORDS * [""]][:MAX_WORDS]
        records = await self._records("search", text=text, words=words, limit=limit)
        return self._contacts_in(records)[:limit]

    async def get(self, id: str) -> Contact | None:
        return await self._single("get", id, id=id)

    async def by_reference(self, reference: str) -> Contact | None:
        return await self._single("by_reference", reference, reference=reference)

    async def _single(self, table: str, key: str, **values: str) -> Contact | None:
        if not key.strip() or len(key) > MAX_KEY_CHARACTERS:
            return None
        contacts = self._contacts_in(await self._records(table, **values))
        if table == "get":  # a CRM may ignore what it does not understand, and send others
            contacts = [contact for contact in contacts if contact.id == key]
        return await self._detailed(contacts[0]) if len(contacts) == 1 else None

    # ---- all contacts

    @property
    def lists_changes(self) -> bool:
        changes = self._options.changes
        return changes is not None and uses(msgspec.to_builtins(changes.request), "since")

    async def list_contacts(self, since: str, place: str) -> AsyncIterator[ContactPage]:
        if "changes" not in self._requests:
            raise Unsupported("changes", self.name)
        request = self._requests["changes"]
        async with self._in_session() as session:
            values = {**self._settings, **session, "since": since}
            pages = request.pages_from(place, self._base_url, values, MAX_LIST_PAGES)
            async for records, following in pages:
                yield self._page(records, following)

    def _page(self, records: list[Any], place: str) -> ContactPage:
        contacts: list[Contact] = []
        deleted: list[str] = []
        for record in records:
            if self._is_deleted(record):
                deleted.append(self._contacts.text(record, "id"))
            else:
                contacts.append(self._contact(record))
        return ContactPage(contacts=tuple(contacts), deleted=tuple(deleted), place=place)

    def _is_deleted(self, record: Any) -> bool:
        try:
            return self._deleted is not None and bool(self._deleted.search(record))
        except jmespath.exceptions.JMESPathError as error:
            reason = type(error).__name__
            raise SourceUnavailable(f"{self.name}: changes.deleted fails ({reason})") from error

    # ---- writes

    async def create(self, contact: NewContact) -> Contact:
        """Create a contact, unless one with its first number and its name is there already."""
        if contact.numbers:
            for match in await self.by_number(contact.numbers[0]):
                if match.how == "exact" and match.contact.name == contact.name:
                    return match.contact
        values = {
            "name": contact.name,
            "company": contact.company,
            "email": contact.email,
            "numbers": [number.e164 or number.digits for number in contact.numbers],
        }
        created = self._contacts_in(await self._write("create", contact=values, key=contact.key))
        if not created:
            raise SourceUnavailable(f"{self.name}: create.request.results gives no contact")
        if not created[0].name and "get" in self.capabilities:  # only the id is sent back
            return await self.get(created[0].id) or created[0]
        return created[0]

    async def create_case(self, case: NewCase) -> Case | None:
        values = msgspec.to_builtins(case)
        records = await self._write("create_case", case=values, key=case.key, id=case.contact)
        if self._case_reader is None or not records:
            return None
        (created, *_others) = read_cases(self._case_reader, records, self._settings["settings"])
        return created

    async def log(self, interaction: InteractionRecord) -> None:
        await self._write("log", interaction=self._logged(interaction), key=interaction.id)

    def _logged(self, interaction: InteractionRecord) -> Mapping[str, Any]:
        """Return what templates can say of a call, beside the record itself."""
        entry = interaction.history_entry
        is_own = interaction.contact_source == self.name
        own: dict[str, Any] = msgspec.to_builtins(interaction)
        seconds = round(entry.duration_seconds)
        return {
            **own,
            "record": own,
            "contact_id": interaction.contact if is_own else "",
            "subject": interaction.subject,
            "notes": entry.notes,
            "agent_name": interaction.owner_name,
            "duration_seconds": seconds,
            "duration_minutes": -(-seconds // 60),
            "duration_milliseconds": 1000 * seconds,
        }

    async def remove_written(self, operation: WriteOperation, key: str, id: str) -> None:
        find = f"{operation}.find"
        found = await self._records(find, key=key, id=id) if find in self._requests else []
        if found or find not in self._requests:
            first = found[0] if found else None
            await self._records(f"{operation}.cleanup", key=key, id=id, found=first)

    async def _write(self, table: str, **values: Any) -> list[Any]:
        """Send a change, unless an earlier try has made it: then update that, or leave it."""
        find, update, remove = f"{table}.find", f"{table}.update", f"{table}.remove"
        found = await self._records(find, **values) if find in self._requests else []
        if found and remove in self._requests:
            await self._records(remove, found=found[0], **values)
            found = []
        if not found:
            return await self._records(table, **values)
        if update in self._requests:
            return await self._records(update, found=found[0], **values)
        return found
