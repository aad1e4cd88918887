"""Reports of one call merge into one record, in whatever order and however often they arrive."""

from __future__ import annotations

import random
from dataclasses import replace

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from callcard.journal.call_record import CallRecord, Segment
from callcard.journal.record_merging import ReportingAgent, apply_report, merge_records
from callcard.journal.report import CallReport
from tests.harness.reports import ANA, BILAL, CUSTOMER, at, call_report

STATES = ["INITIATED", "ALERTING", "ACTIVE", "HELD", "WRAP_UP", "DROPPED"]

Reports = list[tuple[str, CallReport]]
"""The reporting agent and the report."""


@st.composite
def reports(draw: st.DrawFn) -> Reports:
    """What two agents' desktops report of one call, in the order in which it happens."""
    drawn = []
    for second in range(draw(st.integers(1, 12))):
        agent = draw(st.sampled_from([ANA, BILAL]))
        addresses = draw(st.sets(st.sampled_from([CUSTOMER, ANA, BILAL])))
        states = [(second, address, draw(st.sampled_from(STATES))) for address in addresses]
        drawn.append((agent, call_report("1", states, ended=draw(st.booleans()))))
    return drawn


def merge(reports: Reports, record: CallRecord | None = None, now: float = 1.0) -> CallRecord:
    record = record or CallRecord(id="one")
    for agent, report in reports:
        reporting = ReportingAgent(login_id=agent, extension=agent, name=agent)
        record = apply_report(record, reporting, report, number=CUSTOMER, now=now)
    return record


def segment_of(record: CallRecord, agent: str) -> Segment:
    segment = record.segment(agent)
    assert segment
    return segment


