"""The full-text index of contacts: which words are stored, and the query for a typed text."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable

from callcard.telephony.numbers import Number
from callcard.text import consonants, fold, in_latin_letters, spellings

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
_ARTICLE = "\u0627\u0644"
"""Al-, which is often left out in Latin letters."""
_LATIN_ARTICLES = ("al", "el")
_GROUPED_NUMBER = re.compile(r"\s*\+?[\d\s()./-]+")
_REFERENCE_CHARACTERS = range(3, 65)
_MAX_REFERENCES = 50
_DASHES = re.compile("[\u2010-\u2015\u2212]")
_TEL = re.compile(r"^\s*tel:", re.IGNORECASE)


_CONSONANTAL = re.compile("[\u0590-\u07ff]+")
"""Hebrew and Arabic, which are written without short vowels."""
_CONSONANTS_MARK = "qqq"
"""Begins the words of the index that hold the consonants of a name."""
_MIN_CONSONANTS = 2


def index_text(name: str, company: str, email: str, contact_numbers: Iterable[Number]) -> str:
    """Return what is indexed for a contact."""
    digits = " ".join(index_digits(contact_numbers))
    return f"{index_words(f'{name} {company}')} {fold(email)} {digits}"


def index_words(text: str) -> str:
    """Return what is indexed for `text`.

    O'Brien is found by obrien, brien and o'b; Müller by mueller and muller; C++ by c++; 山田太郎 by
    太郎, which is within it; Пётр by petr, and فاطمة by fatima.
    """
    words: dict[str, None] = {}
    for written in dict.fromkeys((text, _APOSTROPHES.sub("", text))):
        for spelling in (fold(written), *sorted(spellings(written))):
            spelled = _spell_symbols(spelling)
            words[spelled] = None
            words[_join_initials(spelled)] = None
            if _SERVANT in spelled:
                words[spelled.replace(f"{_SERVANT} ", _SERVANT)] = None
                words[spelled.replace(_SERVANT, f"{_SERVANT} ")] = None
    if text.isascii():
        return " ".join(filter(None, words))
    words[in_latin_letters(text)] = None
    for name in _CONSONANTAL.findall(f"{text} {text.replace(f'{_SERVANT} ', _SERVANT)}"):
        for spelled in (name, name.removeprefix(_ARTICLE)):
            words[_CONSONANTS_MARK + consonants(spelled)] = None
    folded = fold(text)
    runs = _IDEOGRAPHS.findall(folded)
    if runs:  # what stands between them is a word of its own
        words[_IDEOGRAPHS.sub(" ", folded)] = None
    for run in runs:
        words.update(dict.fromkeys(run[at:] for at in range(min(len(run), _MAX_IDEOGRAPHS))))
    return " ".join(filter(None, words))


def _join_initials(text: str) -> str:
    """Return a text in which the initials of A.B. and A & B are one word."""
    return _INITIALS.sub(r"\1", text) if "." in text or "&" in text else text


def _spell_symbols(text: str) -> str:
    """Return a text in which + and # at a word's end are letters: C++ is not C."""
    if "+" not in text and "#" not in text:
        return text
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


def reference_words(values: Iterable[str]) -> set[str]:
    """Return the words with a digit in call variables, as an order number."""
    found = (reference_word(word) for value in values for word in value.split())
    return set(itertools.islice(filter(None, found), _MAX_REFERENCES))


def reference_word(word: str) -> str:
    """Return a typed reference as it is indexed; empty if it is none."""
    folded = fold(word).strip(".,;:#()[]\"'")
    is_usable = len(folded) in _REFERENCE_CHARACTERS and any(map(str.isdigit, folded))
    return folded if is_usable else ""


def text_query(text: str) -> str:
    """Return a full-text query that requires each word of `text` as a prefix.

    Empty when no word is long enough.
    """
    text = text[:_MAX_QUERY_CHARACTERS]
    number = fold(_DASHES.sub("-", _TEL.sub("", text)))
    if _GROUPED_NUMBER.fullmatch(number):
        words = [re.sub(r"\D", "", number.replace("(0)", "")).removeprefix("00")]
    else:
        folded = _join_initials(_spell_symbols(fold(_APOSTROPHES.sub("", text))))
        words = re.findall(r"[^\W_]+", folded)
    # One ideograph is a word; one Latin letter matches half of the contacts.
    usable = [word for word in words if len(word) >= 2 or not word.isascii()]
    usable = [word for word in usable if word not in _LATIN_ARTICLES] or usable
    return " AND ".join(_word_query(word) for word in usable[:_MAX_QUERY_WORDS])


def _word_query(word: str) -> str:
    """Return the query for a word, which may be a name in Arabic or Hebrew by its sound."""
    sound = consonants(word) if word.isascii() and word.isalpha() else ""
    if len(sound) < _MIN_CONSONANTS:
        return f'"{word}"*'
    return f'("{word}"* OR "{_CONSONANTS_MARK}{sound}"*)'
