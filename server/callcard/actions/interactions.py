"""A call in the log as its agents see it, and what they add: notes, reasons, whose call it was, and that they are done with it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from callcard import times
from callcard.api.auth import Agent
from callcard.crm.base import Match
from callcard.crm.directory import Directory
from callcard.errors import FinesseError, InteractionClosed, InvalidField, NotFound
from callcard.finesse.objects import CallVariable
from callcard.journal.call_record import ContactChosen, Part, Record, later_choice
from callcard.journal.lifecycle import keep
from callcard.journal.notes import merged
from callcard.settings import Settings
from callcard.store.sqlite_store import Kept, Store, Writing

log = logging.getLogger("callcard.interactions")

LATE = 24 * 3600.0
"""Seconds for which notes are taken that were typed in time, but could not be sent before."""
NOTES = 20_000
"""Characters of one agent's notes."""
SCANNED = 2000
"""Parked interactions that are looked through for an agent's; a CRM that refuses so many needs its administrator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    agent: str
    name: str
    text: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactRef:
    source: str
    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """A call in the log. `state`: `open` while it goes on, `closing` while notes can be finished, `due` when the CRM is to hear of
    it, `delivered`, or `parked` when the CRM does not take it; then `problem` says why."""

    id: str
    state: str
    problem: str
    number: str
    direction: str
    began: str
    ended: str
    end: str
    owner: str
    contact: ContactRef | None
    notes: tuple[Note, ...]
    """Every agent's own, in the order in which they joined the call."""
    reasons: tuple[str, ...]
    reason_required: bool
    """Of the asking agent, by their team."""
    finished: bool
    """The asking agent has put it away."""
    closes: str
    """Until when notes can be finished; empty while the call goes on."""
    calls: tuple[str, ...]
    """Finesse's ids of the call."""


