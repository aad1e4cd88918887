"""The outcome of a command. A 202 is not success: a command ends as confirmed, refused or unknown.

Where the service holds the agent's presence, the event decides, by the command's requestId or by a
refusal of the same resource. Finesse does not promise an event, so the result is also read from the
agent's state and calls, first at short intervals, until the timeout. Without a presence a late
refusal cannot be seen, and the outcome is then unknown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain, repeat
from typing import Literal

from callcard.errors import CallcardError, FinesseRefused
from callcard.finesse.client import Command
from callcard.finesse.objects import ApiError
from callcard.finesse.presence import Presence
from callcard.finesse.rest_transport import error_of

Outcome = Literal["pending", "confirmed", "unknown", "truncated", "unchanged"]

_POLL_SECONDS = (0.05, 0.1, 0.2, 0.4, 0.8)
"""Pauses between reads; the last one repeats."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandResult:
    """A command that Finesse accepted. `outcome` is `pending` if the request did not wait,
    `confirmed` once its effect was seen, `unknown` after a timeout: check before sending it again.
    A refusal is an error instead."""

    request_id: str
    outcome: Outcome = "pending"
    """For call data also `truncated` and `unchanged`: the platform stored part of it, or nothing.
    """
    truncated: dict[str, str] = field(default_factory=dict)
    """The values that the platform stored, by variable."""


async def await_outcome(
    command: Command,
    has_happened: Callable[[], Awaitable[bool]],
    presence: Presence | None,
    timeout: float,
) -> CommandResult:
    """Wait up to `timeout` seconds for the outcome of a command; 0 does not wait.

    `has_happened` reads from Finesse whether the command took effect; it must distinguish that
    from the state before. Raises FinesseRefused with Finesse's type, message and code, and a
    sentence that a person understands.
    """
    if timeout <= 0:
        return CommandResult(request_id=command.request_id)
    event = presence.outcome(command) if presence else None
    is_confirmed = False
    try:
        async with asyncio.timeout(timeout):
            for pause in chain(_POLL_SECONDS, repeat(_POLL_SECONDS[-1])):
                if event is None:
                    await asyncio.sleep(pause)
                else:
                    await asyncio.wait([event], timeout=pause)
                    if event.done():
                        break
                # Finesse has accepted the command: a failing read is no reason to report an error.
                with suppress(CallcardError):
                    is_confirmed = await has_happened()
                if is_confirmed:
                    break
    except TimeoutError:
        pass
    finally:
        if event is not None and not event.done():
            event.cancel()
    if event is not None and not event.cancelled():
        error = event.result()
        if error is not None:
            raise refusal_error(error)
        is_confirmed = True
    outcome: Outcome = "confirmed" if is_confirmed else "unknown"
    return CommandResult(request_id=command.request_id, outcome=outcome)


INVALID_ACTION = "INVALID_ACTION "
"""Begins the message for an action that is not allowed now (recorded on UCCE, 2020)."""
EXPLANATIONS = {
    "2": "This way of signing in is not possible here",
    "14": "This number cannot be reached",
    "22": "Not possible in the current state of the call or the agent",
    "33": "Not possible during this call",
    "34": "The phone does not respond",
    "38": "The conference is full",
    "257": "Sign in to Finesse again",
    "260": "Finesse does not know this extension, or the phone is switched off",
    "265": "This state is not possible during a call",
    "280": "Choose a wrap-up reason first",
    "281": "Choose a reason first",
    "283": "Another agent is signed in on this extension",
    "1010": "Sign in to Finesse again",
    "13145": "Only a call in conversation can be monitored",
    "20700": "The conference is full",
    "20999": "Only the conference owner can add participants",
    "88049": "Only a call in conversation can be monitored",
}
"""By the platform's code; the gadget has the same sentences, translated.

Sources: UCCE CTI Server Message Reference; 13145, 20700, 20999, 88049: page Dialog.
"""


def refusal_error(error: ApiError) -> FinesseRefused:
    """Return Finesse's refusal of a command as an error with an explanation."""
    return error_of(error, explain_refusal(error))


def explain_refusal(error: ApiError) -> str:
    """Return a sentence for the platform's error code, and the platform's own if it sent one.

    `errorData` is a code unless the message is about an action: then it is the extension.
    """
    code = "22" if error.message.startswith(INVALID_ACTION) else error.data
    explanation = EXPLANATIONS.get(code, "")
    own_words = error.peripheral_error_text or error.peripheral_error_msg
    if not explanation:
        return f"Finesse: {own_words or error.message or error.type}"
    return f"{explanation}. Finesse: {own_words}" if own_words else explanation