@given(reports(), st.randoms(use_true_random=False))
def test_order_and_repetition_of_reports_make_no_difference(
    reports: Reports, chance: random.Random
) -> None:
    shuffled = [*reports, *reports[: len(reports) // 2]]
    chance.shuffle(shuffled)
    one = merge(reports)
    other = merge(shuffled)
    assert one.states == other.states
    assert (one.started_at, one.answered_at, one.ended_at, one.end_reason) == (
        other.started_at,
        other.answered_at,
        other.ended_at,
        other.end_reason,
    )
    for segment in one.segments:
        same = segment_of(other, segment.agent)
        assert (segment.removed_at, segment.joined_at) == (same.removed_at, same.joined_at)


@given(reports(), st.integers(0, 12))
def test_merged_records_equal_the_record_of_all_reports(reports: Reports, cut: int) -> None:
    whole = merge(reports)
    first = merge(reports[:cut])
    second = replace(merge(reports[cut:]), id="two")
    merged = merge_records(first, second)
    assert merged.id == "one"
    assert (merged.states, merged.ended_at, merged.end_reason, merged.dialogs) == (
        whole.states,
        whole.ended_at,
        whole.end_reason,
        whole.dialogs,
    )
    removed = {segment.agent: segment.removed_at for segment in merged.segments}
    assert removed == {segment.agent: segment.removed_at for segment in whole.segments}


def test_durations_of_ring_talk_hold_and_wrap_up() -> None:
    record = merge(
        [
            (ANA, call_report("1", [(0, CUSTOMER, "INITIATED"), (0, ANA, "ALERTING")])),
            (ANA, call_report("1", [(5, CUSTOMER, "ACTIVE"), (5, ANA, "ACTIVE")])),
            (ANA, call_report("1", [(20, ANA, "HELD")])),
            (ANA, call_report("1", [(30, ANA, "ACTIVE")])),
            (ANA, call_report("1", [(50, CUSTOMER, "DROPPED"), (50, ANA, "WRAP_UP")])),
        ]
    )
    segment = segment_of(record, ANA)
    durations = [record.seconds_in(segment, state) for state in ("ALERTING", "ACTIVE", "HELD")]
    assert durations == [5, 35, 10]
    assert (record.in_wrap_up, record.ended_at, record.end_reason) == (True, at(50), "completed")
    ended = merge([(ANA, call_report("1", [(62, ANA, "DROPPED")], ended=True))], record, now=2.0)
    assert not ended.in_wrap_up
    assert ended.wrap_up_seconds(segment_of(ended, ANA)) == 12
    assert ended.ended_at == at(50), "wrap-up is no part of the call"


def test_seconds_of_a_consult_that_became_the_customers_call_count_once() -> None:
    """After the transfer both dialogs show the consulted agent since the consult began."""
    record = merge(
        [
            (ANA, call_report("1", [(0, CUSTOMER, "ACTIVE"), (0, ANA, "ACTIVE")])),
            (ANA, call_report("1", [(10, ANA, "HELD")])),
            (BILAL, call_report("2", [(12, BILAL, "ACTIVE")], started=10, from_address=ANA)),
            (BILAL, call_report("1", [(12, BILAL, "ACTIVE"), (30, ANA, "DROPPED")])),
            (BILAL, call_report("2", [(30, BILAL, "DROPPED")], started=10, ended=True)),
            (BILAL, call_report("1", [(50, BILAL, "DROPPED")], ended=True)),
        ]
    )
    assert record.seconds_in(segment_of(record, BILAL), "ACTIVE") == 38
    assert record.seconds_in(segment_of(record, ANA), "ACTIVE") == 10
    assert record.seconds_in(segment_of(record, ANA), "HELD") == 20


def test_agent_who_finished_the_call_has_to_finish_it_again_if_it_comes_back() -> None:
    record = merge([(ANA, call_report("1", [(0, ANA, "ACTIVE"), (0, CUSTOMER, "ACTIVE")]))])
    finished = record.with_segment(replace(segment_of(record, ANA), finished=True))
    still_on = merge([(ANA, call_report("1", [(5, ANA, "HELD")]))], finished)
    assert segment_of(still_on, ANA).finished
    left = merge([(ANA, call_report("1", [(9, ANA, "DROPPED")], ended=True))], still_on)
    assert segment_of(left, ANA).finished
    back = merge([(ANA, call_report("1", [(30, ANA, "ALERTING")]))], left)
    assert not segment_of(back, ANA).finished


def test_wrap_up_on_uccx_is_the_agents_own_state() -> None:
    record = merge([(ANA, call_report("1", [(0, ANA, "ACTIVE")]))])
    for second, state in ((10, "WORK"), (25, "READY")):
        report = call_report(
            "1",
            [(10, ANA, "DROPPED"), (10, CUSTOMER, "DROPPED")],
            ended=True,
            agent_state=state,
            agent_state_since=at(second),
        )
        record = merge([(ANA, report)], record)
    assert record.wrap_up_seconds(segment_of(record, ANA)) == 15


def test_lost_segment_is_active_again_after_a_new_report() -> None:
    record = merge([(ANA, call_report("1", [(0, ANA, "ACTIVE"), (0, CUSTOMER, "ACTIVE")]))])
    lost = record.with_segment(replace(segment_of(record, ANA), lost_at=100.0))
    assert lost.end_reason == "lost"
    assert not lost.is_active(segment_of(lost, ANA))
    back = merge([(ANA, call_report("1", [(0, ANA, "ACTIVE")]))], lost, now=200.0)
    assert back.end_reason == ""
    assert back.is_active(segment_of(back, ANA))


def test_participant_omitted_after_failover_counts_as_active() -> None:
    record = merge([(BILAL, call_report("1", [(3, ANA, "ACTIVE"), (0, CUSTOMER, "ACTIVE")]))])
    assert record.is_active(segment_of(record, BILAL))


def test_call_that_is_gone_without_a_last_state_was_not_transferred() -> None:
    """As after a time without a connection to Finesse."""
    talking = call_report("1", [(0, ANA, "ACTIVE"), (0, CUSTOMER, "ACTIVE")])
    unseen = merge([(ANA, talking), (ANA, msgspec.structs.replace(talking, ended=True))])
    assert unseen.end_reason == "completed"
    handed_over = call_report("1", [(9, ANA, "DROPPED"), (0, CUSTOMER, "ACTIVE")], ended=True)
    assert merge([(ANA, talking), (ANA, handed_over)]).end_reason == "transferred"


def test_consult_that_fails_does_not_make_the_call_a_failed_one() -> None:
    talking = call_report("1", [(0, ANA, "ACTIVE"), (0, CUSTOMER, "ACTIVE"), (5, ANA, "FAILED")])
    over = call_report("1", [(9, ANA, "DROPPED"), (9, CUSTOMER, "DROPPED")], ended=True)
    assert merge([(ANA, talking), (ANA, over)]).end_reason == "completed"
    busy = call_report("1", [(0, ANA, "ACTIVE"), (5, CUSTOMER, "FAILED")], ended=True)
    assert merge([(ANA, busy)]).end_reason == "failed"


def test_later_choice_of_reasons_counts_when_two_records_are_one_call() -> None:
    def chosen(*reasons: str, at: float, dropped: tuple[str, ...] = ()) -> CallRecord:
        segment = Segment(
            agent=ANA, wrap_up_reasons=reasons, dropped_reasons=dropped, reasons_at=at
        )
        return CallRecord(id="one", segments=(segment,), finesse_reasons=("Sale",))

    sale = chosen("Sale", at=1.0)
    corrected = chosen("Order status", at=2.0)
    for one, other in [(sale, corrected), (corrected, sale)]:
        assert merge_records(one, other).wrap_up_reasons == ("Order status",)
    taken_back = chosen(at=2.0, dropped=("Sale",))
    assert merge_records(sale, taken_back).wrap_up_reasons == ()
    chosen_again = chosen("Sale", at=3.0)
    assert merge_records(chosen_again, taken_back).wrap_up_reasons == ("Sale",)
