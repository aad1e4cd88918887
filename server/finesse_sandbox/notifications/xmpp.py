"""XMPP as far as Finesse's notification service speaks it: PLAIN, bind, session, roster, presence, ping, disco, subscriptions.

One `Stream` is one connection, whatever carries it (`transports`). It takes whole stanzas and answers with text.
Everything else a client may ask is answered `service-unavailable` or `feature-not-implemented`, as RFC 6120 wants.
Sources: RFC 6120, 6121, 7395, XEP-0060, XEP-0199, XEP-0030; what of it Finesse uses, from the developer guide, 12.5 to 15.0.
"""

from __future__ import annotations

import base64
import binascii
import itertools
import secrets
from collections.abc import Callable, Iterable
from typing import Protocol

from lxml import etree
from lxml.builder import ElementMaker

from finesse_sandbox.accounts import Accounts
from finesse_sandbox.notifications.events import Notification, Outlet, Session
from finesse_sandbox.site import Refusal, User

CLIENT = "jabber:client"
STREAM = "http://etherx.jabber.org/streams"
STREAMS = "urn:ietf:params:xml:ns:xmpp-streams"
STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas"
SASL = "urn:ietf:params:xml:ns:xmpp-sasl"
BIND = "urn:ietf:params:xml:ns:xmpp-bind"
SESSION = "urn:ietf:params:xml:ns:xmpp-session"
ROSTER = "jabber:iq:roster"
PING = "urn:xmpp:ping"
DISCO_INFO = "http://jabber.org/protocol/disco#info"
DISCO_ITEMS = "http://jabber.org/protocol/disco#items"
PUBSUB = "http://jabber.org/protocol/pubsub"
EVENT = "http://jabber.org/protocol/pubsub#event"

_C = ElementMaker(namespace=CLIENT, nsmap={None: CLIENT})
_ids = itertools.count(1)


class Carrier(Protocol):
    """What carries a stream: it writes text, and ends."""

    def write(self, text: str) -> None: ...

    def end(self) -> None: ...


class StreamFault(Exception):
    """The stream can't go on; `condition` is RFC 6120's word."""

    def __init__(self, condition: str) -> None:
        super().__init__(condition)
        self.condition = condition


