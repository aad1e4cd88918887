"""Search in the local contacts: spellings, scripts, numbers, references."""

import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcard.crm.local import LocalContacts
from callcard.crm.local_writes import ContactEntry
from callcard.crm.text_index import text_query
from callcard.telephony import numbers
from callcard.text import fold
from tests.contact_files import CSV, load
from tests.contracts.crm import INTERACTION

pytestmark = pytest.mark.anyio


async def test_search_finds_email_customer_number_and_case(
    contacts: LocalContacts, tmp_path: Path
) -> None:
    load(
        contacts,
        tmp_path / "a.csv",
        "id,name,email,phone\nC-77,Eva Brandt,e.brandt@werk.example,030 1234567\n"
        "C-78,Ewald Brandt,office@other.example,030 1234568\n",
    )
    load(
        contacts,
        tmp_path / "c.csv",
        "id,contact,subject,open,opened_at\nCS-10400,C-78,Leak,yes,2026-01-01\n",
        kind="cases",
    )
    for text, names in (
        ("e.brandt@werk", ["Eva Brandt"]),
        ("werk.example", ["Eva Brandt"]),
        ("OFFICE@other.example", ["Ewald Brandt"]),
        ("C-77", ["Eva Brandt"]),
        ("CS-10400", ["Ewald Brandt"]),
        ("brandt", ["Eva Brandt", "Ewald Brandt"]),
    ):
        assert [each.name for each in await contacts.search(text, 10)] == names, text


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("jur wei", "Jürgen Weiß"),
        ("WEISS", "Jürgen Weiß"),
        ("nordl", "Nordlicht GmbH"),
        ("omer", "Ømer O'Brien"),
        ("o'b", "Ømer O'Brien"),
        ("0171 39", "Jürgen Weiß"),
        ("+49 171", "Jürgen Weiß"),
        ("0049171", "Jürgen Weiß"),
        ("020 7946", "Ømer O'Brien"),
        ('"jürgen" OR *', "Jürgen Weiß"),
    ],
)
async def test_search_folds_accents_and_matches_prefixes(
    contacts: LocalContacts, tmp_path: Path, text: str, name: str
) -> None:
    load(contacts, tmp_path / "kunden.csv", CSV)
    assert name in [
        c.name or c.company for c in await contacts.search(text.replace(" OR *", ""), 10)
    ]


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("Jürgen Müller", ["mueller", "müller", "muller", "MÜLL", "juergen"]),
        ("Joerg Mueller", ["müller", "jörg", "muller", "mueller"]),
        ("Søren Ærø", ["soeren", "soren", "aero"]),
        ("علي موسى", ["على", "موسي", "علی"]),
        ("فاطمة الزهراء", ["فاطمه", "الزهراء"]),
        ("كريم", ["کریم"]),
        ("کریم", ["كريم"]),
        ("محمـــد", ["محمد"]),
        ("Schrö\u00adder", ["schröder"]),
        ("An\u200bna\ufeff", ["anna"]),
        ("Anna", ["an\u200dna", "\u200eanna", "\ufeffanna"]),
        ("山田太郎", ["太郎", "山田", "田太"]),
        ("株式会社ABC製作所", ["abc", "製作所", "会社"]),
        ("ＡＢＣ Ｔｒａｄｉｎｇ", ["abc", "trading"]),
        ("C++ GmbH", ["C++", "c++ gm"]),
        ("C# AG", ["c#"]),
        ("M&S Ltd", ["M&S", "m&s ltd"]),
        ("A.B.C. Inc", ["a.b.c", "abc"]),
        ("D’Angelo", ["d'angelo", "dangelo", "angelo"]),
        ("D´Angelo", ["dangelo", "d'angelo"]),
        ("O‘Brien", ["O'Brien", "obrien"]),
        ("צ׳רלי", ["צרלי"]),
        ("ØSTERGAARD", ["oestergaard", "østergaard", "ostergaard"]),
        ("Åberg", ["aaberg", "åberg"]),
        ("Müller+Partner", ["partner", "müller partner", "Müller+Partner", "mueller"]),
        ("Müller + Partner", ["Müller+Partner"]),
        ("H & M", ["h&m", "hm"]),
        ("1&1", ["1 & 1"]),
        ("홍길동", ["길동", "홍길"]),
        ("삼성전자", ["전자"]),
        ("عبد الله", ["عبدالله"]),
        ("عبدالله", ["عبد الله"]),
        ("فرع ٣٦٥", ["365"]),
        (
            "فاطمة المنصوري",
            ["fatima", "Fatmah", "mansouri", "al-Mansoori", "fatima el mansuri", "fat"],
        ),
        ("محمد", ["muhammad", "Mohamed", "mohammed"]),
        ("عبد الله", ["abdullah", "Abdallah"]),
        ("قاسم", ["qasim", "Kassem"]),
        ("שרה כהן", ["sarah", "cohen", "kohen"]),
        ("Пётр Иванов", ["petr", "ivanov", "Ivanov P"]),
        ("Παπαδόπουλος", ["papadop"]),
        ("ナカムラ", ["nakamura"]),
    ],
)
async def test_spellings_of_a_name_are_found(
    contacts: LocalContacts, name: str, texts: list[str]
) -> None:
    contacts.write_contacts([ContactEntry(key="id:1", name=name, numbers=[])])
    for text in texts:
        assert [each.name for each in await contacts.search(text, 5)] == [name], text


