"""How Finesse rejects a request: directly over HTTP, or later in an event."""

from __future__ import annotations

from dataclasses import dataclass


class ApiError(Exception):
    """Finesse rejects a request with an HTTP status and an ApiError document."""

    def __init__(self, status: int, type: str, message: str, data: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.type = type
        self.message = message
        self.data = data


@dataclass(frozen=True, slots=True)
class CtiError:
    """The CTI server rejects a command after Finesse has accepted it with a 202.

    The event carries the platform's code as errorData and its name as errorMessage.
    """

    type: str
    message: str
    data: str
    peripheral_code: str = ""
    peripheral_text: str = ""
    peripheral_message: str = ""
