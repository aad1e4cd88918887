"""vCards as phones, Outlook, Lotus, iCloud and Google write them: nothing is lost silently."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from callcard.crm.base import Contact
from callcard.crm.import_report import ImportFileError, ImportProblem
from callcard.crm.local import LocalContacts
from callcard.telephony import numbers
from tests.contact_files import found, load

pytestmark = pytest.mark.anyio

NUMBER = "+49 30 23125100"
TEL = f"TEL:{NUMBER}\r\n"


def card(*lines: str, version: str = "3.0", ending: str = "\r\n") -> bytes:
    """Return a card with these properties."""
    return ending.join(["BEGIN:VCARD", f"VERSION:{version}", *lines, "END:VCARD", ""]).encode()


async def imported(
    contacts: LocalContacts, tmp_path: Path, content: bytes
) -> tuple[Contact, list[ImportProblem]]:
    """Import a file with one card; return the contact with NUMBER, and what was reported."""
    _report, problems = load(contacts, tmp_path / "a.vcf", content)
    (match,) = await contacts.by_number(numbers.read(NUMBER, "DE"))
    return match.contact, problems


QP = "ENCODING=QUOTED-PRINTABLE"
NAMES = {
    "quoted-printable with a soft break": card(
        f"N;CHARSET=UTF-8;{QP}:M=C3=BCller;J=C3=B6rg=\r\n -Peter;;;",
        f"TEL;CELL:{NUMBER}",
        version="2.1",
    ).replace(b"=\r\n -Peter", b"=\r\n-Peter"),
    "bare QUOTED-PRINTABLE": card(
        "FN;QUOTED-PRINTABLE;CHARSET=UTF-8:J=C3=B6rg-Peter M=C3=BCller",
        f"TEL:{NUMBER}",
        version="2.1",
    ),
    "ISO-8859-1 in quoted-printable": card(
        f"FN;CHARSET=ISO-8859-1;{QP}:J=F6rg-Peter M=FCller", f"TEL:{NUMBER}", version="2.1"
    ),
    "raw bytes in the charset of the property": card(f"TEL:{NUMBER}").replace(
        b"TEL", b"FN;CHARSET=windows-1252:J\xf6rg-Peter M\xfcller\r\nTEL"
    ),
    "folded inside a character": card(f"TEL:{NUMBER}").replace(
        b"TEL", b"FN:J\xc3\r\n \xb6rg-Peter M\xc3\r\n\t\xbcller\r\nTEL", 1
    ),
    "language": card("FN:Jörg-Peter Müller", "LANG;PREF=1:de", f"TEL:{NUMBER}", version="4.0"),
    "name without FN": card("N:Müller;Jörg-Peter;;;", f"TEL:{NUMBER}", version="2.1"),
    "empty FN": card("FN:", "N:Müller;Jörg-Peter;;;", f"TEL:{NUMBER}"),
    "a byte order mark in the middle of the file": card("FN:Other")
    + b"\xef\xbb\xbf"
    + card("FN:Jörg-Peter Müller", f"TEL:{NUMBER}"),
    "groups, as iCloud writes them": card(
        "FN:Jörg-Peter Müller", f"item1.TEL;type=pref:{NUMBER}", "item1.X-ABLabel:_$!<Mobile>!$_"
    ),
    "LF alone and lower case": card("fn:Jörg-Peter Müller", f"tel;type=cell:{NUMBER}", ending="\n"),
    "old Mac line ends": card("FN:Jörg-Peter Müller", f"TEL:{NUMBER}", ending="\r"),
    "UTF-16": card("FN:Jörg-Peter Müller", f"TEL:{NUMBER}").decode().encode("utf-16"),
    "UTF-16 without a mark": card("FN:Jörg-Peter Müller", f"TEL:{NUMBER}")
    .decode()
    .encode("utf-16-le"),
}


@pytest.mark.parametrize("content", NAMES.values(), ids=NAMES)
async def test_name_and_number_are_read(
    contacts: LocalContacts, tmp_path: Path, content: bytes
) -> None:
    contact, problems = await imported(contacts, tmp_path, content)
    assert contact.name == "Jörg-Peter Müller"
    assert problems == []


@pytest.mark.parametrize(
    ("line", "company"),
    [
        ("ORG:Weiß, Schwarz & Co.;Einkauf", "Weiß, Schwarz & Co., Einkauf"),
        ("ORG:Weiß\\, Schwarz & Co.", "Weiß, Schwarz & Co."),
        ("ORG:A\\;B;C", "A;B, C"),
        ("ORG:;;", ""),
    ],
)
async def test_commas_belong_to_the_company(
    contacts: LocalContacts, tmp_path: Path, line: str, company: str
) -> None:
    content = card("FN:Müller, Jörg", line, f"TEL:{NUMBER}")
    contact, problems = await imported(contacts, tmp_path, content)
    assert (contact.name, contact.company) == ("Müller, Jörg", company)
    assert problems == []


PHOTO = base64.b64encode(bytes(range(256)) * 3).decode()
BAD_PROPERTIES = {
    "a line without a colon": "this is no property",
    "a name with a space": "E MAIL:x",
    "an unknown property": "X-LOTUS-CHILD_UID:4711",
    "a broken photo": "PHOTO;ENCODING=b;TYPE=JPEG:" + PHOTO[:60] + "\r\n" + PHOTO[60:120],
    "a photo of 2.1": "PHOTO;BASE64;JPEG:\r\n " + PHOTO[:70] + "\r\n " + PHOTO[70:140] + "\r\n",
    "an address": "ADR;TYPE=HOME:;;Straße 1;Berlin;;10115;DE",
    "a birthday": "BDAY:--0203",
    "a note with line breaks": "NOTE:one\\ntwo\r\n  three",
    "an agent, which is a card": "AGENT:\r\nBEGIN:VCARD\r\nFN:Inner\r\nTEL:+4930999\r\nEND:VCARD",
    "a second address": "EMAIL:second@example.org",
    "a web address without a scheme": "URL:www.example.org",
    "a number of words": "TEL:ask the front desk",
}


@pytest.mark.parametrize("line", BAD_PROPERTIES.values(), ids=BAD_PROPERTIES)
async def test_one_property_never_costs_the_card(
    contacts: LocalContacts, tmp_path: Path, line: str
) -> None:
    content = card("FN:Ada", "EMAIL:ada@example.org", *line.split("\r\n"), f"TEL:{NUMBER}")
    contact, problems = await imported(contacts, tmp_path, content)
    assert (contact.name, contact.email) == ("Ada", "ada@example.org")
    assert [n.e164 for n in contact.numbers] == ["+493023125100"]
    assert problems, "it was not taken as it stands"
    assert all(each.line >= 4 and each.reason for each in problems)
    assert not any(each.row_left_out for each in problems)


async def test_labels_of_types_groups_and_words(contacts: LocalContacts, tmp_path: Path) -> None:
    content = card(
        "FN:Ada",
        f"TEL;TYPE=WORK,VOICE;TYPE=pref:{NUMBER}",
        'TEL;VALUE=uri;TYPE="voice,home":tel:+49-171-3900001;ext=12',
        "item2.TEL:030 23125101 (Max)",
        "item2.X-ABLabel:Sekretariat",
        "TEL;CELL;PREF:+1 646 555 0199,,9393#",
    )
    contact, problems = await imported(contacts, tmp_path, content)
    assert [(n.e164, n.label) for n in contact.numbers] == [
        ("+493023125100", "work"),
        ("+491713900001", "home, ext. 12"),
        ("+493023125101", "Sekretariat, Max"),
        ("+16465550199", "cell, then 9393#"),
    ]
    assert problems == []


def test_group_of_contacts_is_no_contact(contacts: LocalContacts, tmp_path: Path) -> None:
    content = card("FN:Friends", "KIND:group", "MEMBER:urn:uuid:1", version="4.0")
    report, problems = load(contacts, tmp_path / "a.vcf", content + card("FN:Ada", TEL.strip()))
    assert (report.added, report.rows_left_out) == (1, 1)
    assert any("a group of contacts" in each.reason for each in problems)


def test_foreign_byte_is_reported_at_its_place(contacts: LocalContacts, tmp_path: Path) -> None:
    content = card("FN:Käthe", "ORG:Größe", TEL.strip()).replace("ö".encode(), b"\xf6")
    _report, (problem,) = load(contacts, tmp_path / "a.vcf", content)
    assert (problem.line, problem.column) == (4, 7)
    assert "f6" in problem.reason
    assert "Windows-1252" in problem.reason


def test_vcard_file_has_contacts_only(contacts: LocalContacts, tmp_path: Path) -> None:
    with pytest.raises(ImportFileError, match="leave --kind out"):
        load(contacts, tmp_path / "a.vcf", card("FN:Ada"), kind="cases")


@examples(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=80
)
@given(
    st.lists(
        st.sampled_from(
            [
                b"BEGIN:VCARD", b"END:VCARD", b"FN:A", b"TEL:030 23125100", b"AGENT:", b" folded",
                b"FN;ENCODING=QUOTED-PRINTABLE:a=", b"PHOTO;BASE64:AAAA", b"\xff\xfe", b"", b"=C3",
                b'TEL;TYPE="a:030 1', b"N:;;;;", b"item1.X-ABLABEL:x", b"KIND:group",
            ]
        ),
        max_size=14,
    )
)  # fmt: skip
async def test_any_order_of_lines_is_read_or_reported(
    contacts: LocalContacts, tmp_path: Path, lines: list[bytes]
) -> None:
    content = card("FN:Last", "TEL:030 23125199")
    load(contacts, tmp_path / "a.vcf", b"\r\n".join([*lines, b"", b"END:VCARD", content]))
    assert await found(contacts, "030 23125199") == [("exact", "Last")], "a later card is read"
