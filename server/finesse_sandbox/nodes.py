"""The two nodes of the stand-in: one state behind both, but each with its own address, notification service and bad days."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from finesse_sandbox.notifications.events import Outlet


@dataclass(frozen=True, slots=True)
class Place:
    host: str
    port: int
    xmpp: int | None = None
    xmpp_secure: int | None = None
    """Ports for XMPP over TCP; None is closed."""


@dataclass(eq=False)
class NodeStatus:
    """What SystemInfo tells of a node; `places` are both nodes', the second None when there is one node."""

    name: str
    domain: str
    """Of its notification service; the nodes' differ."""
    place: Place
    places: tuple[Place, Place | None]
    outlet: Outlet
    in_service: bool = True
    skew: float = 0.0
    """Seconds by which this node's clock is ahead."""
    primary: bool = field(default=True)

    def now(self) -> str:
        return (datetime.now(UTC) + timedelta(seconds=self.skew)).strftime("%Y-%m-%dT%H:%M:%S.%f")[
            :-3
        ] + "Z"

    def take_down(self) -> None:
        """Out of service: requests get 503, streams hear of it and end, nobody gets events."""
        self.in_service = False
        self.outlet.cut(down=True)

    def bring_up(self) -> None:
        self.in_service = True
        self.outlet.cut(down=False)


def name_nodes(
    count: int, first: Place, second: Place, outlets: tuple[Outlet, Outlet]
) -> list[NodeStatus]:
    """Node A and, if there are two, node B. On one machine they differ by port."""
    places = (first, second if count == 2 else None)
    return [
        NodeStatus(
            name=name,
            domain=outlet.domain,
            place=place,
            places=places,
            outlet=outlet,
            primary=name == "A",
        )
        for name, place, outlet in list(zip("AB", (first, second), outlets, strict=True))[:count]
    ]
