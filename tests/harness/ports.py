"""Ports for servers that a test starts."""

from __future__ import annotations

import random
import socket

PORTS = range(15_000, 32_000)
"""Below those that systems give to outgoing connections, which could take one meanwhile."""
_ATTEMPTS = 100
_random = random.SystemRandom()


def free_port() -> int:
    """Return a port on which nothing listens, and that other tests hardly choose."""
    for _ in range(_ATTEMPTS):
        port = _random.choice(PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError("no port is free for a server")
