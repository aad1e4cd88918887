"""Exports of other products, keys that repeat, encodings, times without a zone, and dry runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from callcard.crm.import_report import ImportFileError
from callcard.crm.local import LocalContacts
from callcard.telephony import numbers
from tests.contact_files import found, load

pytestmark = pytest.mark.anyio

PHONE = "+493023125100"
EXPORTS = {
    "Google since 2024": (
        "First Name,Middle Name,Last Name,Organization Name,Labels,E-mail 1 - Label,"
        "E-mail 1 - Value,Phone 1 - Label,Phone 1 - Value,Phone 2 - Label,Phone 2 - Value\n"
        "Ada,King,Lovelace,Engines,VIP ::: * myContacts,* Work,ada@example.org,Mobile,"
        f"{PHONE} ::: +49 171 3900001,Work,030 23125101\n"
    ),
    "Google before": (
        "Name,Given Name,Family Name,Group Membership,E-mail 1 - Type,E-mail 1 - Value,"
        "Phone 1 - Type,Phone 1 - Value,Organization 1 - Name\n"
        f"Ada King Lovelace,Ada,Lovelace,VIP,* Work,ada@example.org,Mobile,{PHONE},Engines\n"
    ),
    "Outlook, English": (
        '"First Name","Middle Name","Last Name","Company","Business Phone","Mobile Phone",'
        '"E-mail Address","Categories"\n'
        f'"Ada","King","Lovelace","Engines","{PHONE}","","ada@example.org","VIP"\n'
    ),
    "Outlook, German": (
        '"Vorname";"Weitere Vornamen";"Nachname";"Firma";"Telefon geschäftlich";'
        '"Mobiltelefon";"E-Mail-Adresse";"Kategorien"\n'
        f'"Ada";"King";"Lovelace";"Engines";"{PHONE}";"0171 3900001";"ada@example.org";"VIP"\n'
    ),
    "Outlook, French": (
        '"Prénom","Deuxième prénom","Nom","Société","Téléphone (bureau)","Tél. mobile",'
        '"Adresse de messagerie","Catégories"\n'
        f'"Ada","King","Lovelace","Engines","{PHONE}","","ada@example.org","VIP"\n'
    ),
    "Outlook, Spanish": (
        '"Nombre","Segundo nombre","Apellidos","Organización","Teléfono del trabajo",'
        '"Teléfono móvil","Dirección de correo electrónico","Categorías"\n'
        f'"Ada","King","Lovelace","Engines","{PHONE}","","ada@example.org","VIP"\n'
    ),
    "Salesforce": (
        "Contact ID,First Name,Middle Name,Last Name,Account Name,Business Phone,Mobile,"
        "Email,Tags\n"
        f"003x,Ada,King,Lovelace,Engines,{PHONE},,ada@example.org,VIP\n"
    ),
    "HubSpot": (
        "Record ID,First Name,Middle Name,Last Name,Email,Phone Number,Mobile Phone Number,"
        f"Associated Company,Tags\n1,Ada,King,Lovelace,ada@example.org,{PHONE},,Engines,VIP\n"
    ),
    "Excel with sep=": (
        "sep=;\nName;Firma;Telefon;E-Mail;Merkmale\n"
        f"Ada King Lovelace;Engines;{PHONE};ada@example.org;VIP\n"
    ),
    "delimiter within quoted headings": (
        '"Name";"Firma";"Telefon";"E-Mail";"Merkmale, Tags, Labels, Kategorien"\n'
        f"Ada King Lovelace;Engines;{PHONE};ada@example.org;VIP\n"
    ),
}


@pytest.mark.parametrize("text", EXPORTS.values(), ids=EXPORTS)
async def test_export_is_imported_without_a_mapping(
    contacts: LocalContacts, tmp_path: Path, text: str
) -> None:
    mapping = [("flags", "Merkmale, Tags, Labels, Kategorien")] if "Merkmale, Tags" in text else []
    report, problems = load(contacts, tmp_path / "a.csv", text, mapping=mapping)
    assert (report.added, problems) == (1, [])
    (match,) = await contacts.by_number(numbers.read(PHONE, "DE"))
    contact = match.contact
    assert (contact.name, contact.company) == ("Ada King Lovelace", "Engines")
    assert contact.email == "ada@example.org"
    assert "VIP" in contact.flags


@pytest.mark.parametrize("heading", ["Language", "Sprache", "Langue", "Idioma", "اللغة"])
async def test_language_is_kept(contacts: LocalContacts, tmp_path: Path, heading: str) -> None:
    load(contacts, tmp_path / "a.csv", f"name,phone,{heading}\nAda,{PHONE},fr\n")
    (match,) = await contacts.by_number(numbers.read(PHONE, "DE"))
    assert match.contact.language == "fr"
    load(contacts, tmp_path / "b.csv", f"name,phone\nAda,{PHONE}\n")
    (match,) = await contacts.by_number(numbers.read(PHONE, "DE"))
    assert match.contact.language == "fr", "a file without the column keeps what is stored"


async def test_google_labels_name_the_numbers(contacts: LocalContacts, tmp_path: Path) -> None:
    load(contacts, tmp_path / "a.csv", EXPORTS["Google since 2024"])
    (match,) = await contacts.by_number(numbers.read(PHONE, "DE"))
    assert [(n.e164, n.label) for n in match.contact.numbers] == [
        (PHONE, "Mobile"),
        ("+491713900001", "Mobile"),
        ("+493023125101", "Work"),
    ]


@pytest.mark.parametrize("heading", ["Rufnr. dienstl.", "Apparat", "Kontakt1"])
def test_file_whose_numbers_are_not_recognised_is_refused(
    contacts: LocalContacts, tmp_path: Path, heading: str
) -> None:
    text = f"name,{heading}\nAda,030 23125100\nBabbage,030 23125101\n"
    with pytest.raises(ImportFileError, match=f'--map number="{heading}"'):
        load(contacts, tmp_path / "a.csv", text)
    assert contacts.count() == 0


@pytest.mark.parametrize(
    ("cell", "e164"),
    [
        ('"+1 646 555 0199,,9393#"', ["+16465550199"]),
        ('"030 23125100,12 ; 0171 3900001"', ["+493023125100", "+491713900001"]),
        ("030 23125100 / 0171 3900001", []),
        ("493023125100.0", ["+493023125100"]),
        ('"493023125100,0"', ["+493023125100"]),
        ('"4,91712E+11"', []),
        ("030 23125100 ::: 0171 3900001", ["+493023125100", "+491713900001"]),
        ('"030 23125100,01713900001"', ["+493023125100", "+491713900001"]),
        ("030 789 (Max)", ["+4930789"]),
    ],
)
async def test_numbers_of_a_cell(
    contacts: LocalContacts, tmp_path: Path, cell: str, e164: list[str]
) -> None:
    _report, problems = load(contacts, tmp_path / "a.csv", f"name,phone\nAda,{cell}\n")
    (ada,) = await contacts.search("Ada", 1)
    assert [number.e164 for number in ada.numbers] == e164
    assert bool(problems) == (not e164), "what was not taken is reported"


# ---- keys


async def test_people_with_one_customer_number_stay_people(
    contacts: LocalContacts, tmp_path: Path
) -> None:
    text = (
        "Kundennummer,Name,Telefon\nK-1001,Ada,030 23125100\nK-1001,Bob,030 23125101\n"
        "K-1001,Cleo,030 23125102\nK-1001,Ada,030 23125103\n"
    )
    for attempt in ("first", "second"):
        report, problems = load(contacts, tmp_path / "a.csv", text)
        assert contacts.count() == 3, attempt
        assert [(p.line, p.column) for p in problems] == [(3, 1), (4, 1), (5, 1)]
        assert "line 2 has the same id with another name" in problems[0].reason
        assert "the same contact as in line 2" in problems[2].reason
        assert report.taken == 3
    (match,) = await contacts.by_number(numbers.read("030 23125103", "DE"))
    assert [n.e164 for n in match.contact.numbers] == ["+493023125100", "+493023125103"]
    assert await found(contacts, "030 23125101") == [("exact", "Bob")]


async def test_changed_first_number_updates_a_contact_that_shares_another(
    contacts: LocalContacts, tmp_path: Path
) -> None:
    load(contacts, tmp_path / "a.csv", "name,phone,mobile\nAda,030 23125100,0171 3900001\n")
    text = "name,phone,mobile\nAda,030 23125109,0171 3900001\n"
    report, problems = load(contacts, tmp_path / "a.csv", text)
    assert (report.updated, contacts.count(), problems) == (1, 1, [])
    assert await found(contacts, "030 23125100") == []


def test_contact_that_may_be_doubled_is_reported(contacts: LocalContacts, tmp_path: Path) -> None:
    load(contacts, tmp_path / "a.csv", "name,phone\nAda,030 23125100\n")
    report, (problem,) = load(contacts, tmp_path / "a.csv", "name,phone\nAda,030 23125109\n")
    assert (report.added, contacts.count()) == (1, 2)
    assert "there is a contact of this name with other numbers" in problem.reason


# ---- encodings


@pytest.mark.parametrize(
    ("encoding", "country", "name"),
    [
        ("utf-8", "DE", "Jürgen Weiß"),
        ("utf-16-le", "DE", "Jürgen Weiß"),
        ("utf-16-be", "DE", "Jürgen Weiß"),
        ("cp1252", "DE", "Jürgen Weiß"),
        ("cp1250", "PL", "Łukasz Wiśniewski"),
        ("cp1251", "RU", "Иван Петров"),
        ("cp1253", "GR", "Γιώργος Παπαδόπουλος"),
        ("cp1254", "TR", "Işıl Yıldız"),
        ("cp1256", "AE", "محمد العلي"),
    ],
)
async def test_encoding_is_found(
    contacts: LocalContacts, tmp_path: Path, encoding: str, country: str, name: str
) -> None:
    text = f"name,phone\nFirst,030 23125101\n{name},{PHONE}\n"
    file = tmp_path / "a.csv"
    from callcard.crm import import_files

    file.write_bytes(text.encode(encoding))
    import_files.load(contacts, file, country=country)
    assert await found(contacts, PHONE) == [("exact", name)]


async def test_one_foreign_byte_does_not_garble_the_rest(
    contacts: LocalContacts, tmp_path: Path
) -> None:
    rows = "".join(f"Größe {n},030 2312510{n}\n" for n in range(5))
    content = f"name,phone\n{rows}".encode() + b"Stra\xdfe,030 23125109\n"
    _report, (problem,) = load(contacts, tmp_path / "a.csv", content)
    assert (problem.line, problem.column) == (7, 5)
    assert await found(contacts, "030 23125103") == [("exact", "Größe 3")]
    assert await found(contacts, "030 23125109") == [("exact", "Straße")]


def test_nul_is_reported(contacts: LocalContacts, tmp_path: Path) -> None:
    _report, (problem,) = load(contacts, tmp_path / "a.csv", "name,phone\nA\0da,030 23125100\n")
    assert (problem.line, problem.column) == (2, 2)
    assert "NUL" in problem.reason


# ---- history


async def test_times_without_a_zone_are_read_in_the_given_one(
    contacts: LocalContacts, tmp_path: Path
) -> None:
    load(contacts, tmp_path / "a.csv", f"id,name,phone\n7,Ada,{PHONE}\n")
    rows = "contact,started_at,subject\n7,2026-07-01 09:30,Order\n7,2026-07-02T09:30:00Z,Call\n"
    report, problems = load(
        contacts, tmp_path / "h.csv", rows, kind="interactions", zone=ZoneInfo("Europe/Berlin")
    )
    assert (report.added, report.times_without_zone, problems) == (2, 1, [])
    (match,) = await contacts.by_number(numbers.read(PHONE, "DE"))
    assert [i.started_at for i in match.contact.interactions] == [
        "2026-07-02T09:30:00Z",
        "2026-07-01T07:30:00Z",
    ]


def test_overlong_subject_is_not_cut_silently(contacts: LocalContacts, tmp_path: Path) -> None:
    load(contacts, tmp_path / "a.csv", f"id,name,phone\n7,Ada,{PHONE}\n")
    rows = f"contact,started_at,subject\n7,2026-07-01,{'x' * 5000}\n"
    report, (problem,) = load(contacts, tmp_path / "h.csv", rows, kind="interactions")
    assert (report.added, problem.row_left_out) == (0, True)


# ---- the command


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "callcard", "contacts", "import", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("name,phone\nAda,+12125550123\n", 0),
        ("name,phone,Shoes\nAda,+12125550123,42\n", 2),
        ("name,phone\nAda,+12125550123\n,\n,words\n", 2),
        ("name,phone\n,words\n", 1),
        ("name,Apparat\nAda,+12125550123\n", 1),
        ("name,phone\n", 1),
    ],
)
def test_exit_status_says_whether_all_was_taken(tmp_path: Path, text: str, status: int) -> None:
    (tmp_path / "a.csv").write_text(text)
    for options in (("--dry-run",), ()):
        done = run(tmp_path, "a.csv", *options, "--report", "report.csv")
        assert done.returncode == status, done.stdout + done.stderr
        assert "Traceback" not in done.stderr


def test_dry_run_reports_the_same_and_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("name,phone\nAda,+12125550123\nBob,words\n")
    (tmp_path / "b.csv").write_text("name,phone\nAda,+12125550123\nCleo,+12125550124\nD,words\n")
    assert run(tmp_path, "a.csv").returncode == 2
    before = (tmp_path / "callcard.sqlite").read_bytes()
    dry = run(tmp_path, "b.csv", "--dry-run")
    assert (tmp_path / "callcard.sqlite").read_bytes() == before
    wet = run(tmp_path, "b.csv")
    assert "dry run: nothing was written" in dry.stdout
    lines = [line for line in dry.stdout.splitlines() if not line.startswith("dry run")]
    assert lines == wet.stdout.splitlines()
    assert "2 added, 1 updated" in wet.stdout


def test_unknown_zone_is_one_line_of_error(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("name,phone\nAda,+12125550123\n")
    done = run(tmp_path, "a.csv", "--time-zone", "Mars/Base")
    assert done.returncode == 2
    assert "'Mars/Base' is no zone" in done.stderr
