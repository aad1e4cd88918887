"""Import of CSV and vCard files: what is recognised, and what is left out with its reason."""

import multiprocessing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from callcard.crm import import_files, import_workers
from callcard.crm.import_report import ImportFileError
from callcard.crm.local import LocalContacts
from callcard.telephony import numbers
from tests.contact_files import CSV, found, load

pytestmark = pytest.mark.anyio


async def test_german_csv_columns_are_recognised_without_mapping(
    contacts: LocalContacts, tmp_path: Path
) -> None:
    report, problems = load(contacts, tmp_path / "kunden.csv", CSV)
    assert (report.added, report.updated, problems) == (3, 0, [])
    (match,) = await contacts.by_number(numbers.read("+491713900001", "US"))
    assert match.contact.name == "Jürgen Weiß"
    assert match.contact.flags == ("VIP", "Altkunde")
    assert [n.e164 for n in match.contact.numbers] == ["+493023125100", "+491713900001"]
    assert [n.label for n in match.contact.numbers] == ["Telefon", "Mobil"]


async def test_second_import_updates_contacts(contacts: LocalContacts, tmp_path: Path) -> None:
    load(contacts, tmp_path / "kunden.csv", CSV)
    report, _ = load(
        contacts,
        tmp_path / "kunden.csv",
        CSV.replace("0171 3900001", "0171 3900002").replace("Jürgen", "Jörg"),
    )
    assert (report.added, report.updated, contacts.count()) == (0, 3, 3)
    assert await found(contacts, "+491713900001") == [], "the old number is gone"
    assert await found(contacts, "+491713900002") == [("exact", "Jörg Weiß")]
    assert [c.name for c in await contacts.search("jörg", 5)] == ["Jörg Weiß"]
    assert await contacts.search("jürgen", 5) == []


async def test_second_import_without_ids_adds_nothing(
    contacts: LocalContacts, tmp_path: Path
) -> None:
    text = "name,phone\nAda Lovelace,+44 20 7946 0002\nAda Lovelace,+44 20 7946 0003\n"
    assert load(contacts, tmp_path / "a.csv", text)[0].added == 2, "two people may have one name"
    assert load(contacts, tmp_path / "a.csv", text)[0].added == 0


async def test_missing_columns_keep_stored_values(contacts: LocalContacts, tmp_path: Path) -> None:
    load(contacts, tmp_path / "kunden.csv", CSV)
    load(contacts, tmp_path / "mails.csv", "id,name,email\n7,Jürgen Weiß,new@example.org\n")
    (match,) = await contacts.by_number(numbers.read("+491713900001", "DE"))
    assert match.contact.email == "new@example.org"
    assert match.contact.company == "Nordlicht GmbH"


async def test_encoding_is_detected_far_from_the_start(
    contacts: LocalContacts, tmp_path: Path
) -> None:
    ascii_rows = ("name,phone\n" + "A,+12125550100\n" * 8000).encode()
    load(contacts, tmp_path / "a.csv", ascii_rows + "Jürgen,030 23125100\n".encode("cp1252"))
    assert await found(contacts, "030 23125100") == [("exact", "Jürgen")]


async def test_only_cr_and_lf_end_a_csv_line(contacts: LocalContacts, tmp_path: Path) -> None:
    load(contacts, tmp_path / "a.csv", "name,phone\nAnna\u2028Smith\x0bX,030 23125101\n")
    assert await found(contacts, "030 23125101") == [("exact", "Anna Smith X")]


async def test_cell_with_several_numbers_is_split(contacts: LocalContacts, tmp_path: Path) -> None:
    load(contacts, tmp_path / "a.csv", 'name,phone\nTwo,"030 23125102 ; 030 23125103"\n')
    assert await found(contacts, "030 23125102") == [("exact", "Two")]
    assert await found(contacts, "030 23125103") == [("exact", "Two")]


@pytest.mark.parametrize(
    "rest",
    [
        "More,030 23125106\n",
        'More,030 23125106\n"Last, GmbH",030 23125107\n',
        '"More",030 23125106',
    ],
)
async def test_quote_without_end_costs_its_own_line_only(
    contacts: LocalContacts, tmp_path: Path, rest: str
) -> None:
    text = f'name,phone\nGood,030 23125104\nBad,"030 23125105\n{rest}'
    _, problems = load(contacts, tmp_path / "a.csv", text)
    ((line, column, reason),) = [(p.line, p.column, p.reason) for p in problems]
    assert (line, column) == (3, 2)
    assert reason.startswith("a quote is not closed")
    assert await found(contacts, "030 23125106") == [("exact", "More")]


