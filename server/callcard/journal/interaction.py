"""An interaction as its agents see it while it is in the journal, and as the CRM gets it. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from callcard import times
from callcard.crm import base as crm
from callcard.journal import lifecycle
from callcard.journal.call_record import CallRecord, ChosenContact, Segment
from callcard.journal.journal_entry import JournalEntry
from callcard.journal.owner import owner_of
from callcard.settings_sections import JournalSettings, TelephonySettings
from callcard.telephony import numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    agent: str
    name: str
    extension: str
    text: str
    wrap_up_reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactRef:
    source: str
    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """A call in the journal. `status` is `unverified` until Finesse confirms that the agent has
    it, `open` while it goes on, `closing` while notes can be finished, `due` until the CRM has it,
    `delivered`, or `parked` if it cannot be delivered: then `problem` says why. `number` and
    `direction` are the call's as the requesting agent sees it."""

    id: str
    status: str
    problem: str
    number: str
    direction: str
    queue: str
    """Where the call came from, also when it was passed on."""
    started_at: str
    ended_at: str
    end_reason: str
    owner: str
    contact: ContactRef | None
    contact_rejected: bool
    """An agent said that the caller is none of the contacts that were found."""
    notes: tuple[Note, ...]
    """Of every agent, in the order in which they joined the call."""
    wrap_up_reasons: tuple[str, ...]
    wrap_up_required: bool
    """The requesting agent's team must choose a wrap-up reason."""
    finished: bool
    """The requesting agent has finished the call."""
    notes_until: str
    """Until when notes can be finished; empty while the call goes on."""
    call_ids: tuple[str, ...]
    """Finesse's ids of the call."""
    customer_left: bool
    """The customer has hung up, although an agent may still be in a consult about them."""
    customer_with: tuple[str, ...]
    """Who has the customer on the line or on hold: agents by name, other participants by number."""
    needs_supervisor: bool
    """Finesse never confirmed the parked call, or its number is on never-log: only a supervisor who
    was not in it can have it delivered."""


def show(
    entry: JournalEntry,
    login_id: str,
    settings: JournalSettings,
    now: float,
    *,
    is_supervisor: bool = False,
) -> Interaction:
    """Return the entry as the agent `login_id` sees it."""
    record = entry.record
    segment = record.segment(login_id)
    # Other agents' notes only once Finesse has shown the call to this one, or to a supervisor.
    shows_all = segment is None or segment.verified
    contact = record.contact
    return Interaction(
        id=record.id,
        status="closing" if lifecycle.is_closing(entry, now) else entry.status,
        problem=entry.problem if entry.status == "parked" else "",
        number=record.number_for(login_id),
        direction="out" if record.is_outgoing_for(login_id) else "in",
        queue=record.queue,
        started_at=record.started_at,
        ended_at=record.ended_at,
        end_reason=record.end_reason,
        owner=owner_of(record, settings.owner).agent if record.segments else "",
        contact=ContactRef(source=contact.source, id=contact.id, name=contact.name)
        if contact and contact.id
        else None,
        contact_rejected=contact is not None and not contact.id,
        notes=tuple(
            Note(
                agent=each.agent,
                name=each.name,
                extension=each.extension,
                text=each.notes,
                wrap_up_reasons=each.wrap_up_reasons,
            )
            for each in record.segments
            if shows_all or each is segment
        ),
        wrap_up_reasons=record.wrap_up_reasons,
        wrap_up_required=segment is not None and requires_wrap_up(segment, settings),
        finished=segment is not None and segment.finished,
        notes_until=times.iso_text(entry.due_at) if entry.due_at else "",
        call_ids=record.dialog_ids,
        customer_left=record.has_customer_left,
        customer_with=() if record.ended_at else record.with_customer,
        needs_supervisor=entry.status == "parked"
        and (record.unverified or entry.problem == lifecycle.NEVER_LOG_PROBLEM)
        and not (is_supervisor and segment is None),
    )


def contact_of_match(match: crm.Match, *, chosen_by: str, now: float) -> ChosenContact:
    """Return a match as the contact of a call; `chosen_by` is empty for an automatic match."""
    contact = match.contact
    return ChosenContact(
        source=contact.source,
        id=contact.id,
        name=contact.name or contact.company,
        chosen_by=chosen_by,
        chosen_at=now,
    )


def requires_wrap_up(segment: Segment, settings: JournalSettings) -> bool:
    """Return whether the segment's team must choose a wrap-up reason."""
    return "*" in settings.wrap_up_required_teams or segment.team in settings.wrap_up_required_teams


def for_crm(
    record: CallRecord, owner_rule: str, telephony: TelephonySettings
) -> crm.InteractionRecord:
    """Return the record as a CRM stores it."""
    parsed = numbers.read(record.number, telephony.country, telephony.internal_numbers)
    return crm.InteractionRecord(
        id=record.id,
        contact=record.contact.id if record.contact else "",
        contact_source=record.contact.source if record.contact else "",
        direction=record.direction,
        number=parsed.e164 or record.number,
        from_address=record.from_address,
        to_address=record.to_address,
        type=record.type,
        queue=record.queue,
        started_at=record.started_at,
        answered_at=record.answered_at,
        ended_at=record.ended_at,
        end_reason=record.end_reason,
        owner=owner_of(record, owner_rule).agent,
        agents=tuple(_agent_segment(record, segment) for segment in record.segments),
        wrap_up_reasons=record.wrap_up_reasons,
        variables=record.variables,
        call_ids=record.dialog_ids,
        call_key=next((each.call_key for each in record.dialogs if each.call_key), ""),
    )


def _agent_segment(record: CallRecord, segment: Segment) -> crm.AgentSegment:
    return crm.AgentSegment(
        agent=segment.agent,
        name=segment.name,
        team=segment.team,
        ring_seconds=record.seconds_in(segment, "ALERTING"),
        talk_seconds=record.seconds_in(segment, "ACTIVE"),
        hold_seconds=record.seconds_in(segment, "HELD"),
        wrap_up_seconds=record.wrap_up_seconds(segment),
        notes=segment.notes,
        wrap_up_reasons=segment.wrap_up_reasons,
    )
