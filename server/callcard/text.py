"""Folding of text for comparison and search."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable

_LETTERS = str.maketrans(
    {
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ı": "i",
        "æ": "ae",
        "œ": "oe",
        "þ": "th",
        "ð": "d",
        "أ": "ا",
        "إ": "ا",
        "آ": "ا",
    }
)
"""Letters that Unicode does not decompose, or whose marks people leave out."""


def fold(text: str) -> str:
    """Return `text` without case, accents and marks, so that Müller and muller are equal."""
    if text.isascii():
        return text.lower()
    # Casefolding may compose characters, so decomposition is needed before and after it.
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    base = [c for c in decomposed if unicodedata.category(c) not in ("Mn", "Lm")]
    return "".join(base).translate(_LETTERS)


def suggest(name: str, known: Iterable[str]) -> str:
    """Return "; did you mean …?" if `name` is nearly one of `known`, else nothing."""
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""
