"""Numbers in the notations that people, phones and gateways use."""

import re
import time
from collections.abc import Callable
from pathlib import Path

import phonenumbers as pn
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcard.telephony import dial_plan, numbering_plans, numbers

PAGE = (Path(numbers.__file__).parents[1] / "docs" / "numbers.md").read_text("utf-8")
COUNTRIES = ("US", "GB", "DE", "FR", "SE", "AE", "AU", "IT")

BERLIN = "+4930901820"
NEW_YORK = "+12125550123"

NOTATIONS = [
    # home country, given, E.164
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


@pytest.mark.parametrize(("country", "notation", "e164"), NOTATIONS)
def test_notations_of_one_number_are_equal(country: str, notation: str, e164: str) -> None:
    assert numbers.read(notation, country).e164 == e164


@pytest.mark.parametrize(
    "given",
    [
        "",
        " ",
        "anonymous",
        "Anonymous",
        "RESTRICTED",
        "sip:anonymous@anonymous.invalid",
        "unknown",
        "\x00",
    ],
)
def test_withheld_number_is_recognised(given: str) -> None:
    assert numbers.read(given, "US").kind == "withheld"


@pytest.mark.parametrize("given", ["1001", "4711", "0", "911", "sip:1001@pbx.example"])
def test_short_numbers_are_internal(given: str) -> None:
    read = numbers.read(given, "US")
    assert (read.kind, read.e164) == ("internal", None)
    assert dial_plan.dialable(read) == read.digits


@pytest.mark.parametrize(
    "given", ["reception", "+", "'; drop table number; --", "meet me at 8", "1" * 40]
)
def test_text_without_number_is_unreadable(given: str) -> None:
    read = numbers.read(given, "US")
    assert (read.kind, read.e164, dial_plan.dialable(read)) == ("unreadable", None, None)


def test_no_text_takes_long_to_parse() -> None:
    started = time.perf_counter()
    for text in (
        "⒛" * 30 + "㉐" * 96 + "!",
        "1" * 127 + "!",
        "1a" * 64,
        "+" * 128,
        "(" * 128,
        "111" + "a1" * 60 + "!",
    ):
        numbers.read(text, "US")
    assert time.perf_counter() - started < 1, "no pattern may backtrack"


@pytest.mark.parametrize("code", ["*72", "#31#", "*"])
def test_feature_code_is_dialled_unchanged(code: str) -> None:
    assert dial_plan.dialable(numbers.read(code, "US")) == code


def test_leading_zeros_are_kept() -> None:
    assert numbers.read("0012", "IT").digits == "0012"


def test_display_uses_notation_of_home_country() -> None:
    assert numbers.read(NEW_YORK, "US").display == "(212) 555-0123"
    assert numbers.read(NEW_YORK, "DE").display == "+1 212-555-0123"
    assert numbers.read(NEW_YORK, "DE").country == "US"


@given(st.text(max_size=300), st.sampled_from(["US", "DE", "GB", "AE", "IT", "SE"]))
def test_any_text_is_read_without_exception(text: str, country: str) -> None:
    read = numbers.read(text, country)
    assert read.digits.isascii()
    assert read.digits.isdigit() or not read.digits
    if read.e164:
        assert numbers.read(read.e164, country).e164 == read.e164, "parsing is idempotent"


# ---- the tables of server/callcard/docs/numbers.md


def _table(second: str) -> list[list[str]]:
    """Return the rows of the page's table whose first columns are `home country` and `second`."""
    lines = iter(PAGE.splitlines())
    while not next(lines).startswith(f"| home country | {second} |"):
        pass
    next(lines)
    return [
        [cell.strip() for cell in line.strip()[1:-1].split("|")]
        for line in iter(lambda: next(lines, ""), "")
    ]


def _code(cell: str) -> str:
    return cell[1:-1] if cell else ""


def _test_id(home: str, notation: str, rules: str = "") -> str:
    return " ".join(filter(None, (home, rules, notation)))


DOCUMENTED_NUMBERS = [
    (home, _code(notation), kind, _code(result))
    for home, notation, kind, result, _why in _table("given")
]
DOCUMENTED_DIAL_STRINGS = [
    (home, tuple(re.findall("`([^`]*)`", rules)), _code(notation), _code(address))
    for home, rules, notation, address, _why in _table("rules")
]


@pytest.mark.parametrize(
    ("home", "notation", "kind", "result"),
    DOCUMENTED_NUMBERS,
    ids=[_test_id(*row[:2]) for row in DOCUMENTED_NUMBERS],
)
def test_documented_number_is_read(home: str, notation: str, kind: str, result: str) -> None:
    read = numbers.read(notation, home)
    assert (read.kind, dial_plan.dialable(read) or "") == (kind, result)
    assert (read.e164 is not None) == (kind == "public")


def test_documentation_covers_every_country_and_kind() -> None:
    assert len(DOCUMENTED_NUMBERS) >= 96
    assert {row[0] for row in DOCUMENTED_NUMBERS} == set(COUNTRIES)
    for country in COUNTRIES:
        kinds = [kind for home, _given, kind, _result in DOCUMENTED_NUMBERS if home == country]
        assert len(kinds) >= 10
        assert set(kinds) == {"public", "internal", "withheld", "unreadable"}
    assert len(DOCUMENTED_NUMBERS) == len({row[:2] for row in DOCUMENTED_NUMBERS}), "no row twice"
    assert len(DOCUMENTED_DIAL_STRINGS) >= 12


@pytest.mark.parametrize(
    ("home", "rules", "notation", "address"),
    DOCUMENTED_DIAL_STRINGS,
    ids=[_test_id(row[0], row[2], "; ".join(row[1])) for row in DOCUMENTED_DIAL_STRINGS],
)
def test_documented_number_is_dialled(
    home: str, rules: tuple[str, ...], notation: str, address: str
) -> None:
    dialled, rule = dial_plan.dial_string(
        numbers.read(notation, home), home, dial_plan.read_rules(rules)
    )
    assert (dialled or "") == address
    assert rule is None or str(rule).strip() in rules


@pytest.mark.parametrize(
    ("notation", "extension"),
    [("04 555 0123 تحويلة ١٢", "12"), ("+97145550123;ext=7", "7"), ("١٢", None)],
)
def test_extension_is_kept_in_ascii_digits(notation: str, extension: str | None) -> None:
    assert numbers.read(notation, "AE").extension == extension


@given(st.text("0123456789", min_size=1, max_size=5), st.sampled_from(COUNTRIES))
def test_up_to_five_digits_are_internal(digits: str, country: str) -> None:
    read = numbers.read(digits, country)
    assert (read.kind, dial_plan.dialable(read)) == ("internal", digits)


# ---- dial rules

DIAL_RULES = st.lists(
    st.builds(
        "{} -> {}".format,
        st.sampled_from(["internal", "national", "international"])
        | st.from_regex(r"\+[0-9]{1,15}", fullmatch=True),
        st.text("0123456789+*#", max_size=16),
    ),
    max_size=5,
)
NUMBERS = (
    st.text(max_size=140)
    | st.text("0123456789+*#٠١٢٣ ()-.,;@x:", max_size=30)
    | st.sampled_from([row[1] for row in DOCUMENTED_NUMBERS])
)


@given(NUMBERS, st.sampled_from(COUNTRIES), DIAL_RULES)
def test_dial_string_has_dialable_characters_only(
    text: str, country: str, texts: list[str]
) -> None:
    rules = dial_plan.read_rules(texts)
    address, rule = dial_plan.dial_string(numbers.read(text, country), country, rules)
    assert address is None or re.fullmatch(r"[0-9+*#]+", address)
    assert rule is None or rule in rules


@given(
    st.sampled_from(sorted(pn.SUPPORTED_REGIONS)),
    st.text("0123456789", min_size=4, max_size=12),
    st.sampled_from(COUNTRIES),
)
def test_valid_e164_number_is_read_and_dialled_unchanged(
    region: str, digits: str, country: str
) -> None:
    example = pn.example_number(region)
    assert example is not None
    known = pn.format_number(example, pn.PhoneNumberFormat.E164)
    changed = known[: -len(digits)] + digits
    for e164 in (known, changed):
        try:
            number = pn.parse(e164, None)
        except pn.NumberParseException:
            continue
        if (
            pn.is_valid_number(number)
            and pn.format_number(number, pn.PhoneNumberFormat.E164) == e164
        ):
            read = numbers.read(e164, country)
            assert (read.kind, read.e164) == ("public", e164)
            assert dial_plan.dial_string(read, country) == (e164, None)


def test_rule_that_leaves_nothing_to_dial_does_not_fit() -> None:
    hotline, *others = dial_plan.read_rules(["+12125550123 ->", "+12125550123 -> 1001"])
    assert dial_plan.dial_string(numbers.read(NEW_YORK, "US"), "US", [hotline]) == (NEW_YORK, None)
    assert (
        dial_plan.dial_string(numbers.read(NEW_YORK, "US"), "US", [hotline, *others])[0] == "1001"
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "national",
        "national 9",
        "nationl -> 9",
        "+ -> 9",
        "49 -> 9",
        "national -> 9x",
        "national -> ٩",
    ],
)
def test_invalid_dial_rule_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match="is not a dial rule; write WHAT -> CODE"):
        dial_plan.read_rules([text])


COUNTRY_CODES = sorted(map(str, pn.COUNTRY_CODE_TO_REGION_CODE))


def parsed(parse: Callable[[], pn.PhoneNumber]) -> pn.PhoneNumber | str:
    try:
        return parse()
    except pn.NumberParseException as error:
        return str(error)


@given(
    st.one_of(
        st.builds(
            "+{}{}{}".format,
            st.sampled_from(COUNTRY_CODES),
            st.sampled_from(("", "0", "00", "1", "8", "9", "15")),
            st.text("0123456789", min_size=1, max_size=13),
        ),
        st.text("+0123456789 ", max_size=18).map("+{}".format),
    )
)
def test_international_numbers_are_parsed_as_the_library_does(e164: str) -> None:
    ours = parsed(lambda: numbering_plans.parse_e164(e164))
    assert ours == parsed(lambda: pn.parse(e164, None))
