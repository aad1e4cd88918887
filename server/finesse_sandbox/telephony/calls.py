"""The calls of the contact centre, and the events that report their changes."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Protocol

from finesse_sandbox.api_errors import ApiError, CtiError
from finesse_sandbox.site import User
from finesse_sandbox.telephony.agents import Agents
from finesse_sandbox.telephony.allowed_actions import shown_actions
from finesse_sandbox.telephony.dialogs import GONE, CallKey, Dialog, EventType, Participant

FIRST_DIALOG_ID = 16777217
FIRST_INTERIM_ID = 2144292888
"""Of the interim dialogs of transfers; just under 2^31, as recorded."""
MAX_INTERNAL_DIGITS = 4
"""Numbers up to this length are extensions, even if no phone has them."""


class CallListener(Protocol):
    """Receives call events. `request_id` is empty when no request caused the event."""

    def dialog_changed(
        self, user: User, dialog: Dialog, event: EventType, request_id: str
    ) -> None: ...

    def dialog_command_failed(
        self, user: User, dialog: Dialog | None, error: CtiError, request_id: str
    ) -> None: ...


@dataclass
class Calls:
    agents: Agents
    listener: CallListener
    dialogs: dict[str, Dialog] = field(default_factory=dict)
    busy_calls_left: int = 0
    """How many of the next dialled calls find the line busy."""
    changed_addresses: set[str] = field(default_factory=set)
    """Addresses whose calls have changed; the switch updates what depends on them."""
    _ids: itertools.count[int] = field(default_factory=lambda: itertools.count(FIRST_DIALOG_ID))
    _interim_ids: itertools.count[int] = field(
        default_factory=lambda: itertools.count(FIRST_INTERIM_ID)
    )
    _keys: itertools.count[int] = field(default_factory=lambda: itertools.count(200))
    _at_address: dict[str, dict[str, Dialog]] = field(default_factory=dict)
    """The calls of each agent's address by id, and those that the agent has left."""

    @property
    def is_ucce(self) -> bool:
        return self.agents.platform == "ucce"

    # ---- queries

    def of_user(self, user: User) -> list[Dialog]:
        """Return the dialogs in a user's collection, in wrap-up too."""
        found = []
        for dialog in self.at_address(user.extension):
            participant = dialog.participant(user.extension)
            if participant is not None and participant.state != "DROPPED":
                found.append(dialog)
        return found

    def at_address(self, address: str) -> list[Dialog]:
        """Return the calls of an agent's address, and those that the agent has left."""
        dialogs = self._at_address.get(address, {})
        for id, dialog in list(dialogs.items()):
            if self.dialogs.get(id) is not dialog:
                del dialogs[id]
        return list(dialogs.values())

    def active_call(self, user: User) -> Dialog | None:
        """Return the call on which a user is talking."""
        for dialog in self.of_user(user):
            participant = dialog.participant(user.extension)
            if dialog.kind == "call" and participant and participant.state == "ACTIVE":
                return dialog
        return None

    def agents_on(self, dialog: Dialog) -> list[User]:
        """Return the agents on a call, in wrap-up too."""
        found = []
        for participant in dialog.participants:
            if participant.is_agent and participant.state != "DROPPED":
                user = self.agents.by_extension(participant.address)
                if user is not None:
                    found.append(user)
        return found

    def monitors_of(self, dialog: Dialog) -> list[Dialog]:
        """Return the dialogs in which supervisors monitor a call."""
        return [
            each
            for each in self.dialogs.values()
            if each.kind == "monitor" and each.associated == dialog.id
        ]

    def signed_in_at(self, extension: str) -> User:
        user = self.agents.by_extension(extension)
        if user is None:
            message = f"Nobody is signed in on extension {extension}"
            raise ApiError(404, "Not Found", message, extension)
        return user

    def is_unassigned(self, address: str) -> bool:
        """Return whether `address` is an internal extension on which nobody is signed in."""
        is_short = address.isdigit() and len(address) <= MAX_INTERNAL_DIGITS
        is_internal = is_short or self.agents.is_assigned(address)
        return is_internal and self.agents.by_extension(address) is None

    def is_route_point(self, address: str) -> bool:
        """Return whether `address` is where calls enter a queue."""
        return address != "" and any(
            address == queue.route_point for queue in self.agents.site.queues
        )

    # ---- changes

    def add(
        self,
        from_address: str,
        to: str,
        call_type: str,
        *,
        queue: str = "",
        variables: dict[str, str] | None = None,
    ) -> Dialog:
        """Create a dialog without participants and return it."""
        dialog = Dialog(
            id=self._free_id(),
            from_address=from_address,
            to_address=to,
            call_type=call_type,
            dialed_number=to,
            queue=queue,
            variables=dict(variables or {}),
            participants=[],
            state="INITIATING",
        )
        if self.is_ucce:
            # The day and a number within that day. Assumption: a consult has a call key of its
            # own; whether a real one shares its call's key is not documented.
            day = self.agents.clock().toordinal() - 583_000
            dialog.key = CallKey(str(day), str(next(self._keys)))
        self.dialogs[dialog.id] = dialog
        return dialog

    def interim_id(self) -> str:
        """Return the id of a transfer's interim dialog."""
        return str(next(self._interim_ids))

    def restart_ids(self) -> None:
        """Give dialogs the first ids again, as Finesse does after a restart."""
        self._ids = itertools.count(FIRST_DIALOG_ID)

    def participant(self, address: str, state: str, *, is_agent: bool = True) -> Participant:
        """Return a participant who joins now."""
        now = self.agents.now()
        return Participant(
            address=address, is_agent=is_agent, state=state, joined_at=now, state_since=now
        )

    def set_participant_state(self, participant: Participant, state: str) -> None:
        participant.state = state
        participant.state_since = self.agents.now()

    def reserve(self, user: User, dialog: Dialog) -> None:
        """Reserve a ready agent for a ringing call; on UCCX only for a routed one."""
        if user.state == "READY" and (self.is_ucce or dialog.queue):
            self.agents.change_state(user, "RESERVED")

    def hold_others(self, dialog: Dialog, address: str) -> None:
        """Hold the other active call at an address: a phone talks on one call at a time."""
        for other in self.at_address(address):
            participant = other.participant(address)
            if other is dialog or participant is None or participant.passive:
                continue
            if participant.state == "ACTIVE":
                self.set_participant_state(participant, "HELD")
                self.publish(other, "PUT")

    # ---- events

    def publish(
        self,
        dialog: Dialog,
        event: EventType,
        request_id: str = "",
        only: User | None = None,
        but: User | None = None,
    ) -> None:
        """Update the states of the agents on the call, then send them a dialog event.

        As recorded, the user's event comes first when a call begins or is answered.
        """
        self._index(dialog)
        if event != "DELETE":
            for user in self.agents_on(dialog):
                self.update_agent_state(user)
        for user in self.agents_on(dialog):
            if (only is None or user is only) and user is not but:
                self.notify(user, dialog, event, request_id)

    def notify(self, user: User, dialog: Dialog, event: EventType, request_id: str) -> None:
        """Send a dialog event to one user."""
        self._index(dialog)
        for participant in dialog.participants:
            participant.actions = shown_actions(self, dialog, participant)
        self.listener.dialog_changed(user, dialog, event, request_id)

    def update_agent_state(self, user: User) -> None:
        """Set an agent's state to what their calls imply."""
        states: set[str] = set()
        has_call = False
        for dialog in self.of_user(user):
            participant = dialog.participant(user.extension)
            if participant is None or participant.passive or participant.state in GONE:
                continue
            has_call = True
            is_preview = dialog.kind in ("preview", "direct_preview")
            # On UCCX only routed calls change the agent's state, and monitoring does not.
            if is_preview or not (self.is_ucce or dialog.queue):
                continue
            if dialog.kind == "call" or self.is_ucce:
                states.add(participant.state)
        if states & {"ACTIVE", "INITIATING", "INITIATED"}:
            self.agents.change_state(user, "TALKING")
        elif "HELD" in states:
            # On UCCX an agent with a held call stays TALKING.
            self.agents.change_state(user, "HOLD" if self.is_ucce else "TALKING")
        elif states == {"ALERTING"} and user.state in ("TALKING", "HOLD"):
            self.agents.change_state(user, "RESERVED")
        elif not has_call:
            talked = user.state in ("TALKING", "HOLD")
            if talked or user.state in ("RESERVED", "RESERVED_OUTBOUND_PREVIEW"):
                self.agents.last_call_ended(user, wrap_up=talked)

    def _free_id(self) -> str:
        """Return the next id that no present dialog has."""
        id = str(next(self._ids))
        while id in self.dialogs:
            id = str(next(self._ids))
        return id

    def _index(self, dialog: Dialog) -> None:
        """Index a call by the addresses of its agents.

        `dialog` may be a copy that shows an agent the call that they have left.
        """
        call = self.dialogs.get(dialog.id)
        for participant in dialog.participants:
            if participant.is_agent:
                self.changed_addresses.add(participant.address)
                if call is not None:
                    self._at_address.setdefault(participant.address, {})[call.id] = call
