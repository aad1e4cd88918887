"""What a desktop says about a call is a claim: it opens nobody else's call and reaches no CRM."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.harness.waiting import wait_until
from tests.security.attacked import (
    ATTACKER,
    COLLEAGUE,
    SUPERVISOR,
    VICTIM,
    AttackedService,
    attacked_service,
)

CUSTOMER = "+12125550123"
OTHER_CUSTOMER = "+12125550199"
SECRET = "the customer's card ends in 4711"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[AttackedService]:
    with attacked_service(tmp_path) as attacked:
        yield attacked


def began(call: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(call["participants"][0]["joined_at"])


def iso(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def victims_call(service: AttackedService) -> tuple[str, dict[str, Any], str]:
    """Let the victim take a call and write notes; return the dialog, the report, the record."""
    call = service.ring(CUSTOMER)
    service.act(call, VICTIM, "ANSWER")
    report = service.seen_by(VICTIM, call)
    record = service.report(VICTIM, report).json()["interaction"]["id"]
    service.send(VICTIM, "PUT", f"interactions/{record}", {"notes": SECRET}).raise_for_status()
    return call, report, record


def sees_or_changes(service: AttackedService, report: dict[str, Any], record: str) -> bool:
    """Let the attacker send a report; return whether it opens the victim's record."""
    answers = [
        service.report(ATTACKER, report),
        service.report(ATTACKER, {**report, "ended": True}),
    ]
    paths = {f"interactions/{record}", f"interactions?call={report['id']}"}
    for answer in answers:
        if answer.status_code == 200 and (interaction := answer.json()["interaction"]):
            paths.add(f"interactions/{interaction['id']}")
    answers += [service.send(ATTACKER, "GET", path) for path in paths]
    change = service.send(ATTACKER, "PUT", f"interactions/{record}", {"notes": "mine"})
    return change.status_code == 200 or any(SECRET in answer.text for answer in answers)


def test_exact_start_of_a_call_opens_nothing(service: AttackedService) -> None:
    _call, report, record = victims_call(service)
    start = began(report)
    for milliseconds in range(-3, 4):
        moved = iso(start + timedelta(milliseconds=milliseconds))
        participants = [{**each, "joined_at": moved} for each in report["participants"]]
        for forged in (
            {**report, "participants": participants},
            {"id": report["id"], "participants": participants[:1]},
            {
                "id": report["id"],
                "participants": [
                    *participants,
                    {"address": ATTACKER, "state": "ACTIVE", "state_since": moved},
                ],
            },
        ):
            assert not sees_or_changes(service, forged, record)


@pytest.mark.parametrize("field", ["associated_call", "merged_call", "call_key"])
def test_naming_a_call_opens_nothing(service: AttackedService, field: str) -> None:
    """With an invented call, and with a real one of the attacker's own."""
    call, _report, record = victims_call(service)
    value = service.call_key(call) if field == "call_key" else call
    own_call = service.ring(OTHER_CUSTOMER, ATTACKER)
    own = service.seen_by(ATTACKER, own_call)
    for forged in ({"id": "77", field: value}, {**own, field: value}):
        assert not sees_or_changes(service, forged, record)
    notes = service.send(VICTIM, "GET", f"interactions/{record}").json()["notes"]
    assert [note["text"] for note in notes] == [SECRET]


def test_call_reported_before_it_exists_does_not_join_the_real_one(
    service: AttackedService,
) -> None:
    known = service.ring(OTHER_CUSTOMER, COLLEAGUE)
    coming = str(int(known) + 1)
    now = iso(datetime.now(UTC))
    for forged in (
        {"id": coming},
        {
            "id": coming,
            "from_address": "+4930555",
            "participants": [
                {"address": each, "state": "ACTIVE", "state_since": now, "joined_at": now}
                for each in (ATTACKER, VICTIM)
            ],
        },
    ):
        caught = service.report(ATTACKER, forged).json()["interaction"]["id"]
        service.send(ATTACKER, "PUT", f"interactions/{caught}", {"notes": "forged"})
    # Also as part of a call that the attacker really has.
    own_call = service.ring(OTHER_CUSTOMER, ATTACKER)
    assert own_call == coming, "the sandbox counts"
    coming = str(int(own_call) + 1)
    own = service.seen_by(ATTACKER, own_call)
    for field in ("associated_call", "merged_call"):
        own_record = service.report(ATTACKER, {**own, field: coming}).json()["interaction"]["id"]

    call, report, record = victims_call(service)
    assert call == coming
    answer = service.report(VICTIM, report, lookup=True).json()
    assert answer["number"] == CUSTOMER
    assert answer["interaction"]["id"] == record
    assert record not in (caught, own_record)
    assert [note["text"] for note in answer["interaction"]["notes"]] == [SECRET]
    assert not sees_or_changes(service, {**own, "associated_call": call}, record)


