"""Every transition of a call's delivery state."""

from __future__ import annotations

from dataclasses import replace

from callcard import times
from callcard.journal import lifecycle
from callcard.journal.call_record import CallRecord
from callcard.journal.journal_entry import JournalEntry
from callcard.journal.record_merging import ReportingAgent, apply_report
from tests.harness.reports import ANA, CUSTOMER, call_report

NOTES_SECONDS = 120.0
NOW = 1000.0


def record(*states: tuple[int, str, str], ended: bool = False) -> CallRecord:
    report = call_report("1", list(states), ended=ended)
    reporting = ReportingAgent(login_id=ANA, extension=ANA)
    return apply_report(CallRecord(id="one"), reporting, report, number=CUSTOMER, now=NOW)


TALKING = record((0, ANA, "ACTIVE"))
ENDED = record((0, ANA, "ACTIVE"), (9, ANA, "DROPPED"), ended=True)
WRAP_UP = record((0, ANA, "ACTIVE"), (9, ANA, "WRAP_UP"))
OPEN = JournalEntry(record=TALKING, status="open", last_report_at=NOW)
DUE = JournalEntry(record=ENDED, status="due", last_report_at=NOW, due_at=NOW + NOTES_SECONDS)
DELIVERED = replace(DUE, status="delivered")
PARKED = replace(DUE, status="parked", problem="it responded 422")


def update(entry: JournalEntry, record: CallRecord, now: float = NOW) -> JournalEntry:
    return lifecycle.update(entry, record, now, NOTES_SECONDS)


def finished(record: CallRecord) -> CallRecord:
    return record.with_segment(replace(record.segments[0], finished=True))


def test_call_is_open_until_the_last_agent_has_left_and_wrapped_up() -> None:
    assert update(OPEN, TALKING).status == "open"
    assert update(OPEN, WRAP_UP).status == "open"
    assert update(OPEN, ENDED) == DUE


def test_closed_call_is_due_after_the_grace_period() -> None:
    assert update(OPEN, finished(ENDED)).due_at == NOW + lifecycle.GRACE_SECONDS
    assert update(DUE, finished(ENDED)).due_at == NOW + lifecycle.GRACE_SECONDS


def test_time_for_notes_goes_on_while_the_agent_types() -> None:
    due_at = DUE.due_at or 0.0
    ended_at = times.seconds(ENDED.ended_at) or 0.0
    just_ended = replace(DUE, due_at=ended_at + 120)
    early = lifecycle.keep_open_for_typing(just_ended, ended_at + 60, NOTES_SECONDS)
    assert early.due_at == ended_at + 120
    late = lifecycle.keep_open_for_typing(just_ended, ended_at + 110, NOTES_SECONDS)
    assert late.due_at == ended_at + 110 + lifecycle.TYPING_SECONDS
    for second in range(110, 2000, 20):
        late = lifecycle.keep_open_for_typing(late, ended_at + second, NOTES_SECONDS)
    assert late.due_at == ended_at + lifecycle.LONGEST_NOTES_SECONDS
    assert lifecycle.keep_open_for_typing(DUE, due_at + 1, NOTES_SECONDS) == DUE, "its time is over"
    assert lifecycle.keep_open_for_typing(OPEN, NOW, NOTES_SECONDS) == OPEN


def test_later_reports_do_not_postpone_delivery() -> None:
    assert update(DUE, ENDED, NOW + 50).due_at == DUE.due_at


def test_due_call_is_open_again_when_an_agent_is_back() -> None:
    assert update(DUE, TALKING).status == "open"
    assert update(DUE, TALKING).due_at is None


def test_sent_call_is_remembered_as_sent() -> None:
    sent = lifecycle.send(DUE)
    assert (sent.sent, lifecycle.send(OPEN).sent) == (True, False)
    assert update(sent, TALKING).sent
    assert update(lifecycle.deliver(sent, ENDED), finished(ENDED)).sent


def test_delivered_or_parked_call_is_due_again_when_it_changes() -> None:
    for entry in (DELIVERED, PARKED):
        assert update(entry, finished(ENDED)).status == "due"
        heartbeat = ENDED.with_segment(replace(ENDED.segments[0], last_report_at=NOW + 30))
        assert update(entry, heartbeat, NOW + 30).status == entry.status


def test_recognised_contact_makes_a_delivered_call_due() -> None:
    assert lifecycle.replace_record(DELIVERED, finished(ENDED)).status == "due"
    assert lifecycle.replace_record(OPEN, finished(ENDED)).status == "open"
    assert lifecycle.replace_record(PARKED, finished(ENDED)).status == "parked"


def test_delivery_counts_only_if_the_record_has_not_changed() -> None:
    assert lifecycle.deliver(replace(DUE, problem="x", attempts=3), ENDED) == DELIVERED
    assert lifecycle.deliver(DUE, TALKING) == DUE
    assert lifecycle.deliver(OPEN, TALKING) == OPEN


def test_failures_are_counted_and_park_the_call_in_the_end() -> None:
    failed = lifecycle.set_problem(DUE, "it responded 500")
    assert (failed.status, failed.problem, failed.attempts) == ("due", "it responded 500", 0)
    once = lifecycle.count_attempt(failed, 2)
    assert (once.status, once.attempts) == ("due", 1)
    assert lifecycle.count_attempt(once, 2).status == "parked"
    assert lifecycle.count_attempt(replace(OPEN, attempts=9), 2).status == "open"


def test_rejected_call_is_parked_unless_it_is_open_again() -> None:
    assert lifecycle.park(DUE, "it responded 422") == PARKED
    assert lifecycle.park(OPEN, "it responded 422") == OPEN


def test_retry_makes_a_parked_call_due_with_a_clean_record() -> None:
    retried = lifecycle.retry(replace(PARKED, attempts=12))
    assert (retried.status, retried.attempts, retried.problem) == ("due", 0, "")


def test_notes_are_accepted_until_delivery_and_late_if_typed_in_time() -> None:
    assert DUE.due_at is not None
    assert lifecycle.is_closing(DUE, NOW)
    assert not lifecycle.is_closing(DUE, DUE.due_at)
    assert lifecycle.accepts_notes(OPEN, NOW, NOW)
    assert lifecycle.accepts_notes(DUE, DUE.due_at, DUE.due_at + 3600)
    assert not lifecycle.accepts_notes(DUE, DUE.due_at + 1, DUE.due_at + 1)
    too_late = DUE.due_at + lifecycle.LATE_NOTES_SECONDS + 1
    assert not lifecycle.accepts_notes(DUE, DUE.due_at, too_late)


def test_calls_that_an_earlier_callcard_has_parked_are_recognised() -> None:
    """The reason is stored with the call, and decides who may have it delivered."""
    assert lifecycle.NEVER_LOG_PROBLEM == (
        "The number is on the list never-log. A supervisor can deliver it"
    )
    assert lifecycle.UNVERIFIED_PROBLEM == (
        "Finesse no longer had this call when it was reported, for example after an outage. "
        "A supervisor can deliver it"
    )
