"""Report a session's calls to the journal: every change until it is acknowledged, and a heartbeat.

The gadget does the same for agents with a desktop (gadget/shared/reporter.js).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

from msgspec import structs

from callcard.errors import CallcardError, RequestError
from callcard.finesse.objects import Dialog, User
from callcard.finesse.state_diff import Change, DialogChanged, UserChanged
from callcard.journal.report import CallReport, ReportedParticipant, report_dialog

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 30.0
"""Between reports of a call that does not change."""
FIRST_RETRY_SECONDS = 0.2
LONGEST_RETRY_SECONDS = 30.0


class CallReporter:
    """Reports in the background until it is closed.

    `send` raises a RequestError for a report that is rejected for good, and any other CallcardError
    for one to send again. `pending` is what another reporter had not got acknowledged.
    """

    def __init__(
        self,
        send: Callable[[CallReport], Awaitable[object]],
        *,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
        pending: Mapping[str, CallReport] | None = None,
    ) -> None:
        self.user: User | None = None
        """The agent, as the last event showed them."""
        self.pending: dict[str, CallReport] = dict(pending or {})
        """Reports without acknowledgement, by call."""
        self._send = send
        self._heartbeat_seconds = heartbeat_seconds
        self._active: dict[str, CallReport] = {}
        self._changed = asyncio.Event()
        if self.pending:
            self._changed.set()
        self._task = asyncio.create_task(self._run())

    @property
    def calls(self) -> tuple[str, ...]:
        """Return the calls that are on, or whose end is not acknowledged yet."""
        return tuple(dict.fromkeys((*self._active, *self.pending)))

    async def close(self) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    def on_change(self, change: Change) -> None:
        """Take in a change from the agent's presence."""
        match change:
            case UserChanged(user):
                self.user = user
            case DialogChanged(kind, dialog):
                self._add(dialog, ended=kind == "ended")

    def forget(self, call: str) -> None:
        """Stop reporting a call that Finesse no longer has, although no event said so."""
        self._active.pop(call, None)

    def _add(self, dialog: Dialog, *, ended: bool) -> None:
        report = report_dialog(dialog, ended=ended)
        unacknowledged = self.pending.get(report.id)
        previous = unacknowledged or self._active.get(report.id)
        earlier: list[ReportedParticipant] = []
        if unacknowledged:
            earlier += unacknowledged.earlier_states
        if previous:
            earlier += previous.participants
        self.pending[report.id] = structs.replace(
            report,
            earlier_states=list(dict.fromkeys(earlier)),
            agent_state=self.user.state if self.user else "",
            agent_state_since=self.user.state_change_time if self.user else "",
        )
        if ended:
            self._active.pop(report.id, None)
        else:
            self._active[report.id] = report
        self._changed.set()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        next_heartbeat = loop.time() + self._heartbeat_seconds
        retry_seconds = FIRST_RETRY_SECONDS
        while True:
            wait = retry_seconds if self.pending else next_heartbeat - loop.time()
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._changed.wait()
            self._changed.clear()
            if loop.time() >= next_heartbeat:
                next_heartbeat = loop.time() + self._heartbeat_seconds
                for call, report in self._active.items():
                    self.pending.setdefault(call, report)
            if await self.send_pending():
                retry_seconds = FIRST_RETRY_SECONDS
            else:
                retry_seconds = min(LONGEST_RETRY_SECONDS, 2 * retry_seconds)

    async def send_pending(self) -> bool:
        """Send every pending report once. Return whether none has to be sent again."""
        all_acknowledged = True
        for call, report in list(self.pending.items()):
            try:
                await self._send(report)
            except RequestError as error:
                log.warning("a call is not logged: %s", error.code)
            except CallcardError as error:
                log.info("a call report is retried: %s", error.code)
                all_acknowledged = False
                continue
            if self.pending.get(call) is report:
                del self.pending[call]
        return all_acknowledged
