"""Telephone numbers: from what a person, a phone or a gateway wrote to what it means.

Numbers are strings, never integers. `read()` never raises: whatever comes with a call is some kind
of number. Every rule has rows in `callcard/docs/numbers.md`, and every row there is a test.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

import phonenumbers as pn

from callcard.errors import InvalidField
from callcard.telephony.number_text import (
    FEATURE_CODE,
    MAX_CHARACTERS,
    digits_of,
    is_vanity,
    strip_decoration,
)

Kind = Literal["public", "internal", "withheld", "unreadable"]

_CACHED_NUMBERS = 65536

_WITHHELD = {
    # what gateways and SIP send
    "", "anonymous", "private", "restricted", "unavailable", "unknown", "withheld", "blocked",
    "p", "o", "id unavailable", "not available", "no number", "private number", "unknown number",
    "number withheld", "no caller id",
    # what carriers and phones send in other languages
    "anonym", "privat", "unbekannt", "unterdrückt",
    "anonyme", "privé", "inconnu", "masqué", "numéro masqué",
    "anonimo", "privato", "sconosciuto", "numero privato",
    "okänt", "okänt nummer", "dolt nummer", "skyddat nummer",
    "خاص", "رقم خاص", "محجوب", "مجهول", "غير معروف",
}  # fmt: skip
_INTERNAL_DIGITS = 7
"""Longest internal number; an equally short public one needs the home plan's notation."""
_EXTENSION_DIGITS = 5
"""Longest number that is internal in any notation."""
_SUBSCRIBER_TYPES = {
    pn.PhoneNumberType.FIXED_LINE,
    pn.PhoneNumberType.MOBILE,
    pn.PhoneNumberType.FIXED_LINE_OR_MOBILE,
    pn.PhoneNumberType.PAGER,
}

_SEPARATE_ACCESS_CODE = re.compile(r"[089][\s,.-]+[+\d(]")
"""An access code for an outside line that is separated from the number."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One way in which a number was tried: the rule's name, what it made, and the result."""

    rule: str
    tried: str
    e164: str | None
    valid: bool
    """Whether a numbering plan has the number."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it was `given` and as it was understood."""

    given: str
    kind: Kind
    e164: str | None = None
    """Set for public numbers only."""
    digits: str = ""
    """The digits of `e164`, or of an internal number."""
    national: str = ""
    """The digits of a public number as they are dialled within its country."""
    display: str = ""
    """The notation that people use in the service's own country."""
    country: str | None = None
    """The two-letter region of a public number, if its plan gives one."""
    extension: str | None = None

    @property
    def reversed(self) -> str:
        """Return the digits from the last to the first, by which an index finds a suffix."""
        return self.digits[::-1]


class _Candidate(NamedTuple):
    """A notation to try; `region` is that of a number without a country code."""

    rule: str
    notation: str
    region: str | None


def read(given: str, country: str) -> Number:
    """Understand `given`; a number without a country code belongs to `country` (two letters)."""
    return explain(given, country)[0]


def is_country(code: str) -> bool:
    """Return whether numbering plans know a country by this code, two capital letters."""
    return code in pn.SUPPORTED_REGIONS


def require(given: str, country: str, field: str) -> Number:
    """Return a number that can be called. Raises InvalidField naming `field`."""
    number = read(given, country)
    # A service code such as *72 is internal, but has nothing to call.
    if number.kind not in ("public", "internal") or not (number.e164 or number.digits):
        raise InvalidField(field, f"{given[:40]!r} is not a number; write it with its country code")
    return number


