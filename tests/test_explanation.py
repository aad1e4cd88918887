"""Why a look-up found whom it found: what was asked, what agreed, who is shown and who is not."""

from __future__ import annotations

import asyncio
import copy
import re
from pathlib import Path
from typing import Any

import pytest

from callcard.crm.base import Contact, ContactSource, Match
from callcard.crm.directory import Directory
from callcard.crm.explanation import Explanation, explain
from callcard.crm.open_sources import open_sources
from callcard.crm.source_guard import GuardedSource, SourceLimits
from callcard.settings_sections import ContactsSettings
from callcard.telephony.numbers import Number
from tests.harness.contact_centre import ADA_E164, ADA_NAME, BABBAGE_NAME, ContactCentre
from tests.harness.ports import free_port
from tests.harness.rest_crm import CONFIGURATION, RestCrm
from tests.harness.serving import listening
from tests.harness.settings import settings_in
from tests.test_cli import callcard
from tests.test_selection import choose, reference

pytestmark = pytest.mark.anyio

SECRET = 'k3y "with quotes"'


class Directoryless(ContactSource):
    """A source that never answers."""

    name = "slow"

    async def by_number(self, number: Number) -> list[Match]:
        await asyncio.sleep(60)
        return []


async def explained(sources: list[GuardedSource], number: str) -> Explanation:
    directory = Directory(sources, "US", ContactsSettings())
    try:
        return await explain(directory, number)
    finally:
        for source in sources:
            await source.close()


async def test_requests_are_shown_without_the_credentials(tmp_path: Path) -> None:
    crm, port = RestCrm(), free_port()
    rest: dict[str, Any] = {**copy.deepcopy(CONFIGURATION), "kind": "rest", "name": "engines"}
    rest["base_url"] = f"http://127.0.0.1:{port}"
    rest["settings"] = {**rest["settings"], "token": SECRET}
    rest["by_number"]["query"]["key"] = "<< settings.token >>"
    rest["by_number"]["body"] = {"secret": "<< settings.token >>"}
    settings = settings_in(tmp_path, "http://127.0.0.1:1", sources=[rest])
    with listening((crm.app, port)):
        explanation = await explained(open_sources(settings), "(212) 555-0123")
    (source,) = explanation.sources
    assert (source.name, source.status, source.problem) == ("engines", "ok", "")
    assert source.seconds > 0
    spellings = [re.findall(r"phone=(\S+)&", request) for request in source.requests[:2]]
    assert spellings == [["12125550123"], ["2125550123"]], "in the order in which they were tried"
    assert source.requests[0].startswith("GET 127.0.0.1/people?phone=12125550123&key=… {")
    text = " ".join(source.requests)
    assert "k3y" not in text
    assert rest["auth"]["token"] not in text
    assert "/people/7/calls" in text, "what is asked for the record, too"
    (record,) = source.records
    assert (record.id, record.name, record.verdict) == ("7", "Ada Lovelace", "selected")
    assert (record.number, record.label) == ("(212) 555-0123", "office")


async def test_records_of_one_person_and_of_others_are_told_apart() -> None:
    def source_of(name: str, *found: tuple[str, str, str]) -> GuardedSource:
        class Crm(ContactSource):
            async def by_number(self, number: Number) -> list[Match]:
                return [
                    Match(
                        how="exact",
                        contact=Contact(source=name, id=id, name=person, email=email),
                    )
                    for id, person, email in found
                ]

        crm = Crm()
        crm.name = name
        return GuardedSource(crm, SourceLimits(), 1.0)

    crm = source_of("crm", ("1", "Ada", "ada@x.example"), ("2", "Grace", ""))
    erp = source_of("erp", ("9", "A. Lovelace", "ADA@x.example"))
    slow = GuardedSource(Directoryless(), SourceLimits(deadline_seconds=0.05), 1.0)
    explanation = await explained([crm, erp, slow], "+12125550123")
    assert explanation.selection is None, "Ada or Grace"
    verdicts = [
        (each.id, each.verdict, each.merged_with, each.merged_by)
        for source in explanation.sources
        for each in source.records
    ]
    assert verdicts == [
        ("1", "offered", "", ""),
        ("2", "offered", "", ""),
        ("9", "merged", "crm/1", "email"),
    ]
    assert [(each.name, each.status) for each in explanation.sources] == [
        ("crm", "ok"),
        ("erp", "ok"),
        ("slow", "late"),
    ]
    assert explanation.sources[2].problem == "slow did not answer within 0.05 seconds"


async def test_withheld_number_is_explained_without_asking_anybody() -> None:
    slow = GuardedSource(Directoryless(), SourceLimits(), 1.0)
    explanation = await explained([slow], "anonymous")
    assert (explanation.number.kind, explanation.sources) == ("withheld", ())


async def test_remembered_choice_is_explained_and_forgotten_by_command(
    centre: ContactCentre,
) -> None:
    (babbage,) = await centre.crm.search(BABBAGE_NAME, 1)
    await choose(centre, "1001", ADA_E164, reference(babbage))
    async with centre.api("1002") as api:
        response = await api.get("/contacts/explanation", params={"number": ADA_E164})
        explanation = response.json()
        assert (await api.get("/contacts/explanation")).status_code == 400
    assert explanation["policy"] == "ask"
    assert explanation["selection"]["rule"] == "remembered"
    (local,) = explanation["sources"]
    found = {each["name"]: (each["how"], each["verdict"]) for each in local["records"]}
    assert found == {
        ADA_NAME: ("exact", "offered"),
        BABBAGE_NAME: ("remembered", "selected"),
    }
    assert local["requests"] == [f"the whole number: {ADA_E164}"]
    assert explanation["readings"][0]["e164"] == ADA_E164

    def run(*command: str) -> str:
        folder = Path(centre.settings.contacts_path)
        done = callcard(*command, "--database", str(folder), cwd=folder.parent)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    shown = await asyncio.to_thread(run, "number", "explain", ADA_E164)
    assert re.search(rf"caller     local/\d+ {BABBAGE_NAME}: Ana Costa chose it on 2026-", shown)
    assert f"{BABBAGE_NAME} (chosen by an agent, without the number)" in shown
    assert await asyncio.to_thread(run, "number", "forget", ADA_E164) == f"{ADA_E164}: forgotten\n"
    again = await asyncio.to_thread(run, "number", "forget", ADA_E164)
    assert again == f"{ADA_E164}: no agent has chosen a contact\n"
    shown = await asyncio.to_thread(run, "number", "explain", ADA_E164)
    assert f"{ADA_NAME}: nobody else has the number" in shown
