"""Which call a report belongs to, although Finesse reuses dialog ids."""

from __future__ import annotations

from typing import Any

from callcard.journal.call_identity import has_taken_part, is_same_call
from callcard.journal.call_record import CallRecord
from callcard.journal.record_merging import ReportingAgent, apply_report
from callcard.journal.report import CallReport
from tests.harness.reports import ANA, BILAL, CUSTOMER, call_report


def record_of(agent: str, report: CallReport) -> CallRecord:
    reporting = ReportingAgent(login_id=agent, extension=agent)
    return apply_report(CallRecord(id="one"), reporting, report, number=CUSTOMER, now=1.0)


def ended_call(**fields: Any) -> CallRecord:
    states = [(0, ANA, "ACTIVE"), (9, ANA, "DROPPED")]
    return record_of(ANA, call_report("1", states, ended=True, **fields))


def test_call_key_decides() -> None:
    record = ended_call(call_key="5:1")
    assert is_same_call(record, call_report("1", [], call_key="5:1"))
    assert not is_same_call(record, call_report("1", [], call_key="5:2"))


def test_start_time_decides_without_call_key() -> None:
    record = ended_call()
    assert is_same_call(record, call_report("1", []))
    assert not is_same_call(record, call_report("1", [], started=30))


def test_consult_during_the_call_belongs_to_it() -> None:
    assert is_same_call(ended_call(), call_report("2", [], started=5, associated_call="1"))


def test_late_report_of_a_call_joins_its_consult() -> None:
    consult = record_of(
        BILAL, call_report("2", [(5, BILAL, "ALERTING")], started=5, associated_call="1")
    )
    assert is_same_call(consult, call_report("1", [], started=0))
    assert not is_same_call(consult, call_report("1", [], started=6)), "the id is used again"


def test_agent_has_taken_part_if_a_report_shows_them_or_they_know_the_start() -> None:
    record = ended_call()
    assert has_taken_part(record, ANA, call_report("1", [], started=3))
    assert has_taken_part(record, BILAL, call_report("1", [], started=0))
    assert not has_taken_part(record, BILAL, call_report("1", [], started=3))
