"""The spellings of a number in which other systems store it and are searched."""

from __future__ import annotations

import phonenumbers as pn

from callcard.telephony.numbering_plans import parse_e164
from callcard.telephony.numbers import Number

SUFFIX_DIGITS = 8
"""Last digits by which a number is recognised whatever its country code."""


def spellings(number: Number) -> dict[str, str]:
    """Return the number's spellings by name; those that it does not have are empty.

    `e164` +4930123456 · `digits` 4930123456 · `national` 030123456, as dialled in its country ·
    `significant` 30123456, without the trunk prefix · `international` +49 30 123456 · `display`, in
    the notation of the service's own country · `suffix`, the last eight digits · `last_four` ·
    `interleaved` %3%0%1%2…, for a search with LIKE that punctuation must not disturb.
    """
    parsed = parse_e164(number.e164) if number.e164 else None
    significant = pn.national_significant_number(parsed) if parsed else number.digits
    international = pn.format_number(parsed, pn.PhoneNumberFormat.INTERNATIONAL) if parsed else ""
    return {
        "e164": number.e164 or "",
        "digits": number.digits,
        "national": number.national or number.digits,
        "significant": significant,
        "international": international,
        "display": number.display,
        "suffix": significant[-SUFFIX_DIGITS:],
        "last_four": significant[-4:],
        "interleaved": "%" + "%".join(significant[-SUFFIX_DIGITS:]) if significant else "",
    }


SPELLINGS = tuple(spellings(Number(given="", kind="unreadable")))
"""The names of the spellings."""
