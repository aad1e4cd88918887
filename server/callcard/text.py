"""What two spellings of a name have in common. No I/O here."""

from __future__ import annotations

import unicodedata


def fold(text: str) -> str:
    """`text` without case, accents and marks: what Müller and muller have in common."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    plain = "".join(c for c in decomposed if unicodedata.category(c) not in ("Mn", "Lm"))
    return plain.translate(_LETTERS)


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
