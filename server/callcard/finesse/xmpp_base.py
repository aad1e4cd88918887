"""What both XMPP transports share: address, stream interface, errors, stanza parsing.

What a peer sends is hostile until parsed: stanzas are bounded, and a document type, comment or
processing instruction ends the stream.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from lxml import etree

MAX_STANZA_BYTES = 1024 * 1024
"""A conference of ten with all its variables is about 20 kB."""
OPEN_TIMEOUT_SECONDS = 10.0
"""For connecting, authenticating and binding together."""
IQ_TIMEOUT_SECONDS = 10.0
"""For the response to an iq; the Finesse desktop's value."""

CLIENT = "jabber:client"
STREAM = "http://etherx.jabber.org/streams"
_STREAM_ERRORS = "urn:ietf:params:xml:ns:xmpp-streams"

Reason = Literal[
    "unreachable",
    "lost",
    "conflict",
    "not-authorized",
    "service-unavailable",
    "invalid",
    "internal-error",
]


class StreamLost(Exception):
    """The stream ended or could not be opened. The reason decides what happens next.

    unreachable           no connection, or no response while opening the stream
    lost                  the connection broke, timed out, or the server was shut down
    conflict              another client took over the resource: do not reconnect
    not-authorized        the password or token was rejected: do not try again
    service-unavailable   the server is up but refuses streams now: try later, or the other node
    invalid               not XMPP, or XMPP that no server sends
    internal-error        a defect in Callcard: do not reconnect
    """

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason: Reason = reason


class StanzaError(Exception):
    """An error in response to an iq; `condition` is the one of RFC 6120, section 8.3.3."""

    def __init__(self, condition: str) -> None:
        super().__init__(condition)
        self.condition = condition


@dataclass(frozen=True, slots=True)
class Address:
    """The address of a node's notification service."""

    host: str
    port: int
    domain: str
    """From SystemInfo: each node has its own."""
    transport: Literal["websocket", "tcp"] = "websocket"
    tls: ssl.SSLContext | None = None
    """None is for the sandbox only. All share one, see `connections.create_tls_context`."""
    path: str = "/ws"

    @property
    def pubsub(self) -> str:
        return f"pubsub.{self.domain}"


class Stream(Protocol):
    """An open stream.

    `on_stanza` gets every message and presence; `on_lost` is called once, when the stream ends.
    """

    jid: str
    on_stanza: Callable[[etree._Element], None]
    on_lost: Callable[[StreamLost], None]

    async def request(self, kind: Literal["get", "set"], to: str, payload: str) -> etree._Element:
        """Send an iq and return its response. Raises StanzaError or StreamLost."""
        ...

    async def send(self, stanza: str) -> None: ...

    async def close(self) -> None: ...


# ---- parsing

_parser = etree.XMLParser(
    encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
)
_FORBIDDEN = re.compile(r"<!(?!\[CDATA\[)|<\?(?!xml\s)")


def parse_stanza(frame: str | bytes) -> etree._Element:
    """Parse one stanza. Raises StreamLost for what a server must not send."""
    text = frame if isinstance(frame, str) else frame.decode("utf-8", "replace")
    if _FORBIDDEN.search(text):
        raise StreamLost("invalid", "a document type, comment or processing instruction")
    try:
        return etree.fromstring(text.encode(), _parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise StreamLost("invalid", "not well-formed") from error


def stream_error(error: etree._Element) -> StreamLost:
    """Return the loss that a `<stream:error>` stands for."""
    for child in error:
        name = etree.QName(child)
        if name.namespace == _STREAM_ERRORS and name.localname != "text":
            return lost_by_condition(name.localname)
    return lost_by_condition("undefined-condition")


def lost_by_condition(condition: str) -> StreamLost:
    """Return the loss for a stream error condition of RFC 6120, section 4.9.3."""
    match condition:
        case "conflict":
            return StreamLost("conflict", condition)
        case "not-authorized":
            return StreamLost("not-authorized", condition)
        case "service-unavailable" | "remote-server-timeout" | "resource-constraint":
            return StreamLost("service-unavailable", condition)
        case _:
            return StreamLost("lost", condition)


def authentication_failed(condition: str) -> StreamLost:
    """Return the loss for a SASL failure. A temporary one must not look like a wrong password."""
    if condition in ("temporary-auth-failure", "system-shutdown"):
        return StreamLost("service-unavailable", condition)
    return StreamLost("not-authorized", condition)


def stanza_error(iq: etree._Element) -> StanzaError:
    """Return the error that an iq of type error holds."""
    for child in iq.iterfind(f"{{{CLIENT}}}error/*"):
        name = etree.QName(child).localname
        if name != "text":
            return StanzaError(name)
    return StanzaError("undefined-condition")
