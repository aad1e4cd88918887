"""The wrap-up reasons that an agent chose in the card, beside those that Finesse has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from callcard.journal.call_record import CallRecord, Segment


def choose_reasons(
    record: CallRecord, segment: Segment, reasons: Iterable[str], now: float
) -> Segment:
    """Return an agent's segment with the reasons that they chose instead of the earlier ones.

    An agent who is alone in the call replaces the reasons in Finesse too: they may be a choice of
    theirs that reached Finesse and not the service. With other agents, they may be somebody else's,
    and only choosing none at all takes them back.
    """
    chosen = tuple(dict.fromkeys(reasons))
    known = (*segment.dropped_reasons, *segment.wrap_up_reasons)
    if not chosen or len(record.segments) == 1:
        known += record.finesse_reasons
    return replace(
        segment,
        wrap_up_reasons=chosen,
        dropped_reasons=_without(chosen, known),
        reasons_at=now,
    )


def merge_reasons(merged: Segment, one: Segment, other: Segment) -> Segment:
    """Return `merged` with the later choice of two segments; both if their times are equal."""
    earlier, later = sorted((one, other), key=lambda each: each.reasons_at)
    chosen = later.wrap_up_reasons
    if earlier.reasons_at == later.reasons_at:
        chosen = tuple(dict.fromkeys((*one.wrap_up_reasons, *other.wrap_up_reasons)))
    known = (*one.dropped_reasons, *other.dropped_reasons, *earlier.wrap_up_reasons)
    return replace(
        merged,
        wrap_up_reasons=chosen,
        dropped_reasons=_without(chosen, known),
        reasons_at=later.reasons_at,
    )


def _without(chosen: tuple[str, ...], known: Iterable[str]) -> tuple[str, ...]:
    return tuple(reason for reason in dict.fromkeys(known) if reason not in chosen)
