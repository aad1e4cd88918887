"""The sections of `callcard.toml` as typed structs: every setting with its type and description."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

Positive = Meta(gt=0, le=1_000_000_000)
WebAddress = Meta(
    pattern=r"^(https?://.+)?$", extra={"form": "must start with http:// or https://"}
)


class FinesseSettings(Struct, frozen=True, forbid_unknown_fields=True):
    url: Annotated[
        str, WebAddress, Meta(description="address of the Finesse node that serves REST requests")
    ] = "https://localhost:8445"
    second_url: Annotated[
        str, WebAddress, Meta(description="address of the second node, when there are two")
    ] = ""
    notifications: Annotated[
        Literal["websocket", "tcp"],
        Meta(description="transport of sessions' events: `websocket` (12.6 and later) or `tcp`"),
    ] = "websocket"
    notifications_port: Annotated[
        int,
        Meta(
            ge=0,
            le=65535,
            description="port of the notification service; 0 is the REST port, or 5223 with tcp",
        ),
    ] = 0
    ca_file: Annotated[
        str,
        Meta(description="file with Finesse's certificate authority, if the system lacks it"),
    ] = ""
    roster_user: Annotated[
        str,
        Meta(
            max_length=128,
            description="id of a supervisor or administrator of Finesse, as whom the service reads "
            "who is signed in; without it, the roster has those who use Callcard",
        ),
    ] = ""
    roster_password: Annotated[
        str, Meta(description="password of `roster_user`", extra={"secret": True})
    ] = ""
    deadline_seconds: Annotated[
        float,
        Positive,
        Meta(
            description="time for all Finesse calls of one request; "
            "the gadget proxy gives up after 5 s"
        ),
    ] = 4.0

    def __repr__(self) -> str:
        return f"FinesseSettings(url={self.url!r})"  # not the password

    @property
    def urls(self) -> tuple[str, ...]:
        """Return the addresses of the configured nodes, the preferred one first."""
        return tuple(url for url in (self.url, self.second_url) if url)


class ApiSettings(Struct, frozen=True, forbid_unknown_fields=True):
    credential_cache_seconds: Annotated[
        float, Positive, Meta(description="how long a verified credential is cached")
    ] = 60.0
    lockout_seconds: Annotated[
        float,
        Positive,
        Meta(description="how long a rejected credential is not presented to Finesse again"),
    ] = 300.0
    body_limit_bytes: Annotated[
        int, Positive, Meta(description="largest request body that is accepted")
    ] = 65536
    connections: Annotated[
        int,
        Meta(ge=10, le=100_000, description="connections that each process accepts at a time"),
    ] = 1000
    connections_per_address: Annotated[
        int,
        Meta(
            ge=1,
            le=100_000,
            description="of these, from one address; a Finesse node has at most 200",
        ),
    ] = 400
    origins: Annotated[
        tuple[
            Annotated[str, Meta(pattern=r"^https?://[a-z0-9.-]+(:[0-9]+)?$")],
            ...,
        ],
        Meta(
            description="other web apps whose pages may call the API from the browser, as in "
            "https://app.example; servers need no entry"
        ),
    ] = ()
    events_hours: Annotated[
        float, Positive, Meta(description="how long events are kept for programs that read them")
    ] = 24.0


BringToFront = Literal["ring", "answer", "never"]


class GadgetSettings(Struct, frozen=True, forbid_unknown_fields=True):
    service_url: Annotated[
        str,
        WebAddress,
        Meta(description="address of this service as Finesse reaches it; built into the gadget"),
    ] = ""
    bundle: Annotated[
        str, Meta(description="folder with the built gadgets, served under /gadget/ if it exists")
    ] = "dist"
    bring_to_front: Annotated[
        BringToFront,
        Meta(
            description="when a call brings the card's tab to the front and, while another window "
            "has the focus, shows a notification: ring, answer, or never"
        ),
    ] = "ring"


class QueueTarget(Struct, frozen=True, forbid_unknown_fields=True):
    """A queue to which agents transfer calls: a table [[queues]]."""

    name: Annotated[
        str, Meta(min_length=1, max_length=100, description="what agents call the queue")
    ]
    number: Annotated[
        str, Meta(min_length=1, max_length=32, description="the number to dial for it")
    ]
    id: Annotated[
        str,
        Meta(
            max_length=64,
            pattern=r"^[A-Za-z0-9_.-]*$",
            description="Finesse's id of the queue: then agents see how many calls wait; UCCE",
        ),
    ] = ""


ProgramScope = Literal["contacts", "events", "lists", "roster", "routing"]


class TokenIssuer(Struct, frozen=True, forbid_unknown_fields=True):
    """An identity provider whose tokens let programs in: a table [[token_issuers]]."""

    issuer: Annotated[str, Meta(min_length=1, description="what its tokens have as `iss`, exactly")]
    audience: Annotated[
        str, Meta(min_length=1, description="what tokens for Callcard have as `aud`")
    ]
    scopes: Annotated[
        tuple[ProgramScope, ...],
        Meta(min_length=1, description="what its tokens may grant at most, by their `scope`"),
    ]
    keys_url: Annotated[
        str,
        Meta(
            pattern=r"^(https://.+|http://(localhost|127\.0\.0\.1)[:/].*)?$",
            description="address of its keys (JWKS), with https",
        ),
    ] = ""
    keys_file: Annotated[
        str, Meta(description="file with its keys (JWKS), instead of `keys_url`")
    ] = ""
    requests_per_second: Annotated[
        float, Positive, Meta(description="of each program, and each process of the service")
    ] = 100.0

    def __post_init__(self) -> None:
        if bool(self.keys_url) == bool(self.keys_file):
            raise ValueError("give one of keys_url and keys_file")


class TelephonySettings(Struct, frozen=True, forbid_unknown_fields=True):
    country: Annotated[
        str,
        Meta(
            pattern="^[A-Za-z]{2}$",
            extra={"form": "must be two letters, as in US or DE"},
            description="country of numbers without a country code, two letters",
        ),
    ] = "US"
    internal_numbers: Annotated[
        tuple[str, ...],
        Meta(
            description="how the site's own numbers look: their length, as in 4 or 3-5, or a "
            "pattern as in 7XXX; otherwise the country's plan decides"
        ),
    ] = ()
    dial_rules: Annotated[
        tuple[str, ...],
        Meta(description='how numbers are dialled, as in "+1 -> 91"; the first that fits is used'),
    ] = ()
    number_variables: Annotated[
        tuple[str, ...],
        Meta(description="call variables with the customer's number, the most reliable first"),
    ] = ()
    pop_variables: Annotated[
        tuple[str, ...],
        Meta(description="call variables with the id of a contact or case to open"),
    ] = ()
    contact_variable: Annotated[
        str,
        Meta(
            description="call variable that passes the chosen contact to other sites, "
            "for example user.callcard"
        ),
    ] = ""

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "country", self.country.upper())
        internal = tuple(text.strip().upper() for text in self.internal_numbers)
        msgspec.structs.force_setattr(self, "internal_numbers", internal)


ConflictPolicy = Literal["ask", "last-used", "last-updated", "earliest", "source-order"]


class ContactsSettings(Struct, frozen=True, forbid_unknown_fields=True):
    deadline_seconds: Annotated[
        float,
        Positive,
        Meta(description="time for a contact source to answer, unless the source has its own"),
    ] = 1.5
    first_answer_seconds: Annotated[
        float,
        Positive,
        Meta(
            description="longest time after which the card shows what the faster sources found, "
            "while the others are waited for; twice the fastest one's time if that is less"
        ),
    ] = 0.3
    conflict_policy: Annotated[
        ConflictPolicy,
        Meta(
            description="which of several contacts with a number the card shows: `ask` the agent, "
            "the one `last-used` in a call, `last-updated`, the `earliest` record, or the first in "
            "`source-order`; the agent is asked where the contacts do not say"
        ),
    ] = "ask"
    remember_choices: Annotated[
        bool,
        Meta(
            description="whether the contact that an agent chooses for an incoming call is shown "
            "for later calls of the number, until an agent takes it off"
        ),
    ] = True
    warning_flags: Annotated[
        tuple[Annotated[str, Meta(min_length=1, max_length=100)], ...],
        Meta(
            description="words in a contact's flag that make it a warning, in any case: the card "
            "shows it in red and before the others"
        ),
    ] = ("overdue", "blocked", "dispute", "fraud", "do not")


class JournalSettings(Struct, frozen=True, forbid_unknown_fields=True):
    database: Annotated[
        str,
        Meta(
            description="file of calls before delivery, callbacks and number lists; "
            "beside the local contacts if not given"
        ),
    ] = ""
    notes_seconds: Annotated[
        float,
        Meta(
            ge=0,
            le=1_000_000_000,
            description="time after a call to finish its notes before delivery",
        ),
    ] = 120.0
    lost_seconds: Annotated[
        float, Positive, Meta(description="time without a report before a call is closed as lost")
    ] = 90.0
    unverified_calls: Annotated[
        Literal["park", "outage", "deliver"],
        Meta(
            description="what happens to calls that were over before Finesse could confirm them, "
            "`park` for a supervisor, deliver those of an `outage` of Callcard, or `deliver` all"
        ),
    ] = "park"
    retention_days: Annotated[
        float, Positive, Meta(description="how long delivered calls stay in the journal")
    ] = 7.0
    owner: Annotated[
        Literal["first", "last"],
        Meta(description="which agent owns the interaction of a transferred call"),
    ] = "last"
    wrap_up_required_teams: Annotated[
        tuple[str, ...],
        Meta(description="teams, by name, that must choose a wrap-up reason; * is every team"),
    ] = ()


class DeliverySettings(Struct, frozen=True, forbid_unknown_fields=True):
    url: Annotated[
        str,
        WebAddress,
        Meta(
            description="address to which each interaction is PUT as JSON, {id} replaced; "
            "without it, the local contacts store them"
        ),
    ] = ""
    token: Annotated[str, Meta(description="Bearer token for `url`", extra={"secret": True})] = ""
    concurrency: Annotated[
        int, Positive, Meta(description="interactions delivered in parallel")
    ] = 8

    def __repr__(self) -> str:
        return f"DeliverySettings(concurrency={self.concurrency})"  # a URL may contain a key


class ListsSettings(Struct, frozen=True, forbid_unknown_fields=True):
    agents_add: Annotated[
        tuple[str, ...],
        Meta(
            description="teams, by name, whose agents put numbers on number lists at once; * is "
            "every team"
        ),
    ] = ()
    agents_propose: Annotated[
        tuple[str, ...],
        Meta(
            description="teams, by name, whose agents propose numbers for a supervisor to accept; "
            "their flags count at once; * is every team"
        ),
    ] = ("*",)


class SupervisionSettings(Struct, frozen=True, forbid_unknown_fields=True):
    talking_amber_seconds: Annotated[
        float, Positive, Meta(description="a call that lasts longer is amber on the team board")
    ] = 300.0
    talking_red_seconds: Annotated[
        float, Positive, Meta(description="a call that lasts longer is red on the team board")
    ] = 600.0
    hold_amber_seconds: Annotated[
        float,
        Positive,
        Meta(description="hold that lasts longer is amber on the team board"),
    ] = 60.0
    hold_red_seconds: Annotated[
        float,
        Positive,
        Meta(description="hold that lasts longer is red on the team board"),
    ] = 180.0
    wrap_up_amber_seconds: Annotated[
        float, Positive, Meta(description="wrap-up that lasts longer is amber on the team board")
    ] = 60.0
    wrap_up_red_seconds: Annotated[
        float, Positive, Meta(description="wrap-up that lasts longer is red on the team board")
    ] = 180.0
    not_ready_amber_seconds: Annotated[
        float, Positive, Meta(description="Not Ready that lasts longer is amber on the team board")
    ] = 600.0
    not_ready_red_seconds: Annotated[
        float, Positive, Meta(description="Not Ready that lasts longer is red on the team board")
    ] = 1200.0


class RoutingSettings(Struct, frozen=True, forbid_unknown_fields=True):
    addresses: Annotated[
        tuple[str, ...],
        Meta(
            description="addresses or networks, as in 10.1.0.0/16, that may ask for routing "
            "decisions without an API key: those of call managers"
        ),
    ] = ()
    deadline_seconds: Annotated[
        float,
        Positive,
        Meta(description="time for a decision; after it the call continues unchanged"),
    ] = 0.3
    caller_names: Annotated[
        bool,
        Meta(description="whether phones show the caller's name from the contact sources"),
    ] = True
