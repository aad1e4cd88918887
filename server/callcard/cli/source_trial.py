"""Trial of a contact source: every operation against the real system, with a line for each."""

from __future__ import annotations

import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar, get_args

from callcard import times
from callcard.crm.base import (
    AgentSegment,
    Case,
    Contact,
    ContactSource,
    InteractionRecord,
    Match,
    NewCase,
    NewContact,
    Operation,
    WriteOperation,
)
from callcard.errors import CallcardError, Unsupported
from callcard.settings import Settings
from callcard.telephony import numbers
from callcard.terminal import echo

WRITES: tuple[Operation, ...] = ("create", "add_number", "create_case", "log")
_SEARCH_LIMIT = 5
_TRIAL_NUMBER = "+12025550187"
"""Of the made-up contact and call: the NANP reserves it for fiction."""
_OTHER_NUMBER = "+12025550188"
_NAME = "Callcard check"
_TEXT = "Written by callcard crm check; it may be deleted."
_T = TypeVar("_T")


@dataclass
class SourceTrial:
    """Tries the operations of one source, and prints a line for each."""

    source: ContactSource
    settings: Settings
    deadline_seconds: float
    works: bool = True
    _written: list[tuple[WriteOperation, str, str]] = field(default_factory=list)
    """What is to be removed, with key and id."""

    async def read(self, given: str, text: str | None, reference: str | None) -> Contact | None:
        """Try every read. Return the contact that has the number `given`."""
        telephony = self.settings.telephony
        number = numbers.read(given, telephony.country, telephony.internal_numbers)
        echo(f"source     {self.source.name}, deadline {self.deadline_seconds:g} s")
        echo(f"number     {given} is read as {number.e164 or number.digits or number.kind}")
        matches = await self._try("by_number", lambda: self.source.by_number(number), _matches)
        found = matches[0].contact if matches else None
        if matches is not None and found is None:
            self.works = False
            echo("           nobody has this number: give one that a contact of the source has")
        words = text or (found.name or found.company if found else "")
        await self._try(
            "search",
            lambda: self.source.search(words, _SEARCH_LIMIT),
            _contacts,
            missing="" if words else "give --text",
        )
        id = found.id if found else ""
        await self._try(
            "get", lambda: self.source.get(id), _contact, missing="" if id else "no contact found"
        )
        await self._try(
            "by_reference",
            lambda: self.source.by_reference(reference or ""),
            _contact,
            missing="" if reference else "give --reference",
        )
        if self.source.description:
            echo(f"state      {self.source.description}")
        return found

    def list_writes(self) -> None:
        """Print what could be written."""
        for operation in WRITES:
            can = "can, not tried" if operation in self.source.capabilities else "cannot"
            echo(f"write      {operation:13} {can}")

    async def write(self, found: Contact | None) -> None:
        """Try every write, and remove what was written.

        A case and a call go to a contact that is made for it, or to `found` if none can be made.
        """
        try:
            await self._write(found)
        finally:
            for operation, key, id in reversed(self._written):
                await self._remove(operation, key, id)

    async def _write(self, found: Contact | None) -> None:
        run = uuid.uuid4().hex[:12]
        made = await self._create(run)
        contact = made or found
        if made is not None:
            other = numbers.read(_OTHER_NUMBER, "US")
            await self._try(
                "add_number", lambda: self.source.add_number(made.id, other), _has_number
            )
        elif "add_number" in self.source.capabilities:
            echo(f"skipped    {'add_number':13} no contact was made for it")
        if contact is None:
            echo(f"skipped    {'create_case':13} no contact for it")
        else:
            await self._create_case(run, contact)
        await self._log(run, contact)

    async def _create(self, run: str) -> Contact | None:
        key = f"callcard-check-{run}"
        number = numbers.read(_TRIAL_NUMBER, "US")
        new = NewContact(key=key, name=f"{_NAME} {run}", company="", email="", numbers=(number,))
        created = await self._try("create", lambda: self.source.create(new), _contact)
        if created is None and "create" in self.source.capabilities:
            echo(f"           it may have been made all the same: look for {new.name!r}")
        if created is not None:
            self._written.append(("create", key, created.id))
            again = await self._try("create", lambda: self.source.create(new), _contact)
            if again is not None and again.id != created.id:
                self._fail("create", f"repeated, it made a second contact, {again.id}")
                self._written.append(("create", key, again.id))
        return created

    async def _create_case(self, run: str, contact: Contact) -> None:
        new = NewCase(
            key=f"callcard-check-{run}-case",
            contact=contact.id,
            subject=_NAME,
            notes=_TEXT,
            opened_at=times.iso_text(time.time()),
        )
        case = await self._try("create_case", lambda: self.source.create_case(new), _case)
        if case is not None:
            self._written.append(("create_case", new.key, case.id))
            again = await self._try("create_case", lambda: self.source.create_case(new), _case)
            if again is not None and again.id != case.id:
                self._fail("create_case", f"repeated, it made a second case, {again.id}")
                self._written.append(("create_case", new.key, again.id))

    async def _log(self, run: str, contact: Contact | None) -> None:
        call = _call(run, self.source.name, contact)

        async def log() -> Contact | None:
            await self.source.log(call)
            # Again, as after a lost response: it must be there once.
            await self.source.log(replace(call, wrap_up_reasons=(_NAME,)))
            return contact

        if "log" in self.source.capabilities:
            self._written.append(("log", call.id, call.id))
        await self._try("log", log, lambda of: f"twice, for {of.id if of else 'nobody'}")
        if contact is not None and "get" in self.source.capabilities:
            await self._check_history(contact)

    async def _check_history(self, contact: Contact) -> None:
        """Compare the history of a contact before and after it had a call, which was sent twice."""
        read = await self._try("get", lambda: self.source.get(contact.id), _contact)
        if read is None:
            return
        added = len(read.interactions) - len(contact.interactions)
        if added > 1:
            self._fail("log", f"the call is {added} times in the contact's history")

    async def _remove(self, operation: WriteOperation, key: str, id: str) -> None:
        try:
            await self.source.remove_written(operation, key, id)
        except Unsupported:
            echo(f"left       {operation:13} {id}: no cleanup is configured, remove it by hand")
        except CallcardError as error:
            self._fail(operation, f"{id} can't be removed, do it by hand: {error.detail}")
        else:
            echo(f"removed    {operation:13} {id}")

    def _fail(self, operation: str, why: str) -> None:
        self.works = False
        echo(f"failed     {operation:13} {why}")

    async def _try(
        self,
        operation: Operation,
        call: Callable[[], Awaitable[_T]],
        describe: Callable[[_T], str],
        missing: str = "",
    ) -> _T | None:
        if operation not in self.source.capabilities:
            echo(f"skipped    {operation:13} the source does not offer it")
            return None
        if missing:
            echo(f"skipped    {operation:13} {missing}")
            return None
        started = time.perf_counter()
        try:
            result = await call()
        except CallcardError as error:
            self._fail(operation, f"{_milliseconds(started):>8}  {error.detail}")
            return None
        seconds = time.perf_counter() - started
        late = "; later than its deadline" if seconds > self.deadline_seconds else ""
        echo(f"passed     {operation:13} {_milliseconds(started):>8}  {describe(result)}{late}")
        return result


