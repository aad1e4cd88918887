"""Finesse's objects, in its own words, as plain data: no XML here and no I/O.

Everything is text, as Finesse sent it: states, actions and types are open sets, and what is missing or empty is "". What later
releases add is left out, never an error. `messages` turns these into XML and back by the fields' names (`media_address` is
`mediaAddress`). Sources: the Finesse developer guide's page of each object, releases 12.5 to 15.0.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeVar

_T = TypeVar("_T")


def text(tag: str = "", *, always: bool = False) -> Any:
    """A child's text. `tag` where the name does not follow from the field's; `always` is written even when empty."""
    return field(default="", metadata={"tag": tag, "always": always})


def one(kind: type[_T], tag: str) -> Any:
    """A child that is an object; None if there is none."""
    return field(default=None, metadata={"tag": tag, "kind": kind})


def many(kind: type[_T], tag: str, within: str = "") -> Any:
    """Children called `tag`: inside the child `within`, or, without it, directly here. One, several or none look alike."""
    return field(default=(), metadata={"tag": tag, "kind": kind, "many": True, "within": within})


# ---- errors


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiError:
    """A refusal. In an answer `data` names what was wrong; in an event it is the platform's code and `message` its name."""

    type: str = text("ErrorType")
    message: str = text("ErrorMessage")
    data: str = text("ErrorData")
    media: str = text("ErrorMedia")


# ---- people


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonCode:
    """`id` is what a state change sends (a database id); `code` is the number that reports show."""

    uri: str = text()
    category: str = text()
    code: str = text()
    label: str = text()
    for_all: str = text()
    system_code: str = text()
    id: str = text()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    wrap_up_on_incoming: str = text()
    """REQUIRED, REQUIRED_WITH_WRAP_UP_DATA, OPTIONAL or NOT_ALLOWED; empty right after sign-in, and on UCCX perhaps always."""
    wrap_up_on_outgoing: str = text()
    device_selection: str = text()


@dataclass(frozen=True, slots=True, kw_only=True)
class MobileAgent:
    mode: str = text()
    """CALL_BY_CALL or NAILED_CONNECTION."""
    dial_number: str = text()


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamName:
    """A team as a user's record lists it."""

    uri: str = text()
    id: str = text()
    name: str = text()


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    uri: str = text()
    roles: tuple[str, ...] = many(str, "role", "roles")
    login_id: str = text()
    login_name: str = text()
    state: str = text()
    state_change_time: str = text()
    """ISO 8601, UTC; empty until a state event was seen since the server's start."""
    media_type: str = text()
    pending_state: str = text()
    reason_code_id: str = text()
    reason_code: ReasonCode | None = one(ReasonCode, "ReasonCode")
    settings: Settings | None = one(Settings, "settings")
    extension: str = text()
    """Empty when signed out."""
    mobile_agent: MobileAgent | None = one(MobileAgent, "mobileAgent")
    first_name: str = text()
    last_name: str = text()
    team_id: str = text()
    team_name: str = text()
    skill_target_id: str = text()
    dialogs: str = text()
    teams: tuple[TeamName, ...] = many(TeamName, "Team", "teams")
    """The teams that a supervisor supervises; `team_id` is the one they belong to."""
    services: tuple[str, ...] = many(str, "service", "services")
    wrap_up_timer: str = text()
    media_state: str = text()
    """BUSY or IDLE; UCCX, and only in a Team."""
    logout_all_media: str = text()


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    uri: str = text()
    id: str = text()
    name: str = text()
    users: tuple[User, ...] = many(User, "User", "users")


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamMessage:
    uri: str = text()
    id: str = text()
    created_by: str = text()
    created_at: str = text()
    duration: str = text()
    """Seconds."""
    content: str = text()
    teams: tuple[str, ...] = many(str, "team", "teams")


@dataclass(frozen=True, slots=True, kw_only=True)
class UserAuthMode:
    auth_mode: str = text()
    """SSO or NON_SSO."""


# ---- calls