def test_calls_that_finesse_never_had_reach_no_crm(service: AttackedService) -> None:
    now = datetime.now(UTC)
    for number, ended in enumerate((False, True, True)):
        start = iso(now - timedelta(minutes=number))
        participants = [
            {"address": each, "state": "DROPPED" if ended else "ACTIVE", "joined_at": start}
            | {"state_since": start}
            for each in (ATTACKER, CUSTOMER)
        ]
        forged = {"id": f"99{number}", "participants": participants, "from_address": CUSTOMER}
        answer = service.report(ATTACKER, {**forged, "ended": ended}).json()
        assert not answer["verified"]
        path = f"interactions/{answer['interaction']['id']}"
        service.send(ATTACKER, "PUT", path, {"notes": "forged", "finished": True})
        service.report(ATTACKER, {**forged, "ended": True})
        assert service.send(ATTACKER, "POST", f"{path}/retry").status_code in (403, 404)
    call, report, _record = victims_call(service)
    service.hang_up(call)
    service.report(VICTIM, {**report, "ended": True})
    wait_until(lambda: bool(service.crm.interactions), 15)
    time.sleep(2)
    assert [each.call_ids for each in service.crm.interactions.values()] == [(call,)]


def test_supervisor_can_deliver_what_was_never_confirmed(service: AttackedService) -> None:
    """After an outage the calls in it are reported late: they wait for a person, none is lost."""
    call = service.ring(CUSTOMER)
    service.act(call, VICTIM, "ANSWER")
    report = service.seen_by(VICTIM, call)
    service.hang_up(call)
    answer = service.report(VICTIM, {**report, "ended": True}).json()
    assert answer["interaction"]["status"] == "unverified"

    def parked_interactions() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = service.send(SUPERVISOR, "GET", "interactions").json()[
            "interactions"
        ]
        return found

    wait_until(lambda: bool(parked_interactions()), 20)
    (parked,) = parked_interactions()
    assert "supervisor" in parked["problem"]
    service.send(SUPERVISOR, "POST", f"interactions/{parked['id']}/retry").raise_for_status()
    wait_until(lambda: bool(service.crm.interactions), 15)
    assert [each.call_ids for each in service.crm.interactions.values()] == [(call,)]
    audit = service.send(SUPERVISOR, "GET", "audit").json()["entries"]
    assert audit[0]["action"] == "interaction released"


def test_never_log_number_of_a_stranger_deletes_nothing(service: AttackedService) -> None:
    entry = {"number": OTHER_CUSTOMER, "reason": "asked for it"}
    service.send(SUPERVISOR, "POST", "lists/never-log", entry).raise_for_status()
    call, _report, record = victims_call(service)
    service.act(call, VICTIM, "CONSULT_CALL", COLLEAGUE)
    calls = service.send(VICTIM, "GET", "calls").json()["calls"]
    consult = next(each["id"] for each in calls if each["id"] != call)
    consult_report = service.seen_by(COLLEAGUE, consult)
    consult_record = service.report(COLLEAGUE, consult_report).json()["interaction"]["id"]
    coming = str(int(consult) + 1)
    for forged in (
        {"id": consult, "from_address": OTHER_CUSTOMER},
        {"id": call, "from_address": OTHER_CUSTOMER, "associated_call": consult},
        {"id": "77", "from_address": OTHER_CUSTOMER, "associated_call": consult},
        {"id": coming, "from_address": OTHER_CUSTOMER},
        {"id": call, "variables": {"BACustomerNumber": OTHER_CUSTOMER}},
    ):
        for agent in (ATTACKER, COLLEAGUE):
            service.report(agent, forged)
            service.report(agent, {**forged, "ended": True})
    assert service.send(VICTIM, "GET", f"interactions/{record}").status_code == 200
    assert service.send(COLLEAGUE, "GET", f"interactions/{consult_record}").status_code == 200
    next_call = service.ring(CUSTOMER, ATTACKER)
    assert next_call == coming
    answer = service.report(ATTACKER, service.seen_by(ATTACKER, next_call)).json()
    assert not answer["never_logged"], "the forged mark is not there"


