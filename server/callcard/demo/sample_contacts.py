"""Sample contacts: 500 people in six countries with history and cases, the same each time.

Numbers are from ranges that are reserved for fiction where a country has them (US, GB, FR, SE),
else from ranges of large cities; no real person is meant. They are written as CSV files and
imported like a customer's, with `callcard contacts import`.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from callcard.crm import import_files
from callcard.crm.import_report import Kind
from callcard.crm.local import LocalContacts
from finesse_sandbox.desktop.pages import Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class Country:
    """Names and numbers of one country; names are separated by spaces, trades by commas."""

    code: str
    first_names: str
    last_names: str
    towns: str
    trades: str
    mobile: Callable[[random.Random], str]
    office: Callable[[random.Random], str]


def _digits(chance: random.Random, count: int) -> str:
    return "".join(chance.choices("0123456789", k=count))


COUNTRIES = (
    Country(
        code="US",
        first_names="Olivia James Emma Noah Ava Liam Mia Ethan Sophia Daniel Grace Henry",
        last_names="Johnson Reyes Nguyen Carter Brooks Patel Kim Foster",
        towns="Austin Denver Boston Portland Tampa",
        trades="Logistics,Dental Care,Hardware,Foods,Insurance",
        mobile=lambda c: f"+1 {c.choice((512, 303, 617, 503, 813))}-555-01{_digits(c, 2)}",
        office=lambda c: f"+1 ({c.choice((512, 303, 617))}) 555-01{_digits(c, 2)}",
    ),
    Country(
        code="DE",
        first_names="Lena Jürgen Sofie Björn Käthe Lukas Mia Götz Anna-Lena Felix Ömer Ines",
        last_names="Müller Weiß Schröder Krüger Özdemir Böhm Wagner von_der_Heide",
        towns="München Köln Lübeck Nürnberg Görlitz",
        trades="Maschinenbau GmbH,Apotheke,Spedition GmbH,Bäckerei,Versicherung AG",
        mobile=lambda c: f"+49 171 39{_digits(c, 5)}",
        office=lambda c: f"+49 30 23125 {_digits(c, 3)}",
    ),
    Country(
        code="GB",
        first_names="Amelia Oliver Isla Arthur Freya Rhys Siân Callum Niamh Aled",
        last_names="Smith O'Brien Jones Campbell Davies Singh Taylor-Hughes",
        towns="Leeds Cardiff York Bristol Perth",
        trades="Printing Ltd,Tea Rooms,Motors Ltd,Solicitors,Gardens",
        mobile=lambda c: f"+44 7700 900{_digits(c, 3)}",
        office=lambda c: f"+44 20 7946 0{_digits(c, 3)}",
    ),
    Country(
        code="FR",
        first_names="Chloé Hugo Zoé Léo Inès Théo Maëlle Gaël Noémie Étienne",
        last_names="Lefèvre Dubois Girard Moreau N'Diaye Lefranc Béranger",
        towns="Lyon Nîmes Orléans Angoulême Brest",
        trades="Menuiserie,Transports SARL,Pharmacie,Vins,Assurances",
        mobile=lambda c: f"+33 6 39 98 {_digits(c, 2)} {_digits(c, 2)}",
        office=lambda c: f"+33 1 99 00 {_digits(c, 2)} {_digits(c, 2)}",
    ),
    Country(
        code="SE",
        first_names="Elsa Åke Maja Östen Saga Björn Ebba Nils",
        last_names="Ångström Lindqvist Öberg Sjögren Bäck Håkansson",
        towns="Malmö Göteborg Umeå Luleå Växjö",
        trades="Bygg AB,Redovisning AB,Fiske AB,Möbler AB,Tryckeri AB",
        mobile=lambda c: f"+46 70 174 06 {c.randrange(5, 100):02}",
        office=lambda c: f"+46 8 465 004 {_digits(c, 2)}",
    ),
    Country(
        code="AE",
        first_names="فاطمة أحمد مريم خالد نورة يوسف ليلى عمر",
        last_names="المنصوري الهاشمي السويدي الكعبي النعيمي",
        towns="دبي الشارقة العين عجمان",
        trades="للتجارة,للعقارات,للنقل,للسفر",
        mobile=lambda c: f"+971 50 {c.randrange(100, 999)} {_digits(c, 4)}",
        office=lambda c: f"+971 4 {c.randrange(300, 400)} {_digits(c, 4)}",
    ),
)
SUBJECTS = (
    "Delivery was late",
    "Invoice sent twice",
    "Change of address",
    "New contract",
    "Password reset",
    "Return of goods",
    "Question about the price list",
    "Appointment moved",
    "Complaint about a technician",
    "Thank-you call",
    "Order status",
)
SWITCHBOARD = "+49 30 23125 000"
"""Shared by five people of one company."""
COMPANY_WITHOUT_NAME = "+44 20 7946 0001"
"""Belongs to a company without a person's name."""
_AGENTS = ("Ana Costa", "Bilal Haddad", "Clara Wagner")
_SEED = 20260101
_FIRST_ID = 1008
_END_ID = 1500


