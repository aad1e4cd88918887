"""Outgoing text of an XMPP stream."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress

MAX_QUEUED_TEXTS = 1024
"""Texts that wait for a client that does not read; then the connection ends."""
IDLE_SECONDS = 60.0
"""Silence after which a client counts as gone: three times the documented ping interval."""
CLOSE_SECONDS = 5.0
"""How long a closing connection may take to send the rest."""


class SendQueue:
    """The transport of an XmppStream. `closing_text` is sent last."""

    def __init__(self, closing_text: str = "") -> None:
        self._closing_text = closing_text
        self._texts: deque[str] = deque()
        self._changed = asyncio.Event()
        self.ended = False

    def write(self, text: str) -> None:
        if not self.ended:
            self._texts.append(text)
            if len(self._texts) > MAX_QUEUED_TEXTS:
                self.ended = True
        self._changed.set()

    def end(self) -> None:
        if not self.ended and self._closing_text:
            self._texts.append(self._closing_text)
        self.ended = True
        self._changed.set()

    async def take_all(self, seconds: float | None = None) -> str | None:
        """Wait for text and return all of it; "" after `seconds`, None at the end."""
        if not self._texts and not self.ended:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._changed.wait()
        self._changed.clear()
        texts = "".join(self._texts)
        self._texts.clear()
        if not texts and self.ended:
            return None
        return texts

    async def take_one(self) -> str | None:
        """Wait for the next text; None at the end."""
        while not self._texts and not self.ended:
            await self._changed.wait()
            self._changed.clear()
        return self._texts.popleft() if self._texts else None
