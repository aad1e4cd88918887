"""A table or view of any database that SQLAlchemy reaches: `kind = "sql"`.

The configuration gives a statement for each operation. Its columns are named after what they are:
id, name, company, email, language, flags (with commas), url, created_at, updated_at, and number or
number_LABEL; several rows with the same id are one contact.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Self, get_args

import msgspec

from callcard.crm.base import (
    MAX_HISTORY_ENTRIES,
    MAX_MATCHES,
    Case,
    Contact,
    ContactPage,
    ContactSource,
    HistoryEntry,
    InteractionRecord,
    Match,
    NewCase,
    NewContact,
    Operation,
    WriteOperation,
)
from callcard.crm.lookup_trace import note_request
from callcard.crm.record_values import (
    contact_numbers,
    direction_of,
    iso_time,
    matches_of,
    plain_text,
    web_address,
)
from callcard.crm.sql_options import SqlOptions
from callcard.crm.sql_statements import PARAMETERS, READS, prepare, search_parameters
from callcard.errors import OperatorError, SourceRejected, SourceUnavailable, Unsupported
from callcard.extras import requires_extras
from callcard.telephony.numbers import Number
from callcard.telephony.spellings import spellings

with requires_extras("sql"):
    from sqlalchemy import URL, make_url
    from sqlalchemy.exc import ArgumentError, DataError, IntegrityError, SQLAlchemyError
    from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

MAX_ROWS = 500
"""Rows that are read of one answer; hundreds may share a switchboard number."""
MAX_DETAILED = 3
"""Contacts whose cases and history are read."""
MAX_CASES = 20
MAX_NOTES = 2000
CONNECTIONS = 16

_Rows = list[Mapping[str, Any]]


class Sql(ContactSource):
    name = "sql"
    Options = SqlOptions

    def __init__(self, options: SqlOptions, name: str = "sql") -> None:
        """Raises OperatorError for an unusable address or statement, naming the option."""
        self.name = name
        self._country = options.country
        self._engine = create_async_engine(
            _address(name, options),
            pool_size=CONNECTIONS,
            pool_pre_ping=True,  # a database may have been restarted
        )
        self._settings = {f"settings_{key}": value for key, value in options.settings.items()}
        self._statements = {
            operation: prepare(name, operation, statement, self._settings)
            for operation in PARAMETERS
            if (statement := getattr(options, operation))
        }
        self.capabilities = frozenset(
            operation for operation in get_args(Operation) if operation in self._statements
        )

    @classmethod
    def open(cls, options: SqlOptions, name: str) -> Self:
        return cls(options, name)

    async def close(self) -> None:
        await self._engine.dispose()

    # ---- reads

    async def by_number(self, number: Number) -> list[Match]:
        async with self._connection("by_number") as connection:
            rows = await self._read(
                connection, "by_number", {**spellings(number), "limit": MAX_ROWS}
            )
            matches = matches_of(self._contacts(rows), number)[:MAX_MATCHES]
            return [
                replace(match, contact=await self._detailed(connection, match.contact))
                if index < MAX_DETAILED
                else match
                for index, match in enumerate(matches)
            ]

    async def search(self, text: str, limit: int) -> list[Contact]:
        if not text.strip():
            return []
        async with self._connection("search") as connection:
            rows = await self._read(connection, "search", search_parameters(text, limit))
            return self._contacts(rows)[:limit]

    async def get(self, id: str) -> Contact | None:
        async with self._connection("get") as connection:
            return await self._single(connection, "get", {"id": id})

    async def by_reference(self, reference: str) -> Contact | None:
        async with self._connection("by_reference") as connection:
            return await self._single(connection, "by_reference", {"reference": reference})

    async def _single(
        self, connection: AsyncConnection, operation: str, parameters: Mapping[str, str]
    ) -> Contact | None:
        contacts = self._contacts(await self._read(connection, operation, parameters))
        return await self._detailed(connection, contacts[0]) if len(contacts) == 1 else None

    async def _detailed(self, connection: AsyncConnection, contact: Contact) -> Contact:
        """Return a contact with its open cases and history."""
        parameters = {"id": contact.id, "limit": MAX_CASES}
        cases = await self._read(connection, "cases", parameters)
        history = await self._read(connection, "history", parameters)
        entries = sorted((_entry(row) for row in history), key=lambda each: each.started_at)
        return replace(
            contact,
            cases=tuple(_case(row) for row in cases[:MAX_CASES]),
            interactions=tuple(reversed(entries[-MAX_HISTORY_ENTRIES:])),
        )

    # ---- all contacts

    @property
    def lists_changes(self) -> bool:
        return "changes" in self._statements and "since" in self._statements["changes"].names

    async def list_contacts(self, since: str, place: str) -> AsyncIterator[ContactPage]:
        while True:
            parameters = {"since": since, "after": place, "limit": MAX_ROWS}
            async with self._connection("changes") as connection:
                rows = await self._read(connection, "changes", parameters)
            is_last = len(rows) < MAX_ROWS
            before, place = place, plain_text(rows[-1]["id"]) if rows else ""
            if place == before and not is_last:
                raise SourceUnavailable(f"{self.name}: changes does not go on after :after")
            yield ContactPage(
                contacts=tuple(self._contacts([row for row in rows if not row.get("deleted")])),
                deleted=tuple(plain_text(row["id"]) for row in rows if row.get("deleted")),
                place="" if is_last else place,
            )
            if is_last:
                return

    # ---- writes

    async def create(self, contact: NewContact) -> Contact:
        given = [number.e164 or number.digits for number in contact.numbers]
        padded = [*given, "", "", ""]
        parameters = {
            "key": contact.key,
            "name": contact.name,
            "company": contact.company,
            "email": contact.email,
            **{f"number{index + 1}": padded[index] for index in range(3)},
        }
        async with self._connection("create") as connection:
            rows = await self._returned(connection, "create", parameters)
            (created, *_others) = self._contacts(rows)
            for number in contact.numbers:
                await self._read(connection, "add_number", _number(created.id, number))
            return await self._single(connection, "get", {"id": created.id}) or created

    async def add_number(self, id: str, number: Number) -> Contact | None:
        async with self._connection("add_number") as connection:
            await self._read(connection, "add_number", _number(id, number))
            return await self._single(connection, "get", {"id": id})

    async def create_case(self, case: NewCase) -> Case | None:
        parameters = {
            "key": case.key,
            "id": case.contact,
            "subject": case.subject,
            "notes": case.notes,
            "opened_at": case.opened_at,
        }
        async with self._connection("create_case") as connection:
            rows = await self._read(connection, "create_case", parameters)
            return _case(rows[0]) if rows else None

    async def log(self, interaction: InteractionRecord) -> None:
        entry = interaction.history_entry
        parameters = {
            "id": interaction.id,
            "contact": interaction.contact if interaction.contact_source == self.name else "",
            "number": interaction.number,
            "direction": interaction.direction,
            "started_at": interaction.started_at,
            "answered_at": interaction.answered_at,
            "ended_at": interaction.ended_at,
            "duration_seconds": round(entry.duration_seconds),
            "end_reason": interaction.end_reason,
            "agent": interaction.owner,
            "agent_name": interaction.owner_name,
            "queue": interaction.queue,
            "subject": interaction.subject,
            "notes": entry.notes,
            "wrap_up_reasons": ", ".join(interaction.wrap_up_reasons),
            "call_key": interaction.call_key,
            "record": msgspec.json.encode(interaction).decode(),
        }
        async with self._connection("log") as connection:
            await self._read(connection, "log", parameters)

    async def remove_written(self, operation: WriteOperation, key: str, id: str) -> None:
        statement = f"remove_{operation}"
        async with self._connection(statement) as connection:
            await self._read(connection, statement, {"key": key, "id": id})

    async def _returned(
        self, connection: AsyncConnection, operation: str, parameters: Mapping[str, Any]
    ) -> _Rows:
        rows = await self._read(connection, operation, parameters)
        if not rows:
            raise SourceUnavailable(f"{self.name}: {operation} returns no row; add returning …")
        return rows

    # ---- the database

    @asynccontextmanager
    async def _connection(self, operation: str) -> AsyncIterator[AsyncConnection]:
        """Open a transaction. Errors name the operation, never the statement and its values."""
        if operation not in self._statements:
            raise Unsupported(operation, self.name)
        try:
            async with self._engine.begin() as connection:
                yield connection
        except (DataError, IntegrityError) as error:
            reason = type(error).__name__
            raise SourceRejected(
                f"{self.name}: the database rejects {operation} ({reason})"
            ) from None
        except (SQLAlchemyError, OSError) as error:
            reason = type(getattr(error, "orig", None) or error).__name__
            raise SourceUnavailable(
                f"{self.name}: the database can't do {operation} ({reason}); check the statement, "
                "the rights and the connection"
            ) from None

    async def _read(
        self, connection: AsyncConnection, operation: str, parameters: Mapping[str, Any]
    ) -> _Rows:
        """Run the statement of an operation, if there is one. Return at most MAX_ROWS rows."""
        statement = self._statements.get(operation)
        if statement is None:
            return []
        # PostgreSQL has no character for zero in texts.
        values = {
            name: value.replace("\0", "\N{REPLACEMENT CHARACTER}")
            if isinstance(value, str)
            else value
            for name, value in {**self._settings, **parameters}.items()
            if name in statement.names
        }
        note_request(
            lambda: (
                f"{operation}: {statement.text} "
                + ", ".join(f"{name} = {value!r}" for name, value in values.items())
            )
        )
        if operation not in READS:
            result = await connection.execute(statement.text, values)
            return [dict(row) for row in result.mappings()] if result.returns_rows else []
        async with connection.stream(statement.text, values) as stream:
            return [dict(row) for row in await stream.mappings().fetchmany(MAX_ROWS)]

    def _contacts(self, rows: _Rows) -> list[Contact]:
        """Return the rows as contacts; those with the same id are one."""
        found: dict[str, Contact] = {}
        for row in rows:
            if "id" not in row or "name" not in row:
                raise SourceUnavailable(
                    f"{self.name}: a statement has no column id or name; write … as id, … as name"
                )
            contact = self._contact(row)
            known = found.get(contact.id)
            if known:
                numbers_of_both = {each.number: each for each in (*known.numbers, *contact.numbers)}
                contact = replace(known, numbers=tuple(numbers_of_both.values()))
            found[contact.id] = contact
        return list(found.values())

    def _contact(self, row: Mapping[str, Any]) -> Contact:
        flags = (flag.strip() for flag in plain_text(row.get("flags")).split(","))
        return Contact(
            source=self.name,
            id=plain_text(row["id"]),
            name=plain_text(row["name"]),
            company=plain_text(row.get("company")),
            email=plain_text(row.get("email")),
            language=plain_text(row.get("language")),
            flags=tuple(filter(None, flags)),
            numbers=contact_numbers(_labelled(row), self._country),
            url=web_address(plain_text(row.get("url"))),
            created_at=iso_time(row.get("created_at")),
            updated_at=iso_time(row.get("updated_at")),
        )


def _labelled(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the numbers of a row, labelled by their columns: number, or number_LABEL."""
    for column, value in row.items():
        if column == "number" or column.startswith("number_"):
            yield plain_text(value), column.removeprefix("number").removeprefix("_")