def write(folder: Path, url: str) -> list[tuple[Kind, Path]]:
    """Write the three CSV files to `folder`. A record's address is `url`/ID."""
    chance = random.Random(_SEED)  # noqa: S311 - the same contacts are wanted each time
    yesterday = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0)
    yesterday -= timedelta(days=1)
    people = list(_people(chance))
    interactions: list[dict[str, str]] = []
    cases: list[dict[str, str]] = []
    for person in people:
        person["url"] = f"{url}/{person['id']}"
        interactions += _interactions(chance, person, yesterday)
        if person["id"] == "C1000" or chance.random() < 0.25:
            cases.append(_case(chance, person, yesterday, f"CS-{10400 + len(cases)}"))
    tables: list[tuple[Kind, list[dict[str, str]]]] = [
        ("contacts", people),
        ("interactions", interactions),
        ("cases", cases),
    ]
    files: list[tuple[Kind, Path]] = []
    for kind, rows in tables:
        file = folder / f"{kind}.csv"
        _write_csv(file, rows)
        files.append((kind, file))
    return files


def fill(contacts: LocalContacts, folder: Path, url: str, country: str) -> int:
    """Write the files, import them, and return how many contacts there are."""
    for kind, file in write(folder, url):
        import_files.load(contacts, file, kind=kind, country=country)
    return contacts.count()


def callers() -> tuple[Caller, ...]:
    """Return who can ring in the demo: each kind of caller that an agent meets."""
    order = {"callVariable1": "Order 4711", "callVariable3": "Gold", "user.language": "de"}
    invoice = {"callVariable1": "Invoice"}
    web_form = {"callVariable1": "Web form", "user.customer_name": "Robin Vale"}
    return (
        Caller("A known customer", "+49 171 3900001", "Support", order),
        Caller("A shared switchboard number", SWITCHBOARD, "Support", invoice),
        Caller("An unknown caller", "+1 646-555-0199", "Sales", web_form),
        Caller("A caller from Dubai", "+971 50 123 4567", "Support"),
        Caller("A company without a person", COMPANY_WITHOUT_NAME, "Support"),
        Caller("Number withheld", "anonymous", "Support"),
        Caller("An extension", "1003"),
    )


def _people(chance: random.Random) -> Iterator[dict[str, str]]:
    yield _person(
        "C1000",
        "Käthe Schröder-von der Heide",
        company="Nordlicht Maschinenbau GmbH",
        email="k.schroeder@nordlicht.example",
        mobile="+49 171 3900001",
        office="+49 30 23125 117",
        language="de",
        flags="VIP; Key account",
    )
    colleagues = ("Jürgen Weiß", "Lena Krüger", "Ömer Özdemir", "Anna-Lena Böhm", "Götz Müller")
    for number, name in enumerate(colleagues, 1001):
        yield _person(f"C{number}", name, company="Nordlicht Maschinenbau GmbH", office=SWITCHBOARD)
    yield _person("C1006", "", company="Harbour Lights Ferries", office=COMPANY_WITHOUT_NAME)
    yield _person(
        "C1007",
        "فاطمة المنصوري",
        company="المنصوري للتجارة",
        email="fatima@almansoori.example",
        mobile="+971 50 123 4567",
        language="ar",
        flags="VIP; Payment overdue",
    )
    for number in range(_FIRST_ID, _END_ID):
        yield _random_person(chance, number, COUNTRIES[number % len(COUNTRIES)])


def _random_person(chance: random.Random, number: int, country: Country) -> dict[str, str]:
    first_name = chance.choice(country.first_names.split())
    last_name = chance.choice(country.last_names.split()).replace("_", " ")
    company = ""
    if chance.random() < 0.6:
        town = chance.choice(country.towns.split())
        company = f"{town} {chance.choice(country.trades.split(','))}"
    return _person(
        f"C{number}",
        f"{first_name} {last_name}",
        company=company,
        email=f"c{number}@{country.code.lower()}.example" if chance.random() < 0.5 else "",
        mobile=country.mobile(chance),
        office=country.office(chance) if company and chance.random() < 0.6 else "",
        flags=chance.choice(("", "", "", "", "VIP", "Payment overdue")),
    )


def _person(
    id: str,
    name: str,
    *,
    company: str,
    email: str = "",
    mobile: str = "",
    office: str = "",
    language: str = "",
    flags: str = "",
) -> dict[str, str]:
    return {
        "id": id,
        "name": name,
        "company": company,
        "email": email,
        "mobile": mobile,
        "office": office,
        "language": language,
        "flags": flags,
    }


def _interactions(
    chance: random.Random, person: dict[str, str], yesterday: datetime
) -> Iterator[dict[str, str]]:
    count = 6 if person["id"] == "C1000" else chance.choice((0, 1, 2, 4, 7))
    for _ in range(count):
        started_at = yesterday - timedelta(minutes=chance.randrange(60, 60 * 24 * 400))
        yield {
            "contact": person["id"],
            "started_at": started_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "kind": chance.choice(("call", "call", "mail", "chat")),
            "direction": chance.choice(("in", "out")),
            "subject": chance.choice(SUBJECTS),
            "agent": chance.choice(_AGENTS),
        }


def _case(
    chance: random.Random, person: dict[str, str], yesterday: datetime, id: str
) -> dict[str, str]:
    opened_at = yesterday - timedelta(days=chance.randrange(1, 60))
    return {
        "id": id,
        "contact": person["id"],
        "subject": chance.choice(SUBJECTS),
        "status": chance.choice(("new", "in progress", "waiting")),
        "opened_at": opened_at.strftime("%Y-%m-%d"),
        "url": person["url"],
        "open": "yes" if person["id"] == "C1000" else chance.choice(("yes", "yes", "no")),
    }


def _write_csv(file: Path, rows: list[dict[str, str]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
