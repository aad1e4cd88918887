"""What numbering plans say of digits: the notations to try, and a number's present form."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import phonenumbers as pn

INTERNAL_DIGITS = 7
"""Longest internal number unless the settings say otherwise; a public one as short as this must be
written as the home plan writes it."""
_EXTENSION_DIGITS = 5
"""Longest number that is internal in any notation, where the home plan has longer ones."""
_MOBILE_TYPES = (pn.PhoneNumberType.MOBILE, pn.PhoneNumberType.PAGER)
_VANITY_TYPES = (
    pn.PhoneNumberType.TOLL_FREE,
    pn.PhoneNumberType.PREMIUM_RATE,
    pn.PhoneNumberType.SHARED_COST,
    pn.PhoneNumberType.PERSONAL_NUMBER,
    pn.PhoneNumberType.UAN,
)
"""Numbers that companies print with letters; in North America all are."""
SEPARATE_ACCESS_CODE = re.compile(r"[089][\s,.-]+[+\d(]")
"""An access code for an outside line that is separated from the number."""
_IVORIAN_FIXED = {"0": "25", "8": "21"}
"""The operator's prefix by the third digit of an old fixed number; 27 for all others."""
_IVORIAN_MOBILE = {
    **dict.fromkeys("123", "01"),
    **dict.fromkeys("456", "05"),
    **dict.fromkeys("789", "07"),
}
"""The operator's prefix by the second digit of an old mobile number."""


UNMARKED_COUNTRY_CODE = "country code without +"
_MEXICAN_PREFIX = re.compile(r"(?:01|04[45])(?=\d{10}$)", re.ASCII)
"""Dialled before numbers in Mexico until 2019."""


class Candidate(NamedTuple):
    """A notation to try; `region` is that of a number without a country code."""

    rule: str
    notation: str
    region: str | None


def candidates(text: str, digits: str, country: str) -> list[Candidate]:
    """Return the notations to try, the best first."""
    if text.startswith("+") and not digits.startswith("0"):
        return [Candidate("international, +", "+" + digits, None)]
    # No country code begins with 0: in +0049… and +030… a gateway put a plus before the number.
    found = _prefixed(digits, country)
    if _has_own_country_code(digits, country):
        found.insert(0, Candidate("own country code without +", "+" + digits, None))
    if digits.startswith("011") and len(digits) > 10:
        american = Candidate("international, 011", "+" + digits[3:], None)
        if american not in found:
            found.append(american)
    if len(digits) > INTERNAL_DIGITS and not digits.startswith("0"):
        found.append(Candidate(UNMARKED_COUNTRY_CODE, "+" + digits, None))
    outside = _after_access_code(digits, country)
    if SEPARATE_ACCESS_CODE.match(text):
        return outside + found
    return found + outside


def _has_own_country_code(digits: str, country: str) -> bool:
    """Return whether digits without + are a number behind the home country's code.

    Where area codes begin with the same digits, the plan often has both readings. Where a 0 stands
    before area codes, digits without it are rather an international number; elsewhere only a mobile
    number is.
    """
    code = str(pn.country_code_for_region(country))
    trunk = trunk_prefix(country)
    if not digits.startswith(code) or trunk == code:
        return False
    try:
        number = parse_e164("+" + digits)
    except pn.NumberParseException:
        return False
    present = present_form(number)
    if trunk == "0" and pn.is_valid_number(present):
        return True
    return pn.number_type(present) in _MOBILE_TYPES


def _after_access_code(digits: str, country: str) -> list[Candidate]:
    """Return the candidates if the first digit is an access code for an outside line."""
    trunk = trunk_prefix(country)
    access_codes = "89" if trunk == "1" else "089"  # in North America 0 is the operator
    code = digits[0]
    rest = digits[1:]
    if code not in access_codes or len(digits) <= INTERNAL_DIGITS:
        return []
    if trunk == "0" and rest[0] != "0":
        return []
    return [
        Candidate(f"outside line {code}, {each.rule}", each.notation, each.region)
        for each in _prefixed(rest, country)
    ]


def _prefixed(digits: str, country: str) -> list[Candidate]:
    """Return the candidates for digits dialled at home: international by prefix, or national."""
    found = []
    if country == "MX":
        digits = _MEXICAN_PREFIX.sub("", digits)
    plan = pn.PhoneMetadata.metadata_for_region(country, None)
    match = re.match(plan.international_prefix or "00", digits) if plan else None
    match = match or re.match("00", digits)
    if match:
        rule = f"international, {match[0]}"
        found.append(Candidate(rule, "+" + digits[match.end() :], None))
    if not digits.startswith("00"):
        found.append(Candidate(f"national, {country}", digits, country))
    # In Italy the 0 belongs to the number; it is lost where numbers were stored as integers.
    if country == "IT" and digits[0] != "0":
        rule = f"national, {country}, the 0 restored"
        found.append(Candidate(rule, "0" + digits, country))
    return found


def parse(candidate: Candidate) -> pn.PhoneNumber:
    """Return the number of a candidate. Raises NumberParseException if none is written so."""
    if candidate.region is None:
        return parse_e164(candidate.notation)
    return pn.parse(candidate.notation, candidate.region)


