"""Telephone numbers: from what a person, a phone or a gateway wrote to what it means.

Numbers are strings, never integers. `read()` never raises: whatever comes with a call is some kind
of number. Every rule has rows in `callcard/docs/numbers.md`, and every row there is a test.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import Literal, NamedTuple

import phonenumbers as pn
from msgspec import Struct
from msgspec.structs import replace
from phonenumbers import timezone as pn_timezone

from callcard.errors import InvalidField
from callcard.telephony.internal_numbers import is_internal
from callcard.telephony.number_text import (
    FEATURE_CODE,
    MAX_CHARACTERS,
    ROUNDED,
    NumberText,
    damage,
    digits_of,
    is_rounded,
    is_vanity,
    split_annotation,
    strip_decoration,
)
from callcard.telephony.numbering_plans import (
    INTERNAL_DIGITS,
    SEPARATE_ACCESS_CODE,
    UNMARKED_COUNTRY_CODE,
    candidates,
    is_complete,
    is_possible,
    is_vanity_number,
    other_forms,
    parse,
    parse_e164,
    present_form,
    trunk_prefix,
)
from callcard.telephony.withheld import is_withheld

pn.enable_pattern_cache()  # the patterns of all plans are more than the cache of `re` holds

Kind = Literal["public", "internal", "withheld", "unreadable"]

_CACHED_NUMBERS = 2048
_NO_DIGIT = re.compile(r"\D")
_SEVERAL = re.compile(r"\d\s*[,;]\s*\d")


class Attempt(NamedTuple):
    """One way in which a number was tried: the rule's name, what it made, and the result."""

    rule: str
    tried: str
    e164: str | None
    valid: bool
    """Whether a numbering plan has the number."""


class _Reading(NamedTuple):
    """A number that a text may be, and the region that has it in its plan."""

    number: pn.PhoneNumber
    region: str | None


class Number(Struct, frozen=True, array_like=True, dict=True):
    """A number as it was `given` and as it was understood."""

    given: str
    kind: Kind
    e164: str | None = None
    """Set for public numbers only."""
    digits: str = ""
    """The digits of `e164`, or of an internal number."""
    national: str = ""
    """The digits of a public number as they are dialled within its country."""
    home: str = ""
    """The service's own country, of a public number."""
    written: str = ""
    """How a number is shown that is not public."""
    country: str | None = None
    """The two-letter region of a public number, if its plan gives one."""
    extension: str | None = None
    sent_after: str = ""
    """Digits to send once the call is connected, written behind a pause."""
    annotation: str = ""
    """Words around the number, as in `030 789 (Max)`."""
    other_e164: tuple[str, ...] = ()
    """What the same digits may also mean in the home country, and other forms of the line."""
    problem: str = ""
    """Why the number is unreadable."""

    @cached_property
    def display(self) -> str:
        """The notation that people use in the service's own country."""
        if not self.e164:
            return self.written
        is_at_home = self.country == self.home
        notation = (
            pn.PhoneNumberFormat.NATIONAL if is_at_home else pn.PhoneNumberFormat.INTERNATIONAL
        )
        return pn.format_number(parse_e164(self.e164), notation)

    @property
    def reversed(self) -> str:
        """Return the digits from the last to the first, by which an index finds a suffix."""
        return self.digits[::-1]


def read(given: str, country: str, internal: Sequence[str] = ()) -> Number:
    """Understand `given`; a number without a country code belongs to `country` (two letters).

    `internal` are the site's own numbers, see `internal_numbers`. Other numbers of at most seven
    digits are public if the plan of `country` has them, else internal.
    """
    return explain(given, country, tuple(internal))[0]


def readings(given: str, country: str, internal: Sequence[str] = ()) -> tuple[Number, ...]:
    """Return what `read` returns, then the other valid readings of the same digits."""
    number = read(given, country, internal)
    others = (read(e164, country, internal) for e164 in number.other_e164)
    return tuple(dict.fromkeys((number, *others)))


def is_in_a_plan(e164: str) -> bool:
    """Return whether a numbering plan has an E.164 number, so that nothing of it is missing."""
    return pn.is_valid_number(parse_e164(e164))


