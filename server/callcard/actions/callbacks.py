"""Callbacks: customers who are to be called later. One press dials, and keeps other calls away until it is over."""

from __future__ import annotations

import logging
import re
import uuid
from dataclasses import dataclass, replace
from datetime import datetime

from callcard import times
from callcard.actions import agents
from callcard.actions.calls import Phone
from callcard.api.auth import Agent
from callcard.errors import CallcardError, InvalidField, NotFound
from callcard.store.sqlite_store import Callback, Store, Writing
from callcard.telephony import numbers
from callcard.telephony.command_outcome import Accepted

log = logging.getLogger("callcard.callbacks")

SHOWN = 200
FRESH = 4 * 3600.0
"""Seconds after dialling for which the end of the call restores the agent's state; after that it is theirs."""
CLOCKS = 30.0
"""Seconds by which Finesse's clock may be behind: what ended longer before the dialling was another call."""
_STATE_SECONDS = 2.0
"""That Finesse may take to show the agent as not ready before it is dialled all the same."""
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackToSave:
    number: str
    name: str = ""
    contact: str = ""
    at: str = ""
    note: str = ""
    key: str = ""


class Callbacks:
    def __init__(self, store: Store, phone: Phone, country: str) -> None:
        self._store, self._phone, self._country = store, phone, country

    async def list(self, agent: Agent) -> tuple[Callback, ...]:
        """The agent's own that are open, the first to be called first; those without a time come before."""
        return tuple(self._store.callbacks(agent.user.login_id, SHOWN))

    async def add(self, agent: Agent, told: CallbackToSave) -> Callback:
        """The same `key` again answers the callback that was saved."""
        number = numbers.read(told.number, self._country)
        if number.kind not in ("public", "internal"):
            raise InvalidField(
                "number", f"{told.number[:40]!r} is not a number; write it with its country code"
            )
        if told.at and not _TIME.fullmatch(told.at):
            raise InvalidField(
                "at", "at is a time with its zone, as in 2027-03-07T14:30Z, or empty"
            )
        id = str(
            uuid.uuid5(uuid.NAMESPACE_OID, f"{agent.user.login_id}:{told.key}")
            if told.key
            else uuid.uuid4()
        )
        try:
            at = (
                times.text(datetime.fromisoformat(told.at).timestamp(), "minutes")
                if told.at
                else ""
            )
        except (ValueError, OverflowError) as error:
            raise InvalidField("at", f"there is no time {told.at}") from error
        callback = Callback(
            id=id,
            agent=agent.user.login_id,
            status="open",
            at=at,
            number=number.e164 or number.digits,
            display=number.display,
            name=told.name,
            contact=told.contact,
            note=told.note,
            created=times.text(self._store.clock(), "minutes"),
        )

        def add(writing: Writing) -> Callback:
            known = writing.callback(id)
            if known is None:
                writing.put_callback(callback)
            return known or callback

        return await self._store.write(add)

    async def close(self, agent: Agent, id: str, status: str) -> Callback:
        """`done`, `cancelled`, or `open` again."""
        if status not in ("open", "done", "cancelled"):
            raise InvalidField("status", "status must be open, done or cancelled")
        return await self._change(agent, id, status=status)

    async def dial(self, agent: Agent, id: str, reason: str, patience: float) -> Accepted:
        """Call now. With a `reason` the agent is made not ready first, and ready again when the call is over, if they were.

        If the call can't be made, the state is put back at once, and the error told.
        """
        callback = self._mine(agent, id)
        finesse, credential, login = agent.finesse, agent.credential, agent.user.login_id
        before = ""
        if reason:
            before = (await finesse.user(credential, login)).state
            if before == "READY":
                await agents.set_state(
                    agent, "NOT_READY", reason, min(_STATE_SECONDS, patience or _STATE_SECONDS)
                )
        state_before = before if before == "READY" else ""
        try:
            # First, for the call may be over before its dialling is answered.
            await self._change(
                agent,
                id,
                state_before=state_before,
                reason=reason,
                tried=times.text(self._store.clock()),
            )
            return await self._phone.dial(agent, callback.number, patience)
        except CallcardError:
            if state_before:
                await agents.set_state(agent, "READY", None)
            await self._change(agent, id, state_before="", tried=callback.tried)
            raise

    async def call_ended(self, agent: Agent, number: str, ended: str, *, reached: bool) -> None:
        """The agent's call to `number` is over since `ended`, by Finesse's clock; it may be told of more than once, and late.

        If it was a callback, it is done if the customer was `reached`, and waits on if not; the agent's state is what it was."""
        called = numbers.read(number, self._country)
        now = times.text(self._store.clock())
        for callback in self._store.callbacks(agent.user.login_id, SHOWN):
            tried = callback.tried and times.between(callback.tried, ended) > -CLOCKS
            if not tried or callback.number != (called.e164 or called.digits):
                continue
            if reached or callback.state_before:
                await self._change(
                    agent, callback.id, status="done" if reached else "open", state_before=""
                )
            if callback.state_before and times.between(callback.tried, now) < FRESH:
                await self._restore(agent, callback)

    async def _restore(self, agent: Agent, callback: Callback) -> None:
        """Ready again, unless the agent has chosen another state meanwhile."""
        try:
            user = await agent.finesse.user(agent.credential, agent.user.login_id)
            if user.state in ("NOT_READY", "TALKING", "WORK") and user.reason_code_id in (
                "",
                callback.reason,
                "-1",
            ):
                await agents.set_state(agent, "READY", None)
        except CallcardError as error:
            log.warning("%s was not made ready again: %s", agent.user.login_id, error.code)

    async def _change(self, agent: Agent, id: str, **changes: object) -> Callback:
        self._mine(agent, id)

        def change(writing: Writing) -> Callback:
            known = writing.callback(id)
            if known is None:
                raise NotFound("There is no such callback of yours")
            after: Callback = replace(known, **changes)  # type: ignore[arg-type]  # the callers' are the fields'
            writing.put_callback(after)
            return after

        return await self._store.write(change)

    def _mine(self, agent: Agent, id: str) -> Callback:
        known = self._store.callback(id)
        if known is None or known.agent != agent.user.login_id:
            raise NotFound("There is no such callback of yours")
        return known
