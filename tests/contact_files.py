"""Contact files for tests: a small CSV file, an import, and a look-up by number."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from callcard.crm import import_files
from callcard.crm.import_report import ImportProblem, ImportReport
from callcard.crm.local import LocalContacts
from callcard.telephony import numbers

CSV = """Kundennr;Vorname;Nachname;Firma;Telefon;Mobil;E-Mail;Merkmale
7;Jürgen;Weiß;Nordlicht GmbH;+49 30 23125 100;0171 3900001;jw@example.org;VIP, Altkunde
8;Ømer;O'Brien;;+44 20 7946 0001;;;
9;;;Nordlicht GmbH;+49 30 23125 100;;;
"""


def load(
    contacts: LocalContacts, path: Path, content: str | bytes, **options: Any
) -> tuple[ImportReport, list[ImportProblem]]:
    """Write `content` to a file and import it; return the report and what was left out."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    problems: list[ImportProblem] = []
    report = import_files.load(contacts, path, country="DE", on_problem=problems.append, **options)
    return report, problems


async def found(contacts: LocalContacts, number: str) -> list[tuple[str, str]]:
    """Return how each contact matched a number, and its name or company."""
    matches = await contacts.by_number(numbers.read(number, "DE"))
    return [(match.how, match.contact.name or match.contact.company) for match in matches]
