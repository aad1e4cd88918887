"""Watching an agent's calls through their line: every change is told, again until it is taken, and now and then although nothing
changed, so that the log knows that somebody still looks. The gadget does the same for those who have a desktop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

from msgspec import structs

from callcard.errors import CallcardError, RequestError
from callcard.finesse.objects import Dialog, User
from callcard.finesse.state_diff import Change, DialogChanged, UserChanged
from callcard.journal.report import CallSeen, PartySeen, read_off

log = logging.getLogger("callcard.watch")

REPEAT = 30.0
"""Seconds between tellings of a call on which nothing changes."""
FIRST_WAIT, LONGEST_WAIT = 0.2, 30.0
"""Seconds until what was not taken is told again, doubled each time."""


class Watch:
    """Runs by itself until it is closed. `tell` raises an RequestError for what will never be taken, any other CallcardError for what
    is to be told again. `waiting` is what another watch had still to tell."""

    def __init__(
        self,
        tell: Callable[[CallSeen], Awaitable[object]],
        *,
        repeat: float = REPEAT,
        waiting: Mapping[str, CallSeen] | None = None,
    ) -> None:
        self.user: User | None = None
        """The agent as last heard of."""
        self.waiting: dict[str, CallSeen] = dict(waiting or {})
        """What was not taken yet, by the call."""
        self._tell, self._repeat = tell, repeat
        self._on: dict[str, CallSeen] = {}
        self._news = asyncio.Event()
        if self.waiting:
            self._news.set()
        self._telling = asyncio.create_task(self._tell_all())

    async def close(self) -> None:
        self._telling.cancel()
        with suppress(asyncio.CancelledError):
            await self._telling

    def hear(self, change: Change) -> None:
        match change:
            case UserChanged(user):
                self.user = user
            case DialogChanged(what, dialog):
                self._see(dialog, over=what == "ended")

    def forget(self, call: str) -> None:
        """Finesse does not have it any more, although nobody said so."""
        self._on.pop(call, None)

    def _see(self, dialog: Dialog, *, over: bool) -> None:
        seen = read_off(dialog, over=over)
        waiting = self.waiting.get(seen.id)
        before = waiting or self._on.get(seen.id)
        earlier: list[PartySeen] = [
            *(waiting.earlier if waiting else []),
            *(before.parties if before else []),
        ]
        state, since = (self.user.state, self.user.state_change_time) if self.user else ("", "")
        self.waiting[seen.id] = structs.replace(
            seen, earlier=list(dict.fromkeys(earlier)), state=state, since=since
        )
        if over:
            self._on.pop(seen.id, None)
        else:
            self._on[seen.id] = seen
        self._news.set()

    async def _tell_all(self) -> None:
        again = asyncio.get_running_loop().time() + self._repeat
        wait = FIRST_WAIT
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(
                    wait if self.waiting else again - asyncio.get_running_loop().time()
                ):
                    await self._news.wait()
            self._news.clear()
            if asyncio.get_running_loop().time() >= again:
                again = asyncio.get_running_loop().time() + self._repeat
                for id, seen in self._on.items():
                    self.waiting.setdefault(id, seen)
            failed = False
            for id, seen in list(self.waiting.items()):
                try:
                    await self._tell(seen)
                except RequestError as error:
                    log.warning("a call is not logged: %s", error.code)
                except CallcardError as error:
                    log.info("a call is told again: %s", error.code)
                    failed = True
                    continue
                if self.waiting.get(id) is seen:
                    del self.waiting[id]
            wait = min(LONGEST_WAIT, wait * 2) if failed else FIRST_WAIT
