"""Names as short as they can be, for what a page would otherwise load by its long name."""

from __future__ import annotations

from string import ascii_letters


def short_name(number: int) -> str:
    """Return the name with a number from 0 on: `a` to `Z`, then `aa` and so on."""
    higher, lower = divmod(number, len(ascii_letters))
    return (short_name(higher - 1) if higher else "") + ascii_letters[lower]
