"""Importing twice: who is recognised, who is kept apart, and what is reported of it."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from callcard.crm.import_report import ImportProblem
from callcard.crm.local import LocalContacts
from callcard.telephony import numbers
from tests.contact_files import load

pytestmark = pytest.mark.anyio

ANNA = "030 23125100"
BOB = "030 23125101"
HEADER = "id,name,phone,email,company\n"


async def who(contacts: LocalContacts, number: str) -> list[str]:
    matches = await contacts.by_number(numbers.read(number, "DE"))
    return sorted(match.contact.name for match in matches)


def reasons(problems: list[ImportProblem]) -> str:
    return "; ".join(f"{problem.value}: {problem.reason}" for problem in problems)


@pytest.mark.parametrize("second", ["K-1,Bob,{bob},,\n", "K-1,Bob,{bob},,\nK-1,Anna,{anna},,\n"])
async def test_people_with_one_id_stay_who_they_are(
    contacts: LocalContacts, tmp_path: Path, second: str
) -> None:
    both = f"{HEADER}K-1,Anna,{ANNA},,\nK-1,Bob,{BOB},,\n"
    report, problems = load(contacts, tmp_path / "a.csv", both)
    assert (report.added, len(problems)) == (2, 1)
    again, _problems = load(
        contacts, tmp_path / "b.csv", HEADER + second.format(anna=ANNA, bob=BOB)
    )
    assert again.added == 0
    assert (contacts.count(), await who(contacts, ANNA), await who(contacts, BOB)) == (
        2,
        ["Anna"],
        ["Bob"],
    )


async def test_history_of_an_id_that_two_people_have_is_left_out(
    contacts: LocalContacts, tmp_path: Path
) -> None:
    load(contacts, tmp_path / "a.csv", f"{HEADER}K-1,Anna,{ANNA},,\nK-1,Bob,{BOB},,\n")
    history = "contact,started at,subject\nK-1,2026-01-01T10:00:00Z,Question\n"
    report, problems = load(contacts, tmp_path / "h.csv", history, kind="interactions")
    assert (report.added, report.rows_left_out) == (0, 1)
    assert "several contacts were imported with this id" in reasons(problems)
    cases = "id,contact,subject\nC-1,K-1,Refund\n"
    report, _problems = load(contacts, tmp_path / "c.csv", cases, kind="cases")
    assert (report.added, report.rows_left_out) == (0, 1)


async def test_row_without_a_name_does_not_join_two_people(
    contacts: LocalContacts, tmp_path: Path
) -> None:
    text = f"{HEADER}K-1,,030 23125199,,\nK-1,Anna,{ANNA},,\nK-1,Bob,{BOB},,\n"
    load(contacts, tmp_path / "a.csv", text)
    assert await who(contacts, BOB) == ["Bob"]
    assert await who(contacts, ANNA) == ["Anna"]


@pytest.mark.parametrize(
    "second",
    [
        f",Anna,{ANNA},anna@example.org,\n",
        f",Anna,{ANNA},,Engines\n",
        f"K-7,Anna,{ANNA},,\n",
    ],
)
async def test_contact_that_gains_a_field_is_not_doubled(
    contacts: LocalContacts, tmp_path: Path, second: str
) -> None:
    load(contacts, tmp_path / "a.csv", f"{HEADER},Anna,{ANNA},,\n")
    for _ in range(2):
        report, problems = load(contacts, tmp_path / "b.csv", HEADER + second)
        assert (report.added, report.updated, problems) == (0, 1, [])
    assert contacts.count() == 1


async def test_id_that_goes_to_somebody_else_is_noted(
    contacts: LocalContacts, tmp_path: Path
) -> None:
    load(contacts, tmp_path / "a.csv", f"{HEADER}K-1,Anna Alt,{ANNA},,\n")
    _report, problems = load(contacts, tmp_path / "b.csv", f"{HEADER}K-1,Anna Neu,{ANNA},,\n")
    assert problems == [], "a new surname"
    _report, problems = load(contacts, tmp_path / "c.csv", f"{HEADER}K-1,Bob,{BOB},,\n")
    assert "was 'Anna Neu'" in reasons(problems)


async def test_what_a_merge_does_not_keep_is_named(contacts: LocalContacts, tmp_path: Path) -> None:
    text = f"{HEADER}K-1,Anna,{ANNA},a@a.example,A\nK-1,Anna,{BOB},b@b.example,B\n"
    _report, problems = load(contacts, tmp_path / "a.csv", text)
    assert {problem.value for problem in problems} == {"K-1", "b@b.example", "B"}


async def test_damaged_number_does_not_delete_the_stored_one(
    contacts: LocalContacts, tmp_path: Path
) -> None:
    load(contacts, tmp_path / "a.csv", f"{HEADER}K-1,Anna,{ANNA},,\n")
    report, _problems = load(contacts, tmp_path / "b.csv", f'{HEADER}K-1,Anna,"4,93023E+11",,\n')
    assert report.values_left_out == 1
    assert await who(contacts, ANNA) == ["Anna"]


async def test_history_that_differs_in_anything_is_kept(
    contacts: LocalContacts, tmp_path: Path
) -> None:
    load(contacts, tmp_path / "a.csv", f"{HEADER}K-1,Anna,{ANNA},,\n")
    rows = [
        "K-1,2026-01-01T10:00:00Z,Question,in,Ada\n",
        "K-1,2026-01-01T10:00:00Z,Question,out,Bob\n",
    ]
    text = "contact,started at,subject,direction,agent\n" + "".join(rows)
    for expected in ((2, 0), (0, 2)):
        report, _problems = load(contacts, tmp_path / "h.csv", text, kind="interactions")
        assert (report.added, report.unchanged) == expected


# ---- one file


@pytest.mark.parametrize(
    ("country", "name"),
    [
        ("ES", "José Núñez"),
        ("ES", "Íñigo Muñoz"),
        ("FR", "Hélène Lefèvre"),
        ("DK", "Jørgen Møller"),
        ("SE", "Åsa Åkesson"),
        ("BR", "João Simões"),
        ("DE", "Käthe Weiß"),
        ("GB", "Begoña Ibáñez"),
        ("IS", "Þórður Guðmundsson"),
    ],
)
@pytest.mark.parametrize("count", [1, 200])
async def test_western_names_are_not_read_as_eastern(
    contacts: LocalContacts, tmp_path: Path, country: str, name: str, count: int
) -> None:
    from callcard.crm import import_files

    rows = "".join(f"{name} {n},+49 30 {23000000 + n}\n" for n in range(count))
    file = tmp_path / "a.csv"
    file.write_bytes(f"Name,Phone\n{rows}".encode("cp1252"))
    import_files.load(contacts, file, country=country)
    assert await who(contacts, "+493023000000") == [f"{name} 0"]


async def test_eastern_names_are_found_in_a_western_country(
    contacts: LocalContacts, tmp_path: Path
) -> None:
    people = ("Łukasz Wiśniewski", "Żaneta Dąbrowska", "Władysław Źródłowski", "Paweł Kłos")
    rows = "".join(f"{name},030 2310000{n}\n" for n, name in enumerate(people))
    load(contacts, tmp_path / "a.csv", f"Name,Phone\n{rows}".encode("cp1250"))
    assert await who(contacts, "030 23100000") == [people[0]]


async def test_one_line_of_utf_8_in_an_older_file(contacts: LocalContacts, tmp_path: Path) -> None:
    old = "".join(f"Jürgen {n},030 {23100000 + n}\n" for n in range(9)).encode("cp1252")
    text = b"Name,Phone\n" + old + f"Käthe,{ANNA}\n".encode()
    load(contacts, tmp_path / "a.csv", text)
    assert await who(contacts, ANNA) == ["Käthe"]
    assert await who(contacts, "030 23100000") == ["Jürgen 0"]


@pytest.mark.parametrize("name", ["محمد العلي", "Иван Петров", "王小明"])
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
async def test_utf_16_of_any_script(
    contacts: LocalContacts, tmp_path: Path, name: str, encoding: str
) -> None:
    text = f"name\tphone\r\n{name}\t{ANNA}\r\n"
    _report, problems = load(contacts, tmp_path / "a.csv", text.encode(encoding))
    assert (await who(contacts, ANNA), problems) == ([name], [])


async def test_broken_utf_16_is_reported(contacts: LocalContacts, tmp_path: Path) -> None:
    text = codecs.BOM_UTF16_LE + f"name,phone\nJörg,{ANNA}\n".encode("utf-16-le") + b"\x41"
    _report, problems = load(contacts, tmp_path / "a.csv", text)
    assert "a character is broken" in reasons(problems)


@pytest.mark.parametrize(
    ("rows", "reported"),
    [
        (f'"A","x@x.example ::: y@y.example",{ANNA}\n', ["y@y.example"]),
        (f'"A","x@x.example; y@y.example",{ANNA}\n', ["y@y.example"]),
        (f'"A","kein",{ANNA}\n', ["kein"]),
    ],
)
async def test_email_list_keeps_one_and_reports_the_others(
    contacts: LocalContacts, tmp_path: Path, rows: str, reported: list[str]
) -> None:
    _report, problems = load(contacts, tmp_path / "a.csv", "name,email,phone\n" + rows)
    assert [problem.value for problem in problems] == reported
    (match,) = await contacts.by_number(numbers.read(ANNA, "DE"))
    assert match.contact.email == ("x@x.example" if "x@" in rows else "")


async def test_names_that_differ_are_reported(contacts: LocalContacts, tmp_path: Path) -> None:
    text = f"Name,First Name,Last Name,Phone\nMax,Max,Mustermann,{ANNA}\n"
    _report, problems = load(contacts, tmp_path / "a.csv", text)
    assert [problem.value for problem in problems] == ["Mustermann"]
    card = f"BEGIN:VCARD\nVERSION:3.0\nFN:ACME\nN:Mustermann;Max\nTEL:{BOB}\nEND:VCARD\n"
    _report, problems = load(contacts, tmp_path / "a.vcf", card)
    assert [problem.value for problem in problems] == ["Max Mustermann"]


async def test_labels_of_the_same_number_are_all_kept(
    contacts: LocalContacts, tmp_path: Path
) -> None:
    text = f"name,Work Phone,Fax\nA,{ANNA} ext. 11,{ANNA} ext. 12\n".replace("Fax", "Home Phone")
    load(contacts, tmp_path / "a.csv", text)
    (match,) = await contacts.by_number(numbers.read(ANNA, "DE"))
    (number,) = match.contact.numbers
    assert number.label == "Work Phone, ext. 11, Home Phone, ext. 12"


async def test_quotes_that_join_rows_are_noted(contacts: LocalContacts, tmp_path: Path) -> None:
    text = f'name,company,phone\nA,"Nord,{ANNA}\nB,Sued",{BOB}\n'
    _report, problems = load(contacts, tmp_path / "a.csv", text)
    assert "looks like a row of its own" in reasons(problems)
    assert [problem.line for problem in problems] == [2]


@pytest.mark.parametrize("time", ["2026-03-29T02:30:00", "2026-10-25T02:30:00"])
async def test_times_that_the_clocks_skip_or_repeat_are_noted(
    contacts: LocalContacts, tmp_path: Path, time: str
) -> None:
    from zoneinfo import ZoneInfo

    load(contacts, tmp_path / "a.csv", f"{HEADER}K-1,Anna,{ANNA},,\n")
    text = f"contact,started at,subject\nK-1,{time},Question\nK-1,2026-06-01T02:30:00,Other\n"
    zone = ZoneInfo("Europe/Berlin")
    _report, problems = load(contacts, tmp_path / "h.csv", text, kind="interactions", zone=zone)
    assert [(problem.line, problem.value) for problem in problems] == [(2, time)]


@pytest.mark.parametrize("start", ['"sep=;"\n', "sep=;;;\n", "\n", ";;;\n", "sep=;\r\n\r\n"])
async def test_lines_above_the_header(contacts: LocalContacts, tmp_path: Path, start: str) -> None:
    report, problems = load(contacts, tmp_path / "a.csv", f"{start}name;phone\nAnna;{ANNA}\n")
    assert (report.added, problems) == (1, [])
    assert await who(contacts, ANNA) == ["Anna"]


@pytest.mark.parametrize(
    "heading",
    ["MOBILEPHONE", "HomePhone", "Mobiltelefonnummer", "Telefon 1 – Wert", "Téléphone (autre)"],
)
async def test_further_headings_of_numbers(
    contacts: LocalContacts, tmp_path: Path, heading: str
) -> None:
    load(contacts, tmp_path / "a.csv", f"name,{heading}\nAnna,{ANNA}\n")
    assert await who(contacts, ANNA) == ["Anna"]


@pytest.mark.parametrize(
    "lines",
    [
        ["FN;ENCODING=b:QW5uYQ=="],
        ["N;ENCODING=BASE64;CHARSET=UTF-8:QW5uYQ=="],
        ["FN;CHARSET=undefined:Anna"],
        ["FN;CHARSET=punycode:Anna"],
        ["FN:Anna", "AGENT:BEGIN:VCARD", "FN:Assistant", f"TEL:{BOB}", "END:VCARD"],
        ["FN;ENCODING=QUOTED-PRINTABLE:An= ", "na"],
        [" VERSION:2.1", "FN:Anna"],
    ],
)
async def test_text_of_a_card_in_any_wrapping(
    contacts: LocalContacts, tmp_path: Path, lines: list[str]
) -> None:
    card = "\n".join(["BEGIN:VCARD", *lines, f"TEL:{ANNA}", " END:VCARD", ""])
    marks = "\ufeff\ufeff"
    load(contacts, tmp_path / "a.vcf", marks + card)
    assert await who(contacts, ANNA) == ["Anna"]
    assert await who(contacts, BOB) == []


async def test_two_complete_numbers_are_two_lines(contacts: LocalContacts, tmp_path: Path) -> None:
    load(contacts, tmp_path / "a.csv", f"{HEADER}K-1,Anna,+44 20 7946 0123,,\n")
    assert await who(contacts, "+12079460123") == []
    assert await who(contacts, "+442079460123") == ["Anna"]
