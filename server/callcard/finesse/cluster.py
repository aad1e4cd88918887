"""The Finesse cluster: which node serves a user's requests, and the presence of each user.

A user must not be signed in on both nodes, and their REST requests belong to the node where their
presence is. Failover of a presence is in `presence`. Source: administration guide, chapter on
failover, releases 12.5 to 15.0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from callcard.finesse.node_selector import NodeSelector, Timing
from callcard.finesse.nodes import Node, Platform
from callcard.finesse.presence import Presence
from callcard.finesse.state_diff import Change


class Cluster:
    """The nodes, the preferred first, and the presences by login id."""

    def __init__(self, nodes: Sequence[Node], timing: Timing | None = None) -> None:
        assert nodes
        self.nodes = tuple(nodes)
        self.presences: dict[str, Presence] = {}
        self.timing = timing or Timing()
        self._selector = NodeSelector(nodes, self.timing)
        self._last_in_service = self.nodes[0]
        self._is_suspect = False
        self._platform: Platform | None = None

    async def pick(self, user: str, node_name: str) -> Node:
        """Return the node for a request of `user`.

        That is the node of their presence, else the node that their desktop named (`node_name`, as
        in finesse-a.example:8445, ignored unless it is one of ours), else the last one known to be
        in service.
        """
        presence = self.presences.get(user)
        if presence:
            return presence.node
        for node in self.nodes:
            if node.name == node_name.lower():
                return node
        if self._is_suspect and len(self.nodes) > 1:
            self._is_suspect = False
            chosen = await self._selector.choose(self._last_in_service)
            self._last_in_service = chosen or self._last_in_service
        return self._last_in_service

    def suspect(self, node: Node) -> None:
        """Note that a request to `node` failed.

        A presence does not move for that, but the next request without a presence checks which node
        is in service.
        """
        if node is self._last_in_service:
            self._is_suspect = True

    async def platform(self, node: Node, deadline: float) -> Platform:
        """Return UCCE or UCCX from SystemInfo, read once: it never changes. Raises FinesseError."""
        if self._platform is None:
            info = await node.client.system_info(deadline)
            self._platform = "uccx" if info.deployment_type.upper() == "UCCX" else "ucce"
        return self._platform

    def open_presence(
        self,
        user: str,
        authorization: str,
        on_change: Callable[[Change], None],
        node: Node | None = None,
    ) -> Presence:
        """Open the presence of `user` and pass every change to `on_change`.

        It starts on `node` or the preferred node. `authorization` is the user's `Authorization`
        header for Finesse. The presence stays until it is closed or ends.
        """
        if user in self.presences:
            raise ValueError(f"{user} has a presence already; close it first")
        presence = Presence(
            self._selector, user, authorization, on_change, self._remove, node or self.nodes[0]
        )
        self.presences[user] = presence
        return presence

    def _remove(self, presence: Presence) -> None:
        if self.presences.get(presence.user) is presence:
            del self.presences[presence.user]
