"""The error of a bundle that cannot be built."""

from __future__ import annotations

from pathlib import Path

from callcard.errors import OperatorError


class BundleError(OperatorError):
    """A source file is wrong; the message names the file, the line, the fault and the fix."""

    def __init__(self, file: Path | str, line: int, reason: str) -> None:
        super().__init__(f"{file}:{line}: {reason}")
        self.file = str(file)
        self.line = line
        self.reason = reason
