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
    "id unavailable", "not available", "no number", "private number", "unknown number", "number withheld", "no caller id",
    "anonym", "privat", "unbekannt", "unterdrückt", "anonyme", "privé", "inconnu", "masqué", "numéro masqué",
    "anonimo", "privato", "sconosciuto", "numero privato", "okänt", "okänt nummer", "dolt nummer", "skyddat nummer",
    "خاص", "رقم خاص", "محجوب", "مجهول", "غير معروف",
}  # fmt: skip
_INTERNAL_DIGITS = 7
"""A number of this many digits or fewer is taken for one of the site's own, unless the plan at home writes it just so."""
_EXTENSION_DIGITS = 5
"""With this many or fewer it is one of the site's own in any case."""
_SUBSCRIBERS = {
    pn.PhoneNumberType.FIXED_LINE, pn.PhoneNumberType.MOBILE, pn.PhoneNumberType.FIXED_LINE_OR_MOBILE, pn.PhoneNumberType.PAGER,
}  # fmt: skip

_EXTENSION = re.compile(
    r"(?:;\s*ext=|,,+|\s*(?:ext(?:n|\.|ension)?|x|#|durchwahl|dw|poste|anknytning|ankn|interno|int|تحويلة)\s*[:.]?\s*)"
    r"(\d{1,9})#?\s*$",
    re.IGNORECASE,
)
_FEATURE = re.compile(r"\d{0,2}[*#][*#\d]{0,19}", re.ASCII)
_OUTSIDE = re.compile(r"[089][\s,.-]+[+\d(]")
"""An access code for an outside line, set apart from the number."""

_Way = tuple[str, str, str | None]
"""A reading to try: the rule's name, the spelling, the region of a number without a country code."""


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
    if _FEATURE.fullmatch(text):  # dialled as it is
        return Number(given, "internal", display=text), ()
    digits = _digits(text)
    lettered = any(character.isalpha() for character in text)
    if not digits or (lettered and not _is_vanity(text)):
        return Number(given, "unreadable", display=given.strip()[:LONGEST]), ()
    short = len(digits) <= _INTERNAL_DIGITS and not text.startswith("+")
    if not short and not digits.strip(
        "0"
    ):  # what gateways fill in for a caller who withholds the number
        return Number(given, "withheld"), ()

    spellings = []
    best: pn.PhoneNumber | None = None
    region: str | None = None
    for rule, tried, home in _ways(text, digits, country):
        try:
            number = pn.parse(tried, home)
        except pn.NumberParseException:
            spellings.append(Spelling(rule, tried, None, False))
            continue
        known = pn.region_code_for_number(number)
        valid = known is not None and pn.is_valid_number_for_region(number, known)
        spellings.append(Spelling(rule, tried, _e164(number), valid))
        if valid and (not short or _is_whole(number, digits, country)):
            best, region = number, known
            break
        if best is None and not (short or lettered) and _is_possible(number):
            best = number
    if best is None:
        kind: Kind = (
            "internal" if len(digits) <= _INTERNAL_DIGITS and not lettered else "unreadable"
        )
        return Number(
            given, kind, digits=digits, display=digits if kind == "internal" else text
        ), tuple(spellings)

    if (
        region is None
    ):  # outside every plan's known ranges it still has its country code; 001 is no country
        region = pn.region_code_for_country_code(best.country_code or 0)
    region = None if region in ("001", "ZZ") else region
    e164, national = _e164(best), pn.format_number(best, pn.PhoneNumberFormat.NATIONAL)
    display = (
        national
        if region == country
        else pn.format_number(best, pn.PhoneNumberFormat.INTERNATIONAL)
    )
    plain = re.sub(r"\D", "", national)
    return Number(given, "public", e164, e164[1:], plain, display, region, extension), tuple(
        spellings
    )


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


_RULE = re.compile(
    r"\s*(internal|national|international|\+\d{1,15})\s*(?:->|→)\s*([+*#\d]{0,16})\s*", re.ASCII
)


def read_rules(told: Iterable[str]) -> tuple[DialRule, ...]:
    """Dial rules as the setting has them, in their order. Raises ValueError with a sentence for one that is none."""
    rules = []
    for text in told:
        match = _RULE.fullmatch(text)
        if match is None:
            raise ValueError(
                f"{text!r} is no dial rule; write WHAT -> CODE, as in 'national -> 91', '+49 -> 0' or 'internal -> '"
            )
        rules.append(DialRule(match[1], match[2]))
    return tuple(rules)


def dialled(
    number: Number, country: str, rules: Sequence[DialRule] = ()
) -> tuple[str | None, DialRule | None]:
    """What the telephone is to dial for `number`, and the first of `rules` that fits: a number's own form where none does.

    `national` numbers have the country code of `country`, and keep what follows it: a trunk prefix belongs in the code.
    """
    plain = dialable(number)
    home = f"+{pn.country_code_for_region(country)}"
    for rule in rules if plain else ():
        if number.kind == "internal":
            if rule.kind == "internal" and number.digits:
                return rule.code + number.digits, rule
            continue
        e164 = number.e164 or ""
        prefix = (
            home if rule.kind == "national" else "+" if rule.kind == "international" else rule.kind
        )
        if (
            rule.kind != "internal"
            and e164.startswith(prefix)
            and (address := rule.code + e164[len(prefix) :])
        ):
            return address, rule
    return plain, None


_PLAIN = re.compile(r"\s*\+?[\d\s().-]{1,40}", re.ASCII)


