"""Records of one person in several sources: put together by stated rules, strangers never."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcard.crm.base import Case, Contact, ContactNumber, HistoryEntry, Match
from callcard.crm.same_person import is_same_person, merge_same_people

DIRECT = ContactNumber(number="(212) 555-0123", e164="+12125550123")
SWITCHBOARD = ContactNumber(number="(212) 555-0100", e164="+12125550100")


def contact(
    source: str, name: str, *numbers: ContactNumber, id: str = "1", email: str = ""
) -> Contact:
    url = f"https://{source}.example/{id}"
    return Contact(source=source, id=id, name=name, email=email, numbers=numbers, url=url)


ADA = contact("crm", "Ada Lovelace", DIRECT, email="ada@example.org")


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (contact("erp", "Lovelace, Ada", DIRECT), True),
        (contact("erp", "ADA LOVELACE", DIRECT), True),
        (contact("erp", "Adá Lovelace", DIRECT), True),
        (contact("erp", "Accounts", email="ADA@example.org"), True),
        (contact("erp", "Charles Babbage", DIRECT), False),
        (contact("erp", "Ada Lovelace", SWITCHBOARD), False),
        (contact("erp", "", DIRECT), False),
        (contact("erp", "Ada Lovelace", ContactNumber(number="reception")), False),
        (contact("crm", "Ada Lovelace", DIRECT, id="2", email="ada@example.org"), False),
    ],
)
def test_rules(other: Contact, expected: bool) -> None:
    assert is_same_person(ADA, other) is expected
    assert is_same_person(other, ADA) is expected


def test_shared_address_says_nothing() -> None:
    one, other = (
        contact(source, name, email="Info@nordlicht.example")
        for source, name in (("crm", "Ada Lovelace"), ("erp", "Charles Babbage"))
    )
    assert not is_same_person(one, other)


def test_records_of_a_company_are_one_if_they_have_its_name() -> None:
    def company(source: str, company: str, name: str = "") -> Contact:
        return replace(contact(source, name, SWITCHBOARD), company=company)

    ferries = company("crm", "Harbour Lights Ferries")
    assert is_same_person(ferries, company("erp", "HARBOUR LIGHTS FERRIES"))
    assert is_same_person(ferries, company("erp", "", name="Harbour Lights Ferries"))
    assert not is_same_person(ferries, company("erp", "Nordlicht"))
    assert not is_same_person(ferries, company("erp", "Harbour Lights Ferries", name="Ada Byron"))
    assert not is_same_person(company("crm", ""), company("erp", ""))


def test_colleagues_with_the_switchboards_number_stay_apart() -> None:
    names = ["Joan Smith", "John Smith", "Jon Smythe", "Maria Garcia", "Mario Garcia"]
    matches = [
        Match(how="exact", contact=contact(source, name, SWITCHBOARD, id=str(index)))
        for index, name in enumerate(names)
        for source in ("crm", "erp")
    ]
    merged = merge_same_people(matches)
    assert [match.contact.name for match in merged] == names
    assert all(len(match.contact.records) == 2 for match in merged)


def test_one_record_says_what_all_sources_have() -> None:
    call = HistoryEntry(started_at="2026-03-01T09:00:00Z", kind="call", subject="pump")
    order = HistoryEntry(started_at="2026-04-01T09:00:00Z", kind="order", subject="4711")
    case = Case(id="1", subject="Leak", status="open", opened_at="2026-01-01T00:00:00Z")
    invoice = replace(case, id="7", subject="Invoice", opened_at="2026-02-01T00:00:00Z")
    one = replace(ADA, flags=("VIP",), interactions=(call,), cases=(case,))
    other = replace(
        contact("erp", "Lovelace Ada", SWITCHBOARD, DIRECT, id="9"),
        company="Engines",
        flags=("VIP", "Overdue"),
        interactions=(order, call),
        cases=(invoice,),
    )
    (match,) = merge_same_people(
        [Match(how="suffix", contact=one), Match(how="exact", contact=other)]
    )
    found = match.contact
    assert (match.how, found.source, found.id) == ("exact", "crm", "1")
    assert (found.name, found.company, found.email) == ("Ada Lovelace", "Engines", ADA.email)
    assert found.flags == ("VIP", "Overdue")
    assert [number.e164 for number in found.numbers] == ["+12125550123", "+12125550100"]
    assert found.interactions == (order, call)
    assert [each.subject for each in found.cases] == ["Invoice", "Leak"]
    assert [(each.source, each.id) for each in found.records] == [("crm", "1"), ("erp", "9")]


SOURCES = st.sampled_from(["crm", "erp", "old"])
PEOPLE = st.builds(
    contact,
    SOURCES,
    st.sampled_from(["Ada Lovelace", "Lovelace Ada", "Charles Babbage", ""]),
    st.sampled_from([DIRECT, SWITCHBOARD]),
    id=st.sampled_from(["1", "2", "3"]),
    email=st.sampled_from(["", "ada@example.org", "cb@example.org"]),
)


@given(st.lists(PEOPLE, max_size=8, unique_by=lambda each: (each.source, each.id)))
def test_no_record_is_lost_and_no_source_is_twice_in_one(people: list[Contact]) -> None:
    merged = merge_same_people([Match(how="exact", contact=each) for each in people])
    found = []
    for match in merged:
        records = match.contact.records
        own = (match.contact.source, match.contact.id)
        refs = [(each.source, each.id) for each in records] or [own]
        assert refs[0] == own
        assert len({source for source, _id in refs}) == len(refs)
        found += refs
    assert sorted(found) == sorted((each.source, each.id) for each in people)