def test_unknown_column_with_values_is_reported(contacts: LocalContacts, tmp_path: Path) -> None:
    text = "name,Phone 1 - Value,Shoe size,Empty\nX,030 23125104,42,\nY,030 23125105,43,\n"
    report, (problem,) = load(contacts, tmp_path / "a.csv", text)
    assert report.columns_used == ["name → name", "Phone 1 - Value → number"]
    assert report.columns_ignored == ["Shoe size", "Empty"]
    assert (problem.line, problem.column, problem.value) == (1, 3, "42")
    assert "2 values of this column were not imported" in problem.reason
    assert not report.is_complete


async def test_lines_of_an_overlong_field_are_not_imported_as_rows(
    contacts: LocalContacts, tmp_path: Path
) -> None:
    note = "x" * 200_000 + "\nInjected,+12025550666\n"
    _, problems = load(
        contacts,
        tmp_path / "a.csv",
        f'name,phone,email\nA,030 23125100,"{note}"\nB,030 23125101,\n',
    )
    assert [p.reason for p in problems] == ["longer than 4096 characters"]
    assert await found(contacts, "+12025550666") == []
    assert await found(contacts, "030 23125101") == [("exact", "B")]


async def test_left_out_rows_are_reported_with_line_field_and_reason(
    contacts: LocalContacts, tmp_path: Path
) -> None:
    rows = [
        "name,phone,url",
        "Good,+49 30 23125100,",
        "Half,call me,javascript:alert(1)",
        ",,",
        ",,http://x",
        "A,B,C,D",
    ]
    text = "\n".join([*rows, '"Multi', 'line",030 23125101,', ""])
    report, problems = load(contacts, tmp_path / "a.csv", text)
    assert (report.added, report.rows_left_out, report.values_left_out) == (3, 2, 2)
    assert sorted((p.line, p.field) for p in problems) == [
        (3, "number"),
        (3, "url"),
        (5, "name"),
        (6, ""),
    ]
    assert await found(contacts, "030 23125101") == [("exact", "Multi line")]


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("a,b\n1,2\n", {}, "--map name="),
        ("", {}, "nothing at all"),
        ("name,phone\nx,y\n", {"mapping": [("nme", "name")]}, "there is no field 'nme'"),
        ("name,phone\nx,y\n", {"mapping": [("name", "Nam")]}, "there is no column 'Nam'"),
        ("name\nx\n", {"encoding": "klingon"}, "there is no encoding"),
        ("x\n", {"kind": "cases"}, "no column for id or contact or subject"),
    ],
)
async def test_file_without_required_columns_is_rejected(
    contacts: LocalContacts, tmp_path: Path, text: str, options: dict[str, object], message: str
) -> None:
    with pytest.raises(ImportFileError, match=message):
        load(contacts, tmp_path / "a.csv", text, **options)
    assert contacts.count() == 0


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
async def test_encodings_of_excel_are_read(
    contacts: LocalContacts, tmp_path: Path, encoding: str
) -> None:
    load(contacts, tmp_path / "a.csv", "Name\tTelefon\nKäthe\t030 23125100\n".encode(encoding))
    assert await found(contacts, "030 23125100") == [("exact", "Käthe")]


async def test_closed_case_is_not_returned(contacts: LocalContacts, tmp_path: Path) -> None:
    load(contacts, tmp_path / "kunden.csv", CSV)
    rows = "id,contact,subject,status,url\nA,7,Leak,Closed,\nB,7,Drip,new,javascript:alert(1)\n"
    load(contacts, tmp_path / "c.csv", rows, kind="cases")
    (match,) = await contacts.by_number(numbers.read("0171 3900001", "DE"))
    assert [(case.subject, case.url) for case in match.contact.cases] == [("Drip", "")]


def test_second_import_of_history_adds_nothing(contacts: LocalContacts, tmp_path: Path) -> None:
    load(contacts, tmp_path / "kunden.csv", CSV)
    rows = "contact,started_at,subject\n7,2026-01-01,Order\n7,2026-01-01,Order\n"
    report, _ = load(contacts, tmp_path / "h.csv", rows, kind="interactions")
    assert (report.added, report.unchanged) == (1, 1), "the file has one entry twice"
    report, _ = load(contacts, tmp_path / "h.csv", rows, kind="interactions")
    assert (report.added, report.unchanged) == (0, 2)


def test_second_import_of_cases_updates_them(contacts: LocalContacts, tmp_path: Path) -> None:
    load(contacts, tmp_path / "kunden.csv", CSV)
    rows = "id,contact,subject\nA,7,Leak\n"
    report, _ = load(contacts, tmp_path / "c.csv", rows, kind="cases")
    assert (report.added, report.updated) == (1, 0)
    report, _ = load(contacts, tmp_path / "c.csv", rows + "B,7,Drip\n", kind="cases")
    assert (report.added, report.updated) == (1, 1)


# ---- vCard


