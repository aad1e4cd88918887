"""The one record of a call: what every desktop and session that saw the call told of it, put together. No I/O here.

Telling twice, late or in another order makes no difference: moments are a set, and what was said last wins by the time that it was
said at. Times are Finesse's own, ISO 8601 in UTC, which sort as text; `heard` and the like are the service's, in seconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Literal

from callcard.times import between

GONE = ("DROPPED", "WRAP_UP")
_WORK = ("WORK", "WORK_READY")
_RANK = {
    "INITIATING": 0,
    "INITIATED": 1,
    "ALERTING": 2,
    "ACTIVE": 3,
    "HELD": 4,
    "FAILED": 5,
    "WRAP_UP": 6,
    "DROPPED": 7,
}
"""Which of two states of the same millisecond came later."""

End = Literal["", "completed", "missed", "failed", "transferred", "lost"]
"""How a call ended: talked and hung up, rung and not answered, not reached, gone on without us, or not heard of any more."""


# ---- what is told


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Moment:
    """From `since` on, whoever is at `address` was in `state`, in the call that Finesse calls `dialog`."""

    since: str
    dialog: str
    address: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A call as one agent sees it."""

    dialog: str
    """Finesse's id of it. Ids are used again: they mean a call only together with `key` or `began`."""
    key: str = ""
    """The call key, prefix and id; UCCE alone has one."""
    associated: str = ""
    """The dialog that this one is a consult for, or has one."""
    secondary: str = ""
    """The dialog that a transfer or a conference has merged into this one."""
    began: str = ""
    from_address: str = ""
    to_address: str = ""
    type: str = ""
    queue: str = ""
    outgoing: bool = False
    number: str = ""
    """The customer's, as `customer.number_of` finds it."""
    variables: dict[str, str] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()
    """Finesse's wrap-up reasons."""
    moments: tuple[Moment, ...] = ()
    devices: tuple[str, ...] = ()
    """The addresses that are agents' phones; the others are outside."""
    over: bool = False
    """Finesse has taken it off the agent's desktop."""
    over_at: str = ""
    """When, if the moments do not tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Teller:
    """The agent who saw it."""

    agent: str
    name: str = ""
    team: str = ""
    extension: str = ""
    state: str = ""
    """The agent's own, and since when: wrap-up goes on after the call."""
    since: str = ""


