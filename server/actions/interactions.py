"""The log: one interaction per call, whatever happens to desktops, nodes, services and the CRM.

Desktops and sessions tell what they see of a call, as often as they like; it is on disk before they are answered. Here it is
decided which call that is, whose contact, until when notes may be written, and when the CRM hears of it (`outbox` tells it).
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from cachetools import TTLCache

from server.actions.callbacks import Callbacks
from server.actions.caller import Caller
from server.actions.contacts import Directory, Lookup
from server.actions.lists import Lists
from server.actions.sight import CallSeen, read_off, seen_of
from server.auth import Agent
from server.crm.base import Match
from server.errors import CallcardError, FinesseError, InteractionClosed, InvalidField, NotFound, NotYours
from server.finesse.objects import CallVariable
from server.merging import merged
from server.record import ContactChosen, Leg, Part, Record, Seen, Teller, absorb, add, is_same, later_choice
from server.settings import Settings
from server.store.sqlite import Kept, Store, Writing

log = logging.getLogger("callcard.log")

GRACE = 3.0
"""Seconds between the end of a call that everybody has put away and its delivery: another agent's desktop may be about to tell."""
SWEEP = 5.0
"""Seconds between looks for calls that nobody tells of any more."""
LATE = 24 * 3600.0
"""Seconds for which notes are taken that were typed in time, but could not be sent before."""
NOTES = 20_000
"""Characters of one agent's notes."""


# ---- what is answered


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What became of a report: the call's interaction, null when the number is never logged; and, if asked, who is calling."""

    interaction: Interaction | None
    never_logged: bool
    number: str
    """The customer's."""
    outgoing: bool
    ended: bool
    """The call is over for every agent."""
    gone: bool
    """Finesse does not have it for this agent any more, whatever their desktop has heard."""
    lookup: Lookup | None