_MAX_COUNTRY_CODE_DIGITS = 3
_E164 = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)


def parse_e164(e164: str) -> pn.PhoneNumber:
    """Return what the library parses, in a third of the time if nothing but digits are to be split.

    Where digits behind the country code may be a trunk prefix, as in +44020…, the library decides.
    Raises NumberParseException.
    """
    digits = e164[1:]
    if _E164.fullmatch(e164):
        for length in range(1, _MAX_COUNTRY_CODE_DIGITS + 1):
            country_code = int(digits[:length])
            if country_code in pn.COUNTRY_CODE_TO_REGION_CODE:
                national = digits[length:]
                if national.strip("0") and not _may_be_trunk_prefix(country_code)(national):
                    return _with_national(country_code, national)
                break
    return pn.parse(e164, None)


@cache
def _may_be_trunk_prefix(country_code: int) -> Callable[[str], object]:
    """Return what says whether digits may begin with a trunk prefix, which the library strips."""
    region = pn.region_code_for_country_code(country_code)
    plan = pn.PhoneMetadata.metadata_for_region_or_calling_code(country_code, region)
    prefix = plan.national_prefix_for_parsing if plan else None
    return re.compile(prefix).match if prefix else lambda _digits: None


# ---- what a parsed number is


def present_form(number: pn.PhoneNumber) -> pn.PhoneNumber:
    """Return a number that is no longer in its plan, which was changed, as it is dialled today.

    Mexico dropped the 1 of mobiles in 2019, Brazil put a 9 before mobiles until 2016, Côte d'Ivoire
    (2021) and Benin (2024) lengthened theirs. Sources: the regulators IFT, Anatel, ARTCI, ARCEP.
    """
    national = pn.national_significant_number(number)
    match number.country_code, len(national):
        case 52, 11 if national[0] == "1":
            changed = national[1:]
        case 55, 10 if national[2] in "6789":
            changed = f"{national[:2]}9{national[2:]}"
        case 225, 8 if national[0] in "23":
            changed = _IVORIAN_FIXED.get(national[2], "27") + national
        case 225, 8 if national[1] in _IVORIAN_MOBILE:
            changed = _IVORIAN_MOBILE[national[1]] + national
        case 229, 8:
            changed = f"01{national}"
        case _:
            return number
    present = _with_national(number.country_code, changed)
    is_old = not pn.is_valid_number(number) and pn.is_valid_number(present)
    return present if is_old else number


def other_forms(number: pn.PhoneNumber) -> list[pn.PhoneNumber]:
    """Return the other valid forms of a line: Argentine mobiles have a 9 only from abroad."""
    if number.country_code != 54:
        return []
    national = pn.national_significant_number(number)
    changed = national[1:] if national.startswith("9") else f"9{national}"
    other = _with_national(number.country_code, changed)
    return [other] if pn.is_valid_number(other) else []


def _with_national(country_code: int | None, national: str) -> pn.PhoneNumber:
    zeros = len(national) - len(national.lstrip("0"))
    return pn.PhoneNumber(
        country_code=country_code,
        national_number=int(national),
        italian_leading_zero=zeros > 0 or None,
        number_of_leading_zeros=zeros if zeros > 1 else None,
    )


def is_complete(number: pn.PhoneNumber, digits: str, country: str) -> bool:
    """Return whether a short number is written as the home plan writes a public one.

    030 789 in Germany with its 0, 611 1234 in Iceland, whose numbers have seven digits, and the
    service number 13 14 50 in Australia are; 30789 in Germany is not.
    """
    # By the code, as the Vatican's numbers are also dialled as Italy's.
    is_home = number.country_code == pn.country_code_for_region(country)
    if digits.startswith("00") or not is_home:
        return False
    if len(digits) <= _EXTENSION_DIGITS < _usual_length(country):
        return False
    if digits[0] == "0":
        return True
    return digits == re.sub(r"\D", "", pn.format_number(number, pn.PhoneNumberFormat.NATIONAL))


def _usual_length(country: str) -> int:
    """Return how many digits a fixed line of a country usually has, without a trunk prefix."""
    example = pn.example_number_for_type(country, pn.PhoneNumberType.FIXED_LINE)
    return len(pn.national_significant_number(example)) if example else INTERNAL_DIGITS


def is_vanity_number(number: pn.PhoneNumber) -> bool:
    """Return whether a number is of a kind that companies print with letters."""
    return number.country_code == 1 or pn.number_type(number) in _VANITY_TYPES


def is_possible(number: pn.PhoneNumber) -> bool:
    """Return whether a number outside all plans may be one.

    It has the length of one with its area code, and does not begin with a trunk prefix.
    """
    trunk = trunk_prefix(pn.region_code_for_country_code(number.country_code or 0))
    if trunk in ("0", "1") and pn.national_significant_number(number).startswith(trunk):
        return False
    return pn.is_possible_number_with_reason(number) == pn.ValidationResult.IS_POSSIBLE


def trunk_prefix(country: str) -> str:
    return pn.ndd_prefix_for_region(country, True) or ""
