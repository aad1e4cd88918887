"""Merge reports into call records. Pure; the order and number of reports make no difference.

States are a set, and of contradicting values the one with the later time counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from callcard.finesse.objects import User
from callcard.journal.bounded_unions import (
    MAX_DEVICES,
    MAX_LINKS,
    MAX_REASONS,
    earliest,
    merge_agent_states,
    merge_dialogs,
    merge_links,
    merge_states,
    merge_variables,
    sort_segments,
)
from callcard.journal.call_record import (
    CallRecord,
    ChosenContact,
    DialogRef,
    ParticipantState,
    Segment,
)
from callcard.journal.chosen_reasons import merge_reasons
from callcard.journal.report import CallReport

CLOCK_TOLERANCE_SECONDS = 60.0
"""Between the clocks of two workers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportingAgent:
    """The agent whose desktop or session reports the call."""

    login_id: str
    name: str = ""
    team: str = ""
    extension: str = ""

    @classmethod
    def of(cls, user: User) -> ReportingAgent:
        return cls(
            login_id=user.login_id,
            name=user.full_name,
            team=user.team_name,
            extension=user.extension,
        )


def apply_report(
    record: CallRecord,
    agent: ReportingAgent,
    report: CallReport,
    *,
    number: str,
    now: float,
    ended_at: str = "",
    verified: frozenset[str] = frozenset(),
    trusted: bool = True,
) -> CallRecord:
    """Return the record with what the report adds.

    `number` is the customer's as this report shows it. `now` is the service's clock. `ended_at` is
    when the call left the agent's desktop, if the report's states do not say. `verified` are the
    links that Finesse has shown to the agent.

    `trusted`: the report was read from Finesse. Otherwise it comes from the agent's desktop, and
    does not change other agents' states, the customer, or how the call began; see `has_news`.
    """
    started_at = report.started_at
    states = _report_states(report, agent.extension)
    if not trusted:
        others = {segment.extension for segment in record.segments} - {agent.extension}
        states = tuple(each for each in states if each.address not in others)
    segment = _apply_to_segment(record, agent, report, states, now, ended_at)
    segment = replace(segment, verified=merge_links(segment.verified, verified))
    devices = _agent_devices(record, report, segment, trusted=trusted)
    if trusted:
        segment = _show_to_agent(segment, report, number, devices)
    other_segments = [each for each in record.segments if each.agent != segment.agent]
    is_first = not record.dialogs or _began_before(report, record, devices)
    if trusted and (is_first or not record.verified_links):
        record = replace(
            record,
            outgoing=report.from_address == agent.extension,
            from_address=report.from_address,
            to_address=report.to_address,
            type="" if report.type == "NULL" else report.type,  # NULL: Finesse after a failover
            number=_customer(number, record.number, devices),
        )
    dialog = DialogRef(
        dialog=report.id,
        call_key=report.call_key,
        started_at=started_at,
        from_address=report.from_address,
    )
    dialogs = (*record.dialogs, dialog)
    if not trusted:
        if report.id in record.dialog_ids:
            dialogs = record.dialogs
        else:  # claimed: it cannot be the first one
            began = max(started_at, record.started_at)
            claimed = replace(dialog, call_key="", from_address="", started_at=began)
            dialogs = (*record.dialogs, claimed)
        return replace(
            record,
            dialogs=merge_dialogs(dialogs),
            related_dialogs=merge_links(record.related_dialogs, report.related_dialogs),
            states=merge_states((*record.states, *states)),
            segments=sort_segments((*other_segments, segment)),
            agent_devices=devices,
            finesse_reasons=tuple(report.wrap_up_reasons) or record.finesse_reasons,
        )
    variables = {name: value for name, value in report.variables.items() if value}
    return replace(
        record,
        number=_customer(record.number, number, devices),
        queue=record.queue or report.queue,
        started_at=(started_at if is_first else "") or record.started_at or started_at,
        dialogs=merge_dialogs(dialogs),
        related_dialogs=merge_links(record.related_dialogs, report.related_dialogs),
        states=merge_states((*record.states, *states)),
        agent_devices=devices,
        segments=sort_segments((*other_segments, segment)),
        variables=merge_variables(record.variables | variables),
        finesse_reasons=tuple(report.wrap_up_reasons) or record.finesse_reasons,
    )


