"""The contact centre behind the stand-in: agents, their phones, and calls as state machines. No HTTP and no XML here.

Every change is published to the agents concerned, in Finesse's order: begin, delivered, established, dropped, ended. Sources: the
developer guide's pages Dialog (states, actions, CTI event mapping), User (state transitions) and ReasonCode, releases 12.5-15.0.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, Protocol

Platform = Literal["ucce", "uccx"]
Event = Literal["POST", "PUT", "DELETE"]


class Refusal(Exception):
    """Finesse says no at once: an HTTP status with an ApiError."""

    def __init__(self, status: int, type: str, message: str, data: str = "") -> None:
        super().__init__(message)
        self.status, self.type, self.message, self.data = status, type, message, data


@dataclass(frozen=True, slots=True)
class CtiError:
    """The switch says no later: an event with the platform's code (errorData) and its name (errorMessage)."""

    type: str
    message: str
    data: str


@dataclass(frozen=True, slots=True)
class ReasonCode:
    id: str
    category: Literal["NOT_READY", "LOGOUT"]
    code: int
    label: str


@dataclass(slots=True, kw_only=True)
class User:
    id: str
    first_name: str
    last_name: str
    password: str
    extension_of: str
    """The phone this person uses; signing in puts it into `extension`."""
    roles: tuple[str, ...] = ("Agent",)
    team: str = "1"
    supervises: tuple[str, ...] = ()
    extension: str = ""
    state: str = "LOGOUT"
    since: str = ""
    reason: ReasonCode | None = None
    reason_id: str = ""
    pending: str = ""
    before_call: str = "NOT_READY"


@dataclass(slots=True, kw_only=True)
class Participant:
    address: str
    is_agent: bool
    state: str
    actions: tuple[str, ...] = ()
    began: str = ""
    since: str = ""
    cause: str = ""


@dataclass(slots=True, kw_only=True)
class Dialog:
    id: str
    from_address: str
    to_address: str
    call_type: str
    dialed: str
    queue: str
    variables: dict[str, str]
    participants: list[Participant]
    state: str

    def participant(self, address: str) -> Participant | None:
        return next((p for p in self.participants if p.address == address), None)


class Listener(Protocol):
    """Who hears of changes: the notification service. `request_id` is empty for what nobody asked for."""

    def user_changed(self, user: User, request_id: str) -> None: ...

    def dialog_changed(self, user: User, dialog: Dialog, event: Event, request_id: str) -> None: ...

    def refused(self, user: User, dialog: Dialog | None, error: CtiError, request_id: str) -> None: ...


REASONS = (
    ReasonCode("1", "NOT_READY", 10, "Lunch"),
    ReasonCode("2", "NOT_READY", 11, "Meeting"),
    ReasonCode("3", "NOT_READY", 12, "Follow-up work"),
    ReasonCode("4", "LOGOUT", 20, "End of shift"),
    ReasonCode("5", "LOGOUT", 21, "Changing desks"),
)
_BUSY = ("RESERVED", "TALKING", "HOLD")

# The base actions of each participant state. Consult, transfer and the like are not offered until the stand-in does them.
_ACTIONS = {
    "INITIATING": ("DROP",),
    "INITIATED": ("DROP",),
    "ALERTING": ("ANSWER",),
    "ACTIVE": ("HOLD", "DROP"),
    "HELD": ("RETRIEVE", "DROP"),
    "FAILED": ("DROP",),
}


def people() -> list[User]:
    agents = [("1001", "Ana", "Costa"), ("1002", "Bilal", "Haddad"), ("1003", "Clara", "Wagner")]
    return [
        *(User(id=i, first_name=f, last_name=n, password="callcard", extension_of=i) for i, f, n in agents),  # noqa: S106 - the demo's
        User(
            id="2001", first_name="Sam", last_name="Okafor", password="callcard", extension_of="2001",  # noqa: S106 - the demo's, told to everybody
            roles=("Agent", "Supervisor"), supervises=("1",),
        ),
        User(id="admin", first_name="", last_name="Administrator", password="callcard", extension_of="", roles=("Admin",)),  # noqa: S106 - the demo's
    ]  # fmt: skip


