"""XMPP as far as Finesse's notification service uses it, over any transport.

PLAIN, bind, session, roster, presence, ping, disco and subscriptions. Everything else a client may
send gets `service-unavailable` or `feature-not-implemented`, as RFC 6120 requires. Sources: RFC
6120, 6121, 7395, XEP-0060, XEP-0199, XEP-0030; what Finesse uses of them: the developer guide,
12.5 to 15.0.
"""

from __future__ import annotations

import base64
import binascii
import itertools
import secrets
import uuid
from typing import Protocol

from lxml import etree
from lxml.builder import ElementMaker

from finesse_sandbox.accounts import Accounts
from finesse_sandbox.api_errors import ApiError
from finesse_sandbox.notifications import xmpp_queries
from finesse_sandbox.notifications.pubsub import EndReason, Notification, PubSub, Session
from finesse_sandbox.notifications.xmpp_namespaces import (
    BIND,
    BOSH,
    CLIENT,
    PUBSUB,
    PUBSUB_EVENT,
    PUSH,
    SASL,
    SESSION,
    STANZA_ERRORS,
    STREAM,
    STREAM_ERRORS,
)
from finesse_sandbox.notifications.xmpp_queries import StanzaError
from finesse_sandbox.notifications.xmpp_xml import StreamError
from finesse_sandbox.site import User

MAX_RESOURCE_CHARACTERS = 200
_iq_maker = ElementMaker(namespace=CLIENT, nsmap={None: CLIENT})
_event_ids = itertools.count(100)
_SERVER_RUN = uuid.uuid4()
"""Begins the id of every item, as recorded; a counter over all nodes and users follows."""


class Transport(Protocol):
    """Sends a stream's text, and closes."""

    def write(self, text: str) -> None: ...

    def end(self) -> None: ...


