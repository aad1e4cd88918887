"""Callbacks: customers to call back. One request dials one and keeps the agent Not Ready for that
call."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Annotated

import msgspec
from msgspec import Meta

from callcard import times
from callcard.actions import agents
from callcard.actions.calls import CallControl
from callcard.errors import CallcardError, Conflict, InvalidField, NotFound
from callcard.events import CallbackChanged, CallEnded, EventBus
from callcard.principals import Agent
from callcard.store.base import Callback, Store
from callcard.telephony import numbers
from callcard.telephony.command_outcome import CommandResult

log = logging.getLogger(__name__)

MAX_CALLBACKS = 200
RESTORE_SECONDS = 4 * 3600.0
"""After dialling, for how long the end of the call restores the agent's state."""
CLOCK_TOLERANCE_SECONDS = 30.0
"""Tolerated difference of the clocks; a call that ended earlier is another call."""
STATE_TIMEOUT_SECONDS = 2.0
"""How long Finesse may take to show Not Ready before the number is dialled all the same."""


class NewCallback(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    number: Annotated[str, Meta(min_length=1, max_length=128)]
    name: Annotated[str, Meta(max_length=200)] = ""
    contact: Annotated[str, Meta(max_length=200, description="source/id")] = ""
    due_at: Annotated[
        str, Meta(max_length=32, description="a time with its zone; empty for when there is time")
    ] = ""
    note: Annotated[str, Meta(max_length=1000)] = ""
    request_id: Annotated[
        str, Meta(max_length=64, description="any unique text; repeating it creates nothing new")
    ] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedCallback(Callback):
    """An open callback, with what its number says."""

    time_zone: str
    """Where the number is, as in Europe/Berlin; empty if it may be in several zones."""


class Callbacks:
    """Restores an agent's state and closes their callback when a call to its number ends."""

    def __init__(
        self,
        store: Store,
        call_control: CallControl,
        events: EventBus,
        country: str,
        clock: Callable[[], float] = time.time,
        internal_numbers: Sequence[str] = (),
    ) -> None:
        self._store = store
        self._call_control = call_control
        self._events = events
        self._country = country
        self._internal_numbers = internal_numbers
        self._clock = clock
        events.handle(CallEnded, self._call_ended)

    async def list(self, agent: Agent) -> tuple[ListedCallback, ...]:
        """Return the agent's open callbacks: those without a time first, then by time."""
        found = await self._store.open_callbacks(agent.login_id, MAX_CALLBACKS)
        return tuple(self._listed(callback) for callback in found)

    def _listed(self, callback: Callback) -> ListedCallback:
        number = numbers.read(callback.number, self._country, self._internal_numbers)
        return ListedCallback(**asdict(callback), time_zone=numbers.time_zone(number))

    async def add(self, agent: Agent, new: NewCallback) -> Callback:
        """Save a callback. The same `request_id` again returns the callback saved before."""
        number = numbers.require(new.number, self._country, "number", self._internal_numbers)
        id = str(uuid.uuid4())
        if new.request_id:
            id = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{agent.login_id}:{new.request_id}"))
        callback = Callback(
            id=id,
            agent=agent.login_id,
            status="open",
            due_at=_read_time(new.due_at),
            number=number.e164 or number.digits,
            display=number.display,
            name=new.name,
            contact=new.contact,
            note=new.note,
            created_at=times.iso_text(self._clock(), "minutes"),
        )
        async with self._store.transaction() as tx:
            known = await tx.callback(id)
            if known is None:
                await tx.save_callback(callback)
        if known is None:
            self._publish(callback)
        return known or callback

    async def change(
        self, agent: Agent, id: str, status: str | None, due_at: str | None, note: str | None
    ) -> Callback:
        """Move a callback, change its note, or set it to `done`, `cancelled` or `open` again."""
        changes: dict[str, object] = {}
        if status is not None:
            if status not in ("open", "done", "cancelled"):
                raise InvalidField("status", "status must be open, done or cancelled")
            changes["status"] = status
            changes["reopened"] = status == "open"
        if due_at is not None:
            changes["due_at"] = _read_time(due_at)
        if note is not None:
            changes["note"] = note
        if not changes:
            raise InvalidField("status", "give status, due_at or note")
        return await self._change(agent, id, must_be_open=status is None, **changes)

    async def dial(self, agent: Agent, id: str, reason: str, timeout: float) -> CommandResult:
        """Call back now. With a Not Ready `reason`, a ready agent is made Not Ready until the call
        ends; without one Finesse does that on its own when they dial. Then they are ready again.

        If the call cannot be made, the state is restored and the error raised.
        """
        callback = _require_own(agent, await self._store.callback(id))
        user = await agent.finesse.user(agent.credential, agent.login_id)
        was_ready = user.state == "READY"
        if was_ready and reason:
            state_timeout = min(STATE_TIMEOUT_SECONDS, timeout or STATE_TIMEOUT_SECONDS)
            await agents.set_state(agent, "NOT_READY", reason, state_timeout)
        try:
            # Saved before dialling: the call may end before the response to the command arrives.
            await self._change(
                agent,
                id,
                state_before="READY" if was_ready else "",
                reason=reason,
                last_tried_at=times.iso_text(self._clock()),
                reopened=False,
            )
            return await self._call_control.dial(agent, callback.number, timeout)
        except CallcardError:
            await self._undo_dial(agent, callback, was_ready and bool(reason))
            raise

    async def _undo_dial(self, agent: Agent, callback: Callback, was_ready: bool) -> None:
        """Restore callback and state after a call could not be made, as far as possible."""
        try:
            await self._change(
                agent,
                callback.id,
                state_before="",
                last_tried_at=callback.last_tried_at,
                reopened=callback.reopened,
            )
        except CallcardError as error:
            log.warning("a callback of %s was not reset: %s", agent.login_id, error.code)
        try:
            if was_ready:
                await agents.set_state(agent, "READY", None)
        except CallcardError as error:
            log.warning("%s was not made ready again: %s", agent.login_id, error.code)

    async def _call_ended(self, event: CallEnded, agent: Agent) -> None:
        """Close the callback if the customer was reached, and restore the agent's state.

        The event may come more than once, and late.
        """
        if not event.outgoing:
            return
        called = numbers.read(event.number, self._country, self._internal_numbers)
        now = times.iso_text(self._clock())
        for callback in await self._store.open_callbacks(agent.login_id, MAX_CALLBACKS):
            if not callback.last_tried_at or callback.number != (called.e164 or called.digits):
                continue
            if (
                times.seconds_between(callback.last_tried_at, event.ended_at)
                <= -CLOCK_TOLERANCE_SECONDS
            ):
                continue
            is_somebody_else = _is_somebody_else(callback.contact, event.contact)
            is_done = event.reached and not callback.reopened and not is_somebody_else
            if is_done or callback.state_before:
                status = "done" if is_done else "open"
                await self._change(agent, callback.id, status=status, state_before="")
            is_recent = times.seconds_between(callback.last_tried_at, now) < RESTORE_SECONDS
            if callback.state_before and is_recent:
                await self._restore_ready(agent, callback)

    async def _restore_ready(self, agent: Agent, callback: Callback) -> None:
        """Make the agent ready again, unless they have chosen another state meanwhile."""
        try:
            user = await agent.finesse.user(agent.credential, agent.login_id)
            is_unchanged = user.reason_code_id in ("", callback.reason, "-1")
            if user.state in ("NOT_READY", "TALKING", "WORK") and is_unchanged:
                await agents.set_state(agent, "READY", None)
        except CallcardError as error:
            log.warning("%s was not made ready after a callback: %s", agent.login_id, error.code)

    async def _change(
        self, agent: Agent, id: str, *, must_be_open: bool = False, **changes: object
    ) -> Callback:
        async with self._store.transaction() as tx:
            known = _require_own(agent, await tx.callback(id))
            if must_be_open and known.status != "open":
                raise Conflict("This callback is closed; set its status to open to change it")
            changed: Callback = replace(known, **changes)  # type: ignore[arg-type]  # by name
            await tx.save_callback(changed)
        self._publish(changed)
        return changed

    def _publish(self, callback: Callback) -> None:
        self._events.publish(
            CallbackChanged(agent=callback.agent, callback=callback.id, status=callback.status)
        )


def _require_own(agent: Agent, callback: Callback | None) -> Callback:
    if callback is None or callback.agent != agent.login_id:
        raise NotFound("You have no such callback")
    return callback


def _is_somebody_else(expected: str, reached: str) -> bool:
    """Return whether two contacts, as `source/id`, are two people of one number.

    Records of two sources may be of one person.
    """
    expected_source, _, expected_id = expected.partition("/")
    source, _, id = reached.partition("/")
    return source == expected_source and id != expected_id


def _read_time(text: str) -> str:
    """Return a time with its zone in UTC, to the minute; empty stays empty."""
    return times.iso_text(times.read_given(text, "due_at"), "minutes") if text else ""
