"""Which of the Finesse nodes is in service, and the times after which a presence reacts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from callcard.errors import CallcardError, CredentialsRejected
from callcard.finesse.nodes import Node
from callcard.finesse.xmpp_base import Address, StreamLost


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Intervals of presences. The defaults are the Finesse desktop's; tests use shorter ones."""

    ping_seconds: float = 10.0
    status_check_seconds: float = 20.0
    """Between checks of SystemInfo while a node is lost."""
    first_retry_seconds: float = 1.0
    """Before the first reconnect; doubled after each failure, up to `status_check_seconds`."""
    reconnect_jitter_seconds: float = 5.0
    """Upper bound of the random delay before a reconnect, so that users reconnect one by one."""
    confirm_loss_seconds: float = 3.0
    """Between one sign that a node is lost and the check that confirms it."""
    request_timeout_seconds: float = 4.0


class NodeSelector:
    """Choose a node in service. The first node is the preferred one."""

    def __init__(self, nodes: Sequence[Node], timing: Timing) -> None:
        self.nodes = tuple(nodes)
        self.timing = timing

    async def in_service(self, node: Node) -> bool:
        """Return whether SystemInfo says IN_SERVICE and the last CTI heartbeat succeeded."""
        try:
            info = await node.client.system_info(self._deadline())
        except CredentialsRejected:  # some releases want credentials for SystemInfo; the node is up
            return True
        except CallcardError:
            return False
        return info.status == "IN_SERVICE" and info.last_cti_heartbeat_status in ("", "success")

    async def choose(self, preferred: Node) -> Node | None:
        """Return `preferred` if it is in service, else another node that is, else None.

        All nodes are checked concurrently, so that a dead one does not cause two delays.
        """
        candidates = [preferred]
        candidates += [node for node in self.nodes if node is not preferred]
        in_service = await asyncio.gather(*(self.in_service(node) for node in candidates))
        for node, is_up in zip(candidates, in_service, strict=True):
            if is_up:
                return node
        return None

    async def locate(self, node: Node) -> Address:
        """Return the address of the node's notification service. Raises StreamLost."""
        assert node.address is not None
        if node.address.domain:
            return node.address
        try:
            info = await node.client.system_info(self._deadline())
        except CallcardError as error:
            raise StreamLost("unreachable", error.code) from error
        if not info.xmpp_domain:
            raise StreamLost("invalid", "SystemInfo has no xmppDomain")
        return replace(node.address, domain=info.xmpp_domain)

    def _deadline(self) -> float:
        return asyncio.get_running_loop().time() + self.timing.request_timeout_seconds
