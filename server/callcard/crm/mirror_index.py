"""The file of a mirrored source: local contacts whose keys are the ids in the source."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from callcard.crm import local_writes
from callcard.crm.local import LocalContacts
from callcard.crm.local_writes import ContactEntry
from callcard.telephony.spellings import SUFFIX_DIGITS

BATCH_CONTACTS = 50
"""Written in one transaction: the event loop waits so long."""
_TABLES = (
    "create table if not exists mirror_state (name text primary key, value text not null)",
    "create table if not exists mirrored"
    " (key text primary key, pass integer not null) without rowid",
)
_T = TypeVar("_T")


class MirrorIndex(LocalContacts):
    """Contacts, in which pass over the source each was seen last, and how far the last one got."""

    def __init__(self, path: Path | str, *, name: str, country: str) -> None:
        super().__init__(path, country=country, suffix_digits=SUFFIX_DIGITS)
        self.name = name
        with self._database.transaction_blocking() as execute:
            for statement in _TABLES:
                execute(statement)

    def state(self) -> dict[str, str]:
        return dict(self._database.read("select name, value from mirror_state"))

    async def save_state(self, **changes: str) -> None:
        async with self._database.transaction() as execute:
            for item in changes.items():
                execute("insert or replace into mirror_state values (?, ?)", item)

    def key_of(self, id: str) -> str:
        """Return the id in the source of the contact with this id in the file."""
        ((key,),) = self._database.read("select key from contact where id = ?", (id,))
        return str(key)

    def not_seen_in(self, number: int) -> list[str]:
        """Return the keys of the contacts that a pass over the whole source did not find."""
        rows = self._database.read("select key from mirrored where pass < ?", (number,))
        return [key for (key,) in rows]

    async def save(self, entries: Sequence[ContactEntry], number: int) -> None:
        """Add or replace contacts that were seen in the pass `number`."""
        for batch in _batches(entries):
            async with self._database.transaction() as execute:
                local_writes.write_contacts(execute, batch, country=self._country)
                for entry in batch:
                    execute("insert or replace into mirrored values (?, ?)", (entry.key, number))
            await asyncio.sleep(0)  # look-ups in between

    async def delete(self, keys: Iterable[str]) -> None:
        for batch in _batches(list(keys)):
            async with self._database.transaction() as execute:
                for key in batch:
                    local_writes.delete_contact(execute, key)
                    execute("delete from mirrored where key = ?", (key,))
            await asyncio.sleep(0)


def _batches(items: Sequence[_T]) -> list[Sequence[_T]]:
    starts = range(0, len(items), BATCH_CONTACTS)
    return [items[start : start + BATCH_CONTACTS] for start in starts]
