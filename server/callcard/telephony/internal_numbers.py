"""How the site's own internal numbers look, as the settings say it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

_DESCRIPTION = re.compile(r"(\d{1,2})|(\d{1,2})-(\d{1,2})|([\dX]{1,15})", re.ASCII)


def check_internal(texts: Iterable[str]) -> None:
    """Check how internal numbers look. Raises ValueError that says how they are written.

    `4` is any number of four digits, `3-5` one of three to five, `7XXX` one that begins with 7.
    """
    for text in texts:
        match = _DESCRIPTION.fullmatch(text)
        if match is None or (match[2] and int(match[2]) > int(match[3])):
            raise ValueError(
                f"{text!r} does not describe internal numbers; write their length, as in 4 or 3-5, "
                "or a pattern with X for any digit, as in 7XXX"
            )


@lru_cache(maxsize=64)
def _pattern(internal: tuple[str, ...]) -> re.Pattern[str]:
    patterns = []
    for text in internal:
        match = _DESCRIPTION.fullmatch(text)
        assert match is not None, text
        length, shortest, longest, pattern = match.groups()
        if pattern:
            patterns.append(pattern.replace("X", r"\d"))
        else:
            patterns.append(rf"\d{{{shortest or length},{longest or length}}}")
    return re.compile("|".join(patterns), re.ASCII)


def is_internal(digits: str, internal: tuple[str, ...]) -> bool:
    """Return whether digits are one of the site's own numbers, as `internal` describes them."""
    return _pattern(internal).fullmatch(digits) is not None
