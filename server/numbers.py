"""Telephone numbers: what a person, a phone or a gateway wrote → what it means. Strings only, never integers.

Nothing here knows contacts or calls. `read()` never raises: whatever came with a call gets an answer of some kind.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal
from urllib.parse import unquote

import phonenumbers as pn

Kind = Literal["public", "internal", "withheld", "unreadable"]

LONGEST = 128
"""Characters of a number that are looked at; SIP addresses are long, numbers are not."""

_WITHHELD = {
    "", "anonymous", "private", "restricted", "unavailable", "unknown", "withheld", "blocked", "p", "o",
    "id unavailable", "not available", "no number", "anonym", "unbekannt", "unterdrückt", "خاص", "محجوب",
}  # fmt: skip
_INTERNAL_DIGITS = 7
"""A number of this many digits or fewer that no numbering plan knows is taken for one of the site's own."""

_EXTENSION = re.compile(r"(?:;\s*ext=|\s*(?:ext\.?|extension|x|#|durchwahl|dw)\s*[:.]?\s*)(\d{1,9})\s*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Spelling:
    """One way of reading what was given: the rule's name, what it made, and whether a numbering plan knows the result."""

    rule: str
    tried: str
    e164: str | None
    valid: bool


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it was `given` and as it was understood.

    `e164` is set for the kind `public` alone; `digits` are the plain digits of it, or of an internal number. `display` is how
    people write it where the service is at home. `country` is the two-letter region of a public number, if the plan tells it.
    """

    given: str
    kind: Kind
    e164: str | None = None
    digits: str = ""
    national: str = ""
    """The digits of a public number as they are dialled within its country."""
    display: str = ""
    country: str | None = None
    extension: str | None = None

    @property
    def reversed(self) -> str:
        """The digits from the last to the first: how a contact is found by the last digits through an index."""
        return self.digits[::-1]


def read(given: str, country: str) -> Number:
    """Understand `given`; numbers without a country code belong to `country` (two letters)."""
    return explain(given, country)[0]


@lru_cache(maxsize=65536)
def explain(given: str, country: str) -> tuple[Number, tuple[Spelling, ...]]:
    """As `read()`, with every spelling that was tried, in order."""
    text, extension = _bare(given)
    if text.lower() in _WITHHELD:
        return Number(given, "withheld"), ()
    if re.fullmatch(r"[*#\d]*[*#][*#\d]*", text) and len(text) <= 20:  # a feature code, dialled as it is
        return Number(given, "internal", display=text), ()
    digits = _digits(text)
    lettered = any(character.isalpha() for character in text)
    if not digits or (lettered and not _is_vanity(text)):
        return Number(given, "unreadable", display=given.strip()[:LONGEST]), ()

    spellings = []
    best: pn.PhoneNumber | None = None
    region: str | None = None
    for rule, tried, home in _ways(text, digits, country, lettered):
        try:
            number = pn.parse(tried, home)
        except pn.NumberParseException:
            spellings.append(Spelling(rule, tried, None, False))
            continue
        region = pn.region_code_for_number(number)
        valid = region is not None and pn.is_valid_number_for_region(number, region)
        spellings.append(Spelling(rule, tried, _e164(number), valid))
        if valid:
            best = number
            break
        if best is None and pn.is_possible_number(number) and not _looks_internal(text, digits):
            best = number
    if best is None:
        kind: Kind = "internal" if len(digits) <= _INTERNAL_DIGITS and not lettered else "unreadable"
        return Number(given, kind, digits=digits, display=digits if kind == "internal" else text), tuple(spellings)

    if not spellings[-1].valid:  # outside every plan's known ranges it still has its country code; 001 is no country
        region = pn.region_code_for_country_code(best.country_code or 0)
    region = None if region in ("001", "ZZ") else region
    e164, national = _e164(best), pn.format_number(best, pn.PhoneNumberFormat.NATIONAL)
    display = national if region == country else pn.format_number(best, pn.PhoneNumberFormat.INTERNATIONAL)
    plain = re.sub(r"\D", "", national)
    return Number(given, "public", e164, e164[1:], plain, display, region, extension), tuple(spellings)


def dialable(number: Number) -> str | None:
    """What to hand to Finesse to call `number`: E.164 for a public one, the digits for an internal one, None for the rest."""
    return number.e164 or ((number.digits or number.display) if number.kind == "internal" else None)


# ---- how it is dialled


@dataclass(frozen=True, slots=True)
class DialRule:
    """What fits `kind` (internal, national, international, or a prefix as in +49) is dialled as `code` and its other digits."""

    kind: str
    code: str

    def __str__(self) -> str:
        return f"{self.kind} -> {self.code}"


_RULE = re.compile(r"\s*(internal|national|international|\+\d{1,15})\s*(?:->|→)\s*([+*#\d]{0,16})\s*", re.ASCII)


def read_rules(told: Iterable[str]) -> tuple[DialRule, ...]:
    """Dial rules as the setting has them, in their order. Raises ValueError with a sentence for one that is none."""
    rules = []
    for text in told:
        match = _RULE.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is no dial rule; write WHAT -> CODE, as in 'national -> 91', '+49 -> 0' or 'internal -> '")
        rules.append(DialRule(match[1], match[2]))
    return tuple(rules)


def dialled(number: Number, country: str, rules: Sequence[DialRule] = ()) -> tuple[str | None, DialRule | None]:
    """What the telephone is to dial for `number`, and the first of `rules` that fits: a number's own form where none does.

    `national` numbers have the country code of `country`, and keep what follows it: a trunk prefix belongs into the code.
    """
    plain = dialable(number)
    home = f"+{pn.country_code_for_region(country)}"
    for rule in rules if plain else ():
        if number.kind == "internal":
            if rule.kind == "internal" and number.digits:
                return rule.code + number.digits, rule
            continue
        e164 = number.e164 or ""
        prefix = home if rule.kind == "national" else "+" if rule.kind == "international" else rule.kind
        if rule.kind != "internal" and e164.startswith(prefix):
            return rule.code + e164[len(prefix) :], rule
    return plain, None


_PLAIN = re.compile(r"\s*\+?[\d\s().-]{1,40}", re.ASCII)


def _bare(given: str) -> tuple[str, str | None]:
    """`given` without URI dressing, display name, parameters and extension."""
    if _PLAIN.fullmatch(given):  # as most are
        return given.strip(), None
    text = unicodedata.normalize("NFKC", given[:LONGEST])[:LONGEST].strip()
    if match := re.search(r"<([^<>]*)>\s*$", text):
        text = match[1]
    if re.match(r"(?i)(tel|sips?|callto):", text):
        text = unquote(text.split(":", 1)[1])
        text = text.partition("@")[0]
        text = text.strip("/")
    extension = None
    if match := _EXTENSION.search(text):
        text, extension = text[: match.start()], match[1]
    text = text.split(";", 1)[0]
    text = "".join(c for c in text if unicodedata.category(c) not in ("Cf", "Cc"))  # invisible marks of pasted text
    return text.strip(), extension


def _digits(text: str) -> str:
    """The decimal digits of any script, as 0-9, letters read off a telephone keypad."""
    if _PLAIN.fullmatch(text):
        return re.sub(r"\D", "", text)
    return pn.normalize_digits_only(pn.convert_alpha_characters_in_number(text))


def _is_vanity(text: str) -> bool:
    """1-800-FLOWERS, not `reception 2`: enough digits first, then letters of the keypad's alphabet only."""
    allowed = re.fullmatch(r"\+?[\d\s().-]{3}[\dA-Za-z\s().-]*", text)
    return allowed is not None and re.search("[A-Za-z]{3}", text) is not None


def _looks_internal(text: str, digits: str) -> bool:
    return len(digits) <= _INTERNAL_DIGITS and not text.startswith(("+", "00", "011"))


def _ways(text: str, digits: str, country: str, lettered: bool) -> list[tuple[str, str, str | None]]:
    """The readings to try, best first: (rule, spelling, region for numbers without a country code)."""
    spelt = digits if lettered else text
    if text.startswith("+"):
        ways: list[tuple[str, str, str | None]] = [("international, +", "+" + digits, None)]
        if digits.startswith("00"):  # +0049…: a gateway put the plus before the prefix
            ways.append(("international, +00", "+" + digits[2:], None))
        return ways
    ways = []
    if digits.startswith("00"):
        ways.append(("international, 00", "+" + digits[2:], None))
    if digits.startswith("011") and len(digits) > 10:
        ways.append(("international, 011", "+" + digits[3:], None))
    ways.append((f"national, {country}", spelt, country))
    if len(digits) > _INTERNAL_DIGITS and not digits.startswith("0"):
        ways.append(("country code without +", "+" + digits, None))
    return ways


def _e164(number: pn.PhoneNumber) -> str:
    return pn.format_number(number, pn.PhoneNumberFormat.E164)
