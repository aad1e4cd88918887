"""The two nodes: one contact centre behind both, each with its own address and notifications."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from finesse_sandbox.notifications.pubsub import PubSub

NodeName = Literal["A", "B"]


@dataclass(frozen=True, slots=True)
class NodeAddress:
    host: str
    port: int
    xmpp_port: int | None = None
    xmpp_secure_port: int | None = None
    """Ports for XMPP over TCP; None leaves them closed."""


@dataclass(eq=False)
class Node:
    name: NodeName
    address: NodeAddress
    addresses: tuple[NodeAddress, NodeAddress | None]
    """Of the primary and the secondary node; the second is None when there is one node."""
    pubsub: PubSub
    in_service: bool = True
    clock_skew_seconds: float = 0.0
    """By how much this node's clock is ahead."""

    @property
    def primary(self) -> bool:
        return self.name == "A"

    @property
    def domain(self) -> str:
        """XMPP domain of the notification service; the nodes' domains differ."""
        return self.pubsub.domain

    def now(self) -> str:
        now = datetime.now(UTC) + timedelta(seconds=self.clock_skew_seconds)
        return now.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"

    def take_down(self) -> None:
        """Go out of service: requests get 503, streams end, and events are not delivered."""
        self.in_service = False
        self.pubsub.take_down()

    def bring_up(self) -> None:
        self.in_service = True
        self.pubsub.bring_up()


def create_nodes(
    count: int, first: NodeAddress, second: NodeAddress, pubsubs: tuple[PubSub, PubSub]
) -> list[Node]:
    """Return node A and, if there are two, node B. On one machine they differ by port."""
    if count == 1:
        return [Node("A", first, (first, None), pubsubs[0])]
    addresses = (first, second)
    return [
        Node("A", first, addresses, pubsubs[0]),
        Node("B", second, addresses, pubsubs[1]),
    ]
