"""An agent's desktop without a browser: what the gadget does about its calls, for many agents."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
import msgspec

from callcard.errors import NotPermitted, SourceUnavailable
from callcard.finesse.client import basic
from callcard.finesse.cluster import Cluster
from callcard.finesse.objects import Dialog
from callcard.finesse.presence import Presence
from callcard.finesse.state_diff import Change, DialogChanged
from callcard.journal.report import CallReport
from callcard.journal.reporter import HEARTBEAT_SECONDS, CallReporter


class Desktop:
    """Agent `id` at their desktop: events by the real notification client, reports over `http`.

    `pending` are reports that a browser which died had not got acknowledged; the gadget stores
    them.
    """

    def __init__(
        self,
        id: str,
        cluster: Cluster,
        http: httpx.AsyncClient,
        *,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
        pending: Mapping[str, CallReport] | None = None,
    ) -> None:
        self.id = id
        self._http = http
        self._auth = httpx.BasicAuth(id, "callcard")
        self.reports: dict[str, CallReport] = {}
        """The last report of each call."""
        self.answers: dict[str, dict[str, Any]] = {}
        """The last answer about each call."""
        self.first_answers: dict[str, dict[str, Any]] = {}
        """The answers with the look-up."""
        self.lookup_seconds: list[float] = []
        """From the event of each new call to the answer who is calling."""
        self.offline = False
        """Whether the service is unreachable."""
        self.started_calls: set[str] = set()
        self.dialogs: dict[str, Dialog] = {}
        """The calls that the desktop shows, as the last events had them."""
        self._event_times: dict[str, float] = {}
        self.reporter = CallReporter(
            self._send, heartbeat_seconds=heartbeat_seconds, pending=pending
        )
        self.presence: Presence = cluster.open_presence(id, basic(id, "callcard"), self._on_change)

    async def close(self) -> None:
        """End as a browser that crashes."""
        await self.reporter.close()
        await self.presence.close()

    async def go_online(self) -> None:
        """Reach the service again, and send what is pending without waiting for the next retry."""
        self.offline = False
        await self.reporter.send_pending()

    @property
    def is_acknowledged(self) -> bool:
        """Whether the service has acknowledged every report."""
        return not self.reporter.pending

    def _on_change(self, change: Change) -> None:
        if isinstance(change, DialogChanged):
            id = change.dialog.id
            if change.kind == "ended":
                self.dialogs.pop(id, None)
            else:
                self.dialogs[id] = change.dialog
            if change.kind == "started":
                self.started_calls.add(id)
                self._event_times[id] = asyncio.get_running_loop().time()
        self.reporter.on_change(change)

    async def _send(self, report: CallReport) -> None:
        is_first = report.id not in self.answers
        path = "/interactions?lookup=1" if is_first else "/interactions"
        body = msgspec.json.encode(report)
        self.reports[report.id] = report
        try:
            if self.offline:
                raise httpx.ConnectError("offline")
            response = await self._http.post(path, content=body, auth=self._auth)
        except (httpx.HTTPError, OSError) as error:
            raise SourceUnavailable("the service is unreachable") from error
        if response.status_code == 403:  # rejected for good
            raise NotPermitted
        if response.status_code != 200:
            is_temporary = response.status_code >= 500 or response.status_code in (401, 409)
            assert is_temporary, response.text
            raise SourceUnavailable(response.text)
        event_time = self._event_times.pop(report.id, None)
        if is_first and event_time is not None:
            self.lookup_seconds.append(asyncio.get_running_loop().time() - event_time)
        self.answers[report.id] = response.json()
        self.first_answers.setdefault(report.id, self.answers[report.id])
        if self.answers[report.id]["ended_for_agent"]:
            self.reporter.forget(report.id)
