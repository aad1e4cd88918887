"""Finesse's objects as plain data, named as Finesse names them. No XML here and no I/O.

Every value is text as Finesse sent it, because states, actions and types are open sets. A missing
or empty element is "". Elements that are not declared here are ignored, so that a later release
breaks nothing. `codec` converts them to XML and back. Sources: the developer guide's page of each
object, releases 12.5 to 15.0, and recordings of real servers.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from callcard.finesse.xml_fields import child, children, text

# ---- errors


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiError:
    """A refusal.

    In a response, `data` names the wrong value. In an event, it is usually the platform's code and
    `message` the code's name, but servers of 2020 were recorded to send an extension.
    """

    type: str = text("ErrorType")
    message: str = text("ErrorMessage")
    data: str = text("ErrorData")
    media: str = text("ErrorMedia")
    peripheral_error_code: str = text()
    peripheral_error_text: str = text()
    """A sentence of the platform's; recorded on 12.5 after a refused sign-in."""
    peripheral_error_msg: str = text()


# ---- people


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonCode:
    """A reason for Not Ready or sign-out.

    A state change sends `id`; `code` is the number in the platform's reports.
    """

    uri: str = text()
    category: str = text()
    code: str = text()
    label: str = text()
    for_all: str = text()
    system_code: str = text()
    id: str = text()

    def __post_init__(self) -> None:
        # Older releases omit `id`; it is always the last part of the uri.
        if not self.id:
            object.__setattr__(self, "id", self.uri.rstrip("/").rpartition("/")[2])


@dataclass(frozen=True, slots=True, kw_only=True)
class UserSettings:
    """For the wrap-up form: whether the agent must choose a wrap-up reason after a call."""

    wrap_up_on_incoming: str = text()
    """REQUIRED, REQUIRED_WITH_WRAP_UP_DATA, OPTIONAL, NOT_ALLOWED; may be empty on UCCX."""
    wrap_up_on_outgoing: str = text()


@dataclass(frozen=True, slots=True, kw_only=True)
class MobileAgent:
    mode: str = text()
    """CALL_BY_CALL or NAILED_CONNECTION."""
    dial_number: str = text()


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamName:
    """A team in a user's list of supervised teams."""

    uri: str = text()
    id: str = text()
    name: str = text()


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    uri: str = text()
    roles: tuple[str, ...] = children(str, "role", "roles")
    login_id: str = text()
    login_name: str = text()
    state: str = text()
    state_change_time: str = text()
    """ISO 8601, UTC; empty until the first state change after the server's start."""
    media_type: str = text()
    pending_state: str = text()
    reason_code_id: str = text()
    reason_code: ReasonCode | None = child(ReasonCode, "ReasonCode")
    settings: UserSettings | None = child(UserSettings, "settings")
    extension: str = text()
    """Empty when signed out."""
    mobile_agent: MobileAgent | None = child(MobileAgent, "mobileAgent")
    first_name: str = text()
    last_name: str = text()
    team_id: str = text()
    team_name: str = text()
    dialogs: str = text()
    teams: tuple[TeamName, ...] = children(TeamName, "Team", "teams")
    """The teams that a supervisor supervises; `team_id` is the team that they belong to."""
    wrap_up_timer: str = text()

    @property
    def full_name(self) -> str:
        """First and last name; empty if Finesse has neither."""
        return f"{self.first_name} {self.last_name}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    uri: str = text()
    id: str = text()
    name: str = text()
    users: tuple[User, ...] = children(User, "User", "users")


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamMessage:
    """A supervisor's message to teams, for coaching by text."""

    uri: str = text()
    id: str = text()
    created_by: str = text()
    created_at: str = text()
    duration: str = text()
    """Seconds."""
    content: str = text()
    teams: tuple[str, ...] = children(str, "team", "teams")


# ---- calls


