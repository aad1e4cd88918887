"""The full-text index of contacts: which words are stored, and the query for a typed text."""

from __future__ import annotations

import re
from collections.abc import Iterable

from callcard.telephony.numbers import Number
from callcard.text import fold

_MAX_QUERY_CHARACTERS = 200
_MAX_QUERY_WORDS = 8
_APOSTROPHES = re.compile("['’ʼ`]")
_GROUPED_NUMBER = re.compile(r"\s*\+?[\d\s()./-]+")


def index_words(text: str) -> str:
    """Return what is indexed for `text`: O'Brien is found by obrien, brien and o'b."""
    folded = fold(text)
    if _APOSTROPHES.search(folded):
        return f"{folded} {_APOSTROPHES.sub('', folded)}"
    return folded


def index_digits(contact_numbers: Iterable[Number]) -> set[str]:
    """Return each number's international and national digits, for prefix search."""
    words = set()
    for number in contact_numbers:
        words.add(number.digits)
        words.add(number.national)
        words.add(number.national.lstrip("0"))
    words.discard("")
    return words


def text_query(text: str) -> str:
    """Return a full-text query that requires each word of `text` as a prefix.

    Empty when no word is long enough.
    """
    text = text[:_MAX_QUERY_CHARACTERS]
    if _GROUPED_NUMBER.fullmatch(text):
        words = [re.sub(r"\D", "", text).removeprefix("00")]
    else:
        words = re.findall(r"[^\W_]+", _APOSTROPHES.sub("", fold(text)))
    # One ideograph is a word; one Latin letter matches half of the contacts.
    usable = [word for word in words if len(word) >= 2 or not word.isascii()]
    return " ".join(f'"{word}"*' for word in usable[:_MAX_QUERY_WORDS])
