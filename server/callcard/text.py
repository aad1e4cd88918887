"""Folding of text for comparison and search."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable

from anyascii import anyascii

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
        # Arabic: spellings that people and keyboards mix, Persian and Urdu letters
        "أ": "ا",
        "إ": "ا",
        "آ": "ا",
        "ٱ": "ا",
        "ى": "ي",
        "ی": "ي",
        "ے": "ي",
        "ة": "ه",
        "ہ": "ه",
        "ھ": "ه",
        "ۀ": "ه",
        "ک": "ك",
        "ؤ": "و",
        "ئ": "ي",
    }
)
"""Letters that Unicode does not decompose, or whose marks people leave out."""
_UMLAUTS = str.maketrans(
    {
        "ä": "ae",
        "ö": "oe",
        "ü": "ue",
        "å": "aa",
        "ø": "oe",
        "Å": "Aa",
        "Ø": "Oe",
        "Ä": "Ae",
        "Ö": "Oe",
        "Ü": "Ue",
    }
)
_VOWELS = re.compile("[^bdfjklmnrstz0-9]")
"""And h, w and y, which stand for a vowel or belong to the letter before them."""
_SOUNDS = str.maketrans({"q": "k", "c": "k", "g": "j", "p": "b", "v": "f", "x": "k"})
_REPEATED = re.compile(r"(.)\1+")
_DIGRAPH = re.compile("([aou])e|aa")
_MARKS = ("Mn", "Lm", "Cf")
"""Categories of characters that a search ignores: combining marks, modifier letters such as the
Arabic tatweel, and invisible ones such as soft hyphens, zero-width spaces and byte order marks."""


def fold(text: str) -> str:
    """Return `text` as it is compared and searched: Müller, MULLER and muller are equal.

    Case, accents, marks and invisible characters are removed, compatibility forms (full-width
    letters, ligatures, digits of any script) become plain ones, and letters that are mixed up in
    writing become one (Arabic ي and ى, ه and ة, ك and ک). Decomposition and case folding are
    Unicode's, as in ICU's transforms; `spellings` adds what depends on the language.
    """
    if text.isascii():
        return text.lower()
    # Casefolding may compose characters, so decomposition is needed before and after it.
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    base = [
        str(unicodedata.decimal(c, c)) for c in decomposed if unicodedata.category(c) not in _MARKS
    ]
    return "".join(base).translate(_LETTERS)


def in_latin_letters(text: str) -> str:
    """Return a text of another script in Latin letters, folded; empty if it has none to spell.

    Пётр is petr. Of Arabic and Hebrew only the consonants are written: see `consonants`.
    """
    folded = fold(text)
    if folded.isascii():
        return ""
    return fold(anyascii(unicodedata.normalize("NFC", text)))


def consonants(word: str) -> str:
    """Return what stays the same however a name is written in Latin letters.

    Fatima, Fatmah and فاطمة are ftm; Qasim and Kassem are ksm.
    """
    letters = _VOWELS.sub("", fold(anyascii(word)).translate(_SOUNDS))
    return _REPEATED.sub(r"\1", letters)


def spellings(text: str) -> set[str]:
    """Return the folded spellings of a text: Müller is also mueller, Mueller also muller."""
    composed = unicodedata.normalize("NFC", text)
    folded = fold(composed)
    found = {folded}
    if not text.isascii():
        found.add(fold(composed.translate(_UMLAUTS)))
    found.add(_DIGRAPH.sub(lambda match: match[1] or "a", folded))
    return found


def suggest(name: str, known: Iterable[str]) -> str:
    """Return "; did you mean …?" if `name` is nearly one of `known`, else nothing."""
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""
