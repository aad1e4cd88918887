"""Which call a report belongs to, although Finesse reuses dialog ids."""

from __future__ import annotations

from typing import Any

import pytest

from callcard.journal.call_identity import claim_matches, is_same_call, may_join
from callcard.journal.call_record import CallRecord
from callcard.journal.record_merging import ReportingAgent, apply_report
from callcard.journal.report import CallReport
from callcard.journal.simultaneous_rings import (
    ring_names,
    rings_together,
    stored_ring_names,
)
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


def test_call_key_decides_also_when_the_customer_waited_long_after_a_transfer() -> None:
    record = ended_call(call_key="5:1")
    assert is_same_call(record, call_report("2", [], started=3000, call_key="5:1"))
    assert not is_same_call(
        record, call_report("2", [], started=3000, call_key="5:2", associated_call="1")
    )


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


def test_used_id_with_another_caller_is_another_call_although_the_first_is_open() -> None:
    record = record_of(ANA, call_report("1", [(0, ANA, "ACTIVE")]))
    again = call_report("1", [(40, ANA, "ALERTING")], started=40, from_address="+12125550199")
    assert not is_same_call(record, again)
    assert is_same_call(record, call_report("1", [(40, ANA, "ACTIVE")], started=40)), (
        "the answer resets the start"
    )
    hidden = call_report("1", [(40, ANA, "ACTIVE")], started=40, from_address="")
    assert is_same_call(record, hidden), "a hidden caller says nothing"
    late = call_report("1", [(0, ANA, "ACTIVE")], started=0, from_address="+12125550199")
    assert is_same_call(record, late), "one start is one call"


@pytest.mark.parametrize(
    ("known", "claimed", "is_same"),
    [
        ({"call_key": "5:1"}, {"call_key": "5:1", "started": 900}, True),
        ({"call_key": "5:1"}, {"call_key": "5:2"}, False),
        ({}, {}, True),
        ({}, {"started": 30}, True),  # the answer resets the start, and the end was not reported
        ({"started": 30}, {}, True),
        ({}, {"started": 9 + 600}, False),  # the id is used again
        ({"started": 9 + 600}, {}, False),
        ({}, {"from_address": "+12125550199"}, False),
        ({}, {"started": 30, "from_address": ""}, False),  # names only the id
    ],
)
def test_claim_is_on_a_call_of_the_same_key_or_of_the_same_caller_and_time(
    known: dict[str, Any], claimed: dict[str, Any], is_same: bool
) -> None:
    claim = record_of(BILAL, call_report("1", [(9, BILAL, "DROPPED")], ended=True, **claimed))
    assert claim_matches(ended_call(**known), claim) is is_same


def test_dialogs_that_ring_an_agent_at_once_for_one_caller_are_one_call() -> None:
    interim = record_of(BILAL, call_report("T", [(9, BILAL, "ALERTING")], started=9))
    call = call_report("O", [(9, BILAL, "ALERTING")], started=0)
    assert rings_together(interim, BILAL, call)
    assert stored_ring_names(interim) <= set(ring_names(BILAL, BILAL, call))


@pytest.mark.parametrize(
    "other",
    [
        call_report("O", [(9, BILAL, "ALERTING")], from_address="+12125550199"),
        call_report("O", [(15, BILAL, "ALERTING")]),
        call_report("O", [(9, ANA, "ALERTING")]),
        call_report("O", [(9, BILAL, "ALERTING")], from_address=BILAL),
        call_report("O", [(9, BILAL, "ALERTING")], from_address=""),
        call_report("O", [(9, BILAL, "ALERTING")], call_key="5:2"),
        call_report("T", [(9, BILAL, "ALERTING")]),
    ],
    ids=["caller", "time", "agent", "outgoing", "hidden", "call key", "same dialog"],
)
def test_other_calls_do_not_ring_together(other: CallReport) -> None:
    states = [(9, BILAL, "ALERTING")]
    record = record_of(BILAL, call_report("T", states, started=9, call_key="5:1"))
    assert not rings_together(record, BILAL, other)


def test_call_that_rings_again_after_it_ended_is_another_one() -> None:
    states = [(8, BILAL, "ALERTING"), (9, BILAL, "DROPPED")]
    record = record_of(BILAL, call_report("T", states, started=8, ended=True))
    assert not rings_together(record, BILAL, call_report("O", [(10, BILAL, "ALERTING")]))


NONE: frozenset[str] = frozenset()


def verified_call(agent: str, dialog: str = "1") -> CallRecord:
    reporting = ReportingAgent(login_id=agent, extension=agent)
    report = call_report(dialog, [(0, agent, "ACTIVE"), (0, BILAL, "ACTIVE")])
    links = frozenset({dialog})
    record = CallRecord(id="one")
    return apply_report(record, reporting, report, number=CUSTOMER, now=1.0, verified=links)


def test_claim_alone_joins_nothing() -> None:
    record = verified_call(ANA)
    claim = call_report("1", [(0, "1003", "ACTIVE")], started=0)
    assert not may_join(record, "1003", "1003", claim, NONE), "not even with the exact start"
    assert may_join(record, ANA, ANA, claim, NONE), "she is in it"
    assert may_join(record, "1003", "1003", claim, frozenset({"1"})), "Finesse shows it to them"


def test_agent_in_the_states_of_a_verified_dialog_may_join() -> None:
    record = verified_call(ANA)
    assert may_join(record, BILAL, BILAL, call_report("1", []), NONE)
    assert not may_join(record, BILAL, BILAL, call_report("2", []), NONE)


def test_claimed_dialog_does_not_join_reports_of_others() -> None:
    record = verified_call(ANA)
    claim = call_report("7", [(1, BILAL, "ACTIVE")], associated_call="1")
    reporting = ReportingAgent(login_id=ANA, extension=ANA)
    record = apply_report(record, reporting, claim, number=CUSTOMER, now=2.0)
    assert not may_join(record, BILAL, BILAL, call_report("7", []), frozenset({"7"}))
