"""Sample contacts: 500 plausible ones in six countries, with a past, made the same way each time.

Numbers are from ranges set aside for fiction where a country has them (US, GB, FR, SE), else from ranges of large cities; nobody is
meant. Written as the CSV files that `callcard contacts import` takes, and imported by it.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from callcard.crm import import_files
from callcard.crm.local import LocalContacts
from finesse_sandbox.desktop.pages import Caller

_Digits = Callable[[random.Random], str]


@dataclass(frozen=True, slots=True)
class Country:
    code: str
    first: str
    last: str
    towns: str
    kinds: str
    mobile: _Digits
    office: _Digits


def _digits(chance: random.Random, count: int) -> str:
    return "".join(chance.choices("0123456789", k=count))


COUNTRIES = (
    Country(
        "US", "Olivia James Emma Noah Ava Liam Mia Ethan Sophia Daniel Grace Henry", "Johnson Reyes Nguyen Carter Brooks Patel Kim Foster",
        "Austin Denver Boston Portland Tampa", "Logistics,Dental Care,Hardware,Foods,Insurance",
        lambda c: f"+1 {c.choice((512, 303, 617, 503, 813))}-555-01{_digits(c, 2)}", lambda c: f"+1 ({c.choice((512, 303, 617))}) 555-01{_digits(c, 2)}",
    ),
    Country(
        "DE", "Lena Jürgen Sofie Björn Käthe Lukas Mia Götz Anna-Lena Felix Ömer Ines", "Müller Weiß Schröder Krüger Özdemir Böhm Wagner von_der_Heide",
        "München Köln Lübeck Nürnberg Görlitz", "Maschinenbau GmbH,Apotheke,Spedition GmbH,Bäckerei,Versicherung AG",
        lambda c: f"+49 171 39{_digits(c, 5)}", lambda c: f"+49 30 23125 {_digits(c, 3)}",
    ),
    Country(
        "GB", "Amelia Oliver Isla Arthur Freya Rhys Siân Callum Niamh Aled", "Smith O'Brien Jones Campbell Davies Singh Taylor-Hughes",
        "Leeds Cardiff York Bristol Perth", "Printing Ltd,Tea Rooms,Motors Ltd,Solicitors,Gardens",
        lambda c: f"+44 7700 900{_digits(c, 3)}", lambda c: f"+44 20 7946 0{_digits(c, 3)}",
    ),
    Country(
        "FR", "Chloé Hugo Zoé Léo Inès Théo Maëlle Gaël Noémie Étienne", "Lefèvre Dubois Girard Moreau N'Diaye Lefranc Béranger",
        "Lyon Nîmes Orléans Angoulême Brest", "Menuiserie,Transports SARL,Pharmacie,Vins,Assurances",
        lambda c: f"+33 6 39 98 {_digits(c, 2)} {_digits(c, 2)}", lambda c: f"+33 1 99 00 {_digits(c, 2)} {_digits(c, 2)}",
    ),
    Country(
        "SE", "Elsa Åke Maja Östen Saga Björn Ebba Nils", "Ångström Lindqvist Öberg Sjögren Bäck Håkansson",
        "Malmö Göteborg Umeå Luleå Växjö", "Bygg AB,Redovisning AB,Fiske AB,Möbler AB,Tryckeri AB",
        lambda c: f"+46 70 174 06 {c.randrange(5, 100):02}", lambda c: f"+46 8 465 004 {_digits(c, 2)}",
    ),
    Country(
        "AE", "فاطمة أحمد مريم خالد نورة يوسف ليلى عمر", "المنصوري الهاشمي السويدي الكعبي النعيمي",
        "دبي الشارقة العين عجمان", "للتجارة,للعقارات,للنقل,للسفر",
        lambda c: f"+971 50 {c.randrange(100, 999)} {_digits(c, 4)}", lambda c: f"+971 4 {c.randrange(300, 400)} {_digits(c, 4)}",
    ),
)  # fmt: skip
SUBJECTS = (
    "Delivery was late", "Invoice sent twice", "Change of address", "New contract", "Password reset", "Return of goods",
    "Question about the price list", "Appointment moved", "Complaint about a technician", "Thank-you call", "Order status",
)  # fmt: skip
SWITCHBOARD = "+49 30 23125 000"
"""Shared by five people of one company; a company elsewhere has its number without a person's name."""
NAMELESS = "+44 20 7946 0001"


