"""Checks of addresses and secrets in the configuration of sources that use HTTP."""

from __future__ import annotations

from urllib.parse import urlsplit

from callcard.errors import OperatorError


def check_url(source: str, option: str, value: str) -> None:
    """Raise OperatorError for an address that no request can go to."""
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        usable = False
    if not usable:
        # The value is not quoted: an address may hold a key.
        raise OperatorError(f"{source}: {option} must be an http:// or https:// address")


def check_secret(source: str, option: str, value: str) -> None:
    """Raise OperatorError for a secret that no header can carry, such as one with a line break."""
    if not (value.isascii() and value.isprintable()):
        raise OperatorError(f"{source}: {option} must be one line of ASCII characters")
