"""Output for terminals and logs, in which text from outside can do nothing but be read."""

from __future__ import annotations

import logging
import unicodedata

import click

_DIRECTION_OVERRIDES = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Make a terminal show characters in another order than they are in."""


def printable(text: str) -> str:
    """Return `text` with control characters as escapes, except line breaks and tabs.

    A contact's name or a call variable could otherwise colour, clear or retitle the terminal.
    """
    if text.isascii() and text.isprintable():  # nearly every line
        return text
    return "".join(_escape(character) for character in text)


def _escape(character: str) -> str:
    if character in "\n\t":
        return character
    is_control = unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")
    if is_control or character in _DIRECTION_OVERRIDES:
        return character.encode("unicode_escape").decode()
    return character


def echo(text: str, *, err: bool = False) -> None:
    """Print a line to standard output or standard error."""
    click.echo(printable(text), err=err)


class PrintableFormatter(logging.Formatter):
    """Formats log records without control characters."""

    def format(self, record: logging.LogRecord) -> str:
        return printable(super().format(record))