def _bare(given: str) -> tuple[str, str | None]:
    """`given` without URI dressing, display name, parameters and extension; an extension alone is the number."""
    if _PLAIN.fullmatch(given):  # as most are
        return re.sub(
            r"^(\d+)\.0$", r"\1", given.strip()
        ), None  # a spreadsheet made a fraction of it
    text = unicodedata.normalize("NFKC", given[:LONGEST])[:LONGEST].strip()
    if match := re.search(r"<([^<>]*)>[^<>]*$", text):
        text = match[1]
    if match := re.match(r"(?i)(tel|sips?|callto):", text):
        text = unquote(text[match.end() :]).strip("/")
        if (
            match[1].lower() in ("sip", "sips") and "@" not in text and "." in text
        ):  # a host, and nobody at it
            return "", None
    text = text.partition("@")[0]
    text = "".join(
        c for c in text if unicodedata.category(c) not in ("Cf", "Cc")
    ).strip()  # invisible marks of pasted text
    if _FEATURE.fullmatch(feature := re.sub(r"[\s-]", "", _ascii(text))):
        return feature, None
    extension = None
    if match := _EXTENSION.search(text):
        before = text[: match.start()]
        if re.search(r"\d", before):
            text, extension = before, _ascii(match[1])
        elif not before.strip():
            text = match[1]
    if match := re.search(r"(?i);phone-context=(\+\d{1,3})(?:;|$)", text):
        text = match[1] + text
    text = text.split(";", 1)[0].strip()
    return re.sub(r"^[^\w+]+(?=\+)", "", text), extension


def _digits(text: str) -> str:
    """The decimal digits of any script, as 0-9, letters read off a telephone keypad."""
    if _PLAIN.fullmatch(text):
        return re.sub(r"\D", "", text)
    return pn.normalize_digits_only(pn.convert_alpha_characters_in_number(text))


def _ascii(text: str) -> str:
    """`text` with the decimal digits of any script as 0-9."""
    return "".join(str(unicodedata.decimal(c, c)) for c in text)


def _is_vanity(text: str) -> bool:
    """1-800-FLOWERS, not `reception 2`: enough digits first, then letters of the keypad's alphabet only."""
    allowed = re.fullmatch(r"\+?[\d\s().-]{3}[\dA-Za-z\s().-]*", text)
    return allowed is not None and re.search("[A-Za-z]{3}", text) is not None


def _is_whole(number: pn.PhoneNumber, digits: str, country: str) -> bool:
    """Whether a short number is written as the plan at home has it: 030 789 with its 0, 13 14 50 as it is; not 30789."""
    if len(digits) <= _EXTENSION_DIGITS or digits.startswith("00"):
        return False
    service = (
        pn.number_type(number) not in _SUBSCRIBERS and pn.region_code_for_number(number) == country
    )
    return digits[0] == "0" or (
        service
        and digits == re.sub(r"\D", "", pn.format_number(number, pn.PhoneNumberFormat.NATIONAL))
    )


def _is_possible(number: pn.PhoneNumber) -> bool:
    """Whether a number that no plan knows may be one: long enough with its area code, and no trunk prefix left in it."""
    trunk = _trunk(pn.region_code_for_country_code(number.country_code or 0))
    left = trunk in ("0", "1") and pn.national_significant_number(number).startswith(trunk)
    return not left and pn.is_possible_number_with_reason(number) == pn.ValidationResult.IS_POSSIBLE


def _trunk(country: str) -> str:
    return pn.ndd_prefix_for_region(country, True) or ""


def _ways(text: str, digits: str, country: str) -> list[_Way]:
    """The readings to try, best first."""
    if text.startswith("+") and not digits.startswith("0"):
        return [("international, +", "+" + digits, None)]
    # No country code begins with 0: in +0049… and +030… a gateway put the plus before what it did not understand.
    ways = _prefixed(digits, country)
    foreign: _Way = ("international, 011", "+" + digits[3:], None)
    if digits.startswith("011") and len(digits) > 10 and foreign not in ways:
        ways.append(foreign)
    if len(digits) > _INTERNAL_DIGITS and not digits.startswith("0"):
        ways.append(("country code without +", "+" + digits, None))
    code, beyond, trunk = digits[0], digits[1:], _trunk(country)
    codes = "89" if trunk == "1" else "089"  # in North America 0 is the operator
    if code in codes and len(digits) > _INTERNAL_DIGITS and (beyond[0] == "0" or trunk != "0"):
        outside = [
            (f"outside line {code}, {rule}", tried, home)
            for rule, tried, home in _prefixed(beyond, country)
        ]
        ways = outside + ways if _OUTSIDE.match(text) else ways + outside
    return ways


def _prefixed(digits: str, country: str) -> list[_Way]:
    """As from a telephone at home: with the prefix for abroad, or national."""
    ways: list[_Way] = []
    plan = pn.PhoneMetadata.metadata_for_region(country, None)
    match = re.match(plan.international_prefix or "00", digits) if plan else None
    if match := match or re.match("00", digits):
        ways.append((f"international, {match[0]}", "+" + digits[match.end() :], None))
    if not digits.startswith("00"):
        ways.append((f"national, {country}", digits, country))
    if (
        country == "IT" and digits[0] != "0"
    ):  # there it is part of the number, and lost where numbers went through integers
        ways.append((f"national, {country}, the 0 put back", "0" + digits, country))
    return ways


def _e164(number: pn.PhoneNumber) -> str:
    return pn.format_number(number, pn.PhoneNumberFormat.E164)