class Stream:
    def __init__(self, accounts: Accounts, outlet: Outlet, carrier: Carrier) -> None:
        self._accounts, self._outlet, self._carrier = accounts, outlet, carrier
        self._user: User | None = None
        self._session: Session | None = None
        self.id = secrets.token_hex(8)

    @property
    def authenticated(self) -> bool:
        return self._user is not None

    @property
    def domain(self) -> str:
        return self._outlet.domain

    def features(self) -> str:
        """What is offered now: authentication first, then a resource."""
        if self._user is None:
            inner = f"<mechanisms xmlns='{SASL}'><mechanism>PLAIN</mechanism></mechanisms>"
        else:
            inner = f"<bind xmlns='{BIND}'/><session xmlns='{SESSION}'><optional/></session>"
        return f"<stream:features xmlns:stream='{STREAM}'>{inner}</stream:features>"

    def handle(self, stanza: etree._Element) -> None:
        """One whole stanza. Raises StreamFault for what ends the stream."""
        name = etree.QName(stanza)
        if name.namespace == SASL and name.localname == "auth" and self._user is None:
            return self._authenticate(stanza)
        if self._user is None:
            raise StreamFault("not-authorized")
        if name.namespace != CLIENT:
            raise StreamFault("unsupported-stanza-type")
        match name.localname:
            case "iq":
                self._iq(stanza, self._user)
            case "presence":
                self._presence(stanza)
            case "message":  # nobody to bring it to: only Finesse publishes
                if stanza.get("type") != "error":
                    self._error(stanza, "cancel", "service-unavailable")
            case _:
                raise StreamFault("unsupported-stanza-type")
        return None

    def fail(self, condition: str) -> None:
        """End the stream and say why."""
        error = (
            f"<stream:error xmlns:stream='{STREAM}'><{condition} xmlns='{STREAMS}'/></stream:error>"
        )
        self._carrier.write(error)
        self.close()
        self._carrier.end()

    def close(self) -> None:
        """The connection is gone: so is the presence."""
        if self._session is not None:
            session, self._session = self._session, None
            self._outlet.leave(session)

    # ---- SASL

    def _authenticate(self, stanza: etree._Element) -> None:
        if stanza.get("mechanism") != "PLAIN":
            return self._not_authenticated("invalid-mechanism")
        try:
            _authzid, id, secret = (
                base64.b64decode(stanza.text or "", validate=True).decode().split("\0")
            )
        except (ValueError, binascii.Error):
            return self._not_authenticated("incorrect-encoding")
        if self._outlet.down:
            return self._not_authenticated("temporary-auth-failure")
        try:
            # Some clients give the whole JID as their name; a token stands in the password's place.
            self._user = self._accounts.check(id.partition("@")[0], secret)
        except Refusal:
            return self._not_authenticated("not-authorized")
        return self._carrier.write(f"<success xmlns='{SASL}'/>")

    def _not_authenticated(self, condition: str) -> None:
        self._carrier.write(f"<failure xmlns='{SASL}'><{condition}/></failure>")

    # ---- stanzas

    def _iq(self, iq: etree._Element, user: User) -> None:
        if iq.get("type") not in ("get", "set"):
            return None  # an answer, to a ping of ours perhaps
        if not iq.get("id") or len(iq) != 1:
            return self._error(iq, "modify", "bad-request")
        query = iq[0]
        if query.tag == f"{{{BIND}}}bind":
            return self._bind(iq, query, user)
        if self._session is None:
            return self._error(iq, "auth", "not-authorized")
        answer = self._answers.get((str(query.tag), str(iq.get("type"))))
        if answer is None:
            known = etree.QName(query).namespace in (PUBSUB, DISCO_INFO, DISCO_ITEMS, ROSTER)
            return self._error(
                iq, "cancel", "feature-not-implemented" if known else "service-unavailable"
            )
        return answer(self, iq, self._session)

    def _bind(self, iq: etree._Element, query: etree._Element, user: User) -> None:
        if self._session is not None:
            return self._error(iq, "cancel", "not-allowed")
        resource = (query.findtext(f"{{{BIND}}}resource") or secrets.token_hex(6))[:200]
        if resource == "desktop":  # the Finesse desktop's own
            return self._error(iq, "cancel", "conflict")
        jid = f"{user.id}@{self.domain}/{resource}"
        self._session = Session(user, jid, self._send, self._ended, self._server_presence)
        self._outlet.join(self._session)
        return self._result(
            iq, etree.fromstring(f"<bind xmlns='{BIND}'><jid>{_escaped(jid)}</jid></bind>")
        )

    def _opened(self, iq: etree._Element, session: Session) -> None:
        self._result(iq)

    def _roster(self, iq: etree._Element, session: Session) -> None:
        query = etree.Element(f"{{{ROSTER}}}query", nsmap={None: ROSTER})
        etree.SubElement(
            query, f"{{{ROSTER}}}item", jid=self._finesse, name="finesse", subscription="both"
        )
        self._result(iq, query)

    def _pong(self, iq: etree._Element, session: Session) -> None:
        self._result(iq)

    def _describe(self, iq: etree._Element, session: Session) -> None:
        """disco#info, of the domain, of the pubsub service or of one of its nodes."""
        node = iq[0].get("node")
        query = etree.Element(f"{{{DISCO_INFO}}}query", nsmap={None: DISCO_INFO})
        if iq.get("to") == f"pubsub.{self.domain}":
            if node:
                query.set("node", node)
            kind = "leaf" if node else "service"
            etree.SubElement(query, f"{{{DISCO_INFO}}}identity", category="pubsub", type=kind)
            features: Iterable[str] = (PUBSUB,)
        else:
            etree.SubElement(
                query,
                f"{{{DISCO_INFO}}}identity",
                category="server",
                type="im",
                name="Stand-in Finesse",
            )
            features = (DISCO_INFO, DISCO_ITEMS, PING)
        for feature in features:
            etree.SubElement(query, f"{{{DISCO_INFO}}}feature", var=feature)
        self._result(iq, query)

    def _list(self, iq: etree._Element, session: Session) -> None:
        """disco#items: the pubsub service, and the nodes in it that are the user's without asking."""
        query = etree.Element(f"{{{DISCO_ITEMS}}}query", nsmap={None: DISCO_ITEMS})
        service = f"pubsub.{self.domain}"
        if iq.get("to") == service:
            for node in session.nodes:
                etree.SubElement(query, f"{{{DISCO_ITEMS}}}item", jid=service, node=node)
        else:
            etree.SubElement(query, f"{{{DISCO_ITEMS}}}item", jid=service)
        self._result(iq, query)

    def _pubsub(self, iq: etree._Element, session: Session) -> None:
        if len(iq[0]) == 0:
            return self._error(iq, "modify", "bad-request")
        asked = iq[0][0]
        node, jid = asked.get("node", ""), asked.get("jid", "")
        match etree.QName(asked).localname:
            case "subscribe" if self._mine(jid, session):
                try:
                    subid = self._outlet.subscribe(session.user, jid, node)
                except Refusal as error:
                    return self._error(
                        iq,
                        *(
                            ("auth", "forbidden")
                            if error.status == 403
                            else ("cancel", "item-not-found")
                        ),
                    )
                pubsub = etree.Element(f"{{{PUBSUB}}}pubsub", nsmap={None: PUBSUB})
                told = {"node": node, "jid": jid, "subid": subid, "subscription": "subscribed"}
                etree.SubElement(pubsub, f"{{{PUBSUB}}}subscription", told)
                return self._result(iq, pubsub)
            case "unsubscribe" if self._mine(jid, session):
                if self._outlet.unsubscribe(jid, node, asked.get("subid", "")):
                    return self._result(iq)
                return self._error(iq, "cancel", "unexpected-request")
            case "subscribe" | "unsubscribe":
                return self._error(iq, "modify", "bad-request")
            case "publish" | "create" | "delete":
                return self._error(iq, "auth", "forbidden")
            case _:
                return self._error(iq, "cancel", "feature-not-implemented")

    def _subscriptions(self, iq: etree._Element, session: Session) -> None:
        if len(iq[0]) != 1 or etree.QName(iq[0][0]).localname != "subscriptions":
            return self._error(iq, "cancel", "feature-not-implemented")
        pubsub = etree.Element(f"{{{PUBSUB}}}pubsub", nsmap={None: PUBSUB})
        listed = etree.SubElement(pubsub, f"{{{PUBSUB}}}subscriptions")
        for jid in (session.bare, session.jid):
            for node, subid in self._outlet.subscriptions.get(jid, {}).items():
                told = {"node": node, "jid": jid, "subid": subid, "subscription": "subscribed"}
                etree.SubElement(listed, f"{{{PUBSUB}}}subscription", told)
        return self._result(iq, pubsub)

    @staticmethod
    def _mine(jid: str, session: Session) -> bool:
        return jid == session.bare or jid == session.jid

    _answers: dict[tuple[str, str], Callable[[Stream, etree._Element, Session], None]] = {  # noqa: RUF012 - a table
        (f"{{{SESSION}}}session", "set"): _opened,
        (f"{{{ROSTER}}}query", "get"): _roster,
        (f"{{{PING}}}ping", "get"): _pong,
        (f"{{{DISCO_INFO}}}query", "get"): _describe,
        (f"{{{DISCO_ITEMS}}}query", "get"): _list,
        (f"{{{PUBSUB}}}pubsub", "set"): _pubsub,
        (f"{{{PUBSUB}}}pubsub", "get"): _subscriptions,
    }

    def _presence(self, presence: etree._Element) -> None:
        if self._session is None:
            raise StreamFault("not-authorized")
        if presence.get("type") in (None, "unavailable"):
            try:
                priority = int(presence.findtext(f"{{{CLIENT}}}priority") or 0)
            except ValueError:
                return self._error(presence, "modify", "bad-request")
            self._outlet.available(self._session, presence.get("type") is None and priority >= 0)
        return None

    # ---- what goes out

    @property
    def _finesse(self) -> str:
        return f"finesse@{self.domain}"

    def _server_presence(self, up: bool) -> None:
        assert self._session is not None
        kind = "" if up else " type='unavailable'"
        self._carrier.write(
            f"<presence xmlns='{CLIENT}' from='{self._finesse}/server' to='{_escaped(self._session.jid)}'{kind}/>"
        )

    def _send(self, notification: Notification) -> None:
        """An event: the Update goes as text, escaped once, inside <notification>."""
        assert self._session is not None
        update, number = _escaped(notification.update), next(_ids)
        self._carrier.write(
            f"<message xmlns='{CLIENT}' from='pubsub.{self.domain}' to='{_escaped(self._session.jid)}' id='event{number}'>"
            f"<event xmlns='{EVENT}'><items node='{_escaped(notification.node)}'><item id='item{number}'>"
            f"<notification xmlns='{PUBSUB}'>{update}</notification></item></items></event></message>"
        )

    def _ended(self, reason: str) -> None:
        self._session = None
        self.fail("conflict" if reason == "conflict" else "system-shutdown")

    def _result(self, iq: etree._Element, payload: etree._Element | None = None) -> None:
        answer = _C.iq(type="result", id=iq.get("id", ""))
        self._address(answer, iq)
        if payload is not None:
            answer.append(payload)
        self._carrier.write(etree.tostring(answer, encoding="unicode"))

    def _error(self, stanza: etree._Element, kind: str, condition: str) -> None:
        answer = etree.Element(
            stanza.tag, nsmap={None: CLIENT}, type="error", id=stanza.get("id", "")
        )
        self._address(answer, stanza)
        error = etree.SubElement(answer, f"{{{CLIENT}}}error", type=kind)
        etree.SubElement(error, f"{{{STANZAS}}}{condition}", nsmap={None: STANZAS})
        self._carrier.write(etree.tostring(answer, encoding="unicode"))

    def _address(self, answer: etree._Element, asked: etree._Element) -> None:
        if to := asked.get("to"):
            answer.set("from", to)
        if self._session is not None:
            answer.set("to", self._session.jid)


def _escaped(text: str) -> str:
    return (
        text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("'", "&apos;")
        .replace('"', "&quot;")
    )
