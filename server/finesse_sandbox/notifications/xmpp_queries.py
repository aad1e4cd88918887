"""Respond to the iq queries of a session: session, roster, ping, disco, subscriptions."""

from __future__ import annotations

from lxml import etree

from finesse_sandbox.api_errors import ApiError
from finesse_sandbox.notifications.pubsub import PubSub, Session
from finesse_sandbox.notifications.xmpp_namespaces import (
    DISCO_INFO,
    DISCO_ITEMS,
    PING,
    PUBSUB,
    ROSTER,
    SESSION,
)


class StanzaError(Exception):
    """Reject a stanza with an error of a type and condition of RFC 6120."""

    def __init__(self, type: str, condition: str) -> None:
        super().__init__(condition)
        self.type = type
        self.condition = condition


def respond(iq: etree._Element, session: Session, pubsub: PubSub) -> etree._Element | None:
    """Return the payload of an iq result. Raises StanzaError."""
    query = iq[0]
    match (str(query.tag), iq.get("type")):
        case (tag, "set") if tag == f"{{{SESSION}}}session":
            return None
        case (tag, "get") if tag == f"{{{PING}}}ping":
            return None
        case (tag, "get") if tag == f"{{{ROSTER}}}query":
            return _roster(pubsub)
        case (tag, "get") if tag == f"{{{DISCO_INFO}}}query":
            return _disco_info(iq, pubsub)
        case (tag, "get") if tag == f"{{{DISCO_ITEMS}}}query":
            return _disco_items(iq, session, pubsub)
        case (tag, "set") if tag == f"{{{PUBSUB}}}pubsub":
            return _change_subscription(query, session, pubsub)
        case (tag, "get") if tag == f"{{{PUBSUB}}}pubsub":
            return _list_subscriptions(query, session, pubsub)
    if etree.QName(query).namespace in (PUBSUB, DISCO_INFO, DISCO_ITEMS, ROSTER):
        raise StanzaError("cancel", "feature-not-implemented")
    raise StanzaError("cancel", "service-unavailable")


def _roster(pubsub: PubSub) -> etree._Element:
    """Return the roster: the special user `finesse`, whose presence shows the server's status."""
    query = etree.Element(f"{{{ROSTER}}}query", nsmap={None: ROSTER})
    jid = f"finesse@{pubsub.domain}"
    etree.SubElement(query, f"{{{ROSTER}}}item", jid=jid, name="finesse", subscription="both")
    return query


def _disco_info(iq: etree._Element, pubsub: PubSub) -> etree._Element:
    """Return disco#info of the domain, of the pubsub service or of one of its nodes."""
    query = etree.Element(f"{{{DISCO_INFO}}}query", nsmap={None: DISCO_INFO})
    identity = etree.SubElement(query, f"{{{DISCO_INFO}}}identity")
    features: tuple[str, ...]
    if iq.get("to") == f"pubsub.{pubsub.domain}":
        node = iq[0].get("node")
        if node:
            query.set("node", node)
        identity.set("category", "pubsub")
        identity.set("type", "leaf" if node else "service")
        features = (PUBSUB,)
    else:
        identity.set("category", "server")
        identity.set("type", "im")
        identity.set("name", "Finesse sandbox")
        features = (DISCO_INFO, DISCO_ITEMS, PING)
    for feature in features:
        etree.SubElement(query, f"{{{DISCO_INFO}}}feature", var=feature)
    return query


def _disco_items(iq: etree._Element, session: Session, pubsub: PubSub) -> etree._Element:
    """Return disco#items: the pubsub service, and in it the nodes that need no subscription."""
    query = etree.Element(f"{{{DISCO_ITEMS}}}query", nsmap={None: DISCO_ITEMS})
    service = f"pubsub.{pubsub.domain}"
    if iq.get("to") == service:
        for node in session.own_nodes:
            etree.SubElement(query, f"{{{DISCO_ITEMS}}}item", jid=service, node=node)
    else:
        etree.SubElement(query, f"{{{DISCO_ITEMS}}}item", jid=service)
    return query


def _change_subscription(
    query: etree._Element, session: Session, pubsub: PubSub
) -> etree._Element | None:
    if len(query) == 0:
        raise StanzaError("modify", "bad-request")
    request = query[0]
    node = request.get("node", "")
    jid = request.get("jid", "")
    match etree.QName(request).localname:
        case "subscribe" | "unsubscribe" if jid not in (session.bare_jid, session.jid):
            raise StanzaError("modify", "bad-request")
        case "subscribe":
            try:
                subscription_id = pubsub.subscribe(session.user, jid, node)
            except ApiError as error:
                if error.status == 403:
                    raise StanzaError("auth", "forbidden") from error
                raise StanzaError("cancel", "item-not-found") from error
            result = etree.Element(f"{{{PUBSUB}}}pubsub", nsmap={None: PUBSUB})
            _add_subscription(result, node, jid, subscription_id)
            return result
        case "unsubscribe":
            if not pubsub.unsubscribe(jid, node, request.get("subid", "")):
                raise StanzaError("cancel", "unexpected-request")
            return None
        case "publish" | "create" | "delete":
            raise StanzaError("auth", "forbidden")
        case _:
            raise StanzaError("cancel", "feature-not-implemented")


def _list_subscriptions(query: etree._Element, session: Session, pubsub: PubSub) -> etree._Element:
    if len(query) != 1 or etree.QName(query[0]).localname != "subscriptions":
        raise StanzaError("cancel", "feature-not-implemented")
    result = etree.Element(f"{{{PUBSUB}}}pubsub", nsmap={None: PUBSUB})
    subscriptions = etree.SubElement(result, f"{{{PUBSUB}}}subscriptions")
    for jid in (session.bare_jid, session.jid):
        for node, subscription_id in pubsub.subscriptions.get(jid, {}).items():
            _add_subscription(subscriptions, node, jid, subscription_id)
    return result


def _add_subscription(parent: etree._Element, node: str, jid: str, subscription_id: str) -> None:
    attributes = {
        "node": node,
        "jid": jid,
        "subid": subscription_id,
        "subscription": "subscribed",
    }
    etree.SubElement(parent, f"{{{PUBSUB}}}subscription", attributes)
