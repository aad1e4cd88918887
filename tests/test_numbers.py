"""Numbers in the spellings that people, phones and gateways use."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server import numbers

BERLIN = "+4930901820"
NEW_YORK = "+12125550123"

SPELLINGS = [
    # at home, given, what it is
    ("DE", "030 901820", BERLIN),
    ("DE", "(030) 90-18-20", BERLIN),
    ("DE", "+49 30 901820", BERLIN),
    ("DE", "+49 (0)30 901820", BERLIN),
    ("DE", "0049 30 901820", BERLIN),
    ("DE", "4930901820", BERLIN),
    ("DE", "+0049 30 901820", BERLIN),
    ("DE", "tel:+49-30-901820", BERLIN),
    ("DE", "sip:+4930901820@gateway.example;user=phone", BERLIN),
    ("DE", '"Rathaus" <sip:+4930901820@gateway.example>', BERLIN),
    ("DE", "030 901820 Durchwahl 17", BERLIN),
    ("DE", "\u202a+49 30 901820\u202c", BERLIN),
    ("DE", "+49 30 901820", BERLIN),
    ("US", "011 49 30 901820", BERLIN),
    ("US", "+49 30 901820", BERLIN),
    ("US", "(212) 555-0123", NEW_YORK),
    ("US", "212.555.0123", NEW_YORK),
    ("US", "1 212 555 0123", NEW_YORK),
    ("US", "12125550123", NEW_YORK),
    ("US", "2125550123 ext. 44", NEW_YORK),
    ("US", "tel:2125550123;phone-context=+1", NEW_YORK),
    ("GB", "001 212 555 0123", NEW_YORK),
    ("US", "1-800-FLOWERS", "+18003569377"),
    ("GB", "020 7946 0123", "+442079460123"),
    ("FR", "01 99 00 12 34", "+33199001234"),
    ("SE", "08-465 004 12", "+46846500412"),
    ("AE", "٠٥٠ ١٢٣ ٤٥٦٧", "+971501234567"),
    ("IT", "06 6982", "+39066982"),
]


@pytest.mark.parametrize(("country", "spelling", "e164"), SPELLINGS)
def test_spellings_become_one_number(country: str, spelling: str, e164: str) -> None:
    assert numbers.read(spelling, country).e164 == e164


@pytest.mark.parametrize(
    "given", ["", " ", "anonymous", "Anonymous", "RESTRICTED", "sip:anonymous@anonymous.invalid", "unknown", "\x00"]
)
def test_withheld_is_withheld(given: str) -> None:
    assert numbers.read(given, "US").kind == "withheld"


@pytest.mark.parametrize("given", ["1001", "4711", "0", "911", "sip:1001@pbx.example"])
def test_short_numbers_are_internal(given: str) -> None:
    read = numbers.read(given, "US")
    assert (read.kind, read.e164) == ("internal", None)
    assert numbers.dialable(read) == read.digits


@pytest.mark.parametrize("given", ["reception", "+", "'; drop table number; --", "meet me at 8", "1" * 40])
def test_what_is_no_number_is_said_to_be_none(given: str) -> None:
    read = numbers.read(given, "US")
    assert (read.kind, read.e164, numbers.dialable(read)) == ("unreadable", None, None)


def test_no_spelling_takes_long() -> None:
    import time

    begun = time.perf_counter()
    for nasty in ("⒛" * 30 + "㉐" * 96 + "!", "1" * 127 + "!", "1a" * 64, "+" * 128, "(" * 128, "111" + "a1" * 60 + "!"):
        numbers.read(nasty, "US")
    assert time.perf_counter() - begun < 1, "it took 3.5 s when a pattern backtracked"


@pytest.mark.parametrize("code", ["*72", "#31#", "*"])
def test_feature_codes_are_dialled_as_they_are(code: str) -> None:
    assert numbers.dialable(numbers.read(code, "US")) == code


def test_leading_zeros_survive() -> None:
    assert numbers.read("0012", "IT").digits == "0012"


def test_numbers_are_shown_as_people_at_home_write_them() -> None:
    assert numbers.read(NEW_YORK, "US").display == "(212) 555-0123"
    assert numbers.read(NEW_YORK, "DE").display == "+1 212-555-0123"
    assert numbers.read(NEW_YORK, "DE").country == "US"


@given(st.text(max_size=300), st.sampled_from(["US", "DE", "GB", "AE", "IT", "SE"]))
def test_anything_is_read_without_an_exception(text: str, country: str) -> None:
    read = numbers.read(text, country)
    assert read.digits.isascii()
    assert read.digits.isdigit() or not read.digits
    if read.e164:
        assert numbers.read(read.e164, country).e164 == read.e164, "what was read reads as itself"