@dataclass(frozen=True, slots=True, kw_only=True)
class CallVariable:
    name: str = text(always=True)
    value: str = text(always=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaProperties:
    media_id: str = text()
    dialed_number: str = text()
    call_type: str = text()
    """An open set; after a failover it may be the word NULL."""
    dnis: str = text("DNIS")
    queue_number: str = text()
    queue_name: str = text()
    call_key_call_id: str = text()
    call_key_sequence_num: str = text()
    call_key_prefix: str = text()
    outbound_classification: str = text()
    wrap_up_reason: str = text()
    wrap_up_items: tuple[str, ...] = many(str, "wrapUpItem", "wrapUpItems")
    call_variables: tuple[CallVariable, ...] = many(CallVariable, "CallVariable", "callvariables")


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    actions: tuple[str, ...] = many(str, "action", "actions")
    """What Finesse allows this participant now; dependable only for the asker's own participant."""
    media_address: str = text()
    media_address_type: str = text()
    start_time: str = text()
    state: str = text()
    state_cause: str = text()
    state_change_time: str = text()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledCallback:
    callback_time: str = text()
    """YYYY-MM-DDTHH:MM, the customer's."""
    callback_number: str = text()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialog:
    """A call, or a task of another medium: then the id holds underscores and the addresses are empty."""

    uri: str = text()
    id: str = text()
    secondary_id: str = text()
    """The call that a transfer or conference merged into this one."""
    associated_dialog_uri: str = text()
    media_type: str = text()
    from_address: str = text()
    to_address: str = text()
    callback_number: str = text()
    media_properties: MediaProperties | None = one(MediaProperties, "mediaProperties")
    participants: tuple[Participant, ...] = many(Participant, "Participant", "participants")
    state: str = text()
    scheduled_callback_info: ScheduledCallback | None = one(
        ScheduledCallback, "scheduledCallbackInfo"
    )

    @property
    def properties(self) -> MediaProperties:
        return self.media_properties or MediaProperties()

    def participant(self, address: str) -> Participant | None:
        return next((p for p in self.participants if p.media_address == address), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionParam:
    name: str = text()
    value: str = text(always=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class DialogRequest:
    """What is asked of a dialog; goes out as a `Dialog`."""

    requested_action: str = text()
    from_address: str = text()
    to_address: str = text()
    target_media_address: str = text()
    associated_dialog_uri: str = text()
    action_params: tuple[ActionParam, ...] = many(ActionParam, "ActionParam", "actionParams")
    media_properties: MediaProperties | None = one(MediaProperties, "mediaProperties")


# ---- tasks of other media, queues


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A user's standing in one medium (UCCE's task routing): chat, mail and so on."""

    uri: str = text()
    id: str = text()
    name: str = text()
    description: str = text()
    state: str = text()
    state_change_time: str = text()
    reason_code_id: str = text()
    reason_code: ReasonCode | None = one(ReasonCode, "ReasonCode")
    max_dialog_limit: str = text()
    interruptible: str = text()
    interrupt_action: str = text()
    dialog_logout_action: str = text()
    media_connected: str = text()
    routable: str = text()


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueStatistics:
    """Numbers as text; -1 where the platform does not count (UCCX, or a queue that nobody has)."""

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
    uri: str = text()
    name: str = text()
    statistics: QueueStatistics | None = one(QueueStatistics, "statistics")


# ---- what a team is given


@dataclass(frozen=True, slots=True, kw_only=True)
class WrapUpReason:
    uri: str = text()
    label: str = text()
    for_all: str = text()


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    uri: str = text()
    first_name: str = text()
    last_name: str = text()
    phone_number: str = text()
    description: str = text()


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneBook:
    uri: str = text()
    name: str = text()
    type: str = text()
    """GLOBAL or TEAM."""
    contacts: tuple[Contact, ...] = many(Contact, "Contact", "Contacts")


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutEntry:
    display_name: str = text(always=True)
    media_property: str = text()


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutColumn:
    entries: tuple[LayoutEntry, ...] = many(LayoutEntry, "entry")


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaPropertiesLayout:
    """Which variables the desktop shows, and where: one entry in the header, up to two columns."""

    uri: str = text()
    name: str = text()
    description: str = text()
    type: str = text()
    header: LayoutColumn | None = one(LayoutColumn, "header")
    columns: tuple[LayoutColumn, ...] = many(LayoutColumn, "column")


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    name: str = text()
    node: str = text()
    type: str = text()
    test_value: str = text()


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A trigger or a condition of a workflow: a variable, compared with a value."""

    variable: Variable | None = one(Variable, "Variable")
    comparator: str = text()
    value: str = text()


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerSet:
    type: str = text()
    name: str = text()
    """CALL_ARRIVES, CALL_ANSWERED, CALL_ENDS and so on."""
    triggers: tuple[Condition, ...] = many(Condition, "Trigger", "triggers")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionSet:
    apply_method: str = text()
    """ALL or ANY."""
    conditions: tuple[Condition, ...] = many(Condition, "Condition", "conditions")


@dataclass(frozen=True, slots=True, kw_only=True)
class Param:
    name: str = text()
    value: str = text()
    expanded_value: str = text()


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowAction:
    uri: str = text()
    name: str = text()
    type: str = text()
    """BROWSER_POP or HTTP_REQUEST."""
    handled_by: str = text()
    """FINESSE_DESKTOP, or OTHER: a gadget."""
    params: tuple[Param, ...] = many(Param, "Param", "params")
    action_variables: tuple[Variable, ...] = many(Variable, "ActionVariable", "actionVariables")


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    uri: str = text()
    name: str = text()
    description: str = text()
    media: str = text()
    trigger_set: TriggerSet | None = one(TriggerSet, "TriggerSet")
    condition_set: ConditionSet | None = one(ConditionSet, "ConditionSet")
    workflow_actions: tuple[WorkflowAction, ...] = many(
        WorkflowAction, "WorkflowAction", "workflowActions"
    )


# ---- the system


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """Ports from 12.6 on."""

    host: str = text()
    https_port: str = text()
    xmpp_port: str = text()
    xmpp_secure_port: str = text()


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemInfo:
    status: str = text()
    """IN_SERVICE or OUT_OF_SERVICE."""
    status_reason: str = text()
    deployment_type: str = text()
    """UCCE or UCCX."""
    current_timestamp: str = text()
    timezone_offset: str = text()
    """Minutes."""
    last_cti_heartbeat_status: str = text("lastCTIHeartbeatStatus")
    """success or failure."""
    system_auth_mode: str = text()
    """SSO, NON_SSO or HYBRID."""
    xmpp_domain: str = text()
    xmpp_pub_sub_domain: str = text()
    primary_node: Node | None = one(Node, "primaryNode")
    secondary_node: Node | None = one(Node, "secondaryNode")
    finesse_m_mode: str = text()
    cti_m_mode: str = text()
    uri: str = text()


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutConfig:
    layoutxml: str = text()
    """A finesseLayout, as text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamLayoutConfig:
    use_default: str = text()
    layoutxml: str = text()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientLog:
    log_data: str = text()


# ---- events


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """What a notification says happened to `source`."""

    event: str
    """POST, PUT or DELETE, whatever the spelling."""
    source: str
    request_id: str = ""
    """Of the order that caused it; empty for what nobody asked for. Finesse does its best and promises nothing."""
    objects: tuple[Any, ...] = ()
    """Users, Dialogs and so on; nothing comes with some DELETEs."""
    errors: tuple[ApiError, ...] = ()
    """Why an order was refused after its 202."""
