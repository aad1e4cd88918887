"""The text of a telephone number: what belongs to it, what stands around it, and its digits."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple
from urllib.parse import unquote

import phonenumbers as pn

MAX_CHARACTERS = 128
"""Characters that are read; SIP addresses are long, numbers are not."""
FEATURE_CODE = re.compile(r"\d{0,2}[*#][*#\d]{0,19}", re.ASCII)
SCIENTIFIC = re.compile(r"[+-]?\d+(?:[.,]\d+)?E[+-]?\d{1,3}", re.ASCII | re.IGNORECASE)
"""A number that a spreadsheet has rounded, as in 4,91712E+11."""

_PLAIN = re.compile(r"\s*\+?[\d\s().-]{1,40}", re.ASCII)
_SPREADSHEET_FRACTION = re.compile(r"^(\+?\d{6,})[.,]0+$", re.ASCII)
_EXTENSION_WORDS = (
    r"ext(?:n|\.|ension|ensión)?|x|#|durchwahl|dw|nebenstelle|nst|app(?:arat)?|klappe|poste"
    r"|anknytning|ankn|interno|int|interni|ramal|anexo|toestel|tst|wewn?(?:ętrzny)?|klapka"
    r"|linka|lokal(?:nummer|nr)?|alanumero|mellék|dahili|доб(?:авочный)?|вн(?:утр)?|εσωτ"
    r"|تحويلة|داخلي|内線|分機|分机|내선|שלוחה"
)
"""In the languages of the countries supported; each may be followed by a point or colon."""
_EXTENSION = re.compile(
    rf"(?:;\s*ext=|[\s,;/(\[-]*(?:(?<![^\W\d_])(?:{_EXTENSION_WORDS}))\s*[:.]?\s*)"
    r"(\d{1,9})#?[)\]\s]*$",
    re.IGNORECASE,
)
_PAUSE = re.compile(
    r"(?:\s*(?:,{2,}|[pw]+,*)\s*(\d[\d#*,;pw]{0,40})|\s*[,;](\d{1,6}#?|\d{1,9}#))$",
    re.IGNORECASE | re.ASCII,
)
"""Digits that a phone sends after the call is connected: behind two commas, p or w; behind one
comma or semicolon only few, because these also separate two numbers."""
_MIN_DIGITS_BEFORE_PAUSE = 7
_SERVICE_CODE = re.compile(r"^\s*\d?[*#][*#\d\s]*(?=\+)", re.ASCII)
"""Before an international number, as in *67 +1 …; its digits are no part of the number."""
_SIP_ADDRESS = re.compile(r"<([^<>]*)>[^<>]*$")
_IN_BRACKETS = re.compile(r"[(\[{][^()\[\]{}]*[^\W\d_][^()\[\]{}]*[)\]}]")
_LABEL_BEFORE = re.compile(r"^[^\d+(]*[^\W\d_][^\d+(]*(?=[+(]*\d)")
_LABEL_AFTER = re.compile(r"(?<=\d)[^\d]*[^\W\d_][^\d]*$")


class NumberText(NamedTuple):
    """A number's text without what surrounds it. `extension` is empty if there is none."""

    text: str
    extension: str
    sent_after: str
    """Digits to send once the call is connected."""
    display_name: str
    """In a SIP address."""
    is_anonymous: bool
    """The SIP address is that of a caller who withholds the number (RFC 3323, section 4.1.1.3)."""


def strip_decoration(given: str) -> NumberText:
    """Separate a number from URI, display name, parameters, extension and pause digits.

    An extension that stands alone is the number.
    """
    if _PLAIN.fullmatch(given):  # most numbers
        return NumberText(_SPREADSHEET_FRACTION.sub(r"\1", given.strip()), "", "", "", False)
    text = unicodedata.normalize("NFKC", given[:MAX_CHARACTERS])[:MAX_CHARACTERS]
    text = without_invisible(text).strip()
    name = ""
    if match := _SIP_ADDRESS.search(text):
        name = text[: match.start()].strip(' "')
        text = match[1]
    if match := re.match(r"(?i)(tel|sips?|callto):", text):
        scheme = match[1].lower()
        text = unquote(text[match.end() :]).strip("/")
        if scheme in ("sip", "sips") and "@" not in text and "." in text:
            return NumberText("", "", "", name, False)  # a host without a user
    text, _at, host = text.partition("@")
    is_anonymous = host.lower().startswith("anonymous.")
    text = _SPREADSHEET_FRACTION.sub(r"\1", without_invisible(text).strip())
    feature_code = re.sub(r"[\s-]", "", ascii_digits(text))
    if FEATURE_CODE.fullmatch(feature_code):
        return NumberText(feature_code, "", "", name, is_anonymous)
    text, extension, sent_after = _split_extension(text)
    if match := re.search(r"(?i);phone-context=(\+\d{1,3})(?:;|$)", text):
        text = match[1] + text
    text = text.split(";", 1)[0].strip()
    text = _SERVICE_CODE.sub("", text)
    text = re.sub(r"^[^\w+]+(?=\+)", "", text)
    return NumberText(text, extension, sent_after, name, is_anonymous)


def _split_extension(text: str) -> tuple[str, str, str]:
    """Return the number, its extension, and the digits to send after connecting."""
    extension = sent_after = ""
    if match := _PAUSE.search(text):
        before = text[: match.start()]
        if sum(c.isdigit() for c in before) >= _MIN_DIGITS_BEFORE_PAUSE:
            text = before
            sent_after = match[1] or match[2]
    if match := _EXTENSION.search(text):
        before = text[: match.start()]
        if re.search(r"\d", before):
            text = before
            extension = ascii_digits(match[1])
        elif not before.strip():
            text = match[1]
    return text, extension, sent_after


def split_annotation(text: str) -> tuple[str, str]:
    """Return a number's text without the words before, behind and in brackets, and the words.

    As in `030 789 (Max)`, `Büro: 030 789` or `030 789 FAX`.
    """
    words = [each.strip("()[]{} ") for each in _IN_BRACKETS.findall(text)]
    text = _IN_BRACKETS.sub(" ", text).strip()
    for pattern in (_LABEL_BEFORE, _LABEL_AFTER):
        if match := pattern.search(text):
            words.append(match[0].strip(" \t:.,;-–/()"))
            text = pattern.sub("", text).strip()
    return text, ", ".join(filter(None, words))


def without_invisible(text: str) -> str:
    """Remove control and format characters, which come with pasted text."""
    return "".join(c for c in text if unicodedata.category(c) not in ("Cf", "Cc"))


def digits_of(text: str) -> str:
    """Return the digits of any script as 0-9, and letters as the digits of their keypad keys."""
    if _PLAIN.fullmatch(text):
        return re.sub(r"\D", "", text)
    return pn.normalize_digits_only(pn.convert_alpha_characters_in_number(text))


def ascii_digits(text: str) -> str:
    """Return `text` with the decimal digits of any script as 0-9."""
    return "".join(str(unicodedata.decimal(c, c)) for c in text)


def is_vanity(text: str) -> bool:
    """Return whether letters may stand for digits, as in 1-800-FLOWERS but not in `reception 2`."""
    allowed = re.fullmatch(r"\+?[\d\s().-]{3}[\dA-Za-z\s().-]*", text)
    return allowed is not None and re.search("[A-Za-z]{3}", text) is not None
