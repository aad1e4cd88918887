"""Who works in the stand-in's contact centre, and what an administrator would have set up for them. Data, and how it refuses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Platform = Literal["ucce", "uccx"]
Category = Literal["NOT_READY", "LOGOUT"]


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
    category: Category
    code: int
    label: str
    system: bool = False


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
    wrap_up: str = "OPTIONAL"
    """After an incoming call: REQUIRED, REQUIRED_WITH_WRAP_UP_DATA, OPTIONAL or NOT_ALLOWED."""
    wrap_up_seconds: int = 30
    extension: str = ""
    state: str = "LOGOUT"
    since: str = ""
    reason: ReasonCode | None = None
    reason_id: str = ""
    pending: str = ""
    pending_reason: ReasonCode | None = None
    before_call: str = "NOT_READY"
    mobile: tuple[str, str] | None = None
    """Mode and number of a mobile agent."""


@dataclass(frozen=True, slots=True)
class PhoneContact:
    first_name: str
    last_name: str
    number: str
    description: str = ""


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


@dataclass(frozen=True, slots=True)
class Workflow:
    """When a call that is `when` arrives, is answered or ends, the desktop does `action`."""

    id: str
    name: str
    when: str
    type: Literal["BROWSER_POP", "HTTP_REQUEST"]
    handled_by: Literal["FINESSE_DESKTOP", "OTHER"]
    params: tuple[tuple[str, str], ...]
    variables: tuple[tuple[str, str], ...] = ()
    """Names and the place in the dialog where each value is, as in `//Dialog/fromAddress`."""


FIRST_OF_MANY = 30001
"""The id of the first agent beyond the demo's three."""


def people(more: int = 0) -> list[User]:
    agents = [("1001", "Ana", "Costa"), ("1002", "Bilal", "Haddad"), ("1003", "Clara", "Wagner")]
    agents += [(str(id), "Agent", str(id)) for id in range(FIRST_OF_MANY, FIRST_OF_MANY + more)]
    return [
        *(User(id=i, first_name=f, last_name=n, password="callcard", extension_of=i) for i, f, n in agents),  # noqa: S106 - the demo's
        User(
            id="2001", first_name="Sam", last_name="Okafor", password="callcard", extension_of="2001",  # noqa: S106 - the demo's, told to everybody
            roles=("Agent", "Supervisor"), supervises=("1",),
        ),
        User(id="admin", first_name="", last_name="Administrator", password="callcard", extension_of="", roles=("Admin",)),  # noqa: S106 - the demo's
    ]  # fmt: skip


REASONS = (
    ReasonCode("1", "NOT_READY", 10, "Lunch"),
    ReasonCode("2", "NOT_READY", 11, "Meeting"),
    ReasonCode("3", "NOT_READY", 12, "Follow-up work"),
    ReasonCode("4", "LOGOUT", 20, "End of shift"),
    ReasonCode("5", "LOGOUT", 21, "Changing desks"),
)


@dataclass
class Site:
    """What an administrator has set up. One team, because the demo needs no more; the rules are those of many."""

    team: str = "1"
    team_name: str = "Customer Care"
    reasons: tuple[ReasonCode, ...] = REASONS
    wrap_up_reasons: dict[str, str] = field(
        default_factory=lambda: {
            "1": "Sale",
            "2": "Complaint",
            "3": "Order status",
            "4": "Wrong number",
        }
    )
    phone_books: tuple[PhoneBook, ...] = (
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
    queues: tuple[Queue, ...] = (Queue("10", "Support"), Queue("11", "Sales"))
    media: tuple[tuple[str, str], ...] = (("5000", "Cisco_Chat_MRD"), ("5001", "Cisco_Email_MRD"))
    variables: dict[str, int] = field(
        default_factory=lambda: {
            "user.case": 20,
            "user.account": 30,
            "user.layout": 40,
            "user.note": 100,
        }
    )
    """The ECC variables that there are, and the bytes each can hold; an array is `user.name[]`."""
    workflows: tuple[Workflow, ...] = (
        Workflow(
            "1", "Pop the caller", "CALL_ARRIVES", "BROWSER_POP", "OTHER",
            (("path", "https://crm.example/find?number=${fromAddress}"), ("windowName", "crm")),
            (("fromAddress", "//Dialog/fromAddress"), ("callVariable1", "//Dialog/mediaProperties/callvariables/callVariable1")),
        ),
    )  # fmt: skip
    layout: str = ""
    """The default desktop layout; empty until the container has made one."""
    team_layout: str | None = None
    """The team's own; None is the default."""
    sso: bool = False
    drop_participants: Literal["supervisor_only", "conference_controller_and_supervisor", "all"] = (
        "supervisor_only"
    )
    more_agents: int = 0
    """Beyond the demo's three."""
    presence_seconds: float = 60.0
    """From the loss of a user's presence to the forced sign-out."""

    def reason(self, id: str, category: str) -> ReasonCode | None:
        return next((r for r in self.reasons if r.id == id and r.category == category), None)