def test_verified_call_survives_a_finesse_that_is_away(service: AttackedService) -> None:
    """What was confirmed once stays confirmed, and what cannot be confirmed now is kept apart."""
    call = service.ring(CUSTOMER)
    report = service.seen_by(VICTIM, call)
    service.arm_fault("unavailable", path=f"/finesse/api/User/{VICTIM}/Dialogs")
    answer = service.report(VICTIM, report, lookup=True).json()
    assert not answer["verified"]
    path = f"interactions/{answer['interaction']['id']}"
    service.send(VICTIM, "PUT", path, {"notes": SECRET}).raise_for_status()
    answer = service.report(VICTIM, report).json()
    assert answer["verified"]
    assert [note["text"] for note in answer["interaction"]["notes"]] == [SECRET]
    assert service.send(VICTIM, "PUT", path, {"finished": True}).status_code == 200


def notes_of(service: AttackedService, record: str) -> list[str]:
    notes = service.send(VICTIM, "GET", f"interactions/{record}").json()["notes"]
    return [note["text"] for note in notes]


def participant(address: str, state: str, since: str) -> dict[str, Any]:
    return {"address": address, "state": state, "state_since": since, "joined_at": since}


def test_reused_dialog_id_opens_nothing(service: AttackedService) -> None:
    own = service.ring(OTHER_CUSTOMER, ATTACKER)
    report = service.seen_by(ATTACKER, own)
    service.report(ATTACKER, report).raise_for_status()
    service.hang_up(own)
    service.report(ATTACKER, {**report, "ended": True}).raise_for_status()
    service.arm_fault("ids")
    call, _report, record = victims_call(service)
    assert call == own, "Finesse counts from the start again"
    for forged in ({"id": call}, report, {**report, "ended": True}):
        assert not sees_or_changes(service, forged, record)
    assert notes_of(service, record) == [SECRET]


def test_call_dated_into_an_outage_does_not_join_another_call(tmp_path: Path) -> None:
    with attacked_service(tmp_path) as first:
        first.ring(OTHER_CUSTOMER, COLLEAGUE)
    time.sleep(1)
    with attacked_service(tmp_path, journal={"unverified_calls": "outage"}) as service:
        outage = iso(datetime.now(UTC) - timedelta(seconds=2))
        call, report, record = victims_call(service)
        forged = {
            "id": call,
            "ended": True,
            "from_address": OTHER_CUSTOMER,
            "participants": [
                participant(OTHER_CUSTOMER, "DROPPED", outage),
                participant(ATTACKER, "DROPPED", outage),
                participant(VICTIM, "DROPPED", "2099-01-01T00:00:00.000Z"),
            ],
        }
        assert not sees_or_changes(service, forged, record)
        answer = service.report(VICTIM, report, lookup=True).json()
        assert (answer["number"], answer["call_ended"]) == (CUSTOMER, False)


def consulted(service: AttackedService, call: str, agent: str) -> tuple[str, dict[str, Any]]:
    """Let the victim consult an agent who reports it; return the consult and its report."""
    service.act(call, VICTIM, "CONSULT_CALL", agent)
    calls = service.send(VICTIM, "GET", "calls").json()["calls"]
    consult = next(each["id"] for each in calls if each["id"] != call)
    service.report(VICTIM, service.seen_by(VICTIM, consult)).raise_for_status()
    report = service.seen_by(agent, consult)
    service.report(agent, report).raise_for_status()
    return consult, report