@lru_cache(maxsize=_CACHED_NUMBERS)
def explain(given: str, country: str) -> tuple[Number, tuple[Attempt, ...]]:
    """Return what `read()` returns, and the attempts in their order."""
    text, extension = strip_decoration(given)
    if text.lower() in _WITHHELD:
        return Number(given, "withheld"), ()
    if FEATURE_CODE.fullmatch(text):
        return Number(given, "internal", display=text), ()
    digits = digits_of(text)
    has_letters = any(character.isalpha() for character in text)
    if not digits or (has_letters and not is_vanity(text)):
        return Number(given, "unreadable", display=given.strip()[:MAX_CHARACTERS]), ()
    is_short = len(digits) <= _INTERNAL_DIGITS and not text.startswith("+")
    # Gateways send zeros for a caller who withholds the number.
    if not is_short and not digits.strip("0"):
        return Number(given, "withheld"), ()

    attempts = []
    best: pn.PhoneNumber | None = None
    region: str | None = None
    for candidate in _candidates(text, digits, country):
        try:
            number = pn.parse(candidate.notation, candidate.region)
        except pn.NumberParseException:
            attempts.append(Attempt(candidate.rule, candidate.notation, None, False))
            continue
        known = pn.region_code_for_number(number)
        valid = known is not None and pn.is_valid_number_for_region(number, known)
        attempts.append(Attempt(candidate.rule, candidate.notation, _e164(number), valid))
        if valid and (not is_short or _is_complete(number, digits, country)):
            best = number
            region = known
            break
        if best is None and not (is_short or has_letters) and _is_possible(number):
            best = number
    if best is not None:
        return _public(given, best, region, country, extension), tuple(attempts)
    if len(digits) <= _INTERNAL_DIGITS and not has_letters:
        return Number(given, "internal", digits=digits, display=digits), tuple(attempts)
    return Number(given, "unreadable", digits=digits, display=text), tuple(attempts)


def _public(
    given: str, number: pn.PhoneNumber, region: str | None, country: str, extension: str | None
) -> Number:
    # A number in no known range still has the region of its country code.
    region = region or pn.region_code_for_country_code(number.country_code or 0)
    # 001 are global services, ZZ is unknown; neither is a country.
    region = None if region in ("001", "ZZ") else region
    e164 = _e164(number)
    national = pn.format_number(number, pn.PhoneNumberFormat.NATIONAL)
    display = national
    if region != country:
        display = pn.format_number(number, pn.PhoneNumberFormat.INTERNATIONAL)
    return Number(
        given,
        "public",
        e164=e164,
        digits=e164[1:],
        national=re.sub(r"\D", "", national),
        display=display,
        country=region,
        extension=extension,
    )


# ---- dialling


@dataclass(frozen=True, slots=True)
class DialRule:
    """How one kind of number is dialled: `code`, then the digits that `kind` leaves.

    `kind` is internal, national, international, or a prefix such as +49.
    """

    kind: str
    code: str

    def __str__(self) -> str:
        return f"{self.kind} -> {self.code}"


_DIAL_RULE = re.compile(
    r"\s*(internal|national|international|\+\d{1,15})\s*(?:->|→)\s*([+*#\d]{0,16})\s*", re.ASCII
)


def read_rules(texts: Iterable[str]) -> tuple[DialRule, ...]:
    """Parse dial rules, keeping their order. Raises ValueError that says how a rule is written."""
    rules = []
    for text in texts:
        match = _DIAL_RULE.fullmatch(text)
        if match is None:
            raise ValueError(
                f"{text!r} is not a dial rule; write WHAT -> CODE,"
                " as in 'national -> 91', '+49 -> 0' or 'internal -> '"
            )
        rules.append(DialRule(match[1], match[2]))
    return tuple(rules)


def dialable(number: Number) -> str | None:
    """Return what Finesse dials for `number` without dial rules; None if it can't be dialled.

    E.164 for a public number, the digits or the feature code for an internal one.
    """
    if number.kind == "internal":
        return number.digits or number.display
    return number.e164


def dial_string(
    number: Number, country: str, rules: Sequence[DialRule] = ()
) -> tuple[str | None, DialRule | None]:
    """Return what Finesse dials for `number`, and the rule that made it.

    The first rule that fits is used; without one the result is that of `dialable()`.
    """
    plain = dialable(number)
    if plain is None:
        return None, None
    for rule in rules:
        dialled = _apply(rule, number, country)
        if dialled:
            return dialled, rule
    return plain, None


def _apply(rule: DialRule, number: Number, country: str) -> str | None:
    """Return what `rule` makes of `number`; None, or nothing to dial, if it does not fit.

    A national rule drops the country code. A trunk prefix belongs in the rule's code.
    """
    if rule.kind == "internal":
        fits = number.kind == "internal" and number.digits
        return rule.code + number.digits if fits else None
    if number.e164 is None:
        return None
    if rule.kind == "national":
        prefix = f"+{pn.country_code_for_region(country)}"
    elif rule.kind == "international":
        prefix = "+"
    else:
        prefix = rule.kind
    if not number.e164.startswith(prefix):
        return None
    return rule.code + number.e164.removeprefix(prefix)


_ROTARY_CODE = re.compile(r"11\d{2}(?=\d{7})")
_MAX_CODE_DIGITS = 6


