"""The look-ups of the local contacts as queries to a PostgreSQL with the same contacts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg

from callcard.telephony.numbers import Number
from tests.harness.postgres import running_postgres

_TABLE = """
create table contact (id integer primary key, name text, company text, number text);
create function digits_reversed(text) returns text immutable parallel safe language sql
    as $$ select reverse(regexp_replace($1, '[^0-9]', '', 'g')) $$;
"""
_INDEXES = """
create index on contact (digits_reversed(number) text_pattern_ops);
create index on contact using gin (to_tsvector('simple', name || ' ' || company));
analyze contact;
"""
_WHOLE = "select * from contact where digits_reversed(number) = $1 limit 20"
_LAST_DIGITS = "select * from contact where digits_reversed(number) like $1 limit 20"
_NAME = (
    "select * from contact where to_tsvector('simple', name || ' ' || company)"
    " @@ to_tsquery('simple', $1) limit 20"
)
_SUFFIX_DIGITS = 8


class PostgresContacts:
    """Queries over one connection on the same machine."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def by_number(self, number: Number) -> None:
        """Find the whole number, and if nobody has it, those with the same last digits."""
        if not await self._connection.fetch(_WHOLE, number.reversed):
            last_digits = number.reversed[:_SUFFIX_DIGITS]
            await self._connection.fetch(_LAST_DIGITS, f"{last_digits}%")

    async def search(self, text: str, limit: int) -> None:
        await self._connection.fetch(_NAME.replace("20", str(limit)), f"{text}:*")


@asynccontextmanager
async def postgres_contacts(file: Path) -> AsyncIterator[PostgresContacts]:
    """Run a PostgreSQL with the contacts of a CSV file."""
    with running_postgres() as address:
        connection = await asyncpg.connect(f"{address.replace('+asyncpg', '')}/postgres")
        try:
            await connection.execute(_TABLE)
            with file.open("rb") as content:
                await connection.copy_to_table("contact", source=content, format="csv", header=True)
            await connection.execute(_INDEXES)
            yield PostgresContacts(connection)
        finally:
            await connection.close()
