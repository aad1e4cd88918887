"""The full-text index of contacts: which words are stored, and the query for a typed text."""

from __future__ import annotations

import re
from collections.abc import Iterable

from callcard.telephony.numbers import Number
from callcard.text import fold, spellings

_MAX_QUERY_CHARACTERS = 200
_MAX_QUERY_WORDS = 8
_APOSTROPHES = re.compile("['’ʼ`]")
_INITIALS = re.compile(r"\b(\w)[&.](?=\w\b)")
_IDEOGRAPHS = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]{2,}")
"""Chinese and Japanese, which are written without spaces between words."""
_MAX_IDEOGRAPHS = 20
_GROUPED_NUMBER = re.compile(r"\s*\+?[\d\s()./-]+")


def index_words(text: str) -> str:
    """Return what is indexed for `text`.

    O'Brien is found by obrien, brien and o'b; Müller by mueller and muller; C++ by c++; 山田太郎 by
    太郎, which is within it.
    """
    words: dict[str, None] = {}
    for spelling in (fold(text), *sorted(spellings(text))):
        spelled = _spell_symbols(spelling)
        words[spelled] = None
        words[_APOSTROPHES.sub("", spelled)] = None
        words[_INITIALS.sub(r"\1", spelled)] = None
    folded = fold(text)
    runs = _IDEOGRAPHS.findall(folded)
    if runs:  # what stands between them is a word of its own
        words[_IDEOGRAPHS.sub(" ", folded)] = None
    for run in runs:
        words.update(dict.fromkeys(run[at:] for at in range(min(len(run), _MAX_IDEOGRAPHS))))
    return " ".join(words)


def _spell_symbols(text: str) -> str:
    """Return a text in which + and # behind a letter are words: C++ is not C."""
    return re.sub(
        r"(?<=\w)[+#]+",
        lambda match: "plus" * match[0].count("+") + ("sharp" * match[0].count("#")),
        text,
    )


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
        folded = _INITIALS.sub(r"\1", _spell_symbols(_APOSTROPHES.sub("", fold(text))))
        words = re.findall(r"[^\W_]+", folded)
    # One ideograph is a word; one Latin letter matches half of the contacts.
    usable = [word for word in words if len(word) >= 2 or not word.isascii()]
    return " ".join(f'"{word}"*' for word in usable[:_MAX_QUERY_WORDS])
