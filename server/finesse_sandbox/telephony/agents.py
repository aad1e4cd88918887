"""The stand-in's agents: signing in and out, states and what moves them. Source: the developer guide's page User, 12.5 to 15.0."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Protocol

from finesse_sandbox.site import CtiError, Platform, ReasonCode, Refusal, Site, User, people

LONGEST_EXTENSION = 7
ON_CALL = ("RESERVED", "RESERVED_OUTBOUND_PREVIEW", "TALKING", "HOLD")
_STATE_ERROR = "Invalid State"


class Listener(Protocol):
    """Who hears of an agent's changes. `request_id` is empty for what nobody asked for."""

    def user_changed(self, user: User, request_id: str) -> None: ...

    def user_refused(self, user: User, error: CtiError, request_id: str) -> None: ...


@dataclass
class Agents:
    listener: Listener
    site: Site
    platform: Platform = "ucce"
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    left: Callable[[str], None] = lambda extension: None
    """Told of the extension that whoever signed out has left; the switch takes care of their calls."""
    busy: Callable[[User], bool] = lambda user: False
    """Whether a user has a call; the switch knows."""
    users: dict[str, User] = field(init=False)

    def __post_init__(self) -> None:
        self._at: dict[str, User] = {}
        """Who was at an extension the last time; a thousand agents are not looked through for each event."""
        self.users = {user.id: user for user in people(self.site.more_agents)}

    def now(self) -> str:
        return self.clock().strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"

    def by_extension(self, extension: str) -> User | None:
        known = self._at.get(extension)
        if known is not None and known.extension == extension:
            return known
        if not extension or len(extension) > LONGEST_EXTENSION:
            return None
        found = next((user for user in self.users.values() if user.extension == extension), None)
        if found is not None:
            self._at[extension] = found
        return found

    def by_login(self, name: str) -> User | None:
        return self.users.get(name)

    def team(self, id: str) -> Iterable[User]:
        return (u for u in self.users.values() if u.team == id and "Agent" in u.roles)

    # ---- what an agent asks

    def sign_in(
        self, user: User, extension: str, request_id: str, mobile: tuple[str, str] | None = None
    ) -> None:
        """LOGIN. Again, by somebody signed in already, keeps their state, as Finesse does."""
        taken = self.by_extension(extension)
        if mobile and self.platform == "uccx":
            self.listener.user_refused(
                user,
                CtiError("Mode Not Allowed", "CF_REQUEST_INCOMPATIBLE_WITH_OBJECT", "2"),
                request_id,
            )
        elif taken is not None and taken is not user:
            if self.platform == "uccx":  # whoever signs in later gets the phone
                self.force_out(
                    taken, ReasonCode("", "LOGOUT", 32741, "Extension conflict", system=True)
                )
                return self.sign_in(user, extension, request_id)
            self.listener.user_refused(
                user,
                CtiError("Device Busy", "CF_SPECIFIED_EXTENSION_ALREADY_IN_USE", "283"),
                request_id,
            )
        elif not any(person.extension_of == extension for person in self.users.values()):
            self.listener.user_refused(
                user,
                CtiError("Invalid Device", "CF_INVALID_LOGON_DEVICE_SPECIFIED", "260"),
                request_id,
            )
        elif user.state == "LOGOUT":
            user.extension, user.mobile = extension, mobile
            self.put(user, "NOT_READY", request_id, reason_id="-1")
        else:
            self.listener.user_changed(user, request_id)
        return None

    def set_state(self, user: User, state: str, reason_id: str, request_id: str) -> None:
        """READY, NOT_READY, LOGOUT, or WORK during a call after which wrap-up is optional, as the agent asks."""
        reason = self.site.reason(reason_id, state)
        if reason_id and reason is None:
            raise Refusal(400, "Invalid Input", "Invalid reason code", reason_id)
        if state in ("NOT_READY", "LOGOUT") and reason is None and self._has_reasons(state):
            # Which error a missing code gives is uncertain; the guide lists Parameter Missing for the state API.
            raise Refusal(400, "Parameter Missing", "Reason code is required", "reasonCodeId")
        if state == "WORK" and (user.state not in ON_CALL or user.wrap_up == "NOT_ALLOWED"):
            raise Refusal(400, _STATE_ERROR, "Wrap-up is not possible now", state)
        if user.state == "LOGOUT":
            if state == "LOGOUT":
                raise Refusal(400, _STATE_ERROR, "The agent is signed out already", state)
            code = (
                ("257", "CF_INVALID_PASSWORD_SPECIFIED")
                if self.platform == "ucce"
                else ("1010", "CF_INVALID_PARAMETER")
            )
            self.listener.user_refused(user, CtiError(_STATE_ERROR, code[1], code[0]), request_id)
        elif (
            state == "LOGOUT"
            and user.state not in ("NOT_READY", *ON_CALL)
            and self.platform == "ucce"
        ):
            raise Refusal(400, _STATE_ERROR, "Sign out from NOT_READY")
        elif user.state == "RESERVED_OUTBOUND_PREVIEW" and self.platform == "uccx":
            raise Refusal(500, "Internal Server Error", "The agent is reserved")
        elif user.state in ON_CALL:
            self._await_end(user, state, reason, request_id)
        elif (
            self.platform == "uccx" and state == "READY" and self.busy(user)
        ):  # in a call that was not routed
            self.listener.user_refused(
                user, CtiError(_STATE_ERROR, "CF_RESOURCE_BUSY", "33"), request_id
            )
        else:
            self.put(user, state, request_id, reason, reason_id)

    def set_state_by(
        self, supervisor: User, user: User, state: str, reason_id: str, request_id: str
    ) -> None:
        """A supervisor changes a team member's state; the system's own reason goes with it."""
        if user.team not in supervisor.supervises:
            raise Refusal(
                401, "Invalid Supervisor", "The user is not on a team of this supervisor", user.id
            )
        if state not in ("READY", "NOT_READY", "LOGOUT"):
            raise Refusal(
                400, _STATE_ERROR, "A supervisor may set READY, NOT_READY or LOGOUT", state
            )
        if reason_id:
            raise Refusal(400, "Invalid Input", "A supervisor can't give a reason code", reason_id)
        allowed = ("READY", "WORK", "WORK_READY") if state == "NOT_READY" else ()
        if (allowed and user.state not in allowed) or user.state == "LOGOUT":
            raise Refusal(400, _STATE_ERROR, f"{state} is not possible from {user.state}", state)
        code = 999 if self.platform == "ucce" else 22 if state == "LOGOUT" else 33
        reason = (
            None
            if state == "READY"
            else ReasonCode("", "NOT_READY", code, "Supervisor initiated", system=True)
        )
        if user.state in ON_CALL:
            self._await_end(user, state, reason, request_id)
        else:
            self.put(user, state, request_id, reason, "" if reason is None else "-1")

    # ---- what happens to an agent

    def put(
        self,
        user: User,
        state: str,
        request_id: str = "",
        reason: ReasonCode | None = None,
        reason_id: str = "",
    ) -> None:
        """Into `state`, whatever was before, and tell it."""
        if state in ON_CALL and user.state not in ON_CALL:
            user.before_call = user.state
        gone = user.extension if state == "LOGOUT" else ""
        changed = user.state != state
        user.state, user.since = state, self.now()
        if state not in ON_CALL:
            user.reason, user.reason_id, user.pending, user.pending_reason = (
                reason,
                reason_id,
                "",
                None,
            )
        if state == "LOGOUT":
            user.extension, user.before_call, user.mobile = "", "NOT_READY", None
        if changed or request_id or reason:
            self.listener.user_changed(user, request_id)
        if gone:
            self.left(gone)

    def released(self, user: User, *, wrap_up: bool) -> None:
        """The last call is over: into wrap-up, or to what was asked meanwhile, or to what was before the call."""
        after, reason = user.pending or user.before_call, user.pending_reason
        if after == "WORK" or (wrap_up and user.wrap_up.startswith("REQUIRED")):
            ready = user.before_call == "READY" and user.pending in ("", "WORK", "READY")
            user.before_call = "READY" if ready else "NOT_READY"
            return self.put(user, "WORK_READY" if ready and self.platform == "ucce" else "WORK")
        if reason is None and after == user.before_call and after == "NOT_READY":
            reason = user.reason
        return self.put(
            user,
            after,
            "",
            reason,
            reason.id or "-1" if reason else "-1" if after == "NOT_READY" else "",
        )

    def wrapped_up(self, user: User) -> None:
        """The wrap-up timer has run out."""
        if user.state in ("WORK", "WORK_READY"):
            after = "READY" if user.before_call == "READY" else "NOT_READY"
            self.put(user, after, "", None, "-1" if after == "NOT_READY" else "")

    def force_out(self, user: User, reason: ReasonCode) -> None:
        """What the platform does to whom it has lost: signed out, or, in the middle of a call, when that ends."""
        if user.state in ON_CALL:
            self._await_end(user, "LOGOUT", reason, "")
        elif user.state != "LOGOUT":
            self.put(user, "LOGOUT", "", reason, "-1")

    def reset(self) -> None:
        for fresh in people(self.site.more_agents):
            user = self.users[fresh.id]
            changed = user.state != fresh.state
            for each in fields(fresh):
                setattr(user, each.name, getattr(fresh, each.name))
            if changed:
                self.listener.user_changed(user, "")

    # ---- beneath

    def _await_end(
        self, user: User, state: str, reason: ReasonCode | None, request_id: str
    ) -> None:
        if self.platform == "uccx" and (
            state == "READY" or (state == "NOT_READY" and user.pending == "NOT_READY")
        ):
            self.listener.user_refused(
                user, CtiError(_STATE_ERROR, "CF_INVALID_AGENT_WORKMODE", "265"), request_id
            )
            return
        user.pending, user.pending_reason = state, reason
        self.listener.user_changed(user, request_id)

    def _has_reasons(self, category: str) -> bool:
        return any(reason.category == category for reason in self.site.reasons)
