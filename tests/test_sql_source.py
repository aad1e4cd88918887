"""The SQL source on SQLite and on PostgreSQL: the contract, awkward data, wrong statements."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from callcard.crm.base import ContactSource, InteractionRecord
from callcard.crm.registry import parse_options
from callcard.crm.sql import Sql
from callcard.crm.sql_options import SqlOptions
from callcard.errors import OperatorError, SourceRejected, SourceUnavailable, Unsupported
from callcard.telephony import numbers
from tests.contracts.crm import (
    INTERACTION,
    AddNumberContract,
    ByReferenceContract,
    CreateCaseContract,
    GetContract,
    LogContract,
    RemoveWrittenContract,
    SearchContract,
    calls,
)
from tests.harness.postgres import HOW_TO_GET, find_binary, running_postgres

pytestmark = pytest.mark.anyio

TABLES = (
    "create table customer (id integer primary key, name text, company text, email text,"
    " code text, callcard_key text unique)",
    "create table phone (customer integer, number text, digits text, label text)",
    "create table ticket (id text, customer integer, subject text, notes text, opened_at text,"
    " callcard_key text unique)",
    "create table call_log (call_id text primary key, customer text, started_at text,"
    " seconds integer, record text)",
    "insert into customer values"
    " (1, 'Ada Lovelace', 'Analytical Engines', 'a@e.example', 'C-1', null)",
    "insert into customer values (2, 'O''Brien; drop table customer; --', null, null, null, null)",
    "insert into phone values (1, '(212) 555-0123', '2125550123', 'office')",
    "insert into phone values (1, '+44 (0)20 7946 0958', '4402079460958', '')",
    "insert into phone values (2, '+33 6 00 00 00 01', '33600000001', 'mobile')",
)
COLUMNS = (
    "select c.id, c.name, c.company, c.email, p.number as number_office"
    " from customer c left join phone p on p.customer = c.id"
)
STATEMENTS: dict[str, str] = {
    "by_number": f"{COLUMNS} where c.id in"
    " (select customer from phone where digits like '%' || :suffix) limit :limit",
    "search": f"{COLUMNS} where ' ' || lower(c.name || ' ' || coalesce(c.company, '')) like :word1"
    " escape '\\' and ' ' || lower(c.name) like :word2 escape '\\' limit :limit",
    "get": f"{COLUMNS} where cast(c.id as text) = :id",
    "by_reference": f"{COLUMNS} where c.code = :reference",
    "cases": "select id, subject, 'open' as status, opened_at, notes from ticket"
    " where cast(customer as text) = :id limit :limit",
    "history": "select started_at, 'call' as kind, 'Sale' as subject, 'INBOUND' as direction,"
    " seconds as duration_seconds from call_log where customer = :id limit :limit",
    "create": "insert into customer (id, name, company, email, callcard_key)"
    " select max(id) + 1, :name, :company, :email, :key from customer where true"
    " on conflict (callcard_key) do update set name = excluded.name"
    " returning id, name, company, email",
    "create_case": "insert into ticket (id, customer, subject, notes, opened_at, callcard_key)"
    " select 'T-' || :key, id, :subject, :notes, :opened_at, :key from customer"
    " where cast(id as text) = :id"
    " on conflict (callcard_key) do update set subject = excluded.subject"
    " returning id, subject, 'open' as status, opened_at, notes",
    "add_number": "insert into phone (customer, number, digits, label)"
    " select id, :display, substr(:number, 2), '' from customer where cast(id as text) = :id"
    " and not exists (select 1 from phone where customer = id and digits = substr(:number, 2))",
    "log": "insert into call_log values (:id, :contact, :started_at, :duration_seconds, :record)"
    " on conflict (call_id) do update set record = excluded.record",
    "remove_create": "delete from customer where cast(id as text) = :id and callcard_key = :key",
    "remove_create_case": "delete from ticket where id = :id",
    "remove_log": "delete from call_log where call_id = :key",
}


def open_sql(url: str, **changes: str) -> Sql:
    options = parse_options("sql", {"url": url, "country": "US", **STATEMENTS, **changes})
    assert isinstance(options, SqlOptions)
    return Sql(options)


async def execute(url: str, *statements: str) -> list[Mapping[str, Any]]:
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        for statement in statements:
            result = await connection.execute(text(statement))
        rows: list[Mapping[str, Any]] = (
            [dict(row) for row in result.mappings()] if result.returns_rows else []
        )
    await engine.dispose()
    return rows


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    if find_binary("initdb") is None:
        pytest.skip(HOW_TO_GET)
    with running_postgres() as address:
        yield address


@pytest.fixture(params=["sqlite", "postgresql"])
async def url(anyio_backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the address of a database with customers, on each kind of server."""
    if request.param == "sqlite":
        address = f"sqlite+aiosqlite:///{tmp_path}/crm.sqlite"
    else:
        server = request.getfixturevalue("postgres")
        name = f"crm{abs(hash(tmp_path))}"
        await execute(f"{server}/postgres", f"create database {name}")
        address = f"{server}/{name}"
    await execute(address, *TABLES)
    return address


@pytest.fixture
async def sql(anyio_backend: str, url: str) -> AsyncIterator[Sql]:
    source = open_sql(url)
    yield source
    await source.close()


