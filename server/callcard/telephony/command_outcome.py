"""What became of an order. A 202 is not success: an order ends as confirmed, refused or unknown.

Where the service holds the agent's line to Finesse, the event decides: by the order's requestId, or, as Finesse promises nothing
about it, by a refusal about the same thing or by what can be seen to have happened. Without a line it is looked at again, sooner at
first, until the asker's patience ends; a refusal that comes late can't be seen that way, and the order is then unknown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain, repeat

from callcard.errors import FinesseError, FinesseRefused
from callcard.finesse.cluster import Line
from callcard.finesse.objects import Dialog

_LOOKS = (0.05, 0.1, 0.2, 0.4, 0.8)
"""Seconds between looks; the last of them goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """Finesse took the order. `outcome` is `pending` when nobody waited for it, `confirmed` when it was seen to have happened, and
    `unknown` when nothing was heard or seen in time: look before asking again. A refusal is an error, not an answer."""

    request_id: str
    outcome: str = "pending"
    """Of call data also `truncated`, with what was kept, and `unchanged`: the platform dropped what was in the order."""
    truncated: dict[str, str] = field(default_factory=dict)


async def settle(
    request_id: str,
    source: str,
    happened: Callable[[], Awaitable[bool]],
    line: Line | None,
    patience: float,
) -> Accepted:
    """The outcome of the order `request_id` about `source`, within `patience` seconds; 0 does not wait.

    `happened` looks whether it has; it must tell a change from what was so before.

    Raises FinesseRefused with Finesse's type, message and code, and a sentence a person understands.
    """
    if patience <= 0:
        return Accepted(request_id=request_id)
    end = asyncio.get_running_loop().time() + patience
    heard = line.answer(request_id, source) if line else None
    seen = False
    try:
        async with asyncio.timeout_at(end):
            for pause in chain(_LOOKS, repeat(_LOOKS[-1])):
                if heard is None:
                    await asyncio.sleep(pause)
                else:
                    await asyncio.wait([heard], timeout=pause)
                    if heard.done():
                        break
                with suppress(FinesseError):  # it is looked at again
                    seen = await happened()
                if seen:
                    break
    except TimeoutError:
        pass
    if heard is None or not heard.done():
        if heard is not None:
            heard.cancel()
        return Accepted(request_id=request_id, outcome="confirmed" if seen else "unknown")
    error = heard.result()
    if error is None:
        return Accepted(request_id=request_id, outcome="confirmed")
    raise FinesseRefused(
        in_words(error.data, error.message), type=error.type, message=error.message, data=error.data
    )


def part_of(dialogs: Iterable[Dialog], call: str, extension: str) -> tuple[str, str]:
    """What a call is to the agent at `extension`, and since when; DROPPED when it is gone."""
    dialog = next((d for d in dialogs if d.id == call), None)
    participant = dialog.participant(extension) if dialog else None
    return (participant.state, participant.state_change_time) if participant else ("DROPPED", "")


_WORDS = {
    "2": "This way of signing in is not possible here",
    "14": "This number can't be reached",
    "22": "That is not possible at this moment of the call",
    "33": "That is not possible while this call goes on",
    "34": "The telephone does not answer",
    "38": "The conference is full",
    "257": "Sign in to Finesse again",
    "260": "Finesse does not know this extension, or its telephone is off",
    "265": "That state is not possible while on a call",
    "280": "Choose a wrap-up reason first",
    "281": "Choose a reason first",
    "283": "Somebody else is signed in on this extension",
    "1010": "Sign in to Finesse again",
    "13145": "Only a call that is being talked in can be listened to",
    "20700": "The conference is full",
    "20999": "Only who made the conference can add to it",
    "88049": "Only a call that is being talked in can be listened to",
}
"""By the platform's code. Sources: UCCE CTI Server Message Reference; of 13145, 20700, 20999 and 88049 the page Dialog."""


def in_words(code: str, message: str) -> str:
    return _WORDS.get(code, f"Finesse: {message}")
