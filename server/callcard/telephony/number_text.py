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
ROUNDED = (
    "a spreadsheet rounded it and its last digits are lost; format the column as text and export "
    "again"
)
_ROUNDED = re.compile(
    r"[+-]?\d+(?:[.,]\d+)?E[+-]?\d{1,3}|[+-]?\d+[.,]\d+\s*[*x\u00d7\u00b7]\s*10\s*\^?\s*\+?\d{1,3}",
    re.ASCII | re.IGNORECASE,
)
"""As in 4,91712E+11."""
_DAMAGE_TEXTS = (
    (
        r"\d{1,2}[./-]\d{1,2}[./-](?:19|20)\d\d|(?:19|20)\d\d-\d\d-\d\d(?:[ T][\d:.]+)?",
        "it is a date, perhaps made by a spreadsheet; format the column as text and export again",
    ),
    (r"[€$£¥]?\s*[\d.,]+\s*[€$£¥]", "it is an amount of money"),
    (
        r"(?:[^\d/]*\d){7,}[^\d/]*/.*\d.*|.*\d\.\.+\d.*",
        "it is several numbers, or a range; write each by itself",
    ),
    (
        r"(?-i:(?:.*[\s\d])?[OoIl]+\d.*|.*\d[OoIl]+(?:[\s\d].*)?)",
        "it has letters that look like digits",
    ),
)
"""What looks like a number but is none, and why. All are matched whole, so the lengths are bounded
by MAX_CHARACTERS."""
_DAMAGE = tuple(
    (re.compile(pattern, re.ASCII | re.IGNORECASE), reason) for pattern, reason in _DAMAGE_TEXTS
)
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3}){2,}", re.ASCII)
"""A number that a spreadsheet shows with separators, as in 493,023,125,100."""
_MARKS = (
    re.compile(r"^\d{1,2}[.)]\s+(?=[+(]*[+0])", re.ASCII),
    re.compile(r"(?<=\d)\s+\(\d{1,2}\)$", re.ASCII),
)
"""The mark of a list before a number, as in `1. 030 …`, and of a note behind it: `… (2)`."""
_CARRIER = re.compile(r"^(\(?0)\s*xx\s*(?=\d{2})", re.IGNORECASE)
"""Brazilians write xx where a carrier's code may be dialled."""

_NO_DIGIT = re.compile(r"\D")
_PLAIN = re.compile(r"\s*\+?[\d\s().-]{1,40}", re.ASCII)
_SPREADSHEET_FRACTION = re.compile(r"^(\+?\d{6,})[.,]0+$", re.ASCII)
_EXTENSION_WORDS = (
    r"ext(?:n|\.|ension|ensión|ensão|ensao)?|[x\u00d7#]|durchw(?:ahl)?|dw|nebenstelle|nst"
    r"|app(?:arat)?|kl(?:appe)?|poste|anknytning|ankn|intern[oi]?|int|ramal|anexo|toestel|tst"
    r"|wewn?(?:ętrzny)?|klapka|linka|lokal(?:nummer|nr)?|alanumero|mellék|dah(?:ili)?"
    r"|доб(?:авочный)?|вн(?:утр)?(?:енний)?|дод(?:атковий)?|εσωτ(?:ερικό)?"
    r"|تحويلة|داخلي|داخلی|内線|分機|分机|转|轉|내선|שלוחה"
)
"""In the languages of the countries supported; each may be followed by a point or colon."""
_EXTENSION = re.compile(
    rf"(?:;\s*ext=|[\s,;/(\[-]*(?:(?<![^\W\d_])(?:{_EXTENSION_WORDS}))\s*[:.-]?\s*)"
    r"(\d{1,9})#?[)\]\s]*$",
    re.IGNORECASE,
)
_PAUSE = re.compile(
    r"(?:\s*(?:,{2,}|(?<![^\W\d_])[pw]+,*)\s*(\d[\d#*,;pw]{0,40})|\s*[,;](\d{1,6}#?|\d{1,9}#))$",
    re.IGNORECASE | re.ASCII,
)
"""Digits that a phone sends after the call is connected: behind two commas, p or w; behind one
comma or semicolon only few, because these also separate two numbers."""
_MIN_DIGITS_BEFORE_PAUSE = 3
_MIN_DIGITS_BEFORE_COMMA = 7
_SERVICE_CODE = re.compile(r"^\s*\d?[*#][*#\d\s]*(?=\+)", re.ASCII)
"""Before an international number, as in *67 +1 …; its digits are no part of the number."""
_SIP_ADDRESS = re.compile(r"<([^<>]*)>[^<>]*$")
_IN_BRACKETS = re.compile(r"[(\[{][^()\[\]{}]*[^\W\d_][^()\[\]{}]*[)\]}]")
_LABEL_BEFORE = re.compile(
    r"^[^\d+(]*[^\W\d_][^\d+(]*(?:\d{1,3}\s*[:.)–-]\s*|\d{1,2}\s+(?=[+(]*[+0]))?(?=[+(]*\d)"
)
"""With the number of a room or a line, as in `Büro 2: 030 …`."""
_LABEL_AFTER = re.compile(
    r"(?<=\d)(?:[^\S\d]+\d{1,2}\s*(?:[.°ºª]|\s(?=(?:Uhr|h|OG|UG|DG|Stock|Etage|Zi|Zimmer|piano|piso"
    r"|floor|étage)\b)))?[^\d]*[^\W\d_][^\d]*$",
    re.IGNORECASE,
)
"""With a number that belongs to the words, as in `… 2. Stock` or `… 5 Uhr`."""


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
    annotation: str = ""
    """A list mark before the number or a note in brackets behind it."""


