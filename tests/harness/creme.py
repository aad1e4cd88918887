"""The database of a Creme CRM for tests, made and filled by Creme itself."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

HOW_TO_GET = (
    "no Creme CRM: python3 -m venv .creme && .creme/bin/pip install creme-crm (in the project's "
    "folder; its dependencies would conflict with Callcard's)"
)
_SETTINGS = """
from .settings import *
from .local_settings import *
INSTALLED_CREME_APPS = [f"creme.{name}" for name in (
    "creme_core", "creme_config", "custom_entities", "documents", "persons", "activities")]
INSTALLED_APPS = INSTALLED_DJANGO_APPS + INSTALLED_CREME_APPS
"""
_FILL = """
import json
from datetime import datetime, timezone
from creme.activities.models import Activity, ActivitySubType
from creme.creme_core.models import CremeUser, Relation
from creme.persons.models import Contact, Organisation
user = CremeUser.objects.filter(is_superuser=True).first()
for each in json.loads(PERSONS):
    company = each.pop("company", "")
    meeting = each.pop("meeting", "")
    is_deleted = each.pop("deleted", False)
    person = Contact if "last_name" in each else Organisation
    entity = person.objects.create(user=user, **each)
    if is_deleted:
        entity.trash()
    def relate(type, to):
        Relation.objects.create(subject_entity=entity, type_id=type, object_entity=to, user=user)
    if company:
        employer, _made = Organisation.objects.get_or_create(name=company, defaults={"user": user})
        relate("persons-subject_employed_by", employer)
    if meeting:
        type = ActivitySubType.objects.first()
        activity = Activity.objects.create(
            user=user, title=meeting, type=type.type, sub_type=type,
            start=datetime(2026, 3, 1, 9, 30, tzinfo=timezone.utc))
        relate("activities-subject_participates_to_activity", activity)
"""


def find_program() -> str | None:
    """Return Creme's command, in the project's folder `.creme` or in the search path."""
    own = Path(__file__).parents[2] / ".creme" / "bin" / "creme"
    beside = Path(sys.executable).with_name("creme")
    return next((str(each) for each in (own, beside) if each.is_file()), shutil.which("creme"))


@dataclass(frozen=True)
class CremeDatabase:
    project: Path

    @property
    def url(self) -> str:
        return f"sqlite+aiosqlite:///{self.project / 'crm' / 'db.sqlite3'}"

    def run(self, *arguments: str) -> None:
        program = find_program()
        assert program, HOW_TO_GET
        subprocess.run(
            [program, *arguments],
            cwd=self.project,
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "crm.callcard"},
            check=True,
            capture_output=True,
        )

    def create(self) -> None:
        program = find_program()
        assert program, HOW_TO_GET
        command = [program, "creme_start_project", "crm"]
        subprocess.run(command, cwd=self.project.parent, check=True, capture_output=True)
        (self.project / "crm" / "callcard.py").write_text(_SETTINGS)
        self.run("migrate")
        self.run("creme_populate")

    def add(self, *persons: dict[str, Any]) -> None:
        """Add contacts (with a last name) and organisations by their fields in Creme.

        Beside these: `company` names the employer, `meeting` an activity, `deleted` puts it into
        the trash.
        """
        self.run("shell", "-c", f"PERSONS = {json.dumps(persons)!r}\n{_FILL}")


@contextmanager
def creme_database() -> Iterator[CremeDatabase]:
    with TemporaryDirectory(prefix="callcard-creme-") as name:
        database = CremeDatabase(Path(name) / "crm")
        database.create()
        yield database
