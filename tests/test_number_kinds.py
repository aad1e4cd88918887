"""Numbers as files and gateways hold them: with words, pauses, old forms and other readings."""

from __future__ import annotations

import random
import re

import phonenumbers as pn
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcard.telephony import numbers
from callcard.telephony.internal_numbers import check_internal


@pytest.mark.parametrize(
    ("country", "text", "e164", "annotation"),
    [
        ("DE", "030 23125100 FAX", "+493023125100", "FAX"),
        ("DE", "030 789 (Max)", "+4930789", "Max"),
        ("DE", "Büro: 030 23125100", "+493023125100", "Büro"),
        ("DE", "030 23125100 (nur vormittags)", "+493023125100", "nur vormittags"),
        ("DE", "+49 30 23125100 – Zentrale", "+493023125100", "Zentrale"),
        ("IT", "06 6982 (Ada)", "+39066982", "Ada"),
        ("US", "212-555-0123 HOME", "+12125550123", "HOME"),
        ("US", "(212) 555-0123 [Bob]", "+12125550123", "Bob"),
        ("AE", "٠٥٠ ١٢٣ ٤٥٦٧ مكتب", "+971501234567", "مكتب"),
        ("DE", "030 23125100 2. Stock", "+493023125100", "2. Stock"),
        ("DE", "030 23125100 5 Uhr", "+493023125100", "5 Uhr"),
        ("IT", "06 69812345 2° piano", "+390669812345", "2° piano"),
        ("DE", "030 23125 10 FAX", "+49302312510", "FAX"),
        ("DE", "030 23125100 (2)", "+493023125100", "(2)"),
        ("DE", "1. 030 23125100", "+493023125100", "1."),
        ("DE", "Büro 2: 030 23125100", "+493023125100", "Büro 2"),
        ("DE", "Haus 3 030 23125100", "+493023125100", "Haus 3"),
        ("US", "Line 2: 212-555-0123", "+12125550123", "Line 2"),
        ("DE", "Zoom: +1 646 555 0199,,9393#", "+16465550199", "Zoom"),
    ],
)
def test_words_around_a_number_are_no_digits(
    country: str, text: str, e164: str, annotation: str
) -> None:
    read = numbers.read(text, country)
    assert (read.e164, read.annotation) == (e164, annotation)


@pytest.mark.parametrize(
    ("country", "text"),
    [
        ("US", "Max 3"),
        ("DE", "030 CALLMAX"),
        ("DE", "Fax 0"),
        ("DE", "030 23125100 oder 0171 3900001"),
        ("US", "bis 17 Uhr 212 555 0123"),
        ("US", "212-JKLM"),
        ("US", "212555XXXX"),
        ("AU", "1800 REVERSE"),
        ("DE", "030 231251OO"),
        ("DE", "l71 3920012"),
        ("DE", "030 23125100-17/18"),
        ("DE", "030 23125100..105"),
        ("DE", "030 23125100 / 101"),
        ("DE", "(030) 23125100-0 / -17"),
        ("DE", "1001,1002"),
        ("DE", "493023125100,00 €"),
        ("DE", "4,91712 * 10^11"),
        ("DE", "4,91712×10¹¹"),
        ("DE", "01.02.2024"),
        ("DE", "2024-02-01 00:00:00"),
    ],
)
def test_words_that_belong_apart_are_reported(country: str, text: str) -> None:
    read = numbers.read(text, country)
    assert read.kind == "unreadable"
    assert read.problem


@pytest.mark.parametrize(
    ("country", "text", "e164"),
    [
        ("US", "1-800-FLOWERS", "+18003569377"),
        ("US", "212-JKL-0123", "+12125550123"),
        ("DE", "0800 FLOWERS", "+498003569377"),
        ("AU", "1300 FLOWER", "+611300356937"),
    ],
)
def test_vanity_number_of_the_country_is_read(country: str, text: str, e164: str) -> None:
    assert numbers.read(text, country).e164 == e164


