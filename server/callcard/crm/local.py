"""Local contacts: a contact source in one SQLite file, with nothing to install.

Look-ups are keyed and run in the event loop: 12 µs there, 120 in a thread. A text search may take
milliseconds and has a thread. Numbers are indexed by their reversed digits: that index finds a
whole number and its last digits at the same cost, from ten thousand contacts to ten million.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Annotated, Literal, Self

import msgspec
from msgspec import Meta

from callcard.crm import local_reads, local_writes
from callcard.crm.base import (
    MAX_MATCHES,
    Case,
    Contact,
    ContactSource,
    HistoryEntry,
    InteractionRecord,
    Match,
    NewCase,
    NewContact,
    WriteOperation,
)
from callcard.crm.local_schema import MIGRATIONS, check_file_format
from callcard.crm.local_writes import ContactEntry, LinkedWriteResult, WriteResult
from callcard.crm.lookup_trace import note_request
from callcard.crm.stored_contacts import StoredContacts
from callcard.crm.text_index import reference_word, text_query
from callcard.errors import SourceUnavailable
from callcard.store.sqlite import Database
from callcard.telephony import numbers
from callcard.telephony.numbers import Number
from callcard.text import fold

_MAX_CANDIDATES = 200
"""Contacts with one number that are ranked."""
_MAX_BY_VARIABLE = 20
"""Contacts with one reference in the call variables of their calls."""
_CACHE_MEGABYTES = 8
"""Of each connection, at most; with 64, an import takes as long."""
_AFTER_ALL_DIGITS = ":"
"""The character after 9: `reversed_digits < prefix + ":"` ends the range of a prefix."""
_FLAGS = msgspec.json.Decoder(tuple[str, ...])


class LocalContactsOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    path: Annotated[str, Meta(description="the SQLite file, created when it is missing")] = (
        "callcard.sqlite"
    )
    country: Annotated[
        str,
        Meta(
            description="country of numbers without a country code; telephony.country if not given"
        ),
    ]
    suffix_digits: Annotated[
        int,
        Meta(
            ge=0,
            le=15,
            description="last digits that must agree if no whole number does; 0 turns that off",
        ),
    ] = 8
    write_timeout_seconds: Annotated[
        float, Meta(gt=0, description="how long a write waits for other writers, such as an import")
    ] = 1.0

    def __post_init__(self) -> None:
        if 0 < self.suffix_digits < 5:
            raise ValueError("suffix_digits must be 0 or from 5 to 15: fewer match strangers")
        if not numbers.is_country(self.country):
            raise ValueError(
                f"country must be two letters, as in US or DE, not {self.country[:20]!r}"
            )


class LocalContacts(ContactSource):
    """The contacts in the file at `path`, created when it is missing.

    `country` is that of numbers without a country code. A write waits `write_timeout_seconds` for
    other writers.
    """

    name = "local"
    cache_seconds = 0.0  # as fast as a cache, and always current
    Options = LocalContactsOptions

    def __init__(
        self,
        path: Path | str,
        *,
        country: str,
        suffix_digits: int,
        write_timeout_seconds: float = 1.0,
    ) -> None:
        self._country = country
        self._suffix_digits = suffix_digits
        check_file_format(path)
        self._database = Database(
            path,
            MIGRATIONS,
            lock_seconds=write_timeout_seconds,
            cache_megabytes=_CACHE_MEGABYTES,
            unavailable=SourceUnavailable,
        )
        # A look-up makes about six reads; with its own connection they share one error wrapper.
        self._reader = self._database.connect_reader()
        self._search_reader = self._database.connect_reader()
        self._search_thread = ThreadPoolExecutor(1, "contact-search")

    @classmethod
    def check(cls, options: LocalContactsOptions, name: str) -> None:
        check_file_format(options.path)

    @classmethod
    def open(cls, options: LocalContactsOptions, name: str) -> Self:
        source = cls(
            options.path,
            country=options.country,
            suffix_digits=options.suffix_digits,
            write_timeout_seconds=options.write_timeout_seconds,
        )
        source.name = name
        return source

    async def close(self) -> None:
        self._close_readers()
        await self._database.close()

    def close_blocking(self) -> None:
        """Close the file; for programs without an event loop."""
        self._close_readers()
        self._database.close_blocking()

    def _close_readers(self) -> None:
        self._search_thread.shutdown()
        self._search_reader.close()
        self._reader.close()

    # ---- operations of a contact source

    async def by_number(self, number: Number) -> list[Match]:
        with self._database.errors():
            ids, how = self._ids_by_number(number)
            contacts = self._contacts(self._ranked(ids))
        return [Match(how=how, contact=contact) for contact in contacts]

    async def search(self, text: str, limit: int) -> list[Contact]:
        query = text_query(text)
        if not query:
            return []
        loop = asyncio.get_running_loop()
        with self._database.errors():
            ids = await loop.run_in_executor(
                self._search_thread, self._search_ids, query, fold(text), limit
            )
            named = self._id_of_reference(text.strip())
            found = [] if named is None else [named]
            found += self._ids_of_variable(reference_word(text.strip()))
            return self._contacts(list(dict.fromkeys((*found, *ids)))[:limit])

    async def get(self, id: str) -> Contact | None:
        if not re.fullmatch(r"\d{1,18}", id, re.ASCII):
            return None
        with self._database.errors():
            return self._contact(int(id))

    async def by_reference(self, reference: str) -> Contact | None:
        with self._database.errors():
            id = self._id_of_reference(reference)
            return None if id is None else self._contact(id)

    def _id_of_reference(self, reference: str) -> int | None:
        """Return the contact with this customer number or case id."""
        sql = (
            "select id from contact where key = ?"
            " union all select contact_id from service_case where id = ? limit 1"
        )
        row = self._reader.execute(sql, (f"id:{reference}", reference)).fetchone()
        return row[0] if row else None

    def _ids_of_variable(self, word: str) -> list[int]:
        """Return the contacts with a word in a call variable of their calls, the latest first."""
        if not word:
            return []
        sql = (
            "select contact_id from interaction join interaction_word on interaction = id"
            " where word = ? and contact_id is not null order by started_at desc limit ?"
        )
        rows = self._reader.execute(sql, (word, _MAX_BY_VARIABLE)).fetchall()
        return [row[0] for row in rows]

    async def create(self, contact: NewContact) -> Contact:
        entry = ContactEntry(
            key=f"saved:{contact.key}",
            name=contact.name,
            company=contact.company,
            email=contact.email,
            numbers=[(number, "") for number in contact.numbers],
        )
        async with self._database.transaction() as execute:
            written = local_writes.write_contacts(execute, [entry], country=self._country)
        saved = await self.get(str(written.ids[0]))
        if saved is None:  # another process deleted it in between
            raise SourceUnavailable("The contact was saved but can't be read back; search for it")
        return saved

    async def add_number(self, id: str, number: Number) -> Contact | None:
        async with self._database.transaction() as execute:
            row = execute("select key from contact where id = ?", (id,)).fetchone()
            if row is None:
                return None
            entry = ContactEntry(key=row[0], numbers=[(number, "")], keeps_numbers=True)
            local_writes.write_contacts(execute, [entry], country=self._country)
        return await self.get(id)

    async def create_case(self, case: NewCase) -> Case | None:
        async with self._database.transaction() as execute:
            id = local_writes.write_new_case(execute, case)
        if id is None:
            return None
        return Case(
            id=id,
            subject=case.subject,
            status="new",
            opened_at=case.opened_at,
            notes=case.notes,
        )

    async def log(self, interaction: InteractionRecord) -> None:
        known = interaction.contact_source == self.name and interaction.contact.isdecimal()
        contact = int(interaction.contact) if known else None
        async with self._database.transaction() as execute:
            local_writes.write_interaction(execute, interaction, contact)

    async def remove_written(self, operation: WriteOperation, key: str, id: str) -> None:
        async with self._database.transaction() as execute:
            local_writes.remove_written(execute, operation, key, id)

    # ---- for imports, the command line and the demo

    def write_contacts(self, entries: Iterable[ContactEntry]) -> WriteResult:
        """Add or update contacts in one transaction; blocks."""
        with self._database.transaction_blocking() as execute:
            return local_writes.write_contacts(execute, entries, country=self._country)

    def write_history(self, rows: Iterable[tuple[str, HistoryEntry]]) -> LinkedWriteResult:
        """Add history entries in one transaction; blocks. See `local_writes.write_history`."""
        with self._database.transaction_blocking() as execute:
            return local_writes.write_history(execute, rows)

    def write_cases(self, rows: Iterable[tuple[str, Case, bool]]) -> LinkedWriteResult:
        """Add or update cases in one transaction; blocks. See `local_writes.write_cases`."""
        with self._database.transaction_blocking() as execute:
            return local_writes.write_cases(execute, rows)

    async def by_key(self, key: str) -> Contact | None:
        """Return the contact that was imported with `key`, as in `id:4711`."""
        with self._database.errors():
            row = self._reader.execute("select id from contact where key = ?", (key,)).fetchone()
            return self._contact(row[0]) if row else None

    @property
    def stored(self) -> StoredContacts:
        """What an import asks to recognise contacts. Blocks."""
        return StoredContacts(self._reader)

    def interactions(self) -> Iterator[InteractionRecord]:
        """Yield every logged interaction, oldest first."""
        sql = "select details from interaction order by started_at, id"
        for (details,) in self._reader.execute(sql):
            yield msgspec.json.decode(details, type=InteractionRecord)

    def count(self) -> int:
        """Return how many contacts there are."""
        (count,) = self._reader.execute("select count(*) from contact").fetchone()
        return int(count)

    # ---- reads

    def _ids_by_number(self, number: Number) -> tuple[list[int], Literal["exact", "suffix"]]:
        if not number.digits:
            return [], "exact"
        sql = (
            "select distinct contact_id from contact_number"
            " where reversed_digits = ? and e164 is ? limit ?"
        )
        readings = [(number.reversed, number.e164)]
        readings += [(e164[:0:-1], e164) for e164 in number.other_e164]
        for reversed_digits, e164 in readings:
            note_request(partial("the whole number: {}".format, e164 or number.digits))
            rows = self._reader.execute(sql, (reversed_digits, e164, _MAX_CANDIDATES))
            if ids := [row[0] for row in rows]:
                return ids, "exact"
        if not self._suffix_digits or len(number.digits) < self._suffix_digits:
            return [], "exact"
        prefix = number.reversed[: self._suffix_digits]
        note_request(lambda: f"the last {self._suffix_digits} digits: {prefix[::-1]}")
        sql = (
            "select contact_id, e164, given from contact_number"
            " where reversed_digits >= ? and reversed_digits < ? limit ?"
        )
        rows = self._reader.execute(sql, (prefix, prefix + _AFTER_ALL_DIGITS, _MAX_CANDIDATES))
        similar = dict.fromkeys(
            id for id, e164, given in rows if self._may_be_same(number, e164, given)
        )
        return list(similar), "suffix"

    def _may_be_same(self, number: Number, e164: str | None, given: str) -> bool:
        """Return whether two numbers with the same last digits may be one.

        They may if a country code or area code is missing in one of them. Two complete numbers are
        two lines, as (312) 555-0123 and (212) 555-0123 are, unless the stored one can be read in
        another way.
        """
        if e164 is None or number.e164 is None:
            return True
        if not numbers.is_in_a_plan(e164) or not numbers.is_in_a_plan(number.e164):
            return True
        return number.e164 in numbers.read(given, self._country).other_e164

    def _ranked(self, ids: list[int]) -> list[int]:
        """Return the best MAX_MATCHES: those with the latest interaction first, then by name."""
        if len(ids) < 2:
            return ids
        marks = ", ".join("?" * len(ids))
        sql = f"""
            select id from contact where id in ({marks}) order by (
                select max(started_at) from (
                    select started_at from history_entry where contact_id = contact.id
                    union all
                    select started_at from interaction where contact_id = contact.id
                )
            ) desc nulls last, name = '', name, id limit ?
        """  # noqa: S608 - only question marks are inserted
        return [row[0] for row in self._reader.execute(sql, (*ids, MAX_MATCHES))]

    def _search_ids(self, query: str, start: str, limit: int) -> list[int]:
        """Return the ids for a full-text query; names that begin with `start` come first.

        Only the first few hundred are ordered, because two letters may match half of the file.
        """
        sql = """
            select id, name, company from contact where id in
            (select rowid from contact_text where contact_text match ? limit ?)
        """
        rows = self._search_reader.execute(sql, (query, 10 * limit)).fetchall()

        def rank(row: tuple[int, str, str]) -> tuple[bool, str, str]:
            _id, name, company = row
            folded = fold(name)
            return (not folded.startswith(start), folded, company)

        return [row[0] for row in sorted(rows, key=rank)[:limit]]

    def _contacts(self, ids: Sequence[int]) -> list[Contact]:
        contacts = []
        for id in ids:
            contact = self._contact(id)
            if contact is not None:
                contacts.append(contact)
        return contacts

    def _contact(self, id: int) -> Contact | None:
        sql = (
            "select name, company, email, url, language, flags, created_at, updated_at"
            " from contact where id = ?"
        )
        row = self._reader.execute(sql, (id,)).fetchone()
        if row is None:
            return None
        name, company, email, url, language, flags, created_at, updated_at = row
        return Contact(
            source=self.name,
            id=str(id),
            name=name,
            company=company,
            email=email,
            url=url,
            language=language,
            flags=_FLAGS.decode(flags),
            numbers=local_reads.read_numbers(self._reader, id, self._country),
            interactions=local_reads.read_history(self._reader, id),
            cases=local_reads.read_open_cases(self._reader, id),
            created_at=created_at,
            updated_at=updated_at,
        )
