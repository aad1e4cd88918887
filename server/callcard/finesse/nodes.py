"""A Finesse node, as the other modules address it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from callcard.finesse.client import FinesseClient
from callcard.finesse.xmpp_base import Address

Platform = Literal["ucce", "uccx"]


@dataclass(frozen=True, slots=True)
class Node:
    """One Finesse node: its REST client and the address of its notification service."""

    name: str
    client: FinesseClient
    address: Address | None = None
    """Needed for presence only. An empty domain is read from SystemInfo: each node has its own."""