VCARDS = """BEGIN:VCARD
VERSION:3.0
UID:abc
N:Weiß;Jürgen;;;
FN:Jürgen Weiß
ORG:Nordlicht GmbH;Einkauf
TEL;TYPE=CELL,VOICE:+49 171 3900001
TEL;TYPE=WORK:030 23125 100
EMAIL:jw@example.org
CATEGORIES:VIP,Altkunde
END:VCARD
BEGIN:VCARD
VERSION:4.0
FN:Siân Davies
TEL;VALUE=uri;PREF=1;TYPE="voice,home":tel:+44-20-7946-0002
END:VCARD
BEGIN:VCARD
VERSION:3.0
this is not a line
END:VCARD
BEGIN:VCARD
VERSION:3.0
FN:Cut
"""


async def test_vcards_3_and_4_are_imported_and_a_broken_card_is_left_out(
    contacts: LocalContacts, tmp_path: Path
) -> None:
    report, problems = load(contacts, tmp_path / "book.vcf", VCARDS)
    assert report.added == 2
    assert report.rows_left_out == 2
    assert any("END:VCARD" in p.reason for p in problems)
    (match,) = await contacts.by_number(numbers.read("+442079460002", "DE"))
    assert match.contact.name == "Siân Davies"
    (match,) = await contacts.by_number(numbers.read("0171 3900001", "DE"))
    assert (match.contact.company, match.contact.flags) == (
        "Nordlicht GmbH, Einkauf",
        ("VIP", "Altkunde"),
    )
    assert load(contacts, tmp_path / "book.vcf", VCARDS)[0].updated == 2


def test_card_without_end_is_reported(contacts: LocalContacts, tmp_path: Path) -> None:
    text = "BEGIN:VCARD\nFN:Lost\nBEGIN:VCARD\nVERSION:3.0\nFN:Two\nEND:VCARD\n"
    report, problems = load(contacts, tmp_path / "a.vcf", text)
    assert (report.added, [p.reason for p in problems]) == (1, ["the card has no END:VCARD"])


def test_card_after_an_odd_card_is_imported(contacts: LocalContacts, tmp_path: Path) -> None:
    nested = "BEGIN:VCARD\nVERSION:3.0\nFN:A\nBEGIN:TEL\nX:1\nEND:TEL\nEND:VCARD\n"
    plain = "BEGIN:VCARD\nVERSION:3.0\nFN:B\nEND:VCARD\n"
    assert load(contacts, tmp_path / "a.vcf", nested + plain)[0].added >= 1


@examples(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)
@given(st.binary(max_size=400), st.sampled_from([".csv", ".vcf"]))
def test_random_bytes_never_break_an_import(
    contacts: LocalContacts, tmp_path: Path, content: bytes, suffix: str
) -> None:
    start = b"name,phone\n" if suffix == ".csv" else b"BEGIN:VCARD\n"
    load(contacts, tmp_path / f"a{suffix}", start + content)


# ---- by several processes


def large_file(rows: int) -> str:
    """Return rows of which every seventh is damaged and every fifth names a contact again."""
    lines = ["id;name;phone"]
    for index in range(rows):
        phone = "4,91712E+11" if index % 7 == 0 else f"030 23{index:06}"
        lines.append(f"{index // 5 if index % 5 == 0 else index};Contact {index};{phone}")
    return "\n".join(lines)


async def test_several_processes_import_what_one_imports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    imported = []
    for name, limit in (("one", 10**9), ("several", 0)):
        monkeypatch.setattr(import_workers, "MIN_FILE_BYTES", limit)
        contacts = LocalContacts(tmp_path / name, country="DE", suffix_digits=8)
        report, problems = load(contacts, tmp_path / "large.csv", large_file(1200))
        keys = [f"id:{index}" for index in range(1200)]
        imported.append((report, problems, [await contacts.by_key(key) for key in keys]))
        contacts.close_blocking()
    one, several = imported
    assert (one[0].added, one[0].values_left_out) == (1200, 172)
    assert several[:2] == one[:2]
    for contact, same in zip(one[2], several[2], strict=True):
        assert (contact is None) == (same is None)
        if contact is not None and same is not None:
            assert (same.name, same.numbers) == (contact.name, contact.numbers)


def test_ended_process_of_an_import_is_a_clear_error(
    contacts: LocalContacts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_workers, "MIN_FILE_BYTES", 0)

    def end_workers(_position: int) -> None:
        for process in multiprocessing.active_children():
            process.kill()
            process.join()

    with pytest.raises(ImportFileError, match="run the import again"):
        load(contacts, tmp_path / "large.csv", large_file(60_000), on_progress=end_workers)
    assert contacts.count() % import_files.BATCH_ROWS == 0
    assert contacts.count() > 0
