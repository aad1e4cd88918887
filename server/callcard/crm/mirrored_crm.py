"""A CRM whose contacts are copied: the copy answers look-ups and searches, the CRM the rest."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated

import msgspec
from msgspec import Meta

from callcard.crm.base import (
    Case,
    Contact,
    ContactSource,
    InteractionRecord,
    Match,
    NewCase,
    NewContact,
    WriteOperation,
)
from callcard.crm.mirror import MirroredSource
from callcard.crm.source_feed import SourceFeed
from callcard.errors import CallcardError
from callcard.telephony.numbers import Number

MAX_DETAILED = 3
"""Contacts of a look-up whose cases and history are asked for."""


class MirrorOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The table `mirror` of a source."""

    path: Annotated[str, Meta(min_length=1, description="the SQLite file of the copy")]
    refresh_seconds: Annotated[
        float, Meta(ge=1, description="how old the copy may be before changes are asked for")
    ] = 300.0
    whole_hours: Annotated[
        float,
        Meta(gt=0, description="after so long everything is copied anew, to find what was deleted"),
    ] = 24.0
    details_seconds: Annotated[
        float,
        Meta(
            ge=0,
            le=4,
            description="how long the CRM may take to add cases and history to a found contact; "
            "0: they are not asked for",
        ),
    ] = 0.8


class MirroredCrm(MirroredSource):
    """The source `crm` with a copy of its contacts."""

    def __init__(
        self,
        crm: ContactSource,
        options: MirrorOptions,
        country: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`country` is that of numbers without a country code. `clock` returns seconds."""
        super().__init__(
            SourceFeed(crm, country, 3600 * options.whole_hours, clock),
            options.path,
            country=country,
            refresh_seconds=options.refresh_seconds,
            clock=clock,
        )
        self._crm = crm
        self._details_seconds = options.details_seconds
        self.capabilities = crm.capabilities | {"by_number", "search"}

    async def by_number(self, number: Number) -> list[Match]:
        matches = await super().by_number(number)
        if not self._details_seconds or "get" not in self._crm.capabilities:
            return matches
        detailed = await asyncio.gather(
            *(self._detailed(match.contact) for match in matches[:MAX_DETAILED])
        )
        contacts = [*detailed, *(match.contact for match in matches[MAX_DETAILED:])]
        return [
            replace(match, contact=contact)
            for match, contact in zip(matches, contacts, strict=True)
        ]

    async def _detailed(self, copied: Contact) -> Contact:
        """Return a contact with its cases and history, or as it was copied if the CRM is late."""
        try:
            async with asyncio.timeout(self._details_seconds):
                found = await self._crm.get(copied.id)
        except (TimeoutError, CallcardError):
            return copied
        return found or copied

    async def get(self, id: str) -> Contact | None:
        return await self._crm.get(id)

    async def by_reference(self, reference: str) -> Contact | None:
        return await self._crm.by_reference(reference)

    async def create(self, contact: NewContact) -> Contact:
        created = await self._crm.create(contact)
        await self.keep(created)
        return created

    async def add_number(self, id: str, number: Number) -> Contact | None:
        changed = await self._crm.add_number(id, number)
        if changed is not None:
            await self.keep(changed)
        return changed

    async def create_case(self, case: NewCase) -> Case | None:
        return await self._crm.create_case(case)

    async def log(self, interaction: InteractionRecord) -> None:
        await self._crm.log(interaction)

    async def remove_written(self, operation: WriteOperation, key: str, id: str) -> None:
        await self._crm.remove_written(operation, key, id)
        if operation == "create":
            await self.drop(id)