def called_numbers(given: str, country: str) -> tuple[Number, ...]:
    """Return every number that dialling `given` may call.

    A service code in front of a number, such as *67 or #31#, changes how it is called (here:
    without showing the caller's number), not whom. Which codes a switch knows is not known here, so
    each that could be one is left out in turn. In North America 1167 is *67 as well.
    """
    found = [read(given, country)]
    text, _extension = strip_decoration(given)
    digits = digits_of(text)
    if _trunk_prefix(country) == "1" and (match := _ROTARY_CODE.match(digits)):
        found.append(read(digits[match.end() :], country))
    if "*" in text or "#" in text:
        last = text.replace("#", "*").rpartition("*")[2]
        found.append(read(last, country))
        if "+" not in last:
            for length in range(1, min(_MAX_CODE_DIGITS, len(digits) - 1) + 1):
                found.append(read(digits[length:], country))
    return tuple(dict.fromkeys(found))


# ---- numbering plans


def _is_complete(number: pn.PhoneNumber, digits: str, country: str) -> bool:
    """Return whether a short number is written as the home plan writes a public one.

    030 789 with its 0 and the service number 13 14 50 are; 30789 is not.
    """
    if len(digits) <= _EXTENSION_DIGITS or digits.startswith("00"):
        return False
    if digits[0] == "0":
        return True
    if pn.number_type(number) in _SUBSCRIBER_TYPES:
        return False
    national = re.sub(r"\D", "", pn.format_number(number, pn.PhoneNumberFormat.NATIONAL))
    return pn.region_code_for_number(number) == country and digits == national


def _is_possible(number: pn.PhoneNumber) -> bool:
    """Return whether a number outside all plans may be one.

    It has the length of one with its area code, and does not begin with a trunk prefix.
    """
    trunk = _trunk_prefix(pn.region_code_for_country_code(number.country_code or 0))
    if trunk in ("0", "1") and pn.national_significant_number(number).startswith(trunk):
        return False
    return pn.is_possible_number_with_reason(number) == pn.ValidationResult.IS_POSSIBLE


def _trunk_prefix(country: str) -> str:
    return pn.ndd_prefix_for_region(country, True) or ""


def _candidates(text: str, digits: str, country: str) -> list[_Candidate]:
    """Return the notations to try, the best first."""
    if text.startswith("+") and not digits.startswith("0"):
        return [_Candidate("international, +", "+" + digits, None)]
    # No country code begins with 0: in +0049… and +030… a gateway put a plus before the number.
    candidates = _prefixed(digits, country)
    if digits.startswith("011") and len(digits) > 10:
        american = _Candidate("international, 011", "+" + digits[3:], None)
        if american not in candidates:
            candidates.append(american)
    if len(digits) > _INTERNAL_DIGITS and not digits.startswith("0"):
        candidates.append(_Candidate("country code without +", "+" + digits, None))
    outside = _after_access_code(digits, country)
    if _SEPARATE_ACCESS_CODE.match(text):
        return outside + candidates
    return candidates + outside


def _after_access_code(digits: str, country: str) -> list[_Candidate]:
    """Return the candidates if the first digit is an access code for an outside line."""
    trunk = _trunk_prefix(country)
    access_codes = "89" if trunk == "1" else "089"  # in North America 0 is the operator
    code = digits[0]
    rest = digits[1:]
    if code not in access_codes or len(digits) <= _INTERNAL_DIGITS:
        return []
    if trunk == "0" and rest[0] != "0":
        return []
    return [
        _Candidate(f"outside line {code}, {each.rule}", each.notation, each.region)
        for each in _prefixed(rest, country)
    ]


def _prefixed(digits: str, country: str) -> list[_Candidate]:
    """Return the candidates for digits dialled at home: international by prefix, or national."""
    candidates = []
    plan = pn.PhoneMetadata.metadata_for_region(country, None)
    match = re.match(plan.international_prefix or "00", digits) if plan else None
    match = match or re.match("00", digits)
    if match:
        rule = f"international, {match[0]}"
        candidates.append(_Candidate(rule, "+" + digits[match.end() :], None))
    if not digits.startswith("00"):
        candidates.append(_Candidate(f"national, {country}", digits, country))
    # In Italy the 0 belongs to the number; it is lost where numbers were stored as integers.
    if country == "IT" and digits[0] != "0":
        rule = f"national, {country}, the 0 restored"
        candidates.append(_Candidate(rule, "0" + digits, country))
    return candidates


def _e164(number: pn.PhoneNumber) -> str:
    return pn.format_number(number, pn.PhoneNumberFormat.E164)