class Interactions:
    def __init__(self, store: Store, directory: Directory, settings: Settings) -> None:
        self._store, self._directory, self._settings = store, directory, settings

    async def change(
        self,
        agent: Agent,
        id: str,
        *,
        notes: str | None = None,
        base: str | None = None,
        reasons: Sequence[str] | None = None,
        contact: tuple[str, str] | None = None,
        finished: bool | None = None,
        typed: datetime | None = None,
    ) -> Interaction:
        """Notes, reasons, whose call it is, and that the agent is done with it. What is None stays.

        `base` is what the agent's desktop knew of their notes: what another tab wrote meanwhile is kept beside. `typed` is when
        the notes were typed, should the service have been away. Raises InteractionClosed when the time for it is over.
        """
        login, now = agent.user.login_id, self._store.clock()
        match = None
        if contact is not None:
            match = Match(how="chosen", contact=await self._directory.get(*contact))
        if notes is not None and len(notes) > NOTES:
            raise InvalidField("notes", f"notes may have at most {NOTES} characters")
        at = min(now, typed.timestamp()) if typed else now

        def change(writing: Writing) -> Kept:
            kept = _mine(writing.get(id), login)
            record, part = kept.record, kept.record.part(login)
            assert part is not None
            if kept.due is not None and (at > kept.due or now > kept.due + LATE):
                raise InteractionClosed(
                    "The time for notes on this call is over; write to the CRM's record instead"
                )
            if notes is not None:
                text = merged(base if base is not None else part.notes, part.notes, notes)
                part = replace(part, notes=text[: 2 * NOTES], noted=now)
            if reasons is not None:
                part = replace(part, reasons=tuple(dict.fromkeys(reasons)))
            if finished is not None:
                if finished and self._needs_reason(part) and not record.reasons:
                    raise InvalidField("reasons", "your team has to choose a wrap-up reason first")
                part = replace(part, finished=finished)
            if match:
                record = replace(
                    record, contact=later_choice(record.contact, chosen(match, by=login, at=now))
                )
            return keep(writing, kept, record.with_part(part), now, self._settings)

        kept = await self._store.write(change)
        if match:
            await self._tell_other_sites(agent, kept.record)
        return self.shown(kept, login)

    async def get(self, agent: Agent, id: str) -> Interaction:
        login = agent.user.login_id
        return self.shown(_mine(self._store.get(id), login), login)

    async def of_call(self, agent: Agent, call: str) -> tuple[Interaction, ...]:
        """The agent's interactions of Finesse's call `call`, newest first: ids are used again."""
        login = agent.user.login_id
        return tuple(
            self.shown(kept, login)
            for kept in self._store.candidates([call])
            if kept.record.part(login)
        )

    async def parked(self, agent: Agent) -> tuple[Interaction, ...]:
        """Those the CRM does not take: the agent's own, a supervisor's every one of their teams', among the newest SCANNED."""
        teams = {team.name for team in agent.user.teams}
        return tuple(
            self.shown(kept, agent.user.login_id)
            for kept in self._store.parked(SCANNED)
            if any(
                part.agent == agent.user.login_id or part.team in teams
                for part in kept.record.parts
            )
        )

    async def retry(self, agent: Agent, id: str) -> Interaction:
        """Offer a parked interaction to the CRM again."""
        if id not in {each.id for each in await self.parked(agent)}:
            raise NotFound("There is no such parked interaction of yours or your teams'")

        def again(writing: Writing) -> Kept:
            kept = writing.get(id)
            if kept is None or kept.status != "parked":
                raise NotFound("It is not parked any more")
            after = replace(kept, status="due", tries=0, problem="")
            writing.put(after)
            return after

        return self.shown(await self._store.write(again), agent.user.login_id)

    async def _tell_other_sites(self, agent: Agent, record: Record) -> None:
        """Write the contact into the call, for a Callcard that does not share this store. A site's own limit: it must fit."""
        name, contact = self._settings.contact_variable, record.contact
        if not name or contact is None:
            return
        told = f"{contact.source}/{contact.id}"
        if name.startswith("callVariable") and len(told.encode()) > 40:
            log.warning(
                "%s can't hold %d bytes: the contact does not travel", name, len(told.encode())
            )
            return
        finesse, credential = agent.finesse, agent.credential
        try:
            for dialog in await finesse.dialogs(credential, agent.user.login_id):
                mine = dialog.participant(agent.user.extension)
                if dialog.id in record.dialogs and mine and "UPDATE_CALL_DATA" in mine.actions:
                    variable = CallVariable(name=name, value=told)
                    await finesse.update_call_data(
                        credential, dialog.id, agent.user.extension, (variable,)
                    )
        except FinesseError as error:
            log.warning("%s was not written: %s", name, error.code)

    def _needs_reason(self, part: Part) -> bool:
        teams = self._settings.disposition_teams
        return "*" in teams or part.team in teams

    def shown(self, kept: Kept, login: str) -> Interaction:
        """As the agent `login` sees it."""
        record = kept.record
        part = record.part(login)
        closing = kept.status == "due" and kept.due is not None and kept.due > self._store.clock()
        contact = record.contact
        return Interaction(
            id=record.id,
            state="closing" if closing else kept.status,
            problem=kept.problem if kept.status == "parked" else "",
            number=record.number,
            direction=record.direction,
            began=record.began,
            ended=record.ended,
            end=record.end,
            owner=record.owner(self._settings.owner).agent if record.parts else "",
            contact=ContactRef(source=contact.source, id=contact.id, name=contact.name)
            if contact
            else None,
            notes=tuple(
                Note(agent=p.agent, name=p.name, text=p.notes, reasons=p.reasons)
                for p in record.parts
            ),
            reasons=record.reasons,
            reason_required=part is not None and self._needs_reason(part),
            finished=part is not None and part.finished,
            closes=times.text(kept.due) if kept.due else "",
            calls=record.dialogs,
        )


def _mine(kept: Kept | None, login: str) -> Kept:
    if kept is None or kept.record.part(login) is None:
        raise NotFound("There is no such interaction of yours")
    return kept


def chosen(match: Match, *, by: str, at: float) -> ContactChosen:
    contact = match.contact
    return ContactChosen(
        source=contact.source, id=contact.id, name=contact.name or contact.company, by=by, at=at
    )
