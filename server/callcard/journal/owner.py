"""To which agent an interaction is attributed, of several who had a share in the call. Pure."""

from __future__ import annotations

from collections.abc import Collection

from callcard.journal.call_record import ENDED_STATES, CallRecord, Segment, last_states
from callcard.times import seconds_between

SAME_MOMENT_SECONDS = 0.5
"""Between the reports that agents of a conference have left, when the customer hangs up."""

_NOT_YET = "9999-12-31T23:59:59.999Z"


def owner_of(record: CallRecord, rule: str) -> Segment:
    """Return the `first` or last agent who talked with the customer.

    The last is who had the customer at the end: of several, who joined last. A guest of a
    conference who left before is not. Without one who talked with the customer, those count who
    talked at all, as in a consult, then those who were rung.
    """
    talked = [
        segment
        for segment in record.segments
        if record.seconds_in(segment, "ACTIVE") > 0 or record.is_active(segment)
    ]
    with_customer = {
        each.dialog for each in record.states if each.address not in record.agent_devices
    }
    served = {
        each.address
        for each in record.states
        if each.dialog in with_customer and each.state == "ACTIVE"
    }
    candidates = [each for each in talked if each.extension in served] or talked
    candidates = candidates or list(record.segments)
    if rule == "first":
        return candidates[0]
    left = [_left_customer_at(record, each, with_customer) for each in candidates]
    end = max(left)
    stayed = [
        segment
        for segment, at in zip(candidates, left, strict=True)
        if at == end or (at and seconds_between(at, end) <= SAME_MOMENT_SECONDS)
    ]
    return stayed[-1]


def _left_customer_at(record: CallRecord, segment: Segment, dialogs: Collection[str]) -> str:
    """Return when the agent, or the customer before them, left the customer's dialogs.

    Empty if reports do not show it.
    """
    outside = [each.since for each in record.states if each.address not in record.agent_devices]
    ends = max(outside, default="") if record.has_customer_left else ""
    if record.is_active(segment):
        return ends or _NOT_YET
    own = (each for each in record.states if each.address == segment.extension)
    left = ""
    for dialog, last in last_states(own).items():
        if dialog in dialogs:
            removed = "" if last.state in ENDED_STATES else segment.removed_at.get(dialog, "")
            left = max(left, removed, last.since)
    return min(left, ends) if ends else left
