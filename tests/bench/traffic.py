"""What a process sends and receives over TCP, by the kernel's count of each connection (Linux)."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections import defaultdict

SAMPLE_SECONDS = 2.0
"""A connection is closed for long after its last byte, so that none is missed in between."""
_LINE = re.compile(r"\S+ +\d+ +\d+ +(\S+):(\d+) +(\S+):(\d+) .*\bpid=(\d+),")
_SENT = re.compile(r"\bbytes_sent:(\d+)")
_RECEIVED = re.compile(r"\bbytes_received:(\d+)")

Bytes = tuple[int, int]
"""Sent and received."""


class Traffic:
    """The bytes of a process's connections since the first sample, by what they are for."""

    def __init__(self, pid: int, listening_port: int) -> None:
        self._pid = str(pid)
        self._listening_port = str(listening_port)
        self._counts: dict[tuple[str, ...], list[Bytes]] = defaultdict(list)
        """By connection: the first count of each that had its addresses, and the last."""
        self._is_first = True

    async def follow(self) -> None:
        """Count until cancelled; without the program `ss` (iproute2), nothing is counted."""
        while shutil.which("ss"):
            await self.sample()
            await asyncio.sleep(SAMPLE_SECONDS)

    async def sample(self) -> None:
        """Read the kernel's counts."""
        listed = await asyncio.create_subprocess_exec(
            "ss", "-tinpHO", stdout=asyncio.subprocess.PIPE
        )
        output, _ = await listed.communicate()
        for line in output.decode().splitlines():
            match = _LINE.match(line)
            if match is None or match[5] != self._pid:
                continue
            sent, received = _SENT.search(line), _RECEIVED.search(line)
            count = (int(sent[1]) if sent else 0, int(received[1]) if received else 0)
            counts = self._counts[match.groups()[:4]]
            # What was there before the first sample does not count; a new connection begins at 0.
            if not counts or count < counts[-1]:
                counts += [count if self._is_first else (0, 0), count]
            counts[-1] = count
        self._is_first = False

    def kilobytes(self) -> dict[str, float]:
        """Return what was sent to and received from clients and servers."""
        totals = {"to clients": 0, "from clients": 0, "to Finesse": 0, "from Finesse": 0}
        for (_, port, _, _), counts in self._counts.items():
            whom = "clients" if port == self._listening_port else "Finesse"
            for first, last in zip(counts[::2], counts[1::2], strict=True):
                totals[f"to {whom}"] += last[0] - first[0]
                totals[f"from {whom}"] += last[1] - first[1]
        return {name: count / 1000 for name, count in totals.items()}
