"""Agents: signing in and out, and their states.

Source: the developer guide's page User, 12.5 to 15.0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Protocol

from finesse_sandbox.api_errors import ApiError, CtiError
from finesse_sandbox.site import (
    MobileAgent,
    Platform,
    ReasonCode,
    SiteConfiguration,
    User,
    demo_users,
    system_reason,
)

MAX_EXTENSION_DIGITS = 7
ON_CALL = ("RESERVED", "RESERVED_OUTBOUND_PREVIEW", "TALKING", "HOLD")
WRAPPING_UP = ("WORK", "WORK_READY")
_STATE_ERROR = "Invalid State"
_UNKNOWN_EXTENSION = CtiError(
    "Invalid Device",
    "CF_INVALID_LOGON_DEVICE_SPECIFIED",
    "260",
    peripheral_code="10125",
    peripheral_text="The agent cannot sign in: no phone has this extension.",
    peripheral_message="PERERR_TELDRIVE_NODEVICETARGETFORNETTARGETID",
)
"""As recorded on UCCE 12.5, in other words."""
_SUPERVISOR_REASONS = {
    ("ucce", "NOT_READY"): system_reason("NOT_READY", 999, "Supervisor initiated"),
    ("ucce", "LOGOUT"): system_reason("LOGOUT", 999, "Supervisor initiated"),
    ("uccx", "NOT_READY"): system_reason("NOT_READY", 33, "Supervisor initiated"),
    ("uccx", "LOGOUT"): system_reason("LOGOUT", 22, "Supervisor initiated"),
}
"""Source: CTI reason codes in the UCCE database schema 15.0; the UCCX guide."""


class AgentListener(Protocol):
    """Receives agent events. `request_id` is empty when no request caused the event."""

    def user_changed(self, user: User, request_id: str) -> None: ...

    def user_command_failed(self, user: User, error: CtiError, request_id: str) -> None: ...


@dataclass
class Agents:
    listener: AgentListener
    site: SiteConfiguration
    platform: Platform = "ucce"
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    on_sign_out: Callable[[str], None] = lambda extension: None
    """Called with the extension of an agent who signed out; the switch ends their calls."""
    has_call: Callable[[User], bool] = lambda user: False
    """Whether a user has a call; the switch sets this."""
    users: dict[str, User] = field(init=False)

    def __post_init__(self) -> None:
        # The last user seen at each extension, so that an event need not search 2,000 agents.
        self._by_extension: dict[str, User] = {}
        self.users = {user.id: user for user in demo_users(self.site.more_agents)}

    def now(self) -> str:
        return self.clock().strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"

    def by_extension(self, extension: str) -> User | None:
        cached = self._by_extension.get(extension)
        if cached is not None and cached.extension == extension:
            return cached
        if not extension or len(extension) > MAX_EXTENSION_DIGITS:
            return None
        for user in self.users.values():
            if user.extension == extension:
                self._by_extension[extension] = user
                return user
        return None

    def is_assigned(self, extension: str) -> bool:
        """Return whether there is a phone with this extension."""
        return any(each.assigned_extension == extension for each in self.users.values())

    def by_login(self, name: str) -> User | None:
        """Return the user with a login id, or with a login name that differs from it."""
        user = self.users.get(name)
        if user is None and name:
            user = next((each for each in self.users.values() if each.login_name == name), None)
        return user

    def team(self, id: str) -> Iterable[User]:
        return (user for user in self.users.values() if user.team == id and "Agent" in user.roles)

    # ---- requests of agents and supervisors

    def sign_in(
        self,
        user: User,
        extension: str,
        request_id: str,
        mobile_agent: MobileAgent | None = None,
    ) -> None:
        """Sign a user in. A repeated LOGIN keeps the state, as in Finesse.

        An event reports the outcome.
        """
        owner = self.by_extension(extension)
        if mobile_agent and self.platform == "uccx":
            error = CtiError("Mode Not Allowed", "CF_REQUEST_INCOMPATIBLE_WITH_OBJECT", "2")
            self.listener.user_command_failed(user, error, request_id)
        elif owner is not None and owner is not user:
            # On UCCX the later sign-in takes the extension over. Assumption: not during a call.
            if self.platform == "uccx" and owner.state not in ON_CALL:
                reason = system_reason("LOGOUT", 32741, "Extension conflict")
                self.force_sign_out(owner, reason)
                self.sign_in(user, extension, request_id)
                return
            error = CtiError("Device Busy", "CF_SPECIFIED_EXTENSION_ALREADY_IN_USE", "283")
            self.listener.user_command_failed(user, error, request_id)
        elif not self.is_assigned(extension):
            self.listener.user_command_failed(user, _UNKNOWN_EXTENSION, request_id)
        elif user.state == "LOGOUT":
            user.extension = extension
            user.mobile_agent = mobile_agent
            self.change_state(user, "NOT_READY", request_id, reason_id="-1")
        else:
            self.listener.user_changed(user, request_id)

    def set_state(self, user: User, state: str, reason_id: str, request_id: str) -> None:
        """Set READY, NOT_READY, LOGOUT, or WORK to request wrap-up after the current call."""
        reason = self.site.reason(reason_id, state)
        self._check_state(user, state, reason_id, reason)
        if user.state == "LOGOUT":
            if self.platform == "ucce" and state == "READY":  # as recorded on 12.5
                error = CtiError(_STATE_ERROR, "CF_INVALID_OBJECT_STATE", "22")
            elif self.platform == "ucce":
                error = CtiError(_STATE_ERROR, "CF_INVALID_PASSWORD_SPECIFIED", "257")
            else:
                error = CtiError(_STATE_ERROR, "CF_INVALID_PARAMETER", "1010")
            self.listener.user_command_failed(user, error, request_id)
        elif user.state in ON_CALL:
            self._set_pending_state(user, state, reason, request_id)
        elif self.platform == "uccx" and state == "READY" and self.has_call(user):
            # The agent is on a call that was not routed.
            error = CtiError(_STATE_ERROR, "CF_RESOURCE_BUSY", "33")
            self.listener.user_command_failed(user, error, request_id)
        else:
            self.change_state(user, state, request_id, reason, reason_id)

    def _check_state(
        self, user: User, state: str, reason_id: str, reason: ReasonCode | None
    ) -> None:
        """Raise the ApiError with which Finesse rejects a state change directly."""
        if reason_id and reason is None:
            raise ApiError(400, "Invalid Input", "Invalid reason code", reason_id)
        if state in ("NOT_READY", "LOGOUT") and reason is None and self._has_reasons(state):
            # As seen by several clients; the guide does not document it.
            required = "finesse.api.reasoncode.require_reasoncode"
            message = "Choose a valid reason code"
            raise ApiError(400, "Parameter Missing", message, required)
        if state == "WORK" and (user.state not in ON_CALL or user.wrap_up == "NOT_ALLOWED"):
            raise ApiError(400, _STATE_ERROR, "Wrap-up is not possible now", state)
        if state == "LOGOUT" and user.state == "LOGOUT":
            raise ApiError(400, _STATE_ERROR, "The agent is signed out already", state)
        can_sign_out = self.platform == "uccx" or user.state in ("NOT_READY", *ON_CALL)
        if state == "LOGOUT" and not can_sign_out:
            raise ApiError(400, _STATE_ERROR, "Sign out from NOT_READY")
        if user.state == "RESERVED_OUTBOUND_PREVIEW" and self.platform == "uccx":
            raise ApiError(500, "Internal Server Error", "The agent is reserved")

    def set_state_by(
        self, supervisor: User, user: User, state: str, reason_id: str, request_id: str
    ) -> None:
        """Change a team member's state for a supervisor, with the system's own reason code."""
        if user.team not in supervisor.supervises:
            message = "The user is not on a team of this supervisor"
            raise ApiError(401, "Invalid Supervisor", message, user.id)
        if state not in ("READY", "NOT_READY", "LOGOUT"):
            message = "A supervisor may set READY, NOT_READY or LOGOUT"
            raise ApiError(400, _STATE_ERROR, message, state)
        if reason_id:
            message = "A supervisor can't give a reason code"
            raise ApiError(400, "Invalid Input", message, reason_id)
        is_possible = user.state != "LOGOUT"
        if state == "NOT_READY":
            is_possible = user.state in ("READY", *WRAPPING_UP)
        if not is_possible:
            message = f"{state} is not possible from {user.state}"
            raise ApiError(400, _STATE_ERROR, message, state)
        reason = None
        if state != "READY":
            reason = _SUPERVISOR_REASONS[self.platform, state]
        if user.state in ON_CALL:
            self._set_pending_state(user, state, reason, request_id)
        else:
            self.change_state(user, state, request_id, reason, "" if reason is None else "-1")

    # ---- state changes

    def change_state(
        self,
        user: User,
        state: str,
        request_id: str = "",
        reason: ReasonCode | None = None,
        reason_id: str = "",
    ) -> None:
        """Put a user into `state` without checking whether that is allowed, and publish it."""
        if state in ON_CALL and user.state not in ON_CALL:
            user.state_before_call = user.state
        extension = user.extension
        changed = user.state != state
        user.state = state
        if changed or reason:
            user.state_since = self.now()
        if state not in ON_CALL:
            user.reason = reason
            user.reason_id = reason_id
            user.pending_state = ""
            user.pending_reason = None
        if state == "LOGOUT":
            user.extension = ""
            user.state_before_call = "NOT_READY"
            user.mobile_agent = None
        if changed or request_id or reason:
            self.listener.user_changed(user, request_id)
        if state == "LOGOUT" and extension:
            self.on_sign_out(extension)

    def last_call_ended(self, user: User, *, wrap_up: bool) -> None:
        """Move a user on after their last call: to wrap-up, the pending or the previous state."""
        state = user.pending_state or user.state_before_call
        if state == "WORK" or (wrap_up and user.wrap_up.startswith("REQUIRED")):
            was_ready = user.state_before_call == "READY"
            ready_next = was_ready and user.pending_state in ("", "WORK", "READY")
            user.state_before_call = "READY" if ready_next else "NOT_READY"
            self.change_state(
                user, "WORK_READY" if ready_next and self.platform == "ucce" else "WORK"
            )
            return
        reason = user.pending_reason
        if reason is None and state == user.state_before_call and state == "NOT_READY":
            reason = user.reason
        reason_id = "-1" if state == "NOT_READY" else ""
        if reason is not None:
            reason_id = reason.id or "-1"
        self.change_state(user, state, "", reason, reason_id)

    def end_wrap_up(self, user: User) -> None:
        """End wrap-up when its timer has expired."""
        if user.state in WRAPPING_UP:
            if user.state_before_call == "READY":
                self.change_state(user, "READY")
            else:
                self.change_state(user, "NOT_READY", reason_id="-1")

    def force_sign_out(self, user: User, reason: ReasonCode) -> None:
        """Sign a user out without their request; during a call, when the call ends."""
        if user.state in ON_CALL:
            self._set_pending_state(user, "LOGOUT", reason, "")
        elif user.state != "LOGOUT":
            self.change_state(user, "LOGOUT", "", reason, "-1")

    def reset(self) -> None:
        for initial in demo_users(self.site.more_agents):
            user = self.users[initial.id]
            changed = user.state != initial.state
            for each in fields(initial):
                setattr(user, each.name, getattr(initial, each.name))
            if changed:
                self.listener.user_changed(user, "")

    def _set_pending_state(
        self, user: User, state: str, reason: ReasonCode | None, request_id: str
    ) -> None:
        repeated = state == "NOT_READY" and user.pending_state == "NOT_READY"
        if self.platform == "uccx" and (state == "READY" or repeated):
            error = CtiError(_STATE_ERROR, "CF_INVALID_AGENT_WORKMODE", "265")
            self.listener.user_command_failed(user, error, request_id)
            return
        user.pending_state = state
        user.pending_reason = reason
        self.listener.user_changed(user, request_id)

    def _has_reasons(self, category: str) -> bool:
        return any(reason.category == category for reason in self.site.reasons)
