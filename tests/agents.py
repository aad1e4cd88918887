"""An agent's desktop without a browser: what the gadget does about its calls, for many agents at once.

It hears of calls by the real notification client, tells the service of each change, and tells again until it is answered.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import httpx
import msgspec

from server.actions.sight import CallSeen, PartySeen, read_off
from server.finesse.changes import Change, DialogChanged, UserChanged
from server.finesse.cluster import Cluster, Line
from server.finesse.objects import Dialog

REPEAT = 30.0
"""Seconds between reports of a call on which nothing changes."""


class Desktop:
    """Agent `id` at their desk. `http` reaches the service."""

    def __init__(
        self, id: str, cluster: Cluster, http: httpx.AsyncClient, *, repeat: float = REPEAT, left: dict[str, CallSeen] | None = None
    ) -> None:
        """`left` is what a browser that died had still to tell: the gadget keeps it on the disk."""
        self.id, self._http, self._repeat = id, http, repeat
        self._auth = httpx.BasicAuth(id, "callcard")
        self._waiting: dict[str, CallSeen] = dict(left or {})
        self._earlier: dict[str, list[PartySeen]] = {}
        self._on: dict[str, CallSeen] = {}
        self._more = asyncio.Event()
        self._more.set()
        self._state, self._since = "", ""
        self.told: dict[str, dict[str, Any]] = {}
        """The last answer about each call."""
        self.looked: list[float] = []
        """Seconds from the event of a new call to the answer who is calling."""
        self._heard: dict[str, float] = {}
        self.line: Line = cluster.attend(id, "callcard", self._hear)
        self._tasks = [asyncio.create_task(self._tell()), asyncio.create_task(self._again())]

    async def close(self) -> None:
        """The browser is gone, without a word."""
        for task in self._tasks:
            task.cancel()
        for broken in await asyncio.gather(*self._tasks, return_exceptions=True):
            if broken and not isinstance(broken, asyncio.CancelledError):
                raise broken
        await self.line.close()

    @property
    def quiet(self) -> bool:
        return not self._waiting

    @property
    def left(self) -> dict[str, CallSeen]:
        return self._waiting

    def _hear(self, change: Change) -> None:
        match change:
            case UserChanged(user):
                self._state, self._since = user.state, user.state_change_time
            case DialogChanged(what, dialog):
                self._see(dialog, over=what == "ended")

    def _see(self, dialog: Dialog, *, over: bool) -> None:
        seen = read_off(dialog, over=over)
        if seen.id not in self._on:
            self._heard[seen.id] = asyncio.get_running_loop().time()
        known = self._waiting.get(seen.id) or self._on.get(seen.id)
        earlier = [*(self._waiting[seen.id].earlier if seen.id in self._waiting else []), *(known.parties if known else [])]
        self._waiting[seen.id] = msgspec.structs.replace(
            seen, earlier=list(dict.fromkeys(earlier)), state=self._state, since=self._since
        )
        if over:
            self._on.pop(seen.id, None)
        else:
            self._on[seen.id] = seen
        self._more.set()

    async def _again(self) -> None:
        while True:
            await asyncio.sleep(self._repeat)
            for id, seen in self._on.items():
                self._waiting.setdefault(id, seen)
            self._more.set()

    async def _tell(self) -> None:
        first: set[str] = set()
        wait = 0.05
        while True:
            await self._more.wait()
            self._more.clear()
            for id, seen in list(self._waiting.items()):
                answer = None
                begun = asyncio.get_running_loop().time()
                with suppress(httpx.HTTPError, OSError):
                    path = "/interactions" if id in first else "/interactions?lookup=1"
                    answer = await self._http.post(path, content=msgspec.json.encode(seen), auth=self._auth)
                if answer is not None and answer.status_code == 200:
                    if id not in first:
                        self.looked.append(asyncio.get_running_loop().time() - self._heard.pop(id, begun))
                    self.told[id] = answer.json()
                    if self.told[id]["gone"]:  # an event was lost
                        self._on.pop(id, None)
                    first.add(id)
                    wait = 0.05
                    if self._waiting.get(id) is seen:
                        del self._waiting[id]
                    continue
                if answer is not None and answer.status_code == 403:  # not ours, and never will be
                    self._waiting.pop(id, None)
                    continue
                assert answer is None or answer.status_code >= 500 or answer.status_code == 401, answer.text
                await asyncio.sleep(wait)
                wait = min(2.0, wait * 2)
                self._more.set()
