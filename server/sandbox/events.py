"""The stand-in's notification service, as the desktop page hears it: what changed, to whom, in order, nothing kept for later."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass

from server.sandbox import xml
from server.sandbox.switch import CtiError, Dialog, Event, Switch, User

QUEUE = 1000
"""Events that wait for a desktop that does not read; then it is cut off, and reads everything again when it is back."""


@dataclass(frozen=True, slots=True)
class Notification:
    node: str
    """The path of the REST object, as in `/finesse/api/User/1001/Dialogs`."""
    update: str
    """The `<Update>` in XML."""
    at: float
    """When it left, in seconds since the epoch."""


class Notifications:
    """Fans out to whoever listens. `switch` is set once it exists: each needs the other."""

    switch: Switch

    def __init__(self) -> None:
        self._listening: dict[str, set[asyncio.Queue[Notification | None]]] = defaultdict(set)
        self.down = False

    # ---- what the switch tells

    def user_changed(self, user: User, request_id: str) -> None:
        source = f"/finesse/api/User/{user.id}"
        update = xml.update("PUT", source, request_id, xml.user(self.switch, user, "user"))
        self._publish(user, source, update)
        for supervisor in self.switch.users.values():
            if user.team in supervisor.supervises:
                self._publish(supervisor, f"/finesse/api/Team/{user.team}/Users", update)

    def dialog_changed(self, user: User, dialog: Dialog, event: Event, request_id: str) -> None:
        node = f"/finesse/api/User/{user.id}/Dialogs"
        if event == "PUT":
            # A change of one call: on the collection's node, but from the call itself.
            update = xml.update("PUT", f"/finesse/api/Dialog/{dialog.id}", request_id, xml.dialog(dialog, "dialog"))
        else:
            update = xml.update(event, node, request_id, xml.listed(dialog))
        self._publish(user, node, update)

    def refused(self, user: User, dialog: Dialog | None, error: CtiError, request_id: str) -> None:
        node = f"/finesse/api/User/{user.id}" + ("/Dialogs" if dialog else "")
        source = f"/finesse/api/Dialog/{dialog.id}" if dialog else node
        self._publish(user, node, xml.update("PUT", source, request_id, xml.api_errors(error)))

    # ---- listening

    async def listen(self, user: User) -> AsyncIterator[Notification]:
        """What happens to `user` from now on, until the service goes down or the listener leaves."""
        queue: asyncio.Queue[Notification | None] = asyncio.Queue(QUEUE)
        self._listening[user.id].add(queue)
        try:
            while (notification := await queue.get()) is not None:
                yield notification
        finally:
            self._listening[user.id].discard(queue)

    def cut(self, down: bool) -> None:
        """End every stream; refuse new ones while `down`."""
        self.down = down
        if down:
            for queues in self._listening.values():
                for queue in list(queues):
                    self._end(queue)

    def _publish(self, user: User, node: str, update: str) -> None:
        if self.down:
            return
        notification = Notification(node, update, time.time())
        for queue in list(self._listening[user.id]):
            try:
                queue.put_nowait(notification)
            except asyncio.QueueFull:
                self._end(queue)

    @staticmethod
    def _end(queue: asyncio.Queue[Notification | None]) -> None:
        with suppress(asyncio.QueueEmpty):
            while True:
                queue.get_nowait()
        queue.put_nowait(None)