@pytest.mark.parametrize(
    ("country", "text", "e164", "extension"),
    [
        ("DE", "030 789 App. 17", "+4930789", "17"),
        ("DE", "030 23125100 Nebenstelle 17", "+493023125100", "17"),
        ("BR", "+55 11 98123-4567 ramal 12", "+5511981234567", "12"),
        ("RU", "+7 495 123-45-67 доб. 12", "+74951234567", "12"),
        ("NL", "020 123 4567 toestel 12", "+31201234567", "12"),
        ("FR", "01 99 00 12 34 (poste 56)", "+33199001234", "56"),
        ("ES", "+34 911 23 45 67 extensión 8", "+34911234567", "8"),
        ("PL", "22 123 45 67 wew. 12", "+48221234567", "12"),
        ("AT", "01 5123456 Klappe 21", "+4315123456", "21"),
        ("AE", "+971 4 555 0123 داخلي 9", "+97145550123", "9"),
    ],
)
def test_extension_in_the_words_of_the_country(
    country: str, text: str, e164: str, extension: str
) -> None:
    read = numbers.read(text, country)
    assert (read.e164, read.extension, read.annotation) == (e164, extension, "")


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("+1 646 555 0199,,9393#", "9393#"),
        ("+16465550199,,9393#,,123#", "9393#,,123#"),
        ("+16465550199p9393", "9393"),
        ("+16465550199;9393#", "9393#"),
        ("6465550199,1234", "1234"),
    ],
)
def test_digits_behind_a_pause_are_not_dialled(text: str, after: str) -> None:
    read = numbers.read(text, "US")
    assert (read.e164, read.sent_after) == ("+16465550199", after)


@pytest.mark.parametrize("text", ["4,91712E+11", "4.91712E+11", "2.12556e+09", "4E11"])
def test_rounded_number_is_refused_with_the_remedy(text: str) -> None:
    read = numbers.read(text, "DE")
    assert (read.kind, read.digits) == ("unreadable", "")
    assert "format the column as text" in read.problem


@pytest.mark.parametrize("text", ["493023125100,0", "493023125100.00", "+493023125100.0"])
def test_fraction_of_a_spreadsheet_is_dropped(text: str) -> None:
    assert numbers.read(text, "DE").e164 == "+493023125100"


# ---- a number that begins with its own country code


def test_mobile_with_its_country_code_but_without_plus() -> None:
    choose = random.Random(7)
    for _ in range(1000):
        prefix = choose.choice(["151", "157", "160", "162", "170", "176", "179"])
        digits = "49" + prefix + "".join(choose.choices("0123456789", k=choose.choice([7, 8])))
        if pn.is_valid_number(pn.parse("+" + digits)):
            assert numbers.read(digits, "DE").e164 == "+" + digits


def test_other_reading_is_kept() -> None:
    read = numbers.read("4915112345678", "DE")
    assert (read.e164, read.other_e164) == ("+4915112345678", ("+494915112345678",))
    both = [each.e164 for each in numbers.readings("4915112345678", "DE")]
    assert both == ["+4915112345678", "+494915112345678"]
    assert numbers.read("+4915112345678", "DE").other_e164 == (), "a plus leaves no doubt"


@given(st.sampled_from(sorted(pn.SUPPORTED_REGIONS)), st.sampled_from([0, 1]))
def test_example_of_every_plan_is_read_at_home(region: str, kind: int) -> None:
    """As it is written at home, in groups and digits only, and with the country code alone."""
    example = pn.example_number_for_type(region, kind)
    if example is None:
        return
    e164 = pn.format_number(example, pn.PhoneNumberFormat.E164)
    at_home = pn.format_number(example, pn.PhoneNumberFormat.NATIONAL)
    spellings = [at_home, re.sub(r"\D", "", at_home)]
    if len(e164) > 8:
        spellings.append(e164[1:])
    for text in spellings:
        assert e164 in [each.e164 for each in numbers.readings(text, region)], text


# ---- internal numbers


@pytest.mark.parametrize(
    ("country", "text", "e164"),
    [
        ("IS", "6111234", "+3546111234"),
        ("EE", "6001234", "+3726001234"),
        ("MV", "7712345", "+9607712345"),
        ("BZ", "622-1234", "+5016221234"),
        ("FK", "51234", "+50051234"),
    ],
)
def test_short_subscriber_number_of_the_plan_is_public(country: str, text: str, e164: str) -> None:
    assert numbers.read(text, country).e164 == e164


@pytest.mark.parametrize(
    ("internal", "text", "kind"),
    [
        (["7"], "6111234", "internal"),
        (["3-4"], "6111234", "public"),
        (["611XXXX"], "6111234", "internal"),
        (["611XXXX"], "6121234", "public"),
        (["4"], "1001", "internal"),
        (["5XXXX"], "1001", "internal"),
        (["7"], "+3546111234", "public"),
    ],
)
def test_settings_say_which_numbers_are_internal(internal: list[str], text: str, kind: str) -> None:
    assert numbers.read(text, "IS", internal).kind == kind


@pytest.mark.parametrize("text", ["", "5-3", "abc", "7xxx", "7XXX-8XXX", "+49"])
def test_unusable_description_of_internal_numbers_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="does not describe internal numbers"):
        check_internal([text])


# ---- withheld numbers, and plans that have changed


