"""The full-text index of contacts: which words are stored, and the query for a typed text."""

from __future__ import annotations

import re
from collections.abc import Iterable

from callcard.telephony.numbers import Number
from callcard.text import fold, spellings

_MAX_QUERY_CHARACTERS = 200
_MAX_QUERY_WORDS = 8
_APOSTROPHES = re.compile("['\u2018\u2019\u02bc\u02bb\u05f3\u00b4\uff07`]")
_INITIALS = re.compile(r"\b(\w)(?:\s*&\s*|\.)(?=\w\b)")
_IDEOGRAPHS = re.compile(
    "[\u0e00-\u0e7f\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]{2,}"
)
"""Chinese, Japanese and Thai, which are written without spaces between words, and Korean, in which
parts of a name are searched; folding has taken its syllables apart."""
_MAX_IDEOGRAPHS = 40
_SERVANT = "\u0639\u0628\u062f"
"""Abd, with which many Arabic names begin, with or without a space behind it."""
_GROUPED_NUMBER = re.compile(r"\s*\+?[\d\s()./-]+")
_DASHES = re.compile("[\u2010-\u2015\u2212]")
_TEL = re.compile(r"^\s*tel:", re.IGNORECASE)


def index_words(text: str) -> str:
    """Return what is indexed for `text`.

    O'Brien is found by obrien, brien and o'b; Müller by mueller and muller; C++ by c++; 山田太郎 by
    太郎, which is within it.
    """
    words: dict[str, None] = {}
    for written in dict.fromkeys((text, _APOSTROPHES.sub("", text))):
        for spelling in (fold(written), *sorted(spellings(written))):
            spelled = _spell_symbols(spelling)
            words[spelled] = None
            words[_INITIALS.sub(r"\1", spelled)] = None
            if _SERVANT in spelled:
                words[spelled.replace(f"{_SERVANT} ", _SERVANT)] = None
                words[spelled.replace(_SERVANT, f"{_SERVANT} ")] = None
    folded = fold(text)
    runs = _IDEOGRAPHS.findall(folded)
    if runs:  # what stands between them is a word of its own
        words[_IDEOGRAPHS.sub(" ", folded)] = None
    for run in runs:
        words.update(dict.fromkeys(run[at:] for at in range(min(len(run), _MAX_IDEOGRAPHS))))
    return " ".join(words)


def _spell_symbols(text: str) -> str:
    """Return a text in which + and # at a word's end are letters: C++ is not C."""
    return re.sub(
        r"(?<=\w)[+#]+(?!\w)",
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
    number = fold(_DASHES.sub("-", _TEL.sub("", text)))
    if _GROUPED_NUMBER.fullmatch(number):
        words = [re.sub(r"\D", "", number.replace("(0)", "")).removeprefix("00")]
    else:
        folded = _INITIALS.sub(r"\1", _spell_symbols(fold(_APOSTROPHES.sub("", text))))
        words = re.findall(r"[^\W_]+", folded)
    # One ideograph is a word; one Latin letter matches half of the contacts.
    usable = [word for word in words if len(word) >= 2 or not word.isascii()]
    return " ".join(f'"{word}"*' for word in usable[:_MAX_QUERY_WORDS])
