"""The text of a telephone number: what belongs to it, and its digits."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote

import phonenumbers as pn

MAX_CHARACTERS = 128
"""Characters that are read; SIP addresses are long, numbers are not."""
_PLAIN = re.compile(r"\s*\+?[\d\s().-]{1,40}", re.ASCII)
_SPREADSHEET_FRACTION = re.compile(r"^(\d+)\.0$")
_EXTENSION = re.compile(
    r"(?:;\s*ext=|,,+"
    r"|\s*(?:ext(?:n|\.|ension)?|x|#|durchwahl|dw|poste|anknytning|ankn|interno|int|تحويلة)"
    r"\s*[:.]?\s*)"
    r"(\d{1,9})#?\s*$",
    re.IGNORECASE,
)
_SERVICE_CODE = re.compile(r"^\s*\d?[*#][*#\d\s]*(?=\+)", re.ASCII)
"""Before an international number, as in *67 +1 …; its digits are no part of the number."""
FEATURE_CODE = re.compile(r"\d{0,2}[*#][*#\d]{0,19}", re.ASCII)


def strip_decoration(given: str) -> tuple[str, str | None]:
    """Return `given` without URI, display name, parameters and extension, and the extension.

    An extension that stands alone is the number.
    """
    if _PLAIN.fullmatch(given):  # most numbers
        return _SPREADSHEET_FRACTION.sub(r"\1", given.strip()), None
    text = unicodedata.normalize("NFKC", given[:MAX_CHARACTERS])[:MAX_CHARACTERS].strip()
    if match := re.search(r"<([^<>]*)>[^<>]*$", text):
        text = match[1]
    if match := re.match(r"(?i)(tel|sips?|callto):", text):
        scheme = match[1].lower()
        text = unquote(text[match.end() :]).strip("/")
        if scheme in ("sip", "sips") and "@" not in text and "." in text:
            return "", None  # a host without a user
    text = text.partition("@")[0]
    text = _without_invisible(text).strip()
    feature_code = re.sub(r"[\s-]", "", _ascii_digits(text))
    if FEATURE_CODE.fullmatch(feature_code):
        return feature_code, None
    extension = None
    if match := _EXTENSION.search(text):
        before = text[: match.start()]
        if re.search(r"\d", before):
            text = before
            extension = _ascii_digits(match[1])
        elif not before.strip():
            text = match[1]
    if match := re.search(r"(?i);phone-context=(\+\d{1,3})(?:;|$)", text):
        text = match[1] + text
    text = text.split(";", 1)[0].strip()
    text = _SERVICE_CODE.sub("", text)
    return re.sub(r"^[^\w+]+(?=\+)", "", text), extension


def _without_invisible(text: str) -> str:
    """Remove control and format characters, which come with pasted text."""
    return "".join(c for c in text if unicodedata.category(c) not in ("Cf", "Cc"))


def digits_of(text: str) -> str:
    """Return the digits of any script as 0-9, and letters as the digits of their keypad keys."""
    if _PLAIN.fullmatch(text):
        return re.sub(r"\D", "", text)
    return pn.normalize_digits_only(pn.convert_alpha_characters_in_number(text))


def _ascii_digits(text: str) -> str:
    """Return `text` with the decimal digits of any script as 0-9."""
    return "".join(str(unicodedata.decimal(c, c)) for c in text)


def is_vanity(text: str) -> bool:
    """Return whether letters stand for digits, as in 1-800-FLOWERS but not in `reception 2`."""
    allowed = re.fullmatch(r"\+?[\d\s().-]{3}[\dA-Za-z\s().-]*", text)
    return allowed is not None and re.search("[A-Za-z]{3}", text) is not None