def has_news(record: CallRecord, agent: ReportingAgent, report: CallReport, number: str) -> bool:
    """Return whether a report has something new that must be read from Finesse.

    That is a new participant, a state of another agent, a call variable, or another customer.
    """
    outside = _known_outside(record)
    known = set(record.states)
    for state in _report_states(report, agent.extension):
        if state.address not in (agent.extension, *outside) and state not in known:
            return True
    for name, value in report.variables.items():
        if value and record.variables.get(name) != value:
            return True
    is_first_dialog = bool(record.dialogs) and record.dialogs[0].dialog == report.id
    return is_first_dialog and bool(number) and number != record.number_for(agent.login_id)


def _began_before(report: CallReport, record: CallRecord, devices: Sequence[str]) -> bool:
    """Return whether a report says how the call began, not a consult or the result of a transfer.

    The first dialog does, except one between agents to which the customer was joined.
    """
    is_internal = {report.from_address, report.to_address} <= set(devices)
    if is_internal != record.began_internally:
        return not is_internal
    return bool(report.started_at) and report.started_at < record.started_at


def _agent_devices(
    record: CallRecord, report: CallReport, segment: Segment, *, trusted: bool
) -> tuple[str, ...]:
    """Return the addresses of agents in the call.

    On the interim dialog of a transfer Finesse marks the customer as an agent's device (recorded on
    UCCE), so who was seen from outside once stays outside.
    """
    outside = _known_outside(record)
    if trusted:
        outside |= {each.address for each in report.participants if not each.is_agent}
    devices = {*record.agent_devices, *report.agent_devices} - outside
    own = {each.extension for each in record.segments} | {segment.extension}
    return tuple(sorted((devices | own) - {""}))[:MAX_DEVICES]


def _show_to_agent(
    segment: Segment, report: CallReport, number: str, devices: Sequence[str]
) -> Segment:
    """Return the segment with the call as its agent sees it: by their first dialog."""
    began_at = report.started_at
    if segment.began_at and not "" < began_at < segment.began_at:
        return replace(segment, number=_customer(segment.number, number, devices))
    return replace(
        segment,
        number=_customer(number, segment.number, devices),
        outgoing=report.from_address == segment.extension,
        began_at=began_at,
    )


def _customer(number: str, other: str, devices: Sequence[str]) -> str:
    """Return the first number, unless only the other one is from outside."""
    if not number or (number in devices and other and other not in devices):
        return other
    return number


def _known_outside(record: CallRecord) -> set[str]:
    agents = {segment.extension for segment in record.segments}
    return {state.address for state in record.states} - agents - set(record.agent_devices)


def _report_states(report: CallReport, extension: str) -> tuple[ParticipantState, ...]:
    states = [
        ParticipantState(
            since=each.state_since, dialog=report.id, address=each.address, state=each.state
        )
        for each in (*report.earlier_states, *report.participants)
        if each.state_since and each.address
    ]
    is_listed = any(each.address == extension for each in report.participants)
    if not report.ended and report.started_at and not is_listed:
        # After a failover in a conference Finesse may omit a participant. The agent sees the call,
        # so they are in it.
        states.append(
            ParticipantState(
                since=report.started_at, dialog=report.id, address=extension, state="ACTIVE"
            )
        )
    return tuple(states)


def _apply_to_segment(
    record: CallRecord,
    agent: ReportingAgent,
    report: CallReport,
    states: tuple[ParticipantState, ...],
    now: float,
    ended_at: str,
) -> Segment:
    segment = record.segment(agent.login_id) or Segment(agent=agent.login_id)
    own_times = {each.since for each in states if each.address == agent.extension}
    removed_at = segment.removed_at
    if report.ended:
        last_state = max((each.since for each in states), default=report.started_at)
        end = max(removed_at.get(report.id, ""), ended_at or last_state, max(own_times, default=""))
        removed_at = dict(sorted((removed_at | {report.id: end}).items())[:MAX_LINKS])
    agent_states = set(segment.agent_states)
    if report.agent_state and report.agent_state_since:
        agent_states.add((report.agent_state, report.agent_state_since))
    changed = replace(
        segment,
        name=agent.name or segment.name,
        team=agent.team or segment.team,
        extension=agent.extension or segment.extension,
        joined_at=earliest(segment.joined_at, *own_times),
        removed_at=removed_at,
        last_report_at=max(_plausible(segment.last_report_at, now), now),
        lost_at=segment.lost_at if _plausible(segment.lost_at, now) > now else 0.0,
        agent_states=merge_agent_states(agent_states),
    )
    if segment.finished and not record.is_active(segment):
        # They finish it again if the call is passed back to them.
        with_states = replace(record, states=merge_states((*record.states, *states)))
        changed = replace(changed, finished=not with_states.is_active(changed))
    return changed