def write(folder: Path, url: str) -> list[tuple[import_files.Kind, Path]]:
    """The three CSV files in `folder`. Records open at `url`/ID."""
    chance = random.Random(20260101)  # noqa: S311 - the same contacts each time is what is wanted
    now = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0) - timedelta(days=1)
    people = list(_people(chance))
    written: list[tuple[import_files.Kind, Path]] = [("contacts", folder / "contacts.csv")]
    _table(written[0][1], [{**person, "url": f"{url}/{person['id']}"} for person in people])
    past: list[dict[str, str]] = []
    cases: list[dict[str, str]] = []
    for person in people:
        for _ in range(6 if person["id"] == "C1000" else chance.choice((0, 1, 2, 4, 7))):
            at = now - timedelta(minutes=chance.randrange(60, 60 * 24 * 400))
            kind = chance.choice(("call", "call", "mail", "chat"))
            past.append({
                "contact": person["id"], "at": at.strftime("%Y-%m-%dT%H:%M:%SZ"), "kind": kind, "direction": chance.choice(("in", "out")),
                "subject": chance.choice(SUBJECTS), "agent": chance.choice(("Ana Costa", "Bilal Haddad", "Clara Wagner")),
            })  # fmt: skip
        if person["id"] == "C1000" or chance.random() < 0.25:
            opened = now - timedelta(days=chance.randrange(1, 60))
            cases.append({
                "id": f"CS-{10400 + len(cases)}", "contact": person["id"], "subject": chance.choice(SUBJECTS),
                "status": chance.choice(("new", "in progress", "waiting")), "opened": opened.strftime("%Y-%m-%d"),
                "url": f"{url}/{person['id']}", "open": "yes" if person["id"] == "C1000" else chance.choice(("yes", "yes", "no")),
            })  # fmt: skip
    written += [("interactions", folder / "interactions.csv"), ("cases", folder / "cases.csv")]
    _table(written[1][1], past)
    _table(written[2][1], cases)
    return written


def fill(store: LocalContacts, folder: Path, url: str, country: str) -> int:
    """Write the files and import them; answers how many contacts there are then."""
    for kind, file in write(folder, url):
        import_files.load(store, file, kind=kind, country=country)
    return store.count()


def callers() -> tuple[Caller, ...]:
    """Who can ring in the demo: each kind of caller that an agent meets."""
    told = {"callVariable1": "Order 4711", "callVariable3": "Gold", "user.language": "de"}
    return (
        Caller("A customer everybody knows", "+49 171 3900001", "Support", told),
        Caller(
            "Somebody at a shared switchboard", SWITCHBOARD, "Support", {"callVariable1": "Invoice"}
        ),
        Caller(
            "Nobody knows this one",
            "+1 646-555-0199",
            "Sales",
            {"callVariable1": "Web form", "user.customer_name": "Robin Vale"},
        ),
        Caller("A caller from Dubai", "+971 50 123 4567", "Support"),
        Caller("A company without a person", NAMELESS, "Support"),
        Caller("Number withheld", "anonymous", "Support"),
        Caller("An extension", "1003"),
    )


def _people(chance: random.Random) -> Iterator[dict[str, str]]:
    flags = {"flags": "VIP; Speaks English"}
    known = {
        "id": "C1000",
        "name": "Käthe Schröder-von der Heide",
        "company": "Nordlicht Maschinenbau GmbH",
        "email": "k.schroeder@nordlicht.example",
    }
    yield {**known, "mobile": "+49 171 3900001", "office": "+49 30 23125 117", **flags}
    for place, name in enumerate(
        ("Jürgen Weiß", "Lena Krüger", "Ömer Özdemir", "Anna-Lena Böhm", "Götz Müller"), 1001
    ):
        yield {
            "id": f"C{place}",
            "name": name,
            "company": "Nordlicht Maschinenbau GmbH",
            "email": "",
            "mobile": "",
            "office": SWITCHBOARD,
            "flags": "",
        }
    yield {
        "id": "C1006",
        "name": "",
        "company": "Harbour Lights Ferries",
        "email": "",
        "mobile": "",
        "office": NAMELESS,
        "flags": "",
    }
    dubai = {
        "id": "C1007",
        "name": "فاطمة المنصوري",
        "company": "المنصوري للتجارة",
        "email": "fatima@almansoori.example",
    }
    yield {**dubai, "mobile": "+971 50 123 4567", "office": "", "flags": "VIP"}
    for place in range(1008, 1500):
        country = COUNTRIES[place % len(COUNTRIES)]
        first, last = (
            chance.choice(country.first.split()),
            chance.choice(country.last.split()).replace("_", " "),
        )
        company = (
            f"{chance.choice(country.towns.split())} {chance.choice(country.kinds.split(','))}"
            if chance.random() < 0.6
            else ""
        )
        yield {
            "id": f"C{place}",
            "name": f"{first} {last}",
            "company": company,
            "email": f"c{place}@{country.code.lower()}.example" if chance.random() < 0.5 else "",
            "mobile": country.mobile(chance),
            "office": country.office(chance) if company and chance.random() < 0.6 else "",
            "flags": chance.choice(("", "", "", "", "VIP", "Payment overdue")),
        }


def _table(file: Path, rows: list[dict[str, str]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
