"""Ports for servers that a test starts."""

from __future__ import annotations

import random
import socket
from collections import deque

PORTS = range(15_000, 32_000)
"""Below those that systems give to outgoing connections, which could take one meanwhile."""
_ATTEMPTS = 100
_RESERVED = 50
"""Ports of which a process says that it is about to listen on them."""
_random = random.SystemRandom()
_reservations: deque[socket.socket] = deque()


def free_port() -> int:
    """Return a port on which nothing listens, and that no other test is about to use.

    A UDP socket of the same number says so to other processes: tests run in several.
    """
    for _ in range(_ATTEMPTS):
        port = _random.choice(PORTS)
        reservation = socket.socket(type=socket.SOCK_DGRAM)
        with socket.socket() as probe:
            try:
                reservation.bind(("127.0.0.1", port))
                probe.bind(("127.0.0.1", port))
            except OSError:
                reservation.close()
                continue
        _reservations.append(reservation)
        if len(_reservations) > _RESERVED:
            _reservations.popleft().close()
        return port
    raise OSError("no port is free for a server")