class Log:
    """Takes what is told of calls, and says what is known of them."""

    def __init__(self, store: Store, directory: Directory, lists: Lists, callbacks: Callbacks, settings: Settings) -> None:
        self._store, self._directory, self._lists, self._callbacks = store, directory, lists, callbacks
        self._settings = settings
        self._caller = Caller(directory, store, settings.pop_variables, settings.contact_variable)
        self._worker = uuid.uuid4().hex
        self._began = store.clock()
        self._looked: TTLCache[tuple[str, str], tuple[object, float]] = TTLCache(20_000, 10 * settings.lost_seconds)
        """What an agent last told of a call, and when it was new or Finesse was asked."""

    # ---- telling

    async def tell(self, agent: Agent, call: CallSeen, *, lookup: bool = False) -> Told:
        """Take what `agent` sees of a call; on disk when this returns. With `lookup`, say who is calling.

        Raises NotYours if the call is somebody else's, as Finesse says.
        """
        told = await self._take(agent, call, lookup=lookup)
        if told.ended:
            await self._callbacks.call_ended(agent, told.number, outgoing=told.outgoing)
        return told

    async def _take(self, agent: Agent, call: CallSeen, *, lookup: bool) -> Told:
        user = agent.user
        teller = Teller(
            agent=user.login_id,
            name=f"{user.first_name} {user.last_name}".strip(),
            team=user.team_name,
            extension=user.extension,
            state=call.state,
            since=call.since,
        )
        seen = await self._proved(agent, seen_of(call, user.extension, self._settings.number_variables))
        seen = await self._still_there(agent, seen)
        if await self._is_never_logged(agent, seen):
            found = await self._directory.by_number(seen.number) if lookup else None
            return Told(
                interaction=None,
                never_logged=True,
                number=seen.number,
                outgoing=seen.outgoing,
                ended=seen.over,
                gone=seen.over,
                lookup=found,
            )
        kept = await self._store.write(lambda writing: self._put(writing, teller, seen))
        told = await self._caller.look_up(kept.record) if lookup else None
        if told and kept.record.contact is None and len(told.matches) == 1 and told.matches[0].how in ("exact", "variable"):
            kept = await self._choose(kept.record.id, told.matches[0], by="") or kept
        return Told(
            interaction=self._shown(kept, user.login_id),
            never_logged=False,
            number=kept.record.number,
            outgoing=kept.record.outgoing,
            ended=bool(kept.record.ended),
            gone=seen.over,
            lookup=told,
        )

    async def _is_never_logged(self, agent: Agent, seen: Seen) -> bool:
        """Whether the customer's number is on the list, or it is a consult of such a call. What was logged before is dropped."""
        consulted = any(self._lists.has_met("never-log", dialog) for dialog in (seen.associated, seen.secondary))
        if not consulted and not await self._lists.keeps_out(
            "never-log", seen.number, agent=agent.user.login_id, about=seen.dialog
        ):
            return False

        def drop(writing: Writing) -> None:
            for kept in writing.candidates([seen.dialog], seen.key):
                if is_same(kept.record, seen) and kept.status in ("open", "due"):
                    writing.drop(kept.record.id)

        if self._store.candidates([seen.dialog], seen.key):
            await self._store.write(drop)
        return True

    async def _proved(self, agent: Agent, seen: Seen) -> Seen:
        """`seen`, if it is the agent's to tell: who joins a call that others told of must be in it, as those or Finesse say.

        A consult of which neither knows any more is not kept by itself: it would be a second interaction of the same call."""
        others = [
            kept.record
            for kept in self._store.candidates((seen.dialog, seen.associated, seen.secondary), seen.key)
            if is_same(kept.record, seen) and kept.record.part(agent.user.login_id) is None
        ]
        if all(_has_been_in(record, agent.user.extension, seen) for record in others):
            return seen
        dialogs = await agent.finesse.dialogs(agent.credential, agent.user.login_id)
        dialog = next((d for d in dialogs if d.id == seen.dialog), None)
        if dialog is None:
            raise NotYours("That call is not one of yours, as far as Finesse knows")
        return seen_of(read_off(dialog), agent.user.extension, self._settings.number_variables)

    async def _still_there(self, agent: Agent, seen: Seen) -> Seen:
        """`seen`, unless Finesse says that it is over: an event may have been lost, and a desktop would go on showing the call.

        Finesse is asked when nothing new was told of the call for as long as desktops may be silent."""
        key, now = (agent.user.login_id, seen.dialog), self._store.clock()
        news = (seen.moments, tuple(seen.variables.items()))
        known, since = self._looked.get(key, (None, now))
        if seen.over or known != news:
            self._looked[key] = (news, now)
            return seen
        if now - since < self._settings.lost_seconds:
            return seen
        self._looked[key] = (news, now)
        try:
            dialogs = await agent.finesse.dialogs(agent.credential, agent.user.login_id)
        except (FinesseError, NotFound):  # it is asked again
            return seen
        return seen if any(d.id == seen.dialog for d in dialogs) else replace(seen, over=True, over_at=_finesse_time(now))

    def _put(self, writing: Writing, teller: Teller, seen: Seen) -> Kept:
        """Find the call's record, or begin one, and add what was seen. Two that turn out to be one call become one."""
        now = writing.clock()
        found = [
            kept
            for kept in writing.candidates((seen.dialog, seen.associated, seen.secondary), seen.key)
            if is_same(kept.record, seen)
        ]
        # What the CRM has as two stays two; then the dialog itself decides.
        found.sort(key=lambda kept: (kept.status == "delivered", seen.dialog not in kept.record.dialogs, kept.record.began))
        kept = found[0] if found else Kept(record=Record(id=str(uuid.uuid4())), status="open", heard=now)
        record = kept.record
        for other in found[1:]:
            if other.status != "delivered":
                record = absorb(record, other.record)
                writing.move(other.record.id, record.id)
        record = add(record, teller, seen, now)
        silent = [
            part
            for part in record.parts
            if part.agent != teller.agent and now - part.heard > self._settings.lost_seconds and record.is_on(part.agent)
        ]
        for part in silent:
            record = _with(record, replace(part, lost=now))
        return self._save(writing, kept, record, now)

    def _save(self, writing: Writing, kept: Kept, record: Record, now: float) -> Kept:
        """Keep `record`, and say from when the CRM may hear of it."""
        if record.ended and not record.wrapping:
            over = all(part.finished or part.lost for part in record.parts)
            wait = GRACE if over else self._settings.notes_seconds
            known = kept.due if kept.status != "open" else None
            due = now + wait if known is None else min(known, now + wait)
            unchanged = kept.status in ("delivered", "parked") and _same_but_heard(record, kept.record)
            after = Kept(record=record, status=kept.status if unchanged else "due", heard=now, due=due, problem=kept.problem)
        else:
            after = Kept(record=record, status="open", heard=now)
        writing.put(after)
        return after

    # ---- what an agent adds

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
            kept = self._mine(writing.get(id), login)
            record, part = kept.record, kept.record.part(login)
            assert part is not None
            if kept.due is not None and (at > kept.due or now > kept.due + LATE):
                raise InteractionClosed("The time for notes on this call is over; write to the CRM's record instead")
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
                record = replace(record, contact=later_choice(record.contact, _choice(match, by=login, at=now)))
            return self._save(writing, kept, _with(record, part), now)

        kept = await self._store.write(change)
        if match:
            await self._tell_other_sites(agent, kept.record)
        return self._shown(kept, login)

    async def get(self, agent: Agent, id: str) -> Interaction:
        return self._shown(self._mine(self._store.get(id), agent.user.login_id), agent.user.login_id)

    async def of_call(self, agent: Agent, call: str) -> tuple[Interaction, ...]:
        """The agent's interactions of Finesse's call `call`, newest first: ids are used again."""
        login = agent.user.login_id
        return tuple(self._shown(kept, login) for kept in self._store.candidates([call]) if kept.record.part(login))

    async def parked(self, agent: Agent) -> tuple[Interaction, ...]:
        """Those the CRM does not take: the agent's own, a supervisor's every one of their teams'."""
        teams = {team.name for team in agent.user.teams}
        return tuple(
            self._shown(kept, agent.user.login_id)
            for kept in self._store.in_status("parked")
            if any(part.agent == agent.user.login_id or part.team in teams for part in kept.record.parts)
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

        return self._shown(await self._store.write(again), agent.user.login_id)

    async def _choose(self, id: str, match: Match, by: str) -> Kept | None:
        def choose(writing: Writing) -> Kept | None:
            kept = writing.get(id)
            if kept is None or kept.record.contact is not None:
                return kept
            record = replace(kept.record, contact=_choice(match, by=by, at=writing.clock()))
            after = replace(kept, record=record, status="due" if kept.status == "delivered" else kept.status)
            writing.put(after)
            return after

        return await self._store.write(choose)

    async def _tell_other_sites(self, agent: Agent, record: Record) -> None:
        """Write the contact into the call, for a Callcard that does not share this store. A site's own limit: it must fit."""
        name, contact = self._settings.contact_variable, record.contact
        if not name or contact is None:
            return
        told = f"{contact.source}/{contact.id}"
        if name.startswith("callVariable") and len(told.encode()) > 40:
            log.warning("%s can't hold %d bytes: the contact does not travel", name, len(told.encode()))
            return
        finesse, credential = agent.finesse, agent.credential
        try:
            for dialog in await finesse.dialogs(credential, agent.user.login_id):
                mine = dialog.participant(agent.user.extension)
                if dialog.id in record.dialogs and mine and "UPDATE_CALL_DATA" in mine.actions:
                    variable = CallVariable(name=name, value=told)
                    await finesse.update_call_data(credential, dialog.id, agent.user.extension, (variable,))
        except FinesseError as error:
            log.warning("%s was not written: %s", name, error.code)

    # ---- calls that nobody tells of any more

    async def keep(self) -> None:
        """Close what is lost and forget what is old, for as long as this is awaited. One worker does it for all."""
        while True:
            await asyncio.sleep(SWEEP)
            try:
                await self._store.write(self._sweep)
            except CallcardError as error:
                log.error("the calls could not be looked through: %s", error.detail)

    def _sweep(self, writing: Writing) -> None:
        if not writing.take_duty("sweep", self._worker, 4 * SWEEP):
            return
        now = writing.clock()
        lost = self._settings.lost_seconds
        # Nobody could tell while the service was down.
        if now - self._began > lost:
            for kept in writing.in_status("open", now - lost):
                record = kept.record
                for part in record.parts:
                    if record.is_on(part.agent) or record.wrapping:
                        record = _with(record, replace(part, lost=now))
                self._save(writing, kept, record, now)
        writing.forget(now - self._settings.keep_days * 86400, 500)

    # ---- beneath

    def _mine(self, kept: Kept | None, login: str) -> Kept:
        if kept is None or kept.record.part(login) is None:
            raise NotFound("There is no such interaction of yours")
        return kept

    def _needs_reason(self, part: Part) -> bool:
        teams = self._settings.disposition_teams
        return "*" in teams or part.team in teams

    def _shown(self, kept: Kept, login: str) -> Interaction:
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
            contact=ContactRef(source=contact.source, id=contact.id, name=contact.name) if contact else None,
            notes=tuple(Note(agent=p.agent, name=p.name, text=p.notes, reasons=p.reasons) for p in record.parts),
            reasons=record.reasons,
            reason_required=part is not None and self._needs_reason(part),
            finished=part is not None and part.finished,
            closes=_iso(kept.due) if kept.due else "",
            calls=record.dialogs,
        )


def _has_been_in(record: Record, extension: str, seen: Seen) -> bool:
    """By what its agents told, or because who asks knows to the millisecond when it began."""
    leg = next((leg for leg in record.legs if leg.dialog == seen.dialog), Leg(dialog=""))
    knows = bool(leg.began) and leg.began == seen.began
    return knows or any(moment.address == extension for moment in record.moments)


def _with(record: Record, part: Part) -> Record:
    return replace(record, parts=tuple(part if each.agent == part.agent else each for each in record.parts))


def _same_but_heard(one: Record, other: Record) -> bool:
    def still(record: Record) -> Record:
        return replace(record, parts=tuple(replace(part, heard=0.0) for part in record.parts))

    return still(one) == still(other)


def _choice(match: Match, *, by: str, at: float) -> ContactChosen:
    contact = match.contact
    return ContactChosen(source=contact.source, id=contact.id, name=contact.name or contact.company, by=by, at=at)


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _finesse_time(at: float) -> str:
    """As Finesse writes it, to the millisecond."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
