"""The log: one interaction per call, whatever happens to desktops, nodes, services and the CRM.

Desktops and sessions tell what they see of a call, as often as they like; it is on disk before they are answered. Here it is
decided which call that is, and when it is lost; `closing` says when the CRM may hear of it, `outbox` tells it.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from dataclasses import dataclass, replace
from functools import partial

from cachetools import TTLCache

from callcard import times
from callcard.actions.callbacks import Callbacks
from callcard.actions.interactions import Interaction, Interactions, chosen
from callcard.actions.number_lists import Lists
from callcard.api.auth import Agent
from callcard.crm.base import Match
from callcard.crm.directory import Directory, Lookup
from callcard.errors import FinesseError, NotFound, NotPermitted, ReportPending, StoreUnavailable
from callcard.journal.call_record import Leg, Record, Seen, Teller, absorb, add, is_same
from callcard.journal.caller_lookup import Caller
from callcard.journal.lifecycle import keep
from callcard.journal.report import CallSeen, read_off, seen_of
from callcard.settings import Settings
from callcard.store.sqlite_store import Kept, Store, Writing

log = logging.getLogger("callcard.log")

EARLY = 60.0
"""Seconds for which a consult is asked for again that nobody else has told of: desktops try again within 30."""
SWEEP = 5.0
"""Seconds between looks for calls that nobody tells of any more."""


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
    """Takes what is told of calls."""

    def __init__(
        self,
        store: Store,
        directory: Directory,
        lists: Lists,
        callbacks: Callbacks,
        interactions: Interactions,
        settings: Settings,
    ) -> None:
        self._store, self._directory, self._lists, self._callbacks = (
            store,
            directory,
            lists,
            callbacks,
        )
        self._interactions, self._settings = interactions, settings
        self._caller = Caller(directory, store, settings.pop_variables, settings.contact_variable)
        self._worker = uuid.uuid4().hex
        self._began = store.clock()
        self._looked: TTLCache[tuple[str, str], tuple[int, float]] = TTLCache(
            20_000, 10 * settings.lost_seconds
        )
        """The hash of what an agent last told of a call, and when that was new or Finesse was asked."""
        self._early: TTLCache[tuple[str, str], float] = TTLCache(20_000, 3600)
        """Since when an agent tells of a consult of which nobody else does."""

    async def tell(self, agent: Agent, call: CallSeen, *, lookup: bool = False) -> Told:
        """Take what `agent` sees of a call; on disk when this returns. With `lookup`, say who is calling.

        Raises NotPermitted if the call is somebody else's, as Finesse says.
        """
        login, user = agent.user.login_id, agent.user
        seen = await self._still_there(agent, self._seen(agent, call))
        if await self._is_never_logged(agent, seen):
            if seen.over and seen.outgoing:
                await self._callbacks.call_ended(
                    agent, seen.number, times.text(self._store.clock()), reached=True
                )
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
        teller = Teller(
            agent=login,
            name=f"{user.first_name} {user.last_name}".strip(),
            team=user.team_name,
            extension=user.extension,
            state=call.state,
            since=call.since,
        )
        try:
            kept = await self._store.write(partial(self._put, teller=teller, seen=seen))
        except _Stranger:
            seen = await self._asked(agent, seen)
            kept = await self._store.write(partial(self._put, teller=teller, seen=seen, known=True))
        found = await self._caller.look_up(kept.record) if lookup else None
        if (
            found
            and kept.record.contact is None
            and len(found.matches) == 1
            and found.matches[0].how in ("exact", "variable")
        ):
            recognised = await self._store.write(
                partial(_recognise, id=kept.record.id, match=found.matches[0])
            )
            kept = recognised or kept
        record = kept.record
        if record.ended and record.outgoing:
            await self._callbacks.call_ended(
                agent,
                record.number,
                record.ended,
                reached=record.end in ("completed", "transferred"),
            )
        return Told(
            interaction=self._interactions.shown(kept, login),
            never_logged=False,
            number=record.number,
            outgoing=record.outgoing,
            ended=bool(record.ended),
            gone=seen.over,
            lookup=found,
        )

    def _seen(self, agent: Agent, call: CallSeen) -> Seen:
        return seen_of(call, agent.user.extension, self._settings.number_variables)

    async def _still_there(self, agent: Agent, seen: Seen) -> Seen:
        """`seen`, unless Finesse says that it is over: an event may have been lost, and a desktop would go on showing the call.

        Finesse is asked when nothing new was told of the call for as long as desktops may be silent."""
        key, now = (agent.user.login_id, seen.dialog), self._store.clock()
        news = hash((seen.moments, tuple(seen.variables.items())))
        known, since = self._looked.get(key, (0, now))
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
        there = any(dialog.id == seen.dialog for dialog in dialogs)
        return seen if there else replace(seen, over=True, over_at=times.text(now, "milliseconds"))

    async def _is_never_logged(self, agent: Agent, seen: Seen) -> bool:
        """Whether the customer's number is on the list, or it is a consult of such a call. What was logged before is dropped."""
        consulted = any(
            self._lists.has_met("never-log", dialog) for dialog in (seen.associated, seen.secondary)
        )
        if not consulted and not await self._lists.keeps_out(
            "never-log", seen.number, agent=agent.user.login_id, about=seen.dialog
        ):
            return False

        def drop(writing: Writing) -> None:
            for kept in writing.candidates([seen.dialog], seen.key):
                theirs = kept.record.part(agent.user.login_id) or _has_been_in(
                    kept.record, agent.user.extension, seen
                )
                if theirs and is_same(kept.record, seen) and kept.status in ("open", "due"):
                    writing.drop(kept.record.id)

        if self._store.candidates([seen.dialog], seen.key):
            await self._store.write(drop)
        return True

    async def _asked(self, agent: Agent, seen: Seen) -> Seen:
        """The call of `seen` as Finesse has it for this agent.

        A consult of which Finesse knows no more is not kept by itself: it would be a second interaction of the same call. After
        an outage who consulted may be about to tell of it, so it is asked for again for a while, and NotPermitted only then.
        """
        dialogs = await agent.finesse.dialogs(agent.credential, agent.user.login_id)
        dialog = next((d for d in dialogs if d.id == seen.dialog), None)
        if dialog is None:
            now = self._store.clock()
            if (seen.associated or seen.secondary) and now - self._early.setdefault(
                (agent.user.login_id, seen.dialog), now
            ) < EARLY:
                raise ReportPending(
                    "Others have told of that call, but not yet that you were in it; tell it again in a moment"
                )
            raise NotPermitted("That call is not one of yours, as far as Finesse knows")
        return self._seen(agent, read_off(dialog))

    def _put(self, writing: Writing, teller: Teller, seen: Seen, *, known: bool = False) -> Kept:
        """Find the call's record, or begin one, and add what was seen. Two that turn out to be one call become one.

        Raises _Stranger when others told of the call, and neither they nor, if `known`, Finesse say that the teller is in it.
        """
        now = writing.clock()
        found = [
            kept
            for kept in writing.candidates((seen.dialog, seen.associated, seen.secondary), seen.key)
            if is_same(kept.record, seen)
        ]
        others = [kept.record for kept in found if kept.record.part(teller.agent) is None]
        if not known and not all(_has_been_in(record, teller.extension, seen) for record in others):
            raise _Stranger
        # What the CRM has as two stays two; then the dialog itself decides.
        found.sort(
            key=lambda kept: (
                kept.status == "delivered",
                seen.dialog not in kept.record.dialogs,
                kept.record.began,
            )
        )
        kept = (
            found[0]
            if found
            else Kept(record=Record(id=str(uuid.uuid4())), status="open", heard=now)
        )
        record = kept.record
        for other in found[1:]:
            if other.status != "delivered":
                record = absorb(record, other.record)
                writing.move(other.record.id, record.id)
        record = add(record, teller, seen, now)
        for part in record.parts:
            if (
                part.agent != teller.agent
                and now - part.heard > self._settings.lost_seconds
                and record.is_on(part.agent)
            ):
                record = record.with_part(replace(part, lost=now))
        return keep(writing, kept, record, now, self._settings)

    # ---- calls that nobody tells of any more

    async def sweep(self) -> None:
        """Close what is lost and forget what is old, for as long as this is awaited. One worker does it for all."""
        while True:
            await asyncio.sleep(SWEEP)
            try:
                await self._store.write(self._close_lost)
            except StoreUnavailable as error:
                log.error("the calls could not be looked through: %s", error.detail)

    def _close_lost(self, writing: Writing) -> None:
        if not writing.take_duty("sweep", self._worker, 4 * SWEEP):
            return
        now, lost = writing.clock(), self._settings.lost_seconds
        # Nobody could tell while the service was down.
        for kept in writing.silent(now - lost, 200) if now - self._began > lost else ():
            record = kept.record
            for part in record.parts:
                if record.is_on(part.agent) or record.wrapping:
                    record = record.with_part(replace(part, lost=now))
            keep(writing, kept, record, now, self._settings)
        writing.forget(now - self._settings.keep_days * 86400, 500)


class _Stranger(Exception):
    """Who tells of a call was not seen in it by those who did."""


def _has_been_in(record: Record, extension: str, seen: Seen) -> bool:
    """By what its agents told, or because who asks knows to the millisecond when it began."""
    leg = next((leg for leg in record.legs if leg.dialog == seen.dialog), Leg(dialog=""))
    knows = bool(leg.began) and leg.began == seen.began
    return knows or any(moment.address == extension for moment in record.moments)


def _recognise(writing: Writing, id: str, match: Match) -> Kept | None:
    """The call's contact is who the number or a variable told, unless somebody chose already."""
    kept = writing.get(id)
    if kept is None or kept.record.contact is not None:
        return kept
    record = replace(kept.record, contact=chosen(match, by="", at=writing.clock()))
    after = replace(
        kept, record=record, status="due" if kept.status == "delivered" else kept.status
    )
    writing.put(after)
    return after