def _plausible(time: float, now: float) -> float:
    """Return a stored time, or 0 if it lies in the future: then a clock was ahead."""
    return time if time <= now + CLOCK_TOLERANCE_SECONDS else 0.0


def merge_records(record: CallRecord, other: CallRecord) -> CallRecord:
    """Return one record for two that turn out to be the same call; it keeps the id of `record`."""
    segments = {segment.agent: segment for segment in record.segments}
    for segment in other.segments:
        known = segments.get(segment.agent)
        segments[segment.agent] = _merge_segments(known, segment) if known else segment
    first, second = sorted(
        (record, other), key=lambda each: (each.began_internally, each.started_at or "~")
    )
    reasons = dict.fromkeys((*first.finesse_reasons, *second.finesse_reasons))
    outside = _known_outside(first) | _known_outside(second)
    agents = {segment.extension for segment in segments.values()} - {""}
    found = ({*record.agent_devices, *other.agent_devices} - outside) | agents
    devices = tuple(sorted(found))[:MAX_DEVICES]
    return replace(
        first,
        id=record.id,
        number=_customer(first.number, second.number, devices),
        queue=first.queue or second.queue,
        dialogs=merge_dialogs((*record.dialogs, *other.dialogs)),
        related_dialogs=merge_links(record.related_dialogs, other.related_dialogs),
        states=merge_states((*record.states, *other.states)),
        agent_devices=devices,
        segments=sort_segments(segments.values()),
        variables=merge_variables(second.variables | first.variables),
        believed=merge_links(record.believed, other.believed),
        finesse_reasons=tuple(reasons)[:MAX_REASONS],
        contact=preferred_contact(record.contact, other.contact),
    )


def adopt(record: CallRecord, apart: CallRecord, agent: str, *, is_verified: bool) -> CallRecord:
    """Return the record with what an agent entered before Finesse confirmed the call.

    Only the agent's own segment and states are taken over, and their choice of a contact if Finesse
    has shown them the call (`is_verified`). Numbers, links and variables of the unverified record
    are not.
    """
    entered = apart.segment(agent)
    assert entered is not None
    known = record.segment(agent)
    segment = _merge_segments(known, entered) if known else replace(entered, verified=())
    others = (each for each in record.segments if each.agent != agent)
    own_states = (each for each in apart.states if each.address == entered.extension)
    contact = record.contact
    if is_verified and apart.contact is not None and apart.contact.chosen_by:
        contact = preferred_contact(contact, apart.contact)
    return replace(
        record,
        contact=contact,
        states=merge_states((*record.states, *own_states)),
        segments=sort_segments((*others, segment)),
    )


def preferred_contact(
    one: ChosenContact | None, other: ChosenContact | None
) -> ChosenContact | None:
    """Return the contact that counts: an agent's choice first, then the later one."""
    choices = filter(None, (one, other))
    return max(choices, key=lambda each: (bool(each.chosen_by), each.chosen_at), default=None)


def _merge_segments(one: Segment, other: Segment) -> Segment:
    newer = one if one.notes_at >= other.notes_at else other
    first = min(one, other, key=lambda each: each.began_at or "~")
    removed_at = {
        dialog: max(one.removed_at.get(dialog, ""), other.removed_at.get(dialog, ""))
        for dialog in one.removed_at | other.removed_at
    }
    merged = replace(
        newer,
        number=first.number or one.number or other.number,
        outgoing=first.outgoing,
        began_at=first.began_at,
        joined_at=earliest(one.joined_at, other.joined_at),
        removed_at=removed_at,
        last_report_at=max(one.last_report_at, other.last_report_at),
        lost_at=max(one.lost_at, other.lost_at),
        agent_states=merge_agent_states({*one.agent_states, *other.agent_states}),
        verified=merge_links(one.verified, other.verified),
        notes=newer.notes or one.notes or other.notes,
        finished=one.finished and other.finished,
    )
    return merge_reasons(merged, one, other)