# ---- what is kept


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactChosen:
    """Whose call it is. `by` is the agent who chose, or empty when the number or a variable told."""

    source: str
    id: str
    name: str = ""
    by: str = ""
    at: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One of the dialogs that the call has been."""

    dialog: str
    key: str = ""
    began: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One agent's share."""

    agent: str
    name: str = ""
    team: str = ""
    extension: str = ""
    joined: str = ""
    """When they came into the call; empty as long as they were not seen in it."""
    over: dict[str, str] = field(default_factory=dict)
    """Until when each dialog was on their desktop."""
    heard: float = 0.0
    """When their desktop last said something."""
    lost: float = 0.0
    """When it was given up, having said nothing for too long."""
    work: tuple[tuple[str, str], ...] = ()
    """Their own states after the call, with the time of each."""
    notes: str = ""
    noted: float = 0.0
    reasons: tuple[str, ...] = ()
    finished: bool = False
    """They have put it away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    id: str
    outgoing: bool = False
    number: str = ""
    from_address: str = ""
    to_address: str = ""
    type: str = ""
    queue: str = ""
    began: str = ""
    legs: tuple[Leg, ...] = ()
    named: tuple[str, ...] = ()
    """Dialogs that its own named as the call of a consult or as merged; they may be told of later."""
    moments: tuple[Moment, ...] = ()
    devices: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    """In the order in which the agents joined."""
    variables: dict[str, str] = field(default_factory=dict)
    told_reasons: tuple[str, ...] = ()
    """Wrap-up reasons that Finesse has; those chosen in Callcard are the parts'."""
    contact: ContactChosen | None = None

    # ---- read off it

    def part(self, agent: str) -> Part | None:
        return next((part for part in self.parts if part.agent == agent), None)

    def with_part(self, part: Part) -> Record:
        """Instead of what the agent's was."""
        return replace(
            self, parts=tuple(part if each.agent == part.agent else each for each in self.parts)
        )

    @property
    def direction(self) -> Literal["in", "out"]:
        return "out" if self.outgoing else "in"

    def owner(self, rule: str) -> Part:
        """Whose interaction it is: the `first` or the last agent who talked, or who was rung if nobody did."""
        talked = [
            part
            for part in self.parts
            if self.seconds(part, "ACTIVE") > 0 or self.is_on(part.agent)
        ] or list(self.parts)
        return talked[0] if rule == "first" else talked[-1]

    @property
    def dialogs(self) -> tuple[str, ...]:
        return tuple(leg.dialog for leg in self.legs)

    @property
    def reasons(self) -> tuple[str, ...]:
        return tuple(
            dict.fromkeys(
                (*self.told_reasons, *(reason for part in self.parts for reason in part.reasons))
            )
        )

    @property
    def answered(self) -> str:
        """When an agent and somebody else talked for the first time; empty if never."""
        return min(
            (m.since for m in self.moments if m.state == "ACTIVE" and m.address in self.devices),
            default="",
        )

    @property
    def ended(self) -> str:
        """When the last agent was off the phone; empty while one is on."""
        if any(self._state(part) not in GONE for part in self.parts):
            return ""
        left = [m.since for m in self.moments if m.state in GONE] + [
            at for part in self.parts for at in part.over.values()
        ]
        return max(left, default=self.moments[-1].since if self.moments else self.began)

    @property
    def wrapping(self) -> bool:
        """Whether Finesse still shows it to somebody, who wraps it up."""
        return any(self._state(part) == "WRAP_UP" for part in self.parts)

    @property
    def end(self) -> End:
        if not self.ended:
            return ""
        states = {m.state for m in self.moments}
        if any(part.lost for part in self.parts) and not self._hung_up():
            return "lost"
        if "FAILED" in states:
            return "failed"
        if not self.answered:
            return "missed"
        return "completed" if self._hung_up() else "transferred"

    def _hung_up(self) -> bool:
        """Whether whoever is not an agent is off the phone too, as far as was seen."""
        outside = {
            m.address: m for m in sorted(self.moments, key=_order) if m.address not in self.devices
        }
        inside = {
            m.address: m for m in sorted(self.moments, key=_order) if m.address in self.devices
        }
        return all(m.state in GONE for m in (outside or inside).values())

    def _state(self, part: Part) -> str:
        """What the part is: the liveliest of its dialogs."""
        if part.lost and part.lost >= part.heard:
            return "DROPPED"
        states = [
            "DROPPED" if part.over.get(dialog, "") >= last.since else last.state
            for dialog, last in _latest(
                m for m in self.moments if m.address == part.extension
            ).items()
        ]
        live = [state for state in states if state not in GONE]
        return live[0] if live else "WRAP_UP" if "WRAP_UP" in states else "DROPPED"

    def is_on(self, agent: str) -> bool:
        part = self.part(agent)
        return part is not None and self._state(part) not in GONE

    # ---- times, in seconds

    def seconds(self, part: Part, *states: str) -> float:
        """How long the agent was in `states` of the call."""
        total = 0.0
        for dialog in self.dialogs:
            mine = sorted(
                (m for m in self.moments if m.address == part.extension and m.dialog == dialog),
                key=_order,
            )
            until = part.over.get(dialog, "") or self.ended
            for (state, since), (_next, after) in pairwise(
                [*((m.state, m.since) for m in mine), ("", until)]
            ):
                if state in states and after:
                    total += max(0.0, between(since, after))
        return total

    def wrap_up_seconds(self, part: Part) -> float:
        """In Finesse's wrap-up of the call, or, where the call does not wait for it, in the agent's own."""
        told = self.seconds(part, "WRAP_UP")
        states = sorted(part.work, key=lambda each: each[1])
        for (state, since), (_next, after) in pairwise(states):
            if state in _WORK and not told:
                return max(0.0, between(since, after))
        return told


def _order(moment: Moment) -> tuple[str, int]:
    return moment.since, _RANK.get(moment.state, 3)


def _latest(moments: Iterable[Moment]) -> dict[str, Moment]:
    """The last moment of each dialog."""
    return {moment.dialog: moment for moment in sorted(moments, key=_order)}


# ---- putting together


CONSULT_SECONDS = 600.0
"""For which a consult that names a call is taken for that call's, although it seems to be over; ids are not used again so soon."""


def is_same(record: Record, seen: Seen) -> bool:
    """Whether `seen`, which names `record` or is named by it, is that call and not a later one with the same id.

    Where both have a call key it decides. Otherwise a call that began when the record's had ended is another one.
    """
    for leg in record.legs:
        if leg.dialog == seen.dialog and leg.key and seen.key:
            return leg.key == seen.key
    if any(leg.dialog == seen.dialog and leg.began in ("", seen.began) for leg in record.legs):
        return True
    keys = {leg.key for leg in record.legs if leg.key}
    if seen.key not in keys and not {seen.dialog, seen.associated, seen.secondary} & set(
        record.dialogs
    ):
        # It was only named, by its consult: then it began before that.
        return bool(record.began) and "" < seen.began <= record.began
    ended = record.ended
    if not ended or not seen.began or seen.began <= ended:
        return True
    # Finesse names the call of a consult while both are there; that its end was told as a moment earlier does not part them.
    return seen.dialog not in record.dialogs and between(ended, seen.began) < CONSULT_SECONDS