@dataclass(frozen=True, slots=True, kw_only=True)
class CallVariable:
    name: str = text(verbatim=True)
    value: str = text(verbatim=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaProperties:
    """The data of a call. `dnis`, `queue_number`, `call_key_sequence_num` (links to UCCE's call
    records) and `outbound_classification` (campaigns) are for web apps.
    """

    media_id: str = text()
    dialed_number: str = text()
    call_type: str = text()
    """An open set. NULL, which Finesse writes after a failover, becomes empty."""
    dnis: str = text("DNIS")
    queue_number: str = text()
    queue_name: str = text()
    call_key_call_id: str = text()
    call_key_sequence_num: str = text()
    call_key_prefix: str = text()
    outbound_classification: str = text()
    wrap_up_reason: str = text()
    wrap_up_items: tuple[str, ...] = children(str, "wrapUpItem", "wrapUpItems")
    call_variables: tuple[CallVariable, ...] = children(
        CallVariable, "CallVariable", "callvariables"
    )

    def __post_init__(self) -> None:
        if self.call_type == "NULL":
            object.__setattr__(self, "call_type", "")

    @property
    def wrap_up_reasons(self) -> tuple[str, ...]:
        """The chosen wrap-up reasons: UCCX's items, or UCCE's single reason."""
        if self.wrap_up_items:
            return self.wrap_up_items
        return (self.wrap_up_reason,) if self.wrap_up_reason else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    actions: tuple[str, ...] = children(str, "action", "actions")
    """What Finesse allows now. Reliable only for the requesting user's own participant."""
    media_address: str = text()
    media_address_type: str = text()
    start_time: str = text()
    state: str = text()
    state_cause: str = text()
    state_change_time: str = text()

    @property
    def is_agent(self) -> bool:
        return self.media_address_type == "AGENT_DEVICE"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledCallback:
    callback_time: str = text()
    """YYYY-MM-DDTHH:MM, the customer's local time."""
    callback_number: str = text()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialog:
    """A call, or a task of another medium.

    The id of a task contains underscores, and its addresses are empty.
    """

    uri: str = text()
    id: str = text()
    secondary_id: str = text()
    """The call that a transfer or conference merged into this one."""
    associated_dialog_uri: str = text()
    media_type: str = text()
    from_address: str = text()
    to_address: str = text()
    callback_number: str = text()
    media_properties: MediaProperties | None = child(MediaProperties, "mediaProperties")
    participants: tuple[Participant, ...] = children(Participant, "Participant", "participants")
    state: str = text()
    scheduled_callback_info: ScheduledCallback | None = child(
        ScheduledCallback, "scheduledCallbackInfo"
    )

    @property
    def properties(self) -> MediaProperties:
        return self.media_properties or MediaProperties()

    @property
    def associated_dialog(self) -> str:
        """The id of the call that this one consults about, or of its consult; empty if none."""
        return self.associated_dialog_uri.rstrip("/").rpartition("/")[2]

    @property
    def call_key(self) -> str:
        """UCCE's call key: prefix, colon, call id; empty if it is incomplete."""
        prefix, call_id = self.properties.call_key_prefix, self.properties.call_key_call_id
        return f"{prefix}:{call_id}" if prefix and call_id else ""

    def participant(self, address: str) -> Participant | None:
        return next((p for p in self.participants if p.media_address == address), None)


class DialogAction(StrEnum):
    """What an agent can do with a call; the value is Finesse's word for it."""

    ANSWER = "ANSWER"
    HOLD = "HOLD"
    RETRIEVE = "RETRIEVE"
    DROP = "DROP"
    CONSULT = "CONSULT_CALL"
    COMPLETE_TRANSFER = "TRANSFER"
    """After a consult."""
    CONFERENCE = "CONFERENCE"
    TRANSFER = "TRANSFER_SST"
    """Without a consult: a single-step, or blind, transfer."""
    SEND_DIGITS = "SEND_DTMF"
    START_RECORDING = "START_RECORDING"
    UPDATE_CALL_DATA = "UPDATE_CALL_DATA"
    ACCEPT = "ACCEPT"
    REJECT = "REJECT"
    CLOSE = "CLOSE"
    SCHEDULE_CALLBACK = "UPDATE_SCHEDULED_CALLBACK"
    CANCEL_CALLBACK = "CANCEL_SCHEDULED_CALLBACK"
    DROP_PARTICIPANT = "PARTICIPANT_DROP"


# ---- queues


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueStatistics:
    """The numbers of a queue, as text: -1 where the platform does not count, as on UCCX, for a
    queue without agents, and where statistics are switched off.
    """

    calls_in_queue: str = text()
    start_time_of_longest_call_in_queue: str = text()
    agents_ready: str = text()
    agents_not_ready: str = text()
    agents_busy_other: str = text()
    agents_logged_on: str = text()
    agents_talking_inbound: str = text()
    agents_talking_outbound: str = text()
    agents_talking_internal: str = text()
    agents_wrap_up_not_ready: str = text()
    agents_wrap_up_ready: str = text()


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A queue, for the supervisor's team board."""

    uri: str = text()
    name: str = text()
    statistics: QueueStatistics | None = child(QueueStatistics, "statistics")


# ---- wrap-up reasons, phone books


@dataclass(frozen=True, slots=True, kw_only=True)
class WrapUpReason:
    uri: str = text()
    label: str = text()
    for_all: str = text()


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneBookContact:
    uri: str = text()
    first_name: str = text()
    last_name: str = text()
    phone_number: str = text()
    description: str = text()

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneBook:
    uri: str = text()
    name: str = text()
    type: str = text()
    """GLOBAL or TEAM."""
    contacts: tuple[PhoneBookContact, ...] = children(PhoneBookContact, "Contact", "Contacts")


# ---- the system


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemNode:
    """A node in SystemInfo; the ports are there from 12.6 on."""

    host: str = text()
    https_port: str = text()
    xmpp_port: str = text()
    xmpp_secure_port: str = text()


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemInfo:
    """The state of a node."""

    status: str = text()
    """IN_SERVICE or OUT_OF_SERVICE."""
    deployment_type: str = text()
    """UCCE or UCCX."""
    current_timestamp: str = text()
    timezone_offset: str = text()  # minutes
    last_cti_heartbeat_status: str = text("lastCTIHeartbeatStatus")
    """success or failure."""
    system_auth_mode: str = text()
    """SSO, NON_SSO or HYBRID."""
    xmpp_domain: str = text()
    primary_node: SystemNode | None = child(SystemNode, "primaryNode")
    secondary_node: SystemNode | None = child(SystemNode, "secondaryNode")
    uri: str = text()


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutConfig:
    """The default layout, for `callcard deploy`: a finesseLayout document, as text."""

    layoutxml: str = text()


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamLayoutConfig:
    """A team's layout, for `callcard deploy`."""

    use_default: str = text()
    layoutxml: str = text()


# ---- events


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """The content of a notification: what happened to `source`."""

    event: str
    """POST, PUT or DELETE, always in upper case."""
    source: str
    request_id: str = ""
    """The requestId of the command that caused the change. Finesse does not guarantee it."""
    objects: tuple[Any, ...] = ()
    """Users, Dialogs and so on; some DELETE events have none."""
    errors: tuple[ApiError, ...] = ()
    """Why a command was refused after its 202."""
