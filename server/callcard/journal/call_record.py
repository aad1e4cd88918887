"""A call record: one call, merged from the reports of every desktop and session on it. Pure.

Times are Finesse's own, ISO 8601 in UTC, which sort as text. `last_report_at`, `lost_at`,
`notes_at` and `chosen_at` are the service's clock, in seconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Literal

from callcard.times import seconds_between

ENDED_STATES = ("DROPPED", "WRAP_UP")
_WORK_STATES = ("WORK", "WORK_READY")
_STATE_ORDER = {
    "INITIATING": 0,
    "INITIATED": 1,
    "ALERTING": 2,
    "ACTIVE": 3,
    "HELD": 4,
    "FAILED": 5,
    "WRAP_UP": 6,
    "DROPPED": 7,
}
"""Order of states within one millisecond."""

EndReason = Literal["", "completed", "missed", "failed", "transferred", "lost"]
"""completed: talked and hung up. missed: rang, not answered. failed: not reached. transferred:
continues without an agent. lost: reports stopped before the end."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class ParticipantState:
    """The participant at `address` was in `state` of `dialog` from `since` on."""

    since: str
    dialog: str
    address: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenContact:
    """The contact of the call. `chosen_by` is a login id, or empty after an automatic match."""

    source: str
    id: str
    """Empty: the agent says that the caller is none of the contacts that were found."""
    name: str = ""
    chosen_by: str = ""
    chosen_at: float = 0.0

    @property
    def reference(self) -> str:
        """Return `source/id`; empty if the caller is nobody known."""
        return f"{self.source}/{self.id}" if self.id else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DialogRef:
    """One of Finesse's dialogs that make up the call."""

    dialog: str
    """Finesse reuses ids: they identify a call only together with `call_key` or `started_at`."""
    call_key: str = ""
    """Prefix and id; only UCCE has one."""
    started_at: str = ""
    from_address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One agent's share of the call."""

    agent: str
    name: str = ""
    team: str = ""
    extension: str = ""
    verified: tuple[str, ...] = ()
    """Dialogs and call keys that Finesse has shown to the agent."""
    number: str = ""
    """The other party, as this agent's first dialog shows it."""
    outgoing: bool = False
    """This agent made the call."""
    began_at: str = ""
    """When the dialog started that `number` and `outgoing` are from."""
    joined_at: str = ""
    """Empty until a report shows the agent in the call."""
    removed_at: dict[str, str] = field(default_factory=dict)
    """When Finesse took each dialog off the agent's desktop."""
    last_report_at: float = 0.0
    lost_at: float = 0.0
    """When the service gave up waiting for reports; 0 if it has not."""
    agent_states: tuple[tuple[str, str], ...] = ()
    """The agent's own states after the call, each with its time."""
    notes: str = ""
    notes_at: float = 0.0
    wrap_up_reasons: tuple[str, ...] = ()
    dropped_reasons: tuple[str, ...] = ()
    """Those that the agent chose and took back; Finesse may keep them."""
    reasons_at: float = 0.0
    """When the agent chose last."""
    finished: bool = False
    """The agent has finished the call in the card."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    id: str
    outgoing: bool = False
    number: str = ""
    """The customer's."""
    from_address: str = ""
    to_address: str = ""
    type: str = ""
    queue: str = ""
    started_at: str = ""
    dialogs: tuple[DialogRef, ...] = ()
    related_dialogs: tuple[str, ...] = ()
    """Dialogs named as associated or merged; reports of them may follow."""
    states: tuple[ParticipantState, ...] = ()
    agent_devices: tuple[str, ...] = ()
    segments: tuple[Segment, ...] = ()
    """In the order in which the agents joined."""
    variables: dict[str, str] = field(default_factory=dict)
    finesse_reasons: tuple[str, ...] = ()
    """Wrap-up reasons set in Finesse; those chosen in the card are in the segments."""
    contact: ChosenContact | None = None
    unverified: bool = False
    """Finesse has not shown this call to the agent who reported it."""
    believed: tuple[str, ...] = ()
    """Dialogs of a call that is delivered although Finesse never confirmed it."""

    def segment(self, agent: str) -> Segment | None:
        return next((segment for segment in self.segments if segment.agent == agent), None)

    def with_segment(self, segment: Segment) -> CallRecord:
        """Return the record with this segment instead of the agent's present one."""
        segments = (segment if each.agent == segment.agent else each for each in self.segments)
        return replace(self, segments=tuple(segments))

    def with_agents_lost(self, now: float) -> CallRecord:
        """Return the record with every agent lost who is in the call or its wrap-up."""
        record = self
        for segment in self.segments:
            if record.is_active(segment) or record.in_wrap_up:
                record = record.with_segment(replace(segment, lost_at=now))
        return record

    @property
    def direction(self) -> Literal["in", "out"]:
        return "out" if self.outgoing else "in"

    @property
    def is_internal(self) -> bool:
        """Return whether only agents are known in the call."""
        return not self.number or self.number in self.agent_devices

    @property
    def began_internally(self) -> bool:
        """Return whether an agent called another one, and the customer came later, if at all."""
        return {self.from_address, self.to_address} <= set(self.agent_devices)

    def number_for(self, agent: str) -> str:
        """Return the customer's number; in a call between agents, that of the other one."""
        segment = self.segment(agent)
        if segment is None or not segment.number or not self.is_internal:
            return self.number
        return segment.number

    def is_outgoing_for(self, agent: str) -> bool:
        """Return whether an agent called the customer; between agents, whether `agent` called."""
        segment = self.segment(agent)
        if segment is None or not segment.began_at or not self.is_internal:
            return self.outgoing
        return segment.outgoing

    @property
    def agents(self) -> tuple[str, ...]:
        """Return the login ids of those who have a share in the call."""
        return tuple(each.agent for each in self.segments)

    @property
    def dialog_ids(self) -> tuple[str, ...]:
        return tuple(each.dialog for each in self.dialogs)

    @property
    def verified_links(self) -> frozenset[str]:
        """Return the dialogs and call keys that Finesse showed to an agent of the call."""
        return frozenset(link for segment in self.segments for link in segment.verified)

    @property
    def wrap_up_reasons(self) -> tuple[str, ...]:
        dropped = {reason for segment in self.segments for reason in segment.dropped_reasons}
        in_finesse = (reason for reason in self.finesse_reasons if reason not in dropped)
        chosen = (reason for segment in self.segments for reason in segment.wrap_up_reasons)
        return tuple(dict.fromkeys((*in_finesse, *chosen)))

    # ---- how the call went

    @property
    def answered_at(self) -> str:
        """Return when an agent was first in conversation; empty if never."""
        talking = (
            each.since
            for each in self.states
            if each.state == "ACTIVE" and each.address in self.agent_devices
        )
        # Agents whose call the customer was joined to had talked before.
        return min((since for since in talking if since >= self.started_at), default="")

    @property
    def ended_at(self) -> str:
        """Return when the last agent left the call; empty while one is in it.

        Wrap-up is no part of the call, though Finesse removes it from the agent only afterwards.
        """
        if any(self._segment_state(segment) not in ENDED_STATES for segment in self.segments):
            return ""
        left_at = _times_of_leaving(self.states)
        ends = list(left_at.values())
        for segment in self.segments:
            ends += (
                removed
                for dialog, removed in segment.removed_at.items()
                if (segment.extension, dialog) not in left_at
            )
        last_known = self.states[-1].since if self.states else self.started_at
        return max(ends, default=last_known)

    @property
    def in_wrap_up(self) -> bool:
        """Return whether an agent is still in Finesse's wrap-up of this call."""
        return any(self._segment_state(segment) == "WRAP_UP" for segment in self.segments)

    @property
    def end_reason(self) -> EndReason:
        if not self.ended_at:
            return ""
        if any(segment.lost_at for segment in self.segments) and not self._everyone_hung_up():
            return "lost"
        if self._has_failed:
            return "failed"
        if not self.answered_at:
            return "missed"
        if self._everyone_hung_up() or not self._an_agent_left:
            return "completed"
        return "transferred"

    @property
    def _has_failed(self) -> bool:
        """Return whether the call was not put through; a consult of it may have failed alone."""
        was_with_customer = any(
            each.state == "ACTIVE" and each.address not in self.agent_devices
            for each in self.states
        )
        return not was_with_customer and any(each.state == "FAILED" for each in self.states)

    @property
    def _an_agent_left(self) -> bool:
        """Return whether Finesse showed that an agent left the call, as in a transfer.

        Else the call ended unseen, as while a desktop had no connection.
        """
        return any(
            each.state in ENDED_STATES and each.address in self.agent_devices
            for each in self.states
        )

    def _everyone_hung_up(self) -> bool:
        """Return whether the outside participants have left too, as far as reports show."""
        outside = self._last_states_of(inside=False)
        last_states = outside or self._last_states_of(inside=True)
        return all(state in ENDED_STATES for state in last_states)

    @property
    def has_customer_left(self) -> bool:
        """Return whether those who are no agents have left, as far as reports show."""
        outside = self._last_states_of(inside=False)
        return bool(outside) and all(state in ENDED_STATES for state in outside)

    @property
    def with_customer(self) -> tuple[str, ...]:
        """Return who has the customer on the line or on hold: agents by name, others by number."""
        in_dialogs: dict[str, set[str]] = {}
        for address in {each.address for each in self.states}:
            own = (each for each in self.states if each.address == address)
            for dialog, last in last_states(own).items():
                if last.state not in ENDED_STATES:
                    in_dialogs.setdefault(dialog, set()).add(address)
        devices = set(self.agent_devices)
        extensions = set().union(*(on for on in in_dialogs.values() if on - devices))
        found = [each for each in self.segments if each.extension in extensions]
        agents = [each.name or each.agent for each in found if self.is_active(each)]
        customer = {self.number, self.from_address, self.to_address}
        outside = (on - devices for on in in_dialogs.values() if on & customer - devices)
        return (*agents, *sorted(set().union(*outside) - customer))

    def _last_states_of(self, *, inside: bool) -> list[str]:
        """Return the last state of each agent's device, or of each other participant."""
        last = {
            each.address: each.state
            for each in sorted(self.states, key=state_order)
            if (each.address in self.agent_devices) == inside
        }
        return list(last.values())

    def is_active(self, segment: Segment) -> bool:
        """Return whether the segment's agent is still in the call."""
        return self._segment_state(segment) not in ENDED_STATES

    def _segment_state(self, segment: Segment) -> str:
        return self.agent_state(segment)[0]

    def agent_state(self, segment: Segment) -> tuple[str, str]:
        """Return the agent's state in the call, and since when.

        An active one if they have it in any dialog, else WRAP_UP or DROPPED.
        """
        if segment.lost_at and segment.lost_at >= segment.last_report_at:
            return "DROPPED", ""
        own_states = (each for each in self.states if each.address == segment.extension)
        in_wrap_up = ""
        for dialog, last in last_states(own_states).items():
            if segment.removed_at.get(dialog, "") >= last.since:
                continue
            if last.state not in ENDED_STATES:
                return last.state, last.since
            if last.state == "WRAP_UP":
                in_wrap_up = last.since
        return ("WRAP_UP", in_wrap_up) if in_wrap_up else ("DROPPED", "")

    # ---- durations

    def seconds_in(self, segment: Segment, *states: str) -> float:
        """Return for how many seconds the agent was in `states` of the call.

        Of a consult that became the customer's call, both dialogs may show the same seconds.
        """
        spans = []
        for dialog in self.dialog_ids:
            own = sorted(
                (
                    each
                    for each in self.states
                    if each.address == segment.extension and each.dialog == dialog
                ),
                key=state_order,
            )
            end = segment.removed_at.get(dialog, "") or self.ended_at
            starts = [*((each.state, each.since) for each in own), ("", end)]
            for (state, since), (_next_state, until) in pairwise(starts):
                if state in states and until:
                    spans.append((since, until))
        total = 0.0
        counted_until = self.started_at
        for since, until in sorted(spans):
            if until > counted_until:
                total += seconds_between(max(since, counted_until), until)
                counted_until = until
        return total

    def wrap_up_seconds(self, segment: Segment) -> float:
        """Return the seconds of the call's wrap-up, or of the agent's own if it has none."""
        in_call = self.seconds_in(segment, "WRAP_UP")
        if in_call:
            return in_call
        states = sorted(segment.agent_states, key=lambda each: each[1])
        for (state, since), (_next_state, until) in pairwise(states):
            if state in _WORK_STATES:
                return max(0.0, seconds_between(since, until))
        return 0.0


def state_order(state: ParticipantState) -> tuple[str, int]:
    """Sort key: time, then the usual order of states within one millisecond."""
    return state.since, _STATE_ORDER.get(state.state, 3)


def _times_of_leaving(states: Iterable[ParticipantState]) -> dict[tuple[str, str], str]:
    """Return since when each address is not in a dialog any more, of those that have left it."""
    left_at: dict[tuple[str, str], str] = {}
    for each in sorted(states, key=state_order):
        place = (each.address, each.dialog)
        if each.state in ENDED_STATES:
            left_at.setdefault(place, each.since)
        else:
            left_at.pop(place, None)
    return left_at


def last_states(states: Iterable[ParticipantState]) -> dict[str, ParticipantState]:
    """Return the last state in each dialog."""
    return {each.dialog: each for each in sorted(states, key=state_order)}
