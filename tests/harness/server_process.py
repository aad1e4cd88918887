"""A server program on a free port that tests can kill and start again, with the same data."""

from __future__ import annotations

import subprocess
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

from tests.harness.ports import free_port
from tests.harness.waiting import wait_until

START_SECONDS = 60


class ServerProcess(ABC):
    """`folder` is where it runs, and where its data are."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def command(self) -> Sequence[str]:
        """Return the program with its arguments."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Return whether it answers."""

    def start(self) -> None:
        self._process = subprocess.Popen(
            self.command(),
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(self.is_ready, START_SECONDS)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