def _number(id: str, number: Number) -> dict[str, str]:
    """Return the parameters of `add_number`."""
    given = number.e164 or number.digits
    return {"id": id, "number": given, "display": number.display or given}


def _case(row: Mapping[str, Any]) -> Case:
    return Case(
        id=plain_text(row.get("id")),
        subject=plain_text(row.get("subject")),
        status=plain_text(row.get("status")),
        opened_at=iso_time(row.get("opened_at")),
        notes=plain_text(row.get("notes"), MAX_NOTES),
        url=web_address(plain_text(row.get("url"))),
    )


def _entry(row: Mapping[str, Any]) -> HistoryEntry:
    return HistoryEntry(
        started_at=iso_time(row.get("started_at")),
        kind=plain_text(row.get("kind")) or "call",
        subject=plain_text(row.get("subject")),
        direction=direction_of(plain_text(row.get("direction"))),
        agent=plain_text(row.get("agent")),
        duration_seconds=float(row.get("duration_seconds") or 0),
        notes=plain_text(row.get("notes"), MAX_NOTES),
    )


def _address(name: str, options: SqlOptions) -> URL:
    try:
        url = make_url(options.url)
        url.get_dialect()
    except (ArgumentError, SQLAlchemyError, ModuleNotFoundError) as error:
        raise OperatorError(
            f"{name}: url is no address of a database ({type(error).__name__})"
        ) from None
    if url.password:
        raise OperatorError(f"{name}: url has a password; give password_file or password_env")
    if not url.get_dialect().is_async:
        raise OperatorError(
            f"{name}: url needs a driver such as postgresql+asyncpg or sqlite+aiosqlite"
        )
    return url.set(password=options.password) if options.password else url
