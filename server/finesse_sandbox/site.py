"""Configuration of the contact centre: users, reasons, queues, phone books, layouts."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field, fields
from typing import Literal

Platform = Literal["ucce", "uccx"]
ReasonCategory = Literal["NOT_READY", "LOGOUT"]
PASSWORD = "callcard"  # noqa: S105 - the documented password of every demo user
FIRST_EXTRA_AGENT = 30001
"""Id of the first agent beyond the demo's three."""


@dataclass(frozen=True, slots=True)
class ReasonCode:
    id: str
    category: ReasonCategory
    code: int
    label: str
    system: bool = False


@dataclass(frozen=True, slots=True)
class MobileAgent:
    """An agent who works at a phone outside the contact centre."""

    mode: Literal["CALL_BY_CALL", "NAILED_CONNECTION"]
    dial_number: str


def system_reason(category: ReasonCategory, code: int, label: str) -> ReasonCode:
    """Return a reason that the platform sets itself; agents can't choose it."""
    return ReasonCode("", category, code, label, system=True)


@dataclass(slots=True, kw_only=True)
class User:
    id: str
    first_name: str
    last_name: str
    password: str
    assigned_extension: str
    """The phone on this user's desk."""
    login_name: str = ""
    """What the user types to sign in, if it is not the id; paths and addresses have the id."""
    roles: tuple[str, ...] = ("Agent",)
    team: str = "1"
    supervises: tuple[str, ...] = ()
    wrap_up: str = "OPTIONAL"
    """After an incoming call: REQUIRED, REQUIRED_WITH_WRAP_UP_DATA, OPTIONAL or NOT_ALLOWED."""
    wrap_up_seconds: int = 30
    extension: str = ""
    """Where the user is signed in; empty while signed out."""
    state: str = "LOGOUT"
    state_since: str = ""
    reason: ReasonCode | None = None
    reason_id: str = ""
    pending_state: str = ""
    pending_reason: ReasonCode | None = None
    state_before_call: str = "NOT_READY"
    mobile_agent: MobileAgent | None = None


@dataclass(frozen=True, slots=True)
class PhoneContact:
    first_name: str
    last_name: str
    number: str
    description: str = ""
    id: str = ""
    """Of a contact that was created over REST; others are numbered by their place in the book."""


@dataclass(frozen=True, slots=True)
class PhoneBook:
    id: str
    name: str
    type: Literal["GLOBAL", "TEAM"]
    contacts: tuple[PhoneContact, ...]


@dataclass(frozen=True, slots=True)
class Queue:
    id: str
    name: str
    route_point: str = ""
    """The number by which agents transfer a call to the queue."""


@dataclass(frozen=True, slots=True)
class Workflow:
    """On the trigger `when`, such as CALL_ARRIVES, the desktop runs one action."""

    id: str
    name: str
    when: str
    type: Literal["BROWSER_POP", "HTTP_REQUEST"]
    handled_by: Literal["FINESSE_DESKTOP", "OTHER"]
    params: tuple[tuple[str, str], ...]
    variables: tuple[tuple[str, str], ...] = ()
    """Variable names and where each value is in the dialog, such as `//Dialog/fromAddress`."""


def demo_users(extra_agents: int = 0) -> list[User]:
    """Return three agents, `extra_agents` more, a supervisor and an administrator."""
    agents = [("1001", "Ana", "Costa"), ("1002", "Bilal", "Haddad"), ("1003", "Clara", "Wagner")]
    for number in range(FIRST_EXTRA_AGENT, FIRST_EXTRA_AGENT + extra_agents):
        agents.append((str(number), "Agent", str(number)))
    users = [
        User(
            id=id,
            first_name=first_name,
            last_name=last_name,
            password=PASSWORD,
            assigned_extension=id,
        )
        for id, first_name, last_name in agents
    ]
    supervisor = User(
        id="2001",
        first_name="Sam",
        last_name="Okafor",
        password=PASSWORD,
        assigned_extension="2001",
        roles=("Agent", "Supervisor"),
        supervises=("1",),
    )
    administrator = User(
        id="admin",
        first_name="",
        last_name="Administrator",
        password=PASSWORD,
        assigned_extension="",
        roles=("Admin",),
    )
    return [*users, supervisor, administrator]


