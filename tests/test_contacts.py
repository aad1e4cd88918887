"""Local contacts: what goes in through files, what is found, and what is refused with its reason."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from callcard.crm import import_files
from callcard.crm.base import NewContact
from callcard.crm.import_files import FileUnusable, Refused
from callcard.crm.local import LocalContacts, text_query
from callcard.demo import sample_contacts
from callcard.errors import SourceUnavailable
from callcard.settings import Settings
from callcard.telephony import numbers
from callcard.text import fold

pytestmark = pytest.mark.anyio

CSV = """Kundennr;Vorname;Nachname;Firma;Telefon;Mobil;E-Mail;Merkmale
7;Jürgen;Weiß;Nordlicht GmbH;+49 30 23125 100;0171 3900001;jw@example.org;VIP, Altkunde
8;Ømer;O'Brien;;+44 20 7946 0001;;;
9;;;Nordlicht GmbH;+49 30 23125 100;;;
"""


def load(
    store: LocalContacts, path: Path, text: str | bytes, **told: Any
) -> tuple[import_files.Report, list[Refused]]:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    refused: list[Refused] = []
    report = import_files.load(store, path, country="DE", refused=refused.append, **told)
    return report, refused


async def found(store: LocalContacts, number: str) -> list[tuple[str, str]]:
    return [
        (m.how, m.contact.name or m.contact.company)
        for m in await store.by_number(numbers.read(number, "DE"))
    ]


async def test_a_csv_with_german_columns_is_understood_without_a_mapping(
    contacts: LocalContacts, tmp_path: Path
) -> None:
    report, refused = load(contacts, tmp_path / "kunden.csv", CSV)
    assert (report.added, report.updated, refused) == (3, 0, [])
    (match,) = await contacts.by_number(numbers.read("+491713900001", "US"))
    assert match.contact.name == "Jürgen Weiß"
    assert match.contact.flags == ("VIP", "Altkunde")
    assert [n.e164 for n in match.contact.numbers] == ["+493023125100", "+491713900001"]
    assert [n.label for n in match.contact.numbers] == ["Telefon", "Mobil"]


async def test_a_second_import_updates_and_does_not_double(
    contacts: LocalContacts, tmp_path: Path
) -> None:
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


async def test_without_ids_the_same_file_twice_does_not_double_either(
    contacts: LocalContacts, tmp_path: Path
) -> None:
    text = "name,phone\nAda Lovelace,+44 20 7946 0002\nAda Lovelace,+44 20 7946 0003\n"
    assert load(contacts, tmp_path / "a.csv", text)[0].added == 2, "two people may have one name"
    assert load(contacts, tmp_path / "a.csv", text)[0].added == 0


async def test_columns_that_a_file_does_not_have_keep_what_is_stored(
    contacts: LocalContacts, tmp_path: Path
) -> None:
    load(contacts, tmp_path / "kunden.csv", CSV)
    load(contacts, tmp_path / "mails.csv", "id,name,email\n7,Jürgen Weiß,new@example.org\n")
    (match,) = await contacts.by_number(numbers.read("+491713900001", "DE"))
    assert match.contact.email == "new@example.org"
    assert match.contact.company == "Nordlicht GmbH"


async def test_a_shared_switchboard_finds_everybody_behind_it(
    contacts: LocalContacts, tmp_path: Path
) -> None:
    load(contacts, tmp_path / "kunden.csv", CSV)
    assert sorted(await found(contacts, "030 23125100")) == [
        ("exact", "Jürgen Weiß"),
        ("exact", "Nordlicht GmbH"),
    ]


async def test_the_last_digits_are_a_fallback_and_say_so(
    contacts: LocalContacts, tmp_path: Path
) -> None:
    load(contacts, tmp_path / "a.csv", "name,phone\nKnown,+49 30 23125100\n")
    assert await found(contacts, "+43 30 23125100") == [("suffix", "Known")]
    assert await found(contacts, "+49 30 99925100") == [], "seven digits are not enough"


async def test_who_was_spoken_to_last_is_the_likeliest(
    contacts: LocalContacts, tmp_path: Path
) -> None:
    load(contacts, tmp_path / "kunden.csv", CSV)
    history = "contact,at,subject\n9,2026-03-01T10:00:00Z,Second\n7,2026-02-01,First\nnobody,2026-01-01,Lost\n9,soon,Vague\n"
    report, refused = load(contacts, tmp_path / "past.csv", history, kind="interactions")
    assert report.added == 2
    assert [(r.field, r.why) for r in refused] == [
        ("at", "not a date as in 2026-03-01T09:30:00Z"), ("contact", "no contact was imported with this id"),
    ]  # fmt: skip
    assert [name for _how, name in await found(contacts, "030 23125100")] == [
        "Nordlicht GmbH",
        "Jürgen Weiß",
    ]
    load(contacts, tmp_path / "past.csv", history, kind="interactions")
    (match, _other) = await contacts.by_number(numbers.read("030 23125100", "DE"))
    assert [i.subject for i in match.contact.interactions] == ["Second"], (
        "imported twice, there once"
    )


async def test_only_the_last_ten_interactions_and_the_open_cases_come_along(
    contacts: LocalContacts, tmp_path: Path
) -> None:
    load(contacts, tmp_path / "kunden.csv", CSV)
    load(
        contacts,
        tmp_path / "p.csv",
        "contact,at,subject\n" + "".join(f"7,2026-01-{d:02},S{d}\n" for d in range(1, 14)),
        kind="interactions",
    )
    load(
        contacts,
        tmp_path / "c.csv",
        "id,contact,subject,open,opened\nA,7,Leak,yes,2026-01-01\nB,7,Done,no,2026-01-02\n",
        kind="cases",
    )
    (match,) = await contacts.by_number(numbers.read("0171 3900001", "DE"))
    assert [i.subject for i in match.contact.interactions] == [f"S{d}" for d in range(13, 3, -1)]
    assert [c.subject for c in match.contact.cases] == ["Leak"]


@pytest.mark.parametrize(
    ("typed", "who"),
    [
        ("jur wei", "Jürgen Weiß"), ("WEISS", "Jürgen Weiß"), ("nordl", "Nordlicht GmbH"), ("omer", "Ømer O'Brien"),
        ("o'b", "Ømer O'Brien"), ("0171 39", "Jürgen Weiß"), ("+49 171", "Jürgen Weiß"), ("0049171", "Jürgen Weiß"),
        ("020 7946", "Ømer O'Brien"), ('"jürgen" OR *', "Jürgen Weiß"),
    ],
)  # fmt: skip
async def test_search_by_beginnings_with_accents_folded(
    contacts: LocalContacts, tmp_path: Path, typed: str, who: str
) -> None:
    load(contacts, tmp_path / "kunden.csv", CSV)
    assert who in [
        c.name or c.company for c in await contacts.search(typed.replace(" OR *", ""), 10)
    ]


@given(st.text(max_size=60))
def test_any_text_makes_a_query_of_words_alone(text: str) -> None:
    query = text_query(text)
    assert query.count('"') % 2 == 0
    assert all(len(word.strip('"*')) >= 2 or not word.isascii() for word in query.split())
    assert fold(fold(text)) == fold(text)


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


async def test_vcards_of_both_versions_come_in_and_a_broken_one_costs_itself_alone(
    contacts: LocalContacts, tmp_path: Path
) -> None:
    report, refused = load(contacts, tmp_path / "book.vcf", VCARDS)
    assert report.added == 2
    assert report.refused_rows == 2
    assert any("END:VCARD" in r.why for r in refused)
    (match,) = await contacts.by_number(numbers.read("+442079460002", "DE"))
    assert match.contact.name == "Siân Davies"
    (match,) = await contacts.by_number(numbers.read("0171 3900001", "DE"))
    assert (match.contact.company, match.contact.flags) == (
        "Nordlicht GmbH, Einkauf",
        ("VIP", "Altkunde"),
    )
    assert load(contacts, tmp_path / "book.vcf", VCARDS)[0].updated == 2


# ---- bad input


async def test_nothing_is_lost_silently(contacts: LocalContacts, tmp_path: Path) -> None:
    late = ("name,phone\n" + "A,+12125550100\n" * 8000).encode() + "Jürgen,030 23125100\n".encode(
        "cp1252"
    )
    load(contacts, tmp_path / "a.csv", late)
    assert await found(contacts, "030 23125100") == [("exact", "Jürgen")], (
        "the first umlaut is far from the start"
    )
    load(contacts, tmp_path / "b.csv", "name,phone\nAnna\u2028Smith\x0bX,030 23125101\n")
    assert await found(contacts, "030 23125101") == [("exact", "Anna Smith X")], (
        "only line ends end lines"
    )
    load(contacts, tmp_path / "c.csv", 'name,phone\nTwo,"030 23125102 ; 030 23125103"\n')
    assert (
        await found(contacts, "030 23125102")
        == await found(contacts, "030 23125103")
        == [("exact", "Two")]
    )
    _, refused = load(
        contacts,
        tmp_path / "d.csv",
        'name,phone\nGood,030 23125104\n"Bad,030 23125105\nMore,030 23125106\n',
    )
    assert [r.why for r in refused] == ["the row can't be read: unexpected end of data"]
    report, refused = load(
        contacts,
        tmp_path / "e.vcf",
        "BEGIN:VCARD\nFN:Lost\nBEGIN:VCARD\nVERSION:3.0\nFN:Two\nEND:VCARD\n",
    )
    assert (report.added, [r.why for r in refused]) == (1, ["the card has no END:VCARD"])
    odd = "BEGIN:VCARD\nVERSION:3.0\nFN:A\nBEGIN:TEL\nX:1\nEND:TEL\nEND:VCARD\nBEGIN:VCARD\nVERSION:3.0\nFN:B\nEND:VCARD\n"
    assert load(contacts, tmp_path / "f.vcf", odd)[0].added >= 1, (
        "the next card comes in whatever the one before was"
    )
    report, _ = load(contacts, tmp_path / "g.csv", "name,Phone 1 - Value\nX,1\n")
    assert (report.used, report.ignored) == (["name → name"], ["Phone 1 - Value"])


async def test_a_long_field_does_not_turn_its_lines_into_contacts(
    contacts: LocalContacts, tmp_path: Path
) -> None:
    note = "x" * 200_000 + "\nInjected,+12025550666\n"
    _, refused = load(
        contacts,
        tmp_path / "a.csv",
        f'name,phone,email\nA,030 23125100,"{note}"\nB,030 23125101,\n',
    )
    assert [r.why for r in refused] == ["longer than 4096 characters"]
    assert await found(contacts, "+12025550666") == []
    assert await found(contacts, "030 23125101") == [("exact", "B")]


async def test_a_closed_case_is_not_open(contacts: LocalContacts, tmp_path: Path) -> None:
    load(contacts, tmp_path / "kunden.csv", CSV)
    rows = "id,contact,subject,status,url\nA,7,Leak,Closed,\nB,7,Drip,new,javascript:alert(1)\n"
    load(contacts, tmp_path / "c.csv", rows, kind="cases")
    (match,) = await contacts.by_number(numbers.read("0171 3900001", "DE"))
    assert [(case.subject, case.url) for case in match.contact.cases] == [("Drip", "")]


async def test_saving_while_somebody_else_writes_ends_in_time(
    contacts: LocalContacts, settings: Settings
) -> None:
    import asyncio
    import sqlite3
    import time

    other = sqlite3.connect(settings.database, isolation_level=None)
    other.execute("begin immediate")
    new = NewContact(key="k", name="N", company="", email="", numbers=())
    begun = time.monotonic()
    answers = await asyncio.gather(
        *(contacts.create(new) for _ in range(6)), return_exceptions=True
    )
    assert {type(answer) for answer in answers} == {SourceUnavailable}
    assert time.monotonic() - begun < 3
    other.execute("rollback")
    other.close()
    assert (await contacts.create(new)).name == "N"


async def test_rows_are_refused_with_line_field_and_reason(
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
    report, refused = load(contacts, tmp_path / "a.csv", text)
    assert (report.added, report.refused_rows, report.left_out_values) == (3, 2, 2)
    assert sorted((r.line, r.field) for r in refused) == [
        (3, "number"),
        (3, "url"),
        (5, "name"),
        (6, ""),
    ]
    assert await found(contacts, "030 23125101") == [("exact", "Multi line")]


@pytest.mark.parametrize(
    ("text", "told", "why"),
    [
        ("a,b\n1,2\n", {}, "--map name="),
        ("", {}, "nothing at all"),
        ("name,phone\nx,y\n", {"mapping": [("nme", "name")]}, "there is no field 'nme'"),
        ("name,phone\nx,y\n", {"mapping": [("name", "Nam")]}, "there is no column 'Nam'"),
        ("name\nx\n", {"encoding": "klingon"}, "there is no encoding"),
        ("x\n", {"kind": "cases"}, "no column for id or contact or subject"),
    ],
)
async def test_a_file_that_says_too_little_is_refused_as_a_whole(
    contacts: LocalContacts, tmp_path: Path, text: str, told: dict[str, object], why: str
) -> None:
    with pytest.raises(FileUnusable, match=why):
        load(contacts, tmp_path / "a.csv", text, **told)
    assert contacts.count() == 0


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
async def test_what_excel_writes_is_read(
    contacts: LocalContacts, tmp_path: Path, encoding: str
) -> None:
    load(contacts, tmp_path / "a.csv", "Name\tTelefon\nKäthe\t030 23125100\n".encode(encoding))
    assert await found(contacts, "030 23125100") == [("exact", "Käthe")]


@examples(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)
@given(st.binary(max_size=400), st.sampled_from([".csv", ".vcf"]))
def test_rubbish_never_breaks_an_import(
    contacts: LocalContacts, tmp_path: Path, rubbish: bytes, suffix: str
) -> None:
    start = b"name,phone\n" if suffix == ".csv" else b"BEGIN:VCARD\n"
    load(contacts, tmp_path / f"a{suffix}", start + rubbish)


def test_the_sample_is_500_plausible_contacts_in_six_countries(
    contacts: LocalContacts, tmp_path: Path
) -> None:
    refused: list[Refused] = []
    for kind, file in sample_contacts.write(tmp_path, "http://crm"):
        import_files.load(contacts, file, kind=kind, country="US", refused=refused.append)
    assert refused == []
    assert contacts.count() == 500
    rows = contacts._reader.execute("select e164, contact from number").fetchall()
    assert all(e164 for e164, _contact in rows)
    assert {numbers.read(e164, "US").country for e164, _contact in rows} == {
        "US",
        "DE",
        "GB",
        "FR",
        "SE",
        "AE",
    }
    assert len(rows) > len({contact for _e164, contact in rows}), "several numbers a person"