class XmppStream:
    """One connection of a client. It takes whole stanzas and sends text."""

    def __init__(self, accounts: Accounts, pubsub: PubSub, transport: Transport) -> None:
        self.id = secrets.token_hex(8)
        self._accounts = accounts
        self._pubsub = pubsub
        self._transport = transport
        self._user: User | None = None
        self._session: Session | None = None
        self._is_challenged = False

    @property
    def authenticated(self) -> bool:
        return self._user is not None

    @property
    def domain(self) -> str:
        return self._pubsub.domain

    def features(self) -> str:
        """Return the stream features: authentication first, then resource binding."""
        if self._user is None:
            inner = f"<mechanisms xmlns='{SASL}'><mechanism>PLAIN</mechanism></mechanisms>"
        else:
            inner = f"<bind xmlns='{BIND}'/><session xmlns='{SESSION}'><optional/></session>"
        return f"<stream:features xmlns:stream='{STREAM}'>{inner}</stream:features>"

    def handle(self, stanza: etree._Element) -> None:
        """Handle one stanza. Raises StreamError for what ends the stream."""
        name = etree.QName(stanza)
        if name.namespace == SASL and self._user is None:
            self._handle_sasl(stanza, name.localname)
            return
        if self._user is None:
            raise StreamError("not-authorized")
        # Openfire accepts stanzas that leave out their namespace, as some clients do.
        if name.namespace not in (CLIENT, None, BOSH):
            raise StreamError("unsupported-stanza-type")
        match name.localname:
            case "iq":
                self._handle_iq(stanza, self._user)
            case "presence":
                self._handle_presence(stanza)
            case "message":
                # Only Finesse publishes; clients have no messages to exchange.
                if stanza.get("type") != "error":
                    self._send_error(stanza, StanzaError("cancel", "service-unavailable"))
            case _:
                raise StreamError("unsupported-stanza-type")

    def fail(self, condition: str) -> None:
        """End the stream with a stream error."""
        error = f"<{condition} xmlns='{STREAM_ERRORS}'/>"
        self._transport.write(f"<stream:error xmlns:stream='{STREAM}'>{error}</stream:error>")
        self.close()
        self._transport.end()

    def close(self) -> None:
        """Remove the session, and with it the presence, of a closed connection."""
        if self._session is not None:
            session = self._session
            self._session = None
            self._pubsub.leave(session)

    # ---- SASL

    def _handle_sasl(self, stanza: etree._Element, name: str) -> None:
        if name == "auth" and stanza.get("mechanism") != "PLAIN":
            self._send_sasl_failure("invalid-mechanism")
        elif name == "auth" and not (stanza.text or "").strip():
            # Without an initial response Openfire asks for one.
            self._is_challenged = True
            self._transport.write(f"<challenge xmlns='{SASL}'></challenge>")
        elif name == "auth" or (name == "response" and self._is_challenged):
            self._authenticate(stanza)
        else:
            raise StreamError("not-authorized")

    def _authenticate(self, stanza: etree._Element) -> None:
        self._is_challenged = False
        try:
            message = base64.b64decode(stanza.text or "", validate=True).decode()
            _authorization_id, id, secret = message.split("\0")
        except (ValueError, binascii.Error):
            self._send_sasl_failure("incorrect-encoding")
            return
        if self._pubsub.down:
            self._send_sasl_failure("temporary-auth-failure")
            return
        try:
            # Some clients send the whole JID as their name.
            self._user = self._accounts.verify_password(id.partition("@")[0], secret)
        except ApiError:
            self._send_sasl_failure("not-authorized")
            return
        self._transport.write(f"<success xmlns='{SASL}'/>")

    def _send_sasl_failure(self, condition: str) -> None:
        self._transport.write(f"<failure xmlns='{SASL}'><{condition}/></failure>")

    # ---- stanzas

    def _handle_iq(self, iq: etree._Element, user: User) -> None:
        if iq.get("type") not in ("get", "set"):
            return  # a response; this server sends no queries
        try:
            if not iq.get("id") or len(iq) != 1:
                raise StanzaError("modify", "bad-request")
            payload: etree._Element | None
            if iq[0].tag == f"{{{BIND}}}bind":
                payload = self._bind(iq[0], user)
            elif self._session is None:
                raise StanzaError("auth", "not-authorized")
            else:
                payload = xmpp_queries.respond(iq, self._session, self._pubsub)
        except StanzaError as error:
            self._send_error(iq, error)
            return
        response = _iq_maker.iq(type="result", id=iq.get("id", ""))
        self._address(response, iq)
        if payload is not None:
            response.append(payload)
        self._transport.write(etree.tostring(response, encoding="unicode"))

    def _bind(self, bind: etree._Element, user: User) -> etree._Element:
        if self._session is not None:
            raise StanzaError("cancel", "not-allowed")
        resource = bind.findtext(f"{{{BIND}}}resource") or secrets.token_hex(6)
        resource = resource[:MAX_RESOURCE_CHARACTERS]
        if resource == "desktop":  # the Finesse desktop's own
            raise StanzaError("cancel", "conflict")
        jid = f"{user.id}@{self.domain}/{resource}"
        self._session = Session(user, jid, self._send_event, self._end, self._send_server_presence)
        self._pubsub.join(self._session)
        return etree.fromstring(f"<bind xmlns='{BIND}'><jid>{_escape(jid)}</jid></bind>")

    def _handle_presence(self, presence: etree._Element) -> None:
        if self._session is None:
            raise StreamError("not-authorized")
        if presence.get("type") not in (None, "unavailable"):
            return
        try:
            priority = int(presence.findtext("{*}priority") or 0)
        except ValueError:
            self._send_error(presence, StanzaError("modify", "bad-request"))
            return
        available = presence.get("type") is None and priority >= 0
        self._pubsub.set_available(self._session, available)

    # ---- what the service sends

    def _send_server_presence(self, available: bool) -> None:
        assert self._session is not None
        type = "" if available else " type='unavailable'"
        self._transport.write(
            f"<presence xmlns='{CLIENT}' from='finesse@{self.domain}/server'"
            f" to='{_escape(self._session.jid)}'{type}/>"
        )

    def _send_event(self, notification: Notification) -> None:
        """Send an event: the Update goes as text, escaped once, inside <notification>.

        As recorded: addressed to the bare JID, without a type; from 12.5 on in a namespace of its
        own and with a short id.
        """
        assert self._session is not None
        jid = self._session.bare_jid
        node = notification.node
        namespace = PUSH
        id = secrets.token_hex(4)
        if self._pubsub.site.notification_format == "11":
            namespace = PUBSUB
            id = f"{node}__{jid}__{secrets.token_hex(3)[:5]}"
        self._transport.write(
            f"<message xmlns='{CLIENT}' from='pubsub.{self.domain}'"
            f" to='{_escape(jid)}' id='{_escape(id)}'>"
            f"<event xmlns='{PUBSUB_EVENT}'><items node='{_escape(node)}'>"
            f"<item id='{_SERVER_RUN}{next(_event_ids)}'><notification xmlns='{namespace}'>"
            f"{_escape(notification.update)}"
            "</notification></item></items></event></message>"
        )

    def _end(self, reason: EndReason) -> None:
        self._session = None
        self.fail("conflict" if reason == "conflict" else "system-shutdown")

    def _send_error(self, stanza: etree._Element, failure: StanzaError) -> None:
        response = etree.Element(
            stanza.tag, nsmap={None: CLIENT}, type="error", id=stanza.get("id", "")
        )
        self._address(response, stanza)
        error = etree.SubElement(response, f"{{{CLIENT}}}error", type=failure.type)
        condition = f"{{{STANZA_ERRORS}}}{failure.condition}"
        etree.SubElement(error, condition, nsmap={None: STANZA_ERRORS})
        self._transport.write(etree.tostring(response, encoding="unicode"))

    def _address(self, response: etree._Element, stanza: etree._Element) -> None:
        to = stanza.get("to")
        if to:
            response.set("from", to)
        if self._session is not None:
            response.set("to", self._session.jid)


def _escape(text: str) -> str:
    return (
        text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("'", "&apos;")
        .replace('"', "&quot;")
    )