@lru_cache(maxsize=_CACHED_NUMBERS)
def time_zone(number: Number) -> str:
    """Return where a public number is, as in Europe/Berlin; empty if it may be in several zones.

    A mobile phone may be elsewhere.
    """
    if not number.e164:
        return ""
    zones = pn_timezone.time_zones_for_number(parse_e164(number.e164))
    return zones[0] if len(zones) == 1 and zones[0] != pn_timezone.UNKNOWN_TIMEZONE else ""


def country_code(country: str) -> str:
    """Return the digits after the + of a country's numbers."""
    return str(pn.country_code_for_region(country))


def is_country(code: str) -> bool:
    """Return whether numbering plans know a country by this code, two capital letters."""
    return code in pn.SUPPORTED_REGIONS


def require(given: str, country: str, field: str, internal: Sequence[str] = ()) -> Number:
    """Return a number that can be called. Raises InvalidField naming `field`."""
    number = read(given, country, internal)
    # A service code such as *72 is internal, but has nothing to call.
    if number.kind not in ("public", "internal") or not (number.e164 or number.digits):
        problem = number.problem or "it is not a number; write it with its country code"
        raise InvalidField(field, f"{given[:40]!r} can't be called: {problem}")
    return number


@lru_cache(maxsize=_CACHED_NUMBERS)
def explain(
    given: str, country: str, internal: tuple[str, ...] = ()
) -> tuple[Number, tuple[Attempt, ...]]:
    """Return what `read()` returns, and the attempts in their order."""
    if is_rounded(given):
        return _unreadable(given, ROUNDED), ()
    parts = strip_decoration(given)
    text = parts.text
    if parts.is_anonymous or is_withheld(text):
        return Number(given, "withheld"), ()
    if FEATURE_CODE.fullmatch(text):
        return Number(given, "internal", written=text), ()
    if reason := damage(text):
        return _unreadable(given, reason), ()
    number, attempts = _parse(given, parts, country, internal)
    if number is None and parts.display_name and is_withheld(parts.display_name):
        return Number(given, "withheld"), ()
    if number is None and any(map(str.isalpha, text)):
        return _parse_annotated(given, parts, country, internal, attempts)
    if number is None:
        number = _unreadable(given, "it is in no numbering plan", digits_of(text), text)
    return number, attempts


def _unreadable(given: str, problem: str, digits: str = "", display: str = "") -> Number:
    written = display or given.strip()[:MAX_CHARACTERS]
    return Number(given, "unreadable", digits=digits, written=written, problem=problem)


def _parse_annotated(
    given: str,
    parts: NumberText,
    country: str,
    internal: tuple[str, ...],
    attempts: tuple[Attempt, ...],
) -> tuple[Number, tuple[Attempt, ...]]:
    """Read a number with words around it, if a numbering plan has what is left without them."""
    bare, annotation = split_annotation(parts.text)
    inner = strip_decoration(bare)
    if annotation and not any(map(str.isalpha, inner.text)):
        number, attempts = _parse(given, inner, country, internal)
        if number is not None and number.country and any(each.valid for each in attempts):
            extension = number.extension or parts.extension or None
            sent_after = number.sent_after or parts.sent_after
            return (
                replace(number, annotation=annotation, extension=extension, sent_after=sent_after),
                attempts,
            )
    return _unreadable(given, "it is words, or a number and words that belong apart"), attempts


def _parse(
    given: str, parts: NumberText, country: str, internal: tuple[str, ...]
) -> tuple[Number | None, tuple[Attempt, ...]]:
    """Return the number that numbering plans make of a text, or None."""
    text = parts.text
    digits = digits_of(text)
    if _SEVERAL.search(text) and not SEPARATE_ACCESS_CODE.match(text):
        return _unreadable(given, "it is several numbers; write each by itself"), ()
    has_letters = any(map(str.isalpha, text))
    if not digits or (has_letters and not is_vanity(text)):
        return None, ()
    if internal and text.isdecimal() and is_internal(digits, internal):
        return _internal(given, digits, parts), ()
    is_short = len(digits) <= INTERNAL_DIGITS and not text.startswith("+")
    # Gateways send zeros for a caller who withholds the number.
    if not is_short and not digits.strip("0"):
        return Number(given, "withheld"), ()
    attempts = []
    found: list[_Reading] = []
    possible: _Reading | None = None
    for candidate in candidates(text, digits, country):
        if has_letters and candidate.rule == UNMARKED_COUNTRY_CODE:
            continue  # words are printed for callers at home
        try:
            number = present_form(parse(candidate))
        except pn.NumberParseException:
            if not found:
                attempts.append(Attempt(candidate.rule, candidate.notation, None, False))
            continue
        region = pn.region_code_for_number(number)
        valid = region is not None and pn.is_valid_number_for_region(number, region)
        if valid or not found:
            attempts.append(Attempt(candidate.rule, candidate.notation, _e164(number), valid))
        usable = not is_short or is_complete(number, digits, country)
        if has_letters and not _is_printed_so(number, text, country):
            usable = False
        if valid and usable and all(each.number != number for each in found):
            found.append(_Reading(number, region))
        if not (found or possible or is_short or has_letters) and is_possible(number):
            possible = _Reading(number, region)
    if found:
        return _public(given, found, country, parts), tuple(attempts)
    if possible is not None:
        return _public(given, [possible], country, parts), tuple(attempts)
    if len(digits) <= INTERNAL_DIGITS and not has_letters:
        return _internal(given, digits, parts), tuple(attempts)
    return None, tuple(attempts)


