"""XML of a node's SystemInfo."""

from __future__ import annotations

from lxml import etree
from lxml.builder import E

from finesse_sandbox.nodes import Node, NodeAddress
from finesse_sandbox.telephony.agents import Agents
from finesse_sandbox.xml.document import API


def system_info_element(agents: Agents, node: Node, tag: str = "SystemInfo") -> etree._Element:
    heartbeat_ms = int(agents.clock().timestamp() * 1000)
    primary, secondary = node.addresses
    return E(
        tag,
        E.currentTimestamp(node.now()),
        E.deploymentType(agents.platform.upper()),
        E.lastCTIHeartbeatStatus("success" if node.in_service else "failure"),
        E.lastSuccessCTIHeartbeatTime(str(heartbeat_ms)),
        E.ctiHeartbeatInterval("5"),
        _node_element("primaryNode", primary),
        _node_element("secondaryNode", secondary),
        E.status("IN_SERVICE" if node.in_service else "OUT_OF_SERVICE"),
        E.statusReason("" if node.in_service else "Taken down"),
        E.systemAuthMode("SSO" if agents.site.sso else "NON_SSO"),
        E.timezoneOffset("0"),
        E.uri(f"{API}/SystemInfo"),
        E.xmppDomain(node.domain),
        E.xmppPubSubDomain(f"pubsub.{node.domain}"),
    )


def _node_element(tag: str, address: NodeAddress | None) -> etree._Element:
    if address is None:
        return E(tag, E.host())
    return E(
        tag,
        E.host(address.host),
        E.httpsPort(str(address.port)),
        E.xmppPort(str(address.xmpp_port or "")),
        E.xmppSecurePort(str(address.xmpp_secure_port or "")),
    )