@pytest.mark.parametrize(
    "text",
    [
        "+266696687",
        "+266 696 687",
        "266696687",
        "-1",
        "Rufnummer unterdrückt",
        "RUFNUMMER UNTERDRÜCKT",
        "anonymous@anonymous.invalid",
        "anonymous@10.0.0.1",
        '"Anonymous" <sip:c8oqz84zk7z@privacy.example>',
        '"Ada" <sip:x1@anonymous.invalid>',
        "sip:restricted@gw.example;user=phone",
        "NULL",
        "Número oculto",
        "Privénummer",
        "скрытый номер",
        "gizli numara",
        "非通知",
        "---",
    ],
)
def test_spellings_of_withheld(text: str) -> None:
    assert numbers.read(text, "DE").kind == "withheld"


@pytest.mark.parametrize("text", ["Otto", "'", "?", "+266 2212 3456", "0"])
def test_what_is_not_withheld(text: str) -> None:
    assert numbers.read(text, "DE").kind != "withheld"


@pytest.mark.parametrize(
    ("old", "present"),
    [
        ("+5215512345678", "+525512345678"),
        ("+52 1 55 1234 5678", "+525512345678"),
        ("+22507123456", "+2250707123456"),
        ("+22504123456", "+2250504123456"),
        ("+22521234567", "+2252721234567"),
        ("+551181234567", "+5511981234567"),
        ("+22997123456", "+2290197123456"),
    ],
)
def test_old_form_is_read_as_the_present_one(old: str, present: str) -> None:
    assert numbers.read(old, "US").e164 == present
    assert numbers.read(present, "US").e164 == present


def test_argentine_mobile_is_one_line_with_and_without_nine() -> None:
    assert "+541112345678" in numbers.read("+54 9 11 1234 5678", "US").other_e164
    assert "+5491112345678" in numbers.read("+54 11 1234 5678", "US").other_e164


@pytest.mark.parametrize(
    ("country", "text", "found"),
    [
        ("DE", "492211234567", ("+492211234567", "+49492211234567")),
        ("DE", "497111234567", ("+497111234567", "+49497111234567")),
        ("ID", "62211234567", ("+62211234567", "+6262211234567")),
        ("MX", "044 55 1234 5678", ("+525512345678",)),
        ("BR", "0xx11 98765-4321", ("+5511987654321",)),
        ("DE", "493,023,125,100", ("+493023125100",)),
        ("US", "2,125,550,123", ("+12125550123",)),
    ],
)
def test_digits_are_read_in_all_their_meanings(
    country: str, text: str, found: tuple[str, ...]
) -> None:
    assert tuple(each.e164 for each in numbers.readings(text, country)) == found


def test_landlines_behind_their_own_country_code() -> None:
    """By the area codes of big German cities, whose digits are also those of small ones."""
    chance = random.Random(4)
    for area in ("211", "221", "231", "201", "341", "421", "511", "711", "761", "89", "40", "30"):
        for _ in range(50):
            national = area + str(chance.randrange(1_000_000, 9_999_999))
            if pn.is_valid_number(pn.parse(f"+49{national}")):
                assert numbers.read(f"49{national}", "DE").e164 == f"+49{national}"


@pytest.mark.parametrize(
    ("country", "text", "extension", "sent_after"),
    [
        ("DE", "030 23125100 DW 17", "17", ""),
        ("DE", "030 23125100 DW-17", "17", ""),
        ("DE", "030 23125100 Durchw. 17", "17", ""),
        ("US", "212-555-0123 ×44", "44", ""),
        ("DE", "030 23125100 ext 12 (Max)", "12", ""),
        ("DE", "030 789,,12#", None, "12#"),
        ("DE", "112233,,1", None, "1"),
        ("DE", "1001,,9393#", None, "9393#"),
        ("US", "Zoom: +1 646 555 0199,,9393#", None, "9393#"),
    ],
)
def test_extension_and_pause_are_kept(
    country: str, text: str, extension: str | None, sent_after: str
) -> None:
    number = numbers.read(text, country)
    assert (number.extension, number.sent_after) == (extension, sent_after)


@pytest.mark.parametrize(
    "text",
    [
        "Rufnummer unterdrueckt",
        "NUMERO MASQUE",
        "Nao identificado",
        "GİZLİ NUMARA",
        "OUT-OF-AREA",
        "Restricted Number",
        "rejtett szám",
        "Номер не определен",
        "未显示号码",
        "+0266696687",
        "+10000000000",
        "-1",
    ],
)
def test_words_for_withheld_in_other_spellings(text: str) -> None:
    assert numbers.read(text, "DE").kind == "withheld"