assert set(WRITES) >= set(get_args(WriteOperation))


def _call(run: str, source: str, contact: Contact | None) -> InteractionRecord:
    """Return a made-up call that has just ended."""
    now = time.time()
    started = now - 60
    segment = AgentSegment(
        agent="callcard",
        name=_NAME,
        team="",
        ring_seconds=5.0,
        talk_seconds=55.0,
        hold_seconds=0.0,
        wrap_up_seconds=0.0,
        notes=_TEXT,
        wrap_up_reasons=(),
    )
    return InteractionRecord(
        id=f"callcard-check-{run}-call",
        contact=contact.id if contact else "",
        contact_source=source if contact else "",
        direction="in",
        number=_TRIAL_NUMBER,
        from_address=_TRIAL_NUMBER,
        to_address="callcard",
        type="ACD_IN",
        queue="",
        started_at=times.iso_text(started),
        answered_at=times.iso_text(started + 5),
        ended_at=times.iso_text(now),
        end_reason="completed",
        owner="callcard",
        agents=(segment,),
        wrap_up_reasons=(),
        variables={},
        call_ids=(),
        call_key="",
    )


def _milliseconds(started: float) -> str:
    return f"{1000 * (time.perf_counter() - started):,.0f} ms"


def _matches(matches: Sequence[Match]) -> str:
    shown = ", ".join(f"{_contact(match.contact)} ({match.how})" for match in matches[:3])
    return f"{len(matches)} found: {shown}" if matches else "none found"


def _contacts(contacts: Sequence[Contact]) -> str:
    shown = ", ".join(_contact(contact) for contact in contacts[:3])
    return f"{len(contacts)} found: {shown}" if contacts else "none found"


def _contact(contact: Contact | None) -> str:
    if contact is None:
        return "none found"
    name = contact.name or contact.company
    details = f"{len(contact.cases)} cases, {len(contact.interactions)} interactions"
    return f"{contact.id} {name}, {details}"


def _has_number(contact: Contact | None) -> str:
    return f"{contact.id} has {len(contact.numbers)} numbers" if contact else "no such contact"


def _case(case: Case | None) -> str:
    return f"{case.id} {case.subject}" if case else "no such contact"
