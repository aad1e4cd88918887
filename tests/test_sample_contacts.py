"""The demo's sample contacts."""

from pathlib import Path

from callcard.crm import import_files
from callcard.crm.import_report import ImportProblem
from callcard.crm.local import LocalContacts
from callcard.demo import sample_contacts
from callcard.telephony import numbers


def test_samples_are_500_contacts_in_six_countries(contacts: LocalContacts, tmp_path: Path) -> None:
    refused: list[ImportProblem] = []
    for kind, file in sample_contacts.write(tmp_path, "http://crm"):
        import_files.load(contacts, file, kind=kind, country="US", on_problem=refused.append)
    assert refused == []
    assert contacts.count() == 500
    rows = contacts._reader.execute("select e164, contact_id from contact_number").fetchall()
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