@dataclass
class Switch:
    listener: Listener
    platform: Platform = "ucce"
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    users: dict[str, User] = field(default_factory=lambda: {user.id: user for user in people()})
    dialogs: dict[str, Dialog] = field(default_factory=dict)
    team_name: str = "Customer Care"
    _ids: itertools.count[int] = field(default_factory=lambda: itertools.count(16777217))

    def now(self) -> str:
        return self.clock().strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"

    # ---- agents

    def sign_in(self, user: User, extension: str, request_id: str) -> None:
        """LOGIN. Again, by somebody signed in already, keeps their state, as Finesse does."""
        taken = self.by_extension(extension)
        if taken is not None and taken is not user:
            self.listener.refused(user, None, CtiError("Device Busy", "CF_SPECIFIED_EXTENSION_ALREADY_IN_USE", "283"), request_id)
            return
        if not any(person.extension_of == extension for person in self.users.values()):
            self.listener.refused(user, None, CtiError("Invalid Device", "CF_INVALID_LOGON_DEVICE_SPECIFIED", "260"), request_id)
            return
        if user.state == "LOGOUT":
            user.extension = extension
            self._set(user, "NOT_READY", request_id, reason_id="-1")
        else:
            self.listener.user_changed(user, request_id)

    def set_state(self, user: User, state: str, reason_id: str, request_id: str) -> None:
        """READY, NOT_READY or LOGOUT, as the agent asks."""
        reason = next((r for r in REASONS if r.id == reason_id and r.category == state), None)
        if reason_id and reason is None:
            raise Refusal(400, "Invalid Input", "Invalid reason code", reason_id)
        if state in ("NOT_READY", "LOGOUT") and reason is None:
            # Which error a missing code gives is uncertain; the guide lists Parameter Missing for the state API.
            raise Refusal(400, "Parameter Missing", "Reason code is required", "reasonCodeId")
        if user.state == "LOGOUT":
            code = ("257", "CF_INVALID_PASSWORD_SPECIFIED") if self.platform == "ucce" else ("1010", "CF_INVALID_PARAMETER")
            self.listener.refused(user, None, CtiError("Invalid State", code[1], code[0]), request_id)
        elif state == "LOGOUT" and user.state == "READY" and self.platform == "ucce":
            raise Refusal(400, "Invalid State", "Sign out from NOT_READY")
        elif user.state in _BUSY:
            if self.platform == "uccx" and state == "READY":
                self.listener.refused(user, None, CtiError("Invalid State", "CF_INVALID_AGENT_WORKMODE", "265"), request_id)
                return
            user.pending, user.before_call, user.reason, user.reason_id = state, state, reason, reason_id
            self.listener.user_changed(user, request_id)
        else:
            self._set(user, state, request_id, reason, reason_id)

    def by_extension(self, extension: str) -> User | None:
        return next((u for u in self.users.values() if u.extension == extension and extension), None)

    # ---- calls

    def ring(self, from_address: str, to: str, queue: str = "", variables: dict[str, str] | None = None) -> Dialog:
        """A call from outside reaches the phone `to`. Raises Refusal if nobody is signed in there."""
        user = self.by_extension(to)
        if user is None:
            raise Refusal(404, "Not Found", f"Nobody is signed in on extension {to}", to)
        now = self.now()
        call_type = "PREROUTE_ACD_IN" if queue and self.platform == "ucce" else "ACD_IN" if queue else "OTHER_IN"
        dialog = self._new(from_address, to, call_type, to, queue, variables or {})
        dialog.state = "ALERTING"
        dialog.participants = [
            Participant(address=from_address, is_agent=False, state="INITIATED", began=now, since=now),
            Participant(address=to, is_agent=True, state="ALERTING", began=now, since=now),
        ]
        if user.state == "READY":
            self._set(user, "RESERVED")
        self._publish(dialog, "POST")
        return dialog

    def make_call(self, user: User, to: str, request_id: str) -> Dialog | None:
        """The agent dials. None if the switch refuses, which it tells by event."""
        if any(p.state == "ACTIVE" for d in self.dialogs_of(user) if (p := d.participant(user.extension))):
            error = CtiError("Invalid State", "CF_INVALID_OBJECT_STATE", "22")
            self.listener.refused(user, None, error, request_id)
            return None
        now = self.now()
        other = self.by_extension(to)
        dialog = self._new(user.extension, to, "AGENT_INSIDE" if other else "OUT", to, "", {})
        dialog.participants = [Participant(address=user.extension, is_agent=True, state="INITIATING", began=now, since=now)]
        if self.platform == "ucce":
            if user.state == "READY":  # 12.5 and later: NOT_READY with reason 50006 while the agent dials
                self._set(user, "NOT_READY", reason_id="-1")
                user.reason = ReasonCode("50006", "NOT_READY", 50006, "Outgoing call")
            self._set(user, "TALKING")  # on UCCX a call that was not routed leaves the agent NOT_READY
        self._publish(dialog, "POST", request_id)  # the call begins
        self._publish(dialog, "POST", request_id)  # and has its service: two POSTs for one call are normal
        mine = dialog.participants[0]
        self._move(mine, "INITIATED")
        dialog.state = "INITIATED"
        self._publish(dialog, "PUT", request_id)
        if to.isdigit() and len(to) <= 4 and other is None:  # an extension where nobody is
            self._move(mine, "FAILED")
            mine.cause, dialog.state = "BAD_DESTINATION", "FAILED"
            self._publish(dialog, "PUT")
            return dialog
        dialog.participants.append(Participant(address=to, is_agent=bool(other), state="ALERTING", began=now, since=self.now()))
        dialog.state = "ALERTING"
        if other:
            if other.state == "READY":
                self._set(other, "RESERVED")
            self._publish(dialog, "PUT", only=user)
            self._publish(dialog, "POST", only=other)
        else:
            self._publish(dialog, "PUT")
        return dialog

    def act(self, dialog: Dialog, address: str, action: str, request_id: str = "") -> None:
        """ANSWER, HOLD, RETRIEVE or DROP by the participant at `address`. What is not allowed now is refused by event."""
        participant = dialog.participant(address)
        user = self.by_extension(address)
        if participant is None:
            raise Refusal(400, "Invalid Input", "Invalid targetMediaAddress specified for dialog", address)
        if action not in _ACTIONS.get(participant.state, ()) and (participant.is_agent or action != "DROP"):
            if user is None:
                raise Refusal(400, "Invalid State", f"{action} is not possible while {participant.state}", address)
            self.listener.refused(user, dialog, CtiError("Generic Error", "CF_INVALID_OBJECT_STATE", "22"), request_id)
            return
        if action in ("ANSWER", "RETRIEVE"):
            self._hold_others(dialog, address)
        if action == "ANSWER":
            for each in dialog.participants:
                self._move(each, "ACTIVE")
            dialog.state = "ACTIVE"
            self._publish(dialog, "PUT", request_id)
            for agent in self._agents(dialog):
                # On UCCX a call that was not routed leaves the agent NOT_READY.
                if self.platform == "ucce" or dialog.queue or agent.state in _BUSY:
                    self._set(agent, "TALKING")
        elif action in ("HOLD", "RETRIEVE"):
            self._move(participant, "HELD" if action == "HOLD" else "ACTIVE")
            self._publish(dialog, "PUT", request_id)
            # On UCCX a held call leaves the agent TALKING.
            if user is not None and self.platform == "ucce":
                self._set(user, "HOLD" if action == "HOLD" else "TALKING")
        elif action == "DROP":
            self._end(dialog, request_id)

    def answer_outside(self, dialog: Dialog) -> None:
        """Whoever the agent called picks up."""
        callee = next((p for p in dialog.participants if not p.is_agent and p.state == "ALERTING"), None)
        if callee is None:
            raise Refusal(400, "Invalid State", "There is nobody outside whose phone rings", dialog.id)
        for agent in self._agents(dialog):
            self._hold_others(dialog, agent.extension)
        for each in dialog.participants:
            self._move(each, "ACTIVE")
        dialog.state = "ACTIVE"
        self._publish(dialog, "PUT")

    def drop_outside(self, dialog: Dialog) -> None:
        """The outside party hangs up: they are gone first, then the call."""
        outside = [p for p in dialog.participants if not p.is_agent]
        if dialog.state == "ACTIVE" and outside:
            for each in outside:
                self._move(each, "DROPPED")
            self._publish(dialog, "PUT")
        self._end(dialog, "")

    def dialogs_of(self, user: User) -> list[Dialog]:
        return [d for d in self.dialogs.values() if user.extension and d.participant(user.extension)]

    # ---- beneath

    def _new(self, from_address: str, to: str, call_type: str, dialed: str, queue: str, variables: dict[str, str]) -> Dialog:
        dialog = Dialog(
            id=str(next(self._ids)), from_address=from_address, to_address=to, call_type=call_type, dialed=dialed,
            queue=queue, variables=dict(variables), participants=[], state="INITIATING",
        )  # fmt: skip
        self.dialogs[dialog.id] = dialog
        return dialog

    def _hold_others(self, dialog: Dialog, address: str) -> None:
        """One call at a time talks: whatever else is active at `address` is held."""
        for other in list(self.dialogs.values()):
            talking = other.participant(address)
            if other is not dialog and talking is not None and talking.state == "ACTIVE":
                self.act(other, address, "HOLD")

    def _end(self, dialog: Dialog, request_id: str) -> None:
        agents = self._agents(dialog)
        for each in dialog.participants:
            self._move(each, "DROPPED")
        dialog.state = "DROPPED"
        del self.dialogs[dialog.id]
        self._publish(dialog, "PUT", request_id)
        self._publish(dialog, "DELETE", request_id)
        for agent in agents:
            if left := self.dialogs_of(agent):
                mine = [p for d in left if (p := d.participant(agent.extension))]
                if self.platform == "ucce" and agent.state == "TALKING" and all(p.state == "HELD" for p in mine):
                    self._set(agent, "HOLD")
            elif agent.state in _BUSY:
                kept = (agent.reason, agent.reason_id) if agent.before_call != "READY" else (None, "")
                self._set(agent, agent.before_call, "", *kept)

    def _agents(self, dialog: Dialog) -> list[User]:
        return [user for p in dialog.participants if p.is_agent and (user := self.by_extension(p.address))]

    def _move(self, participant: Participant, state: str) -> None:
        participant.state, participant.since = state, self.now()
        participant.actions = _ACTIONS.get(state, ()) if participant.is_agent else ()

    def _publish(self, dialog: Dialog, event: Event, request_id: str = "", only: User | None = None) -> None:
        for participant in dialog.participants:
            participant.actions = _ACTIONS.get(participant.state, ()) if participant.is_agent else ()
        for user in self._agents(dialog):
            if only is None or user is only:
                self.listener.dialog_changed(user, dialog, event, request_id)

    def _set(self, user: User, state: str, request_id: str = "", reason: ReasonCode | None = None, reason_id: str = "") -> None:
        if state == "LOGOUT":
            self._sign_out(user, request_id, reason, reason_id)
            return
        if state in _BUSY and user.state not in _BUSY:
            user.before_call = user.state
        user.state, user.since, user.pending = state, self.now(), ""
        if state not in _BUSY:
            user.reason, user.reason_id = reason, reason_id
        self.listener.user_changed(user, request_id)

    def _sign_out(self, user: User, request_id: str = "", reason: ReasonCode | None = None, reason_id: str = "") -> None:
        user.state, user.since, user.pending = "LOGOUT", self.now(), ""
        user.reason, user.reason_id, user.extension, user.before_call = reason, reason_id, "", "NOT_READY"
        self.listener.user_changed(user, request_id)