def add(record: Record, teller: Teller, seen: Seen, heard: float) -> Record:
    """`record` with what `teller` has seen, at `heard` on the service's clock."""
    mine = {m.since for m in seen.moments if m.address == teller.extension}
    part = record.part(teller.agent) or Part(agent=teller.agent)
    own_last = max(mine, default="")
    work = {*part.work, *([(teller.state, teller.since)] if teller.state and teller.since else [])}
    over = part.over
    if seen.over:
        at = seen.over_at or max((m.since for m in seen.moments), default=seen.began)
        over = over | {seen.dialog: max(over.get(seen.dialog, ""), at, own_last)}
    part = replace(
        part,
        name=teller.name or part.name,
        team=teller.team or part.team,
        extension=teller.extension or part.extension,
        joined=min(filter(None, (part.joined, *mine)), default=""),
        over=over,
        heard=max(part.heard, heard),
        lost=part.lost if part.lost > heard else 0.0,
        work=tuple(sorted(work, key=lambda each: each[1]))[-20:],
    )
    first = not record.legs or (seen.began and seen.began < record.began)
    leg = Leg(dialog=seen.dialog, key=seen.key, began=seen.began)
    return replace(
        record,
        # How it began is told by its first dialog, not by a consult or what a transfer made of it.
        outgoing=seen.outgoing if first else record.outgoing,
        from_address=seen.from_address if first else record.from_address,
        to_address=seen.to_address if first else record.to_address,
        type=seen.type if first else record.type,
        number=(seen.number if first else record.number) or record.number or seen.number,
        queue=record.queue or seen.queue,
        began=min(filter(None, (record.began, seen.began)), default=""),
        legs=_legs((*record.legs, leg)),
        named=tuple(sorted({*record.named, *filter(None, (seen.associated, seen.secondary))})),
        moments=_moments((*record.moments, *seen.moments)),
        devices=tuple(sorted({*record.devices, *seen.devices, *filter(None, (part.extension,))})),
        parts=_parts((*(p for p in record.parts if p.agent != part.agent), part)),
        variables=record.variables
        | {name: value for name, value in seen.variables.items() if value},
        told_reasons=seen.reasons or record.told_reasons,
    )


def absorb(record: Record, other: Record) -> Record:
    """Two records that turn out to be one call: `record` with everything of `other`."""
    parts = {part.agent: part for part in record.parts}
    for part in other.parts:
        known = parts.get(part.agent)
        parts[part.agent] = part if known is None else _one_part(known, part)
    first, second = sorted((record, other), key=lambda each: each.began or "~")
    return replace(
        first,
        id=record.id,
        number=first.number or second.number,
        queue=first.queue or second.queue,
        legs=_legs((*record.legs, *other.legs)),
        named=tuple(sorted({*record.named, *other.named})),
        moments=_moments((*record.moments, *other.moments)),
        devices=tuple(sorted({*record.devices, *other.devices})),
        parts=_parts(parts.values()),
        variables=second.variables | first.variables,
        told_reasons=tuple(dict.fromkeys((*first.told_reasons, *second.told_reasons))),
        contact=later_choice(record.contact, other.contact),
    )


def later_choice(one: ContactChosen | None, other: ContactChosen | None) -> ContactChosen | None:
    """What an agent chose counts more than what a number told, and what was chosen later more than before."""
    return max(filter(None, (one, other)), key=lambda each: (bool(each.by), each.at), default=None)


def _one_part(one: Part, other: Part) -> Part:
    newer = one if one.noted >= other.noted else other
    return replace(
        newer,
        joined=min(filter(None, (one.joined, other.joined)), default=""),
        over={d: max(one.over.get(d, ""), other.over.get(d, "")) for d in one.over | other.over},
        heard=max(one.heard, other.heard),
        lost=max(one.lost, other.lost),
        work=tuple(sorted({*one.work, *other.work}, key=lambda each: each[1]))[-20:],
        notes=newer.notes or one.notes or other.notes,
        reasons=tuple(dict.fromkeys((*one.reasons, *other.reasons))),
        finished=one.finished and other.finished,
    )


def _legs(legs: Iterable[Leg]) -> tuple[Leg, ...]:
    found: dict[str, Leg] = {}
    for leg in legs:
        known = found.get(leg.dialog)
        began = min(filter(None, (leg.began, known.began if known else "")), default="")
        found[leg.dialog] = Leg(
            dialog=leg.dialog, key=(known.key if known else "") or leg.key, began=began
        )
    return tuple(sorted(found.values(), key=lambda leg: (leg.began, leg.dialog)))


MOST_MOMENTS = 500
"""Of one call; a conference that is held and retrieved for hours has fewer."""


def _moments(moments: Iterable[Moment]) -> tuple[Moment, ...]:
    return tuple(sorted({m for m in moments if m.since}))[-MOST_MOMENTS:]


def _parts(parts: Iterable[Part]) -> tuple[Part, ...]:
    return tuple(sorted(parts, key=lambda part: (part.joined or "~", part.agent)))