async def test_latin_name_does_not_find_arabic_names_by_one_consonant(
    contacts: LocalContacts,
) -> None:
    contacts.write_contacts([ContactEntry(key="id:1", name="علي", numbers=[])])
    for text in ("lu", "Leo", "li"):
        assert await contacts.search(text, 5) == [], text


async def test_search_finds_the_order_number_of_an_earlier_call(contacts: LocalContacts) -> None:
    ids = contacts.write_contacts(
        ContactEntry(key=f"id:{name}", name=name, numbers=[]) for name in ("Eva", "Ewald")
    ).ids
    interaction = replace(
        INTERACTION,
        contact=str(ids[0]),
        contact_source=contacts.name,
        variables={"callVariable1": "Order 47-11.", "callVariable2": "gold"},
    )
    await contacts.log(interaction)
    for text, names in (
        ("47-11", ["Eva"]),
        (" #47-11 ", ["Eva"]),
        ("ORDER", []),
        ("gold", []),
        ("47", []),
    ):
        assert [each.name for each in await contacts.search(text, 5)] == names, text
    await contacts.log(replace(interaction, contact=str(ids[1])))
    assert [each.name for each in await contacts.search("47-11", 5)] == ["Ewald"]


@pytest.mark.parametrize(
    "text",
    [
        "+49 (0)30 23125100",
        "\u202a+493023125100\u202c",
        "030–23125100",
        "030\u201123125100",
        "٠٣٠٢٣١٢٥١٠٠",
        "０３０２３１２５１００",
        "tel:+493023125100",
    ],
)
async def test_number_is_found_however_it_is_typed(contacts: LocalContacts, text: str) -> None:
    number = numbers.read("030 23125100", "DE")
    contacts.write_contacts([ContactEntry(key="id:1", name="Anna", numbers=[(number, "")])])
    assert [each.name for each in await contacts.search(text, 5)] == ["Anna"]


async def test_other_symbols_are_other_names(contacts: LocalContacts) -> None:
    names = ("C++ GmbH", "C# AG")
    contacts.write_contacts(ContactEntry(key=f"id:{name}", name=name, numbers=[]) for name in names)
    assert [each.name for each in await contacts.search("c++", 5)] == ["C++ GmbH"]


@given(st.text(max_size=60))
def test_any_text_gives_a_valid_full_text_query(text: str) -> None:
    query = text_query(text)
    assert query.count('"') % 2 == 0
    words = re.findall('"([^"]*)"', query)
    assert all(len(word) >= 2 or not word.isascii() for word in words)
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("create virtual table texts using fts5 (words)")
        if query:
            database.execute("select * from texts where texts match ?", (query,))
    assert fold(fold(text)) == fold(text)