def test_consulted_agent_does_not_control_the_whole_call(service: AttackedService) -> None:
    call, report, record = victims_call(service)
    _consult, own = consulted(service, call, ATTACKER)
    early = "2020-01-01T00:00:00.000Z"
    for lie in (
        {"from_address": OTHER_CUSTOMER, "participants": [participant(ATTACKER, "ACTIVE", early)]},
        {"participants": [participant(VICTIM, "DROPPED", "2099-01-01T00:00:00.000Z")]},
        {"variables": {"callVariable1": "lie", "BACustomerNumber": OTHER_CUSTOMER}},
    ):
        service.report(ATTACKER, {**own, **lie})
        service.report(ATTACKER, {**own, **lie, "ended": True})
        answer = service.report(VICTIM, report).json()
        assert (answer["number"], answer["call_ended"]) == (CUSTOMER, False), lie
        assert answer["interaction"]["started_at"] > early
        change = service.send(VICTIM, "PUT", f"interactions/{record}", {"notes": SECRET})
        assert change.status_code == 200, "the call goes on"


def test_never_log_number_of_a_colleague_deletes_no_notes(tmp_path: Path) -> None:
    telephony = {"number_variables": ["callVariable1"]}
    with attacked_service(tmp_path, telephony=telephony) as service:
        entry = {"number": OTHER_CUSTOMER, "reason": "asked for it"}
        service.send(SUPERVISOR, "POST", "lists/never-log", entry).raise_for_status()
        call, _report, record = victims_call(service)
        consult, own = consulted(service, call, ATTACKER)
        service.act(consult, ATTACKER, "ANSWER")
        change = {"variables": {"callVariable1": OTHER_CUSTOMER}}
        service.send(ATTACKER, "POST", f"calls/{consult}/data", change)
        service.report(ATTACKER, {**own, **change})
        assert SECRET in notes_of(service, record)
        report = service.seen_by(VICTIM, call)
        assert report["associated_call"], "Finesse names the consult in the victim's call"
        assert not service.report(VICTIM, report).json()["never_logged"]
        assert SECRET in notes_of(service, record)


def test_extension_is_not_a_person(service: AttackedService) -> None:
    call, report, record = victims_call(service)
    consult, own = consulted(service, call, COLLEAGUE)
    service.act(consult, COLLEAGUE, "ANSWER")
    service.act(consult, VICTIM, "DROP")
    for agent in (COLLEAGUE, ATTACKER):
        service.sign_out(agent)
    service.sign_in(ATTACKER, COLLEAGUE)
    service.send(ATTACKER, "GET", "me")
    forged = {**own, "from_address": OTHER_CUSTOMER, "ended": True}
    service.report(ATTACKER, forged)
    forged["participants"] = [participant(COLLEAGUE, "ACTIVE", "2020-01-01T00:00:00.000Z")]
    service.report(ATTACKER, forged)
    answer = service.report(VICTIM, report).json()
    assert answer["number"] == CUSTOMER
    change = service.send(ATTACKER, "GET", f"interactions/{record}")
    assert SECRET not in change.text


def test_contact_chosen_before_the_call_is_verified_stays(service: AttackedService) -> None:
    contact = service.send(VICTIM, "POST", "contacts", {"name": "Ada", "numbers": [CUSTOMER]})
    call = service.ring(CUSTOMER)
    report = service.seen_by(VICTIM, call)
    service.arm_fault("unavailable", path=f"/finesse/api/User/{VICTIM}/Dialogs")
    apart = service.report(VICTIM, report).json()["interaction"]["id"]
    choice = {"contact": {"source": "local", "id": contact.json()["id"]}}
    service.send(VICTIM, "PUT", f"interactions/{apart}", choice).raise_for_status()
    answer = service.report(VICTIM, report).json()
    assert answer["verified"]
    assert answer["interaction"]["contact"]["name"] == "Ada"


def test_one_401_loses_no_report(service: AttackedService) -> None:
    call = service.ring(CUSTOMER)
    report = service.seen_by(VICTIM, call)
    service.arm_fault("unauthorized", path=f"/finesse/api/User/{VICTIM}/Dialogs")
    answer = service.report(VICTIM, report)
    assert (answer.status_code, answer.json()["verified"]) == (200, False)
    assert service.report(VICTIM, report).json()["verified"]