def _internal(given: str, digits: str, parts: NumberText) -> Number:
    return Number(
        given,
        "internal",
        digits=digits,
        written=digits,
        sent_after=parts.sent_after,
        annotation=parts.annotation,
    )


def _is_printed_so(number: pn.PhoneNumber, text: str, country: str) -> bool:
    """Return whether the letters of a text are digits: the number is of a kind that is printed so,
    and is none without the letters."""
    bare, _words = split_annotation(text)
    if not is_vanity_number(number):
        return False
    return bare == text or not pn.is_valid_number(_parse_or_empty(bare, country))


def _parse_or_empty(text: str, country: str) -> pn.PhoneNumber:
    try:
        return pn.parse(text, country)
    except pn.NumberParseException:
        return pn.PhoneNumber()


def _public(given: str, found: Sequence[_Reading], country: str, parts: NumberText) -> Number:
    """Return the first reading; others that belong to the home country are noted with it."""
    number, region = found[0]
    # A number in no known range still has the region of its country code.
    region = region or pn.region_code_for_country_code(number.country_code or 0)
    # 001 are global services, ZZ is unknown; neither is a country.
    region = None if region in ("001", "ZZ") else region
    e164 = _e164(number)
    national = pn.format_number(number, pn.PhoneNumberFormat.NATIONAL)
    at_home = [each.number for each in found[1:] if each.region == country]
    others = dict.fromkeys(_e164(each) for each in (*other_forms(number), *at_home))
    return Number(
        given,
        "public",
        e164=e164,
        digits=e164[1:],
        national=_NO_DIGIT.sub("", national),
        home=country,
        country=region,
        extension=parts.extension or None,
        sent_after=parts.sent_after,
        annotation=parts.annotation,
        other_e164=tuple(each for each in others if each != e164),
    )


_ROTARY_CODE = re.compile(r"11\d{2}(?=\d{7})")
_MAX_CODE_DIGITS = 6


def called_numbers(given: str, country: str, internal: Sequence[str] = ()) -> tuple[Number, ...]:
    """Return every number that dialling `given` may call: what must not be called is not.

    Every valid reading of the digits counts. A service code in front of a number, such as *67 or
    #31#, changes how it is called (here: without showing the caller's number), not whom. Which
    codes a switch knows is not known here, so each that could be one is left out in turn. In North
    America 1167 is *67 as well.
    """
    number, attempts = explain(given, country, tuple(internal))
    valid = (each.e164 for each in attempts if each.valid and each.e164)
    also = dict.fromkeys((*number.other_e164, *valid))
    found = [number, *(read(e164, country) for e164 in also)]
    text = strip_decoration(given).text
    digits = digits_of(text)
    if trunk_prefix(country) == "1" and (match := _ROTARY_CODE.match(digits)):
        found.append(read(digits[match.end() :], country))
    if "*" in text or "#" in text:
        last = text.replace("#", "*").rpartition("*")[2]
        found.append(read(last, country))
        if "+" not in last:
            for length in range(1, min(_MAX_CODE_DIGITS, len(digits) - 1) + 1):
                found.append(read(digits[length:], country))
    return tuple(dict.fromkeys(found))


def _e164(number: pn.PhoneNumber) -> str:
    """Return what the library formats as E.164, in a fifth of the time: no extension is parsed."""
    return f"+{number.country_code}{pn.national_significant_number(number)}"