def strip_decoration(given: str) -> NumberText:
    """Separate a number from URI, display name, parameters, extension and pause digits.

    An extension that stands alone is the number.
    """
    if _PLAIN.fullmatch(given):  # most numbers
        text = given.strip()
        if text.isdecimal() or (text[:1] == "+" and text[1:].isdecimal()):
            return NumberText(text, "", "", "", False)
        marks = [match[0].strip() for each in _MARKS if (match := each.search(text))]
        for each in _MARKS:
            text = each.sub("", text)
        text = _SPREADSHEET_FRACTION.sub(r"\1", text)
        return NumberText(text, "", "", "", False, ", ".join(marks))
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
    if _THOUSANDS.fullmatch(text):
        text = text.replace(",", "")
    feature_code = re.sub(r"[\s-]", "", ascii_digits(text))
    if FEATURE_CODE.fullmatch(feature_code):
        return NumberText(feature_code, "", "", name, is_anonymous)
    text, extension, sent_after = _split_extension(text)
    if match := re.search(r"(?i);phone-context=(\+\d{1,3})(?:;|$)", text):
        text = match[1] + text
    text = text.split(";", 1)[0].strip()
    text = _CARRIER.sub(r"\1", _SERVICE_CODE.sub("", text))
    text = re.sub(r"^[^\w+]+(?=\+)", "", text)
    return NumberText(text, extension, sent_after, name, is_anonymous)


def _split_extension(text: str) -> tuple[str, str, str]:
    """Return the number, its extension, and the digits to send after connecting."""
    extension = sent_after = ""
    if match := _PAUSE.search(text):
        before = text[: match.start()]
        needed = _MIN_DIGITS_BEFORE_PAUSE if match[1] else _MIN_DIGITS_BEFORE_COMMA
        if sum(c.isdigit() for c in before) >= needed:
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


def damage(text: str) -> str:
    """Return why a text that looks like a number is none; empty if nothing is wrong with it."""
    for pattern, reason in _DAMAGE:
        if pattern.fullmatch(text):
            return reason
    return ""


def is_rounded(given: str) -> bool:
    """Return whether a spreadsheet has rounded a number, as in 4,91712E+11."""
    text = given[:MAX_CHARACTERS]
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return _ROUNDED.fullmatch(text.strip()) is not None


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
        return _NO_DIGIT.sub("", text)
    return pn.normalize_digits_only(pn.convert_alpha_characters_in_number(text))


def ascii_digits(text: str) -> str:
    """Return `text` with the decimal digits of any script as 0-9."""
    return "".join(str(unicodedata.decimal(c, c)) for c in text)


def is_vanity(text: str) -> bool:
    """Return whether letters may stand for digits, as in 1-800-FLOWERS but not in `reception 2`."""
    allowed = re.fullmatch(r"\+?[\d\s().-]{3}[\dA-Za-z\s().-]*", text)
    letters = {c.upper() for c in text if c.isalpha()}  # XXXX masks digits
    return allowed is not None and len(letters) > 1 and re.search("[A-Za-z]{3}", text) is not None
