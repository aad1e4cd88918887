"""The stand-in's telephony: phones and calls as state machines. No HTTP and no XML here.

Every change is published to the agents concerned, in Finesse's order: begin, delivered, established, dropped, ended. Sources: the
developer guide's page Dialog (states, actions, CTI event mapping, transfer and conference), releases 12.5 to 15.0. The order of
events after a transfer or a conference is not documented: the one here is an assumption, and clients must not count on it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Protocol

from finesse_sandbox.site import CtiError, ReasonCode, Refusal, User
from finesse_sandbox.telephony.agents import Agents
from finesse_sandbox.telephony.calls import BASE, GONE, Dialog, Event, Participant


class Listener(Protocol):
    """Who hears of calls: the notification service. `request_id` is empty for what nobody asked for."""

    def dialog_changed(self, user: User, dialog: Dialog, event: Event, request_id: str) -> None: ...

    def dialog_refused(
        self, user: User, dialog: Dialog | None, error: CtiError, request_id: str
    ) -> None: ...


CONFERENCE = 8
"""Parties of a conference; what a real bridge takes is set up there."""
_NOT_NOW = CtiError("Generic Error", "CF_INVALID_OBJECT_STATE", "22")
_OUTGOING = ReasonCode("", "NOT_READY", 50006, "Outgoing call", system=True)


@dataclass
class Switch:
    agents: Agents
    listener: Listener
    dialogs: dict[str, Dialog] = field(default_factory=dict)
    busy: int = 0
    """How many of the next dialled calls find the line busy."""
    _ids: itertools.count[int] = field(default_factory=lambda: itertools.count(16777217))
    _keys: itertools.count[int] = field(default_factory=lambda: itertools.count(200))
    _at: dict[str, dict[str, Dialog]] = field(default_factory=dict)
    """The calls that have had each address in them."""
    _touched: set[str] = field(default_factory=set)
    """Addresses in whose calls something has changed that is not settled yet."""

    @property
    def ucce(self) -> bool:
        return self.agents.platform == "ucce"

    def dialogs_of(self, user: User) -> list[Dialog]:
        return [
            d
            for d in self._calls_at(user.extension)
            if (p := d.participant(user.extension)) and p.state != "DROPPED"
        ]

    # ---- how a call begins

    def ring(
        self, from_address: str, to: str, queue: str = "", variables: dict[str, str] | None = None
    ) -> Dialog:
        """A call from outside reaches the phone `to`. Raises Refusal if nobody is signed in there."""
        if from_address == to:
            raise Refusal(400, "Invalid Input", "from must be another number than to", from_address)
        user = self._signed_in_at(to)
        call_type = "PREROUTE_ACD_IN" if queue and self.ucce else "ACD_IN" if queue else "OTHER_IN"
        dialog = self._new(from_address, to, call_type, queue=queue, variables=variables)
        dialog.state = "ALERTING"
        dialog.participants = [
            self._party(from_address, "INITIATED", is_agent=False),
            self._party(to, "ALERTING"),
        ]
        self._reserve(user, dialog)
        self._publish(dialog, "POST")
        return dialog

    def make_call(
        self, user: User, to: str, request_id: str, variables: dict[str, str] | None = None
    ) -> Dialog | None:
        """The agent dials. None if the switch refuses, which it tells by event."""
        if any(
            p.state == "ACTIVE"
            for d in self.dialogs_of(user)
            if (p := d.participant(user.extension))
        ):
            self.listener.dialog_refused(
                user, None, CtiError("Invalid State", "CF_INVALID_OBJECT_STATE", "22"), request_id
            )
            return None
        call_type = "AGENT_INSIDE" if self.agents.by_extension(to) else "OUT"
        return self._dial(
            user, self._new(user.extension, to, call_type, variables=variables), request_id
        )

    def preview(self, to: str, number: str, campaign: str, *, direct: bool) -> Dialog:
        """The dialer reserves the agent at `to` for a customer whom they may accept or reject."""
        user = self._signed_in_at(to)
        status = "DIRECT_PREVIEW_OUTBOUND_RESERVATION" if direct else "PREVIEW_OUTBOUND_RESERVATION"
        variables = {
            "BACampaign": campaign,
            "BAStatus": status,
            "BAResponse": "",
            "BACustomerNumber": number,
        }
        call_type = "OUTBOUND_DIRECT_PREVIEW" if direct else "OUTBOUND_PREVIEW"
        dialog = self._new("5555", to, call_type, variables=variables)
        dialog.kind, dialog.customer, dialog.state = (
            ("direct_preview" if direct else "preview"),
            number,
            "ALERTING",
        )
        dialog.participants = [
            self._party("5555", "ACTIVE", is_agent=False),
            self._party(to, "ALERTING"),
        ]
        self.agents.put(user, "RESERVED_OUTBOUND_PREVIEW")
        self._publish(dialog, "POST")
        return dialog

    # ---- what an agent does in a call

    def act(
        self, dialog: Dialog, address: str, action: str, request_id: str = "", **told: str
    ) -> None:
        """`action` by the participant at `address`; `told` is toAddress, dtmfString and the like.

        What is malformed raises Refusal at once; what is not allowed now is refused by event.
        """
        participant = dialog.participant(address)
        user = self.agents.by_extension(address)
        if participant is None or participant.state == "DROPPED":
            raise Refusal(
                400, "Invalid Input", "Invalid targetMediaAddress specified for dialog", address
            )
        if action == "SEND_DTMF" and participant.state == "HELD":
            raise Refusal(401, "Invalid State", "The leg is held", dialog.id)
        if action not in self._allowed(dialog, participant) and (
            participant.is_agent or action != "DROP"
        ):
            if user is None:
                raise Refusal(
                    400,
                    "Invalid State",
                    f"{action} is not possible while {participant.state}",
                    address,
                )
            self.listener.dialog_refused(
                user, dialog, self._why_not(dialog, address, action), request_id
            )
            return
        match action:
            case "ANSWER":
                self._answer(dialog, participant, request_id)
            case "HOLD" | "RETRIEVE":
                if action == "RETRIEVE":
                    self._hold_others(dialog, address)
                self._move(participant, "HELD" if action == "HOLD" else "ACTIVE")
                self._publish(dialog, "PUT", request_id)
            case "DROP":
                self._leave(dialog, participant, request_id)
            case "SEND_DTMF":
                dialog.dtmf += told.get("dtmfString", "")
                self._publish(dialog, "PUT", request_id)
            case "START_RECORDING":
                dialog.recording = True
                self._publish(dialog, "PUT", request_id)
            case "CONSULT_CALL" if user:
                self._consult(user, dialog, told.get("toAddress", ""), request_id)
            case "TRANSFER" if user:
                self._merge(user, dialog, request_id, stay=False)
            case "CONFERENCE" if user:
                self._merge(user, dialog, request_id, stay=True)
            case "TRANSFER_SST" if user:
                self._transfer(user, dialog, told.get("toAddress", ""), request_id)
            case "ACCEPT" if user:
                self._accept(user, dialog, request_id)
            case "REJECT" | "CLOSE":
                self._end(dialog, request_id)
            case "RECLASSIFY":
                dialog.classification = told.get("outboundClassification", "")
                dialog.variables["BAResponse"] = dialog.classification
                self._publish(dialog, "PUT", request_id)
            case "UPDATE_SCHEDULED_CALLBACK" | "CANCEL_SCHEDULED_CALLBACK":
                time, number = dialog.callback if action.startswith("UPDATE") else ("", "")
                dialog.callback = (
                    told.get("callbackTime", time),
                    told.get("callbackNumber", number),
                )
                self._publish(dialog, "PUT", request_id)
        self._settle()

    def update(
        self, dialog: Dialog, variables: dict[str, str], wrap_up: tuple[str, ...], request_id: str
    ) -> None:
        """New call data, checked already."""
        dialog.variables |= variables
        dialog.wrap_up = wrap_up or dialog.wrap_up
        self._publish(dialog, "PUT", request_id)

    def drop_participant(self, dialog: Dialog, asker: User, address: str, request_id: str) -> None:
        """PARTICIPANT_DROP: somebody else is taken off a conference."""
        victim = dialog.participant(address)
        if victim is None or victim.state in GONE:
            raise Refusal(400, "Invalid Destination", "The participant is not on the call", address)
        who = self.agents.site.drop_participants
        allowed = (
            (bool(asker.supervises) and dialog.participant(asker.extension) is not None)
            or who == "all"
            or (
                who == "conference_controller_and_supervisor"
                and dialog.controller == asker.extension
            )
        )
        if not allowed or not self.ucce:
            self.listener.dialog_refused(asker, dialog, _NOT_NOW, request_id)
            return
        self._leave(dialog, victim, request_id)
        self._settle()

    # ---- supervisors

    def monitor(self, supervisor: User, address: str, request_id: str) -> Dialog | None:
        """SILENT_MONITOR: the supervisor listens to the call of the agent at `address`."""
        agent = self.agents.by_extension(address)
        if agent is None or agent.team not in supervisor.supervises:
            raise Refusal(
                401, "Invalid Supervisor", "The agent is not on a team of this supervisor", address
            )
        if self.dialogs_of(supervisor):
            raise Refusal(
                400, "Invalid State", "The supervisor is on a call already", supervisor.id
            )
        talking = self._talking(agent)
        if talking is None or supervisor.state != "NOT_READY":
            kind = (
                "Invalid State"
                if agent.state in ("READY", "WORK", "WORK_READY")
                else "Generic Error"
            )
            error = CtiError(
                kind, "Silent monitor is not possible", "13145" if self.ucce else "88049"
            )
            self.listener.dialog_refused(supervisor, None, error, request_id)
            return None
        dialog = self._new(supervisor.extension, address, "SUPERVISOR_MONITOR")
        dialog.kind, dialog.associated, dialog.state = "monitor", talking.id, "ACTIVE"
        dialog.participants = [
            self._party(supervisor.extension, "ACTIVE"),
            self._party(address, "ACTIVE"),
        ]
        dialog.participants[1].passive = True
        self._publish(dialog, "POST", request_id)
        self._settle()
        return dialog

    def barge(self, supervisor: User, monitoring: Dialog, request_id: str) -> None:
        """BARGE_CALL: who listened now talks, in a conference. (The BARGE_IN_CONSULT leg in between is not played.)"""
        call = self.dialogs.get(monitoring.associated)
        agent = self.agents.by_extension(monitoring.to_address)
        mine = call.participant(agent.extension) if call and agent else None
        if call is None or agent is None or mine is None or mine.state != "ACTIVE":
            raise Refusal(400, "Invalid Destination", "The agent is not talking", monitoring.id)
        others = [d for d in self.dialogs_of(agent) if d is not call and d.kind == "call"]
        if others or call.controller not in ("", mine.address):
            raise Refusal(
                400,
                "20999",
                "The agent has a consult call, or is not the conference's controller",
                monitoring.id,
            )
        if len(self._present(call)) >= CONFERENCE:
            raise Refusal(400, "20700", "The conference is full", monitoring.id)
        self._end(monitoring, request_id)
        call.call_type, call.controller = "CONFERENCE", mine.address
        self._hold_others(call, supervisor.extension)
        call.participants = [p for p in call.participants if p.address != supervisor.extension]
        call.participants.append(self._party(supervisor.extension, "ACTIVE"))
        self._publish(call, "PUT", request_id, but=supervisor)
        self._publish(call, "POST", request_id, only=supervisor)
        self._settle()

    def clear(self) -> None:
        """Every call ends."""
        for dialog in list(self.dialogs.values()):
            if (
                dialog.id in self.dialogs
            ):  # the end of one may be that of another, which listens to it
                self._end(dialog, "")
        self.dialogs.clear()
        self._settle()

    # ---- what the far end does

    def answer_outside(self, dialog: Dialog) -> None:
        """Whoever the agent called picks up."""
        callee = next(
            (p for p in dialog.participants if not p.is_agent and p.state == "ALERTING"), None
        )
        if callee is None:
            raise Refusal(
                400, "Invalid State", "There is nobody outside whose phone rings", dialog.id
            )
        self._answer(dialog, callee, "")
        self._settle()

    def drop_outside(self, dialog: Dialog) -> None:
        """The outside party hangs up: they are gone first, then the call. In a conference the others go on talking."""
        outside = [p for p in dialog.participants if not p.is_agent and p.state != "DROPPED"]
        go_on = len(self._present(dialog)) - len(outside) >= 2
        if dialog.state == "ACTIVE" and outside:
            for each in outside:
                self._move(each, "DROPPED")
            self._publish(dialog, "PUT")
        if not (go_on and dialog.state == "ACTIVE" and outside):
            self._end(dialog, "")
        self._settle()

    def finish_wrap_up(self, user: User, extension: str) -> None:
        """Wrap-up is over, by the agent's own state or the timer: the calls that waited for it go."""
        for dialog in self._calls_at(extension):
            mine = dialog.participant(extension)
            if mine is not None and mine.state == "WRAP_UP":
                self._move(mine, "DROPPED")
                dialog.state = "DROPPED"
                self._tell(user, dialog, "DELETE", "")
                if not self._present(dialog) and not any(
                    p.state == "WRAP_UP" for p in dialog.participants
                ):
                    self.dialogs.pop(dialog.id, None)

    # ---- beneath: how calls change

    def _dial(self, user: User, dialog: Dialog, request_id: str) -> Dialog:
        """The four steps of an outgoing call: begun, in service, dialled, and ringing or failed."""
        to, other = dialog.to_address, self.agents.by_extension(dialog.to_address)
        mine = self._party(user.extension, "INITIATING")
        dialog.participants = [mine]
        if (
            self.ucce and user.state == "READY"
        ):  # 12.5 and later: NOT_READY with reason 50006 while the agent dials
            self.agents.put(user, "NOT_READY", "", _OUTGOING, "-1")
        self._publish(dialog, "POST", request_id)  # the call begins
        self._publish(
            dialog, "POST", request_id
        )  # and has its service: two POSTs for one call are normal
        self._move(mine, "INITIATED")
        dialog.state = "INITIATED"
        self._publish(dialog, "PUT", request_id)
        nobody = to.isdigit() and len(to) <= 4 and other is None  # an extension where nobody is
        if nobody or self.busy:
            self.busy -= not nobody
            self._move(mine, "FAILED")
            mine.cause, dialog.state = "BAD_DESTINATION" if nobody else "BUSY", "FAILED"
            self._publish(dialog, "PUT")
            return dialog
        self._ring_at(dialog, to)
        return dialog

    def _ring_at(self, dialog: Dialog, to: str) -> None:
        other = self.agents.by_extension(to)
        dialog.participants = [
            p for p in dialog.participants if p.address != to or p.state not in GONE
        ]
        dialog.participants.append(self._party(to, "ALERTING", is_agent=other is not None))
        if dialog.state != "ACTIVE":
            dialog.state = "ALERTING"
        if other:
            self._reserve(other, dialog)
            self._publish(dialog, "PUT", but=other)
            self._publish(dialog, "POST", only=other)
        else:
            self._publish(dialog, "PUT")

    def _answer(self, dialog: Dialog, participant: Participant, request_id: str) -> None:
        for each in self._present(dialog):
            if each is participant or each.state in ("INITIATED", "INITIATING"):
                self._hold_others(dialog, each.address)
                self._move(each, "ACTIVE")
        dialog.state = "ACTIVE"
        self._publish(dialog, "PUT", request_id)

    def _consult(self, user: User, original: Dialog, to: str, request_id: str) -> None:
        if self._is_in(original, to):
            return self.listener.dialog_refused(user, original, _NOT_NOW, request_id)
        mine = original.participant(user.extension)
        assert mine is not None
        self._move(mine, "HELD")
        self._publish(original, "PUT", request_id)
        consult = self._new(user.extension, to, "CONSULT", variables=dict(original.variables))
        consult.associated, original.associated = original.id, consult.id
        self._dial(user, consult, "")
        return None

    def _merge(self, user: User, survivor: Dialog, request_id: str, *, stay: bool) -> None:
        """TRANSFER or CONFERENCE: the call that it is asked of (the held one) goes on with everybody of the active one."""
        active = self._talking(user)
        assert active is not None
        came = [p for p in self._present(active) if p.address != user.extension]
        for each in came:
            active.participants.remove(each)
        for each in came:  # they lose the call that they had, and get the one that goes on
            if agent := self.agents.by_extension(each.address):
                gone = Participant(
                    address=each.address,
                    is_agent=True,
                    state="DROPPED",
                    began=each.began,
                    since=self.agents.now(),
                )
                active.participants.append(gone)
                self._tell(agent, active, "DELETE", request_id)
        names = {each.address for each in came}
        survivor.participants = [
            p
            for p in survivor.participants
            if p.address not in names or p.address == user.extension
        ] + came
        survivor.secondary, survivor.associated = active.id, ""
        survivor.call_type = "CONFERENCE" if stay else "TRANSFER"
        survivor.controller = user.extension if stay else ""
        del self.dialogs[active.id]
        self._move_all(active, "DROPPED")
        self._tell(user, active, "DELETE", request_id)
        mine = survivor.participant(user.extension)
        assert mine is not None
        if stay:
            self._move(mine, "ACTIVE")
        else:
            survivor.participants.remove(mine)
            ended = replace(survivor, participants=[mine])
            self._move(mine, "DROPPED")
            self._tell(user, ended, "DELETE", request_id)
        arrived = [agent for each in came if (agent := self.agents.by_extension(each.address))]
        for agent in arrived:
            self._publish(survivor, "POST", request_id, only=agent)
        for agent in self._agents(survivor):
            if agent not in arrived:
                self._publish(survivor, "PUT", request_id, only=agent)

    def _transfer(self, user: User, dialog: Dialog, to: str, request_id: str) -> None:
        """TRANSFER_SST: away with it, without asking first."""
        if to == user.extension:
            raise Refusal(400, "Invalid Destination", "toAddress is the same as fromAddress", to)
        if self._is_in(dialog, to) or (
            to.isdigit() and len(to) <= 4 and self.agents.by_extension(to) is None
        ):
            error = CtiError("Call Operation Failure", "CF_INVALID_DESTINATION", "14")
            self.listener.dialog_refused(user, dialog, error, request_id)
            return
        mine = dialog.participant(user.extension)
        assert mine is not None
        dialog.participants.remove(mine)
        ended = replace(dialog, participants=[mine], state="DROPPED")
        self._move(mine, "DROPPED")
        self._tell(user, ended, "PUT", request_id)
        self._tell(user, ended, "DELETE", request_id)
        dialog.call_type, dialog.to_address, dialog.dialed = "TRANSFER", to, to
        self._ring_at(dialog, to)

    def _accept(self, user: User, dialog: Dialog, request_id: str) -> None:
        """A preview is accepted: the reservation ends and the customer is called."""
        mine = dialog.participant(user.extension)
        assert mine is not None
        self._move(mine, "ACCEPTED")
        dialog.state = "ACCEPTED"
        self._publish(dialog, "PUT", request_id)
        customer, variables = dialog.customer, dict(dialog.variables)
        variables["BAStatus"] = variables["BAStatus"].removesuffix("_RESERVATION")
        self._end(dialog, "")
        call = self._new(user.extension, customer, "OUTBOUND", variables=variables)
        call.participants = [self._party(user.extension, "INITIATED")]
        call.state = "INITIATED"
        self._publish(call, "POST")
        self._ring_at(call, customer)

    def _leave(self, dialog: Dialog, participant: Participant, request_id: str) -> None:
        """One hangs up. With fewer than two left the call is over."""
        if len(self._present(dialog)) <= 2 or dialog.kind == "monitor":
            self._end(dialog, request_id)
            return
        self._move(participant, "DROPPED")
        if user := self.agents.by_extension(participant.address):
            ended = replace(dialog, state="DROPPED")
            self._tell(user, ended, "DELETE", request_id)
        if len(self._present(dialog)) == 2 and dialog.controller == participant.address:
            dialog.controller = ""
        self._publish(dialog, "PUT", request_id)

    def _end(self, dialog: Dialog, request_id: str) -> None:
        for monitoring in [
            d for d in self.dialogs.values() if d.kind == "monitor" and d.associated == dialog.id
        ]:
            self._end(monitoring, "")
        agents = self._agents(dialog)
        wrapping = [a for a in agents if self._wraps_up(a, dialog)]
        self._move_all(dialog, "DROPPED")
        for agent in wrapping:
            if mine := dialog.participant(agent.extension):
                self._move(mine, "WRAP_UP")
        dialog.state = "DROPPED"
        if not wrapping:
            self.dialogs.pop(dialog.id, None)
        for agent in agents:
            self._tell(agent, dialog, "PUT", request_id)
        for agent in agents:
            if agent not in wrapping:
                self._tell(agent, dialog, "DELETE", request_id)

    def _wraps_up(self, agent: User, dialog: Dialog) -> bool:
        """Wrap-up follows a call with talk in it, when it is required or asked for; on UCCE the call waits for it."""
        mine = dialog.participant(agent.extension)
        talked = (
            dialog.kind == "call"
            and dialog.state == "ACTIVE"
            and mine is not None
            and mine.state in ("ACTIVE", "HELD")
        )
        asked = agent.pending == "WORK" or agent.wrap_up.startswith("REQUIRED")
        return (
            self.ucce
            and talked
            and asked
            and agent.state in ("TALKING", "HOLD")
            and len(self.dialogs_of(agent)) == 1
        )

    # ---- beneath: who hears of it

    def _settle(self) -> None:
        """After a change: who listens to a talk that is over, the actions that it opened or closed, the states of the agents."""
        for monitoring in [d for d in self.dialogs.values() if d.kind == "monitor"]:
            call = self.dialogs.get(monitoring.associated)
            heard = call.participant(monitoring.to_address) if call else None
            if (heard is None or heard.state in GONE) and monitoring.id in self.dialogs:
                self._end(monitoring, "")
        while self._touched:
            addresses, self._touched = self._touched, set()
            touched = {
                dialog.id: dialog for address in addresses for dialog in self._calls_at(address)
            }
            for dialog in touched.values():
                if any(
                    p.actions != self._allowed(dialog, p) for p in dialog.participants if p.is_agent
                ):
                    self._publish(dialog, "PUT")
            for address in addresses:
                if user := self.agents.by_extension(address):
                    self._follow(user)
                    if user.state in ("READY", "NOT_READY"):
                        self.finish_wrap_up(user, address)  # of a call before the last one
            for dialog in touched.values():
                # A call in which only people outside are left is no longer the contact centre's.
                if not any(p.is_agent and p.state != "DROPPED" for p in dialog.participants):
                    self.dialogs.pop(dialog.id, None)

    def signed_out(self, extension: str) -> None:
        """Whoever was at `extension` is gone: so are they from their calls."""
        for dialog in list(self.dialogs.values()):
            mine = dialog.participant(extension)
            if mine is not None and mine.state != "DROPPED" and dialog.id in self.dialogs:
                if (
                    mine.state == "WRAP_UP"
                    or len(self._present(dialog)) <= 2
                    or dialog.kind != "call"
                ):
                    self._end(dialog, "")
                    self.dialogs.pop(dialog.id, None)
                else:
                    self._move(mine, "DROPPED")
                    self._publish(dialog, "PUT")
        self._settle()

    def _follow(self, user: User) -> None:
        """The agent's state is what their calls make it."""
        mine = [
            (d, p)
            for d in self.dialogs_of(user)
            if (p := d.participant(user.extension)) and not p.passive
        ]
        live = [(d, p) for d, p in mine if p.state not in GONE]
        counted = [
            (d, p)
            for d, p in live
            if self.ucce or d.queue or d.kind in ("preview", "direct_preview")
        ]
        states = {
            p.state for d, p in counted if d.kind == "call" or (d.kind == "monitor" and self.ucce)
        }
        if states & {"ACTIVE", "INITIATING", "INITIATED"}:
            self.agents.put(user, "TALKING")
        elif "HELD" in states:
            # On UCCX a held call leaves the agent TALKING.
            self.agents.put(user, "HOLD" if self.ucce else "TALKING")
        elif states == {"ALERTING"} and user.state in ("TALKING", "HOLD"):
            self.agents.put(user, "RESERVED")
        elif not live and user.state in (
            "RESERVED",
            "TALKING",
            "HOLD",
            "RESERVED_OUTBOUND_PREVIEW",
        ):
            self.agents.released(user, wrap_up=user.state in ("TALKING", "HOLD"))

    def _publish(
        self,
        dialog: Dialog,
        event: Event,
        request_id: str = "",
        only: User | None = None,
        but: User | None = None,
    ) -> None:
        self._index(dialog)
        for user in self._agents(dialog):
            if (only is None or user is only) and user is not but:
                self._tell(user, dialog, event, request_id)
        if event != "DELETE":
            for user in self._agents(dialog):
                self._follow(user)

    def _tell(self, user: User, dialog: Dialog, event: Event, request_id: str) -> None:
        self._index(dialog)
        for participant in dialog.participants:
            participant.actions = self._allowed(dialog, participant)
        self.listener.dialog_changed(user, dialog, event, request_id)

    def _index(self, dialog: Dialog) -> None:
        """Remember where the call is. What is told may be a copy, which shows one who has left what they have lost."""
        call = self.dialogs.get(dialog.id)
        for participant in dialog.participants:
            if participant.is_agent:
                self._touched.add(participant.address)
                if call is not None:
                    self._at.setdefault(participant.address, {})[call.id] = call

    def _calls_at(self, address: str) -> list[Dialog]:
        """The calls that have the agent's phone `address` in them, or had."""
        mine = self._at.get(address, {})
        for id in [id for id in mine if id not in self.dialogs]:
            del mine[id]
        return list(mine.values())

    def _allowed(self, dialog: Dialog, participant: Participant) -> tuple[str, ...]:
        """What Finesse would offer `participant` now."""
        if not participant.is_agent or participant.passive:
            return ()
        base = BASE.get(participant.state, ())
        if dialog.kind == "monitor":
            return ("DROP", "BARGE_CALL") if participant.state == "ACTIVE" else ()
        if dialog.kind != "call":
            return ("ACCEPT", "REJECT", "CLOSE") if participant.state == "ALERTING" else ()
        user = self.agents.by_extension(participant.address)
        others = (
            [
                p
                for d in self.dialogs_of(user)
                if d is not dialog and (p := d.participant(participant.address))
            ]
            if user
            else []
        )
        if participant.state == "ACTIVE" and len(self._present(dialog)) > 1:
            base += () if any(p.state == "HELD" for p in others) else ("CONSULT_CALL",)
            base += () if self.ucce else ("START_RECORDING",)
            base += (
                ("RECLASSIFY", "UPDATE_SCHEDULED_CALLBACK", "CANCEL_SCHEDULED_CALLBACK")
                if "BACampaign" in dialog.variables
                else ()
            )
        if (
            participant.state == "HELD"
            and user
            and (active := self._talking(user))
            and len(self._present(active)) > 1
        ):
            base += (
                ("TRANSFER", "CONFERENCE")
                if all(p.state == "ACTIVE" for p in self._present(active))
                else ()
            )
        return base

    def _why_not(self, dialog: Dialog, address: str, action: str) -> CtiError:
        if action == "CONFERENCE" and dialog.controller and dialog.controller != address:
            code = "20999" if self.ucce else "22"
            return CtiError(
                "Generic Error",
                "<ConferenceCallCommand>: Conference failed"
                if self.ucce
                else "CF_INVALID_OBJECT_STATE",
                code,
            )
        return _NOT_NOW

    # ---- beneath: small things

    def _signed_in_at(self, extension: str) -> User:
        user = self.agents.by_extension(extension)
        if user is None:
            raise Refusal(
                404, "Not Found", f"Nobody is signed in on extension {extension}", extension
            )
        return user

    def _new(
        self,
        from_address: str,
        to: str,
        call_type: str,
        *,
        queue: str = "",
        variables: dict[str, str] | None = None,
    ) -> Dialog:
        dialog = Dialog(
            id=str(next(self._ids)), from_address=from_address, to_address=to, call_type=call_type, dialed=to,
            queue=queue, variables=dict(variables or {}), participants=[], state="INITIATING",
        )  # fmt: skip
        if self.ucce:
            # The day and a number of that day. Whether a consult has the key of its call is uncertain; here it has its own.
            dialog.key = (f"{self.agents.clock().toordinal() - 583_000}", str(next(self._keys)))
        self.dialogs[dialog.id] = dialog
        return dialog

    def _party(self, address: str, state: str, *, is_agent: bool = True) -> Participant:
        now = self.agents.now()
        return Participant(address=address, is_agent=is_agent, state=state, began=now, since=now)

    def _reserve(self, user: User, dialog: Dialog) -> None:
        """A ringing call takes the agent out of the queue; on UCCX only one that was routed."""
        if user.state == "READY" and (self.ucce or dialog.queue):
            self.agents.put(user, "RESERVED")

    def _talking(self, user: User) -> Dialog | None:
        """The call in which `user` talks now."""
        return next(
            (
                d
                for d in self.dialogs_of(user)
                if d.kind == "call" and (p := d.participant(user.extension)) and p.state == "ACTIVE"
            ),
            None,
        )

    def _hold_others(self, dialog: Dialog, address: str) -> None:
        """One call at a time talks: whatever else is active at `address` is held."""
        for other in self._calls_at(address):
            talking = other.participant(address)
            if (
                other is not dialog
                and talking is not None
                and talking.state == "ACTIVE"
                and not talking.passive
            ):
                self._move(talking, "HELD")
                self._publish(other, "PUT")

    def _is_in(self, dialog: Dialog, address: str) -> bool:
        return any(p.address == address for p in self._present(dialog))

    @staticmethod
    def _present(dialog: Dialog) -> list[Participant]:
        return [p for p in dialog.participants if p.state not in GONE]

    def _agents(self, dialog: Dialog) -> list[User]:
        present: Iterable[Participant] = (
            p for p in dialog.participants if p.is_agent and p.state != "DROPPED"
        )
        return [user for p in present if (user := self.agents.by_extension(p.address))]

    def _move(self, participant: Participant, state: str) -> None:
        participant.state, participant.since = state, self.agents.now()

    def _move_all(self, dialog: Dialog, state: str) -> None:
        for each in dialog.participants:
            if each.state != state:
                self._move(each, state)