_REASONS = (
    ReasonCode("1", "NOT_READY", 10, "Lunch"),
    ReasonCode("2", "NOT_READY", 11, "Meeting"),
    ReasonCode("3", "NOT_READY", 12, "Follow-up work"),
    ReasonCode("4", "LOGOUT", 20, "End of shift"),
    ReasonCode("5", "LOGOUT", 21, "Changing desks"),
)
_WRAP_UP_REASONS = {"1": "Sale", "2": "Complaint", "3": "Order status", "4": "Wrong number"}
_PHONE_BOOKS = (
    PhoneBook(
        "1",
        "Branches",
        "GLOBAL",
        (PhoneContact("Branch", "Berlin", "+493023125100", "Friedrichstraße"),),
    ),
    PhoneBook(
        "2",
        "Team",
        "TEAM",
        (
            PhoneContact("Clara", "Wagner", "1003"),
            PhoneContact("Bilal", "Haddad", "1002", "Orders"),
        ),
    ),
)
_ECC_VARIABLES = {"user.case": 20, "user.account": 30, "user.layout": 40, "user.note": 100}
_WORKFLOWS = (
    Workflow(
        "1",
        "Pop the caller",
        "CALL_ARRIVES",
        "BROWSER_POP",
        "OTHER",
        (("path", "https://crm.example/find?number=${fromAddress}"), ("windowName", "crm")),
        (
            ("fromAddress", "//Dialog/fromAddress"),
            ("callVariable1", "//Dialog/mediaProperties/callvariables/callVariable1"),
        ),
    ),
)


@dataclass
class SiteConfiguration:
    """What an administrator configures. All users are on the first team at the start."""

    teams: dict[str, str] = field(
        default_factory=lambda: {"1": "Customer Care", "2": "Back Office"}
    )
    """Names by id."""
    reasons: tuple[ReasonCode, ...] = _REASONS
    wrap_up_reasons: dict[str, str] = field(default_factory=lambda: dict(_WRAP_UP_REASONS))
    phone_books: tuple[PhoneBook, ...] = _PHONE_BOOKS
    queues: tuple[Queue, ...] = (
        Queue("10", "Support", "8010"),
        Queue("11", "Sales", "8011"),
    )
    media: tuple[tuple[str, str], ...] = (("5000", "Cisco_Chat_MRD"), ("5001", "Cisco_Email_MRD"))
    variables: dict[str, int] = field(default_factory=lambda: dict(_ECC_VARIABLES))
    """ECC variables and the bytes that each can hold; an array is declared as `user.name[]`."""
    workflows: tuple[Workflow, ...] = _WORKFLOWS
    layout: str = ""
    """The default desktop layout; the application fills it in at the start."""
    team_layout: str | None = None
    """The teams' own layout; None uses the default."""
    sso: bool = False
    notification_format: Literal["12.5", "11"] = "12.5"
    """How events are wrapped: as 12.5 was recorded to send them, or as releases before it."""
    drop_participants: Literal["supervisor_only", "conference_controller_and_supervisor", "all"] = (
        "supervisor_only"
    )
    more_agents: int = 0
    """Agents beyond the demo's three."""
    presence_timeout_seconds: float = 60.0
    """From the loss of a user's XMPP presence to the forced sign-out."""

    def restore(self, initial: SiteConfiguration) -> None:
        """Take over every value of `initial`; others hold on to this object."""
        for each in fields(self):
            setattr(self, each.name, copy.deepcopy(getattr(initial, each.name)))

    def reason(self, id: str, category: str) -> ReasonCode | None:
        for reason in self.reasons:
            if reason.id == id and reason.category == category:
                return reason
        return None