class TestSql(
    SearchContract,
    GetContract,
    ByReferenceContract,
    AddNumberContract,
    CreateCaseContract,
    LogContract,
    RemoveWrittenContract,
):
    reference: ClassVar[str] = "C-1"

    @pytest.fixture
    def source(self, sql: Sql) -> ContactSource:
        return sql

    @pytest.fixture
    def logged(self, url: str) -> Callable[[], Mapping[str, InteractionRecord]]:
        return lambda: read_logged(url)


def read_logged(url: str) -> dict[str, InteractionRecord]:
    """Return the calls that the database has; called while the test's event loop runs."""
    found: list[Mapping[str, Any]] = []

    def read() -> None:
        found.extend(asyncio.run(execute(url, "select call_id, record from call_log")))

    thread = threading.Thread(target=read)
    thread.start()
    thread.join()
    return {
        row["call_id"]: msgspec.convert(json.loads(row["record"]), InteractionRecord)
        for row in found
    }


async def test_operation_without_a_statement_is_unsupported() -> None:
    address = "sqlite+aiosqlite:///unused.sqlite"
    source = Sql(SqlOptions(url=address, country="US", by_number="select 1"))
    for operation, call in calls(source).items():
        if operation != "by_number":
            with pytest.raises(Unsupported, match=operation):
                await call()
    await source.close()


async def test_rows_of_a_contact_are_one_with_cases_and_history(sql: Sql) -> None:
    await sql.log(replace(INTERACTION, contact_source="sql", contact="1"))
    (match,) = await sql.by_number(numbers.read("+442079460958", "US"))
    (entry,) = match.contact.interactions
    assert (entry.started_at, entry.duration_seconds) == (INTERACTION.started_at, 295)
    assert [each.e164 for each in match.contact.numbers] == ["+12125550123", "+442079460958"]
    assert match.how == "exact"
    (found,) = await sql.by_number(numbers.read("0033600000001", "FR"))
    assert (found.how, found.contact.company) == ("exact", "")


async def test_thousands_of_matches_give_the_first_twenty(url: str, sql: Sql) -> None:
    series = (
        "with recursive n(i) as (select 10 union all select i + 1 from n where i < 3000)"
        " insert into {table} select {columns} from n"
    )
    if url.startswith("postgresql"):
        series = "insert into {table} select {columns} from generate_series(10, 3000) as n(i)"
    await execute(
        url,
        series.format(table="customer", columns="i, 'Clerk', null, null, null, null"),
        series.format(table="phone", columns="i, '+1 212 555 0155', '12125550155', ''"),
    )
    matches = await sql.by_number(numbers.read("+12125550155", "US"))
    assert len(matches) == 20


async def test_broken_statement_is_named_without_its_values(url: str) -> None:
    source = open_sql(url, by_number="select id, name from nowhere where x = :suffix")
    with pytest.raises(SourceUnavailable, match="sql: the database can't do by_number") as caught:
        await source.by_number(numbers.read("+12125550123", "US"))
    assert "nowhere" not in caught.value.detail
    assert "5550123" not in repr(caught.value)
    await source.close()


async def test_missing_column_is_named(url: str) -> None:
    source = open_sql(url, by_number="select name from customer where name <> :suffix")
    with pytest.raises(SourceUnavailable, match="has no column id or name; write … as id"):
        await source.by_number(numbers.read("+12125550123", "US"))
    await source.close()


async def test_value_that_the_database_rejects_is_parked(url: str) -> None:
    await execute(url, "create unique index one_caller on call_log (customer)")
    source = open_sql(url)
    await source.log(INTERACTION)
    other = msgspec.convert({**msgspec.to_builtins(INTERACTION), "id": "call-2"}, InteractionRecord)
    with pytest.raises(SourceRejected, match=r"rejects log \(IntegrityError\)"):
        await source.log(other)
    await source.close()


async def test_database_that_comes_back_is_used_again(tmp_path: Path) -> None:
    if find_binary("initdb") is None:
        pytest.skip(HOW_TO_GET)
    source = open_sql("postgresql+asyncpg://callcard@127.0.0.1:1/none")
    with pytest.raises(
        SourceUnavailable, match="check the statement, the rights and the connection"
    ):
        await source.by_number(numbers.read("+12125550123", "US"))
    await source.close()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"url": "no address"}, "sql: url is no address of a database"),
        ({"url": "postgresql://a@b/c"}, "url needs a driver|url is no address"),
        ({"url": "sqlite:///x"}, "sql: url needs a driver such as"),
        ({"url": "postgresql+asyncpg://a:secret@b/c"}, "url has a password; give password_file"),
        ({"by_number": "delete from customer"}, "sql: by_number must begin with select or with"),
        ({"by_number": "select 1; drop table customer"}, "sql: by_number must be one statement"),
        ({"by_number": "select :sufix"}, "no parameter :sufix; did you mean suffix"),
        ({"get": "select :number"}, "sql: get has no parameter :number; there are :id"),
    ],
)
def test_unusable_configuration_names_the_option(changes: dict[str, str], message: str) -> None:
    with pytest.raises(OperatorError, match=message) as caught:
        open_sql(**{"url": "sqlite+aiosqlite:///x", **changes})
    assert "secret" not in str(caught.value)
