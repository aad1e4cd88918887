"""An agent's desktop without a browser: what the gadget does about its calls, for many agents at once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
import msgspec

from callcard.errors import NotPermitted, SourceUnavailable
from callcard.finesse.client import basic
from callcard.finesse.cluster import Cluster, Line
from callcard.finesse.state_diff import Change, DialogChanged
from callcard.journal.report import CallSeen
from callcard.journal.reporter import REPEAT, Watch


class Desktop:
    """Agent `id` at their desk; they hear of calls by the real notification client, and `http` reaches the service.

    `left` is what a browser that died had still to tell: the gadget keeps it on the disk.
    """

    def __init__(
        self,
        id: str,
        cluster: Cluster,
        http: httpx.AsyncClient,
        *,
        repeat: float = REPEAT,
        left: Mapping[str, CallSeen] | None = None,
    ) -> None:
        self.id, self._http = id, http
        self._auth = httpx.BasicAuth(id, "callcard")
        self.told: dict[str, dict[str, Any]] = {}
        """The last answer about each call."""
        self.looked: list[float] = []
        """Seconds from the event of a new call to the answer who is calling."""
        self.mute = False
        """Whether nothing gets through to the service."""
        self.seen: set[str] = set()
        """The calls that this desktop has seen begin."""
        self._heard: dict[str, float] = {}
        self.watch = Watch(self._tell, repeat=repeat, waiting=left)
        self.line: Line = cluster.attend(id, basic(id, "callcard"), self._hear)

    async def close(self) -> None:
        """The browser is gone, without a word."""
        await self.watch.close()
        await self.line.close()

    @property
    def quiet(self) -> bool:
        return not self.watch.waiting

    def _hear(self, change: Change) -> None:
        if isinstance(change, DialogChanged) and change.what == "begun":
            self.seen.add(change.dialog.id)
            self._heard[change.dialog.id] = asyncio.get_running_loop().time()
        self.watch.hear(change)

    async def _tell(self, seen: CallSeen) -> None:
        first = seen.id not in self.told
        path = "/interactions?lookup=1" if first else "/interactions"
        try:
            if self.mute:
                raise httpx.ConnectError("not today")
            answer = await self._http.post(path, content=msgspec.json.encode(seen), auth=self._auth)
        except (httpx.HTTPError, OSError) as error:
            raise SourceUnavailable("the service is away") from error
        if answer.status_code == 403:  # not ours, and never will be
            raise NotPermitted
        if answer.status_code != 200:
            assert answer.status_code >= 500 or answer.status_code in (401, 409), answer.text
            raise SourceUnavailable(answer.text)
        begun = self._heard.pop(seen.id, None)
        if first and begun is not None:
            self.looked.append(asyncio.get_running_loop().time() - begun)
        self.told[seen.id] = answer.json()
        if self.told[seen.id]["gone"]:
            self.watch.forget(seen.id)
